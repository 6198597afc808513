"""``tearline log erase``: orders to erase the events hidden in log entries."""

from pathlib import Path

import click

from tearline.audit.erasure import Erasure
from tearline.crypto.armor import Armor
from tearline.persons.tokens import Role
from tearline.wire.agreements import parse_agreement
from tearline.wire.statements import Signed
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, free_text, yes_option
from tearline_client.cli.release_options import repeats_option
from tearline_client.cli.session import async_command, home_of, look, node_command, open_node
from tearline_client.enrolment import read_signed, write_signed
from tearline_client.features.erasures.service import order_of
from tearline_client.node import Node
from tearline_client.rendering.words import agency_name, counted


@click.group(cls=Group)
def erase() -> None:
    """Erase the events hidden in log entries, by an order that every named party signs.

    The entries stay in place, and so does the proof of their inclusion.
    """


@erase.command()
@click.argument("indices", type=click.IntRange(min=0), nargs=-1, required=True)
@free_text("--reason", required=True, help="The reason; every party reads it, and it is kept.")
@repeats_option
@click.option("--output-file", "target", type=FILE, required=True, help="The file to write.")
@node_command
async def draft(
    cli: CliContext, node: Node, indices: tuple[int, ...], reason: str, repeats: str, target: Path
) -> None:
    """Draft an order, as an officer, to erase the entries INDICES; this agency signs it.

    All entries must name the same agencies under one agreement. For the indices, use `tearline
    audit search`.

    Example: tearline --as olga log erase draft 17 18 --reason "court order" --output-file order
    """
    node.persons.person(cli.settings.person, Role.OFFICER)
    await node.sync()
    proposed = node.erasures.draft(indices, reason, repeats=repeats, person=cli.settings.person)
    write_signed(Armor.ERASURE, target, proposed)
    _tell_next(cli, target, proposed)


@erase.command()
@click.argument("file", type=FILE)
@repeats_option
@yes_option
@async_command
async def sign(cli: CliContext, file: Path, repeats: str, yes: bool) -> None:
    """Sign the erasure order in FILE, as an officer, for this agency.

    The node first verifies that all entries name exactly the signatories.

    Example: tearline --as olga log erase sign order
    """
    proposed = read_signed(Armor.ERASURE, file)
    order = order_of(proposed)
    entries = ", ".join(map(str, order.indices))
    act = f"The opened event of entry {entries} will be erased here. The reason: {order.reason}"

    async with open_node(cli) as node:
        node.persons.person(cli.settings.person, Role.OFFICER)
        await node.sync()
        cli.confirm(act, home_of(cli).identity().agency, yes=yes)
        complete = node.erasures.sign(proposed, repeats=repeats, person=cli.settings.person)
    write_signed(Armor.ERASURE, file, complete)
    _tell_next(cli, file, complete)


@erase.command()
@click.argument("file", type=FILE)
@async_command
async def publish(cli: CliContext, file: Path) -> None:
    """Publish the erasure order in FILE, signed by every party, at the exchange.

    Example: tearline log erase publish order
    """
    complete = read_signed(Armor.ERASURE, file)
    order = order_of(complete)

    async with open_node(cli) as node:
        await look(cli, node)
        await node.erasures.publish(complete)
        await node.refresh()  # the node receives it by the mailbox, as every party does
    entries = counted(len(order.indices), "entry")
    cli.say(f"Erased the events of {entries}: {', '.join(map(str, order.indices))}.")


@erase.command(name="list")
@node_command
async def list_command(cli: CliContext, node: Node) -> None:
    """List the erasure orders that this node received, by their own log entry.

    The exchange itself orders erasure when an agreement's log retention ends.

    Example: tearline log erase list
    """
    members = node.directory.members()
    rows = [
        {
            "entry": found.entry,
            "erased": " ".join(map(str, found.order.indices)),
            "parties": " ".join(agency_name(members, uri) for uri in found.order.parties),
            "reason": found.order.reason or _retention(node, found.order),
            "repeats": node.packets.repeats_in(found.signed.statement.id),
            "id": found.signed.statement.id.hex(),
        }
        for found in node.erasures.orders()
    ]
    cli.emit(rows, ["entry", "erased", "parties", "reason", "id"])


def _retention(node: Node, order: Erasure) -> str:
    versions = node.agreements.versions(order.agreement_id)
    name = parse_agreement(versions[0].statement.body).name if versions else "an agreement"
    return f"retention of {name}, version {order.agreement_version}"


def _tell_next(cli: CliContext, path: Path, signed: Signed) -> None:
    missing = len(order_of(signed).parties) - len(signed.statement.inclusions)
    waiting = f"{missing} missing" if missing else "all parties have signed"
    cli.say(f"Signed {path}; {waiting}.")
