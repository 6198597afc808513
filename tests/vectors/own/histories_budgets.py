"""Histories of an agency's budget, and of a channel's marks: S-23 to S-26."""

from collections.abc import Iterator
from typing import Any

from support import agencies as b
from tearline.limits import MARK_BURST_MS, MARK_PACE_MS
from tearline.statements.statement import StatementType
from vectors.own.plain import Json

DAY_MS = 24 * 3_600_000
FULL = {"code": "TL-REQ-002", "rule": "S-24"}
UNSIGNED = {"code": "TL-REQ-002", "rule": "S-25"}
PACED = {"code": "TL-REQ-002", "rule": "S-26"}


class Budgets:
    """One history of an agency: what it publishes, and how much of it the exchange keeps."""

    def __init__(self, name: str, *, entries: int, size: int) -> None:
        self.history: Json = {"name": name, "entries": entries, "bytes": size, "events": []}

    def say(
        self, ms: int, kind: StatementType, entries: int = 1, size: int = 500, **refused: str
    ) -> "Budgets":
        """An accepted statement, or one that finds no room."""
        return self._tell(ms, "accepted", type=int(kind), entries=entries, size=size, **refused)

    def refuse(self, ms: int, **refused: str) -> "Budgets":
        """A statement that is refused for good."""
        return self._tell(ms, "refused", entries=1, **refused)

    def search(self, ms: int, **refused: str) -> "Budgets":
        """A search of an auditor."""
        return self._tell(ms, "search", **refused)

    def _tell(self, ms: int, what: str, **rest: Any) -> "Budgets":
        self.history["events"].append({"time_ms": b.NOW_MS + ms, "what": what, **rest})
        return self


def budgets() -> Iterator[Budgets]:
    """Shares, amounts, drain and rounding: S-23 to S-25."""
    kind = StatementType
    yield (
        Budgets("entries, and items of mailboxes", entries=7, size=1 << 40)
        .say(0, kind.MANIFEST)
        .say(0, kind.GRANT, 2)
        .say(0, kind.MARK)
        .say(0, kind.AGREEMENT, 3)
        .say(0, kind.MANIFEST, **FULL)
        .say(1, kind.MANIFEST)
        .say(DAY_MS, kind.MANIFEST)
        .say(3 * DAY_MS, kind.GRANT, 2)
    )
    yield (
        Budgets("bytes: one of any size passes while there is room", entries=1000, size=9999)
        .say(0, kind.MANIFEST, size=1807)
        .say(0, kind.MANIFEST, size=1 << 20)
        .say(0, kind.MARK, **FULL)
        .say(100 * DAY_MS, kind.MARK, **FULL)
        .say(108 * DAY_MS, kind.MARK)
    )
    yield (
        Budgets("parts: none takes from another", entries=64, size=1 << 40)
        .say(0, kind.PROPOSAL, 64)
        .say(0, kind.CONSENT, **FULL)
        .say(0, kind.STANDING, 16)
        .say(0, kind.STANDING, 3, **FULL)
        .say(0, kind.RECALL, 2)
        .say(0, kind.VOID, 14)
        .say(0, kind.RECALL, **FULL)
        .search(0)
        .refuse(0)
        .refuse(0)
        .refuse(0, **UNSIGNED)
        .say(5, kind.REVOCATION)
        .say(5, kind.VOTE)
        .say(5, kind.RECEIPT)
        .say(0, kind.REQUEST_STEP, **FULL)
    )
    yield (
        Budgets("searches, and the drain of a part", entries=8, size=1 << 40)
        .search(0)
        .search(0)
        .search(0, **FULL)
        .search(DAY_MS // 2)
        .search(DAY_MS // 2, **FULL)
        .search(DAY_MS // 2 + 1)
        .search(DAY_MS // 2 + 1, **FULL)
    )


class Marks:
    """One history of one end's marks on a channel."""

    def __init__(self, name: str) -> None:
        self.history: Json = {"name": name, "events": []}

    def say(self, ms: int, times: int = 1, **refused: str) -> "Marks":
        """So many marks at one time."""
        self.history["events"] += [{"time_ms": b.NOW_MS + ms, **refused} for _ in range(times)]
        return self


def marks() -> Iterator[Marks]:
    """The pace of marks: S-26."""
    most = MARK_BURST_MS // MARK_PACE_MS
    yield (
        Marks("a burst, and then one at its pace")
        .say(0, most)
        .say(0, **PACED)
        .say(MARK_PACE_MS - 1, **PACED)
        .say(MARK_PACE_MS)
        .say(MARK_PACE_MS, **PACED)
        .say(2 * MARK_BURST_MS, 2)
    )
