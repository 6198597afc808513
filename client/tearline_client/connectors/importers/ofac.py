"""Importer of the list of Specially Designated Nationals, one table (CSV).

Each row becomes a party and its sanction, with an entity for each identity document, wallet and
link in its remarks. Unknown fragments are kept literally in the party's notes, and reported.
No value of a row is lost.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tearline.errors import ImportRefused, MalformedInput
from tearline_client.connectors.contract import Importer
from tearline_client.connectors.importers.countries import country_code
from tearline_client.connectors.importers.identifiers import check, check_property
from tearline_client.connectors.importers.ofac_remarks import PASSPORT, Remark, Topic, parse_remarks
from tearline_client.connectors.importers.readings import Habits
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather, reported
from tearline_client.connectors.importers.source import open_source, peek, read_table
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import property_of

COLUMNS = (
    "ent_num",
    "SDN_Name",
    "SDN_Type",
    "Program",
    "Title",
    "Call_Sign",
    "Vess_type",
    "Tonnage",
    "GRT",
    "Vess_flag",
    "Vess_owner",
    "Remarks",
)
_NOTHING = "-0-"  # the list's empty cell
_AUTHORITY = "Office of Foreign Assets Control"
_SCHEMA_BY_TYPE = {
    "individual": "Person",
    "vessel": "Vessel",
    "aircraft": "Airplane",
    # The list does not distinguish companies, public bodies and gangs.
    "": "LegalEntity",
}
_HABITS = Habits(decimal=".", plain=True)  # of the list: thousands are divided by commas
_HOLDERS = frozenset({"Person", "LegalEntity"})
_PROPERTY_BY_COLUMN = {
    "SDN_Name": "name",
    "Title": "position",
    "Call_Sign": "callSign",
    "Vess_type": "type",
    "Tonnage": "tonnage",
    "GRT": "grossRegisteredTonnage",
    "Vess_flag": "flag",
    "Vess_owner": "",  # a name; FollowTheMoney requires an entity
}
_LINK_ROLE = "Linked To"


def read_ofac(path: Path) -> Imported:
    """Returns the entities of the complete list.

    Raises:
        ImportRefused: If the file is no such table.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    report = Report()
    with open_source(path) as stream:
        return gather(iter_ofac(stream, report), report)


def iter_ofac(stream: BinaryIO, report: Report) -> Iterator[Entity]:
    """Yields entities row by row; reports doubtful values.

    The file is read twice, since a link names a party of any row: first the names, then the rows.

    Raises:
        ImportRefused: If a column is missing or unknown, or a row's number is invalid or
            repeated.
    """
    ids: dict[str, str] = {}  # by name; empty if several parties have it
    seen: set[str] = set()
    for line, row in _rows(stream, Report()):
        number = row["ent_num"]
        if not (number.isascii() and number.isdigit()) or number in seen:
            raise ImportRefused(f"line {line}: the entry's number is not one, or not its own")
        seen.add(number)
        ids[row["SDN_Name"]] = "" if row["SDN_Name"] in ids else _id(row)
    for line, row in _rows(stream, report):
        try:
            yield from _Listing(line=line, row=row, ids=ids, report=report).entities()
        except MalformedInput as malformed:
            raise ImportRefused(f"line {line}: {malformed.why}") from None


def _rows(stream: BinaryIO, report: Report) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yields the rows with their lines, from the beginning of the file."""
    stream.seek(0)
    # The Treasury's own file has no header: its first cell is the number of an entry.
    is_bare = peek(stream, 8).removeprefix(b"\xef\xbb\xbf").lstrip(b'"')[:1].isdigit()
    header, records = read_table(stream, header=COLUMNS if is_bare else (), hidden=reported(report))
    if set(header) != set(COLUMNS):
        raise ImportRefused(f"line 1: the columns are {', '.join(COLUMNS)}")
    for line, row in records:
        yield line, {column: _cell(text) for column, text in row.items()}


def _cell(text: str) -> str:
    stripped = text.strip()
    return "" if stripped == _NOTHING else stripped


def _id(row: Mapping[str, str]) -> str:
    return f"ofac-{row['ent_num']}"


@dataclass(slots=True, kw_only=True)
class _Listing:
    """State of one row's conversion; ``found`` and ``beside`` collect its entities."""

    line: int
    row: Mapping[str, str]
    ids: Mapping[str, str]
    report: Report
    found: dict[str, list[str]] = field(default_factory=dict)
    beside: list[Entity] = field(default_factory=list)

    @property
    def id(self) -> str:
        return _id(self.row)

    @property
    def schema(self) -> str:
        return _SCHEMA_BY_TYPE.get(self.row["SDN_Type"].lower(), "LegalEntity")

    def entities(self) -> Iterator[Entity]:
        if self.row["SDN_Type"].lower() not in _SCHEMA_BY_TYPE:
            self._note(f"SDN_Type: {self.row['SDN_Type']}", "SDN_Type", 0)
        for column, name in _PROPERTY_BY_COLUMN.items():
            if text := self.row[column]:
                self._put(name, text, column=column, otherwise=f"{column}: {text}")
        provisions = []
        for remark in parse_remarks(self.row["Remarks"]):
            if remark.topic is Topic.PROVISION:
                provisions.append(remark.value)
            else:
                self._remark(remark)
        yield Entity(
            id=self.id,
            schema=self.schema,
            properties={name: tuple(values) for name, values in self.found.items()},
        )
        yield self._sanction(provisions)
        yield from self.beside

    def _sanction(self, provisions: list[str]) -> Entity:
        programs = tuple(filter(None, self.row["Program"].split("] [")))
        return _entity(
            f"{self.id}-sanction",
            "Sanction",
            entity=(self.id,),
            authority=(_AUTHORITY,),
            authorityId=(self.row["ent_num"],),
            country=("us",),
            program=programs,
            provisions=tuple(provisions),
        )

    def _remark(self, remark: Remark) -> None:
        if remark.topic in (Topic.TEXT, Topic.DATE, Topic.COUNTRY):
            self._put(
                remark.label,
                remark.value,
                column="Remarks",
                otherwise=remark.text,
                part=remark.part,
                form=remark.format,
            )
            if remark.country:
                self._associated_country(remark.country)
        elif remark.topic is Topic.DOCUMENT and self.schema in _HOLDERS:
            self._document(remark)
        elif remark.topic is Topic.WALLET and self.schema in _HOLDERS:
            self._wallet(remark)
        elif remark.topic is Topic.LINK:
            self._link(remark)
        else:
            self._note(remark.text, "Remarks", remark.part)

    def _put(
        self, name: str, text: str, *, column: str, otherwise: str, part: int = 0, form: str = ""
    ) -> None:
        """Adds a value of the party's property, or a note if its schema lacks the property."""
        known = property_of(self.schema, name)
        if known is None:
            self._note(otherwise, column, part)
            return
        verdict = check(form, text) if form else check_property(known, text, _HABITS)
        if verdict.normal is None:
            self._doubt(verdict.why, part, column=column)
        elif verdict.how:
            text = verdict.normal
        self.found.setdefault(name, []).append(text)

    def _associated_country(self, name: str) -> None:
        """Adds the issuing country of a number without a document."""
        code = country_code(name) or name
        if code not in self.found.setdefault("country", []):
            self.found["country"].append(code)

    def _document(self, remark: Remark) -> None:
        country = country_code(remark.country)
        if remark.country and country is None:
            self._doubt("no country of that name is known", remark.part)
        self._beside(
            remark,
            "Passport" if remark.label == PASSPORT else "Identification",
            holder=(self.id,),
            type=(remark.label,),
            number=(remark.value,),
            country=(country or remark.country,),
            startDate=(remark.issued,),
            endDate=(remark.expires,),
        )

    def _wallet(self, remark: Remark) -> None:
        verdict = check("wallet", remark.value)
        if verdict.normal is None:
            self._doubt(verdict.why, remark.part)
        self._beside(
            remark,
            "CryptoWallet",
            holder=(self.id,),
            currencySymbol=(remark.label,),
            publicKey=(remark.value,),
        )

    def _link(self, remark: Remark) -> None:
        # The full stop may end the sentence or, as in "CO., LTD.", belong to the name.
        target = self.ids.get(remark.value) or self.ids.get(remark.value + ".")
        if not target or target == self.id:
            self._note(remark.text, "Remarks", remark.part)
        else:
            self._beside(
                remark, "UnknownLink", subject=(self.id,), object=(target,), role=(_LINK_ROLE,)
            )

    def _beside(self, remark: Remark, schema: str, **properties: tuple[str, ...]) -> None:
        self.beside.append(_entity(f"{self.id}-{remark.part}", schema, **properties))

    def _note(self, text: str, column: str, part: int) -> None:
        self.found.setdefault("notes", []).append(text)
        self.report.add(
            Concern.NOT_UNDERSTOOD, "kept as a note", line=self.line, column=column, part=part
        )

    def _doubt(self, why: str, part: int, *, column: str = "Remarks") -> None:
        self.report.add(Concern.UNVALIDATED, why, line=self.line, column=column, part=part)


def _entity(ftm_id: str, schema: str, **properties: tuple[str, ...]) -> Entity:
    """Returns an entity with the values that are not empty."""
    kept = {name: tuple(filter(None, values)) for name, values in properties.items()}
    return Entity(
        id=ftm_id,
        schema=schema,
        properties={name: values for name, values in kept.items() if values},
    )


IMPORTER = Importer(
    summary="Send all entities of FILE, the US Treasury's SDN list as CSV.",
    details="""\
The list names Specially Designated Nationals, who are under sanctions.

Example: tearline import ofac sdn.csv --to mx-prosecutor --agreement narcotics-2026 --article \
money-laundering --purpose criminal-investigation""",
    read=lambda stream, options, report: iter_ofac(stream, report),
)
