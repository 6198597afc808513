"""exhibit-v1.json, read by this implementation and by the second verifier."""

import re
from collections import Counter
from collections.abc import Callable

import pytest

from support.paths import ROOT
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.verification.exhibit import verify_exhibit
from tearline.wire.exhibits import encode_exhibit, parse_exhibit
from vectors import second_exhibit as second
from vectors.own.exhibits import shows
from vectors.own.spelling import fields_of, joined
from vectors.own_cases import Case, code_of, vectors
from vectors.second_cases import shown

FILE = vectors("exhibit")
FEDERATION = bytes.fromhex(FILE["federation"])
GOOD = [pytest.param(case, id=case["name"]) for case in FILE["exhibits"]]
BAD = [pytest.param(case, id=case["name"]) for case in FILE["refused"]["exhibit"]]
GOOD_FIELDS = [
    field for each in FILE["exhibits"] for _, field in fields_of(second.read_file(each["file"]))
]
COUNTS = {
    "X-1": 7, "X-2": 3, "X-3": 1, "X-6": 2, "X-7": 6, "X-8": 2, "X-9": 3, "X-10": 5, "X-11": 3,
    "X-12": 8,
}  # fmt: skip


def text_of(case: Case) -> str:
    """The file of a bad copy."""
    if "file" in case:
        return str(case["file"])
    return armor(Armor.EXHIBIT, joined(case["pieces"], GOOD_FIELDS))


def ours(text: str) -> object:
    return verify_exhibit(parse_exhibit(parse_armor(Armor.EXHIBIT, text)), FEDERATION)


def test_no_exhibit_was_lost() -> None:
    assert len(GOOD) == 3
    assert Counter(case["rule"] for case in FILE["refused"]["exhibit"]) == COUNTS


@pytest.mark.parametrize("case", GOOD)
def test_an_exhibit_shows_what_it_shows(case: Case) -> None:
    exhibit = parse_exhibit(parse_armor(Armor.EXHIBIT, case["file"]))
    assert shows(verify_exhibit(exhibit, FEDERATION)) == case["shows"]
    assert encode_exhibit(exhibit) == second.read_file(case["file"])


@pytest.mark.parametrize("case", GOOD)
def test_the_second_verifier_sees_the_same(case: Case) -> None:
    assert shown(second.verify_exhibit(case["file"], FEDERATION)) == case["shows"]


@pytest.mark.parametrize("case", BAD)
def test_a_bad_copy_is_refused(case: Case) -> None:
    act: Callable[[], object] = lambda: ours(text_of(case))  # noqa: E731 (named by its use)
    assert code_of(act) == case["code"]


@pytest.mark.parametrize("case", BAD)
def test_the_second_verifier_refuses_it_too(case: Case) -> None:
    with pytest.raises(ValueError, match=rf"^{case['code']} ") as caught:
        second.verify_exhibit(text_of(case), FEDERATION)
    assert case["rule"] in re.findall(r"X-\d+", str(caught.value))


def test_every_rule_has_a_bad_copy_or_a_reason() -> None:
    spec = ROOT / "docs" / "spec"
    numbered = re.findall(r"^\*\*(X-\d+)\*\*", (spec / "exhibit-v1.md").read_text(), re.M)
    reasons = re.findall(r"^\| (X-[^|]*) \| [^|]{10,} \|$", (spec / "vectors.md").read_text(), re.M)
    excepted = [rule for each in reasons for rule in re.findall(r"X-\d+", each)]
    assert sorted([*COUNTS, *excepted]) == sorted(numbered)
