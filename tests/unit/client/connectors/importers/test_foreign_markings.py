"""Markings as other programs spell them: none that is not understood counts as none."""

import io
from typing import Any

import pytest

from support.cases import each_case
from tearline.policy.marking import parse_marking
from tearline_client.connectors.exporters.stix_markings import TLP_EXTENSION, TLP_IDS
from tearline_client.connectors.importers.caveats import UNKNOWN, caveat, marking_caveats, unkept
from tearline_client.connectors.importers.csv import iter_csv
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.misp_tags import read_tags
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.stix_markings import Definitions
from unit.client.connectors.importers import test_misp as misp
from unit.client.connectors.importers import test_stix as stix

REF = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41db"
OPENCTI = "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba"
GREEN, RED = TLP_IDS[sorted(TLP_IDS)[1]], TLP_IDS[max(TLP_IDS)]

STRICTER: tuple[dict[str, Any], ...] = (
    {"definition": {"tlp": "TLP:RED"}},
    {"definition": {"tlp": " red "}},
    {"definition": {"TLP": "TLP:RED"}, "definition_type": "TLP"},
    {"definition": {"tlp": "ＲＥＤ"}},
    {"definition": {"tlp": "r\u200bed"}},
    {"definition": {"tlp": "purple"}},
    {"definition": {"tlp": ["red"]}},
    {"definition": {"tlp": "green", "pap": "RED"}},
    {"definition": {"tlp": "green", "acs": "U"}},
    {"definition": {"pap": "PAP:RED"}, "definition_type": "PAP"},
    {"definition": {"statement": "TLP:RED"}},
    {"definition": {"statement": "PAP:RED"}},
    {"definition": {"statement": "ORCON"}},
    {"definition": {"statement": "(c) A"}},
    {"definition": {"statement": 7}},
    {"definition": "TLP:RED"},
    {"definition_type": "iep", "definition": {"iep": {"tlp_level": "red"}}},
    {"name": "TLP:RED"},
    {"name": "SECRET"},
    {},
    {"extensions": {TLP_EXTENSION: {"tlp_2_0": "TLP:RED"}}},
    {"extensions": {TLP_EXTENSION: {"tlp_2_0": None}}},
    {"extensions": {TLP_EXTENSION: "red"}},
    {"extensions": ["red"]},
    {"extensions": {"extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce": {"acs": "U"}}},
    {"extensions": {OPENCTI: {"order": 5, "color": "#ff0000"}}},
    {"extensions": {OPENCTI: {"order": 5}}, "name": "TLP:RED", "definition_type": "TLP"},
    {"definition": {"tlp": "green"}, "name": "TLP:RED"},
    {"definition": {"tlp": "green"}, "x_opencti_definition": "TLP:RED"},
    {"definition": {"tlp": "green"}, "x_acme_classification": "SECRET"},
    {"definition": {"tlp": "green"}, "extensions": {OPENCTI: {"definition": "TLP:RED"}}},
    {"definition": {"tlp": "green"}, "id": RED},
    {"definition": {"tlp": "red"}, "id": GREEN},
)
"""Definitions as OpenCTI, MISP, feeds and people write them, stricter than a name's marking."""

MILD: tuple[dict[str, Any], ...] = (
    {"definition": {"tlp": "white"}},
    {"definition": {"tlp": "TLP:GREEN"}},
    {"definition": {"pap": "PAP:WHITE"}},
    {"definition": {"statement": "TLP:CLEAR"}},
    {"name": "TLP:GREEN", "extensions": {OPENCTI: {"order": 1}}},
    {"name": "TLP:2.0 unlike", "definition": {"tlp": "green"}, "definition_type": "tlp"},
    {"name": "Our partners", "definition": {"tlp": "green"}},
)


def bundle(mark: dict[str, Any]) -> bytes:
    made = {"type": "marking-definition", "id": REF, **mark}
    other = stix.person(id=stix.ID.replace("733c", "833c"), name="Ana")
    return stix.bundle(made, stix.person(object_marking_refs=[made["id"]]), other)


def names(data: bytes) -> list[tuple[str, ...]]:
    return [each.properties["name"] for each in stix.read(data)[0]]


@pytest.mark.parametrize("mark", STRICTER)
def test_a_definition_of_stix_that_is_stricter_or_not_understood(mark: dict[str, Any]) -> None:
    assert names(bundle(mark)) == [("Ana",)]
    assert ("identity.name", stix.ID) in stix.told(stix.read(bundle(mark))[1])


@pytest.mark.parametrize("mark", MILD)
def test_a_definition_of_stix_that_is_understood(mark: dict[str, Any]) -> None:
    is_kept = len(names(bundle(mark))) == 2
    assert is_kept is not ("unlike" in repr(mark))


@pytest.mark.parametrize(
    "statement",
    [
        "Copyright 2015-2025, The Invented Corporation. INVENTED MAP&TELL and MAP&TELL are"
        " registered trademarks of The Invented Corporation.",
        "© 2026 Agency", "COPYRIGHT (c) Invented Ltd., all rights reserved", "Copyright A Inc",
    ],
)  # fmt: skip
def test_a_statement_of_copyright_restricts_nothing_and_is_reported(statement: str) -> None:
    data = bundle({"definition_type": "statement", "definition": {"statement": statement}})
    assert len(names(data)) == 2
    (found,) = (each for each in stix.read(data)[1] if each.object == REF)
    assert (found.concern, "copyright" in found.why) == (Concern.STAYS_HOME, True)


@pytest.mark.parametrize(
    "text",
    [
        "TLP:RED", "(tlp red)", "PAP:RED", "Handling: secret", "Restricted", "do not redistribute",
        "Not releasable", "Unclassified", "no dissemination", "do not share", "ORCON", "NOFORN",
        "confidential", "SECRET", "Eyes only", "official use", "not to be disclosed", "sensitive",
        "ＴＬＰ：ＲＥＤ", "TL\u200bP:RED", "ТLР:RED", "机密", "Difusión limitada",
        "FOUO", "RED", "LES", "amber", "need to know", "For police only", "VS-NfD", "Protected B",
        "A", "2026", "™",
    ],
)  # fmt: skip
def test_a_statement_of_copyright_that_says_more_is_not_understood(text: str) -> None:
    for begin in ("Copyright 2026 A Agency. ", "© A Inc.\n", "© 2026 "):
        data = bundle({"definition": {"statement": begin + text}})
        assert names(data) == [("Ana",)]
        assert ("identity.name", stix.ID) in stix.told(stix.read(data)[1])


@each_case(
    "more",
    [
        {"name": "SECRET"},
        {"name": "TLP:RED"},
        {"x_acme_classification": "SECRET"},
        {"extensions": {"extension-definition--" + stix.ID[10:]: {"a": "b"}}},
        {"definition": {"statement": "Copyright A Inc", "acs": "U"}},
        {"definition": {"tlp": "Copyright A Inc"}},
        {"definition": {"statement": "A. Copyright B Inc"}},
        {"definition": {"statement": ["Copyright A Inc"]}},
        {"id": RED},
    ],
)
def test_copyright_is_no_cover_for_another_marking(more: dict[str, Any]) -> None:
    assert names(bundle({"definition": {"statement": "Copyright A Inc"}, **more})) == [("Ana",)]


@pytest.mark.parametrize(
    "more",
    [
        {"x_opencti_granted_refs": [stix.ID]},
        {"extensions": {OPENCTI: {"granted_refs": [stix.ID]}}},
        {"x_tlp": "RED"},
        {"x_acme_classification": "SECRET"},
        {"extensions": {"extension-definition--" + stix.ID[10:]: {"handling": "eyes only"}}},
        {"granular_markings": [{"marking_ref": RED, "selectors": ["Name"]}]},
        {"granular_markings": [{"marking_ref": RED, "selectors": ["name "]}]},
        {"granular_markings": [{"marking_ref": RED, "selectors": ["name", "labels[0]"]}]},
        {"granular_markings": [{"marking_ref": RED, "selectors": ["$.name"]}]},
        {"granular_markings": [{"marking_ref": RED, "selectors": ["labels.[-1]"]}]},
    ],
)
def test_a_marking_of_an_object_of_stix_in_another_place(more: dict[str, Any]) -> None:
    other = stix.person(id=stix.ID.replace("733c", "833c"), name="Ana")
    data = stix.bundle(stix.person(**{"labels": ["x"], **more}), other)
    assert names(data) == [("Ana",)]


def test_a_property_that_only_sounds_like_a_marking_marks_nothing() -> None:
    more = {"x_opencti_order": 1, "x_mitre_platforms": ["a"], "x_tlp": "GREEN", "x_sharing": ""}
    assert names(stix.bundle(stix.person(**more))) == [("Qiu Wenhao",)]


TAGS = (
    " tlp:red", "tlp:red ", "TLP: RED", "tlp:Red", "tlp\u200b:red", "ｔｌｐ：ｒｅｄ", "tlp = red",
    "tlp-red", "TLP RED", "red", "tlp:ex:chr",
    "tlp:unclear", "tlp:", "tlp", 'tlp:color="red"', "pap:red", " PAP:RED", "pap",
    "TLP:AMBER+STRCT",
    'iep2-policy:tlp="red"', 'de-vs:einstufung="STRENG GEHEIM"', 'fr-classif:classifiees="SECRET"',
    'nato:classification="NS"', "approved-category-of-action:cat1", "NOFORN", "SECRET//NOFORN",
    "do not share", 'tearline:handling="H9"', ' TEARLINE:HANDLING="ORCON"',
    "Classification: secret", 'dni-ism:classification:us="S"',
)  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_of_misp_that_is_stricter_or_not_understood(tag: str) -> None:
    tags = [{"name": "tlp:clear"}, {"name": tag}]
    name = misp.attribute("full-name", "Qiu")
    for data in (
        misp.event(misp.item("person", {**name, "Tag": tags})),
        misp.event(misp.item("person", name), Tag=tags),
    ):
        assert misp.read(data) == []
        assert ("Person.name", misp.STRICT) in misp.findings(data)


@each_case(
    "tag",
    [
        "tlp:green", "PAP:CLEAR", " TLP: WHITE", "estimative-language:confidence", "phishing",
        'malware_classification:malware-category="Trojan"', "workflow:todo", "redirect", "cleared",
        'admiralty-scale:source-reliability="a"', "tearline:category=\"x\"",
    ],
)  # fmt: skip
def test_a_tag_of_misp_that_is_mild_or_no_marking(tag: str) -> None:
    name = misp.attribute("full-name", "Qiu", Tag=[{"name": tag}])
    assert len(misp.read(misp.event(misp.item("person", name)))) == 1


@pytest.mark.parametrize("key", ["Tag", "EventTag", "ObjectTag", "AttributeTag"])
def test_tags_are_read_under_each_of_their_keys(key: str) -> None:
    tags = [{"id": "1", "Tag": {"name": "tlp:red"}}] if key != "Tag" else [{"name": "tlp:red"}]
    name = misp.attribute("full-name", "Qiu")
    for data in (
        misp.event(misp.item("person", {**name, key: tags})),
        misp.event(misp.item("person", name, **{key: tags})),
        misp.event(misp.item("person", name), **{key: tags}),
    ):
        assert misp.read(data) == []


def test_no_tag_of_an_attribute_or_reference_lifts_the_marking_of_its_event() -> None:
    own = [{"name": "tlp:clear"}, {"name": 'tearline:category="person.name"'}]
    clear = misp.attribute("full-name", "Qiu", Tag=own)
    account = misp.item("bank-account", misp.attribute("iban", "DE02120300000000202051"))
    comment = "person.identity TLP:CLEAR PAP:CLEAR H0"
    link = {"referenced_uuid": misp.ACCOUNT, "relationship_type": "owns", "comment": comment}
    person = misp.item("person", clear, ObjectReference=[link])
    data = misp.event(person, {**account, "uuid": misp.ACCOUNT}, Tag=[{"name": "tlp:red"}])
    assert misp.read(data) == []


@pytest.mark.parametrize("level", ["0", 0, "1", "2", "4", "9", None, "all"])
def test_a_distribution_is_reported_wherever_it_is(level: Any) -> None:
    own = {"distribution": level}
    name = misp.attribute("full-name", "Qiu", **own)
    data = misp.event(misp.item("person", name, **own), **own)
    places = {place for place, why in misp.findings(data) if "--sharing-group" in why}
    assert places == {"Event.distribution", "Object.distribution", "Attribute.distribution"}


@pytest.mark.parametrize("level", ["3", "5"])
def test_a_distribution_to_all_needs_no_report(level: str) -> None:
    assert misp.findings(misp.event(misp.QIU, distribution=level)) == []


MAPPING = parse_mapping(
    b'[entities.p]\nschema = "Person"\nid = ["Name"]\n[entities.p.properties]\n'
    b'name = "Name"\naddress = "Home"\n'
)


def rows(text: str) -> tuple[list[str], Report]:
    report = Report()
    found = list(iter_csv(io.BytesIO(text.encode()), MAPPING, report))
    return [name for each in found for name in each.properties["name"]], report


@each_case("column", ["TLP", "tlp ", "Marking", "Handling", "Security Classification",
                                    "密级", "Clasificación", "marking_code"])  # fmt: skip
@each_case("cell", ["RED", "TLP:RED", " tlp: red", "SECRET", "机密", "GREEN; PAP:RED"])
def test_a_row_is_as_strict_as_its_column_of_markings(column: str, cell: str) -> None:
    names, report = rows(f"Name,Home,{column}\nQiu,Fuzhou,{cell}\nAna,Colima,GREEN\nLuz,,\n")
    assert names == ["Ana", "Luz"]
    (found,) = (each for each in report if each.line > 1)
    assert (found.line, found.column) == (2, column.strip())


def test_a_column_of_markings_keeps_those_values_home_that_it_must() -> None:
    mapping = parse_mapping(
        b'[entities.p]\nschema = "Person"\nid = ["Name"]\n[entities.p.properties]\n'
        b'name = "Name"\naddress = "No"\n[entities.a]\nschema = "BankAccount"\nid = ["Name"]\n'
        b'[entities.a.properties]\niban = "No"\n'
    )
    text = b"Name,No,Marking\nQiu,7,finance.account TLP:AMBER PAP:AMBER H2\n"
    found = list(iter_csv(io.BytesIO(text), mapping, report := Report()))
    kept = {(each.schema, name) for each in found for name in each.properties}
    assert kept
    assert all(not unkept(*each, {"TLP:AMBER", "PAP:AMBER", "H2"}) for each in kept)
    assert report.counts[Concern.STAYS_HOME] == 2  # the column, and values of the row


def test_a_column_that_a_mapping_takes_is_data() -> None:
    mapping = parse_mapping(
        b'[entities.p]\nschema = "Company"\nid = ["Name"]\n[entities.p.properties]\n'
        b'name = "Name"\nclassification = "Classification"\n'
    )
    found = list(iter_csv(io.BytesIO(b"Name,Classification\nA,bank\n"), mapping, Report()))
    assert [each.properties["name"] for each in found] == [("A",)]


def test_spellings_of_caveats() -> None:
    assert [caveat(each) for each in ("Tlp:Amber_Strict", "TLP 2.0: white", "h1", "pap:amber")] == [
        "TLP:AMBER+STRICT", "TLP:CLEAR", "H1", "PAP:AMBER",
    ]  # fmt: skip
    assert [caveat(each) for each in ("", "TLP:", "PAP:AMBER+STRICT", "TLP:REDD")] == [UNKNOWN] * 4
    text = "finance.account TLP:AMBER PAP:RED H1,H2 ORCON"
    assert marking_caveats(text) == {"TLP:AMBER", "PAP:RED", "H1", "H2", "ORCON"}
    assert parse_marking(text).encode() == text
    assert marking_caveats("none") is None


@pytest.mark.parametrize(
    "mark",
    [
        {"definition": {"tlp": "amber-strict"}},
        {"definition": {"tlp": "AMBER STRICT"}},
        {"definition": {"statement": "tlp: amber+strict"}},
        {"name": "TLP:AMBER+STRICT", "extensions": {OPENCTI: {"order": 4}}},
        {"extensions": {TLP_EXTENSION: {"tlp_2_0": "amber_strict"}}},
    ],
)
def test_a_strict_amber_of_any_spelling_is_understood(mark: dict[str, Any]) -> None:
    definitions = Definitions()
    assert not definitions.add({"id": REF, **mark})
    labels = definitions.labels({"object_marking_refs": [REF], "name": "x"}, is_own=False)
    assert labels.at("name") == {"TLP:AMBER+STRICT"}
    tags = [{"name": each} for each in ("tlp:amber-strict", "tlp:amber strict", "Amber+Strict")]
    assert read_tags(tags) == {"TLP:AMBER+STRICT"}


def test_a_report_of_an_event_counts_each_place_once() -> None:
    report = Report()
    misp.read({"response": [misp.event(misp.QIU, distribution="0")] * 1}, report)
    assert report.counts[Concern.STAYS_HOME] == 1
