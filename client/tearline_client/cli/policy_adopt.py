"""``tearline policy adopt``: replacement of the agency's own policies by an officer."""

import time
from pathlib import Path

import click

from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.cli.session import home_of
from tearline_client.keys.keystore import Keystore


@click.command(cls=Command)
@click.argument("file", type=FILE, required=False)
@click.option("--none", "without", is_flag=True, help="Remove the agency's own policies.")
@pass_cli
def adopt(cli: CliContext, file: Path | None, without: bool) -> None:
    """Replace the agency's own policies with those in FILE; requires an officer.

    Commands use them at once; a running node uses them after a restart.

    Example: tearline --as olga policy adopt own.cedar
    """
    from tearline_client.rules.own_policy import adopt as adopt_policies

    if (file is None) != without:
        raise click.UsageError("give either FILE or --none")
    home, person = home_of(cli), cli.settings.person
    keystore = Keystore.open(home.keys, cli.passphrase())
    now_ms = time.time_ns() // 1_000_000
    officer = adopt_policies(home, keystore, file, person, now_ms=now_ms)
    cli.say(f"{officer} adopted {'no own policies' if file is None else file}.")
    cli.advise("restart the running node, so that it uses them too")
