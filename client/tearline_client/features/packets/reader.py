"""Looking at what is here: written down before it is shown, and told to whoever granted it."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from tearline.audit.event import EventCode
from tearline.errors import EXCHANGE_AWAY, NotFound, RestoreUnread
from tearline.packets.packet import OpenedField
from tearline.statements.receipt import Status
from tearline.statements.statement import ActedBy
from tearline_client.access_log.access_log import AccessLog
from tearline_client.audit.value_search import ValueField, who_saw_value
from tearline_client.context import NodeContext
from tearline_client.features.search.search import SearchFilter, find
from tearline_client.messages.packet_view import PacketView
from tearline_client.outbox.sender import Sender


class PacketReader:
    """Reads packets for people and for the application.

    Args:
        context: The node.
        access: The node's own access log.
        sender: Sends the receipts.
    """

    def __init__(self, context: NodeContext, access: AccessLog, sender: Sender) -> None:
        self._context = context
        self._access = access
        self._sender = sender

    def show(self, packet_id: bytes, *, person: str, act: EventCode) -> PacketView:
        """One packet as this node may see it; see ``Node.show``."""
        stores = self._context.stores
        try:
            shown = self._context.open_view(packet_id)
        except NotFound:
            stores.awaiting_cosignature.verify_none(packet_id.hex())
            raise
        self._access.record(act, {packet_id: shown.view.fields}, person=person)
        return shown

    def search(
        self, text: str, *, person: str, within: SearchFilter
    ) -> dict[bytes, tuple[OpenedField, ...]]:
        """The fields here that hold ``text``, by packet; see ``Node.search``."""
        found = find(self._context, text, within)
        self._access.record(EventCode.ACCESS_SEARCH, found, person=person, sought=text)
        return found

    def who_saw(self, value: str, *, person: str) -> tuple[ValueField, ...]:
        """Who saw a value; see ``Node.who_saw``."""
        found = who_saw_value(self._context, value)
        packets: dict[bytes, tuple[()]] = {held.packet: () for held in found}
        self._access.record(EventCode.ACCESS_SEARCH, packets, person=person, sought=value)
        return found

    async def read(
        self, packet_id: bytes, *, acted_by: ActedBy | None, person: str, act: EventCode
    ) -> PacketView:
        """Shows a packet, and tells so; see ``Node.read``."""
        shown = self.show(packet_id, person=person, act=act)
        status = Status.OPENED if acted_by is None else Status.SEEN
        packets = self._context.stores.packets
        # Asked in the transaction: another process of this node may be reading, too.
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
                self._sender.store_receipts(told)
        if behind:
            with suppress(*EXCHANGE_AWAY):  # it is told later
                await self._sender.flush()
        return shown


def verify_read_on(context: NodeContext, packets: Iterable[bytes]) -> None:
    """Checks that none of these packets may have been recalled before this node was restored.

    Raises:
        RestoreUnread: If one is a partner's, and the mailbox was not read to its end since.
    """
    if context.stores.recovery.is_unread and any(
        context.stores.packets.packet(packet).origin != context.uri for packet in packets
    ):
        raise RestoreUnread
