"""``tearline config``: settings and their origins."""

import click

from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.settings.table import SETTINGS


@click.group(cls=Group)
def command() -> None:
    """Show settings and their origins."""


@command.command()
@click.option("--origin", is_flag=True, help="Show the origin of each value.")
@pass_cli
def show(cli: CliContext, origin: bool) -> None:
    """Show every setting and its value.

    A flag overrides the environment; the environment overrides node.toml in the node's home.

    Example: tearline config show --origin
    """
    settings = cli.settings
    rows = []
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        row = {
            "setting": setting.name,
            "value": value if isinstance(value, int) else str(value or ""),
        }
        if origin:
            row |= {"origin": settings.origins[setting.name], "meaning": setting.meaning}
        rows.append(row)
    cli.emit(rows, list(rows[0]))
