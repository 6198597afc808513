from support.policies import AMOUNT_TO_MX, CN, MX, OWN_POLICIES, TERMS, asking
from tearline.policy.explain import PolicyCase, diff, explain, matrix, run_cases
from tearline.policy.form import REVEALING_FORMS, Form
from tearline.policy.profile import default_marking
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES

SHARED = parse_policy_set(SHARED_POLICIES)
OLD = ReleasePolicy(terms=TERMS, shared=SHARED, own=parse_policy_set(OWN_POLICIES))
NEW = ReleasePolicy(
    terms=TERMS,
    shared=SHARED,
    own=parse_policy_set(
        OWN_POLICIES + '@id("hush") forbid (principal, action in Action::"from-clear", resource);'
    ),
)
FIELDS = {
    "t/Payment/amount": default_marking("finance.amount"),
    "t/BankAccount/iban": default_marking("finance.account"),
}


def cells(policy: ReleasePolicy):
    return matrix(policy, AMOUNT_TO_MX, FIELDS, (CN, MX))


def test_an_explanation_answers_for_every_form_and_layer() -> None:
    explained = explain(OLD, asking("finance.amount", CN))
    assert explained.decision == OLD.decide(asking("finance.amount", CN))
    assert [answer.form for answer in explained.shared] == list(REVEALING_FORMS)
    assert [answer.allowed for answer in explained.shared] == [True, True, True, False]
    assert all(answer.policy_ids == ("as-agreed",) for answer in explained.own)


def test_an_explanation_of_a_stranger_is_empty() -> None:
    explained = explain(OLD, asking("finance.amount", "spiffe://stranger.example"))
    assert (explained.shared, explained.own) == ((), ())
    assert explained.decision.form is Form.WITHHELD


def test_a_matrix_has_a_cell_for_each_field_and_partner() -> None:
    assert [(cell.path, cell.partner, cell.decision.form) for cell in cells(OLD)] == [
        ("t/Payment/amount", CN, Form.GENERALISED),
        ("t/Payment/amount", MX, Form.CLEAR),
        ("t/BankAccount/iban", CN, Form.MATCH),
        ("t/BankAccount/iban", MX, Form.CLEAR),
    ]


def test_a_difference_lists_what_changed_and_which_way() -> None:
    changes = diff(cells(OLD), cells(NEW))
    assert [(change.path, change.partner) for change in changes] == [
        ("t/Payment/amount", MX),
        ("t/BankAccount/iban", MX),
    ]
    assert not any(change.reveals_more for change in changes)
    assert all(change.reveals_more for change in diff(cells(NEW), cells(OLD)))
    assert diff(cells(OLD), cells(OLD)) == ()


def test_a_cell_on_one_side_only_is_a_change() -> None:
    (change,) = diff(cells(OLD)[:3], cells(OLD))
    assert (change.before, change.after) == (None, cells(OLD)[3].decision)
    assert change.reveals_more
    (change,) = diff(cells(OLD), cells(OLD)[:3])
    assert (change.after, change.reveals_more) == (None, False)


def test_cases_pass_or_fail_by_their_form() -> None:
    good = PolicyCase(name="amount", request=AMOUNT_TO_MX, expected=Form.CLEAR)
    bad = PolicyCase(name="too much", request=asking("finance.amount", CN), expected=Form.CLEAR)
    assert [result.passed for result in run_cases(OLD, (good, bad))] == [True, False]


def test_a_case_that_could_not_be_evaluated_fails_even_if_withheld() -> None:
    failing = (
        '@id("wide") permit (principal, action, resource);'
        '@id("failing") forbid (principal, action, resource)'
        " when { resource.tlp + 9223372036854775807 > 0 };"
    )
    policy = ReleasePolicy(terms=TERMS, shared=parse_policy_set(failing))
    case = PolicyCase(name="failing", request=AMOUNT_TO_MX, expected=Form.WITHHELD)
    (result,) = run_cases(policy, (case,))
    assert not result.passed
