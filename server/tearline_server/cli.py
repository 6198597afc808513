"""Command line of the exchange's operator: ``tearline-server``."""

import asyncio
import json
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import tearline_runtime.grpc  # noqa: F401 (sets gRPC's cipher suites before anything imports gRPC)
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.errors import (
    EXIT_INTEGRITY,
    EXIT_LOCAL,
    EXIT_UNREACHABLE,
    ClockDoubted,
    ConfigUnreadable,
    SettingInvalid,
    TearlineError,
    extra_missing,
)
from tearline.limits import MAX_MESSAGE_BYTES
from tearline_server.admin.output import print_line, print_traceback, progress, slips_shown
from tearline_server.config import (
    FILE_NAME,
    Config,
    config_of,
    load_config,
    parse_address,
    parse_store,
    read_passphrase,
    write_config,
    write_new,
)
from tearline_server.timekeeper import verify_said

if TYPE_CHECKING:
    from tearline_server.keys import ExchangeKeys

_LOOPBACK = "127.0.0.1:8480"  # the operator decides whether other machines may read it

_METRICS = "127.0.0.1:8481"

_HOME = click.option(
    "--home", type=click.Path(path_type=Path), required=True, help="Directory of the exchange."
)
_PASSPHRASE_FILE = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="File with the passphrase of the exchange's keys in its first line.",
)
_STORE = click.option(
    "--store",
    metavar="ADDRESS",
    help="Database to use instead of the one in the settings (postgresql://…).",
)


def _is_time(ctx: click.Context, param: click.Parameter, said: datetime | None) -> bool:
    if said is None:
        return False
    verify_said(time.time_ns() // 1_000_000, round(said.replace(tzinfo=UTC).timestamp() * 1000))
    return True


_CLOCK_IS_RIGHT = click.option(
    "--clock-is-right",
    type=click.DateTime(["%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ"]),
    metavar="TIME",
    callback=_is_time,
    help="Current UTC time from another source, e.g. 2026-11-27T21:00Z. Accepts this machine's "
    "clock if it differs by two minutes or less.",
)


class _Command(click.Command):
    """Command listed with the whole first paragraph of its help, however long."""

    def get_short_help_str(self, limit: int = 45) -> str:
        """Returns the first paragraph of the help; click would truncate it."""
        return " ".join((self.help or "").partition("\n\n")[0].split())


class _Group(click.Group):
    command_class = _Command

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parses the options that precede the command, and returns the context."""
        with slips_shown():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command, and returns its result."""
        with slips_shown():
            return super().invoke(ctx)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tearline")
def cli() -> None:
    """Run a Tearline exchange."""


@cli.command()
@_HOME
@click.option("--name", required=True, help="Trust domain, for example exchange.example.")
@click.option("--address", required=True, help="HOST:PORT at which nodes reach the exchange.")
@click.option("--dns", help="DNS name in its certificate (default: the name).")
@click.option("--listen", help="HOST:PORT to listen on (default: the address).")
@click.option("--store", help="Database, postgresql://… (default: a file in the home).")
@click.option(
    "--http",
    is_flag=False,
    flag_value=_LOOPBACK,
    help="HOST:PORT for health checks and public readers of the log, without TLS: "
    f"{_LOOPBACK} if given without a value (default: no such port).",
)
@click.option(
    "--metrics",
    is_flag=False,
    flag_value=_METRICS,
    help="HOST:PORT for metrics and `tearline-server status`, without TLS: "
    f"{_METRICS} if given without a value (default: no such port).",
)
@_PASSPHRASE_FILE
def init(
    home: Path,
    name: str,
    address: str,
    dns: str | None,
    listen: str | None,
    store: str | None,
    http: str | None,
    metrics: str | None,
    passphrase_file: Path | None,
) -> None:
    """Create an exchange: its keys, its settings, and the enrolment file for agencies."""
    from tearline.wire.federation import encode_exchange_enrolment
    from tearline_server.keys import generate_keys, identity_of, write_keys

    values = {"name": name, "address": address, "dns": dns or name, "listen": listen or address}
    chosen = {"http": http, "metrics": metrics, "store": store}
    values |= {name: given for name, given in chosen.items() if given}
    config = config_of(home, values)
    passphrase = read_passphrase(passphrase_file, twice=True)
    keys = generate_keys(trust_domain=config.name, origin=config.origin, now_s=int(time.time()))
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigUnreadable(f"{home}: {error.strerror}") from None
    enrolment = encode_exchange_enrolment(identity_of(config, keys))
    with ExitStack() as undo:  # a partial exchange would block the next attempt
        write_keys(config.keys, keys, passphrase)
        undo.callback(config.keys.unlink)
        write_config(config)
        undo.callback((home / FILE_NAME).unlink)
        write_new(config.enrolment, armor(Armor.EXCHANGE, enrolment))
        undo.pop_all()
    print_line(f"Created the exchange {config.uri} in {home}.", err=True)
    print_line(f"Give {config.enrolment} to every agency for its trust list.", err=True)


@cli.command()
@_HOME
@_STORE
@click.argument("file", type=click.Path(path_type=Path))
@_PASSPHRASE_FILE
@_CLOCK_IS_RIGHT
def trust(
    home: Path, file: Path, passphrase_file: Path | None, store: str | None, clock_is_right: bool
) -> None:
    """Log the first or the next trust list.

    Example: tearline-server trust --home exchange federation.trust
    """
    config, keys = _opened(home, passphrase_file, store)
    _take(config, keys, [file], Armor.TRUST_LIST, clock_is_right=clock_is_right)


@cli.command()
@_HOME
@_STORE
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@_PASSPHRASE_FILE
@_CLOCK_IS_RIGHT
def admit(
    home: Path,
    files: tuple[Path, ...],
    passphrase_file: Path | None,
    store: str | None,
    clock_is_right: bool,
) -> None:
    """Log key records that agencies handed over.

    Example: tearline-server admit --home exchange node.record
    """
    config, keys = _opened(home, passphrase_file, store)
    _take(config, keys, files, Armor.KEY_RECORD, clock_is_right=clock_is_right)


@cli.command("correct-time")
@_HOME
@_STORE
@_PASSPHRASE_FILE
@_CLOCK_IS_RIGHT
def correct_time(
    home: Path, passphrase_file: Path | None, store: str | None, clock_is_right: bool
) -> None:
    """Correct a log that is dated ahead of this machine's clock.

    Stop the exchange first. Without --clock-is-right TIME the command prints both times and writes
    no entry. Existing entries never change: one new entry per agency records that the log's time
    goes back.

    Example: tearline-server correct-time --home exchange
    """
    from tearline_server.admin.offline import correct_time as correct
    from tearline_server.bootstrap import house_of
    from tearline_server.storage.open import open_store

    config, keys = _opened(home, passphrase_file, store)

    async def run() -> None:
        store = await open_store(config)
        try:
            found = await correct(house_of(config, keys, store), clock_is_right=clock_is_right)
        finally:
            await store.close()
        if found is None:
            print_line("The log is not ahead of this machine's clock.", err=True)
            return
        print_line(f"The log's last entry:  {_utc(found.last_ms)}", err=True)
        print_line(f"This machine's clock:  {_utc(found.clock_ms)}", err=True)
        if found.entry is None:
            raise ClockDoubted("no entry was written; verify the time, pass --clock-is-right TIME")
        print_line(f"From entry {found.entry} on, the log follows the clock.", err=True)

    asyncio.run(run())


@cli.command()
@_HOME
@_STORE
@_PASSPHRASE_FILE
@click.option("--json", "json_lines", is_flag=True, help="Log JSON lines on a terminal too.")
@click.option(
    "--do-not-wait",
    is_flag=True,
    help="After a restore: write before every cosigning node has reconnected.",
)
@_CLOCK_IS_RIGHT
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

    config, keys = _opened(home, passphrase_file, store)
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


@cli.command("verify-log")
@_HOME
@_STORE
@_PASSPHRASE_FILE
def verify_log(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Recompute the log from the stored rows, and list every difference.

    Example: tearline-server verify-log --home exchange
    """
    from tearline_server.keys import identity_of
    from tearline_server.storage.open import open_store
    from tearline_server.tlog.fsck import LogVerifier

    config, keys = _opened(home, passphrase_file, store)

    async def verify() -> int:
        store = await open_store(config)
        try:
            with progress("Verifying the log") as line:
                verifier = LogVerifier(store, identity_of(config, keys).log, line.tell)
                found = lost = 0
                async for finding in verifier.findings():
                    lost += finding.is_lost
                    found += not finding.is_lost
                    print_line(f"{finding.place}: {finding.what}")
        finally:
            await store.close()
        if lost:
            print_line(f"{lost} openings are missing since the restore; this is not tampering")
        if verifier.erased:
            print_line(f"{verifier.erased} entries are present with contents erased by order")
        if not found:
            print_line(f"{verifier.size} entries: all as they were logged")
        return found

    if asyncio.run(verify()):
        sys.exit(EXIT_INTEGRITY)


@cli.command("migrate-store")
@_HOME
@click.option("--store", metavar="ADDRESS", help="Target, postgresql://… (default: the setting).")
@_PASSPHRASE_FILE
def migrate_store(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Move the database from the file in the home into an empty PostgreSQL database.

    Stop the exchange first. The move is atomic: all rows are moved and verified, or none. At the
    end the file is renamed to exchange.db.moved. Earlier receipts and proofs remain valid.
    """
    from tearline_server.admin.migrate_store import migrate
    from tearline_server.keys import identity_of

    config, keys = _opened(home, passphrase_file, store)
    with progress("Moving the database") as line:
        size = asyncio.run(
            migrate(
                config,
                identity_of(config, keys).log,
                lambda stage, done, total: line.tell(done, total, stage.capitalize()),
            )
        )
    print_line(f"Moved and verified {size} entries and their rows.", err=True)
    print_line(f'Now add to {home / FILE_NAME}: store = "{config.store}"', err=True)


@cli.command()
@_HOME
@click.argument("file", type=click.Path(path_type=Path))
@_PASSPHRASE_FILE
def backup(home: Path, file: Path, passphrase_file: Path | None) -> None:
    """Write database, keys and settings into FILE, while the exchange serves.

    FILE must not exist. The keys in it are encrypted under their passphrase; all other content is
    not: protect FILE like the home. The backup is authenticated under those keys, so a modified one
    is not restored. It needs free space for two copies of the database.

    Example: tearline-server backup --home exchange exchange.backup
    """
    from tearline_runtime.service_status import note_backup
    from tearline_server.admin.backup import back_up

    config, passphrase = load_config(home), read_passphrase(passphrase_file)
    with progress("Backing up"):
        back_up(config, file, passphrase)
    note_backup(home)
    print_line(f"Wrote {file}.", err=True)


@cli.command()
@_HOME
@_STORE
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--mirror",
    "mirrors",
    multiple=True,
    metavar="FILE|URL",
    help="Mirror of the log at an agency, for entries missing in the backup; repeatable.",
)
@_PASSPHRASE_FILE
def restore(
    home: Path,
    store: str | None,
    file: Path | None,
    mirrors: tuple[str, ...],
    passphrase_file: Path | None,
) -> None:
    """Restore an exchange from a backup and from agencies' mirrors of the log.

    With FILE, the command creates a new home, which must not exist. Without FILE, it works in an
    existing home and on a PostgreSQL database that its own tools restored. It extends the log from
    the mirrors; no exchange may be connected.

    Pass the mirror of every agency that you can reach. The exchange must hold every entry it ever
    signed before it signs again.

    Example: tearline-server restore --home new --mirror us.mirror ex.backup
    """
    from tearline_server.admin.backup import restore as restore_home
    from tearline_server.admin.backup import restore_database
    from tearline_server.admin.mirror import mirror_at
    from tearline_server.keys import identity_of

    if file is not None and store is not None:
        raise click.UsageError("Pass FILE or --store: a backup file holds no PostgreSQL database.")
    found = [mirror_at(place) for place in mirrors]
    if file is not None:
        passphrase = read_passphrase(passphrase_file)
        with progress("Restoring"):
            restored = asyncio.run(restore_home(file, home, passphrase, found))
    else:
        config, keys = _opened(home, passphrase_file, store)
        if config.store is None:
            raise click.UsageError("Pass FILE (a backup) or --store (a PostgreSQL database).")
        with progress("Restoring"):
            restored = asyncio.run(restore_database(config, identity_of(config, keys).log, found))
    print_line(
        f"Restored {home if file else 'the database'}: {restored.backed_up} entries from the"
        f" backup, {restored.size - restored.backed_up} from mirrors.",
        err=True,
    )
    print_line("It accepts no writes until every cosigning node has reconnected.", err=True)


@cli.command()
@_HOME
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


@cli.command()
@_HOME
@_STORE
@_PASSPHRASE_FILE
def check(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Check settings, keys, database and trust list as serve needs them.

    Example: tearline-server check --home exchange
    """
    from tearline_server.bootstrap import house_of
    from tearline_server.exchange import Exchange
    from tearline_server.storage.open import open_store

    config, keys = _opened(home, passphrase_file, store)

    async def open_once() -> None:
        store = await open_store(config)
        try:
            exchange = await Exchange.open(house_of(config, keys, store))
        except BaseException:
            await store.close()
            raise
        agencies = len(exchange.trust_list.agencies)
        print_line(f"{config.uri} is ready to serve {agencies} agencies on {config.listen}.")
        await exchange.close()

    asyncio.run(open_once())


def _opened(
    home: Path, passphrase_file: Path | None, store: str | None
) -> "tuple[Config, ExchangeKeys]":
    from tearline_server.keys import read_keys

    config = load_config(home)
    if store is not None:
        config = replace(config, store=parse_store(store))
    keys = read_keys(config.keys, read_passphrase(passphrase_file))
    if keys.log[0].verifier.name != config.origin:
        raise SettingInvalid("name: the keys belong to another exchange")
    return config, keys


def _take(
    config: Config,
    keys: "ExchangeKeys",
    files: "tuple[Path, ...] | list[Path]",
    kind: Armor,
    *,
    clock_is_right: bool,
) -> None:
    from tearline.wire.statements import parse_signed
    from tearline_server.admin.offline import take_clear
    from tearline_server.bootstrap import house_of
    from tearline_server.storage.open import open_store

    statements = [(file, parse_signed(parse_armor(kind, _text(file)))) for file in files]

    async def take() -> None:
        store = await open_store(config)
        try:
            components = house_of(config, keys, store)
            for file, signed in statements:
                index = await take_clear(components, signed, clock_is_right=clock_is_right)
                said = "was already in the log" if index is None else f"is entry {index}"
                print_line(f"{file} {said}.", err=True)
        finally:
            await store.close()

    asyncio.run(take())


def _utc(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(2 * MAX_MESSAGE_BYTES + 1).decode("ascii", "replace")
    except OSError as error:
        raise ConfigUnreadable(f"{file}: {error.strerror}") from None


def main() -> None:
    """Runs the command line; prints errors to stderr and exits with their status."""
    sys.excepthook = print_traceback
    try:
        cli(prog_name="tearline-server")
    except (TearlineError, ModuleNotFoundError) as error:
        told = error if isinstance(error, TearlineError) else extra_missing(error, "server")
        print_line(str(told), err=True)
        sys.exit(told.exit_status)
