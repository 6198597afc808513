"""What is sent is never stuck: places are filled, and what is not ruled on comes again."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

import tearline_client.features.packets.bulk
import tearline_server.processing.process
from support.node import context_of, stores_of
from support.simulation import EVERYTHING, US, LyingTransport, Member, Simulation
from tearline.crypto.keys import SigningKey
from tearline.errors import (
    ExchangeBusy,
    ExchangeFault,
    MailboxFull,
    NotFound,
    NotWitnessed,
    OutcomeUnknown,
    ReleaseRefused,
    SignerKeyUnknown,
    TearlineError,
)
from tearline.federation.members import NODE_TYPES, KeyRecord, KeyUse, Revocation
from tearline.limits import MAILBOX_BYTES, MAILBOX_RETRY_MS
from tearline.statements.receipt import Receipt, Status
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.grants import parse_grant
from tearline.wire.publications import Outcome, Publication, parse_publication
from tearline_client.features.packets.bulk import Imported
from tearline_client.features.packets.service import Persons
from tearline_client.messages.resend import remaining
from tearline_client.store.outbox import OutboxState
from tearline_server.admission.fair_queue import Cost
from tearline_server.processing.context import Context

WAITING = {OutboxState.SEALED, OutboxState.UNKNOWN}


def fails(
    member: Member, error: TearlineError, when: Callable[[Publication], bool]
) -> list[Publication]:
    """Lets the exchange fail on some of what a member publishes, until ``heals``; what it saw."""
    seen: list[Publication] = []

    async def publish(data: bytes) -> bytes:
        publication = parse_publication(data)
        seen.append(publication)
        if when(publication):
            raise error
        return await LyingTransport.publish(member.exchange, data)

    member.exchange.publish = publish  # type: ignore[method-assign]
    return seen


def heals(member: Member) -> None:
    del member.exchange.publish


def goes_to(member: Member) -> Callable[[Publication], bool]:
    """Whether a publication brings a grant to a member."""

    def brings(publication: Publication) -> bool:
        grants = [s for s in publication.statements() if s.type is StatementType.GRANT]
        return any(parse_grant(s.body).address.recipient == member.node.uri for s in grants)

    return brings


def waits(member: Member) -> bool:
    return bool(WAITING & member.status().outbox.keys())


def numbers(member: Member, peer: Member) -> list[tuple[int, int, int]]:
    """Of the channels with a peer: sent, received, and behind a gap."""
    channels = [c for c in member.status().channels if c.peer == peer.node.uri]
    return [(c.sent, c.received, c.waiting) for c in channels]


async def arrived(member: Member, packets: int) -> None:
    """Takes in what waits: so many packets are there, and nothing is put aside."""
    await member.node.receive()
    assert len(member.grants()) == packets
    assert member.codes() == []


# What stands behind a refusal.


@pytest.mark.parametrize("refused", [[0], [1], [0, 1], [1, 3], [0, 2, 4], [4]])
async def test_what_stands_behind_a_refused_grant_arrives(
    world: Simulation, refused: list[int]
) -> None:
    plans = [world.us.plan(world.cn, forms=EVERYTHING if n in refused else None) for n in range(5)]
    sent = await world.us.node.packets.send(plans)
    assert {code for code, _ in sent.refused} == {ReleaseRefused.code}
    await arrived(world.cn, 5 - len(refused))
    assert numbers(world.cn, world.us)[0][1:] == (5, 0)
    assert not waits(world.us)
    await world.us.send(world.cn)
    await arrived(world.cn, 6 - len(refused))


async def test_a_refused_grant_does_not_hold_up_other_partners(world: Simulation) -> None:
    plans = [world.us.plan(world.cn, forms=EVERYTHING), world.us.plan(world.mx, world.cn)]
    await world.us.node.packets.send(plans)
    await arrived(world.cn, 1)
    await arrived(world.mx, 1)


# A partner's mailbox is full.


def room(world: Simulation, statements: int) -> None:
    registry = world.exchange._desk.registry
    room = Cost(statements=statements, bytes=MAILBOX_BYTES)
    registry.installation = replace(registry.installation, room=room)


async def test_what_a_full_mailbox_does_not_take_waits_and_holds_up_nobody_else(
    world: Simulation,
) -> None:
    room(world, 2)
    with pytest.raises(MailboxFull, match="waits in the outbox"):
        await world.us.node.packets.send([world.us.plan(world.cn, world.mx) for _ in range(4)])
    assert waits(world.us)
    assert world.us.status().faults == {MailboxFull.code: 1}
    await arrived(world.cn, 2)
    await arrived(world.mx, 2)
    with pytest.raises(MailboxFull):
        await world.us.send(world.mx)
    await arrived(world.mx, 4)
    for packets in (4, 4):
        await world.us.node.sync()
        await arrived(world.cn, packets)
    assert not waits(world.us)
    assert world.us.status().faults == {}
    await arrived(world.mx, 5)


async def test_a_message_of_which_nothing_is_taken_is_told_when_to_come_again(
    world: Simulation,
) -> None:
    room(world, 1)
    await world.us.send(world.cn)
    _, publication = world.us.compose(world.cn, seq=2)
    (accepted, full) = await world.us.publish(publication)
    assert accepted.refusal is None
    assert full.refusal is not None
    assert full.refusal.code == MailboxFull.code
    grants = remaining(publication, {full.about}, {}, world.us.signer)
    with pytest.raises(MailboxFull) as refused:
        await world.us.publish(grants)
    assert refused.value.retry_after_ms == MAILBOX_RETRY_MS


@pytest.mark.parametrize(("says_when", "asked"), [(True, 1), (False, 2)], ids=["new", "old"])
async def test_what_is_to_come_later_is_not_asked_for_again_at_once(
    world: Simulation, says_when: bool, asked: int
) -> None:
    """An exchange that says no time in its outcomes is asked again, alone, and says it then."""
    room(world, 1)
    await world.us.send(world.cn)
    world.us.seal(world.us.plan(world.cn), world.us.plan(world.mx))
    brought: list[Publication] = []

    def seen(publication: Publication) -> Publication:
        if goes_to(world.cn)(publication):
            brought.append(publication)
        return publication

    def as_before(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        return tuple(
            replace(each, refusal=replace(each.refusal, retry_after_ms=None))
            if each.refusal
            else each
            for each in outcomes
        )

    world.us.exchange.publication = seen
    if not says_when:
        world.us.exchange.outcomes = as_before
    busy = await world.us.node._sender.flush()
    assert isinstance(busy, MailboxFull)
    assert busy.retry_after_ms == MAILBOX_RETRY_MS
    assert len(brought) == asked
    await arrived(world.mx, 1)  # it was not held up
    await arrived(world.cn, 1)
    assert await world.us.node._sender.flush() is None
    assert len(brought) == asked + 1
    await arrived(world.cn, 2)


async def test_an_import_waits_until_there_is_room(world: Simulation) -> None:
    room(world, 2)
    waited: list[float] = []

    async def wait(busy: ExchangeBusy, wait_s: float) -> None:
        assert isinstance(busy, MailboxFull)
        waited.append(wait_s)
        await world.cn.node.receive()

    plans = [world.us.plan(world.cn) for _ in range(5)]
    done = await world.us.node.imports.send(bytes(32), plans, Persons(), wait=wait)
    assert done == Imported(packets=5, refused=())
    assert waited == [MAILBOX_RETRY_MS / 1000] * 2
    await arrived(world.cn, 5)


async def test_an_exchange_that_names_no_pause_is_not_asked_without_one(world: Simulation) -> None:
    room(world, 1)
    waited: list[float] = []

    def at_once(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        return tuple(
            replace(each, refusal=replace(each.refusal, retry_after_ms=0)) if each.refusal else each
            for each in outcomes
        )

    async def wait(busy: ExchangeBusy, wait_s: float) -> None:
        waited.append(wait_s)
        await world.cn.node.receive()

    world.us.exchange.outcomes = at_once
    plans = [world.us.plan(world.cn) for _ in range(2)]
    await world.us.node.imports.send(bytes(32), plans, Persons(), wait=wait)
    assert waited == [0.2]


async def test_an_import_does_not_wait_for_ever(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    room(world, 1)
    monkeypatch.setattr(tearline_client.features.packets.bulk, "_PATIENCE_S", 59)
    plans = [world.us.plan(world.cn) for _ in range(2)]
    with pytest.raises(MailboxFull, match="waits in the outbox"):
        await world.us.node.imports.send(bytes(32), plans, Persons(), wait=never)
    await arrived(world.cn, 1)
    assert await world.us.node._sender.flush() is None
    await arrived(world.cn, 2)


async def test_an_import_does_not_wait_for_what_others_wait_for(world: Simulation) -> None:
    room(world, 1)
    for _ in range(2):
        world.us.seal(world.us.plan(world.cn))
    plans = [world.us.plan(world.mx)]
    done = await world.us.node.imports.send(bytes(32), plans, Persons(), wait=never)
    assert done == Imported(packets=1, refused=())
    assert world.us.status().faults == {MailboxFull.code: 1}


async def test_an_import_outlasts_ten_minutes_while_partners_cosign(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await partners_cosign(world)
    monkeypatch.setattr(tearline_client.features.packets.bulk, "TREE_SIZE", 2)
    plans = [world.us.plan(world.cn) for _ in range(4)]
    done = await world.us.node.imports.send(
        bytes(32), plans, Persons(), advance=lambda packets: pass_minutes(world, 6)
    )
    assert done == Imported(packets=4, refused=())


async def test_an_import_ends_where_no_partner_cosigns_any_more(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await on_one_clock(world)
    monkeypatch.setattr(tearline_client.features.packets.bulk, "TREE_SIZE", 2)
    plans = [world.us.plan(world.cn) for _ in range(4)]
    with pytest.raises(NotWitnessed):
        await world.us.node.imports.send(
            bytes(32), plans, Persons(), advance=lambda packets: pass_minutes(world, 6)
        )
    await arrived(world.cn, 2)


async def test_packets_published_one_by_one_outlast_ten_minutes(world: Simulation) -> None:
    await partners_cosign(world)
    for _ in range(3):
        await world.us.node.imports.publish([world.us.plan(world.cn)], Persons())
        pass_minutes(world, 6)


async def partners_cosign(world: Simulation) -> None:
    """Lets partners cosign whenever the node asks the exchange for the log."""
    await on_one_clock(world)

    async def entries(request: bytes) -> bytes:
        await world.cn.node.sync()
        return await LyingTransport.entries(world.us.exchange, request)

    world.us.exchange.entries = entries  # type: ignore[method-assign]


async def on_one_clock(world: Simulation) -> None:
    """Has nodes read the exchange's clock, and cosign what there is."""
    for member in world.members:
        object.__setattr__(context_of(member.node), "now_ms", world.clock)
    for member in (*world.members, world.us):
        await member.node.sync()


def pass_minutes(world: Simulation, minutes: int) -> None:
    world.clock.offset_ms += minutes * 60_000


async def never(busy: ExchangeBusy, wait_s: float) -> None:
    pytest.fail(f"it waits for {wait_s} s: {busy}")


# The signing key ends.


async def revoke(world: Simulation) -> None:
    """The root of the sending agency ends its node's signing key."""
    root = world.root(US)
    revocation = Revocation(
        header=root.header, revoked_key=world.us.signer.header.key_id, reason="lost"
    )
    await world.us.say(StatementType.REVOCATION, encode_revocation(revocation), by=root)


async def renew(world: Simulation) -> None:
    """The root certifies a new one, which the node takes."""
    root, state, now_ms = world.root(US), context_of(world.us.node), world.clock()
    key = SigningKey.generate()
    record = KeyRecord(
        header=root.header,
        subject=world.us.node.uri,
        use=KeyUse.SIGN,
        public_key=key.public.encoded,
        types=tuple(sorted(NODE_TYPES)),
        not_before_ms=now_ms,
        not_after_ms=now_ms + 24 * 3_600_000,
    )
    outcome = await world.us.say(StatementType.KEY_RECORD, encode_key_record(record), by=root)
    assert outcome.refusal is None
    signer = Signer(federation=root.header.federation, uri=world.us.node.uri, key=key)
    state.keys.signer = signer
    await state.follow()


async def test_a_channel_outlives_the_key_that_signed_on_it(world: Simulation) -> None:
    """The grant and the void of its place were signed by a key that had ended."""
    await world.us.send(world.cn)
    send = world.us.node.packets._releases.send
    plan = world.us.plan(world.cn)
    await revoke(world)  # the node has not read it yet
    sent = await send([plan], Persons())
    assert [code for code, _ in sent.refused] == [SignerKeyUnknown.code]
    assert waits(world.us)
    assert world.us.status().faults == {SignerKeyUnknown.code: 1}
    await renew(world)
    await world.us.send(world.cn)
    assert not waits(world.us)
    assert world.us.status().faults == {}
    await arrived(world.cn, 2)
    assert numbers(world.cn, world.us)[0][1:] == (3, 0)


async def test_receipts_and_marks_outlive_the_key_that_signed_them(world: Simulation) -> None:
    (packet,) = await world.cn.send(world.us)
    await revoke(world)
    await world.us.node.receive()
    await world.us.node.mark()
    await renew(world)
    await world.us.node.sync()
    assert not waits(world.us)
    await arrived(world.cn, 0)
    (grant,) = stores_of(world.cn.node).packets.grants(packet)
    assert grant.status is Status.STORED
    assert [found.statements[0].type for found in await world.cn.waiting()] == []


# Receipts.


def refuses_receipts(monkeypatch: pytest.MonkeyPatch, times: int) -> list[Receipt]:
    """Lets the exchange refuse so many receipts for good; those it was shown."""
    shown: list[Receipt] = []
    handlers = tearline_server.processing.process.HANDLERS
    handler = handlers[StatementType.RECEIPT]

    def refuse(context: Context, receipt: Receipt) -> None:
        shown.append(receipt)
        if len(shown) <= times:
            raise NotFound("no grant of that id was delivered here")
        handler.apply(context, receipt)

    changed = {**handlers, handler.type: replace(handler, apply=refuse)}
    monkeypatch.setattr(tearline_server.processing.process, "HANDLERS", changed)
    return shown


async def test_a_refused_receipt_is_given_again(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packet,) = await world.us.send(world.cn)
    refuses_receipts(monkeypatch, 1)
    await world.cn.node.receive()
    await world.cn.node.tell()
    await arrived(world.us, 0)
    (grant,) = stores_of(world.us.node).packets.grants(packet)
    assert grant.status is Status.STORED
    assert not waits(world.cn)


async def test_a_receipt_is_not_given_for_ever(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.send(world.cn)
    shown = refuses_receipts(monkeypatch, 1000)
    await world.cn.node.receive()
    for _ in range(8):
        await world.cn.node.tell()
    assert 1 < len(shown) < 6
    assert not waits(world.cn)


# One message that the exchange fails on.


@pytest.mark.parametrize("error", [ExchangeFault(), OutcomeUnknown()], ids=["fault", "no answer"])
async def test_a_message_that_the_exchange_fails_on_holds_up_its_channel_alone(
    world: Simulation, error: TearlineError
) -> None:
    fails(world.us, error, goes_to(world.cn))
    with pytest.raises(type(error)):
        await world.us.send(world.cn)
    await world.us.send(world.mx)
    with pytest.raises(TearlineError):
        await world.us.send(world.mx, world.cn)
    await arrived(world.mx, 2)
    await world.us.node.mark()
    await arrived(world.cn, 0)
    assert world.us.status().faults == {error.code: 1}

    heals(world.us)
    await world.us.node.sync()
    assert not waits(world.us)
    await arrived(world.cn, 2)
    await arrived(world.mx, 2)
    assert numbers(world.cn, world.us)[0][1:] == (2, 0)


async def test_what_waits_behind_a_message_is_not_sent_in_vain(world: Simulation) -> None:
    seen = fails(world.us, ExchangeFault(), goes_to(world.cn))
    for _ in range(2):
        with pytest.raises((ExchangeFault, OutcomeUnknown)):
            await world.us.send(world.cn)
    seen.clear()
    await world.us.node.sync()
    assert len(seen) == 1


async def test_a_later_release_waits_for_its_packet(world: Simulation) -> None:
    fails(world.us, ExchangeFault(), lambda publication: bool(publication.parts))
    with pytest.raises(ExchangeFault):
        await world.us.send(world.cn)
    (packet,) = stores_of(world.us.node).packets.ids()
    path = world.us.name_path(packet)
    with pytest.raises(OutcomeUnknown):
        await world.us.node.packets.disclose(packet, path, world.mx.node.uri)
    heals(world.us)
    await world.us.node.sync()
    await arrived(world.mx, 1)


# Order.


async def test_one_message_is_under_way_at_once_and_in_order(world: Simulation) -> None:
    under_way, order = 0, []
    publish = world.us.exchange.publish

    async def slowly(data: bytes) -> bytes:
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        order.extend(
            parse_grant(s.body).address.seq
            for s in parse_publication(data).statements()
            if s.type is StatementType.GRANT
        )
        await asyncio.sleep(0)
        reply = await publish(data)
        under_way -= 1
        return reply

    world.us.exchange.publish = slowly  # type: ignore[method-assign]
    await asyncio.gather(*(world.us.send(world.cn) for _ in range(4)))
    assert order == [1, 2, 3, 4]
