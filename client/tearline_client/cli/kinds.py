"""``tearline packet kinds``: what the body of each kind of packet holds."""

import click

from tearline.bodies.registry import KINDS
from tearline.packets.packet import PacketKind
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.rendering.output import print_lines


@click.command(cls=Command)
@click.argument("kind", required=False, type=click.Choice([kind.value for kind in KINDS]))
@click.option("--example", is_flag=True, help="Print a file that makes a packet of KIND.")
@pass_cli
def kinds(cli: CliContext, kind: str | None, example: bool) -> None:
    """Show what a packet of each kind must hold and may hold, or all of KIND.

    Entities of any other schema may stand beside what is listed, and so may a narrative and
    documents.
    """
    if example:
        if kind is None:
            raise click.UsageError("--example shows one KIND")
        print_lines(KINDS[PacketKind(kind)].example)
        return
    if kind is None:
        cli.emit(
            ({"kind": rules.kind.value, "tells": rules.meaning} for rules in KINDS.values()),
            ["kind", "tells"],
        )
        return
    cli.emit(
        (
            {
                "field": f"{part.schema}/{detail.name}",
                "needed": "yes" if detail.required else "no",
                "values": "several" if detail.many else "one",
                "holds": detail.holds.meaning,
                "example": detail.holds.example,
            }
            for part in KINDS[PacketKind(kind)].parts
            for detail in part.details
        ),
        ["field", "needed", "values", "holds", "example"],
    )
