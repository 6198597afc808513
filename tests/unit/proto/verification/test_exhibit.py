"""An exhibit: what it proves, what it must not show, and everything that is not one."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest

from support.agencies import (
    NOW_MS,
    US,
    log_signers,
    marking,
    packet,
    secret,
    signing_key,
    text_field,
)
from support.canary import canary, found
from support.cases import each_case
from support.exhibits import MX_NODE, US_NODE, case, opening, revocation
from tearline.audit.event import EventCode
from tearline.crypto.armor import Armor, armor
from tearline.errors import (
    CommitmentMismatch,
    MomentUnproven,
    OnwardUseForbidden,
    StatementMalformed,
    TearlineError,
)
from tearline.packets.commitments import slot_commit
from tearline.packets.packet import Field
from tearline.policy.form import Form
from tearline.policy.marking import parse_marking
from tearline.sealing import release_of
from tearline.statements.receipt import LogOpening, Status
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import sign_checkpoint
from tearline.tlog.policy import trusted_keys
from tearline.verification.exhibit import Examination, examine, verify_exhibit
from tearline.verification.log_entries import clear_entry
from tearline.verification.shown_fields import show_slot, verify_may_show
from tearline.wire.exhibits import Exhibit, encode_exhibit, parse_exhibit
from tearline.wire.grants import encode_log_opening, parse_event
from vectors.own.plain import flip

CASE = case()
FEDERATION = CASE.federation.id
AMOUNT = CASE.slot("amount")
NAME = CASE.slot("name")
SHOWN = CASE.exhibit([AMOUNT])
SEEN = CASE.exhibit([AMOUNT], receipts=True)


def codes(exhibit: Exhibit, federation: bytes | None = FEDERATION) -> list[str]:
    """The codes of all that speaks against it."""
    return [error.code for error in examine(exhibit, federation).errors]


def with_field(**changes: object) -> Exhibit:
    return replace(SHOWN, fields=(replace(SHOWN.fields[0], **changes),))


def told(exhibit: Exhibit, index: int, change: Callable[[LogOpening], LogOpening]) -> Exhibit:
    """The exhibit with another opening of one entry."""
    entries = [
        replace(entry, content=encode_log_opening(change(CASE.contents[index])))
        if entry.index == index
        else entry
        for entry in exhibit.entries
    ]
    return replace(exhibit, entries=tuple(entries))


# What it shows.


def test_an_exhibit_shows_what_was_chosen_and_proves_it() -> None:
    shown = verify_exhibit(parse_exhibit(encode_exhibit(SHOWN)), FEDERATION)
    (opened,) = shown.fields
    assert (opened.slot, opened.field.texts) == (AMOUNT, ("1250000",))
    assert shown.packet == CASE.manifest.statement.id
    assert shown.originator.signer == US_NODE
    assert (shown.known_at.index, shown.known_at.time_ms) == (CASE.first_blind, NOW_MS)
    assert shown.accepted
    assert shown.sightings == ()


def test_several_fields_and_both_forms_of_one() -> None:
    slots = [AMOUNT, NAME, CASE.slot("amount", Form.GENERALISED)]
    shown = verify_exhibit(CASE.exhibit(slots), FEDERATION)
    assert [opened.slot for opened in shown.fields] == sorted(slots)


def test_receipts_show_who_got_something_of_it() -> None:
    (sighting,) = verify_exhibit(SEEN, FEDERATION).sightings
    assert (sighting.node, sighting.status) == (MX_NODE, Status.STORED)
    assert sighting.at.index == CASE.first_blind + 1


def test_a_recipient_proves_by_its_own_receipt_that_the_log_knew_the_packet() -> None:
    entries = [*range(CASE.first_blind), CASE.first_blind + 1]
    shown = verify_exhibit(CASE.exhibit([AMOUNT], entries=entries), FEDERATION)
    assert (shown.accepted, shown.known_at.index) == (False, CASE.first_blind + 1)
    assert [(each.node, each.status) for each in shown.sightings] == [(MX_NODE, None)]


def test_without_a_pin_it_cannot_be_told_whose_federation_it_is() -> None:
    found_ = examine(SHOWN, None)
    assert found_.errors == ()
    assert [error.code for error in found_.lacking] == ["TL-LOG-022"]
    assert found_.shown is not None


def test_a_readers_policy_is_asked_as_well() -> None:
    strangers = {"mx": replace(log_signers()[1].verifier, name="spiffe://mx", public=bytes(1312))}
    keys = [each.verifier.encode() for each in log_signers()]
    assert examine(SHOWN, FEDERATION, policy=trusted_keys(keys)).errors == ()
    asked = examine(SHOWN, FEDERATION, policy=trusted_keys(keys, strangers, ["mx"]))
    assert [error.code for error in asked.errors] == ["TL-LOG-007"]
    assert asked.shown is None


def test_a_key_that_ended_later_counts() -> None:
    ended = revocation(CASE.federation, US, signing_key(US_NODE).id)
    later = CASE.behind(clear_entry(ended))
    exhibit = later.exhibit([AMOUNT], entries=range(len(later.contents)), receipts=True)
    assert verify_exhibit(exhibit, FEDERATION).accepted


# What it must not show.


def test_no_other_field_stands_in_it_in_any_spelling() -> None:
    """Names, values, paths: neither of fields that are not shown, nor what opens them."""
    marks = {name: canary() for name in ("shown", "same compartment", "other", "masked")}
    fields = (
        text_field("3a" * 16 + "/Person/name", marks["shown"]),
        text_field("3a" * 16 + "/Person/alias", marks["same compartment"]),
        text_field("3a" * 16 + "/Person/birthDate", marks["other"], category="identity.birth"),
        text_field("3a" * 16 + "/Person/name", marks["masked"], form=Form.GENERALISED),
    )
    base = case()
    sealed = packet(base.federation.node(US).header, fields)
    made = replace(base, sealed=sealed)
    release = release_of(sealed, existences={}, compartments=sealed.openings)
    exhibit = replace(
        SHOWN, fields=(show_slot(sealed.manifest, [release], made.opened[made.slot("name")]),)
    )
    data = encode_exhibit(exhibit)
    places = [data, armor(Armor.EXHIBIT, data).encode()]
    assert found(marks.values(), places) == {marks["shown"]}
    secrets = [key.hex() for key in sealed.keys.values()]
    secrets += [each.salt.hex() for each in sealed.openings.values()]
    assert not any(bytes.fromhex(each) in data for each in secrets)


def test_a_hidden_slot_cannot_be_guessed_from_the_file() -> None:
    """Whoever holds the file and the right guess still lacks the 32 bytes of its salt."""
    data = encode_exhibit(CASE.exhibit([AMOUNT]))
    other = CASE.exhibit([NAME]).fields[0]
    commit = CASE.sealed.manifest.slots[NAME]
    packet_id = CASE.sealed.manifest.packet_id
    assert slot_commit(packet_id, NAME, other.salt, other, other.plaintext) == commit
    guesses = {data[at : at + 32] for at in range(len(data) - 31)}
    assert all(
        slot_commit(packet_id, NAME, salt, other, other.plaintext) != commit for salt in guesses
    )


def test_it_does_not_tell_which_slots_belong_together() -> None:
    data = encode_exhibit(SEEN)
    assert not any(each.salt in data for each in CASE.sealed.openings.values())
    assert not any(key in data for key in CASE.sealed.keys.values())


@each_case(
    ("code", "error"),
    [(code, "TL-LOG-020") for code in EventCode if code not in ("packet-accepted", "receipt")],
)
def test_entries_that_tell_more_are_refused(code: EventCode, error: str) -> None:
    """An entry of a grant names every category that its recipient got or was told of."""
    event = replace(parse_event(CASE.contents[-1].event), code=code)
    more = CASE.behind(opening(len(CASE.contents), event))
    entries = [*range(CASE.first_blind + 1), len(CASE.contents)]
    assert codes(more.exhibit([AMOUNT], entries=entries)) == [error]


# What is not one.


def test_an_altered_value_is_refused() -> None:
    altered = SHOWN.fields[0].plaintext.replace(b"1250000", b"1350000")
    assert codes(with_field(plaintext=altered)) == ["TL-PKT-006"]


def test_a_swapped_salt_is_refused() -> None:
    other = CASE.exhibit([NAME]).fields[0]
    assert codes(with_field(salt=other.salt)) == ["TL-PKT-006"]
    assert codes(with_field(salt=flip(SHOWN.fields[0].salt, 0))) == ["TL-PKT-006"]


def test_a_field_does_not_move_to_another_slot() -> None:
    assert codes(with_field(slot=NAME)) == ["TL-PKT-006"]
    assert codes(with_field(slot=2000)) == ["TL-PKT-006"]


def test_a_shown_field_bears_the_marking_and_form_that_were_signed() -> None:
    assert codes(with_field(marking=marking("reference"))) == ["TL-PKT-006"]
    assert codes(with_field(form=Form.MATCH)) == ["TL-PKT-006"]
    assert codes(with_field(form=Form.GENERALISED, mask="band")) == ["TL-PKT-006"]


def test_padding_is_part_of_what_was_signed() -> None:
    assert codes(with_field(plaintext=SHOWN.fields[0].plaintext + b"\0")) == ["TL-PKT-006"]


def test_another_packets_proof_is_refused() -> None:
    """The same agencies, the same log; another packet's acceptance is not this one's."""
    other = case()
    assert codes(replace(SHOWN, manifest=other.manifest)) == [
        "TL-LOG-020",
        "TL-LOG-027",
        "TL-PKT-006",
    ]
    entries = other.exhibit([other.slot("amount")]).entries
    foreign = replace(SHOWN, checkpoint=other.note, entries=entries)
    assert "TL-LOG-020" in codes(foreign)


def test_another_packets_field_is_refused() -> None:
    other = case()
    shown = other.exhibit([other.slot("amount")]).fields[0]
    assert "TL-PKT-006" in codes(replace(SHOWN, fields=(shown,)))


def test_another_federation_is_refused() -> None:
    assert "TL-TRU-005" in codes(SHOWN, secret("another federation"))


@pytest.mark.parametrize("end", [0, 1])
def test_a_manifest_that_its_originator_did_not_sign_is_refused(end: int) -> None:
    (key,) = SHOWN.manifest.attestations
    attestation = SHOWN.manifest.attestations[key]
    forged = replace(attestation, signature=flip(attestation.signature, -end))
    (inclusion,) = SHOWN.manifest.statement.inclusions
    statement = replace(
        SHOWN.manifest.statement, inclusions=(replace(inclusion, attestation=forged.hash),)
    )
    signed = replace(SHOWN.manifest, statement=statement, attestations={forged.hash: forged})
    assert codes(replace(SHOWN, manifest=signed)) == ["TL-KEY-002"]


def test_a_key_without_its_record_is_refused() -> None:
    record = next(
        index for index, each in enumerate(CASE.federation.clear)
        if each.statement.type is StatementType.KEY_RECORD
        and US_NODE.encode() in each.statement.body
    )  # fmt: skip
    entries = [index for index in range(CASE.first_blind + 1) if index != record]
    assert "TL-TRU-002" in codes(CASE.exhibit([AMOUNT], entries=entries))


def test_a_key_that_ended_before_is_refused() -> None:
    base = CASE.federation
    ended = revocation(base, US, signing_key(US_NODE).id)
    made = case(ended)
    assert codes(made.exhibit([made.slot("amount")])) == ["TL-TRU-002"]


def test_an_entry_that_the_log_does_not_hold_is_refused() -> None:
    salted = told(SHOWN, CASE.first_blind, lambda each: replace(each, salt=secret("other")))
    assert codes(salted) == ["TL-LOG-002"]
    elsewhere = told(SHOWN, CASE.first_blind, lambda each: replace(each, index=each.index + 1))
    assert codes(elsewhere) == ["TL-LOG-020", "TL-LOG-027"]


def test_an_entry_moved_to_another_place_is_refused() -> None:
    *clear, accepted = SHOWN.entries
    moved = replace(accepted, index=accepted.index + 1)
    assert "TL-LOG-020" in codes(replace(SHOWN, entries=(*clear, moved)))


def test_a_checkpoint_of_another_log_is_refused() -> None:
    keys = log_signers()[:1]
    one_key = sign_checkpoint(
        verify_exhibit(SHOWN, FEDERATION).checkpoint, keys, time_s=NOW_MS // 1000
    )
    assert codes(replace(SHOWN, checkpoint=one_key)) == ["TL-LOG-007"]
    foreign = SHOWN.checkpoint.replace(b"exchange.example/log\n", b"other.example/log\n", 1)
    assert "TL-LOG-006" in codes(replace(SHOWN, checkpoint=foreign))
    assert "TL-LOG-005" in codes(replace(SHOWN, checkpoint=b"nothing"))


def test_nothing_is_shown_of_a_packet_that_the_log_did_not_take() -> None:
    silent = CASE.exhibit([AMOUNT], entries=range(CASE.first_blind))
    assert codes(silent) == ["TL-LOG-027"]
    with pytest.raises(MomentUnproven):
        verify_exhibit(silent, FEDERATION)


def test_a_receipt_needs_its_entry_and_its_signer() -> None:
    assert codes(replace(SHOWN, receipts=(CASE.receipt,))) == ["TL-LOG-027"]
    ours = replace(
        parse_event(CASE.contents[-1].event), actor=US_NODE, counterpart=MX_NODE, party=MX_NODE
    )
    turned = replace(CASE, contents=(*CASE.contents[:-1], opening(len(CASE.contents) - 1, ours)))
    assert codes(turned.exhibit([AMOUNT], receipts=True)) == ["TL-LOG-020"]


def test_another_statement_in_the_manifests_place_is_refused() -> None:
    assert "TL-PKT-001" in codes(replace(SHOWN, manifest=CASE.receipt))


def test_every_fault_is_named_not_the_first() -> None:
    broken = replace(
        with_field(salt=bytes(32)),
        checkpoint=sign_checkpoint(
            verify_exhibit(SHOWN, FEDERATION).checkpoint, log_signers()[:1], time_s=1
        ),
    )
    assert sorted(codes(broken)) == ["TL-LOG-007", "TL-PKT-006"]
    assert examine(broken, FEDERATION).shown is None


def test_an_exhibit_is_in_order_and_holds_something() -> None:
    with pytest.raises(StatementMalformed):
        replace(SHOWN, fields=())
    with pytest.raises(StatementMalformed):
        replace(SHOWN, entries=SHOWN.entries[::-1])
    with pytest.raises(StatementMalformed):
        replace(SEEN, receipts=SEEN.receipts * 2)


def test_no_flipped_bit_passes() -> None:
    """Every 97th bit, and nothing but refusals."""
    data = bytearray(encode_exhibit(SEEN))
    for at in range(0, 8 * len(data), 8 * 97 + 1):
        data[at // 8] ^= 1 << at % 8
        try:
            examined: Examination | None = examine(parse_exhibit(bytes(data)), FEDERATION)
        except TearlineError:
            examined = None
        assert examined is None or examined.errors, at
        data[at // 8] ^= 1 << at % 8


# Making one.


def test_what_no_key_opens_is_not_shown() -> None:
    release = release_of(CASE.sealed, existences={}, compartments=[])
    with pytest.raises(CommitmentMismatch):
        show_slot(CASE.sealed.manifest, [release], CASE.opened[AMOUNT])


def test_one_released_slot_is_enough_to_show_it() -> None:
    release = release_of(CASE.sealed, existences={}, compartments=[], slots=[AMOUNT])
    assert show_slot(CASE.sealed.manifest, [release], CASE.opened[AMOUNT]) == SHOWN.fields[0]


def test_only_what_was_opened_is_shown() -> None:
    release = release_of(CASE.sealed, existences={}, compartments=CASE.sealed.openings)
    altered: Field = replace(CASE.opened[AMOUNT].field, values=(b"1",))
    with pytest.raises(CommitmentMismatch):
        show_slot(CASE.sealed.manifest, [release], replace(CASE.opened[AMOUNT], field=altered))


@each_case(
    ("tlp", "rest", "allowed"),
    [
        ("AMBER", "H0", True),
        ("CLEAR", "H3", True),
        *((tlp, "H0", False) for tlp in ("AMBER+STRICT", "RED")),
        *product(("GREEN",), ("H1", "H2", "H1,H2", "H2,H3", "H0 ORCON"), (False,)),
    ],
)
def test_a_recipient_shows_only_what_it_may(tlp: str, rest: str, allowed: bool) -> None:
    marking = parse_marking(f"finance.amount TLP:{tlp} PAP:AMBER {rest}")
    if allowed:
        verify_may_show(marking)
        return
    with pytest.raises(OnwardUseForbidden) as refused:
        verify_may_show(marking)
    assert refused.value.code == "TL-GRT-006"
