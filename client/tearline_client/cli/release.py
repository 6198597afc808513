"""How a release ends on the command line: sent, or waiting for a second person."""

from collections.abc import Sequence

import click

from tearline.errors import RefusedOtherwise, error_by_code
from tearline.receipt import Status
from tearline.tokens import Role
from tearline.trust import TrustState
from tearline_client.cli.at_work import acting, agency_name, at_work, counted, time_text
from tearline_client.cli.frame import Frame, pass_frame
from tearline_client.cli.groups import Command
from tearline_client.cli.seen import cell_rows, field_text, short, text_column
from tearline_client.drafting import Drafted
from tearline_client.node import Node
from tearline_client.plan import ReleasePlan
from tearline_client.releasing import Sent
from tearline_client.seconding import Review
from tearline_client.store.pending import Pending, PendingField
from tearline_client.views import PacketView

Released = Sent | bytes
"""What became of a release; or the id under which it waits for a second person."""


def say_findings(frame: Frame, drafted: Drafted) -> None:
    """Names every value that could not be validated."""
    for finding in drafted.findings:
        frame.say(f"line {finding.line}, {finding.column}: {finding.why}")


async def release(frame: Frame, node: Node, plans: Sequence[ReleasePlan]) -> Released:
    """Sends plans that are all under one article, or has them wait for a second person."""
    draft = plans[0].draft
    if draft.agreement.article(draft.article).four_eyes:
        return node.second.draft(plans, person=frame.settings.person)
    person = acting(frame, node, draft.agreement.id, Role.LIAISON)
    return await node.send(plans, acted_by=person)


async def release_field(
    frame: Frame, node: Node, shown: PacketView, path: str, to: str
) -> Released:
    """Discloses one more field, or has that wait for a second person."""
    ref = shown.manifest.agreement
    agreement = node.state.stores.agreements.newest(ref.id)
    if agreement.article(ref.article).four_eyes:
        person = frame.settings.person
        return node.second.draft_disclosure(shown.packet.id, path, to, person=person)
    acted_by = acting(frame, node, ref.id, Role.LIAISON)
    return await node.disclose(shown.packet.id, path, to, acted_by=acted_by)


def emit_released(frame: Frame, released: Released | None) -> None:
    """Prints what became of a release; a refusal ends the command with its own status."""
    if released is None:
        return
    if isinstance(released, bytes):
        row = {"pending": released.hex()[:12], "id": released.hex()}
        frame.emit([row], ["pending"])
        frame.say(
            "Nothing was sealed: the article asks for a second person. Next: tearline packet"
            f" approve {released.hex()[:12]} --as NAME"
        )
        return
    frame.emit(
        (
            {
                "packet": packet.hex(),
                "accepted": sum(r.status is Status.ACCEPTED for r in released.receipts),
            }
            for packet in released.packets
        ),
        ["packet"],
    )
    for code, why in released.refused:
        raise (error_by_code(code) or RefusedOtherwise)(why)
    count = counted(len(released.receipts), "statement")
    frame.say(f"The exchange accepted {count} and logged each.")


@click.command(cls=Command)
@click.argument("release", metavar="[ID]", default="")
@pass_frame
def pending(frame: Frame, release: str) -> None:
    """List releases that wait for a second person; of one, show what each partner would see.

    ID is the beginning of what the list says. It is decided anew, as when it is approved.
    """

    async def run(node: Node) -> tuple[tuple[Pending, ...], Review | None, TrustState]:
        review = node.second.review(node.second.find(release)) if release else None
        return node.second.waiting(), review, node.state.trust

    waiting, review, trust = at_work(frame, run)
    if review is None:
        frame.emit(
            (_waiting_row(each, trust) for each in waiting),
            ["pending", "what", "to", "article", "by", "at"],
        )
        return
    frame.emit(
        _review_rows(review, trust),
        ["field", "category", "partner", "form", text_column(frame, "seen_as"), "drafted_as"],
    )


@click.command(cls=Command)
@click.argument("release", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask, whatever changed.")
@pass_frame
def approve(frame: Frame, release: str, yes: bool) -> None:
    """Approve what another person drafted: it is decided anew, sealed and sent.

    A liaison or an officer approves; who drafted it does not. Where a partner would see something
    else than was drafted, you are shown what, and asked.
    """

    async def run(node: Node) -> Sent:
        await node.sync()
        found = node.second.find(release)
        review = node.second.review(found)
        for changed in review.changed:
            cell = changed.cell
            partner = agency_name(node.state.trust.trust_list, cell.recipient)
            frame.say(
                f"{short(cell.path)} for {partner}: drafted as {changed.before}, now"
                f" {cell.form.text}"
            )
        if review.changed:
            count = counted(len(review.changed), "field")
            act = f"Partners would see {count} otherwise than was drafted."
            frame.confirm(act, found.hex()[:12], yes=yes)
        person = frame.settings.person
        return await node.second.approve(found, person=person, agreed=review.mark)

    emit_released(frame, at_work(frame, run))


@click.command(cls=Command)
@click.argument("release", metavar="ID")
@pass_frame
def reject(frame: Frame, release: str) -> None:
    """Forget what waits for a second person; nothing of it was sealed."""

    async def run(node: Node) -> bytes:
        found = node.second.find(release)
        node.second.reject(found, person=frame.settings.person)
        return found

    frame.say(f"{at_work(frame, run).hex()[:12]} is forgotten.")


def _waiting_row(pending: Pending, trust: TrustState) -> dict[str, object]:
    content = pending.content
    if isinstance(content, PendingField):
        what, article, recipients = short(content.path), "", {content.recipient}
    else:
        what = f"{content[0].draft.kind.value}, {counted(len(content), 'packet')}"
        article = content[0].draft.article
        recipients = {recipient for packet in content for recipient in packet.recipients}
    return {
        "pending": pending.id.hex()[:12],
        "id": pending.id.hex(),
        "what": what,
        "to": " ".join(sorted(agency_name(trust.trust_list, uri) for uri in recipients)),
        "article": article,
        "by": pending.drafter.subject,
        "at": time_text(pending.time_ms),
    }


def _review_rows(review: Review, trust: TrustState) -> list[dict[str, object]]:
    if review.disclosure is not None:
        field = review.disclosure.field.field
        return [
            {
                "field": short(field.path),
                "path": field.path,
                "category": field.marking.category,
                "partner": agency_name(trust.trust_list, review.disclosure.recipient),
                "form": field.form.text,
                "seen_as": field_text(field),
                "shown": field_text(field, {}),
                "drafted_as": field.form.text,
            }
        ]
    before = {(c.cell.path, c.cell.recipient): c.before for c in review.changed}
    cells = [cell for plan in review.plans for cell in plan.cells()]
    return [
        {**row, "drafted_as": before.get((cell.path, cell.recipient), cell.form.text)}
        for cell, row in zip(cells, cell_rows(cells, trust), strict=True)
    ]
