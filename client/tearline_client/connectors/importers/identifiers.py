"""Validation of values by property type, and their normal forms.

An invalid value is reported, but never changed: errors in data from others can be evidence. Sums,
currencies, dates, countries and genders in another spelling are read. Check digits come from
python-stdnum and phonenumberslite. Reasons never repeat the value.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import urlsplit

import phonenumbers
from stdnum import bic, casrn, figi, iban, imo, isin, lei, luhn
from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError
from stdnum.mx import curp, rfc
from stdnum.ru import inn, ogrn
from stdnum.us import ssn

from tearline.bodies import values
from tearline.bodies.chemicals import INCIDENT_ACT
from tearline.bodies.notices import NOTICE_ACT, OUTCOME, REPLY
from tearline.bodies.rules import Value
from tearline.bodies.transfers import METHOD, SIDE
from tearline.limits import MAX_IDENTIFIER_CHARACTERS
from tearline_client.connectors.importers.countries import country_code
from tearline_client.connectors.importers.crypto_addresses import is_wallet_address
from tearline_client.connectors.importers.dates import read_date
from tearline_client.connectors.importers.readings import (
    PROGRAM,
    Habits,
    Reading,
    read_currency,
    read_number,
)
from tearline_client.planning.ftm_schema import Property, PropertyType


class _NotValid(ValueError):
    """Internal error with the reason why a value is invalid."""


_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+\Z")
_URL_SCHEMES = ("http", "https", "ftp", "mailto")
_HOST = re.compile(r"[^\s.]+(?:\.[^\s.]+)+\Z")
_ENTITY_ID = r"[0-9A-Za-z](?:[0-9A-Za-z.-]*[0-9A-Za-z])?"
_GENDERS = ("male", "female", "other")
_NPI_PREFIX = "80840"  # of the United States as an issuer of health cards


def _shape(pattern: str, why: str) -> Callable[[str], str]:
    compiled = re.compile(pattern + r"\Z", re.A)

    def normalise(value: str) -> str:
        if not compiled.match(value):
            raise _NotValid(why)
        return value

    return normalise


def _email(value: str) -> str:
    if not _EMAIL.match(value):
        raise _NotValid("not an e-mail address")
    mailbox, _, domain = value.rpartition("@")
    return f"{mailbox}@{domain.lower()}"


def _url(value: str) -> str:
    text = value if "://" in value or value.startswith("mailto:") else f"http://{value}"
    try:
        parts = urlsplit(text)
        host = parts.path.rpartition("@")[2] if parts.scheme == "mailto" else parts.hostname
    except ValueError:
        raise _NotValid("not a web address") from None
    if parts.scheme not in _URL_SCHEMES or not host or not _HOST.match(host):
        raise _NotValid("not a web address")
    return text


def _phone(value: str) -> str:
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        raise _NotValid("not a telephone number with its country's prefix") from None
    if not phonenumbers.is_valid_number(number):
        raise _NotValid("no such range in the country's numbering plan")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _ip(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise _NotValid("not an IP address") from None


def _country(value: str) -> Reading:
    code = country_code(value)
    if code is None:
        return Reading(normal=None, why="not the code or name of a known country")
    return _named(code, value)


def _gender(value: str) -> Reading:
    folded = value.strip().casefold()
    if folded not in _GENDERS:
        return Reading(normal=None, why="not male, female or other")
    return _named(folded, value)


def _named(code: str, value: str) -> Reading:
    how = "" if code == value else "a name or code with one meaning"
    return Reading(normal=code, how=how, is_certain=True)


def _any(value: str) -> str:
    if not value.strip():
        raise _NotValid("empty")
    return value


def _ruled(rule: Value) -> Callable[[str], str]:
    """Returns a check by the rule of a kind."""

    def normalise(value: str) -> str:
        if why := rule.reason(value):
            raise _NotValid(why)
        return value

    return normalise


def _npi(value: str) -> str:
    luhn.validate(_NPI_PREFIX + _shape(r"[12]\d{9}", "an NPI has ten digits")(value))
    return value


def _wallet(value: str) -> str:
    if not is_wallet_address(value):
        raise _NotValid("no kind of address that is known, or its checksum does not hold")
    # Bech32 may be written in capitals; Base58 is case-sensitive.
    lower = value.lower()
    return lower if value.isupper() and is_wallet_address(lower) else value


_CHECKS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        PropertyType.EMAIL: _email,
        PropertyType.ENTITY: _shape(_ENTITY_ID, "not an id that can be referred to"),
        PropertyType.IP: _ip,
        PropertyType.LANGUAGE: _shape(r"[a-z]{3}", "not a language code of three letters"),
        PropertyType.PHONE: _phone,
        PropertyType.TOPIC: _shape(r"[a-z]+(?:\.[a-z]+)*", "not spelled as a topic"),
        PropertyType.URL: _url,
        "amount": _ruled(values.AMOUNT),
        "bic": bic.validate,
        "cas": casrn.validate,
        "curp": curp.validate,
        "day": _ruled(values.DAY),
        "figi": figi.validate,
        "hs": _shape(r"\d{4}\.?(?:\d\d(?:\.?\d\d(?:\.?\d\d)?)?)?", "not a heading of the HS"),
        "iban": iban.validate,
        "imo": imo.validate,
        "incident": _ruled(INCIDENT_ACT),
        "inn": inn.validate,
        "isin": isin.validate,
        "lei": lei.validate,
        "mmsi": _shape(r"\d{9}", "an MMSI has nine digits"),
        "notice": _ruled(NOTICE_ACT),
        "npi": _npi,
        "ogrn": ogrn.validate,
        "outcome": _ruled(OUTCOME),
        "packet": _ruled(values.PACKET_ID),
        "reply": _ruled(REPLY),
        "rfc": rfc.validate,  # without the check digit: one in sixty in use is wrong
        "ssn": ssn.validate,
        "transfer-method": _ruled(METHOD),
        "transfer-side": _ruled(SIDE),
        "uei": _shape(r"[A-HJ-NP-Z1-9][A-HJ-NP-Z0-9]{11}", "not a unique entity id"),
        "un-table": _ruled(values.UN_TABLE),
        "unit": _ruled(values.UNIT),
        "uscc": uscc.validate,
        "wallet": _wallet,
        "wikidata": _shape(r"Q[1-9]\d*", "not the id of a Wikidata item"),
    }
)

_READERS: Mapping[str, Callable[[str, Habits], Reading]] = MappingProxyType(
    {
        PropertyType.COUNTRY: lambda value, _: _country(value),
        PropertyType.DATE: read_date,
        PropertyType.GENDER: lambda value, _: _gender(value),
        PropertyType.NUMBER: read_number,
        "amount": read_number,
        "currency": lambda value, _: read_currency(value),
        "day": read_date,
    }
)
"""Kinds that are written in several ways; a check of the same name is of the canonical form."""
SUMS = frozenset({"amount", "balance", "capital", "maxBalance"})
"""Properties whose numbers are of a currency, which may stand beside them."""
_COORDINATES = frozenset({"latitude", "longitude"})

FORMATS = frozenset(name for name in (*_CHECKS, *_READERS) if not isinstance(name, PropertyType))
"""Formats of identifiers that can be checked."""


def check(kind: str, value: str, habits: Habits = PROGRAM, *, is_sum: bool = False) -> Reading:
    """Returns the reading of ``value`` as a ``kind``: a property type or a format of ``FORMATS``.

    Types without a format (names, texts, addresses, …) accept any value that is not blank.

    Args:
        kind: The kind.
        value: The value.
        habits: Habits of its writer.
        is_sum: Whether a currency may stand beside a number.
    """
    if (kind in _CHECKS or kind in _READERS) and len(value) > MAX_IDENTIFIER_CHARACTERS:
        return Reading(normal=None, why=f"over {MAX_IDENTIFIER_CHARACTERS} characters")
    reader = _READERS.get(kind)
    if reader is None:
        return _checked(kind, value)
    reading = read_number(value, habits, is_sum=True) if is_sum else reader(value, habits)
    if reading.normal is None or kind not in _CHECKS:
        return reading
    checked = _checked(kind, reading.normal)
    return reading if checked.normal is not None else checked


def _checked(kind: str, value: str) -> Reading:
    try:
        return Reading(normal=_CHECKS.get(kind, _any)(value))
    except _NotValid as doubt:
        why = str(doubt)
    except InvalidChecksum:
        why = f"the check digit of the {kind} does not hold"
    except InvalidLength:
        why = f"the {kind} has the wrong length"
    except ValidationError:
        why = f"not a well-formed {kind}"
    return Reading(normal=None, why=why)


def check_property(known: Property, value: str, habits: Habits = PROGRAM) -> Reading:
    """Returns the reading of ``value`` as a value of a property."""
    if known.name in _COORDINATES:
        habits = replace(habits, plain=True)  # no degree has thousands
    kind = known.format or known.type
    return check(kind, value, habits, is_sum=known.name in SUMS)


def is_read(known: Property) -> bool:
    """Returns whether the values of a property are written in several ways."""
    return (known.format or known.type) in _READERS
