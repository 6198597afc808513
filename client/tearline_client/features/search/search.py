"""Search in readable fields: by the index of texts, then in the packets found, best first."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from tearline.dataclass.immutable import immutable
from tearline.errors import StoreDamaged
from tearline.identity import agency_uri_of
from tearline.limits import MAX_FOUND
from tearline.packets.packet import OpenedField, PacketKind
from tearline_client.context import NodeContext
from tearline_client.planning.text_search import Match, Rank, SearchTerms
from tearline_client.rules.search_index import UNREADABLE, index_in_turns, report_unreadable
from tearline_client.store.search_texts import PacketTexts, TextBlock
from tearline_runtime.turns import in_turns

_FOR_EVER_MS = 1 << 62
_ATTEMPTS = 2  # to read the index: a damaged part is made anew once


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
        chosen: Returns whether a packet is in scope by its id.
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
    chosen: Callable[[bytes], bool] = lambda _: True
    widen: bool = True

    def covers(self, origin: str, node: str) -> bool:
        """Returns whether a packet of ``origin`` is in scope at ``node``."""
        if self.own is not None and self.own != (origin == node):
            return False
        return self.sender in ("", origin, agency_uri_of(origin))

    def has(self, kind: str, case_id: str) -> bool:
        """Returns whether a packet of a kind and a case is in scope."""
        if self.kinds and kind not in self.kinds:
            return False
        return self.case_id.casefold() in ("", case_id.casefold())

    def has_texts(self, texts: PacketTexts, node: str) -> bool:
        """Returns whether an indexed packet is in scope at ``node``."""
        return (
            self.since_ms <= texts.received_ms < self.until_ms
            and self.covers(texts.origin, node)
            and self.has(texts.kind, texts.case_id)
        )


EVERYWHERE = SearchFilter()


@immutable
class _Candidate:
    """A packet whose indexed texts fit.

    Attributes:
        rank: The quality of the best match.
        packet: 32 bytes, its id.
        received_ms: Its time.
    """

    rank: Rank
    packet: bytes
    received_ms: int

    @property
    def order(self) -> tuple[Rank, int, bytes]:
        """Returns the place among the results: the best first, then the newest."""
        return self.rank, -self.received_ms, self.packet


@immutable
class _Found:
    """A packet with matches.

    Attributes:
        candidate: The packet.
        fields: The matching fields, best first.
        keys: State of its keys when it was opened.
    """

    candidate: _Candidate
    fields: tuple[OpenedField, ...]
    keys: bytes


async def find(
    context: NodeContext, text: str, within: SearchFilter, *, limit: int, skip: int = 0
) -> dict[bytes, tuple[OpenedField, ...]]:
    """Returns the fields with ``text``, by packet: best first, then newest.

    The index of texts gives the packets, of which only those of the result are opened, one after
    another. Between packets, other tasks run: they may erase, recall or freeze a packet that was
    found. Therefore the results are those of the end. Damaged parts of the index are made anew.
    Damaged packets are left out; ``IndexQueue.unreadable`` has them.

    Args:
        context: The node.
        text: The text, in any case, script or accents.
        within: The scope.
        limit: Maximum number of packets.
        skip: Number of better packets that are left out; both together at most ``MAX_FOUND``.

    Raises:
        StoreDamaged: If the index cannot be read, even after it was made anew.
    """
    limit = max(min(limit, MAX_FOUND - skip), 0)
    search = _Search(context, SearchTerms(text, widen=within.widen), within)
    for _ in range(_ATTEMPTS):
        await index_in_turns(context)
        if (best := await search.best()) is not None:
            break
    else:
        raise StoreDamaged("the index of texts is damaged again and again")
    found: list[_Found] = []
    async for candidate in in_turns(islice(best, skip, None)):
        if len(found) < limit and (one := search.found(candidate)) is not None:
            found.append(one)
    # No pause from here on: these may be shown.
    return {
        now.candidate.packet: now.fields
        for each in found
        if (now := search.renewed(each)) is not None
    }


def _first(candidates: Iterable[_Candidate], number: int) -> list[_Candidate]:
    return heapq.nsmallest(number, candidates, key=lambda each: each.order)


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
        self._unreadable = {*context.stores.index_queue.unreadable()}
        self._may_be_frozen = context.stores.packets.are_some_frozen()

    async def best(self) -> list[_Candidate] | None:
        """Returns the best candidates in order; None if a part of the index was damaged."""
        best: dict[bytes, _Candidate] = {}
        is_whole = True
        async for block in in_turns(self._context.stores.search_texts.blocks()):
            if block is None:
                is_whole = False
                continue
            for each in self._candidates(block):
                known = best.get(each.packet, each)  # a packet may come in parts, or twice
                best[each.packet] = min(known, each, key=lambda one: one.order)
            if len(best) > 4 * MAX_FOUND:  # more than the limit: some may be erased meanwhile
                best = {each.packet: each for each in _first(best.values(), 2 * MAX_FOUND)}
        return _first(best.values(), len(best)) if is_whole else None

    def _candidates(self, block: TextBlock) -> Iterator[_Candidate]:
        """Yields the packets whose indexed texts fit and that may be shown."""
        if not self._sought.may_be_in(block.text):
            return
        for texts in block.packets(self._sought.may_be_in):
            if not self._within.has_texts(texts, self._context.uri):
                continue
            if (match := self._sought.match_lines(texts.lines)) is None:
                continue
            packet = self._context.stores.search_texts.packet(texts.place)
            if packet is not None and self._within.chosen(packet) and not self._is_frozen(packet):
                yield _Candidate(rank=match.rank, packet=packet, received_ms=texts.received_ms)

    def _is_frozen(self, packet: bytes) -> bool:
        return self._may_be_frozen and self._packets.is_frozen(packet)

    def found(self, candidate: _Candidate) -> _Found | None:
        """Returns a packet with its matches, or None if it has none now or may not be shown."""
        packet = candidate.packet
        keys = self._packets.keys_state(packet)
        if not keys or self._packets.is_frozen(packet):
            return None
        try:
            view = self._context.open_view(packet).view
        except UNREADABLE as error:
            report_unreadable(self._context, packet, error)
            return None
        if packet in self._unreadable:
            self._context.stores.index_queue.finish(packet)
        matches = [(self._sought.match(opened.field), opened) for opened in view.best()]
        fits: list[tuple[Match, OpenedField]] = [
            (match, opened) for match, opened in matches if match is not None
        ]
        if not fits:
            return None
        fits.sort(key=lambda fit: fit[0])  # stable: then in order of path
        return _Found(candidate=candidate, fields=tuple(o for _, o in fits), keys=keys)

    def renewed(self, earlier: _Found) -> _Found | None:
        """Returns a packet as it is now: opened anew if its keys changed, None if frozen."""
        packet = earlier.candidate.packet
        if self._packets.keys_state(packet) != earlier.keys:
            return self.found(earlier.candidate)
        return None if self._packets.is_frozen(packet) else earlier
