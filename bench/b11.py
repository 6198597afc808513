"""B11: from a suspension to every connected node that is told of it, and nothing after it.

The exchange is a process, over a database on disk; this process is its clients over mutual TLS:
the sender, and three partners that subscribe. The sender suspends, tries to send all the same as
soon as that is acknowledged, and resumes; all of it durable and logged.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import uvloop

from bench.client import verify_accepted
from bench.exchange import Process
from bench.federation import Federation, now_ms
from bench.founding import Scene, founded
from bench.harness import Result, Target, result
from bench.lanes import Sealer
from tearline.errors import AgreementSuspended
from tearline.limits import LIFT_PACE_MS, STANDING_BURST_MS, STANDING_PACE_MS
from tearline.statements.channel import Mark
from tearline.statements.statement import ActedBy, StatementType
from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.wire.deliveries import START, encode_cursor, is_idle, parse_delivery
from tearline.wire.grants import encode_mark
from tearline.wire.publications import encode_publication, parse_outcomes, publication_of
from tearline.wire.suspensions import encode_standing
from tearline_client.transport.grpc import GrpcTransport

SUSPENSIONS = STANDING_BURST_MS // (STANDING_PACE_MS + LIFT_PACE_MS)  # an agency may at once
LIMIT_MS = 1000.0
_CALL_S = 60
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
class Suspending:
    """The sender's connection, the federation, and the partners' open subscriptions."""

    sender: GrpcTransport
    federation: Federation
    streams: Sequence[AsyncIterator[bytes]]

    async def stand(self, counter: int, *suspensions: Suspension) -> float:
        """Says how the sender stands, until that is acknowledged; when it was sent."""
        body = encode_standing(
            Standing(
                header=self.federation.sender.header,
                agreement_id=self.federation.agreement.id,
                counter=counter,
                suspensions=suspensions,
                ended=False,
                officer=OfficerAct(counter=counter, acted_by=_OFFICER),
                acted_by=None,
                time_ms=now_ms(),
            )
        )
        return await self._say(StatementType.STANDING, body)

    async def suspend(self, counter: int, message: bytes) -> float:
        """Suspends, and tries to send; milliseconds until the last partner is told."""
        told = self._told(StatementType.STANDING, self.streams)
        sent = await self.stand(counter, _WHOLE)
        await self._try_to_send(message)
        return (max(await told) - sent) * 1000

    async def resume(self, counter: int) -> None:
        """Lifts the suspension, until every partner is told."""
        told = self._told(StatementType.STANDING, self.streams)
        await self.stand(counter)
        await told

    async def mark(self, counter: int) -> float:
        """A mark for one partner; milliseconds until it is told."""
        body = encode_mark(
            Mark(
                header=self.federation.sender.header,
                recipient=self.federation.partners()[0],
                agreement_id=self.federation.agreement.id,
                counter=counter,
                highest_sent=0,
                highest_received=0,
                time_ms=now_ms(),
            )
        )
        told = self._told(StatementType.MARK, self.streams[:1])
        sent = await self._say(StatementType.MARK, body)
        return (max(await told) - sent) * 1000

    async def _say(self, kind: StatementType, body: bytes) -> float:
        tree = self.federation.sender.sign([(kind, body)])
        message = encode_publication(publication_of(tree, [0]))
        sent = time.perf_counter()
        verify_accepted(await self.sender.publish(message), 1)
        return sent

    async def _try_to_send(self, message: bytes) -> None:
        """Publishes a packet and its grants: none of them may be accepted."""
        outcomes = parse_outcomes(await self.sender.publish(message))
        if any(outcome.refusal is None for outcome in outcomes):
            raise RuntimeError("something was accepted after the acknowledgement")
        if outcomes[0].refusal is None or outcomes[0].refusal.code != AgreementSuspended.code:
            raise RuntimeError("it was refused for another reason")

    def _told(
        self, kind: StatementType, streams: Sequence[AsyncIterator[bytes]]
    ) -> "asyncio.Future[list[float]]":
        """When each is told, read from now on."""
        return asyncio.gather(*(_arrival(stream, kind) for stream in streams))


async def _arrival(stream: AsyncIterator[bytes], kind: StatementType) -> float:
    """When the next statement of a kind was there."""
    while True:
        statements = parse_delivery(await anext(stream)).statements
        if statements and statements[0].type is kind:
            return time.perf_counter()


def run(*, suspensions: int = SUSPENSIONS) -> Sequence[Result]:
    """Measures B11.

    Args:
        suspensions: How often the sender suspends and resumes.
    """
    with founded() as scene, scene.home.serve() as server:
        suspended, marked = uvloop.run(_measure(scene, server, suspensions))
    return [
        result(
            "B11",
            f"a suspension, until all three connected nodes are told, the longest of {suspensions}",
            runs=[max(suspended)],
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


async def _measure(
    scene: Scene, server: Process, suspensions: int
) -> tuple[list[float], list[float]]:
    (messages,) = Sealer(scene.federation, 1).lanes(suspensions)
    await scene.agree(server)
    nodes = (scene.sender, *scene.federation.partners())
    sender, *partners = (_connection(scene, node) for node in nodes)
    streams = [partner.subscribe(encode_cursor(START)) for partner in partners]
    for stream in streams:
        while not is_idle(await anext(stream)):  # what waits from before
            pass
    suspending = Suspending(sender=sender, federation=scene.federation, streams=streams)
    suspended, marked = [], []
    for number, message in enumerate(messages):
        marked.append(await suspending.mark(number + 1))  # with the first, the sender connects
        suspended.append(await suspending.suspend(2 * number + 1, message))
        await suspending.resume(2 * number + 2)
    for each in (sender, *partners):
        await each.close()
    return suspended, marked


def _connection(scene: Scene, node: str) -> GrpcTransport:
    """A node's connection, as the node itself has it."""
    exchange = scene.home.operator.enrolment.exchange
    return GrpcTransport(lambda: [exchange], scene.identity(node), timeout_s=_CALL_S)
