from dataclasses import replace

import cedarpy
import pytest

from support.cases import each_case
from support.policies import AMOUNT_TO_MX, ARTICLE, CN, MX, OWN_POLICIES, TERMS, US, asking
from tearline.errors import ReleaseRefused, TermsMalformed
from tearline.policy import engine
from tearline.policy.engine import Engine
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES

SHARED = parse_policy_set(SHARED_POLICIES)
WIDE = '@id("wide") permit (principal, action, resource);'
# Adding anything to the largest number fails, so this forbid cannot be evaluated above TLP:CLEAR.
FAILING_FORBID = (
    '@id("failing") forbid (principal, action in Action::"from-clear", resource)'
    " when { resource.tlp + 9223372036854775807 > 0 };"
)


def deciding(shared: str = SHARED_POLICIES, own: str | None = None) -> ReleasePolicy:
    return ReleasePolicy(
        terms=TERMS,
        shared=parse_policy_set(shared),
        own=parse_policy_set(own) if own else None,
    )


DEFAULT = deciding()


# What the default policies make of an agreement.


@each_case(
    ("category", "recipient", "form"),
    [
        ("finance.amount", MX, Form.CLEAR),
        ("finance.amount", CN, Form.GENERALISED),
        ("finance.account", CN, Form.MATCH),
        ("location", CN, Form.EXISTS),
        ("location", MX, Form.WITHHELD),
        ("identity.subject", MX, Form.CLEAR),
        ("identity.subject", CN, Form.WITHHELD),
        ("identity.source", MX, Form.WITHHELD),
        ("finance.amount", US, Form.WITHHELD),
        ("finance.amount", "spiffe://stranger.example", Form.WITHHELD),
        ("unmarked", MX, Form.WITHHELD),
    ],
)
def test_an_agreement_gives_each_partner_its_forms(
    category: str, recipient: str, form: Form
) -> None:
    assert DEFAULT.decide(asking(category, recipient)).form is form


@pytest.mark.parametrize(
    ("change", "policy"),
    [
        ({"purpose": "evidence"}, "purpose-not-agreed"),
        ({"kind": "operational-notice"}, "kind-not-agreed"),
        ({"sender": CN}, "direction-not-agreed"),
    ],
)
def test_what_the_article_is_not_for_is_withheld(change: dict[str, str], policy: str) -> None:
    decision = DEFAULT.decide(AMOUNT_TO_MX._replace(**change))
    assert decision.form is Form.WITHHELD
    assert decision.shared_policy_ids == (policy,)
    assert decision.reason == "agreement"


def test_an_unknown_article_gives_nothing() -> None:
    decision = DEFAULT.decide(AMOUNT_TO_MX._replace(article="precursors"))
    assert (decision.form, decision.reason) == (Form.WITHHELD, "agreement")


def test_fields_above_the_highest_tlp_stay_at_home() -> None:
    red = replace(AMOUNT_TO_MX.marking, tlp=Tlp.RED)
    decision = DEFAULT.decide(AMOUNT_TO_MX._replace(marking=red))
    assert decision.form is Form.WITHHELD
    assert decision.shared_policy_ids == ("above-highest-tlp",)


def test_methods_are_at_most_told_to_exist_whatever_the_article_says() -> None:
    terms = replace(TERMS, articles=(replace(ARTICLE, highest_tlp=Tlp.RED),))
    decision = ReleasePolicy(terms=terms, shared=SHARED).decide(asking("method"))
    assert decision.form is Form.EXISTS
    assert decision.shared_policy_ids == ("agreed-clear", "sources-and-methods")
    assert decision.reason == "source"


def test_a_decision_names_what_allowed_it() -> None:
    decision = DEFAULT.decide(AMOUNT_TO_MX)
    assert decision.shared_policy_ids == ("agreed-clear",)
    assert decision.own_policy_ids == ()
    assert decision.reason == ""


# Two layers.

HOLD_BACK = OWN_POLICIES + (
    '@id("hold-amounts") @reason("privacy")'
    ' forbid (principal in Agency::"spiffe://mx-prosecutor.example",'
    ' action in Action::"from-generalised", resource in Category::"finance");'
)


def test_the_stricter_layer_wins() -> None:
    decision = deciding(own=HOLD_BACK).decide(AMOUNT_TO_MX)
    assert decision.form is Form.MATCH
    assert decision.shared_policy_ids == ("agreed-clear",)
    assert decision.own_policy_ids == ("as-agreed", "hold-amounts")
    assert decision.reason == "privacy"
    untouched = deciding(own=HOLD_BACK).decide(asking("finance.amount", CN))
    assert untouched.form is Form.GENERALISED


def test_an_agency_cannot_give_more_than_the_agreement() -> None:
    decision = deciding(own=WIDE).decide(asking("finance.amount", CN))
    assert (decision.form, decision.reason) == (Form.GENERALISED, "agreement")


def test_an_own_layer_that_permits_nothing_gives_nothing_and_no_reason() -> None:
    nothing = '@id("none") forbid (principal, action, resource);'
    decision = deciding(own=nothing).decide(AMOUNT_TO_MX)
    assert (decision.form, decision.reason) == (Form.WITHHELD, "unspecified")


def test_reasons_that_differ_are_not_told() -> None:
    forbid = 'forbid (principal, action in Action::"from-clear", resource);'
    source = f'@id("one") @reason("source") {forbid}'
    privacy = f'@id("two") @reason("privacy") {forbid}'
    assert deciding(WIDE + source).decide(AMOUNT_TO_MX).reason == "source"
    assert deciding(WIDE + source + privacy).decide(AMOUNT_TO_MX).reason == "unspecified"


# Enforcement.


def test_a_release_up_to_the_decision_passes_and_beyond_is_refused() -> None:
    request = asking("finance.amount", CN)
    for form in (Form.WITHHELD, Form.EXISTS, Form.MATCH, Form.GENERALISED):
        assert DEFAULT.verify(request, form) == DEFAULT.decide(request)
    with pytest.raises(ReleaseRefused) as refused:
        DEFAULT.verify(request, Form.CLEAR)
    assert "agreed-generalised" in refused.value.why


def test_a_refusal_says_that_a_policy_failed() -> None:
    with pytest.raises(ReleaseRefused) as refused:
        deciding(WIDE + FAILING_FORBID).verify(AMOUNT_TO_MX, Form.EXISTS)
    assert "could not be evaluated" in refused.value.why


def test_a_refusal_names_no_policy_of_the_agency() -> None:
    with pytest.raises(ReleaseRefused) as refused:
        deciding(own=HOLD_BACK).verify(AMOUNT_TO_MX, Form.CLEAR)
    assert "hold-amounts" not in str(refused.value)


# Traps.


def test_a_forbid_that_cannot_be_evaluated_withholds_everything() -> None:
    decision = deciding(WIDE + FAILING_FORBID).decide(AMOUNT_TO_MX)
    assert decision.form is Form.WITHHELD
    assert decision.faults == ("failing",)
    assert decision.reason == "unspecified"


def test_cedar_itself_would_skip_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_faults", lambda _errors, _policies: ())
    assert deciding(WIDE + FAILING_FORBID).decide(AMOUNT_TO_MX).form is Form.CLEAR


def test_a_permit_that_cannot_be_evaluated_withholds_everything() -> None:
    failing = FAILING_FORBID.replace("forbid", "permit").replace("from-", "up-to-")
    assert deciding(WIDE + failing).decide(AMOUNT_TO_MX).form is Form.WITHHELD


def test_a_failure_in_the_own_layer_counts_too() -> None:
    decision = deciding(own=WIDE + FAILING_FORBID).decide(AMOUNT_TO_MX)
    assert (decision.form, decision.faults) == (Form.WITHHELD, ("failing",))


def test_without_the_schema_no_group_of_actions_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "schema_handle", lambda: None)
    assert deciding().decide(AMOUNT_TO_MX).form is Form.WITHHELD
    forbids = WIDE + '@id("no") forbid (principal, action in Action::"from-exists", resource);'
    assert deciding(forbids).decide(AMOUNT_TO_MX).form is Form.CLEAR  # the forbid is ignored


def test_a_request_that_does_not_fit_the_schema_withholds_everything() -> None:
    decision = deciding(WIDE).decide(AMOUNT_TO_MX._replace(purpose=5))
    assert (decision.form, decision.faults) == (Form.WITHHELD, ("request",))


def test_entities_are_checked_on_load() -> None:
    article = replace(ARTICLE, joint="yes")
    with pytest.raises(TermsMalformed):
        Engine(replace(TERMS, articles=(article,)))


def test_cedar_gets_handles_with_the_schema_in_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    ask = cedarpy.is_authorized_batch

    def listen(requests, policies, entities, schema=None):
        calls.append((len(requests), type(policies), type(entities), type(schema)))
        return ask(requests, policies, entities, schema=schema)

    monkeypatch.setattr(cedarpy, "is_authorized_batch", listen)
    policy = deciding(own=OWN_POLICIES)
    first = policy.decide(AMOUNT_TO_MX)
    assert calls == [(4, cedarpy.PolicySet, cedarpy.Entities, cedarpy.Schema)] * 2
    assert policy.decide(AMOUNT_TO_MX._replace()) is first
    assert len(calls) == 2  # a marking is decided once


def test_no_text_of_a_policy_or_message_of_cedar_reaches_a_decision() -> None:
    text = WIDE + FAILING_FORBID.replace("> 0", "> 424242")
    decision = deciding(text).decide(AMOUNT_TO_MX)
    assert "424242" not in repr(decision)
    assert "9223372036854775807" not in repr(decision)
