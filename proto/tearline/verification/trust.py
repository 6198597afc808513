"""Trust state: the owner of each key, by the clear entries of the log in order.

``TrustState`` reads charter, member records, votes, key records and revocations, and answers which
key belongs to which signer. The agencies themselves sign each of these, so the exchange's word is
never used. The charter is pinned out of band. A statement is valid if its entry stands in the log
after its key's record and before that key's end, regardless of its date. A signature of a root or
the exchange is valid while the record or constitution with its key was in force.
"""

from collections.abc import Callable, Mapping, Sequence

from tearline.crypto.keys import SUITE, KemPublicKey, SigningPublicKey, signing_public_key
from tearline.errors import (
    AddresseeKeyMissing,
    CharterUnpinned,
    DirectoryRejected,
    MalformedInput,
    MembershipRejected,
    SignerKeyUnknown,
    SignerUnknown,
    StatementMalformed,
    SuiteUnknown,
    TypeNotAllowed,
)
from tearline.federation.directory import DirectoryEntry
from tearline.federation.members import Agency, KeyRecord, KeyUse
from tearline.federation.membership import Membership
from tearline.federation.record_limits import RecordBounds
from tearline.federation.versions import LogHistory, Members, MemberVersion
from tearline.identity import agency_uri_of, domain_uri_of
from tearline.statements.statement import (
    Attestation,
    AttestationCache,
    Header,
    Statement,
    StatementType,
    Trait,
    types_with,
)
from tearline.tlog.checkpoint import NoteAlgorithm, VerifierKey
from tearline.verification.attested import attested, listed_key
from tearline.verification.founders import Founding
from tearline.verification.key_register import KeyRegister
from tearline.verification.member_signatures import verify_own_change, verify_roots
from tearline.verification.moment import Moment
from tearline.verification.stated_directory import StatedDirectory
from tearline.wire.federation import (
    FederationFile,
    parse_amendment,
    parse_key_record,
    parse_leave,
    parse_member_record,
    parse_revocation,
    parse_vote,
)
from tearline.wire.statements import Signed, header_of

EXCHANGE_TYPES = types_with(Trait.EXCHANGE)
"""Receipts, and erasure orders by an agreement's retention."""
ROOT_TYPES = types_with(Trait.ROOT)


class TrustState:
    """Members and keys of the federation; the state only moves forward.

    Args:
        federation: 32 bytes, the pinned id of the federation.
        is_partial: Whether it reads some of the clear entries only, as of an exhibit. The root of
            a directory entry then proves nothing, and is not compared.

    Attributes:
        membership: Members, constitution and open votes.
    """

    def __init__(self, *, federation: bytes, is_partial: bool = False) -> None:
        self.federation = federation
        self._is_partial = is_partial
        self.membership = Membership()
        self._bounds = RecordBounds()
        self._keys = KeyRegister(self._bounds)
        self._cache = AttestationCache()
        self._founding = Founding(federation, self.membership, self._cache)
        self._directory = StatedDirectory(self.membership, self._keys)
        self._clear: Mapping[StatementType, Callable[[Signed, int], None]] = {
            StatementType.CHARTER: _refuse_founding,
            StatementType.CHARTER_SIGNATURE: _refuse_founding,
            StatementType.MEMBER_RECORD: self._apply_member_record,
            StatementType.AMENDMENT: self._apply_amendment,
            StatementType.VOTE: self._apply_vote,
            StatementType.LEAVE: self._apply_leave,
            StatementType.KEY_RECORD: self._apply_key_record,
            StatementType.REVOCATION: self._apply_revocation,
        }

    def adopt(self, other: "TrustState") -> None:
        """Takes the state of another reader of this federation."""
        vars(self).update(vars(other) | {"_clear": self._clear})  # methods of this one

    @property
    def members(self) -> Members:
        """Returns the members after the newest entry.

        Raises:
            SignerUnknown: If the charter does not count yet.
        """
        return self.membership.now

    @property
    def log(self) -> LogHistory:
        """Returns the log's keys by size.

        Raises:
            SignerUnknown: If the charter does not count yet.
        """
        if not self.membership.is_founded:
            raise SignerUnknown("the charter is not complete")
        return LogHistory(self.membership.constitutions)

    def members_at(self, at: Moment) -> Members:
        """Returns the members at a position of the log.

        Raises:
            SignerUnknown: If no complete charter precedes it.
        """
        return self.membership.at(at.index)

    @property
    def directory(self) -> StatedDirectory:
        """Returns the directory after the newest entry."""
        return self._directory

    def apply(self, index: int, entry: Signed | DirectoryEntry) -> None:
        """Applies the clear entry or directory entry at ``index``.

        Clear entries have no time that a later reader could check. Keys therefore count among them
        by log order, and a key record must start while its signer's key is valid. Votes expire by
        the time of the directory entry before.

        Args:
            index: Its position in the log.
            entry: The statement in it, or the directory.

        Raises:
            TearlineError: If the entry is not valid; the state is then unchanged.
        """
        if isinstance(entry, DirectoryEntry):
            self._apply_directory(index, entry)
        else:
            self._apply_clear(index, entry)

    def _apply_clear(self, index: int, entry: Signed) -> None:
        if not self.membership.is_founded:
            self._founding.apply(index, entry)
        else:
            apply = self._clear.get(entry.statement.type)
            if apply is None:
                raise StatementMalformed("only statements of members and keys are clear")
            apply(entry, index)
        self._directory.count(domain_uri_of(header_of(entry.statement.body).signer))

    def verify(
        self,
        statement: Statement,
        attestations: Mapping[bytes, Attestation],
        *,
        at: Moment,
        vouched: bool = False,
    ) -> Header:
        """Verifies the signatures of ``statement``, and returns its signer.

        1. It has one signer, or at least one for a co-signed type (spec S-13).

        2. Each inclusion leads to its attestation's root, in this federation (S-14, S-15).

        3. The body begins with the first attestation's federation, signer and key (S-15).

        4. This state, not the message, assigns the attestation's key to its signer. The key is
        valid at ``at``, and its record lists the statement's type (S-16).

        5. The signature verifies, both halves (S-17).

        Args:
            statement: The statement.
            attestations: By their hash.
            at: The moment of the verification.
            vouched: Whether a verified statement of the same agency at ``at`` names this one by
                its id. A node's key may then have ended before ``at``, but must have begun
                (spec P-13).

        Raises:
            TearlineError: Of the Packet or Trust branch; names the failed check.
        """
        header = header_of(statement.body)
        signed = Signed(statement=statement, attestations=attestations)
        for attestation in attested(signed, header, self.federation):
            key = self.signing_key(attestation.header, statement.type, at=at, vouched=vouched)
            self._cache.verify(attestation, key)
        return header

    def signing_key(
        self, signer: Header, kind: StatementType, *, at: Moment, vouched: bool = False
    ) -> SigningPublicKey:
        """Returns the key under which ``signer`` may sign a statement of ``kind``; see ``verify``.

        Raises:
            SignerUnknown: If the signer was no member at that moment.
            SignerKeyUnknown: If the key does not belong to the signer at that moment.
            TypeNotAllowed: If the key may not sign this kind.
            SuiteUnknown: If this version's suite is below the federation's minimum.
        """
        members = self.members_at(at)
        _verify_suite(members)
        if signer.signer == members.exchange.uri:
            return listed_key(members.exchange.signing_key, signer, kind, EXCHANGE_TYPES)
        agency = members.agency(signer.signer)
        if agency is not None:
            return listed_key(agency.root_key, signer, kind, ROOT_TYPES)
        _agency_of(signer.signer, members)
        entry = self._keys.find(signer.signer, signer.key_id, KeyUse.SIGN)
        if entry is None or not (entry.has_begun(at) if vouched else entry.counts(at)):
            raise SignerKeyUnknown(signer.signer)
        if kind not in entry.record.types:
            raise TypeNotAllowed(kind.name.lower())
        return signing_public_key(entry.record.public_key)

    def agency_of(self, node_uri: str) -> Agency:
        """Returns the agency of a node.

        Raises:
            SignerUnknown: If no member has that URI, or it is not a node's.
        """
        return _agency_of(node_uri, self.members)

    def kem_key(self, node_uri: str, *, at: Moment) -> KemPublicKey:
        """Returns the newest valid encryption key of a node.

        Raises:
            AddresseeKeyMissing: If it has none.
        """
        agency = self.agency_of(node_uri)
        entries = [
            entry for entry in self._keys.valid(node_uri, at=at) if entry.record.use is KeyUse.KEM
        ]
        if not entries:
            raise AddresseeKeyMissing(f"{agency.name}: {self._keys.why_no_kem(node_uri, at=at)}")
        newest = max(entries, key=lambda entry: (entry.start, entry.record.not_after_ms))
        return KemPublicKey(encoded=newest.record.public_key)

    def kem_key_counts(self, node_uri: str, kem_key_id: bytes, *, at: Moment) -> bool:
        """Returns whether a grant to ``node_uri`` may be sealed to this key."""
        entry = self._keys.find(node_uri, kem_key_id, KeyUse.KEM)
        return entry is not None and entry.counts(at)

    def cosigning_keys(self, node_uri: str, *, at: Moment) -> tuple[VerifierKey, ...]:
        """Returns the valid keys under which a node cosigns the log, oldest first."""
        return self._log_keys(node_uri, KeyUse.COSIGN, at)

    def witness_keys(self, node_uri: str, *, at: Moment) -> tuple[VerifierKey, ...]:
        """Returns the valid keys by which a light node signs checkpoints; none counts to k."""
        return self._log_keys(node_uri, KeyUse.WITNESS, at)

    def _log_keys(self, node_uri: str, use: KeyUse, at: Moment) -> tuple[VerifierKey, ...]:
        return tuple(
            VerifierKey(name=node_uri, algorithm=NoteAlgorithm.MLDSA44, public=record.public_key)
            for record in self.keys_of(node_uri, at=at)
            if record.use is use
        )

    def keys_of(self, node_uri: str, *, at: Moment) -> tuple[KeyRecord, ...]:
        """Returns the records of a node's valid keys, oldest first."""
        return tuple(entry.record for entry in self._keys.valid(node_uri, at=at))

    def record_of(self, node_uri: str, key: bytes) -> KeyRecord | None:
        """Returns the record of a node's key by id, valid or not; None without one."""
        entry = self._keys.find(node_uri, key)
        return None if entry is None else entry.record

    def ended(self, node_uri: str, key: bytes) -> MemberVersion | None:
        """Returns the version of its agency with which the membership behind a key ended, or None.

        Of a key that is not on record, the agency's present version counts.
        """
        agency, entry = agency_uri_of(node_uri), self._keys.find(node_uri, key)
        if entry is not None:
            return self.members.ended(agency, entry.start)
        return None if self.members.agency(agency) else self.members.version(agency)

    def nodes(self) -> tuple[str, ...]:
        """Returns every node that ever had a key on record, in order of URI."""
        return tuple(sorted(self._keys.of_node))

    def nodes_of(self, agency: str) -> tuple[str, ...]:
        """Returns the nodes of an agency that ever had a key on record, in log order."""
        return tuple(self._keys.nodes.get(agency, ()))

    @property
    def revoked_keys(self) -> frozenset[tuple[str, bytes]]:
        """Returns agency and key id of all revocations, keys of TLS certificates included.

        An agency may revoke any id, but that affects only keys of its own nodes.
        """
        return frozenset(self._keys.revoked)

    def _apply_directory(self, index: int, entry: DirectoryEntry) -> Sequence[str]:
        """Applies a directory; returns the agencies whose root its time replaced."""
        if not self._is_partial and entry.root != self._directory.root:
            raise DirectoryRejected(f"entry {index}")
        for uri in (replaced := self.membership.take_time(index, entry.time_ms)):
            self._end_keys(uri, index)
            self._directory.touch(uri)
        return replaced

    def _apply_member_record(self, signed: Signed, index: int) -> None:
        record, record_id = parse_member_record(signed.statement.body), signed.statement.id
        _verify_suite(self.members)
        found = attested(signed, record.header, self.federation)
        current = self.members.version(record.agency.uri)
        is_member = self.members.agency(record.agency.uri) is not None
        if not is_member or current is None or record.generation != current.record.generation:
            verify_roots(found, [record.agency.root_key], self._cache)
            self.membership.offer(record_id, record)
            return
        verify_own_change(found, current.record.agency, record, self._cache)
        self._bounds.verify_change(record.agency.uri)
        self.membership.change(index, record_id, record)
        self._bounds.take_change(record.agency.uri)

    def _apply_amendment(self, signed: Signed, index: int) -> None:
        self._verify_by_root(signed, index)
        amendment = parse_amendment(signed.statement.body)
        self.membership.propose(index, signed.statement.id, amendment)

    def _apply_vote(self, signed: Signed, index: int) -> None:
        self._verify_by_root(signed, index)
        vote = parse_vote(signed.statement.body)
        self.membership.vote(index, vote)
        if vote.subject and self.membership.has_changed_at(index):
            if self.members.agency(vote.subject) is None:
                self._end_keys(vote.subject, index)
            self._directory.touch(vote.subject)

    def _apply_leave(self, signed: Signed, index: int) -> None:
        header = self._verify_by_root(signed, index)
        parse_leave(signed.statement.body)
        self.membership.leave(index, header.signer)
        self._end_keys(header.signer, index)

    def _verify_by_root(self, signed: Signed, index: int) -> Header:
        # A root's key has no dates of its own.
        at = Moment(index=index, time_ms=0)
        return self.verify(signed.statement, signed.attestations, at=at)

    def _end_keys(self, agency: str, index: int) -> None:
        """Ends all keys of an agency: another generation of it certifies new ones (F-6)."""
        self._keys.end(agency, index)

    def _apply_key_record(self, signed: Signed, index: int) -> None:
        record = parse_key_record(signed.statement.body)
        at = Moment(index=index, time_ms=record.not_before_ms)
        header = self.verify(signed.statement, signed.attestations, at=at)
        self._keys.add(record, header, index)

    def _apply_revocation(self, signed: Signed, index: int) -> None:
        header = self._verify_by_root(signed, index)  # only a root revokes
        revocation = parse_revocation(signed.statement.body)
        self._keys.revoke(header.signer, revocation.revoked_key, index)


def _refuse_founding(signed: Signed, index: int) -> None:
    raise MembershipRejected("the federation is founded already")


def founded(file: FederationFile) -> TrustState:
    """Returns the state after a founding; its members are the founders.

    Raises:
        CharterUnpinned: If the founding is not complete.
        TearlineError: If an entry does not verify.
    """
    state = TrustState(federation=file.federation)
    for index, entry in enumerate(file.entries):
        state.apply(index, entry)
    if not state.membership.is_founded:
        raise CharterUnpinned("not every founder's root has signed the charter yet")
    return state


def _verify_suite(members: Members) -> None:
    if members.min_suite > SUITE:
        raise SuiteUnknown(f"suite {members.min_suite} is required")


def _agency_of(node_uri: str, members: Members) -> Agency:
    try:
        agency = members.agency(agency_uri_of(node_uri))
    except MalformedInput:
        raise SignerUnknown("the name is not a node's") from None
    if agency is None:
        raise SignerUnknown(node_uri)
    return agency
