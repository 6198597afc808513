"""``tearline federation``: founding, members, council and votes."""

from pathlib import Path

import click

from tearline.crypto.keys import key_id
from tearline.errors import CharterUnpinned
from tearline.wire.federation import FederationFile
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE, free_text, root_option, sync_option, yes_option
from tearline_client.cli.release_options import repeats_option
from tearline_client.cli.session import (
    async_command,
    home_of,
    look,
    node_command,
    open_node,
    passphrases,
)
from tearline_client.cli.succession import succeed
from tearline_client.cli.votes import exchange, invite, opened_root, rules, vote
from tearline_client.enrolment import adopt_root, prepare_root, read_agency, read_exchange
from tearline_client.founding.charter_file import (
    draft_charter,
    pin,
    read_federation,
    sign_charter,
    unsigned,
    write_federation,
)
from tearline_client.node import Node
from tearline_client.rendering.federation import (
    charter_rows,
    content_id,
    leaving_text,
    pending_row,
    replacement_row,
    replacement_text,
    vacancy_text,
)
from tearline_client.rendering.words import Id, agency_name


@click.group(cls=Group)
def command() -> None:
    """Found, join, show and change the federation."""


for each in (invite, vote, rules, exchange, succeed):
    command.add_command(each)


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

    Every founder is in the council, up to 64. Example: tearline federation found --name "Example"
    --exchange exchange.enrolment --agency us-justice.agency --agency mx-prosecutor.agency
    --output-file federation.trust
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
    _show_charter(cli, drafted)
    cli.say(f"Federation {drafted.federation.hex()}")
    cli.say(f"Next: give {target} to every founder to sign.")


@command.command()
@click.argument("file", type=FILE)
@root_option
@pass_cli
def sign(cli: CliContext, file: Path, root_passphrase_file: Path | None) -> None:
    """Sign the charter in FILE with this agency's root key.

    The command shows what the charter says first.

    Example: tearline federation sign federation.trust
    """
    root = passphrases(cli, root_passphrase_file).root
    drafted = read_federation(file)
    _show_charter(cli, drafted)
    complete = sign_charter(home_of(cli), root, drafted)
    write_federation(file, complete)
    missing = unsigned(complete)
    if missing:
        cli.say(f"Signed. The roots of {', '.join(missing)} have not signed yet.")
        cli.say(f"Next: give {file} to them to sign.")
    else:
        cli.say(f"Signed by every founder: federation {complete.federation.hex()}.")
        cli.say(f"Next: each founder runs tearline federation join {file}; the operator logs it.")


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

    Example: tearline federation join federation.trust
    """
    complete = read_federation(file)
    if federation is not None and complete.federation.hex() != federation:
        raise CharterUnpinned(f"the file is of another federation, {complete.federation.hex()}")
    if missing := unsigned(complete):
        raise CharterUnpinned(f"the roots of {', '.join(missing)} have not signed it yet")
    _show_charter(cli, complete)
    pin(home_of(cli), passphrases(cli, root_passphrase_file), complete)
    cli.say(f"Pinned federation {complete.federation.hex()}; compare it with partners out of band.")
    cli.advise("tearline node sync")


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
@click.argument("uris", metavar="AGENCY...", nargs=-1, required=True)
@node_command
async def follow(cli: CliContext, node: Node, uris: tuple[str, ...]) -> None:
    """Read the entries of each AGENCY, by its URI, as a light node.

    A light node does so by itself for each party of its agreements and each sender. Follow an
    agency before the first agreement with it is drafted or signed here.

    Example: tearline federation follow spiffe://justice.us.example
    """
    for agency in await node.federation.follow(uris):
        cli.say(f"{agency.name} {agency.uri}: root key {key_id(agency.root_key).hex()}")


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
                "since": version.since,
                "entry": version.index,
                "key": Id(key_id(version.record.agency.root_key)),
            }
            for version in node.federation.members()
        ],
        ["member", "status", "generation", "council", "cosigner", "since", "entry", "key"],
        spare=("generation", "since"),
    )


@command.command()
@sync_option
@node_command
async def history(cli: CliContext, node: Node, sync: bool) -> None:
    """List the decisions of the council, with the votes that completed each.

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
                "content": content_id(each.content),
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
    """List decisions that wait for votes of the council, and replaced roots that wait seven days.

    A vote lasts thirty days; "until" is the end of the first one, or the effect of a replacement.
    The command also says which counted cosigners are missing, and how to name others.

    Example: tearline federation pending
    """
    await look(cli, node, sync=sync)
    federation, names = node.federation, node.directory.members()
    if vacancy := vacancy_text(federation.state.now):
        cli.say(vacancy)
    replaced = federation.replacements()
    for _, waiting in replaced:
        cli.say(replacement_text(waiting))
    cli.emit(
        [
            *(
                pending_row(each, names, federation.subject_name(each))
                for each in federation.pending()
            ),
            *(replacement_row(*each, names) for each in replaced),
        ],
        ["decision", "subject", "content", "votes", "missing", "until"],
        spare=("until",),
    )


@command.command()
@free_text("--reason", help="The reason, readable by every member.")
@repeats_option
@root_option
@yes_option
@async_command
async def leave(
    cli: CliContext, reason: str, repeats: str, root_passphrase_file: Path | None, yes: bool
) -> None:
    """Leave the federation at once: all keys of this agency end.

    Example: tearline federation leave --reason "end of the treaty"
    """
    async with open_node(cli) as node:
        await node.sync()
        name = node.home.identity().agency
        cli.say(leaving_text(name))
        cli.confirm("No vote is needed, and none undoes it.", name, yes=yes)
        root = opened_root(cli, node, root_passphrase_file)
        await node.federation.leave(root, reason, repeats=repeats)
    cli.say(f"{name} has left the federation.")


@command.command(name="rotate-root")
@root_option
@yes_option
@async_command
async def rotate_root(cli: CliContext, root_passphrase_file: Path | None, yes: bool) -> None:
    """Replace the agency's root key by a new one; both sign the member record.

    Example: tearline federation rotate-root
    """
    async with open_node(cli) as node:
        await node.sync()
        name = node.home.identity().agency
        cli.say(
            f"The root key of {name} is replaced by a new one, for every member. Its nodes' keys "
            "and its seat stay. Open votes to replace its root become void."
        )
        cli.confirm("The old root signs nothing any more.", name, yes=yes)
        passphrase = passphrases(cli, root_passphrase_file).root
        new = prepare_root(node.home, passphrase)
        if not node.federation.has_root(new):  # an earlier attempt may have ended in between
            await node.federation.rotate_root(opened_root(cli, node, root_passphrase_file), new)
        adopt_root(node.home, passphrase, new)
    cli.say(f"The root key is now {new.id.hex()}.")
    cli.advise("tearline node backup FILE, since earlier backups have the old root")


def _show_charter(cli: CliContext, file: FederationFile) -> None:
    """Prints what a charter says, for a person to compare before the root signs or pins it."""
    cli.show(charter_rows(file), ["part", "content"])
