"""Commands on the log of an exchange that is stopped: admit, correct-time, verify-log."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tearline.crypto.armor import Armor, parse_armor
from tearline.errors import EXIT_INTEGRITY, ClockDoubted
from tearline_server.admin.output import print_line, progress
from tearline_server.cli.entries import log_statements, text_of
from tearline_server.cli.groups import Command
from tearline_server.cli.options import (
    CLOCK_IS_RIGHT,
    HOME,
    PASSPHRASE_FILE,
    STORE,
    read_home,
)

if TYPE_CHECKING:
    from tearline.wire.statements import Signed


@click.command(cls=Command)
@HOME
@STORE
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@PASSPHRASE_FILE
@CLOCK_IS_RIGHT
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
    from tearline.wire.statements import parse_signed

    config, keys = read_home(home, passphrase_file, store)
    records = [
        (str(file), parse_signed(parse_armor(Armor.KEY_RECORD, text_of(file)))) for file in files
    ]
    for name, record in records:
        verify_key_record(name, record)
    log_statements(config, keys, records, clock_is_right=clock_is_right)


def verify_key_record(file: str, signed: "Signed") -> None:
    """Verifies that a statement is a key record, whatever the armor of its file says.

    Raises:
        MembershipRejected: If it is another one: votes and members have their own command.
    """
    from tearline.errors import MembershipRejected
    from tearline.statements.statement import StatementType

    if signed.statement.type is not StatementType.KEY_RECORD:
        raise MembershipRejected(f"{file} holds another statement than a key record")


@click.command("correct-time", cls=Command)
@HOME
@STORE
@PASSPHRASE_FILE
@CLOCK_IS_RIGHT
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
    from tearline_server.bootstrap import components_of
    from tearline_server.storage.open import open_store

    config, keys = read_home(home, passphrase_file, store)

    async def run() -> None:
        store = await open_store(config)
        try:
            found = await correct(components_of(config, keys, store), clock_is_right=clock_is_right)
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


@click.command("verify-log", cls=Command)
@HOME
@STORE
@PASSPHRASE_FILE
def verify_log(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Recompute the log from the stored rows, and list every difference.

    Example: tearline-server verify-log --home exchange
    """
    from tearline_server.keys import identity_of
    from tearline_server.storage.open import open_store
    from tearline_server.tlog.fsck import LogVerifier

    config, keys = read_home(home, passphrase_file, store)

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


def _utc(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


COMMANDS = (admit, correct_time, verify_log)
