"""``tearline policy``: check, explain, matrix, diff, test."""

import pytest

from support.policies import OWN_POLICIES
from tearline.errors import MarkingMalformed, PathMalformed
from tearline.policy.profile import default_marking
from tearline_client.demo.lead import OWN_POLICY
from tearline_client.drafting.policy_bench import marking_from

UNDER = ("--agreement", "narcotics-2026", "--article", "money-laundering")
CASE = """
[[case]]
name = "{name}"
article = "money-laundering"
purpose = "criminal-investigation"
kind = "lead"
to = "{to}"
field = "{field}"
expect = "{expect}"
"""


def case(name="amounts", to="cn-public-security", field="finance.amount", expect="generalised"):
    return CASE.format(name=name, to=to, field=field, expect=expect)


@pytest.fixture
def cases(tmp_path):
    """Writes a file of cases and returns its path."""

    def write(*texts, agreement='agreement = "narcotics-2026"\n'):
        path = tmp_path / "cases.toml"
        path.write_text(agreement + "".join(texts))
        return path

    return write


@pytest.fixture
def own(tmp_path):
    """Two files of own policies: what a new agency has, and one that holds accounts back."""
    old, new = tmp_path / "old.cedar", tmp_path / "new.cedar"
    old.write_text(OWN_POLICIES)
    new.write_text(OWN_POLICY)
    return old, new


# Check.


def test_a_good_file_has_no_findings(desk, own):
    result = desk.run("policy", "check", own[1])
    assert result.exit_code == 0
    assert "is valid" in result.stderr


def test_every_finding_is_listed(desk, tmp_path):
    bad = tmp_path / "bad.cedar"
    bad.write_text(
        'permit (principal, action == Action::"clear", resource);\n'
        '@id("two")@reason("whim") forbid (principal, action, resource);\n'
    )
    rows = desk.rows("policy", "check", bad, status=4)
    assert len(rows) >= 3
    assert {row["policy"] for row in rows} >= {"two"}


def test_without_a_file_the_homes_own_policies_are_checked(desk, own):
    missing = desk.run("policy", "check")
    assert (missing.exit_code, "own.cedar" in missing.stderr) == (1, True)
    adopt(desk, own[0])
    assert desk.run("policy", "check").exit_code == 0


def adopt(desk, file):
    secret = desk.folder / "pass"
    secret.touch(mode=0o600)
    secret.write_text("known to li alone")
    for command in (("person", "add", "li", "--role", "officer"), ("login", "li")):
        assert desk.run(*command, "--person-passphrase-file", secret).exit_code == 0
    assert desk.run("policy", "adopt", file, "--as", "li").exit_code == 0


def test_own_policies_are_adopted_by_an_officer_by_name(desk, own):
    assert "TL-TLS" in desk.run("policy", "adopt", own[1]).stderr
    assert desk.run("policy", "adopt").exit_code == 2
    assert desk.run("policy", "adopt", own[1], "--none").exit_code == 2
    adopt(desk, own[1])
    assert desk.run("policy", "adopt", "--none", "--as", "li").exit_code == 0
    assert not (desk.home / "policy" / "own.cedar").exists()
    (desk.home / "policy" / "own.cedar").write_text(OWN_POLICY)
    refused = desk.run("policy", "explain", "finance.account", *UNDER, "--to", "mx-prosecutor")
    assert (refused.exit_code, "TL-POL-029" in refused.stderr) == (5, True)


# Explain.


@pytest.mark.parametrize(
    "field", ["finance.amount", "Payment/amount", f"{'ab' * 16}/Payment/amount"]
)
def test_each_form_is_explained(desk, field):
    rows = desk.rows("policy", "explain", field, *UNDER, "--to", "cn-public-security")
    assert [(row["form"], row["released"]) for row in rows] == [
        ("exists", True),
        ("match", True),
        ("generalised", True),
        ("clear", False),
    ]
    assert rows[2]["by"] == "agreed-generalised"
    assert rows[3]["reason"] == "agreement"


def test_our_own_policies_are_explained_apart(desk, own):
    adopt(desk, own[1])
    rows = desk.rows("policy", "explain", "finance.account", *UNDER, "--to", "cn-public-security")
    clear = rows[-1]
    assert (clear["agreement_says"], clear["own_says"], clear["released"]) == (True, False, False)
    assert clear["own_by"] == "accounts-on-request"


def test_a_purpose_that_was_not_agreed_releases_nothing(desk):
    rows = desk.rows(
        "policy", "explain", "finance.amount", *UNDER,
        "--to", "mx-prosecutor", "--purpose", "tax",
    )  # fmt: skip
    assert not any(row["released"] for row in rows)
    assert rows[0]["by"] == "purpose-not-agreed"


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("finance.amount", *UNDER, "--to", "nobody"), 6),
        (("finance.amount", *UNDER, "--to", "spiffe://elsewhere.example"), 6),
        (("finance.amount", "--agreement", "none", "--article", "a", "--to", "mx-prosecutor"), 4),
        (
            ("finance.amount", *UNDER[:3], "none", "--to", "mx-prosecutor"),
            4,
        ),
        (("finance.bogus", *UNDER, "--to", "mx-prosecutor"), 4),
        (("finance.amount", *UNDER), 2),
    ],
)
def test_what_cannot_be_explained_is_refused(desk, arguments, status):
    result = desk.run("policy", "explain", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")


# Matrix and diff.


def test_the_matrix_has_a_row_for_each_category_and_a_column_for_each_partner(desk):
    rows = {row["category"]: row for row in desk.rows("policy", "matrix", *UNDER)}
    assert rows["finance.amount"] == {
        "category": "finance.amount",
        "cn-public-security": "generalised",
        "mx-prosecutor": "clear",
    }
    assert rows["method"]["mx-prosecutor"] == "exists"
    assert rows["unmarked"]["mx-prosecutor"] == "withheld"


def test_a_diff_shows_what_partners_would_notice(desk, own):
    (row,) = desk.rows("policy", "diff", *own, *UNDER)
    assert (row["category"], row["partner"]) == ("finance.account", "cn-public-security")
    assert (row["before"], row["after"], row["reveals_more"]) == ("clear", "generalised", False)
    (back,) = desk.rows("policy", "diff", *own[::-1], *UNDER)
    assert back["reveals_more"] is True
    assert desk.rows("policy", "diff", own[0], own[0], *UNDER) == []


def test_a_diff_of_shared_policies_replaces_the_agreements(desk, own):
    # "As agreed" alone, in the place of the agreement's own rules, would give everything.
    rows = desk.rows("policy", "diff", *own, *UNDER, "--shared")
    assert [(row["category"], row["partner"]) for row in rows] == [
        ("finance.account", "cn-public-security")
    ]


# Cases.


def test_cases_that_hold_pass(desk, cases):
    file = cases(case(), case(name="to mx", to="mx-prosecutor", expect="clear"))
    rows = desk.rows("policy", "test", file)
    assert [(row["case"], row["passed"]) for row in rows] == [("amounts", True), ("to mx", True)]


def test_a_case_that_does_not_hold_fails(desk, cases):
    (row,) = desk.rows("policy", "test", cases(case(expect="clear")), status=1)
    assert (row["passed"], row["expected"], row["decided"]) == (False, "clear", "generalised")


def test_a_case_may_be_about_another_sender(desk, cases):
    file = cases(case() + 'from = "mx-prosecutor"\n')
    assert desk.rows("policy", "test", file)[0]["passed"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        case(expect="mild"),
        case(field="finance.bogus"),
        case(field="a/b/c/d"),
        case() + 'sender = "us"\n',
        case().replace('kind = "lead"\n', ""),
        case().replace('"lead"', "1"),
        "case = 3\n",
        "[[case",
    ],
)
def test_a_file_of_cases_is_read_strictly(desk, cases, text):
    result = desk.run("policy", "test", cases(text))
    assert (result.exit_code, result.stdout) == (2, ""), result.output


def test_a_file_of_cases_names_its_agreement(desk, cases):
    assert desk.run("policy", "test", cases(case(), agreement="")).exit_code == 2
    assert desk.run("policy", "test", cases(case(), agreement="agreement = 1\n")).exit_code == 2


# Markings as people write them.


def test_a_marking_is_a_category_a_path_or_itself():
    amount = default_marking("finance.amount")
    assert marking_from("finance.amount") == amount
    assert marking_from("Payment/amount") == amount
    assert marking_from(amount.encode()) == amount
    assert marking_from("Payment/unheardOf").category == "unmarked"
    with pytest.raises(MarkingMalformed):
        marking_from("finance")
    with pytest.raises(PathMalformed):
        marking_from("a/b/c/d")
