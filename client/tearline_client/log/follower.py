"""Following the log: every entry is read, the tree is grown, the checkpoint must match.

Since a node reads every entry, it has seen every clear entry below the checkpoint, and the
log can only ever grow: a rewritten, truncated or forked log gives another root.
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

MAX_AGE_S = 600  # what is sealed on may be ten minutes old, no more
MAX_AHEAD_S = MAX_LOG_TIME_SKEW_MS // 1000  # how far the log's clock may be ahead of ours


def verify_not_ahead(signed: SignedCheckpoint, now_ms: int) -> None:
    """Checks that a checkpoint is not from our future: it is neither followed nor cosigned.

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
    """What was read and no checkpoint reached yet: the tree with it, and what it adds to ours."""

    frontier: Frontier
    entries: list[bytes]
    nodes: list[Node]
    size_bytes: int = 0

    @property
    def start(self) -> int:
        """Index of the first entry that is not stored yet."""
        return self.frontier.size - len(self.entries)


class LogFollower:
    """The log as this node holds it, and the trust that its clear entries give.

    Args:
        store: Where entries are kept; reading it again at start replays the trust.
        cosigning: Where the tree to cosign is kept.
        trust: The state to bring forward.
        log: The log's identity from the pinned trust list.
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
        """The index of the next entry to ask for."""
        return self._pending.frontier.size

    def take(self, page: EntryRange, *, now_ms: int) -> bool:
        """Takes a run of entries; they count once a checkpoint over exactly them verifies.

        Args:
            page: Entries from ``next_index`` on, and a checkpoint over at least them.
            now_ms: This machine's clock, by which the log's times are judged, now and later.

        Returns:
            Whether the checkpoint was reached; if not, more entries must be asked for. So they
            must where another process of this node was faster, as a command beside the daemon.

        Raises:
            ClockSkewed: If the checkpoint is from our future.
            LogError: If the log is not the one followed so far, its checkpoint is not signed,
                or too much was read without one. Nothing of the page counts then.
        """
        signed = verify_cosigned(page.checkpoint, self._log)
        verify_not_ahead(signed, now_ms)
        # In one transaction: else another process might store entries between the questions.
        with self._store.transaction():
            if self._store.size != self._pending.start:
                self._catch_up()
                return False
            reached = self._take(page, signed)
            if reached and self._is_fresh(now_ms):  # else no clock here says when it came
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
        """Checks that the log is the one followed so far, with the page's entries behind it."""
        if page.start != self.next_index:
            raise LogInconsistent("the entries do not begin where those here end")
        known = self.checkpoint()
        if known is not None and checkpoint.size < known.checkpoint.size:
            raise LogInconsistent("the checkpoint is older than one that was seen")
        if not page.entries and grown.size < checkpoint.size:
            raise LogInconsistent("the exchange keeps back entries that its checkpoint covers")
        if grown.size > checkpoint.size:
            raise LogInconsistent("there are more entries than the checkpoint covers")
        if grown.size == checkpoint.size and grown.root() != checkpoint.root:
            raise LogInconsistent("the checkpoint's root is not that of the entries")

    def checkpoint(self) -> SignedCheckpoint | None:
        """The newest checkpoint that was verified, or None."""
        note = self._store.checkpoint()
        return None if note is None else verify_cosigned(note, self._log)

    def time_s(self) -> int:
        """When the newest checkpoint was signed, Unix seconds; 0 where none says so."""
        signed = self.checkpoint()
        return signed.time_s if signed else 0

    def agreed_time(self, now_ms: int) -> AgreedTime:
        """The time that nothing takes back is done by, as far as the log was read.

        Raises:
            TrustStale: If nothing of the log was read.
            ClockSkewed: If what was read is from our future.
        """
        return AgreedTime(log_ms=self.time_s() * 1000, own_ms=now_ms)

    def verify_fresh(self, now_ms: int) -> None:
        """Checks that what is known is young enough to seal on.

        Raises:
            TrustStale: If the newest checkpoint is too old.
            ClockSkewed: If it is from our future.
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
        """Keeps the tree as the one to cosign: nothing is believed that we would not sign."""
        seen = self._cosigning.seen(self._log)
        if signed.checkpoint.size < seen.size:
            return  # a checkpoint was offered to us that is ahead of what we read
        if self._store.root_at(seen.size) != seen.root:
            raise LogInconsistent("the log is not the one that was cosigned here")
        self._cosigning.put_cosigned(signed.note, self._log)

    def _catch_up(self) -> None:
        """Takes over what is stored, verified by this process earlier or by another of the node."""
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
