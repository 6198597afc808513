"""Parties of a federation and their keys: agencies, the exchange, key records, revocations.

An agency's member record states its root key and certificate authority; the charter states the
exchange and the log. Agencies certify their nodes' keys by key records. No key rests on the
exchange's word.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Protocol

from tearline.crypto.keys import KEM_PUBLIC_SIZE, KEY_ID_SIZE, SIGNING_PUBLIC_SIZE, key_id
from tearline.dataclass.immutable import immutable
from tearline.errors import KeyMalformed, StatementMalformed
from tearline.identity import parse_agency_uri, parse_exchange_uri, parse_node_uri
from tearline.limits import MAX_CERTIFICATE_BYTES, MAX_TEXT_BYTES
from tearline.statements.statement import Header, StatementType, Trait, types_with
from tearline.tlog.checkpoint import NoteAlgorithm, VerifierKey, parse_verifier_key

# People identify an agency by its name: names must not look alike or have a second meaning.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_MAX_PER_AGENCY = 8  # two overlap in a rotation; more is a mistake
_MAX_LOG_KEYS = 8


@immutable
class Agency:
    """Member of the federation.

    Attributes:
        name: Short name used in commands and files, for example ``us-justice``.
        uri: ``spiffe://<trust domain>``.
        root_key: The agency's offline composite root key, 1,984 bytes.
        certificate_authorities: DER certificates that may issue for this domain only.
        token_issuers: Ed25519 public keys, 32 bytes each, that sign its persons' tokens.
        recovery_key: A second offline composite key, which may replace a lost root; or empty.
    """

    name: str
    uri: str
    root_key: bytes
    certificate_authorities: tuple[bytes, ...]
    token_issuers: tuple[bytes, ...]
    recovery_key: bytes = b""

    def __post_init__(self) -> None:
        parse_agency_uri(self.uri)
        if len(self.root_key) != SIGNING_PUBLIC_SIZE:
            raise StatementMalformed(f"a root key has {SIGNING_PUBLIC_SIZE} bytes")
        if len(self.recovery_key) not in (0, SIGNING_PUBLIC_SIZE) or (
            self.recovery_key == self.root_key
        ):
            raise StatementMalformed("a recovery key is another key than the root")
        if not 0 < len(self.certificate_authorities) <= _MAX_PER_AGENCY or any(
            not 0 < len(der) <= MAX_CERTIFICATE_BYTES for der in self.certificate_authorities
        ):
            raise StatementMalformed("an agency has one to eight certificate authorities")
        if len(self.token_issuers) > _MAX_PER_AGENCY or any(
            len(key) != 32 for key in self.token_issuers
        ):
            raise StatementMalformed("an agency has at most eight token issuers of 32 bytes")
        if not _NAME.fullmatch(self.name):
            raise StatementMalformed(
                "an agency's name is lower-case letters, digits and inner hyphens, at most 64"
            )


@immutable
class ExchangeIdentity:
    """Identity of the exchange, as the agencies agreed on it."""

    uri: str
    signing_key: bytes
    certificate_authority: bytes
    dns_name: str
    address: str

    def __post_init__(self) -> None:
        parse_exchange_uri(self.uri)
        if len(self.signing_key) != SIGNING_PUBLIC_SIZE:
            raise StatementMalformed(f"the exchange's key has {SIGNING_PUBLIC_SIZE} bytes")
        if not 0 < len(self.certificate_authority) <= MAX_CERTIFICATE_BYTES:
            raise StatementMalformed("the exchange has one certificate authority")


class LogKeys(Protocol):
    """Keys of the log, by the sizes of the checkpoints that they sign."""

    @property
    def origin(self) -> str:
        """Returns the log's origin line, which never changes."""

    def at(self, size: int) -> "LogIdentity":
        """Returns the log's identity that counts for a checkpoint of a size."""


@immutable
class LogIdentity:
    """Identity of the log, as the agencies agreed on it (spec F-1).

    Attributes:
        origin: The origin line of its checkpoints.
        verifier_keys: Its signed-note verifier keys: each named by the origin, and at least one
            of each kind in use, since a checkpoint needs the signatures of all of them.

    Raises:
        StatementMalformed: On construction, if the keys are others.
    """

    origin: str
    verifier_keys: tuple[str, ...]

    def __post_init__(self) -> None:
        keys = self.verifier_keys
        if len(keys) > _MAX_LOG_KEYS or len({*keys}) != len(keys):
            raise StatementMalformed(f"a log has at most {_MAX_LOG_KEYS} keys, each once")
        if any(key.partition("+")[0] != self.origin for key in keys):
            raise StatementMalformed("each key of the log is named by its origin")
        # A key of a later version's kind is none of these: its checkpoints cannot be verified.
        if {key.algorithm for key in _keys_in_use(keys)} != {*NoteAlgorithm}:
            raise StatementMalformed("a log has a key of each kind in use")

    def at(self, size: int) -> "LogIdentity":
        """Returns itself, for a reader that knows one identity of the log."""
        return self


def _keys_in_use(vkeys: tuple[str, ...]) -> Iterator[VerifierKey]:
    for text in vkeys:
        with suppress(KeyMalformed):
            yield parse_verifier_key(text)


@immutable
class ExchangeEnrolment:
    """Operator's file for the agencies, for their charter."""

    exchange: ExchangeIdentity
    log: LogIdentity


class KeyUse(StrEnum):
    """Uses of a key; a light node signs checkpoints by a ``witness`` key, to no quorum."""

    SIGN = "sign"
    KEM = "kem"
    COSIGN = "cosign"
    WITNESS = "witness"


NODE_TYPES = types_with(Trait.NODE)
"""Statement types that a node's signing key may sign, unless its record lists fewer."""


_DAY_MS = 24 * 3_600_000
MAX_KEY_LIFETIME_MS = {
    KeyUse.SIGN: 2 * 366 * _DAY_MS,  # certified by an offline root: yearly, with overlap
    # Seven days and an overlap. An expired signing key can thus backdate none that counts.
    KeyUse.KEM: 14 * _DAY_MS,
    KeyUse.COSIGN: 2 * 366 * _DAY_MS,
    KeyUse.WITNESS: 2 * 366 * _DAY_MS,
}

_PUBLIC_SIZE = {
    KeyUse.SIGN: SIGNING_PUBLIC_SIZE,
    KeyUse.KEM: KEM_PUBLIC_SIZE,
    KeyUse.COSIGN: 1312,  # ML-DSA-44
    KeyUse.WITNESS: 1312,
}


@immutable
class KeyRecord:
    """Certification that a key belongs to a node.

    The agency's root certifies a signing key. The node's own signing key certifies an encryption
    key, which changes every few days while the root is offline.

    Attributes:
        header: The root of the subject's agency, or the subject itself.
        subject: Node URI.
        use: The use of the key.
        public_key: Its encoding.
        types: Statement types a signing key may sign; ascending; empty for other uses.
        not_before_ms: Start, Unix milliseconds.
        not_after_ms: End, Unix milliseconds.
    """

    header: Header
    subject: str
    use: KeyUse
    public_key: bytes
    types: tuple[StatementType, ...]
    not_before_ms: int
    not_after_ms: int

    def __post_init__(self) -> None:
        parse_node_uri(self.subject)
        if len(self.public_key) != _PUBLIC_SIZE[self.use]:
            raise StatementMalformed("the public key has the wrong size for its use")
        if list(self.types) != sorted(set(self.types)) or bool(self.types) != (
            self.use is KeyUse.SIGN
        ):
            raise StatementMalformed("a signing key lists its statement types, other keys none")
        if not 0 < self.not_after_ms - self.not_before_ms <= MAX_KEY_LIFETIME_MS[self.use]:
            raise StatementMalformed("the key ends before it begins, or its lifetime is too long")

    @property
    def key_id(self) -> bytes:
        """Returns the 32-byte id of the key."""
        return key_id(self.public_key)


@immutable
class Revocation:
    """Agency's statement that ends one of its keys with immediate effect."""

    header: Header
    revoked_key: bytes
    reason: str

    def __post_init__(self) -> None:
        if len(self.revoked_key) != KEY_ID_SIZE or len(self.reason.encode()) > MAX_TEXT_BYTES:
            raise StatementMalformed("a revocation names a key id of 32 bytes and a reason")
