"""Mailboxes: waiting items of a node, then new ones, each with its log entry.

A stream reads the store page by page and sleeps on an event. An idle stream costs no work, and a
slow one holds a cursor, not memory.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

from tearline.errors import PacketTooLarge, StoreError, TearlineError
from tearline.identity import agency_uri_of
from tearline.limits import (
    MAIL_PAGE,
    MAIL_PAGE_BYTES,
    MAX_AGENCY_MAIL_PAGES,
    MAX_AGENCY_UNREAD_BYTES,
    MAX_MESSAGE_BYTES,
)
from tearline.packets.packet import PacketParts
from tearline.statements.statement import Statement
from tearline.wire.deliveries import Cursor, Delivery, rough_size, verify_fits
from tearline.wire.statements import parse_attestation, parse_statement
from tearline_server.admission.rate_limits import MemoryQuota, SourceSlots
from tearline_server.delivery.read_packets import ReadPacket, read_packet, without_recalled
from tearline_server.ingest.commands import DeliverCommand
from tearline_server.storage.interface import Store
from tearline_server.storage.reads import MailItem

_log = logging.getLogger(__name__)

_PACKETS_KEPT = 8  # so that a fan-out parses a packet once; eight of the largest are 24 MiB

HandOutGrants = Callable[[str, Sequence[MailItem]], Awaitable[DeliverCommand]]
"""Callback that logs the delivery of grants to a node, and returns which are delivered.

It learns what other processes wrote, of no grants, too: their writes may end a reader's stream.
"""

Reaches = Callable[[str, int], Awaitable[bool]]
"""Callback that returns whether a node's mailbox has a place."""

TakeTurn = Callable[[str, int], Awaitable[None]]
"""Callback that waits until an agency may be answered, with a number of bytes."""


@dataclass(eq=False, slots=True)
class _Reader:
    """Stream: the place up to which it has read, its page size, and its wake-up event."""

    seq: int
    most: int = MAIL_PAGE
    bell: asyncio.Event = field(default_factory=asyncio.Event)


class Mailboxes:
    """Streams of deliveries.

    Args:
        store: The store of mail.
        epoch: 16 bytes, the epoch of the database.
        hand_out: Logs first deliveries before they happen.
        reaches: Returns whether a mailbox has a place.
        take_turn: Waits for a turn to compose a delivery.

    Attributes:
        at_rest: URIs of the nodes that have read all their mail and wait for more.
    """

    def __init__(
        self,
        store: Store,
        epoch: bytes,
        hand_out: HandOutGrants,
        reaches: Reaches,
        take_turn: TakeTurn,
    ) -> None:
        self._store = store
        self._epoch = epoch
        self._hand_out = hand_out
        self._reaches = reaches
        self._take_turn = take_turn
        self._room = MemoryQuota(MAX_AGENCY_UNREAD_BYTES)
        self._pages = SourceSlots(MAX_AGENCY_MAIL_PAGES)
        self.at_rest: set[str] = set()
        self._readers: dict[str, set[_Reader]] = {}
        self._packets: OrderedDict[bytes, ReadPacket] = OrderedDict()
        # By packet, so that a fan-out reads its packet only once, and no other waits for it.
        self._reading: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._closed = False

    def wake(self, nodes: Set[str]) -> None:
        """Wakes the streams of ``nodes``."""
        for node in nodes & self._readers.keys():
            for reader in self._readers[node]:
                reader.bell.set()

    def lags(self, last: Mapping[str, int]) -> tuple[int, ...]:
        """Returns, for each stream, how far it is behind the last place of its mailbox."""
        return tuple(
            max(0, last.get(node, 0) - reader.seq)
            for node, readers in self._readers.items()
            for reader in readers
        )

    def forget(self, packets: Iterable[bytes]) -> None:
        """Drops cached packets that have new recalls."""
        for packet_id in packets:
            self._packets.pop(packet_id, None)

    def wake_all(self) -> None:
        """Wakes every stream to read its mailbox."""
        self.wake(self._readers.keys())

    def close(self) -> None:
        """Ends every stream after its current delivery."""
        self._closed = True
        self.wake_all()

    async def stream(self, node: str, cursor: Cursor) -> AsyncIterator[Delivery]:
        """Yields waiting items after a cursor, then new ones, until the exchange closes.

        A cursor of another epoch, or beyond the mailbox, restarts from the beginning; the node
        skips statements that it has. A delivery without statements reports an empty mailbox.

        Args:
            node: URI of the mailbox's node.
            cursor: The node's position.
        """
        agency = agency_uri_of(node)
        goes_on = cursor.epoch == self._epoch and await self._reaches(node, cursor.seq)
        reader = _Reader(cursor.seq if goes_on else 0)
        self._readers.setdefault(node, set()).add(reader)
        try:
            while not self._closed:
                reader.bell.clear()
                async with self._pages.one(agency):
                    items, withheld = await self._page(node, reader)
                    for item in items:
                        reader.seq = item.seq
                        if item.seq in withheld:
                            continue
                        # Its size is known only once composed; gRPC holds it until it is read.
                        async with self._room.hold(agency, MAX_MESSAGE_BYTES) as share:
                            await self._take_turn(agency, 0)
                            delivery = await self._readable(node, item)
                            if delivery is not None:
                                share.shrink(rough_size(delivery))
                                yield delivery
                if not items:
                    yield Delivery(cursor=self._cursor(reader.seq), statements=(), attestations={})
                    await self._rest(node, reader)
        finally:
            self._readers[node].discard(reader)
            if not self._readers[node]:
                del self._readers[node]

    async def _rest(self, node: str, reader: _Reader) -> None:
        """Waits for new mail; a node that still reads is not at rest."""
        self.at_rest.add(node)
        try:
            await reader.bell.wait()
        finally:
            # If another stream of the node still waits, new grants are handed out in its turn.
            self.at_rest.discard(node)

    async def _page(self, node: str, reader: _Reader) -> tuple[Sequence[MailItem], Set[int]]:
        """Returns the next items, and the places of those that are withheld."""
        while True:
            found = await self._store.mail(node, reader.seq, limit=reader.most)
            items = _bounded(found)
            # With large items, most of a long page would be read twice.
            fitting = len(items) if len(items) < len(found) else reader.most
            reader.most = min(MAIL_PAGE, 2 * fitting)
            first = [item for item in items if _is_for(node, item) and not item.delivered]
            if not items:
                return items, frozenset()
            out = await self._hand_out(node, first)
            if len(out.handed) + len(out.withheld) == len(first):
                return items, out.withheld
            # A grant was withdrawn meanwhile: read its replacement.

    def _cursor(self, seq: int) -> Cursor:
        return Cursor(epoch=self._epoch, seq=seq)

    async def _readable(self, node: str, item: MailItem) -> Delivery | None:
        """Returns a delivery; if it cannot be composed, a notice; if neither, None.

        A damaged row never blocks a mailbox. The notice contains only the statement: the reader
        counts the grant's place in the channel, and quarantines it.
        """
        for compose in (self._delivery, self._notice):
            try:
                return await compose(node, item)
            except StoreError:
                raise  # temporary: the item is read later, not skipped
            except TearlineError as error:
                _log.error("mail unreadable", extra={"seq": item.seq, "code": error.code})
        return None

    async def _delivery(self, node: str, item: MailItem) -> Delivery:
        statement = parse_statement(item.envelope)
        if item.packet is None or not _is_for(node, item):
            return await self._framed(item, statement)
        manifest, granted = await self._granted(node, item.packet, statement)
        return await self._framed(item, statement, manifest, parts=(granted,))

    async def _notice(self, node: str, item: MailItem) -> Delivery:
        return await self._framed(item, parse_statement(item.envelope))

    async def _framed(
        self, item: MailItem, *statements: Statement, parts: tuple[PacketParts, ...] = ()
    ) -> Delivery:
        hashes = [each.attestation for found in statements for each in found.inclusions]
        encoded = await self._store.attestations(hashes)
        attestations = [parse_attestation(data) for data in encoded.values()]
        delivery = Delivery(
            cursor=self._cursor(item.seq),
            statements=statements,
            attestations={attestation.hash: attestation for attestation in attestations},
            parts=parts,
            entry=item.opening.opening,
        )
        return _fitting(delivery)

    async def _granted(
        self, node: str, packet_id: bytes, grant: Statement
    ) -> tuple[Statement, PacketParts]:
        """Returns a packet's manifest, and exactly the ciphertexts that a grant releases.

        Recalled or deleted ciphertexts are omitted.
        """
        packet = await self._packet(packet_id)
        left = sorted(await self._left(node, packet, grant))
        if packet.tree is None or not left:
            return packet.statement, PacketParts(manifest=packet_id, ciphertexts={})
        return packet.statement, PacketParts(
            manifest=packet_id,
            ciphertexts={slot: packet.parts.ciphertexts[slot] for slot in left},
            slot_count=packet.parts.slot_count,
            path=packet.tree.path(left),
        )

    async def _left(self, node: str, packet: ReadPacket, grant: Statement) -> Set[int]:
        """Returns the slots that a grant releases, without recalled or deleted ones."""
        slots = packet.granted(grant) & packet.parts.ciphertexts.keys()
        return await without_recalled(self._store, slots, node, packet.statement.id, grant.id)

    async def _packet(self, packet_id: bytes) -> ReadPacket:
        async with self._reading.setdefault(packet_id, asyncio.Lock()):
            found = self._packets.get(packet_id)
            return await self._read(packet_id) if found is None else found

    async def _read(self, packet_id: bytes) -> ReadPacket:
        found = (await read_packet(self._store, packet_id)).with_tree()
        self._packets[packet_id] = found
        if len(self._packets) > _PACKETS_KEPT:
            self._packets.popitem(last=False)
        return found


def _bounded(items: Sequence[MailItem]) -> Sequence[MailItem]:
    """Returns as many of the first items as a page may hold in bytes; at least one."""
    size = 0
    for number, item in enumerate(items):
        size += len(item.envelope) + len(item.opening.event)
        if number and size > MAIL_PAGE_BYTES:
            return items[:number]
    return items


def _fitting(delivery: Delivery) -> Delivery:
    """Returns a delivery, or a notice if it exceeds a message.

    An earlier version may have accepted such a grant. The notice is the grant without its packet:
    the reader counts its place in the channel, and quarantines it.
    """
    try:
        verify_fits(delivery)
    except PacketTooLarge as error:
        _log.error("mail too large", extra={"seq": delivery.cursor.seq, "code": error.code})
        return replace(delivery, statements=delivery.statements[:1], parts=())
    return delivery


def _is_for(node: str, item: MailItem) -> bool:
    """Returns whether an item is a grant to this node; withheld grants return to their sender."""
    return item.packet is not None and item.sender != node
