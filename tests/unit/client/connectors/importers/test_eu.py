"""The EU's consolidated list: entities of each entry, and a finding for all that stays.

The entries are invented, in the form of the published schema: the list names real people.
"""

import io
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree import ElementTree

import pytest

from tearline.errors import ImportRefused
from tearline_client.connectors.importers.eu import IMPORTER, iter_eu
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather
from tearline_client.planning.entities import Entity
from unit.client.connectors.importers.made_files import around, peak

NAMESPACE = "http://eu.europa.ec/fpi/fsd/export"
SUMMARY = (
    '<regulationSummary regulationType="regulation" publicationDate="2003-07-08"'
    ' numberTitle="1/2003 (OJ L1)" publicationUrl="https://example.org/act"/>'
)
PERSON = f"""
<sanctionEntity designationDate="2003-07-01" designationDetails="Invented details"
    unitedNationId="XXi.001" euReferenceNumber="EU.1.23" logicalId="13">
  <remark>An invented person.</remark>
  <regulation regulationType="regulation" organisationType="commission"
    publicationDate="2003-07-08" entryIntoForceDate="2003-07-09" numberTitle="1/2003 (OJ L1)"
    programme="INV" logicalId="348">
    <publicationUrl>https://example.org/act</publicationUrl></regulation>
  <subjectType code="person" classificationCode="P"/>
  <nameAlias firstName="" middleName="" lastName="" wholeName="Old Qiu" function="" title=""
    nameLanguage="FR" strong="false" regulationLanguage="en" logicalId="16">{SUMMARY}</nameAlias>
  <nameAlias firstName="Wenhao" middleName="" lastName="Qiu" wholeName="Qiu Wenhao"
    function="Minister of Tea" gender="M" title="Haji" nameLanguage="" strong="true"
    regulationLanguage="en" logicalId="17"><remark>good quality</remark>{SUMMARY}</nameAlias>
  <nameAlias wholeName="裘文昊" strong="true" logicalId="18"/>
  <nameAlias wholeName="Qiu Wenhao" strong="true" logicalId="19"/>
  <nameAlias firstName="Q." lastName="W." wholeName="" logicalId="20"/>
  <citizenship region="" countryIso2Code="AF" countryDescription="AFGHANISTAN"
    regulationLanguage="en" logicalId="1">{SUMMARY}</citizenship>
  <citizenship countryIso2Code="00" countryDescription="UNKNOWN" logicalId="2"/>
  <birthdate circa="false" calendarType="GREGORIAN" city="Kandahar" zipCode=""
    birthdate="1973-12-25" dayOfMonth="25" monthOfYear="12" year="1973" region="" place=""
    countryIso2Code="AF" countryDescription="AFGHANISTAN" logicalId="14"/>
  <birthdate circa="true" calendarType="GREGORIAN" monthOfYear="4" year="1971" logicalId="15"/>
  <birthdate circa="false" calendarType="ISLAMIC" yearRangeFrom="1958" yearRangeTo="1960"
    countryIso2Code="00" countryDescription="UNKNOWN" logicalId="16"/>
  <identification diplomatic="false" knownExpired="true" knownFalse="false" reportedLost="false"
    revokedByIssuer="false" issuedBy="Office of Tea" issuedDate="2005-03-01" latinNumber=""
    nameOnDocument="Q. Wenhao" number="OB 0000001" region="" countryIso2Code="UG"
    countryDescription="UGANDA" identificationTypeCode="passport"
    identificationTypeDescription="National passport" logicalId="41">{SUMMARY}</identification>
  <identification number="" identificationTypeCode="id" countryIso2Code="00"
    identificationTypeDescription="National identification card" logicalId="42">
    <remark>number unknown</remark></identification>
  <address city="Kabul" street="1 Tea Road" poBox="7" zipCode="1001" region="" place=""
    asAtListingTime="true" countryIso2Code="AF" countryDescription="AFGHANISTAN" logicalId="51">
    <contactInfo key="EMAIL" value="desk@example.org"/><contactInfo key="PIGEON" value="grey"/>
    <remark>second floor</remark>{SUMMARY}</address>
  <address countryIso2Code="UG" countryDescription="UGANDA" logicalId="52"/>
  <shoe size="44">left</shoe>
</sanctionEntity>"""
COMPANY = """
<sanctionEntity designationDetails="" unitedNationId="" euReferenceNumber="EU.2.34" logicalId="14">
  <regulation regulationType="amendment" organisationType="council" publicationDate="2024-01-17"
    entryIntoForceDate="2024-01-18" numberTitle="2/2024 (OJ L2)" programme="INV" logicalId="349">
    <publicationUrl>https://example.org/act-2</publicationUrl></regulation>
  <subjectType code="enterprise" classificationCode="E"/>
  <nameAlias wholeName="Lantern Trading" function="tea house" strong="true" logicalId="21"/>
  <identification number="9074729" identificationTypeCode="imo" countryIso2Code="00"
    identificationTypeDescription="IMO number" logicalId="43"/>
  <identification number="HRB 1" identificationTypeCode="regnumber" countryIso2Code="DE"
    countryDescription="GERMANY" identificationTypeDescription="Registration" logicalId="44"/>
</sanctionEntity>"""
PLAIN = f"""<sanctionEntity euReferenceNumber="EU.2.34"><subjectType code="enterprise"/>
<nameAlias wholeName="Plain" strong="true"/><remark>{"long " * 200}</remark></sanctionEntity>"""
ODD = """<sanctionEntity logicalId="15"><subjectType code="airship"/>
<nameAlias wholeName="Odd" strong="true"/></sanctionEntity>"""


def document(body: str, namespace: str = NAMESPACE) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><export xmlns="{namespace}"'
        f' generationDate="2026-01-02T03:04:05.678+01:00" globalFileId="1">{body}</export>'
    ).encode()


WHOLE = document(PERSON + COMPANY + ODD)


def read(data: bytes) -> tuple[Imported, Report]:
    report = Report()
    return gather(iter_eu(io.BytesIO(data), report), report), report


def entities_of(data: bytes) -> dict[str, Entity]:
    return {entity.id: entity for entity in read(data)[0].entities}


def test_a_person_has_all_values_of_its_entry() -> None:
    person = entities_of(WHOLE)["eu-EU.1.23"]

    assert person.schema == "Person"
    assert dict(person.properties) == {
        "weakAlias": ("Old Qiu",),
        "name": ("Qiu Wenhao",),
        "title": ("Haji",),
        "position": ("Minister of Tea",),
        "gender": ("male",),
        "alias": ("裘文昊", "Q. W."),
        "nationality": ("af",),
        "birthDate": ("1973-12-25", "1971-04"),
        "birthPlace": ("Kandahar, AFGHANISTAN",),
        "birthCountry": ("af",),
        "addressEntity": ("eu-EU.1.23-address-51",),
        "country": ("ug",),
        "email": ("desk@example.org",),
        "notes": (
            "Remark on Qiu Wenhao: good quality",
            "Date of birth: about 1971-04",
            "Born between: 1958 and 1960",
            "Calendar of the date of birth 1958, 1960: ISLAMIC",
            "Address: as at the time of listing",
            "PIGEON: grey",
            "Remark on address: second floor",
            "National identification card: number unknown",
            "An invented person.",
        ),
    }


def test_beside_a_person_are_its_sanction_its_address_and_its_documents() -> None:
    found = entities_of(WHOLE)

    assert dict(found["eu-EU.1.23-sanction"].properties) == {
        "authority": ("European Union",),
        "authorityId": ("EU.1.23",),
        "country": ("eu",),
        "recordId": ("13",),
        "unscId": ("XXi.001",),
        "startDate": ("2003-07-01",),
        "summary": ("Invented details",),
        "program": ("INV",),
        "reason": ("1/2003 (OJ L1)",),
        "listingDate": ("2003-07-08",),
        "date": ("2003-07-09",),
        "sourceUrl": ("https://example.org/act",),
        "entity": ("eu-EU.1.23",),
    }
    assert found["eu-EU.1.23-document-41"].schema == "Passport"
    assert dict(found["eu-EU.1.23-document-41"].properties) == {
        "holder": ("eu-EU.1.23",),
        "type": ("National passport",),
        "number": ("OB 0000001",),
        "country": ("ug",),
        "authority": ("Office of Tea",),
        "startDate": ("2005-03-01",),
        "summary": ("knownExpired, nameOnDocument Q. Wenhao",),
    }
    assert found["eu-EU.1.23-address-51"].properties["full"] == (
        "1 Tea Road, 7, Kabul, 1001, AFGHANISTAN",
    )


def test_an_enterprise_is_an_organization_with_its_numbers() -> None:
    company = entities_of(WHOLE)["eu-EU.2.34"]

    assert company.schema == "Organization"
    assert dict(company.properties) == {
        "name": ("Lantern Trading",),
        "imoNumber": ("9074729",),
        "registrationNumber": ("HRB 1",),
        "notes": ("position: tea house", "Registration, HRB 1: GERMANY"),
    }


def test_an_unknown_kind_of_subject_is_a_legal_entity_and_a_note() -> None:
    odd = entities_of(WHOLE)["eu-15"]
    assert (odd.schema, odd.properties["notes"]) == ("LegalEntity", ("Kind of subject: airship",))


def test_counts_equal_an_independent_count() -> None:
    root = ElementTree.fromstring(WHOLE)
    entries = root.findall(f"{{{NAMESPACE}}}sanctionEntity")
    kinds = Counter(each.get("code") for each in root.iter(f"{{{NAMESPACE}}}subjectType"))
    passports = [
        each
        for each in root.iter(f"{{{NAMESPACE}}}identification")
        if each.get("identificationTypeCode") == "passport"
    ]
    places = [each for each in root.iter(f"{{{NAMESPACE}}}address") if each.get("city")]

    found = Counter(entity.schema for entity in read(WHOLE)[0].entities)

    assert found == {
        "Person": kinds["person"],
        "Organization": kinds["enterprise"],
        "LegalEntity": kinds["airship"],
        "Sanction": len(entries),
        "Passport": len(passports),
        "Address": len(places),
    }


def test_each_attribute_of_an_entry_is_carried_or_reported() -> None:
    imported, report = read(WHOLE)
    carried = " ".join(
        value
        for entity in imported.entities
        for values in entity.properties.values()
        for value in values
    ).casefold()
    carried += " ".join(entity.id + entity.schema for entity in imported.entities).casefold()
    stays = {finding.column for finding in report if finding.concern is Concern.STAYS_HOME}
    understood = {"true", "false", "M", "GREGORIAN", "AF", "UG", "DE", "00", "UNKNOWN", "UGANDA"}
    understood |= {"enterprise", "passport", "id", "imo", "IMO number", "regnumber", "EMAIL"}

    for path, text in texts(WHOLE):
        assert text.casefold() in carried or text in understood or path in stays, path


def texts(data: bytes) -> Iterator[tuple[str, str]]:
    """Yields path and text of each element and attribute within an entry."""
    for entry in ElementTree.fromstring(data):
        waiting = [(entry, "sanctionEntity")]
        while waiting:
            element, path = waiting.pop()
            if text := (element.text or "").strip():
                yield path, text
            for name, text in element.attrib.items():
                if text:
                    yield f"{path}/@{name}", text
            waiting += [(child, f"{path}/{child.tag.rpartition('}')[2]}") for child in element]


def test_the_report_has_path_and_entry_of_what_only_the_entry_says() -> None:
    _, report = read(WHOLE)
    stays = [finding for finding in report if finding.concern is Concern.STAYS_HOME]

    assert [(finding.column, finding.object) for finding in stays if finding.object] == [
        ("sanctionEntity/shoe", "EU.1.23"),
        ("sanctionEntity/shoe/@size", "EU.1.23"),
    ]
    once = Counter(finding.column for finding in stays)
    assert set(once.values()) == {1}
    assert once["sanctionEntity/nameAlias/@nameLanguage"] == 1
    assert once["export/@generationDate"] == 1
    doubts = [finding for finding in report if finding.concern is Concern.UNVALIDATED]
    assert [(each.column, each.object) for each in doubts] == [
        ("sanctionEntity/nameAlias", "EU.1.23")
    ]


def test_an_entry_in_another_namespace_is_reported() -> None:
    foreign = ODD.replace("<sanctionEntity ", "<sanctionEntity xmlns='urn:other' ")
    imported, report = read(document(COMPANY + foreign))
    assert {entity.id.split("-")[1] for entity in imported.entities} == {"EU.2.34"}
    assert ("sanctionEntity", "an entry outside the list, or in another namespace") in {
        (finding.column, finding.why) for finding in report
    }


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(document(""), id="no entry"),
        pytest.param(document(ODD, namespace="urn:other"), id="another namespace"),
        pytest.param(document(ODD + ODD), id="an entry twice"),
        pytest.param(document("<sanctionEntity/>"), id="no reference"),
        pytest.param(b'<!DOCTYPE x [<!ENTITY a "b">]>' + document(ODD)[55:], id="entities of XML"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused(data: bytes) -> None:
    with pytest.raises(ImportRefused, match="line"):
        read(data)


def memory(count: int) -> int:
    entries = (PLAIN.replace("EU.2.34", f"EU.2.{number}").encode() for number in range(count))

    def read(stream: BinaryIO) -> None:
        made = IMPORTER.read(stream, {}, Report())
        assert sum(entity.schema == "Sanction" for entity in made) == count

    return peak(read, around(document("<here/>"), b"<here/>", entries))


def test_memory_does_not_grow_with_the_number_of_entries() -> None:
    memory(10)  # what is loaded once
    assert memory(1_500) < 1.5 * memory(300)
