"""Which packets of the past are read for a batch: those its agencies may know of, up to a bound."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tearline.limits import MAX_ASKED_BYTES, MAX_ASKED_PACKETS
from tearline_server.storage.known import Asked, Owned

Sizes = Mapping[Owned, int]
"""Bytes of packets that are there for the agency that names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What is read of all that is asked for.

    Attributes:
        read: Packets that are read, by the id of their manifest.
        unread: Packets that are left for another batch.
    """

    read: AbstractSet[bytes]
    unread: AbstractSet[bytes]


def allowance_of(
    asked: Asked, *, own: Sizes, made: Sizes, sources: Mapping[bytes, Mapping[bytes, int]]
) -> Allowance:
    """Divides what is asked for into what is read and what is left.

    Each agency has an allowance of its own. The order of what is asked decides, and what one
    statement names fits: so the first statement is never left out.

    Args:
        asked: What is asked for.
        own: Packets of the agencies that name them.
        made: Packets that are named as sources, and that the agency made or was given.
        sources: The sources of its own packets, with their bytes.
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
