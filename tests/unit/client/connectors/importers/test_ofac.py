import csv
import io
import re
from collections import Counter

import openpyxl
import pytest

from support.cases import each_case
from support.paths import shared
from tearline.errors import ImportRefused
from tearline_client.connectors.importers.countries import country_code
from tearline_client.connectors.importers.ofac import COLUMNS, iter_ofac, read_ofac
from tearline_client.connectors.importers.ofac_remarks import Topic, parse_remarks
from tearline_client.connectors.importers.report import Concern, Report

PUBLIC = "data/ofac_sdn_drugs_tco_2024-05-03.csv"


def table(*rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def row(number, name="DOE, Invented", **cells):
    return {"ent_num": number, "SDN_Name": name, "SDN_Type": "individual", **cells}


def read(*rows):
    report = Report()
    entities = list(iter_ofac(io.BytesIO(table(*rows)), report))
    return {entity.id: entity for entity in entities}, list(report)


@pytest.mark.parametrize("begins", ["", "\ufeff"])
def test_the_file_of_the_treasury_has_no_header(begins):
    published = begins + '7226,"DOE, Invented","individual","SDNTK",-0- ,-0- ,-0- ,-0- ,-0- ,'
    published += '-0- ,-0- ,"DOB 1948."\r\n\x1a'
    report = Report()
    entities = list(iter_ofac(io.BytesIO(published.encode()), report))
    assert entities[0].id == "ofac-7226"
    assert entities[0].properties["birthDate"] == ("1948",)
    assert list(report) == []
    with pytest.raises(ImportRefused, match="line 1: 2 cells of 12"):
        list(iter_ofac(io.BytesIO(b"7226,DOE\n"), report))


def party(remarks, **cells):
    entities, findings = read(row("1", Remarks=remarks, **cells))
    return entities, findings


@each_case(
    ("fragment", "prop", "value"),
    [
        ("DOB 28 Jun 1973", "birthDate", "1973-06-28"),
        ("alt. DOB Jun 1973", "birthDate", "1973-06"),
        ("DOB 1973", "birthDate", "1973"),
        ("POB Ciudad X, Mexico", "birthPlace", "Ciudad X, Mexico"),
        ("nationality Mexico", "nationality", "mx"),
        ("alt. citizen Hong Kong", "citizenship", "hk"),
        ("Gender Female", "gender", "female"),
        ("a.k.a. 'O'X; Y'", "notes", "a.k.a. 'O'X"),
        ("a.k.a. 'O'X'", "weakAlias", "O'X"),
        ("f.k.a. 'Once'", "previousName", "Once"),
        ("n.k.a. 'Now'", "alias", "Now"),
        ("Email Address desk@example.org", "email", "desk@example.org"),
        ("Phone Number +1 202 456 1414", "phone", "+1 202 456 1414"),
        ("Website www.example.org", "website", "www.example.org"),
        ("Organization Established Date 17 May 2017", "incorporationDate", "2017-05-17"),
        ("Organization Type: Invented activities", "sector", "Invented activities"),
        ("Target Type Criminal Organization", "classification", "Criminal Organization"),
        ("C.U.R.P. BOXW310820HNERXN09 (Mexico)", "idNumber", "BOXW310820HNERXN09"),
        ("R.F.C. GODE561231GR8", "taxNumber", "GODE561231GR8"),
        (
            "Unified Social Credit Code (USCC) 91110000600037341L (China)",
            "registrationNumber",
            "91110000600037341L",
        ),
    ],
)
@each_case("end", ["", "."])
def test_fragments_that_are_values_of_the_party(fragment, prop, value, end):
    entities, _ = party("Gender Male; " + fragment + end)
    assert value in entities["ofac-1"].properties[prop]


@pytest.mark.parametrize(
    ("fragment", "schema", "expected"),
    [
        (
            "Passport AB 12345 (Mexico) issued 01 Oct 2011 expires 29 Sep 2016",
            "Passport",
            {
                "holder": ("ofac-1",),
                "type": ("Passport",),
                "number": ("AB 12345",),
                "country": ("mx",),
                "startDate": ("2011-10-01",),
                "endDate": ("2016-09-29",),
            },
        ),
        (
            "alt. National ID No. 123 (Atlantis)",
            "Identification",
            {
                "holder": ("ofac-1",),
                "type": ("National ID No.",),
                "number": ("123",),
                "country": ("Atlantis",),
            },
        ),
        (
            # Not a number that China gives out.
            "C.U.R.P. 123 (China)",
            "Identification",
            {
                "holder": ("ofac-1",),
                "type": ("C.U.R.P.",),
                "number": ("123",),
                "country": ("cn",),
            },
        ),
        (
            "Digital Currency Address - XBT 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
            "CryptoWallet",
            {
                "holder": ("ofac-1",),
                "currencySymbol": ("XBT",),
                "publicKey": ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",),
            },
        ),
    ],
)
def test_fragments_that_are_entities_beside_the_party(fragment, schema, expected):
    entities, findings = party("Gender Male; " + fragment + ".")
    assert entities["ofac-1-2"].schema == schema
    assert entities["ofac-1-2"].properties == expected
    assert [f.part for f in findings] == ([2] if "Atlantis" in fragment else [])


@each_case(
    "fragment",
    [
        "DOB circa 1961",
        "DOB 1929 to 1930",
        "DOB 31 Feb 1973",
        "Passport AB1 (Mexico) issued soon expires late",
        "Passport",
        "Digital Currency Address - XBT",
        "a.k.a. unquoted",
        "nationality",
        "Linked To: NOBODY LISTED",
        "Linked To: DOE, Invented",
        "Member of an invented body",
        "Mexico",
    ],
)
def test_fragments_that_are_not_understood_are_kept_word_for_word(fragment):
    entities, findings = party(f"Gender Male; {fragment}; Gender Male")
    assert entities["ofac-1"].properties["notes"] == (fragment,)
    assert [(f.line, f.column, f.part, f.concern) for f in findings] == [
        (2, "Remarks", 2, Concern.NOT_UNDERSTOOD)
    ]


def test_the_country_of_a_national_number_is_the_partys():
    entities, _ = party("C.U.R.P. BOXW310820HNERXN09 (Mexico); R.F.C. GODE561231GR8 (Mexico)")
    assert entities["ofac-1"].properties["country"] == ("mx",)


def test_doubtful_values_are_kept_and_reported():
    entities, findings = party("Gender X; nationality Atlantis; Phone Number 123")
    properties = entities["ofac-1"].properties
    assert (properties["gender"], properties["nationality"]) == (("X",), ("Atlantis",))
    assert [(f.part, f.concern) for f in findings] == [
        (part, Concern.UNVALIDATED) for part in (1, 2, 3)
    ]


def test_links_by_name_even_where_the_full_stop_is_the_names():
    entities, findings = read(
        row("1", Remarks="Linked To: ACME CO., LTD."),
        row("2", name="ACME CO., LTD.", SDN_Type="-0-"),
        row("3", name="X", Remarks="Linked To: ACME CO., LTD.; Linked To: DOE, Invented."),
    )
    assert entities["ofac-1-1"].properties == {
        "subject": ("ofac-1",),
        "object": ("ofac-2",),
        "role": ("Linked To",),
    }
    assert entities["ofac-3-2"].properties["object"] == ("ofac-1",)
    assert findings == []


def test_a_link_to_a_name_that_two_bear_is_kept_as_a_note():
    entities, _ = read(row("1"), row("2"), row("3", name="X", Remarks="Linked To: DOE, Invented."))
    assert entities["ofac-3"].properties["notes"] == ("Linked To: DOE, Invented.",)


def test_the_sanction_of_a_party():
    entities, _ = party(
        "Secondary sanctions risk: section 1.", Program="SDNTK] [TCO] [ILLICIT-DRUGS-EO14059"
    )
    assert entities["ofac-1-sanction"].properties == {
        "entity": ("ofac-1",),
        "authority": ("Office of Foreign Assets Control",),
        "authorityId": ("1",),
        "country": ("us",),
        "program": ("SDNTK", "TCO", "ILLICIT-DRUGS-EO14059"),
        "provisions": ("section 1",),
    }


def test_vessels_have_their_columns_and_hold_no_papers():
    entities, findings = party(
        "Digital Currency Address - XBT x; DOB 1973",
        SDN_Type="vessel",
        Title="Flagship",
        Call_Sign="ABCD",
        Vess_type="Tanker",
        Tonnage="1,000",
        GRT="-0- ",
        Vess_flag="Panama",
        Vess_owner="Invented Lines",
    )
    assert entities["ofac-1"].schema == "Vessel"
    assert entities["ofac-1"].properties == {
        "name": ("DOE, Invented",),
        "callSign": ("ABCD",),
        "type": ("Tanker",),
        "tonnage": ("1000",),
        "flag": ("pa",),
        "notes": (
            "Title: Flagship",
            "Vess_owner: Invented Lines",
            "Digital Currency Address - XBT x",
            "DOB 1973",
        ),
    }
    assert [f.column for f in findings] == ["Title", "Vess_owner", "Remarks", "Remarks"]


def test_a_type_that_is_not_known_is_noted():
    entities, findings = party("", SDN_Type="robot")
    assert entities["ofac-1"].schema == "LegalEntity"
    assert entities["ofac-1"].properties["notes"] == ("SDN_Type: robot",)
    assert [f.column for f in findings] == ["SDN_Type"]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([row("x")], 2),
        ([row("٣")], 2),
        ([row("")], 2),
        ([row("1"), row("1", name="Y")], 3),
        ([row("1", Remarks="a.k.a. '" + "x" * 100 + "'; " * 4200)], 2),
    ],
)
def test_a_row_that_is_none_is_refused_by_its_line(rows, line):
    with pytest.raises(ImportRefused) as refused:
        read(*rows)
    assert f"line {line}" in refused.value.why


def test_other_columns_are_refused():
    with pytest.raises(ImportRefused):
        list(iter_ofac(io.BytesIO(table().replace(b"GRT", b"GRTX")), Report()))


def test_every_fragment_is_numbered_by_its_place():
    remarks = list(parse_remarks("Gender Male; ; DOB 1973;POB X."))
    assert [(r.part, r.topic) for r in remarks] == [
        (1, Topic.TEXT),
        (3, Topic.DATE),
        (4, Topic.TEXT),
    ]


# What a value of the list may turn into: the words of a fragment, without labels.
_MONTHS = {
    name: f"{number:02}"
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}  # fmt: skip


def spelled(word_list, values):
    """The words that no value holds, after countries, dates and names of listed parties."""
    text = " ".join(values)
    left = []
    for word in word_list:
        plain = word.strip(".,;()'")
        if plain and plain not in text and _MONTHS.get(plain, "\0") not in text:
            left.append(plain)
    return left


LABELS = frozenset(
    word
    for line in """
    DOB POB alt nationality citizen Gender Male Female a.k.a f.k.a n.k.a Email Address Phone
    Number Website Organization Established Date Type: Target Type Linked To: Digital Currency
    Address - Secondary sanctions risk: C.U.R.P R.F.C RFC Unified Social Credit Code USCC issued
    expires""".splitlines()
    for word in line.split()
)


def test_every_fragment_of_the_public_list_is_accounted_for():
    path = shared(PUBLIC)
    imported = read_ofac(path)
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 441
    names = {f"ofac-{r['ent_num']}": r["SDN_Name"] for r in rows}
    values = {number: [] for number in names}
    for entity in imported.entities:
        owner = re.match(r"ofac-\d+", entity.id)[0]
        for held in entity.properties.values():
            values[owner].extend(names.get(value, value) for value in held)
    fragments = 0
    for listed in rows:
        held = values[f"ofac-{listed['ent_num']}"]
        codes = [value for value in held if len(value) == 2]
        assert listed["SDN_Name"] in held
        assert set(listed["Program"].split("] [")) <= set(held)
        for fragment in filter(None, map(str.strip, listed["Remarks"].split(";"))):
            fragments += 1
            if fragment in held:
                continue  # a note
            bare = fragment.removesuffix(".")
            for name in re.findall(r"(?:\(|nationality |citizen )([A-Z][A-Za-z ]+)\)?", bare):
                if country_code(name) in codes:
                    bare = bare.replace(name, "")
            left = [word for word in spelled(bare.split(), held) if word not in LABELS]
            assert left == [], fragment
    assert fragments > 1500


def test_the_public_list_in_figures():
    imported = read_ofac(shared(PUBLIC))
    schemata = Counter(entity.schema for entity in imported.entities)
    assert schemata["Sanction"] == 441
    assert schemata["Person"] == 274
    assert schemata["CryptoWallet"] == 46
    values = Counter(name for e in imported.entities for name in e.properties)
    assert values["registrationNumber"] == 20
    assert len([f for f in imported.findings if f.concern is Concern.NOT_UNDERSTOOD]) == 7


def test_hidden_rows_of_a_workbook_stay_home_and_are_reported():
    made = openpyxl.Workbook()
    for each in csv.reader(io.StringIO(table(row("1", "DOE, A"), row("2", "ROE, B")).decode())):
        made.active.append(each)
    made.active.row_dimensions[3].hidden = True
    target, report = io.BytesIO(), Report()
    made.save(target)
    ids = {each.id for each in iter_ofac(target, report)}
    assert ids == {"ofac-1", "ofac-1-sanction"}
    assert [(each.line, each.why) for each in report] == [(3, "the row is hidden")]
    assert report.counts == {Concern.STAYS_HOME: 1}
