"""``tearline version``."""

import click

from tearline_client.cli.frame import Frame, pass_frame
from tearline_client.cli.groups import Command


@click.command(cls=Command)
@pass_frame
def command(frame: Frame) -> None:
    """Show the version of this program, and of what it speaks."""
    import platform
    from importlib.metadata import version

    from tearline.keys import SUITE

    row = {
        "tearline": version("tearline"),
        "protocol": 1,
        "suite": SUITE,
        "python": platform.python_version(),
    }
    frame.emit([row], list(row))
