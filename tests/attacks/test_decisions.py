"""A decision of a person is stored first: without an exchange it waits, and no kill loses it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from attacks.simulated_requests import PERSON, ask, record_plan
from support.node import context_of, stores_of
from support.simulation import PASSPHRASE, Clock, Member, Simulation
from tearline.errors import (
    ActQueued,
    AgreementSuspended,
    ExchangeUnreachable,
    NotFound,
    RecordRequestUnknown,
    ReleaseChanged,
    TrustStale,
)
from tearline.packets.recall import RecallReason, RecallState
from tearline.requests.progress import Phase
from tearline.requests.step import Ground
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline_client import Node
from tearline_client.features.packets.review import changed_of
from tearline_client.features.packets.service import PacketService
from tearline_client.store.database import Database

NAME = "Person/name"
AGREEMENT = "narcotics-2026"
HOUR_MS = 3_600_000
CALLS = ("publish", "publishing", "entries", "cosign", "subscribe", "reconcile", "acknowledge")


@contextmanager
def away(*members: Member) -> Iterator[None]:
    """Inside, no call of these members reaches the exchange."""

    def refuse(*_: object, **__: object) -> object:
        raise ExchangeUnreachable("it is cut off")

    with pytest.MonkeyPatch.context() as patch:
        for member in members:
            for call in CALLS:
                patch.setattr(member.exchange, call, refuse)
        yield


def pass_time(world: Simulation, time_ms: int) -> None:
    world.clock.offset_ms += time_ms
    for member in world.members:
        object.__setattr__(context_of(member.node), "now_ms", Clock(world.clock.offset_ms))


def shown(member: Member) -> int:
    """How many packets of others are open here."""
    packets = stores_of(member.node).packets.packets()
    return sum(packet.origin != member.node.uri for packet in packets)


async def name_path(member: Member, packet: bytes) -> str:
    view = context_of(member.node).open_view(packet)
    return next(o.field.path for o in view.view.best() if o.field.path.endswith(NAME))


SUSPENSION = Suspension(
    article="",
    sender="",
    recipient="",
    reason=Reason.SECURITY,
    in_flight=InFlight.HOLD,
    originated=Originated.KEEP,
)


# The exchange is away, and the log was read lately: what is decided is sealed, and waits.


async def test_what_is_sent_without_an_exchange_waits_and_arrives(world: Simulation) -> None:
    us, cn = world.us, world.cn
    with away(us):
        with pytest.raises(ActQueued) as first:
            await us.node.packets.send([us.plan(cn)])
        with pytest.raises(ActQueued) as second:
            await us.node.packets.send([us.plan(cn)])
    assert (first.value.place, second.value.place) == (1, 2)
    assert "number 2" in str(second.value)
    assert len(first.value.packets) == 1
    await us.node.sync()
    await cn.node.receive()
    assert shown(cn) == 2
    assert us.node.decisions.waiting() == ()


async def test_a_recall_without_an_exchange_waits_and_is_obeyed(world: Simulation) -> None:
    us, cn = world.us, world.cn
    (packet,) = await us.send(cn)
    await world.settle()
    with away(us), pytest.raises(ActQueued):
        await us.node.recalls.recall(us.node.recalls.plan(packet), RecallReason.MISTAKE)
    await world.settle()
    assert [each.state for each in us.node.recalls.of(packet)] == [RecallState.ERASED]


async def test_a_suspension_and_its_lifting_say_their_place(world: Simulation) -> None:
    us = world.us
    officer = stores_of(us.node).agreements.by_name(AGREEMENT)
    with away(us):
        with pytest.raises(ActQueued):
            await us.node.packets.send([us.plan(world.cn)])
        with pytest.raises(ActQueued) as waits:
            await us.node.suspensions.suspend(AGREEMENT, SUSPENSION)
    assert waits.value.place == 1  # it goes before the packet
    with pytest.raises(AgreementSuspended):
        await us.node.packets.send([us.plan(world.cn)])
    assert us.node.decisions.waiting() == ()  # what is refused does not wait
    await world.settle()
    assert len(world.cn.node.suspensions.positions(officer)) == 1


# It has been away for so long that nothing may be sealed.


async def later(world: Simulation, act: Callable[[], Awaitable[object]], who: Member) -> ActQueued:
    """Decides something an hour after ``who`` lost the exchange, and brings that back."""
    with away(who):
        pass_time(world, HOUR_MS)
        before = stores_of(who.node).outbox.waiting()
        with pytest.raises(ActQueued) as waits:
            await act()
        assert stores_of(who.node).outbox.waiting() == before  # nothing was sealed
        assert len(who.node.decisions.waiting()) == 1
    for member in (*world.members, *world.members):
        await member.node.sync()
    await world.settle()
    assert who.node.decisions.waiting() == ()
    return waits.value


async def test_what_cannot_be_sealed_waits_as_it_was_decided(world: Simulation) -> None:
    us, cn = world.us, world.cn
    plan = us.plan(cn)
    queued = await later(world, lambda: us.node.packets.send([plan], acted_by=PERSON), us)
    assert (queued.place, queued.packets) == (1, ())
    assert shown(cn) == 1
    (packet,) = stores_of(us.node).packets.packets()
    (grant,) = stores_of(us.node).packets.grants(packet.id)
    assert grant.grant.acted_by == PERSON


async def test_so_does_one_more_field(world: Simulation) -> None:
    us, cn, mx = world.us, world.cn, world.mx
    (packet,) = await us.send(mx)
    await world.settle()
    path = await name_path(us, packet)
    await later(
        world, lambda: us.node.packets.disclose(packet, path, cn.node.uri, acted_by=PERSON), us
    )
    assert context_of(cn.node).open_view(packet).field(path) is not None


async def test_so_does_an_answer_with_its_step(world: Simulation) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn)
    plan = record_plan(cn, us, request)
    await later(
        world, lambda: cn.node.answers.send(request, plan, [1], acted_by=PERSON, text="so"), cn
    )
    view = us.node.requests.show(request)
    assert view.progress.phase is Phase.PARTIAL
    assert view.items[0].answer in stores_of(us.node).packets.ids()
    assert view.steps[-1].note.text == "so"


async def test_so_do_a_refusal_and_a_withdrawal(world: Simulation) -> None:
    us, cn = world.us, world.cn
    request, other = await ask(us, cn), await ask(us, cn)
    refuse = cn.node.requests.refuse
    await later(world, lambda: refuse(request, Ground.NOT_HELD, [], PERSON), cn)
    assert us.node.requests.show(request).progress.phase is Phase.REFUSED
    await later(world, lambda: us.node.requests.withdraw(other, PERSON, "no more"), us)
    assert cn.node.requests.show(other).progress.phase is Phase.WITHDRAWN


async def test_so_do_consents(world: Simulation) -> None:
    us, cn, mx = world.us, world.cn, world.mx
    (packet,) = await us.send(mx)
    await world.settle()
    path = await name_path(mx, packet)
    consents = mx.node.consents
    await later(world, lambda: consents.pass_on(packet, [path], cn.node.uri), mx)
    (record,) = us.node.consents.all()
    await later(world, lambda: us.node.consents.give(record.id, acted_by=PERSON), us)
    assert context_of(cn.node).open_view(packet).field(path) is not None
    assert mx.node.consents.find(record.id.hex()).status.text == "given"
    await later(world, lambda: us.node.consents.withdraw(record.id, acted_by=PERSON), us)
    assert mx.node.consents.find(record.id.hex()).status.text == "withdrawn"


async def test_so_do_cases(world: Simulation) -> None:
    us, cn = world.us, world.cn
    terms = us.node.agreements.by_name(AGREEMENT)
    desk = us.node.case_decisions
    await later(world, lambda: desk.open(terms, "Lantern", ["cn-public-security"]), us)
    (view,) = cn.node.cases.all()
    assert view.title == "Lantern"
    await later(world, lambda: cn.node.case_decisions.take(view, "join"), cn)
    (led,) = us.node.cases.all()
    assert context_of(cn.node).agency in led.members
    await later(world, lambda: desk.take(led, "close"), us)
    assert cn.node.cases.find(view.id.hex()).standing.value == "closed"


async def test_with_an_exchange_that_answers_a_refusal_waits_nowhere(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stale(*_: object) -> None:
        raise TrustStale("by a test")

    monkeypatch.setattr(PacketService, "verify", stale)
    with pytest.raises(TrustStale):
        await world.us.node.packets.send([world.us.plan(world.cn)])
    assert world.us.node.decisions.waiting() == ()
    with pytest.raises(RecordRequestUnknown):
        await world.us.node.requests.withdraw(bytes(32), PERSON)
    assert world.us.node.decisions.waiting() == ()


async def test_what_would_be_seen_otherwise_now_is_stopped(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    us, cn = world.us, world.cn
    with away(us):
        pass_time(world, HOUR_MS)
        with pytest.raises(ActQueued):
            await us.node.packets.send([us.plan(cn)])
    for member in (world.cn, world.mx):
        await member.node.sync()
    with monkeypatch.context() as patch:
        patch.setattr(
            "tearline_client.features.decisions.service.changed_of",
            lambda *each: changed_of(*each) or [each],
        )
        for _ in range(2):
            await us.node.sync()
            await cn.node.sync()
    (stopped,) = us.node.decisions.waiting()
    assert stopped.code == ReleaseChanged.code
    await us.node.sync()
    await cn.node.receive()
    assert shown(cn) == 0
    us.node.decisions.forget(stopped.id)
    assert us.node.decisions.waiting() == ()
    with pytest.raises(NotFound):
        us.node.decisions.forget(stopped.id)


# A kill at each write.


class Killed(BaseException):
    """The process ended."""


@contextmanager
def killed_at(number: int) -> Iterator[list[int]]:
    """Ends the act inside where it would begin its transaction of that number."""
    begun = [0]
    begin = Database.transaction

    def transaction(database: Database) -> object:
        if begun[0] == number:
            raise Killed
        begun[0] += 1
        return begin(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "transaction", transaction)
        yield begun


@asynccontextmanager
async def restarted(world: Simulation, member: Member) -> AsyncIterator[Node]:
    """Another process of a node whose process was killed."""
    place = world.folder / member.node.home.path.name
    node = await Node.open(place, passphrase=PASSPHRASE, transport=member.exchange)
    async with node:
        yield node


async def kills(
    world: Simulation,
    who: Member,
    prepare: Callable[[], Awaitable[bytes]],
    act: Callable[[Node, bytes], Awaitable[object]],
) -> list[int]:
    """Kills an act at each of its transactions; how much of it came about, each time."""
    came: list[int] = []
    for number in range(60):
        about = await prepare()
        node = await Node.open(
            world.folder / who.node.home.path.name, passphrase=PASSPHRASE, transport=who.exchange
        )
        before = await effects(world, about)
        ended = False
        with killed_at(number):
            try:
                await act(node, about)
                ended = True
            except Killed:
                pass
        stores_of(node).database.close()
        async with restarted(world, who) as anew:
            await anew.sync()
            assert anew.decisions.waiting() == ()
        await world.cn.node.receive()
        came.append(await effects(world, about) - before)
        if ended:
            return came
    raise AssertionError("it does not end")


async def effects(world: Simulation, request: bytes) -> int:
    """How much has come about at China's: packets, and decided items of a request, if any."""
    items = world.cn.node.requests.show(request).items if request else ()
    return shown(world.cn) + sum(not item.is_open for item in items)


@pytest.mark.thorough(
    twin="tests/attacks/test_decisions.py::test_what_is_sent_without_an_exchange_waits_and_arrives"
)
async def test_a_kill_at_any_moment_of_a_send_loses_nothing_and_sends_nothing_twice(
    world: Simulation,
) -> None:
    us, cn = world.us, world.cn
    plan = us.plan(cn)

    async def nothing() -> bytes:
        return b""

    came = await kills(world, us, nothing, lambda node, _: node.packets.send([plan]))
    assert came == [0, *[1] * (len(came) - 1)]  # before its first transaction it was not stored
    assert len(came) > 4


@pytest.mark.thorough(
    twin="tests/attacks/test_decisions.py::test_what_is_sent_without_an_exchange_waits_and_arrives"
)
async def test_nor_does_one_of_an_answer_lose_its_step(world: Simulation) -> None:
    us, cn = world.us, world.cn

    async def asked() -> bytes:
        request = await ask(cn, us, store=False)
        await us.node.receive()
        return request

    async def answer(node: Node, request: bytes) -> None:
        plan = record_plan(us, cn, request)
        await node.answers.send(request, plan, [1], acted_by=PERSON)

    came = await kills(world, us, asked, answer)
    assert came == [0, *[2] * (len(came) - 1)]  # the packet, and the item
    assert len(came) > 6
