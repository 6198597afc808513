"""Statements: the one signed structure of Tearline.

A statement is a type and a body of bytes. Bodies are signed, stored, hashed and carried as those
bytes; verification never serialises them again. One composite signature is the largest cost of a
packet, so it covers a whole tree of statements:

    leaf  = SHA-256(0x00 ‖ label(type) ‖ salt ‖ body)        salt: 32 random bytes
    root  = the RFC 6962 root over 1, 8, 64, 512 or 4096 leaves, filled up with random ones
    signed = label ‖ federation ‖ signer ‖ key id ‖ size ‖ root

The salt keeps a reader of one leaf from guessing its neighbours. A statement's id is
SHA-256(label(type) ‖ body), without salt or signature: composite signatures are malleable, and
equal bodies are the same statement. Specified in docs/spec/statement-v1.md.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, IntEnum, auto
from functools import cached_property
from typing import Self

from tearline.crypto.keys import KEY_ID_SIZE, SIGNATURE_SIZE, SigningPublicKey
from tearline.dataclass.immutable import immutable
from tearline.encoding import label, prefixed, u32
from tearline.errors import (
    AttestationMissing,
    InclusionInvalid,
    ProofMalformed,
    SignerMismatch,
    StatementMalformed,
)
from tearline.identity import domain_uri_of
from tearline.limits import MAX_URI_BYTES, TREE_SIZES
from tearline.tlog.merkle import root_from_inclusion

HASH_SIZE = 32
SALT_SIZE = 32


class Trait(Flag):
    """Properties of a statement type, wherever its statements are judged."""

    NODE = auto()  # a node's signing key may sign it
    ROOT = auto()  # an agency's root may sign it
    EXCHANGE = auto()  # the exchange's key may sign it
    COSIGNED = auto()  # several agencies may sign it
    CLEAR = auto()  # its entry in the log is readable by every member
    ADDRESSED = auto()  # it has a place in a channel
    DELETING = auto()  # the exchange deletes a ciphertext or a grant by it


_NONE = Trait(0)


class StatementType(IntEnum):
    """Types of a body; every hash over a body includes the type's name in lower case.

    Attributes:
        traits: Its properties.
    """

    traits: Trait

    KEY_RECORD = 2, Trait.NODE | Trait.ROOT | Trait.CLEAR
    REVOCATION = 3, Trait.ROOT | Trait.CLEAR
    AGREEMENT = 4, Trait.NODE | Trait.ROOT | Trait.COSIGNED
    STANDING = 5, Trait.NODE
    MANIFEST = 6, Trait.NODE
    GRANT = 7, Trait.NODE | Trait.ADDRESSED
    RECEIPT = 8, Trait.NODE | Trait.EXCHANGE | Trait.ADDRESSED
    VOID = 9, Trait.NODE | Trait.ADDRESSED | Trait.DELETING
    MARK = 10, Trait.NODE
    AUDIT_EXPORT = 11, Trait.NODE
    ERASURE = 12, Trait.NODE | Trait.EXCHANGE | Trait.COSIGNED
    ANCHOR = 13, Trait.NODE
    REQUEST_STEP = 14, Trait.NODE | Trait.ADDRESSED
    CONSENT = 15, Trait.NODE | Trait.ADDRESSED
    RECALL = 16, Trait.NODE | Trait.ADDRESSED | Trait.DELETING
    CASE_STEP = 17, Trait.NODE | Trait.ADDRESSED
    PROPOSAL = 18, Trait.NODE
    CHARTER = 19, Trait.ROOT | Trait.CLEAR
    CHARTER_SIGNATURE = 20, Trait.ROOT | Trait.CLEAR
    MEMBER_RECORD = 21, Trait.ROOT | Trait.COSIGNED | Trait.CLEAR
    AMENDMENT = 22, Trait.ROOT | Trait.CLEAR
    VOTE = 23, Trait.ROOT | Trait.CLEAR
    LEAVE = 24, Trait.ROOT | Trait.CLEAR

    def __new__(cls, number: int, traits: Trait = _NONE) -> Self:
        """Returns a type by its number, with its properties."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.traits = traits
        return member

    @cached_property
    def label(self) -> bytes:
        """Returns the domain separator of this type."""
        return label("statement/" + self.name.lower().replace("_", "-"))


def types_with(trait: Trait) -> frozenset[StatementType]:
    """Returns the types that have a property."""
    return frozenset(kind for kind in StatementType if trait in kind.traits)


COSIGNED_TYPES = types_with(Trait.COSIGNED)


@immutable
class Header:
    """Beginning of every body: signer, federation and key.

    Attributes:
        federation: 32 bytes, the id of the charter (zeros in the charter and founders' records).
        signer: The URI of the signing node, agency or exchange.
        key_id: 32 bytes, the id of the signer's key.
    """

    federation: bytes
    signer: str
    key_id: bytes


ROLES = frozenset({"analyst", "liaison", "auditor", "officer"})
"""Roles of the persons behind statements."""


@immutable
class ActedBy:
    """Person behind a statement, as partners may know them.

    Attributes:
        pseudonym: 32 bytes, unique to one person under one agreement.
        role: The person's role in the act.
        token_hash: SHA-256 of the id of the verified token.
        time_ms: Time of the act, Unix milliseconds.
    """

    pseudonym: bytes
    role: str
    token_hash: bytes
    time_ms: int


def pseudonym_of(person: ActedBy | None) -> bytes:
    """Returns the pseudonym of the person behind an act; empty without a person."""
    return b"" if person is None else person.pseudonym


@dataclass(frozen=True, kw_only=True)
class Attestation:
    """One signature over a tree of statements.

    Attributes:
        federation: 32 bytes.
        signer: URI of the signer.
        key_id: 32 bytes.
        size: Leaves in the tree, one of 1, 8, 64, 512, 4096.
        root: 32 bytes, the RFC 6962 root.
        signature: 3,373 bytes, composite.
    """

    federation: bytes
    signer: str
    key_id: bytes
    size: int
    root: bytes
    signature: bytes

    def __post_init__(self) -> None:
        if (
            len(self.federation) != HASH_SIZE
            or len(self.key_id) != KEY_ID_SIZE
            or len(self.root) != HASH_SIZE
            or len(self.signature) != SIGNATURE_SIZE
            or not 0 < len(self.signer.encode()) <= MAX_URI_BYTES
        ):
            raise StatementMalformed("a part of the attestation has the wrong size")
        if self.size not in TREE_SIZES:
            raise StatementMalformed("the tree has a size that no signer makes")

    @cached_property
    def header(self) -> Header:
        """Returns the signer's header, as the body of a statement with one signer begins."""
        return Header(federation=self.federation, signer=self.signer, key_id=self.key_id)

    @cached_property
    def signed_bytes(self) -> bytes:
        """Returns the message under the signature."""
        return signed_bytes(self.federation, self.signer, self.key_id, self.size, self.root)

    @cached_property
    def hash(self) -> bytes:
        """Returns a 32-byte hash over all attributes, the signature included.

        A verifier remembers this hash, not the root: a forged signature under a verified root has
        another hash, and is verified like any other.
        """
        return hashlib.sha256(
            label("attestation-hash") + prefixed(self.signed_bytes) + prefixed(self.signature)
        ).digest()

    def verify(self, key: SigningPublicKey) -> None:
        """Checks the signature under ``key``, which the caller's own record names.

        Raises:
            SignerMismatch: If the attestation names another key.
            SignatureInvalid: If the signature does not verify.
        """
        if key.id != self.key_id:
            raise SignerMismatch("the attestation names another key than the record")
        key.verify(self.signature, self.signed_bytes)


@immutable
class Inclusion:
    """Position of a statement in an attested tree.

    Attributes:
        attestation: 32 bytes, the hash of the attestation.
        salt: 32 bytes of this leaf.
        index: Position of the leaf, from 0.
        path: Sibling hashes from the leaf to the root, 32 bytes each.
    """

    attestation: bytes
    salt: bytes
    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """Signed body, with one inclusion for each signer."""

    type: StatementType
    body: bytes
    inclusions: tuple[Inclusion, ...]

    @cached_property
    def id(self) -> bytes:
        """Returns the 32-byte id, independent of the signers."""
        return statement_id(self.type, self.body)


def statement_id(kind: StatementType, body: bytes) -> bytes:
    """Returns SHA-256 over the type's label and the body."""
    return hashlib.sha256(kind.label + body).digest()


def leaf_hash(kind: StatementType, salt: bytes, body: bytes) -> bytes:
    """Returns the salted leaf of a statement: RFC 6962's 0x00 prefix, label, salt, body."""
    return hashlib.sha256(b"\0" + kind.label + salt + body).digest()


def signed_bytes(federation: bytes, signer: str, key_id: bytes, size: int, root: bytes) -> bytes:
    """Returns the message under an attestation's signature; arguments as its attributes."""
    return (
        label("attestation")
        + federation
        + prefixed(signer.encode("utf-8"))
        + key_id
        + u32(size)
        + root
    )


def verify_inclusion(statement: Statement, inclusion: Inclusion, attestation: Attestation) -> None:
    """Checks that ``attestation`` covers ``statement``, without the signature.

    Raises:
        AttestationMissing: If the inclusion points to another attestation.
        InclusionInvalid: If the path does not lead from the statement to the root.
    """
    if inclusion.attestation != attestation.hash:
        raise AttestationMissing("the statement points to another attestation")
    if len(inclusion.salt) != SALT_SIZE or not 0 <= inclusion.index < attestation.size:
        raise InclusionInvalid("the salt or the position is not possible")
    leaf = leaf_hash(statement.type, inclusion.salt, statement.body)
    try:
        root = root_from_inclusion(inclusion.index, attestation.size, leaf, inclusion.path)
    except ProofMalformed:
        raise InclusionInvalid("the path does not fit the tree") from None
    if root != attestation.root:
        raise InclusionInvalid("the path leads to another root")


def signers_of(statement: Statement, attestations: Mapping[bytes, Attestation]) -> frozenset[str]:
    """Returns URIs of the signing agencies, of their roots or nodes, by the attestations."""
    return frozenset(
        domain_uri_of(attestations[each.attestation].signer) for each in statement.inclusions
    )


class AttestationCache:
    """Cache of attestations with verified signatures, by their full hash.

    An entry proves that a key made a signature, not that the key is still valid: each use looks up
    the key's status again.
    """

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._known: dict[bytes, None] = {}

    def verify(self, attestation: Attestation, key: SigningPublicKey) -> None:
        """Checks the signature, unless the cache holds it under this key.

        Raises:
            SignerMismatch: If the attestation names another key.
            SignatureInvalid: If the signature does not verify.
        """
        if key.id == attestation.key_id and attestation.hash in self._known:
            return
        attestation.verify(key)
        if len(self._known) >= self._capacity:
            del self._known[next(iter(self._known))]
        self._known[attestation.hash] = None


def find_attestation(
    inclusion: Inclusion, attestations: Mapping[bytes, Attestation]
) -> Attestation:
    """Returns the attestation of an inclusion.

    Raises:
        AttestationMissing: If it is not among ``attestations``.
    """
    try:
        return attestations[inclusion.attestation]
    except KeyError:
        raise AttestationMissing() from None
