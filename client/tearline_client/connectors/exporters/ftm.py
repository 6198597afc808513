"""Entities as FollowTheMoney JSON lines, for Aleph, OpenAleph, yente and Tearline."""

import json
import re
from collections.abc import Collection

from tearline_client.planning.entities import Entity
from tearline_client.planning.ftm_schema import EXTENSIONS, GENERALISED, property_of

# JSON escapes only control characters below U+0020. A terminal interprets others too, and
# invisible or direction-changing characters mislead a reader.
_UNSEEN = re.compile(r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# The substitute of each own schema, and its property for texts without a property.
_STANDS_IN = {"Substance": ("Asset", "notes"), "TransferLeg": ("Payment", "description")}
_EVENT = ("Event", "notes")


def encode_entity(entity: Entity, *, generalised: Collection[str] = ()) -> bytes:
    """Returns one line of JSON in UTF-8 with its line end; safe to show on a terminal.

    Args:
        entity: The entity.
        generalised: Its properties with generalised values. They are listed under a key that
            FollowTheMoney treats as context.
    """
    data: dict[str, object] = {
        "id": entity.id,
        "schema": entity.schema,
        "properties": {name: list(values) for name, values in entity.properties.items()},
    }
    if named := sorted(name for name in generalised if name in entity.properties):
        data[GENERALISED] = named
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return _UNSEEN.sub(_escaped, text).encode("utf-8") + b"\n"


def without_extension(entity: Entity, *, generalised: Collection[str] = ()) -> Entity:
    """Returns the entity in FollowTheMoney's own schemata, for readers that know no others.

    A ``Substance`` becomes an ``Asset``, a ``TransferLeg`` a ``Payment``, any other an
    ``Event``. Its notes or description contain the values without a property.
    """
    if entity.schema not in EXTENSIONS:
        return entity
    schema, remarks = _STANDS_IN.get(entity.schema, _EVENT)
    properties: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    for name, values in entity.properties.items():
        if property_of(schema, name):
            properties[name] = values
        else:
            said = f"{name} (generalised)" if name in generalised else name
            notes.extend(f"{said}: {value}" for value in values)
    if notes:
        properties[remarks] = (*properties.get(remarks, ()), *notes)
    return Entity(id=entity.id, schema=schema, properties=properties)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
