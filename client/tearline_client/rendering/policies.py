"""Rows of questions to policies: explanations, changes and results of cases."""

from tearline.federation.versions import Members
from tearline.policy.engine import Answer
from tearline.policy.explain import CaseResult, Change, Explanation
from tearline.policy.form import REVEALING_FORMS
from tearline_client.rendering.words import agency_name


def explanation_rows(explained: Explanation) -> list[dict[str, object]]:
    """Returns a row for each form, the lowest first, with each layer's decision."""

    def say(answers: tuple[Answer, ...], form: object) -> tuple[object, str]:
        found = next((answer for answer in answers if answer.form is form), None)
        if found is None:
            return None, ""
        return found.allowed, " ".join((*found.policy_ids, *found.faults))

    rows: list[dict[str, object]] = []
    for form in REVEALING_FORMS:
        shared, by = say(explained.shared, form)
        own, own_by = say(explained.own, form)
        rows.append(
            {
                "form": form.text,
                "released": form <= explained.decision.form,
                "agreement_says": shared,
                "by": by,
                "own_says": own,
                "own_by": own_by,
                "reason": explained.decision.reason,
            }
        )
    return rows


def change_row(change: Change, members: Members) -> dict[str, object]:
    """Returns a changed cell as data."""
    return {
        "category": change.path,
        "partner": agency_name(members, change.partner),
        "before": change.before.form.text if change.before else None,
        "after": change.after.form.text if change.after else None,
        "reveals_more": change.reveals_more,
        "reason_before": change.before.reason if change.before else None,
        "reason_after": change.after.reason if change.after else None,
    }


def result_row(result: CaseResult) -> dict[str, object]:
    """Returns a case, its decision and its expectation as data."""
    decision = result.decision
    return {
        "case": result.case.name,
        "passed": result.passed,
        "expected": result.case.expected.text,
        "decided": decision.form.text,
        "by": " ".join(decision.shared_policy_ids),
        "own": " ".join(decision.own_policy_ids),
        "reason": decision.reason,
        "faults": list(decision.faults),
    }
