"""States of packets in a list: the statuses of their grants, corrections and recalls."""

from collections.abc import Iterator

from tearline_client.node import Node


def states_of(node: Node, packet_id: bytes) -> Iterator[str]:
    """Yields the states of a packet, as words of the list's filter; it reads no contents."""
    for stored in node.packets.grants(packet_id):
        if stored.status is not None:
            yield stored.status.text
    if node.recalls.of(packet_id):
        yield "recalled"
    if packet_id in node.corrections.corrected_by([packet_id]):
        yield "corrected"
