"""``tearline config``: settings, and where each comes from."""

import click

from tearline_client.cli.frame import Frame, pass_frame
from tearline_client.cli.groups import Group
from tearline_client.config import SETTINGS


@click.group(cls=Group)
def command() -> None:
    """Settings, and where each comes from."""


@command.command()
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@pass_frame
def show(frame: Frame, origin: bool) -> None:
    """Show every setting and its value.

    A flag goes before the environment, the environment before node.toml in the node's home.
    """
    settings = frame.settings
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
    frame.emit(rows, list(rows[0]))
