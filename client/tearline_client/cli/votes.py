"""Votes of the council at the command line: what each changes is shown before the root signs."""

from dataclasses import replace
from pathlib import Path

import click

from tearline.crypto.armor import Armor, armor
from tearline.errors import NotFound
from tearline.federation.charter import RULES
from tearline.statements.signer import Signer
from tearline.text.choices import one_of
from tearline.wire.federation import encode_federation_file
from tearline.wire.statements import Signed
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE, root_option, yes_option
from tearline_client.cli.session import async_command, open_node, passphrases
from tearline_client.enrolment import read_agency, read_exchange, root_signer
from tearline_client.features.federation.acts import amended
from tearline_client.features.federation.open_decisions import OpenDecision
from tearline_client.keys.home import replace_file
from tearline_client.node import Node
from tearline_client.rendering.federation import change_rows, effect_text, votes_text, voting_name
from tearline_client.rendering.words import counted

_output_option = click.option(
    "--output-file",
    "target",
    type=FILE,
    help="Write the vote to a file for the operator, and do not ask the exchange.",
)


@click.command(cls=Command)
@click.argument("file", type=FILE)
@_output_option
@root_option
@yes_option
@async_command
async def invite(
    cli: CliContext, file: Path, target: Path | None, root_passphrase_file: Path | None, yes: bool
) -> None:
    """Vote to admit the agency in FILE.

    The agency made its enrolment file by `tearline init --federation ID`. For a member under
    another root key, the vote replaces its lost root, after seven days of the log's time.

    Example: tearline federation invite jp-customs.agency
    """
    record = read_agency(file)
    async with open_node(cli) as node:
        if target is None:
            await node.sync()
        decision = node.federation.invitation(record)
        await _vote(cli, node, decision, root_passphrase_file, record, yes=yes, target=target)


@click.command(cls=Command)
@click.argument("decision", required=False)
@click.option("--remove", help="Short name of a member to remove.")
@_output_option
@root_option
@yes_option
@async_command
async def vote(
    cli: CliContext,
    decision: str | None,
    remove: str | None,
    target: Path | None,
    root_passphrase_file: Path | None,
    yes: bool,
) -> None:
    """Vote for an open DECISION.

    Name it by its agency, or by the beginning of its content's id. The command shows what changes
    before the root signs. With --remove, vote to remove a member, whether or not others have.
    With --output-file, the exchange is not asked: its operator logs the files of all voters by
    `tearline-server federation decide`.

    Example: tearline federation vote jp-customs
    """
    if (decision is None) == (remove is None):
        raise click.UsageError("give DECISION or --remove")
    async with open_node(cli) as node:
        if target is None:
            await node.sync()
        if remove is not None:
            uris = {each.name: each.uri for each in node.directory.members().agencies}
            if remove not in uris:
                raise NotFound(one_of(remove, "member", uris))
            found = node.federation.removal(uris[remove])
        else:
            found = node.federation.find(decision or "")
        await _vote(cli, node, found, root_passphrase_file, yes=yes, target=target)


@click.command(cls=Command)
@click.argument("file", type=FILE)
@root_option
@yes_option
@async_command
async def exchange(
    cli: CliContext, file: Path, root_passphrase_file: Path | None, yes: bool
) -> None:
    """Propose the keys of the exchange and its log in FILE, with this agency's vote.

    The operator made the file by `tearline-server keys prepare`: compare its key ids out of band.
    Other members of the council vote by `tearline federation vote ID`.

    Example: tearline federation exchange exchange-next.enrolment
    """
    found = read_exchange(file)
    async with open_node(cli) as node:
        await node.sync()
        now = node.directory.members()
        constitution = replace(now.constitution, exchange=found.exchange, log=found.log)
        node.federation.verify_seated(now.council)
        root = opened_root(cli, node, root_passphrase_file)
        proposed, decision = node.federation.proposal(root, constitution)
        await _vote(cli, node, decision, root_passphrase_file, proposed, yes=yes)


@click.command(cls=Command)
@click.option("--threshold", type=int, help="Votes for every decision that has no option below.")
@click.option("--admit", type=int, help="Votes to admit a member.")
@click.option("--remove", type=int, help="Votes to remove a member.")
@click.option("--exchange", type=int, help="Votes for another exchange or other log keys.")
@click.option("--council", type=int, help="Votes for another council.")
@click.option("--rules", "rules_", type=int, help="Votes for other rules.")
@click.option("--cosigners", type=int, help="Votes for other counted cosigners.")
@click.option("--min-suite", type=int, help="Votes for another lowest suite.")
@click.option("--seat", multiple=True, help="A member of the new council; name all of them.")
@click.option("--cosigner", multiple=True, help="A new counted cosigner; name all of them.")
@root_option
@yes_option
@async_command
async def rules(
    cli: CliContext,
    /,
    threshold: int | None,
    seat: tuple[str, ...],
    cosigner: tuple[str, ...],
    rules_: int | None,
    root_passphrase_file: Path | None,
    yes: bool,
    **thresholds: int | None,
) -> None:
    """Show the council's rules, or propose others.

    Any option proposes an amendment, with this agency's vote. Other members of the council vote
    by `tearline federation vote ID`. Another council and other rules need votes of both councils.

    Example: tearline federation rules --seat us-justice --seat jp-customs --admit 2
    """
    given = {name: count for name, count in (thresholds | {"rules": rules_}).items() if count}
    changed = (dict.fromkeys(RULES, threshold) if threshold else {}) | given
    async with open_node(cli) as node:
        await node.sync()
        now = node.directory.members()
        if not (changed or seat or cosigner):
            seats = len(now.council)
            votes = {name: getattr(now.rules, name) for name in RULES}
            if max(votes.values()) > seats:
                cli.say(f"A threshold above {seats}, the filled seats, means all of them.")
            rows: list[dict[str, object]] = [
                {"decision": name, "votes": count, "of": seats} for name, count in votes.items()
            ]
            cli.emit(rows, ["decision", "votes", "of"])
            return
        constitution = amended(now, changed, seat, cosigner)
        node.federation.verify_seated(now.council)
        root = opened_root(cli, node, root_passphrase_file)
        proposed, decision = node.federation.proposal(root, constitution)
        await _vote(cli, node, decision, root_passphrase_file, proposed, yes=yes)


async def _vote(
    cli: CliContext,
    node: Node,
    decision: OpenDecision,
    root_file: Path | None,
    *contents: Signed,
    yes: bool,
    target: Path | None = None,
) -> None:
    """Shows what a decision changes, asks, and votes for it, or writes the vote to a file."""
    federation, own = node.federation, node.home.identity().agency_uri
    federation.verify_may_vote(decision)
    name = federation.subject_name(decision)
    cli.say(effect_text(decision, name, node.directory.members().constitution))
    if decision.amendment is not None:
        rows = list(change_rows(node.directory.members(), decision.amendment.constitution))
        cli.show(rows, ["part", "now", "proposed"])
    typed = voting_name(decision, name)
    cli.confirm(votes_text(decision, own), typed, yes=yes)
    root = opened_root(cli, node, root_file)
    if target is not None:
        encoded = encode_federation_file(federation.write_vote(root, decision, *contents))
        replace_file(target, armor(Armor.DECISION, encoded).encode("ascii"))
        cli.say(f"The vote to {decision.kind.value} {typed} is in {target}.")
        cli.advise(f"the operator runs tearline-server federation decide with {target}")
        return
    is_decided = await federation.vote(root, decision, *contents)
    if is_decided:
        cli.say(f"Decided: {decision.kind.value} {typed}.")
        cli.advise("tearline federation history")
    else:
        missing = counted(decision.missing(own), "vote")
        cli.say(f"Voted to {decision.kind.value} {typed}; {missing} missing.")
        cli.advise(f"other members of the council run tearline federation vote {typed}")


def opened_root(cli: CliContext, node: Node, root_file: Path | None) -> Signer:
    """Returns the agency's root, opened by its passphrase."""
    passphrase = passphrases(cli, root_file).root
    return root_signer(node.home, passphrase, node.directory.federation())
