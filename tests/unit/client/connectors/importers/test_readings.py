"""Sums, numbers, dates, currencies and countries as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from tearline.policy.codes import CURRENCIES
from tearline.policy.masks import generalise
from tearline_client.connectors.importers.dates import read_date
from tearline_client.connectors.importers.identifiers import check, check_property
from tearline_client.connectors.importers.readings import (
    PERSON,
    PROGRAM,
    Habits,
    read_currency,
    read_number,
)
from tearline_client.planning.ftm_schema import property_of

NUMBERS = {
    "250,000.50": "250000.50",
    "250.000,50": "250000.50",
    "250 000,50": "250000.50",
    "250\u00a0000,50": "250000.50",
    "250\u202f000,50": "250000.50",
    "250\u2009000.50": "250000.50",
    "250'000.50": "250000.50",
    "250’000.50": "250000.50",
    "1.234.567": "1234567",
    "1,234,567": "1234567",
    "1,234,567.891": "1234567.891",
    "1.234.567,891": "1234567.891",
    "1,234.567": "1234.567",
    "1234,567": "1234.567",
    "12,34,567.50": "1234567.50",
    "1,00,000": "100000",
    "1 234": "1234",
    "１，２３４．５": "1234.5",
    "２５００００": "250000",
    "٢٥٠٬٠٠٠٫٥٠": "250000.50",
    "٢٥٠٠٠٠": "250000",
    "۱۲۳۴": "1234",
    "0,125": "0.125",
    "0.125": "0.125",
    ".5": "0.5",
    ",5": "0.5",
    "12,5": "12.5",
    "12.50": "12.50",
    "+5": "5",
    "-5": "-5",
    "−250.000,50": "-250000.50",
    " 250000 ": "250000",
    "\u200f250000\u200f": "250000",
}
SUMS = {
    "USD 250,000.50": ("250000.50", "USD"),
    "250.000,50 eur": ("250000.50", "EUR"),
    "250.000,50 €": ("250000.50", "EUR"),
    "€250.000,50": ("250000.50", "EUR"),
    "US$1,234.50": ("1234.50", "USD"),
    "MX$ 1,234.50": ("1234.50", "MXN"),
    "1234.50 美元": ("1234.50", "USD"),
    "-5 USD": ("-5", "USD"),
    "USD 5 usd": ("5", "USD"),
    "0.25 btc": ("0.25", "BTC"),
}
TWO_NUMBERS = {
    "1,234": ("1234", "1.2340"),
    "1.234": ("1234", "1.2340"),
    "250,000": ("250000", "250.0000"),
    "-1.234": ("-1234", "-1.2340"),
    "١٬٢٣٤": ("1234",),
}
NO_NUMBERS = (
    *("", "many", "1,23,4", "1.23.4", "1,234.5.6", "250.", "(5)", "5e3", "5%", "½", "10²", "1_0"),
    *("1.234,567.8", "12 34", "1'23", "--5", "5-", "0,123,456", "1,,234", "5 apples"),
)
NO_SUMS = {
    "$5": "several currencies",
    "¥5": "several currencies",
    "£ 5": "several currencies",
    "5 元": "several currencies",
    "5 USD EUR": "number",
    "USD 5 EUR": "number",
    "5 pesos": "number",
}
DATES = {
    "2026-04-03": "2026-04-03",
    "2026-04": "2026-04",
    "2026": "2026",
    "2026-4-3": "2026-04-03",
    "2026/04/03": "2026-04-03",
    "2026.4.3": "2026-04-03",
    "2026年4月3日": "2026-04-03",
    "２０２６年４月３日": "2026-04-03",
    "2026年4月": "2026-04",
    "25/04/2026": "2026-04-25",
    "04/25/2026": "2026-04-25",
    "25.4.2026": "2026-04-25",
    "25-04-2026": "2026-04-25",
    "04/04/2026": "2026-04-04",
    "3 April 2026": "2026-04-03",
    "3rd April 2026": "2026-04-03",
    "3 Apr. 2026": "2026-04-03",
    "03-Apr-2026": "2026-04-03",
    "April 3, 2026": "2026-04-03",
    "April 2026": "2026-04",
    "3 de abril de 2026": "2026-04-03",
    "1º de enero de 2026": "2026-01-01",
    "3 sept. 2026": "2026-09-03",
    "agosto de 2026": "2026-08",
    "2026-04-03 10:30": "2026-04-03T10:30",
    "2026-04-03T10:30:00Z": "2026-04-03T10:30:00",
    "25/04/2026 10:30": "2026-04-25T10:30",
}
TWO_DATES = {
    "03/04/2026": ("2026-04-03", "2026-03-04"),
    "3.4.2026": ("2026-04-03", "2026-03-04"),
    "03-04-2026 10:30": ("2026-04-03T10:30", "2026-03-04T10:30"),
}
NO_DATES = {
    "03/04/26": "not a date",
    "20260403": "not a date",
    "yesterday": "not a date",
    "3/4-2026": "not a date",
    "31/02/2026": "calendar",
    "2023-02-29": "calendar",
    "13/13/2026": "calendar",
    "2026-04-03T10:30:00+02:00": "not a date",
    "3 brumaire 2026": "not a date",
}
CURRENCY_TEXTS = {
    "usd": "USD",
    "Usd": "USD",
    "USD": "USD",
    " eur ": "EUR",
    "ＵＳＤ": "USD",
    "€": "EUR",
    "US$": "USD",
    "人民币": "CNY",
    "₽": "RUB",
    "btc": "BTC",
}
COUNTRY_TEXTS = {
    "MX": "mx",
    "MEX": "mx",
    "mex": "mx",
    "México": "mx",
    "墨西哥": "mx",
    "Mexico": "mx",
    "USA": "us",
    "EE. UU.": "us",
    "CHN": "cn",
    "中国": "cn",
    "Deutschland": "de",
    "GBR": "gb",
}


@each_case(("text", "normal"), NUMBERS.items())
def test_a_number_has_one_reading(text: str, normal: str) -> None:
    reading = read_number(text, PERSON)
    assert (reading.normal, reading.possible, reading.why) == (normal, (), "")
    assert bool(reading.how) == (text != normal)
    assert read_number(text, PERSON, is_sum=True).normal == normal


@each_case(("text", "read"), SUMS.items())
def test_a_currency_beside_a_sum_is_read_with_it(text: str, read: tuple[str, str]) -> None:
    reading = read_number(text, PERSON, is_sum=True)
    assert (reading.normal, reading.currency) == read
    assert read_number(text, PERSON).normal is None  # a height has no currency


@pytest.mark.parametrize(("text", "possible"), TWO_NUMBERS.items())
def test_a_comma_or_point_may_divide_thousands_or_decimals(
    text: str, possible: tuple[str, ...]
) -> None:
    reading = read_number(text, PERSON)
    found = reading.possible or (reading.normal,)
    assert found == possible
    for each in possible:
        assert read_number(each, PERSON).normal == each, "what is to be written has one reading"
    assert all(each in reading.doubt for each in reading.possible)
    assert text not in reading.why


@each_case("text", NO_NUMBERS)
def test_other_texts_are_no_number(text: str) -> None:
    reading = read_number(text, PERSON, is_sum=True)
    assert (reading.normal, reading.possible) == (None, ())
    assert reading.why


@pytest.mark.parametrize(("text", "why"), NO_SUMS.items())
def test_a_sign_of_several_currencies_is_asked_about(text: str, why: str) -> None:
    assert why in read_number(text, PERSON, is_sum=True).why


def test_a_currency_stays_in_the_readings_that_are_asked() -> None:
    reading = read_number("usd 1,234", PERSON, is_sum=True)
    assert reading.possible == ("1234 USD", "1.2340 USD")
    chosen = read_number(reading.possible[0], PERSON, is_sum=True)
    assert (chosen.normal, chosen.currency) == ("1234", "USD")


@pytest.mark.parametrize(
    ("decimal", "text", "normal"),
    [
        (".", "1,234", "1234"),
        (".", "1.234", "1.234"),
        (",", "1,234", "1.234"),
        (",", "1.234", "1234"),
        (",", "1,234.5", None),
        (".", "1.234,5", None),
    ],
)
def test_the_habits_of_a_writer_decide(decimal: str, text: str, normal: str | None) -> None:
    assert read_number(text, Habits(decimal=decimal)).normal == normal


def test_plain_digits_of_a_program_are_its_format() -> None:
    assert read_number("1.234", PROGRAM).normal == "1.234"
    assert read_number("1,234", PROGRAM).possible == ("1234", "1.2340")


def test_no_degree_has_thousands() -> None:
    latitude = property_of("Address", "latitude")
    assert latitude is not None
    assert check_property(latitude, "19.432", PERSON).normal == "19.432"


@each_case(("text", "normal"), DATES.items())
def test_a_date_has_one_reading(text: str, normal: str) -> None:
    reading = read_date(text, PERSON)
    assert (reading.normal, reading.possible, reading.why) == (normal, (), "")
    assert bool(reading.how) == (text != normal)


@pytest.mark.parametrize(("text", "possible"), TWO_DATES.items())
def test_day_and_month_may_change_places(text: str, possible: tuple[str, ...]) -> None:
    reading = read_date(text, PERSON)
    assert (reading.normal, reading.possible) == (None, possible)
    assert read_date(text, Habits(order="dmy")).normal == possible[0]
    assert read_date(text, Habits(order="mdy")).normal == possible[1]


@each_case(("text", "why"), NO_DATES.items())
def test_other_texts_are_no_date(text: str, why: str) -> None:
    reading = read_date(text, PERSON)
    assert reading.normal is None
    assert why in reading.why


@each_case(("text", "code"), CURRENCY_TEXTS.items())
def test_currencies_become_codes(text: str, code: str) -> None:
    assert read_currency(text).normal == code


@each_case("text", ["$", "C$", "¥", "£", "元", "peso", "QQQ", ""])
def test_other_texts_are_no_currency(text: str) -> None:
    assert read_currency(text).normal is None


@each_case(("text", "code"), COUNTRY_TEXTS.items())
def test_countries_become_codes(text: str, code: str) -> None:
    assert check("country", text).normal == code


def test_a_number_in_the_name_of_a_country_is_none() -> None:
    assert check("country", "Mexico 5").normal is None


PLAIN = st.from_regex(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?", fullmatch=True)


@given(PLAIN)
def test_canonical_numbers_are_fixed_points(text: str) -> None:
    assert read_number(text, PROGRAM).normal == text
    assert read_number(text, Habits(decimal=".")).normal == text
    reading = read_number(text, PERSON)
    for each in reading.possible or (reading.normal,):
        assert each is not None
        assert read_number(each, PERSON).normal == each
    assert reading.normal in (text, None)


@given(st.dates())
def test_canonical_dates_are_fixed_points(day) -> None:
    for text in (day.isoformat(), day.isoformat()[:7], f"{day.isoformat()}T10:30:00"):
        reading = read_date(text, PERSON)
        assert (reading.normal, reading.how) == (text, "")


@given(st.sampled_from(sorted(CURRENCIES)))
def test_canonical_currencies_are_fixed_points(code: str) -> None:
    assert read_currency(code).normal == code
    assert read_currency(code.lower()).normal == code


@given(st.text(max_size=30), st.sampled_from([PERSON, PROGRAM, Habits(decimal=",")]))
def test_no_text_makes_a_reading_fail(text: str, habits: Habits) -> None:
    for reading in (
        read_number(text, habits, is_sum=True),
        read_date(text, habits),
        read_currency(text),
    ):
        assert (reading.normal is None) == bool(reading.why)
        assert not reading.possible or reading.normal is None


@pytest.mark.parametrize(("text", "band"), [("250,000.50", "100000-500000"), ("0,125", "0-1")])
def test_a_mask_reads_what_was_understood(text: str, band: str) -> None:
    path = f"{'ab' * 16}/Payment/amount"
    assert generalise(path, [text]) is None
    coarse = generalise(path, [read_number(text, PERSON).normal or ""])
    assert coarse is not None
    assert coarse.values == (band,)
