"""Entities, groups of entities for one packet, and the fields of a packet.

An entity has an id, a schema and properties with values, as in FollowTheMoney's JSON. A field
of a packet holds all values of one property of one entity. Its path is
``token/Schema/property``.

FollowTheMoney ids are often hashes of names that are easy to guess. Therefore no path and no
reference contains an id. It contains the entity's *token*, a keyed hash of agreement and id.
The token is constant within an agreement and reveals no information without the key. The id is
a separate field, ``token/Schema/id``, of the category ``local-id``: without an agreement that names
it, the originator alone opens it. A reference to an entity outside the import adds
``token/Thing/id``, so that a reader of ids can resolve it as well.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from tearline.bodies.body import ID_PROPERTY, TOKEN_PREFIX, UNKNOWN_SCHEMA
from tearline.dataclass.immutable import immutable
from tearline.encoding import label, parse_utf8, prefixed
from tearline.errors import EntityFieldMalformed, KeyMalformed, MalformedInput
from tearline.limits import (
    MAX_ENTITY_ID_BYTES,
    MAX_FIELD_BYTES,
    MAX_FIELDS,
    MAX_GROUP_BYTES,
    MAX_PROPERTIES,
    MAX_VALUES,
)
from tearline_client.planning.connected_components import PlaceOf, linked_components
from tearline_client.planning.ftm_schema import is_reference

TOKEN_SIZE = 16
MIN_TOKEN_KEY_SIZE = 32

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}\Z")
_PATH = re.compile(r"([0-9a-f]{32})/([A-Za-z][A-Za-z0-9]{0,63})/([A-Za-z][A-Za-z0-9]{0,63})\Z")
_REFERENCE = re.compile(TOKEN_PREFIX + r"([0-9a-f]{32})\Z")

FieldText = tuple[str, tuple[bytes, ...]]
"""A path and its values in UTF-8."""


@immutable
class Entity:
    """One entity, within the bounds of a packet.

    Attributes:
        id: FollowTheMoney id, or ``token-…`` if the reader may not know the id.
        schema: Name of its schema.
        properties: Values by property, in the order of the source; each has a value.

    Raises:
        MalformedInput: On construction, if a name, a value or a count is out of bounds.

    Example:
        >>> qiu = Entity(id="qiu", schema="Person", properties={"name": ("Qiu Wenhao", "裘文昊")})
        >>> qiu.properties["name"][0]
        'Qiu Wenhao'
    """

    id: str
    schema: str
    properties: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        if not 0 < len(_utf8(self.id)) <= MAX_ENTITY_ID_BYTES:
            raise MalformedInput("an entity's id is empty or too long")
        if not _NAME.match(self.schema):
            raise MalformedInput("a schema's name has letters and digits")
        if len(self.properties) > MAX_PROPERTIES:
            raise MalformedInput("an entity has too many properties")
        for name, values in self.properties.items():
            if not _NAME.match(name) or name == ID_PROPERTY:
                raise MalformedInput("a property's name has letters and digits, and is not id")
            if not 0 < len(values) <= MAX_VALUES:
                raise MalformedInput("a property has no values, or too many")
            if sum(len(_utf8(value)) for value in values) > MAX_FIELD_BYTES:
                raise MalformedInput("the values of a property hold too many bytes")
        object.__setattr__(self, "properties", MappingProxyType(dict(self.properties)))


@immutable
class Group:
    """Entities of one packet.

    Attributes:
        entities: Entities in the order of the source. An entity too large for a packet is
            divided by property among several groups.
        outside: Referenced ids of entities outside the import.

    Example:
        >>> share = {"owner": ("qiu",), "asset": ("lantern",)}
        >>> (group,) = connected_groups([Entity(id="o1", schema="Ownership", properties=share)])
        >>> group.outside
        ('qiu', 'lantern')
    """

    entities: tuple[Entity, ...]
    outside: tuple[str, ...]


def entity_token(key: bytes, agreement_id: bytes, ftm_id: str) -> str:
    """Returns the token of an entity within an agreement, 32 hexadecimal digits.

    Args:
        key: The originator's key for tokens, at least 32 bytes.
        agreement_id: The agreement's 16 bytes.
        ftm_id: The entity's FollowTheMoney id.

    Raises:
        KeyMalformed: If the key is so short that ids could be guessed.
    """
    if len(key) < MIN_TOKEN_KEY_SIZE:
        raise KeyMalformed(f"a key for entity tokens has at least {MIN_TOKEN_KEY_SIZE} bytes")
    message = label("entity-token") + prefixed(agreement_id) + prefixed(_utf8(ftm_id))
    return hmac.digest(key, message, hashlib.sha256)[:TOKEN_SIZE].hex()


def merge_entities(entities: Iterable[Entity]) -> tuple[Entity, ...]:
    """Returns one entity for each (id, schema), in order of first appearance.

    FollowTheMoney may write one entity in several parts. Values are sets: a repeated value is
    stored once.

    Raises:
        MalformedInput: If the merged parts of one entity exceed the bounds of a packet.
    """
    parts: dict[tuple[str, str], list[Entity]] = {}
    for entity in entities:
        parts.setdefault((entity.id, entity.schema), []).append(entity)
    return tuple(same[0] if len(same) == 1 else _union(same) for same in parts.values())


def connected_groups(
    entities: Sequence[Entity], *, max_fields: int = MAX_FIELDS, max_bytes: int = MAX_GROUP_BYTES
) -> tuple[Group, ...]:
    """Returns groups of connected entities, each small enough for one packet.

    Groups have the order of their first entities, and entities keep their order. The same
    import therefore always makes the same groups. A single field above ``max_bytes`` (at most
    1 MiB) makes its own group.

    Example:
        >>> people = [
        ...     Entity(id="qiu", schema="Person", properties={"name": ("Qiu Wenhao",)}),
        ...     Entity(id="ana", schema="Person", properties={"name": ("Ana Ruiz",)}),
        ... ]
        >>> share = Entity(id="o1", schema="Ownership", properties={"owner": ("qiu",)})
        >>> for group in connected_groups([*people, share]):
        ...     print([entity.id for entity in group.entities])
        ['qiu', 'o1']
        ['ana']
    """
    places = {entity.id: place for place, entity in enumerate(entities)}
    return tuple(
        group
        for nodes in linked_components(map(links, entities), len(entities), places.get)
        for group in filled_groups(
            map(entities.__getitem__, nodes),
            places.get,
            max_fields=max_fields,
            max_bytes=max_bytes,
        )
    )


def filled_groups(
    component: Iterable[Entity],
    place_of: PlaceOf,
    *,
    max_fields: int = MAX_FIELDS,
    max_bytes: int = MAX_GROUP_BYTES,
) -> Iterator[Group]:
    """Yields groups of a component's entities in order, each as full as possible.

    Args:
        component: Connected entities.
        place_of: Returns the place of an id among all entities of the import.
        max_fields: Largest number of fields of a group.
        max_bytes: Largest number of bytes of text of a group.
    """
    waiting: list[Group] = []
    fields = size = 0
    for entity in component:
        for part in _parts(entity, place_of, max_fields, max_bytes):
            more_fields, more_bytes = _cost(part)
            if waiting and (fields + more_fields > max_fields or size + more_bytes > max_bytes):
                yield _joined(waiting)
                waiting, fields, size = [], 0, 0
            waiting.append(part)
            fields, size = fields + more_fields, size + more_bytes
    yield _joined(waiting)


def fields_of(group: Group, *, key: bytes, agreement_id: bytes) -> Iterator[FieldText]:
    """Yields the fields of a group, each path once. References become ``token-…``.

    Raises:
        KeyMalformed: If ``key`` is too short.
    """

    def token(ftm_id: str) -> str:
        return entity_token(key, agreement_id, ftm_id)

    for entity in group.entities:
        prefix = f"{token(entity.id)}/{entity.schema}"
        yield f"{prefix}/{ID_PROPERTY}", (_utf8(entity.id),)
        for name, values in entity.properties.items():
            if is_reference(entity.schema, name):
                values = tuple(TOKEN_PREFIX + token(value) for value in values)
            yield f"{prefix}/{name}", tuple(_utf8(value) for value in values)
    for ftm_id in group.outside:
        yield f"{token(ftm_id)}/{UNKNOWN_SCHEMA}/{ID_PROPERTY}", (_utf8(ftm_id),)


def ids_by_token(fields: Iterable[tuple[str, Sequence[bytes]]]) -> dict[str, str]:
    """Returns the FollowTheMoney ids in these fields, by token.

    The fields MUST come from one originator under one agreement: another originator could
    claim a foreign token.

    Raises:
        EntityFieldMalformed: If a field belongs to no entity, or two ids claim one token.
    """
    known: dict[str, str] = {}
    for path, values in fields:
        token, _, name = split_path(path)
        if name != ID_PROPERTY:
            continue
        if len(values) != 1:
            raise EntityFieldMalformed("an entity has exactly one id")
        ftm_id = _text(values[0])
        if known.setdefault(token, ftm_id) != ftm_id:
            raise EntityFieldMalformed("one token stands for two ids")
    return known


def token_of_reference(reference: str) -> str:
    """Returns the token that a field's reference names, or empty text if it names none."""
    match = _REFERENCE.match(reference)
    return match[1] if match else ""


def split_path(path: str) -> tuple[str, str, str]:
    """Returns the token, schema and property of a field's path.

    Raises:
        EntityFieldMalformed: If it is no path of an entity's field.
    """
    match = _PATH.match(path)
    if match is None:
        raise EntityFieldMalformed("a path is token/Schema/property")
    return match[1], match[2], match[3]


def _utf8(text: str) -> bytes:
    try:
        encoded = text.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedInput("text with half a surrogate pair has no encoding") from None
    if b"\0" in encoded:
        raise MalformedInput("text may not hold a NUL")
    return encoded


def _text(value: bytes) -> str:
    try:
        return parse_utf8(value)
    except MalformedInput as malformed:
        raise EntityFieldMalformed(malformed.why) from None


def _add(values: list[str], more: Sequence[str]) -> None:
    """Appends the values that are not in the list yet."""
    earlier = set(values)
    values.extend(value for value in more if value not in earlier)


def _union(parts: Sequence[Entity]) -> Entity:
    properties: dict[str, list[str]] = {}
    for part in parts:
        for name, values in part.properties.items():
            _add(properties.setdefault(name, []), values)
    return Entity(
        id=parts[0].id,
        schema=parts[0].schema,
        properties={name: tuple(values) for name, values in properties.items()},
    )


def links(entity: Entity) -> tuple[str, Iterator[str]]:
    """Returns the id of an entity, and the ids that it refers to."""
    return entity.id, _references(entity)


def _references(entity: Entity) -> Iterator[str]:
    for name, values in entity.properties.items():
        if is_reference(entity.schema, name):
            yield from values


def _cost(part: Group) -> tuple[int, int]:
    """Returns the largest number of fields, and of bytes of text, that a part adds to a packet."""
    fields = len(part.outside) + sum(1 + len(entity.properties) for entity in part.entities)
    size = sum(
        len(_utf8(value))
        for entity in part.entities
        for values in entity.properties.values()
        for value in values
    )
    return fields, size


def _parts(entity: Entity, place_of: PlaceOf, max_fields: int, max_bytes: int) -> Iterator[Group]:
    """Yields the whole entity if one packet can carry it, else one group per property."""
    outside = tuple(dict.fromkeys(t for t in _references(entity) if place_of(t) is None))
    whole = Group(entities=(entity,), outside=outside)
    fields, size = _cost(whole)
    if fields <= max_fields and size <= max_bytes:
        yield whole
        return
    for name, values in entity.properties.items():
        part = Entity(id=entity.id, schema=entity.schema, properties={name: values})
        yield Group(entities=(part,), outside=())
    for target in outside:
        yield Group(entities=(), outside=(target,))


def _joined(parts: Iterable[Group]) -> Group:
    parts = tuple(parts)
    return Group(
        entities=merge_entities(entity for part in parts for entity in part.entities),
        outside=tuple(dict.fromkeys(ftm_id for part in parts for ftm_id in part.outside)),
    )
