"""Standings at the exchange: who may say what, who is told, and what no longer passes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.agencies import CN, MX, US, key_record, node_of, signed_by, signing_key
from support.exchange import (
    ARTICLE,
    World,
    address,
    codes,
    manifest_id,
    opened,
    packet_publication,
    receipt_of,
    terms,
)
from support.suspensions import WHOLE, of_article
from support.suspensions import standing as made
from tearline.audit.event import Event, EventCode
from tearline.federation.members import KeyUse
from tearline.limits import LIFT_PACE_MS, STANDING_BURST_MS, STANDING_PACE_MS
from tearline.policy.terms import Terms
from tearline.statements.channel import Void, VoidReason
from tearline.statements.statement import StatementType
from tearline.suspensions.suspension import InFlight, Suspension
from tearline.wire.deliveries import START, Delivery
from tearline.wire.federation import encode_key_record
from tearline.wire.grants import encode_void, parse_event
from tearline.wire.publications import Outcome
from tearline.wire.suspensions import encode_standing, parse_standing

SUSPENDED = "TL-AGR-010"


async def say(world: World, *suspensions: Suspension, by: str = US, **changed: Any) -> Outcome:
    found = made(*suspensions, by=by, header=world.parties.node(by).header, **changed)
    return await world.say(by, StatementType.STANDING, encode_standing(found))


async def suspend(world: World, *suspensions: Suspension, by: str = US, **changed: Any) -> None:
    assert codes([await say(world, *suspensions, by=by, **changed)]) == [""]


async def send(world: World, recipient: str = CN, sender: str = US) -> list[str]:
    sealed = world.packet(sender)
    return codes(await world.send(sealed, world.grant(sealed, recipient, sender), sender=sender))


async def events(world: World, *wanted: EventCode) -> list[Event]:
    rows = await world.store.event_rows(0, limit=1000)
    found = [parse_event(row.event) for row in rows]
    return [event for event in found if event.code in wanted]


def kinds(deliveries: Sequence[Delivery]) -> list[StatementType]:
    return [delivery.statements[0].type for delivery in deliveries]


async def test_every_node_of_every_party_is_told_and_the_log_says_so_to_each(world: World) -> None:
    await suspend(world, WHOLE)
    for agency in (CN, MX, US):
        last = (await world.read(agency))[-1]
        assert parse_standing(last.statements[0].body).suspensions == (WHOLE,)
        assert last.entry is not None
        assert parse_event(last.entry.event).party == agency
    found = await events(world, EventCode.STANDING)
    assert {(event.party, event.actor) for event in found} == {
        (agency, node_of(US)) for agency in (CN, MX, US)
    }


async def test_what_is_suspended_does_not_pass_from_the_next_entry_on(world: World) -> None:
    assert await send(world) == ["", ""]
    await suspend(world, WHOLE)
    assert await send(world) == [SUSPENDED, "TL-GRT-002"]
    assert await send(world, recipient=US, sender=MX) == ["", SUSPENDED]
    assert await send(world, recipient=CN, sender=MX) == ["", ""]


async def test_a_packet_passes_where_one_way_is_open(world: World) -> None:
    await suspend(world, of_article(ARTICLE, sender=US, recipient=CN))
    sealed = world.packet()
    stopped, passes = world.grant(sealed, CN), world.grant(sealed, MX)
    assert codes(await world.send(sealed, stopped, passes)) == ["", SUSPENDED, ""]


async def test_a_joint_article_is_stopped_for_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        (article,) = terms().articles
        joint = Terms(parties=(CN, MX, US), articles=(replace(article, joint=True),))
        await world.agree(terms=joint)
        await suspend(world, WHOLE)
        assert await send(world, recipient=CN, sender=MX) == [SUSPENDED, "TL-GRT-002"]


async def test_an_officer_resumes_and_it_passes_again(world: World) -> None:
    await suspend(world, WHOLE)
    await suspend(world, counter=2, lifted=2)
    assert await send(world) == ["", ""]


async def test_a_lift_without_an_officer_is_refused(world: World) -> None:
    await suspend(world, WHOLE)
    assert codes([await say(world, counter=2)]) == ["TL-AGR-012"]
    assert await send(world) == [SUSPENDED, "TL-GRT-002"]


async def test_an_old_one_is_refused_and_so_is_another_of_the_same_number(world: World) -> None:
    await suspend(world, counter=2)
    await suspend(world, WHOLE, counter=3)
    assert codes([await say(world, counter=1)]) == ["TL-AGR-011"]
    assert codes([await say(world, counter=3)]) == ["TL-PKT-011"]
    assert [event.party for event in await events(world, EventCode.CONFLICT)] == [node_of(US)]
    assert await send(world) == [SUSPENDED, "TL-GRT-002"]


async def test_the_same_said_again_has_the_same_receipt(world: World) -> None:
    found = made(WHOLE, header=world.parties.node(US).header)
    first, again = [
        await world.say(US, StatementType.STANDING, encode_standing(found)) for _ in range(2)
    ]
    assert receipt_of(first) == receipt_of(again)


async def test_who_is_no_party_learns_nothing(world: World) -> None:
    unknown = await say(world, WHOLE, agreement_id=b"another agreement"[:16])
    assert unknown.refusal is not None
    assert unknown.refusal.code == "TL-AGR-001"


async def test_it_outlives_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        await suspend(world, WHOLE, counter=4)
    async with opened(tmp_path) as world:
        assert codes([await say(world, counter=4)]) == ["TL-PKT-011"]
        assert await send(world) == [SUSPENDED, "TL-GRT-002"]


async def test_a_node_that_is_new_is_told_how_everybody_stands(world: World) -> None:
    await suspend(world, WHOLE)
    second = f"{CN}/node/second"
    root = world.parties.signer(CN)
    record = key_record(root.header, second, KeyUse.SIGN, signing_key(second).public.encoded)
    put = signed_by(StatementType.KEY_RECORD, encode_key_record(record), root)
    assert codes(await world.publish_signed(CN, put)) == [""]
    stream = world.exchange.subscribe(second, START)
    found = [await anext(stream) for _ in range(2)]
    assert kinds(found) == [StatementType.AGREEMENT, StatementType.STANDING]
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


# Mail in flight.


@pytest.mark.parametrize(
    ("in_flight", "code"),
    [(InFlight.HOLD, EventCode.HELD), (InFlight.RETURN, EventCode.RETURNED)],
)
async def test_what_was_not_handed_out_stays_and_its_sender_is_told(
    world: World, in_flight: InFlight, code: EventCode
) -> None:
    sealed = world.packet()
    assert codes(await world.send(sealed, world.grant(sealed))) == ["", ""]
    await suspend(world, replace(WHOLE, in_flight=in_flight), by=CN)
    assert kinds(await world.read(CN)) == [StatementType.AGREEMENT, StatementType.STANDING]
    assert await events(world, EventCode.GRANT_DELIVERED) == []
    told = (await world.read(US))[-1]
    assert told.entry is not None
    event = parse_event(told.entry.event)
    assert (event.code, event.party, event.counterpart, event.packet) == (
        code,
        node_of(US),
        node_of(CN),
        manifest_id(sealed),
    )
    assert told.statements[0].id == event.statement_id
    assert (len(told.statements), told.parts) == (1, ())


async def test_what_was_handed_out_comes_again_as_it_was(world: World) -> None:
    assert await send(world) == ["", ""]
    assert kinds(await world.read(CN))[-1] is StatementType.GRANT
    await suspend(world, WHOLE)
    assert await events(world, EventCode.HELD) == []
    assert StatementType.GRANT in kinds(await world.read(CN))


async def test_what_is_held_is_not_handed_out_after_resumption_either(world: World) -> None:
    """Its sender decides anew: in its place goes a void."""
    assert await send(world) == ["", ""]
    await suspend(world, WHOLE)
    await suspend(world, counter=2, lifted=2)
    assert StatementType.GRANT not in kinds(await world.read(CN))
    assert await send(world) == ["", ""]
    assert kinds(await world.read(CN)).count(StatementType.GRANT) == 1


async def test_of_other_mail_nothing_is_held(world: World) -> None:
    assert await send(world, recipient=MX) == ["", ""]
    await suspend(world, of_article(ARTICLE, sender=US, recipient=CN))
    assert await events(world, EventCode.HELD) == []
    assert StatementType.GRANT in kinds(await world.read(MX))


async def test_a_grant_and_the_standing_that_stops_it_may_share_a_batch(world: World) -> None:
    sealed = world.packet()
    grant = world.grant(sealed)
    publication = packet_publication(world.parties.node(US), sealed, [grant])
    found = made(WHOLE, by=CN, header=world.parties.node(CN).header)
    outcomes = await asyncio.gather(
        world.publish(US, publication),
        world.say(CN, StatementType.STANDING, encode_standing(found)),
    )
    assert codes(outcomes[0]) == ["", ""]
    assert [event.packet for event in await events(world, EventCode.HELD)] == [manifest_id(sealed)]
    assert StatementType.GRANT not in kinds(await world.read(CN))


async def test_a_void_passes_whatever_is_suspended(world: World) -> None:
    await suspend(world, WHOLE)
    void = Void(
        header=world.parties.node(US).header, address=address(CN, 1), reason=VoidReason.RETURNED
    )
    outcome = await world.say(US, StatementType.VOID, encode_void(void))
    assert codes([outcome]) == [""]


async def test_an_older_life_of_the_mailbox_is_judged_when_it_is_handed_out(world: World) -> None:
    """Even if nothing was held when the standing came: the hand-out asks again."""
    assert await send(world) == ["", ""]
    world.exchange._desk.registry.standings.take(
        made(WHOLE, by=CN, header=world.parties.node(CN).header)
    )
    assert StatementType.GRANT not in kinds(await world.read(CN))
    assert len(await events(world, EventCode.HELD)) == 1


# How often.


async def test_an_agency_says_so_often_where_it_stands_and_then_more_slowly(
    world: World,
) -> None:
    """What it suspends and resumes without end would be read at every step of a request."""
    for turn in range(1, 300, 2):
        added = await say(world, WHOLE, counter=turn)
        lifted = await say(world, counter=turn + 1, lifted=turn + 1)
        assert codes([added]) == [""]
        if lifted.refusal is not None:
            break
    assert lifted.refusal is not None
    assert (lifted.refusal.code, lifted.receipt) == ("TL-REQ-002", None)
    assert turn < 2 * STANDING_BURST_MS // LIFT_PACE_MS
    # What suspends more passes all the same; what says the same again does not.
    more = of_article(ARTICLE, sender=US, recipient=CN)
    assert codes([await say(world, WHOLE, more, counter=turn + 1)]) == [""]
    counter = turn + 2
    while codes([await say(world, WHOLE, more, counter=counter)]) == [""]:
        counter += 1
    assert counter < turn + 2 + LIFT_PACE_MS // STANDING_PACE_MS
    # Another agency has its own measure, and time gives ours back.
    await suspend(world, WHOLE, by=CN)
    assert lifted.refusal.retry_after_ms is not None
    assert lifted.refusal.retry_after_ms <= LIFT_PACE_MS
    world.clock.time_ms += LIFT_PACE_MS
    assert codes([await say(world, more, counter=counter, lifted=counter)]) == [""]


async def test_how_often_an_agency_spoke_outlives_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        counter = 1
        while codes([await say(world, counter=counter)]) == [""]:
            counter += 1
    async with opened(tmp_path) as world:
        assert codes([await say(world, counter=counter)]) == ["TL-REQ-002"]


@pytest.mark.parametrize(
    "absent",
    [
        of_article("no-such-article"),
        of_article(ARTICLE, sender=US, recipient="spiffe://nowhere.example"),
    ],
    ids=["article", "party"],
)
async def test_what_is_not_there_is_not_suspended(world: World, absent: Suspension) -> None:
    assert codes([await say(world, absent)]) == ["TL-AGR-001"]
    assert codes([await say(world, WHOLE, absent)]) == ["TL-AGR-001"]
    await suspend(world, WHOLE)


async def test_what_was_suspended_stays_so_when_its_article_is_gone(world: World) -> None:
    await suspend(world, of_article(ARTICLE))
    (article,) = terms().articles
    changed = replace(terms(), articles=(replace(article, id="another"),))
    await world.agree(version=2, terms=changed)
    await suspend(world, of_article(ARTICLE), of_article("another"), counter=2)
