"""Options that several commands of the operator share, and the home that they name."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tearline_server.config import Config, load_config, parse_store, read_passphrase
from tearline_server.timekeeper import verify_said

if TYPE_CHECKING:
    from tearline_server.keys import ExchangeKeys

HOME = click.option(
    "--home", type=click.Path(path_type=Path), required=True, help="Directory of the exchange."
)
PASSPHRASE_FILE = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="File with the passphrase of the exchange's keys in its first line.",
)
STORE = click.option(
    "--store",
    metavar="ADDRESS",
    help="Database to use instead of the one in the settings (postgresql://…).",
)


def _is_time(ctx: click.Context, param: click.Parameter, said: datetime | None) -> bool:
    if said is None:
        return False
    verify_said(time.time_ns() // 1_000_000, round(said.replace(tzinfo=UTC).timestamp() * 1000))
    return True


CLOCK_IS_RIGHT = click.option(
    "--clock-is-right",
    type=click.DateTime(["%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ"]),
    metavar="TIME",
    callback=_is_time,
    help="Current UTC time from another source, e.g. 2026-11-27T21:00Z. Accepts this machine's "
    "clock if it differs by two minutes or less.",
)


def read_home(
    home: Path, passphrase_file: Path | None, store: str | None
) -> "tuple[Config, ExchangeKeys]":
    """Returns the settings and the keys of an exchange, prepared ones included.

    Raises:
        SettingInvalid: If the keys belong to another exchange.
        TearlineError: If a file or the passphrase is refused.
    """
    from tearline_server.keys import read_all_keys

    config = load_config(home)
    if store is not None:
        config = replace(config, store=parse_store(store))
    return config, read_all_keys(config, read_passphrase(passphrase_file))
