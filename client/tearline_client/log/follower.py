"""Following the log: every entry is read, the tree grows, and the checkpoint must match.

A node reads every entry, so it has every clear entry below the checkpoint, and accepts only growth:
a rewritten, truncated or forked log has another root.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, takewhile

from tearline.errors import (
    CheckpointUnsigned,
    DirectoryRejected,
    LogInconsistent,
    LogUnproven,
    TearlineError,
    TrustError,
    TrustStale,
)
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.federation.members import LogKeys
from tearline.limits import MAX_LOG_TIME_SKEW_MS, MAX_UNPROVEN_BYTES
from tearline.statements.statement import StatementType
from tearline.tlog.agreed_time import AgreedTime
from tearline.tlog.checkpoint import Checkpoint, SignedCheckpoint, parse_checkpoint_text
from tearline.tlog.merkle import Frontier, Node
from tearline.tlog.note import parse_note
from tearline.tlog.proof import LogProof
from tearline.verification.log_entries import parse_clear, parse_entry, verify_cosigned
from tearline.verification.trust import TrustState
from tearline.wire.federation import parse_amendment, parse_vote
from tearline.wire.log_entries import EntryRange
from tearline.wire.statements import Signed
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
        pinned: The log's keys by the pinned founding, until it is read.
    """

    def __init__(
        self, store: LogStore, cosigning: CosigningStore, trust: TrustState, pinned: LogKeys
    ) -> None:
        self._store = store
        self._cosigning = cosigning
        self._trust = trust
        self._pinned = pinned
        self._applied = 0
        self._wrong_directory: LogProof | None = None
        self._pending = _Pending(frontier=store.frontier(), entries=[], nodes=[])
        self._apply(store.clear_entries())

    @property
    def _log(self) -> LogKeys:
        """Returns the log's keys, as far as it was read."""
        return self._trust.log if self._trust.membership.is_founded else self._pinned

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
            DirectoryRejected: If a directory differs from the one derived here; the evidence stays.
            LogError: If the log is not the one followed so far, its checkpoint is unsigned, or too
                much was read without one.
            TearlineError: If an entry is not valid. After any of these, all is discarded that was
                read without a checkpoint.
        """
        try:
            signed = self._verified(page)
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
        except TearlineError:
            self.discard()
            proof, self._wrong_directory = self._wrong_directory, None
            if proof is not None:
                with self._store.transaction():  # that of the entries was rolled back
                    self._cosigning.accuse(proof, now_ms=now_ms)
            raise

    def _verified(self, page: EntryRange) -> SignedCheckpoint:
        """Returns the checkpoint of a page, verified under the keys that count for its size.

        Unread entries may decide other keys. Then the state is derived anew with them, apart from
        the one in use: no log has signed them yet. Until all are here, nothing is verified.
        """
        unread = [*self._pending.entries, *page.entries]
        checkpoint = parse_checkpoint_text(parse_note(page.checkpoint).text)
        if not any(map(_may_change_keys, unread)):
            try:
                return verify_cosigned(page.checkpoint, self._log)
            except CheckpointUnsigned:
                if self.next_index + len(page.entries) >= checkpoint.size:
                    raise
        if self.next_index + len(page.entries) < checkpoint.size:
            return SignedCheckpoint(checkpoint=checkpoint, note=page.checkpoint, signatures=())
        state = TrustState(federation=self._trust.federation)
        start = self._pending.start
        # Another process of this node may have stored some of the unread entries meanwhile.
        stored = takewhile(lambda row: row[0] < start, self._store.clear_entries())
        for index, data in chain(stored, enumerate(unread, start=start)):
            if (entry := parse_entry(data)) is not None:
                state.apply(index, entry)
        return verify_cosigned(page.checkpoint, state.log)

    def _take(self, page: EntryRange, signed: SignedCheckpoint) -> bool:
        frontier, nodes = self._store.grown(self._pending.frontier, page.entries)
        self._verify_grown(page, frontier, signed.checkpoint)
        size_bytes = self._pending.size_bytes + sum(map(len, page.entries))
        self._pending = _Pending(
            frontier=frontier,
            entries=[*self._pending.entries, *page.entries],
            nodes=[*self._pending.nodes, *nodes],
            size_bytes=size_bytes,
        )
        if frontier.size < signed.checkpoint.size:
            if size_bytes > MAX_UNPROVEN_BYTES:
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

    def verify_stated(self, now_ms: int) -> None:
        """Verifies that the newest directory entry is of now, so that the log may be cosigned.

        Otherwise an exchange could have an old state of members and keys cosigned anew.

        Raises:
            TrustStale: If it is not.
        """
        apart_ms = abs(now_ms - self._trust.membership.time_ms)
        if apart_ms > MAX_LOG_TIME_SKEW_MS:
            why = f"the newest directory entry is {apart_ms // 1000} seconds from this clock"
            raise TrustStale(why)

    def _is_fresh(self, now_ms: int) -> bool:
        try:
            self.verify_fresh(now_ms)
        except TrustError:
            return False
        return True

    def _store_pending(self, signed: SignedCheckpoint) -> None:
        pending = self._pending
        self._store.append(pending.start, pending.entries, pending.nodes)
        try:
            effects = self._apply(enumerate(pending.entries, start=pending.start))
        except DirectoryRejected:
            self._wrong_directory = LogProof(
                index=self._applied,
                path=self._store.path(self._applied, signed.checkpoint.size),
                note=signed.note,
                extra=pending.entries[self._applied - pending.start],
            )
            raise
        self._store.put_effects(effects)
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
        self._pending = _Pending(frontier=self._store.frontier(), entries=[], nodes=[])

    def discard(self) -> None:
        """Discards what was read without a checkpoint, and entries applied of a refused page."""
        if self._applied > self._store.size:
            self._trust.adopt(TrustState(federation=self._trust.federation))
            self._applied = 0
        self._catch_up()

    def _apply(self, entries: Iterable[tuple[int, bytes]]) -> list[int]:
        """Applies entries; returns the directories among them whose time changed a member."""
        effects = []
        for index, entry in entries:
            if index < self._applied:
                continue
            self._applied = index
            statement = parse_entry(entry)
            if statement is not None:
                self._verify_succession(statement)
                self._trust.apply(index, statement)
                changes = self._trust.membership.has_changed_at(index)
                if changes and isinstance(statement, DirectoryEntry):
                    effects.append(index)
            self._applied = index + 1
        return effects

    def _verify_succession(self, entry: Signed | DirectoryEntry) -> None:
        """Verifies that a new exchange goes on from the entries here, as the council decided."""
        if isinstance(entry, Signed) and entry.statement.type is StatementType.AMENDMENT:
            amendment = parse_amendment(entry.statement.body)
            if amendment.size and self._store.root_at(amendment.size) != amendment.root:
                raise LogInconsistent("the council decided to go on from another root")


def _may_change_keys(entry: bytes) -> bool:
    """Returns whether an entry is a vote on a constitution."""
    signed = parse_clear(entry)
    if signed is None or signed.statement.type is not StatementType.VOTE:
        return False
    return parse_vote(signed.statement.body).kind is VoteKind.AMEND
