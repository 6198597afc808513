"""Following the log as a light node: from turn to turn, with the entries that concern this node.

Each turn is a checkpoint that ends with a directory and that enough counted cosigners signed. The
node reads the clear entries of its agency, its partners and the counted cosigners, each with its
inclusion proof, and compares them with the states in the directory. It relies on the counted
cosigners for all others; see docs/threat-model.md.
"""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
    Set,
)
from dataclasses import replace

from tearline.errors import ProofMalformed, TrustStale
from tearline.federation.directory import FEDERATION, FederationState
from tearline.federation.directory_states import parse_agency_state, parse_federation_state
from tearline.federation.turns import (
    EntryPart,
    Leaf,
    LeavesRequest,
    LightEntriesRequest,
    LightEntry,
    OwnEntries,
    Turn,
    TurnRequest,
)
from tearline.identity import agency_uri_of
from tearline.limits import MAX_LIGHT_INDEXES, MAX_TURN_LEAVES, MAX_UNPROVEN_BYTES
from tearline.statements.statement import HASH_SIZE
from tearline.tlog.agreed_time import AgreedTime
from tearline.tlog.checkpoint import Checkpoint, SignedCheckpoint
from tearline.tlog.merkle import verify_consistency, verify_inclusion
from tearline.verification.light_reader import LightReader, begin, resume, verify_leaf
from tearline.verification.light_replay import (
    HeldEntries,
    ReadParts,
    held,
    replay,
    verify_agency,
    verify_constitution,
)
from tearline.verification.log_entries import entry_hash
from tearline.verification.trust import TrustState
from tearline.wire.turns import (
    encode_leaves_request,
    encode_light_entries_request,
    encode_turn,
    encode_turn_request,
    parse_leaves,
    parse_light_entries,
    parse_turn,
)
from tearline_client.log.rounds import Prover
from tearline_client.store.stores import Stores

Ask = Callable[[bytes], Awaitable[bytes]]
"""Call that sends a question to the exchange, and returns the answer."""

NOTHING_MADE = OwnEntries(indexes=(), records=frozenset(), keys=frozenset())


class LightFollower:
    """The log as a light node holds it, and the trust state of the agencies that concern it.

    Args:
        stores: Stores turns and entries; reading them at start replays the trust state.
        trust: The state to update.
        agency: Its own agency.

    Attributes:
        answer: The exchange's last answer, as evidence.
    """

    def __init__(self, stores: Stores, trust: TrustState, agency: str) -> None:
        self._stores = stores
        self._trust = trust
        self._agency = agency
        self._checked: dict[str, tuple[bytes, bool]] = {}
        self._here = held(dict(stores.log.clear_entries()))
        self._read_up: ReadParts = stores.light.read()
        self._reader: LightReader | None = None
        self.answer = b""
        if (turn := stores.light.turn()) is not None:
            trust.adopt(self._replayed(self._here, self._read_up))
            self._reader = resume(agency, trust, parse_turn(turn))

    # Questions, as to a full node's follower.

    @property
    def next_index(self) -> int:
        """Returns the number of entries of the newest turn's tree."""
        return self._stores.log.size

    def checkpoint(self) -> SignedCheckpoint | None:
        """Returns the checkpoint of the newest turn, or None."""
        newest = self._reader.newest if self._reader else None
        return newest.checkpoint if newest else None

    def time_s(self) -> int:
        """Returns the time of the newest turn by its counted cosigners, Unix seconds, or 0."""
        newest = self._reader.newest if self._reader else None
        return newest.counted_s if newest else 0

    def agreed_time(self, now_ms: int) -> AgreedTime:
        """Returns the agreed time for irreversible acts.

        Raises:
            TrustStale: If no turn was taken.
            ClockSkewed: If the counted cosigners are in our future.
        """
        return AgreedTime(log_ms=self.time_s() * 1000, own_ms=now_ms)

    def verify_fresh(self, now_ms: int) -> None:
        """Verifies that the newest turn is recent enough to seal.

        Raises:
            TrustStale: If it is too old.
            ClockSkewed: If it is in our future.
        """
        if self._reader is None:
            raise TrustStale("the node has not taken a turn yet")
        self._reader.verify_recent(now_ms // 1000)

    def verify_stated(self, now_ms: int) -> None:
        """Verifies that the newest directory is of now; see ``verify_fresh``."""
        self.verify_fresh(now_ms)

    # Turns.

    async def take_turn(self, exchange: Prover, *, now_ms: int) -> None:
        """Takes the next turn, with the entries that it shows to be missing here.

        Turn and entries are stored in one transaction, before they are used.

        Raises:
            TearlineError: If the turn, a state, or a proof is not valid, or an entry is withheld.
                The state here is then unchanged.
            ExchangeError: If the exchange does not answer.
        """
        asked = TurnRequest(size=0, decision=bytes(HASH_SIZE), keys=())
        if self._reader is not None:
            asked = self._reader.request
        turn = parse_turn(await self._heard(exchange.light_turn(encode_turn_request(asked))))
        federation = parse_federation_state(turn.federation.state)
        found: dict[int, bytes] = {}
        read_up = dict(self._read_up)

        async def read(agency: str, part: EntryPart) -> None:
            start = read_up.get((agency, part), 0)
            found.update(await self._read(exchange, turn, agency, part, start))
            read_up[agency, part] = turn.size

        if self._reader is None or federation.decision != self._reader.decision:
            await read(FEDERATION, EntryPart.MEMBERSHIP)
        named = held({**self._here.entries, **found}) if found else self._here
        full = self._followed()
        agencies = sorted(full | named.council | named.cosigners)
        states = await self._read_states(exchange, turn, agencies)
        for uri, state in states.items():
            if self._checked.get(uri) != (state, uri in full):
                await read(uri, EntryPart.MEMBERSHIP)
                if uri in full or uri in named.cosigners:
                    await read(uri, EntryPart.KEYS)
                if uri in full:
                    await read(uri, EntryPart.VOTES)
        self._take(turn, federation, found, read_up, states, full, now_ms)

    async def holds(self, exchange: Prover, tree: Checkpoint) -> bool:
        """Returns whether a tree was proven to be the beginning of the newest turn's.

        A larger one is not. Where the exchange has a newer turn, both trees are proven to be
        beginnings of that turn's; while it makes further turns meanwhile, this one is not proven.

        Raises:
            LogError: If the newest turn's tree does not extend it.
            ExchangeError: If the exchange does not answer.
        """
        newest = self.checkpoint()
        if self._reader is None or newest is None or tree.size > newest.checkpoint.size:
            return False
        now = newest.checkpoint
        asked = self._reader.request
        turn = await self._turn_behind(exchange, replace(asked, size=tree.size))
        if turn.size != now.size:
            behind = await self._turn_behind(exchange, replace(asked, size=now.size))
            if (behind.size, behind.root) != (turn.size, turn.root):
                return False
            verify_consistency(now.size, turn.size, now.root, turn.root, behind.consistency)
            verify_consistency(tree.size, turn.size, tree.root, turn.root, turn.consistency)
        else:
            verify_consistency(tree.size, now.size, tree.root, now.root, turn.consistency)
        return True

    async def _turn_behind(self, exchange: Prover, asked: TurnRequest) -> Turn:
        """Returns the exchange's newest turn, with its proof for a tree; neither is verified."""
        return parse_turn(await self._heard(exchange.light_turn(encode_turn_request(asked))))

    def _take(
        self,
        turn: Turn,
        federation: FederationState,
        found: Mapping[int, bytes],
        read_up: ReadParts,
        states: Mapping[str, bytes],
        full: Set[str],
        now_ms: int,
    ) -> None:
        here, trust = self._here, self._trust
        if found or self._reader is None:
            here = held({**here.entries, **found})
            trust = self._replayed(here, read_up)
        verify_constitution(federation, trust)
        before = self._reader or begin(self._agency, trust)
        reader = before.take(turn, here.made.get(self._agency, NOTHING_MADE))
        checked = {uri: (state, uri in full) for uri, state in states.items()}
        for uri in sorted(full):  # of which few have changed
            state = states[uri]
            if state and checked[uri] != self._checked.get(uri):
                verify_agency(parse_agency_state(state), trust, here)
        kept = replace(turn, keys=tuple(key.public for key in reader.keys))
        with self._stores.database.transaction():
            self._stores.log.put_proven(found)
            self._stores.log.end_with(turn.size - 1, turn.directory.encode())
            self._stores.light.put_turn(encode_turn(kept))
            self._stores.light.put_read(read_up)
            self._note_lines(reader, trust, now_ms)
        if trust is not self._trust:
            self._trust.adopt(trust)
        self._here, self._reader, self._checked = here, reader, checked
        self._read_up = read_up

    def _note_lines(self, reader: LightReader, trust: TrustState, now_ms: int) -> None:
        """Records the cosigners of a turn, as partners that have signed this node's log."""
        if reader.newest is None:
            return
        signed, cosigning = reader.newest.checkpoint, self._stores.cosigning
        size = signed.checkpoint.size
        cosigning.saw(size, now_ms)
        cosigning.put_cosigned(signed.note, trust.log)
        for line in signed.signatures:
            if line.time_s is None or line.key.name == signed.checkpoint.origin:
                continue
            if (agency := agency_uri_of(line.key.name)) != self._agency:
                cosigning.partner_cosigned(agency, size, line.time_s)

    def _followed(self) -> frozenset[str]:
        """Returns the agencies whose entries are all read: its own, and its partners."""
        return frozenset({self._agency, *self._stores.light.followed()})

    def _replayed(self, here: HeldEntries, read_up: ReadParts) -> TrustState:
        return replay(self._trust.federation, here.entries.items(), read_up)

    async def _read_states(
        self, exchange: Prover, turn: Turn, agencies: Sequence[str]
    ) -> dict[str, bytes]:
        """Returns the proven states of agencies under a turn's directory, empty for absence."""
        states = {self._agency: turn.own.state}
        others = tuple(uri for uri in agencies if uri != self._agency)
        # They are bounded: the council, the cosigners and at most ``MAX_FOLLOWED``.
        async for uri, leaf in read_leaves(self._asking(exchange.light_leaves), turn.size, others):
            verify_leaf(turn.directory.root, uri, leaf)
            states[uri] = leaf.state
        return states

    # Entries.

    async def _read(
        self, exchange: Prover, turn: Turn, agency: str, part: EntryPart, start: int
    ) -> dict[int, bytes]:
        """Returns the clear entries of a part of an agency's, with the directories beside them."""
        found: dict[int, bytes] = {}
        while True:
            asked = LightEntriesRequest(size=turn.size, agency=agency, part=part, start=start)
            request = encode_light_entries_request(asked)
            answer = parse_light_entries(await self._heard(exchange.light_entries(request)))
            found |= _proven(answer.entries, turn.size, turn.root)
            if answer.next <= start:
                return found
            if sum(map(len, found.values())) > MAX_UNPROVEN_BYTES:
                raise ProofMalformed(f"the entries of {agency or 'the federation'} never end")
            start = answer.next

    async def read_entries(self, exchange: Prover, indexes: Iterable[int]) -> None:
        """Reads and stores entries of the newest turn's tree that are not here yet.

        Raises:
            ProofMalformed: If the exchange does not prove one.
            ExchangeError: If it does not answer.
        """
        newest = self.checkpoint()
        if newest is None:
            return
        tree = newest.checkpoint
        wanted = {index for index in indexes if index < tree.size}
        missing = self._stores.log.missing(sorted(wanted))
        found: dict[int, bytes] = {}
        asking = self._asking(exchange.light_entries)
        async for entries in read_listed(asking, tree.size, missing):
            found |= _proven(entries, tree.size, tree.root)
        with self._stores.database.transaction():
            self._stores.log.put_proven({index: found[index] for index in missing})
            self._stores.light.has_come(wanted)

    def _asking(self, ask: Ask) -> Ask:
        async def asking(request: bytes) -> bytes:
            return await self._heard(ask(request))

        return asking

    async def _heard(self, answering: Awaitable[bytes]) -> bytes:
        self.answer = await answering
        return self.answer


async def read_leaves(
    ask: Ask, size: int, agencies: Sequence[str]
) -> AsyncIterator[tuple[str, Leaf]]:
    """Yields the state of each agency at the turn of a size, not yet verified.

    Raises:
        ProofMalformed: If the exchange answers something else.
        ExchangeError: If it does not answer.
    """
    at = 0
    while some := tuple(agencies[at : at + MAX_TURN_LEAVES]):
        request = encode_leaves_request(LeavesRequest(size=size, agencies=some))
        answer = parse_leaves(await ask(request))
        if answer.size != size or not 0 < len(answer.leaves) <= len(some):
            raise ProofMalformed("the answer has other states")
        for found in zip(some, answer.leaves, strict=False):  # an answer may end before
            yield found
        at += len(answer.leaves)


async def read_listed(
    ask: Ask, size: int, indexes: Iterable[int]
) -> AsyncIterator[Sequence[LightEntry]]:
    """Yields all entries of these indexes, not yet verified.

    Raises:
        ProofMalformed: If one is withheld.
        ExchangeError: If the exchange does not answer.
    """
    left = sorted(indexes)
    while left:
        asked = LightEntriesRequest(size=size, indexes=tuple(left[:MAX_LIGHT_INDEXES]))
        answer = parse_light_entries(await ask(encode_light_entries_request(asked)))
        found = {each.index for each in answer.entries}
        if found.isdisjoint(left):
            raise ProofMalformed("an entry is withheld")
        left = [index for index in left if index not in found]
        yield answer.entries


def _proven(entries: Iterable[LightEntry], size: int, root: bytes) -> dict[int, bytes]:
    """Returns entries by index, all of them proven in a tree.

    Raises:
        LogError: If a proof does not lead to its root.
    """
    found = {}
    for each in entries:
        verify_inclusion(each.index, size, entry_hash(each.entry), each.path, root)
        found[each.index] = each.entry
    return found
