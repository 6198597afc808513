"""Commands on large documents: verify-documents, migrate-documents."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tearline.errors import EXIT_INTEGRITY, SettingInvalid
from tearline_server.admin.output import print_line, progress
from tearline_server.cli.groups import Command
from tearline_server.cli.options import HOME, STORE
from tearline_server.config import Config, load_config, parse_store

if TYPE_CHECKING:
    from tearline_server.blobs.verifier import DocumentVerifier

_SHOWN = 10  # missing documents; verify-documents lists all


@click.command("verify-documents", cls=Command)
@HOME
@STORE
def verify_documents(home: Path, store: str | None) -> None:
    """Read all parts of large documents, and list those that are missing or damaged.

    Each part is compared with the hash that its sender announced, and the root of these hashes with
    the packet's. On a file, stop the exchange first.

    Example: tearline-server verify-documents --home exchange
    """
    config = load_config(home)
    if store is not None:
        config = replace(config, store=parse_store(store))

    async def verify() -> int:
        found = 0
        async with _verifier(config) as verifier:
            with progress("Verifying documents"):
                for findings in (verifier.missing(), verifier.damaged()):
                    async for finding in findings:
                        found += 1
                        print_line(f"{finding.place}: {finding.what}")
        if not found:
            print_line(f"{verifier.documents} documents, {verifier.parts} parts: all as announced")
        return found

    if asyncio.run(verify()):
        sys.exit(EXIT_INTEGRITY)


@click.command("migrate-documents", cls=Command)
@HOME
def migrate_documents(home: Path) -> None:
    """Copy large documents from the home to the place that the settings name in [blobs].

    Run it after migrate-store, before the exchange serves. A repeated run continues. The folder
    blobs in the home stays: delete it once verify-documents finds no difference.

    Example: tearline-server migrate-documents --home exchange
    """
    from tearline_server.blobs.folder_store import FolderStore
    from tearline_server.blobs.move import copy_documents
    from tearline_server.blobs.open import open_blobs
    from tearline_server.bootstrap import now_ms
    from tearline_server.storage.open import open_store

    config = load_config(home)

    async def run() -> int:
        async with AsyncExitStack() as stack:
            store = await open_store(config)
            stack.push_async_callback(store.close)
            target = open_blobs(config, store, now_ms)
            if store.blobs is None or target is None:
                raise SettingInvalid("name a database in store, and a place in [blobs]")
            stack.push_async_callback(target.close)
            with progress("Copying documents"):
                source = FolderStore(home / "blobs", config.blob_bytes)
                return await copy_documents(source, target, now_ms())

    print_line(f"{asyncio.run(run())} documents are in the place of the settings.", err=True)


@asynccontextmanager
async def _verifier(config: Config) -> AsyncIterator["DocumentVerifier"]:
    from tearline_server.blobs.open import open_blobs
    from tearline_server.blobs.verifier import DocumentVerifier
    from tearline_server.bootstrap import now_ms
    from tearline_server.storage.open import open_store

    async with AsyncExitStack() as stack:
        store = await open_store(config)
        stack.push_async_callback(store.close)
        blobs = open_blobs(config, store, now_ms)
        if blobs is not None:
            stack.push_async_callback(blobs.close)
        yield DocumentVerifier(store, blobs)


def print_missing(config: Config) -> None:
    """Prints documents that stored packets name and that are not here, and the next step."""

    async def find() -> None:
        found = 0
        async with _verifier(config) as verifier:
            async for finding in verifier.missing():
                found += 1
                if found <= _SHOWN:
                    print_line(f"{finding.place}: {finding.what}", err=True)
        if found:
            place = config.home / "blobs" if config.store is None else "the place in [blobs]"
            print_line(
                f"{found} of {verifier.named} large documents are not here. Copy them to {place}"
                " before you serve, and run verify-documents.",
                err=True,
            )

    asyncio.run(find())


COMMANDS = (verify_documents, migrate_documents)
