"""Light reader: state of a node that verifies the directory, and does not read all entries.

It holds the constitution, the counted cosigners' keys, the newest checkpoint that ends with a
directory entry, and its own agency's state. Each turn extends what it holds. Specified in
docs/spec/federation-v1.md; docs/threat-model.md says what it relies on.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace

from tearline.crypto.keys import key_id
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    CheckpointForeign,
    ClockSkewed,
    DirectoryRejected,
    OwnStateForeign,
    ProofMalformed,
    SignerKeyUnknown,
    SignerUnknown,
    TrustStale,
)
from tearline.federation.charter import Constitution
from tearline.federation.counted import verify_counted
from tearline.federation.directory import (
    FEDERATION,
    AgencyState,
    DirectoryEntry,
    FederationState,
    KeyState,
    verify_directory,
)
from tearline.federation.directory_states import parse_agency_state, parse_federation_state
from tearline.federation.turns import Leaf, OwnEntries, Turn, TurnRequest
from tearline.federation.versions import MemberStatus
from tearline.identity import agency_uri_of
from tearline.limits import MAX_LOG_TIME_SKEW_MS, MAX_WITNESS_AGE_S
from tearline.statements.statement import StatementType, statement_id
from tearline.tlog.checkpoint import (
    Checkpoint,
    NoteAlgorithm,
    SignedCheckpoint,
    VerifierKey,
    parse_checkpoint,
    parse_verifier_key,
)
from tearline.tlog.merkle import verify_consistency, verify_inclusion
from tearline.tlog.note import Note
from tearline.verification.log_entries import entry_hash
from tearline.verification.trust import TrustState
from tearline.wire.federation import parse_amendment


@immutable
class CosigningKey:
    """Key of a counted cosigner, as the directory states it, with its public key."""

    state: KeyState
    public: bytes

    @property
    def verifier(self) -> VerifierKey:
        """Returns the key as a note names it."""
        return VerifierKey(
            name=self.state.subject, algorithm=NoteAlgorithm.MLDSA44, public=self.public
        )


@immutable
class CosignedDirectory:
    """Directory that enough counted cosigners attest.

    Attributes:
        checkpoint: The checkpoint.
        counted_s: Time of its k-th newest counted line, Unix seconds.
        entry: Its last entry.
    """

    checkpoint: SignedCheckpoint
    counted_s: int
    entry: DirectoryEntry


@immutable
class LightReader:
    """State of a light node; store the one that ``take`` returns before it is used.

    Attributes:
        uri: Its own agency.
        decision: 32 bytes, the constitutional decision that it holds.
        constitution: Charter's or amendment's constitution.
        keys: Cosigning keys of the counted cosigners.
        newest: The directory of its last turn, or None.
        own: State of its own agency there; None before its admission.
    """

    uri: str
    decision: bytes
    constitution: Constitution
    keys: tuple[CosigningKey, ...]
    newest: CosignedDirectory | None = None
    own: AgencyState | None = None

    @property
    def request(self) -> TurnRequest:
        """Returns the question for its next turn."""
        return TurnRequest(
            size=self.newest.checkpoint.checkpoint.size if self.newest else 0,
            decision=self.decision,
            keys=tuple(each.state.id for each in self.keys),
        )

    def take(self, turn: Turn, made: OwnEntries) -> "LightReader":
        """Returns the state after a turn.

        The quorum that it holds signs the checkpoint, and so does the quorum that the directory
        below it states. The age of the checkpoint is not judged here: a reader that was away takes
        older turns first.

        Args:
            turn: The turn.
            made: The clear entries and keys that its own agency knows.

        Raises:
            LogError: If the checkpoint is not that of enough counted cosigners, does not extend the
                one before, or does not end with this directory entry.
            DirectoryRejected: If the directory goes back.
            OwnStateForeign: If it states records, keys or entries that the agency did not make.
            TearlineError: If a state or a key is missing, or none.
        """
        verify_leaf(turn.directory.root, FEDERATION, turn.federation)
        federation = parse_federation_state(turn.federation.state)
        constitution = self._constitution(federation, turn)
        keys = self._cosigning_keys(federation, turn)
        cosigned = self._cosigned(turn, constitution, keys)
        self._verify_extends(cosigned, turn)
        return replace(
            self,
            decision=federation.decision,
            constitution=constitution,
            keys=keys,
            newest=cosigned,
            own=self._own_state(turn, made),
        )

    def verify_recent(self, now_s: int) -> CosignedDirectory:
        """Returns the directory of the last turn, if it is recent enough to act on.

        Args:
            now_s: Unix seconds.

        Raises:
            TrustStale: If there is none, or it is too old.
            ClockSkewed: If it is of the future.
        """
        if self.newest is None:
            raise TrustStale("the node has not taken a turn yet")
        at_s = min(self.newest.counted_s, self.newest.entry.time_ms // 1000)
        if now_s - at_s > MAX_WITNESS_AGE_S:
            raise TrustStale(f"the directory is {now_s - at_s} s old")
        if self.newest.counted_s - now_s > MAX_LOG_TIME_SKEW_MS // 1000:
            raise ClockSkewed("the cosigners' clocks are ahead")
        return self.newest

    def verify_partner(self, uri: str, leaf: Leaf, now_s: int) -> AgencyState:
        """Returns the state of a partner, for a seal.

        Raises:
            TrustStale: If the directory is too old.
            ProofMalformed: If the directory states something else.
            SignerUnknown: If the partner is no member.
        """
        verify_leaf(self.verify_recent(now_s).entry.root, uri, leaf)
        state = parse_agency_state(leaf.state) if leaf.state else None
        if state is None or state.status != MemberStatus.MEMBER.value:
            raise SignerUnknown(uri)
        return state

    def verify_absent(self, uri: str, leaf: Leaf, now_s: int) -> None:
        """Checks that an agency was never a member.

        Raises:
            TrustStale: If the directory is too old.
            ProofMalformed: If the proof does not show that.
        """
        if leaf.state:
            raise ProofMalformed("the answer is a state")
        verify_leaf(self.verify_recent(now_s).entry.root, uri, leaf)

    def _constitution(self, federation: FederationState, turn: Turn) -> Constitution:
        if federation.decision == self.decision:
            return self.constitution
        if statement_id(StatementType.AMENDMENT, turn.amendment) != federation.decision:
            raise DirectoryRejected("the constitution in force is withheld")
        following = parse_amendment(turn.amendment).constitution
        if following.log.origin != self.constitution.log.origin:
            raise CheckpointForeign()
        return following

    def _cosigning_keys(self, federation: FederationState, turn: Turn) -> tuple[CosigningKey, ...]:
        publics = {each.state.id: each.public for each in self.keys}
        publics |= {key_id(public): public for public in turn.keys}
        if not publics.keys() >= {key.id for key in federation.keys}:
            raise SignerKeyUnknown("a counted cosigner's key is withheld")
        return tuple(CosigningKey(state=key, public=publics[key.id]) for key in federation.keys)

    def _cosigned(
        self, turn: Turn, constitution: Constitution, keys: tuple[CosigningKey, ...]
    ) -> CosignedDirectory:
        origin = self.constitution.log.origin
        text = Checkpoint(origin=origin, size=turn.size, root=turn.root).encode()
        signed = parse_checkpoint(
            Note(text=text, signatures=turn.lines).encode(),
            origin=origin,
            required=map(parse_verifier_key, constitution.log.verifier_keys),
            known={each.verifier for each in (*self.keys, *keys)},
        )
        _counted_s(signed, self.keys, self.constitution)
        return CosignedDirectory(
            checkpoint=signed,
            counted_s=_counted_s(signed, keys, constitution),
            entry=turn.directory,
        )

    def _verify_extends(self, cosigned: CosignedDirectory, turn: Turn) -> None:
        tree = cosigned.checkpoint.checkpoint
        leaf = entry_hash(cosigned.entry.encode())
        verify_inclusion(tree.size - 1, tree.size, leaf, turn.last, tree.root)
        if self.newest is None:
            return
        before = self.newest.checkpoint.checkpoint
        verify_consistency(before.size, tree.size, before.root, tree.root, turn.consistency)
        if cosigned.entry.time_ms < self.newest.entry.time_ms:
            raise DirectoryRejected("the time of the directory decreases")

    def _own_state(self, turn: Turn, made: OwnEntries) -> AgencyState | None:
        verify_leaf(turn.directory.root, self.uri, turn.own)
        if not turn.own.state:
            if self.own is not None:
                raise DirectoryRejected("its own agency is in the directory no more")
            return None
        state, before = parse_agency_state(turn.own.state), self.own
        if before is not None and (
            state.generation < before.generation
            or state.index < before.index
            or state.entries < before.entries
        ):
            raise DirectoryRejected("the state of its own agency goes back")
        verify_own(state, made, turn.size - 1)
        return state


def verify_own(state: AgencyState, made: OwnEntries, index: int) -> None:
    """Checks that an agency made all that the directory states under its name.

    Args:
        state: Its state.
        made: The clear entries and keys that it knows.
        index: The directory's entry.

    Raises:
        OwnStateForeign: If there is more, or less.
    """
    entries = bisect_left(made.indexes, index)
    if state.entries != entries:
        raise OwnStateForeign(f"{state.entries} clear entries, of which it made {entries}")
    if state.record not in made.records:
        raise OwnStateForeign("another member record")
    if not made.keys.issuperset(key.id for key in state.keys):
        raise OwnStateForeign("a key of a node that it did not certify")


def begin(uri: str, trust: TrustState) -> LightReader:
    """Returns the state of a reader before its first turn.

    Args:
        uri: Its own agency.
        trust: The founding, with the key records of the counted cosigners.
    """
    now, stated = trust.members, trust.directory.federation_state()
    records = [trust.record_of(key.subject, key.id) for key in stated.keys]
    publics = [record.public_key for record in records if record is not None]
    return LightReader(
        uri=uri,
        decision=now.constitution_id,
        constitution=now.constitution,
        keys=tuple(
            CosigningKey(state=state, public=public)
            for state, public in zip(stated.keys, publics, strict=True)
        ),
    )


def resume(uri: str, trust: TrustState, turn: Turn) -> LightReader:
    """Returns the state of a reader after a turn that it took before, and stored.

    Args:
        uri: Its own agency.
        trust: The state that its entries make.
        turn: The turn, with all keys of the federation's state.

    Raises:
        TearlineError: If the turn is damaged.
    """
    now, federation = trust.members, parse_federation_state(turn.federation.state)
    blank = LightReader(
        uri=uri, decision=now.constitution_id, constitution=now.constitution, keys=()
    )
    held = replace(blank, keys=blank._cosigning_keys(federation, turn))
    return replace(
        held,
        newest=held._cosigned(turn, now.constitution, held.keys),
        own=parse_agency_state(turn.own.state) if turn.own.state else None,
    )


def verify_leaf(root: bytes, uri: str, leaf: Leaf) -> None:
    """Checks the state of an agency, or its absence, under a directory's root.

    Raises:
        ProofMalformed: If the directory states something else.
    """
    state = hashlib.sha256(leaf.state).digest() if leaf.state else None
    verify_directory(root, uri, state, leaf.proof)


def _counted_s(
    signed: SignedCheckpoint, keys: Iterable[CosigningKey], constitution: Constitution
) -> int:
    """Returns the time of the k-th newest line by these keys, each while it was valid."""
    valid = {each.verifier: each.state for each in keys}
    lines = tuple(
        line
        for line in signed.signatures
        if line.time_s is not None
        and (state := valid.get(line.key)) is not None
        and state.counts_at(line.time_s)
    )
    cosigners = {agency_uri_of(state.subject) for state in valid.values()}
    return verify_counted(replace(signed, signatures=lines), cosigners, constitution.quorum)
