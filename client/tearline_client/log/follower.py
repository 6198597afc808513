"""Following the log: every entry is read, the tree grows, and the checkpoint must match.

A node reads every entry, so it has every clear entry below the checkpoint, and accepts only growth:
a rewritten, truncated or forked log has another root.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tearline.errors import LogInconsistent, LogUnproven, TrustError, TrustStale
from tearline.federation.members import LogIdentity
from tearline.limits import MAX_LOG_TIME_SKEW_MS, MAX_UNPROVEN_BYTES
from tearline.tlog.agreed_time import AgreedTime
from tearline.tlog.checkpoint import Checkpoint, SignedCheckpoint
from tearline.tlog.merkle import Frontier, Node
from tearline.verification.log_entries import parse_entry, verify_cosigned
from tearline.verification.trust import TrustState
from tearline.wire.log_entries import EntryRange
from tearline_client.store.cosigning import CosigningStore
from tearline_client.store.log import LogStore

MAX_AGE_S = 600  # maximum age of the log for sealing
MAX_AHEAD_S = MAX_LOG_TIME_SKEW_MS // 1000  # maximum lead of the log's clock over ours


def verify_not_ahead(signed: SignedCheckpoint, now_ms: int) -> None:
    """Verifies that a checkpoint is not in our future, so that it may be followed or cosigned.

    Args:
        signed: A checkpoint that the log signed.
        now_ms: This machine's clock.

    Raises:
        ClockSkewed: If it is.
    """
    if signed.time_s:
        AgreedTime(log_ms=signed.time_s * 1000, own_ms=now_ms)


@dataclass(frozen=True, slots=True)
class _Pending:
    """Entries read without a checkpoint yet, with the extended tree."""

    frontier: Frontier
    entries: list[bytes]
    nodes: list[Node]
    size_bytes: int = 0

    @property
    def start(self) -> int:
        """Returns the index of the first entry that is not stored yet."""
        return self.frontier.size - len(self.entries)


class LogFollower:
    """The log as this node holds it, and the trust state from its clear entries.

    Args:
        store: Stores the entries; reading it at start replays the trust state.
        cosigning: Stores the tree to cosign.
        trust: The state to update.
        log: The log's identity from the pinned charter.
    """

    def __init__(
        self, store: LogStore, cosigning: CosigningStore, trust: TrustState, log: LogIdentity
    ) -> None:
        self._store = store
        self._cosigning = cosigning
        self._trust = trust
        self._log = log
        self._applied = 0
        self._pending = _Pending(frontier=store.frontier(), entries=[], nodes=[])
        self._apply(store.clear_entries())

    @property
    def next_index(self) -> int:
        """Returns the index of the next entry to request."""
        return self._pending.frontier.size

    def take(self, page: EntryRange, *, now_ms: int) -> bool:
        """Accepts a run of entries, valid once a checkpoint over exactly them verifies.

        Args:
            page: Entries from ``next_index`` on, and a checkpoint over at least them.
            now_ms: This machine's clock, to check the log's times.

        Returns:
            Whether the checkpoint was reached; if not, more entries must be requested, also after
            another process of this node was faster.

        Raises:
            ClockSkewed: If the checkpoint is in our future.
            LogError: If the log is not the one followed so far, its checkpoint is unsigned, or too
                much was read without one. Then the page is discarded.
        """
        signed = verify_cosigned(page.checkpoint, self._log)
        verify_not_ahead(signed, now_ms)
        # In one transaction: another process might otherwise store entries in between.
        with self._store.transaction():
            if self._store.size != self._pending.start:
                self._catch_up()
                return False
            reached = self._take(page, signed)
            if reached and self._is_fresh(now_ms):  # otherwise its arrival time is unknown
                self._cosigning.saw(signed.checkpoint.size, now_ms)
            return reached

    def _take(self, page: EntryRange, signed: SignedCheckpoint) -> bool:
        frontier, nodes = self._store.grown(self._pending.frontier, page.entries)
        try:
            self._verify_grown(page, frontier, signed.checkpoint)
        except LogInconsistent:
            self._forget()
            raise
        size_bytes = self._pending.size_bytes + sum(map(len, page.entries))
        self._pending = _Pending(
            frontier=frontier,
            entries=[*self._pending.entries, *page.entries],
            nodes=[*self._pending.nodes, *nodes],
            size_bytes=size_bytes,
        )
        if frontier.size < signed.checkpoint.size:
            if size_bytes > MAX_UNPROVEN_BYTES:
                self._forget()
                raise LogUnproven(f"{frontier.size} entries read of {signed.checkpoint.size}")
            return False
        self._store_pending(signed)
        return True

    def _verify_grown(self, page: EntryRange, grown: Frontier, checkpoint: Checkpoint) -> None:
        """Verifies that the page's entries extend the log followed so far."""
        if page.start != self.next_index:
            raise LogInconsistent("the entries do not begin where those here end")
        known = self.checkpoint()
        if known is not None and checkpoint.size < known.checkpoint.size:
            raise LogInconsistent("the checkpoint is older than one that was seen")
        if not page.entries and grown.size < checkpoint.size:
            raise LogInconsistent("the exchange withholds entries that its checkpoint covers")
        if grown.size > checkpoint.size:
            raise LogInconsistent("there are more entries than the checkpoint covers")
        if grown.size == checkpoint.size and grown.root() != checkpoint.root:
            raise LogInconsistent("the checkpoint's root is not that of the entries")

    def checkpoint(self) -> SignedCheckpoint | None:
        """Returns the newest verified checkpoint, or None."""
        note = self._store.checkpoint()
        return None if note is None else verify_cosigned(note, self._log)

    def time_s(self) -> int:
        """Returns the time of the newest checkpoint, Unix seconds; 0 if unknown."""
        signed = self.checkpoint()
        return signed.time_s if signed else 0

    def agreed_time(self, now_ms: int) -> AgreedTime:
        """Returns the agreed time for irreversible acts, as far as the log was read.

        Raises:
            TrustStale: If the log has not been read.
            ClockSkewed: If the log is in our future.
        """
        return AgreedTime(log_ms=self.time_s() * 1000, own_ms=now_ms)

    def verify_fresh(self, now_ms: int) -> None:
        """Verifies that the known log is recent enough to seal.

        Raises:
            TrustStale: If the newest checkpoint is too old.
            ClockSkewed: If it is in our future.
        """
        agreed = self.agreed_time(now_ms)
        age_s = (agreed.own_ms - agreed.log_ms) // 1000
        if age_s > MAX_AGE_S:
            raise TrustStale(f"the newest checkpoint is {age_s} seconds old by this clock")

    def _is_fresh(self, now_ms: int) -> bool:
        try:
            self.verify_fresh(now_ms)
        except TrustError:
            return False
        return True

    def _store_pending(self, signed: SignedCheckpoint) -> None:
        pending = self._pending
        self._apply(enumerate(pending.entries, start=pending.start))
        self._store.append(pending.start, pending.entries, pending.nodes)
        self._cosign(signed)
        self._store.put_checkpoint(signed.note)
        self._pending = _Pending(frontier=pending.frontier, entries=[], nodes=[])

    def _cosign(self, signed: SignedCheckpoint) -> None:
        """Stores the tree to cosign: the node trusts only trees that it would sign."""
        seen = self._cosigning.seen(self._log)
        if signed.checkpoint.size < seen.size:
            return  # an offered checkpoint is ahead of the entries read
        if self._store.root_at(seen.size) != seen.root:
            raise LogInconsistent("the log is not the one that was cosigned here")
        self._cosigning.put_cosigned(signed.note, self._log)

    def _catch_up(self) -> None:
        """Adopts stored entries, verified earlier by this or another process of the node."""
        self._apply(self._store.clear_entries())
        self._forget()

    def _forget(self) -> None:
        self._pending = _Pending(frontier=self._store.frontier(), entries=[], nodes=[])

    def _apply(self, entries: Iterable[tuple[int, bytes]]) -> None:
        for index, entry in entries:
            if index < self._applied:
                continue
            statement = parse_entry(entry)
            if statement is not None:
                self._trust.apply(index, statement)
            self._applied = index + 1
