"""Cases at their edges: titles that deceive, members out of reach, packets from nowhere."""

from dataclasses import replace

import pytest

from attacks.test_cases import AGREEMENT, SUMMARY, TITLE, draft, joined, settle, view
from simulator import CN, MX, US, Member, Simulation
from tearline.case import Membership
from tearline.errors import (
    AgreementSuspended,
    CaseRecipient,
    CaseUnfiled,
    NotFound,
    SignerKeyUnknown,
)
from tearline.keys import KemPublicKey
from tearline.standing import StandingBook
from tearline.trust import Moment, TrustState


def opened(leader: Member, title: str, *partners: str) -> bytes:
    node = leader.node
    return node.cases.open(node.agreement(AGREEMENT), title, partners, summary=SUMMARY)


async def test_a_title_that_two_cases_bear_is_never_sent_in_clear(world: Simulation) -> None:
    opened(world.us, TITLE, CN)
    assert world.us.node.cases.reference(TITLE) != TITLE
    opened(world.mx, TITLE, US)  # a partner gives a case of its own the same title
    await settle(world)
    with pytest.raises(NotFound):
        world.us.node.cases.reference(TITLE)
    assert world.us.node.cases.reference("harbour-2026") == "harbour-2026"


async def test_a_title_is_not_taken_for_another_case_s_id(world: Simulation) -> None:
    ours = opened(world.us, TITLE, CN)
    opened(world.mx, ours.hex(), US)
    opened(world.mx, ours.hex()[:8], US)
    await settle(world)
    assert len(world.us.node.cases.all()) == 3
    assert world.us.node.cases.find(ours.hex()).id == ours
    assert world.us.node.cases.reference(ours.hex()) == ours.hex()
    with pytest.raises(NotFound):
        world.us.node.cases.find(ours.hex()[:8])


async def test_what_a_hidden_member_files_is_in_no_timeline(world: Simulation) -> None:
    case_id = await joined(world, hidden=True)
    plan = world.cn.node.plan(world.cn.draft(), [MX])
    plan = replace(plan, draft=draft(world.cn, case_id))  # a patched node files it all the same
    (packet,) = (await world.cn.node.send([plan])).packets
    await settle(world)
    assert CaseUnfiled.code in world.mx.codes()
    timeline = world.mx.node.cases.timeline(view(world.mx))
    assert timeline
    assert "police.cn" not in repr(timeline)
    assert packet.hex()[:16] not in repr(timeline)


async def test_a_filed_packet_is_disclosed_to_nobody_outside_of_its_case(
    world: Simulation,
) -> None:
    case_id = opened(world.us, TITLE, CN)
    await settle(world)
    world.cn.node.cases.join(view(world.cn))
    await settle(world)
    us = world.us.node
    (packet,) = (await us.send([us.plan(draft(world.us, case_id), [CN])])).packets
    path = world.us.draft().fields[0].path
    with pytest.raises(CaseRecipient):
        await us.disclose(packet, path, MX)
    us.cases.close(view(world.us))
    assert not (await us.disclose(packet, path, CN)).refused  # who holds the packet learns nothing


async def test_a_member_without_a_key_holds_up_nobody(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await joined(world)
    found = TrustState.kem_key

    def without(self: TrustState, node_uri: str, *, at: Moment) -> KemPublicKey:
        if node_uri == world.mx.node.uri:
            raise SignerKeyUnknown
        return found(self, node_uri, at=at)

    monkeypatch.setattr(TrustState, "kem_key", without)
    world.us.node.cases.close(view(world.us))
    await settle(world)
    assert view(world.cn).standing is Membership.CLOSED
    assert view(world.mx).standing is Membership.IN
    monkeypatch.undo()
    await settle(world)
    assert view(world.mx).standing is Membership.CLOSED


async def test_what_a_suspension_refuses_is_not_said_without_end(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(world.us, TITLE, CN)
    await settle(world)

    def suspended(*_: object, **__: object) -> None:
        raise AgreementSuspended

    monkeypatch.setattr(StandingBook, "verify_channel_open", suspended)
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
    monkeypatch.setattr("tearline_client.desks.casework.CASE_RETRY_MS", 0)
    await settle(world)
    assert view(world.mx).standing is Membership.INVITED
