"""The test bench of policies: a text is tried on a sample, and compared with those in force."""

import asyncio
from collections.abc import Mapping

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, TearlineError
from tearline.limits import MAX_POLICY_BYTES
from tearline.packets.packet import PacketKind
from tearline.policy import explain as explaining
from tearline.policy.category import CATEGORIES
from tearline.policy.form import Form as FieldForm
from tearline.policy.ruleset import Finding, check, parse_policy_set
from tearline_client.console.forms import Form
from tearline_client.console.languages import mark
from tearline_client.console.visit import Visit, status_of
from tearline_client.console.words import FORMS, KINDS
from tearline_client.drafting.policy_bench import (
    PolicyBench,
    bench_of,
    marking_from,
    matrix_of,
    with_own,
)
from tearline_client.rendering.policies import change_row, explanation_rows

_FIELDS = ("agreement", "article", "purpose", "kind", "to", "field")
_SAMPLE = ("agreement", "article", "to", "field")
"""Fields without which there is no sample."""
_FORMS: Mapping[str, str] = {form.text: words for form, words in FORMS.items()}
_SAYS: Mapping[bool | None, str] = {
    True: mark("allows"),
    False: mark("forbids"),
    None: mark("is not asked"),
}


@immutable
class Tried:
    """The result of a trial.

    Attributes:
        marking: The marking that was decided on.
        form: The highest form that the partner gets, as a message.
        reason: The reason for less than the clear form, or empty.
        rows: A row for each form: the answers of both layers, with their policies.
        faults: Ids of policies that could not be evaluated.
        changes: Changes for partners against the policies in force.
    """

    marking: str
    form: str
    reason: str
    rows: list[dict[str, object]]
    faults: tuple[str, ...]
    changes: list[dict[str, object]]


async def page(visit: Visit) -> Response:
    """Shows the bench with the policies in force."""
    form = visit.kept_form() or Form.of([("policies", visit.node.own_policies())])
    given = {name: form.text(name) for name in _FIELDS}
    return _bench(visit, text=form.text("policies"), given=given)


async def attempt(visit: Visit) -> Response:
    """Decides a sample under the given text; nothing is adopted, stored or released."""
    form = await visit.form()
    text = form.text("policies")
    given = {name: form.text(name).strip() for name in _FIELDS}
    try:
        if missing := [name for name in _SAMPLE if not given[name]]:
            raise MalformedInput(f"the sample lacks {', '.join(missing)}")
        if len(text.encode()) > MAX_POLICY_BYTES:
            raise MalformedInput(f"policies have at most {MAX_POLICY_BYTES} bytes")
        findings = await asyncio.to_thread(check, text) if text.strip() else ()
        tried = None if findings else await _tried(visit, form, text)
    except TearlineError as error:
        return _bench(visit, text=text, given=given, refused=error)
    return _bench(visit, text=text, given=given, findings=findings, tried=tried)


async def _tried(visit: Visit, form: Form, text: str) -> Tried:
    node = visit.node
    desk = bench_of(node, form.text("agreement"))
    article, purpose = form.text("article"), form.text("purpose").strip() or None
    chosen = form.member("kind", PacketKind)
    request = desk.request(
        article,
        purpose=purpose,
        kind=chosen.value if chosen else None,
        to=desk.agency(form.text("to")),
        marking=marking_from(form.text("field").strip()),
    )

    def decide() -> tuple[explaining.Explanation, tuple[explaining.Change, ...]]:
        own = parse_policy_set(text) if text.strip() else None
        policy = with_own(desk, own)
        kinds = (article, purpose, request.kind)
        before = matrix_of(desk, with_own(desk, desk.policies.own), *kinds)
        after = matrix_of(desk, policy, *kinds)
        return explaining.explain(policy, request), explaining.diff(before, after)

    # In a thread: rules alone, without the node's store; a matrix takes a second.
    explained, changes = await asyncio.to_thread(decide)
    return _result(desk, explained, changes, request.marking.encode())


def _result(
    desk: PolicyBench,
    explained: explaining.Explanation,
    changes: tuple[explaining.Change, ...],
    marking: str,
) -> Tried:
    decision = explained.decision
    return Tried(
        marking=marking,
        form=FORMS[decision.form],
        reason=decision.reason or "",
        rows=[
            {
                **row,
                "form": _FORMS[str(row["form"])],
                "agreement_says": _SAYS[_answer(row["agreement_says"])],
                "own_says": _SAYS[_answer(row["own_says"])],
            }
            for row in explanation_rows(explained)
        ],
        faults=decision.faults,
        changes=[
            {
                **row,
                "before": FORMS[change.before.form if change.before else FieldForm.WITHHELD],
                "after": FORMS[change.after.form if change.after else FieldForm.WITHHELD],
            }
            for change in changes
            for row in [change_row(change, desk.members)]
        ],
    )


def _answer(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _bench(
    visit: Visit,
    *,
    text: str,
    given: Mapping[str, str],
    findings: tuple[Finding, ...] = (),
    tried: Tried | None = None,
    refused: TearlineError | None = None,
) -> Response:
    node = visit.node
    us = node.identity().agency_uri
    agreements = {each.name: each for each in node.agreements.list()}.values()  # newest versions
    articles = dict.fromkeys(each.id for a in agreements for each in a.terms.articles)
    parties = {uri for a in agreements for uri in a.terms.parties} - {us}
    values = {
        "text": text,
        "given": {name: given.get(name, "") for name in _FIELDS},
        "findings": findings,
        "tried": tried,
        "refused": refused,
        "agreements": [each.name for each in agreements],
        "articles": [*articles],
        "partners": [
            each.name for each in node.directory.members().agencies if each.uri in parties
        ],
        "kinds": KINDS,
        "categories": [each.name for each in CATEGORIES],
    }
    return visit.render("agency/policies.html", values, status=status_of(refused))
