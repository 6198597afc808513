"""Members and keys of a federation: the trust list, key records and revocations.

The trust list names every agency with its root key and certificate authority, the exchange and the
log. It is numbered and chained, and the roots sign it; no key rests on the exchange's word.
Agencies certify their nodes' keys by key records.
"""

import re
from enum import StrEnum

from tearline.crypto.keys import KEM_PUBLIC_SIZE, KEY_ID_SIZE, SIGNING_PUBLIC_SIZE, key_id
from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.identity import parse_agency_uri, parse_exchange_uri, parse_node_uri
from tearline.limits import MAX_CERTIFICATE_BYTES, MAX_COSIGNERS, MAX_TEXT_BYTES
from tearline.statements.statement import HASH_SIZE, Header, StatementType, Trait, types_with

# People identify an agency by its name: names must not look alike or have a second meaning.
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_MAX_PER_AGENCY = 8  # two overlap in a rotation; more is a mistake


@immutable
class Agency:
    """Member of the federation.

    Attributes:
        name: Short name used in commands and files, for example ``us-justice``.
        uri: ``spiffe://<trust domain>``.
        root_key: The agency's offline composite root key, 1,984 bytes.
        certificate_authorities: DER certificates that may issue for this domain only.
        token_issuers: Ed25519 public keys, 32 bytes each, that sign its persons' tokens.
    """

    name: str
    uri: str
    root_key: bytes
    certificate_authorities: tuple[bytes, ...]
    token_issuers: tuple[bytes, ...]

    def __post_init__(self) -> None:
        parse_agency_uri(self.uri)
        if len(self.root_key) != SIGNING_PUBLIC_SIZE:
            raise StatementMalformed(f"a root key has {SIGNING_PUBLIC_SIZE} bytes")
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


@immutable
class LogIdentity:
    """Identity of the log: its origin line and its signed-note verifier keys."""

    origin: str
    verifier_keys: tuple[str, ...]


@immutable
class ExchangeEnrolment:
    """Operator's file for the agencies, for their first trust list."""

    exchange: ExchangeIdentity
    log: LogIdentity


@immutable
class TrustList:
    """One version of the federation's membership.

    Attributes:
        header: The agency that proposes this version.
        number: From 1, without gaps.
        previous: Statement id of the previous version; empty in list 1.
        agencies: Ascending by URI.
        exchange: The exchange.
        log: The log.
        min_suite: Lowest suite accepted.
        threshold: Number of roots that may change exchange, log and min_suite.
    """

    header: Header
    number: int
    previous: bytes
    agencies: tuple[Agency, ...]
    exchange: ExchangeIdentity
    log: LogIdentity
    min_suite: int
    threshold: int

    def __post_init__(self) -> None:
        uris = [agency.uri for agency in self.agencies]
        names = {agency.name for agency in self.agencies}
        if not 0 < len(uris) <= MAX_COSIGNERS or uris != sorted(set(uris)):
            raise StatementMalformed("a trust list names each agency once, in order of URI")
        # A trust domain's owner speaks for all names in it: the exchange has its own domain.
        exchange_domain = parse_exchange_uri(self.exchange.uri).trust_domain
        if len(names) != len(uris) or f"spiffe://{exchange_domain}" in uris:
            raise StatementMalformed("two members of the trust list share a name")
        if self.number < 1 or (self.number == 1) != (self.previous == b""):
            raise StatementMalformed("only the first trust list has none before it")
        if len(self.previous) not in (0, HASH_SIZE):
            raise StatementMalformed("a trust list is named by 32 bytes")
        if not 0 < self.threshold <= len(uris):
            raise StatementMalformed("the threshold is above the number of agencies, or zero")

    def agency(self, uri: str) -> Agency | None:
        """Returns the agency with this URI, or None."""
        return next((agency for agency in self.agencies if agency.uri == uri), None)


class KeyUse(StrEnum):
    """Uses of a key."""

    SIGN = "sign"
    KEM = "kem"
    COSIGN = "cosign"


NODE_TYPES = types_with(Trait.NODE)
"""Statement types that a node's signing key may sign, unless its record lists fewer."""


_DAY_MS = 24 * 3_600_000
MAX_KEY_LIFETIME_MS = {
    KeyUse.SIGN: 2 * 366 * _DAY_MS,  # certified by an offline root: yearly, with overlap
    # Seven days and an overlap. An expired signing key can thus backdate none that counts.
    KeyUse.KEM: 14 * _DAY_MS,
    KeyUse.COSIGN: 2 * 366 * _DAY_MS,
}

_PUBLIC_SIZE = {
    KeyUse.SIGN: SIGNING_PUBLIC_SIZE,
    KeyUse.KEM: KEM_PUBLIC_SIZE,
    KeyUse.COSIGN: 1312,  # ML-DSA-44
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
