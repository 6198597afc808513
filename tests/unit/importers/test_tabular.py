import io

import pytest

from tearline.errors import ImportRefused, MappingMalformed
from tearline.limits import MAX_MAPPING_BYTES
from tearline_client.importers.findings import Concern, Report
from tearline_client.importers.tabular import iter_csv, parse_mapping, read_csv

MAPPING = """
[entities.owner]
schema = "Person"
id = ["Name", "Born"]

[entities.owner.properties]
name = ["Name", { column = "Also", split = "|" }]
birthDate = { column = "Born", date = "%d.%m.%Y" }
idNumber = { column = "CURP", format = "curp" }
nationality = "Nation"
topics = { value = "crime" }

[entities.wallet]
schema = "CryptoWallet"
id = ["Address"]

[entities.wallet.properties]
publicKey = "Address"
holder = { entity = "owner" }
"""
HEADER = "Name,Also,Born,CURP,Nation,Address"


def mapped(text, mapping=MAPPING):
    report = Report()
    data = text if isinstance(text, bytes) else text.encode()
    rules = parse_mapping(mapping.encode())
    return list(iter_csv(io.BytesIO(data), rules, report)), list(report)


def test_a_row_becomes_entities_that_refer_to_each_other():
    address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    entities, findings = mapped(
        f"{HEADER}\r\nAna, A. | Anita ,03.04.1970,BOXW310820HNERXN09,Mexico,{address}\r\n"
    )
    owner, wallet = entities
    assert owner.properties == {
        "name": ("Ana", "A.", "Anita"),
        "birthDate": ("1970-04-03",),
        "idNumber": ("BOXW310820HNERXN09",),
        "nationality": ("mx",),
        "topics": ("crime",),
    }
    assert wallet.properties == {"publicKey": (address,), "holder": (owner.id,)}
    assert findings == []


def test_the_same_values_make_the_same_id_and_others_another():
    text = f"{HEADER}\nAna,,1,,,\nAna,,1,,,\nAn,,a1,,,\n"
    entities, _ = mapped(text)
    assert entities[0].id == entities[1].id != entities[2].id
    assert mapped(text)[0][0].id == entities[0].id


def test_doubts_name_row_and_column_and_drop_nothing():
    entities, findings = mapped(
        f'{HEADER}\n"two\nlines",a||b,soon,BOXW310820HNERXN08,Atlantis,x\nAna,,,,,\n'
    )
    assert entities[0].properties["birthDate"] == ("soon",)
    assert entities[0].properties["nationality"] == ("Atlantis",)
    assert entities[0].properties["name"] == ("two\nlines", "a", "b")
    assert {(f.line, f.column) for f in findings} == {
        (2, "Born"),
        (2, "CURP"),
        (2, "Nation"),
        (2, "Address"),
    }
    assert entities[2].properties["name"] == ("Ana",)


def test_a_row_without_anything_of_an_entity_has_none():
    entities, _ = mapped(f"{HEADER}\nAna,,,,,\n,,,,, \n")
    assert [entity.schema for entity in entities] == ["Person"]


def test_an_entity_that_nothing_tells_from_others_stands_alone():
    entities, findings = mapped(f"{HEADER}\n,x,,,,\n,x,,,,\n")
    assert entities[0].id != entities[1].id
    assert [(f.line, f.concern) for f in findings] == [
        (2, Concern.UNVALIDATED),
        (3, Concern.UNVALIDATED),
    ]


def test_columns_that_no_property_takes_are_reported():
    mapping = '[entities.a]\nschema="Person"\nid=["Key"]\n[entities.a.properties]\nname="Name"\n'
    _, findings = mapped("Key,Name,Other\n1,Ana,x\n", mapping)
    assert [(f.line, f.column, f.concern) for f in findings] == [
        (1, "Key", Concern.STAYS_HOME),
        (1, "Other", Concern.STAYS_HOME),
    ]


def test_a_byte_order_mark_and_blank_lines_are_passed_over():
    entities, findings = mapped(b"\xef\xbb\xbf" + f"{HEADER}\n\nAna,,soon,,,\n".encode())
    assert entities[0].properties["name"] == ("Ana",)
    assert findings[0].line == 3


def test_another_delimiter():
    text = f"{HEADER}\nAna,,,,,\n".replace(",", ";")
    assert len(mapped(text, 'delimiter = ";"\n' + MAPPING)[0]) == 1


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"Name,Also\n", 1),
        (HEADER.replace("Also", "Name").encode() + b"\n", 1),
        (HEADER.replace("Also", "").encode() + b"\n", 1),
        (HEADER.encode() + b"\nAna\n", 2),
        (HEADER.encode() + b"\nAna,,,,,,,\n", 2),
        (HEADER.encode() + b'\nAna,,,,,\n"Ana"x,,,,,\n', 3),
        (HEADER.encode() + b'\n"Ana,,,,,\n', 2),
        (HEADER.encode() + b"\nAn\xe9,,,,,\n", 2),
        (HEADER.encode() + b"\nAn\0a,,,,,\n", 2),
        (HEADER.encode() + b"\n" + b"x" * 200_000 + b",,,,,\n", 2),
        (HEADER.encode() + b"\n" + b"," * 300 + b"\n", 2),
        (HEADER.encode("utf-16"), 1),
    ],
)
def test_a_table_that_is_none_is_refused_by_its_line(data, line):
    with pytest.raises(ImportRefused) as refused:
        mapped(data)
    assert f"line {line}" in refused.value.why
    assert "Ana" not in refused.value.why


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('schema = "Person"', 'schema = "Persona"'),
        ('schema = "Person"', 'schema = "Thing"'),
        ('schema = "Person"', "schema = 1"),
        ('schema = "Person"', 'schema = "Person"\nscheme = "Person"'),
        ('id = ["Name", "Born"]', "id = []"),
        ('id = ["Name", "Born"]', 'id = "Name"'),
        ('id = ["Name", "Born"]', 'id = [""]'),
        ('nationality = "Nation"', 'nation = "Nation"'),
        ('nationality = "Nation"', "nationality = 3"),
        ('nationality = "Nation"', "nationality = []"),
        ('nationality = "Nation"', 'nationality = { entity = "owner" }'),
        ('nationality = "Nation"', 'nationality = { value = "Atlantis" }'),
        ('nationality = "Nation"', 'nationality = { value = "mx", column = "Nation" }'),
        ('nationality = "Nation"', 'nationality = { split = "," }'),
        ('nationality = "Nation"', 'nationality = { column = "Nation", splt = "," }'),
        ('format = "curp"', 'format = "crup"'),
        ('date = "%d.%m.%Y"', 'date = "%d.%m.%y"'),
        ('holder = { entity = "owner" }', 'holder = { entity = "owners" }'),
        ('holder = { entity = "owner" }', 'holder = "Name"'),
        ('publicKey = "Address"', 'privateKey = "Address"'),
        ("[entities.wallet]", "["),
        ("[entities.wallet]", "[other]\n[entities.wallet]"),
        ("\n[entities.owner]", 'delimiter = "x"\n[entities.owner]'),
    ],
)
def test_a_mapping_that_cannot_be_followed_is_refused(old, new):
    assert old in MAPPING
    with pytest.raises(MappingMalformed):
        parse_mapping(MAPPING.replace(old, new, 1).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"entities = 1",
        b"\xff",
        b"x = " + b"[" * 5000,
        b"#" * (MAX_MAPPING_BYTES + 1),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(data):
    with pytest.raises(MappingMalformed):
        parse_mapping(data)


def test_reads_a_file(tmp_path):
    (tmp_path / "t.csv").write_text(f"{HEADER}\nAna,,,,,\nAna,,,,,\n")
    imported = read_csv(tmp_path / "t.csv", parse_mapping(MAPPING.encode()))
    assert len(imported.entities) == 1
