"""The node's home: its files, and how programs open them.

node.toml          settings
identity.toml      agency, trust domain and node, for people and programs
keys/              the node's keystore: signing, encryption, cosigning and TLS keys, and others
root/              the agency's keystore: root key, CA and token issuer; may be kept elsewhere
federation.trust   the pinned charter, with its founders
node.crt           the TLS certificate
node.db            all other data, sealed under the storage key
policy/own.cedar   the agency's own policies, if any
mappings/          mappings of tables that the agency saved by name
documents/         sealed parts of large documents, until a person has saved them
outgoing/          sealed large documents that browsers sent, until their packets are sent
"""

import re
import shutil
import tomllib
from pathlib import Path

from tearline.crypto.armor import Armor, parse_armor
from tearline.crypto.certificates import certified_key_id, from_pem
from tearline.crypto.keys import KemKey
from tearline.crypto.tls_keys import TlsKey
from tearline.dataclass.immutable import immutable
from tearline.errors import ConfigUnreadable, ExportRefused, HomeMissing, SettingInvalid
from tearline.identity import AgencyUri, NodeUri, parse_node_uri
from tearline.limits import MAX_MESSAGE_BYTES
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm
from tearline.verification.trust import TrustState, founded
from tearline.wire.federation import parse_federation_file
from tearline.wire.statements import Signed, parse_signed
from tearline_client.keys.keystore import Keystore
from tearline_runtime.file_keys import key_tables
from tearline_runtime.files import UMASK, replace, reported_as, write_new
from tearline_runtime.grpc.tls_identity import TlsIdentity

SIGNING_KEY = "sign"
COSIGNING_KEY = "cosign"
TLS_PREFIX = "tls-"
TOKEN_KEY = "entity-token"  # noqa: S105 (the name of an entry, not a secret)
PSEUDONYM_KEY = "pseudonym"
KEM_PREFIX = "kem-"
MAX_FILE_BYTES = 2 * MAX_MESSAGE_BYTES  # the largest armored federation file
_FULL, _LIGHT = "full", "light"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?\Z")


@immutable
class Identity:
    """Identity of a node.

    Attributes:
        agency: Short name of the agency, for example ``us-justice``.
        domain: Its trust domain.
        node: The node's name.
        is_light: Whether the node verifies the directory instead of reading the whole log.
    """

    agency: str
    domain: str
    node: str
    is_light: bool = False

    def __post_init__(self) -> None:
        if not _NAME.match(self.agency):
            raise SettingInvalid("an agency's name is lower-case letters, digits and hyphens")
        parse_node_uri(self.uri)

    @property
    def uri(self) -> str:
        """Returns the node's URI."""
        return f"spiffe://{self.domain}/node/{self.node}"

    @property
    def agency_uri(self) -> str:
        """Returns the agency's URI."""
        return f"spiffe://{self.domain}"

    @property
    def node_uri(self) -> NodeUri:
        """Returns the node's URI, parsed."""
        return parse_node_uri(self.uri)


class Home:
    """Paths and plain files of a node's home."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.keys = path / "keys"
        self.root = path / "root"
        self.database = path / "node.db"
        self.certificate = path / "node.crt"
        self.federation = path / "federation.trust"
        self.key_record = path / "node.record"
        self.own_policy = path / "policy" / "own.cedar"
        self.mappings = path / "mappings"
        self.documents = path / "documents"
        self.outgoing = path / "outgoing"
        self.persons = path / "persons"
        self.sending_lock = path / "sending.lock"
        self.deciding_lock = path / "deciding.lock"
        self.renewing_lock = path / "renewing.lock"
        self.identity_file = path / "identity.toml"

    @property
    def free_bytes(self) -> int:
        """Returns the free bytes of its disk, or 0 if they are unknown."""
        try:
            return shutil.disk_usage(self.path).free
        except OSError:
            return 0

    def identity(self) -> Identity:
        """Returns the identity of the node.

        Raises:
            HomeMissing: If the home has no node.
            SettingInvalid: If the file is invalid.
        """
        text = self._read(self.identity_file, HomeMissing(str(self.path)))
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigUnreadable(f"{self.identity_file}: {error}") from None
        table.setdefault("kind", _FULL)  # of a home before light nodes
        if set(table) != key_tables(__package__, "identity_keys.toml")["file"].names or not all(
            isinstance(value, str) for value in table.values()
        ):
            raise SettingInvalid(f"{self.identity_file}: agency, domain and node were expected")
        if table["kind"] not in (_FULL, _LIGHT):
            raise SettingInvalid(f"{self.identity_file}: kind is {_FULL} or {_LIGHT}")
        return Identity(
            agency=table["agency"],
            domain=table["domain"],
            node=table["node"],
            is_light=table["kind"] == _LIGHT,
        )

    def write_identity(self, identity: Identity) -> None:
        """Writes the identity of a new node; none may exist yet."""
        lines = (
            f'agency = "{identity.agency}"',
            f'domain = "{identity.domain}"',
            f'node = "{identity.node}"',
            f'kind = "{_LIGHT if identity.is_light else _FULL}"',
            "",
        )
        write_private(self.identity_file, "\n".join(lines).encode())

    def enrolment(self, identity: Identity) -> Path:
        """Returns the path of the agency's enrolment file; its contents are public."""
        return self.path / f"{identity.agency}.agency"

    def pinned(self) -> TrustState:
        """Returns the pinned federation: its id, and the members that founded it.

        Raises:
            HomeMissing: If none is pinned yet.
            TearlineError: If the file is not a complete founding.
        """
        missing = HomeMissing("no federation is pinned here yet: tearline federation join")
        text = self._read(self.federation, missing)
        return founded(parse_federation_file(parse_armor(Armor.FEDERATION, text)))

    def signed_key_record(self) -> Signed:
        """Returns the record of the node's signing key, signed by its agency's root.

        Raises:
            HomeMissing: If the federation was not pinned here.
        """
        missing = HomeMissing("the node's key record is missing: tearline federation join")
        return parse_signed(parse_armor(Armor.KEY_RECORD, self._read(self.key_record, missing)))

    def tls_certificate(self) -> bytes:
        """Returns the node's certificate, DER.

        Raises:
            HomeMissing: If it is missing.
        """
        missing = HomeMissing("the node's certificate is missing: tearline keys rotate --tls")
        return from_pem(self._read(self.certificate, missing).encode())

    def tls_identity(self, keystore: Keystore) -> TlsIdentity:
        """Returns the node's certificate with its key; the certificate identifies the key.

        Raises:
            HomeMissing: If the certificate is missing.
            KeystoreEntryMissing: If its key is missing.
        """
        certificate = self.tls_certificate()
        key = keystore.get(tls_entry(certified_key_id(certificate)))
        return TlsIdentity(certificate=certificate, key=TlsKey(key))

    @staticmethod
    def _read(path: Path, missing: Exception) -> str:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES)
        except FileNotFoundError:
            raise missing from None
        except OSError as error:
            raise ConfigUnreadable(f"{path}: {error.strerror}") from None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ConfigUnreadable(f"{path}: not UTF-8") from None


def cosigner_of(keystore: Keystore, identity: Identity) -> CheckpointSigner:
    """Returns the node's cosigner of the log, an ML-DSA-44 key under the node's URI.

    Raises:
        KeystoreEntryMissing: If the home is older than cosigning: `tearline keys rotate --cosign`.
    """
    seed = keystore.get(COSIGNING_KEY)
    return CheckpointSigner(name=identity.uri, algorithm=NoteAlgorithm.MLDSA44, seed=seed)


def tls_entry(key_id: bytes) -> str:
    """Returns the name of the keystore entry of a TLS key; ``key_id`` has 32 bytes."""
    return TLS_PREFIX + key_id.hex()[:32]


def kem_entry(key: KemKey) -> str:
    """Returns the name of the keystore entry of an encryption key."""
    return KEM_PREFIX + key.id.hex()[:32]


def kem_key_by_id(keystore: Keystore, key_id: bytes) -> KemKey:
    """Returns one of the node's encryption keys.

    Raises:
        KeystoreEntryMissing: If it is missing or was destroyed.
    """
    return KemKey(keystore.get(KEM_PREFIX + key_id.hex()[:32]))


def write_private(path: Path, data: bytes) -> None:
    """Writes a new owner-only file durably; an existing file stays unchanged.

    Raises:
        ConfigUnreadable: If it exists, or cannot be written.
    """
    with reported_as(ConfigUnreadable, path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(path, data)


def replace_private(path: Path, data: bytes) -> None:
    """Writes an owner-only file atomically: readers see the old bytes or the new ones.

    Raises:
        ConfigUnreadable: If it cannot be written; an existing file stays unchanged.
    """
    with reported_as(ConfigUnreadable, path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(path, data)


def replace_file(path: Path, data: bytes) -> None:
    """Writes a file atomically: readers see the old bytes or the new ones.

    Used for files that are handed to others; the process's umask decides their mode.

    Raises:
        ExportRefused: If it cannot be written; an existing file stays unchanged.
    """
    with reported_as(ExportRefused, path):
        replace(path, data, mode=UMASK)


def agency_of(identity: Identity) -> AgencyUri:
    """Returns the agency's URI, parsed."""
    return AgencyUri(trust_domain=identity.domain)
