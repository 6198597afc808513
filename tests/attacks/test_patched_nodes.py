"""A partner's patched node publishes what no honest node would; the exchange is honest."""

from dataclasses import replace

from support.node import context_of, stores_of
from support.simulation import EVERYTHING, Member, Simulation
from tearline.crypto.keys import KemKey
from tearline.errors import (
    AgreementNotInForce,
    CiphertextMissing,
    CommitmentMismatch,
    GrantHandedOut,
    NotFound,
    NotOriginator,
    NotPermitted,
    RecipientKeyExpired,
    ReleaseRefused,
    SignatureInvalid,
    StatementConflict,
    StatusBackwards,
)
from tearline.packets.grant import Grant
from tearline.packets.packet import PacketParts
from tearline.policy.profile import default_marking
from tearline.statements.channel import Address, Void, VoidReason
from tearline.statements.receipt import Receipt, Status
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_grant, encode_receipt, encode_void, parse_grant
from tearline.wire.publications import Publication

NARCOTICS, BILATERAL = "narcotics-2026", "bilateral"


def grant_of(world: Simulation, *, seq: int = 1) -> tuple[Grant, Publication]:
    """A grant of the lead to China, and the publication it is made for."""
    packet, publication = world.us.compose(world.cn, seq=seq)
    return parse_grant(packet.grants[0].statement.body), publication


def agreement_id(world: Simulation, name: str = NARCOTICS) -> bytes:
    return world.us.node.agreements.by_name(name).id


def void(by: Member, to: Member, agreement: bytes, *, seq: int = 1) -> bytes:
    address = Address(recipient=to.node.uri, agreement_id=agreement, seq=seq)
    return encode_void(Void(header=by.signer.header, address=address, reason=VoidReason.REFUSED))


def withdrawal(
    by: Member,
    to: Member,
    agreement: bytes,
    about: bytes,
    *,
    reason: VoidReason = VoidReason.RECALLED,
) -> bytes:
    address = Address(recipient=to.node.uri, agreement_id=agreement, seq=1)
    header = by.signer.header
    return encode_void(Void(header=header, address=address, reason=reason, withdraws=about))


def with_parts(publication: Publication, **changed: object) -> Publication:
    (parts,) = publication.parts
    lie: PacketParts = replace(parts, **changed)  # type: ignore[arg-type]
    return replace(publication, parts=(lie,))


# Releases.


async def test_a_grant_beyond_the_agreement_is_refused(world: Simulation) -> None:
    _, publication = world.us.compose(world.cn, forms=EVERYTHING)
    await world.refuses(await world.us.publish(publication), None, ReleaseRefused)


async def test_a_compartment_is_not_marked_anew_for_the_exchange(world: Simulation) -> None:
    _, publication = world.us.compose(world.cn, forms=EVERYTHING)
    milder = default_marking("identity.subject")
    openings = tuple(replace(each, marking=milder) for each in publication.parts[0].openings)
    outcomes = await world.us.publish(with_parts(publication, openings=openings))
    await world.refuses(outcomes, CommitmentMismatch, NotOriginator)


async def test_a_ciphertext_that_was_not_signed_is_refused(world: Simulation) -> None:
    _, publication = world.us.compose(world.cn)
    ciphertexts = {slot: bytes(len(c)) for slot, c in publication.parts[0].ciphertexts.items()}
    outcomes = await world.us.publish(with_parts(publication, ciphertexts=ciphertexts))
    await world.refuses(outcomes, CommitmentMismatch, NotOriginator)


async def test_a_packet_without_a_ciphertext_is_refused(world: Simulation) -> None:
    _, publication = world.us.compose(world.cn)
    ciphertexts = dict(list(publication.parts[0].ciphertexts.items())[1:])
    outcomes = await world.us.publish(with_parts(publication, ciphertexts=ciphertexts))
    await world.refuses(outcomes, CiphertextMissing, NotOriginator)


async def test_a_packet_is_not_granted_onward_by_its_recipient(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.cn.node.receive()
    outcome = await world.cn.say(StatementType.GRANT, encode_grant(onward(world)))
    await world.refuses([outcome], NotOriginator, waiting=1)


def onward(world: Simulation) -> Grant:
    """China's grant of America's packet to Mexico."""
    state = context_of(world.cn.node)
    (packet_id,) = world.cn.grants()
    (stored,) = state.stores.packets.grants(packet_id)
    recipient = world.mx.node.uri
    return replace(
        stored.grant,
        header=world.cn.signer.header,
        address=replace(stored.grant.address, recipient=recipient),
        kem_key_id=state.kem_key_of(recipient).id,
    )


async def test_a_grant_to_a_key_that_is_not_the_recipient_s_is_refused(world: Simulation) -> None:
    grant, publication = grant_of(world)
    await world.us.publish(publication)
    swapped = replace(
        grant,
        grant_id=bytes(16),
        kem_key_id=KemKey.generate().public.id,
        address=replace(grant.address, seq=2),
    )
    outcome = await world.us.say(StatementType.GRANT, encode_grant(swapped))
    await world.refuses([outcome], RecipientKeyExpired, waiting=1)


async def test_an_identifier_is_not_used_for_something_else(world: Simulation) -> None:
    grant, publication = grant_of(world)
    await world.us.publish(publication)
    other = replace(grant, purpose="criminal-investigation", address=replace(grant.address, seq=2))
    outcome = await world.us.say(StatementType.GRANT, encode_grant(other))
    await world.refuses([outcome], StatementConflict, waiting=1)


# Signatures.


async def test_a_node_does_not_publish_for_another(world: Simulation) -> None:
    _, publication = world.us.compose(world.cn)
    await world.refuses(await world.mx.publish(publication), NotPermitted, NotPermitted)


async def test_a_zero_signature_is_not_accepted(world: Simulation) -> None:
    _, publication = world.us.compose(world.cn)
    (bundle,) = publication.bundles
    unsigned = replace(bundle.attestation, signature=bytes(len(bundle.attestation.signature)))
    forged = replace(publication, bundles=(replace(bundle, attestation=unsigned),))
    await world.refuses(await world.us.publish(forged), SignatureInvalid, SignatureInvalid)


# Channels.


async def test_a_void_does_not_take_a_place_that_is_taken(world: Simulation) -> None:
    await world.us.send(world.cn)
    outcome = await world.us.say(StatementType.VOID, void(world.us, world.cn, agreement_id(world)))
    await world.refuses([outcome], StatementConflict, waiting=1)


async def test_a_void_needs_an_agreement(world: Simulation) -> None:
    outcome = await world.us.say(
        StatementType.VOID, void(world.us, world.cn, agreement_id(world, BILATERAL))
    )
    await world.refuses([outcome], AgreementNotInForce)


async def test_a_void_does_not_withdraw_what_somebody_else_sent(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.mx.send(world.cn)
    mail, _ = await world.cn.waiting()
    stolen = withdrawal(world.mx, world.cn, agreement_id(world), mail.statements[0].id)
    await world.refuses([await world.mx.say(StatementType.VOID, stolen)], NotFound, waiting=2)


async def test_a_void_does_not_withdraw_what_was_handed_out(world: Simulation) -> None:
    await world.us.send(world.cn)
    (mail,) = await world.cn.waiting()
    taken = withdrawal(world.us, world.cn, agreement_id(world), mail.statements[0].id)
    await world.refuses([await world.us.say(StatementType.VOID, taken)], GrantHandedOut, waiting=1)


async def test_a_void_withdraws_once(world: Simulation) -> None:
    await world.us.send(world.cn)
    (stored,) = stores_of(world.us.node).packets.grants(stores_of(world.us.node).packets.ids()[0])
    agreement, about = agreement_id(world), stored.signed.statement.id
    outcomes = [
        await world.us.say(
            StatementType.VOID, withdrawal(world.us, world.cn, agreement, about, reason=reason)
        )
        for reason in (VoidReason.RECALLED, VoidReason.EXPIRED)
    ]
    await world.refuses(outcomes, None, NotFound, waiting=1)
    await world.cn.node.receive()
    assert world.cn.grants() == []


async def test_a_recipient_does_not_take_back_what_it_said(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.cn.node.receive()
    await world.cn.node.packets.read(world.cn.grants()[0])
    outcome = await world.cn.say(
        StatementType.RECEIPT, receipt(world, await about(world), Status.STORED, seq=3)
    )
    await world.refuses([outcome], StatusBackwards, waiting=2)


async def about(world: Simulation) -> bytes:
    """The id of the grant that China has."""
    (stored,) = stores_of(world.cn.node).packets.grants(world.cn.grants()[0])
    return stored.signed.statement.id


def receipt(world: Simulation, statement_id: bytes, status: Status, *, seq: int) -> bytes:
    """China's word to America."""
    return encode_receipt(
        Receipt(
            header=world.cn.signer.header,
            address=Address(recipient=world.us.node.uri, agreement_id=agreement_id(world), seq=seq),
            about=statement_id,
            status=status,
            code="",
            entry=None,
            acted_by=None,
            time_ms=world.clock(),
        )
    )


# Probes: what exists and what does not are refused in the same words.


async def test_a_grant_does_not_tell_whether_a_packet_exists(world: Simulation) -> None:
    await world.us.send(world.cn)
    await world.cn.node.receive()
    known = onward(world)
    guess = replace(known, packet=bytes(32), grant_id=bytes(16))
    answers = [
        await world.cn.say(StatementType.GRANT, encode_grant(grant)) for grant in (known, guess)
    ]
    await world.refuses(answers, NotOriginator, NotOriginator, waiting=1)
    assert answers[0].refusal == answers[1].refusal


async def test_a_void_does_not_tell_whether_an_agreement_exists(world: Simulation) -> None:
    answers = [
        await world.cn.say(StatementType.VOID, void(world.cn, world.mx, guess))
        for guess in (agreement_id(world, BILATERAL), bytes(16))
    ]
    await world.refuses(answers, AgreementNotInForce, AgreementNotInForce)
    assert answers[0].refusal == answers[1].refusal


async def test_a_receipt_does_not_tell_whether_a_grant_exists(world: Simulation) -> None:
    await world.us.send(world.mx)
    (mail,) = await world.mx.waiting()
    answers = [
        await world.cn.say(StatementType.RECEIPT, receipt(world, guess, Status.STORED, seq=1))
        for guess in (mail.statements[0].id, bytes(32))
    ]
    await world.refuses(answers, NotFound, NotFound, waiting=1)
    assert answers[0].refusal == answers[1].refusal
