"""FollowTheMoney JSON lines: one entity a line, ``{"id", "schema", "properties"}``.

Unknown schemata and properties are kept and reported; the sender decides whether to send them.
Keys of other tools beside an entity (data sets, dates of observation) describe their stores and
are not sent.
"""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from tearline.errors import ImportRefused, MalformedInput
from tearline_client.connectors.contract import Importer
from tearline_client.connectors.importers.json_reader import verify_unicode
from tearline_client.connectors.importers.judgement import judge
from tearline_client.connectors.importers.readings import PROGRAM, Habits
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather
from tearline_client.connectors.importers.source import open_source, read_lines
from tearline_client.documents import faults
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import GENERALISED, NEVER_TRAVELS
from tearline_runtime.file_keys import key_tables

KEYS = key_tables(__package__, "ftm_keys.toml")["file"]
# Of Aleph, OpenSanctions and yente.
_KEYS_BESIDE = frozenset(
    {
        "caption",
        "collection_id",
        "context",
        "created_at",
        "datasets",
        "first_seen",
        "last_change",
        "last_seen",
        "mutable",
        "origin",
        "referents",
        "role_id",
        "statements",
        "target",
        "updated_at",
    }
)


def read_ftm(path: Path, *, as_typed: bool = False) -> Imported:
    """Returns the entities of a complete file that a person wrote.

    Args:
        path: The file.
        as_typed: Whether values without one reading are kept as they are.

    Raises:
        ImportRefused: If the file or a line is invalid; or a sum, number, currency, date, country
            or gender has no reading, or two, and is not kept.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    report = Report()
    with open_source(path) as stream:
        return gather(iter_ftm(stream, report, typed=None if as_typed else PROGRAM), report)


def parse_ftm(data: bytes) -> Imported:
    """Returns the entities of a complete text; raises as ``read_ftm``."""
    report = Report()
    return gather(iter_ftm(BytesIO(data), report), report)


def iter_ftm(stream: BinaryIO, report: Report, *, typed: Habits | None = None) -> Iterator[Entity]:
    """Yields entities line by line, in bounded memory; reports doubtful values.

    Args:
        stream: The file.
        report: Takes the findings.
        typed: Habits of the person who wrote it and can be asked; None for a program.

    Raises:
        ImportRefused: At the first line that is not an entity, or has such a value.
    """
    for line, text in read_lines(stream):
        yield _entity(line, text, report, typed=typed)


def _entity(line: int, text: str, report: Report, *, typed: Habits | None) -> Entity:
    data = _object(line, text)
    ftm_id, schema, properties = data.get("id"), data.get("schema"), data.get("properties", {})
    if not (isinstance(ftm_id, str) and isinstance(schema, str) and isinstance(properties, dict)):
        raise ImportRefused(f"line {line}: an entity has an id, a schema and properties")
    coarse = data.get(GENERALISED, [])
    if not (
        isinstance(coarse, list)
        and all(isinstance(name, str) and name in properties for name in coarse)
    ):
        raise ImportRefused(f"line {line}: {GENERALISED} names properties of the entity")
    kept: dict[str, tuple[str, ...]] = {}
    for name, values in properties.items():
        if not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
            raise ImportRefused(f"line {line}: values of a property are a list of texts")
        if name in NEVER_TRAVELS:
            report.add(
                Concern.STAYS_HOME, "a secret of the account", line=line, column=f"{schema}.{name}"
            )
        elif name in coarse:
            why = "a generalised form, which is not the value"
            report.add(Concern.STAYS_HOME, why, line=line, column=f"{schema}.{name}")
        elif values:
            kept[name] = tuple(values)
    try:
        entity = Entity(id=ftm_id, schema=schema, properties=kept)
    except MalformedInput as malformed:
        raise ImportRefused(f"line {line}: {malformed.why}") from None
    for key in data:
        if key in _KEYS_BESIDE:
            why = "describes another store, not the entity, in each line that has it"
            report.add_once(Concern.STAYS_HOME, why, line=line, column=key)
        elif key not in KEYS.names:
            raise ImportRefused(f"line {line}: a key that no entity has")
    return judge(entity, report, line=line, typed=typed)


def _object(line: int, text: str) -> dict[str, Any]:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            raise ImportRefused(f"line {line}: a key appears twice")
        return found

    try:
        data = json.loads(
            text,
            object_pairs_hook=pairs,
            parse_int=_no_number,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
        verify_unicode(text, data)
    except faults.JSON:
        raise ImportRefused(f"line {line}: not JSON, or nested too deep") from None
    if not isinstance(data, dict):
        raise ImportRefused(f"line {line}: not a JSON object")
    return data


def _no_number(_: str) -> None:
    """Returns None for a number: entities have none, and a long one takes time to parse."""


IMPORTER = Importer(
    summary="Send all entities of FILE, FollowTheMoney JSON lines.",
    details="""\
Example: tearline import ftm entities.json --to mx-prosecutor --agreement narcotics-2026 \
--article money-laundering --purpose criminal-investigation""",
    read=lambda stream, options, report: iter_ftm(stream, report),
)
