"""``tearline export``: readable fields in formats of other programs."""

from pathlib import Path

import click

from tearline.audit.event import EventCode
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FILE
from tearline_client.cli.session import async_command, open_node
from tearline_client.connectors.exporters.files import create_file, verify_free
from tearline_client.connectors.exporters.ftm import encode_entity, without_extension
from tearline_client.rendering.output import print_lines


@click.group(cls=Group)
def command() -> None:
    """Export readable fields for other programs."""


@command.command()
@click.argument("packets", nargs=-1)
@click.option("--output-file", "target", type=FILE, help="A new file; by default standard output.")
@click.option(
    "--plain", is_flag=True, help="Convert Tearline's own schemata to standard FollowTheMoney."
)
@async_command
async def ftm(cli: CliContext, packets: tuple[str, ...], target: Path | None, plain: bool) -> None:
    """Export PACKETS, or all packets here, as FollowTheMoney JSON lines.

    The file holds readable fields only. Properties in generalised form stand under the entity's key
    "generalised". Without PACKETS, the command leaves out corrected packets. It also leaves out a
    partner's packets that do not form entities, and names them.

    Example: tearline export ftm --output-file all.ftm.json
    """
    if target is not None:
        verify_free(target.parent, target.name)  # a failed export is not logged as done

    async with open_node(cli) as node:
        ids = [node.packets.find(prefix) for prefix in packets]
        act = EventCode.ACCESS_PRINT if target is None else EventCode.ACCESS_EXPORT
        with cli.progress("Exporting", None):
            made = node.packets.export(ids, person=cli.settings.person, act=act)
        corrected = node.corrections.corrected_by(made.fields)
    for packet_id, why in made.left_out.items():
        cli.say(f"Left out packet {packet_id.hex()[:12]}: it forms no entities: {why}.")
    for packet_id, last in corrected.items():
        cli.say(f"Packet {packet_id.hex()[:12]} was corrected by {last.hex()[:12]}.")
    lines = [
        encode_entity(
            without_extension(entity, generalised=coarse) if plain else entity, generalised=coarse
        )
        for entity, coarse in made.entities
    ]
    if target is None:
        for line in lines:
            print_lines(line.decode("utf-8"))
    else:
        with create_file(target.parent, target.name) as stream:
            stream.writelines(lines)
    cli.say(f"{len(lines)} entities.")
    for words in made.caveats:
        cli.say(words)
