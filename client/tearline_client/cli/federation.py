"""``tearline federation``: founding, members, council and votes."""

from pathlib import Path

import click

from tearline.crypto.keys import key_id
from tearline.errors import NotFound
from tearline.federation.charter import RULES
from tearline.statements.signer import Signer
from tearline.text.choices import one_of
from tearline.wire.federation import parse_member_record
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, free_text, root_option, sync_option, yes_option
from tearline_client.cli.session import (
    async_command,
    home_of,
    look,
    node_command,
    open_node,
    passphrases,
)
from tearline_client.enrolment import (
    adopt_root,
    prepare_root,
    read_agency,
    read_exchange,
    root_signer,
)
from tearline_client.features.federation.acts import amended
from tearline_client.founding.charter_file import (
    draft_charter,
    pin,
    read_federation,
    sign_charter,
    signers_of_charter,
    write_federation,
)
from tearline_client.node import Node
from tearline_client.rendering.words import Id, agency_name


@click.group(cls=Group)
def command() -> None:
    """Found, join, show and change the federation."""


@command.command()
@click.option("--name", required=True, help="The federation's name.")
@click.option(
    "--exchange", "exchange_file", type=FILE, required=True, help="The exchange.enrolment file."
)
@click.option(
    "--agency",
    "agency_files",
    type=FILE,
    multiple=True,
    required=True,
    help="The .agency file of a founder; one option per founder.",
)
@click.option(
    "--threshold", type=int, help="Votes for every decision; by default more than half the council."
)
@click.option("--output-file", "target", type=FILE, required=True, help="The file to write.")
@root_option
@pass_cli
def found(
    cli: CliContext,
    name: str,
    exchange_file: Path,
    agency_files: tuple[Path, ...],
    threshold: int | None,
    target: Path,
    root_passphrase_file: Path | None,
) -> None:
    """Draft the charter of a federation, signed by this agency's root.

    Every founder is in the council. Example: tearline federation found --name "Example" --exchange
    exchange.enrolment --agency us-justice.agency --agency mx-prosecutor.agency --output-file
    charter
    """
    drafted = draft_charter(
        home_of(cli),
        passphrases(cli, root_passphrase_file).root,
        name=name,
        exchange=read_exchange(exchange_file),
        founders=[read_agency(path) for path in agency_files],
        threshold=threshold,
    )
    write_federation(target, drafted)
    cli.say(f"Federation {drafted.federation.hex()}")
    cli.say(f"Next: give {target} to every founder to sign.")


@command.command()
@click.argument("file", type=FILE)
@root_option
@pass_cli
def sign(cli: CliContext, file: Path, root_passphrase_file: Path | None) -> None:
    """Sign the charter in FILE with this agency's root key.

    Example: tearline federation sign charter
    """
    root = passphrases(cli, root_passphrase_file).root
    complete = sign_charter(home_of(cli), root, read_federation(file))
    write_federation(file, complete)
    cli.say(f"{len(signers_of_charter(complete))} roots have signed {file}.")


@command.command()
@click.argument("file", type=FILE)
@click.option("--federation", help="The federation id that partners gave you, to compare.")
@root_option
@pass_cli
def join(
    cli: CliContext, file: Path, federation: str | None, root_passphrase_file: Path | None
) -> None:
    """Pin the federation with the complete charter in FILE.

    Every founder's root must have signed it. Verify the federation id with your partners out of
    band.

    Example: tearline federation join charter
    """
    complete = read_federation(file)
    if federation is not None and complete.federation.hex() != federation:
        from tearline.errors import CharterUnpinned

        raise CharterUnpinned("the file is of another federation")
    pin(home_of(cli), passphrases(cli, root_passphrase_file), complete)
    cli.say(f"Pinned federation {complete.federation.hex()}.")


@command.command()
@pass_cli
def show(cli: CliContext) -> None:
    """Show the pinned charter: each founder and the id of its root key.

    Example: tearline federation show
    """
    pinned = home_of(cli).pinned()
    rows: list[dict[str, object]] = [
        {"member": agency.name, "uri": agency.uri, "key": key_id(agency.root_key).hex()}
        for agency in pinned.members.agencies
    ]
    exchange = pinned.members.exchange
    rows.append(
        {"member": "(exchange)", "uri": exchange.uri, "key": key_id(exchange.signing_key).hex()}
    )
    cli.say(f"Federation {pinned.federation.hex()}")
    cli.emit(rows, ["member", "uri", "key"])


@command.command()
@sync_option
@node_command
async def members(cli: CliContext, node: Node, sync: bool) -> None:
    """List every agency that is or was a member.

    Example: tearline federation members
    """
    await look(cli, node, sync=sync)
    now = node.federation.state.now
    cli.emit(
        [
            {
                "member": version.record.agency.name,
                "uri": version.record.agency.uri,
                "status": version.status.value,
                "generation": version.record.generation,
                "council": version.record.agency.uri in now.council,
                "cosigner": version.record.agency.uri in now.cosigners,
                "entry": version.index,
            }
            for version in node.federation.members()
        ],
        ["member", "status", "generation", "council", "cosigner", "entry"],
    )


@command.command()
@sync_option
@node_command
async def history(cli: CliContext, node: Node, sync: bool) -> None:
    """List the decisions of the council.

    Example: tearline federation history
    """
    await look(cli, node, sync=sync)
    names = node.directory.members()
    cli.emit(
        [
            {
                "entry": each.index,
                "decision": each.kind.value,
                "subject": agency_name(names, each.subject) if each.subject else "",
                "content": Id(each.content),
                "votes": " ".join(agency_name(names, voter) for voter in each.voters),
            }
            for each in node.federation.history()
        ],
        ["entry", "decision", "subject", "votes"],
    )


@command.command()
@sync_option
@node_command
async def pending(cli: CliContext, node: Node, sync: bool) -> None:
    """List decisions that wait for votes of the council.

    Example: tearline federation pending
    """
    await look(cli, node, sync=sync)
    names = node.directory.members()
    rows: list[dict[str, object]] = []
    for each in node.federation.pending():
        record = node.federation.state.candidate(each.content)
        subject = agency_name(names, each.subject) if each.subject else ""
        rows.append(
            {
                "decision": each.kind.value,
                "subject": subject if record is None else record.agency.name,
                "content": Id(each.content),
                "votes": " ".join(agency_name(names, voter) for voter in each.voters),
            }
        )
    cli.emit(rows, ["decision", "subject", "content", "votes"])


@command.command()
@click.argument("file", type=FILE)
@root_option
@yes_option
@async_command
async def invite(cli: CliContext, file: Path, root_passphrase_file: Path | None, yes: bool) -> None:
    """Vote to admit the agency of the enrolment FILE.

    The agency made the file by `tearline init --federation ID`. For a member under another root
    key, the vote replaces its lost root, after seven days of the log's time.

    Example: tearline federation invite jp-customs.agency
    """
    record = read_agency(file)
    agency = parse_member_record(record.statement.body).agency
    async with open_node(cli) as node:
        await node.sync()
        root = _root(cli, node, root_passphrase_file)
        fingerprint = key_id(agency.root_key).hex()
        act = f"{agency.name} ({agency.uri}) with root key {fingerprint} gets your vote."
        cli.confirm(act, agency.name, yes=yes)
        await node.federation.invite(root, record)
    cli.say(f"Voted on {agency.name}.")


@command.command()
@click.argument("decision", required=False)
@click.option("--remove", help="Short name of a member to remove.")
@root_option
@yes_option
@async_command
async def vote(
    cli: CliContext,
    decision: str | None,
    remove: str | None,
    root_passphrase_file: Path | None,
    yes: bool,
) -> None:
    """Vote for an open DECISION, given by its agency or the beginning of its content's id.

    With --remove, open the removal of a member.

    Example: tearline federation vote jp-customs
    """
    if (decision is None) == (remove is None):
        raise click.UsageError("give DECISION or --remove")
    async with open_node(cli) as node:
        await node.sync()
        root = _root(cli, node, root_passphrase_file)
        if remove is not None:
            uris = {each.name: each.uri for each in node.directory.members().agencies}
            if remove not in uris:
                raise NotFound(one_of(remove, "member", uris))
            cli.confirm(f"You vote to remove {remove}: all its keys end.", remove, yes=yes)
            await node.federation.remove(root, uris[remove])
        elif decision is not None:
            found = node.federation.find(decision)
            cli.confirm(f"You vote to {found.kind.value} {found.subject}.", decision, yes=yes)
            await node.federation.vote(root, found)
    cli.say(f"Voted on {decision or remove}.")


@command.command()
@free_text("--reason", help="The reason, readable by every member.")
@root_option
@yes_option
@async_command
async def leave(cli: CliContext, reason: str, root_passphrase_file: Path | None, yes: bool) -> None:
    """Leave the federation at once: all keys of this agency end.

    Example: tearline federation leave --reason "end of the treaty"
    """
    async with open_node(cli) as node:
        await node.sync()
        root = _root(cli, node, root_passphrase_file)
        name = node.home.identity().agency
        cli.confirm(f"{name} leaves the federation: all its keys end.", name, yes=yes)
        await node.federation.leave(root, reason)
    cli.say(f"{name} has left the federation.")


@command.command(name="rotate-root")
@root_option
@async_command
async def rotate_root(cli: CliContext, root_passphrase_file: Path | None) -> None:
    """Replace the agency's root key by a new one; both sign the member record.

    Example: tearline federation rotate-root
    """
    async with open_node(cli) as node:
        await node.sync()
        root = _root(cli, node, root_passphrase_file)
        passphrase = passphrases(cli, root_passphrase_file).root
        new = prepare_root(node.home, passphrase)
        await node.federation.rotate_root(root, new)
        adopt_root(node.home, passphrase, new)
    cli.say(f"The root key is now {new.id.hex()}.")


@command.command()
@click.option("--admit", type=int, help="Votes to admit a member.")
@click.option("--remove", type=int, help="Votes to remove a member.")
@click.option("--exchange", type=int, help="Votes for another exchange or other log keys.")
@click.option("--council", type=int, help="Votes for another council.")
@click.option("--rules", "rules_", type=int, help="Votes for other rules.")
@click.option("--cosigners", type=int, help="Votes for other counted cosigners.")
@click.option("--min-suite", type=int, help="Votes for another lowest suite.")
@click.option("--seat", multiple=True, help="A member of the new council; repeatable.")
@click.option("--cosigner", multiple=True, help="A new counted cosigner; repeatable.")
@root_option
@yes_option
@async_command
async def rules(
    cli: CliContext,
    /,
    seat: tuple[str, ...],
    cosigner: tuple[str, ...],
    rules_: int | None,
    root_passphrase_file: Path | None,
    yes: bool,
    **thresholds: int | None,
) -> None:
    """Show the council's rules, or propose others.

    Any option proposes an amendment, which needs votes of the old and the new council.

    Example: tearline federation rules --seat us-justice --seat jp-customs --admit 2
    """
    async with open_node(cli) as node:
        await node.sync()
        now = node.directory.members()
        changed = {name: count for name, count in (thresholds | {"rules": rules_}).items() if count}
        if not (changed or seat or cosigner):
            votes = len(now.constitution.council)
            rows: list[dict[str, object]] = [
                {"decision": name, "votes": getattr(now.rules, name), "of": votes} for name in RULES
            ]
            cli.emit(rows, ["decision", "votes", "of"])
            return
        constitution = amended(now, changed, seat, cosigner)
        root = _root(cli, node, root_passphrase_file)
        cli.confirm("You propose another constitution.", "yes", yes=yes)
        await node.federation.amend(root, constitution)
    cli.say("Proposed an amendment, with your vote.")


def _root(cli: CliContext, node: Node, root_file: Path | None) -> Signer:
    passphrase = passphrases(cli, root_file).root
    return root_signer(node.home, passphrase, node.directory.federation())
