"""Every registered importer holds a few bytes for each record of a file, and no record."""

import io
import tracemalloc
from collections import deque

import pytest

from tearline_client.connectors.importers import report, xml_records
from tearline_client.connectors.importers.report import Report
from tearline_client.connectors.registry import IMPORTERS, offers
from unit.client.connectors.importers.sources import SOURCES

pytestmark = pytest.mark.thorough(
    twin="tests/unit/client/connectors/importers/test_every_importer.py::test_a_hostile_file_is_refused_in_bounded_memory"
)

FEW, MANY = 300, 1_200
IDS = [f"{number:06}" for number in range(MANY)]
BYTES = {
    "eu": 250,  # references of entries, which must differ
    "eu-xml": 250,
    "un": 250,
    "ofac": 400,  # names, to which links refer, and numbers
    "stix": 400,  # ids and versions of objects
    "misp": 400,  # ids of objects, twice
}
"""The most bytes for a record, where a format needs some."""


def test_every_importer_has_a_source() -> None:
    named = {name for name, offer in offers(IMPORTERS).items() if offer.is_built_in}
    assert {source.importer for source in SOURCES.values()} == named


def peak(kind: str, records: int) -> int:
    """Returns the most bytes that an importer holds while its entities are read and forgotten."""
    importer, options = SOURCES[kind].loaded()
    stream = io.BytesIO(SOURCES[kind].content(IDS[:records]))
    tracemalloc.start()
    try:
        deque(importer.value.read(stream, options, Report()), maxlen=0)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [kind for kind in SOURCES if kind != "xlsx"])
def test_memory_hardly_grows_with_the_records_of_a_file(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_HELD", 16)  # findings; the others are in a file
    monkeypatch.setattr(xml_records, "_PIECE", 4096)  # records of one piece are held
    peak(kind, FEW)  # what is loaded and compiled on use
    few = peak(kind, FEW)
    grown = peak(kind, MANY) - few
    assert grown / (MANY - FEW) <= BYTES.get(kind, 100)
