"""Rotation of the exchange's keys: prepared beside those in use, and adopted once decided on.

Each step leaves files with which the exchange can start, and may be repeated after an interruption.
"""

from dataclasses import replace
from pathlib import Path

from tearline.crypto.armor import Armor, armor
from tearline.dataclass.immutable import immutable
from tearline.errors import ConfigUnreadable, KeysUnnamed
from tearline.federation.charter import Constitution
from tearline.wire.federation import encode_exchange_enrolment
from tearline_runtime.files import UMASK, fsync_path, reported_as
from tearline_runtime.files import replace as replace_file
from tearline_server.config import Config
from tearline_server.keys import ExchangeKeys, generate_keys, held_keys, identity_of, put_keys


@immutable
class Renewed:
    """Kinds of keys to be replaced.

    Attributes:
        log: The keys of the log.
        signing: The key for receipts and orders to erase.
        authority: The CA of its TLS certificates.
    """

    log: bool
    signing: bool
    authority: bool


def prepare(
    config: Config, keys: ExchangeKeys, passphrase: bytes, renewed: Renewed, *, now_s: int
) -> ExchangeKeys:
    """Makes keys beside those in use, and the file about them for the council.

    Keys that were prepared before stay; their file is written again.

    Args:
        config: The settings.
        keys: The keys in the home.
        passphrase: Their passphrase, for the new file as well.
        renewed: The kinds to be replaced; the others stay.
        now_s: The time, Unix seconds.

    Returns:
        The prepared keys.

    Raises:
        KeystoreUnusable: If the file cannot be written.
    """
    prepared = keys.prepared
    if prepared is None:
        fresh = generate_keys(trust_domain=config.name, origin=config.origin, now_s=now_s)
        prepared = replace(
            keys,
            log=fresh.log if renewed.log else keys.log,
            signing=fresh.signing if renewed.signing else keys.signing,
            authority=fresh.authority if renewed.authority else keys.authority,
        )
        put_keys(config.prepared_keys, prepared, passphrase)
    _write_enrolment(config.prepared_enrolment, config, prepared)
    return prepared


def _write_enrolment(path: Path, config: Config, keys: ExchangeKeys) -> None:
    encoded = encode_exchange_enrolment(identity_of(config, keys))
    with reported_as(ConfigUnreadable, path):
        replace_file(path, armor(Armor.EXCHANGE, encoded).encode("ascii"), mode=UMASK)


def retire(config: Config, keys: ExchangeKeys, constitution: Constitution) -> None:
    """Deletes the keys in use before a decision, and puts the prepared ones in their place.

    Raises:
        KeysUnnamed: If the constitution does not name the prepared keys.
    """
    if keys.prepared is not None:
        held_keys(config, keys.prepared).verify_named(constitution)
        named = constitution.exchange.certificate_authority
        if named != keys.prepared.authority.certificate:
            raise KeysUnnamed("the prepared certificate authority is not the one decided on")
        keys = keys.prepared
        _replace_keys(config)
    else:
        held_keys(config, keys).verify_named(constitution)
    _write_enrolment(config.enrolment, config, keys)
    config.prepared_enrolment.unlink(missing_ok=True)


def _replace_keys(config: Config) -> None:
    config.prepared_keys.replace(config.keys)
    fsync_path(config.home)


def discard(config: Config, keys: ExchangeKeys, constitution: Constitution) -> None:
    """Deletes prepared keys that no decision names.

    Raises:
        KeysUnnamed: If the constitution does not name the keys in use.
    """
    held_keys(config, replace(keys, prepared=None)).verify_named(constitution)
    if constitution.exchange.certificate_authority != keys.authority.certificate:
        raise KeysUnnamed("the prepared certificate authority is the one decided on")
    config.prepared_enrolment.unlink(missing_ok=True)
    config.prepared_keys.unlink(missing_ok=True)
