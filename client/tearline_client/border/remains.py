"""What is left in drafts and decisions of a partner's packet that was taken back.

A draft that waits for a second person, or a decision that waits for the exchange, holds values as
they were written, not the packet that they came from. What goes from here goes from there, too; a
person then sees that it is missing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tearline.errors import PacketError
from tearline.onward import is_telling
from tearline.packet import TEXT, Field, View
from tearline.sealing import open_packet
from tearline_client.planning.plan import Draft
from tearline_client.planning.search import folded
from tearline_client.planning.substrings import Substrings
from tearline_client.state import NodeState
from tearline_client.store.decisions import Act
from tearline_client.store.pending import (
    Content,
    PendingAnswer,
    PendingConsent,
    PendingField,
    PendingPacket,
)

_LEAST_SOUGHT = 6
"""Characters from which a value is sought inside longer text: a shorter one stands in too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """Values of one packet.

    Attributes:
        texts: Of its text fields, folded.
        telling: Those of them of which one is enough to tell a copy.
        documents: Those of its other fields.
    """

    texts: frozenset[str] = frozenset()
    telling: frozenset[str] = frozenset()
    documents: frozenset[bytes] = frozenset()

    def without(self, other: "Values") -> "Values":
        """Returns what the other one does not hold as well."""
        return Values(
            texts=self.texts - other.texts,
            telling=self.telling - other.texts,
            documents=self.documents - other.documents,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sought:
    """Values that are sought in drafts.

    Attributes:
        packet: 32 bytes, the packet they were of.
        texts: Of its text fields, folded.
        telling: Those of them of which one is enough to tell a copy.
        documents: Those of its other fields.
    """

    packet: bytes
    texts: Substrings
    telling: Substrings
    documents: frozenset[bytes]


def open_values(state: NodeState, packet_id: bytes) -> Values:
    """Returns all that the keys here open of a packet; nothing where no draft waits."""
    held = state.stores.packets.held(packet_id)
    drafts = state.stores.pending.count() + state.stores.decisions.count()
    if held is None or not drafts:
        return Values()
    view = View(fields=(), existences=())
    try:
        for release in held.keys:
            view = view.merged(open_packet(held.manifest, held.parts.ciphertexts, release))
    except PacketError:
        return Values()  # what does not open was not read into a draft either
    fields = [opened.field for opened in view.fields]
    texts = [field for field in fields if field.media_type == TEXT]
    return Values(
        texts=_folded(texts),
        telling=_folded(field for field in texts if is_telling(field.marking)),
        documents=frozenset(
            value for field in fields if field.media_type != TEXT for value in field.values
        ),
    )


def strip_drafts(state: NodeState, packet_id: bytes, lost: Values) -> None:
    """Takes values that are not here any more out of every draft that waits.

    A draft that names the packet loses each of them; others, those that tell a copy. What this
    agency has said itself stays. The caller has a transaction.

    Args:
        state: The node.
        packet_id: 32 bytes, the packet they were of.
        lost: The values.
    """
    if not (lost.texts or lost.documents):
        return
    sought = _Sought(
        packet=packet_id,
        texts=Substrings(lost.texts, _LEAST_SOUGHT),
        telling=Substrings(lost.telling, _LEAST_SOUGHT),
        documents=lost.documents,
    )
    for pending in state.stores.pending.all():  # at most ``MAX_PENDING``
        content, count = _stripped(state, pending.content, sought)
        if count:
            state.stores.pending.replace(pending, content, lost=pending.lost + count)
    for decision in state.stores.decisions.all():  # at most ``MAX_DECISIONS``
        if isinstance(decision.content, Act):
            continue  # words to partners, without a field
        content, count = _stripped(state, decision.content, sought)
        if count:
            state.stores.decisions.replace(decision, content, lost=decision.lost + count)


def _stripped(state: NodeState, content: Content, sought: _Sought) -> tuple[Content, int]:
    """Returns what is left of a draft, and how much was taken out of it."""
    match content:
        case PendingField() | PendingConsent():
            return content, 0  # of a packet of ours that was sent
        case PendingAnswer():
            packet, count = _left(state, content.packet, sought)
            says = sought.telling.are_in(folded(content.text))
            text = "" if says else content.text
            return replace(content, packet=packet, text=text), count + says
        case tuple() as packets:
            left = [_left(state, each, sought) for each in packets]
            return tuple(packet for packet, _ in left), sum(count for _, count in left)


def _left(state: NodeState, packet: PendingPacket, sought: _Sought) -> tuple[PendingPacket, int]:
    draft: Draft = packet.draft
    texts = sought.texts if sought.packet in draft.derived_from else sought.telling
    documents = sought.documents
    kept = tuple(each for each in draft.fields if not _is_lost(state, each, texts, documents))
    return replace(packet, draft=replace(draft, fields=kept)), len(draft.fields) - len(kept)


def _is_lost(
    state: NodeState, field: Field, texts: Substrings, documents: frozenset[bytes]
) -> bool:
    if field.media_type != TEXT:
        return not documents.isdisjoint(field.values)
    return any(
        texts.are_in(folded(text)) and not state.stores.values.is_own_word(text)
        for text in field.texts
    )


def _folded(fields: Iterable[Field]) -> frozenset[str]:
    return frozenset(plain for field in fields for text in field.texts if (plain := folded(text)))
