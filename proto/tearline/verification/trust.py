"""Trust state: the owner of each key, by the clear entries of the log in order.

``TrustState`` reads trust lists, key records and revocations, and answers which key belongs to
which signer. The agencies themselves sign each of these, so the exchange's word is never used. The
first trust list is pinned out of band. A statement is valid if its entry stands in the log after
its key's record and before that key's end, regardless of its date. A signature of a root or the
exchange is valid while the list with its key was in force.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tearline.crypto.keys import SUITE, KemPublicKey, SigningPublicKey, key_id, signing_public_key
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    FederationMismatch,
    MalformedInput,
    SignerKeyUnknown,
    SignerMismatch,
    SignerUnknown,
    StatementMalformed,
    SuiteUnknown,
    TrustListUnpinned,
    TypeNotAllowed,
)
from tearline.federation.members import NODE_TYPES, Agency, KeyRecord, KeyUse, TrustList
from tearline.federation.record_limits import RecordBounds
from tearline.federation.succession import verify_next, verify_succession
from tearline.identity import agency_uri_of
from tearline.statements.statement import (
    COSIGNED_TYPES,
    HASH_SIZE,
    Attestation,
    AttestationCache,
    Header,
    Statement,
    StatementType,
    Trait,
    find_attestation,
    types_with,
    verify_inclusion,
)
from tearline.tlog.checkpoint import NoteAlgorithm, VerifierKey
from tearline.wire.federation import parse_key_record, parse_revocation, parse_trust_list
from tearline.wire.statements import Signed, header_of

GENESIS_FEDERATION = bytes(HASH_SIZE)
"""Federation id inside list 1, since the real id is the hash of list 1."""

EXCHANGE_TYPES = types_with(Trait.EXCHANGE)
"""Receipts, and erasure orders by an agreement's retention."""
ROOT_TYPES = types_with(Trait.ROOT)


@immutable
class Moment:
    """Position in the log, and log time, at which a statement is verified.

    Attributes:
        index: The position of its acceptance entry, or the next free position.
        time_ms: Unix milliseconds of that entry.
    """

    index: int
    time_ms: int


@dataclass(slots=True)
class _KeyEntry:
    record: KeyRecord
    start: int
    end: int | None = None

    def has_begun(self, at: Moment) -> bool:
        return self.start < at.index and self.record.not_before_ms <= at.time_ms

    def counts(self, at: Moment) -> bool:
        is_revoked = self.end is not None and self.end < at.index
        return self.has_begun(at) and not is_revoked and at.time_ms < self.record.not_after_ms

    def end_at(self, index: int) -> None:
        if self.end is None:
            self.end = index


class TrustState:
    """Known keys of the federation; the state only moves forward.

    Args:
        federation: 32 bytes, the pinned id of the federation.
        own_agency: URI of the agency that must itself have signed list 1; None for the exchange
            and for auditors from outside the federation.
    """

    def __init__(self, *, federation: bytes, own_agency: str | None = None) -> None:
        self.federation = federation
        self._own_agency = own_agency
        # Each with its index, in order: signatures under an old list stay valid.
        self._lists: list[tuple[int, TrustList]] = []
        self._trust_list_id = b""
        # By subject and key id: recording another's key first must not block its owner.
        self._keys: dict[tuple[str, bytes], _KeyEntry] = {}
        self._of: dict[str, list[_KeyEntry]] = {}
        self._revoked: set[tuple[str, bytes]] = set()
        self._bounds = RecordBounds()
        self._cache = AttestationCache()
        self._clear: Mapping[StatementType, Callable[[Signed, int], None]] = {
            StatementType.TRUST_LIST: self._apply_trust_list,
            StatementType.KEY_RECORD: self._apply_key_record,
            StatementType.REVOCATION: self._apply_revocation,
        }

    @property
    def trust_list(self) -> TrustList:
        """Returns the current trust list.

        Raises:
            SignerUnknown: If none has been read yet.
        """
        if self._trust_list is None:
            raise SignerUnknown("no trust list has been read yet")
        return self._trust_list

    @property
    def _trust_list(self) -> TrustList | None:
        return self._lists[-1][1] if self._lists else None

    def trust_list_at(self, at: Moment) -> TrustList:
        """Returns the trust list that was in force at a position of the log.

        Raises:
            SignerUnknown: If none precedes it.
        """
        for index, trust_list in reversed(self._lists):
            if index < at.index:
                return trust_list
        raise SignerUnknown("no trust list stands before that place in the log")

    @property
    def trust_list_id(self) -> bytes:
        """Returns the statement id of the current trust list; empty before the first."""
        return self._trust_list_id

    def apply(self, index: int, signed: Signed) -> None:
        """Applies the clear entry at ``index``.

        Clear entries have no time that a later reader could check. Keys therefore count among them
        by log order, and a key record must start while its signer's key is valid.

        Args:
            index: Its position in the log.
            signed: The statement in it.

        Raises:
            TearlineError: If the entry is not valid; the state is then unchanged.
        """
        apply = self._clear.get(signed.statement.type)
        if apply is None:
            raise StatementMalformed("only trust lists, keys and revocations are clear")
        apply(signed, index)

    def verify(
        self,
        statement: Statement,
        attestations: Mapping[bytes, Attestation],
        *,
        at: Moment,
        vouched: bool = False,
    ) -> Header:
        """Verifies the signatures of ``statement``, and returns its signer.

        1. It has one signer, or at least one for a co-signed type (spec S-23).

        2. Each inclusion leads to its attestation's root, in this federation (S-24, S-25).

        3. The body begins with the first attestation's federation, signer and key (S-26).

        4. This state, not the message, assigns the attestation's key to its signer. The key is
        valid at ``at``, and its record lists the statement's type (S-27).

        5. The signature verifies, both halves (S-28).

        Args:
            statement: The statement.
            attestations: By their hash.
            at: The moment of the verification.
            vouched: Whether a verified statement of the same agency at ``at`` names this one by
                its id. A node's key may then have ended before ``at``, but must have begun
                (spec P-38).

        Raises:
            TearlineError: Of the Packet or Trust branch; names the failed check.
        """
        if not statement.inclusions:
            raise StatementMalformed("the statement has no signer")
        if len(statement.inclusions) > 1 and statement.type not in COSIGNED_TYPES:
            raise StatementMalformed("this kind of statement has one signer")
        header = header_of(statement.body)
        for attestation in _attested(statement, attestations, header, self.federation):
            key = self.signing_key(attestation.header, statement.type, at=at, vouched=vouched)
            self._cache.verify(attestation, key)
        return header

    def signing_key(
        self, signer: Header, kind: StatementType, *, at: Moment, vouched: bool = False
    ) -> SigningPublicKey:
        """Returns the key under which ``signer`` may sign a statement of ``kind``; see ``verify``.

        Raises:
            SignerUnknown: If the trust list in force at that moment does not name the signer.
            SignerKeyUnknown: If the key does not belong to the signer at that moment.
            TypeNotAllowed: If the key may not sign this kind.
            SuiteUnknown: If this version's suite is below the federation's minimum.
        """
        trust_list = self.trust_list_at(at)
        _verify_suite(trust_list)
        if signer.signer == trust_list.exchange.uri:
            return _listed_key(trust_list.exchange.signing_key, signer, kind, EXCHANGE_TYPES)
        agency = trust_list.agency(signer.signer)
        if agency is not None:
            return _listed_key(agency.root_key, signer, kind, ROOT_TYPES)
        _agency_of(signer.signer, trust_list)
        entry = self._key(signer.signer, signer.key_id, KeyUse.SIGN)
        if entry is None or not (entry.has_begun(at) if vouched else entry.counts(at)):
            raise SignerKeyUnknown(signer.signer)
        if kind not in entry.record.types:
            raise TypeNotAllowed(kind.name.lower())
        return signing_public_key(entry.record.public_key)

    def agency_of(self, node_uri: str) -> Agency:
        """Returns the agency of a node.

        Raises:
            SignerUnknown: If the trust list has no such agency, or the URI is not a node's.
        """
        return _agency_of(node_uri, self.trust_list)

    def kem_key(self, node_uri: str, *, at: Moment) -> KemPublicKey:
        """Returns the newest valid encryption key of a node.

        Raises:
            SignerKeyUnknown: If it has none.
        """
        self.agency_of(node_uri)
        entries = [
            entry
            for entry in self._of.get(node_uri, ())
            if entry.record.use is KeyUse.KEM and entry.counts(at)
        ]
        if not entries:
            raise SignerKeyUnknown(f"{node_uri} has no encryption key in force")
        newest = max(entries, key=lambda entry: (entry.start, entry.record.not_after_ms))
        return KemPublicKey(encoded=newest.record.public_key)

    def kem_key_counts(self, node_uri: str, kem_key_id: bytes, *, at: Moment) -> bool:
        """Returns whether a grant to ``node_uri`` may be sealed to this key."""
        entry = self._key(node_uri, kem_key_id, KeyUse.KEM)
        return entry is not None and entry.counts(at)

    def cosigning_keys(self, node_uri: str, *, at: Moment) -> tuple[VerifierKey, ...]:
        """Returns the valid keys under which a node cosigns the log, oldest first."""
        return tuple(
            VerifierKey(name=node_uri, algorithm=NoteAlgorithm.MLDSA44, public=record.public_key)
            for record in self.keys_of(node_uri, at=at)
            if record.use is KeyUse.COSIGN
        )

    def keys_of(self, node_uri: str, *, at: Moment) -> tuple[KeyRecord, ...]:
        """Returns the records of a node's valid keys, oldest first."""
        return tuple(entry.record for entry in self._of.get(node_uri, ()) if entry.counts(at))

    def record_of(self, node_uri: str, key: bytes) -> KeyRecord | None:
        """Returns the record of a node's key by id, valid or not; None without one."""
        entry = self._keys.get((node_uri, key))
        return None if entry is None else entry.record

    def nodes(self) -> tuple[str, ...]:
        """Returns every node that ever had a key on record, in order of URI."""
        return tuple(sorted(self._of))

    @property
    def revoked_keys(self) -> frozenset[tuple[str, bytes]]:
        """Returns agency and key id of all revocations, keys of TLS certificates included.

        An agency may revoke any id, but that affects only keys of its own nodes.
        """
        return frozenset(self._revoked)

    def _key(self, subject: str, key: bytes, use: KeyUse) -> _KeyEntry | None:
        entry = self._keys.get((subject, key))
        return None if entry is None or entry.record.use is not use else entry

    def _apply_trust_list(self, signed: Signed, index: int) -> None:
        following = parse_trust_list(signed.statement.body)
        # Checked before any signature: it must be the next list.
        verify_next(self._trust_list, self._trust_list_id, following)
        first = self._trust_list is None
        if first and signed.statement.id != self.federation:
            raise TrustListUnpinned()
        signers = self._root_signers(signed, following)
        if first and self._own_agency is not None and self._own_agency not in signers:
            raise TrustListUnpinned("this agency's own root did not sign the first list")
        verify_succession(self._trust_list, self._trust_list_id, following, signers)
        known = {each.uri: each for each in (self._trust_list or following).agencies}
        self._bounds.take_changes(a.uri for a in following.agencies if known.get(a.uri, a) != a)
        self._lists.append((index, following))
        self._trust_list_id = signed.statement.id
        # An agency that comes back begins anew: a lost root may have certified anything (L-19).
        for entry in self._keys.values():
            if following.agency(agency_uri_of(entry.record.subject)) is None:
                entry.end_at(index)

    def _root_signers(self, signed: Signed, following: TrustList) -> frozenset[str]:
        """Returns URIs of the agencies with a valid signature of their root.

        The root is the current one, or a new member's own.
        """
        expected = GENESIS_FEDERATION if following.number == 1 else self.federation
        if following.header.federation != expected:
            raise FederationMismatch()
        _verify_suite(self._trust_list or following)
        signers = set()
        found = _attested(signed.statement, signed.attestations, following.header, expected)
        for attestation in found:
            signer = attestation.header
            current = self._trust_list.agency(signer.signer) if self._trust_list else None
            agency = current or following.agency(signer.signer)
            if agency is None:
                raise SignerUnknown(signer.signer)
            root = _listed_key(agency.root_key, signer, StatementType.TRUST_LIST, ROOT_TYPES)
            self._cache.verify(attestation, root)
            signers.add(agency.uri)
        return frozenset(signers)

    def _apply_key_record(self, signed: Signed, index: int) -> None:
        record = parse_key_record(signed.statement.body)
        at = Moment(index=index, time_ms=record.not_before_ms)
        header = self.verify(signed.statement, signed.attestations, at=at)
        agency = agency_uri_of(record.subject)
        _verify_certifier(header.signer, record, agency)
        if (
            header.signer == record.subject
            and record.not_after_ms > self._keys[header.signer, header.key_id].record.not_after_ms
        ):
            # Otherwise an expired key could certify a longer-lived one (L-21).
            raise SignerKeyUnknown("a key may not outlive the one that certifies it")
        if not set(record.types) <= NODE_TYPES:
            raise TypeNotAllowed("a node's key may not sign a type reserved to roots")
        if (record.subject, record.key_id) in self._keys:
            raise StatementMalformed("the key is on record already")
        if (agency, record.key_id) in self._revoked:
            raise SignerKeyUnknown("the key was revoked")
        if record.use is KeyUse.KEM:
            KemPublicKey(encoded=record.public_key).verify()
        elif record.use is KeyUse.SIGN:
            SigningPublicKey(encoded=record.public_key).verify_halves()
        self._bounds.take_key(record)
        entry = _KeyEntry(record=record, start=index)
        self._keys[record.subject, record.key_id] = entry
        self._of.setdefault(record.subject, []).append(entry)

    def _apply_revocation(self, signed: Signed, index: int) -> None:
        # Only a root revokes, and a root's key has no dates of its own.
        at = Moment(index=index, time_ms=0)
        header = self.verify(signed.statement, signed.attestations, at=at)
        revocation = parse_revocation(signed.statement.body)
        holders = [entry for (_, key), entry in self._keys.items() if key == revocation.revoked_key]
        own = [e for e in holders if agency_uri_of(e.record.subject) == header.signer]
        if holders and not own:
            raise SignerKeyUnknown("an agency may revoke only its own keys")
        # A key of no record, as of a TLS certificate, is revoked by its id alone.
        self._bounds.take_revocation(header.signer)
        self._revoked.add((header.signer, revocation.revoked_key))
        for entry in own:
            entry.end_at(index)


def _attested(
    statement: Statement,
    attestations: Mapping[bytes, Attestation],
    header: Header,
    federation: bytes,
) -> Iterator[Attestation]:
    """Yields the attestations of a statement, not verified.

    The first attestation must match the header of the body.
    """
    for number, inclusion in enumerate(statement.inclusions):
        attestation = find_attestation(inclusion, attestations)
        verify_inclusion(statement, inclusion, attestation)
        if attestation.federation != federation:
            raise FederationMismatch()
        if number == 0 and attestation.header != header:
            raise SignerMismatch("the body begins with another signer than its attestation")
        yield attestation


def _verify_suite(trust_list: TrustList) -> None:
    if trust_list.min_suite > SUITE:
        raise SuiteUnknown(f"suite {trust_list.min_suite} is required")


def _agency_of(node_uri: str, trust_list: TrustList) -> Agency:
    try:
        agency = trust_list.agency(agency_uri_of(node_uri))
    except MalformedInput:
        raise SignerUnknown("the name is not a node's") from None
    if agency is None:
        raise SignerUnknown(node_uri)
    return agency


def _verify_certifier(certifier: str, record: KeyRecord, agency: str) -> None:
    by_itself = certifier == record.subject and record.use is not KeyUse.SIGN
    if certifier != agency and not by_itself:
        raise SignerMismatch("a key is certified by its agency's root or its own node")


def _listed_key(
    encoded: bytes, signer: Header, kind: StatementType, allowed: frozenset[StatementType]
) -> SigningPublicKey:
    if key_id(encoded) != signer.key_id:
        raise SignerKeyUnknown(signer.signer)
    if kind not in allowed:
        raise TypeNotAllowed(kind.name.lower())
    return signing_public_key(encoded)
