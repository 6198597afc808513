"""``tearline agreement suspend``, ``resume``, ``end`` and ``gap``: suspension of agreements."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from tearline.errors import ActQueued
from tearline.federation.versions import Members
from tearline.persons.tokens import Role
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import yes_option
from tearline_client.cli.session import (
    acting,
    async_command,
    look,
    node_command,
    open_node,
    person_of,
)
from tearline_client.features.suspensions.effects import Effects
from tearline_client.features.suspensions.gaps import Marks
from tearline_client.features.suspensions.service import Position
from tearline_client.node import Node
from tearline_client.rendering.agreements import direction_of, scope_text
from tearline_client.rendering.words import agency_name, moment, since_text, time_text

F = TypeVar("F", bound=Callable[..., Any])

_REASONS = click.Choice([reason.value for reason in Reason])
_article = click.option("--article", default="", help="Only this article.")
_direction = click.option(
    "--direction", metavar="FROM:TO", default="", help="Only this direction of the article."
)


def _fate_options(*, hold: str, returned: str, freeze: str) -> Callable[[F], F]:
    """Returns the options for mail in flight and for packets sent earlier.

    Args:
        hold: Help of ``--hold``.
        returned: Help of ``--return``.
        freeze: Help of ``--freeze``.
    """
    options = (
        click.option("--hold", "in_flight", flag_value="hold", default=True, help=hold),
        click.option("--return", "in_flight", flag_value="return", help=returned),
        click.option("--keep", "originated", flag_value="keep", default=True, help="Partners keep earlier packets (default)."),  # noqa: E501
        click.option("--freeze", "originated", flag_value="freeze", help=freeze),
        click.option("--erase", "originated", flag_value="erase", help="Recall earlier packets: partners erase them, or keep them with a ground."),  # noqa: E501
        click.option("--reason", type=_REASONS, required=True, help="The reason, visible to every member."),  # noqa: E501
    )  # fmt: skip

    def add(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


@click.command(cls=Command)
@click.argument("name")
@_article
@_direction
@_fate_options(
    hold="Reissue undelivered mail on resumption (default).",
    returned="Do not reissue undelivered mail.",
    freeze="Partners may not open earlier packets until resumption.",
)
@yes_option
@async_command
async def suspend(
    cli: CliContext,
    name: str,
    article: str,
    direction: str,
    in_flight: str,
    originated: str,
    reason: str,
    yes: bool,
) -> None:
    """Suspend agreement NAME, one of its articles, or one direction of an article.

    Your agency stops at once: this node neither sends nor accepts under it, even if the exchange is
    unreachable. Partners stop when they receive the notice.

    Example: tearline --as olga agreement suspend narcotics-2026 --reason review
    """
    async with open_node(cli) as node:
        members = node.directory.members()
        sender, recipient = direction_of(members, direction)
        suspension = Suspension(
            article=article,
            sender=sender,
            recipient=recipient,
            reason=Reason(reason),
            in_flight=InFlight(in_flight),
            originated=Originated(originated),
        )
        scope = scope_text(members, suspension)
        erased = " Partners erase earlier packets." if originated == Originated.ERASE else ""
        done = f"{name}: {scope} is suspended here."
        found = node.agreements.by_name(name)
        person = person_of(cli, node, found.id)
        stands = await node.suspensions.standing(found, suspension, acted_by=person)
        if stands is not None:
            cli.say(f"{name}: {scope} is suspended {since_text(stands.since_ms)}. Nothing changed.")
            if stands.suspension != suspension:
                cli.say("Only an officer may change its reason and the handling of packets.")
            return
        counts = _counts(members, await node.suspensions.effects(found, suspension))
        cli.confirm(f"This stops {scope} of {name}.{erased} {counts}", name, yes=yes)
        try:
            await node.suspensions.suspend(name, suspension, acted_by=person)
            await node.refresh()
        except ActQueued:
            cli.say(done)
            _say_recalled(cli, originated)
            raise
        waits = any(
            position.since_ms is None
            for position in node.suspensions.positions(found)
            if position.agency == node.identity().agency_uri
        )
    cli.say(done)
    _say_recalled(cli, originated)
    if waits:
        cli.say("The exchange is not notified yet; the node retries until it is.")
    cli.advise(f"an officer lifts it: tearline --as OFFICER agreement resume {name}")


@click.command(cls=Command)
@click.argument("name")
@_article
@_direction
@async_command
async def resume(cli: CliContext, name: str, article: str, direction: str) -> None:
    """Resume agreement NAME, as an officer, after a suspension by this agency.

    By default, the command lifts all suspensions by this agency; those by partners stay. Held mail
    is reissued within the current policies. The command lists partners that still hold a packet
    without its later correction.

    Example: tearline --as olga agreement resume narcotics-2026
    """
    async with open_node(cli) as node:
        members = node.directory.members()
        ends = direction_of(members, direction)
        scope = (article, *ends) if article else None
        await look(cli, node)
        person = acting(cli, node, node.agreements.by_name(name).id, Role.OFFICER)
        lifted = await node.suspensions.resume(name, scope, acted_by=person)
        await node.refresh()
        outdated = node.corrections.outdated(node.agreements.by_name(name))
    for suspension in lifted:
        cli.say(f"{name}: {scope_text(members, suspension)} is resumed.")
    for each in outdated:
        partner, packet = agency_name(members, each.recipient), each.packet.hex()[:12]
        cli.say(
            f"{partner} still holds packet {packet}, without its correction"
            f" {each.correction.hex()[:12]}. Next: send it a new packet."
        )
    cli.advise(f"tearline agreement gap {name}, the proof of the interval")


@click.command(cls=Command)
@click.argument("name")
@_fate_options(
    hold="Log undelivered mail as held; it is never reissued (default).",
    returned="Log undelivered mail as returned; it is never reissued.",
    freeze="Partners may not open earlier packets any more.",
)
@yes_option
@async_command
async def end(
    cli: CliContext, name: str, in_flight: str, originated: str, reason: str, yes: bool
) -> None:
    """End agreement NAME, as an officer, permanently for this agency.

    Example: tearline --as olga agreement end narcotics-2026 --reason legal
    """
    cli.confirm(f"This ends {name} for this agency. It cannot be resumed.", name, yes=yes)

    async with open_node(cli) as node:
        person = acting(cli, node, node.agreements.by_name(name).id, Role.OFFICER)
        await node.suspensions.end(
            name,
            reason=Reason(reason),
            in_flight=InFlight(in_flight),
            originated=Originated(originated),
            acted_by=person,
        )
        await node.refresh()
    cli.say(f"{name} is ended for this agency.")
    _say_recalled(cli, originated)


@click.command(cls=Command)
@click.argument("name")
@node_command
async def gap(cli: CliContext, node: Node, name: str) -> None:
    """Show traffic and proof of the intervals in which agreement NAME was suspended.

    The rows come from this node's records: the marks that both parties signed at suspension and
    resumption, and the log entries between them. Only voids, and receipts for earlier mail, may lie
    between.

    Example: tearline agreement gap narcotics-2026
    """
    members = node.directory.members()
    rows = [
        {
            "article": found.article,
            "from": agency_name(members, found.sender),
            "to": agency_name(members, found.recipient),
            "suspended": moment(found.interval.start.time_ms),
            "resumed": moment(found.interval.end.time_ms) if found.interval.end else None,
            "marks_before": _marks(found.before),
            "marks_after": _marks(found.after),
            "between": " ".join(f"{code}:{count}" for code, count in found.between.items()),
            "crossed": len(found.crossed),
            "proved": found.proved,
            "entries": [
                found.interval.start.entry,
                *(entry for entry in found.before.entries if entry is not None),
                *([found.interval.end.entry] if found.interval.end else []),
                *(entry for entry in found.after.entries if entry is not None),
            ],
            "crossing": list(found.crossed),
        }
        for found in node.suspensions.gaps(node.agreements.by_name(name))
    ]
    columns = ["article", "from", "to", "suspended", "resumed", "marks_before", "marks_after"]
    cli.emit(rows, [*columns, "between", "crossed", "proved"])


def say_positions(cli: CliContext, members: Members, positions: tuple[Position, ...]) -> None:
    """Prints every open suspension."""
    for position in positions:
        suspension = position.suspension
        since = (
            f"since {time_text(position.since_ms)}"
            if position.since_ms is not None
            else "here only: the exchange has not accepted it yet"
        )
        refused = f" (refused with {position.code})" if position.code else ""
        cli.say(
            f"{'Ended' if position.ended else 'Suspended'} by"
            f" {agency_name(members, position.agency)}: {scope_text(members, suspension)},"
            f" {since}{refused}; reason {suspension.reason.value}, mail in flight:"
            f" {suspension.in_flight.value}, earlier packets: {suspension.originated.value}."
        )


def _say_recalled(cli: CliContext, originated: str) -> None:
    if originated == Originated.ERASE:
        cli.say(
            "Earlier packets are recalled; `tearline packet recalls` lists the answers. Earlier "
            "reading, printing and copying by partners cannot be undone."
        )


def _counts(members: Members, effects: Effects) -> str:
    def total(counts: Mapping[str, int]) -> str:
        found = sorted((agency_name(members, uri), count) for uri, count in counts.items())
        return ", ".join(f"{count} for {name}" for name, count in found) or "none"

    least = "" if effects.is_complete else " Counted: the newest packets."
    return (
        f"Packets not delivered yet: {total(effects.undelivered)}."
        f" Delivered earlier: {total(effects.delivered)}.{least}"
    )


def _marks(marks: Marks) -> str:
    sent, received = ("none" if n is None else str(n) for n in (marks.sent, marks.received))
    return f"sent {sent}, received {received}"
