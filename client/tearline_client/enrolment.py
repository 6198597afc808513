"""Enrolment: an agency's keys, its first member record, and its node's key record."""

import os
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.crypto.authority_profile import verify_authority
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.keys import SEED_SIZE, SigningKey
from tearline.crypto.tls_keys import TlsKey
from tearline.dataclass.immutable import immutable
from tearline.errors import ConfigUnreadable
from tearline.federation.charter import GENESIS_FEDERATION
from tearline.federation.decisions import MemberRecord
from tearline.federation.members import (
    NODE_TYPES,
    Agency,
    ExchangeEnrolment,
    KeyRecord,
    KeyUse,
    Revocation,
)
from tearline.identity import domain_uri_of, parse_agency_uri
from tearline.persons.tokens import IssuerKey
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.federation import (
    encode_key_record,
    encode_member_record,
    encode_revocation,
    parse_exchange_enrolment,
    parse_member_record,
)
from tearline.wire.statements import Signed, encode_signed, parse_signed, signed
from tearline_client.keys.home import (
    COSIGNING_KEY,
    MAX_FILE_BYTES,
    PSEUDONYM_KEY,
    SIGNING_KEY,
    TOKEN_KEY,
    Home,
    Identity,
    replace_file,
    replace_private,
    write_private,
)
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.rotation import LIFETIME_MS, KeyKind
from tearline_client.keys.tls_certificates import (
    CA_CERTIFICATE,
    CA_KEY,
    issue_certificate,
    put_authority,
)
from tearline_client.persons.issuer import LocalIssuer

ROOT_KEY = "root"
NEXT_ROOT_KEY = "next-root"
DAY_S = 24 * 3600
CA_LIFETIME_S = 5 * 366 * DAY_S


@immutable
class Passphrases:
    """Passphrases of the two keystores of a home.

    Attributes:
        node: The node's, needed by every command.
        root: The agency's, needed to sign for the agency and to certify the node.
    """

    node: bytes
    root: bytes


def found_agency(
    home: Home,
    identity: Identity,
    passphrases: Passphrases,
    federation: bytes = GENESIS_FEDERATION,
    generation: int = 1,
) -> Agency:
    """Creates an agency and its first node with all keys; returns the agency.

    Its enrolment file is its first member record, signed by its root.

    Args:
        home: The home to create.
        identity: Agency and node.
        passphrases: Of the two keystores.
        federation: The federation that it asks to join; zeros to found one.
        generation: Above 1 if the agency was a member before, or has lost its root.

    Raises:
        TearlineError: If the home has such a file already, or cannot be written.
    """
    made = (home.root, home.keys, home.certificate, home.enrolment(identity), home.identity_file)
    for path in made:
        if os.path.lexists(path):
            raise ConfigUnreadable(f"{path}: already exists")
    try:
        home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigUnreadable(f"{home.path}: {error.strerror}") from None
    with ExitStack() as undo:  # a partial home would block a complete one
        for path in made:
            undo.callback(_remove, path)
        agency = _make_agency(home, identity, passphrases, federation, generation)
        undo.pop_all()
    return agency


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _make_agency(
    home: Home, identity: Identity, passphrases: Passphrases, federation: bytes, generation: int
) -> Agency:
    now_s = int(time.time())
    agency_uri = parse_agency_uri(identity.agency_uri)
    root_store = Keystore.create(home.root, passphrases.root)
    root_key = SigningKey.generate()
    authority = CertificateAuthority.create(agency_uri, now_s=now_s, lifetime_s=CA_LIFETIME_S)
    root_store.put(ROOT_KEY, root_key.private_bytes())
    put_authority(root_store, authority)
    node_store = Keystore.create(home.keys, passphrases.node)
    issuer = LocalIssuer.create(node_store, IssuerKey(secrets.token_bytes(32)))
    node_store.put(SIGNING_KEY, SigningKey.generate().private_bytes())
    node_store.put(COSIGNING_KEY, secrets.token_bytes(SEED_SIZE))
    node_store.put(TOKEN_KEY, secrets.token_bytes(32))
    node_store.put(PSEUDONYM_KEY, secrets.token_bytes(32))
    put_authority(node_store, authority)
    issue_certificate(home, node_store, identity, now_ms=now_s * 1000)
    agency = Agency(
        name=identity.agency,
        uri=identity.agency_uri,
        root_key=root_key.public.encoded,
        certificate_authorities=(authority.certificate,),
        token_issuers=(issuer.public,),
    )
    root = Signer(federation=federation, uri=agency.uri, key=root_key)
    record = MemberRecord(
        header=root.header, generation=generation, number=1, previous=b"", agency=agency
    )
    enrolled = signed(root.sign([(StatementType.MEMBER_RECORD, encode_member_record(record))]))
    write_private(
        home.enrolment(identity), armor(Armor.AGENCY, encode_signed(enrolled)).encode("ascii")
    )
    home.write_identity(identity)
    return agency


def fetch_authority(home: Home, root_passphrase: bytes, keystore: Keystore) -> None:
    """Copies the CA's key from the root's keystore into the node's, if missing there."""
    root_store = Keystore.open(home.root, root_passphrase)
    key = TlsKey(root_store.get(CA_KEY))
    put_authority(keystore, CertificateAuthority(root_store.get(CA_CERTIFICATE), key))


def certify_node(root: Signer, identity: Identity, public: bytes, *, now_ms: int) -> Signed:
    """Returns the record of a node's signing key, signed by its agency's root."""
    record = KeyRecord(
        header=root.header,
        subject=identity.uri,
        use=KeyUse.SIGN,
        public_key=public,
        types=tuple(sorted(NODE_TYPES)),
        not_before_ms=now_ms,
        not_after_ms=now_ms + LIFETIME_MS[KeyKind.SIGN],
    )
    return signed(root.sign([(StatementType.KEY_RECORD, encode_key_record(record))]))


def certify_next(
    home: Home, root_passphrase: bytes, make: Callable[[], bytes], *, now_ms: int
) -> Signed:
    """Makes the node's next signing key, certified by the root; returns the record.

    The record stays in the home until the node publishes it; then the key is used.

    Args:
        home: The node's home.
        root_passphrase: Opens the root's keystore.
        make: Makes the key; returns its public half.
        now_ms: Unix milliseconds.
    """
    root = root_signer(home, root_passphrase, home.pinned().federation)
    record = certify_node(root, home.identity(), make(), now_ms=now_ms)
    replace_private(home.key_record, armor(Armor.KEY_RECORD, encode_signed(record)).encode("ascii"))
    return record


def revoke(home: Home, root_passphrase: bytes, key_id: bytes, reason: str) -> Signed:
    """Returns the root's revocation of a key of this agency; effective once it is in the log.

    Args:
        home: The home of the signing root.
        root_passphrase: Opens the root's keystore.
        key_id: 32 bytes, of a signing, encryption or TLS key.
        reason: The reason, readable by every member.
    """
    root = root_signer(home, root_passphrase, home.pinned().federation)
    body = encode_revocation(Revocation(header=root.header, revoked_key=key_id, reason=reason))
    return signed(root.sign([(StatementType.REVOCATION, body)]))


def root_key(home: Home, passphrase: bytes) -> SigningKey:
    """Returns the agency's root key."""
    return SigningKey(Keystore.open(home.root, passphrase).get(ROOT_KEY))


def root_signer(home: Home, passphrase: bytes, federation: bytes) -> Signer:
    """Returns the agency's root, as it signs in a federation."""
    return Signer(
        federation=federation,
        uri=home.identity().agency_uri,
        key=root_key(home, passphrase),
    )


def prepare_root(home: Home, passphrase: bytes) -> SigningKey:
    """Returns the agency's next root key, made now or by an attempt that did not end."""
    store = Keystore.open(home.root, passphrase)
    if NEXT_ROOT_KEY not in store.names() or store.get(NEXT_ROOT_KEY) == store.get(ROOT_KEY):
        store.put(NEXT_ROOT_KEY, SigningKey.generate().private_bytes())
    return SigningKey(store.get(NEXT_ROOT_KEY))


def adopt_root(home: Home, passphrase: bytes, key: SigningKey) -> None:
    """Makes the next root key the agency's root, once its record is in the log."""
    store = Keystore.open(home.root, passphrase)
    store.put(ROOT_KEY, key.private_bytes())  # replaces the old one at once
    store.delete(NEXT_ROOT_KEY)


def read_armored(kind: Armor, path: Path) -> bytes:
    """Returns the contents of an armored file.

    Raises:
        ConfigUnreadable: If it cannot be read.
        MalformedInput: If it is not such a file.
    """
    return parse_armor(kind, read_text(path))


def read_text(path: Path) -> str:
    """Returns the text of a file from another party.

    Raises:
        ConfigUnreadable: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ConfigUnreadable(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigUnreadable(f"{path}: not a file of Tearline's") from None


def read_agency(path: Path) -> Signed:
    """Returns an agency's first member record, signed by its root, from its enrolment file.

    Raises:
        CertificateRefused: If a CA in it is outside the profile, so that no exchange accepts it.
        MalformedInput: If it is not such a file.
    """
    found = read_signed(Armor.AGENCY, path)
    agency = parse_member_record(found.statement.body).agency
    for authority in agency.certificate_authorities:
        verify_authority(authority, parse_agency_uri(agency.uri))
    return found


def read_exchange(path: Path) -> ExchangeEnrolment:
    """Returns the exchange from its enrolment file.

    Raises:
        CertificateRefused: If its CA is outside the profile of agencies' CAs, for its own domain.
        MalformedInput: If it is not such a file.
    """
    found = parse_exchange_enrolment(read_armored(Armor.EXCHANGE, path))
    domain = parse_agency_uri(domain_uri_of(found.exchange.uri))
    verify_authority(found.exchange.certificate_authority, domain)
    return found


def write_signed(kind: Armor, path: Path, statement: Signed) -> None:
    """Writes a statement with its signatures as an armored file, in place of an earlier one."""
    replace_file(path, armor(kind, encode_signed(statement)).encode("ascii"))


def read_signed(kind: Armor, path: Path) -> Signed:
    """Returns a signed statement from its file."""
    return parse_signed(read_armored(kind, path))
