"""Manifests, fields, openings and views, before any key is used."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import FIELDS, PINS, US, federation, marking, node_of, packet, text_field
from support.cases import each_case
from tearline.errors import EvaluationInvalid, PacketTooLarge, PathDuplicated, StatementMalformed
from tearline.limits import MAX_COMPARTMENTS, MAX_FIELD_BYTES, MAX_SLOTS, MAX_VALUES
from tearline.packets.packet import (
    Existence,
    Field,
    OpenedField,
    Opening,
    View,
    WithholdReason,
    verify_evaluation,
    verify_unique_paths,
)
from tearline.policy.form import Form

HEADER = federation().node(US).header
MANIFEST = packet(HEADER).manifest
OPENING = Opening(
    compartment=0,
    salt=bytes(32),
    marking=marking(),
    form=Form.CLEAR,
    slots=(1, 5),
)
NAME = FIELDS[0]


@pytest.mark.parametrize("text", ["A1", "B4", "C2", "X4", "X1"])
def test_an_evaluation_is_a_letter_and_a_number(text: str) -> None:
    verify_evaluation(text)


@each_case("text", ["", "D1", "A5", "A0", "a1", "A1\n", "A", "A11", "AX"])
def test_no_other_evaluation_is_taken(text: str) -> None:
    with pytest.raises(EvaluationInvalid):
        verify_evaluation(text)


@each_case(
    "changes",
    [
        {"packet_id": bytes(15)},
        {"compartments": MANIFEST.compartments[:3]},
        {"slots": MANIFEST.slots[:7]},
        {"derived_from": (b"short",)},
        {"derived_from": (bytes(32),) * 65},
        {"supersedes": b"short"},
        {"case_id": "c" * 4097},
        {"ciphertexts_root": bytes(31)},
        {"slots": (*MANIFEST.slots[1:], MANIFEST.slots[1])},
        {"slots": (*MANIFEST.slots[1:], MANIFEST.compartments[0])},
        {"compartments": (*MANIFEST.compartments[1:], MANIFEST.compartments[1])},
    ],
)
def test_an_impossible_manifest_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(MANIFEST, **changes)


@pytest.mark.parametrize("part", ["policy", "schema", "profile", "masks"])
def test_a_digest_that_is_none_is_not_pinned(part: str) -> None:
    changes: dict[str, Any] = {part: bytes(31)}
    with pytest.raises(StatementMalformed):
        replace(PINS, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"compartments": ()},
        {"compartments": MANIFEST.compartments[:1] * (MAX_COMPARTMENTS + 4)},
        {"slots": ()},
        {"slots": MANIFEST.slots[:1] * (MAX_SLOTS + 8)},
    ],
    ids=lambda changes: f"{next(iter(changes))} {len(next(iter(changes.values())))}",
)
def test_a_manifest_is_neither_empty_nor_larger_than_its_limits(changes: dict[str, Any]) -> None:
    with pytest.raises(PacketTooLarge):
        replace(MANIFEST, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"path": ""},
        {"path": "p" * 513},
        {"form": Form.EXISTS},
        {"form": Form.WITHHELD},
        {"form": Form.GENERALISED},
        {"mask": "band"},
    ],
    ids=str,
)
def test_an_impossible_field_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(NAME, **changes)


@pytest.mark.parametrize("values", [(b"",) * (MAX_VALUES + 1), (bytes(MAX_FIELD_BYTES), b"1")])
def test_a_field_is_not_larger_than_its_limits(values: tuple[bytes, ...]) -> None:
    with pytest.raises(PacketTooLarge):
        replace(NAME, values=values)


def test_a_field_of_text_gives_texts() -> None:
    assert NAME.texts == ("Li Wei", "李伟")


@pytest.mark.parametrize("changes", [{"media_type": "image/png"}, {"values": (b"\xff",)}])
def test_what_is_not_text_gives_none(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        _ = replace(NAME, **changes).texts


@each_case(
    "changes",
    [
        {"slots": ()},
        {"slots": (5, 1)},
        {"slots": (1, 1)},
        {"slots": (1, MAX_SLOTS)},
        {"slots": (-1, 1)},
        {"salt": bytes(31)},
        {"form": Form.EXISTS},
        {"mask": "band"},
        {"form": Form.GENERALISED},
        {"compartment": MAX_COMPARTMENTS},
        {"compartment": -1},
    ],
)
def test_an_impossible_opening_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(OPENING, **changes)


def test_one_path_stands_once_in_each_form() -> None:
    amount = text_field("a/Payment/amount", "1", category="finance.amount")
    band = replace(amount, form=Form.GENERALISED, mask="band")
    verify_unique_paths([amount, band])
    with pytest.raises(PathDuplicated):
        verify_unique_paths([amount, band, replace(amount, values=(b"2",))])


def test_one_path_in_two_compartments_does_not_collapse() -> None:
    twin = replace(NAME, marking=marking("identity.trait"))
    with pytest.raises(PathDuplicated):
        packet(HEADER, [NAME, twin])


def view(*fields: tuple[int, Field], existences: tuple[Existence, ...] = ()) -> View:
    return View(
        fields=tuple(OpenedField(slot=slot, field=field) for slot, field in fields),
        existences=existences,
    )


def test_a_reader_of_several_forms_gets_the_most_revealing() -> None:
    amount = text_field("a/Payment/amount", "1250000", category="finance.amount")
    band = replace(amount, values=(b"1M-5M",), form=Form.GENERALISED, mask="band")
    for fields in ([(0, amount), (1, band)], [(0, band), (1, amount)]):
        assert [each.field for each in view(*fields).best()] == [amount]


def test_a_later_release_adds_to_a_view() -> None:
    later = text_field("b/Person/name", "Ana")
    told = Existence(
        compartment=3, category="identity.source", slots=(7,), reason=WithholdReason.SOURCE
    )
    merged = view((4, NAME)).merged(view((2, later), (4, NAME), existences=(told,)))
    assert [(each.slot, each.field) for each in merged.fields] == [(2, later), (4, NAME)]
    assert merged.existences == (told,)


def test_what_was_opened_later_is_no_longer_kept_back() -> None:
    told = Existence(
        compartment=3, category="identity.source", slots=(2, 7), reason=WithholdReason.SOURCE
    )
    first = view((4, NAME), existences=(told,))
    one_more = first.merged(view((2, text_field("b/Person/name", "Ana"))))
    assert [each.slots for each in one_more.existences] == [(7,)]
    assert one_more.existences[0].count == 1
    both = one_more.merged(view((7, text_field("c/Person/name", "Luz"))))
    assert both.existences == ()


def test_a_later_release_does_not_replace_a_field() -> None:
    with pytest.raises(PathDuplicated):
        view((4, NAME)).merged(view((5, replace(NAME, values=(b"somebody else",)))))


def test_only_nodes_originate_here() -> None:
    assert HEADER.signer == node_of(US)
