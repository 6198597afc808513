"""``tearline agreement propose|amend|counter|decline|diff``: negotiation over the exchange."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from tearline.agreements.agreement import Agreement
from tearline.agreements.diff import Clause, TermChange, clauses, compare
from tearline.agreements.proposal import Offer, ProposalState
from tearline.errors import AgreementNotInForce
from tearline.federation.versions import Members
from tearline.persons.tokens import Role
from tearline_client.cli.context import CliContext
from tearline_client.cli.example_files import example_option, terms
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE, yes_option
from tearline_client.cli.session import async_command, look, node_command, open_node, read_text
from tearline_client.node import Node
from tearline_client.planning.agreement_file import DAY_MS
from tearline_client.rendering.agreements import (
    named,
    names_text,
    share_of,
    value_text,
    version_before,
)
from tearline_client.rendering.values import Day
from tearline_client.rendering.words import agency_name, counted

_MAX_BYTES = 1 << 20
_TOML = ".toml"
_COLUMNS = ["change", "article", "from", "to", "what", "before", "after", "uses"]

_within_option = click.option(
    "--answer-within",
    "days",
    type=click.IntRange(1, 3650),
    default=30,
    show_default=True,
    help="Days until the proposal expires unsigned.",
)
_dry_run_option = click.option("--dry-run", is_flag=True, help="Show the changes; do not send.")


@click.command(cls=Command)
@click.argument("source", type=FILE)
@example_option(terms)
@_within_option
@_dry_run_option
@yes_option
@async_command
async def propose(cli: CliContext, source: Path, days: int, dry_run: bool, yes: bool) -> None:
    """Propose, as an officer, the new agreement in the TOML file SOURCE to every party.

    This agency signs it. It comes into force once every other party has signed.

    Example: tearline --as olga agreement propose terms.toml
    """
    text = read_text(source, maximum=_MAX_BYTES)

    async with open_node(cli) as node:
        _officer(cli, node)
        await look(cli, node)
        await _put_forward(cli, node, node.proposals.draft(text), days, dry_run, yes)


@click.command(cls=Command)
@click.argument("name")
@click.argument("source", type=FILE)
@example_option(terms)
@_within_option
@_dry_run_option
@yes_option
@async_command
async def amend(
    cli: CliContext, name: str, source: Path, days: int, dry_run: bool, yes: bool
) -> None:
    """Propose, as an officer, the terms in SOURCE as the next version of agreement NAME.

    The command shows the changes first. All parties of the previous version remain parties, and
    sign, except those that departed from the federation.

    Example: tearline --as olga agreement amend narcotics-2026 terms.toml
    """
    text = read_text(source, maximum=_MAX_BYTES)

    async with open_node(cli) as node:
        _officer(cli, node)
        await look(cli, node)
        await _put_forward(
            cli, node, node.proposals.draft_amendment(name, text), days, dry_run, yes
        )


@click.command(cls=Command)
@click.argument("proposal")
@click.argument("source", type=FILE)
@example_option(terms)
@_within_option
@_dry_run_option
@yes_option
@async_command
async def counter(
    cli: CliContext, proposal: str, source: Path, days: int, dry_run: bool, yes: bool
) -> None:
    """Answer PROPOSAL, by id or name, as an officer, with the other terms in SOURCE.

    Example: tearline --as olga agreement counter 5f0c9a1b terms.toml
    """
    text = read_text(source, maximum=_MAX_BYTES)

    async with open_node(cli) as node:
        _officer(cli, node)
        await look(cli, node)
        offer = node.proposals.find(proposal)
        other = node.proposals.draft_counter(offer, text)
        await _put_forward(cli, node, other, days, dry_run, yes, answers=offer)


@click.command(cls=Command)
@click.argument("proposal")
@node_command
async def decline(cli: CliContext, node: Node, proposal: str) -> None:
    """Decline PROPOSAL as an officer, and notify every party.

    Declining this agency's own proposal withdraws it. Other parties' signatures remain.

    Example: tearline --as olga agreement decline 5f0c9a1b
    """
    _officer(cli, node)
    await look(cli, node)
    offer = node.proposals.find(proposal)
    await node.proposals.decline(offer, person=cli.settings.person)
    await node.refresh()  # the node receives it by the mailbox, as every party does
    cli.say(f"Declined version {offer.agreement.version} of {offer.agreement.name}.")


@click.command(cls=Command)
@click.argument("new")
@example_option(terms)
@click.argument("old", required=False)
@node_command
async def diff(cli: CliContext, node: Node, new: str, old: str | None) -> None:
    """Show each party's gains, losses and changed terms from OLD to NEW.

    Each is an agreement's name, a proposal's id, or a TOML file. By default OLD is the version in
    force of the same agreement, if any.

    Example: tearline agreement diff terms.toml narcotics-2026
    """
    after = _named(node, new)
    if old is not None:
        before: Agreement | None = _named(node, old)
    elif Path(new).suffix == _TOML:
        before = _of_name(node, after.name)
    else:
        before = version_before(node, after)
    cli.emit(change_rows(node, before, after), _COLUMNS)


async def sign_proposal(cli: CliContext, node: Node, name: str, *, yes: bool) -> None:
    """Signs a proposal, after showing its changes."""
    _officer(cli, node)
    await look(cli, node)
    offer = node.proposals.find(name)
    cli.emit(change_rows(node, node.proposals.replaced_by(offer), offer.agreement), _COLUMNS)
    cli.confirm(_binds(offer.agreement), offer.agreement.name, yes=yes)
    await node.proposals.sign(offer, person=cli.settings.person)
    await node.refresh()  # the node receives it by the mailbox, as every party does
    offer = node.proposals.offer(offer.terms)
    waiting = "in force" if offer.was_agreed else "all parties have signed"
    if offer.waiting_for:
        waiting = f"{counted(len(offer.waiting_for), 'party')} missing"
    cli.say(f"Signed version {offer.agreement.version} of {offer.agreement.name}; {waiting}.")


def emit_changes(cli: CliContext, node: Node, agreement: Agreement) -> None:
    """Prints the changes of an agreement or a proposal from the previous version."""
    cli.emit(change_rows(node, version_before(node, agreement), agreement), _COLUMNS)


def offer_rows(node: Node) -> Iterable[dict[str, object]]:
    """Yields open proposals as rows of ``agreement list``; agreed ones are listed as agreements."""
    members = node.directory.members()
    for offer in node.proposals.offers():
        state = node.proposals.state_of(offer)
        if state is ProposalState.AGREED:
            continue
        agreement = offer.agreement
        yield {
            "agreement": agreement.name,
            "version": agreement.version,
            "state": state.text,
            "from": Day(agreement.valid_from_ms),
            "until": Day(agreement.valid_until_ms),
            "articles": " ".join(article.id for article in agreement.terms.articles),
            "signed_by": names_text(members, sorted(offer.signers)),
            "declined_by": names_text(members, sorted(offer.decliners)),
            "answer_by": Day(offer.answer_by_ms),
            "proposal": offer.terms.hex(),
            "id": agreement.id.hex(),
        }


def term_lines(agreement: Agreement, members: Members) -> Iterator[str]:
    """Yields one line for every term except shares."""
    for clause in clauses(None, agreement):
        if share_of(clause.name) is None:
            place = f"{clause.article}, " if clause.article else ""
            value = value_text(clause.name, clause.after, members)
            yield f"{place}{clause.name.removesuffix('_ms')}: {value or 'none'}"


def change_rows(node: Node, before: Agreement | None, after: Agreement) -> list[dict[str, object]]:
    """Returns the changes in ``after``: gains and losses of parties, then terms."""
    members = node.directory.members()
    changes = compare(before, after, node.agreements.policies.shared)
    rows = [_change_row(change, members) for change in changes]
    return [*rows, *(_clause_row(clause, members) for clause in clauses(before, after))]


def _change_row(change: TermChange, members: Members) -> dict[str, object]:
    return {
        "change": "gains" if change.is_gain else "loses",
        "article": change.article,
        "from": agency_name(members, change.sender),
        "to": agency_name(members, change.recipient),
        "what": change.category,
        "before": change.before.text,
        "after": change.after.text,
        "uses": ", ".join(f"{purpose}/{kind}" for purpose, kind in change.uses),
    }


def _clause_row(clause: Clause, members: Members) -> dict[str, object]:
    what = clause.name
    if share := share_of(clause.name):
        what = f"shares.{agency_name(members, share[0])} {share[1]}"
    return {
        "change": "text",
        "article": clause.article,
        "from": "",
        "to": "",
        "what": what,
        "before": _value(clause.name, clause.before, members),
        "after": _value(clause.name, clause.after, members),
        "uses": "",
    }


def _value(name: str, value: object, members: Members) -> object:
    if isinstance(value, int) and name.startswith("valid_"):
        return Day(value)
    return value_text(name, value, members)


def _officer(cli: CliContext, node: Node) -> None:
    node.persons.person(cli.settings.person, Role.OFFICER)


def _binds(agreement: Agreement) -> str:
    return (
        f"This agency's signature binds it to version {agreement.version} of"
        f" {agreement.name} once every party has signed, and cannot be withdrawn."
    )


async def _put_forward(
    cli: CliContext,
    node: Node,
    agreement: Agreement,
    days: int,
    dry_run: bool,
    yes: bool,
    *,
    answers: Offer | None = None,
) -> None:
    """Shows the changes of terms; unless a dry run, signs and proposes the terms."""
    cli.emit(change_rows(node, version_before(node, agreement), agreement), _COLUMNS)
    if dry_run:
        cli.say("Dry run: not signed, not sent.")
        return
    cli.confirm(_binds(agreement), agreement.name, yes=yes)
    terms = await node.proposals.propose(
        agreement,
        answers=answers.terms if answers else b"",
        within_ms=days * DAY_MS,
        person=cli.settings.person,
    )
    await node.refresh()  # the node receives it by the mailbox, as every party does
    others = counted(len(agreement.signatories) - 1, "other")
    cli.say(
        f"Proposed version {agreement.version} of {agreement.name} to {others},"
        f" as {terms.hex()[:16]}."
    )
    cli.advise(f"tearline agreement show {terms.hex()[:16]}")


def _of_name(node: Node, name: str) -> Agreement | None:
    try:
        return node.agreements.by_name(name)
    except AgreementNotInForce:
        return None


def _named(node: Node, name: str) -> Agreement:
    path = Path(name)
    if path.suffix == _TOML:
        return node.proposals.draft(read_text(path, maximum=_MAX_BYTES))
    return named(node, name)
