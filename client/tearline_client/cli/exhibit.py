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
    "--certified-by",
    type=click.Choice(["statements", "directory"]),
    help="What certifies the signer: statements, for any reader with the federation id; or the"
    " directory, for readers with a policy file. By default statements; at a light node, and where"
    " they do not fit, the directory.",
)
@click.option(
    "--sync/--no-sync", default=True, show_default=True, help="Synchronise the log first."
)
@async_command
async def exhibit(
    cli: CliContext,
    packet: str,
    fields: tuple[str, ...],
    target: Path,
    receipts: bool,
    certified_by: str | None,
    sync: bool,
) -> None:
    """Write a file that proves FIELDs of PACKET to an outsider and reveals no other field.

    PACKET is the beginning of its id. FIELD is a path, the end of a path, or slot:N. The reader
    verifies the file offline with the federation id and no key: `tearline audit verify`. The file
    also reveals the manifest, such as the case and the article. Certified by the directory, it is
    smaller, and its reader needs a policy file in place of the id: `tearline audit policy
    --counted`. That form takes the exchange.

    Of a partner's packet, you can show fields whose marking allows passing on. Others require the
    originator's consent to use in evidence: `tearline consent ask --use evidence`. It takes a
    person with any role but auditor alone. The command sends nothing and notifies no partner.

    Example: tearline packet exhibit 5f0c9a1b iban --output-file iban.exhibit
    """
    # Imported here: a command that writes no file does not wait for it.
    from tearline_client.audit.exhibit_verifier import certification_of_file
    from tearline_client.audit.proofs import Certification
    from tearline_client.connectors.exporters.files import create_file, verify_free

    verify_free(target.parent, target.name)  # a failed export is not logged as done

    async with open_node(cli) as node:
        if sync:
            await node.log.follow()
        packet_id = node.packets.find(packet)
        text = await node.audit.exhibit(
            packet_id,
            fields,
            receipts=receipts,
            certified_by=None if certified_by is None else Certification(certified_by),
            person=cli.settings.person,
        )
        federation = node.directory.federation().hex()
    with create_file(target.parent, target.name) as stream:
        stream.write(text.encode("ascii"))
    by = certification_of_file(text)
    row = {"file": str(target), "federation": federation, "certified_by": by.value}
    cli.emit([row], ["file"])
    proves = f"The exhibit proves {counted(len(set(fields)), 'field')}."
    if by is Certification.STATEMENTS:
        cli.say(f"{proves} Give its reader this federation\nid out of band: {federation}")
        return
    if certified_by is None:
        cli.say("The directory certifies its signer: the statements of all members are not here,")
        cli.say("or do not fit one exhibit.")
    cli.say(f"{proves} Its reader needs a policy file, compared out")
    cli.say("of band: `tearline audit policy --counted --output-file FILE`.")
