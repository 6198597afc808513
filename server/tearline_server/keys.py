"""Private keys of the exchange: one file, encrypted under a passphrase, readable by its owner only.

    magic ‖ salt (16) ‖ the keys, sealed under the stretched passphrase

``tearline.crypto.passphrase`` defines the stretching, and its cost per guess.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.keys import SEED_SIZE, SigningKey, key_id
from tearline.crypto.passphrase import OVERHEAD, SALT_SIZE, seal, stretch, unseal, verify_length
from tearline.crypto.tls_keys import TlsKey
from tearline.dataclass.immutable import immutable
from tearline.encoding import label, prefixed
from tearline.errors import KeystoreDamaged, KeystoreUnusable, KeysUnnamed, SettingInvalid
from tearline.federation.charter import Constitution
from tearline.federation.members import ExchangeEnrolment, ExchangeIdentity, LogIdentity
from tearline.federation.versions import LogHistory
from tearline.identity import AgencyUri
from tearline.limits import MAX_CA_LIFETIME_S
from tearline.statements.signer import Signer
from tearline.tlog.checkpoint import CheckpointSigner, NoteAlgorithm
from tearline.verification.trust import TrustState
from tearline_runtime.files import read_owner_only, reported_as, write_new
from tearline_runtime.files import replace as replace_file
from tearline_server.config import Config

_MAGIC = b"tearline exchange keys 1\n"
_MAX_BYTES = 64 << 10
_PARTS = 5


@immutable
class ExchangeKeys:
    """Private keys of an exchange.

    Attributes:
        signing: Signs receipts.
        authority: The CA of its TLS certificates.
        log: The log's keys, Ed25519 and ML-DSA-44.
        prepared: Keys for which the council may decide; None without any.
    """

    signing: SigningKey
    authority: CertificateAuthority
    log: tuple[CheckpointSigner, ...]
    prepared: "ExchangeKeys | None" = None

    @property
    def sets(self) -> "tuple[ExchangeKeys, ...]":
        """Returns these keys, and the prepared ones."""
        return (self,) if self.prepared is None else (self, self.prepared)

    @property
    def backup(self) -> bytes:
        """Returns the key, 32 bytes, that authenticates the exchange's backups."""
        return hmac.digest(self.signing.private_bytes(), label("exchange/backup"), "sha256")


def generate_keys(*, trust_domain: str, origin: str, now_s: int) -> ExchangeKeys:
    """Returns fresh keys for an exchange of a trust domain, with a log named ``origin``.

    Raises:
        MalformedInput: If the domain is not one.
        KeyMalformed: If the origin is not valid as a key name.
    """
    return ExchangeKeys(
        signing=SigningKey.generate(),
        authority=CertificateAuthority.create(
            AgencyUri(trust_domain=trust_domain), now_s=now_s, lifetime_s=MAX_CA_LIFETIME_S
        ),
        log=tuple(
            CheckpointSigner.generate(name=origin, algorithm=algorithm)
            for algorithm in NoteAlgorithm
        ),
    )


def identity_of(config: Config, keys: ExchangeKeys) -> ExchangeEnrolment:
    """Returns the exchange and its log, as charters name them."""
    return ExchangeEnrolment(
        exchange=ExchangeIdentity(
            uri=str(config.uri),
            signing_key=keys.signing.public.encoded,
            certificate_authority=keys.authority.certificate,
            dns_name=config.dns,
            address=config.address,
        ),
        log=LogIdentity(
            origin=config.origin,
            verifier_keys=tuple(signer.verifier.encode() for signer in keys.log),
        ),
    )


class HeldKeys:
    """Keys that an exchange holds, of which the constitution says which count.

    Args:
        uri: The exchange's URI.
        signing: Keys for receipts and orders to erase.
        logs: The keys of the log, set by set.
    """

    def __init__(
        self,
        uri: str,
        signing: Sequence[SigningKey],
        logs: Sequence[Sequence[CheckpointSigner]],
    ) -> None:
        self._uri = uri
        self._signing = {key.public.encoded: key for key in signing}
        self._logs = {tuple(each.verifier.encode() for each in log): log for log in logs}

    def verify_named(self, constitution: Constitution) -> None:
        """Checks that a constitution names keys that are held.

        Raises:
            KeysUnnamed: If it names others.
        """
        if constitution.exchange.uri != self._uri:
            raise KeysUnnamed(f"they are of {constitution.exchange.uri}")
        if constitution.exchange.signing_key not in self._signing:
            key = key_id(constitution.exchange.signing_key).hex()
            raise KeysUnnamed(f"the signing key {key} is not here")
        if constitution.log.verifier_keys not in self._logs:
            raise KeysUnnamed(f"not here are {' '.join(constitution.log.verifier_keys)}")

    def signer(self, trust: TrustState) -> Signer:
        """Returns the exchange's signer by the constitution in force.

        Raises:
            KeysUnnamed: If it names a key that is not held.
        """
        constitution = trust.members.constitution
        self.verify_named(constitution)
        key = self._signing[constitution.exchange.signing_key]
        return Signer(federation=trust.federation, uri=self._uri, key=key)

    def checkpoint_signers(self, log: LogHistory, size: int) -> tuple[CheckpointSigner, ...]:
        """Returns the keys that sign a checkpoint of a size, first those that count.

        Retired ones that are still held sign beside them, for witnesses that know no others yet.

        Raises:
            KeysUnnamed: If a key that counts is not held.
        """
        named = log.at(size).verifier_keys
        if named not in self._logs:
            raise KeysUnnamed(f"not here are {' '.join(named)}")
        beside = [self._logs[keys] for keys in self._logs.keys() & log.retired(size)]
        return tuple(chain(self._logs[named], *beside))


def held_keys(config: Config, keys: ExchangeKeys) -> HeldKeys:
    """Returns the keys in the files of an exchange, those in use and prepared ones."""
    sets = keys.sets
    return HeldKeys(str(config.uri), [each.signing for each in sets], [each.log for each in sets])


def write_keys(path: Path, keys: ExchangeKeys, passphrase: bytes) -> None:
    """Writes a new key file.

    Raises:
        PassphraseShort: If the passphrase has too few bytes.
        KeystoreUnusable: If the file exists already, or cannot be written.
    """
    data = _sealed(keys, passphrase)
    with reported_as(KeystoreUnusable, path):
        try:
            write_new(path, data)
        except FileExistsError:
            raise KeystoreUnusable(f"{path} already exists") from None


def put_keys(path: Path, keys: ExchangeKeys, passphrase: bytes) -> None:
    """Writes a key file atomically: no interruption leaves a part of it.

    Raises:
        PassphraseShort: If the passphrase has too few bytes.
        KeystoreUnusable: If it cannot be written.
    """
    data = _sealed(keys, passphrase)
    with reported_as(KeystoreUnusable, path):
        replace_file(path, data)


def _sealed(keys: ExchangeKeys, passphrase: bytes) -> bytes:
    verify_length(passphrase)
    parts = (
        keys.signing.private_bytes(),
        keys.authority.certificate,
        keys.authority.private_bytes(),
        b"".join(signer.private_bytes() for signer in keys.log),
        keys.log[0].verifier.name.encode(),
    )
    salt = secrets.token_bytes(SALT_SIZE)
    sealed = seal(stretch(passphrase, salt), b"".join(map(prefixed, parts)), _MAGIC)
    return _MAGIC + salt + sealed


def read_keys(path: Path, passphrase: bytes) -> ExchangeKeys:
    """Returns the keys in a file.

    Raises:
        KeystoreLocked: If the passphrase is wrong.
        KeystoreDamaged: If it is not a key file.
        KeystoreUnusable: If it does not exist, or cannot be read.
        FileExposed: If other users can access it, or it is a symbolic link.
    """
    data = _read(path)
    body = data.removeprefix(_MAGIC)
    if not data.startswith(_MAGIC) or len(data) > _MAX_BYTES:
        raise KeystoreDamaged(str(path))
    salt, sealed = body[:SALT_SIZE], body[SALT_SIZE:]
    if len(sealed) < OVERHEAD:
        raise KeystoreDamaged(str(path))
    plaintext = unseal(stretch(passphrase, salt), sealed, _MAGIC)
    signing, certificate, authority, log, name = _split(plaintext)
    seeds = [log[start : start + SEED_SIZE] for start in range(0, len(log), SEED_SIZE)]
    return ExchangeKeys(
        signing=SigningKey(signing),
        authority=CertificateAuthority(certificate, TlsKey(authority)),
        log=tuple(
            CheckpointSigner(name=name.decode(), algorithm=algorithm, seed=seed)
            for algorithm, seed in zip(NoteAlgorithm, seeds, strict=True)
        ),
    )


def read_all_keys(config: Config, passphrase: bytes) -> ExchangeKeys:
    """Returns the keys of an exchange, with the prepared ones if there are any.

    Raises:
        SettingInvalid: If the keys belong to another exchange.
        TearlineError: If a file cannot be read; see ``read_keys``.
    """
    keys = read_keys(config.keys, passphrase)
    if config.prepared_keys.exists():
        keys = replace(keys, prepared=read_keys(config.prepared_keys, passphrase))
    if any(each.log[0].verifier.name != config.origin for each in keys.sets):
        raise SettingInvalid("name: the keys belong to another exchange")
    return keys


def _split(plaintext: bytes) -> list[bytes]:
    parts = []
    while plaintext:
        end = 4 + int.from_bytes(plaintext[:4], "big")
        parts.append(plaintext[4:end])
        plaintext = plaintext[end:]
    if len(parts) != _PARTS:
        raise KeystoreDamaged("it does not contain an exchange's keys")
    return parts


def _read(path: Path) -> bytes:
    with reported_as(KeystoreUnusable, path):
        return read_owner_only(path, _MAX_BYTES)
