"""Readable fields of packets as objects of STIX 2.1, one at a time."""

import datetime
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from typing import Any

from tearline.policy.marking import Marking, strictest
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters.graph import ENDS
from tearline_client.connectors.exporters.stix_markings import (
    CREATED,
    definitions,
    marking_refs,
    own_id,
)
from tearline_client.connectors.exporters.stix_shapes import (
    ENTITY,
    ENTITY_EXTENSION,
    LOCATED,
    OBJECT_EXTENSION,
    RELATED,
    SHAPES,
    VOCABULARY,
    Place,
    Shape,
    link_shape,
)
from tearline_client.connectors.importers.report import Report
from tearline_client.connectors.marked_entities import EntityKey, MarkedEntity, Texts

StixObject = dict[str, Any]
_Places = Mapping[str, tuple[Place, str | list[str]]]
"""Place and value of each property of an object that is a value of its entity."""

_OBSERVABLES = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace that STIX 2.1 fixes for ids of observables, made of their values."""

_RECENT = 4096  # entities of which the ids are remembered


def stix_objects(packets: ExportedPackets, report: Report) -> Iterator[StixObject]:
    """Yields the STIX 2.1 objects of packets, each with its id once, definitions first.

    The objects are those of a bundle, and may be served one by one. Equal fields make equal ids,
    whatever else is exported. An id is made of the originator, agreement, token and schema of an
    entity; that of an observable (``user-account``) of its own readable values, as STIX prescribes.
    So no id, object or number of objects depends on a withheld field. Observables and marking
    definitions have no ``modified``.

    The marking of an object is as strict as that of each of its fields. Granular markings tell the
    properties with a marking that not all of them have. ``report`` takes what is not carried.
    """
    yield from _Objects(packets, report).objects()


class _Objects:
    """Objects of the entities of packets: links are relationships, others are nodes.

    Memory has the markings, the originators, and the keys of observables; all else is read again.
    """

    def __init__(self, packets: ExportedPackets, report: Report) -> None:
        self._packets = packets
        self._markings: dict[Marking, None] = {}  # its keys are a set that keeps the order
        self._origins: set[str] = set()
        self._observables: dict[str, list[EntityKey]] = {}
        self._id = lru_cache(_RECENT)(self._read_id)
        for entity in packets.entities():
            entity.report_coarse(report)
            self._markings |= dict.fromkeys(_field_markings([entity]))
            self._origins.add(entity.key.source.origin)
            if object_id := _observable_id(entity):
                parts = self._observables.setdefault(object_id, [entity.key])
                if parts[0].schema == entity.key.schema and parts[-1] != entity.key:
                    parts.append(entity.key)

    def objects(self) -> Iterator[StixObject]:
        """Yields all objects, each once."""
        yield from (dict(each) for each in VOCABULARY)
        yield from definitions(self._markings)
        for origin in sorted(self._origins):
            yield _originator(origin)
        for entity in self._packets.entities():
            if self._ends(entity) is None:
                object_id = self._node_id(entity)
                keys = self._observables.get(object_id, [entity.key])
                if keys[0] == entity.key:  # observables of one value are one node
                    parts = [entity, *map(self._packets.entity, keys[1:])]
                    yield self._node(object_id, parts)
        for entity in self._packets.entities():
            if ends := self._ends(entity):
                yield self._link(entity, *map(self._id, ends))
            else:
                yield from self._references(self._node_id(entity), entity)

    def _node_id(self, entity: MarkedEntity) -> str:
        """Returns the id of the node of an entity, which is no link."""
        if object_id := _observable_id(entity):
            if self._observables[object_id][0].schema == entity.key.schema:
                return object_id
            return _id_of(ENTITY, entity.key)
        shape = _shape_of(entity)
        return _id_of(shape.type if shape else ENTITY, entity.key)

    def _read_id(self, key: EntityKey) -> str:
        """Returns the id of the node of a key; empty if the entity is a link."""
        entity = self._packets.entity(key)
        return "" if self._ends(entity) else self._node_id(entity)

    def _ends(self, entity: MarkedEntity) -> tuple[EntityKey, EntityKey] | None:
        """Returns the two nodes that a link connects, or None if the entity is a node.

        A relationship of STIX cannot end at a relationship, so an entity at another link is none.
        """
        ends = []
        for name in ENDS.get(entity.key.schema, ()):
            texts = entity.properties.get(name)
            if texts is None or len(texts.values) != 1:
                return None
            token = texts.tokens.get(texts.values[0], "")
            key = self._packets.find(entity.key.source, token)
            if key is None or key.schema in ENDS:
                return None
            ends.append(key)
        return (ends[0], ends[1]) if ends else None

    def _node(self, object_id: str, parts: Sequence[MarkedEntity]) -> StixObject:
        entity = parts[0]
        is_observable = object_id.startswith("user-account--")
        kind = object_id.partition("--")[0]
        shape = None if kind == ENTITY else SHAPES[entity.key.schema]
        made: StixObject = {"type": kind, "spec_version": "2.1", "id": object_id}
        if not is_observable:
            made |= _common(entity)
        made |= shape.fixed if shape else {}
        properties, coarse = _merged(parts)
        places = _places(shape, properties)
        made |= {name: text for name, (_, text) in places.items()}
        every = (*properties.items(), *coarse.items())
        extension, selectors = self._extension(parts, every, places)
        if is_observable:
            extension["originators"] = sorted({part.key.source.origin for part in parts})
        made["extensions"] = {ENTITY_EXTENSION: extension}
        if kind == ENTITY:
            made["extensions"][OBJECT_EXTENSION] = {"extension_type": "new-sdo"}
        for name, (place, _) in places.items():
            selectors.append((name, properties[place.of].marking))
        return made | _marked(selectors or [("", each) for each in _field_markings(parts)])

    def _link(self, entity: MarkedEntity, source: str, target: str) -> StixObject:
        ends = ENDS[entity.key.schema]
        others = {name: texts for name, texts in entity.properties.items() if name not in ends}
        shape = link_shape(entity.key.schema)
        places = _link_places(shape, others, source, target)
        extension, selectors = self._extension([entity], others.items(), places, is_link=True)
        for name, end in zip(("source_ref", "target_ref"), ends, strict=True):
            selectors.append((name, entity.properties[end].marking))
        for name, (place, _) in places.items():
            selectors.append((name, others[place.of].marking))
        return {
            "type": "relationship",
            "spec_version": "2.1",
            "id": _id_of("relationship", entity.key),
            **_common(entity),
            **shape.fixed,
            **{name: text for name, (_, text) in places.items()},
            "source_ref": source,
            "target_ref": target,
            "extensions": {ENTITY_EXTENSION: extension},
            **_marked(selectors),
        }

    def _references(self, source: str, entity: MarkedEntity) -> Iterator[StixObject]:
        """Yields a relationship for each reference of a node to another."""
        for name, texts in entity.properties.items():
            for value, token in texts.tokens.items():
                target = self._target(entity, value, texts)
                if not target:
                    continue
                located = source.startswith("identity--") and target.startswith("location--")
                yield {
                    "type": "relationship",
                    "spec_version": "2.1",
                    "id": _id_of("relationship", entity.key, name, token),
                    **_common(entity),
                    "relationship_type": LOCATED if located else RELATED,
                    "description": f"{entity.key.schema}.{name}",
                    "source_ref": source,
                    "target_ref": target,
                    "extensions": {
                        ENTITY_EXTENSION: {
                            "extension_type": "property-extension",
                            "schema": entity.key.schema,
                            "property": name,
                        }
                    },
                    **_marked([("", texts.marking)]),
                }

    def _target(self, entity: MarkedEntity, value: str, texts: Texts) -> str:
        """Returns the id of the node that a reference names, or empty text."""
        token = texts.tokens.get(value, "")
        key = self._packets.find(entity.key.source, token) if token else None
        return self._id(key) if key else ""

    def _referred(self, parts: Iterable[MarkedEntity]) -> Mapping[str, Set[str]]:
        """Returns the values by property that are relationships to other nodes."""
        found: dict[str, set[str]] = {}
        for part in parts:
            for name, texts in part.properties.items():
                referred = (each for each in texts.tokens if self._target(part, each, texts))
                found.setdefault(name, set()).update(referred)
        return found

    def _extension(
        self,
        parts: Sequence[MarkedEntity],
        properties: Iterable[tuple[str, Texts]],
        places: _Places,
        *,
        is_link: bool = False,
    ) -> tuple[StixObject, list[tuple[str, Marking]]]:
        """Returns the property extension of an object, and the selectors of its values.

        References of a node are relationships of their own; a relationship cannot have any.
        """
        path = f"extensions.{ENTITY_EXTENSION}"
        extension: StixObject = {
            "extension_type": "property-extension",
            "schema": parts[0].key.schema,
        }
        selectors: list[tuple[str, Marking]] = []
        if ids := {part.id: part.id_marking for part in parts if part.id_marking}:
            extension["ids"] = list(ids)
            selectors += [
                (f"{path}.ids.[{place}]", marking) for place, marking in enumerate(ids.values())
            ]
        taken = {place.of: len(text) if place.is_list else 1 for place, text in places.values()}
        listed: list[StixObject] = []
        referred: Mapping[str, Set[str]] = {} if is_link else self._referred(parts)
        for name, texts in properties:
            left = texts.values[0 if texts.is_coarse else taken.get(name, 0) :]
            values = [value for value in left if value not in referred.get(name, ())]
            if not values:
                continue
            selectors.append((f"{path}.properties.[{len(listed)}]", texts.marking))
            listed.append({"name": name, "values": values})
            if texts.is_coarse:
                listed[-1]["generalised"] = True
        if listed:
            extension["properties"] = listed
        return extension, selectors


def _shape_of(entity: MarkedEntity) -> Shape | None:
    """Returns the object of an entity; None without one, or without a value that it requires."""
    shape = SHAPES.get(entity.key.schema)
    if shape is None or not shape.requires <= _places(shape, entity.properties).keys():
        return None
    return shape


def _places(shape: Shape | None, properties: Mapping[str, Texts]) -> _Places:
    """Returns the places of an object that have a value."""
    found: dict[str, tuple[Place, str | list[str]]] = {}
    for place in shape.places if shape else ():
        texts = properties.get(place.of)
        if texts is None or texts.is_coarse:
            continue
        values = texts.values if place.is_list else texts.values[:1]
        carried = [text for value in values if (text := place.carry(value))]
        if carried and len(carried) == len(values):
            found[place.name] = place, carried if place.is_list else carried[0]
    return found


def _link_places(
    shape: Shape, properties: Mapping[str, Texts], source: str, target: str
) -> _Places:
    """Returns the places of a relationship that have a value and are valid between its ends."""
    found = dict(_places(shape, properties))
    ends = source.partition("--")[0], target.partition("--")[0]
    _, relation = found.get("relationship_type", (None, RELATED))
    fits = ends == ("identity", "location") if relation == LOCATED else ends[0] == ends[1]
    if not fits:
        found.pop("relationship_type", None)
    times = [str(found[name][1]) for name in ("start_time", "stop_time") if name in found]
    if times != sorted(set(times)):
        del found["stop_time"]
    return found


def _merged(
    parts: Sequence[MarkedEntity],
) -> tuple[Mapping[str, Texts], Mapping[str, Texts]]:
    """Returns the properties of the entities of one node, each value once.

    The second are those in generalised form alone, if the node has several entities: one of them
    may have the clear form of another value.
    """
    if len(parts) == 1:
        return parts[0].properties, {}
    forms: tuple[dict[str, list[Texts]], dict[str, list[Texts]]] = {}, {}
    for part in parts:
        for name, texts in part.properties.items():
            forms[texts.is_coarse].setdefault(name, []).append(texts)
    clear, coarse = (
        {
            name: Texts(
                values=tuple(dict.fromkeys(value for each in some for value in each.values)),
                tokens={},  # each stands for an entity of its own source
                marking=strictest({each.marking for each in some}),
                is_coarse=bool(is_coarse),
            )
            for name, some in by_name.items()
        }
        for is_coarse, by_name in enumerate(forms)
    )
    return clear, coarse


def _common(entity: MarkedEntity) -> StixObject:
    return {
        "created": timestamp(entity.first_ms),
        "modified": timestamp(entity.last_ms),
        "created_by_ref": _originator_id(entity.key.source.origin),
    }


def _marked(selectors: Sequence[tuple[str, Marking]]) -> StixObject:
    """Returns the markings of an object: those of its values, each with its selector.

    Granular markings tell the properties with a marking that the object has not, or not all have.
    """
    refs = marking_refs(strictest(marking for _, marking in selectors))
    granular: dict[str, list[str]] = {}
    for selector, marking in selectors:
        for ref in marking_refs(marking):
            granular.setdefault(ref, []).append(selector)
    marked: StixObject = {"object_marking_refs": list(refs)}
    differing = [
        {"marking_ref": ref, "selectors": selected}
        for ref, selected in granular.items()
        if len(selected) < len(selectors)
    ]
    return marked | ({"granular_markings": differing} if differing else {})


def _field_markings(parts: Iterable[MarkedEntity]) -> list[Marking]:
    return [
        marking
        for part in parts
        for marking in (part.id_marking, *(texts.marking for texts in part.properties.values()))
        if marking is not None
    ]


def _id_of(kind: str, key: EntityKey, *more: str) -> str:
    source = key.source
    return own_id(kind, source.origin, source.agreement.hex(), key.token, key.schema, *more)


def _observable_id(entity: MarkedEntity) -> str:
    """Returns the id that STIX prescribes, of the values in canonical JSON (RFC 8785).

    It is empty if the entity is no observable.
    """
    shape = _shape_of(entity)
    if shape is None or not shape.identified_by:
        return ""
    places = _places(shape, entity.properties)
    values = {name: places[name][1] for name in sorted(shape.identified_by)}
    canonical = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return f"{shape.type}--{uuid.uuid5(_OBSERVABLES, canonical)}"


def _originator_id(origin: str) -> str:
    return own_id("identity", "originator", origin)


def _originator(origin: str) -> StixObject:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": _originator_id(origin),
        "created": CREATED,
        "modified": CREATED,
        "name": origin,
        "identity_class": "organization",
    }


def timestamp(time_ms: int) -> str:
    """Returns a Unix time in ms as RFC 3339 writes it."""
    moment = datetime.datetime.fromtimestamp(time_ms / 1000, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03}Z"
