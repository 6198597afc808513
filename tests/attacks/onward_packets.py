"""A partner's packet, and packets that repeat what it tells."""

from support.node import context_of
from support.simulation import ARTICLE, PURPOSE, Member, Simulation
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.release_plan import Draft, ReleasePlan

NAME = "Person/name"


async def given(world: Simulation, *to: Member) -> bytes:
    """The lead of America's, with these partners; its id."""
    (packet,) = await world.us.send(*to)
    for member in to:
        await member.node.receive()
    return packet


def path_of(member: Member, packet: bytes, end: str = NAME) -> str:
    shown = context_of(member.node).open_view(packet)
    (path,) = {o.field.path for o in shown.view.fields if o.field.path.endswith(f"/{end}")}
    return path


def person_draft(
    member: Member, name: str, *sources: bytes, evaluation: str = "X4", purpose: str = PURPOSE
) -> Draft:
    """A packet on one person, of the member's own."""
    group = connected_groups(
        [Entity(id="person-1", schema="Person", properties={"name": (name,)})]
    )[0]
    about = About(article=ARTICLE, purpose=purpose, evaluation=evaluation, derived_from=sources)
    return member.node.packets.draft(group, about, agreement="narcotics-2026")


def planned(member: Member, draft: Draft, to: Member) -> ReleasePlan:
    return member.node.packets.plan(draft, [to.node.uri])
