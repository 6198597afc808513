"""Which packets hold a value: asked of this node's own index, and of nobody else.

The log never holds a value in any form, so an auditor who has one begins here: the answer is
ids of packets, and with those the log says who was shown them.
"""

from tearline.packet import TEXT
from tearline_client.state import NodeState
from tearline_client.store.packets import StoredPacket
from tearline_client.store.values import ValueStore
from tearline_client.views import open_view


def packets_with(state: NodeState, values: ValueStore, value: str) -> tuple[StoredPacket, ...]:
    """The packets here of which a field that is open here has ``value``, oldest first.

    Args:
        state: The node.
        values: Its index, which is brought up to date first.
        value: The whole value, in whatever case, script or punctuation.

    Raises:
        MalformedInput: If it holds no letter and no digit.
        PacketError: If a packet as it lies here no longer verifies.
    """
    for packet_id in values.behind():
        # In one transaction: a key that comes meanwhile is not taken for one that was read with.
        with state.stores.database.transaction():
            shown = open_view(state.stores.packets, packet_id, node=state.uri)
            values.put(
                packet_id,
                (
                    text
                    for opened in shown.view.fields
                    if opened.field.media_type == TEXT
                    for text in opened.field.texts
                ),
            )
    return tuple(state.stores.packets.packet(packet_id) for packet_id in values.find(value))
