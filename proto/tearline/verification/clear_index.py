"""Index of the clear entries: those that each agency signed, and those about its membership.

An exchange answers light nodes from it. It holds 8 bytes an entry, beside the members and keys that
the exchange holds anyway.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from tearline.federation.decisions import Vote, VoteKind
from tearline.federation.directory import FEDERATION
from tearline.federation.turns import EntryPart, LightEntriesRequest
from tearline.identity import domain_uri_of
from tearline.limits import MAX_LIGHT_INDEXES
from tearline.statements.statement import StatementType
from tearline.wire.federation import parse_vote
from tearline.wire.statements import Signed, header_of

_FOUNDING = frozenset({StatementType.CHARTER, StatementType.CHARTER_SIGNATURE})
_KEYS = frozenset({StatementType.KEY_RECORD, StatementType.REVOCATION})
_OWN = frozenset({StatementType.MEMBER_RECORD, StatementType.LEAVE})

Place = tuple[str, EntryPart]
"""Agency, and the part of the entries about it."""


def places_of(signed: Signed, *, is_founded: bool) -> tuple[Place, ...]:
    """Returns the places of a clear entry in the index.

    Args:
        signed: The statement in the entry.
        is_founded: Whether the charter counts before the entry.
    """
    kind, signer = signed.statement.type, domain_uri_of(header_of(signed.statement.body).signer)
    if kind in _KEYS:
        return ((signer, EntryPart.KEYS),)
    federation = (FEDERATION, EntryPart.MEMBERSHIP)
    if not is_founded or kind in _FOUNDING:
        return (federation, (signer, EntryPart.MEMBERSHIP))
    if kind in _OWN:
        return ((signer, EntryPart.MEMBERSHIP),)
    vote = parse_vote(signed.statement.body) if kind is StatementType.VOTE else None
    return (_subject_of(vote), (signer, EntryPart.VOTES))


def _subject_of(vote: Vote | None) -> Place:
    subject = FEDERATION if vote is None or vote.kind is VoteKind.AMEND else vote.subject
    return (subject, EntryPart.MEMBERSHIP)


class ClearIndex:
    """Indexes of clear entries by agency and part, and of the directories beside them."""

    def __init__(self) -> None:
        self._places: dict[Place, array[int]] = {}
        self._directories: array[int] = array("Q")
        self._newest: int | None = None
        self._is_awaited = False

    def add(self, index: int, places: Sequence[Place]) -> None:
        """Adds a clear entry, behind all others."""
        for place in places:
            self._places.setdefault(place, array("Q")).append(index)
        self._keep(self._newest)
        self._is_awaited = True

    def add_directory(self, index: int, replaced: Sequence[str]) -> None:
        """Adds a directory entry; one beside a clear entry is kept.

        Args:
            index: Its index.
            replaced: The agencies whose root its time replaced: it is an entry about them.
        """
        for uri in replaced:
            self._places.setdefault((uri, EntryPart.MEMBERSHIP), array("Q")).append(index)
        if self._is_awaited:
            self._keep(index)
        self._newest, self._is_awaited = index, False

    def _keep(self, index: int | None) -> None:
        if index is not None and (not self._directories or self._directories[-1] < index):
            self._directories.append(index)

    def find(self, place: Place, start: int, limit: int) -> Sequence[int]:
        """Returns the first ``limit`` entries of a place from an index on."""
        found = self._places.get(place, array("Q"))
        first = bisect_left(found, start)
        return found[first : first + limit]

    def before(self, place: Place, index: int) -> Iterator[int]:
        """Yields the entries of a place before an index, the newest first."""
        found = self._places.get(place, array("Q"))
        return (found[at] for at in reversed(range(bisect_left(found, index))))

    def beside(self, index: int) -> tuple[int, ...]:
        """Returns the kept directories before and behind an entry."""
        at = bisect_right(self._directories, index)
        return tuple(self._directories[max(0, at - 1) : at + 1])

    def page(self, request: LightEntriesRequest) -> tuple[Sequence[int], int]:
        """Returns clear entries with the directories beside them, and the index to go on from."""
        place, size = (request.agency, request.part), request.size
        found = [each for each in self.find(place, request.start, MAX_LIGHT_INDEXES) if each < size]
        beside = {kept for each in found for kept in self.beside(each) if kept < size}
        following = found[-1] + 1 if len(found) == MAX_LIGHT_INDEXES else 0
        return sorted(beside.union(found)), following
