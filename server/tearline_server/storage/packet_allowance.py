"""Per-agency limits on the stored packets that one batch may read."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from tearline.dataclass.immutable import immutable
from tearline.limits import MAX_ASKED_BYTES, MAX_ASKED_PACKETS
from tearline_server.storage.lookups import Lookups, Owned

Sizes = Mapping[Owned, int]
"""Bytes of packets, keyed by packet and the agency that named it; only packets it may know of."""


@immutable
class Allowance:
    """Packets that a batch reads, and packets left for a later batch.

    Attributes:
        read: Packets to read, by manifest id.
        unread: Packets left for another batch, by manifest id.
    """

    read: AbstractSet[bytes]
    unread: AbstractSet[bytes]


def allowance_of(
    asked: Lookups, *, own: Sizes, made: Sizes, sources: Mapping[bytes, Mapping[bytes, int]]
) -> Allowance:
    """Divides the requested packets into those to read and those to leave.

    Each agency has its own allowance, spent in the order of the request. The packets that one
    statement names always fit, so the first statement is never left out.

    Args:
        asked: The request.
        own: Packets that belong to the agency that names them.
        made: Packets named as sources that the agency made or received.
        sources: The sources of its own packets, with their bytes.

    Returns:
        The packets to read and the packets left unread.
    """
    packets = (
        (owned, {owned[0]: own[owned]} | dict(sources.get(owned[0], {})))
        for owned in asked.packets
        if owned in own
    )
    read, unread = _within(packets)
    for pairs, sizes in ((asked.sources, made), (asked.corrected, own)):
        more, less = _within((each, {each[0]: sizes[each]}) for each in pairs if each in sizes)
        read, unread = read | more, unread | less
    return Allowance(read=read, unread=unread - read)


def _within(needed: Iterable[tuple[Owned, Mapping[bytes, int]]]) -> tuple[set[bytes], set[bytes]]:
    read: set[bytes] = set()
    unread: set[bytes] = set()
    spent: dict[str, tuple[int, int]] = {}
    for agency, id_, size in _each(needed):
        number, total = spent.get(agency, (0, 0))
        if id_ in read:
            continue
        if number >= MAX_ASKED_PACKETS or total + size > MAX_ASKED_BYTES:
            unread.add(id_)
            continue
        read.add(id_)
        spent[agency] = (number + 1, total + size)
    return read, unread


def _each(
    needed: Iterable[tuple[Owned, Mapping[bytes, int]]],
) -> Iterator[tuple[str, bytes, int]]:
    return ((agency, *each) for (_, agency), sizes in needed for each in sizes.items())
