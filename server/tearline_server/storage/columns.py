"""Columns that hold several values, and values that stand in several columns."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from tearline.encoding import u32
from tearline.merkle import Frontier
from tearline.standing.stoppage import Reach, Stoppage
from tearline.wire.parts import encode_parts, parse_parts

Slots = AbstractSet[int]

_HASH_SIZE = 32
_SLOT_SIZE = 4


def packed_slots(slots: Sequence[int]) -> bytes:
    """The column that holds slots."""
    return b"".join(map(u32, slots))


def unpacked_slots(data: bytes) -> tuple[int, ...]:
    """Slots from the column that holds them."""
    return tuple(int.from_bytes(part) for part in _parts(data, _SLOT_SIZE))


def tree_of(size: int, hashes: bytes) -> Frontier:
    """A tree from the columns that hold it."""
    return Frontier(size=size, hashes=tuple(_parts(hashes, _HASH_SIZE)))


def ciphertexts_of(data: bytes) -> Mapping[int, bytes]:
    """Returns ciphertexts by slot from the column that holds them; an empty one holds none."""
    return parse_parts(data).ciphertexts if data else {}


def without_slots(ciphertexts: bytes, slots: Slots) -> bytes:
    """Returns the column of ciphertexts without those of some slots; empty where none is left."""
    parts = parse_parts(ciphertexts)
    left = {slot: data for slot, data in parts.ciphertexts.items() if slot not in slots}
    return encode_parts(replace(parts, ciphertexts=left)) if left else b""


def _parts(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def stoppage_columns(stoppage: Stoppage) -> tuple[str | int | None, ...]:
    """Returns agency, scope, beginning and end of a stoppage."""
    began, ended = (stoppage.start, stoppage.start_ms), (stoppage.end, stoppage.end_ms)
    return stoppage.agency, *stoppage.scope, *began, *ended


def stoppage_of(row: Sequence[Any]) -> Stoppage:
    """Returns the stoppage that agency, scope, beginning and end make up."""
    agency, article, sender, recipient, began, began_ms, ended, ended_ms = row
    return Stoppage(
        agency=agency,
        scope=(article, sender, recipient),
        start=began,
        start_ms=began_ms,
        end=ended,
        end_ms=ended_ms,
    )


def reach_columns(reach: Reach) -> tuple[int | str, ...]:
    """Returns entry, time, and the lists of a reach."""
    lists = (reach.parties, reach.articles, reach.joint)
    return reach.entry, reach.time_ms, *map(" ".join, lists)


def reach_of(row: Sequence[Any]) -> Reach:
    """Returns the reach that entry, time and three lists hold."""
    entry, time_ms, parties, articles, joint = row
    return Reach(
        parties=tuple(parties.split()),
        articles=tuple(articles.split()),
        joint=tuple(joint.split()),
        entry=entry,
        time_ms=time_ms,
    )
