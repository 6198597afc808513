import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from tearline_client.connectors.importers.countries import country_code
from tearline_client.connectors.importers.crypto_addresses import is_wallet_address, keccak256
from tearline_client.connectors.importers.dates import is_date_format, iso_date
from tearline_client.connectors.importers.identifiers import FORMATS, check
from tearline_client.planning.ftm_schema import PropertyType

# Public examples of the standards, or of python-stdnum.
VALID = [
    ("cas", "62-44-2", "62-44-2"),
    ("curp", "BOXW310820HNERXN09", "BOXW310820HNERXN09"),
    ("rfc", "GODE 561231 GR8", "GODE561231GR8"),
    ("uscc", "91110000600037341L", "91110000600037341L"),
    ("lei", "213800KUD8LAJWSQ9D15", "213800KUD8LAJWSQ9D15"),
    ("imo", "IMO 9319466", "9319466"),
    ("isin", "US0378331005", "US0378331005"),
    ("bic", "AGRIFRPP882", "AGRIFRPP882"),
    ("iban", "GR16 0110 1050 0000 1054 7023 795", "GR1601101050000010547023795"),
    ("inn", "500100732259", "500100732259"),
    ("ogrn", "1022200525819", "1022200525819"),
    ("ssn", "111-22-3333", "111223333"),
    ("npi", "1234567893", "1234567893"),
    ("hs", "2924.23", "2924.23"),
    ("mmsi", "123456789", "123456789"),
    ("wikidata", "Q42", "Q42"),
    ("figi", "BBG000BLNQ16", "BBG000BLNQ16"),
    ("phone", "+1 202 456 1414", "+12024561414"),
    ("email", "desk@Example.ORG", "desk@example.org"),
    ("url", "www.example.org/a", "http://www.example.org/a"),
    ("url", "mailto:desk@example.org", "mailto:desk@example.org"),
    ("ip", "2001:DB8::1", "2001:db8::1"),
    ("gender", "Female", "female"),
    ("country", "Mexico", "mx"),
    ("country", "mx", "mx"),
    ("number", "1,234,567.50", "1234567.50"),
    ("number", "1.000,00", "1000.00"),
    ("number", "٣", "3"),
    ("number", "-5", "-5"),
    ("language", "spa", "spa"),
    ("topic", "crime.traffick.drug", "crime.traffick.drug"),
    ("date", "2024", "2024"),
    ("date", "２０２４", "2024"),
    ("date", "29.02.2024", "2024-02-29"),
    ("currency", "usd", "USD"),
    ("day", "2026-04-03 10:30", "2026-04-03T10:30"),
    ("date", "2024-02", "2024-02"),
    ("date", "2024-02-29", "2024-02-29"),
    ("date", "2024-02-29T23:59", "2024-02-29T23:59"),
    ("entity", "a1-b.2", "a1-b.2"),
    ("name", "名", "名"),
    ("identifier", "any number at all", "any number at all"),
]
INVALID = [
    ("cas", "62-44-3", "check digit"),
    ("curp", "BOXW310820HNERXN08", "check digit"),
    ("curp", "BOXW310820HNERXN", "length"),
    ("rfc", "GODE561331GR8", "well-formed"),
    ("uscc", "91110000600037342L", "check digit"),
    ("lei", "213800KUD8LAJWSQ9D16", "check digit"),
    ("imo", "9319467", "check digit"),
    ("iban", "GR1601101050000010547023796", "check digit"),
    ("npi", "1234567890", "check digit"),
    ("hs", "29", "HS"),
    ("phone", "2024561414", "prefix"),
    ("phone", "+1 202", "plan"),
    ("email", "desk@example", "e-mail"),
    ("url", "http://[x", "web"),
    ("url", "javascript://example.org", "web"),
    ("url", "word", "web"),
    ("ip", "1.2.3", "IP"),
    ("gender", "x", "male"),
    ("country", "Atlantis", "country"),
    ("number", "1_0", "decimal"),
    ("number", "1,000", "two readings"),
    ("language", "es", "language"),
    ("topic", "Crime", "topic"),
    ("date", "2023-02-29", "calendar"),
    ("date", "0000", "calendar"),
    ("date", "2024-13", "calendar"),
    ("date", "2024-02-29T24:00", "calendar"),
    ("date", "29.02.24", "not a date"),
    ("date", "03.04.2024", "two readings"),
    ("entity", "a:b", "id"),
    ("name", " \t", "empty"),
]


@each_case(("kind", "value", "normal"), VALID)
def test_valid_values_have_one_normal_form(kind, value, normal):
    assert check(kind, value).normal == normal
    assert check(kind, value).why == ""
    assert check(kind, normal).normal == normal


@each_case(("kind", "value", "why"), INVALID)
def test_invalid_values_have_a_reason_that_does_not_repeat_them(kind, value, why):
    verdict = check(kind, value)
    assert verdict.normal is None
    assert why in verdict.why
    assert not value.strip() or value not in verdict.why


@given(st.sampled_from(sorted({*FORMATS, *PropertyType})), st.text(max_size=40))
def test_no_value_makes_a_check_fail(kind, value):
    verdict = check(kind, value)
    assert (verdict.normal is None) == bool(verdict.why)


@given(st.sampled_from(sorted(FORMATS)), st.text("0123456789ABCDEFXYZabc-. :Ñ&", max_size=30))
def test_no_likely_value_makes_a_check_fail(kind, value):
    verdict = check(kind, value)
    assert (verdict.normal is None) == bool(verdict.why)


WALLETS = [
    "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
    "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",  # BIP 350
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",  # EIP-55
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
]


@each_case("address", WALLETS)
def test_addresses_with_a_checksum(address):
    assert is_wallet_address(address)


@each_case(
    "address",
    [
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",
        "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "bc1qW508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        # Witness version 1 with the checksum of version 0, and the other way round.
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "",
    ],
)
def test_addresses_whose_checksum_does_not_hold(address):
    assert not is_wallet_address(address)


def test_an_address_in_capitals_is_normal_in_small_letters():
    assert check("wallet", WALLETS[3]).normal == WALLETS[2]


@given(st.binary(max_size=400))
def test_keccak_is_sha3_but_for_its_domain(message):
    assert keccak256(message, domain=0x06) == hashlib.sha3_256(message).digest()


def test_keccak_of_nothing():
    digest = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"").hex() == digest


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("China", "cn"),
        ("hong  kong", "hk"),
        ("GB-SCT", "gb-sct"),
        ("Côte d'Ivoire", "ci"),
        ("", None),
        ("xy", None),
    ],
)
def test_countries_by_code_and_name(text, code):
    assert country_code(text) == code


@each_case(
    ("text", "form", "date"),
    [
        ("28 Jun 1973", "%d %b %Y", "1973-06-28"),
        ("3 JUN 1973", "%d %b %Y", "1973-06-03"),
        ("06/1973", "%m/%Y", "1973-06"),
        ("1973", "%Y", "1973"),
        ("30 Feb 1973", "%d %b %Y", None),
        ("28 Juin 1973", "%d %b %Y", None),
        ("28 Jun 1973 ", "%d %b %Y", None),
        ("٢٨.06.1973", "%d.%m.%Y", None),
        ("28x06x1973", "%d.%m.%Y", None),
    ],
)
def test_dates_in_a_format(text, form, date):
    assert iso_date(text, form) == date


@each_case(
    ("form", "good"),
    [
        ("%d.%m.%Y", True),
        ("%Y", True),
        ("%b %Y", True),
        ("%d.%m", False),
        ("%d %Y", False),
        ("%m %b %Y", False),
        ("%y", False),
        ("%Y %", False),
        ("%H %Y", False),
    ],
)
def test_formats_of_dates(form, good):
    assert is_date_format(form) is good
