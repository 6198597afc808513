"""Attacks with keys that were stolen, replaced, revoked, or should be gone."""

from contextlib import suppress
from dataclasses import replace

import pytest

from attacks.test_both_before_open import keep_back, wait_for_both
from support.agencies import signed_by
from support.node import context_of, stores_of
from support.simulation import CN, PASSPHRASE, Clock, Member, Simulation
from support.suspensions import OFFICER, WHOLE
from tearline.crypto.keys import KemKey
from tearline.errors import (
    ClockSkewed,
    EntryForeign,
    ExchangeUnreachable,
    GrantMisdirected,
    KeyForeign,
    KeystoreEntryMissing,
    TwinAtWork,
)
from tearline.federation.members import KeyRecord, KeyUse, Revocation
from tearline.packets.grant import Grant
from tearline.packets.recall import RecallReason, RecallState
from tearline.sealing import open_release
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline.suspensions.suspension import Originated
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.grants import parse_grant
from tearline.wire.publications import Publication
from tearline_client.enrolment import certify_next, revoke
from tearline_client.keys.rotation import DESTROY_AFTER_MS, LIFETIME_MS, KeyKind

DAY_MS = 24 * 3_600_000
PAST_USE_MS = LIFETIME_MS[KeyKind.KEM] + DESTROY_AFTER_MS


def kem_of(member: Member) -> KemKey:
    """The encryption key that partners seal to now, as a thief takes it from the keystore."""
    state = context_of(member.node)
    return state.kem_key(state.kem_key_of(member.node.uri).id)


def pass_time(world: Simulation, time_ms: int) -> None:
    """Moves all clocks on."""
    world.clock.offset_ms += time_ms
    for member in world.members:
        set_clock(member, world.clock)


def set_clock(member: Member, clock: Clock) -> None:
    """Gives a node another clock."""
    object.__setattr__(context_of(member.node), "now_ms", clock)


async def live_on(world: Simulation) -> None:
    """Lets encryption keys come and go for a while."""
    for _ in range(6):
        pass_time(world, 3 * DAY_MS)
        for member in (*world.members, *world.members):
            await member.node.cosigning.turn()
        for member in world.members:
            await member.node.receive()


async def granted(member: Member) -> list[Grant]:
    """The grants that wait in its mailbox."""
    found = [mail.statements[0] for mail in await member.waiting()]
    return [parse_grant(each.body) for each in found if each.type is StatementType.GRANT]


def cut_off(member: Member) -> None:
    """Lets nothing of it reach the exchange."""

    def refuse(publication: Publication) -> Publication:
        raise ExchangeUnreachable

    member.exchange.publication = refuse


async def test_a_stolen_key_opens_nothing_sent_after_rotation(world: Simulation) -> None:
    stolen = kem_of(world.cn)
    await world.us.send(world.cn)
    await world.cn.node.keys.rotate_encryption()
    await world.us.send(world.cn)
    before, after = await granted(world.cn)
    assert open_release(before, stolen).compartments
    with pytest.raises(GrantMisdirected):
        open_release(after, stolen)
    assert await world.cn.node.receive() == 2


async def revoke_kem(world: Simulation) -> KemKey:
    """China's root ends its node's encryption key, which is returned; there is no other yet."""
    key, root = kem_of(world.cn), world.root(CN)
    body = encode_revocation(Revocation(header=root.header, revoked_key=key.id, reason="stolen"))
    assert await world.cn.node.keys.revoke(signed_by(StatementType.REVOCATION, body, root))
    return key


async def send_late(world: Simulation, *to: Member) -> None:
    """Seals the lead, which does not leave the house before the next ``sync``."""
    cut_off(world.us)
    with pytest.raises(ExchangeUnreachable):
        await world.us.send(*to)
    world.us.exchange.publication = lambda publication: publication


async def test_what_was_sealed_to_a_revoked_key_does_not_leave(world: Simulation) -> None:
    await send_late(world, world.cn, world.mx)
    stolen = await revoke_kem(world)
    await world.us.node.sync()
    assert not await granted(world.cn)
    assert not world.us.codes()

    # Its node puts another key on record, and the sender's node issues the grant anew.
    await world.cn.node.sync()
    await world.us.node.sync()
    (anew,) = await granted(world.cn)
    assert anew.kem_key_id == kem_of(world.cn).id != stolen.id
    assert await world.cn.node.receive() == 2  # and the void in the place of the first
    assert await world.mx.node.receive() == 1
    (packet,) = world.cn.grants()
    assert world.mx.grants() == [packet]
    assert not world.cn.codes()
    await world.us.node.sync()
    assert not await granted(world.cn)


async def test_a_grant_that_comes_back_at_once_is_issued_anew_at_once(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.node.sync()
    await revoke_kem(world)
    await world.cn.node.sync()

    async def stand_still() -> None:
        """What changes in the log after it was read, and before the grant arrives."""

    monkeypatch.setattr(world.us.node, "sync", stand_still)
    sent = await world.us.node.packets.send([world.us.plan(world.cn, world.mx)])
    assert sent.refused == ()
    assert [receipt.status for receipt in sent.receipts] == [Status.ACCEPTED] * 3
    assert {grant.kem_key_id for grant in await granted(world.cn)} == {kem_of(world.cn).id}
    assert not stores_of(world.us.node).returned_grants.all()


async def test_a_grant_that_came_back_goes_anew_without_what_was_recalled_meanwhile(
    world: Simulation,
) -> None:
    await send_late(world, world.cn)
    await revoke_kem(world)
    await world.us.node.sync()
    (packet,) = stores_of(world.us.node).packets.ids()
    path = world.us.node.packets.show(packet).view.best()[0].field.path
    desk = world.us.node.recalls
    await desk.recall(desk.plan(packet, path=path), RecallReason.MISTAKE)
    await world.cn.node.sync()
    await world.us.node.sync()
    await world.cn.node.receive()
    came = {opened.field.path for opened in world.cn.node.packets.show(packet).view.fields}
    assert came
    assert path not in came


async def test_a_grant_that_ended_meanwhile_is_not_issued_anew(world: Simulation) -> None:
    await send_late(world, world.cn)
    await revoke_kem(world)
    await world.us.node.sync()
    returned = stores_of(world.us.node).returned_grants
    assert len(returned.all()) == 1
    pass_time(world, 365 * DAY_MS)
    for member in (world.cn, world.us) * 2:  # with fresh keys first, to cosign the second time
        await member.node.sync()
    assert not returned.all()
    assert not await granted(world.cn)


async def test_an_old_key_is_gone_after_its_time_and_the_inbox_stays_readable(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn)
    (grant,) = await granted(world.cn)
    old = kem_of(world.cn).id
    await world.cn.node.receive()
    fields = world.cn.node.packets.show(packet).view.fields

    pass_time(world, PAST_USE_MS - DAY_MS)
    await world.cn.node.receive()
    assert context_of(world.cn.node).kem_key(old)  # what was accepted in time may still arrive
    pass_time(world, DAY_MS + 60_000)
    await world.cn.node.receive()

    thief = context_of(world.cn.node).keys  # who has the whole keystore, and a copy of the mailbox
    with pytest.raises(KeystoreEntryMissing):
        open_release(grant, thief.kem_key(grant.kem_key_id))
    assert thief.kem_ids()
    assert old not in thief.kem_ids()
    assert world.cn.node.packets.show(packet).view.fields == fields


async def test_mail_is_fetched_before_the_key_to_it_is_gone(world: Simulation) -> None:
    (packet,) = await world.us.send(world.cn)
    pass_time(world, 30 * DAY_MS)  # switched off for a month
    assert await world.cn.node.receive() == 1
    assert world.cn.node.packets.show(packet).view.fields


async def test_what_came_and_is_suspended_opens_however_late_it_is_resumed(
    world: Simulation,
) -> None:
    (packet,) = await world.us.send(world.cn)
    publication = world.cn.exchange.publication
    cut_off(world.cn)  # so that the exchange hands it out, which has not heard of the suspension
    with pytest.raises(ExchangeUnreachable):
        await world.cn.node.suspensions.suspend("narcotics-2026", WHOLE)
    await context_of(world.cn.node).follow()
    assert [each async for each in world.cn.node.inbox()] == []
    world.cn.exchange.publication = publication
    await live_on(world)
    await world.cn.node.suspensions.resume("narcotics-2026", acted_by=OFFICER)
    await world.cn.node.receive()
    assert world.cn.node.packets.show(packet).view.fields
    await live_on(world)
    assert len(context_of(world.cn.node).keys.kem_ids()) == 2  # those of then are gone


async def test_what_waits_for_a_cosignature_opens_however_late_that_comes(
    world: Simulation,
) -> None:
    await wait_for_both(world)
    keep_back(world)
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    await live_on(world)
    world.cn.exchange.news = lambda news: news
    await world.us.node.cosigning.turn()
    await world.mx.node.sync()  # the quorum of three cosigners is three
    await world.cn.node.receive()
    assert world.cn.node.packets.show(packet).view.fields


async def test_a_grant_that_waits_and_is_dated_at_zero_stops_no_node_and_destroys_no_key(
    world: Simulation,
) -> None:
    await wait_for_both(world)
    keep_back(world)
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    stores_of(world.cn.node).database.execute("UPDATE waiting SET time_ms = 0")
    await live_on(world)
    world.cn.exchange.news = lambda news: news
    await world.us.node.cosigning.turn()
    await world.mx.node.sync()  # the quorum of three cosigners is three
    await world.cn.node.receive()
    assert world.cn.node.packets.show(packet).view.fields


async def test_a_clock_set_ahead_destroys_no_key(world: Simulation) -> None:
    set_clock(world.cn, Clock(100 * DAY_MS))
    await world.cn.node.receive()
    set_clock(world.cn, Clock())
    (packet,) = await world.us.send(world.cn)
    assert await world.cn.node.receive() == 1
    assert world.cn.node.packets.show(packet).view.fields


@pytest.mark.parametrize("days", [-3000, 3000])
async def test_a_wrong_clock_closes_nothing_that_comes_and_counts_in_no_retention(
    world: Simulation, days: int
) -> None:
    (packet,) = await world.us.send(world.cn)
    set_clock(world.cn, Clock(days * DAY_MS))
    with suppress(ClockSkewed):  # what is behind follows no log, and takes in nothing
        await world.cn.node.receive()
    set_clock(world.cn, Clock())
    await world.cn.node.receive()
    shown = world.cn.node.packets.show(packet)
    assert shown.view.fields
    assert abs(shown.packet.received_ms - world.clock()) < DAY_MS
    assert world.cn.codes() == ([ClockSkewed.code] if days < 0 else [])


async def test_old_evidence_stays_valid(world: Simulation) -> None:
    """What was accepted under a key counts after the key was replaced and revoked."""
    (packet,) = await world.us.send(world.cn, world.mx)
    await world.cn.node.receive()
    node, old = world.us.node, world.us.signer.header.key_id
    record = certify_next(node.home, PASSPHRASE, node.keys.make_signing_key, now_ms=node.now_ms())
    await node.keys.take_signing_record(record)
    assert world.us.signer.header.key_id != old
    assert await node.keys.revoke(revoke(node.home, PASSPHRASE, old, "replaced"))

    assert await world.mx.node.receive() == 1  # accepted before, fetched after
    assert world.mx.node.packets.show(packet).view.fields
    assert world.cn.node.packets.show(packet).view.fields
    await world.us.send(world.cn)
    assert await world.cn.node.receive() == 1
    assert not world.cn.codes() + world.mx.codes()


@pytest.mark.parametrize("suspends", [False, True], ids=["a recall", "a suspension that erases"])
async def test_what_must_be_told_is_signed_anew_where_its_key_was_revoked_on_the_way(
    world: Simulation, *, suspends: bool
) -> None:
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    node, old, desk = world.us.node, world.us.signer.header.key_id, world.us.node.recalls
    publication = world.us.exchange.publication
    cut_off(world.us)
    erasing = replace(WHOLE, originated=Originated.ERASE)
    with pytest.raises(ExchangeUnreachable):
        await (
            node.suspensions.suspend("narcotics-2026", erasing, acted_by=OFFICER)
            if suspends
            else desk.recall(desk.plan(packet), RecallReason.SOURCE_AT_RISK)
        )
    world.us.exchange.publication = publication
    record = certify_next(node.home, PASSPHRASE, node.keys.make_signing_key, now_ms=node.now_ms())
    await world.us.publish(Publication(signed=(record,)))
    await world.us.publish(Publication(signed=(revoke(node.home, PASSPHRASE, old, "stolen"),)))
    for _ in range(2):
        for member in (world.us, world.cn):
            await member.node.receive()
    await node.receive()
    stopped = world.cn.node.suspensions.positions(
        world.cn.node.agreements.by_name("narcotics-2026")
    )
    assert bool(stopped) is suspends
    assert stores_of(world.cn.node).packets.packet(packet).keys == ()
    assert [each.state for each in desk.of(packet)] == [RecallState.ERASED]
    assert {*world.us.codes()} == {EntryForeign.code}  # the root's acts went past its own node
    assert world.cn.codes() == []


async def test_a_key_is_not_used_before_the_log_shows_it(world: Simulation) -> None:
    node, old = world.us.node, world.us.signer.header.key_id
    cut_off(world.us)
    record = certify_next(node.home, PASSPHRASE, node.keys.make_signing_key, now_ms=node.now_ms())
    with pytest.raises(ExchangeUnreachable):
        await node.keys.take_signing_record(record)
    assert world.us.signer.header.key_id == old
    # Whatever process of the node comes next finishes what was begun.
    world.us.exchange.publication = lambda publication: publication
    await node.sync()
    assert world.us.signer.header.key_id != old
    await world.us.send(world.cn)
    assert await world.cn.node.receive() == 1


async def test_keys_are_replaced_on_schedule(world: Simulation) -> None:
    def ends() -> dict[KeyKind, int]:
        return dict(world.us.node._records.ends_ms())

    first, cosigner = ends(), world.us.node.keys.cosigner().verifier
    pass_time(world, 65 * DAY_MS)
    await world.us.node.sync()
    assert ends()[KeyKind.KEM] > first[KeyKind.KEM]
    assert ends()[KeyKind.COSIGN] > first[KeyKind.COSIGN]
    assert world.us.node.keys.cosigner().verifier != cosigner
    assert world.us.node.keys.due() == (KeyKind.TLS,)
    assert await world.us.node.connection.renew()
    assert world.us.node.keys.due() == ()
    assert not await world.us.node.connection.renew()
    pass_time(world, 250 * DAY_MS)
    await world.us.node.sync()
    await world.us.node.connection.renew()
    assert world.us.node.keys.due() == (KeyKind.SIGN,)  # that takes the root, and a person


# In our name.


async def test_a_key_that_a_thief_puts_on_record_in_our_name_is_noticed(
    world: Simulation,
) -> None:
    await world.us.node.sync()
    assert KeyForeign.code not in world.us.codes()
    now_ms = context_of(world.us.node).now_ms()
    stolen = KeyRecord(
        header=world.us.signer.header,
        subject=world.us.node.uri,
        use=KeyUse.KEM,
        public_key=KemKey.generate().public.encoded,
        types=(),
        not_before_ms=now_ms,
        not_after_ms=now_ms + DAY_MS,
    )
    outcome = await world.us.say(StatementType.KEY_RECORD, encode_key_record(stolen))
    assert outcome.refusal is None
    for _ in range(2):
        with pytest.raises(TwinAtWork):  # a copy, or a thief: in its name nothing more is signed
            await world.us.node.sync()
    assert world.us.codes().count(KeyForeign.code) == 1
    # Its own rotations are its own.
    await world.cn.node.keys.rotate_encryption()
    await world.cn.node.keys.rotate_cosigning()
    await world.cn.node.sync()
    assert KeyForeign.code not in world.cn.codes()
