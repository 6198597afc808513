"""Verification of an exhibit that a person uploads: its fields, and the limits of its proof."""

import asyncio
from collections.abc import Iterable, Mapping

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_hex
from tearline.errors import MalformedInput, TearlineError
from tearline.federation.versions import Members
from tearline.limits import MAX_CONSOLE_EXHIBIT_BYTES
from tearline.statements.statement import HASH_SIZE
from tearline.verification.exhibit import Examination, Shown
from tearline_client.audit.exhibit_verifier import (
    does_not_say,
    judge_exhibit,
    outcome_of,
    relies_on,
)
from tearline_client.audit.verifier import Outcome
from tearline_client.console.languages import mark
from tearline_client.console.pages.audit.tabs import rendered
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import EXHIBIT_GROUNDS, EXHIBIT_LIMITS, FORMS, KINDS, STATUSES
from tearline_client.rendering.packets import field_text
from tearline_client.rendering.words import agency_name

_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.VERIFIED: mark("Verified"),
    Outcome.FAILED: mark("Not verified"),
    Outcome.INDETERMINATE: mark("Not verified completely: the reader lacks something"),
}


@immutable
class Result:
    """Result of an examination.

    Attributes:
        outcome: The outcome, as a message.
        is_verified: Whether everything was verified.
        findings: Errors, and what the reader lacks, each with its code.
        shown: The verified contents, or None.
        signer: Short name of the originator.
        fields: Each proven field: name, value, form as a message, and marking.
        recipients: Each named recipient with its status as a message, or an empty one.
        grounds: Everything that the proof relies on, as messages.
        limits: Everything that it does not say, as messages.
    """

    outcome: str
    is_verified: bool
    findings: tuple[tuple[str, str], ...]
    shown: Shown | None
    signer: str
    kind: str
    fields: tuple[tuple[str, str, str, str], ...]
    recipients: tuple[tuple[str, str], ...]
    grounds: tuple[str, ...]
    limits: tuple[str, ...]


async def page(visit: Visit) -> Response:
    """Shows the form for an exhibit."""
    return _shown(visit, visit.node.directory.federation().hex())


async def verify(visit: Visit) -> Response:
    """Verifies an uploaded exhibit; the file is not kept, and no partner is notified."""
    federation = visit.node.directory.federation().hex()
    try:
        form = await visit.form(files=True, most_bytes=MAX_CONSOLE_EXHIBIT_BYTES)
        federation = form.text("federation").strip().lower()
        files = form.files("exhibit")
        if len(files) != 1:
            raise MalformedInput("choose one file")
        anchor = parse_hex(federation, size=HASH_SIZE)
        examined = await _judged(visit, files[0].content, anchor)
    except TearlineError as error:
        return _shown(visit, federation, refused=error)
    result = _result(examined, visit.node.directory.members())
    return _shown(visit, federation, result)


async def _judged(visit: Visit, content: bytes, federation: bytes) -> Examination:
    # In a thread: it verifies bytes alone, without the node's store.
    examined = await asyncio.to_thread(judge_exhibit, content, federation)
    directory = examined.shown.directory if examined.shown else None
    if directory is None or federation != visit.node.directory.federation():
        return examined
    # Here, since the members change only here.
    policy = visit.node.audit.counted_policy(directory)
    return await asyncio.to_thread(judge_exhibit, content, federation, policy=policy)


def _shown(
    visit: Visit,
    federation: str,
    result: Result | None = None,
    refused: TearlineError | None = None,
) -> Response:
    values = {
        "federation": federation,
        "is_ours": federation == visit.node.directory.federation().hex(),
        "result": result,
        "refused": refused,
    }
    response = rendered(visit, "exhibit.html", values)
    response.status_code = status_of(refused)
    return response


def _result(examined: Examination, members: Members) -> Result:
    outcome = outcome_of(examined)
    shown = examined.shown if outcome is Outcome.VERIFIED else None
    return Result(
        outcome=_OUTCOMES[outcome],
        is_verified=outcome is Outcome.VERIFIED,
        findings=tuple(_findings((*examined.errors, *examined.lacking))),
        shown=shown,
        signer=agency_name(members, shown.originator.signer) if shown else "",
        kind=KINDS[shown.manifest.kind] if shown else "",
        fields=tuple(
            (
                opened.field.path.partition("/")[2].replace("/", "."),
                field_text(opened.field),
                FORMS[opened.field.form],
                opened.field.marking.encode(),
            )
            for opened in (shown.fields if shown else ())
        ),
        recipients=tuple(
            (
                agency_name(members, each.node),
                "" if each.status is None else STATUSES[each.status],
            )
            for each in (shown.sightings if shown else ())
        ),
        grounds=tuple(map(EXHIBIT_GROUNDS.__getitem__, relies_on(shown))) if shown else (),
        limits=tuple(map(EXHIBIT_LIMITS.__getitem__, does_not_say(shown))) if shown else (),
    )


def _findings(errors: Iterable[TearlineError]) -> Iterable[tuple[str, str]]:
    for error in errors:
        yield error.code, f"{error.what} {error.why}".strip()
