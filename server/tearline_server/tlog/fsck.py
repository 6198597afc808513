"""Verification of the stored log, which trusts no data that can be recomputed.

The tree is recomputed from the entries, and compared with the stored nodes, the head and the last
signed checkpoint. Blind entries must match their events' hashes, rows their events, and statements
their ids; outcomes of statements must match their events. All findings are reported, each with its
row. Losses from a restore are distinguished from changes.
"""

from collections.abc import AsyncIterator, Callable, Container, Iterator, Mapping, Sequence

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.errors import LogError, TearlineError
from tearline.federation.members import LogIdentity
from tearline.packets.ciphertexts import verify_ciphertexts
from tearline.packets.commitments import verify_opening
from tearline.statements.statement import Statement, StatementType
from tearline.tlog.merkle import Frontier, NodeId
from tearline.verification.log_entries import (
    BLIND_SIZE,
    blind_entry,
    entry_hash,
    parse_entry,
    verify_cosigned,
)
from tearline.wire.agreements import parse_agreement
from tearline.wire.grants import keys_of_event
from tearline.wire.packet_parts import parse_parts
from tearline.wire.packets import parse_manifest
from tearline.wire.statements import parse_statement
from tearline_server.storage.columns import parts_of
from tearline_server.storage.interface import Store
from tearline_server.storage.lookups import WholePacket
from tearline_server.storage.rows import EventRow, StatementRow
from tearline_server.storage.snapshot import Snapshot
from tearline_server.tlog.fsck_deletions import Deletions
from tearline_server.tlog.fsck_erasures import ErasureVerifier
from tearline_server.tlog.log import event_row

_PAGE = 1024
_PACKETS = 16  # read at once, three MiB each at most


@immutable
class Finding:
    """Difference between the store and the log.

    Attributes:
        place: The row, for example ``event 31``.
        what: The difference.
        is_lost: Whether a restore lost it, rather than tampering: the entry came from a mirror,
            which lacks its contents.
        is_behind: Whether the log signed more entries than are stored, as after a rollback.
    """

    place: str
    what: str
    is_lost: bool = False
    is_behind: bool = False


class LogVerifier:
    """Verifier of a whole store.

    Args:
        store: The store.
        log: The log's name and keys, from another source than the store.
        read: Callback for progress: entries read, entries in total.
    """

    def __init__(
        self,
        store: Store,
        log: LogIdentity,
        read: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._store = store
        self._log = log
        self._read = read
        self._tree = Frontier()
        self._erasures: ErasureVerifier | None = None
        self._time_ms = 0
        self._deletions = Deletions()
        self.erased = 0
        """Entries read so far with contents erased by a valid order."""

    @property
    def size(self) -> int:
        """Returns the number of entries read so far."""
        return self._tree.size

    async def findings(self) -> AsyncIterator[Finding]:
        """Yields every difference; none means that the store matches the log.

        Raises:
            StoreError: If the store cannot be read at all.
        """
        try:
            stored = await self._store.load()
        except LogError as error:
            yield Finding(place="head", what=str(error))
            return
        signed_size, signed_root, problem = self._checkpoint(stored)
        if problem:
            yield problem
        restorations = await self._store.restorations()
        while page := await self._store.entry_rows(self.size, limit=_PAGE):
            first, end = page[0][0], page[-1][0] + 1
            events = {row.idx: row for row in await self._events(first, end)}
            erased = await self._store.erased(first, end)
            # Entries after a gap cannot be placed in the tree.
            placed = [row for place, row in enumerate(page, self.size) if row[0] == place]
            for index, entry in placed:
                row = events.get(index)
                if row is None and index in erased and len(entry) == BLIND_SIZE:
                    async for finding in self._erasure_findings(index, erased[index], stored):
                        yield finding
                elif row is None and any(each.start <= index < each.stop for each in restorations):
                    for finding in _restored_findings(index, entry):
                        yield finding
                else:
                    self._time_ms = self._time_ms if row is None else row.time_ms
                    for finding in _entry_findings(index, entry, row):
                        yield finding
            leaves = [entry_hash(entry) for _, entry in placed]
            async for finding in self._grow(leaves, signed_size, signed_root):
                yield finding
            if len(placed) < len(page):
                yield Finding(place=f"entry {self.size}", what="it is missing")
                return
            for index in events.keys() - {index for index, _ in placed}:
                yield Finding(place=f"event {index}", what="it has no entry")
            statements = await self._store.statement_rows(first, limit=_PAGE, end=end)
            for said in statements:
                for finding in _outcome_findings(said, events.get(said.idx), erased):
                    yield finding
            async for finding in self._statement_findings(statements, events):
                yield finding
            self._read(self.size, stored.head.tree.size)
        async for finding in self._behind(stored, signed_size):
            yield finding

    def _checkpoint(self, stored: Snapshot) -> tuple[int, bytes, Finding | None]:
        if stored.checkpoint is None:
            return 0, b"", None
        try:
            signed = verify_cosigned(stored.checkpoint[1], self._log).checkpoint
        except TearlineError as error:
            return 0, b"", Finding(place="checkpoint", what=str(error))
        return signed.size, signed.root, None

    async def _grow(
        self, leaves: Sequence[bytes], signed_size: int, signed_root: bytes
    ) -> AsyncIterator[Finding]:
        """Appends a page's leaves to the tree, and yields nodes that differ from stored ones."""
        before = self._tree
        self._tree, nodes = before.append(leaves, lowest=1)
        hashes = {(level, index): node for level, index, node in nodes}
        # One query: a query per entry would dominate the time.
        stored = await self._store.nodes([*hashes])
        for finding in _node_findings(hashes, stored):
            yield finding
        if before.size < signed_size <= self.size:
            signed, _ = before.append(leaves[: signed_size - before.size])
            if signed.root() != signed_root:
                what = f"it signed another tree of {signed_size} entries"
                yield Finding(place="checkpoint", what=what)

    async def _events(self, first: int, end: int) -> list[EventRow]:
        rows = await self._store.event_rows(first, limit=end - first)
        return [row for row in rows if row.idx < end]

    async def _erasure_findings(
        self, index: int, statement: int, stored: Snapshot
    ) -> AsyncIterator[Finding]:
        self._erasures = self._erasures or ErasureVerifier(self._store, stored)
        try:
            await self._erasures.verify(index, statement, self._time_ms)
        except TearlineError as error:
            why = f"{error.code}: {error.why or error.what}"
            yield Finding(place=f"event {index}", what=f"no order erased it; {why}")
        else:
            self.erased += 1

    async def _behind(self, stored: Snapshot, signed_size: int) -> AsyncIterator[Finding]:
        head = stored.head.tree
        if (head.size, head.hashes) != (self._tree.size, self._tree.hashes):
            yield Finding(
                place="head", what=f"it is of another tree: {head.size} entries, {self.size} stored"
            )
        if signed_size > self.size:
            yield Finding(
                place=f"entry {self.size}",
                what=f"it is missing: {signed_size} were signed",
                is_behind=True,
            )
        start = self.size
        while rows := await self._store.statement_rows(start, limit=_PAGE):
            for row in rows:
                yield Finding(place=f"statement {row.idx}", what="it has no entry")
            start = rows[-1].idx + 1
        now_ms = max(self._time_ms, stored.head.time_ms)
        for entry, what in self._deletions.unexplained(_newest(stored), now_ms):
            yield Finding(place=f"statement {entry}", what=what)

    async def _statement_findings(
        self, page: Sequence[StatementRow], events: Mapping[int, EventRow]
    ) -> AsyncIterator[Finding]:
        """Verifies the statements of a page against their ids, and the parts of packets."""
        manifests = [row.id for row in page if row.type == StatementType.MANIFEST]
        starts = range(0, len(manifests), _PACKETS)
        runs = {manifests[start]: manifests[start : start + _PACKETS] for start in starts}
        packets: Mapping[bytes, WholePacket] = {}
        for row in page:
            if row.id in runs:
                packets = await self._store.packets(runs[row.id])
            if row.envelope is None:
                continue
            if not row.envelope and row.type == StatementType.GRANT:
                self._deletions.grant_is_missing(row.idx, row.id, row.signer)
                continue
            place = f"statement {row.idx}"
            try:
                statement = parse_statement(row.envelope)
                if (statement.id, statement.type) != (row.id, row.type):
                    yield Finding(place=place, what="it is not the statement of its id")
                elif statement.type is StatementType.MANIFEST:
                    event = events.get(row.idx)
                    self._take_packet(row.idx, statement, event, packets.get(row.id))
                else:
                    self._deletions.take(statement)
            except TearlineError as error:
                yield Finding(place=place, what=f"{error.code}: {error.why or error.what}")

    def _take_packet(
        self, entry: int, packet: Statement, event: EventRow | None, stored: WholePacket | None
    ) -> None:
        """Verifies a manifest and the parts stored with it."""
        manifest = parse_manifest(packet.body)
        held: Mapping[int, bytes] = {}
        accepted_ms = 0
        if stored is not None:
            parts, accepted_ms = parts_of(stored.ciphertexts), stored.accepted_ms
            held = parts.ciphertexts
            for opening in parse_parts(stored.openings).openings:
                verify_opening(manifest, opening)
            if held:
                verify_ciphertexts(manifest, parts)
        if event is not None:
            accepted_ms = event.time_ms  # the log takes precedence over the row
        self._deletions.take_packet(
            packet.id, manifest, entry=entry, accepted_ms=accepted_ms, held=held
        )


def _newest(stored: Snapshot) -> dict[bytes, Agreement]:
    """Returns the newest version of each agreement, by id; they are stored in log order."""
    found = [parse_agreement(parse_statement(each.envelope).body) for each in stored.agreements]
    return {agreement.id: agreement for agreement in found}


def _outcome_findings(
    row: StatementRow, event: EventRow | None, erased: Container[int]
) -> Iterator[Finding]:
    """Compares the outcome of a statement with its event, unless that was erased."""
    place = f"statement {row.idx}"
    if event is None:
        if row.idx not in erased:
            yield Finding(place=place, what="it has no event")
    elif (row.id, row.code) != (event.statement, event.reason):
        yield Finding(place=place, what="its event contradicts its row")


def _restored_findings(index: int, entry: bytes) -> list[Finding]:
    if len(entry) != BLIND_SIZE:
        return _clear_findings(index, entry)
    lost = "its opening is missing since the restore: no party has returned it"
    return [Finding(place=f"event {index}", what=lost, is_lost=True)]


def _node_findings(
    hashes: Mapping[NodeId, bytes], stored: Mapping[NodeId, bytes]
) -> Iterator[Finding]:
    if stored == hashes:
        return
    wrong = {node for node, expected in hashes.items() if stored.get(node) != expected}
    for level, index in sorted(wrong):
        # All hashes above a wrong one are wrong too: report only the lowest.
        if wrong.isdisjoint([(level - 1, 2 * index), (level - 1, 2 * index + 1)]):
            first, last = index << level, (index + 1 << level) - 1
            yield Finding(
                place=f"node {level}/{index}",
                what=f"it is not the hash of entries {first} to {last}: one was changed",
            )


def _entry_findings(index: int, entry: bytes, row: EventRow | None) -> list[Finding]:
    if len(entry) != BLIND_SIZE:
        return _clear_findings(index, entry)
    if row is None:
        return [Finding(place=f"event {index}", what="it is missing: its entry has no opening")]
    if blind_entry(row.salt, row.event) != entry:
        return [Finding(place=f"event {index}", what="it does not match its entry")]
    if event_row(index, row.salt, row.event, keys_of_event(row.event)) != row:
        return [Finding(place=f"event {index}", what="its row does not match the event")]
    return []


def _clear_findings(index: int, entry: bytes) -> list[Finding]:
    try:
        parse_entry(entry)
    except TearlineError as error:
        return [Finding(place=f"entry {index}", what=str(error))]
    return []
