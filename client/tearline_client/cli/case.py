"""``tearline case``: joint cases, as visible to this agency."""

from collections.abc import Awaitable, Callable

import click

from tearline.cases.case import Membership
from tearline.errors import MalformedInput
from tearline.statements.statement import ActedBy
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Group
from tearline_client.cli.options import FREE_TEXT, free_text, yes_option
from tearline_client.cli.release_options import repeats_option
from tearline_client.cli.session import acting, look, node_command
from tearline_client.features.cases.views import CaseView
from tearline_client.node import Node
from tearline_client.rendering.words import Id, agency_name, moment


@click.group(cls=Group)
def command() -> None:
    """Open, join, show and close joint cases.

    The agency that opens a case leads it and invites partners. The lead tells each member about the
    other members that it may see. Members decide whether a newcomer may join.

    To file a packet in a case, name the case as you send it: `tearline packet send FILE --case
    TITLE`. `tearline inbox --case TITLE` lists the packets of partners in it.
    """


_hidden_from = click.option(
    "--hidden-from",
    "hidden",
    multiple=True,
    metavar="AGENCY",
    help="A member that must not see this one, nor be seen by it.",
)


@command.command(name="open")
@click.argument("title", type=FREE_TEXT)
@click.option("--agreement", required=True, help="The agreement of the case.")
@click.option(
    "--with",
    "partners",
    multiple=True,
    required=True,
    metavar="AGENCY",
    help="Partner; repeatable.",
)
@free_text("--summary", help="A summary; members read it.")
@repeats_option
@click.option(
    "--hide",
    "pairs",
    multiple=True,
    metavar="ONE:OTHER",
    help="Two members that must not see each other.",
)
@node_command
async def open_command(
    cli: CliContext,
    node: Node,
    title: str,
    agreement: str,
    partners: tuple[str, ...],
    summary: str,
    repeats: str,
    pairs: tuple[str, ...],
) -> None:
    """Open the case TITLE, and invite partners to it.

    Example: tearline case open Riverbank --agreement narcotics-2026 --with mx-prosecutor
    """
    await look(cli, node)
    terms = node.agreements.by_name(agreement)
    case_id = await node.case_decisions.open(
        terms,
        title,
        partners,
        summary=summary,
        hidden=map(_pair, pairs),
        repeats=repeats,
        acted_by=acting(cli, node, terms.id),
    )
    cli.emit([{"id": Id(case_id), "title": title}], ["id", "title"])
    cli.say(f"Opened the case {title}, and invited {', '.join(partners)}.")
    cli.advise(f"tearline case show {Id(case_id).text()}")


@command.command(name="list")
@node_command
async def list_command(cli: CliContext, node: Node) -> None:
    """List the cases that this agency leads, has joined, or is invited to.

    Example: tearline case list
    """
    await look(cli, node, sync=False)
    members = node.directory.members()
    rows = [
        {
            "id": Id(view.id),
            "title": view.title,
            "lead": agency_name(members, view.lead),
            "standing": view.standing.value,
            "members": " ".join(agency_name(members, uri) for uri in view.members),
            "to_join": " ".join(agency_name(members, uri) for uri in view.asked),
        }
        for view in node.cases.all()
    ]
    columns = ["id", "title", "lead", "standing", "members", "to_join"]
    cli.emit(rows, columns)


@command.command()
@click.argument("case")
@node_command
async def show(cli: CliContext, node: Node, case: str) -> None:
    """Show the visible members of CASE, given by its title or the beginning of its id.

    Example: tearline case show Riverbank
    """
    members = node.directory.members()
    view = node.cases.find(case)
    cli.say(f"{view.title}: {view.summary}" if view.summary else view.title)
    for reason in node.cases.reasons(view):
        cli.say(f"Repeats values that a partner may not have in clear: {reason}")
    standings = dict.fromkeys(view.members, "in") | dict.fromkeys(view.asked, "to join")
    standings |= {uri: standing.value for uri, standing in view.seats.items()}
    standings[view.lead] = "leads"
    rows = [
        {"agency": agency_name(members, uri), "standing": standings[uri]}
        for uri in sorted(standings)
    ]
    cli.emit(rows, ["agency", "standing"])
    if view.standing is Membership.INVITED:
        cli.advise(f"tearline case join {Id(view.id).text()}, or tearline case decline")


@command.command()
@click.argument("case")
@node_command
async def timeline(cli: CliContext, node: Node, case: str) -> None:
    """Show the events of CASE known to this node, in the order of the log.

    Example: tearline case timeline Riverbank
    """
    await look(cli, node)
    members = node.directory.members()

    def name(uri: str) -> str:
        return agency_name(members, uri) if uri else ""

    rows = [
        {
            "entry": event.entry,
            "time": moment(event.time_ms),
            "what": event.what,
            "by": name(event.actor),
            "with": name(event.counterpart),
            "about": event.about,
        }
        for event in node.cases.timeline(node.cases.find(case))
    ]
    cli.emit(rows, ["entry", "time", "what", "by", "with", "about"])


@command.command()
@click.argument("case")
@click.argument("partner")
@_hidden_from
@repeats_option
@node_command
async def invite(
    cli: CliContext, node: Node, case: str, partner: str, hidden: tuple[str, ...], repeats: str
) -> None:
    """Invite PARTNER to CASE, which this agency leads.

    PARTNER is in the case once it accepts and every member that may see it consents.

    Example: tearline case invite Riverbank cn-public-security
    """
    await _act(
        cli,
        node,
        case,
        lambda view, by: node.case_decisions.invite(
            view, partner, hidden_from=hidden, repeats=repeats, acted_by=by
        ),
    )


@command.command()
@click.argument("case")
@node_command
async def join(cli: CliContext, node: Node, case: str) -> None:
    """Accept the invitation to CASE.

    By joining, this agency consents to the other invited agencies that `tearline case show` lists
    as "to join".

    Example: tearline case join Riverbank
    """
    await _act(
        cli, node, case, lambda view, by: node.case_decisions.take(view, "join", acted_by=by)
    )


@command.command()
@click.argument("case")
@node_command
async def decline(cli: CliContext, node: Node, case: str) -> None:
    """Decline the invitation to CASE permanently.

    Example: tearline case decline Riverbank
    """
    await _act(
        cli, node, case, lambda view, by: node.case_decisions.take(view, "decline", acted_by=by)
    )


@command.command()
@click.argument("case")
@click.argument("agency")
@node_command
async def consent(cli: CliContext, node: Node, case: str, agency: str) -> None:
    """Consent that AGENCY joins CASE.

    Example: tearline case consent Riverbank cn-public-security
    """
    await _act(
        cli,
        node,
        case,
        lambda view, by: node.case_decisions.answer(view, agency, consent=True, acted_by=by),
    )


@command.command(name="object")
@click.argument("case")
@click.argument("agency")
@node_command
async def object_command(cli: CliContext, node: Node, case: str, agency: str) -> None:
    """Object to AGENCY joining CASE, which keeps it out.

    Example: tearline case object Riverbank cn-public-security
    """
    await _act(
        cli,
        node,
        case,
        lambda view, by: node.case_decisions.answer(view, agency, consent=False, acted_by=by),
    )


@command.command()
@click.argument("case")
@yes_option
@node_command
async def leave(cli: CliContext, node: Node, case: str, yes: bool) -> None:
    """Leave CASE permanently; filed packets stay filed.

    Example: tearline case leave Riverbank
    """
    await _act(
        cli,
        node,
        case,
        lambda view, by: node.case_decisions.take(view, "leave", acted_by=by),
        warning=None if yes else "This agency leaves the case and cannot rejoin it.",
    )


@command.command()
@click.argument("case")
@yes_option
@node_command
async def close(cli: CliContext, node: Node, case: str, yes: bool) -> None:
    """Close CASE, which this agency leads, permanently and for all members.

    Example: tearline case close Riverbank
    """
    await _act(
        cli,
        node,
        case,
        lambda view, by: node.case_decisions.take(view, "close", acted_by=by),
        warning=None if yes else "After that, no packet can be filed under the case.",
    )


async def _act(
    cli: CliContext,
    node: Node,
    case: str,
    act: Callable[[CaseView, ActedBy | None], Awaitable[None]],
    *,
    warning: str | None = None,
) -> None:
    """Receives new messages, acts on a case, and prints the resulting standing."""
    await look(cli, node)
    view = node.cases.find(case)
    if warning is not None:
        cli.confirm(warning, view.title, yes=False)
    await act(view, acting(cli, node, view.agreement_id))
    view = node.cases.find(view.id.hex())
    until = ", until its lead admits this agency" if view.standing is Membership.WAITING else ""
    cli.say(f"{view.title}: {view.standing.value}{until}")
    cli.advise(f"tearline case show {Id(view.id).text()}")


def _pair(text: str) -> tuple[str, str]:
    one, colon, other = text.partition(":")
    if not (one and colon and other):
        raise MalformedInput("expected two agencies, as ONE:OTHER")
    return one, other
