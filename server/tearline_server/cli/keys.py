"""``tearline-server keys``: other keys of the exchange, for which the council decides."""

import asyncio
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tearline_server.admin.output import print_line
from tearline_server.cli.groups import Group
from tearline_server.cli.options import HOME, PASSPHRASE_FILE, STORE, read_home
from tearline_server.config import Config, load_config, read_passphrase

if TYPE_CHECKING:
    from tearline.federation.charter import Constitution
    from tearline.federation.members import ExchangeEnrolment

_KINDS = ("log", "signing", "authority")


@click.group(cls=Group)
def keys() -> None:
    """Rotate the exchange's keys."""


@keys.command()
@HOME
@click.option(
    "--only",
    "only",
    multiple=True,
    type=click.Choice(_KINDS),
    help="A kind of keys to replace; repeatable (default: all).",
)
@PASSPHRASE_FILE
def prepare(home: Path, only: tuple[str, ...], passphrase_file: Path | None) -> None:
    """Make new keys beside those in use, and the file about them for the council.

    The new keys sign nothing until the council has decided on them. Restart the exchange after this
    command: it accepts the council's amendment once it holds the keys. Run again, the command
    writes the same file.

    Example: tearline-server keys prepare --home exchange
    """
    from tearline_server.admin.rotation import Renewed
    from tearline_server.admin.rotation import prepare as prepare_keys
    from tearline_server.keys import read_all_keys

    config, passphrase = load_config(home), read_passphrase(passphrase_file)
    renewed = Renewed(**{kind: kind in (only or _KINDS) for kind in _KINDS})
    held = read_all_keys(config, passphrase)
    prepare_keys(config, held, passphrase, renewed, now_s=int(time.time()))
    print_line(f"Prepared keys are in {config.prepared_keys}.", err=True)
    print_line(f"Restart the exchange, then give {config.prepared_enrolment} to a member", err=True)
    print_line("of the council: tearline federation exchange FILE", err=True)


@keys.command()
@HOME
@STORE
@PASSPHRASE_FILE
def show(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Show the keys in the home, and which of them the council decided on.

    Stop the exchange first, unless it serves from PostgreSQL.

    Example: tearline-server keys show --home exchange
    """
    from tearline.federation.members import ExchangeEnrolment
    from tearline_server.keys import identity_of

    config, held = read_home(home, passphrase_file, store)
    now = _constitution(config)
    decided = {label for label, _ in _labels(ExchangeEnrolment(exchange=now.exchange, log=now.log))}
    for name, each in zip((config.keys.name, config.prepared_keys.name), held.sets, strict=False):
        for label, kind in _labels(identity_of(config, each)):
            print_line(f"{name}: {kind} {label}{', in force' * (label in decided)}")


def _labels(named: "ExchangeEnrolment") -> "Iterator[tuple[str, str]]":
    """Yields each key as a person compares it, with its kind."""
    from tearline.crypto.keys import key_id

    yield key_id(named.exchange.signing_key).hex(), "signing"
    yield hashlib.sha256(named.exchange.certificate_authority).hexdigest(), "authority"
    for key in named.log.verifier_keys:
        yield key, "log"


@keys.command()
@HOME
@STORE
@PASSPHRASE_FILE
def retire(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Delete the old keys, after the council has decided on the prepared ones.

    Until then the old log keys sign beside the new ones, and the old CA certifies the exchange.
    Witnesses that know only the old log keys, and nodes that have not read the decision, are cut
    off then.
    Stop the exchange first.

    Example: tearline-server keys retire --home exchange
    """
    from tearline_server.admin.rotation import retire as retire_keys

    config, held = read_home(home, passphrase_file, store)
    retire_keys(config, held, _constitution(config))
    print_line(
        f"{config.keys} holds the keys that the council decided on, and no others.", err=True
    )
    print_line("Restart the exchange.", err=True)


@keys.command()
@HOME
@STORE
@PASSPHRASE_FILE
def discard(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Delete prepared keys, for which the council did not decide.

    Stop the exchange first. Started again, it refuses votes for these keys.

    Example: tearline-server keys discard --home exchange
    """
    from tearline_server.admin.rotation import discard as discard_keys

    config, held = read_home(home, passphrase_file, store)
    discard_keys(config, held, _constitution(config))
    print_line(f"Deleted {config.prepared_keys}. Start the exchange.", err=True)


def _constitution(config: Config) -> "Constitution":
    """Returns the constitution in force by the stored log."""
    from tearline_server.storage.open import open_store
    from tearline_server.tlog.stored_trust import trust_of

    async def load() -> "Constitution":
        opened = await open_store(config)
        try:
            return trust_of(await opened.load()).members.constitution
        finally:
            await opened.close()

    return asyncio.run(load())


COMMANDS = (keys,)
