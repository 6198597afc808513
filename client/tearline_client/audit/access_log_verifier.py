"""Verification of the node's access log: rows, tree, and every anchor."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from tearline.audit.anchor import verify_anchored
from tearline.audit.event import Event, EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import AccessLogChanged, StatementMalformed, StoreDamaged, TearlineError
from tearline.statements.statement import Statement, StatementType
from tearline.tlog.merkle import Frontier
from tearline.verification.log_entries import blind_entry, entry_hash
from tearline.wire.audit_search import SearchRequest
from tearline.wire.grants import parse_anchor, parse_event
from tearline_client.audit.search import BEGINNING, search
from tearline_client.audit.verifier import Outcome
from tearline_client.context import NodeContext
from tearline_client.store.access import AccessHead, AccessStore, StoredAnchor
from tearline_client.store.log import LogStore
from tearline_runtime.turns import in_turns

_OVERDUE_MS = 2 * 24 * 3_600_000


@immutable
class AccessEntry:
    """A logged act.

    Attributes:
        index: Its place in the access log.
        event: The act.
        leaf: The hash of its entry.
    """

    index: int
    event: Event
    leaf: bytes


@immutable
class AccessFinding:
    """A defect, or an open question.

    Attributes:
        outcome: ``failed`` or ``indeterminate``.
        why: Its description, with the entry or the anchor.
    """

    outcome: Outcome
    why: str

    @property
    def code(self) -> str:
        """Returns the error's code for a failure, otherwise an empty string."""
        return AccessLogChanged.code if self.outcome is Outcome.FAILED else ""


@immutable
class AccessExamination:
    """The examined access log.

    Attributes:
        entries: Every readable entry, in order.
        findings: Defects of entries, tree or anchors.
        size: Required number of entries.
        anchored: Number of entries covered by the newest valid anchor.
        anchors: The statements of all anchors here.
    """

    entries: tuple[AccessEntry, ...]
    findings: tuple[AccessFinding, ...]
    size: int
    anchored: int
    anchors: frozenset[bytes]

    def with_findings(self, findings: Iterable[AccessFinding]) -> "AccessExamination":
        """Returns the same examination with more findings."""
        return replace(self, findings=(*self.findings, *findings))


def examine_access(
    store: AccessStore, log: LogStore, node: str, *, now_ms: int
) -> AccessExamination:
    """Rebuilds the access log's tree, and compares it with the stored tree and the anchors.

    Args:
        store: The access log.
        log: The exchange's log as this node followed it.
        node: The node's URI.
        now_ms: The time.
    """
    examiner = _Examiner(store)
    for _ in examiner.read():
        pass
    return examiner.result(log, node, now_ms)


async def examine_access_in_turns(
    store: AccessStore, log: LogStore, node: str, *, now_ms: int
) -> AccessExamination:
    """Examines the access log as ``examine_access``, while other tasks of the node run."""
    examiner = _Examiner(store)
    async for _ in in_turns(examiner.read()):
        pass
    return examiner.result(log, node, now_ms)


async def missing_anchors(
    context: NodeContext, held: frozenset[bytes], token: Callable[[], str]
) -> tuple[AccessFinding, ...]:
    """Returns this node's anchors that are in the exchange's log and missing here.

    The search itself is an entry of the exchange's log.

    Args:
        context: The node.
        held: The statements of the anchors here.
        token: Returns a valid token of the auditor.

    Raises:
        TearlineError: If the exchange refuses, is unreachable, or answers wrongly.
    """
    query = f"action:{EventCode.ANCHOR} actor:{context.uri}"
    request = SearchRequest(query=query, after=BEGINNING, limit=0)
    return tuple(
        [
            _failed(f"entry {found.index} of the exchange's log is an anchor that is not here")
            async for found in search(context, request, token)
            if found.event.statement_id not in held
        ]
    )


class _Examiner:
    """Examination of the log as it is at the beginning: its rows, its tree and its anchors.

    Args:
        store: The access log.
    """

    def __init__(self, store: AccessStore) -> None:
        self._store = store
        self._entries: list[AccessEntry] = []
        self._findings: list[AccessFinding] = []
        self._tree = Frontier()  # of the rows
        self._roots: dict[int, bytes] = {}
        self._head = AccessHead(since_ms=0, tree=Frontier())
        self._anchors: tuple[StoredAnchor, ...] = ()
        try:
            head = store.head()
            self._anchors = store.anchors()
            self._head = head
        except TearlineError as error:
            why = f"the end of the log, or an anchor, cannot be opened: {error.why}"
            self._findings.append(_failed(why))
        self._size = self._head.tree.size

    def read(self) -> Iterator[None]:
        """Reads the rows one by one; a lost entry is replaced by its stored leaf."""
        sizes = {anchor.tree.size for anchor in self._anchors}
        for leaf in self._leaves():
            self._tree, _ = self._tree.append([leaf])
            if self._tree.size in sizes:
                self._roots[self._tree.size] = self._tree.root()
            yield

    def result(self, log: LogStore, node: str, now_ms: int) -> AccessExamination:
        """Returns the result, once all rows are read; parameters as ``examine_access``."""
        findings = self._findings
        if not findings and self._tree != self._head.tree:
            findings.append(_failed("the entries do not make the tree that was kept"))
        anchored, good, expected = 0, self._head.since_ms, 1
        for anchor in self._anchors:
            findings += (_failed(f"anchor {n} is missing") for n in range(expected, anchor.number))
            expected = anchor.number + 1
            try:
                _verify_anchor(anchor, self._roots.get(anchor.tree.size), anchored)
            except (AccessLogChanged, StatementMalformed) as error:
                findings.append(_failed(error.why))
                continue
            if not _is_logged(anchor, log, node):
                if now_ms > anchor.time_ms + _OVERDUE_MS:
                    why = f"anchor {anchor.number}: the exchange's log is not seen here to hold it"
                    findings.append(_open(why))
                continue
            anchored, good = anchor.tree.size, anchor.time_ms
        if anchored < self._size and now_ms > good + _OVERDUE_MS:
            findings.append(_open(f"entries from {anchored} on are under no anchor, for two days"))
        return AccessExamination(
            entries=tuple(self._entries),
            findings=tuple(findings),
            size=self._size,
            anchored=anchored,
            anchors=frozenset(anchor.statement_id for anchor in self._anchors),
        )

    def _leaves(self) -> Iterator[bytes]:
        following = 0
        for index, sealed in self._store.rows():
            if not 0 <= index < self._size:
                if not self._size <= index < self._size_now():
                    self._findings.append(_failed(f"entry {index} was added"))
                continue
            for lost in range(following, index):
                yield self._lost(lost)
            following = index + 1
            yield self._leaf(index, sealed)
        for lost in range(following, self._size):
            yield self._lost(lost)

    def _size_now(self) -> int:
        """Returns the number of entries, with those written since the examination began."""
        try:
            return self._store.head().tree.size
        except TearlineError:
            return self._size

    def _lost(self, index: int) -> bytes:
        self._findings.append(_failed(f"entry {index} is missing"))
        return self._store.leaf(index) or bytes(32)

    def _leaf(self, index: int, sealed: bytes) -> bytes:
        kept = self._store.leaf(index)
        try:
            opening = self._store.opening(index, sealed)
            event = parse_event(opening.event)
        except (StoreDamaged, StatementMalformed):
            self._findings.append(_failed(f"entry {index} was changed"))
            return kept or bytes(32)
        leaf = entry_hash(blind_entry(opening.salt, opening.event))
        if opening.index != index or leaf != kept:
            self._findings.append(_failed(f"entry {index} is not the one that was written"))
        self._entries.append(AccessEntry(index=index, event=event, leaf=leaf))
        return leaf


def _verify_anchor(anchor: StoredAnchor, root: bytes | None, before: int) -> None:
    said = parse_anchor(anchor.body)
    statement = Statement(type=StatementType.ANCHOR, body=anchor.body, inclusions=())
    if said.number != anchor.number or statement.id != anchor.statement_id:
        raise AccessLogChanged(f"anchor {anchor.number} was changed")
    verify_anchored(said, anchor.tree)
    size = anchor.tree.size
    if root is None:
        raise AccessLogChanged(f"anchor {anchor.number} is of {size} entries, and there are fewer")
    if root != anchor.tree.root:
        where = f"entries {before} to {size - 1}" if before < size else f"entries below {size}"
        raise AccessLogChanged(f"{where}: not what anchor {anchor.number} was made of")


def _is_logged(anchor: StoredAnchor, log: LogStore, node: str) -> bool:
    """Returns whether the log, as followed here, contains this anchor."""
    return any(
        opened.event.code is EventCode.ANCHOR
        and opened.event.actor == node
        and log.entry(opened.opening.index)
        == blind_entry(opened.opening.salt, opened.opening.event)
        for opened in log.openings(anchor.statement_id)
    )


def _failed(why: str) -> AccessFinding:
    return AccessFinding(outcome=Outcome.FAILED, why=why)


def _open(why: str) -> AccessFinding:
    return AccessFinding(outcome=Outcome.INDETERMINATE, why=why)
