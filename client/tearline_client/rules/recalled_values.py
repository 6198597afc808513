"""Removal of recalled values from drafts and queued decisions.

A draft of a program or for a second person, a form that a person fills in, and a decision that
waits for the exchange, hold copied values, not the packet itself. Erased values are removed there
too; the person sees that they are missing.
"""

import json
import re
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from tearline.dataclass.immutable import immutable
from tearline.errors import PacketError
from tearline.onward.use import is_telling
from tearline.packets.packet import TEXT, Field, View
from tearline.sealing import open_packet
from tearline_client.context import NodeContext
from tearline_client.planning.release_plan import Draft
from tearline_client.planning.search_text import folded
from tearline_client.planning.substrings import Substrings
from tearline_client.store.approvals import Pending
from tearline_client.store.decisions import Act, Decision
from tearline_client.store.draft_content import (
    Content,
    PendingAnswer,
    PendingConsent,
    PendingField,
    PendingPacket,
)
from tearline_client.store.drafts import DraftRow

SOURCE = "source"
"""Name of the value of a form that names packets which it was made from."""
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_LEAST_SOUGHT = 6
"""Minimum length, in characters, of a value searched in longer text: shorter ones match often."""


@immutable
class RecalledValues:
    """Values of one packet.

    Attributes:
        texts: Values of its text fields, folded.
        telling: Those of which a single one identifies a copy.
        documents: Values of its other fields.
    """

    texts: frozenset[str] = frozenset()
    telling: frozenset[str] = frozenset()
    documents: frozenset[bytes] = frozenset()

    def without(self, other: "RecalledValues") -> "RecalledValues":
        """Returns the values that the other one does not hold."""
        return RecalledValues(
            texts=self.texts - other.texts,
            telling=self.telling - other.texts,
            documents=self.documents - other.documents,
        )


@immutable
class _Sought:
    """Values searched in drafts.

    Attributes:
        packet: 32 bytes, the packet of the values.
        texts: Values of its text fields, folded.
        telling: Those of which a single one identifies a copy.
        documents: Values of its other fields.
    """

    packet: bytes
    texts: Substrings
    telling: Substrings
    documents: frozenset[bytes]


def open_values(
    context: NodeContext, packet_id: bytes, slots: Collection[int] | None = None
) -> RecalledValues:
    """Returns all readable values of a packet, or of some slots; empty if no draft waits."""
    held = context.stores.packets.held(packet_id)
    stores = context.stores
    drafts = stores.approvals.count() + stores.decisions.count() + stores.drafts.total()
    if held is None or not drafts:
        return RecalledValues()
    view = View(fields=(), existences=())
    try:
        for release in held.keys:
            view = view.merged(open_packet(held.manifest, held.parts.ciphertexts, release))
    except PacketError:
        return RecalledValues()  # a packet that cannot be opened was not copied into a draft
    fields = [opened.field for opened in view.fields if slots is None or opened.slot in slots]
    texts = [field for field in fields if field.media_type == TEXT]
    return RecalledValues(
        texts=_folded(texts),
        telling=_folded(field for field in texts if is_telling(field.marking)),
        documents=frozenset(
            value for field in fields if field.media_type != TEXT for value in field.values
        ),
    )


def strip_drafts(context: NodeContext, packet_id: bytes, lost: RecalledValues) -> None:
    """Removes erased values from every waiting draft.

    A draft that names the packet loses all of them; other drafts lose the identifying ones. Words
    of this agency's own remain. The caller holds a transaction.

    Args:
        context: The node.
        packet_id: 32 bytes, the packet of the values.
        lost: The values.
    """
    sought = _sought(packet_id, lost)
    context.stores.drafts.count_erasure()
    for row, objects, count in _losing_objects(context, sought):
        context.stores.drafts.replace(row, objects, lost=count)
    for draft, content, count in _losing(context, sought):
        if isinstance(draft, Pending):
            context.stores.approvals.replace(draft, content, lost=draft.lost + count)
        else:
            context.stores.decisions.replace(draft, content, lost=draft.lost + count)


def count_losing(context: NodeContext, packet_id: bytes, lost: RecalledValues) -> int:
    """Returns the number of waiting drafts that ``strip_drafts`` would change."""
    sought = _sought(packet_id, lost)
    found = chain(_losing(context, sought), _losing_objects(context, sought))
    return sum(1 for _ in found)


def _sought(packet_id: bytes, lost: RecalledValues) -> _Sought | None:
    """Returns what is searched in drafts; None if no value was erased."""
    if not (lost.texts or lost.documents):
        return None
    return _Sought(
        packet=packet_id,
        texts=Substrings(lost.texts, _LEAST_SOUGHT),
        telling=Substrings(lost.telling, _LEAST_SOUGHT),
        documents=lost.documents,
    )


def _losing_objects(
    context: NodeContext, sought: _Sought | None
) -> Iterator[tuple[DraftRow, bytes, int]]:
    """Yields each draft or form that holds erased values: objects left, and number gone.

    Objects of a form are its values, each with its name.
    """
    if sought is None:
        return
    encoded = frozenset(b64encode(value).decode() for value in sought.documents)
    drafts = context.stores.drafts
    for row in drafts.all():  # at most ``MAX_TAXII_DRAFTS`` of each account; few of each person
        objects = json.loads(drafts.objects(row.id) or b'{"objects": []}')["objects"]
        is_named = row.person and _names(row, objects, sought.packet)
        lost = sought.texts if is_named else sought.telling
        kept = [
            each
            for each in objects
            if not any(
                text in encoded or _is_text_lost(context, text, lost) for text in _texts_of(each)
            )
        ]
        if len(kept) < len(objects):
            yield row, json.dumps({"objects": kept}).encode(), len(objects) - len(kept)


def _names(row: DraftRow, form: Iterable[tuple[str, str]], packet: bytes) -> bool:
    """Returns whether a form is about a packet: in its address, or by the beginning of its id."""
    sources = (word for name, text in form if name == SOURCE for word in text.split())
    name = packet.hex()
    return name in row.told.decode() or any(name.startswith(each.lower()) for each in sources)


def _texts_of(value: object) -> Iterator[str]:
    """Yields the texts of a value of JSON, names of properties too; pasted JSON also unescaped."""
    match value:
        case str():
            yield value
            if "\\u" in value:
                yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), value)
        case dict():
            yield from chain(value, *map(_texts_of, value.values()))
        case list():
            yield from chain(*map(_texts_of, value))
        case _:
            return  # a number, a truth value or null


def _losing(
    context: NodeContext, sought: _Sought | None
) -> Iterator[tuple[Pending | Decision, Content, int]]:
    """Yields each draft that holds erased values: its reduced content, and their number."""
    if sought is None:
        return
    drafts: list[Pending | Decision] = [
        *context.stores.approvals.all(),  # at most ``MAX_PENDING``
        *context.stores.decisions.all(),  # at most ``MAX_DECISIONS``
    ]
    for draft in drafts:
        if isinstance(draft.content, Act):
            continue  # words to partners, without a field
        content, count = _stripped(context, draft.content, sought)
        if count:
            yield draft, content, count


def _stripped(context: NodeContext, content: Content, sought: _Sought) -> tuple[Content, int]:
    """Returns the reduced draft, and the number of removed values."""
    match content:
        case PendingField() | PendingConsent():
            return content, 0  # fields of a sent packet of ours
        case PendingAnswer():
            packet, count = _left(context, content.packet, sought)
            says = sought.telling.are_in(folded(content.text))
            text = "" if says else content.text
            return replace(content, packet=packet, text=text), count + says
        case tuple() as packets:
            left = [_left(context, each, sought) for each in packets]
            return tuple(packet for packet, _ in left), sum(count for _, count in left)


def _left(
    context: NodeContext, packet: PendingPacket, sought: _Sought
) -> tuple[PendingPacket, int]:
    draft: Draft = packet.draft
    texts = sought.texts if sought.packet in draft.derived_from else sought.telling
    documents = sought.documents
    kept = tuple(each for each in draft.fields if not _is_lost(context, each, texts, documents))
    return replace(packet, draft=replace(draft, fields=kept)), len(draft.fields) - len(kept)


def _is_lost(
    context: NodeContext, field: Field, texts: Substrings, documents: frozenset[bytes]
) -> bool:
    if field.media_type != TEXT:
        return not documents.isdisjoint(field.values)
    return any(_is_text_lost(context, text, texts) for text in field.texts)


def _is_text_lost(context: NodeContext, text: str, lost: Substrings) -> bool:
    return lost.are_in(folded(text)) and not context.stores.values.is_own_word(text)


def _folded(fields: Iterable[Field]) -> frozenset[str]:
    return frozenset(plain for field in fields for text in field.texts if (plain := folded(text)))
