"""``tearline log erase``: orders to erase what entries of the log hide."""

from pathlib import Path

import click

from tearline.audit.erasure import Erasure
from tearline.crypto.armor import Armor, armor
from tearline.persons.tokens import Role
from tearline.wire.agreements import parse_agreement
from tearline.wire.statements import Signed, encode_signed
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, free_text, yes_option
from tearline_client.cli.release_options import repeats_option
from tearline_client.cli.session import at_work, home_of
from tearline_client.enrolment import read_signed
from tearline_client.features.erasures.service import order_of
from tearline_client.keys.home import replace_file
from tearline_client.node import Node
from tearline_client.rendering.words import agency_name, counted


@click.group(cls=Group)
def erase() -> None:
    """Erase what entries hide, by an order that everybody signed whom they name.

    The entries stay where they are, and so does the proof that they are there.
    """


@erase.command()
@click.argument("indices", type=click.IntRange(min=0), nargs=-1, required=True)
@free_text("--reason", required=True, help="Why; every party reads it, and it is kept.")
@repeats_option
@click.option("--output-file", "target", type=FILE, required=True, help="Where to write it.")
@pass_cli
def draft(
    cli: CliContext, indices: tuple[int, ...], reason: str, repeats: str, target: Path
) -> None:
    """An officer drafts an order to erase the entries INDICES, signed by this agency.

    All of them must name the same agencies, under one agreement; `tearline audit search` tells
    the indices.
    """

    async def run(node: Node) -> Signed:
        node.person(cli.settings.person, Role.OFFICER)
        await node.sync()
        return node.draft_erasure(indices, reason, repeats=repeats)

    proposed = at_work(cli, run)
    _write(target, proposed)
    _tell_next(cli, target, proposed)


@erase.command()
@click.argument("file", type=FILE)
@repeats_option
@yes_option
@pass_cli
def sign(cli: CliContext, file: Path, repeats: str, yes: bool) -> None:
    """An officer adds this agency's signature to the order in FILE.

    The node looks at each entry first: all must name exactly those who are to sign.
    """
    proposed = read_signed(Armor.ERASURE, file)
    order = order_of(proposed)
    entries = ", ".join(map(str, order.indices))
    act = f"What this node was told of entry {entries} will be gone. The reason: {order.reason}"

    async def run(node: Node) -> Signed:
        node.person(cli.settings.person, Role.OFFICER)
        await node.sync()
        complete = node.sign_erasure(proposed, repeats=repeats)
        cli.confirm(act, home_of(cli).identity().agency, yes=yes)
        return complete

    complete = at_work(cli, run)
    _write(file, complete)
    _tell_next(cli, file, complete)


@erase.command()
@click.argument("file", type=FILE)
@pass_cli
def publish(cli: CliContext, file: Path) -> None:
    """Have the exchange erase what the order in FILE names, signed by every party."""
    complete = read_signed(Armor.ERASURE, file)
    order = order_of(complete)

    async def run(node: Node) -> None:
        await node.publish_erasure(complete)
        await node.receive()  # it comes back by the mailbox, as to every party

    at_work(cli, run)
    entries = counted(len(order.indices), "entry")
    cli.say(f"Erased what {entries} said: {', '.join(map(str, order.indices))}.")


@erase.command(name="list")
@pass_cli
def list_command(cli: CliContext) -> None:
    """List the orders that this node took in, by their own entry.

    What an agreement lets the log keep no longer, the exchange orders erased by itself.
    """

    async def run(node: Node) -> list[dict[str, object]]:
        _, trust_list = home_of(cli).trust_list()
        return [
            {
                "entry": found.entry,
                "erased": " ".join(map(str, found.order.indices)),
                "parties": " ".join(agency_name(trust_list, uri) for uri in found.order.parties),
                "reason": found.order.reason or _retention(node, found.order),
                "repeats": node.state.stores.repeats.of_statement(found.signed.statement.id),
                "id": found.signed.statement.id.hex(),
            }
            for found in node.state.stores.erasures.orders()
        ]

    cli.emit(at_work(cli, run), ["entry", "erased", "parties", "reason", "id"])


def _retention(node: Node, order: Erasure) -> str:
    versions = node.state.stores.agreements.versions(order.agreement_id)
    name = parse_agreement(versions[0].statement.body).name if versions else "an agreement"
    return f"retention of {name}, version {order.agreement_version}"


def _tell_next(cli: CliContext, path: Path, signed: Signed) -> None:
    missing = len(order_of(signed).parties) - len(signed.statement.inclusions)
    waiting = f"{missing} to go" if missing else "all parties have"
    cli.say(f"Signed {path}; {waiting}.")


def _write(path: Path, signed: Signed) -> None:
    replace_file(path, armor(Armor.ERASURE, encode_signed(signed)).encode("ascii"))
