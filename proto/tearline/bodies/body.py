"""A body: the entities of a packet, as far as one reader can see them, to be judged by its kind.

A view is partial wherever the originator kept something back, and what is kept back is no
fault. So a body says whether it is whole. A whole one is judged for what it holds and for
what it lacks, any other for what it holds alone; and no rule may find in a part what it does
not find in the whole (docs/spec/body-v1.md, B-3).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tearline.packet import TEXT, Field, PacketKind
from tearline.policy.form import Form
from tearline.policy.profile import parse_path

ID_PROPERTY = "id"
NARRATIVE_SCHEMA = "Packet"
"""What the narrative stands under; it is no entity."""
UNKNOWN_SCHEMA = "Thing"
"""What stands for an entity of which only the id is told."""

_REFERENCE = re.compile(r"token-([0-9a-f]{32})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entity of a body, under one schema, as far as it is seen.

    Attributes:
        token: The entity's token.
        schema: Name of its schema.
        values: Texts by property, in clear.
    """

    token: str
    schema: str
    values: Mapping[str, tuple[str, ...]]

    def path(self, name: str) -> str:
        """The path of one of its properties."""
        return f"{self.token}/{self.schema}/{name}"

    def only(self, name: str) -> str | None:
        """The one value of a property; None where it is kept back, missing or not one."""
        values = self.values.get(name, ())
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The entities of a packet, as far as they are seen in clear.

    Attributes:
        kind: What the packet is about.
        items: Entities in order of first appearance.
        whole: Whether this is all of it, so that what is not here is missing.
    """

    kind: PacketKind
    items: tuple[Item, ...]
    whole: bool
    _by_token: Mapping[str, tuple[Item, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_token: dict[str, list[Item]] = {}
        for item in self.items:
            by_token.setdefault(item.token, []).append(item)
        found = {token: tuple(items) for token, items in by_token.items()}
        object.__setattr__(self, "_by_token", found)

    def of(self, schema: str) -> tuple[Item, ...]:
        """The entities of one schema."""
        return tuple(item for item in self.items if item.schema == schema)

    def referred(self, reference: str) -> tuple[Item, ...]:
        """What is seen here of the entity that a reference names."""
        token = token_of(reference)
        return () if token is None else self._by_token.get(token, ())

    def name_of(self, token: str) -> str:
        """What to call an entity in a message: its id where told, else how its token begins."""
        for item in self._by_token.get(token, ()):
            if ftm_id := item.only(ID_PROPERTY):
                return ftm_id
        return token[:6]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a body is not what its kind asks for.

    Attributes:
        path: The field, or the schema of a part that is missing.
        why: The reason, without the value.
        lacks: Whether something is missing, which only a whole body can show.
    """

    path: str
    why: str
    lacks: bool = False


def body_of(kind: PacketKind, fields: Iterable[Field], *, whole: bool) -> Body:
    """The body that fields make. Coarser forms and documents are not judged, and left out.

    Raises:
        PathMalformed: If a field's path is not a path.
    """
    found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for each in fields:
        if each.form is not Form.CLEAR or each.media_type != TEXT:
            continue
        path = parse_path(each.path)
        found.setdefault((path.token, path.schema), {})[path.property] = each.texts
    items = (
        Item(token=token, schema=schema, values=values) for (token, schema), values in found.items()
    )
    return Body(kind=kind, items=tuple(items), whole=whole)


def token_of(reference: str) -> str | None:
    """The token of the entity that a value refers to; None where it does not refer to one."""
    found = _REFERENCE.fullmatch(reference)
    return found and found.group(1)
