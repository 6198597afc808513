"""``tearline status``: health of the running node."""

import time

import click

from tearline.errors import EXIT_LOCAL, EXIT_UNREACHABLE
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command


@click.command(cls=Command, name="status")
@pass_cli
def command(cli: CliContext) -> None:
    """Check the running node: exchange, kind, log, queues, members, keys and the last backup.

    The command asks the metrics port of `tearline node run` or `tearline console`, so it needs the
    setting metrics and no passphrase. HEALTH is ok, attention or failed. Exit status 0: no check
    failed; 1: one failed; 3: the node does not answer. To read the store of a node that does not
    run, use `tearline node status`.

    Example: tearline status
    """
    from tearline_client.service.status import checks_of
    from tearline_runtime.service_status import backup_check, is_healthy

    now_s = time.time()
    checks = checks_of(cli.settings.metrics, now_s)
    answers = len(checks) > 1
    if answers:
        checks.append(backup_check(cli.settings.home, now_s))
    cli.emit(
        ({"check": each.name, "health": each.health.value, "state": each.state} for each in checks),
        ["check", "health", "state"],
    )
    if not is_healthy(checks):
        raise SystemExit(EXIT_LOCAL if answers else EXIT_UNREACHABLE)
