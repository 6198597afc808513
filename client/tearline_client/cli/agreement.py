"""``tearline agreement``: draft, sign, publish, show and suspend agreements."""

from pathlib import Path

import click

from tearline.agreements.agreement import Agreement
from tearline.crypto.armor import Armor
from tearline.federation.versions import Members
from tearline.wire.agreements import parse_agreement
from tearline_client.cli.context import CliContext
from tearline_client.cli.example_files import example_option, terms
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, yes_option
from tearline_client.cli.proposal import (
    amend,
    counter,
    decline,
    diff,
    emit_changes,
    offer_rows,
    propose,
    sign_proposal,
    term_lines,
)
from tearline_client.cli.session import (
    async_command,
    look,
    node_command,
    open_node,
    read_text,
    trust_of,
)
from tearline_client.cli.suspension import end, gap, resume, say_positions, suspend
from tearline_client.enrolment import read_signed, write_signed
from tearline_client.features.suspensions.service import Position
from tearline_client.node import Node
from tearline_client.rendering.agreements import named, newest_versions, state_text
from tearline_client.rendering.values import Day
from tearline_client.rendering.words import agency_name, counted

_MAX_BYTES = 1 << 20


@click.group(cls=Group)
def command() -> None:
    """Draft, sign, publish, show and suspend agreements."""


for verb in (propose, amend, counter, decline, diff):
    command.add_command(verb)
for each in (suspend, resume, end, gap):
    command.add_command(each)


@command.command()
@click.argument("source", type=FILE)
@example_option(terms)
@click.option("--output-file", "target", type=FILE, required=True, help="The file to write.")
@async_command
async def draft(cli: CliContext, source: Path, target: Path) -> None:
    """Draft an agreement from the TOML file SOURCE, signed by this agency.

    The draft pins the digests of this version's policies, marking profile and masks.

    Example: tearline agreement draft terms.toml --output-file terms.agreement
    """
    text = read_text(source, maximum=_MAX_BYTES)

    async with open_node(cli) as node:
        write_signed(
            Armor.AGREEMENT, target, node.agreements.draft(text, person=cli.settings.person)
        )
    cli.say(f"Next: give {target} to every party to sign.")


@command.command()
@click.argument("proposal")
@yes_option
@async_command
async def sign(cli: CliContext, proposal: str, yes: bool) -> None:
    """Sign PROPOSAL, given by its id, its name, or a file that the parties pass around.

    The command first shows the terms that the proposal gives or changes. For a proposal made over
    the exchange, an officer signs, every party is notified, and the last signature puts it in
    force.

    Example: tearline --as olga agreement sign narcotics-2026
    """
    if _is_file(proposal):
        await _sign_file(cli, Path(proposal))
        return
    async with open_node(cli) as node:
        await sign_proposal(cli, node, proposal, yes=yes)


def _is_file(name: str) -> bool:
    """Returns whether a file is meant: names and ids have no folder in front."""
    return Path(name).is_file() or Path(name).name != name


async def _sign_file(cli: CliContext, file: Path) -> None:
    proposed = read_signed(Armor.AGREEMENT, file)
    async with open_node(cli) as node:
        complete = node.agreements.sign(proposed, person=cli.settings.person)
        members = node.directory.members()
    agreement = parse_agreement(complete.statement.body)
    for article in agreement.terms.articles:
        for share in article.shares:
            partner = agency_name(members, share.partner)
            cli.say(f"{article.id}: {partner} gets {share.category}, {share.form.text} at most.")
    write_signed(Armor.AGREEMENT, file, complete)
    missing = len(agreement.signatories) - len(complete.statement.inclusions)
    waiting = f"{counted(missing, 'signature')} missing" if missing else "all parties have signed"
    cli.say(f"Signed {agreement.name}; {waiting}.")


@command.command()
@click.argument("agreement")
@async_command
async def publish(cli: CliContext, agreement: str) -> None:
    """Publish AGREEMENT, a file signed by every party, at the exchange.

    Given a name, the command publishes every version in force here again, for an exchange that lost
    them in a restore. The exchange ignores versions that it has.

    Example: tearline agreement publish terms.agreement
    """
    file = Path(agreement)
    given = read_signed(Armor.AGREEMENT, file) if _is_file(agreement) else None
    async with open_node(cli) as node:
        await look(cli, node)
        agreements = node.agreements
        versions = [given] if given else agreements.versions(agreements.by_name(agreement).id)[::-1]
        for complete in versions:
            await node.agreements.publish(complete)
        await node.refresh()  # the node receives it by the mailbox, as every party does
    name = parse_agreement(versions[-1].statement.body).name
    cli.say(f"{name} was accepted by the exchange.")


@command.command(name="list")
@node_command
async def list_command(cli: CliContext, node: Node) -> None:
    """List the agreements of this node and the proposals made to it.

    Example: tearline agreement list
    """
    members = node.directory.members()
    agreed = node.agreements.list()
    newest = newest_versions(agreed)
    rows: list[dict[str, object]] = [
        {
            "agreement": agreement.name,
            "version": agreement.version,
            "state": state_text(node, members, agreement, newest=newest[agreement.id]),
            "from": Day(agreement.valid_from_ms),
            "until": Day(agreement.valid_until_ms),
            "articles": " ".join(article.id for article in agreement.terms.articles),
            "signed_by": " ".join(agency_name(members, party) for party in agreement.terms.parties),
            "id": agreement.id.hex(),
        }
        for agreement in agreed
    ]
    cli.emit(
        [*rows, *offer_rows(node)],
        ["agreement", "version", "state", "from", "until", "articles", "signed_by"],
    )


@command.command()
@click.argument("name", required=False)
@click.option("--file", type=FILE, help="Show the agreement in this file.")
@click.option("--diff", is_flag=True, help="Show the changes from the previous version.")
@async_command
async def show(cli: CliContext, name: str | None, file: Path | None, diff: bool) -> None:
    """Show the terms of agreement NAME, of a proposal by its id, or of the one in --file.

    The terms are each partner's highest forms, validity, purposes, directions, retention and
    oversight. For an agreement, the command also shows suspensions: scope, party and start.

    Example: tearline agreement show narcotics-2026
    """
    if file is not None:
        agreement = parse_agreement(read_signed(Armor.AGREEMENT, file).statement.body)
        _show(cli, agreement, trust_of(cli).members)  # no node is needed, nor opened
        return
    async with open_node(cli) as node:
        found, members = named(node, name or ""), node.directory.members()
        if diff:
            emit_changes(cli, node, found)
        elif found.id in {each.id for each in node.agreements.list()}:
            state = state_text(node, members, found, newest=found.version)
            _show(cli, found, members, state=state, positions=node.suspensions.positions(found))
        else:
            _show(cli, found, members)


def _show(
    cli: CliContext,
    agreement: Agreement,
    members: Members,
    *,
    state: str = "",
    positions: tuple[Position, ...] = (),
) -> None:
    _emit_shares(cli, agreement, members)
    if state:
        cli.say(f"{agreement.name} is {state}.")
    say_positions(cli, members, positions)
    for line in term_lines(agreement, members):
        cli.say(line)


def _emit_shares(cli: CliContext, agreement: Agreement, members: Members) -> None:
    cli.emit(
        (
            {
                "article": article.id,
                "partner": agency_name(members, share.partner),
                "category": share.category,
                "highest_form": share.form.text,
                "highest_tlp": article.highest_tlp.text,
            }
            for article in agreement.terms.articles
            for share in article.shares
        ),
        ["article", "partner", "category", "highest_form", "highest_tlp"],
    )
