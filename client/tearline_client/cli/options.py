"""Options that commands of several groups share, and the kind of argument that is a file."""

from pathlib import Path

import click

FILE = click.Path(path_type=Path)

root_option = click.option(
    "--root-passphrase-file", type=FILE, help="File with the passphrase of the agency's root."
)
sync_option = click.option(
    "--sync/--no-sync", default=True, show_default=True, help="Ask the exchange first."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
