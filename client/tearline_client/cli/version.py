"""``tearline version``."""

import click

from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command


@click.command(cls=Command)
@pass_cli
def command(cli: CliContext) -> None:
    """Print the version of this program and of its protocol.

    Example: tearline version
    """
    import platform
    from importlib.metadata import version

    from tearline.crypto.keys import SUITE

    row = {
        "tearline": version("tearline"),
        "protocol": 1,
        "suite": SUITE,
        "python": platform.python_version(),
    }
    cli.emit([row], list(row))
