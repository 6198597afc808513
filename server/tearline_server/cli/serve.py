"""Commands on the running exchange: serve, status; and check, which readies it."""

import asyncio
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from tearline.errors import EXIT_LOCAL, EXIT_UNREACHABLE
from tearline_server.admin.output import print_line
from tearline_server.cli.groups import Command
from tearline_server.cli.options import (
    CLOCK_IS_RIGHT,
    HOME,
    PASSPHRASE_FILE,
    STORE,
    read_home,
)
from tearline_server.config import load_config, parse_address


@click.command(cls=Command)
@HOME
@STORE
@PASSPHRASE_FILE
def check(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Check settings, keys, database, documents and charter as serve needs them.

    Example: tearline-server check --home exchange
    """
    from tearline_server.app import opened_exchange
    from tearline_server.grpc.front import Front

    config, keys = read_home(home, passphrase_file, store)

    async def open_once() -> None:
        async with opened_exchange(config, keys) as (exchange, components):
            await exchange.documents.check()
            front = Front(config, keys, lambda: exchange.trust.membership, components.metrics)
            for uri, why in front.skipped:
                print_line(f"{uri} cannot connect: {why}.", err=True)
            agencies = len(exchange.members.agencies)
            print_line(f"{config.uri} is ready to serve {agencies} agencies on {config.listen}.")

    asyncio.run(open_once())


@click.command(cls=Command)
@HOME
@STORE
@PASSPHRASE_FILE
@click.option("--json", "json_lines", is_flag=True, help="Log JSON lines on a terminal too.")
@click.option(
    "--do-not-wait",
    is_flag=True,
    help="After a restore: write before every cosigning node has reconnected.",
)
@CLOCK_IS_RIGHT
@click.option("--listen", metavar="HOST:PORT", help="Address to listen on, overrides the setting.")
@click.option("--http", metavar="HOST:PORT", help="Monitoring port, overrides the setting.")
@click.option("--metrics", metavar="HOST:PORT", help="Metrics port, overrides the setting.")
def serve(
    home: Path,
    passphrase_file: Path | None,
    json_lines: bool,
    do_not_wait: bool,
    clock_is_right: bool,
    store: str | None,
    listen: str | None,
    http: str | None,
    metrics: str | None,
) -> None:
    """Serve until stopped (SIGTERM), then drain.

    SIGHUP renews the TLS certificate; settings are read only at the start. Several processes may
    serve from one PostgreSQL database, each on its own ports. Logs go to standard error: as JSON
    lines, or in readable form on a terminal.

    Example: tearline-server serve --home exchange
    """
    from tearline_server.app import run
    from tearline_server.observability.logging import log_to_stderr

    config, keys = read_home(home, passphrase_file, store)
    config = replace(
        config,
        listen=parse_address("listen", listen or config.listen),
        http=parse_address("http", http) if http else config.http,
        metrics=parse_address("metrics", metrics) if metrics else config.metrics,
    )
    # By default a thread woken by gRPC or the store waits 5 ms for a busy loop.
    sys.setswitchinterval(0.0005)
    log_to_stderr(json_lines=json_lines)
    run(config, keys, do_not_wait=do_not_wait, clock_is_right=clock_is_right)


@click.command(cls=Command)
@HOME
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(home: Path, as_json: bool) -> None:
    """Check the running exchange: store, log, members, queues, keys and the last backup.

    The command asks the metrics port, so it needs the setting metrics and no passphrase. Each line
    begins with ok, attention or failed. Exit status 0: no check failed; 1: one failed; 3: the
    exchange does not answer. To check a stopped exchange, use check and verify-log.

    Example: tearline-server status --home exchange
    """
    from tearline_runtime.service_status import is_healthy
    from tearline_server.admin.status import checks_of

    checks = checks_of(load_config(home), time.time())
    healthy = is_healthy(checks)
    if as_json:
        rows = [{"check": c.name, "health": c.health.value, "state": c.state} for c in checks]
        print_line(json.dumps({"healthy": healthy, "checks": rows}))
    else:
        for each in checks:
            print_line(f"{each.health.value:<9}  {each.name:<11}  {each.state}")
    if not healthy:
        sys.exit(EXIT_UNREACHABLE if len(checks) == 1 else EXIT_LOCAL)


COMMANDS = (check, serve, status)
