"""Encoding of compound columns: several values in one column, or one value in several."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from tearline.encoding import u32
from tearline.limits import MAX_SLOTS
from tearline.packets.ciphertexts import without_ciphertexts
from tearline.packets.packet import PacketParts
from tearline.statements.budget import BudgetLevel, BudgetPart
from tearline.suspensions.stoppage import Reach, Stoppage
from tearline.tlog.merkle import Frontier
from tearline.wire.packet_parts import encode_parts, parse_parts

Slots = AbstractSet[int]

LINKS_BYTES = 64 * MAX_SLOTS
"""Bytes at the end of the column of ciphertexts that hold its links, which are its last field."""

_HASH_SIZE = 32
_SLOT_SIZE = 4


def packed_slots(slots: Sequence[int]) -> bytes:
    """Returns the column that encodes slots."""
    return b"".join(map(u32, slots))


def unpacked_slots(data: bytes) -> tuple[int, ...]:
    """Returns the slots that a column encodes."""
    return tuple(int.from_bytes(part) for part in _parts(data, _SLOT_SIZE))


def tree_of(size: int, hashes: bytes) -> Frontier:
    """Returns the tree frontier that a size and a column of hashes encode."""
    return Frontier(size=size, hashes=tuple(_parts(hashes, _HASH_SIZE)))


def parts_of(data: bytes) -> PacketParts:
    """Returns the ciphertexts and their path from their column; an empty column has none."""
    return parse_parts(data) if data else PacketParts(manifest=b"", ciphertexts={})


def without_slots(ciphertexts: bytes, slots: Slots) -> bytes:
    """Returns the column of ciphertexts without some slots; empty if none remain."""
    left = without_ciphertexts(parse_parts(ciphertexts), slots)
    links = tuple(link for link in left.blobs if link.slot in left.ciphertexts)
    return encode_parts(replace(left, blobs=links)) if left.ciphertexts else b""


def _parts(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def stoppage_columns(stoppage: Stoppage) -> tuple[str | int | None, ...]:
    """Returns the columns of a stoppage: agency, scope, start and end."""
    began, ended = (stoppage.start, stoppage.start_ms), (stoppage.end, stoppage.end_ms)
    return stoppage.agency, *stoppage.scope, *began, *ended


def stoppage_of(row: Sequence[Any]) -> Stoppage:
    """Returns the stoppage that a row encodes: agency, scope, start and end."""
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
    """Returns the columns of a reach: entry, time, and its three lists."""
    lists = (reach.parties, reach.articles, reach.joint)
    return reach.entry, reach.time_ms, *map(" ".join, lists)


def reach_of(row: Sequence[Any]) -> Reach:
    """Returns the reach that a row encodes: entry, time and three lists."""
    entry, time_ms, parties, articles, joint = row
    return Reach(
        parties=tuple(parties.split()),
        articles=tuple(articles.split()),
        joint=tuple(joint.split()),
        entry=entry,
        time_ms=time_ms,
    )


BUDGETS = "SELECT agency, part, entries_us, bytes_us FROM budget"
"""The rows that ``budgets_of`` reads."""


def budget_rows(
    budgets: Mapping[tuple[str, BudgetPart], BudgetLevel],
) -> Iterator[tuple[str, str, int, int]]:
    """Yields the rows of budgets: agency, part, and when its two buckets are empty."""
    for (agency, part), level in budgets.items():
        yield agency, part.value, level.entries_us, level.bytes_us


def budgets_of(rows: Iterable[Sequence[Any]]) -> dict[tuple[str, BudgetPart], BudgetLevel]:
    """Returns the budgets that rows encode."""
    return {
        (agency, BudgetPart(part)): BudgetLevel(entries_us=entries_us, bytes_us=bytes_us)
        for agency, part, entries_us, bytes_us in rows
    }
