"""Entities as objects of UCO, with a facet for each property, which has its values and marking."""

from collections.abc import Iterator, Mapping

from tearline.bodies.body import ID_PROPERTY
from tearline.policy.marking import Marking, strictest
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.exporters.case_terms import (
    FACET,
    OTHER,
    RELATIONSHIP,
    SHAPES,
    CaseObject,
    Shape,
    Term,
    marking_refs,
    moment,
    ref,
)
from tearline_client.connectors.exporters.graph import ENDS
from tearline_client.connectors.exporters.stix_objects import timestamp
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.marked_entities import EntityKey, MarkedEntity, Texts
from tearline_client.planning.ftm_schema import is_reference

_LINK_ROLES = ("uco-core:source", "uco-core:target")


class CaseEntities:
    """Objects of the entities of exported packets.

    Args:
        packets: The packets.
        report: Takes the properties that only a facet of Tearline has, or that are not carried.
    """

    def __init__(self, packets: ExportedPackets, report: Report) -> None:
        self._packets = packets
        self._report = report

    def markings(self) -> Iterator[Marking]:
        """Yields the markings of the entities and of their properties."""
        for entity in self._packets.entities():
            yield _marking(entity)
            yield from (texts.marking for texts in _properties(entity).values())

    def objects(self) -> Iterator[CaseObject]:
        """Yields the object of each entity, followed by those of its references."""
        for entity in self._packets.entities():
            entity.report_coarse(self._report)
            shape = self._shape(entity)
            roles = {
                name: target for name, _ in shape.roles if (target := self._single(entity, name))
            }
            yield self._object(entity, shape, roles)
            for name, texts in entity.properties.items():
                if name not in roles:
                    yield from self._relationships(entity, name, texts)

    def _shape(self, entity: MarkedEntity) -> Shape:
        schema = entity.key.schema
        ends = ENDS.get(schema, ())
        if schema not in SHAPES and ends and all(self._single(entity, name) for name in ends):
            return Shape(type=RELATIONSHIP, roles=tuple(zip(ends, _LINK_ROLES, strict=True)))
        return SHAPES.get(schema, OTHER)

    def _single(self, entity: MarkedEntity, name: str) -> EntityKey | None:
        """Returns the entity that a property refers to, if that is one exported entity."""
        texts = entity.properties.get(name)
        if texts is None or len(texts.values) != 1:
            return None
        return self._target(entity, texts, texts.values[0])

    def _target(self, entity: MarkedEntity, texts: Texts, value: str) -> EntityKey | None:
        token = texts.tokens.get(value, "")
        return self._packets.find(entity.key.source, token) if token else None

    def _object(
        self, entity: MarkedEntity, shape: Shape, roles: Mapping[str, EntityKey]
    ) -> CaseObject:
        key, properties = entity.key, _properties(entity)
        terms = _terms(shape, properties)
        made = {
            **object_ref(key),
            "@type": shape.type,
            "tearline:schema": key.schema,
            **_common(entity, _marking(entity)),
            **{term: object_ref(roles[name]) for name, term in shape.roles if name in roles},
        }
        if shape.type == RELATIONSHIP:
            made |= _directed(key.schema)
        facets: dict[str, CaseObject] = {}
        for term in terms:
            place = made
            if term.facet:
                place = facets.setdefault(
                    term.facet, {**_own_ref(key, "facet", term.facet), "@type": term.facet}
                )
            place[term.name] = properties[term.of].values[0]
        own = [self._facet(entity, name, texts) for name, texts in properties.items()]
        self._report_texts(entity, properties, {term.of for term in terms})
        return made | {FACET: [*facets.values(), *own]}

    def _facet(self, entity: MarkedEntity, name: str, texts: Texts) -> CaseObject:
        """Returns the facet of one property, with all its values and its own marking."""
        return {
            **_own_ref(entity.key, "property", name),
            "@type": ["tearline:PropertyFacet", "uco-core:Facet"],
            "tearline:property": name,
            "tearline:value": list(texts.values),
            **({"tearline:isGeneralised": True} if texts.is_coarse else {}),
            "tearline:marking": marking_refs(texts.marking),
        }

    def _relationships(self, entity: MarkedEntity, name: str, texts: Texts) -> Iterator[CaseObject]:
        """Yields a relationship for each reference to an exported entity."""
        for value, token in texts.tokens.items():
            if target := self._target(entity, texts, value):
                yield {
                    **_own_ref(entity.key, "reference", name, token),
                    "@type": RELATIONSHIP,
                    **_directed(name),
                    **_common(entity, texts.marking),
                    "uco-core:source": object_ref(entity.key),
                    "uco-core:target": object_ref(target),
                }

    def _report_texts(
        self, entity: MarkedEntity, properties: Mapping[str, Texts], taken: set[str]
    ) -> None:
        """Reports the values that only a facet of Tearline has."""
        schema = entity.key.schema
        for name, texts in properties.items():
            left = texts.values[name in taken :]
            if is_reference(schema, name):
                left = tuple(each for each in left if not self._target(entity, texts, each))
                why = "a text in a facet of Tearline, for the entity is not among the exported ones"
            elif texts.is_coarse:
                why = "in a facet of Tearline, for a generalised value has no term of UCO"
            elif name in taken:
                why = "in a facet of Tearline, for the term of UCO has the first value alone"
            else:
                why = "in a facet of Tearline, for UCO has no term for it"
            if left:
                self._report.add_once(
                    Concern.NOT_UNDERSTOOD, why, line=0, column=f"{schema}.{name}"
                )


def object_ref(key: EntityKey) -> dict[str, str]:
    """Returns a reference to the object of an entity."""
    return _own_ref(key, "entity")


def node_ref(node: str) -> dict[str, str]:
    """Returns a reference to the identity of a node."""
    return ref("node", node)


def _own_ref(key: EntityKey, *parts: str) -> dict[str, str]:
    source = key.source
    return ref(source.origin, source.agreement.hex(), key.token, key.schema, *parts)


def _properties(entity: MarkedEntity) -> Mapping[str, Texts]:
    """Returns the readable properties, with the id as one of them."""
    if entity.id_marking is None:
        return entity.properties
    own = Texts(values=(entity.id,), tokens={}, marking=entity.id_marking, is_coarse=False)
    return {ID_PROPERTY: own, **entity.properties}


def _marking(entity: MarkedEntity) -> Marking:
    return strictest(texts.marking for texts in _properties(entity).values())


def _terms(shape: Shape, properties: Mapping[str, Texts]) -> list[Term]:
    """Returns the terms that have a value, each name of a facet once."""
    found: dict[tuple[str, str], Term] = {}
    for term in shape.terms:
        texts = properties.get(term.of)
        if texts is not None and texts.values and not texts.is_coarse:
            found.setdefault((term.facet, term.name), term)
    return list(found.values())


def _common(entity: MarkedEntity, marking: Marking) -> CaseObject:
    return {
        "uco-core:createdBy": node_ref(entity.key.source.origin),
        "uco-core:objectCreatedTime": moment(timestamp(entity.first_ms)),
        "uco-core:modifiedTime": moment(timestamp(entity.last_ms)),
        "uco-core:objectMarking": marking_refs(marking),
    }


def _directed(kind: str) -> CaseObject:
    return {"uco-core:isDirectional": True, "uco-core:kindOfRelationship": kind}
