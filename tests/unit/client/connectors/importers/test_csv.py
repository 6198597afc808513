import csv
import io
import re

import pytest

from support.cases import each_case
from support.paths import shared
from tearline.errors import ImportRefused, MappingMalformed
from tearline.limits import MAX_MAPPING_BYTES
from tearline_client.connectors.importers.csv import iter_csv, read_csv
from tearline_client.connectors.importers.mapping import parse_mapping
from tearline_client.connectors.importers.report import Concern, Report, gather

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


@each_case(
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


@each_case(
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


# What tells rows apart.

PAYMENTS = """
[entities.payer]
schema = "BankAccount"
id = ["From"]
[entities.payer.properties]
iban = "From"

[entities.payment]
schema = "Payment"
id = ["From", "Day", "Amount"]
[entities.payment.properties]
payerAccount = { entity = "payer" }
amount = "Amount"
date = "Day"
"""
IBAN = "DE02120300000000202051"
ROW = f"{IBAN},2026-02-17,9900\n"


def gathered(text, mapping=PAYMENTS):
    report = Report()
    rules = parse_mapping(mapping.encode())
    return gather(iter_csv(io.BytesIO(text.encode()), rules, report), report)


def test_rows_that_make_nothing_new_are_counted_and_named():
    imported = gathered(f"From,Day,Amount\n{ROW}{ROW}{IBAN},2026-02-18,9900\n{ROW}")
    assert len(imported.entities) == 3
    assert imported.repeated == 2
    assert [(f.line, f.concern) for f in imported.findings] == [
        (3, Concern.REPEATED),
        (5, Concern.REPEATED),
    ]


def test_a_row_may_be_told_from_all_others():
    mapping = PAYMENTS.replace('id = ["From", "Day", "Amount"]', 'id = "row"')
    imported = gathered(f"From,Day,Amount\n{ROW}{ROW}{ROW}", mapping)
    assert [entity.schema for entity in imported.entities] == [
        "BankAccount",
        "Payment",
        "Payment",
        "Payment",
    ]
    assert imported.repeated == 0
    again = gathered(f"From,Day,Amount\n{ROW}{ROW}{ROW}{ROW}", mapping)
    assert list(again.entities)[:4] == list(imported.entities)


def test_an_account_in_three_spellings_is_one():
    spellings = [IBAN, "de02 1203 0000 0000 2020 51", "DE02-1203-0000-0000-2020-51"]
    rows = "".join(f"{iban},2026-02-1{day},1\n" for day, iban in enumerate(spellings))
    account, *payments = gathered(f"From,Day,Amount\n{rows}").entities
    assert account.properties == {"iban": (IBAN,)}
    assert {payment.properties["payerAccount"] for payment in payments} == {(account.id,)}
    assert len(payments) == 3


def test_an_account_that_is_none_is_told_by_its_spelling():
    rows = "DE00,2026-02-10,1\nDE 00,2026-02-10,1\n"
    assert len(gathered(f"From,Day,Amount\n{rows}").entities) == 4


# A schema for each row.

PARTIES = """
[entities.party]
schema = { column = "Kind", values = { P = "Person", C = "Company" } }
id = ["Name"]
[entities.party.properties]
name = "Name"
birthDate = "Born"
"""


def test_a_column_says_the_schema_of_a_row():
    imported = gathered("Kind,Name,Born\nP,Ana,1970-01-01\nC,Lantern,\nC,Moth,1990\n", PARTIES)
    assert [entity.schema for entity in imported.entities] == ["Person", "Company", "Company"]
    assert [(f.line, f.column, f.concern) for f in imported.findings] == [
        (4, "Born", Concern.STAYS_HOME)
    ]


def test_the_column_may_hold_the_names_of_schemata():
    mapping = PARTIES.replace(', values = { P = "Person", C = "Company" }', "")
    imported = gathered("Kind,Name,Born\nPerson,Ana,\nVessel,Moth,\n", mapping)
    assert [entity.schema for entity in imported.entities] == ["Person", "Vessel"]


def test_a_row_of_no_schema_is_refused_by_its_line():
    with pytest.raises(ImportRefused) as refused:
        gathered("Kind,Name,Born\nP,Ana,\nX,Moth,\n", PARTIES)
    assert "line 3: column 'Kind' says no schema; the mapping knows 'P', 'C'" in refused.value.why


@pytest.mark.parametrize(
    "schema",
    [
        '{ column = "Kind", values = {} }',
        '{ values = { P = "Person" } }',
        '{ column = "" }',
        '{ column = "Kind", values = { P = "Persona" } }',
        '{ column = "Kind", other = 1 }',
    ],
)
def test_a_schema_that_no_row_could_have_is_refused(schema):
    start, _, rest = PARTIES.partition("schema = ")
    _, _, rest = rest.partition("\n")
    with pytest.raises(MappingMalformed):
        parse_mapping(f"{start}schema = {schema}\n{rest}".encode())


# How files are spelled.

NAMES = """
[entities.a]
schema = "Person"
id = ["Name"]
[entities.a.properties]
name = "Name"
"""


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Zoë"),
        ("utf-16", "Zoë"),
        ("utf-16-le", "Ċa上"),  # a byte of each looks like the end of a line
        ("utf-16-be", "Ċa上"),
        ("gb18030", "裘文昊"),
        ("shift_jis", "ソ連"),
        ("utf-8", "Zoë"),
    ],
)
def test_a_file_is_read_in_the_encoding_that_is_named(encoding, text):
    data = f"Name,Other\r\n{text},1\r\n".encode(encoding)
    entities, _ = mapped(data, f'encoding = "{encoding}"\n' + NAMES)
    assert [entity.properties["name"] for entity in entities] == [(text,)]


@pytest.mark.thorough(
    twin="tests/unit/client/connectors/importers/test_csv.py::test_a_row_becomes_entities_that_refer_to_each_other"
)
def test_a_long_file_of_two_bytes_a_character_is_read_whole():
    data = "Name\n" + "".join(f"Ċ{n}\n" for n in range(40_000))
    entities, _ = mapped(data.encode("utf-16"), 'encoding = "utf-16"\n' + NAMES)
    assert entities[-1].properties["name"] == ("Ċ39999",)
    assert len(entities) == 40_000


def test_a_file_without_a_header_has_its_columns_named():
    entities, _ = mapped("Ana,1\nRen,2\n", 'header = ["Name", "Other"]\n' + NAMES)
    assert [entity.properties["name"] for entity in entities] == [("Ana",), ("Ren",)]


@pytest.mark.parametrize(
    "text",
    [
        "sep=,\nName,Other\nAna,1\n",
        "Name,Other,\nAna,1,\n",
        "Name,Other\nAna,1,\n",
        "Name,Other,\nAna,1\n",
        "Name,Other\nAna,1\n\x1a",
        "Name,Other\nAna,1\x1a",
        "\nName,Other\n\nAna,1\n",
    ],
)
def test_what_programs_write_around_a_table_is_passed_over(text):
    entities, _ = mapped(text, NAMES)
    assert [entity.properties["name"] for entity in entities] == [("Ana",)]


@each_case(
    ("data", "why"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"sep=;\nName;Other\nAna;1\n", "line 1 says that ';' stands between cells"),
        (b"Name,Other\nAna,1,x\n", "line 2: 3 cells of 2"),
        (b"Name,,Other\nAna,,1\n", "line 1: column 2 of the header has no name"),
        (b"Name,Name\nAna,Ana\n", "line 1: columns 1 and 2 have the same name"),
        (b"Name;Other\nAna;1\n", "names; the header is one cell, and holds ';'"),
        ("Name,Other\n".encode("utf-16"), 'may say encoding = "utf-16"'),
        ("Name,Other\n".encode("utf-16-le"), 'may say encoding = "utf-16-le"'),
        ("Name,Other\n".encode("utf-16-be"), 'may say encoding = "utf-16-be"'),
        (b"Name,Other\rAna,1\r", "line 1: lines end in CR alone"),
        (b"Name,Other\nAna,1\x1a\nRen,2\n", "line 2: a Ctrl-Z"),
        (b"Name,Other\nAn\xe9,1\n", "line 2 is not UTF-8"),
    ],
)
def test_a_file_is_refused_for_what_it_is(data, why):
    with pytest.raises(ImportRefused) as refused:
        mapped(data, NAMES)
    assert why in refused.value.why


@pytest.mark.parametrize(
    ("data", "encoding", "why"),
    [
        ("Name\nAna\n".encode("utf-16-le"), "utf-16", "no byte order mark says which"),
        ("Name\nAna\n".encode("utf-16-le") + b"\x00", "utf-16-le", "not UTF-16-LE"),
        (b"Name\nAn\x81\n", "cp1252", "line 2 is not CP1252"),
    ],
)
def test_a_file_of_another_encoding_is_refused(data, encoding, why):
    with pytest.raises(ImportRefused) as refused:
        mapped(data, f'encoding = "{encoding}"\n' + NAMES)
    assert why in refused.value.why


@pytest.mark.parametrize("key", ['encoding = "utf-7"', 'header = ["Name", "Name"]', "header = []"])
def test_a_mapping_names_a_file_that_can_be(key):
    with pytest.raises(MappingMalformed):
        parse_mapping(f"{key}\n{NAMES}".encode())


SUBSTANCES = """
[entities.substance]
schema = "Substance"
id = ["name"]
[entities.substance.properties]
name = "name"
alias = { column = "synonyms", split = ";" }
casNumber = { column = "cas", split = ";" }
hsCode = { column = "hs_2022", split = ";" }
unTable = "un_1988_table"
"""


def test_a_public_table_is_read_whole():
    data = shared("data/un1988_precursors.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    entities, _ = mapped(data, SUBSTANCES)
    assert len(entities) == len(rows)
    for row, entity in zip(rows, entities, strict=True):
        told = " ".join(value for values in entity.properties.values() for value in values)
        cells = [part.strip() for cell in row.values() for part in cell.split(";")]
        assert all(part in told for part in cells), row


SUMS = """
[entities.payment]
schema = "Payment"
id = ["Number"]

[entities.payment.properties]
amount = "Amount"
currency = "Currency"
date = "Day"
"""


def payments(rows, mapping=SUMS):
    lines = "".join(f"{number};{row}\n" for number, row in enumerate(rows))
    text = f"Number;Amount;Currency;Day\n{lines}"
    entities, findings = mapped(text, f'delimiter = ";"\n{mapping}')
    return entities, [each for each in findings if each.concern is not Concern.STAYS_HOME]


def test_sums_and_dates_are_sent_as_they_were_understood():
    entities, findings = payments(["250,000.50;usd;25/04/2026", "１８４;€;2026年4月3日"])
    assert [each.properties for each in entities] == [
        {"amount": ("250000.50",), "currency": ("USD",), "date": ("2026-04-25",)},
        {"amount": ("184",), "currency": ("EUR",), "date": ("2026-04-03",)},
    ]
    assert {each.concern for each in findings} == {Concern.UNDERSTOOD}
    assert {(each.line, each.column, each.why) for each in findings} >= {
        (2, "Amount", "decimals after a point"),
        (2, "Currency", "a currency in another spelling"),
        (2, "Day", "the day before the month"),
        (3, "Day", "year, month and day"),
    }


def test_a_column_is_told_once_for_each_spelling():
    _, findings = payments(["1,250.50;USD;2026", "2,250.50;USD;2026", "2,250;USD;2026"])
    assert [(each.line, each.why) for each in findings] == [
        (2, "decimals after a point"),
        (4, "thousands by commas"),
    ]


@pytest.mark.parametrize(
    ("rows", "amounts"),
    [
        (["1.234;EUR;2026", "0,5;EUR;2026"], ["1234", "0.5"]),
        (["1.234;EUR;2026", "0.5;EUR;2026"], ["1.234", "0.5"]),
        (["1,234;EUR;2026", "1.234,5;EUR;2026"], ["1.234", "1234.5"]),
        (["1,234;EUR;2026", "7;EUR;2026", "1,234.5;EUR;2026"], ["1234", "7", "1234.5"]),
    ],
)
def test_a_column_as_a_whole_decides_how_its_numbers_are_read(rows, amounts):
    entities, _ = payments(rows)
    assert [each.properties["amount"] for each in entities] == [(each,) for each in amounts]


def test_a_column_as_a_whole_decides_the_order_of_dates():
    entities, _ = payments(["1;EUR;03/04/2026", "1;EUR;25/04/2026"])
    assert [each.properties["date"] for each in entities] == [("2026-04-03",), ("2026-04-25",)]
    entities, _ = payments(["1;EUR;03/04/2026", "1;EUR;04/25/2026"])
    assert entities[0].properties["date"] == ("2026-03-04",)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["1,234;EUR;2026"], "line 2, column 'Amount': two readings are possible"),
        (["1.234;EUR;2026", "5;EUR;2026"], "write 1234 or 1.2340"),
        (["1;EUR;2026", "1,234;EUR;2026", "0.5;EUR;2026", "0,5;EUR;2026"], "line 3"),
        (["1;EUR;03/04/2026"], "write 2026-04-03 or 2026-03-04; or state `date`"),
        (["1;EUR;03/04/2026", "1;EUR;25/04/2026", "1;EUR;04/25/2026"], "line 2, column 'Day'"),
    ],
)
def test_a_value_with_two_readings_is_refused_if_no_row_decides(rows, told):
    with pytest.raises(ImportRefused, match=re.escape(told)):
        payments(rows)


@pytest.mark.parametrize(("decimal", "amount"), [(".", "1234"), (",", "1.234")])
def test_a_mapping_states_the_sign_before_decimals(decimal, amount):
    stated = SUMS.replace('"Amount"', f'{{ column = "Amount", decimal = "{decimal}" }}')
    (entity,), _ = payments(["1,234;EUR;2026"], stated)
    assert entity.properties["amount"] == (amount,)


def test_a_mapping_states_no_other_sign():
    with pytest.raises(MappingMalformed, match="decimal is a point or a comma"):
        parse_mapping(SUMS.replace('"Amount"', '{ column = "Amount", decimal = "x" }').encode())


def test_a_stated_date_has_its_order():
    stated = SUMS.replace('"Day"', '{ column = "Day", date = "%m/%d/%Y" }')
    (first, second), _ = payments(["1;EUR;03/04/2026", "1;EUR;3.4.2026"], stated)
    assert (first.properties["date"], second.properties["date"]) == (("2026-03-04",),) * 2


def test_a_currency_beside_a_sum_is_the_currency_of_the_entity():
    entities, findings = payments(["USD 1,250.50;;2026", "5 usd;USD;2026", "5 USD;EUR;2026"])
    assert [each.properties["currency"] for each in entities] == [
        ("USD",),
        ("USD",),
        ("EUR", "USD"),
    ]
    assert [each.properties["amount"] for each in entities] == [("1250.50",), ("5",), ("5",)]
    (other,) = (each for each in findings if each.concern is Concern.UNVALIDATED)
    assert (other.line, other.column) == (4, "Payment.currency")


def test_a_currency_that_no_column_has_is_added_and_a_fixed_one_is_read():
    without = SUMS.replace('currency = "Currency"\n', "")
    (entity,), _ = payments(["5 EUR;;2026"], without)
    assert entity.properties["currency"] == ("EUR",)
    fixed = SUMS.replace('currency = "Currency"', 'currency = { value = "usd" }')
    (entity,), _ = payments(["5 USD;;2026"], fixed)
    assert entity.properties["currency"] == ("USD",)


def test_a_value_without_a_reading_is_carried_and_reported():
    (entity,), findings = payments(["many;$;soon"])
    assert entity.properties == {"amount": ("many",), "currency": ("$",), "date": ("soon",)}
    assert [each.concern for each in findings] == [Concern.UNVALIDATED] * 3
