"""Keys of an exhibit's signers, as one directory entry states them.

The counted cosigners derive the directory before they sign a checkpoint. So a reader that relies on
a quorum of them needs no charter, vote or key record. A state is that after all entries before its
directory: a key that ended before a signature is stated with that end. Specified in
docs/spec/exhibit-v1.md.
"""

from collections.abc import Mapping, Sequence

from tearline.crypto.keys import SigningPublicKey, key_id, signing_public_key
from tearline.errors import SignerKeyUnknown, StatementMalformed, TypeNotAllowed
from tearline.federation.directory import DirectoryEntry, KeyState
from tearline.federation.directory_states import parse_agency_state
from tearline.federation.members import KeyUse
from tearline.identity import domain_uri_of
from tearline.statements.statement import (
    Attestation,
    AttestationCache,
    Header,
    Statement,
    StatementType,
)
from tearline.verification.attested import attested
from tearline.verification.light_reader import verify_leaf
from tearline.verification.moment import Moment
from tearline.wire.exhibits import Exhibit
from tearline.wire.statements import Signed, header_of


class StatedSigners:
    """Signers' keys below a directory's root.

    Args:
        exhibit: The exhibit, with the leaves and public keys of its signers, and of no one else.
        federation: 32 bytes, the federation that each signature must name.
        directory: The directory.

    Raises:
        ProofMalformed: If the directory states something else.
        StatementMalformed: If a leaf or key is missing, or is no signer's.
    """

    def __init__(self, exhibit: Exhibit, federation: bytes, directory: DirectoryEntry) -> None:
        self.federation = federation
        self._publics = {key_id(public): public for public in exhibit.keys}
        self._stated: dict[tuple[str, bytes], KeyState] = {}
        self._cache = AttestationCache()
        states = [parse_agency_state(leaf.state) for leaf in exhibit.leaves]
        _verify_only_signers(exhibit, [state.uri for state in states])
        for state, leaf in zip(states, exhibit.leaves, strict=True):
            verify_leaf(directory.root, state.uri, leaf)
            self._stated |= {(key.subject, key.id): key for key in state.keys}

    def verify(
        self, statement: Statement, attestations: Mapping[bytes, Attestation], *, at: Moment
    ) -> Header:
        """Verifies the signature of a statement that was logged at a moment; returns its signer.

        Args:
            statement: The statement.
            attestations: By their hash.
            at: The moment, before the directory.

        Raises:
            TearlineError: Of the Packet or Trust branch; names the failed check.
        """
        header = header_of(statement.body)
        signed = Signed(statement=statement, attestations=attestations)
        for attestation in attested(signed, header, self.federation):
            key = self._key(attestation.header, statement.type, at)
            self._cache.verify(attestation, key)
        return header

    def _key(self, signer: Header, kind: StatementType, at: Moment) -> SigningPublicKey:
        stated = self._stated.get((signer.signer, signer.key_id))
        public = self._publics.get(signer.key_id)
        if public is None or stated is None or not _counts(stated, at):
            raise SignerKeyUnknown(signer.signer)
        if kind not in stated.types:
            raise TypeNotAllowed(kind.name.lower())
        return signing_public_key(public)


def _counts(key: KeyState, at: Moment) -> bool:
    """Returns whether a signing key was in force at a moment before its directory."""
    has_begun = key.index < at.index and key.not_before_ms <= at.time_ms
    has_ended = 0 < key.end <= at.index or key.not_after_ms <= at.time_ms
    return key.use == KeyUse.SIGN.value and has_begun and not has_ended


def signers_of(exhibit: Exhibit) -> tuple[Header, ...]:
    """Returns the signers of an exhibit's manifest and receipts."""
    return tuple(header_of(each.statement.body) for each in (exhibit.manifest, *exhibit.receipts))


def _verify_only_signers(exhibit: Exhibit, agencies: Sequence[str]) -> None:
    signers = signers_of(exhibit)
    keys = [key_id(public) for public in exhibit.keys]
    if (
        list(agencies) != sorted({domain_uri_of(each.signer) for each in signers})
        or set(keys) != {each.key_id for each in signers}
        or list(exhibit.keys) != sorted(set(exhibit.keys))
    ):
        raise StatementMalformed("an exhibit holds leaf and key of each signer, once, in order")
