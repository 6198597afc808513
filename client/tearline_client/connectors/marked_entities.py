"""Entities of exported packets: each of one originator and agreement, each value with its marking.

An entity's key is its originator, agreement, token and schema: it stays the same whether or not
its id is readable, and reveals nothing of the id.
"""

from collections.abc import Callable, Iterable, Mapping

from tearline.bodies.body import ID_PROPERTY, TOKEN_PREFIX
from tearline.dataclass.immutable import immutable
from tearline.packets.packet import Field
from tearline.policy.form import Form
from tearline.policy.marking import Marking, strictest
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.planning.entities import Entity, token_of_reference
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
class MarkedId:
    """Readable id of an entity.

    Attributes:
        id: Its FollowTheMoney id.
        marking: A marking as strict as that of each field with it.
    """

    id: str
    marking: Marking


IdOf = Callable[[str], MarkedId | None]
"""Returns the readable id of a token, or None."""


@immutable
class ExportedPacket:
    """Packet of an export.

    Attributes:
        id: 32 bytes.
        source: Its originator and agreement.
        case_id: Its case as the manifest names it, or empty.
        not_after_ms: Its end, in ms of Unix time.
        time_ms: Its arrival or creation here, in ms of Unix time.
    """

    id: bytes
    source: Source
    case_id: str
    not_after_ms: int
    time_ms: int


@immutable
class Texts:
    """Values of one property.

    Attributes:
        values: The values, references as texts, each once.
        tokens: Token of each reference among them.
        marking: A marking as strict as that of each value and of each id among them.
        is_coarse: Whether only a generalised form is readable.
        lacks_coarse: Whether generalised values are readable, too, and not among the values.
    """

    values: tuple[str, ...]
    tokens: Mapping[str, str]
    marking: Marking
    is_coarse: bool
    lacks_coarse: bool = False


@immutable
class MarkedEntity:
    """Entity of one source.

    Attributes:
        key: Its key.
        id: Its FollowTheMoney id, or empty if no packet of its source tells it.
        id_marking: Marking of the id, if it is readable.
        properties: Readable values by property.
        packets: Packets with a readable field of it, in the order of the export.
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

    @property
    def generalised(self) -> frozenset[str]:
        """Returns the properties of which only a generalised form is readable."""
        return frozenset(name for name, texts in self.properties.items() if texts.is_coarse)

    def report_coarse(self, report: Report) -> None:
        """Reports the properties whose generalised values are left out for clear ones."""
        why = "generalised values, for clear ones of the property are readable"
        for name in sorted(self.properties):
            if self.properties[name].lacks_coarse:
                column = f"{self.key.schema}.{name}"
                report.add(Concern.STAYS_HOME, why, column=column, id=self.entity.id)

    @property
    def entity(self) -> Entity:
        """Returns it without markings; an id that is not readable is ``token-…``."""
        return Entity(
            id=self.id or TOKEN_PREFIX + self.key.token,
            schema=self.key.schema,
            properties={name: texts.values for name, texts in self.properties.items()},
        )


def marked_entity(
    key: EntityKey, fields: Iterable[tuple[ExportedPacket, Field]], id_of: IdOf
) -> MarkedEntity:
    """Returns the entity of some fields.

    Args:
        key: Its key.
        fields: All its fields, each with its packet, in the order of the export.
        id_of: Returns the readable ids of its source.
    """
    packets: dict[bytes, int] = {}
    by_property: dict[str, dict[bool, _Values]] = {}
    for packet, field in fields:
        packets[packet.id] = packet.time_ms
        forms = by_property.setdefault(field.path.rpartition("/")[2], {})
        found = forms.setdefault(field.form is Form.CLEAR, _Values())
        found.texts.update(dict.fromkeys(field.texts))
        found.markings.add(field.marking)
    by_property.pop(ID_PROPERTY, None)
    own = id_of(key.token)
    return MarkedEntity(
        key=key,
        id=own.id if own else "",
        id_marking=own.marking if own else None,
        properties={
            name: _texts(is_reference(key.schema, name), forms, id_of)
            for name, forms in by_property.items()
        },
        packets=tuple(packets),
        first_ms=min(packets.values()),
        last_ms=max(packets.values()),
    )


class _Values:
    """Values of one property in one form, each once, however many packets have them."""

    def __init__(self) -> None:
        self.texts: dict[str, None] = {}  # its keys are a set that keeps the order
        self.markings: set[Marking] = set()


def _texts(are_references: bool, forms: Mapping[bool, _Values], id_of: IdOf) -> Texts:
    """Returns the values of one property; a clear value stands for a generalised one."""
    found = forms.get(True) or forms[False]
    texts, markings = tuple(found.texts), set(found.markings)
    tokens: dict[str, str] = {}
    if are_references:
        resolved: dict[str, None] = {}
        for text in texts:
            token = token_of_reference(text)
            own = id_of(token) if token else None
            if own:
                markings.add(own.marking)
            resolved[own.id if own else text] = None
            if token:
                tokens[own.id if own else text] = token
        texts = tuple(resolved)
    return Texts(
        values=texts,
        tokens=tokens,
        marking=strictest(markings),
        is_coarse=True not in forms,
        lacks_coarse=len(forms) > 1,
    )
