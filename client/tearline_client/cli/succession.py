"""``tearline federation succeed``: a new exchange where the old one is lost or compromised."""

from pathlib import Path

import click

from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.wire.federation import encode_federation_file, parse_federation_file
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE, root_option, yes_option
from tearline_client.cli.session import async_command, open_node
from tearline_client.cli.votes import opened_root
from tearline_client.enrolment import read_exchange, read_text
from tearline_client.keys.home import replace_file
from tearline_client.rendering.federation import change_rows, votes_text
from tearline_client.rendering.words import counted


@click.command(cls=Command)
@click.argument("file", type=FILE)
@click.option("--output-file", "target", type=FILE, required=True, help="The decision to write.")
@root_option
@yes_option
@async_command
async def succeed(
    cli: CliContext, file: Path, target: Path, root_passphrase_file: Path | None, yes: bool
) -> None:
    """Vote by files that a new exchange succeeds one that is lost or compromised.

    FILE is the new exchange's enrolment file, to propose it, or the decision of the members that
    voted before. The old exchange is not asked. Members of the council read the longest mirror of
    the log first (`tearline log read`), with mirrors of enough counted cosigners.

    Example: tearline federation succeed exchange-next.enrolment --output-file next.succession
    """
    text = read_text(file)
    async with open_node(cli) as node:
        federation, own = node.federation, node.home.identity().agency_uri
        root = opened_root(cli, node, root_passphrase_file)
        if text.startswith(f"-----BEGIN {Armor.SUCCESSION}"):
            found = parse_federation_file(parse_armor(Armor.SUCCESSION, text))
            decision = federation.open_succession(found)
        else:
            found, decision = federation.succession(root, read_exchange(file))
        federation.verify_may_vote(decision)
        amendment = decision.amendment
        if amendment is None:  # a decision of a file has it
            raise click.UsageError("FILE holds no amendment")
        cli.say(
            f"A new exchange goes on from the {counted(amendment.size, 'entry')} that this node has"
            " read. Nothing counts that the old one signs about later ones. Mail that waited there"
            " is lost; its senders send it again by themselves."
        )
        rows = list(change_rows(node.directory.members(), amendment.constitution))
        cli.show(rows, ["part", "now", "proposed"])
        cli.confirm(votes_text(decision, own), amendment.constitution.exchange.uri, yes=yes)
        voted = federation.vote_by_file(root, found, decision)
    encoded = encode_federation_file(voted)
    replace_file(target, armor(Armor.SUCCESSION, encoded).encode("ascii"))
    missing = decision.missing(own)
    if missing > 0:
        cli.say(f"Voted; {counted(missing, 'vote')} missing.")
        cli.advise(f"other members of the council run tearline federation succeed {target}")
    else:
        cli.say("Decided.")
        cli.advise(f"the operator runs tearline-server federation succeed with {target}")
