"""Body: the entities of a packet, as far as one reader can see them, for validation by its kind.

A view is partial if the originator withheld a field, which is not an error. Therefore a body states
whether it is whole. A whole body is checked for its contents and for missing parts, any other body
for its contents alone. No rule may find a problem in a part that it does not find in the whole
(docs/spec/body-v1.md, B-2).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from tearline.dataclass.immutable import immutable
from tearline.packets.packet import TEXT, Field, PacketKind
from tearline.policy.form import Form
from tearline.policy.profile import parse_path

ID_PROPERTY = "id"
NARRATIVE_SCHEMA = "Packet"
"""Schema of the narrative, which is not an entity."""
UNKNOWN_SCHEMA = "Thing"
"""Schema of an entity with only its id disclosed."""

TOKEN_PREFIX = "token-"  # noqa: S105 (a spelling, not a secret)
"""Beginning of a reference, before the token. Such a text is also a valid id of FollowTheMoney."""

_REFERENCE = re.compile(TOKEN_PREFIX + r"([0-9a-f]{32})")


@immutable
class Item:
    """Visible part of one entity of a body, under one schema.

    Attributes:
        token: The entity's token.
        schema: Name of its schema.
        values: Texts by property, in clear.
    """

    token: str
    schema: str
    values: Mapping[str, tuple[str, ...]]

    def path(self, name: str) -> str:
        """Returns the path of one of its properties."""
        return f"{self.token}/{self.schema}/{name}"

    def only(self, name: str) -> str | None:
        """Returns the one value of a property; None if it is withheld, missing or not single."""
        values = self.values.get(name, ())
        return values[0] if len(values) == 1 else None


@immutable
class Body:
    """Visible entities of a packet, in clear.

    Attributes:
        kind: The kind of packet.
        items: Entities in order of first appearance.
        whole: Whether the body is complete, so that absent parts are missing.
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
        """Returns the entities of one schema."""
        return tuple(item for item in self.items if item.schema == schema)

    def referred(self, reference: str) -> tuple[Item, ...]:
        """Returns the visible parts of the entity that a reference names."""
        token = token_of(reference)
        return () if token is None else self._by_token.get(token, ())

    def name_of(self, token: str) -> str:
        """Returns an entity's name for a message: its id, or the start of its token."""
        for item in self._by_token.get(token, ()):
            if ftm_id := item.only(ID_PROPERTY):
                return ftm_id
        return token[:6]


@immutable
class Problem:
    """Violation of a kind's rules in a body.

    Attributes:
        path: The field, or the schema of a missing part.
        why: The reason, without the value.
        lacks: Whether a part is missing, which only a whole body can show.
    """

    path: str
    why: str
    lacks: bool = False


def body_of(kind: PacketKind, fields: Iterable[Field], *, whole: bool) -> Body:
    """Returns the body of fields. Coarser forms and documents are not checked, and left out.

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
    """Returns the token of the entity that a value refers to; None without a reference."""
    found = _REFERENCE.fullmatch(reference)
    return found and found.group(1)
