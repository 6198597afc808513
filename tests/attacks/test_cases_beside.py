"""Two processes of one node act on a case at once: what one of them says is not lost by the other.

The other one acts at the worst moment: once the first has looked, just before it writes.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from support.node import stores_of
from support.simulation import CN, MX, PASSPHRASE, LyingTransport, Member, Simulation
from tearline.cases.case import Membership
from tearline.errors import CaseRefused
from tearline_client.features.cases.views import CaseView
from tearline_client.node import Node
from tearline_client.store.database import Database

AGREEMENT, TITLE = "narcotics-2026", "harbour"
POLICE, FISCALIA = "spiffe://police.cn.example", "spiffe://fiscalia.mx.example"


@asynccontextmanager
async def beside(member: Member) -> AsyncIterator[Node]:
    """Another process on the home of a member."""
    transport = LyingTransport(member.exchange.target, member.node.uri)
    async with await Node.open(
        member.node.home.path, passphrase=PASSPHRASE, transport=transport
    ) as node:
        await node.sync()
        yield node


@contextmanager
def meanwhile(member: Member, act: Callable[[], object]) -> Iterator[None]:
    """Has another process act just before the member's own next transaction."""
    database, waiting = stores_of(member.node).database, [act]

    def transaction(database_: Database) -> Any:
        if database_ is database and waiting:
            waiting.pop()()
        return begin(database_)

    begin = Database.transaction
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "transaction", transaction)
        yield
    assert not waiting


def view(node: Node) -> CaseView:
    return node.cases.find(TITLE)


async def opened(world: Simulation, *partners: str) -> None:
    us = world.us.node
    us.cases.open(us.agreements.by_name(AGREEMENT), TITLE, partners)
    await world.settle(rounds=3)


async def test_whom_two_invite_at_once_are_both_invited(world: Simulation) -> None:
    await opened(world)
    us = world.us.node
    async with beside(world.us) as other:
        with meanwhile(world.us, lambda: other.cases.invite(view(other), CN)):
            us.cases.invite(view(us), MX)
    await world.settle(rounds=3)
    assert view(us).seats == {POLICE: Membership.INVITED, FISCALIA: Membership.INVITED}
    for partner in (world.cn, world.mx):
        assert view(partner.node).standing is Membership.INVITED
        assert partner.codes() == []


async def test_a_case_that_was_closed_meanwhile_stays_closed(world: Simulation) -> None:
    await opened(world, CN)
    us = world.us.node
    async with beside(world.us) as other:
        with (
            meanwhile(world.us, lambda: other.cases.close(view(other))),
            pytest.raises(CaseRefused),
        ):
            us.cases.invite(view(us), MX)
    await world.settle(rounds=3)
    assert view(us).standing is Membership.CLOSED
    assert view(world.cn.node).standing is Membership.CLOSED
    assert world.mx.node.cases.all() == ()


async def test_an_objection_said_meanwhile_is_not_taken_back(world: Simulation) -> None:
    await opened(world, CN, MX)
    cn = world.cn.node

    def join_and_object(other: Node) -> None:
        other.cases.join(view(other))
        other.cases.answer(view(other), MX, consent=False)

    async with beside(world.cn) as other:
        with meanwhile(world.cn, lambda: join_and_object(other)), pytest.raises(CaseRefused):
            cn.cases.join(view(cn))
    await world.settle(rounds=3)
    assert view(world.us.node).seats == {POLICE: Membership.IN, FISCALIA: Membership.OUT}


async def test_who_declined_meanwhile_does_not_join(world: Simulation) -> None:
    await opened(world, CN)
    cn = world.cn.node
    async with beside(world.cn) as other:
        with (
            meanwhile(world.cn, lambda: other.cases.decline(view(other))),
            pytest.raises(CaseRefused),
        ):
            cn.cases.join(view(cn))
    await world.settle(rounds=3)
    assert view(cn).standing is Membership.DECLINED
    assert view(world.us.node).seats == {POLICE: Membership.DECLINED}
    assert world.us.codes() == world.cn.codes() == []
