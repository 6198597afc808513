"""Contents of a packet as a form: entities with the fields of their schemata, and their checks.

Each value is checked as an import checks it, and by the rules of the packet's kind. The reason
stands beside the field. A value in another spelling is read, and a person chooses between two
readings. A doubtful value is kept if the person insists, as in an import.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace

from tearline.bodies.registry import KINDS
from tearline.bodies.rules import Detail, Part, Value
from tearline.dataclass.immutable import immutable
from tearline.errors import FormRefused, MalformedInput
from tearline.limits import MAX_CONSOLE_ENTITIES
from tearline.packets.packet import PacketKind
from tearline_client.connectors.importers.identifiers import check_property
from tearline_client.connectors.importers.judgement import canonical, read_properties
from tearline_client.connectors.importers.readings import PERSON, Reading
from tearline_client.connectors.importers.report import Concern, Imported, Report, gather
from tearline_client.console.forms import Form
from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import (
    NEVER_TRAVELS,
    SCHEMATA,
    Property,
    PropertyType,
    property_of,
)
from tearline_client.planning.merged_entities import MergedEntities

_ID_BYTES = 8
ASKED = "read"
"""Beginning of the names of a form's choices between two readings of a value."""
_LONG = frozenset({PropertyType.TEXT, PropertyType.HTML})
USUAL: Mapping[str, tuple[str, ...]] = {
    schema: tuple(names.split())
    for schema, names in {
        "Person": "name alias birthDate nationality idNumber passportNumber phone email address"
        " notes",
        "Company": "name jurisdiction registrationNumber taxNumber address phone notes",
        "Organization": "name country registrationNumber address notes",
        "BankAccount": "accountNumber iban bic bankName currency",
        "Payment": "payer beneficiary payerAccount beneficiaryAccount amount currency date purpose",
        "Ownership": "owner asset percentage startDate",
        "Directorship": "director organization role startDate",
        "Family": "person relative relationship",
        "UnknownLink": "subject object role",
        "CryptoWallet": "publicKey currency holder",
        "Vehicle": "registrationNumber model owner",
        "Vessel": "name imoNumber flag owner",
        "Address": "full country",
        "Event": "name date location involved",
    }.items()
}
"""The properties that a form shows first, of the schemata that it offers first."""


@immutable
class Entry:
    """An entity in a form, with the properties that the form shows.

    Attributes:
        id: Its id, as in the agency's own records, or a random one.
        schema: Its schema.
        values: The values of each shown property, in the order of the form.
        typed: The texts that a person typed, of properties whose values are now in another
            spelling.
    """

    id: str
    schema: str
    values: Mapping[str, tuple[str, ...]]
    typed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def caption(self) -> str:
        """Returns its first name, or its id."""
        return next(iter(self.values.get("name", ())), self.id)


@immutable
class Input:
    """A field of the form.

    Attributes:
        name: Its property.
        text: Its values, one on each line.
        is_long: Whether it is one text of several lines.
        is_reference: Whether its values are ids of other entities.
        chosen: Its values.
        required: Whether the kind requires it.
        meaning: The meaning and an example by the rules of the kind, or empty.
        error: The reason why a value is not valid, or empty.
        typed: The texts that a person typed, if the values are in another spelling.
        asked: The possible readings of each value that has several, by its place.
    """

    name: str
    text: str
    is_long: bool
    is_reference: bool
    chosen: tuple[str, ...]
    required: bool
    meaning: str
    error: str
    typed: tuple[str, ...]
    asked: Mapping[int, tuple[str, ...]]


def first_entries(kind: PacketKind) -> tuple[Entry, ...]:
    """Returns the entities that an empty form of a kind shows."""
    rules = KINDS.get(kind)
    parts = [part.schema for part in rules.parts if part.least] if rules else []
    return tuple(new_entry(kind, schema) for schema in parts or ["Person"])


def new_entry(kind: PacketKind, schema: str) -> Entry:
    """Returns an empty entity of a schema.

    Raises:
        MalformedInput: If no entity has that schema.
    """
    if schema not in SCHEMATA or SCHEMATA[schema].abstract:
        raise MalformedInput("no entity has that schema")
    # Random: entities of one id are one entity for every partner under an agreement.
    entity_id = secrets.token_hex(_ID_BYTES)
    names = [each.name for each in _details(kind, schema)] or list(USUAL.get(schema, ("name",)))
    known = [name for name in names if property_of(schema, name)]
    return Entry(id=entity_id, schema=schema, values=dict.fromkeys(known, ()))


def entries_of(kind: PacketKind, entities: Iterable[Entity]) -> tuple[Entry, ...]:
    """Returns entities as a form shows them, with the usual properties; none if it cannot.

    A form cannot hold too many entities, other schemata, links to several entities or to one
    outside of it, several texts, and properties that never travel.
    """
    known = tuple(entities)
    ids = {each.id for each in known}
    if len(known) > MAX_CONSOLE_ENTITIES or not all(_fits(each, ids) for each in known):
        return ()
    return tuple(
        Entry(
            id=each.id,
            schema=each.schema,
            values={**new_entry(kind, each.schema).values, **each.properties},
        )
        for each in known
    )


def _fits(entity: Entity, ids: Collection[str]) -> bool:
    if entity.schema not in SCHEMATA:
        return False
    for name, values in entity.properties.items():
        known = property_of(entity.schema, name)
        if known is None or name in NEVER_TRAVELS or _values(known, "\n".join(values)) != values:
            return False
        if known.type is PropertyType.ENTITY and (len(values) > 1 or values[0] not in ids):
            return False
    return True


def with_property(entry: Entry, name: str) -> Entry:
    """Returns an entity whose form also shows a property.

    Raises:
        MalformedInput: If its schema has no such property, or the property is never sent.
    """
    if name not in others(entry):
        raise MalformedInput("the schema has no such property")
    return replace(entry, values={**entry.values, name: ()})


def others(entry: Entry) -> tuple[str, ...]:
    """Returns the properties that a form of the entity does not show yet."""
    known = SCHEMATA[entry.schema].properties
    return tuple(sorted(known.keys() - entry.values.keys() - NEVER_TRAVELS))


def columns_of(schema: str) -> tuple[str, ...]:
    """Returns the properties of a schema that a column may supply: the usual ones first."""
    known = SCHEMATA[schema].properties
    free = [
        name
        for name, each in known.items()
        if each.type is not PropertyType.ENTITY and name not in NEVER_TRAVELS
    ]
    usual = [name for name in USUAL.get(schema, ()) if name in free]
    return tuple(dict.fromkeys([*usual, *sorted(free)]))


def read_entries(form: Form) -> tuple[Entry, ...]:
    """Returns the entities in a form.

    Raises:
        FormRefused: If they are too many, or of no schema or property.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    heads: dict[str, tuple[str, str]] = {}
    for number in range(MAX_CONSOLE_ENTITIES + 1):
        schema = form.text(f"e{number}")
        if not schema:
            break
        if schema not in SCHEMATA or number == MAX_CONSOLE_ENTITIES:
            raise FormRefused("it has too many entities, or one of no schema")
        heads[f"e{number}"] = (schema, form.text(f"e{number}.id").strip())
        found[f"e{number}"] = {}
    for name, value in form.pairs():
        key, dot, prop = name.partition(".")
        if not dot or prop == "id" or key not in found:
            continue
        known = property_of(heads[key][0], prop)
        if known is None or prop in NEVER_TRAVELS:
            raise FormRefused("it has a field that the schema has not")
        values = (*found[key].get(prop, ()), *_values(known, value))
        found[key][prop] = tuple(
            _chosen(form, f"{ASKED}.{name}.{place}", known, each)
            for place, each in enumerate(values)
        )
    return tuple(
        Entry(id=heads[key][1], schema=heads[key][0], values=values)
        for key, values in found.items()
    )


def _chosen(form: Form, name: str, known: Property, text: str) -> str:
    """Returns the reading of a text that a person chose, or the text."""
    chosen = form.text(name)
    possible = check_property(known, text, PERSON).possible if chosen else ()
    return chosen if chosen in possible else text


def understood(entry: Entry) -> Entry:
    """Returns an entity with its values in canonical form, where they have one reading."""
    readings = read_properties(entry.schema, entry.values, PERSON)
    values = canonical(entry.values, readings)
    typed = {name: texts for name, texts in entry.values.items() if values[name] != texts}
    return replace(entry, values=values, typed=typed)


def _values(known: Property, text: str) -> tuple[str, ...]:
    lines = [text] if known.type in _LONG else text.split("\n")
    return tuple(filter(None, map(str.strip, lines)))


def inputs(kind: PacketKind, entry: Entry, *, judged: bool) -> tuple[Input, ...]:
    """Returns the fields of an entity's form; with ``judged``, each with its error."""
    details = {each.name: each for each in _details(kind, entry.schema)}
    readings = read_properties(entry.schema, entry.values, PERSON) if judged else {}
    return tuple(
        _input(entry, name, values, details.get(name), readings.get(name))
        for name, values in entry.values.items()
    )


def _input(
    entry: Entry,
    name: str,
    values: tuple[str, ...],
    detail: Detail | None,
    readings: Sequence[Reading] | None,
) -> Input:
    known = SCHEMATA[entry.schema].properties[name]
    meaning = ""
    if detail is not None:
        meaning = f"{detail.holds.meaning}, such as {detail.holds.example}"
    return Input(
        name=name,
        text="\n".join(values),
        is_long=known.type in _LONG,
        is_reference=known.type is PropertyType.ENTITY,
        chosen=values,
        required=detail is not None and detail.required,
        meaning=meaning,
        error="" if readings is None else _error(values, readings, detail),
        typed=entry.typed.get(name, ()),
        asked={place: each.possible for place, each in enumerate(readings or ()) if each.possible},
    )


def _error(values: Sequence[str], readings: Sequence[Reading], detail: Detail | None) -> str:
    if detail is not None:
        if detail.required and not values:
            return f"it is missing: {detail.holds.meaning}"
        if len(values) > 1 and not detail.many:
            return "one value is expected, not several"
        if isinstance(detail.holds, Value) and not any(each.possible for each in readings):
            return next(filter(None, map(detail.holds.reason, values)), "")
    return next((each.why for each in readings if each.normal is None), "")


def imported_of(entries: Iterable[Entry]) -> Imported:
    """Returns the entities of a form as an import; those without any value are left out.

    Raises:
        MalformedInput: If an entity is out of bounds.
        ImportRefused: If one with several parts is too large.
    """
    entities, report = list[Entity](), Report()
    for each in entries:
        if given := {name: values for name, values in each.values.items() if values}:
            entities.append(Entity(id=each.id, schema=each.schema, properties=given))
        for name in each.typed:
            why, value = "another spelling", " · ".join(each.values[name])
            report.add(Concern.UNDERSTOOD, why, column=f"{each.schema}.{name}", value=value)
    if not entities:
        return Imported(entities=MergedEntities(), findings=())
    return gather(entities, report)


def _details(kind: PacketKind, schema: str) -> tuple[Detail, ...]:
    rules = KINDS.get(kind)
    parts: Sequence[Part] = rules.parts if rules else ()
    return next((part.details for part in parts if part.schema == schema), ())


def schemata_of(kind: PacketKind) -> tuple[str, ...]:
    """Returns the schemata that a form offers first: those of the kind, and the usual ones."""
    rules = KINDS.get(kind)
    own = [part.schema for part in rules.parts] if rules else []
    return tuple(dict.fromkeys([*own, *USUAL]))
