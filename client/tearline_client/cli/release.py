"""Release of packets and fields from the command line, and approval by a second person."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from tearline.errors import ActQueued
from tearline.federation.versions import Members
from tearline.persons.tokens import Role
from tearline.statements.receipt import Status
from tearline_client.cli.confirmation import confirm_fields, confirm_packets
from tearline_client.cli.context import CliContext
from tearline_client.cli.documents import told_parts
from tearline_client.cli.groups import Command
from tearline_client.cli.request_rows import overturned_text
from tearline_client.cli.session import acting, look, node_command
from tearline_client.drafting.release import Held, Released, held_by, takes_two
from tearline_client.drafting.release import release as release_plans
from tearline_client.drafting.release import release_field as disclose_field
from tearline_client.features.packets.review import Review
from tearline_client.messages.sent import verify_accepted
from tearline_client.node import Node
from tearline_client.planning.mentions import Mention, document_names
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.rendering.packets import LESSENED, short, text_column
from tearline_client.rendering.reviews import review_rows
from tearline_client.rendering.words import Id, agency_name, counted, moment, since_text
from tearline_client.store.approvals import Pending
from tearline_client.store.decisions import Act
from tearline_client.store.draft_content import (
    Content,
    PendingAnswer,
    PendingConsent,
    PendingField,
)

if TYPE_CHECKING:
    from tearline_client.drafting.from_file import Drafted


def say_findings(cli: CliContext, drafted: "Drafted") -> None:
    """Prints every value in doubt or in another spelling, and every field without a category."""
    for finding in drafted.findings:
        cli.say(f"line {finding.line}, {finding.column}: {finding.told}")
    say_unmarked(cli, drafted)


def say_unmarked(cli: CliContext, drafted: "Drafted") -> None:
    """Prints the schemata and properties without a category."""
    from tearline_client.connectors.importers.report import told_unmarked

    if drafted.unmarked:
        cli.say(f"Not sent, because they have no category: {told_unmarked(drafted.unmarked)}.")


def say_cautions(cli: CliContext, node: Node, plans: Iterable[ReleasePlan]) -> None:
    """Prints every text that repeats a value its reader may not have in clear.

    It also prints every field only told to exist, though its partner may have a coarser form.
    """
    members = node.directory.members()
    for plan in plans:
        for cell in plan.cells():
            if cell.lessened:
                cli.say(
                    f"{short(cell.path)} {LESSENED[cell.lessened]}:"
                    f" {agency_name(members, cell.recipient)} learns only that it exists."
                )
        _say_each(cli, node.packets.mentions(plan), members, document_names(plan))


def _say_each(
    cli: CliContext, mentions: Iterable[Mention], members: Members, names: Mapping[str, str]
) -> None:
    for mention in mentions:
        text = names.get(mention.text) or short(mention.text)
        partner = agency_name(members, mention.recipient)
        if mention.gap:
            cli.say(
                f"{text} cannot be searched ({mention.gap.value}) for values that"
                f" {partner} may not have in clear."
            )
            continue
        told = short(mention.value) if mention.value else "a value"
        source = f" of packet {mention.packet.hex()[:12]}" if mention.packet else ""
        if not mention.text:
            cli.say(f"{told}{source} was guarded from {partner}, and has no guarded successor.")
            continue
        cli.say(f"{text} repeats {told}{source}, which {partner} may not have in clear.")


async def release(
    cli: CliContext, node: Node, plans: Sequence[ReleasePlan], *, yes: bool
) -> Released:
    """Sends plans under one article, or queues them for a second person.

    Unless ``yes``, shows each partner's view and asks for confirmation first.
    """
    say_cautions(cli, node, plans)
    draft = plans[0].draft
    if not takes_two(node, draft.agreement.id, draft.article):
        acting(cli, node, draft.agreement.id, Role.LIAISON)  # refused before a person is asked
        confirm_packets(cli, node, plans, yes=yes)
    with told_parts(cli, "Sending") as node.packets.uploads.tell:  # read by this act alone
        return await release_plans(node, plans, person=cli.settings.person)


async def release_field(
    cli: CliContext, node: Node, packet: bytes, path: str, to: str, *, repeats: str, yes: bool
) -> Released | Held:
    """Discloses one more field, or queues the disclosure for a second person.

    Unless ``yes``, shows the field and asks for confirmation first. A field that the partner has
    is not released again, and there is no question.
    """
    held = await held_by(node, packet, path, to)
    if held is not None:
        return held
    person, ref = cli.settings.person, node.packets.manifest(packet).agreement
    if not takes_two(node, ref.id, ref.article):
        acting(cli, node, ref.id, Role.LIAISON)
        if not yes:
            shown = node.packets.fields(packet, [path], person=person)
            recipient = node.directory.node_of(to)
            confirm_fields(cli, node, [(opened, recipient) for opened in shown], yes=False)
    return await disclose_field(node, packet, path, to, repeats=repeats, person=person)


def emit_released(cli: CliContext, released: Released | Held | None) -> None:
    """Prints the outcome of a release; a refusal ends the command with its own status."""
    if released is None:
        return
    if isinstance(released, Held):
        cli.say(f"The partner has this field {since_text(released.since_ms)}. Nothing was sent.")
        return
    if isinstance(released, ActQueued):
        cli.emit(
            ({"packet": Id(each), "queued": released.place} for each in released.packets),
            ["packet", "queued"],
        )
        raise released
    if isinstance(released, bytes):
        row = {"pending": Id(released), "id": released.hex()}
        cli.emit([row], ["pending"])
        cli.say(
            "Not sealed: the article requires a second person. Next: tearline packet"
            f" approve {released.hex()[:12]} --as NAME"
        )
        return
    cli.emit(
        (
            {
                "packet": Id(packet),
                "accepted": sum(r.status is Status.ACCEPTED for r in released.receipts),
            }
            for packet in released.packets
        ),
        ["packet"],
    )
    verify_accepted(released)
    count = counted(len(released.receipts), "statement")
    cli.say(f"The exchange accepted and logged {count}.")
    if released.packets:
        cli.advise(f"tearline packet status {Id(released.packets[0]).text()}")


def _say_review(cli: CliContext, node: Node, review: Review) -> None:
    content = review.pending.content
    if review.pending.lost:
        taken_out = counted(review.pending.lost, "field")
        cli.say(f"{taken_out} removed since the draft: a partner recalled its source.")
    if isinstance(content, PendingAnswer) and content.supplement:
        cli.say(
            overturned_text(
                node.requests.overturned(content.request, content.items, person=cli.settings.person)
            )
        )
    _say_each(cli, review.mentions, node.directory.members(), {})
    for reason in review.reasons:
        cli.say(f"Reason of the drafter to repeat it: {reason}")


@click.command(cls=Command)
@click.argument("release", metavar="[ID]", default="")
@node_command
async def pending(cli: CliContext, node: Node, release: str) -> None:
    """List pending releases, or show each partner's view of the pending release ID.

    ID is the beginning of a listed id. The view is decided anew, as on approval.

    Example: tearline packet pending
    """
    if not release:
        rows = [_pending_row(node, each) for each in node.approvals.waiting()]
        cli.emit(rows, ["pending", "what", "to", "article", "by", "at", "until"])
        return
    review = node.approvals.review(node.approvals.find(release), person=cli.settings.person)
    for words in _words(review.pending.content):
        cli.say(words)
    _say_review(cli, node, review)
    columns = [
        "field",
        "category",
        "partner",
        "form",
        text_column(cli.settings.output, "seen_as"),
        "drafted_as",
    ]
    cli.emit(review_rows(review, node.directory.members()), columns)


@click.command(cls=Command)
@click.argument("release", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation, even after changes.")
@node_command
async def approve(cli: CliContext, node: Node, release: str, yes: bool) -> None:
    """Approve a release that another person drafted, and send it.

    ID is an id from `tearline packet pending`: a packet, a field, an answer or a consent. Approval
    requires a liaison or an officer other than the drafter. The current policies decide again. If a
    partner's view differs from the draft, the command shows the difference and asks for
    confirmation.

    Example: tearline --as li packet approve 5f0c9a1b
    """
    await look(cli, node)  # so that no request withdrawn in the meantime is answered
    found = node.approvals.find(release)
    review = node.approvals.review(found, person=cli.settings.person)
    _say_review(cli, node, review)
    for changed in review.changed:
        cell = changed.cell
        partner = agency_name(node.directory.members(), cell.recipient)
        cli.say(
            f"{short(cell.path)} for {partner}: drafted as {changed.before}, now {cell.form.text}"
        )
    if review.changed:
        count = counted(len(review.changed), "field")
        act = f"Partners would see {count} differently from the draft."
        cli.confirm(act, found.hex()[:12], yes=yes)
    person = cli.settings.person
    emit_released(cli, await node.approvals.approve(found, person=person, agreed=review.mark))


@click.command(cls=Command)
@click.argument("release", metavar="ID")
@node_command
async def reject(cli: CliContext, node: Node, release: str) -> None:
    """Reject a pending release, and delete its draft; no partner sees it.

    Example: tearline --as li packet reject 5f0c9a1b
    """
    found = node.approvals.find(release)
    node.approvals.reject(found, person=cli.settings.person)
    cli.say(f"Rejected {found.hex()[:12]}.")


def _pending_row(node: Node, pending: Pending) -> dict[str, object]:
    members = node.directory.members()
    what, article, recipients = _subject(node, pending.content)
    return {
        "pending": Id(pending.id),
        "id": pending.id.hex(),
        "what": f"{what}, {counted(pending.lost, 'field')} recalled" if pending.lost else what,
        "to": " ".join(sorted(agency_name(members, uri) for uri in recipients)),
        "article": article,
        "by": pending.drafter.subject,
        "at": moment(pending.time_ms),
        "until": moment(pending.ends_ms),
    }


def _subject(node: Node, content: Content) -> tuple[str, str, set[str]]:
    """Returns a pending release's subject, article and recipients."""
    packets = node.packets
    match content:
        case PendingField():
            article = packets.manifest(content.packet).agreement.article
            return short(content.path), article, {content.recipient}
        case PendingAnswer():
            items = ", ".join(map(str, content.items))
            what = f"answer to {content.request.hex()[:12]}, item {items}"
            return what, content.packet.draft.article, {*content.packet.recipients}
        case PendingConsent():
            record = node.consents.find(content.consent.hex())
            what = f"consent {record.id.hex()[:12]}, {counted(len(content.fields), 'field')}"
            return what, packets.manifest(content.packet).agreement.article, {record.peer}
        case tuple():
            what = f"{content[0].draft.kind.value}, {counted(len(content), 'packet')}"
            recipients = {recipient for packet in content for recipient in packet.recipients}
            return what, content[0].draft.article, recipients


def decision_text(content: Content | Act) -> str:
    """Returns a short description of a decision."""
    match content:
        case Act(desk=desk, about=about, said=said):
            verb = said.get("verb") or said.get("kind") or said.get("step") or ""
            return f"{desk} {verb} {about.hex()[:12]}".replace("  ", " ").rstrip()
        case PendingField():
            return f"disclose {short(content.path)} of packet {content.packet.hex()[:12]}"
        case PendingAnswer():
            return f"answer to request {content.request.hex()[:12]}"
        case PendingConsent():
            return f"consent {content.consent.hex()[:12]}"
        case tuple():
            return f"{content[0].draft.kind.value}, {counted(len(content), 'packet')}"


def _words(content: Content) -> list[str]:
    """Returns the accompanying note for the other party."""
    match content:
        case PendingAnswer(text=text) | PendingConsent(note=text):
            return [f"Note: {text}"] if text else []
        case PendingField() | tuple():
            return []
