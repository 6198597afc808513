"""Acts of persons at a node, each an entry of its access log: it names who refused, and what."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from attacks.onward_packets import given, path_of
from attacks.simulated_requests import ask
from attacks.test_cases import opened, view
from attacks.test_decisions import HOUR_MS, away, pass_time
from attacks.test_proposals import new_terms, only
from support.four_eyes import log_in
from support.simulation import Member, Simulation
from tearline.audit.event import Event, EventCode
from tearline.errors import ActQueued, StoreError
from tearline.onward.consent import Use
from tearline.packets.recall import KeepGround
from tearline.persons.tokens import Role
from tearline.requests.step import Ground
from tearline.statements.statement import ActedBy
from tearline_client.store.access import AccessStore
from unit.client.console.browsers import entries

AGREEMENT = "narcotics-2026"


class Told(NamedTuple):
    """What an entry must say: the act and the id that it concerns, and its packet."""

    purpose: str
    packet: bytes = b""


@dataclass
class Officer:
    """An officer at China's node; another one is logged in there, too."""

    world: Simulation
    acted_by: ActedBy

    @property
    def member(self) -> Member:
        return self.world.cn


@pytest.fixture
def olga(world: Simulation) -> Officer:
    log_in(world.cn, "pavel", Role.OFFICER, AGREEMENT)
    return Officer(world, log_in(world.cn, "olga", Role.OFFICER, AGREEMENT))


async def decline_proposal(olga: Officer) -> Told:
    us = olga.world.us.node
    await us.proposals.propose(us.proposals.draft(new_terms()))
    await olga.world.settle(rounds=1)
    offer = only(olga.member)
    await olga.member.node.proposals.decline(offer, person="olga")
    return Told(f"proposal decline {offer.terms.hex()}")


async def sign_proposal(olga: Officer) -> Told:
    us = olga.world.us.node
    await us.proposals.propose(us.proposals.draft(new_terms()))
    await olga.world.settle(rounds=1)
    offer = only(olga.member)
    await olga.member.node.proposals.sign(offer, person="olga")
    return Told(f"proposal sign {offer.terms.hex()}")


async def propose(olga: Officer) -> Told:
    node = olga.member.node
    terms = await node.proposals.propose(node.proposals.draft(new_terms()), person="olga")
    return Told(f"proposal propose {terms.hex()}")


async def refuse_request(olga: Officer) -> Told:
    request = await ask(olga.world.us, olga.member)
    await olga.member.node.requests.refuse(request, Ground.NOT_HELD, [], olga.acted_by)
    return Told(f"request refuse {request.hex()}", request)


async def refuse_consent(olga: Officer) -> Told:
    cn, us = olga.member, olga.world.us
    (packet,) = await cn.send(us)
    await us.node.receive()
    field = path_of(us, packet)
    record = await us.node.consents.ask(packet, [field], Use.EVIDENCE, "case 12/26")
    await cn.node.receive()
    await cn.node.consents.refuse(record.id, acted_by=olga.acted_by)
    return Told(f"consent refuse {record.id.hex()}", packet)


async def decline_case(olga: Officer) -> Told:
    case_id = await opened(olga.world)
    node = olga.member.node
    await node.case_decisions.take(view(olga.member), "decline", acted_by=olga.acted_by)
    return Told(f"case decline {case_id.hex()}")


async def forget_decision(olga: Officer) -> Told:
    request = await ask(olga.world.us, olga.member)
    node = olga.member.node
    pass_time(olga.world, HOUR_MS)  # so that the log is read first
    with away(olga.member), pytest.raises(ActQueued):
        await node.requests.refuse(request, Ground.NOT_HELD, [], olga.acted_by)
    (waiting,) = node.decisions.waiting()
    node.decisions.forget(waiting.id, person="olga")
    return Told(f"forget request refuse {request.hex()}", request)


async def hold(olga: Officer) -> Told:
    packet = await given(olga.world, olga.member)
    await olga.member.node.recalls.keep(packet, KeepGround.EVIDENCE, acted_by=olga.acted_by)
    return Told("recall keep", packet)


async def end_hold(olga: Officer) -> Told:
    packet = (await hold(olga)).packet
    olga.member.node.recalls.end_hold(packet, acted_by=olga.acted_by)
    return Told("recall end-hold", packet)


async def draft_agreement(olga: Officer) -> Told:
    drafted = olga.member.node.agreements.draft(new_terms(), person="olga")
    return Told(f"agreement draft {drafted.statement.id.hex()}")


async def forget_quarantined(olga: Officer) -> Told:
    olga.member.node.forget_quarantined("TL-MBX-002", person="olga")
    return Told("quarantine forget TL-MBX-002")


ACTS = [
    decline_proposal,
    sign_proposal,
    propose,
    refuse_request,
    refuse_consent,
    decline_case,
    forget_decision,
    hold,
    end_hold,
    draft_agreement,
    forget_quarantined,
]


def last(member: Member) -> Event:
    acted = [each for each in entries(member) if each.code is EventCode.ACCESS_ACTED]
    assert acted, "no act is an entry"
    return acted[-1]


@pytest.mark.parametrize("act", ACTS)
async def test_an_act_is_an_entry_that_names_its_person(
    olga: Officer, act: Callable[[Officer], Awaitable[Told]]
) -> None:
    told = await act(olga)
    entry = last(olga.member)
    assert entry.actor == "olga"
    assert (entry.purpose, entry.packet) == told
    assert entry.pseudonym in (b"", olga.acted_by.pseudonym)


@pytest.mark.parametrize("act", [forget_decision, end_hold])
async def test_an_act_that_cannot_be_recorded_is_not_done(
    olga: Officer, act: Callable[[Officer], Awaitable[Told]], monkeypatch: pytest.MonkeyPatch
) -> None:
    append, acted = AccessStore.append, list[Event]()

    def fill(store: AccessStore, events: list[Event]) -> None:
        acted.extend(each for each in events if each.actor == "olga")
        if len(acted) == 2:  # behind the refusal, or the hold
            raise StoreError("the disk is full")
        append(store, events)

    monkeypatch.setattr(AccessStore, "append", fill)
    with pytest.raises(StoreError):
        await act(olga)
    node = olga.member.node
    assert len(node.decisions.waiting()) + len(node.recalls.holds()) == 1
