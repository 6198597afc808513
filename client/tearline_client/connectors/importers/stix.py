"""Importer of STIX 2.1 bundles: identities, locations, accounts, files, notes and relationships.

The file is read twice: first the marking definitions and the newest version of each object, then
the objects one by one. An entity's id is that of its object, so equal files make equal entities.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from tearline.errors import ImportRefused
from tearline_client.connectors.contract import Importer
from tearline_client.connectors.exporters.stix_shapes import VOCABULARY
from tearline_client.connectors.importers.json_records import json_records
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.stix_markings import MARKINGS, Definitions
from tearline_client.connectors.importers.stix_objects import (
    ObjectReader,
    object_path,
    own_extension,
)
from tearline_client.planning.entities import Entity

_ID = re.compile(r"([a-z0-9-]{1,64})--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_MARKING = "marking-definition"
_BESIDE = ("created", "modified", "created_by_ref")
_BUNDLE = frozenset({"type", "id", "spec_version"})
_SAME_IN_COPIES = (*sorted(MARKINGS), "revoked")
_OURS = frozenset(each["id"] for each in VOCABULARY)


def iter_stix(
    stream: BinaryIO, report: Report, carried: Callable[[str], object] = lambda object_id: None
) -> Iterator[Entity]:
    """Yields the entities of a bundle object by object, in bounded memory; reports the rest.

    Args:
        stream: The file.
        report: Takes the findings.
        carried: Called with the id of each object that an entity or a marking was made of.

    Raises:
        ImportRefused: If the file is no bundle of STIX 2.1, or an object has no id of its type.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    index = _Index(stream)
    reader = ObjectReader(report, index.ids)
    seen: set[str] = set()
    for line, made in bundle_objects(stream, report):
        object_id = made["id"]
        if made["type"] == _MARKING:
            if why := index.definitions.add(made):
                report.add(Concern.STAYS_HOME, why, line=line, column=_MARKING, id=object_id)
            else:
                carried(object_id)
            continue
        if object_id in _OURS:
            carried(object_id)
            continue
        if _version(made) != index.newest[object_id]:
            why = "a later version of the object is in the file"
            report.add(Concern.STAYS_HOME, why, line=line, column="modified", id=object_id)
            continue
        if object_id in index.disputed:
            why = "the file holds this version of the object with different markings"
            report.add(Concern.STAYS_HOME, why, line=line, column="object", id=object_id)
            continue
        if made.get("revoked") is True:
            why = "its creator revoked it"
            report.add(Concern.STAYS_HOME, why, line=line, column="revoked", id=object_id)
            continue
        if object_id in index.repeated:
            if object_id in seen:
                report.repeat(line)
            seen.add(object_id)
        for name in _BESIDE:
            if name in made:
                why = "describes the object, not the entity, in each object that has it"
                report.add_once(Concern.STAYS_HOME, why, line=line, column=name)
        labels = index.definitions.labels(made, is_own=own_extension(made) is not None)
        entity = reader.entity(line, made, labels)
        if entity is not None:
            carried(object_id)
            yield entity


class _Index:
    """First reading of a bundle.

    Attributes:
        definitions: Its marking definitions.
        newest: Newest version by object.
        repeated: Ids of objects that it holds several times.
        disputed: Ids of objects of which copies of the newest version differ in their markings, or
            in whether they are revoked.
        ids: Object by an entity's id, of the objects that Tearline made.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.definitions = Definitions()
        self.newest: dict[str, str] = {}
        self.repeated: set[str] = set()
        self.disputed: set[str] = set()
        self.ids: dict[str, str] = {}
        marked: dict[str, int] = {}
        for _, made in bundle_objects(stream):
            object_id, version = made["id"], _version(made)
            marks = hash(repr([made.get(name) or None for name in _SAME_IN_COPIES]))
            if version > self.newest.get(object_id, ""):
                self.disputed.discard(object_id)
                marked[object_id] = marks
            elif (
                version == self.newest.get(object_id, version)
                and marked.setdefault(object_id, marks) != marks
            ):
                self.disputed.add(object_id)
            if made["type"] == _MARKING:
                self.definitions.add(made)
            if object_id in self.newest:
                self.repeated.add(object_id)
            self.newest[object_id] = max(self.newest.get(object_id, ""), version)
            extension = own_extension(made)
            told = extension.get("ids") if extension else None
            for each in told if isinstance(told, list) else ():
                if isinstance(each, str):
                    self.ids.setdefault(each, object_id)


def _version(made: Mapping[str, Any]) -> str:
    """Returns a text that is greater for a later version; observables have none."""
    modified = made.get("modified", "")
    return modified.rstrip("Z") if isinstance(modified, str) else ""


def bundle_objects(
    stream: BinaryIO, report: Report | None = None
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yields each object of a bundle, or of a TAXII envelope, with its line.

    Args:
        stream: The file.
        report: Takes other parts of the bundle; None to leave them out.

    Raises:
        ImportRefused: If the file is none, or an object is not of STIX 2.1 or has no id of its
            type.
        ImportTooLarge: If it exceeds the bounds of one import.
    """
    stream.seek(0)
    is_list = False
    for line, name, value in json_records(stream, "objects"):
        if name != "objects":
            if name == "type" and value != "bundle":
                raise ImportRefused(f"line {line}: not a bundle")
            if name == "spec_version" and value != "2.1":
                raise ImportRefused(f"line {line}: the bundle is not of STIX 2.1")
            if name not in _BUNDLE and report is not None:
                why = "describes the bundle, not an object"
                column = object_path("bundle", name)
                report.add_once(Concern.STAYS_HOME, why, line=line, column=column)
            continue
        is_list = True
        kind = value.get("type") if isinstance(value, dict) else None
        match = _ID.match(value["id"]) if kind and isinstance(value.get("id"), str) else None
        if match is None or match[1] != kind:
            raise ImportRefused(f"line {line}: an object has a type, and an id of that type")
        if value.get("spec_version", "2.1") != "2.1":
            raise ImportRefused(f"line {line}: the object is not of STIX 2.1")
        yield line, value
    if not is_list:
        raise ImportRefused("line 1: no objects in a bundle")


IMPORTER = Importer(
    summary="Send all entities of FILE, a STIX 2.1 bundle.",
    details="""\
Identities become persons and organizations; locations, user accounts, e-mail addresses, files, \
notes and relationships become entities, too. Other objects are reported. A value with a stricter \
marking than that of the marking profile is not sent.

Example: tearline import stix bundle.json --to mx-prosecutor --agreement narcotics-2026 \
--article money-laundering --purpose criminal-investigation""",
    read=lambda stream, options, report: iter_stix(stream, report),
)
