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
from tearline_client.audit.exhibits import judge_exhibit, outcome_of
from tearline_client.audit.verifier import Outcome
from tearline_client.console.languages import mark
from tearline_client.console.pages.audit.tabs import rendered
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import EXHIBIT_LIMITS, FORMS, KINDS, STATUSES
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
    """

    outcome: str
    is_verified: bool
    findings: tuple[tuple[str, str], ...]
    shown: Shown | None
    signer: str
    kind: str
    fields: tuple[tuple[str, str, str, str], ...]
    recipients: tuple[tuple[str, str], ...]


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
        # In a thread: it verifies bytes alone, without the node's store.
        examined = await asyncio.to_thread(judge_exhibit, files[0].content, anchor)
    except TearlineError as error:
        return _shown(visit, federation, refused=error)
    result = _result(examined, visit.node.directory.members())
    return _shown(visit, federation, result)


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
        "limits": [*EXHIBIT_LIMITS.values()],
        "refused": refused,
    }
    response = rendered(visit, "exhibit.html", values)
    response.status_code = status_of(refused)
    return response


def _result(examined: Examination, members: Members) -> Result:
    outcome, shown = outcome_of(examined), examined.shown
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
    )


def _findings(errors: Iterable[TearlineError]) -> Iterable[tuple[str, str]]:
    for error in errors:
        yield error.code, f"{error.what} {error.why}".strip()
