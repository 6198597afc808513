"""The specifications as one text: ids of rules, and what the pages state in figures and words."""

import re
import subprocess
import sys
from base64 import b64decode
from collections import Counter
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from support.docs_pages import program
from support.paths import ROOT
from support.policies import CN, MX, TERMS, US
from tearline.crypto.armor import Armor, armor
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
from vectors.own_cases import Case, cases, vectors
from vectors.test_exhibit_vectors import federation_of, policy_of, text_of

SPEC = ROOT / "docs" / "spec"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(SPEC.glob("*.md"))}
RULE = re.compile(r"^\*\*([A-Z]{1,2}-\d+)\b", re.MULTILINE)
CITED = re.compile(r"(?<![\w/-])([A-Z]{1,2}-\d{1,2})\b(?![\w-])")


def rules() -> list[str]:
    return [rule for text in PAGES.values() for rule in RULE.findall(text)]


def test_no_two_rules_have_one_id() -> None:
    assert [rule for rule, count in Counter(rules()).items() if count > 1] == []


@pytest.mark.parametrize("page", PAGES)
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
    named = re.findall(r"^\| `([a-z ]+)` \| [A-Z]", PAGES["README.md"], re.MULTILINE)
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


@pytest.mark.parametrize("category", [leaf.name for leaf in CATEGORIES])
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


PAGE = "spec/verify-exhibit.md"
FILE = vectors("exhibit")
AS_FOUNDED = [case for case in FILE["exhibits"] if "federation" not in case]


def run(path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A program of a page, alone: it finds no package of this project."""
    command = [sys.executable, "-I", str(path), *map(str, arguments)]
    return subprocess.run(command, cwd=path.parent, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("case", AS_FOUNDED, ids=lambda case: case["name"])
def test_the_program_of_the_page_verifies_an_exhibit(case: Case, tmp_path: Path) -> None:
    exhibit = tmp_path / "exhibit.pem"
    exhibit.write_text(case["file"])
    policy = tmp_path / "log.policy"
    policy.write_text(case.get("policy", FILE["policy"]))
    known = policy if case["by"] == "directory" else FILE["federation"]
    ran = run(program(PAGE, tmp_path), exhibit, known)
    first, *fields = ran.stdout.splitlines()
    assert (ran.returncode, first) == (0, f"verified: signed by {case['shows']['originator']}")
    slots = [str(field["slot"]) for field in case["shows"]["fields"]]
    assert [line.split(" ")[0] for line in fields] == slots


def test_the_program_of_the_page_reads_no_decisions(tmp_path: Path) -> None:
    (case,) = (case for case in FILE["exhibits"] if "federation" in case)
    exhibit = tmp_path / "exhibit.pem"
    exhibit.write_text(case["file"])
    ran = run(program(PAGE, tmp_path), exhibit, case["federation"])
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "not verified: cannot be judged: this program reads no decisions\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "usage: verify_exhibit.py EXHIBIT ID_OR_POLICY..."),
        (["none.pem", "0" * 64], "not verified: cannot be read: "),
        (["program.py", "0" * 64], "not verified: malformed: no file"),
        (["exhibit.pem"], "not verified: cannot be judged: a policy or a federation id is missing"),
        (["exhibit.pem", "0" * 64], "not verified: not authentic: another federation"),
    ],
)
def test_the_program_of_the_page_ends_in_a_sentence(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "exhibit.pem").write_text(FILE["exhibits"][0]["file"])
    ran = run(program(PAGE, tmp_path), *arguments)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(sentence)
    assert ran.stderr.count("\n") == 1


def test_the_page_says_how_long_its_program_is(tmp_path: Path) -> None:
    lines = len(program(PAGE, tmp_path).read_text().splitlines())
    assert f"This program of {lines} lines" in PAGES["verify-exhibit.md"]


def test_the_program_of_the_page_uses_nothing_of_this_project(tmp_path: Path) -> None:
    source = program(PAGE, tmp_path).read_text()
    imported = re.findall(r"^\s*(?:from|import) (\w+)", source, re.M)
    assert {*imported} == {
        "re",
        "sys",
        "base64",
        "hashlib",
        "io",
        "pathlib",
        "cryptography",
    }


@cache
def names() -> dict[str, Any]:
    """The names that the program defines."""
    (source,) = re.findall(r"```python\n(.*?)```", PAGES["verify-exhibit.md"], re.S)
    found: dict[str, Any] = {"__name__": "verify_exhibit"}
    exec(compile(source, "verify-exhibit.md", "exec"), found)
    return found


def known(case: Case) -> dict[str, object]:
    """What a reader of an exhibit knows."""
    id_ = {"federation": federation_of(case)}
    return id_ | ({"policy": policy_of(case)} if case["by"] == "directory" else {})


def refusal(text: str, **known: object) -> str:
    """The class with which the program refuses an exhibit; empty if it shows fields."""
    try:
        names()["verify_exhibit"](text, **known)
    except names()["Refused"] as refused:
        return str(refused).split(":")[0]
    return ""


CLASSES = {error.code: error.error_class.value for error in concrete_errors()} | {
    "TL-USE-001": "malformed",  # local to a reader's command, and the file's fault here
    "TL-LOG-022": "cannot be judged",
}


@pytest.mark.parametrize("case", cases("exhibit", "refused", "exhibit"))
def test_the_program_of_the_page_refuses_a_bad_copy(case: Case) -> None:
    decided = case["by"] == "statements" and "federation" in case
    expected = "cannot be judged" if decided else CLASSES[case["code"]]
    assert refusal(text_of(case), **known(case)) == expected


@pytest.mark.parametrize("number", [0, 3])
def test_the_program_of_the_page_shows_no_field_that_was_changed(number: int) -> None:
    case = FILE["exhibits"][number]
    text = case["file"]
    data = b64decode("".join(text.split("\n")[1:-2]))
    places = range(50, len(data), len(data) // 40)
    refused = 0
    for place in places:
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        refused += refusal(armor(Armor.EXHIBIT, changed), **known(case)) != ""
    assert refused >= len(places) - 2  # a line of a key that it does not know may change


def test_the_program_of_the_page_knows_one_federation() -> None:
    assert refusal(FILE["exhibits"][0]["file"], federation=bytes(32)) == "not authentic"


def test_the_program_of_the_page_requires_a_cosigner() -> None:
    text = FILE["exhibits"][3]["file"]
    lines = FILE["policy"].splitlines()
    logs = [line for line in lines if line.startswith(("log", "witness the-log"))]
    assert not refusal(text, policy=FILE["policy"])
    by_log = "\n".join([*logs, "quorum the-log-2", ""])
    lacking = [{"policy": by_log}, {"federation": bytes.fromhex(FILE["federation"])}]
    assert [refusal(text, **each) for each in lacking] == ["cannot be judged"] * 2
    assert refusal(FILE["exhibits"][0]["file"], policy=FILE["policy"]) == "cannot be judged"
