"""Amounts, days, CAS numbers, units: known values, and what must hold of all."""

import csv
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import casrn

from support.cases import each_case
from support.paths import shared
from tearline.bodies.substances import is_cas_number, un_table_named, un_table_of
from tearline.bodies.values import parse_day, parse_decimal
from tearline.errors import MalformedInput
from tearline.policy.codes import CURRENCIES
from tearline.policy.masks import generalise
from tearline.policy.units import UNITS, convert

AMOUNTS = st.decimals(
    min_value=Decimal("0.000000001"), max_value=Decimal("1e14"), places=9, allow_nan=False
)


@given(AMOUNTS)
def test_an_amount_is_read_exactly(amount: Decimal) -> None:
    assert parse_decimal(f"{amount:f}") == amount


@each_case(
    "text",
    ["", "0", "0.00", "-1", "+1", "1e3", "1_000", "1,000", " 1", "01", ".5", "1.", "٣", "NaN"],
)
def test_what_is_no_amount_is_none(text: str) -> None:
    assert parse_decimal(text) is None


@given(AMOUNTS)
def test_every_amount_has_a_band(amount: Decimal) -> None:
    assert generalise("t/TransferLeg/amount", [f"{amount:f}"]) is not None


@pytest.mark.parametrize("text", ["2026-02-17", "2024-02-29T23:59", "2026-02-17T14:30:59"])
def test_a_day_is_read_with_its_time(text: str) -> None:
    day = parse_day(text)
    assert day is not None
    assert day.isoformat().startswith(text)


@pytest.mark.parametrize(
    "text", ["2026", "2026-02", "2026-02-29", "2026-02-17T24:00", "2026-02-17 14:30", "17.02.2026"]
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert parse_day(text) is None


@pytest.mark.parametrize("cas", ["23056-29-3", "21409-26-7", "39742-60-4", "1609-66-1", "108-24-7"])
def test_the_check_digit_of_a_known_substance_holds(cas: str) -> None:
    assert is_cas_number(cas)
    for digit in set("0123456789") - {cas[-1]}:
        assert not is_cas_number(cas[:-1] + digit)


@pytest.mark.parametrize("text", ["", "108-24", "0108-24-7", "108-24-77", "108–24–7", "٣٣-24-7"])
def test_what_is_not_spelled_as_a_cas_number_is_none(text: str) -> None:
    assert not is_cas_number(text)


@given(st.from_regex(r"[1-9][0-9]{1,6}-[0-9]{2}-[0-9]", fullmatch=True))
def test_the_check_digit_is_the_one_that_another_library_computes(text: str) -> None:
    assert is_cas_number(text) == casrn.is_valid(text)


def test_the_tables_are_those_of_the_convention() -> None:
    with shared("data/un1988_precursors.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 35
    for row in rows:
        for cas in row["cas"].split("; "):
            assert is_cas_number(cas)
            assert un_table_of(cas) == row["un_1988_table"]
    assert un_table_of("4-AP") == "I"
    assert un_table_of("64-17-5") is None  # ethanol


@pytest.mark.parametrize(
    ("text", "table"), [("I", "I"), ("Table II", "II"), ("UN 1988 Table I", "I"), ("III", None)]
)
def test_a_table_may_be_named_in_full(text: str, table: str | None) -> None:
    assert un_table_named(text) == table


@given(AMOUNTS, st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_a_conversion_there_and_back_is_exact(quantity: Decimal, unit: str, to: str) -> None:
    if UNITS[unit][0] != UNITS[to][0]:
        with pytest.raises(MalformedInput, match="have different measures"):
            convert(quantity, unit, to)
        return
    assert convert(convert(quantity, unit, to), to, unit) == quantity


def test_conversions_that_everybody_knows() -> None:
    assert convert(Decimal(16), "t", "kg") == 16000
    assert convert(Decimal("2.5"), "g", "mg") == 2500
    assert convert(Decimal(1), "m3", "L") == 1000
    with pytest.raises(MalformedInput, match="a unit is one of"):
        convert(Decimal(1), "pound", "kg")


def test_currencies_are_codes_of_three_capitals() -> None:
    assert {"USD", "CNY", "MXN", "HKD"} <= CURRENCIES
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
    assert not CURRENCIES & {"XAU", "XTS", "XXX", "BTC"}
