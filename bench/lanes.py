"""Messages sealed in advance, for calls that are in flight side by side.

Each lane has a channel of its own, since the places of one channel must come in order.
"""

from collections.abc import Sequence

from bench.federation import Federation
from bench.packet import compose, lead, releaser
from tearline.wire.publications import encode_publication

LANES = 64
RECIPIENTS = 2
"""Of each packet."""

Lanes = Sequence[Sequence[bytes]]
"""The messages of each lane, in order."""


class Sealer:
    """A sending node, which seals a run's messages in advance.

    Args:
        federation: Whose node it is; each partner has as many nodes as there are lanes.
        lanes: How many.
        first: The number of the nodes of the first of them.
        sender: The number of the node.
    """

    def __init__(
        self, federation: Federation, lanes: int, *, first: int = 0, sender: int = 0
    ) -> None:
        self._plans = [
            lead(federation, federation.partners(number)[:RECIPIENTS])
            for number in range(first, first + lanes)
        ]
        self._releaser = releaser(federation, sender)

    def lanes(self, packets: int) -> Lanes:
        """``packets`` messages for each lane: a packet and its grants under one signature."""
        return [
            [
                encode_publication(compose([plan], self._releaser).publications[0])
                for _ in range(packets)
            ]
            for plan in self._plans
        ]
