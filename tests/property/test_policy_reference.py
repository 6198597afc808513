"""Release decisions against a small engine of its own making, which knows no Cedar.

Rules are drawn at random as data. One function spells a set of them in Cedar, another
evaluates them here; both must decide alike. Then each safeguard is taken away, and the same
comparison must notice.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.cases import each_case
from support.examples import examples
from tearline.policy import engine
from tearline.policy.engine import Engine, ReleaseRequest
from tearline.policy.form import REVEALING_FORMS, Form
from tearline.policy.marking import HANDLING_CODES, Marking, Pap, Tlp
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.terms import ArticleTerms, Direction, Share, Terms

US, CN, MX = (f"spiffe://{name}.example" for name in ("us-justice", "cn-police", "mx-prosecutor"))
PARTIES = tuple(sorted((US, CN, MX)))
NODES = ("finance", "finance.account", "identity", "identity.subject", "location", "narrative")
LEAVES = ("finance.account", "finance.amount", "identity.subject", "identity.source", "location")
GUARDED = ("identity.source",)
PURPOSES = ("intelligence", "evidence")
SHARES = {
    (CN, "finance"): Form.GENERALISED,
    (CN, "identity.subject"): Form.CLEAR,
    (MX, "finance.account"): Form.CLEAR,
    (MX, "identity"): Form.MATCH,
    (MX, "location"): Form.EXISTS,
}
TERMS = Terms(
    parties=PARTIES,
    articles=(
        ArticleTerms(
            id="laundering",
            purposes=tuple(sorted(PURPOSES)),
            kinds=("lead",),
            crime_areas=(),
            directions=tuple(Direction(sender=US, recipient=to) for to in (CN, MX)),
            shares=tuple(
                Share(partner=partner, category=node, form=form)
                for (partner, node), form in sorted(SHARES.items())
            ),
            highest_tlp=Tlp.RED,
            joint=False,
            four_eyes=False,
        ),
    ),
)


class CannotEvaluateError(Exception):
    """A condition that has no value for this request."""


@dataclass(frozen=True)
class Test:
    """One condition: what it looks at, and the value it compares with."""

    __test__ = False
    kind: str
    value: object = None

    def cedar(self) -> str:
        return {
            "tlp": f"resource.tlp >= {self.value}",
            "pap": f"resource.pap < {self.value}",
            "orcon": "resource.orcon",
            "guarded": "resource.guarded",
            "handling": f'resource.handling.contains("{self.value}")',
            "purpose": f'context.purpose == "{self.value}"',
            "agreed": f"principal.{self.value}.contains(resource.category)",
            # The largest number Cedar has: adding anything above nothing fails.
            "overflow": "resource.tlp + 9223372036854775807 > 0",
        }[self.kind]

    def holds(self, request: ReleaseRequest) -> bool:
        marking = request.marking
        match self.kind:
            case "tlp":
                return int(marking.tlp) >= self.value
            case "pap":
                return int(marking.pap) < self.value
            case "orcon":
                return marking.orcon
            case "guarded":
                return marking.category in GUARDED
            case "handling":
                return self.value in marking.handling
            case "purpose":
                return request.purpose == self.value
            case "agreed":
                group = marking.category.split(".")[0]
                share = SHARES.get((request.recipient, marking.category))
                if share is None and marking.category not in GUARDED:
                    share = SHARES.get((request.recipient, group))
                return share is not None and share.text == self.value
        if marking.tlp > 0:
            raise CannotEvaluateError
        return True


@dataclass(frozen=True)
class Rule:
    permit: bool
    form: Form | None
    agency: str | None
    node: str | None
    tests: tuple[Test, ...]
    unless: bool

    def cedar(self, name: str) -> str:
        group = "up-to" if self.permit else "from"
        action = f' in Action::"{group}-{self.form.text}"' if self.form else ""
        principal = f' in Agency::"{self.agency}"' if self.agency else ""
        resource = f' in Category::"{self.node}"' if self.node else ""
        condition = " && ".join(test.cedar() for test in self.tests)
        word = "unless" if self.unless else "when"
        return (
            f'@id("{name}") {"permit" if self.permit else "forbid"}'
            f"(principal{principal}, action{action}, resource{resource})"
            + (f" {word} {{ {condition} }};" if condition else ";")
        )

    def concerns(self, request: ReleaseRequest, form: Form) -> bool:
        category = request.marking.category
        return (
            (self.form is None or (form <= self.form if self.permit else form >= self.form))
            and self.agency in (None, request.recipient)
            and self.node in (None, category, category.split(".")[0])
        )

    def applies(self, request: ReleaseRequest, form: Form) -> bool:
        if not self.concerns(request, form):
            return False
        if not self.tests:
            return True
        return all(test.holds(request) for test in self.tests) != self.unless


Rules = tuple[Rule, ...]


def cedar_text(rules: Rules) -> str:
    return "\n".join(rule.cedar(f"rule-{number}") for number, rule in enumerate(rules))


def reference_form(rules: Rules, request: ReleaseRequest) -> Form:
    """The highest form with a permit and no forbid; nothing, where a rule has no value."""
    highest = Form.WITHHELD
    try:
        for form in REVEALING_FORMS:
            applying = [rule for rule in rules if rule.applies(request, form)]
            if applying and all(rule.permit for rule in applying):
                highest = form
    except CannotEvaluateError:
        return Form.WITHHELD
    return highest


def draw_rules(rng: random.Random) -> Rules:
    """At least five rules: mostly wide permits and narrow forbids, so that all forms occur."""
    permits = [
        Rule(
            permit=True,
            form=rng.choice([None, *REVEALING_FORMS, Form.CLEAR, Form.GENERALISED]),
            agency=rng.choice([None, None, CN, MX]),
            node=rng.choice([None, None, *NODES]),
            tests=_tests(rng, rng.choice([0, 0, 1])),
            unless=rng.random() < 0.3,
        )
        for _ in range(rng.randint(3, 5))
    ]
    forbids = [
        Rule(
            permit=False,
            form=rng.choice([None, *REVEALING_FORMS, Form.MATCH, Form.GENERALISED, Form.CLEAR]),
            agency=rng.choice([None, CN, MX]),
            node=rng.choice([None, *NODES]),
            tests=_tests(rng, rng.choice([1, 1, 2]), failing=rng.random() < 0.1),
            unless=rng.random() < 0.2,
        )
        for _ in range(rng.randint(2, 3))
    ]
    rules = permits + forbids
    rng.shuffle(rules)
    return tuple(rules)


def _tests(rng: random.Random, count: int, *, failing: bool = False) -> tuple[Test, ...]:
    drawn = [
        rng.choice(
            [
                Test("tlp", rng.randint(1, 4)),
                Test("pap", rng.randint(1, 3)),
                Test("orcon"),
                Test("guarded"),
                Test("handling", rng.choice(HANDLING_CODES)),
                Test("purpose", rng.choice(PURPOSES)),
                Test("agreed", rng.choice(REVEALING_FORMS).text),
            ]
        )
        for _ in range(count)
    ]
    if failing:
        drawn[rng.randrange(len(drawn))] = Test("overflow")
    return tuple(drawn)


def draw_request(rng: random.Random) -> ReleaseRequest:
    return ReleaseRequest(
        article="laundering",
        sender=US,
        recipient=rng.choice([CN, MX]),
        purpose=rng.choice(PURPOSES),
        kind="lead",
        marking=Marking(
            category=rng.choice(LEAVES),
            tlp=rng.choice(list(Tlp)),
            handling=tuple(code for code in HANDLING_CODES if rng.random() < 0.3),
            orcon=rng.random() < 0.3,
            pap=rng.choice(list(Pap)),
        ),
    )


def compare(pairs: int, cells: int, seed: int) -> Iterator[tuple[Form, Form]]:
    """For each cell, what the policy decides and what the reference does.

    Two sets of rules are drawn for a pair: one is shared, the other the agency's own.
    """
    rng = random.Random(seed)
    for _ in range(pairs):
        shared, own = draw_rules(rng), draw_rules(rng)
        policy = ReleasePolicy(
            terms=TERMS,
            shared=parse_policy_set(cedar_text(shared)),
            own=parse_policy_set(cedar_text(own)),
        )
        for _ in range(cells):
            request = draw_request(rng)
            expected = min(reference_form(shared, request), reference_form(own, request))
            yield policy.decide(request).form, expected


def differing(pairs: int = 40, cells: int = 4) -> int:
    return sum(decided is not expected for decided, expected in compare(pairs, cells, seed=2))


@pytest.mark.thorough(
    twin="tests/property/test_policy_reference.py::test_a_small_sample_agrees_too"
)
@each_case("seed", range(10))
def test_cedar_and_the_reference_agree_on_five_thousand_sets(seed: int) -> None:
    outcomes: Counter[Form] = Counter()
    for decided, expected in compare(pairs=250, cells=3, seed=seed):
        assert decided is expected
        outcomes[decided] += 1
    total = outcomes.total()
    assert total == 750
    assert {form: outcomes[form] / total >= 0.05 for form in Form} == dict.fromkeys(Form, True)


def test_a_small_sample_agrees_too() -> None:
    assert differing() == 0


def test_without_the_check_for_failing_policies_the_comparison_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "_faults", lambda _errors, _policies: ())
    assert differing() > 0


def test_without_the_schema_the_comparison_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "schema_handle", lambda: None)
    assert differing() > 0


ENGINE = Engine(TERMS)
SEEDS = st.integers(min_value=0, max_value=2**32)


@settings(max_examples=examples(150), deadline=None)
@given(SEEDS)
def test_whoever_may_have_a_form_may_have_all_below_it(seed: int) -> None:
    rng = random.Random(seed)
    answers = ENGINE.ask(parse_policy_set(cedar_text(draw_rules(rng))), draw_request(rng))
    if not any(answer.faults for answer in answers):
        allowed = [answer.allowed for answer in answers]
        assert allowed == sorted(allowed, reverse=True)


@settings(max_examples=examples(100), deadline=None)
@given(SEEDS, st.sampled_from(REVEALING_FORMS))
def test_one_more_permit_never_hides_and_one_more_forbid_never_reveals(
    seed: int, form: Form
) -> None:
    rng = random.Random(seed)
    rules, request = draw_rules(rng), draw_request(rng)
    wide = Rule(permit=True, form=form, agency=None, node=None, tests=(), unless=False)

    def decide(some: Rules) -> Form:
        policies = parse_policy_set(cedar_text(some))
        return ReleasePolicy(terms=TERMS, shared=policies).decide(request).form

    before = decide(rules)
    assert decide((*rules, wide)) >= before
    assert decide((*rules, replace(wide, permit=False))) <= min(before, Form(form - 1))
