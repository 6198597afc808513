"""``tearline consent``: consent to the onward use of received packets."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click

from tearline.federation.versions import Members
from tearline.onward.consent import ConsentStep
from tearline.onward.use import Use
from tearline_client.cli.confirmation import confirm_fields
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command, Group
from tearline_client.cli.options import free_text, sync_option, yes_option
from tearline_client.cli.own_sources import own, own_list
from tearline_client.cli.release import emit_released
from tearline_client.cli.release_options import repeats_option
from tearline_client.cli.session import acting, acting_on, look, node_command, received_packet
from tearline_client.drafting.release import give_consent, takes_two, verify_person
from tearline_client.node import Node
from tearline_client.planning.drafts import last_ms
from tearline_client.rendering.consents import scope_text, status_at
from tearline_client.rendering.packets import short
from tearline_client.rendering.words import Id, agency_name, moment
from tearline_client.store.consents import ConsentRecord

_DATE = click.DateTime(["%Y-%m-%d"])
_COLUMNS = ["consent", "side", "partner", "use", "status", "fields", "for", "until"]


@click.group(cls=Group)
def command() -> None:
    """Ask for, give, refuse and withdraw consent to the onward use of a packet."""


command.add_command(own)
command.add_command(own_list)


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options of the asking agency."""
    for option in (
        click.option("--until", type=_DATE, help="Last day, UTC; by default the packet's own end."),
        free_text("--note", help="The reason, for the packet's originator."),
        repeats_option,
    ):
        function = option(function)
    return function


@click.command(name="pass-on", cls=Command)
@click.argument("packet")
@click.argument("fields", metavar="FIELD...", nargs=-1, required=True)
@click.option("--to", required=True, help="Third party: an agency or a node URI.")
@_asking
@node_command
async def pass_on(
    cli: CliContext,
    node: Node,
    packet: str,
    fields: tuple[str, ...],
    to: str,
    until: datetime | None,
    note: str,
    repeats: str,
) -> None:
    """Ask the originator of PACKET to grant FIELDs of it to a third party.

    The fields are not copied. If the originator consents, its node sends them under its own
    policies.

    Example: tearline --as li packet pass-on 5f0c9a1b iban --to cn-public-security
    """
    packet_id = await received_packet(cli, node, packet)
    paths = [node.packets.path_of(packet_id, field) for field in fields]
    person = acting_on(cli, node, packet_id)
    record = await node.consents.pass_on(
        packet_id,
        paths,
        to,
        ends_ms=_ends_ms(until),
        note=note,
        repeats=repeats,
        acted_by=person,
    )
    _emit(cli, record, node.directory.members())


@command.command()
@click.argument("packet")
@click.argument("fields", metavar="FIELD...", nargs=-1, required=True)
@click.option(
    "--use",
    type=click.Choice([Use.EVIDENCE.value, Use.PURPOSE.value]),
    required=True,
    help="Use in evidence, or for another purpose.",
)
@click.option("--for", "scope", required=True, help="The proceedings, or the purpose.")
@_asking
@node_command
async def ask(
    cli: CliContext,
    node: Node,
    packet: str,
    fields: tuple[str, ...],
    use: str,
    scope: str,
    until: datetime | None,
    note: str,
    repeats: str,
) -> None:
    """Ask the originator of PACKET for another use of FIELDs: evidence, or another purpose.

    Example: tearline --as li consent ask 5f0c9a1b iban --use evidence --for "case 12/2026"
    """
    packet_id = await received_packet(cli, node, packet)
    paths = [node.packets.path_of(packet_id, field) for field in fields]
    person = acting_on(cli, node, packet_id)
    record = await node.consents.ask(
        packet_id,
        paths,
        Use(use),
        scope,
        ends_ms=_ends_ms(until),
        note=note,
        repeats=repeats,
        acted_by=person,
    )
    _emit(cli, record, node.directory.members())


@command.command(name="list")
@sync_option
@node_command
async def list_command(cli: CliContext, node: Node, sync: bool) -> None:
    """List the consents asked by this agency and of it, with their status.

    Example: tearline consent list
    """
    await look(cli, node, sync=sync)
    members, now_ms = node.directory.members(), node.now_ms()
    waiting = node.approvals.by_question()
    rows = [
        {
            **_row(record, members, now_ms),
            "waits": "for a second person" if record.id in waiting else "",
        }
        for record in node.consents.all()
    ]
    cli.emit(rows, [*_COLUMNS, "waits"])


@command.command()
@click.argument("consent")
@sync_option
@node_command
async def show(cli: CliContext, node: Node, consent: str, sync: bool) -> None:
    """Show every step of CONSENT (the beginning of its id), with fields and notes.

    Example: tearline consent show 5f0c9a1b
    """
    await look(cli, node, sync=sync)
    record = node.consents.find(consent)
    members = node.directory.members()
    rows = [
        {
            "step": step.consent.step.value,
            "by": "us" if step.ours else agency_name(members, record.peer),
            "at": moment(step.time_ms),
            "fields": " ".join(short(path) for path in step.terms.fields),
            "for": scope_text(record.use, step.terms.scope, members),
            "until": moment(step.consent.ends_ms),
            "note": step.terms.note,
            "repeats": node.packets.repeats_in(step.id),
            "packet": record.packet.hex(),
            "paths": list(step.terms.fields),
        }
        for step in record.steps
    ]
    cli.emit(rows, ["step", "by", "at", "fields", "for", "until", "note"])


@command.command()
@click.argument("consent")
@click.argument("fields", metavar="[FIELD]...", nargs=-1)
@click.option("--until", type=_DATE, help="Last day, UTC; by default as asked.")
@free_text("--note", help="A note for the asker.")
@repeats_option
@click.option("--dry-run", is_flag=True, help="Show the request only; do not give consent.")
@yes_option
@node_command
async def give(
    cli: CliContext,
    node: Node,
    consent: str,
    fields: tuple[str, ...],
    until: datetime | None,
    note: str,
    repeats: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Give CONSENT, which a partner asked for, to all requested fields or to some FIELDs.

    The command shows the fields and asks for confirmation; in a script, pass --yes.

    The act requires a liaison. If the partner asked to pass the fields on, this node grants them to
    the third party itself, within the agreement; the partner is then notified. If the packet's
    article requires two persons, the consent waits for the second: `tearline packet pending`.

    Example: tearline --as li consent give 5f0c9a1b
    """
    await look(cli, node)
    record, members = node.consents.find(consent), node.directory.members()
    paths = [node.packets.path_of(record.packet, field) for field in fields]
    if dry_run:
        _emit(cli, record, members)
        return
    reference = node.packets.manifest(record.packet).agreement
    if not takes_two(node, reference.id, reference.article):
        verify_person(acting(cli, node, reference.id))
        if not yes:
            _confirm(cli, node, record, paths, note=note)
    given = await give_consent(
        node,
        record,
        paths,
        ends_ms=_ends_ms(until),
        note=note,
        repeats=repeats,
        person=cli.settings.person,
    )
    if isinstance(given, bytes):
        emit_released(cli, given)
    else:
        _emit(cli, given, members)


@command.command()
@click.argument("consent")
@free_text("--note", help="The reason, for the asker.")
@repeats_option
@node_command
async def refuse(cli: CliContext, node: Node, consent: str, note: str, repeats: str) -> None:
    """Refuse CONSENT.

    Example: tearline --as li consent refuse 5f0c9a1b
    """
    await look(cli, node)
    record = node.consents.find(consent)
    person = acting_on(cli, node, record.packet)
    refused = await node.consents.refuse(record.id, note=note, repeats=repeats, acted_by=person)
    _emit(cli, refused, node.directory.members())


@command.command()
@click.argument("consent")
@free_text("--note", help="The reason, for the other party.")
@repeats_option
@yes_option
@node_command
async def withdraw(
    cli: CliContext, node: Node, consent: str, note: str, repeats: str, yes: bool
) -> None:
    """Withdraw CONSENT, which this agency gave or asked for, permanently.

    A third party keeps the fields that it was granted. To take them back, use `tearline packet
    recall`.

    Example: tearline --as li consent withdraw 5f0c9a1b
    """
    await look(cli, node)
    record, members = node.consents.find(consent), node.directory.members()
    name = agency_name(members, record.peer)
    cli.confirm(f"The consent between this agency and {name} ends permanently.", name, yes=yes)
    person = acting_on(cli, node, record.packet)
    withdrawn = await node.consents.withdraw(record.id, note=note, repeats=repeats, acted_by=person)
    _emit(cli, withdrawn, members)


def _confirm(
    cli: CliContext,
    node: Node,
    record: ConsentRecord,
    paths: Sequence[str],
    *,
    note: str,
) -> None:
    """Shows the fields to give, by default all requested ones, and asks for confirmation."""
    wanted = record.said[ConsentStep.ASK].terms if ConsentStep.ASK in record.said else None
    if wanted is None:
        return  # nobody asked: giving it is refused
    chosen, passes_on = set(paths or wanted.fields), record.use is Use.PASS_ON
    recipient = wanted.scope if passes_on else record.peer
    shown = node.packets.fields(record.packet, chosen, person=cli.settings.person)
    fields = [(opened, recipient) for opened in shown]
    act = "will be disclosed to" if passes_on else f"may be used ({record.use.value}) by"
    confirm_fields(cli, node, fields, yes=False, words=note, act=act)


def _ends_ms(until: datetime | None) -> int:
    """Returns the last millisecond of a day in UTC; 0 without a day."""
    return 0 if until is None else last_ms(until)


def _emit(cli: CliContext, record: ConsentRecord, members: Members) -> None:
    cli.emit([_row(record, members, 0)], _COLUMNS)
    cli.advise(f"tearline consent show {Id(record.id).text()}")


def _row(record: ConsentRecord, members: Members, now_ms: int) -> dict[str, object]:
    wanted = record.wanted
    ends_ms = wanted.consent.ends_ms if wanted else 0
    return {
        "consent": Id(record.id),
        "side": "asked by us" if record.asked_here else "asked of us",
        "partner": agency_name(members, record.peer),
        "use": record.use.value,
        "status": status_at(record, now_ms),
        "fields": " ".join(short(path) for path in wanted.terms.fields) if wanted else "",
        "for": scope_text(record.use, wanted.terms.scope, members) if wanted else "",
        "until": moment(ends_ms),
        "packet": Id(record.packet),
        "id": record.id.hex(),
    }
