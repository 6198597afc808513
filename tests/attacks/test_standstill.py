"""The clocks of requests in a suspension: they stand still, for all three alike."""

import asyncio
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attacks.simulated_requests import AGREEMENT, HOUR_MS, PERSON, ask, person, phases, shift
from support.examples import examples
from support.node import context_of, stores_of
from support.simulation import ARTICLE, Member, Simulation, Template, copied
from support.suspensions import WHOLE
from tearline.audit.event import Event, EventCode
from tearline.errors import (
    AgreementSuspended,
    ExchangeUnreachable,
    LiftRefused,
    LogTimeDisputed,
    NotFound,
    PacketFrozen,
)
from tearline.packets.packet import Urgency
from tearline.requests.progress import Phase
from tearline.requests.step import Ground, StepKind
from tearline.statements.statement import StatementType
from tearline.suspensions.suspension import Originated, Suspension
from tearline.wire.agreements import encode_agreement
from tearline.wire.deliveries import Delivery
from tearline.wire.grants import parse_event
from tearline.wire.publications import Publication
from tearline.wire.statements import cosigned
from tearline_client.features.requests.views import RequestView
from tearline_client.store.vault import Place, Vault
from tearline_server.ingest import processor
from tearline_server.processing.handlers.requests import overdue_id
from tearline_server.timekeeper import Timekeeper

ONE = replace(WHOLE, article=ARTICLE)
OFFICER = person("olga", "officer")


async def suspend(member: Member, suspension: Suspension = ONE) -> None:
    await member.node.suspensions.suspend(AGREEMENT, suspension)


async def resume(member: Member) -> None:
    await member.node.suspensions.resume(AGREEMENT, acted_by=OFFICER)


async def agree(world: Simulation, version: int, *, joint: bool) -> None:
    """Puts the next version in force at the exchange, with a joint article or not."""
    before = world.us.node.agreements.by_name(AGREEMENT)
    articles = tuple(replace(each, joint=joint) for each in before.terms.articles)
    terms = replace(before.terms, articles=articles)
    header = world.us.signer.header
    body = encode_agreement(replace(before, header=header, version=version, terms=terms))
    signed = [(each.signer.sign([(StatementType.AGREEMENT, body)]), 0) for each in world.members]
    await world.us.node.agreements.publish(cosigned(signed))


def shown(request: bytes, *members: Member) -> list[RequestView]:
    return [member.node.requests.show(request) for member in members]


async def overdue(world: Simulation) -> list[Event]:
    await world.exchange.maintenance.log_overdue()
    events = [parse_event(row.event) for row in await world.store.event_rows(0, limit=1000)]
    return [event for event in events if event.code is EventCode.OVERDUE]


# What is promised.


@pytest.mark.parametrize("suspender", ["us", "cn"])
@pytest.mark.parametrize("scope", [ONE, WHOLE])
async def test_no_answer_is_late_while_it_may_not_pass(
    world: Simulation, suspender: str, scope: Suspension
) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn, Urgency.EMERGENCY)
    before = us.node.requests.show(request).due_ms
    assert before is not None
    shift(world, 6)
    await suspend(getattr(world, suspender), scope)
    await world.settle()
    shift(world, 50)
    for view in shown(request, us, cn):
        assert (view.due_ms, view.is_overdue, view.suspended) == (None, False, True)
        assert view.stopped_ms == us.node.requests.show(request).stopped_ms
        assert 1.9 * HOUR_MS < view.left_ms < 2 * HOUR_MS
    assert await overdue(world) == []
    await resume(getattr(world, suspender))
    await world.settle()
    at_us, at_cn = shown(request, us, cn)
    assert at_us.due_ms == at_cn.due_ms is not None
    assert 50 * HOUR_MS <= at_us.due_ms - before < 50.1 * HOUR_MS
    assert (at_us.suspended, at_us.stopped_ms) == (False, None)
    shift(world, 1.9)
    assert await overdue(world) == []
    assert not any(view.is_overdue for view in shown(request, us, cn))
    shift(world, 0.2)
    (event,) = await overdue(world)
    # The exchange names its end in the entry, and it is that of both sides.
    assert event.statement_id == overdue_id(request, cn.node.uri, at_us.due_ms)
    assert all(view.is_overdue for view in shown(request, us, cn))
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_one_way_that_is_stopped_stops_the_clock(world: Simulation) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn, Urgency.EMERGENCY)
    ours, theirs = context_of(us.node).agency, context_of(cn.node).agency
    await suspend(us, replace(ONE, sender=theirs, recipient=ours))
    await suspend(cn, replace(ONE, sender=theirs, recipient=ours))
    await world.settle()
    await resume(us)
    await world.settle()
    assert [view.due_ms for view in shown(request, us, cn)] == [None] * 2
    shift(world, 20)
    assert await overdue(world) == []
    await resume(cn)
    await world.settle()
    assert len({view.due_ms for view in shown(request, us, cn)} - {None}) == 1


async def test_what_others_suspended_stops_no_clock_of_ours(world: Simulation) -> None:
    request = await ask(world.us, world.cn, Urgency.EMERGENCY)
    due_ms = world.us.node.requests.show(request).due_ms
    await suspend(world.mx, WHOLE)
    await world.settle()
    assert [view.due_ms for view in shown(request, world.us, world.cn)] == [due_ms] * 2
    shift(world, 9)
    assert len(await overdue(world)) == 1


async def test_an_article_made_joint_stops_the_clock_for_what_others_suspended(
    world: Simulation,
) -> None:
    """By the version in force then, not by that which the request names: no answer passes it."""
    us, cn = world.us, world.cn
    request = await ask(us, cn, Urgency.EMERGENCY)
    before = us.node.requests.show(request).due_ms
    assert before is not None
    await suspend(world.mx)
    shift(world, 2)
    await agree(world, 2, joint=True)
    await world.settle()
    assert [(each.due_ms, each.suspended) for each in shown(request, us, cn)] == [(None, True)] * 2
    shift(world, 20)
    assert await overdue(world) == []
    await agree(world, 3, joint=False)
    await world.settle()
    at_us, at_cn = shown(request, us, cn)
    assert at_us.due_ms == at_cn.due_ms is not None
    assert 20 * HOUR_MS <= at_us.due_ms - before < 20.1 * HOUR_MS
    shift(world, 5.9)
    assert await overdue(world) == []
    shift(world, 0.2)
    (event,) = await overdue(world)
    assert event.statement_id == overdue_id(request, cn.node.uri, at_us.due_ms)
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_an_ended_agreement_stops_its_clocks_for_good(world: Simulation) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn, Urgency.EMERGENCY)
    await cn.node.suspensions.end(
        AGREEMENT,
        reason=ONE.reason,
        in_flight=ONE.in_flight,
        originated=ONE.originated,
        acted_by=OFFICER,
    )
    await world.settle()
    shift(world, 1000)
    assert await overdue(world) == []
    assert [(each.due_ms, each.suspended) for each in shown(request, us, cn)] == [(None, True)] * 2
    with pytest.raises(LiftRefused):
        await resume(cn)
    assert [each.due_ms for each in shown(request, us, cn)] == [None] * 2


async def test_what_passed_before_its_article_was_joint_broke_nothing(world: Simulation) -> None:
    """Its recipient reads the version that makes it joint first; it waits, and is no evidence."""
    us, cn = world.us, world.cn
    await suspend(world.mx)
    await world.settle()
    kept = hold_back(cn, StatementType.GRANT)
    await us.send(cn)
    await cn.node.receive()
    await agree(world, 2, joint=True)
    await world.settle()
    await cn.take(*kept)
    assert cn.codes() == [AgreementSuspended.code]
    await resume(world.mx)
    await world.settle()
    assert cn.codes() == []
    assert len(cn.grants()) == 1


# In whatever order.


_MEMBERS = st.sampled_from(["us", "cn", "mx"])
_ACTS = st.one_of(
    st.tuples(st.just("suspend"), _MEMBERS, st.sampled_from(["whole", "article", "direction"])),
    st.tuples(st.just("resume"), _MEMBERS, st.none()),
    st.tuples(st.just("agree"), st.booleans(), st.none()),
    st.tuples(st.just("hear"), _MEMBERS, st.randoms(use_true_random=False)),
    st.tuples(st.just("wait"), st.integers(1, 5), st.none()),
)


@settings(max_examples=examples(8), deadline=None)
@given(acts=st.lists(_ACTS, min_size=4, max_size=12))
def test_all_three_compute_one_clock_from_whatever_was_said_and_heard(
    template: Template, memory: Path, acts: list[tuple[str, object, object]]
) -> None:
    """Two whole nodes, with what they store, and the exchange, with what it stores."""
    asyncio.run(_one_clock(template, memory, acts))


async def _one_clock(
    template: Template, memory: Path, acts: list[tuple[str, object, object]]
) -> None:
    folder = Path(tempfile.mkdtemp(dir=memory))
    async with copied(template, folder / "world") as world:
        request = await ask(world.us, world.cn, Urgency.EMERGENCY)
        version = 1
        for act, what, more in acts:
            match act:
                case "suspend":
                    member = getattr(world, str(what))
                    await suspend(member, _scope(world, member, str(more)))
                case "resume":
                    with suppress(NotFound):
                        await resume(getattr(world, str(what)))
                case "agree":
                    version += 1
                    await agree(world, version, joint=bool(what))
                case "hear":
                    await _hear(getattr(world, str(what)), more)
                case "wait":
                    shift(world, int(str(what)))
        for member in (*world.members, *world.members):
            await member.node.receive()
        at_us, at_cn = shown(request, world.us, world.cn)
        assert at_us.due_ms == at_cn.due_ms
        assert at_us.stopped_ms == at_cn.stopped_ms
        late = 10 if at_us.due_ms is None else (at_us.due_ms - world.clock()) / HOUR_MS
        if late > 0:
            shift(world, late - 0.01)
            assert await overdue(world) == []
            shift(world, 0.02)
        expected = at_us.due_ms and [overdue_id(request, world.cn.node.uri, at_us.due_ms)]
        assert [event.statement_id for event in await overdue(world)] == (expected or [])
    shutil.rmtree(folder)


def _scope(world: Simulation, member: Member, scope: str) -> Suspension:
    if scope == "whole":
        return WHOLE
    if scope == "article":
        return ONE
    other = world.cn if member is not world.cn else world.us
    return replace(
        ONE, sender=context_of(member.node).agency, recipient=context_of(other.node).agency
    )


async def _hear(member: Member, random: object) -> None:
    """Some of what waits, in any order, some of it twice; the rest comes later."""

    def mail(waiting: list[Delivery]) -> list[Delivery]:
        return random.choices(waiting, k=len(waiting)) if waiting else []  # type: ignore[attr-defined]

    member.exchange.mail = mail
    cursor = stores_of(member.node).inbox.cursor()
    await member.node.receive()
    member.exchange.mail = list
    with stores_of(member.node).database.transaction():
        stores_of(member.node).inbox.put_cursor(cursor)


async def test_what_was_late_before_stays_late(world: Simulation) -> None:
    """Nobody undoes by a suspension what the log says already."""
    us, cn = world.us, world.cn
    request = await ask(us, cn, Urgency.EMERGENCY)
    shift(world, 9)
    said = await overdue(world)
    await suspend(cn)
    await world.settle()
    assert [view.is_overdue for view in shown(request, us, cn)] == [True, True]
    shift(world, 9)
    assert await overdue(world) == said
    await resume(cn)
    await world.settle()
    assert [view.is_overdue for view in shown(request, us, cn)] == [True, True]
    assert await overdue(world) == said


async def test_hooks_are_told_of_the_end_that_it_has_after_all(world: Simulation) -> None:
    request = await ask(world.us, world.cn, Urgency.EMERGENCY)

    def due() -> list[str]:
        node = world.cn.node
        return [each.event for each in node.requests.due(context_of(node).now_ms())]

    shift(world, 5)
    await suspend(world.us)
    await world.settle()
    shift(world, 5)
    assert due() == []
    await resume(world.us)
    await world.settle()
    assert due() == []
    shift(world, 2)
    assert due() == ["request-due-soon"]
    shift(world, 2)
    assert due() == ["overdue"]
    assert phases(request, world.cn) == [Phase.RECEIVED]


async def test_what_was_suspended_before_a_request_costs_its_readers_nothing(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often a party suspended and resumed: none of it is read again."""
    us, cn = world.us, world.cn
    opened: list[Place] = []
    before = Vault.open

    def counted(self: Vault, place: Place, sealed: bytes) -> bytes:
        opened.append(place)
        return before(self, place, sealed)

    monkeypatch.setattr(Vault, "open", counted)
    costs = []
    for _ in range(3):
        for _ in range(8):
            await suspend(us)
            await resume(us)
        await world.settle()
        request = await ask(us, cn, Urgency.EMERGENCY)
        opened.clear()
        cn.node.requests.show(request)
        # The access log's end is read, too, once it has an entry.
        costs.append(sum(place.column.table != "setting" for place in opened))
    assert costs[0] == costs[1] == costs[2]


async def test_stoppages_are_read_by_the_index_of_their_ends(world: Simulation) -> None:
    """At the exchange and at a node: what ended before is not looked at."""
    from tearline_client.store.stoppages import _AT, _SINCE
    from tearline_server.storage.sqlite.requests import _STOPPAGES

    steps = await world.store._db.read(
        lambda connection: [
            row[3]
            for row in connection.execute(f"EXPLAIN QUERY PLAN {_STOPPAGES}", (bytes(16), "a", 1))
        ]
    )
    here = stores_of(world.cn.node).database
    for sql in (_SINCE, _AT):
        steps += [row[3] for row in here.rows(f"EXPLAIN QUERY PLAN {sql}", (1, 1, 1))]
    searches = [step for step in steps if "stoppage" in step]
    assert len(searches) == 6
    for step in searches:
        assert re.search(r"USING (COVERING )?INDEX stoppage_\w+ \(.* AND ended(_ms)?[=>]\?", step)


# Steps, where nothing may pass.


async def test_a_step_that_may_not_pass_is_not_taken(world: Simulation) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn)
    await suspend(us, WHOLE)
    await world.settle()
    for act in (
        lambda: cn.node.requests.refuse(request, Ground.NOT_HELD, [], PERSON),
        lambda: us.node.requests.withdraw(request, PERSON),
    ):
        with pytest.raises(AgreementSuspended):
            await act()
    assert [view.steps for view in shown(request, us, cn)] == [(), ()]
    await resume(us)
    await world.settle()
    await cn.node.requests.refuse(request, Ground.NOT_HELD, [], PERSON)
    await us.node.receive()
    assert phases(request, us, cn) == [Phase.REFUSED] * 2


async def test_a_step_that_was_under_way_is_free_again(world: Simulation) -> None:
    """It waited in the outbox when everything was suspended, and did not leave the house."""
    us, cn = world.us, world.cn
    request = await ask(us, cn)

    def gone(publication: Publication) -> Publication:
        raise ExchangeUnreachable("it is cut off")

    cn.exchange.publication = gone
    with pytest.raises(ExchangeUnreachable):
        await cn.node.requests.admit(request, PERSON)
    cn.exchange.publication = lambda publication: publication
    await suspend(cn, WHOLE)
    await world.settle()
    (taken,) = cn.node.requests.show(request).steps
    assert (taken.is_pending, taken.code) == (False, AgreementSuspended.code)
    await resume(cn)
    await world.settle()
    await cn.node.requests.admit(request, PERSON)
    await us.node.receive()
    assert phases(request, us, cn) == [Phase.ADMITTED] * 2
    assert [member.codes() for member in world.members] == [[], [], []]


# Who bends it.


def hold_back(member: Member, kind: StatementType) -> list[Delivery]:
    """An exchange that keeps back, from here on, what of one kind waits for a member."""
    kept: list[Delivery] = []

    def mail(waiting: list[Delivery]) -> list[Delivery]:
        found = [each for each in waiting if each.statements[0].type is kind]
        kept.extend(each for each in found if each not in kept)
        return [each for each in waiting if each.statements[0].type is not kind]

    member.exchange.mail = mail
    return kept


@pytest.mark.parametrize("told", ["in order", "the last one first", "the last one only"])
async def test_a_standing_told_late_leads_to_the_same_end(world: Simulation, told: str) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn, Urgency.EMERGENCY)
    early = cn.node.requests.show(request).due_ms
    assert early is not None
    kept = hold_back(cn, StatementType.STANDING)
    await suspend(us)
    await world.settle()
    shift(world, 20)
    await resume(us)
    await world.settle()
    assert cn.node.requests.show(request).due_ms == early  # an earlier end, never a later one
    stopping, lifting = kept
    match told:
        case "in order":
            await cn.take(stopping)
            assert cn.node.requests.show(request).due_ms is None
            await cn.take(lifting)
        case "the last one first":
            await cn.take(lifting)
            assert cn.node.requests.show(request).due_ms == early
            await cn.take(stopping)
        case "the last one only":
            await cn.take(lifting)
    at_us, at_cn = shown(request, us, cn)
    assert at_us.due_ms is not None
    assert at_cn.due_ms == (early if told == "the last one only" else at_us.due_ms)


async def test_a_step_taken_in_time_counts_where_the_standing_comes_late(
    world: Simulation,
) -> None:
    """Without the standing the step seems to come too late; with it the log is understood."""
    us, cn = world.us, world.cn
    request = await ask(us, cn, Urgency.EMERGENCY)
    kept = hold_back(us, StatementType.STANDING)
    await suspend(cn)
    await world.settle()
    shift(world, 20)
    await resume(cn)
    await world.settle()
    await cn.node.requests.contest(request, Urgency.ROUTINE, "no date is named", PERSON)
    await us.node.receive()
    assert us.codes() == ["TL-RFI-002"]
    await us.take(*kept)
    await us.node.receive()
    assert us.codes() == []
    views = shown(request, us, cn)
    assert [view.progress.contested for view in views] == [True, True]
    assert views[0].due_ms == views[1].due_ms


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_false_time_of_a_standing_is_disputed(
    world: Simulation, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The exchange dates a resumption as it likes, to move the end of a request's time."""
    monkeypatch.setattr(Timekeeper, "verify", lambda *_: None)  # one that lies doubts no clock
    # Nor does it date an entry after the directory before it.
    monkeypatch.setattr(processor, "max", lambda clock_ms, _: clock_ms, raising=False)
    us, cn = world.us, world.cn
    request = await ask(us, cn)
    await suspend(us)
    await world.settle()
    shift(world, 6)
    await world.settle()
    true_ms = world.clock.offset_ms
    world.clock.offset_ms = true_ms + hours * HOUR_MS
    await resume(us)
    world.clock.offset_ms = true_ms
    await cn.node.receive()
    await cn.node.sync()
    assert cn.codes() == [LogTimeDisputed.code]
    steps = cn.node.requests.show(request).steps
    (disputed,) = [each.step for each in steps if each.step.kind is StepKind.DISPUTE]
    (back,) = cn.node.suspensions.intervals(
        cn.node.agreements.by_name(AGREEMENT),
        ARTICLE,
        sender=context_of(us.node).agency,
        recipient=context_of(cn.node).agency,
    )
    assert back.end is not None
    assert disputed.entry == back.end.entry


async def test_a_request_that_its_asker_froze_keeps_its_clock_and_shows_no_items(
    world: Simulation,
) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn)
    await suspend(us, replace(ONE, originated=Originated.FREEZE))
    await world.settle()
    (state,) = cn.node.requests.list()
    assert (state.frozen, state.items) == (True, 0)
    cn.node.notifications.scan()
    with pytest.raises(PacketFrozen):
        await cn.node.requests.refuse(request, Ground.LEGAL_BAR, (), PERSON)
    await us.node.requests.withdraw(request, PERSON)
    await world.settle()
    assert phases(request, us, cn) == [Phase.WITHDRAWN] * 2
    await resume(us)
    await world.settle()
    assert [len(each.items) for each in shown(request, us, cn)] == [2, 2]
    assert world.cn.codes() == []
