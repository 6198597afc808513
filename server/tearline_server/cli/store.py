"""Commands on the database: migrate-store, backup, restore."""

import asyncio
from pathlib import Path

import click

from tearline_server.admin.output import print_line, progress
from tearline_server.cli.documents import print_missing
from tearline_server.cli.groups import Command
from tearline_server.cli.options import HOME, PASSPHRASE_FILE, STORE, read_home
from tearline_server.config import FILE_NAME, load_config, read_passphrase


@click.command("migrate-store", cls=Command)
@HOME
@click.option("--store", metavar="ADDRESS", help="Target, postgresql://… (default: the setting).")
@PASSPHRASE_FILE
def migrate_store(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Move the database from the file in the home into an empty PostgreSQL database.

    Stop the exchange first. The move is atomic: all rows are moved and verified, or none. At the
    end the file is renamed to exchange.db.moved. Earlier receipts and proofs remain valid.
    """
    from tearline_server.admin.migrate_store import migrate
    from tearline_server.keys import identity_of

    config, keys = read_home(home, passphrase_file, store)
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
    if (home / "blobs").exists():
        print_line("Then name a place in [blobs], and run migrate-documents.", err=True)


@click.command(cls=Command)
@HOME
@click.argument("file", type=click.Path(path_type=Path))
@PASSPHRASE_FILE
def backup(home: Path, file: Path, passphrase_file: Path | None) -> None:
    """Write database, keys and settings into FILE, while the exchange serves.

    FILE must not exist. The keys in it are encrypted under their passphrase; all other content is
    not: protect FILE like the home. The backup is authenticated under those keys, so a modified one
    is not restored. It needs free space for two copies of the database. It holds no large
    documents: the command names the folder that must be copied after it.

    Example: tearline-server backup --home exchange exchange.backup
    """
    from tearline_runtime.service_status import note_backup
    from tearline_server.admin.backup import back_up

    config, passphrase = load_config(home), read_passphrase(passphrase_file)
    with progress("Backing up"):
        back_up(config, file, passphrase)
    note_backup(home)
    print_line(f"Wrote {file}.", err=True)
    documents = config.home / "blobs"
    if documents.exists():
        print_line(f"It holds no large documents: copy {documents} now, too.", err=True)


@click.command(cls=Command)
@HOME
@STORE
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--mirror",
    "mirrors",
    multiple=True,
    metavar="FILE|URL",
    help="Mirror of the log at an agency, for entries missing in the backup; repeatable.",
)
@PASSPHRASE_FILE
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
    signed before it signs again. The command lists large documents that packets name and that are
    not here: copy them before you serve.

    Example: tearline-server restore --home new --mirror us.mirror ex.backup
    """
    from tearline_runtime.mirror import mirror_at
    from tearline_server.admin.backup import restore as restore_home
    from tearline_server.admin.backup import restore_database
    from tearline_server.keys import identity_of

    if file is not None and store is not None:
        raise click.UsageError("Pass FILE or --store: a backup file holds no PostgreSQL database.")
    found = [mirror_at(place) for place in mirrors]
    if file is not None:
        passphrase = read_passphrase(passphrase_file)
        with progress("Restoring"):
            restored = asyncio.run(restore_home(file, home, passphrase, found))
        config = load_config(home)
    else:
        config, keys = read_home(home, passphrase_file, store)
        if config.store is None:
            raise click.UsageError("Pass FILE (a backup) or --store (a PostgreSQL database).")
        logs = [identity_of(config, each).log for each in keys.sets]
        with progress("Restoring"):
            restored = asyncio.run(restore_database(config, logs, found))
    print_line(
        f"Restored {home if file else 'the database'}: {restored.backed_up} entries from the"
        f" backup, {restored.size - restored.backed_up} from mirrors.",
        err=True,
    )
    print_line("It accepts no writes until every cosigning node has reconnected.", err=True)
    print_missing(config)


COMMANDS = (migrate_store, backup, restore)
