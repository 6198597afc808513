"""B11: from a suspension to every connected node that is told of it, and nothing after it.

One process holds the exchange, over a database on disk, and the subscriptions of three partners.
The sender suspends, tries to send all the same, and resumes; all of it durable and logged.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import uvloop

from bench.b3 import Sealer
from bench.federation import now_ms
from bench.grown import Grown
from bench.harness import LATEST, Result, Target, result
from tearline.channel import Mark
from tearline.errors import AgreementSuspended
from tearline.standing import InFlight, OfficerAct, Originated, Reason, Standing, Suspension
from tearline.statement import ActedBy, StatementType
from tearline.wire.exchange import START, Delivery, Outcome, parse_publication, publication_of
from tearline.wire.flow import encode_mark
from tearline.wire.standings import encode_standing
from tearline_server.exchange import Exchange

SUSPENSIONS = 200
LIMIT_MS = 1000.0
_OFFICER = ActedBy(pseudonym=bytes(32), role="officer", token_hash=bytes(32), time_ms=0)
_WHOLE = Suspension(
    article="",
    sender="",
    recipient="",
    reason=Reason.POLITICAL,
    in_flight=InFlight.HOLD,
    originated=Originated.KEEP,
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The exchange, the federation, and the partners' open subscriptions."""

    exchange: Exchange
    grown: Grown
    streams: Sequence[AsyncIterator[Delivery]]

    async def say(self, kind: StatementType, body: bytes) -> Outcome:
        """Publishes one statement of the sender's."""
        publication = publication_of(self.grown.federation.sender.sign([(kind, body)]), [0])
        (outcome,) = await self.exchange.publish(self.grown.sender, publication, 0)
        return outcome

    async def stand(self, counter: int, *suspensions: Suspension) -> float:
        """Says how the sender stands; milliseconds until the last partner is told."""
        body = encode_standing(
            Standing(
                header=self.grown.federation.sender.header,
                agreement_id=self.grown.federation.agreement.id,
                counter=counter,
                suspensions=suspensions,
                ended=False,
                officer=OfficerAct(counter=counter, acted_by=_OFFICER),
                acted_by=None,
                time_ms=now_ms(),
            )
        )
        started = time.perf_counter()
        told = asyncio.gather(*(_told(stream, StatementType.STANDING) for stream in self.streams))
        outcome = await self.say(StatementType.STANDING, body)
        await told
        if outcome.refusal is not None:
            raise RuntimeError(f"the exchange refused: {outcome.refusal}")
        return (time.perf_counter() - started) * 1000

    async def mark(self, counter: int) -> float:
        """A mark for one partner; milliseconds until it is told."""
        federation = self.grown.federation
        body = encode_mark(
            Mark(
                header=federation.sender.header,
                recipient=federation.partners()[0],
                agreement_id=federation.agreement.id,
                counter=counter,
                highest_sent=0,
                highest_received=0,
                time_ms=now_ms(),
            )
        )
        started = time.perf_counter()
        told = asyncio.ensure_future(_told(self.streams[0], StatementType.MARK))
        await self.say(StatementType.MARK, body)
        await told
        return (time.perf_counter() - started) * 1000

    async def try_to_send(self, message: bytes) -> None:
        """Publishes a packet and its grants: none of them may be accepted."""
        publication = parse_publication(message)
        outcomes = await self.exchange.publish(self.grown.sender, publication, len(message))
        if any(outcome.refusal is None for outcome in outcomes):
            raise RuntimeError("something was accepted after the acknowledgement")
        if outcomes[0].refusal is None or outcomes[0].refusal.code != AgreementSuspended.code:
            raise RuntimeError("it was refused for another reason")


async def _told(stream: AsyncIterator[Delivery], kind: StatementType) -> None:
    while True:
        delivery = await anext(stream)
        if delivery.statements and delivery.statements[0].type is kind:
            return


def run(*, suspensions: int = SUSPENSIONS) -> Sequence[Result]:
    """Measures B11.

    Args:
        suspensions: How often the sender suspends and resumes.
    """
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=LATEST.parent) as folder:
        grown = Grown.begin(Path(folder))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            suspended, marked = runner.run(_measure(grown, suspensions))
    p99 = quantiles(suspended, n=100)[98]
    return [
        result(
            "B11",
            f"a suspension, until all of three connected nodes are told, p99 of {suspensions}",
            runs=[p99],
            unit="ms",
            baseline=[LIMIT_MS],
            baseline_unit="ms, what it may take",
            target=Target(limit=1, at_most=True),
        ),
        result(
            "B11m",
            "the same, the median",
            runs=suspended,
            unit="ms",
            baseline=marked,
            baseline_unit="ms, a mark, until the one node that it is for is told",
        ),
    ]


async def _measure(grown: Grown, suspensions: int) -> tuple[list[float], list[float]]:
    (messages,) = Sealer(grown.federation, 1).lanes(suspensions)
    suspended, marked = [], []
    async with grown.opened(grown.database) as (exchange, _):
        streams = [exchange.subscribe(node, START) for node in grown.federation.partners()]
        scene = Scene(exchange=exchange, grown=grown, streams=streams)
        for number, message in enumerate(messages):
            suspended.append(await scene.stand(2 * number + 1, _WHOLE))
            await scene.try_to_send(message)
            await scene.stand(2 * number + 2)
            marked.append(await scene.mark(number + 1))
        for stream in streams:
            await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    return suspended, marked
