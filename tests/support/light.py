"""A log with counted cosigners, from which light readers take their turns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from support.agencies import (
    NOW_MS,
    Federation,
    federation,
    key_record,
    log_signers,
    node_of,
    secret,
    signed_by,
)
from tearline.federation.directory import DirectoryEntry, KeyState
from tearline.federation.members import KeyUse
from tearline.federation.turns import OwnEntries, Turn, TurnRequest
from tearline.identity import agency_uri_of
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    NoteAlgorithm,
    sign_checkpoint,
)
from tearline.tlog.merkle import Frontier, NodeId, consistency_proof, inclusion_proof
from tearline.verification.light_reader import LightReader, begin
from tearline.verification.log_entries import clear_entry, entry_hash
from tearline.verification.trust import TrustState
from tearline.verification.turns import LoggedDirectory, Turns
from tearline.wire.federation import encode_key_record
from tearline.wire.statements import Signed, header_of, signed

FIVE = tuple(f"spiffe://{name}.example" for name in ("br", "cn", "fr", "mx", "us"))
NOW_S = NOW_MS // 1000


@cache
def cosigner(uri: str, name: str = "first") -> CheckpointSigner:
    """The cosigning key of an agency's node."""
    seed = secret(f"cosign {uri} {name}")
    return CheckpointSigner(name=node_of(uri), algorithm=NoteAlgorithm.MLDSA44, seed=seed)


def cosigning_record(
    fed: Federation, uri: str, name: str = "first", use: KeyUse = KeyUse.COSIGN
) -> Signed:
    """The record of that key, under the agency's root."""
    root = fed.signer(uri)
    public = cosigner(uri, name).verifier.public
    record = key_record(root.header, node_of(uri), use, public)
    return signed_by(StatementType.KEY_RECORD, encode_key_record(record), root)


def cosigning_records(fed: Federation, nodes: Iterable[str]) -> list[Signed]:
    """A record of a further cosigning key of each of these nodes of one agency, in their order."""
    names = list(nodes)
    root = fed.signer(agency_uri_of(names[0]))
    records = (
        key_record(root.header, name, KeyUse.COSIGN, secret(f"{name} {number}", 1312))
        for number, name in enumerate(names)
    )
    tree = root.sign([(StatementType.KEY_RECORD, encode_key_record(each)) for each in records])
    return [signed(tree, number) for number in range(len(names))]


@dataclass
class LightLog:
    """A federation's log that every counted cosigner reads.

    Attributes:
        fed: The federation at its beginning.
        trust: The state after the entries so far.
    """

    fed: Federation
    trust: TrustState
    frontier: Frontier = field(default_factory=Frontier)
    nodes: dict[NodeId, bytes] = field(default_factory=dict)
    amendments: dict[bytes, bytes] = field(default_factory=dict)
    made: dict[str, list[int]] = field(default_factory=dict)
    logged: LoggedDirectory | None = None
    time_ms: int = NOW_MS

    def add(self, *entries: Signed) -> None:
        """Clear entries, which all verify."""
        for entry in entries:
            index = self.frontier.size
            self.trust.apply(index, entry)
            agency = "/".join(header_of(entry.statement.body).signer.split("/")[:3])
            self.made.setdefault(agency, []).append(index)
            if entry.statement.type is StatementType.AMENDMENT:
                self.amendments[entry.statement.id] = entry.statement.body
            self.append(clear_entry(entry))

    def append(self, entry: bytes) -> None:
        """An entry of any kind."""
        self.frontier, nodes = self.frontier.append([entry_hash(entry)])
        self.nodes |= {(level, index): node for level, index, node in nodes}

    def state(self, after_s: int = 60) -> None:
        """A directory entry, some seconds after the one before."""
        self.time_ms += after_s * 1000
        self.enter(self.trust.directory.entry(self.time_ms))

    def enter(self, entry: DirectoryEntry) -> None:
        """A directory entry."""
        self.trust.apply(self.frontier.size, entry)
        self.logged = LoggedDirectory(
            index=self.frontier.size, entry=entry, tree=self.trust.directory.copy()
        )
        self.append(entry.encode())

    @property
    def checkpoint(self) -> Checkpoint:
        """The tree as it is now."""
        origin = self.trust.members.log.origin
        return Checkpoint(origin=origin, size=self.frontier.size, root=self.frontier.root())

    def note(self, by: Sequence[CheckpointSigner]) -> bytes:
        """Its checkpoint, signed by the log and these cosigners."""
        return sign_checkpoint(self.checkpoint, (*log_signers(), *by), time_s=self.time_ms // 1000)

    def turns(self, by: Sequence[CheckpointSigner] | None = None) -> Turns:
        """The turns at the tree as it is now, cosigned by four of the five."""
        assert self.logged is not None
        size = self.frontier.size
        return Turns(
            self.note(by if by is not None else [cosigner(uri) for uri in FIVE[:4]]),
            self.logged,
            inclusion_proof(size - 1, size, self.node),
            amendment=lambda decision: self.amendments.get(decision, b""),
            public_key=self.public_key,
        )

    def turn(
        self, uri: str, request: TurnRequest, by: Sequence[CheckpointSigner] | None = None
    ) -> Turn:
        """The turn of a reader, cosigned likewise."""
        return self.turns(by).turn(uri, request, self.consistency(request.size))

    def consistency(self, old: int) -> tuple[bytes, ...]:
        """The proof from an older tree; empty from none."""
        return consistency_proof(old, self.frontier.size, self.node) if old else ()

    def node(self, level: int, index: int) -> bytes:
        """A node of the tree."""
        return self.nodes[level, index]

    def public_key(self, key: KeyState) -> bytes:
        """The public key of a state's key."""
        record = self.trust.record_of(key.subject, key.id)
        assert record is not None
        return record.public_key

    def own(self, uri: str) -> OwnEntries:
        """All that an agency made."""
        state = self.trust.directory.state_of(uri)
        keys = [] if state is None else [key.id for key in state.keys]
        return OwnEntries(
            indexes=tuple(self.made.get(uri, ())),
            records=frozenset() if state is None else frozenset({state.record}),
            keys=frozenset(keys),
        )

    def reader(self, uri: str = FIVE[0]) -> LightReader:
        """A light reader before its first turn."""
        return begin(uri, self.trust)

    def taken(
        self, reader: LightReader, by: Sequence[CheckpointSigner] | None = None
    ) -> LightReader:
        """The reader after a turn, cosigned likewise."""
        return reader.take(self.turn(reader.uri, reader.request, by), self.own(reader.uri))


def light_log() -> LightLog:
    """Five agencies, of which any four cosign; their keys are on record."""
    fed = federation(*FIVE)
    log = LightLog(fed, TrustState(federation=fed.id))
    log.add(*fed.clear, *(cosigning_record(fed, uri) for uri in FIVE))
    log.state()
    return log


def altered(turn: Turn, **changes: object) -> Turn:
    """The turn with some parts replaced."""
    return replace(turn, **changes)  # type: ignore[arg-type]
