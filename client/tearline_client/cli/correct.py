"""``tearline packet correct``: a packet that replaces another for its recipients."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from tearline.federation.versions import Members
from tearline_client.cli.context import CliContext
from tearline_client.cli.documents import attach_option, attached
from tearline_client.cli.example_files import example_option
from tearline_client.cli.example_files import packet as contents
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE, yes_option
from tearline_client.cli.release import emit_released, release, say_cautions
from tearline_client.cli.release_options import (
    as_typed_option,
    evaluation_option,
    guard_option,
    narrative_of,
    narrative_option,
    repeats_option,
    unmarked_option,
)
from tearline_client.cli.session import async_command, look, open_node
from tearline_client.features.corrections.service import Change, CorrectionPlan
from tearline_client.messages.sent import Sent
from tearline_client.rendering.packets import SPARE, names_by_recipient, seen_text, short
from tearline_client.rendering.words import agency_name, counted


@click.command(cls=Command)
@click.argument("packet")
@click.argument("file", type=FILE)
@example_option(contents)
@narrative_option
@attach_option
@evaluation_option("")
@guard_option
@repeats_option
@unmarked_option
@as_typed_option
@click.option("--dry-run", is_flag=True, help="Preview each partner's changes; do not send.")
@yes_option
@async_command
async def correct(
    cli: CliContext,
    packet: str,
    file: Path,
    narrative: Path | None,
    attach: tuple[str, ...],
    evaluation: str,
    guarded: Mapping[tuple[str, str], str],
    repeats: str,
    unmarked: bool,
    as_typed: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Replace our PACKET with FILE (FollowTheMoney JSON lines) for all its recipients.

    FILE, with its narrative and documents, is the complete new content; begin with the present one:
    `tearline export ftm PACKET --output-file FILE`. Each recipient gets it in
    the forms allowed now, and is told that it replaces PACKET. Recipients excluded by a suspension
    or a policy are listed, and keep PACKET. Stricter markings set by hand remain. The command shows
    each partner's view and asks for confirmation; in a script, pass --yes.

    Example: tearline --as li packet correct 5f0c9a1b lead.jsonl --dry-run
    """
    # Imported here: a command that drafts nothing does not wait for them.
    from tearline_client.drafting.correction import draft_correction
    from tearline_client.drafting.from_file import confirmed

    text, documents = narrative_of(narrative), attached(cli, attach)
    async with open_node(cli) as node:
        await look(cli, node)
        plan, findings = draft_correction(
            node,
            node.packets.find(packet),
            file,
            evaluation=evaluation,
            guarded=guarded,
            narrative=text,
            documents=documents,
            unmarked=unmarked,
            as_typed=as_typed,
            person=cli.settings.person,
        )
        for finding in findings:
            cli.say(f"line {finding.line}, {finding.column}: {finding.told}")
        wanted = confirmed(plan.release, repeats)
        if dry_run:
            say_cautions(cli, node, [wanted])
        released = None if dry_run else await release(cli, node, [wanted], yes=yes)
        members = node.directory.members()
    for uri, why in sorted(plan.passed_over.items()):
        partner = agency_name(members, uri)
        cli.say(f"Not for {partner}: {why}.")
        if uri in plan.left_behind:
            cli.say(
                f"{partner} keeps {plan.corrected.hex()[:12]} uncorrected. Next: send it a new"
                " packet once it may get packets again, or recall the old one."
            )
    if dry_run:
        names = names_by_recipient(plan.release.cells())
        cli.emit(
            _rows(plan, members, names if cli.settings.output == "table" else {}),
            ["field", "category", "partner", "before", "after"],
            spare=SPARE,
        )
        cli.say("Dry run: not sent.")
        return
    emit_released(cli, released)
    if isinstance(released, Sent):
        partners = counted(len(plan.release.recipients), "partner")
        cli.say(f"It replaces {plan.corrected.hex()[:12]} for {partners}.")


def _rows(
    plan: CorrectionPlan, members: Members, names: Mapping[str, Mapping[str, str]]
) -> Iterator[dict[str, object]]:
    for change in plan.changes:
        known = names.get(change.recipient)
        yield {
            "field": short(change.path),
            "path": change.path,
            "category": _category(change),
            "partner": agency_name(members, change.recipient),
            "before": seen_text(change.before, known),
            "after": seen_text(change.after, known),
        }


def _category(change: Change) -> str:
    seen = change.after or change.before
    return seen.category if seen else ""
