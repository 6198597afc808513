"""Contents of packets, for people and for the application.

Every method that returns contents first checks the reader, before it opens a packet. Then it writes
its entry in the node's own access log.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import LOCAL_ONLY, NotFound, PacketFrozen, RestoreUnread
from tearline.limits import MAX_FOUND
from tearline.packets.packet import TEXT, OpenedField
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.statements.receipt import Status
from tearline.statements.statement import ActedBy
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.channels.handler import queue_receipts
from tearline_client.features.packets.records import PacketRecords
from tearline_client.features.search.search import EVERYWHERE, SearchFilter, find
from tearline_client.messages.packet_view import PacketView
from tearline_client.outbox.outbox import Outbox
from tearline_runtime.turns import in_turns

if TYPE_CHECKING:
    from tearline_client.features.packets.export import PacketExport

_PROMINENT = ("Person", "Company", "Organization", "LegalEntity")
NAMES_SHOWN = 2
"""Names in a packet's subject: enough to know it in a list."""


@immutable
class PrintedCopy:
    """A packet, opened to be printed.

    Attributes:
        shown: The packet.
        number: The copy's number, used once for each packet.
        by: The reader by the agency's own name, or the node's URI.
        time_ms: Unix milliseconds.
    """

    shown: PacketView
    number: int
    by: str
    time_ms: int


@immutable
class Heading:
    """A packet in a list of contents.

    Attributes:
        names: The first readable names in it, persons first.
        tlp: The strictest TLP of its readable fields.
    """

    names: tuple[str, ...]
    tlp: Tlp


class PacketReader(PacketRecords):
    """Reads packets, and their records.

    Args:
        context: The node.
        access: The node's own access log.
        outbox: Sends the receipts.
    """

    def __init__(self, context: NodeContext, access: AccessLog, outbox: Outbox) -> None:
        super().__init__(context)
        self._access = access
        self._outbox = outbox

    def show(
        self, packet_id: bytes, *, person: str = "", act: EventCode = EventCode.ACCESS_OPEN
    ) -> PacketView:
        """Returns one packet as this node may see it; an entry of the node's own access log.

        Args:
            packet_id: 32 bytes.
            person: The reader, by the agency's own name; by default the logged-in person.
            act: The entry's act.

        Raises:
            NotFound: If it is not here.
            CosignatureAwaited: If it waits for the sender's cosignature.
            PacketError: If the stored packet no longer verifies.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        self._access.verify_reader(person)
        shown = self._open(packet_id)
        self._access.record(act, {packet_id: shown.view.fields}, person=person)
        return shown

    async def contents(
        self, packet_ids: Iterable[bytes], *, person: str = ""
    ) -> dict[bytes, tuple[OpenedField, ...]]:
        """Returns the readable fields of packets; an entry of the own access log for each.

        Packets that their originator froze are passed over. Other work has its turn between them.

        Raises:
            NotFound: If one is not here.
            StoreError: If the entries cannot be written: then nothing is shown.
        """
        self._access.verify_reader(person)
        found: dict[bytes, tuple[OpenedField, ...]] = {}
        for packet_id in packet_ids:
            if not self._context.stores.packets.is_frozen(packet_id):
                found[packet_id] = tuple(self._open(packet_id).view.best())
            await asyncio.sleep(0)
        self._access.record(EventCode.ACCESS_SEARCH, found, person=person)
        return found

    async def headings(
        self, packet_ids: Iterable[bytes], *, person: str = ""
    ) -> dict[bytes, Heading]:
        """Returns the headings of packets, each opened once, while other tasks run.

        Each is an entry of the own access log, and no heading is shown before them. Packets that
        their originator froze are passed over.

        Args:
            packet_ids: The packets of a list, 32 bytes each.
            person: The reader, by the agency's own name; empty for the person logged in.

        Raises:
            NotFound: If one is not here.
            StoreError: If the entries cannot be written: then no heading is shown.
        """
        self._access.verify_reader(person)
        named, headings = dict[bytes, tuple[OpenedField, ...]](), dict[bytes, Heading]()
        async for packet_id in in_turns(packet_ids):
            if self._context.stores.packets.is_frozen(packet_id):
                continue
            shown = self._open(packet_id)
            named[packet_id] = fields = tuple(islice(_names(shown), NAMES_SHOWN))
            names = (each.field.values[0].decode("utf-8", "replace") for each in fields)
            headings[packet_id] = Heading(names=(*dict.fromkeys(names),), tlp=_strictest(shown))
        self._access.record(EventCode.ACCESS_SEARCH, named, person=person)
        return headings

    async def read(
        self,
        packet_id: bytes,
        *,
        acted_by: ActedBy | None = None,
        person: str = "",
        act: EventCode = EventCode.ACCESS_OPEN,
    ) -> PacketView:
        """Returns a packet as ``show``, and notifies its grantor.

        The grantor learns that it was opened or, with ``acted_by``, seen by a pseudonymous person;
        the own access log has the name.
        """
        shown = self.show(packet_id, person=person, act=act)
        await self.confirm_read(packet_id, acted_by=acted_by)
        return shown

    def strictest(self, packet_id: bytes, *, person: str = "") -> Tlp:
        """Returns the strictest TLP of a packet's readable fields; a marking, and no contents.

        Raises:
            NotFound: If it is not here.
            NotPermitted: If the person is only an auditor.
        """
        self._access.verify_reader(person)
        return _strictest(self._open(packet_id))

    async def confirm_read(self, packet_id: bytes, *, acted_by: ActedBy | None = None) -> None:
        """Notifies the grantor of a packet that it was opened, after ``show``; see ``read``."""
        status = Status.OPENED if acted_by is None else Status.SEEN
        packets = self._context.stores.packets
        # Checked in the transaction: another process of this node may be reading, too.
        with self._context.stores.database.transaction():
            behind = [
                grant
                for grant in packets.grants(packet_id)
                if grant.incoming and (grant.status or 0) < status
            ]
            for grant in behind:
                packets.set_status(grant.signed.statement.id, status)
            if behind:
                told = [(replace(grant, status=status), acted_by) for grant in behind]
                queue_receipts(self._context, told)
        if behind:
            with suppress(*LOCAL_ONLY):  # the receipt is sent later
                await self._outbox.flush()

    async def print(
        self, packet_id: bytes, *, acted_by: ActedBy | None = None, person: str = ""
    ) -> PrintedCopy:
        """Returns a packet to be printed, as ``read``; uses up the copy's number."""
        shown = await self.read(
            packet_id, acted_by=acted_by, person=person, act=EventCode.ACCESS_PRINT
        )
        return PrintedCopy(
            shown=shown,
            number=self._context.stores.packets.number_copy(packet_id),
            by=self._access.reader(person) or self._context.uri,
            time_ms=self._context.now_ms(),
        )

    async def search(
        self,
        text: str,
        *,
        person: str = "",
        within: SearchFilter = EVERYWHERE,
        limit: int = MAX_FOUND,
        skip: int = 0,
    ) -> dict[bytes, tuple[OpenedField, ...]]:
        """Returns the fields with ``text``, by packet; an entry of the node's own access log.

        Packets that their originator froze are passed over. A search reads the index of texts,
        and opens the packets that it returns; other tasks run meanwhile.

        Args:
            text: The text, in any case, script, accents or order of words.
            person: The searching person; by default the logged-in person.
            within: The scope.
            limit: Maximum number of packets.
            skip: Number of better packets that are left out; both together at most ``MAX_FOUND``.

        Returns:
            The best first.

        Raises:
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        self._access.verify_reader(person, sought=text)
        found = await find(self._context, text, within, limit=limit, skip=skip)
        self._access.record(EventCode.ACCESS_SEARCH, found, person=person, sought=text)
        return found

    def unreadable(self) -> tuple[bytes, ...]:
        """Returns the ids of damaged packets, which no search finds."""
        return tuple(self._context.stores.index_queue.unreadable())

    def export(
        self,
        packets: Sequence[bytes] = (),
        *,
        person: str = "",
        act: EventCode = EventCode.ACCESS_EXPORT,
        advance: Callable[[int], None] = lambda packets: None,
    ) -> "PacketExport":
        """Returns entities of some packets; an entry of the node's own access log.

        Args:
            packets: Their ids; by default all that are neither frozen nor superseded.
            person: The exporting person; by default the logged-in person.
            act: The entry's act.
            advance: Called with the number of packets that were just read.

        Raises:
            EntityFieldMalformed: If requested packets do not form entities.
            StoreError: If the entry cannot be written: then nothing is exported.
        """
        from tearline_client.features.packets.export import export_packets

        self._access.verify_reader(person)
        made = export_packets(self._context, packets, advance)
        self._access.record(act, made.exported.fields, person=person)
        return made

    async def export_in_steps(
        self,
        packets: Iterable[bytes],
        *,
        person: str = "",
        act: EventCode = EventCode.ACCESS_EXPORT,
    ) -> "PacketExport":
        """Returns entities of some packets, as ``export``; other tasks run meanwhile.

        Packets that their originator froze are passed over, and those that form no entities are
        left out.

        Args:
            packets: Their ids.
            person: The exporting person; by default the logged-in person.
            act: The entry's act.

        Raises:
            NotFound: If one is not here.
            PacketFrozen: If its originator froze one meanwhile.
            StoreError: If the entry cannot be written: then nothing is exported.
        """
        from tearline_client.features.packets.export import Gathering

        self._access.verify_reader(person)
        context, stored = self._context, self._context.stores.packets
        gathering = Gathering(context.uri, now_ms=context.now_ms())
        async for packet_id in in_turns(packets):
            if not stored.is_frozen(packet_id):
                gathering.add(self._open(packet_id))
        made = gathering.made()
        for (
            packet_id
        ) in made.exported.packets:  # mail arrived meanwhile: a recall may have erased it
            stored.header(packet_id)
            if stored.is_frozen(packet_id):
                raise PacketFrozen
        self._access.record(act, made.exported.fields, person=person)
        return made

    def fields(
        self, packet_id: bytes, paths: Iterable[str], *, person: str = ""
    ) -> tuple[OpenedField, ...]:
        """Returns some readable fields of a packet; an entry of the node's own access log."""
        self._access.verify_reader(person)
        chosen = set(paths)
        shown = self._open(packet_id)
        found = tuple(each for each in shown.view.best() if each.field.path in chosen)
        self._access.record(EventCode.ACCESS_OPEN, {packet_id: found}, person=person)
        return found

    def fields_of(self, schema: str, *, person: str = "") -> dict[bytes, tuple[OpenedField, ...]]:
        """Returns the readable fields of all entities of a schema, by packet, newest first.

        Each packet is an entry of the node's own access log, as printed; frozen packets are passed
        over.
        """
        self._access.verify_reader(person)
        found: dict[bytes, tuple[OpenedField, ...]] = {}
        for packet_id in self.ids():
            if not self.is_frozen(packet_id):
                shown = self._open(packet_id).view.fields
                if fields := tuple(each for each in shown if f"/{schema}/" in each.field.path):
                    found[packet_id] = fields
        self._access.record(EventCode.ACCESS_PRINT, found, person=person)
        return found

    def path_of(self, packet_id: bytes, text: str) -> str:
        """Returns the path of the one readable field that ``text`` is or ends; no contents.

        Raises:
            NotFound: If there is none; lists the nearest.
            NameAmbiguous: If there are several; lists them.
        """
        return self._open(packet_id).path_of(text)

    def _open(self, packet_id: bytes) -> PacketView:
        try:
            return self._context.open_view(packet_id)
        except NotFound:
            self._context.stores.awaiting_cosignature.verify_none(packet_id.hex())
            raise


def _strictest(shown: PacketView) -> Tlp:
    return max((each.field.marking.tlp for each in shown.view.fields), default=Tlp.RED)


def _names(shown: PacketView) -> Iterator[OpenedField]:
    """Yields the readable names of entities in a packet, persons first."""
    for opened in sorted(shown.view.best(), key=_prominence):
        field = opened.field
        is_name = field.path.endswith("/name") and field.media_type == TEXT
        if is_name and field.values and field.form in (Form.CLEAR, Form.GENERALISED):
            yield opened


def _prominence(opened: OpenedField) -> tuple[int, str]:
    """Returns the rank of an entity as a packet's subject; within a rank, the order of paths."""
    schema = opened.field.path.split("/")[1]
    rank = _PROMINENT.index(schema) if schema in _PROMINENT else len(_PROMINENT)
    return rank, opened.field.path


def verify_read_on(context: NodeContext, packets: Iterable[bytes]) -> None:
    """Checks that none of these packets may have been recalled before this node was restored.

    Raises:
        RestoreUnread: If one is a partner's, and the mailbox was not read completely since.
    """
    if context.stores.recovery.is_unread and any(
        context.stores.packets.packet(packet).origin != context.uri for packet in packets
    ):
        raise RestoreUnread
