"""What happened to packets under faults, and whether it is what was promised.

Each witness tells what it saw, in its own order: the sender's application what it published and
what was accepted; the exchange's log what was delivered; the recipient's application what it was
given; the sender's node which packets the recipient signed for.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class What(StrEnum):
    """What happened to a packet, in the order in which it should."""

    PUBLISHED = "published"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    GIVEN = "given"
    SIGNED_FOR = "signed for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to one packet on its way to one recipient.

    Attributes:
        what: What happened.
        sender: The URI of a node.
        recipient: The URI of a node.
        packet: Its id.
    """

    what: What
    sender: str
    recipient: str
    packet: str


def broken(history: Iterable[Event], *, is_log_whole: bool = True) -> list[str]:
    """Every promise that a history at rest breaks, in words; nothing if it breaks none.

    Every accepted packet is given to its recipient's application, once, in the order in which
    its sender published. Nothing is given that was not published, or that the log does not
    say was delivered; nothing is signed for that was not given.

    Args:
        history: What every witness tells.
        is_log_whole: Whether the log can still say what was delivered: after a restore nobody
            has the openings of some entries.
    """
    channels: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in history:
        channels[event.sender, event.recipient].append(event)
    return [
        f"{sender} to {recipient}: {promise}"
        for (sender, recipient), events in channels.items()
        for promise in _broken(events, is_log_whole)
    ]


def _broken(events: list[Event], is_log_whole: bool) -> list[str]:
    seen = {what: [event.packet for event in events if event.what is what] for what in What}
    of = {what: set(packets) for what, packets in seen.items()}
    given, published = of[What.GIVEN], of[What.PUBLISHED]
    delivered = of[What.DELIVERED] if is_log_whole else given
    faults = {
        "lost": of[What.ACCEPTED] - given,
        "given twice": {packet for packet, n in Counter(seen[What.GIVEN]).items() if n > 1},
        "given, and never published": given - published,
        "given, and not logged as delivered": given - delivered,
        "signed for, and not given": of[What.SIGNED_FOR] - given,
    }
    found = [f"{packet} {fault}" for fault, packets in faults.items() for packet in sorted(packets)]
    orders = zip(
        (packet for packet in dict.fromkeys(seen[What.GIVEN]) if packet in published),
        (packet for packet in dict.fromkeys(seen[What.PUBLISHED]) if packet in given),
        strict=True,
    )
    first = next((f"{got} given where {due} was due" for got, due in orders if got != due), None)
    return found if first is None else [*found, first]
