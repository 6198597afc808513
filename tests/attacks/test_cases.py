"""Cases: who is in them, who sees whom, and what is filed, whoever lies."""

from dataclasses import replace

import pytest

from support.node import context_of, stores_of
from support.simulation import CN, MX, US, Member, Simulation
from tearline.cases.case import CaseBook, CaseNote, CaseStep, Membership, Phase
from tearline.errors import CaseRecipient, CaseRefused
from tearline.sealing import seal_note
from tearline.statements.channel import Address
from tearline.statements.statement import StatementType
from tearline.wire.cases import encode_case_note, encode_case_step, encode_case_step_prefix
from tearline.wire.publications import Outcome
from tearline_client.features.cases.views import CaseView
from tearline_client.planning.release_plan import Draft

AGREEMENT = "narcotics-2026"
TITLE, SUMMARY = "canary-harbour-7f3a9c51d2e8", "canary-slips-51d2e87f3a9c"


def view(member: Member) -> CaseView:
    (found,) = member.node.cases.all()
    return found


async def opened(world: Simulation, *, hidden: bool = False) -> bytes:
    """A case that we lead; the partners are invited, and see each other unless hidden."""
    us = world.us.node
    pairs = [(CN, MX)] if hidden else []
    case_id = us.cases.open(
        us.agreements.by_name(AGREEMENT), TITLE, [CN, MX], summary=SUMMARY, hidden=pairs
    )
    await world.settle(rounds=1)
    return case_id


async def joined(world: Simulation, *, hidden: bool = False) -> bytes:
    """The same, and both have joined."""
    case_id = await opened(world, hidden=hidden)
    for member in (world.cn, world.mx):
        await member.node.receive()
        member.node.cases.join(view(member))
        await world.settle(rounds=3)
    return case_id


def draft(member: Member, case_id: bytes) -> Draft:
    return replace(member.draft(), case_id=case_id.hex())


def forged(
    world: Simulation, member: Member, to: Member, case_id: bytes, phase: Phase, **note: object
) -> bytes:
    """A step that a patched node makes, whatever was said before."""
    state = context_of(member.node)
    key = state.kem_key_of(to.node.uri)
    agreement = member.node.agreements.by_name(AGREEMENT)
    seq = state.stores.channels.sent(to.node.uri, agreement.id) + 1
    step = CaseStep(
        header=state.signer.header,
        address=Address(recipient=to.node.uri, agreement_id=agreement.id, seq=seq),
        case_id=case_id,
        number=1 << 40,
        phase=phase,
        kem_key_id=key.id,
        acted_by=None,
        sealed=b"",
    )
    body = encode_case_note(CaseNote(**note))  # type: ignore[arg-type]  # a test's own words
    sealed = seal_note(body, key, StatementType.CASE_STEP, encode_case_step_prefix(step))
    return encode_case_step(replace(step, sealed=sealed))


async def say(world: Simulation, member: Member, body: bytes) -> Outcome:
    return await member.say(StatementType.CASE_STEP, body)


def codes(outcome: Outcome) -> str:
    return "" if outcome.refusal is None else outcome.refusal.code


async def test_partners_join_and_each_sees_the_others(world: Simulation) -> None:
    await joined(world)
    everybody = ("spiffe://fiscalia.mx.example", "spiffe://justice.us.example")
    for member in world.members:
        seen = view(member)
        assert (seen.title, seen.summary, seen.standing) == (TITLE, SUMMARY, Membership.IN)
        assert set(everybody) <= set(seen.members)
        assert len(seen.members) == 3
        assert seen.asked == ()
        assert member.codes() == []


async def test_packets_are_filed_and_told_of_in_the_order_of_the_log(world: Simulation) -> None:
    case_id = await joined(world)
    cn = world.cn.node
    plan = cn.packets.plan(draft(world.cn, case_id), [US, MX])
    (packet,) = (await cn.packets.send([plan])).packets
    await world.settle(rounds=3)
    for member in world.members:
        events = member.node.cases.timeline(view(member))
        assert [e.entry for e in events] == sorted(e.entry for e in events)
        filed = [e for e in events if e.about]
        assert {e.about for e in filed} == {f"{packet.hex()[:16]} lead"}
        assert {"invited", "accepted", "admitted"} <= {e.what for e in events}
        assert member.codes() == []
    grants = [e for e in world.mx.node.cases.timeline(view(world.mx)) if e.what == "grant-accepted"]
    assert len(grants) == 1  # the other partner's grant is not told


async def test_one_objection_keeps_a_newcomer_out(world: Simulation) -> None:
    await opened(world)
    world.cn.node.cases.join(view(world.cn))
    world.cn.node.cases.answer(view(world.cn), MX, consent=False)
    await world.settle(rounds=3)
    await world.mx.node.receive()
    with pytest.raises(CaseRefused):
        world.mx.node.cases.join(view(world.mx))
    assert view(world.mx).standing is Membership.OUT
    assert view(world.us).seats == {
        "spiffe://fiscalia.mx.example": Membership.OUT,
        "spiffe://police.cn.example": Membership.IN,
    }


async def test_whoever_is_invited_later_waits_for_everybody_in_it(world: Simulation) -> None:
    us = world.us.node
    us.cases.open(us.agreements.by_name(AGREEMENT), TITLE, [CN])
    await world.settle(rounds=1)
    world.cn.node.cases.join(view(world.cn))
    await world.settle(rounds=3)
    us.cases.invite(view(world.us), MX)
    await world.settle(rounds=1)
    world.mx.node.cases.join(view(world.mx))
    await world.settle(rounds=3)
    assert view(world.mx).standing is Membership.WAITING
    world.cn.node.cases.answer(view(world.cn), MX, consent=True)
    await world.settle(rounds=3)
    assert view(world.mx).standing is Membership.IN
    assert "spiffe://fiscalia.mx.example" in view(world.cn).members


async def test_members_who_must_not_see_each_other_do_not(world: Simulation) -> None:
    await joined(world, hidden=True)
    for member, other in ((world.cn, world.mx), (world.mx, world.cn)):
        hidden = other.node.uri.removeprefix("spiffe://").partition("/")[0]
        seen = view(member)
        assert seen.standing is Membership.IN
        shown = repr((seen, member.node.cases.timeline(seen)))
        assert hidden not in shown
        assert hidden not in repr(stores_of(member.node).cases.steps(seen.id))
        with pytest.raises(CaseRecipient):
            member.node.packets.plan(draft(member, seen.id), [other.node.uri])
    assert len(view(world.us).members) == 3


async def test_nobody_learns_of_a_hidden_member_by_numbers_or_sizes(world: Simulation) -> None:
    alone_id = await joined(world, hidden=True)
    steps = stores_of(world.cn.node).cases.steps(alone_id)
    heard = [said for said in steps if not said.mine]
    # Invited and admitted: nothing was said when the hidden one was invited, or joined.
    assert [said.step.phase for said in heard] == [Phase.INVITED, Phase.ADMITTED]
    assert len({len(said.step.sealed) for said in heard}) == 1


async def test_the_exchange_reads_no_title_and_no_summary(world: Simulation) -> None:
    await joined(world)
    data = b"".join(
        path.read_bytes() for path in world.folder.glob("exchange.db*") if path.is_file()
    )
    assert world.us.node.uri.encode() in data
    assert TITLE.encode() not in data
    assert SUMMARY.encode() not in data


async def test_an_outsider_files_nothing(world: Simulation) -> None:
    case_id = await opened(world)  # invited is not in
    with pytest.raises(CaseRefused):
        world.cn.node.packets.plan(draft(world.cn, case_id), [MX])
    refused = []
    for filed in (case_id, b"\xab" * 16):
        plan = world.cn.node.packets.plan(
            world.cn.draft(), [MX]
        )  # a patched node files it all the same
        plan = replace(plan, draft=draft(world.cn, filed))
        refused.append((await world.cn.node.packets.send([plan])).refused)
    assert refused[0] == refused[1]  # whether there is such a case or not
    assert next(code for code, _ in refused[0]) == CaseRefused.code


async def test_a_packet_of_somebody_not_seen_in_the_case_is_told_of(world: Simulation) -> None:
    case_id = await joined(world, hidden=True)
    plan = world.cn.node.packets.plan(world.cn.draft(), [MX])  # a patched node
    plan = replace(plan, draft=draft(world.cn, case_id))
    assert not (await world.cn.node.packets.send([plan])).refused
    await world.mx.node.receive()
    assert world.mx.codes() == ["TL-CAS-004"]


@pytest.mark.parametrize("phase", [Phase.INVITED, Phase.CLOSED])
async def test_nobody_leads_another_s_case(world: Simulation, phase: Phase) -> None:
    case_id = await joined(world)
    outcome = await say(world, world.cn, forged(world, world.cn, world.mx, case_id, phase))
    assert codes(outcome) == CaseRefused.code
    assert view(world.mx).standing is Membership.IN


async def test_a_stranger_s_consent_counts_for_nothing(world: Simulation) -> None:
    us = world.us.node
    case_id = us.cases.open(us.agreements.by_name(AGREEMENT), TITLE, [CN])
    await world.settle(rounds=1)
    said = []
    for asked in (case_id, bytes(16)):
        body = forged(world, world.mx, world.us, asked, Phase.ACCEPTED)
        said.append((await world.mx.say(StatementType.CASE_STEP, body)).refusal)
    assert said[0] == said[1]  # whether there is such a case or not
    assert said[0] is not None
    assert said[0].code == CaseRefused.code


async def test_what_was_left_or_closed_stays_so(world: Simulation) -> None:
    case_id = await joined(world)
    world.cn.node.cases.leave(view(world.cn))
    await world.settle(rounds=3)
    assert view(world.us).seats["spiffe://police.cn.example"] is Membership.LEFT
    body = forged(world, world.cn, world.us, case_id, Phase.ACCEPTED)
    assert codes(await say(world, world.cn, body)) == "TL-CAS-002"

    world.us.node.cases.close(view(world.us))
    await world.settle(rounds=3)
    assert view(world.mx).standing is Membership.CLOSED
    with pytest.raises(CaseRefused):
        world.mx.node.packets.plan(draft(world.mx, case_id), [US])


async def test_a_member_leaves_while_the_lead_admits_another(world: Simulation) -> None:
    us = world.us.node
    us.cases.open(us.agreements.by_name(AGREEMENT), TITLE, [CN])
    await world.settle(rounds=1)
    world.cn.node.cases.join(view(world.cn))
    await world.settle(rounds=3)
    us.cases.invite(view(world.us), MX)
    world.cn.node.cases.leave(view(world.cn))
    await world.settle(rounds=3)
    world.mx.node.cases.join(view(world.mx))
    await world.settle(rounds=3)
    assert view(world.mx).standing is Membership.IN
    assert view(world.cn).standing is Membership.LEFT


@pytest.mark.parametrize("phase", [Phase.INVITED, Phase.ACCEPTED])
async def test_a_node_believes_no_second_lead_and_no_stranger(
    world: Simulation, monkeypatch: pytest.MonkeyPatch, phase: Phase
) -> None:
    case_id = await joined(world)
    monkeypatch.setattr(CaseBook, "verify", lambda self, step: None)  # an exchange that lets it by
    body = forged(world, world.cn, world.mx, case_id, phase)
    assert codes(await say(world, world.cn, body)) == ""
    await world.mx.catches(CaseRefused)
    assert view(world.mx).standing is Membership.IN
