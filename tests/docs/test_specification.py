"""The specifications as one text: ids of rules, and what the pages state in figures and words."""

import re
from collections import Counter
from itertools import product

from support.cases import each_case
from support.paths import ROOT
from support.policies import CN, MX, TERMS, US
from tearline.crypto.armor import Armor
from tearline.errors import ErrorClass, concrete_errors
from tearline.policy import masks, profile
from tearline.policy.category import CATEGORIES
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.marking import Marking, Pap, Tlp
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.terms import Direction, Terms
from tearline.policy.vocabulary import SHARED_POLICIES, schema_digest

SPEC = ROOT / "docs" / "spec"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(SPEC.glob("*.md"))}
RULE = re.compile(r"^\*\*([A-Z]{1,2}-\d+)\b", re.MULTILINE)
CITED = re.compile(r"(?<![\w/-])([A-Z]{1,2}-\d{1,2})\b(?![\w-])")


def rules() -> list[str]:
    return [rule for text in PAGES.values() for rule in RULE.findall(text)]


def test_no_two_rules_have_one_id() -> None:
    assert [rule for rule, count in Counter(rules()).items() if count > 1] == []


@each_case("page", PAGES)
def test_the_rules_of_a_page_are_numbered_in_order(page: str) -> None:
    found = [rule.split("-") for rule in RULE.findall(PAGES[page])]
    assert [int(number) for _, number in found] == [*range(1, len(found) + 1)]
    assert len({area for area, _ in found}) <= 1


def test_no_two_pages_share_a_prefix() -> None:
    areas = [{rule.partition("-")[0] for rule in RULE.findall(text)} for text in PAGES.values()]
    assert max(Counter(area for page in areas for area in page).values()) == 1


def test_every_rule_that_a_page_cites_exists() -> None:
    numbered, areas = {*rules()}, {rule.partition("-")[0] for rule in rules()}
    cited = {rule for text in PAGES.values() for rule in CITED.findall(text)}
    assert sorted(rule for rule in cited - numbered if rule.partition("-")[0] in areas) == []


def test_every_code_that_a_page_names_exists() -> None:
    codes = {code for text in PAGES.values() for code in re.findall(r"TL-[A-Z]{3}-\d{3}", text)}
    assert sorted(codes - {error.code for error in concrete_errors()}) == []


def test_the_pages_say_how_many_codes_and_rules_there_are() -> None:
    codes = {code for text in PAGES.values() for code in re.findall(r"TL-[A-Z]{3}-\d{3}", text)}
    assert f"the {len(codes)} codes that these pages name are informative" in PAGES["README.md"]
    assert f"Each of the {len(rules())} rules keeps its id" in PAGES["stability.md"]


def test_the_page_names_every_class_of_errors() -> None:
    named = re.findall(r"^\| `([a-z ]+)` \| (?!TL-)[A-Z]", PAGES["README.md"], re.MULTILINE)
    assert named == [each.value for each in ErrorClass]
    assert {error.error_class for error in concrete_errors()} == {*ErrorClass}


def test_the_page_names_the_digests_of_this_version() -> None:
    digests = {
        "policy": parse_policy_set(SHARED_POLICIES).digest(),
        "schema": schema_digest(),
        "profile": profile.digest(),
        "masks": masks.digest(),
    }
    named = re.findall(r"^\| `(\w+)` \| .* \| `([0-9a-f]{64})` \|$", PAGES["policy-v1.md"], re.M)
    assert dict(named) == {name: digest.hex() for name, digest in digests.items()}


def test_the_page_names_every_label_of_a_file() -> None:
    named = re.findall(r"^\| `(TEARLINE [A-Z ]+)` \|", PAGES["statement-v1.md"], re.M)
    assert sorted(named) == sorted(Armor)


def test_the_page_names_the_guarded_categories() -> None:
    (line,) = re.findall(r"^\*Guarded\* leaves are (.+?)\. ", PAGES["policy-v1.md"], re.M)
    assert re.findall("`(.+?)`", line) == [leaf.name for leaf in CATEGORIES if leaf.guarded]


def decide(terms: Terms, asked: ReleaseRequest) -> Form:
    """PL-2, as the page says them."""
    article = terms.article(asked.article)
    if article is None or not {asked.sender, asked.recipient} <= {*terms.parties}:
        return Form.WITHHELD
    covered = asked.purpose in article.purposes and asked.kind in article.kinds
    way = Direction(sender=asked.sender, recipient=asked.recipient) in article.directions
    category, guarded = asked.marking.category, "identity.officer method identity.source unmarked"
    if not covered or not way or asked.marking.tlp > article.highest_tlp:
        return Form.WITHHELD
    shares = {s.category: s.form for s in article.shares if s.partner == asked.recipient}
    if category in guarded.split():
        form = min(shares.get(category, Form.WITHHELD), Form.EXISTS)
        return Form.WITHHELD if category == "unmarked" else form
    return shares.get(category, shares.get(category.partition(".")[0], Form.WITHHELD))


@each_case("category", [leaf.name for leaf in CATEGORIES])
def test_the_decision_of_the_page_is_that_of_the_policies(category: str) -> None:
    policy = ReleasePolicy(terms=TERMS, shared=parse_policy_set(SHARED_POLICIES))
    (first, *_) = TERMS.articles
    purposes, kinds = (*first.purposes, "another-purpose"), (*first.kinds, "another-kind")
    ends = (MX, CN, "spiffe://stranger.example")
    found = set()
    for article, sender, recipient, purpose, kind, tlp in product(
        (first.id, "no-article"), (US, MX), ends, purposes, kinds, (Tlp.AMBER_STRICT, Tlp.RED)
    ):
        marking = Marking(category=category, tlp=tlp, pap=Pap.RED, handling=("H1",), orcon=True)
        asked = ReleaseRequest(
            article=article,
            sender=sender,
            recipient=recipient,
            purpose=purpose,
            kind=kind,
            marking=marking,
        )
        found.add(policy.decide(asked).form)
        assert policy.decide(asked).form is decide(TERMS, asked), asked
    assert Form.WITHHELD in found
