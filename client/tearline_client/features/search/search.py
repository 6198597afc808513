"""Search in readable fields: packet by packet, best matches first."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from tearline.identity import agency_uri_of
from tearline.limits import MAX_FOUND
from tearline.packets.packet import Manifest, OpenedField, PacketKind
from tearline_client.context import NodeContext
from tearline_client.planning.text_search import Match, SearchTerms

_FOR_EVER_MS = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """Scope of a search.

    Attributes:
        own: Only packets of ours, or only of others; None for both.
        kinds: Only packets of these kinds; empty for all.
        case_id: Only packets of this case; empty for all.
        sender: Only packets of this node or agency, by its URI; empty for all.
        since_ms: Only packets received or made then or later.
        until_ms: Only packets received or made before.
        widen: Whether names also match in other transcriptions and short forms.

    Example:
        >>> draft = node.packets.draft(group, about, agreement="narcotics-2026")
        >>> sent = node.packets.send([node.packets.plan(draft, ["mx-prosecutor"])])
        >>> len(node.packets.search("wenhao QIU", within=SearchFilter(own=False)))
        0
    """

    own: bool | None = None
    kinds: frozenset[PacketKind] = frozenset()
    case_id: str = ""
    sender: str = ""
    since_ms: int = 0
    until_ms: int = _FOR_EVER_MS
    widen: bool = True

    def covers(self, origin: str, node: str) -> bool:
        """Returns whether a packet of ``origin`` is in scope at ``node``."""
        if self.own is not None and self.own != (origin == node):
            return False
        return self.sender in ("", origin, agency_uri_of(origin))

    def has(self, manifest: Manifest) -> bool:
        """Returns whether a packet is in scope by its manifest."""
        if self.kinds and manifest.kind not in self.kinds:
            return False
        return self.case_id.casefold() in ("", manifest.case_id.casefold())


EVERYWHERE = SearchFilter()


def find(
    context: NodeContext, text: str, within: SearchFilter
) -> dict[bytes, tuple[OpenedField, ...]]:
    """Returns the fields with ``text``, by packet: best first, then newest.

    One packet is in memory at a time, and at most ``MAX_FOUND`` results are kept.

    Args:
        context: The node.
        text: The text, in any case, script or accents.
        within: The scope.
    """
    found = heapq.nsmallest(
        MAX_FOUND,
        _matches(context, SearchTerms(text, widen=within.widen), within),
        key=lambda match: match[:2],
    )
    return {packet_id: fields for _, _, packet_id, fields in found}


def _matches(
    context: NodeContext, sought: SearchTerms, within: SearchFilter
) -> Iterator[tuple[Match, int, bytes, tuple[OpenedField, ...]]]:
    packets = context.stores.packets
    sources = packets.sources(since_ms=within.since_ms, until_ms=within.until_ms)
    for number, (packet_id, origin) in enumerate(sources):
        if not within.covers(origin, context.uri) or not within.has(packets.manifest(packet_id)):
            continue
        if packets.is_frozen(packet_id):
            continue
        view = context.open_view(packet_id).view
        matches = [(sought.match(opened.field), opened) for opened in view.best()]
        fits = [(match, opened) for match, opened in matches if match is not None]
        if fits:
            fits.sort(key=lambda fit: fit[0])  # stable: then in order of path
            yield fits[0][0], number, packet_id, tuple(opened for _, opened in fits)
