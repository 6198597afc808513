"""Requests for records between simulated agencies: asked, answered, and shifted in time."""

from dataclasses import replace

from support.agencies import secret
from support.node import context_of
from support.simulation import ARTICLE, PURPOSE, Member, Simulation
from tearline.packets.packet import PacketKind, Urgency
from tearline.requests.progress import Phase
from tearline.statements.statement import ActedBy
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.release_plan import ReleasePlan

AGREEMENT = "narcotics-2026"
HOUR_MS = 3_600_000


def person(name: str = "lin", role: str = "liaison") -> ActedBy:
    return ActedBy(
        pseudonym=secret(name), role=role, token_hash=secret(f"token of {name}"), time_ms=1
    )


PERSON = person()
_ASKED = [
    Entity(
        id="request-1",
        schema="RecordRequest",
        properties={"offence": ("money laundering",), "link": ("Qiu controls the account",)},
    ),
    *(
        Entity(
            id=f"item-{number}",
            schema="RequestedItem",
            properties={
                "request": ("request-1",),
                "number": (str(number),),
                "record": (record,),
            },
        )
        for number, record in ((1, "statements of the account"), (2, "calls of the phone"))
    ),
]
_RECORD = [
    Entity(id="account-9", schema="BankAccount", properties={"accountNumber": ("DE00123",)}),
]


async def ask(
    asker: Member,
    holder: Member,
    urgency: Urgency = Urgency.URGENT,
    *,
    store: bool = True,
    case_id: str = "",
    agreement: str = AGREEMENT,
) -> bytes:
    """Has one agency ask another for two records; the id of the request."""
    about = About(
        article=ARTICLE,
        purpose=PURPOSE,
        kind=PacketKind.RECORD_REQUEST,
        urgency=urgency,
        case_id=case_id,
    )
    (group,) = connected_groups(_ASKED)
    draft = asker.node.packets.draft(group, about, agreement=agreement)
    plan = asker.node.packets.plan(draft, [holder.node.uri])
    sent = await asker.node.requests.submit(plan, PERSON)
    assert not sent.refused, sent.refused
    if store:
        for member in (holder, asker, holder):
            await member.node.receive()
    return sent.packets[0]


def record_plan(holder: Member, asker: Member, request: bytes) -> ReleasePlan:
    """A packet that would answer a request."""
    about = About(article=ARTICLE, purpose=PURPOSE, kind=PacketKind.RECORD_ANSWER)
    (group,) = connected_groups(_RECORD)
    draft = replace(
        holder.node.packets.draft(group, about, agreement=AGREEMENT), derived_from=(request,)
    )
    return holder.node.packets.plan(draft, [asker.node.uri])


async def send_record(holder: Member, asker: Member, request: bytes) -> bytes:
    """Has the holder send a packet that answers a request; its id."""
    plan = record_plan(holder, asker, request)
    sent = await holder.node.packets.send([plan], acted_by=PERSON)
    assert not sent.refused, sent.refused
    return sent.packets[0]


def phases(request: bytes, *members: Member) -> list[Phase]:
    """Where members say that a request stands."""
    return [member.node.requests.state(request).phase for member in members]


def shift(world: Simulation, hours: float) -> None:
    """Moves all clocks, those of the nodes and that of the exchange."""
    world.clock.offset_ms += int(hours * HOUR_MS)
    for member in world.members:
        object.__setattr__(context_of(member.node), "now_ms", world.clock)
