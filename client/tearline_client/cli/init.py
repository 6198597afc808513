"""``tearline init``: creation of an agency and its first node."""

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
    help="File with the root's passphrase; by default the node's passphrase.",
)
@click.option("--federation", help="The id of the federation to join; none to found one.")
@click.option(
    "--generation",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Above 1 for an agency that was a member before, or that lost its root key.",
)
@click.option(
    "--light",
    "is_light",
    is_flag=True,
    help="Create a light node: it relies on the counted cosigners, and mirrors nothing.",
)
@pass_cli
def command(
    cli: CliContext,
    agency: str,
    domain: str,
    node_name: str,
    root_passphrase_file: Path | None,
    federation: str | None,
    generation: int,
    is_light: bool,
) -> None:
    """Create an agency and its first node, with every key.

    The passphrase encrypts the private keys. The agency's root key is in the home's folder "root":
    move it off the machine once the node works. The public enrolment file, AGENCY.agency, is in the
    home.

    Example: tearline init --agency us-justice --domain justice.us.example --node liaison
    """
    from tearline.federation.charter import GENESIS_FEDERATION
    from tearline_client.cli.audit_verify import federation_option
    from tearline_client.enrolment import found_agency
    from tearline_client.keys.home import Identity

    home = home_of(cli)
    identity = Identity(agency=agency, domain=domain, node=node_name, is_light=is_light)
    federation_id = federation_option(federation) if federation else GENESIS_FEDERATION
    found_agency(
        home,
        identity,
        passphrases(cli, root_passphrase_file, twice=True),
        federation_id,
        generation,
    )
    cli.say(f"Created {identity.uri} in {home.path}.")
    receiver = "the council" if federation else "the founder that drafts the charter"
    cli.say(f"Next: give {home.path / f'{agency}.agency'} to {receiver}.")
