"""Founding: the charter and the founders' records and signatures, at the beginning of a log."""

from tearline.crypto.keys import SUITE
from tearline.errors import CharterUnpinned, FederationMismatch, SignerMismatch, SuiteUnknown
from tearline.federation.charter import GENESIS_FEDERATION, Charter
from tearline.federation.decisions import MemberRecord
from tearline.federation.membership import Membership
from tearline.statements.statement import Attestation, AttestationCache, StatementType
from tearline.verification.attested import attested, verify_under
from tearline.wire.federation import parse_charter, parse_charter_signature, parse_member_record
from tearline.wire.statements import Signed


class Founding:
    """Charter that does not count yet, with the records and signatures so far.

    Each founder's record stands in the log before its signature. The founder that drafted the
    charter signed it in its own entry, which is verified once its record gives the root.

    Args:
        federation: 32 bytes, the pinned id of the federation.
        membership: Takes the charter once it is complete.
        cache: Verified attestations.
    """

    def __init__(self, federation: bytes, membership: Membership, cache: AttestationCache) -> None:
        self._federation = federation
        self._membership = membership
        self._cache = cache
        self._charter: Charter | None = None
        self._drafted: Attestation | None = None
        self._records: dict[bytes, MemberRecord] = {}
        self._signed: frozenset[str] = frozenset()

    def apply(self, index: int, signed: Signed) -> None:
        """Applies an entry of the founding.

        Raises:
            CharterUnpinned: If it is not part of the pinned charter's founding.
            TearlineError: If it does not verify.
        """
        if self._charter is None:
            self._begin(signed)
            return
        records, signers = self._records, self._signed
        if signed.statement.type is StatementType.MEMBER_RECORD:
            record = self._verify_record(self._charter, signed)
            records = records | {signed.statement.id: record}
            if self._drafted is not None and self._drafted.signer == record.agency.uri:
                verify_under(self._drafted, record.agency.root_key, self._cache)
                signers = signers | {record.agency.uri}
        elif signed.statement.type is StatementType.CHARTER_SIGNATURE:
            signers = signers | {self._verify_signature(signed)}
        else:
            raise CharterUnpinned("the charter is not complete, and other entries come later")
        if len(signers) == len(self._charter.founders):
            self._membership.found(index, self._federation, self._charter, records)
        self._records, self._signed = records, signers

    def _begin(self, signed: Signed) -> None:
        if signed.statement.type is not StatementType.CHARTER:
            raise CharterUnpinned("the log does not begin with a charter")
        if signed.statement.id != self._federation:
            raise CharterUnpinned()
        charter = parse_charter(signed.statement.body)
        if charter.constitution.min_suite > SUITE:
            raise SuiteUnknown(f"suite {charter.constitution.min_suite} is required")
        if charter.header.federation != GENESIS_FEDERATION:
            raise FederationMismatch()
        (self._drafted,) = attested(signed, charter.header, GENESIS_FEDERATION)
        self._charter = charter

    def _verify_record(self, charter: Charter, signed: Signed) -> MemberRecord:
        record, record_id = parse_member_record(signed.statement.body), signed.statement.id
        if record_id not in charter.founders or record_id in self._records:
            raise CharterUnpinned("the charter does not name this member record, or it came before")
        if (record.generation, record.number) != (1, 1):
            raise CharterUnpinned("a founder's record is its first")
        if any(each.agency.uri == record.agency.uri for each in self._records.values()):
            raise CharterUnpinned("two founders' records are of one agency")
        (attestation,) = attested(signed, record.header, GENESIS_FEDERATION)
        verify_under(attestation, record.agency.root_key, self._cache)
        return record

    def _verify_signature(self, signed: Signed) -> str:
        signature = parse_charter_signature(signed.statement.body)
        signer = signature.header.signer
        if signature.charter != self._federation or signer in self._signed:
            raise CharterUnpinned("it signs another charter, or signs twice")
        found = [each for each in self._records.values() if each.agency.uri == signer]
        if not found:
            raise SignerMismatch("the founder's record does not precede its signature")
        (attestation,) = attested(signed, signature.header, GENESIS_FEDERATION)
        verify_under(attestation, found[0].agency.root_key, self._cache)
        return signer
