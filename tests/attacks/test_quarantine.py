"""A member that floods another's quarantine: nothing that arrives stops a node from working."""

import secrets
from dataclasses import replace

import pytest

from support.agencies import DAY_MS, signed_by
from support.node import context_of, stores_of
from support.simulation import US, Clock, Member, Simulation, narrative
from tearline.errors import (
    ClockSkewed,
    EntryNotIncluded,
    GrantMisdirected,
    Mislabelled,
    PinUnknown,
    QuarantineFull,
    StatementConflict,
)
from tearline.identity import agency_uri_of
from tearline.limits import MAX_ALARMS, MAX_QUARANTINED, MAX_QUARANTINED_BYTES
from tearline.packets.grant import GRANT_ID_SIZE
from tearline.packets.packet import Field
from tearline.packets.recall import RecallReason
from tearline.sealing import open_release, seal_release
from tearline.statements.channel import Address
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline.wire.deliveries import START, Delivery
from tearline.wire.grants import encode_grant, parse_grant
from tearline.wire.publications import publication_of
from tearline.wire.statements import Signed
from tearline_client.store.inbox import Evidence
from tearline_client.store.notifications import EVENTS, Notice

MANY = 1100


def manifest_of(delivery: Delivery) -> Signed:
    return Signed(statement=delivery.statements[1], attestations=delivery.attestations)


def mislabelled(count: int) -> list[Field]:
    """Fields whose category does not fit their path, of as many entities."""
    told = narrative("said by the bookkeeper", category="identity.subject")
    _, _, place = told.path.partition("/")
    return [replace(told, path=f"{number:032x}/{place}") for number in range(count)]


async def send_garbage(by: Member, to: Member, count: int, *, seq: int = 1) -> None:
    """Sends grants of one packet whose sealed parts nobody opens, as the exchange cannot see."""
    packet, _ = by.compose(to, seq=seq)
    first = parse_grant(packet.grants[0].statement.body)
    address = first.address
    bodies = [
        encode_grant(
            replace(
                first,
                grant_id=secrets.token_bytes(GRANT_ID_SIZE),
                address=Address(
                    recipient=address.recipient, agreement_id=address.agreement_id, seq=place
                ),
                sealed=secrets.token_bytes(len(first.sealed)),
            )
        )
        for place in range(seq, seq + count)
    ]
    manifest = (StatementType.MANIFEST, packet.manifest.statement.body)
    tree = by.signer.sign([manifest, *((StatementType.GRANT, body) for body in bodies)])
    for start in range(0, count + 1, 256):
        numbers = range(start, min(start + 256, count + 1))
        parts = [packet.parts] if start == 0 else []
        outcomes = await by.publish(publication_of(tree, numbers, parts))
        assert {outcome.refusal for outcome in outcomes} == {None}


def notices(member: Member) -> list[Notice]:
    """What hooks of a node are told of."""
    store, found, after = stores_of(member.node).notifications, [], 0
    while (notice := store.next(after, EVENTS)) is not None:
        found.append(notice)
        after = notice.id
    return found


async def goes_on(world: Simulation, attacker: Member, victim: Member) -> None:
    """Checks that a node takes in, tells, reads the log, cosigns it and forgets as before."""
    honest = next(m for m in world.members if m not in (attacker, victim))
    before, codes, cosigned = len(victim.grants()), victim.codes(), victim.node.cosigning.seen.size
    (packet,) = await honest.send(victim)
    await victim.node.receive()
    await honest.node.receive()
    assert len(victim.grants()) == before + 1
    granted = stores_of(honest.node).packets.grants(packet)
    assert [grant.status for grant in granted] == [Status.STORED]
    assert victim.node.cosigning.seen.size > cosigned
    plan = honest.node.recalls.plan(packet)
    await honest.node.recalls.recall(plan, RecallReason.MISTAKE)
    await victim.node.receive()
    assert victim.node.packets.show(packet).view.fields == ()
    assert victim.codes() == codes
    assert await victim.waiting() == []


async def test_a_packet_of_mislabelled_fields_is_put_aside_once(world: Simulation) -> None:
    await world.us.node.packets.send([world.us.plan(world.cn, extra=mislabelled(MANY))])
    await world.cn.catches(Mislabelled, packets=1)
    await goes_on(world, world.us, world.cn)


async def test_a_flood_of_grants_that_do_not_open_stops_nothing(world: Simulation) -> None:
    intake = stores_of(world.cn.node).inbox
    await send_garbage(world.us, world.cn, MANY)
    await world.cn.node.receive()
    assert world.cn.codes() == [GrantMisdirected.code] * MAX_QUARANTINED
    assert intake.over_quota() == {agency_uri_of(world.us.node.uri): MANY - MAX_QUARANTINED}
    told = [notice for notice in notices(world.cn) if notice.event == "alarm"]
    assert [notice.ids["code"] for notice in told] == [QuarantineFull.code]
    await goes_on(world, world.us, world.cn)
    await send_garbage(world.mx, world.cn, 1, seq=3)
    await world.cn.node.receive()
    assert intake.evidence(world.cn.status().quarantined[-1].id)
    with stores_of(world.cn.node).database.transaction():
        assert intake.forget(GrantMisdirected.code) == MANY + 1
    assert (world.cn.codes(), intake.over_quota()) == ([], {})


async def test_a_node_whose_quarantine_is_full_from_before_works_on(world: Simulation) -> None:
    state = context_of(world.cn.node)
    full = [Evidence(data=bytes(9), about=b"%d" % number, agency="") for number in range(2000)]
    with state.stores.database.transaction():
        for each in full:
            state.stores.inbox.quarantine(GrantMisdirected(), each, now_ms=1, most=len(full))
    for number in range(MAX_ALARMS + 1):
        state.alarm(EntryNotIncluded(), b"%d" % number)
    assert len(world.cn.codes()) == len(full) + MAX_ALARMS
    await goes_on(world, world.us, world.cn)
    world.cn.exchange.mail = lambda mail: [
        replace(each, statements=(replace(each.statements[0], body=b"noise%d" % number),))
        for number, each in enumerate(mail)
    ]
    await world.us.send(world.cn)
    await world.cn.node.receive()
    assert state.stores.inbox.over_quota() == {"": 1, f"alarms {EntryNotIncluded.code}": 1}


async def test_no_alarm_takes_the_room_of_another(world: Simulation) -> None:
    """A log that runs ahead for weeks fills what is kept of that, and hides no lie of its own."""
    state = context_of(world.cn.node)
    for number in range(MAX_QUARANTINED_BYTES >> 20):
        state.alarm(ClockSkewed("ahead"), bytes(1 << 20), about=b"%d" % number)
    state.alarm(EntryNotIncluded(), b"the lie")
    evidence = [state.stores.inbox.evidence(each.id) for each in world.cn.status().quarantined]
    assert evidence[-1] == b"the lie"


async def test_an_alarm_beyond_its_room_is_told_once_a_day(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 3
    monkeypatch.setattr("tearline_client.context.MAX_ALARMS", most)
    state = context_of(world.cn.node)
    for number in range(most):
        state.alarm(EntryNotIncluded(), b"%d" % number)
    assert len(notices(world.cn)) == most
    for day in (1, 2):
        object.__setattr__(state, "now_ms", Clock(day * DAY_MS))
        for number in range(3):
            state.alarm(EntryNotIncluded(), b"day %d, %d" % (day, number))
        told = notices(world.cn)
        assert [each.event for each in told] == ["alarm"] * (most + day)
        assert told[-1].ids["code"] == EntryNotIncluded.code
    assert len(world.cn.codes()) == most


async def test_what_was_over_the_quota_is_fetched_once_its_reason_has_passed(
    world: Simulation,
) -> None:
    count = MAX_QUARANTINED + 6
    verifier = world.cn.node._inbox._receiver._verifier
    recipient = verifier._recipient
    verifier._recipient = replace(recipient, pins=replace(recipient.pins, masks=bytes(32)))
    await world.us.send(world.cn, times=count)
    await world.cn.node.receive()
    assert world.cn.codes() == [PinUnknown.code] * MAX_QUARANTINED
    assert world.cn.grants() == []
    verifier._recipient = recipient
    await world.us.node.mark()
    await world.cn.node.receive()
    assert (world.cn.codes(), len(world.cn.grants())) == ([], count)
    assert stores_of(world.cn.node).inbox.over_quota() == {}


async def test_what_the_exchange_has_no_more_is_not_asked_for_again(world: Simulation) -> None:
    intake = stores_of(world.cn.node).inbox
    place = replace(START, seq=1)
    lost = Evidence(data=b"lost", about=bytes(32), agency=US, place=place)
    with stores_of(world.cn.node).database.transaction():
        assert not intake.quarantine(PinUnknown(), lost, now_ms=1, most=0)
    assert [item.place for item in intake.noted([PinUnknown.code])] == [place]
    await world.cn.node.receive()
    assert intake.noted([PinUnknown.code]) == ()
    assert intake.over_quota() == {US: 1}


async def test_a_second_grant_of_one_id_is_put_aside_and_not_in_the_way(world: Simulation) -> None:
    """Of another node of that agency, or past an exchange that lies: it is not the one kept."""
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    await world.cn.node.receive()
    grant = parse_grant(mail.statements[0].body)
    twin = replace(grant, address=replace(grant.address, seq=2))
    key = context_of(world.cn.node).kem_key(grant.kem_key_id)
    again = seal_release(twin, open_release(grant, key), key.public)
    twin_signed = signed_by(StatementType.GRANT, encode_grant(again), world.us.signer)
    await world.cn.take(
        await world.forge(world.cn, twin_signed, manifest_of(mail), parts=mail.parts)
    )
    world.cn.caught(StatementConflict, packets=1)
    await goes_on(world, world.us, world.cn)
