"""A search misses what concerns this agency, and accuses the exchange of nothing else."""

from support.node import context_of
from support.simulation import Member, Simulation
from tearline.wire.audit_search import SearchRequest
from tearline_client.audit.search import BEGINNING, search


async def found(member: Member, query: str) -> list[int]:
    context = context_of(member.node)
    request = SearchRequest(query=query, after=BEGINNING, limit=0)
    return [each.index async for each in search(context, request, lambda: "")]


async def test_an_agreement_that_is_published_again_accuses_nobody(world: Simulation) -> None:
    """The receipt repeats the entry of the party that published it first, which is not ours."""
    before = await found(world.cn, "action:agreement")
    agreements = world.cn.node.agreements
    for agreement in agreements.list():
        for version in agreements.versions(agreement.id):
            await agreements.publish(version)
    assert await found(world.cn, "action:agreement") == before
