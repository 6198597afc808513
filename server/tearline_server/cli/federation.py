"""Commands on the federation of an exchange that is stopped: publish, decide, succeed, show."""

import asyncio
import time
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
    from tearline.statements.statement import StatementType
    from tearline.verification.trust import founded
    from tearline.wire.federation import parse_federation_file, parse_member_record
    from tearline_server.processing.handlers.members import verify_authorities

    config, keys = read_home(home, passphrase_file, store)
    found = parse_federation_file(parse_armor(Armor.FEDERATION, text_of(file)))
    # A founding that is incomplete, or refused half-way, would block the log.
    founded(found)
    for each in found.entries:
        if each.statement.type is StatementType.MEMBER_RECORD:
            record = parse_member_record(each.statement.body)
            verify_authorities(record, (), now_s=int(time.time()))
    statements = [(str(file), each) for each in found.entries]
    log_statements(config, keys, statements, clock_is_right=clock_is_right)


@federation.command()
@HOME
@STORE
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@PASSPHRASE_FILE
@CLOCK_IS_RIGHT
def decide(
    home: Path,
    files: tuple[Path, ...],
    passphrase_file: Path | None,
    store: str | None,
    clock_is_right: bool,
) -> None:
    """Log the votes and member records in FILES, in this order.

    Members of the council write them by `tearline federation vote --output-file` when their nodes
    cannot connect. Stop the exchange first. Each statement is judged as one that a node publishes.

    Example: tearline-server federation decide --home exchange us.decision mx.decision
    """
    from tearline.identity import NodeUri
    from tearline.wire.federation import parse_federation_file
    from tearline_server.admin.offline import judge
    from tearline_server.app import opened_exchange

    config, keys = read_home(home, passphrase_file, store)
    found = [
        (file, parse_federation_file(parse_armor(Armor.DECISION, text_of(file)))) for file in files
    ]

    operator = NodeUri(trust_domain=config.uri.trust_domain, name="operator")

    async def log() -> None:
        async with opened_exchange(config, keys, clock_is_right=clock_is_right) as opened:
            exchange, _ = opened
            for file, decision in found:
                for signed in decision.entries:
                    await judge(exchange, operator, signed)
                print_line(f"{file} is in the log.", err=True)

    asyncio.run(log())


@federation.command()
@HOME
@STORE
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mirror-file",
    type=click.Path(path_type=Path),
    required=True,
    help="The mirror of the log to write, for the nodes.",
)
@click.option(
    "--mirror",
    metavar="FILE|URL",
    help="Mirror of the log at an agency, for a new home without a backup.",
)
@PASSPHRASE_FILE
def succeed(
    home: Path,
    file: Path,
    mirror_file: Path,
    mirror: str | None,
    passphrase_file: Path | None,
    store: str | None,
) -> None:
    """Go on in place of an exchange that was lost or compromised, by the decision in FILE.

    The home holds the log up to the entry that the council named, and new keys (`tearline-server
    restore`, `tearline-server keys prepare`); or it is new, and --mirror brings the log. The
    command logs the decision, deletes the keys of before, and writes a mirror for the nodes, which
    read it by `tearline log read`. Interrupted, it is run again.

    Example: tearline-server federation succeed --home exchange next.succession --mirror-file mirror
    """
    from tearline.wire.federation import parse_federation_file
    from tearline_runtime.mirror import mirror_at
    from tearline_server.admin import succession
    from tearline_server.admin.rotation import retire
    from tearline_server.bootstrap import components_of
    from tearline_server.storage.open import open_store
    from tearline_server.tlog.stored_trust import trust_of

    config, keys = read_home(home, passphrase_file, store)
    found = parse_federation_file(parse_armor(Armor.SUCCESSION, text_of(file)))

    async def go_on() -> int:
        opened = await open_store(config)
        try:
            components = components_of(config, keys, opened)
            if mirror is not None:
                await succession.begin(opened, mirror_at(mirror), found)
            index = await succession.succeed(components, found)
            retire(config, keys, trust_of(await opened.load()).members.constitution)
            await succession.write_mirror(components, mirror_file)
        finally:
            await opened.close()
        return index

    index = asyncio.run(go_on())
    print_line(f"The decision is entry {index}. Start the exchange.", err=True)
    print_line(f"Give {mirror_file} to every agency: tearline log read FILE", err=True)


@federation.command()
@HOME
@STORE
@PASSPHRASE_FILE
def show(home: Path, passphrase_file: Path | None, store: str | None) -> None:
    """Show the members, the council and the rules, as the stored log makes them.

    Example: tearline-server federation show --home exchange
    """
    from tearline_server.bootstrap import components_of
    from tearline_server.processing.registry import Registry
    from tearline_server.storage.open import open_store

    config, keys = read_home(home, passphrase_file, store)

    async def load() -> "Registry":
        opened = await open_store(config)
        try:
            components = components_of(config, keys, opened)
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
