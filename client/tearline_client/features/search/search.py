"""Search in readable fields: packet by packet, best matches first."""

import heapq

from tearline.dataclass.immutable import immutable
from tearline.identity import agency_uri_of
from tearline.limits import MAX_FOUND
from tearline.packets.packet import Manifest, OpenedField, PacketKind
from tearline_client.context import NodeContext
from tearline_client.planning.text_search import Match, SearchTerms
from tearline_runtime.turns import in_turns

_FOR_EVER_MS = 1 << 62


@immutable
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


@immutable
class _Found:
    """A packet with matches.

    Attributes:
        match: The best match.
        number: Its place in order of time, newest first.
        packet: 32 bytes, its id.
        fields: The matching fields, best first.
        keys: State of its keys when it was opened.
    """

    match: Match
    number: int
    packet: bytes
    fields: tuple[OpenedField, ...]
    keys: bytes

    @property
    def order(self) -> tuple[Match, int]:
        """Returns the place among the results."""
        return self.match, self.number


async def find(
    context: NodeContext, text: str, within: SearchFilter
) -> dict[bytes, tuple[OpenedField, ...]]:
    """Returns the fields with ``text``, by packet: best first, then newest.

    One packet is in memory at a time, and few results more than ``MAX_FOUND`` are kept. Between
    packets, other tasks run: they may erase, recall or freeze a packet that was found. Therefore
    the results are those of the end.

    Args:
        context: The node.
        text: The text, in any case, script or accents.
        within: The scope.
    """
    sources = context.stores.packets.sources(since_ms=within.since_ms, until_ms=within.until_ms)
    in_scope = (packet_id for packet_id, origin in sources if within.covers(origin, context.uri))
    search = _Search(context, SearchTerms(text, widen=within.widen), within)
    best: list[_Found] = []
    async for number, packet_id in in_turns(enumerate(in_scope)):
        found = search.found(packet_id, number)
        if found is not None:
            best.append(found)
        if len(best) > 2 * MAX_FOUND:
            best = heapq.nsmallest(MAX_FOUND, best, key=lambda each: each.order)
    best = heapq.nsmallest(MAX_FOUND, best, key=lambda each: each.order)
    # No pause from here on: these may be shown.
    return {now.packet: now.fields for each in best if (now := search.renewed(each)) is not None}


class _Search:
    """Search in one packet after another.

    Args:
        context: The node.
        sought: The terms.
        within: The scope.
    """

    def __init__(self, context: NodeContext, sought: SearchTerms, within: SearchFilter) -> None:
        self._context = context
        self._packets = context.stores.packets
        self._sought = sought
        self._within = within

    def found(self, packet_id: bytes, number: int) -> _Found | None:
        """Returns a packet with its matches, or None if it has none or may not be shown."""
        keys = self._packets.keys_state(packet_id)
        if not keys or not self._within.has(self._packets.manifest(packet_id)):
            return None
        if self._packets.is_frozen(packet_id):
            return None
        view = self._context.open_view(packet_id).view
        matches = [(self._sought.match(opened.field), opened) for opened in view.best()]
        fits = [(match, opened) for match, opened in matches if match is not None]
        if not fits:
            return None
        fits.sort(key=lambda fit: fit[0])  # stable: then in order of path
        fields = tuple(opened for _, opened in fits)
        return _Found(match=fits[0][0], number=number, packet=packet_id, fields=fields, keys=keys)

    def renewed(self, earlier: _Found) -> _Found | None:
        """Returns a packet as it is now: opened anew if its keys changed, None if frozen."""
        if self._packets.keys_state(earlier.packet) != earlier.keys:
            return self.found(earlier.packet, earlier.number)
        return None if self._packets.is_frozen(earlier.packet) else earlier
