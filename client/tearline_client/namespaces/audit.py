"""The audit: search, proofs, exhibits and the access log, as ``node.audit``."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

from tearline.audit.event import EventCode
from tearline.audit.export import ExportFormat
from tearline.audit.query import parse_query
from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_hex
from tearline.errors import ExportRefused, MalformedInput, MembershipEnded, NotFound
from tearline.limits import MAX_LOG_SIZE
from tearline.persons.tokens import Role
from tearline.statements.channel import AGREEMENT_ID_SIZE
from tearline.tlog.policy import LogPolicy
from tearline.verification.moment import Moment
from tearline.wire.audit_search import SearchRequest
from tearline_client.access_log.access_log import AccessLog
from tearline_client.audit.access_log_verifier import (
    AccessEntry,
    AccessExamination,
    AccessFinding,
    examine_access_in_turns,
    missing_anchors,
)
from tearline_client.audit.proofs import Certification, ProofFile, prove
from tearline_client.audit.proven_entry import ProvenRecord, proven_record
from tearline_client.audit.query_terms import whole_query
from tearline_client.audit.retention import KeptTooLong, count_kept_too_long, kept_too_long
from tearline_client.audit.search import BEGINNING, FoundEvent, search
from tearline_client.context import NodeContext
from tearline_client.persons.actors import Actors
from tearline_client.store.packet_records import StoredPacket

if TYPE_CHECKING:  # few commands count entries or look for values; a running node alone forwards
    from tearline_client.audit.statistics import Tally
    from tearline_client.audit.value_search import ValueField
    from tearline_client.audit.who_saw import WhoSaw
    from tearline_client.siem import Backlog, Sink

AUDITORS = (Role.AUDITOR, Role.OFFICER)
"""Roles that may search the exchange's log, the usual one first."""


@immutable
class Exported:
    """A written export.

    Attributes:
        entries: The number of events in its file.
        manifest: The signed manifest, in armor.
    """

    entries: int
    manifest: str


@immutable
class AccessReport:
    """The node's own access log, examined.

    Attributes:
        examined: The whole log, with its defects.
        chosen: The entries that match the query.
        names: Paths of the readable fields by slot, for each packet of the chosen entries.
    """

    examined: AccessExamination
    chosen: tuple[AccessEntry, ...]
    names: Mapping[bytes, Mapping[int, str]]


class Audit:
    """Audit of the exchange's log and of the node's own access log.

    Args:
        context: The node.
        access: The node's own access log.
        persons: The agency's persons.
        sync: Synchronises the node.
        receive: Receives waiting mail.
    """

    def __init__(
        self,
        context: NodeContext,
        access: AccessLog,
        persons: Actors,
        *,
        sync: Callable[[], Awaitable[None]],
        receive: Callable[[], Awaitable[int]],
    ) -> None:
        self._context = context
        self._access = access
        self._persons = persons
        self._sync = sync
        self._receive = receive

    def query(self, text: str) -> str:
        """Returns a query with whole ids for the short ids and names in ``text``."""
        stores = self._context.stores
        return whole_query(text, stores.packets, stores.agreements)

    async def search(
        self, request: SearchRequest, *, person: str = ""
    ) -> AsyncIterator[FoundEvent]:
        """Yields the log's events that match a query, each proven; see ``audit.search``.

        Args:
            request: The search, by short ids and names; it is itself an entry of the log.
            person: The auditor; by default the logged-in person.
        """
        await self._context.follow()
        request = replace(request, query=self.query(request.query))
        found = search(
            self._context, request, lambda: self._persons.token(person), receive=self._receive
        )
        async for each in found:
            yield each

    async def entry(self, index: int, *, person: str = "") -> ProvenRecord:
        """Returns an entry of the log with its proof, verified anew; itself an entry of the log.

        Args:
            index: Its position.
            person: The auditor; by default the logged-in person.

        Raises:
            NotFound: If there is no such entry, or the person's agency may not see it.
        """
        request = SearchRequest(query="", after=index - 1, limit=1)
        async for found in self.search(request, person=person):
            if found.index == index:
                return proven_record(self._context, found)
        raise NotFound(f"no entry {index} that your agency may see")

    async def by_day(self, request: SearchRequest, *, person: str = "") -> "Tally":
        """Returns the counts by day of the events that match a query; see ``search``."""
        from tearline_client.audit.statistics import histogram

        return await self._counted(histogram(), request, person)

    async def statistics(self, agreement: str, year: int, *, person: str = "") -> "Tally":
        """Returns the counts by kind, action and outcome under an agreement in a year.

        Args:
            agreement: Its name, or its whole id in hexadecimal, which may be unknown here.
            year: In UTC, from 1970 to 9998.
            person: The auditor; by default the logged-in person.

        Raises:
            AgreementNotInForce: If no agreement here has the name.
        """
        from tearline_client.audit.statistics import statistics, yearly_query

        query = yearly_query(self._agreement_id(agreement), year)
        request = SearchRequest(query=query, after=BEGINNING, limit=0)
        return await self._counted(statistics(cache(self._kind)), request, person)

    async def _counted(self, counts: "Tally", request: SearchRequest, person: str) -> "Tally":
        async for found in self.search(request, person=person):
            counts.add(found.event)
        return counts

    def _agreement_id(self, text: str) -> bytes:
        try:  # also for an agreement that is not here, such as an overseen one
            return parse_hex(text, size=AGREEMENT_ID_SIZE)
        except MalformedInput:
            return self._context.stores.agreements.by_name(text).id

    def _kind(self, packet_id: bytes) -> str:
        """Returns the kind of a packet by its id; empty for an unknown packet."""
        try:
            return self._context.stores.packets.manifest(packet_id).kind.value
        except NotFound:
            return ""

    async def export(
        self, query: str, file: BinaryIO, form: ExportFormat, *, person: str = "", most: int = 0
    ) -> Exported:
        """Writes all events that match a query, and returns the signed manifest of the file.

        Args:
            query: As ``search``; the export is itself an entry of the log.
            file: The output.
            form: Its format.
            person: The auditor; by default the logged-in person.
            most: The greatest number of events; 0 for any.

        Raises:
            ExportRefused: If there are more events.
            TearlineError: As ``search``, and as ``sign_manifest``.
        """
        # Imported late: a writer of tables and archives, which other commands do not need.
        from tearline_client.audit.exports import ExportWriter, sign_manifest

        acted_by = self._persons.acted_as(person, b"", AUDITORS)
        whole = self.query(query)
        request = SearchRequest(query=whole, after=BEGINNING, limit=0, export=True)
        written = ExportWriter(file, form)
        async for found in self.search(request, person=person):
            if most and written.entries == most:
                raise ExportRefused(f"more than {most} entries match; choose a shorter period")
            written.write(found)
        manifest = sign_manifest(self._context, written, whole, acted_by)
        return Exported(entries=written.entries, manifest=manifest)

    def who_saw(self, packet_id: bytes, field: str) -> "WhoSaw":
        """Returns each partner's view of a field, without its value; see ``who_saw``."""
        from tearline_client.audit.who_saw import who_saw

        return who_saw(self._context, packet_id, field)

    async def who_saw_value(self, value: str, *, person: str = "") -> "tuple[ValueField, ...]":
        """Returns each field here with a value; an entry of the node's own access log.

        Args:
            value: The whole value, in any case, script or punctuation.
            person: The person; by default the logged-in person.

        Raises:
            MalformedInput: If it contains no letter and no digit.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        from tearline_client.audit.value_search import who_saw_value

        self._access.reader(person)
        found = await who_saw_value(self._context, value)
        self._record_search((held.packet for held in found), value, person)
        return found

    def packets_with(self, value: str, *, person: str = "") -> tuple[StoredPacket, ...]:
        """Returns the packets here with a value; an entry of the node's own access log.

        Raises:
            MalformedInput: If it contains no letter and no digit.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        from tearline_client.audit.value_search import packets_with

        self._access.reader(person)
        found = packets_with(self._context, value)
        self._record_search((packet.id for packet in found), value, person)
        return found

    def prove(self, statement: str) -> tuple[ProofFile, ...]:
        """Returns proofs of all entries about a packet or statement; see ``prove``."""
        return prove(self._context, statement)

    async def exhibit(
        self,
        packet_id: bytes,
        fields: Sequence[str],
        *,
        receipts: bool = False,
        certified_by: Certification | None = None,
        person: str = "",
    ) -> str:
        """Returns a proof of some fields for an outsider; see ``make_exhibit``.

        It is an entry of the node's own access log.
        """
        # Imported here: a command that makes none does not wait for it.
        from tearline_client.audit.exhibits import make_exhibit

        return await make_exhibit(
            self._context,
            self._access,
            packet_id,
            fields,
            receipts=receipts,
            certified_by=certified_by,
            person=person,
        )

    async def forward(self, sink: "Sink", report: Callable[[str], None]) -> None:
        """Forwards the node's own access log to a SIEM; never ends. See ``siem.forwarder``."""
        from tearline_client.siem.forwarder import forward

        context = self._context
        await forward(self._access.store, sink, context.uri, report, context.now_ms)

    def backlog(self, sinks: Iterable["Sink"]) -> "Backlog":
        """Returns the entries that receivers have not confirmed; see ``siem.forwarder``."""
        from tearline_client.siem.forwarder import backlog_of

        return backlog_of(self._access.store, sinks)

    def log_policy(self, cosigned_by: Iterable[str] = (), *, counted: bool = False) -> LogPolicy:
        """Returns the signatures that offline verifiers require; see ``log_policy``.

        Raises:
            NotFound: If the node has not read the log, or as there.
        """
        from tearline_client.audit.log_policy import log_policy

        context = self._context
        if not context.trust.membership.is_founded:
            raise NotFound("this node has not read the log yet; run `tearline node sync`")
        return log_policy(context.trust, context.next_moment(), cosigned_by, counted=counted)

    def counted_policy(self, directory: Moment) -> LogPolicy | None:
        """Returns the signatures that counted cosigners owe a directory; see ``counted_policy``."""
        from tearline_client.audit.log_policy import counted_policy

        return counted_policy(self._context.trust, directory)

    def kept_too_long(self) -> tuple[KeptTooLong, ...]:
        """Returns entries of the log that are kept after their retention."""
        return kept_too_long(self._context)

    async def count_kept_too_long(self) -> int:
        """Returns the number of entries that are kept after their retention.

        Other tasks run meanwhile: every old opening is read.
        """
        return await count_kept_too_long(self._context)

    async def access(
        self,
        query: str = "",
        *,
        person: str = "",
        reader: str = "",
        sought: str | None = None,
        fetch: bool = False,
        newest: int = 0,
        before: int = MAX_LOG_SIZE,
    ) -> AccessReport:
        """Examines the node's own access log for an auditor; itself an entry of it.

        Args:
            query: As ``search``.
            person: The auditor; by default the logged-in person.
            reader: Only entries of this person, by name.
            sought: Only searches for this text.
            fetch: Whether to fetch anchors that are missing here from the exchange.
            newest: Only so many entries, the newest ones; 0 for all.
            before: Only entries before this one.

        Raises:
            TlsError: If no auditor is logged in.
        """
        context = self._context
        wanted = parse_query(self.query(query))
        self._persons.person(person, Role.AUDITOR)
        self._access.record(EventCode.ACCESS_READ, {}, person=person)
        if fetch:
            try:
                await self._sync()
            except MembershipEnded:
                fetch = False  # the exchange shows a former member no anchors
        examined = await examine_access_in_turns(
            self._access.store, context.stores.log, context.uri, now_ms=context.now_ms()
        )
        missing: tuple[AccessFinding, ...] = ()
        if fetch:
            missing = await missing_anchors(
                context, examined.anchors, lambda: self._persons.token(person)
            )
        chosen = tuple(
            entry
            for entry in examined.entries
            if entry.index < before
            and wanted.matches(entry.event)
            and reader in ("", entry.event.actor)
            and (sought is None or self._access.has_sought(entry.event, sought))
        )[-newest:]
        from tearline_client.audit.value_search import field_names

        packets = {entry.event.packet for entry in chosen}
        return AccessReport(
            examined=examined.with_findings(missing),
            chosen=chosen,
            names={packet: field_names(context, packet) for packet in packets},
        )

    def _record_search(self, packets: Iterable[bytes], value: str, person: str) -> None:
        shown: dict[bytes, tuple[()]] = dict.fromkeys(packets, ())
        self._access.record(EventCode.ACCESS_SEARCH, shown, person=person, sought=value)
