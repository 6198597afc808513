"""Cases at their edges: titles that deceive, members out of reach, packets from nowhere."""

from dataclasses import replace

import pytest

from attacks.simulated_requests import HOUR_MS, PERSON, ask, shift
from attacks.test_cases import AGREEMENT, SUMMARY, TITLE, draft, joined, view
from support.agencies import signed_by
from support.node import context_of, stores_of
from support.simulation import CN, MX, US, Member, Simulation
from tearline.cases.case import Membership
from tearline.crypto.keys import KemPublicKey
from tearline.errors import (
    AddresseeKeyMissing,
    AgreementSuspended,
    CaseRecipient,
    CaseRefused,
    CaseTitleRefused,
    CaseUnfiled,
    CaseUnknown,
    ExchangeUnreachable,
    NameAmbiguous,
    RecipientKeyExpired,
)
from tearline.federation.members import Revocation
from tearline.limits import CASE_RETRY_MS
from tearline.packets.recall import RecallReason
from tearline.statements.statement import StatementType
from tearline.suspensions.index import SuspensionIndex
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.federation import encode_revocation
from tearline.wire.publications import Publication
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, Group
from tearline_client.store.cases import CaseStore, LedCase


def opened(leader: Member, title: str, *partners: str) -> bytes:
    node = leader.node
    return node.cases.open(node.agreements.by_name(AGREEMENT), title, partners, summary=SUMMARY)


async def test_a_title_that_two_cases_bear_is_never_sent_in_clear(world: Simulation) -> None:
    opened(world.us, TITLE, CN)
    assert world.us.node.cases.reference(TITLE) != TITLE
    opened(world.mx, TITLE, US)  # a partner gives a case of its own the same title
    await world.settle(rounds=3)
    with pytest.raises(NameAmbiguous):
        world.us.node.cases.reference(TITLE)


async def test_nothing_but_the_id_of_a_case_is_sent_in_clear(world: Simulation) -> None:
    us, cn = world.us.node, world.cn.node
    opened(world.us, TITLE, CN)
    for mistyped in (TITLE[:-1], "harbour-2026", "5" * 32):
        with pytest.raises(CaseUnknown, match=f"one of {TITLE}"):
            us.cases.reference(mistyped)
    assert us.cases.reference("") == ""
    for text in ("harbour-2026", TITLE):
        with pytest.raises(CaseRefused):
            us.packets.plan(replace(world.us.draft(), case_id=text), [CN])
    about = About(
        article="money-laundering", purpose="criminal-investigation", reference="harbour-2026"
    )
    qiu = Entity(id="qiu", schema="Person", properties={"name": ("Qiu Wenhao",)})
    group = Group(entities=(qiu,), outside=())
    plan = us.packets.plan(us.packets.draft(group, about, agreement=AGREEMENT), [CN])
    (packet,) = (await us.packets.send([plan])).packets
    await cn.receive()
    for node in (us, cn):
        shown = node.packets.show(packet)
        assert shown.manifest.case_id == ""
        values = {o.field.path.rpartition("/")[2]: o.field.values for o in shown.view.best()}
        assert values["reference"] == (b"harbour-2026",)


async def test_two_cases_of_a_house_are_told_apart_by_their_titles(world: Simulation) -> None:
    opened(world.us, TITLE, CN)
    for title in ("", "  ", TITLE, TITLE.upper(), f" {TITLE} "):
        with pytest.raises(CaseTitleRefused):
            opened(world.us, title, CN)
    assert [view.title for view in world.us.node.cases.all()] == [TITLE]


async def test_a_title_is_not_taken_for_another_case_s_id(world: Simulation) -> None:
    ours = opened(world.us, TITLE, CN)
    opened(world.mx, ours.hex(), US)
    opened(world.mx, ours.hex()[:8], US)
    await world.settle(rounds=3)
    assert len(world.us.node.cases.all()) == 3
    assert world.us.node.cases.find(ours.hex()).id == ours
    assert world.us.node.cases.reference(ours.hex()) == ours.hex()
    with pytest.raises(NameAmbiguous):
        world.us.node.cases.find(ours.hex()[:8])


async def test_what_a_hidden_member_files_is_in_no_timeline(world: Simulation) -> None:
    case_id = await joined(world, hidden=True)
    plan = world.cn.node.packets.plan(world.cn.draft(), [MX])
    plan = replace(plan, draft=draft(world.cn, case_id))  # a patched node files it all the same
    (packet,) = (await world.cn.node.packets.send([plan])).packets
    await world.settle(rounds=3)
    assert CaseUnfiled.code in world.mx.codes()
    timeline = world.mx.node.cases.timeline(view(world.mx))
    assert timeline
    assert "police.cn" not in repr(timeline)
    assert packet.hex()[:16] not in repr(timeline)


async def test_a_filed_packet_is_disclosed_to_nobody_outside_of_its_case(
    world: Simulation,
) -> None:
    case_id = opened(world.us, TITLE, CN)
    await world.settle(rounds=3)
    world.cn.node.cases.join(view(world.cn))
    await world.settle(rounds=3)
    us = world.us.node
    (packet,) = (await us.packets.send([us.packets.plan(draft(world.us, case_id), [CN])])).packets
    path = next(f.path for f in world.us.draft().fields if f.path.endswith("/Person/name"))
    with pytest.raises(CaseRecipient):
        await us.packets.disclose(packet, path, MX)
    us.cases.close(view(world.us))
    assert not (
        await us.packets.disclose(packet, path, CN)
    ).refused  # who holds the packet learns nothing


async def test_a_member_without_a_key_holds_up_nobody(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await joined(world)
    found = TrustState.kem_key

    def without(self: TrustState, node_uri: str, *, at: Moment) -> KemPublicKey:
        if node_uri == world.mx.node.uri:
            raise AddresseeKeyMissing
        return found(self, node_uri, at=at)

    monkeypatch.setattr(TrustState, "kem_key", without)
    world.us.node.cases.close(view(world.us))
    await world.settle(rounds=3)
    assert view(world.cn).standing is Membership.CLOSED
    assert view(world.mx).standing is Membership.IN
    monkeypatch.undo()
    await world.settle(rounds=3)
    assert view(world.mx).standing is Membership.CLOSED


async def test_what_a_suspension_refuses_is_not_said_without_end(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(world.us, TITLE, CN)
    await world.settle(rounds=3)

    def suspended(*_: object, **__: object) -> None:
        raise AgreementSuspended

    monkeypatch.setattr(SuspensionIndex, "verify_channel_open", suspended)
    us = world.us.node
    us.cases.invite(view(world.us), MX)
    await us.sync()
    with pytest.raises(AgreementSuspended):  # whoever decided it is told
        us.cases.verify_taken()
    us.cases.verify_taken()
    size = len(await world.entries())
    for _ in range(3):
        await us.sync()
    assert len(await world.entries()) == size
    monkeypatch.undo()
    shift(world, CASE_RETRY_MS / HOUR_MS)
    await world.settle(rounds=3)
    assert view(world.mx).standing is Membership.INVITED


async def end_key(world: Simulation, member: Member, name: str) -> None:
    """A member's root ends its node's encryption key; there is no other before its next sync."""
    state, root = context_of(member.node), world.root(name)
    key = state.kem_key_of(member.node.uri).id
    body = encode_revocation(Revocation(header=root.header, revoked_key=key, reason="stolen"))
    assert await member.node.keys.revoke(signed_by(StatementType.REVOCATION, body, root))


def cut_off(member: Member) -> None:
    def gone(publication: Publication) -> Publication:
        raise ExchangeUnreachable

    member.exchange.publication = gone


@pytest.mark.parametrize("side", ["lead", "member"])
async def test_what_was_sealed_to_a_key_that_ended_is_said_again(
    world: Simulation, side: str
) -> None:
    """It waited at home while the key ended: it is not lost, and still names who decided it."""
    case_id = opened(world.us, TITLE, CN)
    await world.settle(rounds=3)
    says, hears = (world.us, world.cn) if side == "lead" else (world.cn, world.us)
    cut_off(says)
    if side == "lead":
        says.node.cases.close(view(says), acted_by=PERSON)
    else:
        says.node.cases.join(view(says), acted_by=PERSON)
    with pytest.raises(ExchangeUnreachable):
        await says.node.sync()
    says.exchange.publication = lambda publication: publication

    await end_key(world, hears, CN if side == "lead" else US)
    await says.node.sync()
    with pytest.raises(RecipientKeyExpired):  # whoever decided it is told
        says.node.cases.verify_taken()
    await says.node.sync()  # there is no other key yet, and nothing is said to the old one
    assert [each.statements[0].type for each in await hears.waiting()].count(
        StatementType.CASE_STEP
    ) == 0
    await hears.node.sync()
    await world.settle(rounds=3)
    now = Membership.CLOSED if side == "lead" else Membership.IN
    assert view(world.cn).standing is now
    assert view(world.us).seats[context_of(world.cn.node).agency] is now
    heard = stores_of(hears.node).cases.latest(case_id, context_of(says.node).agency, mine=False)
    assert heard is not None
    assert heard.step.acted_by == PERSON
    assert [member.codes() for member in world.members] == [[], [], []]
    assert stores_of(says.node).cases.returned() == ()


async def test_nothing_is_opened_of_cases_in_which_nothing_happened(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that leads a thousand cases does not read them at each turn, nor to file a packet."""
    for number in range(3):
        opened(world.us, f"{TITLE} {number}", CN)
    await world.settle(rounds=3)
    cases = stores_of(world.us.node).cases
    assert cases.due(context_of(world.us.node).now_ms()) == ()
    world.cn.node.cases.join(world.cn.node.cases.find(f"{TITLE} 1"))
    await world.cn.node.sync()
    read: list[bytes] = []
    found = CaseStore._led

    def noted(self: CaseStore, case_id: bytes, agreement_id: bytes, sealed: bytes) -> LedCase:
        read.append(case_id)
        return found(self, case_id, agreement_id, sealed)

    monkeypatch.setattr(CaseStore, "_led", noted)
    await world.us.node.receive()
    await world.us.node.sync()
    named = world.us.node.cases.find(f"{TITLE} 1").id
    read.clear()
    await world.us.node.sync()
    assert read == []
    await world.us.node.packets.send([world.us.node.packets.plan(draft(world.us, named), [CN])])
    assert set(read) == {named}


async def test_a_timeline_tells_of_requests_recalls_and_corrections(world: Simulation) -> None:
    case_id = await joined(world)
    request = await ask(world.us, world.cn, case_id=case_id.hex())
    await world.cn.node.requests.admit(request, PERSON)
    us = world.us.node
    (first,) = (await us.packets.send([us.packets.plan(draft(world.us, case_id), [CN])])).packets
    corrected = replace(draft(world.us, case_id), supersedes=first)
    (second,) = (await us.packets.send([us.packets.plan(corrected, [CN])])).packets
    await world.settle(rounds=3)
    await us.recalls.recall(us.recalls.plan(second), RecallReason.MISTAKE, acted_by=PERSON)
    await world.settle(rounds=3)
    for member in (world.us, world.cn):
        lines = [(e.what, e.about) for e in member.node.cases.timeline(view(member))]
        assert ("admit", f"{request.hex()[:16]} record-request") in lines
        about = f"{second.hex()[:16]} lead, corrects {first.hex()[:16]}"
        assert {("grant-accepted", about), ("recall", about)} <= {*lines}
    assert [e for e in world.mx.node.cases.timeline(view(world.mx)) if e.about] == []
