"""``tearline consent own``: fields of a partner that this agency has from another source."""

import click

from tearline.persons.tokens import Role
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import free_text
from tearline_client.cli.session import node_command, received_packet
from tearline_client.node import Node
from tearline_client.rendering.packets import short
from tearline_client.rendering.words import Id, moment


@click.command(cls=Command)
@click.argument("packet")
@click.argument("field")
@free_text("--reason", required=True, help="The other source of the value; it is kept.")
@node_command
async def own(cli: CliContext, node: Node, packet: str, field: str, reason: str) -> None:
    """Record, as an officer, that this agency has the value of FIELD from another source.

    FIELD is one of a partner's PACKET. Sending our own value then does not count as copying the
    partner's. The record keeps the officer's name: `tearline consent own-list`.

    Example: tearline --as olga consent own 5f0c9a1b iban --reason "bank statement of 2 March"
    """
    person = node.persons.person(cli.settings.person, Role.OFFICER)
    packet_id = await received_packet(cli, node, packet)
    path = node.packets.path_of(packet_id, field)
    node.own_sources.record(packet_id, path, reason, person=person)
    cli.say("Recorded. Sending our own value no longer counts as copying that field.")


@click.command(name="own-list", cls=Command)
@node_command
async def own_list(cli: CliContext, node: Node) -> None:
    """List the fields that officers recorded as known from other sources.

    Example: tearline consent own-list
    """
    rows = [
        {
            "packet": Id(each.packet),
            "field": short(each.path),
            "officer": each.person,
            "at": moment(each.time_ms),
            "reason": each.reason,
        }
        for each in node.own_sources.all()
    ]
    cli.emit(rows, ["packet", "field", "officer", "at", "reason"])
