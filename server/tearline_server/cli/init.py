"""``tearline-server init``: a new exchange."""

import time
from contextlib import ExitStack
from pathlib import Path

import click

from tearline.crypto.armor import Armor, armor
from tearline.errors import ConfigUnreadable
from tearline_server.admin.output import print_line
from tearline_server.cli.groups import Command
from tearline_server.cli.options import HOME, PASSPHRASE_FILE
from tearline_server.config import (
    FILE_NAME,
    config_of,
    read_passphrase,
    write_config,
    write_new,
)

_LOOPBACK = "127.0.0.1:8480"  # the operator decides whether other machines may read it
_METRICS = "127.0.0.1:8481"


@click.command(cls=Command)
@HOME
@click.option("--name", required=True, help="Trust domain, for example exchange.example.")
@click.option("--address", required=True, help="HOST:PORT at which nodes reach the exchange.")
@click.option("--dns", help="DNS name in its certificate (default: the name).")
@click.option("--listen", help="HOST:PORT to listen on (default: the address).")
@click.option("--store", help="Database, postgresql://… (default: a file in the home).")
@click.option(
    "--http",
    is_flag=False,
    flag_value=_LOOPBACK,
    help="HOST:PORT for health checks and public readers of the log, without TLS: "
    f"{_LOOPBACK} if given without a value (default: no such port).",
)
@click.option(
    "--metrics",
    is_flag=False,
    flag_value=_METRICS,
    help="HOST:PORT for metrics and `tearline-server status`, without TLS: "
    f"{_METRICS} if given without a value (default: no such port).",
)
@PASSPHRASE_FILE
def init(
    home: Path,
    name: str,
    address: str,
    dns: str | None,
    listen: str | None,
    store: str | None,
    http: str | None,
    metrics: str | None,
    passphrase_file: Path | None,
) -> None:
    """Create an exchange: its keys, its settings, and the enrolment file for agencies."""
    from tearline.wire.federation import encode_exchange_enrolment
    from tearline_server.keys import generate_keys, identity_of, write_keys

    values = {"name": name, "address": address, "dns": dns or name, "listen": listen or address}
    chosen = {"http": http, "metrics": metrics, "store": store}
    values |= {name: given for name, given in chosen.items() if given}
    config = config_of(home, values)
    passphrase = read_passphrase(passphrase_file, twice=True)
    keys = generate_keys(trust_domain=config.name, origin=config.origin, now_s=int(time.time()))
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigUnreadable(f"{home}: {error.strerror}") from None
    enrolment = encode_exchange_enrolment(identity_of(config, keys))
    with ExitStack() as undo:  # a partial exchange would block the next attempt
        write_keys(config.keys, keys, passphrase)
        undo.callback(config.keys.unlink)
        write_config(config)
        undo.callback((home / FILE_NAME).unlink)
        write_new(config.enrolment, armor(Armor.EXCHANGE, enrolment))
        undo.pop_all()
    print_line(f"Created the exchange {config.uri} in {home}.", err=True)
    print_line(f"Give {config.enrolment} to every agency for its charter.", err=True)


COMMANDS = (init,)
