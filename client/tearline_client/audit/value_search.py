"""Packets that hold a value, and its disclosures: from this node's own index.

The log never holds a value in any form, so an auditor starts here. The result is ids of packets,
for which the log lists the disclosures.
"""

from tearline.dataclass.immutable import immutable
from tearline.errors import TearlineError
from tearline.packets.packet import TEXT
from tearline_client.audit.who_saw import WhoSaw, WhoSawQuery
from tearline_client.context import NodeContext
from tearline_client.planning.search_text import folded
from tearline_client.rules.search_index import index_in_turns, index_values
from tearline_client.store.packet_records import StoredPacket
from tearline_runtime.turns import in_turns


def packets_with(context: NodeContext, value: str) -> tuple[StoredPacket, ...]:
    """Returns the packets here with ``value`` in a readable field, oldest first.

    Args:
        context: The node, whose index is updated first.
        value: The whole value, in any case, script or punctuation.

    Raises:
        MalformedInput: If it contains no letter and no digit.
        PacketError: If a stored packet no longer verifies.
    """
    index_values(context)
    return tuple(
        context.stores.packets.packet(packet_id) for packet_id in context.stores.values.find(value)
    )


@immutable
class ValueField:
    """A field here with a value, and its disclosures.

    Attributes:
        packet: 32 bytes.
        path: The field.
        seen: Its disclosures.
    """

    packet: bytes
    path: str
    seen: WhoSaw


async def who_saw_value(context: NodeContext, value: str) -> tuple[ValueField, ...]:
    """Returns the disclosures of a value: each readable field that has it, oldest packet first.

    Args:
        context: The node.
        value: The whole value, in any case, script or punctuation.

    Raises:
        MalformedInput: If it contains no letter and no digit.
        PacketError: If a stored packet no longer verifies.
    """
    await index_in_turns(context)
    index_values(context)
    sought, query, found = folded(value), WhoSawQuery(context), list[ValueField]()
    async for packet in in_turns(context.stores.values.find(value)):
        shown = context.open_view(packet)
        paths = sorted(
            {
                opened.field.path
                for opened in shown.view.fields
                if opened.field.media_type == TEXT and sought in map(folded, opened.field.texts)
            }
        )
        found += [
            ValueField(packet=packet, path=path, seen=seen)
            for path, seen in zip(paths, query.answers(shown, paths), strict=True)
        ]
    return tuple(found)


def field_names(context: NodeContext, packet_id: bytes) -> dict[int, str]:
    """Returns the paths of readable fields by slot."""
    try:
        shown = context.open_view(packet_id)
    except TearlineError:
        return {}  # erased, frozen or damaged: its slots have no names
    return {opened.slot: opened.field.path for opened in shown.view.fields}
