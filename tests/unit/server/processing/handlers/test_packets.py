"""What the exchange takes of packets and grants, and what it refuses, by which code."""

import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.message import Message

from support.agencies import (
    CN,
    DAY_MS,
    FIELDS,
    MX,
    NOW_MS,
    US,
    compartment_of,
    kem_key,
    node_of,
    text_field,
)
from support.exchange import (
    ARTICLE,
    INSTALLATION,
    World,
    address,
    codes,
    event_of,
    opened,
    packet_publication,
    parts_of,
    receipt_of,
)
from tearline.audit.event import EventCode, EventOutcome
from tearline.errors import signed_code
from tearline.packets.packet import AgreementRef, PacketKind
from tearline.policy.form import Form
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline.v1 import flow_pb2
from tearline.wire import codec
from tearline.wire.grants import encode_grant
from tearline.wire.publications import encode_publication, parse_publication


async def test_a_packet_and_its_grants_are_taken_with_receipts(world: World) -> None:
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed, CN), world.grant(sealed, MX))
    assert codes(outcomes) == ["", "", ""]
    assert [receipt_of(outcome).status for outcome in outcomes] == [Status.ACCEPTED] * 3
    assert [event_of(outcome).code for outcome in outcomes] == [
        EventCode.PACKET_ACCEPTED,
        EventCode.GRANT_ACCEPTED,
        EventCode.GRANT_ACCEPTED,
    ]


async def test_each_body_of_a_publication_is_read_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = world.packet()
    grants = [world.grant(sealed, CN), world.grant(sealed, MX)]
    message = encode_publication(packet_publication(world.parties.node(US), sealed, grants))
    read, decode = Counter[str](), codec.decode

    def counted(kind: type[Message], data: bytes, *, maximum: int) -> Message:
        read[kind.DESCRIPTOR.name] += 1
        return decode(kind, data, maximum=maximum)

    monkeypatch.setattr(codec, "decode", counted)
    outcomes = await world.publish(US, parse_publication(message))
    assert codes(outcomes) == ["", "", ""]
    assert [read[kind] for kind in ("Manifest", "Openings", "Grant")] == [1, 1, 2]
    assert read.keys() <= {"Manifest", "Openings", "Grant", "Attestation", "Header"}


async def test_the_log_says_what_a_grant_releases_and_by_which_policy(world: World) -> None:
    sealed = world.packet()
    slot = sealed.openings[compartment_of(sealed, "finance.amount")].slots[0]
    told = compartment_of(sealed, "identity.source")
    granted = world.grant(sealed, openings=(told,), fields=(slot,))
    event = event_of((await world.send(sealed, granted))[1])
    decisions = {each.category: each for each in event.decisions}
    assert {name: each.form for name, each in decisions.items()} == {
        "identity.subject": "clear",
        "identity.birth": "clear",
        "identity.source": "exists",
        "finance.amount": "clear",
    }
    assert decisions["finance.amount"].slots == (slot,)
    assert "sources-and-methods" in decisions["identity.source"].policies
    assert (event.actor, event.party) == (node_of(US), node_of(CN))
    assert (event.article, event.purpose) == (ARTICLE, "investigation")
    assert event.policy_digest == INSTALLATION.pins.policy


async def test_a_recipient_gets_the_ciphertexts_of_its_grant_and_no_others(world: World) -> None:
    sealed = world.packet()
    single = sealed.openings[compartment_of(sealed, "finance.amount")].slots[0]
    await world.send(
        sealed,
        world.grant(sealed, CN, categories=["identity.subject"], fields=(single,)),
        world.grant(sealed, MX, categories=["identity.birth"]),
    )
    subject = sealed.openings[compartment_of(sealed, "identity.subject")].slots
    birth = sealed.openings[compartment_of(sealed, "identity.birth")].slots
    for agency, slots in ((CN, {*subject, single}), (MX, set(birth))):
        delivery = (await world.read(agency))[-1]
        (parts,) = delivery.parts
        assert set(parts.ciphertexts) == slots
        assert parts.openings == ()
        assert all(parts.ciphertexts[i] == sealed.ciphertexts[i] for i in slots)


# A grant beyond the agreement, from a node that does not judge its own.


async def test_a_form_beyond_the_agreement_is_refused_naming_policies_to_the_sender(
    world: World,
) -> None:
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed, MX, categories=["finance.amount"]))
    assert codes(outcomes) == ["", "TL-POL-009"]
    assert outcomes[1].refusal is not None
    assert "agreed-generalised" in outcomes[1].refusal.why
    event = event_of(outcomes[1])
    assert (event.code, event.outcome) == (EventCode.REFUSED, EventOutcome.REFUSED)
    assert (event.party, event.counterpart) == (node_of(US), "")
    assert await world.read(MX) == (await world.read(MX))[:1]


async def test_a_single_slot_is_judged_by_the_form_of_its_compartment(world: World) -> None:
    sealed = world.packet()
    clear = sealed.openings[compartment_of(sealed, "finance.amount")].slots[0]
    masked = sealed.openings[compartment_of(sealed, "finance.amount", Form.GENERALISED)].slots[0]
    outcomes = await world.send(sealed, world.grant(sealed, MX, fields=(masked,)))
    assert codes(outcomes) == ["", ""]
    refused = await world.grant_only(world.grant(sealed, MX, fields=(clear,)))
    assert codes([refused]) == ["TL-POL-009"]


async def test_what_must_not_even_be_told_is_refused(world: World) -> None:
    unshared = text_field("9d" * 16 + "/Person/phone", "555", category="contact.phone")
    sealed = world.packet(fields=(*FIELDS, unshared))
    told = compartment_of(sealed, "contact.phone")
    outcomes = await world.send(sealed, world.grant(sealed, openings=(told,)))
    assert codes(outcomes) == ["", "TL-POL-009"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"purpose": "curiosity"}, "TL-AGR-001"),
        ({"not_after_ms": NOW_MS - 1}, "TL-GRT-003"),
        ({"not_after_ms": NOW_MS + 91 * DAY_MS}, "TL-GRT-003"),
        ({"kem_key_id": kem_key("somebody").id}, "TL-GRT-005"),
        ({"kem_key_id": kem_key(node_of(MX)).id}, "TL-GRT-005"),
        ({"packet": b"x" * 32}, "TL-GRT-002"),
        ({"fields": (4095 // 2,)}, "TL-PKT-006"),
        ({"compartments": (63,)}, "TL-PKT-006"),
    ],
)
async def test_a_grant_that_does_not_fit_is_refused(
    world: World, changed: dict[str, object], code: str
) -> None:
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed, **changed))
    assert codes(outcomes) == ["", code]
    assert receipt_of(outcomes[1]).status is Status.REFUSED
    assert receipt_of(outcomes[1]).code == signed_code(code)


async def test_padding_is_nobodys_to_grant(world: World) -> None:
    sealed = world.packet()
    real = {slot for opening in sealed.openings.values() for slot in opening.slots}
    filler = next(i for i in range(len(sealed.ciphertexts)) if i not in real)
    outcomes = await world.send(sealed, world.grant(sealed, fields=(filler,)))
    assert codes(outcomes) == ["", "TL-PKT-006"]


async def test_a_recipient_that_is_no_node_is_refused(world: World) -> None:
    sealed = world.packet()
    nobody = dataclasses.replace(address(CN, 1), recipient=f"{CN}/node/nobody")
    assert codes(await world.send(sealed, world.grant(sealed, address=nobody))) == [
        "",
        "TL-GRT-001",
    ]


async def test_a_channel_of_another_agreement_is_refused(world: World) -> None:
    sealed = world.packet()
    other = dataclasses.replace(address(CN, 1), agreement_id=b"o" * 16)
    assert codes(await world.send(sealed, world.grant(sealed, address=other))) == ["", "TL-GRT-001"]


async def test_only_the_originators_agency_grants_and_others_learn_nothing(world: World) -> None:
    sealed = world.packet()
    await world.send(sealed, world.grant(sealed, CN))
    header = world.parties.node(CN).header
    theirs = world.grant(sealed, MX, CN, header=header)
    missing = world.grant(sealed, MX, CN, header=header, packet=b"n" * 32, address=theirs.address)
    probed, absent = await world.grant_only(theirs, CN), await world.grant_only(missing, CN)
    assert codes([probed, absent]) == ["TL-GRT-002", "TL-GRT-002"]
    assert probed.refusal == absent.refusal
    said = [
        dataclasses.replace(event_of(each), statement_id=bytes(32)) for each in (probed, absent)
    ]
    assert said[0] == said[1]


async def test_one_more_category_may_be_disclosed_days_later(world: World) -> None:
    sealed = world.packet()
    await world.send(sealed, world.grant(sealed, CN, categories=["identity.subject"]))
    world.clock.time_ms += 6 * DAY_MS
    later = world.grant(sealed, CN, categories=["identity.birth"])
    assert codes([await world.grant_only(later)]) == [""]
    (delivered,) = (await world.read(CN))[-1].parts
    assert set(delivered.ciphertexts) == set(
        sealed.openings[compartment_of(sealed, "identity.birth")].slots
    )


# Packets.


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"kind": PacketKind.FEEDBACK}, "TL-AGR-001"),
        ({"not_after_ms": NOW_MS}, "TL-PKT-016"),
        ({"not_after_ms": NOW_MS + 11 * 366 * DAY_MS}, "TL-PKT-016"),
        ({"agreement": AgreementRef(id=b"u" * 16, version=1, article=ARTICLE)}, "TL-AGR-001"),
        (
            {"agreement": AgreementRef(id=b"agreement-id-16b", version=2, article=ARTICLE)},
            "TL-AGR-001",
        ),
        (
            {"agreement": AgreementRef(id=b"agreement-id-16b", version=1, article="other")},
            "TL-AGR-001",
        ),
    ],
)
async def test_a_packet_that_no_agreement_covers_is_refused(
    world: World, changed: dict[str, object], code: str
) -> None:
    assert codes(await world.send(world.packet(**changed))) == [code]


async def test_an_agreement_that_ended_covers_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree(valid_until_ms=NOW_MS + DAY_MS)
        sealed = world.packet()
        assert codes(await world.send(sealed, world.grant(sealed))) == ["", ""]
        world.clock.time_ms += DAY_MS
        assert codes([await world.grant_only(world.grant(sealed))]) == ["TL-AGR-001"]
        assert codes(await world.send(world.packet())) == ["TL-AGR-001"]


def _without_one(ciphertexts: dict[int, bytes]) -> dict[int, bytes]:
    return {slot: data for slot, data in ciphertexts.items() if slot}


def _with_one_more(ciphertexts: dict[int, bytes]) -> dict[int, bytes]:
    return {**ciphertexts, len(ciphertexts): b"x"}


def _with_a_flipped_bit(ciphertexts: dict[int, bytes]) -> dict[int, bytes]:
    return {**ciphertexts, 0: bytes([ciphertexts[0][0] ^ 1]) + ciphertexts[0][1:]}


def _with_two_swapped(ciphertexts: dict[int, bytes]) -> dict[int, bytes]:
    return {**ciphertexts, 0: ciphertexts[1], 1: ciphertexts[0]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_without_one, "TL-PKT-007"),
        (_with_one_more, "TL-PKT-007"),
        (_with_a_flipped_bit, "TL-PKT-006"),
        (_with_two_swapped, "TL-PKT-006"),
    ],
)
async def test_every_ciphertext_comes_and_is_the_one_that_was_signed(
    world: World, change: Callable[[dict[int, bytes]], dict[int, bytes]], code: str
) -> None:
    sealed = world.packet()
    parts = parts_of(sealed)
    changed = dataclasses.replace(parts, ciphertexts=change(dict(parts.ciphertexts)))
    publication = packet_publication(world.parties.node(US), sealed)
    outcomes = await world.publish(US, dataclasses.replace(publication, parts=(changed,)))
    assert codes(outcomes) == [code]


async def test_a_packet_without_its_parts_is_refused(world: World) -> None:
    publication = packet_publication(world.parties.node(US), world.packet())
    bare = dataclasses.replace(publication, parts=())
    assert codes(await world.publish(US, bare)) == ["TL-PKT-007"]


async def test_an_opening_that_was_not_signed_is_refused(world: World) -> None:
    sealed = world.packet()
    opening = sealed.openings[compartment_of(sealed, "finance.amount")]
    milder = dataclasses.replace(
        opening, marking=dataclasses.replace(opening.marking, category="identity.subject")
    )
    publication = packet_publication(world.parties.node(US), sealed)
    parts = dataclasses.replace(parts_of(sealed), openings=(milder,))
    changed = dataclasses.replace(publication, parts=(parts,))
    assert codes(await world.publish(US, changed)) == ["TL-PKT-006"]


async def test_a_compartment_is_opened_once(world: World) -> None:
    sealed = world.packet()
    opening = sealed.openings[compartment_of(sealed, "finance.amount")]
    publication = packet_publication(world.parties.node(US), sealed)
    parts = dataclasses.replace(parts_of(sealed), openings=(opening, opening))
    changed = dataclasses.replace(publication, parts=(parts,))
    assert codes(await world.publish(US, changed)) == ["TL-PKT-006"]


async def test_what_no_message_holds_is_refused_before_it_waits_for_anybody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = dataclasses.replace(FIELDS[0], values=(b"x" * 40_000,))
    sealed = world.packet(fields=(large, *FIELDS[1:]))
    monkeypatch.setattr("tearline.wire.deliveries.MAX_MESSAGE_BYTES", 40_000)
    outcomes = await world.send(sealed, world.grant(sealed))
    assert codes(outcomes) == ["", "TL-PKT-010"]
    assert receipt_of(outcomes[1]).status is Status.REFUSED
    assert [each.parts for each in await world.read(CN)] == [()]
    small = world.grant(sealed, categories=("identity.birth",), address=address(CN, 1))
    assert codes([await world.grant_only(small)]) == [""]


async def test_a_grant_s_sealed_part_leaves_room_for_the_packet(world: World) -> None:
    sealed = world.packet()
    body = flow_pb2.Grant.FromString(encode_grant(world.grant(sealed)))
    body.sealed = bytes((1 << 20) - 4096)
    assert codes(await world.send(sealed)) == [""]
    outcome = await world.say(US, StatementType.GRANT, body.SerializeToString(deterministic=True))
    assert codes([outcome]) == ["TL-PKT-001"]
    assert len(await world.read(CN)) == 1
