"""Networks of entities as GraphML and as CSV tables, read by programs of others."""

import csv
import io
import zipfile

import networkx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters import graph_tables, graphml
from tearline_client.connectors.exporters.graph import ENDS, OWN
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.demo.lead import ENTITIES
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import SCHEMATA, is_reference
from unit.client.connectors.exporters.views import AMBER, ORIGIN, RED, view_of, written

QIU = Entity(id="qiu", schema="Person", properties={"name": ("Qiu Wenhao", "裘文昊")})
LANTERN = Entity(id="lantern", schema="Company", properties={"name": ("Lantern Trading",)})
SHARE = Entity(
    id="share", schema="Ownership", properties={"owner": ("qiu",), "asset": ("lantern",)}
)
PAYMENT = Entity(
    id="paid",
    schema="Payment",
    properties={"payer": ("qiu", "ana"), "beneficiary": ("lantern",), "amount": ("480.00",)},
)
LEAD = [
    Entity(
        id=str(each["id"]),
        schema=str(each["schema"]),
        properties={name: tuple(values) for name, values in each["properties"].items()},
    )
    for each in ENTITIES
]


def drawn(view: ExportedPackets, report: Report | None = None) -> networkx.MultiDiGraph:
    told = io.BytesIO(written(graphml.EXPORTER, view, report))
    return networkx.read_graphml(told, force_multigraph=True)


def tables(view: ExportedPackets) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(io.BytesIO(written(graph_tables.EXPORTER, view))) as archive:
        return {
            name: list(csv.DictReader(io.StringIO(archive.read(name).decode(), newline="")))
            for name in archive.namelist()
        }


def test_a_link_is_an_edge_and_a_party_a_node() -> None:
    read = drawn(view_of([QIU, LANTERN, SHARE]))
    assert set(read.nodes) == {"qiu", "lantern"}
    ((source, target, data),) = read.edges(data=True)
    assert (source, target, data["schema"]) == ("qiu", "lantern", "Ownership")
    assert read.nodes["qiu"]["name"] == "Qiu Wenhao; 裘文昊"
    assert read.nodes["qiu"]["label"] == "Qiu Wenhao"


def test_a_link_of_several_is_a_node_with_an_edge_for_each() -> None:
    read = drawn(view_of([QIU, LANTERN, PAYMENT]))
    assert set(read.nodes) == {"qiu", "lantern", "paid", "ana"}
    assert sorted((source, target) for source, target in read.edges()) == [
        ("paid", "ana"),
        ("paid", "lantern"),
        ("paid", "qiu"),
    ]


def test_a_link_that_another_names_is_a_node() -> None:
    proof = Entity(id="d", schema="Documentation", properties={"entity": ("share",)})
    read = drawn(view_of([QIU, LANTERN, SHARE, proof]))
    assert "share" in read.nodes


def test_each_element_names_its_originators_and_markings() -> None:
    account = Entity(
        id="acc", schema="BankAccount", properties={"iban": ("DE89370400440532013000",)}
    )
    read = drawn(view_of([QIU, account], markings={"iban": RED}))
    assert read.nodes["acc"]["markings"] == f"{RED.encode()} (iban); {AMBER.encode()} (id)"
    assert read.nodes["qiu"]["markings"] == f"{AMBER.encode()} (id, name)"
    assert read.nodes["acc"]["originators"] == ORIGIN


def test_an_edge_of_a_reference_and_a_node_without_an_entity_have_markings() -> None:
    read = drawn(view_of([PAYMENT], markings={"Thing/id": RED}))
    for *_, data in read.edges(data=True):
        assert data["originators"] == ORIGIN
        assert "TLP:RED PAP:RED H1 ORCON" in data["markings"]
        assert data["markings"].endswith(f"({data['label']})")
    marked = [read.nodes[each]["markings"] for each in ("qiu", "lantern", "ana")]
    assert all("TLP:RED PAP:RED H1 ORCON (id)" in each for each in marked)


def test_generalised_values_are_named() -> None:
    born = Entity(id="qiu", schema="Person", properties={"birthDate": ("1970-03",)})
    assert drawn(view_of([born], coarse=frozenset({"birthDate"}))).nodes["qiu"]["generalised"] == (
        "birthDate"
    )


def test_a_property_that_no_schema_has_is_text_and_reported() -> None:
    odd = Entity(id="qiu", schema="Person", properties={"label": ("x",), "shoe": ("46",)})
    report = Report()
    read = drawn(view_of([odd]), report)
    assert read.nodes["qiu"]["other"] == "label: x; shoe: 46"
    assert read.nodes["qiu"]["label"] == "Person"
    assert report.counts[Concern.NOT_UNDERSTOOD] == 2


@pytest.mark.parametrize(
    "trick", ["\x01", "\x1b[2J", "\u202e", "]]>", "</data><node/>", "\r\n", "&x;"]
)
def test_no_value_breaks_the_file(trick: str) -> None:
    odd = Entity(id=f"q{trick}", schema="Person", properties={"name": (f"a{trick}b",)})
    read = drawn(view_of([odd]))
    (node,) = read.nodes
    assert read.nodes[node]["name"].startswith("a")
    assert read.nodes[node]["name"].endswith("b")
    assert all(each.isprintable() or each == "\n" for each in read.nodes[node]["name"])


@given(
    st.lists(
        st.one_of(
            st.text("a\\u07'=\x07\r\n\t\u202e", min_size=1, max_size=12),
            st.text(min_size=1, max_size=12).filter(lambda text: "\0" not in text),
        ),
        min_size=2,
        max_size=4,
        unique=True,
    )
)
@example(["a\x07", r"a\u0007"])
@example(["=1", "'=1"])
def test_two_ids_are_never_one(ids: list[str]) -> None:
    known = [Entity(id=each, schema="Person", properties={"name": ("A",)}) for each in ids]
    view = view_of(known)
    assert len(drawn(view).nodes) == len(known)
    assert len({row["Id"] for row in tables(view)["nodes.csv"]}) == len(known)


def test_no_cell_is_a_formula() -> None:
    odd = Entity(id="=1+1", schema="Person", properties={"name": ("@cmd",)})
    (row,) = tables(view_of([odd]))["nodes.csv"]
    assert (row["Id"], row["name"], row["Label"]) == ("'=1+1", "'@cmd", "'@cmd")


def test_tables_and_graphml_hold_the_same() -> None:
    view = view_of(LEAD)
    read, both = drawn(view), tables(view)
    assert sorted(row["Id"] for row in both["nodes.csv"]) == sorted(read.nodes)
    assert sorted((row["Source"], row["Target"]) for row in both["edges.csv"]) == sorted(
        (source, target) for source, target in read.edges()
    )
    assert len(both["edges.csv"]) == 2


def test_the_same_view_makes_the_same_archive() -> None:
    first, second = (written(graph_tables.EXPORTER, view_of(LEAD)) for _ in range(2))
    assert first == second


def test_each_end_is_a_reference_of_a_known_schema() -> None:
    for schema, ends in ENDS.items():
        assert schema in SCHEMATA
        assert all(is_reference(schema, name) for name in ends)


def test_a_partner_cannot_make_the_graph_grow_faster_than_its_entities() -> None:
    """A payment between many payers and payees is not each pair of them."""
    many = tuple(f"p{number}" for number in range(200))
    paid = Entity(id="paid", schema="Payment", properties={"payer": many, "beneficiary": many})
    assert drawn(view_of([paid])).number_of_edges() == 400


NAMES = st.sampled_from(["name", "birthDate", "owner", "asset", "payer", "label", "zzz"])
IDS = st.sampled_from(["a", "b", "c"])
ENTITIES_DRAWN = st.lists(
    st.builds(
        Entity,
        id=IDS,
        schema=st.sampled_from(["Person", "Ownership", "Payment", "Nonsense"]),
        properties=st.dictionaries(
            NAMES, st.lists(IDS, min_size=1, max_size=3, unique=True).map(tuple), max_size=4
        ),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda entity: (entity.id, entity.schema),
)


@given(ENTITIES_DRAWN)
def test_a_graph_holds_only_values_of_the_view_and_all_of_them(entities: list[Entity]) -> None:
    view = view_of(entities)
    read = drawn(view)
    found = [each.entity for each in view.entities()]
    ids = {entity.id for entity in found}
    values = {value for entity in found for texts in entity.properties.values() for value in texts}
    assert set(read.nodes) <= ids | values
    told = " ".join(
        text
        for data in [*dict(read.nodes(data=True)).values(), *(d for *_, d in read.edges(data=True))]
        for name, text in data.items()
        if name not in set(OWN) - {"other"}
    )
    assert all(value in told for value in values)
