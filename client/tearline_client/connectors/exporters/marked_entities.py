"""Entities of a view apart by originator and agreement, each value with its marking and time.

An entity's key is its originator, agreement, token and schema: it stays the same whether or not
its id is readable, and reveals nothing of the id.
"""

from collections.abc import Mapping

from tearline.dataclass.immutable import immutable
from tearline.packets.packet import Field
from tearline.policy.form import Form
from tearline.policy.marking import Marking, strictest
from tearline_client.connectors.contract import PacketsView
from tearline_client.planning.entities import (
    ID_PROPERTY,
    UNKNOWN_SCHEMA,
    ids_by_token,
    token_of_reference,
)
from tearline_client.planning.ftm_schema import is_reference


@immutable
class Source:
    """Originator and agreement, within which tokens stand for entities.

    Attributes:
        origin: URI of the node that sent the packets.
        agreement: 16 bytes.
    """

    origin: str
    agreement: bytes


@immutable
class EntityKey:
    """Key of an entity in the packets of one source.

    Attributes:
        source: The source.
        token: The entity's token, 32 hexadecimal digits.
        schema: Name of its schema.
    """

    source: Source
    token: str
    schema: str


@immutable
class Texts:
    """Values of one property.

    Attributes:
        values: The values, references as texts, each once.
        tokens: Token of each reference among them.
        marking: A marking as strict as that of each packet.
        is_coarse: Whether only a generalised form is readable.
    """

    values: tuple[str, ...]
    tokens: Mapping[str, str]
    marking: Marking
    is_coarse: bool


@immutable
class MarkedEntity:
    """Entity of one source.

    Attributes:
        key: Its key.
        id: Its FollowTheMoney id, or empty if that is not readable.
        id_marking: Marking of the id, if it is readable.
        properties: Readable values by property.
        packets: Packets with a readable field of it, in the order of the view.
        first_ms: Time of the first packet with a readable field of it.
        last_ms: Time of the last one.
    """

    key: EntityKey
    id: str
    id_marking: Marking | None
    properties: Mapping[str, Texts]
    packets: tuple[bytes, ...]
    first_ms: int
    last_ms: int


_Fields = dict[str, list[Field]]
"""Fields of one entity by property."""


def marked_entities(view: PacketsView) -> Mapping[EntityKey, MarkedEntity]:
    """Returns the entities of a view, in the order of its packets.

    Raises:
        EntityFieldMalformed: If the fields of one source contradict each other.
    """
    packets: dict[EntityKey, dict[bytes, int]] = {}
    fields: dict[EntityKey, _Fields] = {}
    for packet, opened in view.fields.items():
        manifest = view.manifests[packet]
        source = Source(origin=manifest.header.signer, agreement=manifest.agreement.id)
        for each in opened:
            token, schema, name = each.field.path.split("/")
            key = EntityKey(source=source, token=token, schema=schema)
            fields.setdefault(key, {}).setdefault(name, []).append(each.field)
            packets.setdefault(key, {})[packet] = view.times[packet]
    ids = _ids(fields)
    return {
        key: _entity(key, by_property, ids[key.source], packets[key])
        for key, by_property in fields.items()
        if key.schema != UNKNOWN_SCHEMA or by_property.keys() != {ID_PROPERTY}
    }


def _ids(fields: Mapping[EntityKey, _Fields]) -> Mapping[Source, Mapping[str, str]]:
    """Returns the readable ids of each source, by token."""
    by_source: dict[Source, list[Field]] = {}
    for key, by_property in fields.items():
        found = by_property.get(ID_PROPERTY, ())
        by_source.setdefault(key.source, []).extend(f for f in found if f.form is Form.CLEAR)
    return {
        source: ids_by_token((each.path, each.values) for each in some)
        for source, some in by_source.items()
    }


def _entity(
    key: EntityKey, by_property: _Fields, ids: Mapping[str, str], packets: dict[bytes, int]
) -> MarkedEntity:
    own = [each for each in by_property.get(ID_PROPERTY, ()) if each.form is Form.CLEAR]
    return MarkedEntity(
        key=key,
        id=ids[key.token] if own else "",
        id_marking=strictest(each.marking for each in own) if own else None,
        properties={
            name: _texts(is_reference(key.schema, name), fields, ids)
            for name, fields in by_property.items()
            if name != ID_PROPERTY
        },
        packets=tuple(packets),
        first_ms=min(packets.values()),
        last_ms=max(packets.values()),
    )


def _texts(are_references: bool, fields: list[Field], ids: Mapping[str, str]) -> Texts:
    """Returns the values of one property; a clear value stands for a generalised one."""
    clear = [each for each in fields if each.form is Form.CLEAR]
    texts = tuple(dict.fromkeys(text for each in clear or fields for text in each.texts))
    tokens: dict[str, str] = {}
    if are_references:
        named = {text: token_of_reference(text) for text in texts}
        texts = tuple(ids.get(token, text) for text, token in named.items())
        tokens = {ids.get(token, text): token for text, token in named.items() if token}
    return Texts(
        values=texts,
        tokens=tokens,
        marking=strictest(each.marking for each in clear or fields),
        is_coarse=not clear,
    )
