"""Under an article that asks for four eyes, nobody answers or consents alone either."""

from dataclasses import replace

import pytest

import tearline_client.features.packets.service
import tearline_server.processing.handlers.consents
from attacks.simulated_requests import AGREEMENT, HOUR_MS, ask, phases, record_plan, shift
from support.four_eyes import amended, log_in, put_in_force
from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from tearline.audit.event import EventCode
from tearline.errors import (
    ConsentClosed,
    ItemDecided,
    NotFound,
    ReleaseChanged,
    SecondPersonMissing,
    StepBackwards,
)
from tearline.onward.consent import ConsentStatus, ConsentStep
from tearline.onward.use import Use
from tearline.persons.tokens import Role
from tearline.policy.form import Form
from tearline.requests.progress import Phase
from tearline.requests.step import Ground
from tearline.wire.grants import parse_event
from tearline_client.features.approvals.service import ApprovalService
from tearline_client.features.consents.service import ConsentService
from tearline_client.features.packets.service import Persons
from tearline_client.store.consents import ConsentRecord

NAME = "Person/name"


async def make_strict(world: Simulation, **changes: object) -> None:
    drafted = amended(world, AGREEMENT, four_eyes=True, **changes)
    await put_in_force(world, drafted, world.cn, world.mx)


class Desk:
    """China's, which was asked for two records under an article that takes two persons."""

    def __init__(self, world: Simulation, request: bytes) -> None:
        self.world, self.request = world, request
        self.second = world.cn.node.approvals
        self.ana = log_in(world.cn, "ana", Role.ANALYST, AGREEMENT)
        self.li = log_in(world.cn, "li", Role.LIAISON, AGREEMENT)

    def draft(
        self, *items: int, person: str = "ana", text: str = "", supplement: bool = False
    ) -> bytes:
        plan = record_plan(self.world.cn, self.world.us, self.request)
        return self.second.draft_answer(
            self.request, plan, items, text=text, person=person, supplement=supplement
        )

    def waiting(self) -> list[bytes]:
        return [each.id for each in self.second.waiting()]

    def is_nothing_sent(self) -> bool:
        """Whether the request is the only packet that China holds."""
        return stores_of(self.world.cn.node).packets.ids() == [self.request]


@pytest.fixture
async def desk(world: Simulation) -> Desk:
    request = await ask(world.us, world.cn)
    await make_strict(world)
    return Desk(world, request)


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes that seal for whoever comes."""
    monkeypatch.setattr(
        tearline_client.features.packets.service, "_verify_behind", lambda article, persons: None
    )
    monkeypatch.setattr(ConsentService, "_verify_behind", lambda self, giving, persons: None)


# Answers.


async def test_an_answer_waits_for_a_second_person_and_its_clock_runs_on(desk: Desk) -> None:
    us, cn = desk.world.us, desk.world.cn
    pending = desk.draft(1, text="the rest follows")
    assert desk.is_nothing_sent()
    shown = cn.node.requests.show(desk.request, person="node")
    assert (shown.pending, shown.progress.phase) == ((pending,), Phase.RECEIVED)
    assert us.node.requests.show(desk.request, person="node").pending == ()
    left_ms = shown.left_ms
    shift(desk.world, 1)
    for member in desk.world.members:
        await member.node.receive()
    assert cn.node.requests.show(desk.request, person="node").left_ms == pytest.approx(
        left_ms - HOUR_MS, abs=60_000
    )
    log_in(cn, "max", Role.OFFICER, AGREEMENT)
    sent = await desk.second.approve(pending, person="max")
    assert not sent.refused
    await us.node.receive()
    assert phases(desk.request, us, cn) == [Phase.PARTIAL] * 2
    (first, second) = us.node.requests.show(desk.request, person="node").items
    assert (first.answer, second.is_open) == (sent.packets[0], True)
    assert (
        us.node.requests.show(desk.request, person="node").steps[-1].note.text == "the rest follows"
    )
    assert (desk.waiting(), cn.node.requests.show(desk.request, person="node").pending) == ([], ())


async def test_the_log_names_both_persons_of_an_answer(desk: Desk) -> None:
    sent = await desk.second.approve(desk.draft(1), person="li")
    rows = await desk.world.store.event_rows(0, limit=10_000)
    events = [parse_event(row.event) for row in rows]
    (grant,) = [
        event
        for event in events
        if (event.code, event.packet) == (EventCode.GRANT_ACCEPTED, sent.packets[0])
    ]
    assert (grant.pseudonym, grant.seconded_by) == (desk.ana.pseudonym, desk.li.pseudonym)
    (step,) = [event for event in events if event.code is EventCode.REQUEST]
    assert (step.pseudonym, step.seconded_by) == (desk.li.pseudonym, b"")


async def test_who_drafted_an_answer_does_not_approve_it(desk: Desk) -> None:
    pending = desk.draft(1, person="li")
    with pytest.raises(SecondPersonMissing):
        await desk.second.approve(pending, person="li")
    assert (desk.waiting(), desk.is_nothing_sent()) == ([pending], True)


async def test_one_person_does_not_pass_for_both_of_an_answer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Persons(acted_by=desk.li, seconded_by=desk.li)
    monkeypatch.setattr(ApprovalService, "_persons", lambda self, review, person: both)
    with pytest.raises(SecondPersonMissing):
        await desk.second.approve(desk.draft(1, person="li"), person="li")
    assert desk.is_nothing_sent()


@pytest.mark.usefixtures("patched")
async def test_an_answer_by_one_person_is_refused(desk: Desk) -> None:
    us, cn = desk.world.us, desk.world.cn
    plan = record_plan(cn, us, desk.request)
    sent = await cn.node.answers.send(desk.request, plan, [1], acted_by=desk.li)
    assert [code for code, _ in sent.refused] == [SecondPersonMissing.code]
    await us.node.receive()
    assert us.grants() == []


async def test_a_look_at_one_answer_approves_no_other(desk: Desk) -> None:
    looked_at, other = desk.draft(1), desk.draft(2)
    mark = desk.second.review(looked_at, person="li").mark
    with pytest.raises(ReleaseChanged):
        await desk.second.approve(other, person="li", agreed=mark)
    assert (set(desk.waiting()), desk.is_nothing_sent()) == ({looked_at, other}, True)
    assert not (await desk.second.approve(looked_at, person="li", agreed=mark)).refused


async def test_what_the_policies_changed_meanwhile_is_agreed_to_first(desk: Desk) -> None:
    pending = desk.draft(1)
    article, *_ = desk.world.us.node.agreements.by_name(AGREEMENT).terms.articles
    before = desk.second.review(pending, person="li")
    shares = tuple(
        replace(share, form=Form.EXISTS) if share.category == "finance" else share
        for share in article.shares
    )
    await make_strict(desk.world, shares=shares)
    with pytest.raises(ReleaseChanged):
        await desk.second.approve(pending, person="li")
    with pytest.raises(ReleaseChanged):
        await desk.second.approve(pending, person="li", agreed=before.mark)
    review = desk.second.review(pending, person="li")
    assert {changed.before for changed in review.changed} == {"clear"}
    assert not (await desk.second.approve(pending, person="li", agreed=review.mark)).refused


async def test_an_item_decided_meanwhile_is_not_answered(desk: Desk) -> None:
    pending = desk.draft(1)
    await desk.world.cn.node.requests.refuse(desk.request, Ground.NOT_HELD, [1], desk.li)
    with pytest.raises(ItemDecided):
        await desk.second.approve(pending, person="li")
    assert desk.is_nothing_sent()


async def test_a_request_withdrawn_meanwhile_is_not_answered(desk: Desk) -> None:
    pending = desk.draft()
    lin = log_in(desk.world.us, "lin", Role.LIAISON, AGREEMENT)
    await desk.world.us.node.requests.withdraw(desk.request, lin)
    await desk.world.cn.node.receive()
    with pytest.raises(StepBackwards):
        await desk.second.approve(pending, person="li")
    desk.second.reject(pending, person="ana")
    assert (desk.waiting(), desk.is_nothing_sent()) == ([], True)


async def test_a_supplement_takes_two_persons_as_well(desk: Desk) -> None:
    us, cn = desk.world.us, desk.world.cn
    await cn.node.requests.refuse(desk.request, Ground.NOT_HELD, [], desk.li)
    with pytest.raises(ItemDecided):
        desk.draft(2)
    pending = desk.draft(2, supplement=True)
    assert not (await desk.second.approve(pending, person="li")).refused
    await us.node.receive()
    assert phases(desk.request, us, cn) == [Phase.SUPPLEMENTED] * 2


# Consents.


def path_of(member: Member, packet: bytes) -> str:
    shown = context_of(member.node).open_view(packet)
    (path,) = {o.field.path for o in shown.view.fields if o.field.path.endswith(f"/{NAME}")}
    return path


def status(member: Member, record: ConsentRecord) -> ConsentStatus:
    return member.node.consents.find(record.id.hex()).status


class Asked:
    """America's desk: Mexico holds its lead and asks for more; the article takes two persons."""

    def __init__(self, world: Simulation) -> None:
        self.world = world
        self.second, self.consents = world.us.node.approvals, world.us.node.consents
        self.ana = log_in(world.us, "ana", Role.ANALYST, AGREEMENT)
        self.li = log_in(world.us, "li", Role.LIAISON, AGREEMENT)

    async def ask(self, use: Use = Use.EVIDENCE, scope: str = "case 12/26") -> ConsentRecord:
        (packet,) = await self.world.us.send(self.world.mx)
        await self.world.mx.node.receive()
        mx = self.world.mx
        record = await mx.node.consents.ask(packet, [path_of(mx, packet)], use, scope)
        await self.world.us.node.receive()
        return record


@pytest.fixture
async def consenting(world: Simulation) -> tuple[Asked, ConsentRecord]:
    asked = Asked(world)
    record = await asked.ask()
    await make_strict(world)
    return asked, record


async def test_a_consent_waits_for_a_second_person(
    consenting: tuple[Asked, ConsentRecord],
) -> None:
    asked, record = consenting
    pending = asked.second.draft_consent(record.id, note="this trial only", person="ana")
    (field, to) = asked.second.review(pending, person="li").fields[0]
    assert (field.field.path.endswith(NAME), to) == (True, asked.world.mx.node.uri)
    assert status(asked.world.us, record) is ConsentStatus.ASKED
    with pytest.raises(SecondPersonMissing):
        await asked.second.approve(asked.second.draft_consent(record.id, person="li"), person="li")
    assert not (await asked.second.approve(pending, person="li")).refused
    await asked.world.mx.node.receive()
    given = asked.world.mx.node.consents.find(record.id.hex()).said[ConsentStep.GIVE]
    assert given.consent.acted_by is not None
    assert given.consent.seconded_by is not None
    assert given.consent.acted_by.pseudonym == asked.ana.pseudonym
    assert given.consent.seconded_by.pseudonym == asked.li.pseudonym
    assert given.terms.note == "this trial only"
    rows = await asked.world.store.event_rows(0, limit=10_000)
    entry = [parse_event(r.event) for r in rows if r.code == EventCode.CONSENT.value][-1]
    assert (entry.pseudonym, entry.seconded_by) == (asked.ana.pseudonym, asked.li.pseudonym)


async def test_a_consent_given_meanwhile_is_not_given_again(
    consenting: tuple[Asked, ConsentRecord],
) -> None:
    asked, record = consenting
    one = asked.second.draft_consent(record.id, person="ana")
    other = asked.second.draft_consent(record.id, person="ana")
    await asked.second.approve(one, person="li")
    with pytest.raises(ConsentClosed):
        await asked.second.approve(other, person="li")
    with pytest.raises(NotFound):
        await asked.second.approve(one, person="li")


async def test_passing_on_by_two_grants_the_field_by_two(world: Simulation) -> None:
    asked = Asked(world)
    record = await asked.ask(Use.PASS_ON, world.cn.node.uri)
    await make_strict(world)
    pending = asked.second.draft_consent(record.id, person="ana")
    assert [to for _, to in asked.second.review(pending, person="li").fields] == [world.cn.node.uri]
    assert not (await asked.second.approve(pending, person="li")).refused
    await world.cn.node.receive()
    (grant,) = stores_of(world.cn.node).packets.grants(record.packet)
    assert grant.grant.seconded_by is not None
    assert grant.grant.seconded_by.pseudonym == asked.li.pseudonym
    assert asked.second.waiting() == ()


async def test_the_own_node_gives_nothing_by_one_person(
    consenting: tuple[Asked, ConsentRecord],
) -> None:
    asked, record = consenting
    before = len(await asked.world.entries())
    with pytest.raises(SecondPersonMissing):
        await asked.consents.give(record.id, acted_by=asked.li)
    assert len(await asked.world.entries()) == before


@pytest.mark.usefixtures("patched")
async def test_a_consent_by_one_person_is_refused(
    consenting: tuple[Asked, ConsentRecord],
) -> None:
    asked, record = consenting
    with pytest.raises(SecondPersonMissing):
        await asked.consents.give(record.id, acted_by=asked.li)
    await asked.world.mx.node.receive()
    assert status(asked.world.mx, record) is ConsentStatus.ASKED
    assert asked.world.mx.codes() == []


@pytest.mark.usefixtures("patched")
async def test_a_consent_by_one_person_does_not_count_past_a_lenient_exchange(
    consenting: tuple[Asked, ConsentRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, record = consenting
    judging = tearline_server.processing.handlers.consents
    monkeypatch.setattr(judging, "_verify_persons", lambda hearing, consent: None)
    await asked.consents.give(record.id, acted_by=asked.li)
    await asked.world.mx.catches(SecondPersonMissing, packets=1)
    assert status(asked.world.mx, record) is ConsentStatus.ASKED
