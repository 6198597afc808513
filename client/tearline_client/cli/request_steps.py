"""``tearline request admit|reject|clarify|…``: steps of a request by either party."""

from collections.abc import Callable

import click

from tearline.packets.packet import Urgency
from tearline.requests.step import Ground, Side, StepKind
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import free_text, yes_option
from tearline_client.cli.release_options import repeats_option
from tearline_client.cli.request_rows import catch_up, emit_request, item_option, text_option
from tearline_client.cli.session import async_command, node_command, open_node, person_of
from tearline_client.features.requests.choices import StepChoice, take_step
from tearline_client.features.requests.views import RequestView
from tearline_client.node import Node

_DAY_MS = 24 * 3_600_000
_needed_text = free_text("--text", required=True, help="A note that only the other party can read.")
_URGENCIES = click.Choice([each.value for each in Urgency if each is not Urgency.PRESERVE])


# Steps of the holder.


@click.command(cls=Command)
@click.argument("request")
@text_option
@repeats_option
@node_command
async def admit(cli: CliContext, node: Node, request: str, text: str, repeats: str) -> None:
    """Confirm that REQUEST is in order and will be processed.

    Example: tearline --as li request admit 5f0c9a1b
    """
    await _act(cli, node, request, StepChoice(kind=StepKind.ADMIT, text=text, repeats=repeats))


@click.command(cls=Command)
@click.argument("request")
@_needed_text
@repeats_option
@node_command
async def reject(cli: CliContext, node: Node, request: str, text: str, repeats: str) -> None:
    """Reject REQUEST as not in order, with a reason, which ends it.

    Example: tearline --as li request reject 5f0c9a1b --text "item 2 names no account"
    """
    await _act(cli, node, request, StepChoice(kind=StepKind.REJECT, text=text, repeats=repeats))


@click.command(cls=Command)
@click.argument("request")
@text_option
@repeats_option
@click.option("--permit", is_flag=True, help="As the requester, allow one more question.")
@node_command
async def clarify(
    cli: CliContext, node: Node, request: str, text: str, repeats: str, permit: bool
) -> None:
    """Ask the requester a question about REQUEST, or answer the partner's question about ours.

    The deadline pauses until the question is answered. A second question requires the requester's
    agreement, given with --permit.

    Example: tearline --as li request clarify 5f0c9a1b --text "which branch?"
    """

    def choose(view: RequestView) -> StepChoice:
        kind = StepKind.CLARIFIED
        if view.request.side is Side.HOLDER:
            kind = StepKind.CLARIFY
        elif permit and not view.progress.has_question:
            kind = StepKind.PERMIT
        return StepChoice(kind=kind, text=text, repeats=repeats, permit=permit)

    await _act(cli, node, request, choose)


@click.command(cls=Command)
@click.argument("request")
@click.option("--days", type=click.IntRange(1), required=True, help="The expected number of days.")
@_needed_text
@repeats_option
@node_command
async def authorise(
    cli: CliContext, node: Node, request: str, days: int, text: str, repeats: str
) -> None:
    """Announce that a judge must authorise the answer to REQUEST, which extends its deadline.

    Example: tearline --as li request authorise 5f0c9a1b --days 10 --text "bank records"
    """
    kind, extension_ms = StepKind.AUTHORISE, days * _DAY_MS
    choice = StepChoice(kind=kind, text=text, repeats=repeats, extension_ms=extension_ms)
    await _act(cli, node, request, choice)


@click.command(cls=Command)
@click.argument("request")
@click.option("--urgency", type=_URGENCIES, help="The proposed urgency; as the asker, the new one.")
@click.option("--confirm", is_flag=True, help="Confirm the urgency (asker only).")
@text_option
@repeats_option
@async_command
async def contest(
    cli: CliContext, request: str, urgency: str | None, confirm: bool, text: str, repeats: str
) -> None:
    """Contest the urgency of REQUEST; or, as the asker, --confirm it or lower it.

    Example: tearline --as li request contest 5f0c9a1b --urgency routine
    """
    if confirm == (urgency is not None):
        raise click.UsageError("give either --urgency or --confirm")

    wanted = None if urgency is None else Urgency(urgency)

    def choose(view: RequestView) -> StepChoice:
        kind = StepKind.CONFIRM
        if wanted is not None:
            is_ours = view.request.side is Side.ASKER
            kind = StepKind.LOWER if is_ours else StepKind.CONTEST
        return StepChoice(kind=kind, text=text, repeats=repeats, urgency=wanted)

    async with open_node(cli) as node:
        await _act(cli, node, request, choose)


@click.command(cls=Command)
@click.argument("request")
@click.option(
    "--ground",
    type=click.Choice([each.value for each in Ground]),
    required=True,
    help="The ground for the refusal; the requester sees it.",
)
@item_option
@text_option
@repeats_option
@node_command
async def refuse(
    cli: CliContext,
    node: Node,
    request: str,
    ground: str,
    items: tuple[int, ...],
    text: str,
    repeats: str,
) -> None:
    """Refuse items of REQUEST, by default all open ones.

    Example: tearline --as li request refuse 5f0c9a1b --ground not-held --item 2
    """
    kind, chosen = StepKind.REFUSE, Ground(ground)
    choice = StepChoice(kind=kind, text=text, repeats=repeats, ground=chosen, items=items)
    await _act(cli, node, request, choice)


# Steps of the asker.


@click.command(cls=Command, name="preserve-extend")
@click.argument("request")
@text_option
@repeats_option
@node_command
async def preserve_extend(
    cli: CliContext, node: Node, request: str, text: str, repeats: str
) -> None:
    """Extend the preservation under REQUEST by thirty days, once.

    Example: tearline --as li request preserve-extend 5f0c9a1b
    """
    await _act(cli, node, request, StepChoice(kind=StepKind.EXTEND, text=text, repeats=repeats))


@click.command(cls=Command)
@click.argument("request")
@text_option
@repeats_option
@yes_option
@async_command
async def withdraw(cli: CliContext, request: str, text: str, repeats: str, yes: bool) -> None:
    """Withdraw REQUEST.

    Example: tearline --as li request withdraw 5f0c9a1b
    """
    cli.confirm(f"The request {request} will be withdrawn.", request, yes=yes)
    async with open_node(cli) as node:
        choice = StepChoice(kind=StepKind.WITHDRAW, text=text, repeats=repeats)
        await _act(cli, node, request, choice)


@click.command(cls=Command)
@click.argument("request")
@click.option(
    "--useful", type=click.Choice(["yes", "no"]), required=True, help="Was the answer useful?"
)
@text_option
@repeats_option
@node_command
async def close(
    cli: CliContext, node: Node, request: str, useful: str, text: str, repeats: str
) -> None:
    """Close REQUEST, which has ended, with feedback for the partner.

    Example: tearline --as li request close 5f0c9a1b --useful yes
    """
    kind, was_useful = StepKind.CLOSE, useful == "yes"
    choice = StepChoice(kind=kind, text=text, repeats=repeats, useful=was_useful)
    await _act(cli, node, request, choice)


async def _act(
    cli: CliContext,
    node: Node,
    request: str,
    choice: StepChoice | Callable[[RequestView], StepChoice],
) -> None:
    """Takes a person's step, and prints the resulting state of the request."""
    await catch_up(cli, node)
    packet = node.requests.find(request)
    person = person_of(cli, node, node.packets.manifest(packet).agreement.id)
    if not isinstance(choice, StepChoice):
        choice = choice(node.requests.show(packet, person=cli.settings.person))
    await take_step(node.requests, packet, choice, person)
    emit_request(cli, node, packet, ["request", "partner", "urgency", "state", "due", "left"])


STEPS = (
    admit,
    reject,
    clarify,
    authorise,
    contest,
    refuse,
    preserve_extend,
    withdraw,
    close,
)
