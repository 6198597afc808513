"""A lying exchange changes, strips, swaps, withholds or repeats what it delivers."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.examples import examples
from support.node import context_of, stores_of
from support.simulation import Member, Simulation
from tearline.audit.event import EventCode
from tearline.errors import (
    ChannelGap,
    ChannelStalled,
    CiphertextAltered,
    CiphertextMissing,
    EntryMismatch,
    EntryNotIncluded,
    GrantMisdirected,
    InclusionInvalid,
    MarkUnequal,
    PacketTooLarge,
    SignatureInvalid,
    SignerMismatch,
    StatementMalformed,
    TearlineError,
    TwinEntries,
)
from tearline.limits import MAX_MESSAGE_BYTES
from tearline.statements import channel
from tearline.statements.channel import Mark
from tearline.statements.statement import Attestation, StatementType
from tearline.wire.deliveries import Delivery, encode_delivery, parse_delivery
from tearline.wire.grants import encode_mark
from tearline.wire.statements import Signed, signed
from tearline_client.bootstrap import HANDLERS
from tearline_client.inbox.receiver import Receiver
from tearline_client.inbox.verifier import DeliveryVerifier
from tearline_client.messages.received import Received
from tearline_client.messages.recipient import Recipient
from tearline_client.store.database import Database
from tearline_client.store.inbox import InboxStore

Ciphertexts = dict[int, bytes]


def ciphertexts(change: Callable[[Ciphertexts], Ciphertexts]) -> Callable[..., list[Delivery]]:
    """The lie that changes the ciphertexts of the first delivery."""

    def lie(mail: list[Delivery]) -> list[Delivery]:
        (parts,) = mail[0].parts
        changed = replace(parts, ciphertexts=change(dict(parts.ciphertexts)))
        return [replace(mail[0], parts=(changed,)), *mail[1:]]

    return lie


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def resigned(delivery: Delivery, change: Callable[[Attestation], Attestation]) -> Delivery:
    """A delivery whose statements point to attestations so changed."""
    forged = {key: change(value) for key, value in delivery.attestations.items()}
    return replace(
        delivery,
        statements=tuple(
            replace(
                statement,
                inclusions=tuple(
                    replace(each, attestation=forged[each.attestation].hash)
                    for each in statement.inclusions
                ),
            )
            for statement in delivery.statements
        ),
        attestations={each.hash: each for each in forged.values()},
    )


def grant_of(delivery: Delivery) -> Signed:
    return Signed(statement=delivery.statements[0], attestations=delivery.attestations)


def manifest_of(delivery: Delivery) -> Signed:
    return Signed(statement=delivery.statements[1], attestations=delivery.attestations)


# Contents.


async def test_a_flipped_bit_of_a_ciphertext_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    world.cn.exchange.mail = ciphertexts(
        lambda given: {slot: flipped(data, 99) for slot, data in given.items()}
    )
    await world.cn.catches(CiphertextAltered)


async def test_swapped_slots_are_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    world.cn.exchange.mail = ciphertexts(
        lambda given: dict(zip(given, reversed(given.values()), strict=True))
    )
    await world.cn.catches(CiphertextAltered)


async def test_a_stripped_ciphertext_is_missed(world: Simulation) -> None:
    await world.us.send(world.cn)
    world.cn.exchange.mail = ciphertexts(lambda given: dict(list(given.items())[1:]))
    await world.cn.catches(CiphertextMissing)


async def test_a_grant_without_its_packet_is_put_aside_and_the_channel_goes_on(
    world: Simulation,
) -> None:
    """So the exchange tells of what no message holds. Its place in the channel is not missing."""
    await world.us.send(world.cn, times=2)
    world.cn.exchange.mail = lambda mail: [
        replace(mail[0], statements=mail[0].statements[:1], parts=()),
        *mail[1:],
    ]
    await world.cn.catches(PacketTooLarge, packets=1)


async def test_a_grant_from_before_whose_sealed_part_is_too_long_keeps_its_place(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exchange accepted it before sealed parts had a bound, and tells of it."""
    await world.us.send(world.cn)
    with monkeypatch.context() as patched:
        patched.setattr("tearline.statements.channel.MAX_SEALED_BYTES", 10)
        await world.cn.catches(PacketTooLarge)
    (channel,) = stores_of(world.cn.node).channels.all()
    incoming = stores_of(world.cn.node).channels.incoming(channel.peer, channel.agreement_id)
    assert incoming.contiguous == 1


# Statements.


async def test_a_grant_does_not_move_to_another_packet(world: Simulation) -> None:
    await world.us.send(world.cn, times=2)
    world.cn.exchange.mail = lambda mail: [
        replace(mail[0], statements=(mail[0].statements[0], mail[1].statements[1]))
    ]
    await world.cn.catches(GrantMisdirected)


async def test_a_grant_does_not_move_to_another_recipient(world: Simulation) -> None:
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    await world.mx.take(
        await world.forge(world.mx, grant_of(mail), manifest_of(mail), parts=mail.parts)
    )
    world.mx.caught(GrantMisdirected)


async def test_an_entry_that_names_others_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    statements = (grant_of(mail), manifest_of(mail))
    await world.cn.take(await world.forge(world.cn, *statements, parts=mail.parts, party=world.mx))
    world.cn.caught(EntryMismatch)


async def test_an_entry_of_another_statement_is_refused(world: Simulation) -> None:
    """Of a grant that differs in nothing that an entry tells."""
    (packet,) = await world.us.send(world.cn)
    paths = [opened.field.path for opened in world.us.node.packets.show(packet).view.fields]
    path = next(path for path in paths if path.endswith("Person/name"))
    await world.us.node.packets.disclose(packet, path, world.cn.node.uri)
    world.cn.exchange.mail = lambda mail: [replace(mail[0], entry=mail[1].entry)]
    await world.cn.catches(EntryMismatch)


async def test_an_entry_that_the_log_does_not_hold_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    world.cn.exchange.mail = lambda mail: [
        replace(mail[0], entry=replace(mail[0].entry, salt=bytes(32)))
    ]
    await world.cn.catches(EntryMismatch)


async def test_a_foreign_signer_on_a_known_body_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    body = mail.statements[0].body
    stolen = signed(world.mx.signer.sign([(StatementType.GRANT, body)]))
    await world.cn.take(await world.forge(world.cn, stolen, manifest_of(mail), parts=mail.parts))
    world.cn.caught(SignerMismatch)


async def test_a_zero_signature_under_a_known_root_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn, times=2)
    world.cn.exchange.mail = lambda mail: [
        mail[0],
        resigned(mail[1], lambda known: replace(known, signature=bytes(len(known.signature)))),
    ]
    await world.cn.catches(SignatureInvalid, packets=1)


async def test_a_body_of_one_type_is_not_presented_as_another(world: Simulation) -> None:
    await world.us.node.mark()
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    mark = replace(mail.statements[0], type=StatementType.MARK)
    presented = Signed(statement=mark, attestations=mail.attestations)
    await world.cn.take(await world.forge(world.cn, presented, code=EventCode.MARK))
    world.cn.caught(InclusionInvalid)


async def test_a_delivery_of_any_size_is_not_parsed(world: Simulation) -> None:
    await world.us.send(world.cn)
    field_2047 = b"\xfa\x7f" + b"\x80\x80\x80\x02"  # unknown, and of four mebibytes
    world.cn.exchange.raw = lambda data: data + field_2047 + bytes(MAX_MESSAGE_BYTES)
    await world.cn.catches(StatementMalformed)


async def test_noise_instead_of_a_delivery_is_refused(world: Simulation) -> None:
    await world.us.send(world.cn)
    world.cn.exchange.raw = lambda data: b"\xff" * len(data)
    await world.cn.catches(StatementMalformed)


# The channel.


async def test_a_dropped_statement_leaves_a_gap(world: Simulation) -> None:
    await world.us.send(world.cn, times=2)
    world.cn.exchange.mail = lambda mail: mail[1:]
    await world.cn.catches(ChannelGap, packets=1)


async def test_reordered_statements_leave_a_gap(world: Simulation) -> None:
    await world.us.send(world.cn, times=2)
    world.cn.exchange.mail = lambda mail: mail[::-1]
    await world.cn.catches(ChannelGap, packets=2)


async def test_the_last_statement_is_missed_by_the_mark(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.us.node.mark()
    world.cn.exchange.mail = lambda mail: mail[1:]
    await world.cn.catches(MarkUnequal)


async def test_a_gap_is_put_aside_once_whatever_comes_behind_it(world: Simulation) -> None:
    await world.us.send(world.cn, times=4)
    world.cn.exchange.mail = lambda mail: mail[1:]
    await world.cn.catches(ChannelGap, packets=3)


async def test_a_channel_with_a_gap_takes_no_more_than_it_may_hold(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "MAX_AHEAD", 2)
    await world.us.send(world.cn, times=5)
    held = (await world.cn.waiting())[0]
    world.cn.exchange.mail = lambda mail: mail[1:]
    await world.cn.node.receive()
    assert world.cn.codes() == [ChannelGap.code, ChannelStalled.code, ChannelStalled.code]
    assert len(world.cn.grants()) == 2
    await world.cn.take(held)
    assert (world.cn.codes(), len(world.cn.grants())) == ([ChannelGap.code], 5)


async def test_what_does_not_verify_is_put_aside_once(world: Simulation) -> None:
    await world.us.send(world.cn)
    world.cn.exchange.mail = lambda mail: (
        [*ciphertexts(lambda given: dict(list(given.items())[1:]))(mail)] * 3
    )
    await world.cn.catches(CiphertextMissing)


async def test_over_the_quota_the_id_alone_is_kept_and_the_mailbox_is_read_on(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InboxStore.quarantine, "__kwdefaults__", {"most": 1})
    await world.us.send(world.cn, times=2)
    noise = ciphertexts(lambda given: dict.fromkeys(given, b"noise"))
    world.cn.exchange.mail = lambda mail: [each for m in mail for each in noise([m])]
    await world.cn.catches(CiphertextAltered)
    assert world.cn.status().over_quota == {context_of(world.us.node).agency: 1}
    assert await world.cn.waiting() == []


async def test_one_bad_delivery_among_many_is_put_aside_alone(world: Simulation) -> None:
    await world.us.send(world.cn, times=3)
    noise = ciphertexts(lambda given: dict.fromkeys(given, b"noise"))
    world.cn.exchange.mail = lambda mail: [mail[0], *noise(mail[1:])]
    await world.cn.node.receive()
    assert world.cn.codes() == [CiphertextAltered.code, ChannelGap.code]
    assert len(world.cn.grants()) == 2


async def test_what_is_put_aside_leaves_nothing_of_it_among_what_came_with_it(
    world: Simulation,
) -> None:
    await world.us.send(world.cn, times=2)
    await world.us.node.mark()
    await world.cn.take(*(await world.cn.waiting())[1:])  # the mark counts one more
    assert world.cn.codes() == [ChannelGap.code, MarkUnequal.code]
    marks = [
        found
        for found in stores_of(world.cn.node).log.openings()
        if found.event.code is EventCode.MARK
    ]
    assert (marks, len(world.cn.grants())) == ([], 1)


async def test_what_comes_together_is_one_commit(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.us.send(world.cn, times=5)
    await world.cn.node.sync()
    waiting = [encode_delivery(mail) for mail in await world.cn.waiting()]
    receiver, commits = Receiver(context_of(world.cn.node), HANDLERS), 0
    begin = Database.transaction

    def counted(database: Database) -> AbstractContextManager[None]:
        nonlocal commits
        commits += 1
        return begin(database)

    monkeypatch.setattr(Database, "transaction", counted)
    assert len(list(receiver.take(waiting))) == 5
    assert commits == 1


async def test_what_counts_late_is_taken_in_late(world: Simulation) -> None:
    """A mark that came before what it counts is unequal until that comes, and then no more."""
    await world.us.send(world.cn)
    await world.us.node.mark()
    held = (await world.cn.waiting())[0]
    world.cn.exchange.mail = lambda mail: mail[1:]
    await world.cn.catches(MarkUnequal)
    await world.cn.take(held)
    assert (world.cn.codes(), len(world.cn.grants())) == ([], 1)


async def test_what_the_log_does_not_hold_yet_is_taken_in_once_it_does(world: Simulation) -> None:
    node, receiver = world.cn.node, Receiver(context_of(world.cn.node), HANDLERS)
    before = world.sign_log(await world.entries())
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    world.cn.exchange.log = lambda page: replace(page, entries=(), checkpoint=before)
    assert list(receiver.take([encode_delivery(mail)])) == []
    assert list(receiver.try_again()) == []
    world.cn.caught(EntryNotIncluded)
    world.cn.exchange.log = lambda page: page
    await context_of(node).follow()
    (received,) = receiver.try_again()
    assert received.signed.statement.id == mail.statements[0].id
    assert (world.cn.codes(), len(world.cn.grants())) == ([], 1)


async def test_evidence_that_is_no_delivery_is_not_taken_in(world: Simulation) -> None:
    state = context_of(world.cn.node)
    for evidence in (b"", b"noise"):
        state.alarm(EntryNotIncluded(), evidence)
    assert list(Receiver(state, HANDLERS).try_again()) == []
    assert world.cn.codes() == [EntryNotIncluded.code] * 2


async def test_a_mark_that_received_what_was_not_sent_is_refused(world: Simulation) -> None:
    agreement = world.us.node.agreements.by_name("narcotics-2026").id
    await world.us.say(StatementType.MARK, encode_mark(mark_of(world.us, world.cn, agreement)))
    await world.cn.catches(MarkUnequal)


def mark_of(sender: Member, to: Member, agreement_id: bytes) -> Mark:
    """A mark that claims to have received a statement nobody sent."""
    return Mark(
        header=sender.signer.header,
        recipient=to.node.uri,
        agreement_id=agreement_id,
        counter=1,
        highest_sent=0,
        highest_received=1,
        time_ms=0,
    )


async def test_a_replayed_delivery_changes_nothing(world: Simulation) -> None:
    await world.us.send(world.cn)
    world.cn.exchange.mail = lambda mail: mail * 3
    await world.cn.node.receive()
    assert (world.cn.codes(), len(world.cn.grants())) == ([], 1)


async def test_a_mailbox_that_was_rolled_back_changes_nothing(world: Simulation) -> None:
    await world.us.send(world.cn)
    mail = await world.cn.waiting()
    await world.cn.node.receive()
    await world.cn.take(*(replace(m, cursor=replace(m.cursor, epoch=bytes(16))) for m in mail))
    assert (world.cn.codes(), len(world.cn.grants())) == ([], 1)


async def test_a_second_entry_of_one_event_is_equivocation(world: Simulation) -> None:
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    await world.cn.node.receive()
    await world.cn.take(
        await world.forge(world.cn, grant_of(mail), manifest_of(mail), parts=mail.parts)
    )
    world.cn.caught(TwinEntries, packets=1)


# Any bit.


async def test_no_flipped_bit_changes_what_is_read(world: Simulation) -> None:
    """A bit somewhere in a delivery: refused with a code, or nothing that is kept differs."""
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    await context_of(world.cn.node).follow()
    state = context_of(world.cn.node)
    intake = DeliveryVerifier(
        Recipient(
            node=state.uri,
            trust=state.trust,
            kem_key=state.kem_key,
            pins=state.policies.pins,
            agreement_at=state.agreement_at,
            policy_under=lambda agreement: state.policies.under(agreement, own=False),
        ),
        HANDLERS,
    )

    def read(data: bytes) -> Received:
        received = intake.verify(parse_delivery(data), now_ms=state.now_ms())
        with state.stores.database.transaction():
            state.stores.log.put_opening(received.opening)
        return received

    honest = encode_delivery(mail)
    as_sent = read(honest)

    @settings(max_examples=examples(150))
    @given(st.sampled_from(parts_of(mail)), st.integers(min_value=0))
    def flip(part: bytes, bit: int) -> None:
        try:
            received = read(flipped(honest, 8 * honest.index(part) + bit % (8 * len(part))))
        except TearlineError:
            return
        assert received == as_sent

    flip()


def parts_of(delivery: Delivery) -> list[bytes]:
    """Everything that stands in a delivery, and all of it: each gets its share of the flips."""
    (parts,) = delivery.parts
    (attestation,) = delivery.attestations.values()
    assert delivery.entry is not None
    return [
        delivery.entry.event,
        delivery.entry.salt,
        attestation.signature,
        *(statement.body for statement in delivery.statements),
        *(inclusion.salt for each in delivery.statements for inclusion in each.inclusions),
        min(parts.ciphertexts.values(), key=len),
        encode_delivery(delivery),
    ]
