"""Turns of light nodes: the newest counted checkpoint that ends with a directory, and proofs.

Full nodes cosign the checkpoint that the log signs right behind a directory entry. Once enough
counted cosigners have, it serves every light node until the next one. The cost of an answer does
not depend on the number of members.
"""

from collections.abc import Callable, Mapping, Sequence

from tearline.errors import ExchangeBusy, FrontierDamaged, NotFound
from tearline.federation.directory import FEDERATION, KeyState
from tearline.federation.directory_states import parse_federation_state
from tearline.federation.turns import (
    EntryPart,
    Leaf,
    Leaves,
    LeavesRequest,
    LightEntries,
    LightEntriesRequest,
    LightEntry,
    Turn,
    TurnRequest,
)
from tearline.limits import CHECKPOINT_INTERVAL_MS, LOG_PAGE_BYTES
from tearline.tlog.note import LineName, Note
from tearline.verification.indexed_trust import IndexedTrustState
from tearline.verification.light_replay import is_counted, line_keys, public_key
from tearline.verification.log_entries import parse_clear
from tearline.verification.moment import Moment
from tearline.verification.turns import LoggedDirectory, Turns
from tearline_server.tlog.cosignatures import Cosignatures
from tearline_server.tlog.log import AuditLog

_KEPT = 4  # a light node asks for states at the turn that it took a moment ago


class LightTurns:
    """Answers to light nodes.

    Args:
        log: The log.
        cosignatures: The cosigned checkpoints.
        trust: Returns the current members and keys.
    """

    def __init__(
        self,
        log: AuditLog,
        cosignatures: Cosignatures,
        trust: Callable[[], IndexedTrustState],
    ) -> None:
        self._log = log
        self._cosignatures = cosignatures
        self._trust = trust
        self._turns: dict[int, Turns] = {}
        self._lines: tuple[int, Note | None] = (0, None)
        self._amendment = (b"", b"")
        self._keys: tuple[bytes, Mapping[LineName, KeyState]] = (b"", {})

    async def turn(self, agency: str, request: TurnRequest) -> Turn:
        """Returns the turn of a light node at the newest counted directory.

        Raises:
            ExchangeBusy: If the counted cosigners have not signed one yet.
            ProofMalformed: If the node holds a larger tree.
        """
        turns = await self._newest()
        consistency = await self._log.consistency(request.size, turns.size)
        return turns.turn(agency, request, consistency)

    def leaves(self, request: LeavesRequest) -> Leaves:
        """Returns the states of the first agencies at a recent turn, up to a megabyte.

        Raises:
            NotFound: If that turn is not kept any more.
        """
        turns = self._turns.get(request.size)
        if turns is None:
            raise NotFound("that turn was replaced; take the next one")
        found: list[Leaf] = []
        size_bytes = 0
        for uri in request.agencies:
            leaf = turns.leaf(uri)
            size_bytes += len(leaf.state)
            if found and size_bytes > LOG_PAGE_BYTES:
                break
            found.append(leaf)
        return Leaves(size=request.size, leaves=tuple(found))

    async def entries(self, request: LightEntriesRequest) -> LightEntries:
        """Returns entries with their proofs, up to a megabyte.

        Raises:
            ProofMalformed: If the tree has no such entry.
            NotFound: If the log is not that large.
        """
        if request.size > self._log.size:
            raise NotFound("the log has fewer entries")
        wanted: Sequence[int] = request.indexes
        following = 0
        if not wanted:
            wanted, following = self._trust().clear_index.page(request)
        found: list[LightEntry] = []
        paths = await self._log.prove(wanted, request.size)
        size_bytes = 0
        for index, path in zip(wanted, paths, strict=True):  # at most three hundred
            entry = await self._log.entry(index)
            size_bytes += len(entry)
            if found and size_bytes > LOG_PAGE_BYTES:
                return LightEntries(entries=tuple(found), next=index)
            found.append(LightEntry(index=index, entry=entry, path=path))
        return LightEntries(entries=tuple(found), next=following)

    async def _newest(self) -> Turns:
        newest = max(self._turns, default=0)
        for logged in reversed(self._trust().stated):  # at most ``MAX_DIRECTORIES_KEPT``
            size = logged.index + 1
            if size < newest:
                break
            keys = self._keys_at(logged)
            note = self._cosignatures.at(size, keys)
            if note is not None and is_counted(note, keys, self._quorum_at(size)):
                return await self._at(logged, note)
        if not newest:
            why = "the counted cosigners have not signed a directory yet"
            raise ExchangeBusy(why, retry_after_ms=CHECKPOINT_INTERVAL_MS)
        return self._turns[newest]

    def _quorum_at(self, size: int) -> int:
        members = self._trust().members_at(Moment(index=size, time_ms=0))
        return members.constitution.quorum

    def _keys_at(self, logged: LoggedDirectory) -> Mapping[LineName, KeyState]:
        """Returns the keys by which lines count at a directory; they seldom change."""
        state, _ = logged.tree.find(FEDERATION)
        if self._keys[0] != state:
            self._keys = state, line_keys(parse_federation_state(state), self._trust())
        return self._keys[1]

    async def _at(self, logged: LoggedDirectory, note: Note) -> Turns:
        """Returns the turns at a directory, with the newest lines."""
        size = logged.index + 1
        if self._lines == (size, note):
            return self._turns[size]
        (last,) = await self._log.prove([logged.index], size)
        amendment = await self._amendment_at(size)
        turns = Turns(
            note.encode(),
            logged,
            last,
            amendment=lambda _: amendment,
            public_key=lambda key: public_key(self._trust(), key),
        )
        self._turns[size], self._lines = turns, (size, note)
        for old in sorted(self._turns)[:-_KEPT]:
            del self._turns[old]
        return turns

    async def _amendment_at(self, size: int) -> bytes:
        """Returns the body of the amendment in force; empty for the charter."""
        members = self._trust().members_at(Moment(index=size, time_ms=0))
        decision = members.constitution_id
        if decision == self._trust().federation:
            return b""
        if self._amendment[0] == decision:
            return self._amendment[1]
        place = (FEDERATION, EntryPart.MEMBERSHIP)
        before = self._trust().clear_index.before(place, members.constitution_index)
        for index in before:  # it is among the open ones, which are bounded
            entry = await self._log.entry(index)
            signed = parse_clear(entry)
            if signed is not None and signed.statement.id == decision:
                self._amendment = (decision, signed.statement.body)
                return signed.statement.body
        raise FrontierDamaged("the amendment in force is missing")
