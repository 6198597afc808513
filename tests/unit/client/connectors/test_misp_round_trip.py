"""Events of others, imported and exported again: all that is lost or changed is declared."""

import io
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymisp import MISPObject

from support.examples import examples
from tearline_client.connectors.importers.countries import country_code
from tearline_client.connectors.importers.misp import iter_misp
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.misp_templates import TEMPLATES
from unit.client.connectors.exporters.test_misp import judged
from unit.client.connectors.importers.test_misp import SAMPLES, exported, told

Row = dict[str, Any]
CHANGED = {
    ("person", "handle"): "alias",
    ("person", "nic-hdl"): "identity-card-number",
    ("person", "dni"): "identity-card-number",
    ("person", "nie"): "identity-card-number",
    ("coin-address", "address"): "address-crypto",
    ("coin-address", "address-xmr"): "address-crypto",
}
"""Relations that come back as others, by the table of docs/howto/misp.md."""


def rows_of(data: bytes) -> Iterator[tuple[str, str, Row]]:
    """Yields template, UUID of the object and each attribute; empty texts without an object."""
    for one in json.loads(data)["response"]:
        for each in one["Event"].get("Attribute", ()):
            yield "", "", each
        for made in one["Event"].get("Object", ()):
            for each in made.get("Attribute", ()):
                yield made["name"], made["uuid"], each


def plain(value: str) -> str:
    return value.removesuffix("T00:00:00.000000+0000").removesuffix(".000000+0000")


def verify_declared(data: bytes) -> list[Row]:
    """Checks each attribute: it comes back with template, relation and value, or is reported.

    Returns the events that came back.
    """
    read, written = Report(), Report()
    entities = list(iter_misp(io.BytesIO(data), read))
    events = exported(entities, written) if entities else []
    found = told(events)
    stays = [each for each in read if each.concern is Concern.STAYS_HOME and each.object]
    home = {each.object for each in stays if not each.column.startswith("ObjectReference")}
    whole = {each.object for each in stays if each.column == "Object"}
    reported = {
        each.column.rpartition(".")[2]
        for each in (*read, *written)
        if each.concern is Concern.NOT_UNDERSTOOD
    }
    lines = {plain(line) for _, _, text in found for line in (text, *text.split("\n"))}
    for template, uuid, each in rows_of(data):
        if {each.get("uuid", uuid), *({uuid} & whole)} & home:
            continue
        relation, value = each.get("object_relation") or each["type"], plain(each["value"])
        if relation == "nationality":  # comes back as its code
            value = country_code(value) or value
        relation = CHANGED.get((template, relation), relation)
        if (template, relation, value) in found or not template:
            assert any(value == text for _, _, text in found), each
            continue
        ends = (value.casefold(), f": {value.casefold()}")
        assert any(
            line.casefold() == ends[0] or line.casefold().endswith(ends[1]) for line in lines
        )
        assert reported, each
    return events


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.name)
def test_a_sample_of_others_loses_only_what_is_reported(path: Path) -> None:
    for each in verify_declared(path.read_bytes()):
        judged(each["Event"])


@cache
def template_of(name: str) -> tuple[str, str, int, dict[str, Row]]:
    """Returns meta category, UUID, version and relations of a template, as MISP publishes it."""
    made = MISPObject(name, strict=True)
    return (
        made["meta-category"],
        made.template_uuid,
        made.template_version,
        dict(made._definition["attributes"]),
    )


SPELLED = {
    "gender": ["Male", "Female"],
    "date-of-birth": ["1979-03-14"],
    "datetime": ["2020-01-02T00:00:00.000000+0000", "2020-01-02T03:04:05.000000+0000"],
    "float": ["1.5", "2"],
    "counter": ["3"],
    "iban": ["DE02120300000000202051"],
    "email": ["x@example.org"],
    "email-src": ["y@example.org"],
    "url": ["https://example.org/a"],
    "link": ["https://example.org/b"],
    "phone-number": ["+5213141234567"],
}
NAMES = sorted({each.name for each in TEMPLATES.values()} | {"file", "phone"})


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """Events of some objects with any relations of their templates."""
    made = []
    for place, name in enumerate(draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4))):
        category, uuid, version, known = template_of(name)
        simple = [each for each in sorted(known) if known[each]["misp-attribute"] not in FILES]
        relations = draw(st.lists(st.sampled_from(simple), min_size=1, max_size=6, unique=True))
        number = 16 * (place + 1)
        made.append(
            {
                "uuid": str(UUID(int=number, version=4)), "name": name, "meta-category": category,
                "template_uuid": uuid, "template_version": str(version),
                "Attribute": [
                    {
                        "uuid": str(UUID(int=1000 * number + each, version=4)),
                        "object_relation": relation, "type": known[relation]["misp-attribute"],
                        "value": draw(_values(known[relation])),
                    }
                    for each, relation in enumerate(relations)
                ],
            }
        )  # fmt: skip
    return json.dumps({"response": [{"Event": {"info": "x", "Object": made}}]}).encode()


FILES = {"attachment", "malware-sample"}


def _values(row: Row) -> st.SearchStrategy[str]:
    known = SPELLED.get(row["misp-attribute"])
    return st.sampled_from(known or ["alpha", "裘文昊", "b c", "1979", "male"])


@settings(max_examples=examples(60))
@given(events())
def test_any_event_loses_only_what_is_reported(data: bytes) -> None:
    verify_declared(data)
