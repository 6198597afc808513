"""Validation of values by property type, and their normal forms.

An invalid value is reported, but never refused or changed: errors in data from others can be
evidence. Check digits come from python-stdnum and phonenumberslite. Reasons never repeat the
value.
"""

import datetime
import ipaddress
import re
from collections.abc import Callable, Mapping
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
from tearline.dataclass.immutable import immutable
from tearline.limits import MAX_IDENTIFIER_CHARACTERS
from tearline_client.connectors.importers.countries import country_code
from tearline_client.connectors.importers.crypto_addresses import is_wallet_address
from tearline_client.planning.ftm_schema import Property, PropertyType


@immutable
class Verdict:
    """Result of a check of a value.

    Attributes:
        normal: The normal form, or None if the value is invalid.
        why: The reason if it is invalid, without the value; else empty.
    """

    normal: str | None
    why: str = ""


class _NotValid(ValueError):
    """Internal error with the reason why a value is invalid."""


_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d)?)?)?)?)?\Z", re.A)
_EARLIEST = "0001-01-01T00:00:00"  # its end completes a partial date
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?\Z", re.A)
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


def _date(value: str) -> str:
    if not _DATE.match(value):
        raise _NotValid("not a date as YYYY, YYYY-MM, YYYY-MM-DD or with a time after T")
    try:
        datetime.datetime.fromisoformat(value + _EARLIEST[len(value) :])
    except ValueError:
        raise _NotValid("no such day or time in the calendar") from None
    return value


def _country(value: str) -> str:
    code = country_code(value)
    if code is None:
        raise _NotValid("not the code or English name of a country")
    return code


def _number(value: str) -> str:
    if not _NUMBER.match(value):
        raise _NotValid("not a plain decimal number")
    return value.replace(",", "").removeprefix("+")


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


def _gender(value: str) -> str:
    folded = value.strip().casefold()
    if folded not in _GENDERS:
        raise _NotValid("not male, female or other")
    return folded


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
        PropertyType.COUNTRY: _country,
        PropertyType.DATE: _date,
        PropertyType.EMAIL: _email,
        PropertyType.ENTITY: _shape(_ENTITY_ID, "not an id that can be referred to"),
        PropertyType.GENDER: _gender,
        PropertyType.IP: _ip,
        PropertyType.LANGUAGE: _shape(r"[a-z]{3}", "not a language code of three letters"),
        PropertyType.NUMBER: _number,
        PropertyType.PHONE: _phone,
        PropertyType.TOPIC: _shape(r"[a-z]+(?:\.[a-z]+)*", "not spelled as a topic"),
        PropertyType.URL: _url,
        "amount": _ruled(values.AMOUNT),
        "bic": bic.validate,
        "cas": casrn.validate,
        "currency": _ruled(values.CURRENCY),
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

FORMATS = frozenset(name for name in _CHECKS if not isinstance(name, PropertyType))
"""Formats of identifiers that can be checked."""


def check(kind: str, value: str) -> Verdict:
    """Returns the verdict on ``value`` as a ``kind``: a property type or a format of ``FORMATS``.

    Types without a format (names, texts, addresses, …) accept any value that is not blank.
    """
    if kind in _CHECKS and len(value) > MAX_IDENTIFIER_CHARACTERS:
        return Verdict(normal=None, why=f"over {MAX_IDENTIFIER_CHARACTERS} characters")
    try:
        return Verdict(normal=_CHECKS.get(kind, _any)(value))
    except _NotValid as doubt:
        return Verdict(normal=None, why=str(doubt))
    except InvalidChecksum:
        return Verdict(normal=None, why=f"the check digit of the {kind} does not hold")
    except InvalidLength:
        return Verdict(normal=None, why=f"the {kind} has the wrong length")
    except ValidationError:
        return Verdict(normal=None, why=f"not a well-formed {kind}")


def check_property(known: Property, value: str) -> Verdict:
    """Returns the verdict on ``value`` as a value of a property."""
    return check(known.format or known.type, value)
