"""What a node does by itself: one thing that cannot be done keeps nothing else from being done."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from attacks.simulated_requests import HOUR_MS, ask, phases, shift
from attacks.test_both_before_open import wait_for_both
from attacks.test_corrections import forge
from attacks.test_quarantine import goes_on, notices
from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from tearline.errors import (
    AgreementNotInForce,
    CorrectionRefused,
    LogInconsistent,
    NotFound,
    StatementMalformed,
    StoreDamaged,
    TearlineError,
)
from tearline.packets.packet import Urgency
from tearline.packets.recall import RecallReason
from tearline.requests.progress import Phase, Progress
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline_client.bootstrap import HANDLERS
from tearline_client.features.recalls import handler as recalls
from tearline_client.service.daemon import run_daemon
from tearline_client.store.recalls import StoredRecall
from tearline_client.store.requests import RequestStore, StoredRequest

DUTIES = ("reseal", "run_due", "answer")
CHORES = (("approvals", "expire"), ("_anchors", "anchor"))


def fail(error: TearlineError) -> Callable[..., Any]:
    def failing(*_: Any) -> None:
        raise error

    return failing


def spoil_duty(
    member: Member, kind: StatementType, duty: str, error: TearlineError, patch: pytest.MonkeyPatch
) -> None:
    """Has a duty of one statement type fail from now on."""
    spoiled = replace(HANDLERS[kind], **{duty: fail(error)})
    patch.setattr(member.node._duties, "_handlers", {**HANDLERS, kind: spoiled})


async def verify_told(world: Simulation, packet: bytes) -> None:
    """The failure was told once, and kept nothing else from being done."""
    assert world.cn.grants() == [packet]
    assert world.cn.codes() == [NotFound.code]
    assert "spoiled" in world.cn.status().quarantined[0].why
    told = [notice.ids for notice in notices(world.cn) if notice.event == "alarm"]
    assert told == [{"code": NotFound.code}]
    await goes_on(world, world.us, world.cn)


@pytest.mark.parametrize(("desk", "method"), CHORES)
async def test_a_chore_that_fails_stops_no_other(
    world: Simulation, desk: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getattr(world.cn.node, desk), method, fail(NotFound("spoiled")))
    (packet,) = await world.us.send(world.cn)
    for _ in range(2):
        await world.cn.node.receive()
    await verify_told(world, packet)


@pytest.mark.parametrize("duty", DUTIES)
async def test_a_duty_that_fails_stops_no_other(
    world: Simulation, duty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first type of the table fails; what the others owe is done."""
    spoil_duty(world.cn, next(iter(HANDLERS)), duty, NotFound("spoiled"), monkeypatch)
    (packet,) = await world.us.send(world.cn)
    for _ in range(2):
        await world.cn.node.receive()
    await verify_told(world, packet)
    await world.us.node.receive()
    (grant,) = context_of(world.us.node).stores.packets.grants(packet)
    assert grant.status is Status.STORED


@pytest.mark.parametrize("error", [StoreDamaged, LogInconsistent])
async def test_what_must_stop_everything_does(
    world: Simulation, error: type[TearlineError], monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_duty(world.cn, StatementType.RECALL, "run_due", error(), monkeypatch)
    with pytest.raises(error):
        await world.cn.node.sync()


async def test_a_packet_that_waits_and_contradicts_what_is_here_is_put_aside(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is judged for good when it opens: that must not end whoever opens it."""
    await wait_for_both(world)
    (packet,) = await world.us.send(world.cn)
    await world.settle()
    await world.settle()
    before = world.cn.grants()
    assert packet in before
    with monkeypatch.context() as patched:
        forged = await forge(world, world.mx, world.cn, packet, patched)
    await world.cn.take(forged)
    assert stores_of(world.cn.node).awaiting_cosignature.count() == 1
    for member in (world.mx, world.us, world.cn) * 2:
        await member.node.receive()
    world.cn.caught(CorrectionRefused, packets=len(before))
    assert stores_of(world.cn.node).awaiting_cosignature.all() == ()
    (later,) = await world.us.send(world.cn)
    await world.settle()
    await world.settle()
    assert later in world.cn.grants()


def spoil(request: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nothing can be computed of a request, as where its terms are not here."""
    honest = RequestStore.replayed

    def replayed(store: RequestStore, asked: StoredRequest, agency: str) -> Any:
        if asked.packet == request:
            raise AgreementNotInForce("the request's agreement version is not here")
        return honest(store, asked, agency)

    monkeypatch.setattr(RequestStore, "replayed", replayed)


async def test_a_request_that_cannot_be_computed_holds_up_no_other(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await ask(world.us, world.cn, Urgency.PRESERVE)
    second = await ask(world.us, world.cn, Urgency.PRESERVE)
    third = await ask(world.us, world.cn, Urgency.EMERGENCY)
    monkeypatch.setattr(Progress, "expires_ms", lambda self, stopped=(): self.granted_ms + HOUR_MS)
    shift(world, 9)
    spoil(second, monkeypatch)
    for member in (world.cn, world.us, world.cn):
        await member.node.receive()
    assert phases(first, world.cn) == [Phase.EXPIRED]
    assert world.cn.codes() == [AgreementNotInForce.code]
    world.cn.node.notifications.scan()
    told = {n.ids.get("request") for n in notices(world.cn) if n.event == "overdue"}
    assert second.hex() not in told
    assert third.hex() in told or phases(third, world.cn) == [Phase.EXPIRED]
    assert [late.packet for late in world.cn.node.requests.overdue()].count(second) == 0


async def test_a_recall_that_cannot_be_obeyed_holds_up_no_other(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await world.us.send(world.cn, times=2)
    await world.settle()
    object.__setattr__(context_of(world.cn.node), "asks_before_erasing", True)
    for packet in (first, second):
        plan = world.us.node.recalls.plan(packet)
        await world.us.node.recalls.recall(plan, RecallReason.MISTAKE)
    await world.cn.node.receive()
    honest = recalls.erase

    def erase(state: Any, stored: StoredRecall, **said: Any) -> None:
        honest(state, stored, **said)
        if stored.recall.packet == first:
            raise StatementMalformed("spoiled")

    monkeypatch.setattr(recalls, "erase", erase)
    monkeypatch.setattr(recalls, "is_overdue", lambda *_: True)
    await world.cn.node.receive()
    assert world.cn.node.packets.show(first).view.fields
    assert not world.cn.node.packets.show(second).view.fields
    assert world.cn.codes() == [StatementMalformed.code]


async def test_a_running_node_outlives_whatever_cannot_be_done(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the exchange answers nonsense for a while: the next round is another one."""
    (packet,) = await world.us.send(world.cn)
    request = await ask(world.us, world.cn)
    failing = fail(StatementMalformed("spoiled"))
    for desk, method in CHORES:
        monkeypatch.setattr(getattr(world.cn.node, desk), method, failing)
    spoiled = {
        kind: replace(each, **dict.fromkeys(DUTIES, failing)) for kind, each in HANDLERS.items()
    }
    monkeypatch.setattr(world.cn.node._duties, "_handlers", spoiled)
    spoil(request, monkeypatch)
    honest, nonsense = world.cn.exchange.cosign, [b"nonsense", b"nonsense"]

    async def cosign(turn: bytes) -> bytes:
        return nonsense.pop() if nonsense else await honest(turn)

    monkeypatch.setattr(world.cn.exchange, "cosign", cosign)
    monkeypatch.setattr("tearline_client.service.daemon.NODE_RETRY_S", (0,))
    stop = asyncio.Event()
    running = asyncio.create_task(run_daemon(world.cn.node, stop, report=lambda line: None))
    async with asyncio.timeout(60):
        while nonsense or packet not in world.cn.grants():
            assert not running.done(), running
            await asyncio.sleep(0.02)
        later = await world.us.send(world.cn)
        while not set(later) <= set(world.cn.grants()):
            assert not running.done(), running
            await asyncio.sleep(0.02)
    stop.set()
    await running
    assert {AgreementNotInForce.code, StatementMalformed.code} >= set(world.cn.codes())
