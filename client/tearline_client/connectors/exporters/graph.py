"""Entities as nodes and edges, for programs that draw networks.

An entity that links one entity to one other, such as a payment, is an edge. Each other entity is a
node, and each of its references an edge with the property's name. So the graph has at most one
element for each entity and reference, whatever a partner wrote.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tearline.bodies.body import ID_PROPERTY
from tearline.dataclass.immutable import immutable
from tearline.policy.marking import Marking, strictest
from tearline.text.display import visible
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.marked_entities import EntityKey, MarkedEntity, Texts
from tearline_client.planning.entities import Entity
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
    """Nodes and edges of the entities of packets.

    Entities of one id are one node, with all their schemata and properties. Memory has the ids.

    Args:
        packets: The packets.
        report: Takes the properties that are carried as text, or not carried.
    """

    def __init__(self, packets: ExportedPackets, report: Report) -> None:
        self._packets = packets
        self._report = report
        self._keys: dict[str, list[EntityKey]] = {}
        self._referenced: dict[str, Marking] = {}
        columns: set[str] = set()
        for each in packets.entities():
            each.report_coarse(report)
            entity = each.entity
            self._keys.setdefault(entity.id, []).append(each.key)
            for _, texts in _references(each):
                for target in texts.values:
                    known = self._referenced.get(target, texts.marking)
                    self._referenced[target] = (
                        known if known == texts.marking else strictest((known, texts.marking))
                    )
            columns.update(name for name in entity.properties if property_of(entity.schema, name))
        self.columns = sorted(columns)
        """Names of the known properties, as attributes."""

    def nodes(self) -> Iterator[Node]:
        """Yields the nodes: entities in the order of the export, then those only referred to."""
        for parts in self._parts():
            if self._ends(parts) is None:
                yield Node(id=element_id(parts[0].entity.id), attributes=self._attributes(parts))
        for target in sorted(self._referenced.keys() - self._keys.keys()):
            marking = _told_marking(self._referenced[target], [ID_PROPERTY])
            yield Node(id=element_id(target), attributes={MARKINGS: marking})

    def edges(self) -> Iterator[Edge]:
        """Yields the edges: of linking entities, and of the references of nodes."""
        for parts in self._parts():
            own_id, ends = parts[0].entity.id, self._ends(parts)
            if ends is not None:
                yield _edge(own_id, *ends, self._attributes(parts))
                continue
            for part in parts:
                for name, texts in _references(part):
                    attributes = {
                        LABEL: name,
                        ORIGINATORS: part.key.source.origin,
                        MARKINGS: _told_marking(texts.marking, [name]),
                    }
                    for target in texts.values:
                        yield _edge("", own_id, target, attributes)

    def _parts(self) -> Iterator[list[MarkedEntity]]:
        """Yields the entities of each id."""
        for keys in self._keys.values():
            yield list(map(self._packets.entity, keys))

    def _ends(self, parts: Sequence[MarkedEntity]) -> tuple[str, str] | None:
        """Returns the ends of an entity that is an edge, None for a node.

        An entity that another refers to is a node, as an edge cannot end at an edge.
        """
        entity = parts[0].entity
        if len(parts) != 1 or entity.id in self._referenced:
            return None
        ends = [entity.properties.get(name, ()) for name in ENDS.get(entity.schema, ())]
        if [len(values) for values in ends] != [1, 1]:
            return None
        return ends[0][0], ends[1][0]

    def _attributes(self, parts: Sequence[MarkedEntity]) -> Mapping[str, str]:
        values: dict[str, dict[str, None]] = {}  # keys of the inner ones are an ordered set
        for part in parts:
            entity = part.entity
            _put(values, SCHEMA, [entity.schema])
            _put(values, LABEL, _caption(entity))
            _put(values, ORIGINATORS, [part.key.source.origin])
            _put(values, GENERALISED, sorted(part.generalised))
            for name, texts in entity.properties.items():
                self._put_property(values, entity, name, texts)
        _put(values, MARKINGS, _told_markings(parts))
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


def _references(entity: MarkedEntity) -> Iterator[tuple[str, Texts]]:
    """Yields each property whose values are ids of entities, with these."""
    for name, texts in entity.properties.items():
        if is_reference(entity.key.schema, name):
            yield name, texts


def _caption(entity: Entity) -> Sequence[str]:
    """Returns the first value of the first property that names an entity, or its schema."""
    named = (entity.properties[name][0] for name in _CAPTIONS if name in entity.properties)
    return [next(named, entity.schema)]


def _told_markings(parts: Iterable[MarkedEntity]) -> Iterator[str]:
    """Returns each marking, with its properties and the id; the strictest one of each property."""
    found: dict[str, set[Marking]] = {}
    for part in parts:
        if part.id_marking is not None:
            found.setdefault(ID_PROPERTY, set()).add(part.id_marking)
        for name, texts in part.properties.items():
            found.setdefault(name, set()).add(texts.marking)
    names: dict[Marking, list[str]] = {}
    for name, markings in found.items():
        names.setdefault(strictest(markings), []).append(name)
    return iter(sorted(map(_told_marking, names.keys(), names.values())))


def _told_marking(marking: Marking, names: Iterable[str]) -> str:
    return f"{marking.encode()} ({', '.join(sorted(names))})"
