"""``tearline request new``: from a file, from options, or by questions on a terminal."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from tearline.agreements.agreement import Agreement
from tearline.identity import agency_uri_of
from tearline.packets.packet import PacketKind, Urgency
from tearline.text.choices import listed
from tearline_client.cli.confirmation import confirm_packets
from tearline_client.cli.context import CliContext
from tearline_client.cli.example_files import example_option, request
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE, free_text, yes_option
from tearline_client.cli.release import emit_released, say_cautions
from tearline_client.cli.release_options import as_typed_option
from tearline_client.cli.request_rows import preview_columns
from tearline_client.cli.session import async_command, look, open_node, person_of, read_text
from tearline_client.connectors.importers.ftm import read_ftm
from tearline_client.drafting.record_requests import draft_request
from tearline_client.drafting.release import takes_two
from tearline_client.messages.sent import verify_accepted
from tearline_client.node import Node
from tearline_client.planning.drafts import article_of
from tearline_client.planning.request_file import (
    KEYS,
    RequestFile,
    parse_request_file,
    request_of,
)
from tearline_client.rendering.output import ask, print_line
from tearline_client.rendering.packets import SPARE, cell_rows
from tearline_client.rendering.words import Id, agency_name

_MAX_FILE = 1 << 20
_OPTIONS = (
    click.option("--to", default="", help="The partner to ask."),
    click.option("--agreement", default="", help="Name of the agreement."),
    click.option("--article", default="", help="Id of its article."),
    click.option("--purpose", default="", help="The purpose; one of the article."),
    free_text("--offence", help="The offence under investigation, with its law."),
    free_text("--link", help="How the subjects are linked to the offence."),
    click.option(
        "--record",
        "records",
        multiple=True,
        metavar="TEXT",
        help="A record to ask for; may be given several times.",
    ),
    click.option(
        "--urgency",
        type=click.Choice([each.value for each in Urgency]),
        help="How soon the answer is owed; routine by default.",
    ),
    free_text("--urgency-reason", help="The reason of the urgency."),
    click.option("--case", default="", help="The case: its title or id."),
)


def _described(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command(cls=Command)
@click.argument("file", type=FILE, required=False)
@example_option(request)
@_described
@click.option("--dry-run", is_flag=True, help="Show what the partner would see; send nothing.")
@yes_option
@as_typed_option
@async_command
async def new(
    cli: CliContext,
    /,
    file: Path | None,
    dry_run: bool,
    yes: bool,
    as_typed: bool,
    records: tuple[str, ...],
    **said: str | None,
) -> None:
    """Ask a partner for records: with the request in FILE (TOML), or with options.

    Terms with one possible value need no option. On a terminal, the command asks for what is
    missing. Subjects are described in a file: `tearline request new --example` prints one.

    The command shows the partner's view and asks for confirmation; in a script, pass --yes.

    Example: tearline --as li request new request.toml
    """
    given = {name: text for name, text in said.items() if text}
    if file is not None and (given or records):
        raise click.UsageError("give FILE, or options that describe the request; not both")
    asked = parse_request_file(read_text(file, maximum=_MAX_FILE)) if file is not None else None
    async with open_node(cli) as node:
        await look(cli, node)
        if asked is None:
            asked = _by_options(node, given, records)
            about = asked.about
            cli.say(f"Under {asked.agreement}, article {about.article}, for {about.purpose}.")
        subjects = _subjects(file, asked, as_typed=as_typed)
        plan = draft_request(node, asked, subjects)
        draft = plan.draft
        say_cautions(cli, node, [plan])
        if dry_run:
            cells = cell_rows(plan.cells(), node.directory.members())
            cli.emit(cells, preview_columns(cli), spare=SPARE)
            return
        if takes_two(node, draft.agreement.id, draft.article):
            emit_released(cli, node.approvals.draft([plan], person=cli.settings.person))
            return
        person = person_of(cli, node, draft.agreement.id)
        confirm_packets(cli, node, [plan], yes=yes)
        sent = await node.requests.submit(plan, person)
        verify_accepted(sent)
        members = node.directory.members()
    cli.emit(({"request": Id(packet)} for packet in sent.packets), ["request"])
    partner = agency_name(members, plan.recipients[0])
    cli.say(f"Sent the request to {partner}.")
    cli.advise(f"tearline request show {Id(sent.packets[0]).text()}")


def _subjects(file: Path | None, asked: RequestFile, *, as_typed: bool) -> Sequence[Any]:
    if file is None or not asked.subjects:
        return ()
    return read_ftm(file.parent / asked.subjects, as_typed=as_typed).entities


def _by_options(node: Node, given: dict[str, str], records: tuple[str, ...]) -> RequestFile:
    """Returns the request that options describe, and a person at the terminal completes.

    Raises:
        UsageError: If something is missing, and there is no terminal to ask on.
    """
    said, lacking = dict(given), list[str]()
    meanings = {key.name: key.meaning for key in KEYS["file"].keys}
    for name in KEYS["file"].missing(given):
        if name == "item":
            continue
        choices = _choices(node, name, said)
        if len(choices) == 1:
            said[name] = choices[0]
        elif _at_terminal():
            said[name] = _asked(meanings[name], choices)
        else:
            lacking.append(f"--{name} ({listed(choices)})" if choices else f"--{name}")
    if not (records or _at_terminal()):
        lacking.append("--record")
    if lacking:
        raise click.UsageError(
            f"Missing {listed(lacking)}. Give them or FILE; on a terminal, the command asks."
        )
    items = [*records]
    while not records:
        text = ask(f"Record {len(items) + 1}, such as statements of an account (empty: no more)")
        if text:
            items.append(text)
        elif items:
            break
    return request_of({**said, "item": [{"record": text} for text in items]})


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _choices(node: Node, name: str, said: dict[str, str]) -> list[str]:
    """Returns the values that are possible for a key, as far as they are known; else none."""
    match name:
        case "to":
            own = node.identity().agency
            agencies = node.directory.members().agencies
            return sorted(each.name for each in agencies if each.name != own)
        case "agreement" if "to" in said:
            partner = agency_uri_of(node.directory.node_of(said["to"]))
            shared = [each for each in node.agreements.list() if partner in each.terms.parties]
            return sorted({each.name for each in shared if _articles(each)})
        case "article" if "agreement" in said:
            return _articles(node.agreements.by_name(said["agreement"]))
        case "purpose" if {"agreement", "article"} <= said.keys():
            agreement = node.agreements.by_name(said["agreement"])
            return [*article_of(agreement, said["article"]).purposes]
        case _:  # texts of the person's own, or terms of what is not chosen yet
            return []


def _articles(agreement: Agreement) -> list[str]:
    """Returns the ids of the articles under which records may be asked for."""
    kind = PacketKind.RECORD_REQUEST
    return [each.id for each in agreement.terms.articles if kind in each.kinds]


def _asked(meaning: str, choices: list[str]) -> str:
    """Returns the person's answer: one of the choices, of which its beginning is enough."""
    question = f"{meaning[0].upper()}{meaning[1:]}" + (f" ({listed(choices)})" if choices else "")
    while True:
        answer = ask(question).strip()
        begun = [each for each in choices if each.startswith(answer)]
        meant = [answer] if not choices or answer in choices else begun
        if answer and len(meant) == 1:
            return meant[0]
        if answer:
            print_line(f"{answer} is none of these.", err=True)
