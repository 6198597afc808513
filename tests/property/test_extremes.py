"""Every reader of partners' values takes the extremes of each: a value is judged, never a crash."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.cases import each_case
from support.entities import read_entities
from tearline.bodies.body import body_of
from tearline.bodies.documents import TYPES, plain_file_name
from tearline.bodies.registry import KINDS, judge_body
from tearline.bodies.requests import items_of
from tearline.bodies.transfer_matches import Tolerance, leg_of, match_legs
from tearline.bodies.transfers import LEG
from tearline.errors import EntityFieldMalformed
from tearline.limits import MAX_YEAR, MIN_YEAR
from tearline.packets.packet import Field, PacketKind
from tearline.policy.masks import MASKS, generalise
from tearline.policy.profile import marking_of, property_category
from tearline_client.connectors.exporters.csv_safe import safe_cell
from tearline_client.connectors.exporters.ftm import encode_entity, without_extension
from tearline_client.connectors.importers.identifiers import FORMATS, check
from tearline_client.connectors.importers.ofac_remarks import parse_remarks
from tearline_client.planning.ftm_schema import PropertyType
from tearline_client.planning.text_search import SearchTerms
from tearline_client.rendering.packets import captions, content_text
from tearline_client.rules.onward_sources import values_of

EXTREMES = (
    "9999-12-31", "9999-12-31T23:59:59", "0001-01-01", "0000-00-00", "2199-12-31", "1900-01-01",
    "9" * 15 + "." + "9" * 9, "0.000000001", "9" * 5000, "0", "-0", "1e999999", "NaN", "Infinity",
    "²", "٣", "𝟙", "½", "", " ", "\n", "\x1b]52;c;AA\x07", "\u202e", "\u0301" * 600,
    "a\u0327" * 600,
    "\U0010ffff", "token-" + "0" * 32, "token-" + "0" * 31, "=1+1", "AZ" * 40, "GB82" + "9" * 30,
    "+" + "9" * 15, "李" * 600, "//", "[::1", "http://[", "mailto:", "1." * 400, "DOB 31 Dec 9999;",
)  # fmt: skip
TOKEN = "0" * 32
DETAILS = sorted(
    {
        (part.schema, detail.name)
        for rules in KINDS.values()
        for part in rules.parts
        for detail in part.details
    }
)
TEXTS = st.sampled_from(EXTREMES) | st.text(max_size=20)
TOLERANCES = [Tolerance(percent=Decimal(100), hours=Decimal(hours)) for hours in ("0", "9" * 15)]


def field_of(schema: str, name: str, *texts: str) -> Field:
    path = f"{TOKEN}/{schema}/{name}"
    values = tuple(text.encode() for text in texts)
    return Field(path=path, values=values, marking=marking_of(path))


def read_as_transfers(fields: list[Field]) -> None:
    for item in body_of(PacketKind.VALUE_TRANSFER, fields, whole=False).of(LEG):
        leg = leg_of(item, name="a", source="b")
        for tolerance in TOLERANCES:
            assert match_legs([leg] * 2 if leg else [], {}, tolerance).unrated == ()


def read_as_entities(fields: list[Field]) -> None:
    try:
        found = read_entities((field.path, field.values) for field in fields)
    except EntityFieldMalformed:
        return
    assert all(encode_entity(without_extension(entity)) for entity in found)


READERS: dict[str, Callable[[list[Field]], object]] = {
    "bodies": lambda fields: [judge_body(kind, fields, whole=True) for kind in PacketKind],
    "transfers": read_as_transfers,
    "requests": items_of,
    "entities": read_as_entities,
    "screen": lambda fields: [
        content_text(each.media_type, each.values, captions((f.path, f.values) for f in fields))
        for each in fields
    ],
    "index": lambda fields: [values_of(each) for each in fields],
    "search": lambda fields: [
        SearchTerms(text).match(each) for each in fields for text in each.texts
    ],
    "masks": lambda fields: [
        generalise(f"{TOKEN}/{path}", each.texts)
        for each in fields
        for path in ("Payment/amount", "Person/name", "Address/full", "BankAccount/iban",
                     "Payment/date", "Person/phone", "Substance/name", "Payment/currency")
    ],
    "cells": lambda fields: [safe_cell(text) for each in fields for text in each.texts],
    "files": lambda fields: [
        plain_file_name(text, kind.media_type)
        for each in fields
        for text in each.texts
        for kind in TYPES
    ],
    "identifiers": lambda fields: [
        check(kind, text)
        for each in fields
        for text in each.texts
        for kind in (*FORMATS, *PropertyType)
    ],
    "remarks": lambda fields: [list(parse_remarks(text)) for each in fields for text in each.texts],
}  # fmt: skip


def test_every_property_with_a_mask_is_of_a_path_above() -> None:
    assert {property_category(schema, name) for schema, name in DETAILS} & set(MASKS)


@pytest.mark.parametrize("reader", sorted(READERS))
@given(st.sampled_from(DETAILS), st.lists(TEXTS, min_size=1, max_size=3))
def test_a_reader_takes_any_value(reader: str, detail: tuple[str, str], texts: list[str]) -> None:
    READERS[reader]([field_of(*detail, *texts)])


@each_case("reader", sorted(READERS))
@each_case("extreme", EXTREMES)
def test_a_reader_takes_every_extreme_everywhere(reader: str, extreme: str) -> None:
    READERS[reader]([field_of(schema, name, extreme) for schema, name in DETAILS])


LEG_VALUES = {"side": "pay-in", "amount": "1", "currency": "USD", "country": "us"}


@example("9999-12-31")
@example("0001-01-01")
@given(st.integers(0, 9999).map(lambda year: f"{year:04}-12-31"))
def test_a_leg_of_any_year_can_be_compared_or_is_none(date: str) -> None:
    fields = [field_of(LEG, name, text) for name, text in {**LEG_VALUES, "date": date}.items()]
    (item,) = body_of(PacketKind.VALUE_TRANSFER, fields, whole=False).of(LEG)
    leg = leg_of(item, name="a", source="b")
    assert (leg is not None) == (MIN_YEAR <= int(date[:4]) <= MAX_YEAR)
    for tolerance in TOLERANCES:
        assert match_legs([leg] if leg else [], {}, tolerance).pairs == ()
