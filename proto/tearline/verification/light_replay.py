"""Replay of the entries that concern a light node: members and keys of a few agencies.

A light node reads the clear entries of its own agency, of its partners and of the counted
cosigners, and the votes on them. The directory shows whether one of them is withheld. Specified in
docs/spec/federation-v1.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.errors import DirectoryRejected, SignerKeyUnknown
from tearline.federation.charter import Constitution
from tearline.federation.directory import (
    AgencyState,
    DirectoryEntry,
    FederationState,
    KeyState,
)
from tearline.federation.turns import OwnEntries
from tearline.identity import agency_uri_of, domain_uri_of
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import NoteAlgorithm
from tearline.tlog.note import LineName, Note, NoteSignature
from tearline.verification.clear_index import Place, places_of
from tearline.verification.light_reader import CosigningKey
from tearline.verification.log_entries import parse_clear, parse_entry
from tearline.verification.trust import TrustState
from tearline.wire.federation import parse_amendment, parse_charter, parse_key_record
from tearline.wire.statements import Signed, header_of

Entries = Iterable[tuple[int, bytes]]
"""Entries of the log with their indexes, ascending."""

ReadParts = Mapping[Place, int]
"""Parts of the clear entries, each with the size of the tree up to which all of it was read."""


def replay(federation: bytes, entries: Entries, read: ReadParts) -> TrustState:
    """Returns the state that some entries make.

    Args:
        federation: 32 bytes, the pinned id of the federation.
        entries: Clear entries, and the directories beside them.
        read: The parts that were read. Other entries are left out, as votes that came with their
            voter's: what they are about is not known.

    Raises:
        TearlineError: If an entry is not valid.
    """
    state = TrustState(federation=federation, is_partial=True)
    for index, data in entries:
        entry = parse_entry(data)
        if isinstance(entry, DirectoryEntry) or (
            entry and _was_read(index, entry, read, is_founded=state.membership.is_founded)
        ):
            state.apply(index, entry)
    return state


def _was_read(index: int, signed: Signed, read: ReadParts, *, is_founded: bool) -> bool:
    """Returns whether all that came before on the subject of an entry was read, too."""
    about, *_ = places_of(signed, is_founded=is_founded)
    return index < read.get(about, 0)


@immutable
class HeldEntries:
    """Clear entries that a light node holds, and the directories beside them.

    Attributes:
        entries: By index, ascending.
        made: The entries of each agency that signed one.
        council, cosigners: All agencies that charter and amendments name as such.
    """

    entries: Mapping[int, bytes]
    made: Mapping[str, OwnEntries]
    council: frozenset[str]
    cosigners: frozenset[str]


def held(entries: Mapping[int, bytes]) -> HeldEntries:
    """Returns some entries of the log, by index, with their agencies.

    Raises:
        TearlineError: If a clear entry is malformed.
    """
    ordered = dict(sorted(entries.items()))
    signed = {index: found for index, data in ordered.items() if (found := parse_clear(data))}
    council: set[str] = set()
    cosigners: set[str] = set()
    made: dict[str, list[tuple[int, Signed]]] = {}
    for index, each in signed.items():
        made.setdefault(domain_uri_of(header_of(each.statement.body).signer), []).append(
            (index, each)
        )
        if (constitution := _constitution_of(each)) is not None:
            council.update(constitution.council)
            cosigners.update(constitution.cosigners)
    return HeldEntries(
        entries=ordered,
        made={uri: _own(theirs) for uri, theirs in made.items()},
        council=frozenset(council),
        cosigners=frozenset(cosigners),
    )


def _constitution_of(signed: Signed) -> Constitution | None:
    if signed.statement.type is StatementType.CHARTER:
        return parse_charter(signed.statement.body).constitution
    if signed.statement.type is StatementType.AMENDMENT:
        return parse_amendment(signed.statement.body).constitution
    return None


def _own(entries: Sequence[tuple[int, Signed]]) -> OwnEntries:
    return OwnEntries(
        indexes=tuple(index for index, _ in entries),
        records=frozenset(
            signed.statement.id
            for _, signed in entries
            if signed.statement.type is StatementType.MEMBER_RECORD
        ),
        keys=frozenset(
            parse_key_record(signed.statement.body).key_id
            for _, signed in entries
            if signed.statement.type is StatementType.KEY_RECORD
        ),
    )


def verify_agency(state: AgencyState, trust: TrustState, here: HeldEntries) -> None:
    """Checks that the entries of an agency here are all, and make the state in the directory.

    Raises:
        DirectoryRejected: If one is withheld, or the directory states something else.
    """
    made = here.made.get(state.uri)
    count = 0 if made is None else len(made.indexes)
    if count != state.entries:
        raise DirectoryRejected(f"{count} of {state.entries} entries of {state.uri} are here")
    derived = trust.directory.state_of(state.uri)
    if derived is None or replace(derived, entries=state.entries) != state:
        raise DirectoryRejected(f"the entries of {state.uri} make another state")


def verify_constitution(state: FederationState, trust: TrustState) -> None:
    """Checks that the entries here make the constitution in the directory.

    Raises:
        DirectoryRejected: If they make another: an entry is withheld.
    """
    if state.decision != trust.members.constitution_id:
        raise DirectoryRejected("the constitution in force is withheld")


def line_keys(federation: FederationState, trust: TrustState) -> Mapping[LineName, KeyState]:
    """Returns the keys that the federation's state lists, as lines of a note name them.

    Raises:
        SignerKeyUnknown: If one is not on record.
    """
    keys = (CosigningKey(state=key, public=public_key(trust, key)) for key in federation.keys)
    return {(key.verifier.name, key.verifier.key_hash): key.state for key in keys}


def is_counted(note: Note, keys: Mapping[LineName, KeyState], quorum: int) -> bool:
    """Returns whether a light reader will count enough lines of a note, all verified before.

    Args:
        note: The note of a checkpoint.
        keys: The keys that the federation's state lists; see ``line_keys``.
        quorum: The agencies that must have signed.
    """
    agencies = {
        agency_uri_of(key.subject)
        for line in note.signatures
        if (key := keys.get((line.name, line.key_hash))) and key.counts_at(_time_s(line))
    }
    return len(agencies) >= quorum


def _time_s(line: NoteSignature) -> int:
    return int.from_bytes(line.payload[: NoteAlgorithm.MLDSA44.time_size])


def public_key(trust: TrustState, key: KeyState) -> bytes:
    """Returns the public key of a key in the directory.

    Raises:
        SignerKeyUnknown: If it is not on record.
    """
    record = trust.record_of(key.subject, key.id)
    if record is None:
        raise SignerKeyUnknown(key.subject)
    return record.public_key
