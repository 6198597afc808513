"""Which packets hold a value: asked of this node's own index, and of nobody else.

The log never holds a value in any form, so an auditor who has one begins here: the answer is
ids of packets, and with those the log says who was shown them.
"""

from tearline_client.indexing import index_values
from tearline_client.state import NodeState
from tearline_client.store.packets import StoredPacket


def packets_with(state: NodeState, value: str) -> tuple[StoredPacket, ...]:
    """The packets here of which a field that is open here has ``value``, oldest first.

    Args:
        state: The node, whose index is brought up to date first.
        value: The whole value, in whatever case, script or punctuation.

    Raises:
        MalformedInput: If it holds no letter and no digit.
        PacketError: If a packet as it lies here no longer verifies.
    """
    index_values(state)
    return tuple(
        state.stores.packets.packet(packet_id) for packet_id in state.stores.values.find(value)
    )
