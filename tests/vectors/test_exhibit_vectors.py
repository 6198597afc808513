"""exhibit-v1.json, read by this implementation and by the second verifier."""

import re
from collections import Counter
from collections.abc import Callable

import pytest

from support.cases import each_case
from support.paths import ROOT
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.tlog.policy import parse_log_policy
from tearline.verification.exhibit import Shown, verify_exhibit
from tearline.wire.exhibits import encode_exhibit, parse_exhibit
from vectors import second_exhibit as second
from vectors.own.exhibits import shows
from vectors.own.spelling import fields_of, joined
from vectors.own_cases import Case, code_of, vectors
from vectors.second_cases import shown
from vectors.second_schema import Message
from vectors.without_bad_copy import excepted

FILE = vectors("exhibit")
GOOD = [pytest.param(case, id=case["name"]) for case in FILE["exhibits"]]
BAD = [pytest.param(case, id=case["name"]) for case in FILE["refused"]["exhibit"]]
GOOD_FIELDS = [
    field for each in FILE["exhibits"] for _, field in fields_of(second.read_file(each["file"]))
]
COUNTS = {
    "X-1": 12, "X-4": 9, "X-5": 2, "X-6": 3, "X-7": 6, "X-8": 3,
    "X-9": 8, "X-11": 5, "X-12": 27,
}  # fmt: skip


def text_of(case: Case) -> str:
    """The file of a bad copy."""
    if "file" in case:
        return str(case["file"])
    return armor(Armor.EXHIBIT, joined(case["pieces"], GOOD_FIELDS))


def federation_of(case: Case) -> bytes:
    """The federation that the reader knows."""
    return bytes.fromhex(case.get("federation", FILE["federation"]))


def policy_of(case: Case) -> str:
    """The reader's policy; none by statements."""
    return case.get("policy", FILE["policy"]) if case["by"] == "directory" else ""


def ours(case: Case) -> Shown:
    exhibit = parse_exhibit(parse_armor(Armor.EXHIBIT, text_of(case)))
    policy = parse_log_policy(text.encode()) if (text := policy_of(case)) else None
    return verify_exhibit(exhibit, federation_of(case), policy=policy)


def theirs(case: Case) -> Message:
    """What the second verifier reads."""
    return second.verify_exhibit(text_of(case), federation_of(case), policy_of(case))


def test_no_exhibit_was_lost() -> None:
    assert len(GOOD) == 7
    assert Counter(case["rule"] for case in FILE["refused"]["exhibit"]) == COUNTS


@pytest.mark.parametrize("case", GOOD)
def test_an_exhibit_shows_what_it_shows(case: Case) -> None:
    exhibit = parse_exhibit(parse_armor(Armor.EXHIBIT, case["file"]))
    assert shows(ours(case)) == case["shows"]
    assert encode_exhibit(exhibit) == second.read_file(case["file"])


@pytest.mark.parametrize("case", GOOD)
def test_the_second_verifier_sees_the_same(case: Case) -> None:
    assert shown(theirs(case)) == case["shows"]


@each_case("case", BAD)
def test_a_bad_copy_is_refused(case: Case) -> None:
    act: Callable[[], object] = lambda: ours(case)  # noqa: E731 (named by its use)
    assert code_of(act) == case["code"]


@each_case("case", BAD)
def test_the_second_verifier_refuses_it_too(case: Case) -> None:
    with pytest.raises(ValueError, match=rf"^{case['code']} ") as caught:
        theirs(case)
    assert case["rule"] in re.findall(r"X-\d+", str(caught.value))


def test_every_rule_has_a_bad_copy_or_a_reason() -> None:
    page = (ROOT / "docs" / "spec" / "exhibit-v1.md").read_text()
    numbered = re.findall(r"^\*\*(X-\d+)\*\*", page, re.M)
    assert sorted([*COUNTS, *excepted("X")]) == sorted(numbered)
