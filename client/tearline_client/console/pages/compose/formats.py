"""Files of other programs that a packet is composed of, read by the registered importers."""

from collections.abc import Mapping
from io import BytesIO

from tearline.errors import ConnectorUnusable, MalformedInput
from tearline.text.choices import one_of
from tearline_client.connectors.contract import Importer, OptionKind
from tearline_client.connectors.importers.read import read_stream
from tearline_client.connectors.importers.report import Imported, Report
from tearline_client.connectors.registry import IMPORTERS, Connector, Offer, load, offers
from tearline_client.console.languages import mark

FORM, FTM, CSV, STIX = "form", "ftm", "csv", "stix"
WAYS: Mapping[str, str] = {
    FORM: mark("Fill in a form"),
    FTM: mark("FollowTheMoney: paste or upload"),
    CSV: mark("Table (CSV or XLSX) with a mapping: paste or upload"),
    "camt": mark("Bank statement in XML (camt): paste or upload"),
    "mt940": mark("Bank statement as MT940 or MT942: paste or upload"),
    STIX: mark("STIX 2.1: paste or upload"),
    "misp": mark("Events of MISP: paste or upload"),
    "eu": mark("Sanctions list of the EU: paste or upload"),
    "ofac": mark("Sanctions list of OFAC: paste or upload"),
    "un": mark("Sanctions list of the UN: paste or upload"),
}
"""Ways to give contents, as messages; a plug-in has its name alone."""

_OF_TABLES = frozenset({"ftm", "csv", "xlsx"})
"""Importers whose files the form reads by its own fields."""


def ways() -> Mapping[str, str]:
    """Returns the ways to give contents: each with its message, or the name of a plug-in."""
    plug_ins = (offer for offer in offers(IMPORTERS).values() if not offer.is_built_in)
    return {**WAYS, **{offer.name: offer.name for offer in plug_ins if _is_usable(offer)}}


def read_file(name: str, data: bytes) -> Imported:
    """Returns the entities of a file, read with the defaults of its importer's options.

    Args:
        name: Name of the importer.
        data: The file.

    Raises:
        MalformedInput: If no importer of that name is offered here.
        TearlineError: If the file cannot be read.
    """
    known = ways()
    if name not in known or name in (FORM, *_OF_TABLES):
        raise MalformedInput(one_of(name, "way to give contents", known))
    importer = load(offers(IMPORTERS)[name], Importer)
    return read_stream(BytesIO(data), importer, _defaults(importer), Report())


def _is_usable(offer: Offer) -> bool:
    try:
        importer = load(offer, Importer)
    except ConnectorUnusable:
        return False
    return not any(option.required for option in importer.value.options)


def _defaults(importer: Connector[Importer]) -> dict[str, str | bool]:
    return {
        option.name: False if option.kind is OptionKind.FLAG else ""
        for option in importer.value.options
    }
