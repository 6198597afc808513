"""Provenance of exported entities: the originators and markings behind each of them."""

from collections.abc import Iterator, Mapping

from tearline.dataclass.immutable import immutable
from tearline.packets.packet import Field
from tearline.policy.form import Form
from tearline.policy.marking import Marking, strictest
from tearline_client.connectors.contract import PacketsView
from tearline_client.planning.entities import ID_PROPERTY, TOKEN_PREFIX, ids_by_token

Key = tuple[str, str]
"""Id and schema of an entity."""


@immutable
class Provenance:
    """Originators and markings of one entity.

    Attributes:
        originators: URIs of the nodes that sent a field of it, in order of the packets.
        markings: Marking by property; as strict as that of each packet, if they differ.
    """

    originators: tuple[str, ...]
    markings: Mapping[str, Marking]


def provenance_of(view: PacketsView) -> Mapping[Key, Provenance]:
    """Returns the provenance of a view's entities.

    Raises:
        EntityFieldMalformed: If the fields of one originator and agreement contradict each other.
    """
    origins: dict[Key, dict[str, None]] = {}  # its keys are a set that keeps the order
    markings: dict[Key, dict[str, list[Marking]]] = {}
    for origin, entity_id, field in _fields(view):
        _, schema, name = field.path.split("/")
        key = entity_id, schema
        origins.setdefault(key, {})[origin] = None
        if name != ID_PROPERTY:
            markings.setdefault(key, {}).setdefault(name, []).append(field.marking)
    return {
        key: Provenance(
            originators=tuple(originators),
            markings={name: strictest(found) for name, found in markings.get(key, {}).items()},
        )
        for key, originators in origins.items()
    }


def _fields(view: PacketsView) -> Iterator[tuple[str, str, Field]]:
    """Yields each field with its originator and the id of its entity, as the view resolves it."""
    sources: dict[tuple[str, bytes], list[Field]] = {}
    for packet_id, opened in view.fields.items():
        manifest = view.manifests[packet_id]
        source = sources.setdefault((manifest.header.signer, manifest.agreement.id), [])
        source.extend(each.field for each in opened)
    for (origin, _), fields in sources.items():
        known: dict[str, str] = {}  # ids in clear form resolve both forms, others their own
        for form in (Form.CLEAR, Form.GENERALISED):
            of_form = [field for field in fields if field.form is form]
            known |= ids_by_token((field.path, field.values) for field in of_form)
            for field in of_form:
                token = field.path.partition("/")[0]
                yield origin, known.get(token, TOKEN_PREFIX + token), field
