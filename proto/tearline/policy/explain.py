"""Explanations of policies: reasons of a decision, each partner's view, and changes.

Pure functions behind ``tearline policy check|explain|matrix|diff|test`` and the preview of a packet
(``check`` itself is in ``tearline.policy.ruleset``).
"""

from collections.abc import Iterable, Mapping

from tearline.dataclass.immutable import immutable
from tearline.policy.engine import Answer, ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.policy.release import Decision, ReleasePolicy


@immutable
class Explanation:
    """Decision with its answers, form by form.

    Attributes:
        decision: The decision.
        shared: Answers of the agreement's policies for each form, lowest first; empty if the
            agreement does not know the article, sender or recipient.
        own: Answers of the agency's own policies; empty without any.
    """

    decision: Decision
    shared: tuple[Answer, ...]
    own: tuple[Answer, ...]


@immutable
class Cell:
    """Decision on one field for one partner.

    Attributes:
        path: The field's path, or another name of the row.
        partner: Agency URI.
        decision: The partner's decision.
    """

    path: str
    partner: str
    decision: Decision


@immutable
class Change:
    """Cell that differs between two matrices; None where one matrix has no such cell."""

    path: str
    partner: str
    before: Decision | None
    after: Decision | None

    @property
    def reveals_more(self) -> bool:
        """Returns whether the partner gets more than before."""
        return _form(self.after) > _form(self.before)


@immutable
class PolicyCase:
    """Expected decision of a policy author."""

    name: str
    request: ReleaseRequest
    expected: Form


@immutable
class CaseResult:
    """Result of a case."""

    case: PolicyCase
    decision: Decision

    @property
    def passed(self) -> bool:
        """Returns whether the decision is the expected one and every policy could be evaluated."""
        return self.decision.form is self.case.expected and not self.decision.faults


def explain(policy: ReleasePolicy, request: ReleaseRequest) -> Explanation:
    """Returns the decision on ``request``, with each layer's answer for each form."""
    shared, own = policy.answers(request)
    return Explanation(decision=policy.decide(request), shared=shared, own=own)


def matrix(
    policy: ReleasePolicy,
    request: ReleaseRequest,
    fields: Mapping[str, Marking],
    partners: Iterable[str],
) -> tuple[Cell, ...]:
    """Returns the decision for each field and each partner, field by field.

    Args:
        policy: The policy.
        request: Article, sender, purpose and kind; its recipient and marking are replaced.
        fields: Marking by path.
        partners: Agency URIs of the recipients.
    """
    columns = tuple(partners)
    return tuple(
        Cell(
            path=path,
            partner=partner,
            decision=policy.decide(request._replace(recipient=partner, marking=marking)),
        )
        for path, marking in fields.items()
        for partner in columns
    )


def diff(before: Iterable[Cell], after: Iterable[Cell]) -> tuple[Change, ...]:
    """Returns the cells with a visible difference between two matrices.

    A change of only the deciding policies is not a visible difference.
    """
    old = {(cell.path, cell.partner): cell.decision for cell in before}
    new = {(cell.path, cell.partner): cell.decision for cell in after}
    return tuple(
        Change(path=key[0], partner=key[1], before=old.get(key), after=new.get(key))
        for key in dict.fromkeys([*old, *new])
        if _outcome(old.get(key)) != _outcome(new.get(key))
    )


def run_cases(policy: ReleasePolicy, cases: Iterable[PolicyCase]) -> tuple[CaseResult, ...]:
    """Returns the result of every case."""
    return tuple(CaseResult(case=case, decision=policy.decide(case.request)) for case in cases)


def _form(decision: Decision | None) -> Form:
    return decision.form if decision else Form.WITHHELD


def _outcome(decision: Decision | None) -> tuple[Form, str, tuple[str, ...]] | None:
    return (decision.form, decision.reason, decision.faults) if decision else None
