"""``tearline request answer`` and ``supplement``: answers to items of a request."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from tearline.dataclass.immutable import immutable
from tearline_client.cli.confirmation import confirm_packets
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.documents import attach_option, attached
from tearline_client.cli.example_files import answer as contents
from tearline_client.cli.example_files import example_option
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE, yes_option
from tearline_client.cli.release import emit_released, say_cautions, say_findings
from tearline_client.cli.release_options import as_typed_option, repeats_option, unmarked_option
from tearline_client.cli.request_rows import (
    catch_up,
    emit_request,
    item_option,
    overturned_text,
    preview_columns,
    text_option,
)
from tearline_client.cli.session import node_command, person_of
from tearline_client.connectors.importers.documents import Document
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.drafting.from_file import confirmed
from tearline_client.drafting.record_requests import draft_answer
from tearline_client.drafting.release import takes_two
from tearline_client.messages.sent import verify_accepted
from tearline_client.node import Node
from tearline_client.rendering.packets import SPARE, cell_rows

R = TypeVar("R")
_COLUMNS = ("request", "partner", "state", "open_items")


@immutable
class Answer:
    """Options of an answer, as given on the command line.

    Attributes:
        request: The beginning of the request's id.
        file: Entities that answer the items, or None.
        documents: Documents that answer the items, or accompany the file.
        packet: The beginning of the id of a sent packet, instead of both; or empty.
        items: Numbers of items; empty for all open items.
        text: A message for the asker.
        repeats: The reason to repeat values that the asker may not have in clear.
        unmarked: Whether to include fields without a category.
        dry_run: Whether to preview the asker's view without sending it.
        yes: Whether to skip the confirmation.
    """

    request: str
    file: Path | None
    documents: tuple[Document, ...]
    packet: str
    items: tuple[int, ...]
    text: str
    repeats: str
    unmarked: bool
    as_typed: bool
    dry_run: bool
    yes: bool


def _answering(function: Callable[..., R]) -> Callable[..., R]:
    """Adds the options of both commands, passed to the function as one Answer."""

    @pass_cli
    @functools.wraps(function)
    def with_answer(
        cli: CliContext,
        /,
        request: str,
        file: Path | None,
        attach: tuple[str, ...],
        packet: str,
        items: tuple[int, ...],
        text: str,
        repeats: str,
        unmarked: bool,
        as_typed: bool,
        dry_run: bool,
        yes: bool,
    ) -> R:
        if bool(file or attach) == bool(packet):
            raise click.UsageError("either FILE or --attach, or --packet")
        if packet and dry_run:
            raise click.UsageError("--dry-run shows what is sent; --packet was sent before")
        return function(
            Answer(
                request=request,
                file=file,
                documents=attached(cli, attach),
                packet=packet,
                items=items,
                text=text,
                repeats=repeats,
                unmarked=unmarked,
                as_typed=as_typed,
                dry_run=dry_run,
                yes=yes,
            )
        )

    command: Callable[..., R] = with_answer
    for option in (
        yes_option,
        click.option(
            "--dry-run", is_flag=True, help="Show what the asker would see; send nothing."
        ),
        unmarked_option,
        as_typed_option,
        repeats_option,
        text_option,
        item_option,
        click.option(
            "--packet", default="", help="A packet sent already, instead of FILE or --attach."
        ),
        attach_option,
        example_option(contents),
        click.argument("file", type=FILE, required=False),
        click.argument("request"),
    ):
        command = option(command)
    return command


@click.command(cls=Command)
@_answering
@node_command
async def answer(cli: CliContext, node: Node, answer: Answer) -> None:
    """Answer items of REQUEST with FILE (FollowTheMoney JSON lines), documents, or both.

    The command shows the asker's view and asks for confirmation; in a script, pass --yes.

    Example: tearline --as li request answer 5f0c9a1b records.jsonl --item 1
    """
    await _answer(cli, node, answer, supplement=False)


@click.command(cls=Command)
@_answering
@node_command
async def supplement(cli: CliContext, node: Node, answer: Answer) -> None:
    """Answer items of REQUEST after its refusal or end; named items may be answered ones.

    The command shows the asker's view and the overturned decisions, and asks for confirmation.

    Example: tearline --as li request supplement 5f0c9a1b records.jsonl --item 2
    """
    await _answer(cli, node, answer, supplement=True)


async def _answer(cli: CliContext, node: Node, answer: Answer, *, supplement: bool) -> None:
    await catch_up(cli, node)
    request = node.requests.find(answer.request)
    node.requests.answerable(request, answer.items, supplement=supplement)
    overturned, typed = "", "yes"
    if supplement:
        overturned = overturned_text(
            node.requests.overturned(request, answer.items, person=cli.settings.person)
        )
        typed = request.hex()[:12]
    if answer.packet:
        await _name_packet(cli, node, answer, request, overturned, typed)
    else:
        await _send(cli, node, answer, request, overturned, typed)


async def _name_packet(
    cli: CliContext, node: Node, answer: Answer, request: bytes, overturned: str, typed: str
) -> None:
    """Tells the asker that a packet sent earlier answers the items."""
    person = person_of(cli, node, node.packets.manifest(request).agreement.id)
    packet = node.packets.find(answer.packet)
    act = f"{overturned} The asker is told that packet {packet.hex()[:12]} answers it.".strip()
    cli.confirm(act, typed, yes=answer.yes)
    await node.requests.answer(
        request,
        packet,
        answer.items,
        person,
        answer.text,
        supplement=bool(overturned),
        repeats=answer.repeats,
    )
    emit_request(cli, node, request, _COLUMNS)


async def _send(
    cli: CliContext, node: Node, answer: Answer, request: bytes, overturned: str, typed: str
) -> None:
    """Sends a new packet as the answer, or queues it for a second person."""
    supplement = bool(overturned)
    if answer.dry_run and overturned:
        cli.say(overturned)
    records = read_ftm(answer.file, as_typed=answer.as_typed) if answer.file else None
    drafted = draft_answer(node, request, records, answer.documents, unmarked=answer.unmarked)
    say_findings(cli, drafted)
    plan = confirmed(drafted.plans[0], answer.repeats)
    say_cautions(cli, node, [plan])
    if answer.dry_run:
        cells = cell_rows(plan.cells(), node.directory.members())
        cli.emit(cells, preview_columns(cli), spare=SPARE)
        return
    if takes_two(node, plan.draft.agreement.id, plan.draft.article):
        if supplement:
            cli.confirm(overturned, typed, yes=answer.yes)
        waiting = node.approvals.draft_answer(
            request,
            plan,
            answer.items,
            text=answer.text,
            person=cli.settings.person,
            supplement=supplement,
        )
        emit_released(cli, waiting)
        return
    person = person_of(cli, node, plan.draft.agreement.id)
    confirm_packets(
        cli, node, [plan], yes=answer.yes, words=answer.text, because=overturned, typed=typed
    )
    sent = await node.answers.send(
        request, plan, answer.items, acted_by=person, text=answer.text, supplement=supplement
    )
    verify_accepted(sent)
    emit_request(cli, node, request, _COLUMNS)
