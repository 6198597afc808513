"""``tearline packet exhibit``: chosen fields of a packet, for somebody outside."""

from pathlib import Path

import click

from tearline_client.audit.exhibits import make_exhibit
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.cli.session import at_work
from tearline_client.connectors.exporters.files import create_file, verify_free
from tearline_client.node import Node
from tearline_client.rendering.words import counted


@click.command(cls=Command)
@click.argument("packet")
@click.argument("fields", metavar="FIELD...", nargs=-1, required=True)
@click.option("--output-file", "target", type=FILE, required=True, help="A new file.")
@click.option(
    "--receipts", is_flag=True, help="Name those who signed that they got something of it."
)
@click.option("--sync/--no-sync", default=True, show_default=True, help="Read the log first.")
@pass_cli
def exhibit(
    cli: CliContext, packet: str, fields: tuple[str, ...], target: Path, receipts: bool, sync: bool
) -> None:
    """Write a file that proves FIELDs of PACKET to somebody outside, and shows no other.

    PACKET is the beginning of its id; FIELD a path, the end of one, or slot:N. Whoever gets the
    file verifies it offline, with the federation id and without any key: `tearline audit verify`.
    It also shows what the manifest says beside its fields, as the case and the article.

    Of a partner's packet only those fields can be shown whose marking lets them be passed on, or
    to whose use in evidence the originator consents: `tearline consent ask --use evidence`. The
    others only their originator can show. Nothing is sent, and nobody is told.
    """
    verify_free(target.parent, target.name)  # what fails is not logged as made

    async def run(node: Node) -> tuple[str, str]:
        if sync:
            await node.state.follow()
        packet_id = node.state.stores.packets.find(packet)
        made = make_exhibit(
            node.state,
            node.access,
            packet_id,
            fields,
            receipts=receipts,
            person=cli.settings.person,
        )
        return made, node.state.trust.federation.hex()

    text, federation = at_work(cli, run)
    with create_file(target.parent, target.name) as stream:
        stream.write(text.encode("ascii"))
    cli.emit([{"file": str(target), "federation": federation}], ["file"])
    cli.say(f"It shows {counted(len(set(fields)), 'field')}. Its reader needs the federation id,")
    cli.say(f"from you by another way: {federation}")
