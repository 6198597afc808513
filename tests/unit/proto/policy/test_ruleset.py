import pytest

from support.cases import each_case
from support.policies import OWN_POLICIES
from tearline.errors import PolicySetMalformed
from tearline.limits import MAX_POLICIES, MAX_POLICY_BYTES
from tearline.packets.packet import WithholdReason
from tearline.policy.ruleset import REASONS, check, parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES, schema_digest

PERMIT = '@id("wide") permit (principal, action, resource);'


@pytest.mark.parametrize("text", [SHARED_POLICIES, OWN_POLICIES, PERMIT])
def test_a_good_set_has_no_findings(text: str) -> None:
    assert check(text) == ()
    assert parse_policy_set(text).text == text


@each_case(
    ("text", "policy_id", "message"),
    [
        ("permit (principal, action, resource)", "", "not Cedar"),
        ("", "", "a set has 1 to"),
        ("// nothing", "", "a set has 1 to"),
        ("permit (principal, action, resource);", "policy0", "needs an @id"),
        (PERMIT.replace("wide", "Wide Open"), "Wide Open", "needs an @id"),
        (PERMIT.replace('("wide")', ""), "policy0", "needs an @id"),
        (PERMIT + PERMIT, "wide", "another policy has the same @id"),
        ('@reason("secret")' + PERMIT, "wide", "@reason is one of"),
        ('@note("x")' + PERMIT, "wide", "annotation other than"),
        (
            '@id("slot") permit (principal == ?principal, action, resource);' + PERMIT,
            "",
            "templates decide nothing",
        ),
        # The ladder.
        (
            '@id("rung") permit (principal, action == Action::"clear", resource);',
            "rung",
            "a permit is for any action or one group",
        ),
        (
            '@id("rung") permit (principal, action in Action::"from-clear", resource);',
            "rung",
            "a permit is for any action or one group",
        ),
        (
            '@id("rung") forbid (principal, action in Action::"up-to-match", resource);',
            "rung",
            "a forbid is for any action or one group",
        ),
        (
            '@id("rung") forbid (principal, action in [Action::"clear", Action::"match"],'
            " resource);",
            "rung",
            "a forbid is for any action or one group",
        ),
        (
            '@id("rung") permit (principal, action, resource)'
            ' when { !(resource.orcon && action == Action::"exists") };',
            "rung",
            "look at the action",
        ),
        # Cedar's validator, with the schema.
        (
            '@id("typo") forbid (principal, action, resource) when { resource.colour == 1 };',
            "typo",
            "colour",
        ),
        (
            '@id("type") forbid (principal, action, resource) when { resource.tlp == "red" };',
            "type",
            "",
        ),
        (
            '@id("group") permit (principal, action in Action::"up-to-all", resource);',
            "group",
            "up-to-all",
        ),
        (
            '@id("kind") permit (principal in Ministry::"x", action, resource);',
            "kind",
            "Ministry",
        ),
    ],
)
def test_what_is_wrong_is_found_and_refused(text: str, policy_id: str, message: str) -> None:
    assert any(f.policy_id == policy_id and message in f.message for f in check(text))
    with pytest.raises(PolicySetMalformed):
        parse_policy_set(text)


def test_every_finding_is_reported() -> None:
    text = (
        "permit (principal, action, resource);"
        '@id("typo") forbid (principal, action, resource) when { resource.colour == 1 };'
    )
    assert {finding.policy_id for finding in check(text)} == {"policy0", "typo"}


def test_size_is_bounded() -> None:
    assert "bytes" in check("// " + "x" * MAX_POLICY_BYTES)[0].message
    many = "\n".join(PERMIT.replace("wide", f"p{n}") for n in range(MAX_POLICIES + 1))
    assert [finding.message for finding in check(many)] == [
        f"a set has 1 to {MAX_POLICIES} policies"
    ]


@pytest.mark.parametrize(
    "condition",
    [
        "(" * 5000 + "true" + ")" * 5000,
        "(  // )\r" * 2000 + "true" + ")" * 2000,  # a comment ends with the line
        '(  "\\")"  ' * 2000 + "true" + ")" * 2000,
        "[" * 5000 + "]" * 5000,
        "if true then " * 1000 + "true" + " else true" * 1000,
        "true" + " && true" * 1000,
        "context has a" + ".a" * 2000,
    ],
)
def test_nesting_that_would_end_the_process_is_refused_before_it_is_parsed(condition: str) -> None:
    (finding,) = check(PERMIT.replace(";", f" when {{ {condition} }};"))
    assert "tokens" in finding.message or "bytes" in finding.message


def test_text_that_is_not_unicode_is_not_cedar() -> None:
    assert "not Cedar" in check("\ud800")[0].message


def test_sets_are_named_by_their_text() -> None:
    one, same, other = (parse_policy_set(text) for text in (PERMIT, PERMIT, PERMIT + "\n"))
    assert one == same
    assert one.digest() == same.digest() != other.digest()
    assert len(one.digest()) == 32


def test_ids_and_reasons_are_kept() -> None:
    policies = parse_policy_set(SHARED_POLICIES)
    assert "sources-and-methods" in policies.ids.values()
    assert policies.reasons["sources-and-methods"] == "source"
    assert "agreed-clear" not in policies.reasons


def test_reasons_are_those_that_an_opening_can_give() -> None:
    assert set(REASONS) == {reason.value for reason in WithholdReason}


def test_schema_and_default_policies_are_those_that_agreements_pin() -> None:
    assert (
        schema_digest().hex() == "7f2cb45c114cefba601dc1af3c77e5589eee1479c314c7430c4850ffcc919bdb"
    )
    assert (
        parse_policy_set(SHARED_POLICIES).digest().hex()
        == "5bc01f6f9c0a47a6a2382534e5b6a0f31850c292eb6973d6f6f49080dbdad480"
    )
