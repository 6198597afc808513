"""The UN's consolidated list: entities of each entry, and a finding for all that stays.

The entries are invented, in the form of the published schema: the list names real people.
"""

import io
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree

import pytest

from tearline.errors import ImportRefused
from tearline_client.connectors.importers.list_entries import Listing
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather
from tearline_client.connectors.importers.un import IMPORTER, iter_un
from tearline_client.connectors.importers.xml_records import Element
from tearline_client.planning.entities import Entity
from unit.client.connectors.importers.made_files import around, peak

PERSON = """
<INDIVIDUAL>
  <DATAID>9908555</DATAID><VERSIONNUM>1</VERSIONNUM>
  <FIRST_NAME>INVENTED</FIRST_NAME><SECOND_NAME>  QIU </SECOND_NAME><THIRD_NAME>WENHAO</THIRD_NAME>
  <FOURTH_NAME/>
  <UN_LIST_TYPE>Invented-List</UN_LIST_TYPE><REFERENCE_NUMBER>XXi.001</REFERENCE_NUMBER>
  <LISTED_ON>2012-11-12-05:00</LISTED_ON><GENDER>Male</GENDER>
  <SUBMITTED_BY>Nowhere</SUBMITTED_BY>
  <NAME_ORIGINAL_SCRIPT>裘文昊</NAME_ORIGINAL_SCRIPT>
  <COMMENTS1>An invented person. Review was concluded on 1 Jan. 2020.</COMMENTS1>
  <TITLE><VALUE>Mullah</VALUE><VALUE>Haji</VALUE></TITLE>
  <DESIGNATION><VALUE>Minister of Tea</VALUE></DESIGNATION>
  <NATIONALITY><VALUE>Afghanistan</VALUE><VALUE>Atlantis</VALUE></NATIONALITY>
  <LIST_TYPE><VALUE>UN List</VALUE></LIST_TYPE>
  <LAST_DAY_UPDATED><VALUE>2014-02-13</VALUE><VALUE>2020-01-07</VALUE></LAST_DAY_UPDATED>
  <INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Qiu the Elder; Old Qiu</ALIAS_NAME>
    <DATE_OF_BIRTH>1958</DATE_OF_BIRTH></INDIVIDUAL_ALIAS>
  <INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Uncle</ALIAS_NAME></INDIVIDUAL_ALIAS>
  <INDIVIDUAL_ALIAS><QUALITY>Fair</QUALITY><ALIAS_NAME>Q.</ALIAS_NAME></INDIVIDUAL_ALIAS>
  <INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
  <INDIVIDUAL_ADDRESS><STREET>1 Tea Road</STREET><CITY>Kabul</CITY><COUNTRY>Afghanistan</COUNTRY>
    <NOTE>in 2011</NOTE></INDIVIDUAL_ADDRESS>
  <INDIVIDUAL_ADDRESS><COUNTRY>Uganda</COUNTRY></INDIVIDUAL_ADDRESS>
  <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1973-12-25</DATE>
    <YEAR>1973</YEAR></INDIVIDUAL_DATE_OF_BIRTH>
  <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>APPROXIMATELY</TYPE_OF_DATE><YEAR>1971</YEAR>
    </INDIVIDUAL_DATE_OF_BIRTH>
  <INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1958</FROM_YEAR>
    <TO_YEAR>1960</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
  <INDIVIDUAL_PLACE_OF_BIRTH><CITY>Kandahar</CITY><COUNTRY>Afghanistan</COUNTRY>
    </INDIVIDUAL_PLACE_OF_BIRTH>
  <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>OB 0000001</NUMBER>
    <ISSUING_COUNTRY>Uganda</ISSUING_COUNTRY><DATE_OF_ISSUE>2005-03-01</DATE_OF_ISSUE>
    <CITY_OF_ISSUE>Kampala</CITY_OF_ISSUE></INDIVIDUAL_DOCUMENT>
  <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>National Identification Number</TYPE_OF_DOCUMENT>
    <NUMBER>77-001</NUMBER><NOTE>expired</NOTE></INDIVIDUAL_DOCUMENT>
  <INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NOTE>lost</NOTE>
    </INDIVIDUAL_DOCUMENT>
  <INDIVIDUAL_DOCUMENT/>
  <SORT_KEY>INVENTED QIU</SORT_KEY><SORT_KEY_LAST_MOD/>
  <EYES colour="brown">two</EYES>
</INDIVIDUAL>"""
GROUP = """
<ENTITY>
  <DATAID>9908001</DATAID><VERSIONNUM>1</VERSIONNUM><FIRST_NAME>LANTERN TRADING</FIRST_NAME>
  <UN_LIST_TYPE>Invented-List</UN_LIST_TYPE><REFERENCE_NUMBER>XXe.002 </REFERENCE_NUMBER>
  <LISTED_ON>2001-10-06</LISTED_ON><DELISTED_ON>2021-01-05</DELISTED_ON>
  <ENTITY_ALIAS><QUALITY>a.k.a.</QUALITY><ALIAS_NAME>Lantern</ALIAS_NAME></ENTITY_ALIAS>
  <ENTITY_ALIAS><QUALITY>f.k.a.</QUALITY><ALIAS_NAME>Candle Trading</ALIAS_NAME></ENTITY_ALIAS>
  <ENTITY_ADDRESS><STREET>Invented Street</STREET><CITY>Peshawar</CITY>
    <STATE_PROVINCE>Khyber</STATE_PROVINCE><ZIP_CODE>25000</ZIP_CODE><COUNTRY>Pakistan</COUNTRY>
    </ENTITY_ADDRESS>
  <SORT_KEY>LANTERN</SORT_KEY>
</ENTITY>"""
BARE = "<ENTITY><DATAID>9908002</DATAID><FIRST_NAME>BARE</FIRST_NAME></ENTITY>"


def document(individuals: str = "", entities: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><CONSOLIDATED_LIST'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:noNamespaceSchemaLocation="https://example.org/un.xsd"'
        ' dateGenerated="2026-01-02T03:04:05">'
        f"<INDIVIDUALS>{individuals}</INDIVIDUALS><ENTITIES>{entities}</ENTITIES>"
        "</CONSOLIDATED_LIST>"
    ).encode()


WHOLE = document(PERSON, GROUP + BARE)


def read(data: bytes) -> tuple[Imported, Report]:
    report = Report()
    return gather(iter_un(io.BytesIO(data), report), report), report


def entities_of(data: bytes) -> dict[str, Entity]:
    return {entity.id: entity for entity in read(data)[0].entities}


def test_an_individual_is_a_person_with_all_of_its_values() -> None:
    person = entities_of(WHOLE)["un-XXi.001"]

    assert person.schema == "Person"
    assert dict(person.properties) == {
        "name": ("INVENTED QIU WENHAO",),
        "alias": ("裘文昊", "Qiu the Elder", "Old Qiu", "Q."),
        "title": ("Mullah", "Haji"),
        "position": ("Minister of Tea",),
        "nationality": ("af", "Atlantis"),
        "gender": ("male",),
        "notes": (
            "An invented person. Review was concluded on 1 Jan. 2020.",
            "Submitted by: Nowhere",
            "Alias Qiu the Elder; Old Qiu, date of birth: 1958",
            "Quality of Q.: Fair",
            "Date of birth 1971: approximately",
            "Born between: 1958 and 1960",
            "Document: Passport, lost",
        ),
        "weakAlias": ("Uncle",),
        "addressEntity": ("un-XXi.001-address-1",),
        "country": ("ug",),
        "birthDate": ("1973-12-25", "1971"),
        "birthPlace": ("Kandahar, Afghanistan",),
        "birthCountry": ("af",),
    }


def test_beside_a_person_are_its_sanction_its_address_and_its_documents() -> None:
    found = entities_of(WHOLE)

    assert dict(found["un-XXi.001-sanction"].properties) == {
        "authority": ("United Nations Security Council",),
        "authorityId": ("XXi.001",),
        "unscId": ("XXi.001",),
        "recordId": ("9908555",),
        "program": ("Invented-List",),
        "listingDate": ("2012-11-12",),
        "startDate": ("2012-11-12",),
        "modifiedAt": ("2014-02-13", "2020-01-07"),
        "entity": ("un-XXi.001",),
    }
    address = found["un-XXi.001-address-1"].properties
    assert (address["full"], address["remarks"]) == (
        ("1 Tea Road, Kabul, Afghanistan",),
        ("in 2011",),
    )
    assert found["un-XXi.001-document-1"].schema == "Passport"
    assert dict(found["un-XXi.001-document-1"].properties) == {
        "holder": ("un-XXi.001",),
        "type": ("Passport",),
        "number": ("OB 0000001",),
        "country": ("ug",),
        "startDate": ("2005-03-01",),
        "summary": ("Kampala",),
    }
    assert found["un-XXi.001-document-2"].schema == "Identification"


def test_an_entity_is_a_legal_entity_with_its_earlier_names() -> None:
    found = entities_of(WHOLE)
    group = found["un-XXe.002"]

    assert (group.schema, group.properties["name"]) == ("LegalEntity", ("LANTERN TRADING",))
    assert group.properties["alias"] == ("Lantern",)
    assert group.properties["previousName"] == ("Candle Trading",)
    assert found["un-XXe.002-sanction"].properties["endDate"] == ("2021-01-05",)
    assert found["un-XXe.002-address-1"].properties["full"] == (
        "Invented Street, Peshawar, 25000, Khyber, Pakistan",
    )


def test_an_entry_without_a_permanent_reference_has_its_data_id() -> None:
    assert entities_of(WHOLE)["un-9908002"].properties["name"] == ("BARE",)


def test_counts_equal_an_independent_count() -> None:
    root = ElementTree.fromstring(WHOLE)
    people, groups = root.findall(".//INDIVIDUAL"), root.findall(".//ENTITY")
    entries = [*people, *groups]
    numbers = [each for each in root.iter("INDIVIDUAL_DOCUMENT") if each.findtext("NUMBER")]
    places = [
        each
        for entry in entries
        for each in entry
        if each.tag.endswith("_ADDRESS") and {child.tag for child in each} - {"COUNTRY"}
    ]

    found = Counter(entity.schema for entity in read(WHOLE)[0].entities)

    assert (found["Person"], found["LegalEntity"]) == (len(people), len(groups))
    assert found["Sanction"] == len(entries)
    assert found["Passport"] + found["Identification"] == len(numbers)
    assert found["Address"] == len(places)


def test_each_text_of_the_list_is_carried_or_reported() -> None:
    imported, report = read(WHOLE)
    carried = " ".join(
        value
        for entity in imported.entities
        for values in entity.properties.values()
        for value in values
    ).casefold()
    stays = {finding.column for finding in report if finding.concern is Concern.STAYS_HOME}
    understood = {"Afghanistan", "Uganda", "2012-11-12-05:00", "EXACT", "BETWEEN", "Good", "Low"}
    understood |= {"a.k.a.", "f.k.a.", "1973"}

    for path, text in texts(WHOLE):
        for part in text.split("; "):
            assert part.casefold() in carried or part in understood or path in stays, path


def texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yields path and text of each element within an entry."""
    for entry in ElementTree.fromstring(data).findall("./*/*"):
        waiting = [(entry, entry.tag)]
        while waiting:
            element, path = waiting.pop()
            if text := " ".join((element.text or "").split()):
                yield path, text
            waiting += [(child, f"{path}/{child.tag}") for child in element]


def test_the_report_has_path_and_entry_of_all_that_is_not_carried() -> None:
    _, report = read(WHOLE)
    stays = [
        (finding.column, finding.object)
        for finding in report
        if finding.concern is Concern.STAYS_HOME
    ]

    assert stays == [
        ("INDIVIDUAL/VERSIONNUM", ""),
        ("INDIVIDUAL/LIST_TYPE/VALUE", ""),
        ("INDIVIDUAL/SORT_KEY", ""),
        ("INDIVIDUAL/EYES", "XXi.001"),
        ("INDIVIDUAL/EYES/@colour", "XXi.001"),
        ("ENTITY/VERSIONNUM", ""),
        ("ENTITY/SORT_KEY", ""),
        ("CONSOLIDATED_LIST/@dateGenerated", ""),
    ]
    texts = [finding for finding in report if finding.concern is Concern.NOT_UNDERSTOOD]
    assert {finding.object for finding in texts} == {"XXi.001"}
    assert "INDIVIDUAL/INDIVIDUAL_DATE_OF_BIRTH" in {finding.column for finding in texts}
    doubts = {finding.column for finding in report if finding.concern is Concern.UNVALIDATED}
    assert doubts == {"INDIVIDUAL/NATIONALITY/VALUE", "INDIVIDUAL/INDIVIDUAL_ALIAS"}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"<CONSOLIDATED_LIST/>", id="no entry"),
        pytest.param(b"<OTHER><ENTITY><DATAID>1</DATAID></ENTITY></OTHER>", id="another root"),
        pytest.param(document(entities=BARE + BARE), id="an entry twice"),
        pytest.param(
            document(entities="<ENTITY><FIRST_NAME>A</FIRST_NAME></ENTITY>"), id="no reference"
        ),
        pytest.param(
            b'<!DOCTYPE x [<!ENTITY a "b">]>' + document(entities=BARE), id="entities of XML"
        ),
    ],
)
def test_a_file_that_is_no_such_list_is_refused(data: bytes) -> None:
    with pytest.raises(ImportRefused, match="line"):
        read(data)


def memory(count: int) -> int:
    entries = (GROUP.replace("XXe.002", f"XXe.{number}").encode() for number in range(count))

    def read(stream: BinaryIO) -> None:
        assert sum(1 for _ in IMPORTER.read(stream, {}, Report())) == 3 * count

    return peak(read, around(document(entities="<HERE/>"), b"<HERE/>", entries))


@pytest.mark.thorough(
    twin="tests/unit/client/connectors/importers/test_un.py::test_an_individual_is_a_person_with_all_of_its_values"
)
def test_memory_does_not_grow_with_the_number_of_entries() -> None:
    memory(10)  # what is loaded once
    assert memory(2_000) < 1.5 * memory(400)


def test_many_aliases_take_time_by_their_number() -> None:
    """A text is not compared with all texts before it."""
    compared = list[str]()

    class Text(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            compared.append("once")
            return str.__eq__(self, other)

    entry = Element("INDIVIDUAL", {}, 1)
    listing = Listing(entry, party="un-1", schema="Person", reference="1", report=Report())
    for number in range(300):
        listing._note(Text(f"Note {number}"))
    assert len(compared) < 3_000
    assert len(next(listing.entities(of_the_list=())).properties["notes"]) == 300
