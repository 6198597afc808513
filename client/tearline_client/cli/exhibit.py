"""``tearline packet exhibit``: a proof of chosen fields for an outsider."""

from pathlib import Path

import click

from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.cli.session import async_command, open_node
from tearline_client.rendering.words import counted


@click.command(cls=Command)
@click.argument("packet")
@click.argument("fields", metavar="FIELD...", nargs=-1, required=True)
@click.option("--output-file", "target", type=FILE, required=True, help="A new file.")
@click.option("--receipts", is_flag=True, help="Include the recipients' signed receipts.")
@click.option(
    "--sync/--no-sync", default=True, show_default=True, help="Synchronise the log first."
)
@async_command
async def exhibit(
    cli: CliContext, packet: str, fields: tuple[str, ...], target: Path, receipts: bool, sync: bool
) -> None:
    """Write a file that proves FIELDs of PACKET to an outsider and reveals no other field.

    PACKET is the beginning of its id. FIELD is a path, the end of a path, or slot:N. The reader
    verifies the file offline with the federation id and no key: `tearline audit verify`. The file
    also reveals the manifest, such as the case and the article.

    Of a partner's packet, you can show fields whose marking allows passing on. Others require the
    originator's consent to use in evidence: `tearline consent ask --use evidence`. It takes a
    person with any role but auditor alone. The command sends nothing and notifies no partner.

    Example: tearline packet exhibit 5f0c9a1b iban --output-file iban.exhibit
    """
    # Imported here: a command that writes no file does not wait for it.
    from tearline_client.connectors.exporters.files import create_file, verify_free

    verify_free(target.parent, target.name)  # a failed export is not logged as done

    async with open_node(cli) as node:
        if sync:
            await node.log.follow()
        packet_id = node.packets.find(packet)
        text = node.audit.exhibit(packet_id, fields, receipts=receipts, person=cli.settings.person)
        federation = node.directory.federation().hex()
    with create_file(target.parent, target.name) as stream:
        stream.write(text.encode("ascii"))
    cli.emit([{"file": str(target), "federation": federation}], ["file"])
    cli.say(
        f"The exhibit proves {counted(len(set(fields)), 'field')}. Give its reader this federation"
    )
    cli.say(f"id out of band: {federation}")
