"""One object of STIX 2.1 as an entity, with a finding for each value that is not carried."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.errors import ImportRefused, MalformedInput
from tearline_client.connectors.exporters.graph import ENDS
from tearline_client.connectors.exporters.stix_shapes import (
    ENTITY,
    ENTITY_EXTENSION,
    OBJECT_EXTENSION,
    SHAPES,
    link_shape,
    plain_time,
)
from tearline_client.connectors.importers.caveats import UNKNOWN, unkept
from tearline_client.connectors.importers.judgement import judge
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.importers.stix_markings import MARKINGS, Labels
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import NEVER_TRAVELS, is_reference

StixObject = Mapping[str, Any]

_PATH = re.compile(r"[a-z0-9_-]{1,64}\Z")
_OF_EACH = frozenset({"type", "spec_version", "id", "created", "modified", "created_by_ref"})
_CARRIED = frozenset({"schema", "property", "properties", "extension_type"})


@immutable
class Reading:
    """Rule that makes an entity of an object of another program.

    Attributes:
        schema: Schema of its entity.
        properties: Property of the entity by that of the object.
        remarks: Property of the entity for values without one, with the names of those values.
    """

    schema: str
    properties: Mapping[str, str]
    remarks: tuple[str, frozenset[str]] = ("notes", frozenset())


_PARTY = {
    "name": "name",
    "description": "description",
    "sectors": "sector",
    "labels": "keywords",
}
_PARTY_REMARKS = ("notes", frozenset({"contact_information", "roles"}))
_READINGS: Mapping[str, Reading] = {
    "location": Reading(
        schema="Address",
        properties={
            "name": "name",
            "description": "description",
            "country": "country",
            "region": "region",
            "administrative_area": "state",
            "city": "city",
            "street_address": "street",
            "postal_code": "postalCode",
            "latitude": "latitude",
            "longitude": "longitude",
            "labels": "keywords",
        },
    ),
    "user-account": Reading(
        schema="UserAccount",
        properties={
            "account_login": "username",
            "account_type": "service",
            "display_name": "name",
        },
        remarks=("notes", frozenset({"user_id"})),
    ),
    "email-addr": Reading(
        schema="UserAccount", properties={"value": "email", "display_name": "name"}
    ),
    "file": Reading(
        schema="Document",
        properties={"name": "fileName", "size": "fileSize", "mime_type": "mimeType"},
    ),
    "note": Reading(
        schema="Note",
        properties={
            "content": "description",
            "abstract": "summary",
            "object_refs": "entity",
            "labels": "keywords",
        },
    ),
    "relationship": Reading(
        schema="UnknownLink",
        properties={
            "source_ref": "subject",
            "target_ref": "object",
            "relationship_type": "role",
            "description": "description",
            "start_time": "startDate",
            "stop_time": "endDate",
        },
    ),
}
_PARTY_BY_CLASS = {"individual": "Person", "organization": "Organization"}
_BY_TYPE = frozenset({*_READINGS, "identity", ENTITY})
_SPELLED: Mapping[str, Callable[[str], str]] = {
    "country": str.lower, "start_time": plain_time, "stop_time": plain_time,
}  # fmt: skip
"""How FollowTheMoney spells values of some properties."""

_Values = dict[str, list[tuple[str, list[str]]]]
"""Selectors and values by property of the entity."""
_Found = tuple[str, str, _Values]
"""Id, schema and values of an entity."""


class ObjectReader:
    """Reads objects one by one.

    Args:
        report: Takes the findings.
        ids: Id of the object by an entity's id, of the objects that Tearline made.
    """

    def __init__(self, report: Report, ids: Mapping[str, str]) -> None:
        self._report = report
        self._ids = ids

    def entity(self, line: int, made: StixObject, labels: Labels) -> Entity | None:
        """Returns the entity of an object, or None if no value of it is carried.

        Raises:
            ImportRefused: If its values exceed the bounds of an entity.
        """
        if labels.has_languages:
            self._home(line, made, "granular_markings", "a language, which no property takes")
        extension = own_extension(made)
        found = self._own(line, made, extension) if extension else self._foreign(line, made, labels)
        if found is None:
            return None
        entity_id, schema, values = found
        kept = {
            name: tuple(dict.fromkeys(texts))
            for name, texts in self._marked(line, made, schema, values, labels).items()
        }
        if not kept:
            return None
        try:
            entity = Entity(id=entity_id, schema=schema, properties=kept)
        except MalformedInput as malformed:
            raise ImportRefused(f"line {line}: {malformed.why}") from None
        return judge(entity, self._report, line=line)

    def _foreign(self, line: int, made: StixObject, labels: Labels) -> _Found | None:
        kind = made["type"]
        reading = _READINGS.get(kind)
        passed = _OF_EACH | MARKINGS
        if kind == "identity":
            shown = not unkept("Person", "name", labels.at("identity_class"))  # by the schema
            schema = _PARTY_BY_CLASS.get(str(shown and made.get("identity_class")), "LegalEntity")
            passed |= {"identity_class"} if schema != "LegalEntity" else set()
            reading = Reading(schema=schema, properties=_PARTY, remarks=_PARTY_REMARKS)
        if reading is None:
            self._home(line, made, "", "no schema has objects of its type")
            return None
        if kind == "relationship" and not all(map(_may_refer, _ends(made))):
            self._home(line, made, "", "it has an end at an object that no schema has")
            return None
        values: _Values = {}
        remarks, remarked = reading.remarks
        for name, value in made.items():
            parts, prop = _parts(name, value), reading.properties.get(name, "")
            if name in passed:
                continue
            if is_reference(reading.schema, prop):
                known = [part for part in parts if _may_refer(part[1][0])]
                if not parts or known != parts:
                    self._home(line, made, name, "it refers to an object that no schema has")
                values.setdefault(prop, []).extend(known)
            elif prop and parts:
                spelled = _SPELLED.get(name, str)
                parts = [(place, [spelled(text) for text in texts]) for place, texts in parts]
                values.setdefault(prop, []).extend(parts)
            elif name in remarked and parts:
                told = [(place, [f"{name}: {text}" for text in texts]) for place, texts in parts]
                values.setdefault(remarks, []).extend(told)
                self._report.add(
                    Concern.NOT_UNDERSTOOD,
                    "no property fits it",
                    line=line,
                    column=f"{kind}.{name}",
                    id=made["id"],
                )
            elif (kind, name) == ("file", "hashes") and isinstance(value, dict):
                for algorithm, digest in value.items():
                    if isinstance(digest, str):
                        place = f"hashes.{algorithm}"
                        values.setdefault("contentHash", []).append((place, [digest]))
                        why = "the names of algorithms are not carried in each object that has them"
                        column = "file.hashes"
                        self._report.add_once(Concern.STAYS_HOME, why, line=line, column=column)
                    else:
                        self._home(line, made, name, "no property fits it")
            else:
                self._home(line, made, name, "no property fits it")
        return made["id"], reading.schema, values

    def _own(self, line: int, made: StixObject, extension: StixObject) -> _Found | None:
        """Returns schema and values of an object that Tearline made."""
        schema, kind = extension.get("schema"), made["type"]
        if not isinstance(schema, str):
            raise ImportRefused(f"line {line}: an entity of Tearline has a schema")
        values: _Values = {}
        carried = {*_OF_EACH, *MARKINGS, "extensions"}
        prop = extension.get("property") if kind == "relationship" else None
        source, target = _ends(made)
        if kind == "relationship":
            carried |= {"source_ref", "target_ref", *link_shape(schema).fixed}
            if not (isinstance(source, str) and isinstance(target, str)):
                raise ImportRefused(f"line {line}: a relationship has two ends")
            first, second = ENDS.get(schema, ("", ""))
            if isinstance(prop, str):
                values = {prop: [("target_ref", [target])]}
            elif first:
                values = {first: [("source_ref", [source])], second: [("target_ref", [target])]}
            else:
                raise ImportRefused(f"line {line}: a link between two entities has its schema")
        shape = link_shape(schema) if kind == "relationship" else SHAPES.get(schema)
        if kind != ENTITY and shape and not isinstance(prop, str):
            carried |= shape.fixed.keys()
            for place in shape.places:
                parts = _parts(place.name, made.get(place.name))
                if parts and made[place.name] != shape.fixed.get(place.name):
                    carried.add(place.name)
                    values[place.of] = [
                        (selector, [place.restore(text) for text in texts])
                        for selector, texts in parts
                    ]
        for name in sorted(made.keys() - carried):
            self._home(line, made, name, "no property fits it")
        for name in sorted(extension.keys() - _CARRIED):
            self._home(line, made, name, "describes the entity at the node that exported it")
        if made["extensions"].keys() - {ENTITY_EXTENSION, OBJECT_EXTENSION}:
            self._home(line, made, "extensions", "an extension of another program")
        self._listed(line, made, schema, extension, values)
        return source if isinstance(prop, str) else made["id"], schema, values

    def _listed(
        self, line: int, made: StixObject, schema: str, extension: StixObject, values: _Values
    ) -> None:
        """Adds the values of the property extension."""
        listed = extension.get("properties", [])
        for place, each in enumerate(listed if isinstance(listed, list) else [None]):
            name = each.get("name") if isinstance(each, dict) else None
            texts = _texts(each.get("values")) if isinstance(each, dict) else None
            if not isinstance(name, str) or texts is None:
                raise ImportRefused(f"line {line}: a property of Tearline has a name and values")
            if each.get("generalised"):
                self._home(line, made, "properties", "a generalised form, which is not the value")
            else:
                if is_reference(schema, name):
                    texts = [self._ids.get(text, text) for text in texts]
                selector = f"extensions.{ENTITY_EXTENSION}.properties.[{place}]"
                values.setdefault(name, []).append((selector, texts))

    def _marked(
        self, line: int, made: StixObject, schema: str, values: _Values, labels: Labels
    ) -> Mapping[str, list[str]]:
        """Returns the values whose markings the profile keeps, and reports the others."""
        kept: dict[str, list[str]] = {}
        for name, parts in values.items():
            if name in NEVER_TRAVELS:
                self._home(line, made, name, "a secret of the account")
                continue
            for selector, texts in parts:
                label = unkept(schema, name, labels.at(selector))
                if label:
                    place = selector.rpartition(".")[0] or selector
                    told = "which is not understood" if label == UNKNOWN else label
                    why = f"the marking profile does not keep its marking, {told}"
                    self._home(line, made, place, why)
                else:
                    kept.setdefault(name, []).extend(texts)
        return {name: texts for name, texts in kept.items() if texts}

    def _home(self, line: int, made: StixObject, name: str, why: str) -> None:
        path = object_path(made["type"], name)
        self._report.add(Concern.STAYS_HOME, why, line=line, column=path, id=made["id"])


def object_path(kind: str, name: str) -> str:
    """Returns the path of a property for a report; names that are no identifiers are left out."""
    parts = [kind, *filter(None, name.split("."))]
    return ".".join(part if _PATH.match(part) else "(other)" for part in parts)


def own_extension(made: StixObject) -> StixObject | None:
    """Returns the property extension of an object that Tearline made, or None."""
    extensions = made.get("extensions")
    found = extensions.get(ENTITY_EXTENSION) if isinstance(extensions, dict) else None
    return found if isinstance(found, dict) and found else None


def _ends(made: StixObject) -> tuple[Any, Any]:
    return made.get("source_ref"), made.get("target_ref")


def _may_refer(ref: Any) -> bool:
    """Returns whether a reference names an object of which an import makes an entity."""
    return isinstance(ref, str) and ref.partition("--")[0] in _BY_TYPE


def _parts(name: str, value: Any) -> list[tuple[str, list[str]]]:
    """Returns a text, or each text of a list, with its selector; empty for other data."""
    if isinstance(value, str):
        return [(name, [value])]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [(f"{name}.[{place}]", [each]) for place, each in enumerate(value)]
    return []


def _texts(value: Any) -> list[str] | None:
    """Returns a list of texts; None for other data."""
    is_read = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return value if is_read else None
