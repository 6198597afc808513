"""Commands on the federation of an exchange that is stopped: publish, show."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tearline.crypto.armor import Armor, parse_armor
from tearline.federation.charter import RULES
from tearline_server.admin.output import print_line
from tearline_server.cli.entries import log_statements, text_of
from tearline_server.cli.groups import Group
from tearline_server.cli.options import (
    CLOCK_IS_RIGHT,
    HOME,
    PASSPHRASE_FILE,
    STORE,
    read_home,
)

if TYPE_CHECKING:
    from tearline_server.processing.registry import Registry


@click.group(cls=Group)
def federation() -> None:
    """Begin and show the federation."""


@federation.command()
@HOME
@STORE
@click.argument("file", type=click.Path(path_type=Path))
@PASSPHRASE_FILE
@CLOCK_IS_RIGHT
def publish(
    home: Path, file: Path, passphrase_file: Path | None, store: str | None, clock_is_right: bool
) -> None:
    """Log the charter in FILE, with its founders' records and signatures.

    Stop the exchange first. The log of a new exchange begins with these entries.

    Example: tearline-server federation publish --home exchange federation.trust
    """
    from tearline.verification.trust import founded
    from tearline.wire.federation import parse_federation_file

    config, keys = read_home(home, passphrase_file, store)
    found = parse_federation_file(parse_armor(Armor.FEDERATION, text_of(file)))
    founded(found)  # an incomplete founding would block the log
    statements = [(str(file), each) for each in found.entries]
    log_statements(config, keys, statements, clock_is_right=clock_is_right)


@federation.command()
@HOME
@STORE
@PASSPHRASE_FILE
def show(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Show the members, the council and the rules, as the stored log makes them.

    Example: tearline-server federation show --home exchange
    """
    from tearline_server.bootstrap import house_of
    from tearline_server.processing.registry import Registry
    from tearline_server.storage.open import open_store

    config, keys = read_home(home, passphrase_file, store)

    async def load() -> "Registry":
        opened = await open_store(config)
        try:
            components = house_of(config, keys, opened)
            return Registry.restore(components.installation, await opened.load())
        finally:
            await opened.close()

    trust = asyncio.run(load()).trust
    members = trust.members
    print_line(f"federation {trust.federation.hex()}")
    for version in members.versions:
        uri = version.record.agency.uri
        seat = " council" if uri in members.council else ""
        counted = " cosigner" if uri in members.cosigners else ""
        status = f"{version.status.value} generation {version.record.generation}"
        print_line(f"{version.record.agency.name} {uri} {status}{seat}{counted}")
    for name in RULES:
        print_line(f"{name}: {getattr(members.rules, name)} of {len(members.council)}")


COMMANDS = (federation,)
