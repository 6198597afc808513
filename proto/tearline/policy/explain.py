"""Policies made visible: why a decision fell so, what each partner would see, what changed.

Pure functions behind ``tearline policy check|explain|matrix|diff|test`` and the preview of a
packet (``check`` itself stands in ``tearline.policy.ruleset``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tearline.policy.engine import Answer, ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.policy.release import Decision, ReleasePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision and the answers it was made from, form by form.

    Attributes:
        decision: The decision.
        shared: What the agreement's policies say of each form, lowest first; empty where
            the agreement does not know the article, sender or recipient.
        own: What the agency's own say; empty where there are none.
    """

    decision: Decision
    shared: tuple[Answer, ...]
    own: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One field before one partner.

    Attributes:
        path: The field's path, or whatever names the row.
        partner: Agency URI.
        decision: What the partner may have of it at most.
    """

    path: str
    partner: str
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A cell that differs between two matrices; None where one matrix has no such cell."""

    path: str
    partner: str
    before: Decision | None
    after: Decision | None

    @property
    def reveals_more(self) -> bool:
        """Whether the partner gets more than before."""
        return _form(self.after) > _form(self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCase:
    """A decision that a policy author expects."""

    name: str
    request: ReleaseRequest
    expected: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What became of a case."""

    case: PolicyCase
    decision: Decision

    @property
    def passed(self) -> bool:
        """Whether the decision is the expected one and every policy could be evaluated."""
        return self.decision.form is self.case.expected and not self.decision.faults


def explain(policy: ReleasePolicy, request: ReleaseRequest) -> Explanation:
    """The decision on ``request``, with what each layer said of each form."""
    shared, own = policy.answers(request)
    return Explanation(decision=policy.decide(request), shared=shared, own=own)


def matrix(
    policy: ReleasePolicy,
    request: ReleaseRequest,
    fields: Mapping[str, Marking],
    partners: Iterable[str],
) -> tuple[Cell, ...]:
    """The decision for each field before each partner, field by field.

    Args:
        policy: The policy to ask.
        request: Article, sender, purpose and kind; its recipient and marking are replaced.
        fields: Marking by path.
        partners: Agency URIs of the recipients.
    """
    columns = tuple(partners)
    return tuple(
        Cell(
            path=path,
            partner=partner,
            decision=policy.decide(replace(request, recipient=partner, marking=marking)),
        )
        for path, marking in fields.items()
        for partner in columns
    )


def diff(before: Iterable[Cell], after: Iterable[Cell]) -> tuple[Change, ...]:
    """The cells in which two matrices differ, as the partner or the sender would notice.

    Which policies brought a decision about may change without the cell changing.
    """
    old = {(cell.path, cell.partner): cell.decision for cell in before}
    new = {(cell.path, cell.partner): cell.decision for cell in after}
    return tuple(
        Change(path=key[0], partner=key[1], before=old.get(key), after=new.get(key))
        for key in dict.fromkeys([*old, *new])
        if _outcome(old.get(key)) != _outcome(new.get(key))
    )


def run_cases(policy: ReleasePolicy, cases: Iterable[PolicyCase]) -> tuple[CaseResult, ...]:
    """Decides every case."""
    return tuple(CaseResult(case=case, decision=policy.decide(case.request)) for case in cases)


def _form(decision: Decision | None) -> Form:
    return decision.form if decision else Form.WITHHELD


def _outcome(decision: Decision | None) -> tuple[Form, str, tuple[str, ...]] | None:
    return (decision.form, decision.reason, decision.faults) if decision else None
