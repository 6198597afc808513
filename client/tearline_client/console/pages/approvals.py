"""Releases that wait for a second person: what each reader would get, and the decision."""

from starlette.responses import Response

from tearline.errors import MalformedInput, NotConfirmed, TearlineError
from tearline.persons.four_eyes import APPROVERS
from tearline_client.console.pages.bound_act import bound_field, verify_told
from tearline_client.console.pages.request.steps import SHOWN_DIGITS
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import FORMS, GAPS, LESSENED
from tearline_client.features.packets.review import Review
from tearline_client.messages.packet_view import short_path
from tearline_client.messages.sent import verify_accepted
from tearline_client.rendering.reviews import review_rows

_FORMS = {form.text: words for form, words in FORMS.items()}


async def page(visit: Visit) -> Response:
    """Shows a release as decided now, beside its draft."""
    return _review(visit, _find(visit))


async def decide(visit: Visit) -> Response:
    """Approves the release that the person saw, or rejects it."""
    form, node, pending = await visit.form(), visit.node, _find(visit)
    verdict = form.text("verdict")
    if verdict == "reject":
        node.approvals.reject(pending, person=visit.person)
        return visit.redirect("/to-do")
    if verdict != "approve":
        raise MalformedInput("verdict is approve or reject")
    try:
        agreed = bytes.fromhex(form.text("agreed"))
    except ValueError:
        raise MalformedInput("agreed names a review in hexadecimal") from None
    try:
        review = node.approvals.review(pending, person=visit.person)
        if review.changed and form.text("typed").strip() != pending.hex()[:SHOWN_DIGITS]:
            raise NotConfirmed
        if overturned := _overturned(visit, review):
            verify_told(visit, form, overturned)
        sent = await node.approvals.approve(pending, person=visit.person, agreed=agreed)
        verify_accepted(sent)
    except TearlineError as error:
        if pending not in {each.id for each in node.approvals.waiting()}:
            raise  # it was sealed, and perhaps queued: no page shows it any more
        return _review(visit, pending, refused=error)
    if review.answer is not None:
        return visit.redirect(f"/requests/{review.answer.request.hex()}")
    return visit.redirect("/to-do")


def _find(visit: Visit) -> bytes:
    return visit.node.approvals.find(visit.request.path_params["approval"])


def _review(visit: Visit, pending: bytes, refused: TearlineError | None = None) -> Response:
    node = visit.node
    review = node.approvals.review(pending, person=visit.person)
    answer, consent = review.answer, review.consent
    overturned = _overturned(visit, review)
    values = {
        "pending": pending.hex(),
        "drafter": review.pending.drafter.subject,
        "time_ms": review.pending.time_ms,
        "ends_ms": review.pending.ends_ms,
        "lost": review.pending.lost,
        "rows": [
            {
                **row,
                "form_words": _FORMS[str(row["form"])],
                "lessened_words": LESSENED[str(row.get("lessened", ""))],
                "drafted_words": _FORMS[str(row["drafted_as"])],
            }
            for row in review_rows(review, node.directory.members())
        ],
        "changed": len(review.changed),
        "mentions": tuple(
            (
                *(short_path(path) if path else "" for path in (each.text, each.value)),
                GAPS[each.gap] if each.gap else "",
            )
            for each in review.mentions
        ),
        "reasons": review.reasons,
        "request": answer.request.hex() if answer else "",
        "items": answer.items if answer else (),
        "consent": consent.consent.hex() if consent else "",
        "text": answer.text if answer else consent.note if consent else "",
        "overturned": overturned,
        "bound": bound_field(visit, overturned),
        "agreed": review.mark.hex(),
        "is_own": review.pending.drafter.subject == visit.person,
        "may_approve": bool(visit.roles & {*APPROVERS}),
        "confirmed_by": pending.hex()[:SHOWN_DIGITS],
        "refused": refused,
    }
    return visit.render("approval.html", values, status=status_of(refused))


def _overturned(visit: Visit, review: Review) -> tuple[object, ...]:
    answer = review.answer
    if answer is None or not answer.supplement:
        return ()
    return visit.node.requests.overturned(answer.request, answer.items, person=visit.person)
