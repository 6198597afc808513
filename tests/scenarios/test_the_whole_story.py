"""The whole story, from the charter to the court: read it from top to bottom.

Three agencies of different states follow the money of one cartel. They share through an exchange
whose operator none of them trusts, and they do not trust each other either. Everything here is
done by real nodes over a real exchange; only TLS is left out, which the demo and the integration
tests have. Every name and number is invented.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from support.four_eyes import log_in
from support.node import context_of
from support.simulation import Member, Simulation
from tearline.crypto.armor import Armor, parse_armor
from tearline.errors import AgreementSuspended, BodyRefused, CopyUndeclared, LoginRequired
from tearline.packets.packet import PacketKind, Urgency
from tearline.packets.recall import RecallReason, RecallState
from tearline.persons.tokens import Role
from tearline.policy.form import Form
from tearline.policy.ruleset import parse_policy_set
from tearline.requests.step import Ground
from tearline.statements.statement import ActedBy
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.verification.exhibit import verify_exhibit
from tearline.wire.exhibits import parse_exhibit
from tearline_client.audit.proofs import prove
from tearline_client.audit.verifier import AuditVerifier, Outcome
from tearline_client.audit.who_saw import who_saw
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.demo.incident import CAS, WRONG_CAS, incident_jsonl
from tearline_client.demo.lead import (
    ACCOUNT,
    AMOUNT,
    GUARDED,
    METHOD,
    NARRATIVE,
    OWN_POLICY,
    RECORD_AMOUNT,
    RECORDS,
    REQUEST,
    RIGHT_AMOUNT,
    SOURCE,
    SUSPECT,
    corrected_jsonl,
    lead_jsonl,
)
from tearline_client.drafting.correction import draft_correction
from tearline_client.drafting.from_file import (
    ReleaseOptions,
    draft_file,
)
from tearline_client.drafting.record_requests import draft_answer
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import connected_groups
from tearline_client.planning.request_file import parse_request_file

AGREEMENT = "narcotics-2026"
LAUNDERING, PRECURSORS = "money-laundering", "precursors"
INVESTIGATION, CONTROL = "criminal-investigation", "precursor-control"
RIGHT_RECORD_AMOUNT = "920440"
ARREST = """\
{"id":"notice","schema":"OperationalNotice","properties":{"act":["arrest"],\
"date":["2026-05-06T05:40"],"country":["mx"],"subject":["qiu"],\
"legalBasis":["arrest warrant 114/2026"],"contactRole":["duty officer"]}}
{"id":"qiu","schema":"Person","properties":{"name":["Qiu Wenhao"]}}
"""
FEEDBACK = """\
{"id":"feedback","schema":"Feedback","properties":{"packet":["%s"],\
"outcome":["led-to-arrest"],"date":["2026-05-06"]}}
"""


async def test_the_whole_story(world: Simulation, tmp_path: Path) -> None:
    nobody_is_in_it_whom_all_did_not_admit(world)
    all_have_signed_what_each_may_get(world)
    america_keeps_account_numbers_to_itself(world)

    lead = await america_sends_a_lead_and_protects_its_sources(world, tmp_path)
    each_partner_sees_its_own_part(world, lead)
    asked = await mexico_asks_for_records_in_an_emergency(world)
    await america_answers_one_item_and_neither_confirms_nor_denies_the_other(world, asked, tmp_path)
    await america_corrects_its_answer_and_the_request_stays_as_it_is(world, asked, tmp_path)
    await america_discloses_one_more_field_to_china(world, lead)

    await china_tells_of_precursors_that_were_to_be_diverted(world, tmp_path)
    await mexico_announces_an_arrest(world, tmp_path)

    await china_suspends_the_article_and_resumes(world, tmp_path)

    correction = await america_corrects_the_amount(world, lead, tmp_path)
    await america_takes_the_lead_back_from_china(world, lead, correction)
    await mexico_says_what_came_of_it(world, correction, tmp_path)

    an_auditor_finds_who_saw_the_account_number(world, lead)
    await a_court_is_shown_the_amount_and_nothing_else(world, correction)


def nobody_is_in_it_whom_all_did_not_admit(world: Simulation) -> None:
    """Three roots signed one charter; every node pinned the same and reads the same log."""
    trusted = [context_of(member.node).trust for member in world.members]
    assert len({trust.federation for trust in trusted}) == 1
    for trust in trusted:
        agencies = {agency.name for agency in trust.members.agencies}
        assert agencies == {"us-justice", "cn-public-security", "mx-prosecutor"}


def all_have_signed_what_each_may_get(world: Simulation) -> None:
    """One agreement is in force, the same at each; every party has signed it."""
    first, *others = (member.node.agreements.by_name(AGREEMENT) for member in world.members)
    assert others == [first, first]
    assert len(first.terms.parties) == len(world.members)


def america_keeps_account_numbers_to_itself(world: Simulation) -> None:
    """What the agreement allows, an agency's own policy may still hold back."""
    state = context_of(world.us.node)
    policies = replace(state.policies, own=parse_policy_set(OWN_POLICY))
    object.__setattr__(state, "policies", policies)


async def america_sends_a_lead_and_protects_its_sources(world: Simulation, folder: Path) -> bytes:
    """It looks first: what each partner would see of each field. Then it is sealed, once."""
    source = file(folder, lead_jsonl())
    about = About(article=LAUNDERING, purpose=INVESTIGATION, evaluation="B2", guarded=GUARDED)
    order = ReleaseOptions(
        to=("cn-public-security", "mx-prosecutor"), agreement=AGREEMENT, about=about
    )
    drafted = draft_file(world.us.node, source, read_ftm, order, narrative=NARRATIVE)

    (plan,) = drafted.plans
    amounts = {c.recipient: c.form for c in plan.cells() if c.path.endswith("/Payment/amount")}
    assert amounts == {world.cn.node.uri: Form.GENERALISED, world.mx.node.uri: Form.CLEAR}

    sent = await world.us.node.packets.send(drafted.plans)
    assert not sent.refused
    await world.settle(rounds=3)
    return sent.packets[0]


def each_partner_sees_its_own_part(world: Simulation, lead: bytes) -> None:
    """Each sees what it was granted, and is told of some of the rest that it is there."""
    at_china, at_mexico = text(world.cn, lead), text(world.mx, lead)
    assert SUSPECT in at_china
    assert SUSPECT in at_mexico
    assert AMOUNT in at_mexico
    assert AMOUNT not in at_china
    assert ACCOUNT not in at_china
    for secret in (SOURCE, METHOD):
        assert secret not in at_china + at_mexico
    assert told_of(world.mx, lead) >= {"identity.source", "method"}
    assert "identity.source" not in told_of(world.cn, lead)


async def mexico_asks_for_records_in_an_emergency(world: Simulation) -> bytes:
    """Eight hours, by the log's time, which both sides count alike."""
    asked = parse_request_file(REQUEST)
    (group,) = connected_groups(asked.entities)
    draft = world.mx.node.packets.draft(group, asked.about, agreement=asked.agreement)
    plan = world.mx.node.packets.plan(draft, [asked.to])
    sent = await world.mx.node.requests.submit(plan, person("paz", "liaison"))
    await world.settle(rounds=3)

    (request,) = sent.packets
    asking, holding = (member.node.requests.show(request) for member in (world.mx, world.us))
    assert asking.progress.urgency is Urgency.EMERGENCY
    assert asking.due_ms == holding.due_ms is not None
    return request


async def america_answers_one_item_and_neither_confirms_nor_denies_the_other(
    world: Simulation, request: bytes, folder: Path
) -> None:
    """In parts; a person answers for each; the second is refused on a ground that says nothing."""
    desk, grace = world.us.node.requests, person("grace", "liaison")
    drafted = draft_answer(world.us.node, request, read_ftm(file(folder, lead_jsonl(RECORDS))))
    sent = await world.us.node.answers.send(request, drafted.plans[0], [1], acted_by=grace)
    await desk.refuse(request, Ground.NEITHER, [2], grace)
    await world.settle(rounds=3)

    answered, refused = world.mx.node.requests.show(request).items
    assert answered.answer == sent.packets[0]
    assert RECORD_AMOUNT in text(world.mx, answered.answer)
    assert (refused.answer, refused.ground) == (b"", Ground.NEITHER)


async def america_corrects_its_answer_and_the_request_stays_as_it_is(
    world: Simulation, request: bytes, folder: Path
) -> None:
    """A person stands behind that, too; the item was answered, and stays so."""
    before = world.mx.node.requests.show(request)
    answer = before.items[0].answer
    source = file(folder, lead_jsonl(RECORDS).replace(RECORD_AMOUNT, RIGHT_RECORD_AMOUNT))
    plan, _ = draft_correction(world.us.node, answer, source)
    sent = await world.us.node.packets.send([plan.release], acted_by=person("grace", "liaison"))
    assert not sent.refused
    await world.settle(rounds=3)

    after = world.mx.node.requests.show(request)
    assert (after.progress.phase, after.items) == (before.progress.phase, before.items)
    newest = world.mx.node.corrections.newest(answer)
    assert newest == sent.packets[0]
    assert RIGHT_RECORD_AMOUNT in text(world.mx, newest)


async def america_discloses_one_more_field_to_china(world: Simulation, lead: bytes) -> None:
    """Later, and without sealing anew: the signature of the first day covers it."""
    path = next(p for p in paths(world.us, lead) if p.endswith("/BankAccount/iban"))
    with pytest.raises(LoginRequired):  # the house's own policy holds it back
        await world.us.node.packets.disclose(lead, path, world.cn.node.uri)
    person = log_in(world.us, "dora", Role.LIAISON, "narcotics-2026")
    sent = await world.us.node.packets.disclose(lead, path, world.cn.node.uri, acted_by=person)
    assert not sent.refused
    await world.settle(rounds=3)
    assert ACCOUNT in text(world.cn, lead)


async def china_tells_of_precursors_that_were_to_be_diverted(
    world: Simulation, folder: Path
) -> None:
    """A number whose check digit does not hold never leaves; the right one arrives."""
    kind = PacketKind.PRECURSOR_INCIDENT
    with pytest.raises(BodyRefused):
        await send(world, world.cn, file(folder, incident_jsonl(WRONG_CAS)), kind)
    incident = await send(world, world.cn, file(folder, incident_jsonl()), kind)
    for member in (world.us, world.mx):
        assert CAS in text(member, incident)


async def mexico_announces_an_arrest(world: Simulation, folder: Path) -> None:
    """To whom the name came from: it goes to nobody else without its originator's consent."""
    announced = file(folder, ARREST)
    with pytest.raises(CopyUndeclared):
        await send(world, world.mx, announced, PacketKind.OPERATIONAL_NOTICE)
    notice = await send(world, world.mx, announced, PacketKind.OPERATIONAL_NOTICE, to=world.us)
    assert "arrest" in text(world.us, notice)


async def china_suspends_the_article_and_resumes(world: Simulation, folder: Path) -> None:
    """At once, whatever is under way. An officer resumes, and both prove that nothing passed."""
    waiting = await send(world, world.us, file(folder, lead_jsonl()), settled=False)
    suspension = Suspension(
        article=LAUNDERING,
        sender="",
        recipient="",
        reason=Reason.POLITICAL,
        in_flight=InFlight.HOLD,
        originated=Originated.KEEP,
    )
    await world.cn.node.suspensions.suspend(AGREEMENT, suspension)
    await world.settle(rounds=3)
    assert waiting not in world.cn.grants()
    with pytest.raises(AgreementSuspended):
        await send(world, world.us, file(folder, lead_jsonl()))

    scope = (LAUNDERING, "", "")
    officer = person("lin", "officer")
    await world.cn.node.suspensions.resume(AGREEMENT, scope, acted_by=officer)
    await world.settle(rounds=3)
    await world.settle(rounds=3)
    assert waiting in world.cn.grants()  # decided and granted anew
    for member in (world.us, world.cn):
        ends = {world.us.node.uri, world.cn.node.uri}
        found = member.node.suspensions.gaps(member.node.agreements.by_name(AGREEMENT))
        gaps = [gap for gap in found if {gap.sender, gap.recipient} == ends]
        assert gaps
        assert all(gap.proved and not gap.crossed for gap in gaps)


async def america_corrects_the_amount(world: Simulation, lead: bytes, folder: Path) -> bytes:
    """Two digits changed places: another packet takes the lead's place for all who have it."""
    corrected = file(folder, corrected_jsonl())
    plan, _ = draft_correction(world.us.node, lead, corrected, narrative=NARRATIVE)
    changed = {c.path.partition("/")[2] for c in plan.changes if c.recipient == world.mx.node.uri}
    assert changed == {"Payment/amount"}
    (correction,) = (await world.us.node.packets.send([plan.release])).packets
    await world.settle(rounds=3)

    for member in world.members:
        assert member.node.corrections.newest(lead) == correction
    assert RIGHT_AMOUNT in text(world.mx, correction)
    assert RIGHT_AMOUNT not in text(world.cn, correction)  # the band is the same
    assert SOURCE not in text(world.mx, correction)  # what was guarded by hand stays so
    return correction


async def america_takes_the_lead_back_from_china(
    world: Simulation, lead: bytes, correction: bytes
) -> None:
    """It is erased there, both signed and told; Mexico keeps its view."""
    desk = world.us.node.recalls
    for packet in (lead, correction):
        await desk.recall(desk.plan(packet, to=[world.cn.node.uri]), RecallReason.SOURCE_AT_RISK)
    await world.settle(rounds=3)
    for packet in (lead, correction):
        assert [each.state for each in desk.of(packet)] == [RecallState.ERASED]
        assert text(world.cn, packet) == ""
        assert SUSPECT in text(world.mx, packet)


async def mexico_says_what_came_of_it(world: Simulation, correction: bytes, folder: Path) -> None:
    """Feedback: whoever gave it learns whether it was of use."""
    source = file(folder, FEEDBACK % correction.hex())
    feedback = await send(world, world.mx, source, PacketKind.FEEDBACK, to=world.us)
    assert "led-to-arrest" in text(world.us, feedback)


def an_auditor_finds_who_saw_the_account_number(world: Simulation, lead: bytes) -> None:
    """Who was given it in which form, with proofs that verify without asking anybody."""
    sightings = who_saw(context_of(world.us.node), lead, "BankAccount/iban").sightings
    given = sorted((each.partner, each.form) for each in sightings if each.form)
    assert given == [
        (world.mx.node.uri, Form.CLEAR),
        (world.cn.node.uri, Form.GENERALISED),
        (world.cn.node.uri, Form.CLEAR),
    ]
    assert {each.article for each in sightings} == {LAUNDERING}
    assert {each.proven for each in sightings} == {Outcome.VERIFIED}

    stranger = AuditVerifier(context_of(world.us.node).trust.members.log)
    for proof in prove(context_of(world.us.node), lead.hex()):
        assert stranger.judge(proof.data).outcome is Outcome.VERIFIED


async def a_court_is_shown_the_amount_and_nothing_else(
    world: Simulation, correction: bytes
) -> None:
    """One file, which anybody verifies with nothing but the federation's id."""
    us = world.us.node
    exhibit = await us.audit.exhibit(correction, ["Payment/amount"])
    shown = verify_exhibit(
        parse_exhibit(parse_armor(Armor.EXHIBIT, exhibit)), context_of(us).trust.federation
    )
    assert [opened.field.texts for opened in shown.fields] == [(RIGHT_AMOUNT,)]
    assert SUSPECT.encode() not in parse_armor(Armor.EXHIBIT, exhibit)


# What the chapters share.


async def send(
    world: Simulation,
    by: Member,
    source: Path,
    kind: PacketKind = PacketKind.LEAD,
    *,
    to: Member | None = None,
    settled: bool = True,
) -> bytes:
    """Sends a file to one partner, or to both."""
    precursors = kind in (PacketKind.PRECURSOR_INCIDENT, PacketKind.OPERATIONAL_NOTICE)
    about = About(
        article=PRECURSORS if precursors else LAUNDERING,
        purpose=CONTROL if precursors else INVESTIGATION,
        kind=kind,
    )
    partners = [to] if to else [member for member in world.members if member is not by]
    uris = tuple(member.node.uri for member in partners)
    order = ReleaseOptions(to=uris, agreement=AGREEMENT, about=about)
    sent = await by.node.packets.send(draft_file(by.node, source, read_ftm, order).plans)
    assert not sent.refused, sent.refused
    if settled:
        await world.settle(rounds=3)
    return sent.packets[0]


def file(folder: Path, content: str) -> Path:
    path = folder / "source.jsonl"
    path.write_text(content)
    return path


def person(name: str, role: str) -> ActedBy:
    """Somebody who acts, as partners may know them: by a pseudonym."""
    return ActedBy(pseudonym=name.encode().ljust(32), role=role, token_hash=bytes(32), time_ms=1)


def text(member: Member, packet: bytes) -> str:
    """All that a member can read of a packet."""
    best = member.node.packets.show(packet).view.best()
    return "\n".join(value for opened in best for value in opened.field.texts)


def paths(member: Member, packet: bytes) -> list[str]:
    return [opened.field.path for opened in member.node.packets.show(packet).view.best()]


def told_of(member: Member, packet: bytes) -> set[str]:
    """What a member is told that there is, and not shown."""
    return {existence.category for existence in member.node.packets.show(packet).view.existences}
