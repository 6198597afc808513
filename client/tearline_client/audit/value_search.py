"""Which packets hold a value, and who saw it: asked of this node's own index, and of nobody else.

The log never holds a value in any form, so an auditor who has one begins here: the answer is
ids of packets, and with those the log says who was shown them.
"""

from dataclasses import dataclass

from tearline.errors import TearlineError
from tearline.packets.packet import TEXT
from tearline_client.audit.who_saw import WhoSaw, who_saw
from tearline_client.context import NodeContext
from tearline_client.planning.text_search import folded
from tearline_client.search_index import index_values
from tearline_client.store.packets import StoredPacket


def packets_with(context: NodeContext, value: str) -> tuple[StoredPacket, ...]:
    """The packets here of which a field that is open here has ``value``, oldest first.

    Args:
        context: The node, whose index is brought up to date first.
        value: The whole value, in whatever case, script or punctuation.

    Raises:
        MalformedInput: If it holds no letter and no digit.
        PacketError: If a packet as it lies here no longer verifies.
    """
    index_values(context)
    return tuple(
        context.stores.packets.packet(packet_id) for packet_id in context.stores.values.find(value)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueField:
    """A field here that has a value, and who saw it.

    Attributes:
        packet: 32 bytes.
        path: The field.
        seen: Who saw it.
    """

    packet: bytes
    path: str
    seen: WhoSaw


def who_saw_value(context: NodeContext, value: str) -> tuple[ValueField, ...]:
    """Returns who saw a value: each field that is open here and has it, oldest packet first.

    Args:
        context: The node.
        value: The whole value, in whatever case, script or punctuation.

    Raises:
        MalformedInput: If it holds no letter and no digit.
        PacketError: If a packet as it lies here no longer verifies.
    """
    sought, found = folded(value), []
    for packet in packets_with(context, value):
        shown = context.open_view(packet.id)
        paths = {
            opened.field.path
            for opened in shown.view.fields
            if opened.field.media_type == TEXT and sought in map(folded, opened.field.texts)
        }
        found += [
            ValueField(packet=packet.id, path=path, seen=who_saw(context, packet.id, path))
            for path in sorted(paths)
        ]
    return tuple(found)


def field_names(context: NodeContext, packet_id: bytes) -> dict[int, str]:
    """Returns the paths of fields by slot, as far as a packet is open here."""
    try:
        shown = context.open_view(packet_id)
    except TearlineError:
        return {}  # erased, frozen or damaged since: its slots have no names any more
    return {opened.slot: opened.field.path for opened in shown.view.fields}
