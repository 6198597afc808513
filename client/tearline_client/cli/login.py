"""``tearline login``: sessions of persons, for half a day."""

import time
from pathlib import Path

import click

from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.cli.person import issuer, person_passphrase
from tearline_client.rendering.words import time_text


@click.command(cls=Command)
@click.argument("name")
@click.option(
    "--person-passphrase-file",
    type=FILE,
    help="File with the person's passphrase; by default a prompt.",
)
@click.option("--out", is_flag=True, help="Log the person out.")
@pass_cli
def command(cli: CliContext, name: str, person_passphrase_file: Path | None, out: bool) -> None:
    """Log the person NAME in for half a day, or out with --out.

    The person was added by `tearline person add`; `tearline person list` shows the names. Commands
    then act as this person; where several are logged in, `--as NAME` chooses one.

    Example: tearline login ana
    """
    persons = issuer(cli)
    if out:
        persons.logout(name)
        cli.say(f"{name} is logged out.")
        return
    passphrase = person_passphrase(name, person_passphrase_file)
    session = persons.login(name, passphrase, int(time.time()))
    cli.say(f"{name} is logged in until {time_text(session.ends_s * 1000)}.")
    cli.advise("tearline todo")
