"""Requests for records: what both sides say in the end, and who tries to bend that."""

from dataclasses import replace

import pytest

from attacks.onward_packets import path_of
from attacks.simulated_requests import AGREEMENT, HOUR_MS, PERSON, ask, phases, send_record, shift
from support.agencies import signed_by
from support.four_eyes import put_in_force
from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from tearline.audit.event import EventCode
from tearline.errors import (
    AgreementNotInForce,
    ItemDecided,
    ItemUnknown,
    LogTimeDisputed,
    NoteRefused,
    NotFound,
    PersonRequired,
    QuestionNotAgreed,
    RecordRequestUnknown,
    StepBackwards,
)
from tearline.packets.packet import Urgency
from tearline.packets.recall import RecallReason
from tearline.requests.progress import Phase, Progress
from tearline.requests.step import Ground, ItemOutcome, RequestStep, Side, StepKind, StepNote
from tearline.sealing import seal_note
from tearline.statements.channel import Address
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.deliveries import Delivery
from tearline.wire.grants import parse_event
from tearline.wire.publications import Outcome
from tearline.wire.requests import encode_note, encode_step, encode_step_prefix, parse_step
from tearline_client.store.requests import RequestStore, StoredRequest, StoredStep
from tearline_server.timekeeper import Timekeeper

K = StepKind


def forged(
    by: Member, to: Member, request: bytes, kind: StepKind, note: StepNote | None = None
) -> RequestStep:
    """A step past every rule of its node, at the next place and number."""
    state = context_of(by.node)
    agreement_id = state.stores.packets.packet(request).manifest.agreement.id
    taken = {Side.ASKER: 0, Side.HOLDER: 0}
    for each in state.stores.requests.all():
        if each.packet == request:
            taken = dict(state.stores.requests.replayed(each, state.agency).progress.taken)
    side = kind.sides[0]
    key = state.kem_key_of(to.node.uri)
    step = RequestStep(
        header=by.signer.header,
        address=Address(
            recipient=to.node.uri,
            agreement_id=agreement_id,
            seq=state.stores.channels.sent(to.node.uri, agreement_id) + 1,
        ),
        request=request,
        kind=kind,
        number=taken[side] + 1,
        known=taken[side.other],
        acted_by=PERSON,
        kem_key_id=key.id,
    )
    prefix = encode_step_prefix(step)
    sealed = seal_note(encode_note(note or StepNote()), key, StatementType.REQUEST_STEP, prefix)
    return replace(step, sealed=sealed)


async def say(by: Member, step: RequestStep) -> Outcome:
    return await by.say(StatementType.REQUEST_STEP, encode_step(step))


async def deliver(world: Simulation, by: Member, to: Member, step: RequestStep) -> Delivery:
    """The step as a lying exchange delivers it, truly in the log."""
    signed = signed_by(StatementType.REQUEST_STEP, encode_step(step), by.signer)
    return await world.forge(to, signed, code=EventCode.REQUEST)


# What is promised.


async def test_a_request_from_asking_to_feedback(world: Simulation) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn)
    assert phases(request, us, cn) == [Phase.RECEIVED] * 2
    shown = cn.node.requests.show(request)
    assert [item.record for item in shown.items] == [
        "statements of the account",
        "calls of the phone",
    ]
    await cn.node.requests.admit(request, PERSON)
    await cn.node.requests.clarify(request, "which year?", PERSON)
    await us.node.receive()
    asked = us.node.requests.show(request)
    assert (asked.due_ms, asked.steps[-1].note.text) == (None, "which year?")
    await us.node.requests.clarified(request, "2026", PERSON)
    await cn.node.receive()
    answer = await send_record(cn, us, request)
    await cn.node.requests.answer(request, answer, [1], PERSON)
    await us.node.receive()
    assert phases(request, us, cn) == [Phase.PARTIAL] * 2
    await cn.node.requests.refuse(request, Ground.NEITHER, [], PERSON)
    await us.node.receive()
    assert phases(request, us, cn) == [Phase.ANSWERED] * 2
    items = us.node.requests.show(request).items
    assert [(item.answer, item.ground) for item in items] == [(answer, None), (b"", Ground.NEITHER)]
    await us.node.requests.close(request, True, PERSON, "it led to the account")
    await cn.node.receive()
    assert phases(request, us, cn) == [Phase.CLOSED] * 2
    last = cn.node.requests.show(request).steps[-1].note
    assert (last.useful, last.text) == (True, "it led to the account")
    assert us.node.requests.show(request).due_ms == cn.node.requests.show(request).due_ms
    assert [member.codes() for member in world.members] == [[], [], []]


async def test_what_has_ended_is_left_alone_until_something_comes(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    us, cn = world.us, world.cn
    request, still = await ask(us, cn), await ask(us, cn)
    await us.node.requests.withdraw(request, PERSON)
    await cn.node.receive()
    for member in (us, cn):
        await member.node.sync()
    read: list[bytes] = []
    honest = RequestStore.steps

    def steps(store: RequestStore, asked: StoredRequest) -> tuple[StoredStep, ...]:
        read.append(asked.packet)
        return honest(store, asked)

    monkeypatch.setattr(RequestStore, "steps", steps)
    for member in (us, cn):
        await member.node.sync()
        member.node.requests.overdue()
        assert [*member.node.requests.due(context_of(member.node).now_ms())] == []
    assert {*read} == {still}
    await us.node.requests.close(request, False, PERSON, "")
    await cn.node.receive()
    assert phases(request, us, cn) == [Phase.CLOSED] * 2
    opened = [each.packet for each in stores_of(cn.node).requests.open()]
    assert {*opened} == {request, still}
    await cn.node.sync()
    assert [each.packet for each in stores_of(cn.node).requests.open()] == [still]


async def test_both_act_at_one_moment_and_end_alike(world: Simulation) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn)
    await us.node.requests.withdraw(request, PERSON)
    with pytest.raises(StepBackwards):
        await cn.node.requests.refuse(request, Ground.NOT_HELD, [], PERSON)
    await cn.node.receive()
    await us.node.receive()
    assert phases(request, us, cn) == [Phase.WITHDRAWN] * 2
    with pytest.raises(StepBackwards):
        await cn.node.requests.refuse(request, Ground.NOT_HELD, [], PERSON)


async def test_what_is_late_is_overdue_at_both_and_in_the_log(world: Simulation) -> None:
    request = await ask(world.us, world.cn, Urgency.EMERGENCY)
    shift(world, 7.9)
    await world.exchange.maintenance.log_overdue()
    assert not any(m.node.requests.show(request).is_overdue for m in (world.us, world.cn))
    assert not any(m.node.requests.overdue() for m in (world.us, world.cn))
    shift(world, 0.2)
    await world.exchange.maintenance.log_overdue()
    views = [member.node.requests.show(request) for member in (world.us, world.cn)]
    assert [view.is_overdue for view in views] == [True, True]
    late = [m.node.requests.overdue() for m in (world.us, world.cn)]
    assert [[(each.packet, each.side) for each in found] for found in late] == [
        [(request, side)] for side in (Side.ASKER, Side.HOLDER)
    ]
    assert views[0].due_ms == views[1].due_ms
    events = [parse_event(row.event) for row in await world.store.event_rows(0, limit=1000)]
    (event,) = [event for event in events if event.code is EventCode.OVERDUE]
    assert (event.party, event.counterpart) == (world.cn.node.uri, world.us.node.uri)


async def test_what_is_over_expires_by_itself(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = await ask(world.us, world.cn, Urgency.PRESERVE)
    monkeypatch.setattr(Progress, "expires_ms", lambda self, stopped=(): self.granted_ms + HOUR_MS)
    shift(world, 0.9)
    await world.cn.node.receive()
    assert phases(request, world.cn) == [Phase.RECEIVED]
    shift(world, 0.2)
    for member in (world.cn, world.us, world.cn):
        await member.node.receive()
    assert phases(request, world.us, world.cn) == [Phase.EXPIRED] * 2


async def test_a_step_takes_a_person(world: Simulation) -> None:
    request = await ask(world.us, world.cn)
    for act in (
        lambda: world.cn.node.requests.admit(request, None),
        lambda: world.cn.node.requests.refuse(request, Ground.NEITHER, [], None),
        lambda: world.us.node.requests.withdraw(request, None),
    ):
        with pytest.raises(PersonRequired):
            await act()


async def test_items_that_were_never_asked_are_not_decided(world: Simulation) -> None:
    request = await ask(world.us, world.cn)
    with pytest.raises(ItemUnknown):
        await world.cn.node.requests.refuse(request, Ground.NOT_HELD, [3], PERSON)
    await world.cn.node.requests.refuse(request, Ground.NOT_HELD, [2], PERSON)
    with pytest.raises(ItemDecided, match="item 2 is refused: not-held"):
        await world.cn.node.requests.refuse(request, Ground.NOT_HELD, [2], PERSON)
    with pytest.raises(NotFound):
        await world.cn.node.requests.answer(request, request, [1], PERSON)


async def test_a_refusal_is_overturned_by_a_supplement_alone(world: Simulation) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn)
    answer = await send_record(cn, us, request)
    await cn.node.requests.refuse(request, Ground.NEITHER, [], PERSON)
    with pytest.raises(ItemDecided, match="item 1 is refused: neither-confirm-nor-deny"):
        await cn.node.requests.answer(request, answer, (), PERSON)
    with pytest.raises(ItemDecided):
        cn.node.requests.answerable(request, [2])
    assert [item.number for item in cn.node.requests.overturned(request)] == [1, 2]
    await cn.node.requests.answer(request, answer, [2], PERSON, supplement=True)
    await us.node.receive()
    for node in (us.node, cn.node):
        assert [item.answer for item in node.requests.show(request).items] == [b"", answer]


# Who bends it.


async def test_a_step_that_goes_back_is_refused_by_the_exchange(world: Simulation) -> None:
    request = await ask(world.us, world.cn)
    await world.cn.node.requests.refuse(request, Ground.NOT_HELD, [], PERSON)
    await world.us.node.receive()
    step = forged(world.cn, world.us, request, K.ADMIT)
    await world.refuses([await say(world.cn, step)], StepBackwards)


async def test_a_step_that_goes_back_is_refused_by_the_other_side(world: Simulation) -> None:
    request = await ask(world.us, world.cn)
    await world.cn.node.requests.refuse(request, Ground.NOT_HELD, [], PERSON)
    await world.us.node.receive()
    step = forged(world.cn, world.us, request, K.ADMIT)
    await world.us.take(await deliver(world, world.cn, world.us, step))
    world.us.caught(StepBackwards)
    assert phases(request, world.us) == [Phase.REFUSED]


async def test_a_stranger_takes_no_step(world: Simulation) -> None:
    request = await ask(world.us, world.cn)
    agreement = world.mx.node.agreements.by_name("narcotics-2026").id
    step = replace(
        forged(world.cn, world.us, request, K.ADMIT),
        header=world.mx.signer.header,
        address=Address(recipient=world.us.node.uri, agreement_id=agreement, seq=1),
    )
    nothing = replace(step, request=bytes(32))
    outcomes = [await say(world.mx, each) for each in (step, nothing)]
    assert outcomes[0].refusal == outcomes[1].refusal
    await world.refuses(outcomes, RecordRequestUnknown, RecordRequestUnknown)
    await world.us.take(await deliver(world, world.mx, world.us, step))
    world.us.caught(RecordRequestUnknown)
    assert phases(request, world.us) == [Phase.RECEIVED]


async def test_a_second_question_without_consent_stops_no_clock(world: Simulation) -> None:
    request = await ask(world.us, world.cn)
    await world.cn.node.requests.clarify(request, "which year?", PERSON)
    await world.us.node.receive()
    await world.us.node.requests.clarified(request, "2026", PERSON)
    await world.cn.node.receive()
    step = forged(world.cn, world.us, request, K.CLARIFY, StepNote(text="which month?"))
    await world.refuses([await say(world.cn, step)], QuestionNotAgreed)
    due_ms = world.us.node.requests.show(request).due_ms
    await world.us.take(await deliver(world, world.cn, world.us, step))
    world.us.caught(QuestionNotAgreed)
    assert world.us.node.requests.show(request).due_ms == due_ms is not None


async def test_an_answer_to_an_item_never_asked_is_not_taken(world: Simulation) -> None:
    request = await ask(world.us, world.cn)
    note = StepNote(items=(ItemOutcome(number=7, ground=Ground.LEGAL_BAR),))
    assert (
        await say(world.cn, forged(world.cn, world.us, request, K.PARTIAL, note))
    ).refusal is None
    await world.us.catches(ItemUnknown)
    assert [item.is_open for item in world.us.node.requests.show(request).items] == [True, True]


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_false_time_in_the_log_is_disputed(
    world: Simulation, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The exchange dates a step as it likes, to move the end of a request's time."""
    monkeypatch.setattr(Timekeeper, "verify", lambda *_: None)  # one that lies doubts no clock
    us, cn = world.us, world.cn
    request = await ask(us, cn)
    shift(world, 6)
    for member in (*world.members, *world.members):
        await member.node.sync()
    true_ms = world.clock.offset_ms
    world.clock.offset_ms = true_ms + hours * 3_600_000
    delivery = await deliver(world, us, cn, forged(us, cn, request, K.WITHDRAW))
    world.clock.offset_ms = true_ms
    await cn.take(delivery)
    await cn.node.sync()
    await cn.node.sync()
    assert cn.codes() == [LogTimeDisputed.code]
    (disputed,) = [
        each.step for each in cn.node.requests.show(request).steps if each.step.kind is K.DISPUTE
    ]
    assert delivery.entry is not None
    assert disputed.entry == delivery.entry.index


async def test_neither_confirming_nor_denying_looks_alike(world: Simulation) -> None:
    """Held or not: the same step, of the same size, without a word; and only by a person."""
    sizes, notes = set(), set()
    for held in (True, False):
        request = await ask(world.us, world.cn)
        if held:
            await world.cn.send(world.mx)  # there are records here
        with pytest.raises(NoteRefused):
            await world.cn.node.requests.refuse(request, Ground.NEITHER, [1], PERSON, "none")
        await world.cn.node.requests.refuse(request, Ground.NEITHER, [], PERSON)
        await world.us.node.receive()
        (step,) = world.us.node.requests.show(request).steps
        parsed = parse_step(step.signed.statement.body)
        sizes.add(len(parsed.sealed))
        notes.add(step.note)
    assert len(sizes) == len(notes) == 1


async def bilateral(world: Simulation, version: int, *partners: Member) -> None:
    """Puts the next version of an agreement in force, with these partners as its parties."""
    old, model = (world.us.node.agreements.by_name(name) for name in ("bilateral", AGREEMENT))
    parties = tuple(sorted(context_of(each.node).agency for each in (world.us, *partners)))
    article = replace(
        model.terms.articles[0],
        directions=tuple(
            way
            for way in model.terms.articles[0].directions
            if {way.sender, way.recipient} <= {*parties}
        ),
        shares=tuple(s for s in model.terms.articles[0].shares if s.partner in parties),
    )
    terms = replace(old.terms, parties=parties, articles=(article,))
    body = encode_agreement(
        replace(old, header=world.us.signer.header, version=version, terms=terms)
    )
    await put_in_force(world, signed_by(StatementType.AGREEMENT, body, world.us.signer), *partners)


async def test_what_was_asked_before_a_partner_joined_is_not_asked_of_it(
    world: Simulation,
) -> None:
    """It has no terms that say when an answer is due; its node works on."""
    await bilateral(world, 2, world.mx)
    request = await ask(world.us, world.mx, agreement="bilateral")
    await bilateral(world, 3, world.cn, world.mx)
    path = path_of(world.us, request, "RecordRequest/offence")
    sent = await world.us.node.packets.disclose(request, path, world.cn.node.uri, acted_by=PERSON)
    assert not sent.refused
    await world.cn.node.receive()
    world.cn.caught(AgreementNotInForce, packets=1)
    await world.cn.node.sync()
    assert world.cn.node.requests.list() == ()
    world.cn.node.notifications.scan()


async def test_nothing_is_answered_by_a_packet_that_was_recalled(world: Simulation) -> None:
    us, cn = world.us, world.cn
    request = await ask(us, cn)
    answer = await send_record(cn, us, request)
    await us.node.receive()
    await cn.node.recalls.recall(cn.node.recalls.plan(answer), RecallReason.MISTAKE)
    await us.node.receive()
    await cn.node.receive()
    with pytest.raises(NotFound):
        await cn.node.requests.answer(request, answer, (), PERSON)


async def test_what_a_supplement_would_overturn_is_logged(world: Simulation) -> None:
    request = await ask(world.cn, world.us)
    node = world.us.node
    await node.requests.refuse(request, Ground.NOT_HELD, (), PERSON)
    store = node.audit._access.store
    before = len(list(store.rows()))
    found = node.requests.overturned(request)
    assert {item.ground for item in found} == {Ground.NOT_HELD}
    ((index, sealed),) = list(store.rows())[before:]
    assert parse_event(store.opening(index, sealed).event).packet == request
