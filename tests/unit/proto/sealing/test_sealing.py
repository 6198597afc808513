"""Sealing, releasing and opening, and every way in which a packet could deceive its reader."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from support.agencies import (
    FIELDS,
    MX,
    US,
    compartment_of,
    federation,
    grant,
    kem_key,
    manifest_signed,
    marking,
    node_of,
    packet,
    secret,
    text_field,
    under,
)
from support.cases import each_case
from tearline.encoding import prefixed, u32
from tearline.errors import (
    CiphertextMissing,
    CommitmentMismatch,
    DecryptionFailed,
    GrantMisdirected,
    NotFound,
    PacketTooLarge,
    PathDuplicated,
    ReleaseMismatch,
    StatementMalformed,
)
from tearline.limits import MAX_COMPARTMENTS, MAX_FIELD_BYTES, MAX_MASK_NAME, MAX_PACKET_BYTES
from tearline.packets.commitments import (
    field_keys,
    field_secret,
    opening_commit,
    padded_length,
    slot_commit,
)
from tearline.packets.grant import Grant
from tearline.packets.packet import (
    Field,
    Manifest,
    Marked,
    Marks,
    WithholdReason,
)
from tearline.policy.category import CATEGORIES
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.sealing import (
    field_plaintext,
    granted_slots,
    open_note,
    open_packet,
    open_release,
    parse_field_plaintext,
    recipients,
    release_of,
    seal_note,
    seal_release,
)
from tearline.statements.statement import StatementType
from tearline.wire.packets import (
    FieldRelease,
    Release,
    encode_field,
    encode_release,
)

FED = federation()
HEADER = FED.node(US).header
SEALED = packet(HEADER)
MANIFEST = SEALED.manifest
CIPHERTEXTS = dict(enumerate(SEALED.ciphertexts))
EVERYTHING = release_of(SEALED, existences={}, compartments=SEALED.openings)
NAMES = compartment_of(SEALED, "identity.subject")
SOURCE = compartment_of(SEALED, "identity.source")
AMOUNT = compartment_of(SEALED, "finance.amount")
NAME_SLOT = SEALED.openings[NAMES].slots[0]
MX_NODE = node_of(MX)
MANIFEST_ID = manifest_signed(SEALED, FED.node(US)).statement.id


def releasing(*compartments: int, slots: tuple[int, ...] = ()) -> Release:
    return release_of(SEALED, existences={}, compartments=compartments, slots=slots)


def alone(slot: int) -> Release:
    """A release of one slot by a wrong secret."""
    single = FieldRelease(
        slot=slot, secret=bytes(32), marking=FIELDS[0].marking, form=FIELDS[0].form
    )
    return Release(fields=(single,))


def with_slot(manifest: Manifest, slot: int, value: bytes) -> Manifest:
    slots = list(manifest.slots)
    slots[slot] = value
    return replace(manifest, slots=tuple(slots))


# Sealing.


def test_what_is_sealed_opens() -> None:
    view = open_packet(MANIFEST, CIPHERTEXTS, EVERYTHING)
    assert sorted(repr(opened.field) for opened in view.fields) == sorted(map(repr, FIELDS))


@each_case("length", [1, 300, 5000])
@each_case(
    "spoil",
    [
        lambda plaintext: plaintext[:-1] + b"\1",
        lambda plaintext: plaintext[:-1],
        lambda plaintext: plaintext + b"\0",
        lambda plaintext: plaintext.rstrip(b"\0"),
        lambda plaintext: (int.from_bytes(plaintext[:4]) + 1).to_bytes(4) + plaintext[4:],
        lambda plaintext: b"\xff" * 4 + plaintext[4:],
        lambda plaintext: (len(plaintext) + 1).to_bytes(4) + plaintext[4:],
        lambda plaintext: plaintext[:3],
    ],
)
def test_a_plaintext_has_one_padding(spoil: Callable[[bytes], bytes], length: int) -> None:
    field = text_field("1/Person/name", "x" * length)
    plaintext = field_plaintext(field)
    assert parse_field_plaintext(plaintext, field) == field
    assert plaintext[-1] == 0
    with pytest.raises(StatementMalformed):
        parse_field_plaintext(spoil(plaintext), field)


def test_compartments_and_slots_are_padded() -> None:
    assert (len(MANIFEST.compartments), len(MANIFEST.slots)) == (8, 8)
    assert len(SEALED.openings) == 5


def test_padding_looks_like_the_rest() -> None:
    real = {slot for opening in SEALED.openings.values() for slot in opening.slots}
    lengths = {len(CIPHERTEXTS[slot]) for slot in real}
    assert {len(CIPHERTEXTS[slot]) for slot in set(CIPHERTEXTS) - real} <= lengths


def test_padding_does_not_make_a_packet_with_a_document_too_large() -> None:
    small = [text_field(f"{number}/Person/name", "Ana") for number in range(8)]
    document = Field(
        path="8/Document/file",
        media_type="application/pdf",
        values=(bytes(MAX_FIELD_BYTES),),
        marking=marking(),
    )
    # Each of seven padding slots may draw the document; of twenty packets some would be too large.
    for _ in range(20):
        sealed = packet(HEADER, [*small, document])
        assert sum(map(len, sealed.ciphertexts)) <= MAX_PACKET_BYTES


def test_no_value_or_path_shows_outside() -> None:
    whole = repr(MANIFEST).encode() + b"".join(SEALED.ciphertexts)
    for field in FIELDS:
        for text in (field.path.encode(), *field.values):
            assert text not in whole


def test_two_seals_of_the_same_fields_share_nothing() -> None:
    other = packet(HEADER)
    assert other.manifest.packet_id != MANIFEST.packet_id
    assert not set(SEALED.ciphertexts) & set(other.ciphertexts)


def test_nothing_and_too_much_are_not_sealed() -> None:
    markings = [marking(c.name, tlp) for c in CATEGORIES for tlp in Tlp][: MAX_COMPARTMENTS + 1]
    many = [replace(text_field(f"a/b/{n}", "x"), marking=m) for n, m in enumerate(markings)]
    for fields in ([], many):
        with pytest.raises(PacketTooLarge):
            packet(HEADER, fields)


def test_one_path_twice_is_not_sealed() -> None:
    with pytest.raises(PathDuplicated):
        packet(HEADER, [FIELDS[0], FIELDS[0]])


def test_keys_do_not_show_in_text() -> None:
    key = SEALED.keys[NAMES]
    for text in (repr(SEALED), repr(EVERYTHING), repr(releasing(slots=(NAME_SLOT,)))):
        assert key.hex() not in text
        assert repr(key) not in text


def test_padding_is_not_released() -> None:
    slot = (set(CIPHERTEXTS) - {s for o in SEALED.openings.values() for s in o.slots}).pop()
    compartment = (set(range(len(MANIFEST.compartments))) - SEALED.openings.keys()).pop()
    for asked in (
        {"slots": [slot]},
        {"slots": [len(MANIFEST.slots)]},
        {"compartments": [compartment]},
        {"existences": {compartment: WithholdReason.SOURCE}},
    ):
        nothing: dict[str, Any] = {"existences": {}, "compartments": ()}
        with pytest.raises(NotFound):
            release_of(SEALED, **(nothing | asked))


# Opening.


def test_a_reader_opens_what_was_released_and_no_more() -> None:
    view = open_packet(MANIFEST, CIPHERTEXTS, releasing(AMOUNT))
    assert [opened.field.path for opened in view.fields] == [FIELDS[2].path]
    assert view.existences == ()


def test_a_single_field_opens_without_its_neighbours() -> None:
    sealed = packet(HEADER, [text_field("a/Person/name", "A"), text_field("b/Person/name", "B")])
    (c,) = sealed.openings
    slot = sealed.openings[c].slots[0]
    release = release_of(sealed, existences={}, compartments=(), slots=[slot])
    view = open_packet(sealed.manifest, dict(enumerate(sealed.ciphertexts)), release)
    assert [opened.slot for opened in view.fields] == [slot]


def test_what_is_only_told_of_shows_category_count_and_reason() -> None:
    release = release_of(SEALED, existences={SOURCE: WithholdReason.SOURCE}, compartments=())
    (told,) = open_packet(MANIFEST, {}, release).existences
    assert (told.category, told.count, told.reason) == (
        "identity.source",
        1,
        WithholdReason.SOURCE,
    )


def test_ciphertexts_that_were_not_granted_are_not_needed() -> None:
    kept = {slot: CIPHERTEXTS[slot] for slot in SEALED.openings[NAMES].slots}
    assert open_packet(MANIFEST, kept, releasing(NAMES)) == open_packet(
        MANIFEST, CIPHERTEXTS, releasing(NAMES)
    )


def test_a_granted_ciphertext_that_was_stripped_is_missed() -> None:
    kept = {slot: data for slot, data in CIPHERTEXTS.items() if slot != NAME_SLOT}
    with pytest.raises(CiphertextMissing):
        open_packet(MANIFEST, kept, EVERYTHING)


def test_a_bit_of_a_ciphertext_cannot_be_flipped() -> None:
    data = bytearray(CIPHERTEXTS[NAME_SLOT])
    data[-1] ^= 1
    with pytest.raises(DecryptionFailed):
        open_packet(MANIFEST, CIPHERTEXTS | {NAME_SLOT: bytes(data)}, EVERYTHING)


def test_swapped_slots_do_not_open_even_if_the_manifest_swaps_them_too() -> None:
    other = SEALED.openings[SOURCE].slots[0]
    slots = list(MANIFEST.slots)
    slots[NAME_SLOT], slots[other] = slots[other], slots[NAME_SLOT]
    swapped = CIPHERTEXTS | {NAME_SLOT: CIPHERTEXTS[other], other: CIPHERTEXTS[NAME_SLOT]}
    with pytest.raises(DecryptionFailed):
        open_packet(replace(MANIFEST, slots=tuple(slots)), swapped, EVERYTHING)


def test_a_key_of_another_compartment_is_refused() -> None:
    (item,) = releasing(NAMES).compartments
    wrong = Release(compartments=(under(item, SEALED.keys[SOURCE]),))
    with pytest.raises(CommitmentMismatch):
        open_packet(MANIFEST, CIPHERTEXTS, wrong)


def test_a_compartment_cannot_be_marked_anew() -> None:
    (item,) = releasing(SOURCE).compartments
    milder = replace(item, opening=replace(item.opening, marking=marking("reference")))
    with pytest.raises(CommitmentMismatch):
        open_packet(MANIFEST, CIPHERTEXTS, Release(compartments=(milder,)))


def test_a_false_existence_is_refused() -> None:
    release = release_of(SEALED, existences={SOURCE: WithholdReason.SOURCE}, compartments=())
    (told,) = release.openings
    false = replace(told, opening=replace(told.opening, marking=marking("method")))
    with pytest.raises(CommitmentMismatch):
        open_packet(MANIFEST, {}, Release(openings=(false,)))


@pytest.mark.parametrize("slot", [8, 2047])
def test_a_slot_that_is_not_there_is_refused(slot: int) -> None:
    release = alone(slot)
    with pytest.raises(CommitmentMismatch):
        open_packet(MANIFEST, CIPHERTEXTS | {slot: b""}, release)


def test_a_slot_that_is_not_there_is_not_missed_either() -> None:
    release = alone(8)
    with pytest.raises(CommitmentMismatch):
        open_packet(MANIFEST, CIPHERTEXTS, release)


def test_a_wrong_secret_of_a_slot_opens_nothing() -> None:
    release = alone(NAME_SLOT)
    with pytest.raises(DecryptionFailed):
        open_packet(MANIFEST, CIPHERTEXTS, release)


# An originator that lies to its reader. Each of these holds commitments that fit.


def lying(
    plaintexts: Mapping[int, bytes] | None = None,
    *,
    commit: bytes | None = None,
    marks: Marked = FIELDS[0],
) -> tuple[Manifest, dict[int, bytes], Release]:
    """The packet with other plaintexts in the compartment of names, honestly committed to."""
    key, pid = SEALED.keys[NAMES], MANIFEST.packet_id
    manifest, ciphertexts = MANIFEST, dict(CIPHERTEXTS)
    for slot, plaintext in (plaintexts or {}).items():
        cipher_key, salt = field_keys(field_secret(key, pid, NAMES, slot), pid, slot)
        ciphertexts[slot] = AESGCM(cipher_key).encrypt(bytes(12), plaintext, None)
        manifest = with_slot(
            manifest,
            slot,
            commit or slot_commit(pid, slot, salt, marks, plaintext),
        )
    return manifest, ciphertexts, releasing(NAMES)


def plaintext_of(slot: int) -> bytes:
    view = open_packet(MANIFEST, CIPHERTEXTS, EVERYTHING)
    field = next(opened.field for opened in view.fields if opened.slot == slot)
    encoded = prefixed(encode_field(field))
    return encoded.ljust(padded_length(len(encoded)), b"\0")


def test_the_lie_itself_opens_when_it_is_the_truth() -> None:
    view = open_packet(*lying({NAME_SLOT: plaintext_of(NAME_SLOT)}))
    assert view.fields[0].field == FIELDS[0]


def test_a_plaintext_that_was_not_committed_to_is_refused() -> None:
    good = plaintext_of(NAME_SLOT)
    other = good.replace(b"Li Wei", b"Li Wen")
    with pytest.raises(CommitmentMismatch):
        open_packet(*lying({NAME_SLOT: other}, commit=MANIFEST.slots[NAME_SLOT]))


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda p: p[:-1] + b"\1", id="a message in the padding"),
        pytest.param(lambda p: p + bytes(128), id="more padding"),
        pytest.param(lambda p: p[:-1], id="less padding"),
        pytest.param(lambda p: b"\xff\xff\xff\xff" + p[4:], id="a length beyond the end"),
        pytest.param(lambda p: bytes(128), id="an empty field"),
        pytest.param(lambda p: b"", id="nothing"),
        pytest.param(lambda p: b"\0\0", id="half a length"),
    ],
)
def test_a_plaintext_has_one_spelling(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(StatementMalformed):
        open_packet(*lying({NAME_SLOT: spoil(plaintext_of(NAME_SLOT))}))


def test_a_plaintext_without_padding_says_its_length_too() -> None:
    encoded = (encode_field(replace(FIELDS[0], values=(b"x" * n,))) for n in range(128))
    full = next(data for data in encoded if len(data) == 124)
    view = open_packet(*lying({NAME_SLOT: prefixed(full)}))
    assert view.fields[0].field.values[0].startswith(b"xxx")
    with pytest.raises(StatementMalformed):
        open_packet(*lying({NAME_SLOT: u32(125) + full}))


def test_a_field_bears_its_compartment_s_marking() -> None:
    for marks in (Marks(SEALED.openings[SOURCE].marking), Marks(FIELDS[0].marking, Form.MATCH)):
        with pytest.raises(CommitmentMismatch):
            open_packet(*lying({NAME_SLOT: plaintext_of(NAME_SLOT)}, marks=marks))


def test_a_field_released_alone_bears_the_marking_that_was_signed() -> None:
    (single,) = releasing(slots=(NAME_SLOT,)).fields
    assert (single.marking, single.form, single.mask) == (FIELDS[0].marking, Form.CLEAR, "")
    for changed in (
        replace(single, marking=marking("reference")),
        replace(single, form=Form.MATCH),
        replace(single, form=Form.GENERALISED, mask="band"),
    ):
        with pytest.raises(CommitmentMismatch):
            open_packet(MANIFEST, CIPHERTEXTS, Release(fields=(changed,)))


def test_a_field_s_secret_opens_no_other_slot_and_a_shown_salt_opens_none() -> None:
    (single,) = releasing(slots=(NAME_SLOT,)).fields
    other = SEALED.openings[SOURCE].slots[0]
    _, salt = field_keys(single.secret, MANIFEST.packet_id, NAME_SLOT)
    marks = SEALED.openings[SOURCE]
    for slot, secret_ in ((other, single.secret), (NAME_SLOT, salt), (other, salt)):
        wrong = FieldRelease(slot=slot, secret=secret_, marking=marks.marking, form=marks.form)
        with pytest.raises(DecryptionFailed):
            open_packet(MANIFEST, CIPHERTEXTS, Release(fields=(wrong,)))


def test_a_slot_that_is_released_in_two_ways_is_the_same_in_both() -> None:
    both = releasing(NAMES, slots=(NAME_SLOT,))
    view = open_packet(MANIFEST, CIPHERTEXTS, both)
    assert NAME_SLOT in {opened.slot for opened in view.fields}
    (single,) = both.fields
    for change in ({"secret": bytes(32)}, {"form": Form.MATCH}):
        other = replace(both, fields=(replace(single, **change),))
        with pytest.raises(CommitmentMismatch, match="two ways"):
            open_packet(MANIFEST, CIPHERTEXTS, other)


def test_a_mask_has_a_short_name() -> None:
    generalised = replace(FIELDS[0], form=Form.GENERALISED, mask="x" * MAX_MASK_NAME)
    with pytest.raises(StatementMalformed, match="mask"):
        replace(generalised, mask="x" * (MAX_MASK_NAME + 1))


def test_what_its_compartment_says_is_not_in_a_field() -> None:
    generalised = replace(FIELDS[0], form=Form.GENERALISED, mask="initials")
    assert field_plaintext(generalised) == field_plaintext(FIELDS[0])
    assert FIELDS[0].marking.category.encode() not in field_plaintext(FIELDS[0])
    assert b"text/plain" not in field_plaintext(FIELDS[0])


def test_fields_of_two_masks_stand_in_two_compartments() -> None:
    fields = [
        replace(text_field(f"{n}/Person/name", "x"), form=Form.GENERALISED, mask=mask)
        for n, mask in enumerate(("initials", "band", "band"))
    ]
    openings = packet(HEADER, fields).openings.values()
    assert sorted((each.mask, len(each.slots)) for each in openings) == [
        ("band", 2),
        ("initials", 1),
    ]


def test_two_compartments_do_not_hold_one_slot() -> None:
    births = compartment_of(SEALED, "identity.birth")
    overlapping = replace(
        SEALED.openings[births],
        slots=tuple(sorted({*SEALED.openings[births].slots, NAME_SLOT})),
    )
    compartments = list(MANIFEST.compartments)
    compartments[births] = opening_commit(MANIFEST.packet_id, overlapping)
    both = releasing(NAMES, births).compartments
    release = Release(
        compartments=tuple(
            replace(item, opening=overlapping) if item.opening.compartment == births else item
            for item in both
        )
    )
    with pytest.raises(CommitmentMismatch):
        open_packet(replace(MANIFEST, compartments=tuple(compartments)), CIPHERTEXTS, release)


# Grants.

GRANT = grant(SEALED, MANIFEST_ID, HEADER, MX_NODE, compartments=[NAMES])


def test_a_recipient_opens_its_grant() -> None:
    assert open_release(GRANT, kem_key(MX_NODE)) == releasing(NAMES)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(GrantMisdirected):
        open_release(GRANT, kem_key(node_of(US)))


def test_a_grant_that_names_another_key_opens_nothing() -> None:
    other = kem_key(node_of(US))
    with pytest.raises(GrantMisdirected):
        open_release(replace(GRANT, kem_key_id=other.id), other)


@each_case(
    "changed",
    [
        replace(GRANT, packet=secret("another packet")),
        replace(GRANT, grant_id=bytes(16)),
        replace(GRANT, purpose="prosecution"),
        replace(GRANT, not_after_ms=GRANT.not_after_ms + 1),
        replace(GRANT, address=replace(GRANT.address, recipient=node_of(US))),
        replace(GRANT, address=replace(GRANT.address, seq=2)),
        replace(GRANT, header=FED.node(MX).header),
        replace(GRANT, caveats=replace(GRANT.caveats, orcon=False)),
        replace(GRANT, compartments=(*GRANT.compartments, 63)),
        replace(GRANT, sealed=GRANT.sealed[:-1]),
        replace(GRANT, sealed=bytes(len(GRANT.sealed))),
        replace(GRANT, sealed=b"short"),
        replace(GRANT, sealed=b""),
    ],
)
def test_a_sealed_part_belongs_to_the_grant_around_it(changed: Grant) -> None:
    with pytest.raises(GrantMisdirected):
        open_release(changed, kem_key(MX_NODE))


def test_a_grant_sealed_to_another_key_than_it_names_is_not_tried() -> None:
    # The exchange judged the key that the grant names; the seal may not be for another.
    names_other = replace(GRANT, kem_key_id=kem_key(node_of(US)).id)
    info = recipients._grant_info(names_other)
    release = encode_release(releasing(NAMES))
    sealed = recipients._HPKE.encrypt(release, kem_key(MX_NODE).public.hpke, info=info)
    with pytest.raises(GrantMisdirected):
        open_release(replace(names_other, sealed=sealed), kem_key(MX_NODE))


def test_a_grant_is_sealed_only_to_the_key_it_names() -> None:
    with pytest.raises(GrantMisdirected):
        seal_release(GRANT, releasing(NAMES), kem_key(node_of(US)).public)


def test_a_grant_is_sealed_only_with_what_it_lists() -> None:
    for release in (releasing(SOURCE), releasing(NAMES, SOURCE), releasing(slots=(NAME_SLOT,))):
        with pytest.raises(ReleaseMismatch):
            seal_release(GRANT, release, kem_key(MX_NODE).public)


def test_a_grantor_that_releases_more_than_it_lists_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("tearline.sealing.recipients._verify_listed", lambda *_: None)
        sealed = seal_release(GRANT, releasing(NAMES, SOURCE), kem_key(MX_NODE).public)
    with pytest.raises(ReleaseMismatch):
        open_release(sealed, kem_key(MX_NODE))


def test_a_grant_of_one_packet_does_not_open_another() -> None:
    other = packet(HEADER)
    release = open_release(GRANT, kem_key(MX_NODE))
    with pytest.raises(CommitmentMismatch):
        open_packet(other.manifest, dict(enumerate(other.ciphertexts)), release)


def test_granted_slots_are_those_of_the_compartments_and_the_single_ones() -> None:
    single = SEALED.openings[SOURCE].slots
    both = replace(GRANT, fields=single)
    expected = {*SEALED.openings[NAMES].slots, *single}
    assert granted_slots(MANIFEST, both, SEALED.openings) == expected


def test_a_grant_lists_only_what_the_packet_has() -> None:
    for changed in (replace(GRANT, compartments=(63,)), replace(GRANT, fields=(2047,))):
        with pytest.raises(CommitmentMismatch):
            granted_slots(MANIFEST, changed, SEALED.openings)


STEP, BEFORE = StatementType.REQUEST_STEP, b"the body before its sealed part"


def test_a_note_opens_for_its_reader_and_shows_little_of_its_length() -> None:
    sealed = {
        note: seal_note(note, kem_key(MX_NODE).public, STEP, BEFORE)
        for note in (b"", b"yes", b"a longer word" * 9, b"x" * 4000)
    }
    for note, data in sealed.items():
        assert open_note(data, kem_key(MX_NODE), STEP, BEFORE) == note
    assert len({len(data) for note, data in sealed.items() if len(note) < 125}) == 1


@pytest.mark.parametrize(
    ("reader", "kind", "before"),
    [
        (node_of(US), STEP, BEFORE),
        (MX_NODE, StatementType.RECALL, BEFORE),
        (MX_NODE, STEP, BEFORE + b"."),
    ],
)
def test_a_note_opens_only_where_it_belongs(
    reader: str, kind: StatementType, before: bytes
) -> None:
    sealed = seal_note(b"yes", kem_key(MX_NODE).public, STEP, BEFORE)
    for data in (sealed, sealed[:40], b""):
        with pytest.raises(DecryptionFailed):
            open_note(data, kem_key(reader), kind, before)


def test_a_note_is_padded_as_it_must_be() -> None:
    info = recipients._note_info(STEP, BEFORE)
    for plaintext in (b"", prefixed(b"yes"), prefixed(b"yes").ljust(127, b"\0") + b"\1"):
        sealed = recipients._HPKE.encrypt(plaintext, kem_key(MX_NODE).public.hpke, info=info)
        with pytest.raises(StatementMalformed):
            open_note(sealed, kem_key(MX_NODE), STEP, BEFORE)


def test_a_form_is_part_of_its_compartment() -> None:
    assert compartment_of(SEALED, "finance.amount", Form.GENERALISED) != AMOUNT
