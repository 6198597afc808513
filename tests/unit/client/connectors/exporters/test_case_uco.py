"""Packets as graphs of CASE and UCO, which case_validate judges by the published ontologies."""

import io
import json
import os
import uuid
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.examples import examples
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters import case_uco
from tearline_client.connectors.exporters.case_terms import SHAPES
from tearline_client.connectors.exporters.graph import ENDS
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.demo.lead import ENTITIES
from tearline_client.planning.entities import Entity
from unit.client.connectors.exporters.views import (
    AMBER,
    CASE,
    NODE,
    ORIGIN,
    RED,
    only,
    view_of,
)

LEAD = [
    Entity(
        id=str(each["id"]),
        schema=str(each["schema"]),
        properties={name: tuple(values) for name, values in each["properties"].items()},
    )
    for each in ENTITIES
]
QIU = Entity(id="qiu", schema="Person", properties={"name": ("Qiu Wenhao", "裘文昊")})
ODD = '\x01\x1b[2J\u202e"}]}\r\n\\u0000 @id <urn:x>'


def written(view: ExportedPackets, report: Report | None = None) -> bytes:
    out = io.BytesIO()
    case_uco.EXPORTER.write(view, out, {}, Report() if report is None else report)
    return out.getvalue()


def graph(view: ExportedPackets, report: Report | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(written(view, report))["@graph"]
    return found


def objects(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in found if each["@type"].rpartition(":")[2] == kind]


def of_schema(found: list[dict[str, Any]], schema: str) -> dict[str, Any]:
    (made,) = [each for each in found if each.get("tearline:schema") == schema]
    return made


def own_facets(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The facets of an object's properties, by property."""
    return {
        each["tearline:property"]: each
        for each in made["uco-core:hasFacet"]
        if "tearline:property" in each
    }


def labels(found: list[dict[str, Any]], refs: list[dict[str, str]]) -> list[str]:
    texts = {
        each["@id"]: each["uco-marking:definition"]["uco-marking:statement"]
        for each in objects(found, "MarkingDefinition")
    }
    return [texts[each["@id"]].partition(" ")[0] for each in refs]


def every_shape() -> list[Entity]:
    """An entity of each shape, with a value for each term and role, and each kind of link."""
    made = [
        Entity(
            id=schema,
            schema=schema,
            properties={term.of: (ODD, "more") for term in shape.terms}
            | {role: ("Person",) for role, _ in shape.roles},
        )
        for schema, shape in SHAPES.items()
    ]
    links = [
        Entity(id=f"link-{schema}", schema=schema, properties={a: ("Person",), b: ("Company",)})
        for schema, (a, b) in ENDS.items()
        if schema not in SHAPES
    ]
    others = [
        Entity(id="half", schema="Ownership", properties={"owner": ("Person",)}),
        Entity(id="nonsense", schema="Nonsense", properties={"zzz": (ODD,)}),
        Entity(id="ship", schema="Vehicle", properties={"owner": ("Person", "Company", "gone")}),
    ]
    return [*made, *links, *others]


def judged(file: Path) -> Any:
    """The result of case_validate for a graph, by the ontologies that come with it."""
    try:
        validate = import_module("case_utils.case_validate").validate
    except ModuleNotFoundError:
        if os.environ.get("TEARLINE_REQUIRE_ALL") == "1":
            pytest.fail("case-utils is not installed: make test installs it")
        pytest.skip("case-utils is not installed")
    return validate(str(file), case_version="case-1.5.0")


@pytest.mark.thorough(
    twin="tests/unit/client/connectors/exporters/test_case_uco.py::test_each_packet_is_an_action_of_its_originator_with_a_record_of_its_entities"
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_ontologies_find_no_violation_but_the_planted_one(tmp_path: Path) -> None:
    """One validation, as it takes seconds: of every shape, and of a planted mistake.

    The mistake, a relationship without a target, shows that the judge is no formality.
    """
    view = view_of(
        [*LEAD, *every_shape()],
        markings={"iban": RED},
        coarse=frozenset({"birthDate"}),
        case_id=CASE,
    )
    made = json.loads(written(view))
    planted = {**objects(made["@graph"], "Relationship")[-1], "@id": uuid.uuid4().urn}
    del planted["uco-core:target"]
    made["@graph"].append(planted)
    file = tmp_path / "case.jsonld"
    file.write_text(json.dumps(made), encoding="utf-8")
    result = judged(file)
    focus = "http://www.w3.org/ns/shacl#focusNode"
    found = [str(node) for _, kind, node in result.graph if str(kind) == focus]
    assert found == [planted["@id"]], result.text
    assert not result.undefined_concepts


def test_each_packet_is_an_action_of_its_originator_with_a_record_of_its_entities() -> None:
    view = view_of([*LEAD, QIU])
    found = graph(view)
    (originator,) = [each for each in found if each.get("uco-core:name") == ORIGIN]
    (investigation,) = objects(found, "Investigation")
    export, *actions = objects(found, "InvestigativeAction")
    records = objects(found, "ProvenanceRecord")
    assert {each["@id"] for each in investigation["uco-core:object"]} == {
        each["@id"] for each in (export, *actions, *records)
    }
    assert {each["case-investigation:exhibitNumber"] for each in records} == {
        packet.hex() for packet in view.fields
    }
    assert sorted(len(each["uco-core:object"]) for each in records) == [1, len(LEAD)]
    for action, record in zip(actions, records, strict=True):
        assert action["uco-action:performer"] == {"@id": originator["@id"]}
        assert action["uco-action:result"] == {"@id": record["@id"]}
    assert actions[0]["uco-action:endTime"]["@value"] == "2026-11-30T00:53:20.123Z"


def test_the_export_is_an_action_of_this_node_at_its_own_time() -> None:
    view = view_of([*LEAD, QIU], markings={"iban": RED})
    found = graph(view)
    export, *actions = objects(found, "InvestigativeAction")
    (node,) = [each for each in found if each.get("uco-core:name") == NODE]
    assert export["uco-action:performer"] == {"@id": node["@id"]}
    assert export["uco-action:startTime"]["@value"] == "2026-12-01T04:40:00.456Z"
    informing = export["case-investigation:wasInformedBy"]
    assert informing == [{"@id": each["@id"]} for each in actions]
    records = objects(found, "ProvenanceRecord")
    assert export["uco-action:object"] == [{"@id": each["@id"]} for each in records]
    assert labels(found, export["uco-core:objectMarking"])[0] == "TLP:RED"
    view.begun_ms += 1
    later = graph(view)
    ids, later_ids = ({each["@id"] for each in some} for some in (found, later))
    assert len(ids - later_ids) == len(later_ids - ids) == 1


def test_a_case_is_an_investigation_of_its_own() -> None:
    inside, outside = view_of([QIU], case_id=CASE), view_of([QIU])
    (filed,), (free,) = (objects(graph(each), "Investigation") for each in (inside, outside))
    assert filed["uco-core:name"] == f"Tearline case {CASE}"
    assert free["uco-core:name"] == f"Tearline agreement {bytes(16).hex()}"
    assert filed["@id"] != free["@id"]
    worded = view_of([QIU], case_id=ODD)
    assert objects(graph(worded), "Investigation") == [free]


def test_entities_have_classes_and_terms_and_payments_roles() -> None:
    found = graph(view_of(LEAD))
    person, company = of_schema(found, "Person"), of_schema(found, "Company")
    assert person["@type"] == "uco-identity:Person"
    assert person["uco-core:name"] == "Qiu Wenhao"
    assert own_facets(person)["name"]["tearline:value"] == ["Qiu Wenhao", "裘文昊"]
    account = of_schema(found, "BankAccount")
    assert account["uco-core:hasFacet"][0]["uco-observable:accountIdentifier"].startswith("DE02")
    payment = of_schema(found, "Payment")
    assert payment["@type"] == "uco-action:Action"
    assert payment["uco-action:performer"] == {"@id": company["@id"]}
    assert payment["uco-action:participant"] == {"@id": person["@id"]}
    ownership = of_schema(found, "Ownership")
    assert ownership["@type"] == "uco-core:Relationship"
    assert ownership["uco-core:source"] == {"@id": person["@id"]}
    (credited,) = [
        each
        for each in objects(found, "Relationship")
        if each["uco-core:kindOfRelationship"] == "beneficiaryAccount"
    ]
    assert credited["uco-core:target"] == {"@id": account["@id"]}


def test_an_object_has_the_strictest_marking_and_each_facet_its_own() -> None:
    account = Entity(id="a", schema="BankAccount", properties={"iban": ("DE89",), "bic": ("X",)})
    found = graph(view_of([account], markings={"iban": RED}))
    made = of_schema(found, "BankAccount")
    strict, own = made["uco-core:objectMarking"], own_facets(made)
    assert labels(found, strict) == ["TLP:RED", "PAP:RED", "H0:", "H1:", "ORCON:"]
    red, amber = (labels(found, own[name]["tearline:marking"]) for name in ("iban", "bic"))
    assert red == ["TLP:RED", "PAP:RED", "H0:", "ORCON:"]
    assert amber == ["TLP:AMBER", "PAP:AMBER", "H0:", "H1:"]
    (record,) = objects(found, "ProvenanceRecord")
    (investigation,) = objects(found, "Investigation")
    assert record["uco-core:objectMarking"] == strict
    assert investigation["uco-core:objectMarking"] == strict


def test_a_generalised_value_has_no_term() -> None:
    report = Report()
    found = graph(view_of([QIU], coarse=frozenset({"name"})), report)
    made = of_schema(found, "Person")
    assert "uco-core:name" not in made
    assert own_facets(made)["name"]["tearline:isGeneralised"]
    assert ("Person.name", Concern.NOT_UNDERSTOOD) in {
        (each.column, each.concern) for each in report
    }


def test_the_report_names_properties_that_only_a_facet_has() -> None:
    report = Report()
    made = graph(view_of(LEAD), report)
    told = {each.column: each.why for each in report}
    assert {"Person.name", "Person.birthDate", "Payment.amount"} <= set(told)
    assert not {"Payment.payer", "Company.name", "BankAccount.iban"} & set(told)
    assert report.made == len(made)


def test_ids_are_of_version_5_and_hold_when_more_is_readable() -> None:
    few = graph(view_of([QIU]))
    more = graph(view_of([replace(QIU, properties={**QIU.properties, "phone": ("+52",)})]))
    assert {each["@id"] for each in few} == {each["@id"] for each in more}
    assert {uuid.UUID(each["@id"]).version for each in few} == {5}


def test_a_recalled_packet_leaves_nothing() -> None:
    view = view_of([QIU])
    assert graph(only(view, dict.fromkeys(view.fields, ()))) == []


def test_no_value_breaks_the_file() -> None:
    odd = Entity(id=ODD, schema="Person", properties={"name": (ODD,)})
    data = written(view_of([odd]))
    assert all(char.isprintable() or char == "\n" for char in data.decode())
    assert of_schema(json.loads(data)["@graph"], "Person")["uco-core:name"] == ODD


@settings(max_examples=examples(25))
@given(
    st.lists(
        st.builds(
            Entity,
            id=st.sampled_from(["a", "b", "c"]),
            schema=st.sampled_from(["Person", "Ownership", "Payment", "Nonsense", "BankAccount"]),
            properties=st.dictionaries(
                st.sampled_from(["name", "iban", "owner", "asset", "payer", "zzz", "description"]),
                st.lists(st.sampled_from(["a", "b", "mx"]), min_size=1, unique=True).map(tuple),
            ),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda entity: (entity.id, entity.schema),
    ),
    st.data(),
)
def test_a_graph_is_that_of_its_readable_fields_alone(
    entities: list[Entity], data: st.DataObject
) -> None:
    view = view_of(entities, markings={"iban": RED, "name": AMBER})
    kept = {
        packet: tuple(each for each in opened if data.draw(st.booleans()))
        for packet, opened in view.fields.items()
    }
    part = only(view, kept)
    readable = only(view, {packet: opened for packet, opened in kept.items() if opened})
    assert written(part) == written(readable)
    made = graph(part)
    known = {each["@id"] for each in made}
    assert len(known) == len(made)
    for each in objects(made, "Relationship"):
        assert {each["uco-core:source"]["@id"], each["uco-core:target"]["@id"]} <= known
