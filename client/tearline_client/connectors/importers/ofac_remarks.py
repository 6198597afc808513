"""Parser of the remarks in the list of Specially Designated Nationals.

The Office of Foreign Assets Control of the US Treasury writes details of a listed party into
one column. The column holds fragments between semicolons, each with a label in front; a full
stop ends the last one. The labels are undocumented; this module knows those in use. The caller
keeps any other fragment literally.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from functools import partial

from tearline.dataclass.immutable import immutable
from tearline_client.connectors.importers.countries import country_code
from tearline_client.connectors.importers.dates import iso_date


class Topic(StrEnum):
    """Topic of a fragment: how its value becomes part of an entity."""

    TEXT = "text"
    """A value of a property, as it stands."""

    DATE = "date"
    """A value of a property, a date."""

    COUNTRY = "country"
    """A value of a property, a country."""

    DOCUMENT = "document"
    """A number on a paper, with the country that gave it out."""

    WALLET = "wallet"
    """An address of a cryptocurrency."""

    LINK = "link"
    """The name of another listed party."""

    PROVISION = "provision"
    """A further consequence of the listing."""

    UNKNOWN = "unknown"
    """Not understood."""


@immutable
class Remark:
    """One fragment.

    Attributes:
        part: Its number among the fragments, from 1.
        text: The fragment as written, without surrounding blanks.
        topic: Its topic.
        label: The property of its value; for a document, its kind; for a wallet, the currency;
            else empty.
        value: The value, a date in ISO 8601; empty if it is unknown.
        format: Identifier format stated by the label, else empty.
        country: Name of the country after a number, or empty.
        issued: ISO date of a document's issue, or empty.
        expires: ISO date of its expiry, or empty.
    """

    part: int
    text: str
    topic: Topic
    label: str = ""
    value: str = ""
    format: str = ""
    country: str = ""
    issued: str = ""
    expires: str = ""


_LABELLED: tuple[tuple[str, Topic, str], ...] = (
    ("DOB", Topic.DATE, "birthDate"),
    ("POB", Topic.TEXT, "birthPlace"),
    ("nationality", Topic.COUNTRY, "nationality"),
    ("citizen", Topic.COUNTRY, "citizenship"),
    ("Gender", Topic.TEXT, "gender"),
    ("Email Address", Topic.TEXT, "email"),
    ("Phone Number", Topic.TEXT, "phone"),
    ("Website", Topic.TEXT, "website"),
    ("Organization Established Date", Topic.DATE, "incorporationDate"),
    ("Organization Type:", Topic.TEXT, "sector"),
    ("Target Type", Topic.TEXT, "classification"),
    ("Linked To:", Topic.LINK, ""),
    ("Secondary sanctions risk:", Topic.PROVISION, ""),
)
_ALIASES = {"a.k.a.": "weakAlias", "f.k.a.": "previousName", "n.k.a.": "alias"}
# Numbers issued by one country; the property carries all information of the label.
_NATIONAL = {
    "C.U.R.P.": ("idNumber", "curp", "mx"),
    "R.F.C.": ("taxNumber", "rfc", "mx"),
    "RFC": ("taxNumber", "rfc", "mx"),
    "Unified Social Credit Code (USCC)": ("registrationNumber", "uscc", "cn"),
}
PASSPORT = "Passport"
_DOCUMENTS = (
    PASSPORT,
    "Stateless Person Passport",
    "Diplomatic Passport",
    "National ID No.",
    "Identification Number",
    "Personal ID Card",
    "Cedula No.",
    "Cedula de Residencia",
    "C.U.I.",
    "C.U.I.T.",
    "D.N.I.",
    "I.F.E.",
    "Electoral Registry No.",
    "Driver's License No.",
    "Numero de Identidad",
    "SSN",
    "Tax ID No.",
    "V.A.T. Number",
    "NIT #",
    "RTN",
    "RUC #",
    "RIF #",
    "Company Number",
    "Registration Number",
    "Registration ID",
    "Business Number",
    "Business Registration Number",
    "Certificate of Incorporation Number",
    "Chamber of Commerce Number",
    "Commercial Registry Number",
    "C.R. No.",
    "Dubai Chamber of Commerce Membership No.",
    "Enterprise Number",
    "Folio Mercantil No.",
    "Matricula Mercantil No",
    "Public Registration Number",
    "Legal Entity Number",
    "Trade License No.",
    "License",
    "SRE Permit No.",
    "Trademark number",
)

_ALIAS = re.compile(r"([afn]\.k\.a\.) '(.+)'\Z", re.S)
_WALLET = re.compile(r"Digital Currency Address - ([A-Z]{3,5}) (\S+)\Z")
_LABELS = "|".join(map(re.escape, sorted((*_DOCUMENTS, *_NATIONAL), key=len, reverse=True)))
_NUMBER = re.compile(
    rf"(?P<label>{_LABELS}) (?P<number>[^()]*[^() ])(?: \((?P<country>[^()]+)\))?"
    r"(?: issued (?P<issued>[\w ]+?))?(?: expires (?P<expires>[\w ]+))?\Z"
)
# Precisions of dates in the list.
_DATE_FORMATS = ("%d %b %Y", "%b %Y", "%Y")


def parse_remarks(text: str) -> Iterator[Remark]:
    """Yields the fragments of a row's remarks in order, without empty ones."""
    fragments = text.split(";")
    for part, fragment in enumerate(fragments, 1):
        written = fragment.strip()
        if not written:
            continue
        body = written.removeprefix("alt. ")
        if part == len(fragments):
            body = body.removesuffix(".")
        yield _remark(part, written, body)


def _remark(part: int, text: str, body: str) -> Remark:
    if match := _ALIAS.match(body):
        label, value = _ALIASES[match[1]], match[2]
        return Remark(part=part, text=text, topic=Topic.TEXT, label=label, value=value)
    if match := _WALLET.match(body):
        return Remark(part=part, text=text, topic=Topic.WALLET, label=match[1], value=match[2])
    if match := _NUMBER.match(body):
        return _number(part, text, match.groupdict(default=""))
    for label, topic, prop in _LABELLED:
        value = body.removeprefix(label + " ").strip()
        if value and value != body:
            return _labelled(Remark(part=part, text=text, topic=topic, label=prop, value=value))
    return Remark(part=part, text=text, topic=Topic.UNKNOWN)


def _labelled(remark: Remark) -> Remark:
    if remark.topic is not Topic.DATE:
        return remark
    date = _date(remark.value)
    # FollowTheMoney's dates allow no range and no approximation.
    return replace(remark, value=date) if date else replace(remark, topic=Topic.UNKNOWN)


def _number(part: int, text: str, found: dict[str, str]) -> Remark:
    label, number, country = found["label"], found["number"], found["country"]
    issued, expires = _date(found["issued"]), _date(found["expires"])
    if (found["issued"] and not issued) or (found["expires"] and not expires):
        return Remark(part=part, text=text, topic=Topic.UNKNOWN)
    stated = partial(Remark, part=part, text=text, value=number, country=country)
    if label in _NATIONAL and not (issued or expires):
        prop, form, home = _NATIONAL[label]
        if not country or country_code(country) == home:
            return stated(topic=Topic.TEXT, label=prop, format=form)
    return stated(topic=Topic.DOCUMENT, label=label, issued=issued, expires=expires)


def _date(text: str) -> str:
    return next((date for form in _DATE_FORMATS if (date := iso_date(text, form))), "")
