"""``tearline init``: an agency and its first node."""

from pathlib import Path

import click

from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.cli.session import home_of, passphrases


@click.command(cls=Command)
@click.option("--agency", required=True, help="Short name, for example us-justice.")
@click.option("--domain", required=True, help="Trust domain, for example justice.us.example.")
@click.option("--node", "node_name", required=True, help="Name of this node, for example liaison.")
@click.option(
    "--root-passphrase-file",
    type=FILE,
    help="File with the passphrase of the agency's root; else that of the node.",
)
@pass_cli
def command(
    cli: CliContext, agency: str, domain: str, node_name: str, root_passphrase_file: Path | None
) -> None:
    """Make an agency and its first node, with every key.

    Private keys are encrypted under the passphrase. The agency's root key lies in the folder
    root of the home: keep it elsewhere once the node works. What the agency enrols with is
    written to AGENCY.agency in the home; it is public.
    """
    from tearline_client.enrolment import found_agency
    from tearline_client.keys.home import Identity

    home = home_of(cli)
    identity = Identity(agency=agency, domain=domain, node=node_name)
    found_agency(home, identity, passphrases(cli, root_passphrase_file, twice=True))
    cli.say(f"{identity.uri} was made in {home.path}.")
    cli.say(f"Hand {home.path / f'{agency}.agency'} to whoever drafts the trust list.")
