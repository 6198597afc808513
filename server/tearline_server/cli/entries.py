"""Statements from files, logged by a command while the exchange is stopped."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tearline.errors import ConfigUnreadable
from tearline.limits import MAX_MESSAGE_BYTES
from tearline_server.admin.output import print_line
from tearline_server.config import Config

if TYPE_CHECKING:
    from tearline.wire.statements import Signed
    from tearline_server.keys import ExchangeKeys


def text_of(file: Path) -> str:
    """Returns the text of a file, up to just above the largest message's.

    Raises:
        ConfigUnreadable: If it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(2 * MAX_MESSAGE_BYTES + 1).decode("ascii", "replace")
    except OSError as error:
        raise ConfigUnreadable(f"{file}: {error.strerror}") from None


def log_statements(
    config: Config,
    keys: "ExchangeKeys",
    statements: "Iterable[tuple[str, Signed]]",
    *,
    clock_is_right: bool,
) -> None:
    """Logs statements, each with the name of its file, and prints their entries.

    Raises:
        TearlineError: If one is refused; those before it are logged.
    """
    from tearline_server.admin.offline import take_clear
    from tearline_server.bootstrap import components_of
    from tearline_server.storage.open import open_store

    async def take() -> None:
        store = await open_store(config)
        try:
            components = components_of(config, keys, store)
            for file, signed in statements:
                index = await take_clear(components, signed, clock_is_right=clock_is_right)
                said = "was already in the log" if index is None else f"is entry {index}"
                print_line(f"{file} {said}.", err=True)
        finally:
            await store.close()

    asyncio.run(take())
