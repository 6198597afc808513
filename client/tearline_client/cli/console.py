"""``tearline console``: the node at work, with pages for its officers and auditors."""

import click

from tearline.errors import TearlineError, extra_missing
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.session import async_command, open_node


@click.command(cls=Command)
@click.option(
    "--on",
    "hooks",
    type=(str, str),
    multiple=True,
    metavar="EVENT COMMAND",
    help="Run COMMAND when EVENT happens; repeatable.",
)
@click.option("--json", "json_lines", is_flag=True, help="Log JSON lines, including calls.")
@async_command
async def command(cli: CliContext, hooks: tuple[tuple[str, str], ...], json_lines: bool) -> None:
    """Run the node until SIGTERM, with pages for its officers and auditors.

    It does the work of `tearline node run`, and replaces it. Each person signs in under their own
    name. The setting `console` (`TEARLINE_CONSOLE`, or `console` in node.toml) is
    the host:port, by default localhost:8470. Where other machines reach it, TLS is required:
    `console_certificate` and `console_key`.

    Example: tearline console
    """
    from tearline_client.notifications.hooks import parse_hooks
    from tearline_client.rendering.log_lines import log_run
    from tearline_client.service.process import Port, run_process
    from tearline_client.taxii.server import taxii_ports

    try:
        from tearline_client.console.provider import provider_of
        from tearline_client.console.server import console_port, place_of
    except ModuleNotFoundError as error:
        raise extra_missing(error, "console") from None
    asked, place, provider = parse_hooks(hooks), place_of(cli.settings), provider_of(cli.settings)
    log = log_run(json_lines=json_lines, quiet=cli.quiet, calls_every=1)
    try:
        async with open_node(cli) as node:
            ports: list[Port] = [console_port(node, place, log.info, provider)]
            ports += taxii_ports(node, cli.settings, log.info)
            await run_process(node, cli.settings, report=log.info, hooks=asked, ports=ports)
    except TearlineError as error:
        log.error(str(error))
        raise SystemExit(error.exit_status) from None
