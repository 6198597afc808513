"""Command line of the exchange's operator: ``tearline-server``."""

import sys

import click

import tearline_runtime.grpc  # noqa: F401 (sets gRPC's cipher suites before anything imports gRPC)
from tearline.errors import TearlineError, extra_missing
from tearline_runtime.core_dumps import forbid_core_dumps
from tearline_server.admin.output import print_line, print_traceback
from tearline_server.cli import documents, federation, init, keys, log, serve, store
from tearline_server.cli.groups import Group


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tearline")
def cli() -> None:
    """Run a Tearline exchange."""


for _module in (init, federation, keys, log, documents, serve, store):
    for _command in _module.COMMANDS:
        cli.add_command(_command)


def main() -> None:
    """Runs the command line; prints errors to stderr and exits with their status."""
    forbid_core_dumps()
    sys.excepthook = print_traceback
    try:
        cli(prog_name="tearline-server")
    except (TearlineError, ModuleNotFoundError) as error:
        told = error if isinstance(error, TearlineError) else extra_missing(error, "server")
        print_line(str(told), err=True)
        sys.exit(told.exit_status)
