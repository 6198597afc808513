"""Other keys of the exchange: each interrupted step leaves files that work, and is run again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import ORIGIN, US, constitution
from tearline.crypto.armor import Armor, parse_armor
from tearline.errors import KeystoreDamaged, KeysUnnamed
from tearline.federation.charter import Constitution
from tearline.wire.federation import parse_exchange_enrolment
from tearline_server.admin import rotation
from tearline_server.config import Config, config_of
from tearline_server.keys import (
    ExchangeKeys,
    generate_keys,
    held_keys,
    identity_of,
    read_all_keys,
    write_keys,
)

PASSPHRASE = b"secret enough"
ALL = rotation.Renewed(log=True, signing=True, authority=True)
NOW_S = 1_790_000_000


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    settings = {"name": ORIGIN.removesuffix("/log"), "dns": "exchange.test", "address": "[::1]:1"}
    config = config_of(tmp_path, settings)
    keys = generate_keys(trust_domain=config.name, origin=config.origin, now_s=NOW_S)
    write_keys(config.keys, keys, PASSPHRASE)
    return config


def read(config: Config) -> ExchangeKeys:
    return read_all_keys(config, PASSPHRASE)


def prepare(config: Config) -> ExchangeKeys:
    return rotation.prepare(config, read(config), PASSPHRASE, ALL, now_s=NOW_S)


def naming(config: Config, keys: ExchangeKeys) -> Constitution:
    """A constitution that names keys."""
    identity = identity_of(config, keys)
    return replace(constitution([US]), exchange=identity.exchange, log=identity.log)


def kill_before(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def die(*arguments: object, **options: object) -> None:
        raise Killed

    monkeypatch.setattr(rotation, step, die)


@pytest.mark.parametrize("step", ["put_keys", "_write_enrolment"])
def test_preparing_is_run_again_after_it_was_killed(
    config: Config, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = read(config)
    with monkeypatch.context() as patch:
        kill_before(patch, step)
        with pytest.raises(Killed):
            prepare(config)
    left = read(config)  # as at a start of the exchange
    assert left.signing.public == before.signing.public
    prepared = prepare(config)
    if left.prepared is not None:  # keys once prepared are not replaced
        assert prepared.signing.public == left.prepared.signing.public
    text = config.prepared_enrolment.read_text(encoding="ascii")
    named = parse_exchange_enrolment(parse_armor(Armor.EXCHANGE, text))
    assert named == identity_of(config, prepared)


def test_keys_that_were_prepared_stay(config: Config) -> None:
    first = prepare(config)
    assert prepare(config).log[0].verifier == first.log[0].verifier


@pytest.mark.parametrize("step", ["_replace_keys", "_write_enrolment"])
def test_retiring_is_run_again_after_it_was_killed(
    config: Config, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    prepared = prepare(config)
    decided = naming(config, prepared)
    with monkeypatch.context() as patch:
        kill_before(patch, step)
        with pytest.raises(Killed):
            rotation.retire(config, read(config), decided)
    held_keys(config, read(config)).verify_named(decided)  # it starts
    rotation.retire(config, read(config), decided)
    keys = read(config)
    assert keys.prepared is None
    assert keys.signing.public == prepared.signing.public
    text = config.enrolment.read_text(encoding="ascii")
    assert parse_exchange_enrolment(parse_armor(Armor.EXCHANGE, text)) == identity_of(config, keys)
    assert not config.prepared_enrolment.exists()


def _retire(config: Config, constitution: Constitution) -> None:
    rotation.retire(config, read(config), constitution)


def _discard(config: Config, constitution: Constitution) -> None:
    rotation.discard(config, read(config), constitution)


@pytest.mark.parametrize("act", [_retire, _discard])
def test_keys_in_force_are_not_deleted(
    config: Config, act: Callable[[Config, Constitution], None]
) -> None:
    prepared = prepare(config)
    in_force = naming(config, read(config) if act is _retire else prepared)
    with pytest.raises(KeysUnnamed):
        act(config, in_force)
    assert read(config).prepared is not None


def test_discarded_keys_are_gone(config: Config) -> None:
    prepare(config)
    _discard(config, naming(config, read(config)))
    assert read(config).prepared is None
    assert not config.prepared_enrolment.exists()


def test_an_exchange_without_the_decided_keys_does_not_start(config: Config) -> None:
    other = generate_keys(trust_domain=config.name, origin=config.origin, now_s=NOW_S)
    with pytest.raises(KeysUnnamed):
        held_keys(config, read(config)).verify_named(naming(config, other))


def test_a_damaged_file_of_prepared_keys_is_told(config: Config) -> None:
    prepare(config)
    config.prepared_keys.write_bytes(b"half a file")
    with pytest.raises(KeystoreDamaged):
        read(config)
