"""``tearline packet print``: a numbered copy of a packet, as text or HTML."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE, sync_option
from tearline_client.cli.session import acting_on, async_command, look, open_node
from tearline_client.rendering.output import print_lines

if TYPE_CHECKING:
    from tearline_client.rendering.document import Document

_FORMS = ("text", "html")


@click.command(name="print", cls=Command)
@click.argument("packet")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(_FORMS),
    default="text",
    show_default=True,
    help="Plain text, or HTML for printing.",
)
@click.option("--to", "target", type=FILE, help="A new file; by default standard output.")
@sync_option
@async_command
async def print_command(
    cli: CliContext, packet: str, form: str, target: Path | None, sync: bool
) -> None:
    """Print a numbered copy of PACKET (the beginning of its id), as text or HTML.

    The copy has the contents of `packet show`, its number, and the person who printed it. It is
    recorded in the access log first. The sender is notified as by `packet show`.

    Example: tearline packet print 5f0c9a1b -o html --to lead.html
    """
    # Imported here: a command that writes no file does not wait for it.
    from tearline_client.connectors.exporters.files import create_file, verify_free
    from tearline_client.rendering.packet_document import copy_of

    if target is not None:
        verify_free(target.parent, target.name)  # a failed print is not logged as done
    async with open_node(cli) as node:
        await look(cli, node, sync=sync)
        packet_id = node.packets.find(packet)
        person = acting_on(cli, node, packet_id)
        copy = await node.packets.print(packet_id, acted_by=person, person=cli.settings.person)
        text = _rendered(copy_of(node, copy), form)
    if target is None:
        print_lines(text)
        return
    with create_file(target.parent, target.name) as stream:
        stream.write(text.encode("utf-8"))
    cli.say(f"Wrote {target}.")


def _rendered(copy: "Document", form: str) -> str:
    if form == "text":
        from tearline_client.rendering.document import to_text

        return to_text(copy)
    # Imported here: only this command writes HTML.
    from tearline_client.rendering.document_html import to_html

    return to_html(copy)
