"""The entity of a MISP object."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from tearline.errors import ImportRefused
from tearline_client.connectors.importers.caveats import Caveats, unkept
from tearline_client.connectors.importers.misp_tags import read_marking
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.misp_templates import TEMPLATES
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import NEVER_TRAVELS, SCHEMATA, is_reference, property_of

_FTM = "ftm-"
# The first of the schemata that have the template, but for these.
_PREFERRED = {"legal-entity": "LegalEntity"}
_MORE_RELATIONS = {
    "coin-address": {"address": "publicKey", "address-xmr": "publicKey"},
    "person": {"handle": "alias", "nic-hdl": "idNumber", "dni": "idNumber", "nie": "idNumber"},
}
_REMARKS = ("notes", "description", "summary")
_SECRET = re.compile(r"passw|private|secret", re.IGNORECASE)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:?00)?\Z")
_MIDNIGHT = "00:00:00"
_GENDERS = {"Male": "male", "Female": "female", "Other": "other"}


def _schemata() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for schema, template in TEMPLATES.items():
        found.setdefault(template.name, schema)
    return MappingProxyType(found | _PREFERRED)


def _properties(schema: str) -> Mapping[str, str]:
    """Returns the property of each relation of a schema's template."""
    template = TEMPLATES[schema]
    found: dict[str, str] = {}
    for name, relation in template.relations.items():
        found.setdefault(relation.name, name)
    return MappingProxyType(found | _MORE_RELATIONS.get(template.name, {}))


_SCHEMATA = _schemata()
_PROPERTIES = {schema: _properties(schema) for schema in TEMPLATES}


def schema_of(record: Mapping[str, Any]) -> str:
    """Returns the schema of an object; empty if none fits its template."""
    name, comment = str(record.get("name", "")), record.get("comment")
    if isinstance(comment, str) and comment in TEMPLATES and TEMPLATES[comment].name == name:
        return comment  # of an export of Tearline
    own = name.removeprefix(_FTM)
    if own != name:
        return own if own in SCHEMATA else ""
    return _SCHEMATA.get(name, "")


def entity_id(uuid: str) -> str:
    """Returns the id of the entity of an object."""
    return f"misp-{uuid}"


class EntityDraft:
    """Entity of an object, while its attributes are read.

    Args:
        uuid: The object's UUID.
        schema: The entity's schema.
        line: Line of the object.
        report: Takes the values that are not carried, or carried as text.
    """

    def __init__(self, uuid: str, schema: str, line: int, report: Report) -> None:
        self.schema = schema
        self._uuid = uuid
        self._line = line
        self._report = report
        self._properties: dict[str, dict[str, None]] = {}

    def put(self, attribute: Mapping[str, Any], caveats: Caveats, uuid: str) -> None:
        """Adds the value of an attribute; a remark if no property fits its relation."""
        relation, value = attribute.get("object_relation"), attribute.get("value")
        if not isinstance(relation, str) or not isinstance(value, str):
            raise ImportRefused(f"line {self._line}: an attribute without relation or value")
        if _SECRET.search(relation) or relation in NEVER_TRAVELS:
            self._leave("a secret of the account", relation, uuid)
            return
        name = _PROPERTIES.get(self.schema, {}).get(relation, relation)
        if property_of(self.schema, name) and not is_reference(self.schema, name):
            self.add(name, _plain(name, value), caveats, uuid)
            return
        remarks = next((each for each in _REMARKS if property_of(self.schema, each)), "")
        template = TEMPLATES.get(self.schema)
        if not remarks:
            self._leave("its schema has no property for it", relation, uuid)
        elif template and relation == template.remarks.name:
            self.add(remarks, value, caveats, uuid)
        elif self.add(remarks, f"{relation}: {value}", caveats, uuid):
            self._report.add(
                Concern.NOT_UNDERSTOOD, "no property fits the relation", line=self._line,
                column=f"{self.schema}.{relation}", id=uuid,
            )  # fmt: skip

    def add(self, name: str, value: str, caveats: Caveats, uuid: str) -> bool:
        """Adds a value, unless its tags are stricter than the marking; returns whether it did."""
        if unkept(self.schema, name, caveats):
            why = "a tag of it, or of its event, is unknown or stricter than the profile's marking"
            self._leave(why, name, uuid)
            return False
        if value:
            self._properties.setdefault(name, {})[value] = None
        return True

    def refer(
        self, reference: Mapping[str, Any], target: str, caveats: Caveats
    ) -> Iterator["EntityDraft"]:
        """Adds a reference; yields a link of its own if the schema has no property for it."""
        kind = reference.get("relationship_type")
        name = kind if isinstance(kind, str) else ""
        stated = caveats | (read_marking(reference.get("comment")) or frozenset())
        if is_reference(self.schema, name):
            self.add(name, entity_id(target), stated, self._uuid)
            return
        link = EntityDraft(f"{self._uuid}-{target}", "UnknownLink", self._line, self._report)
        link.add("subject", entity_id(self._uuid), stated, self._uuid)
        link.add("object", entity_id(target), stated, self._uuid)
        link.add("role", name, stated, self._uuid)
        yield link

    def entities(self) -> Iterator[Entity]:
        """Yields the entity, if it has a value.

        Raises:
            MalformedInput: If it has values out of bounds.
        """
        if self._properties:
            properties = {name: tuple(values) for name, values in self._properties.items()}
            yield Entity(id=entity_id(self._uuid), schema=self.schema, properties=properties)

    def _leave(self, why: str, name: str, uuid: str) -> None:
        column = f"{self.schema}.{name}"
        self._report.add(Concern.STAYS_HOME, why, line=self._line, column=column, id=uuid)


def _plain(name: str, value: str) -> str:
    """Returns a value as FollowTheMoney spells it."""
    if name == "gender":
        return _GENDERS.get(value, value)
    match = _TIME.match(value)
    if match is None:
        return value
    return match[1] if match[2] == _MIDNIGHT else f"{match[1]}T{match[2]}"
