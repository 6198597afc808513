"""Write path: one worker commits all queued work in batches.

Group commit without a timer: while one batch is being written, the next one gathers. Results are
reported only once they are durable.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from copy import copy
from typing import Generic, Protocol, TypeVar

from tearline.errors import (
    ClockDoubted,
    ExchangeBusy,
    ExchangeFault,
    FrontierDamaged,
    StoreError,
    TearlineError,
)
from tearline.limits import (
    FAULT_S,
    MAX_BATCH_STATEMENTS,
    MAX_QUEUE_BYTES,
    MAX_QUEUE_STATEMENTS,
    SHARED_BATCH_BYTES,
    STUCK_S,
)
from tearline.tlog.merkle import Frontier
from tearline_runtime.traces import Attribute, SpanName, span
from tearline_server.admission.fair_queue import NOTHING, Cost, FairQueue
from tearline_server.observability.metrics import Metrics
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import Store
from tearline_server.storage.lookups import LookupResults, Lookups
from tearline_server.storage.rows import Head
from tearline_server.storage.snapshot import Snapshot

_log = logging.getLogger(__name__)

_RETRY_AFTER_MS = 250  # several commits pass in this time
# Time limits for judging and writing a batch. Large batches are cheap; small ones keep latency low
# while several nodes write, and for a while after. If the disk alone takes longer than the limit,
# judging may take as long as the disk: small batches would queue behind many slow commits.
_ALONE_S = 0.1
_SHARED_S = 0.01
# A batch has a fixed cost, above all a signature, which smaller batches than these would mostly
# spend. The minimum counts per waiting agency, two at least: a turn of each would otherwise take
# many batches. For a single agency it counts per node, up to a number that keeps latency low for
# newcomers.
_FEWEST_EACH = 8
_MOST_NODES = 8
_SHARED_FOR_S = 1.0
_FIRST_COST_S = 0.001  # of a statement, until it is measured
_BOUND = Cost(statements=MAX_QUEUE_STATEMENTS, bytes=MAX_QUEUE_BYTES)


class Work(Protocol):
    """Unit of work that changes the store."""

    @property
    def source(self) -> str:
        """Returns the URI of the node that it comes from, or ``OWN``."""
        ...

    @property
    def weight(self) -> Cost:
        """Returns its weight in the queue."""
        ...


W = TypeVar("W", bound=Work)
W_contra = TypeVar("W_contra", bound=Work, contravariant=True)


class BatchProcessor(Protocol[W_contra]):
    """Judge of batches; the committer decides only the timing."""

    @property
    def head(self) -> Head | None:
        """Returns the head that the processor knows."""
        ...

    def ask(self, works: Sequence[W_contra], head: Head, news: Snapshot | None) -> Lookups:
        """Returns the state to look up for a batch. Runs inside the transaction."""
        ...

    def compose(self, works: Sequence[W_contra], known: LookupResults, head: Head) -> Commit:
        """Judges a batch, and returns its writes. Runs inside the transaction."""
        ...

    def committed(self, works: Sequence[W_contra]) -> None:
        """Notifies waiters that the batch is durable."""
        ...

    async def follow(self) -> Frontier | None:
        """Applies writes of other processes; returns the new tree, or None if there were none."""
        ...

    async def restore(self) -> None:
        """Reloads the stored state, after a judged batch was not written."""
        ...


class Committer(Generic[W]):
    """Queue of work, and the one worker that drains it.

    Args:
        store: The store.
        processor: Processor of batches.
        advance: Called with the log's tree after each commit.
        metrics: The metrics.

    Attributes:
        on_settled: Called after every batch, successful or not.
    """

    def __init__(
        self,
        store: Store,
        processor: BatchProcessor[W],
        advance: Callable[[Frontier], None],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._processor = processor
        self._advance = advance
        self._metrics = metrics
        self.on_settled: Callable[[], None] = lambda: None
        self._line: FairQueue[tuple[W, asyncio.Future[None]]] = FairQueue(_BOUND)
        self._cost_s = _FIRST_COST_S
        self._disk_s = 0.0
        self._began_s: float | None = None
        self._shared_s = -math.inf
        self._arrived = asyncio.Event()
        self._closing = False
        self._damaged = False
        self._faults: dict[str, float] = {}
        self._followed: asyncio.Future[None] | None = None
        self._worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the worker on the running loop."""
        self._worker = asyncio.get_running_loop().create_task(self._drain(), name="committer")

    @property
    def is_healthy(self) -> bool:
        """Returns whether the last batch was written and the current one is not stuck."""
        return not self._damaged and self.under_way_s < STUCK_S

    @property
    def under_way_s(self) -> float:
        """Returns the seconds since the current batch began; 0 if there is none."""
        return time.monotonic() - self._began_s if self._began_s is not None else 0.0

    @property
    def waiting(self) -> Cost:
        """Returns the weight of the queued work."""
        return self._line.waiting

    def holds(self, source: str) -> bool:
        """Returns whether a source should wait: it has queued work, and others await the batch.

        Reading more from it now would take processor time from the current batch.
        """
        return self._is_shared and self._began_s is not None and source in self._line

    async def submit(self, work: W, *, internal: bool = False) -> None:
        """Queues ``work``, and waits until it is durable.

        Args:
            work: The work.
            internal: Whether it is the exchange's own work, which is never refused.

        Raises:
            ExchangeBusy: If the queue is full, the source's work caused a fault a moment ago, or
                the exchange is closing.
            StoreError: If the batch could not be written; none of it took effect.
            FrontierDamaged: If the store holds less than what was read from it before.
        """
        if self._closing and not internal:
            raise ExchangeBusy("the exchange is closing", retry_after_ms=_RETRY_AFTER_MS)
        if not internal:
            self._verify_no_fault(work.source)
            self._line.verify_room(work.source, work.weight)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.put(work.source, work.weight, (work, done))
        self._arrived.set()
        began = time.perf_counter()
        with span(SpanName.QUEUE) as traced:
            traced.add(Attribute.STATEMENTS, work.weight.statements)
            traced.add(Attribute.BYTES, work.weight.bytes)
            # A cancelled caller does not cancel its batch.
            await asyncio.shield(done)
        self._metrics.written(time.perf_counter() - began)

    def _note_fault(self, source: str) -> None:
        now_s = time.monotonic()
        self._faults = {who: at_s for who, at_s in self._faults.items() if now_s - at_s < FAULT_S}
        self._faults[source] = now_s

    def _verify_no_fault(self, source: str) -> None:
        """Checks that no work of a source caused an unexpected fault lately.

        After each such fault the exchange reloads its state, and all work waits for that.
        """
        left_s = self._faults.get(source, -math.inf) + FAULT_S - time.monotonic()
        if left_s > 0:
            raise ExchangeBusy(
                "the exchange failed on an earlier request", retry_after_ms=int(left_s * 1000) + 1
            )

    async def follow(self) -> None:
        """Has the processor apply writes of other processes, between two batches.

        Raises:
            StoreError: If they cannot be read.
            FrontierDamaged: If the store holds less than what was read from it before.
        """
        if self._followed is None:
            self._followed = asyncio.get_running_loop().create_future()
            self._arrived.set()
        await asyncio.shield(self._followed)

    async def close(self) -> None:
        """Writes the queued work, refuses new work, and ends the worker."""
        self._closing = True
        self._arrived.set()
        if self._worker is not None:
            await self._worker

    async def _drain(self) -> None:
        while self._line or self._followed or not self._closing:
            if not self._line and not self._followed:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            followed, self._followed = self._followed, None
            # A commit also applies earlier writes of others, so one read suffices.
            is_current = bool(self._line) and await self._work_off(self._take())
            if followed and is_current:
                followed.set_result(None)
            elif followed:
                await self._follow(followed)

    async def _follow(self, followed: asyncio.Future[None]) -> None:
        try:
            if self._damaged:
                await self._go_back()
            tree = await self._processor.follow()
        except Exception as error:  # noqa: BLE001 (the caller gets the error, and the worker continues)
            self._damaged = True
            followed.set_exception(error)
        else:
            if tree is not None:
                self._advance(tree)
            followed.set_result(None)

    async def _go_back(self) -> None:
        await self._processor.restore()
        self._damaged = False

    async def _work_off(self, batch: list[tuple[W, asyncio.Future[None]]]) -> bool:
        """Writes a batch, which keeps its room in the queue until settled; returns the success."""
        for work, _ in batch:
            self._line.begin(work.source, work.weight)
        try:
            return await self._settle(batch)
        finally:
            for work, _ in batch:
                self._line.end(work.source, work.weight)

    async def _settle(self, batch: list[tuple[W, asyncio.Future[None]]]) -> bool:
        """Writes a batch, and notifies its waiters; returns whether it was written as a whole."""
        try:
            with span(SpanName.COMMIT) as traced:
                traced.add(Attribute.STATEMENTS, sum(work.weight.statements for work, _ in batch))
                await self._write([work for work, _ in batch])
        except (StoreError, FrontierDamaged, ClockDoubted) as error:
            about = {"works": len(batch), "code": error.code, "why": error.why}
            _log.error("batch not written", extra=about)
            _fail(batch, error)
        except Exception as error:  # noqa: BLE001 (one fault must not stop other work)
            _log.error("batch failed", extra={"works": len(batch), "error": type(error).__name__})
            if len(batch) == 1:
                self._note_fault(batch[0][0].source)
                _fail(batch, error if isinstance(error, TearlineError) else ExchangeFault())
            else:
                for single in batch:
                    await self._settle([single])
        else:
            self._announce([work for work, _ in batch])
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
            return True
        return False

    def _announce(self, works: Sequence[W]) -> None:
        try:
            self._processor.committed(works)
        except Exception as error:  # noqa: BLE001 (the batch is durable, even if a listener fails)
            _log.error("listener failed", extra={"error": type(error).__name__})

    def _take(self) -> list[tuple[W, asyncio.Future[None]]]:
        batch: list[tuple[W, asyncio.Future[None]]] = []
        most, weight = self._fitting(), NOTHING
        while self._line:
            weight += self._line.next_weight()
            if batch and weight.exceeds(most):
                break
            batch.append(self._line.take())
        return batch

    def _fitting(self) -> Cost:
        """Returns the maximum weight of the next batch.

        One agreement may cost as much as a hundred grants. So bytes also bound a batch while other
        nodes wait.
        """
        if self._line.nodes > 1:
            self._shared_s = time.monotonic()
        within_s = max(_SHARED_S if self._is_shared else _ALONE_S, self._disk_s)
        turns = max(self._line.agencies, 2)
        if self._line.agencies == 1:
            turns = max(2, min(self._line.nodes, _MOST_NODES))
        statements = max(_FEWEST_EACH * turns, within_s / self._cost_s)
        return Cost(
            statements=int(min(MAX_BATCH_STATEMENTS, statements)),
            bytes=SHARED_BATCH_BYTES if self._is_shared else MAX_QUEUE_BYTES,
        )

    @property
    def _is_shared(self) -> bool:
        """Returns whether several nodes had work queued, now or a moment ago."""
        return time.monotonic() - self._shared_s < _SHARED_FOR_S

    async def _write(self, works: list[W]) -> None:
        if self._damaged:
            await self._go_back()
        self._began_s = time.monotonic()
        trees: list[Frontier] = []

        def ask(head: Head, news: Snapshot | None) -> Lookups:
            return self._processor.ask(works, head, news)

        def append(head: Head, known: LookupResults) -> Commit:
            commit = self._processor.compose(works, known, head)
            trees.append(commit.tree)
            return commit

        try:
            disk_s = await self._store.commit(ask, append, since=self._processor.head)
            self._measure(sum(work.weight.statements for work in works), self.under_way_s, disk_s)
        except BaseException:
            self._damaged = True
            self._metrics.failed()
            raise
        finally:
            self._began_s = None
            self.on_settled()
        self._advance(trees[-1])

    def _measure(self, statements: int, seconds: float, disk_s: float) -> None:
        """Updates the averages of statement and disk time; the newest batch weighs a quarter."""
        self._metrics.committed(statements, seconds, disk_s)
        self._cost_s += ((seconds - disk_s) / max(1, statements) - self._cost_s) / 4
        self._disk_s += (disk_s - self._disk_s) / 4


def _fail(batch: Sequence[tuple[object, asyncio.Future[None]]], error: TearlineError) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(copy(error))
