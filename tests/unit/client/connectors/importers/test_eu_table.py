"""The EU's list as CSV makes the entities of its XML, and drops no cell."""

import csv
import io
import re
from collections import Counter
from typing import Any
from xml.etree import ElementTree

import pytest

from tearline.errors import ImportRefused
from tearline_client.connectors.importers.eu import iter_eu
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather
from unit.client.connectors.importers.test_eu import COMPANY, ODD, PERSON, document, read

PREFIXES = {
    "regulation": "Entity_Regulation",
    "nameAlias": "NameAlias",
    "address": "Address",
    "birthdate": "BirthDate",
    "identification": "Identification",
    "citizenship": "Citizenship",
}
COLUMNS = {
    "Entity_EuReferenceNumber": "Entity_EU_ReferenceNumber",
    "Entity_Regulation_RegulationType": "Entity_Regulation_Type",
    "BirthDate_Birthdate": "BirthDate_BirthDate",
    "BirthDate_DayOfMonth": "BirthDate_Day",
    "BirthDate_MonthOfYear": "BirthDate_Month",
    "Identification_IdentificationTypeCode": "Identification_TypeCode",
    "Identification_IdentificationTypeDescription": "Identification_TypeDescription",
}
FLAGS = (  # yes or no; and the key, without which there is no entry
    "_AsAtListingTime",
    "_Circa",
    "_Diplomatic",
    "_KnownExpired",
    "_KnownFalse",
    "_ReportedLost",
    "_RevokedByIssuer",
    "_Strong",
    "Entity_LogicalId",
)
Row = dict[str, str]


def cells(prefix: str, element: ElementTree.Element) -> Row:
    """Returns the cells of an element's attributes and texts."""
    made = {f"{prefix}_{name[0].upper()}{name[1:]}": text for name, text in element.items()}
    for child in element:
        tag = child.tag.rpartition("}")[2]
        if tag in ("remark", "publicationUrl"):
            made[f"{prefix}_{tag[0].upper()}{tag[1:]}"] = child.text or ""
        elif tag == "regulationSummary":
            made |= {
                name.replace("RegulationType", "Type"): text
                for name, text in cells(f"{prefix}_Regulation", child).items()
            }
    return {COLUMNS.get(name, name): text for name, text in made.items()}


def rows(data: bytes) -> list[Row]:
    """Returns the rows of a list: one for each part of an entry, with the entry and its act."""
    made: list[Row] = []
    for entry in ElementTree.fromstring(data):
        whole = cells("Entity", entry)
        parts = []
        for element in entry:
            tag = element.tag.rpartition("}")[2]
            if tag == "subjectType":
                whole["Entity_SubjectType"] = element.get("classificationCode", "")
                whole["Entity_SubjectType_ClassificationCode"] = element.get("code", "")
            elif tag == "regulation":
                whole |= cells(PREFIXES[tag], element)
            elif tag in PREFIXES:
                parts.append(cells(PREFIXES[tag], element))
        made += [{"fileGenerationDate": "02/01/2026", **whole, **part} for part in parts]
    return made


def table(made: list[Row], *, mark: str = "\ufeff", more: str = "") -> bytes:
    columns = list(dict.fromkeys(name for row in made for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=";", restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(made)
    return f"{mark}{text.getvalue()}{more}".encode()


def plain(entry: str) -> str:
    """Returns an entry without the elements that the table has no columns for."""
    return re.sub(r"<contactInfo[^>]*/>|<shoe.*</shoe>", "", entry)


LISTED = document(plain(PERSON) + COMPANY + ODD)


def comparable(imported: Imported) -> Any:
    return [(e.id, e.schema, dict(e.properties)) for e in imported.entities]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_table_makes_the_entities_of_the_xml(mark: str) -> None:
    imported, _ = read(table(rows(LISTED), mark=mark))
    assert comparable(imported) == comparable(read(LISTED)[0])


def test_counts_equal_an_independent_count() -> None:
    data = table(rows(LISTED))
    records = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    imported, _ = read(data)
    counts = Counter(entity.schema for entity in imported.entities)
    assert counts["Sanction"] == len({row["Entity_LogicalId"] for row in records})
    assert counts["Passport"] + counts["Identification"] == len(
        {
            row["Identification_LogicalId"]
            for row in records
            if row["Identification_Number"] and row["Identification_TypeCode"] in ("passport", "id")
        }
    )


def test_a_part_that_is_repeated_in_further_rows_is_one() -> None:
    made = rows(LISTED)
    again = [row for row in made for _ in range(2)]
    assert comparable(read(table(again))[0]) == comparable(read(LISTED)[0])


def test_each_cell_is_carried_or_reported() -> None:
    canary = "canary-7e"
    made = rows(LISTED)
    for column in sorted({name for row in made for name in row if not name.endswith(FLAGS)}):
        changed = [{**row, column: canary} for row in made if "Qiu Wenhao" in row.values()][:1]
        report = Report()
        imported = gather(iter_eu(io.BytesIO(table(changed)), report), report)
        told = canary in repr(comparable(imported))
        leaf = column.rpartition("_")[2].lower()
        reported = {f.column.lower() for f in report if f.concern is Concern.STAYS_HOME}
        assert told or any(leaf in each for each in reported), column


def test_the_contact_and_columns_of_no_entry_are_told() -> None:
    made = [{**row, "Address_ContactInfo": "desk", "Other": "x"} for row in rows(LISTED)[-1:]]
    imported, report = read(table(made))
    assert "Contact: desk" in repr(comparable(imported))
    assert {f.column for f in report} >= {"Other", "fileGenerationDate"}


@pytest.mark.parametrize(
    "data",
    [
        b"fileGenerationDate;Other\r\n1;2\r\n",
        b"fileGenerationDate;Entity_LogicalId\r\n",
        b"fileGenerationDate;Entity_LogicalId\r\n1;2;3\r\n",
        table([*rows(LISTED), *rows(LISTED)]),
        table([{**row, "Entity_LogicalId": ""} for row in rows(document(ODD))]),
    ],
    ids=["no key", "no entry", "more cells", "an entry twice", "no reference"],
)
def test_another_table_is_refused(data: bytes) -> None:
    with pytest.raises(ImportRefused, match="line"):
        read(data)
