"""``tearline packet kinds``: the contents of each kind of packet."""

import click

from tearline.bodies.registry import KINDS
from tearline.packets.packet import PacketKind
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.rendering.output import print_lines


@click.command(cls=Command)
@click.argument("kind", required=False, type=click.Choice([kind.value for kind in KINDS]))
@click.option("--example", is_flag=True, help="Print a sample file for KIND.")
@pass_cli
def kinds(cli: CliContext, kind: str | None, example: bool) -> None:
    """List the kinds of packet, or the required and optional fields of KIND.

    A packet may also hold entities of other schemata, a narrative and documents.

    Example: tearline packet kinds lead
    """
    if example:
        if kind is None:
            raise click.UsageError("--example needs a KIND")
        print_lines(KINDS[PacketKind(kind)].example)
        return
    if kind is None:
        cli.emit(
            ({"kind": rules.kind.value, "tells": rules.meaning} for rules in KINDS.values()),
            ["kind", "tells"],
        )
        return
    parts = KINDS[PacketKind(kind)].parts
    cli.emit(
        (
            {
                "field": f"{part.schema}/{detail.name}",
                "needed": "yes" if detail.required else "no",
                "values": "several" if detail.many else "one",
                "holds": detail.holds.meaning,
                "example": detail.holds.example,
            }
            for part in parts
            for detail in part.details
        ),
        ["field", "needed", "values", "holds", "example"],
    )
    if not parts:
        cli.say(f"A {kind} requires no field. Next: tearline packet kinds {kind} --example")
