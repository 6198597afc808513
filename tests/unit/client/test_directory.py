"""Members as ``node.directory`` names them: as the log makes them, beyond the pinned founders."""

from dataclasses import replace

from attacks.conftest import memory, quick, template, world
from support.agencies import agency, member_record
from support.node import context_of
from support.simulation import AGENCIES, Simulation
from tearline.verification.trust import TrustState
from tearline_client.directory import Directory
from tearline_client.rendering.words import agency_name

__all__ = ["memory", "quick", "template", "world"]

JP = "spiffe://customs-jp.example"
US, CN, MX = AGENCIES


async def decide(world: Simulation, decision: str) -> None:
    """Has a second agency vote for an open decision; then the nodes of both read the log."""
    us, cn = world.us.node, world.cn.node
    await cn.sync()
    await cn.federation.vote(world.root(CN), cn.federation.find(decision))
    await us.sync()
    await cn.sync()


async def test_a_node_names_members_admitted_after_the_founding(world: Simulation) -> None:
    us = world.us
    assert agency_name(us.node.directory.members(), JP) == JP
    record = member_record(agency(JP), us.signer.header.federation)
    federation = us.node.federation
    await federation.vote(world.root(US), federation.invitation(record), record)
    await decide(world, JP)
    for member in (world.us, world.cn):
        assert agency_name(member.node.directory.members(), JP) == "customs-jp"


async def test_the_name_of_a_removed_agency_stays(world: Simulation) -> None:
    us, mx = world.us.node, f"spiffe://{AGENCIES[MX]}"
    await us.federation.remove(world.root(US), mx)
    await decide(world, mx)
    assert us.directory.members().agency(mx) is None
    assert agency_name(us.directory.members(), mx) == MX


async def test_before_the_log_is_read_the_founders_are_named(world: Simulation) -> None:
    context = context_of(world.us.node)
    unread = replace(context, trust=TrustState(federation=context.trust.federation))
    assert {each.name for each in Directory(lambda: unread.known).members().agencies} == set(
        AGENCIES
    )
