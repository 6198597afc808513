"""Files of every importer's format, of records that have nothing to do with each other."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from tearline_client.connectors.contract import Importer
from tearline_client.connectors.importers.ofac import COLUMNS
from tearline_client.connectors.registry import IMPORTERS, Connector, load, offers

MAPPING = """
[entities.owner]
schema = "Person"
id = ["Number"]

[entities.owner.properties]
name = "Name"
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A format, and files of it.

    Attributes:
        importer: Name of its importer.
        content: Returns a file with a record for each id, each of which becomes a packet.
        files: Texts of options that name files.
    """

    importer: str
    content: Callable[[Sequence[str]], bytes]
    files: Mapping[str, str] = field(default_factory=dict)

    def command(self, folder: Path, ids: Sequence[str]) -> list[str]:
        """Writes the file and those of its options; returns the words behind ``import``."""
        file = folder / f"source.{self.importer}"
        file.write_bytes(self.content(ids))
        words = [self.importer, str(file)]
        for name, text in self.files.items():
            (folder / name).write_text(text)
            words += [f"--{name}", str(folder / name)]
        return words

    def loaded(self) -> tuple[Connector[Importer], Mapping[str, str]]:
        """Returns the importer, and the values of its options."""
        importer = load(offers(IMPORTERS)[self.importer], Importer)
        return importer, {each.name: "" for each in importer.value.options} | {**self.files}


def _people(ids: Sequence[str]) -> bytes:
    lines = (
        {"id": each, "schema": "Person", "properties": {"name": [f"Nobody {each}"]}} for each in ids
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def _table(ids: Sequence[str]) -> bytes:
    return "".join(["Number,Name\n", *(f"{each},Nobody {each}\n" for each in ids)]).encode()


def _workbook(ids: Sequence[str]) -> bytes:
    from openpyxl import Workbook  # of the extra client

    book, target = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for row in (("Number", "Name"), *((each, f"Nobody {each}") for each in ids)):
        sheet.append(row)
    book.save(target)
    return target.getvalue()


def _camt(ids: Sequence[str]) -> bytes:
    """Returns statements of one entry each, of accounts that have nothing to do with each other."""
    statements = "".join(
        f"<Stmt><Id>{each}</Id><Acct><Id><Othr><Id>{each}</Id></Othr></Id></Acct><Ntry>"
        "<Amt Ccy='EUR'>1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>"
        "<BookgDt><Dt>2026-03-01</Dt></BookgDt></Ntry></Stmt>\n"
        for each in ids
    )
    namespace = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
    return (
        f"<Document xmlns='{namespace}'><BkToCstmrStmt>{statements}</BkToCstmrStmt></Document>"
    ).encode()


def _mt940(ids: Sequence[str]) -> bytes:
    """Returns the same as messages of SWIFT."""
    return "".join(
        f":20:{each}\n:25:BANK/{each}\n:28C:1\n:60F:C260301EUR1,00\n"
        f":61:260301D1,00NTRFNONREF\n:62F:C260301EUR0,00\n-\n"
        for each in ids
    ).encode()


def _ofac(ids: Sequence[str]) -> bytes:
    empty = ["-0-"] * (len(COLUMNS) - 3)
    rows = (
        [str(number), f"NOBODY {each}", "individual", *empty] for number, each in enumerate(ids)
    )
    return "\n".join(map(",".join, [[*COLUMNS], *rows])).encode()


def _un(ids: Sequence[str]) -> bytes:
    entries = "".join(
        f"<ENTITY><DATAID>{each}</DATAID><FIRST_NAME>NOBODY {each}</FIRST_NAME></ENTITY>\n"
        for each in ids
    )
    return f"<CONSOLIDATED_LIST><ENTITIES>{entries}</ENTITIES></CONSOLIDATED_LIST>".encode()


def _eu(ids: Sequence[str]) -> bytes:
    rows = "".join(f"02/01/2026;{each};person;Nobody {each}\n" for each in ids)
    head = "fileGenerationDate;Entity_LogicalId;Entity_SubjectType;NameAlias_WholeName\n"
    return (head + rows).encode()


def _eu_xml(ids: Sequence[str]) -> bytes:
    entries = "".join(
        f"<sanctionEntity logicalId='{each}'><subjectType code='person'/>"
        f"<nameAlias wholeName='Nobody {each}' strong='true'/></sanctionEntity>\n"
        for each in ids
    )
    return f"<export xmlns='http://eu.europa.ec/fpi/fsd/export'>{entries}</export>".encode()


def _stix(ids: Sequence[str]) -> bytes:
    objects = [
        {
            "type": "identity",
            "spec_version": "2.1",
            "id": f"identity--{_uuid(each)}",
            "created": "2026-01-01T00:00:00.000Z",
            "modified": "2026-01-01T00:00:00.000Z",
            "name": f"Nobody {each}",
            "identity_class": "individual",
        }
        for each in ids
    ]
    bundle = {"type": "bundle", "id": f"bundle--{_uuid('all')}", "objects": objects}
    return json.dumps(bundle, indent=0).encode()


def _misp(ids: Sequence[str]) -> bytes:
    objects = [
        {
            "uuid": _uuid(each),
            "name": "person",
            "Attribute": [
                {
                    "uuid": _uuid(f"name of {each}"),
                    "object_relation": "full-name",
                    "type": "full-name",
                    "value": f"Nobody {each}",
                }
            ],
        }
        for each in ids
    ]
    return json.dumps({"Event": {"Object": objects}}, indent=0).encode()


def _uuid(text: str) -> str:
    return str(uuid5(NAMESPACE_URL, text))


SOURCES: Mapping[str, Source] = {
    "ftm": Source("ftm", _people),
    "csv": Source("csv", _table, {"mapping": MAPPING}),
    "xlsx": Source("csv", _workbook, {"mapping": MAPPING}),
    "camt": Source("camt", _camt),
    "mt940": Source("mt940", _mt940),
    "ofac": Source("ofac", _ofac),
    "un": Source("un", _un),
    "eu": Source("eu", _eu),
    "eu-xml": Source("eu", _eu_xml),
    "stix": Source("stix", _stix),
    "misp": Source("misp", _misp),
}
"""Sources by format; OpenSanctions publishes FollowTheMoney's."""
