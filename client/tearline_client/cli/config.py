"""``tearline config``: settings, and where each comes from."""

import click

from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.config import SETTINGS


@click.group(cls=Group)
def command() -> None:
    """Settings, and where each comes from."""


@command.command()
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@pass_cli
def show(cli: CliContext, origin: bool) -> None:
    """Show every setting and its value.

    A flag goes before the environment, the environment before node.toml in the node's home.
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
