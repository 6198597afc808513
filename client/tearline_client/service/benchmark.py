"""Measurement of an exchange from this node, with synthetic packets.

Each packet holds one invented person, and ends within the hour: then the partner's node and the
exchange erase it. Entries of the log stay.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from statistics import quantiles

from tearline.dataclass.immutable import immutable
from tearline.statements.receipt import Receipt, Status
from tearline_client.drafting.from_file import ReleaseOptions
from tearline_client.features.packets.service import Persons
from tearline_client.node import Node
from tearline_client.outbox.outbox import Batch
from tearline_client.planning.entities import Entity, Group
from tearline_client.planning.release_plan import ReleasePlan

LIFETIME_MS = 3_600_000  # long enough for a slow partner; then the packets are erased
STORED_WAIT_S = 30.0  # for a partner's receipts after the last packet
NOTE = "Synthetic: made by tearline bench. Nobody of this name is meant."


@immutable
class Figure:
    """One measured value.

    Attributes:
        what: Its name.
        packets: Number of packets.
        per_s: Packets per second; None if meaningless.
        p50_ms: The median, in milliseconds; None if single packets were not timed.
        p99_ms: The 99th percentile, likewise.
        entries: Growth of the log from the first to the last packet, including others' entries;
            None if meaningless.
    """

    what: str
    packets: int
    per_s: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    entries: int | None = None


class Benchmark:
    """One measurement. Its caller has synchronised the node.

    Args:
        node: The sending node.
        order: Agreement and recipients.
        persons: The responsible persons.
        progress: Called with the number of packets just done.
    """

    def __init__(
        self, node: Node, order: ReleaseOptions, persons: Persons, progress: Callable[[int], None]
    ) -> None:
        self._node = node
        self._order = order
        self._persons = persons
        self._progress = progress
        self._run = secrets.token_hex(4)
        self._made = 0

    async def run(self, *, alone: int, streamed: int) -> tuple[Figure, ...]:
        """Measures single packets, their partners' receipts, and a stream of packets.

        Args:
            alone: Number of packets sent singly, each after the previous one is accepted.
            streamed: Number of packets sent as in an import.

        Raises:
            TearlineError: If a packet may not be sent, or the exchange refuses it.
        """
        sent: dict[bytes, float] = {}
        stored: dict[bytes, float] = {}
        everything = asyncio.Event()
        listening = asyncio.create_task(self._listen(sent, stored, everything))
        try:
            accepted_ms, one_by_one = [], time.perf_counter()
            entries: list[int] = []
            for plan in self._plans(alone):
                began = time.perf_counter()
                published = await self._node.imports.publish([plan], self._persons)
                accepted_ms.append((time.perf_counter() - began) * 1000)
                sent |= {grant.statement.id: began for grant in published.statements[1:]}
                entries += self._entries(published)
                self._progress(1)
            alone_s = time.perf_counter() - one_by_one
            if sent.keys() - stored.keys():
                with suppress(TimeoutError):
                    await asyncio.wait_for(everything.wait(), STORED_WAIT_S)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        plans = self._plans(streamed)
        began = time.perf_counter()
        await self._node.imports.send(
            secrets.token_bytes(32), plans, self._persons, advance=self._progress
        )
        streamed_s = time.perf_counter() - began
        stored_ms = [(at - sent[grant]) * 1000 for grant, at in stored.items() if grant in sent]
        accepted_p50_ms, accepted_p99_ms = _percentiles(accepted_ms)
        stored_p50_ms, stored_p99_ms = _percentiles(stored_ms)
        return (
            Figure(
                what="accepted, one at a time",
                packets=alone,
                per_s=alone / alone_s,
                p50_ms=accepted_p50_ms,
                p99_ms=accepted_p99_ms,
                entries=max(entries) - min(entries) + 1,
            ),
            Figure(
                what="stored by a partner",
                packets=len(stored_ms),
                p50_ms=stored_p50_ms,
                p99_ms=stored_p99_ms,
            ),
            Figure(what="accepted, in a stream", packets=streamed, per_s=streamed / streamed_s),
        )

    async def _listen(
        self, sent: dict[bytes, float], stored: dict[bytes, float], everything: asyncio.Event
    ) -> None:
        """Records when partners' receipts are verified and stored here."""
        async for received in self._node.inbox(wait=True):
            content = received.content
            if isinstance(content, Receipt) and content.status >= Status.STORED:
                stored.setdefault(content.about, time.perf_counter())
                if sent.keys() <= stored.keys():
                    everything.set()

    def _entries(self, published: Batch) -> list[int]:
        receipts = self._node.packets.receipts
        found = [receipt for s in published.statements for receipt in receipts(s.statement.id)]
        return [receipt.entry.index for receipt in found if receipt.entry is not None]

    def _plans(self, count: int) -> Sequence[ReleasePlan]:
        return [self._plan() for _ in range(count)]

    def _plan(self) -> ReleasePlan:
        self._made += 1
        name = f"Tearline Benchmark {self._run} {self._made}"
        person = Entity(
            id=f"tearline-bench-{self._run}-{self._made}",
            schema="Person",
            properties={"name": (name,), "notes": (NOTE,)},
        )
        group = Group(entities=(person,), outside=())
        draft = self._node.packets.draft(group, self._order.about, agreement=self._order.agreement)
        ends_ms = self._node.now_ms() + LIFETIME_MS
        return self._node.packets.plan(replace(draft, not_after_ms=ends_ms), self._order.to)


def _percentiles(values_ms: Sequence[float]) -> tuple[float | None, float | None]:
    """Returns the median and the 99th percentile, or None for fewer than two values."""
    if len(values_ms) < 2:
        return None, None
    cuts = quantiles(values_ms, n=100, method="inclusive")
    return cuts[49], cuts[98]
