"""The audit: search, proofs, exhibits and the access log, as ``node.audit``."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tearline.audit.event import EventCode
from tearline.audit.query import parse_query
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy
from tearline.tlog.policy import LogPolicy
from tearline.wire.audit_search import SearchRequest
from tearline_client.access_log.access_log import AccessLog
from tearline_client.audit.access_log_verifier import (
    AccessEntry,
    AccessExamination,
    AccessFinding,
    examine_access,
    missing_anchors,
)
from tearline_client.audit.exhibits import make_exhibit
from tearline_client.audit.exports import ExportWriter, sign_manifest
from tearline_client.audit.log_policy import log_policy
from tearline_client.audit.proofs import ProofFile, prove
from tearline_client.audit.query_terms import whole_query
from tearline_client.audit.retention import KeptTooLong, kept_too_long
from tearline_client.audit.search import FoundEvent, search
from tearline_client.audit.value_search import (
    ValueField,
    field_names,
    packets_with,
    who_saw_value,
)
from tearline_client.audit.who_saw import WhoSaw, who_saw
from tearline_client.context import NodeContext
from tearline_client.persons.actors import Actors
from tearline_client.store.packets import StoredPacket


@dataclass(frozen=True, slots=True, kw_only=True)
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

    def sign_export(self, written: ExportWriter, query: str, acted_by: ActedBy) -> str:
        """Returns the signed manifest of an export; see ``sign_manifest``."""
        return sign_manifest(self._context, written, query, acted_by)

    def who_saw(self, packet_id: bytes, field: str) -> WhoSaw:
        """Returns each partner's view of a field, without its value; see ``who_saw``."""
        return who_saw(self._context, packet_id, field)

    def who_saw_value(self, value: str, *, person: str = "") -> tuple[ValueField, ...]:
        """Returns each field here with a value; an entry of the node's own access log.

        Args:
            value: The whole value, in any case, script or punctuation.
            person: The person; by default the logged-in person.

        Raises:
            MalformedInput: If it contains no letter and no digit.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        self._access.reader(person)
        found = who_saw_value(self._context, value)
        self._record_search((held.packet for held in found), value, person)
        return found

    def packets_with(self, value: str, *, person: str = "") -> tuple[StoredPacket, ...]:
        """Returns the packets here with a value; an entry of the node's own access log.

        Raises:
            MalformedInput: If it contains no letter and no digit.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        self._access.reader(person)
        found = packets_with(self._context, value)
        self._record_search((packet.id for packet in found), value, person)
        return found

    def prove(self, statement: str) -> tuple[ProofFile, ...]:
        """Returns proofs of all entries about a packet or statement; see ``prove``."""
        return prove(self._context, statement)

    def exhibit(
        self, packet_id: bytes, fields: Sequence[str], *, receipts: bool = False, person: str = ""
    ) -> str:
        """Returns a proof of some fields for an outsider; see ``make_exhibit``.

        It is an entry of the node's own access log.
        """
        return make_exhibit(
            self._context, self._access, packet_id, fields, receipts=receipts, person=person
        )

    def log_policy(self, cosigned_by: Iterable[str] = ()) -> LogPolicy:
        """Returns the signatures that offline verifiers require; see ``log_policy``."""
        return log_policy(self._context, cosigned_by)

    def kept_too_long(self) -> tuple[KeptTooLong, ...]:
        """Returns entries of the log that are kept after their retention."""
        return kept_too_long(self._context)

    async def access(
        self,
        query: str = "",
        *,
        person: str = "",
        reader: str = "",
        sought: str | None = None,
        fetch: bool = False,
    ) -> AccessReport:
        """Examines the node's own access log for an auditor; itself an entry of it.

        Args:
            query: As ``search``.
            person: The auditor; by default the logged-in person.
            reader: Only entries of this person, by name.
            sought: Only searches for this text.
            fetch: Whether to fetch anchors that are missing here from the exchange.

        Raises:
            TlsError: If no auditor is logged in.
        """
        context = self._context
        wanted = parse_query(self.query(query))
        self._persons.person(person, Role.AUDITOR)
        self._access.record(EventCode.ACCESS_READ, {}, person=person)
        if fetch:
            await self._sync()
        examined = examine_access(
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
            if wanted.matches(entry.event)
            and reader in ("", entry.event.actor)
            and (sought is None or self._access.has_sought(entry.event, sought))
        )
        packets = {entry.event.packet for entry in chosen}
        return AccessReport(
            examined=examined.with_findings(missing),
            chosen=chosen,
            names={packet: field_names(context, packet) for packet in packets},
        )

    def _record_search(self, packets: Iterable[bytes], value: str, person: str) -> None:
        shown: dict[bytes, tuple[()]] = dict.fromkeys(packets, ())
        self._access.record(EventCode.ACCESS_SEARCH, shown, person=person, sought=value)
