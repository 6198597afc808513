"""Entities as nodes and edges, for programs that draw networks.

An entity that links one entity to one other, such as a payment, is an edge. Each other entity is a
node, and each of its references an edge with the property's name. So the graph has at most one
element for each entity and reference, whatever a partner wrote.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tearline.dataclass.immutable import immutable
from tearline.text.display import visible
from tearline_client.connectors.contract import PacketsView
from tearline_client.connectors.exporters.provenance import Provenance, provenance_of
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.planning.entities import Entity, ExportedEntity
from tearline_client.planning.ftm_schema import is_reference, property_of

ENDS: Mapping[str, tuple[str, str]] = {
    "Associate": ("person", "associate"),
    "ContractAward": ("contract", "supplier"),
    "Control": ("controller", "controlled"),
    "CourtCaseParty": ("party", "case"),
    "Debt": ("debtor", "creditor"),
    "Directorship": ("director", "organization"),
    "Documentation": ("document", "entity"),
    "Employment": ("employee", "employer"),
    "Family": ("person", "relative"),
    "Membership": ("member", "organization"),
    "Occupancy": ("holder", "post"),
    "Ownership": ("owner", "asset"),
    "Payment": ("payer", "beneficiary"),
    "ProjectParticipant": ("participant", "project"),
    "Representation": ("agent", "client"),
    "Succession": ("predecessor", "successor"),
    "TransferLeg": ("payer", "payee"),
    "UnknownLink": ("subject", "object"),
}
"""Properties at the ends of the schemata that are edges in FollowTheMoney 4.11, or our own."""

_CAPTIONS = ("name", "title", "fileName", "accountNumber", "iban", "number", "registrationNumber")
_AND = "; "

LABEL, SCHEMA, ORIGINATORS, MARKINGS = "label", "schema", "originators", "markings"
GENERALISED, OTHER = "generalised", "other"
OWN = (LABEL, SCHEMA, ORIGINATORS, MARKINGS, GENERALISED, OTHER)
"""Attributes of elements beside the properties."""


@immutable
class Node:
    """Node of the graph.

    Attributes:
        id: Id of the entity, as ``element_id`` writes it.
        attributes: Texts by name: ``OWN`` ones that are not empty, and known properties.
    """

    id: str
    attributes: Mapping[str, str]


@immutable
class Edge:
    """Directed edge of the graph.

    Attributes:
        id: Id of the entity, as that of a node, or empty for a reference.
        source: Id of a node.
        target: Id of a node.
        attributes: As those of a node.
    """

    id: str
    source: str
    target: str
    attributes: Mapping[str, str]


class Graph:
    """Nodes and edges of a view's entities.

    Entities of one id are one node, with all their schemata and properties.

    Args:
        view: The readable fields of some packets.
        report: Takes the properties that are carried as text.
    """

    def __init__(self, view: PacketsView, report: Report) -> None:
        self._report = report
        self._provenance = provenance_of(view)
        self._parts: dict[str, list[ExportedEntity]] = {}
        for entity, coarse in view.entities:
            self._parts.setdefault(entity.id, []).append((entity, coarse))
        self._referenced = frozenset(
            target for entity, _ in view.entities for _, target in _references(entity)
        )
        self.columns = sorted(
            {
                name
                for entity, _ in view.entities
                for name in entity.properties
                if property_of(entity.schema, name)
            }
        )
        """Names of the known properties, as attributes."""

    def nodes(self) -> Iterator[Node]:
        """Yields the nodes: entities in the order of the view, then those only referred to."""
        for entity_id, parts in self._parts.items():
            if self._ends(entity_id, parts) is None:
                yield Node(id=element_id(entity_id), attributes=self._attributes(parts))
        for target in sorted(self._referenced - self._parts.keys()):
            yield Node(id=element_id(target), attributes={})

    def edges(self) -> Iterator[Edge]:
        """Yields the edges: of linking entities, and of the references of nodes."""
        for entity_id, parts in self._parts.items():
            ends = self._ends(entity_id, parts)
            if ends is not None:
                yield _edge(entity_id, *ends, self._attributes(parts))
                continue
            for entity, _ in parts:
                for name, target in _references(entity):
                    yield _edge("", entity_id, target, {LABEL: name})

    def _ends(self, entity_id: str, parts: Sequence[ExportedEntity]) -> tuple[str, str] | None:
        """Returns the ends of an entity that is an edge, None for a node.

        An entity that another refers to is a node, as an edge cannot end at an edge.
        """
        if len(parts) != 1 or entity_id in self._referenced:
            return None
        entity = parts[0][0]
        ends = [entity.properties.get(name, ()) for name in ENDS.get(entity.schema, ())]
        if [len(values) for values in ends] != [1, 1]:
            return None
        return ends[0][0], ends[1][0]

    def _attributes(self, parts: Iterable[ExportedEntity]) -> Mapping[str, str]:
        values: dict[str, dict[str, None]] = {}  # keys of the inner ones are an ordered set
        for entity, coarse in parts:
            known = self._provenance[entity.id, entity.schema]
            _put(values, SCHEMA, [entity.schema])
            _put(values, LABEL, _caption(entity))
            _put(values, ORIGINATORS, known.originators)
            _put(values, MARKINGS, _told_markings(known))
            _put(values, GENERALISED, sorted(coarse))
            for name, texts in entity.properties.items():
                self._put_property(values, entity, name, texts)
        return {name: _AND.join(texts) for name, texts in values.items() if texts}

    def _put_property(
        self, values: dict[str, dict[str, None]], entity: Entity, name: str, texts: Sequence[str]
    ) -> None:
        column = f"{entity.schema}.{name}"
        if property_of(entity.schema, name) is None:
            why = "the schema has no such property"
            self._report.add_once(Concern.NOT_UNDERSTOOD, why, line=0, column=column)
            _put(values, OTHER, [f"{name}: {text}" for text in texts])
            return
        if len(texts) > 1:
            why = "several values stand in one text, with a semicolon between"
            self._report.add_once(Concern.NOT_UNDERSTOOD, why, line=0, column=column)
        _put(values, attribute(name), texts)


def attribute(name: str) -> str:
    """Returns the attribute of a property; no property has the attribute of an ``OWN`` one."""
    return f"property-{name}" if name in OWN else name


def element_id(ftm_id: str) -> str:
    r"""Returns an entity's id as a visible text that no other id has: ``\`` is written twice."""
    return visible(ftm_id.replace("\\", "\\\\"))


def _edge(ftm_id: str, source: str, target: str, attributes: Mapping[str, str]) -> Edge:
    return Edge(
        id=element_id(ftm_id),
        source=element_id(source),
        target=element_id(target),
        attributes=attributes,
    )


def _put(values: dict[str, dict[str, None]], name: str, texts: Iterable[str]) -> None:
    values.setdefault(name, {}).update(dict.fromkeys(texts))


def _references(entity: Entity) -> Iterator[tuple[str, str]]:
    """Yields each reference: the property, and the id that it names."""
    for name, values in entity.properties.items():
        if is_reference(entity.schema, name):
            for value in values:
                yield name, value


def _caption(entity: Entity) -> Sequence[str]:
    """Returns the first value of the first property that names an entity, or its schema."""
    named = (entity.properties[name][0] for name in _CAPTIONS if name in entity.properties)
    return [next(named, entity.schema)]


def _told_markings(known: Provenance) -> Iterator[str]:
    """Yields each marking, with its properties."""
    names: dict[str, list[str]] = {}
    for name, marking in known.markings.items():
        names.setdefault(marking.encode(), []).append(name)
    for text, marked in sorted(names.items()):
        yield f"{text} ({', '.join(sorted(marked))})"
