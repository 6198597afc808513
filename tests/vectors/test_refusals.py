"""Every bad copy, and every rule: what the second verifier says of both.

It refuses each bad copy with its code and names the rule. A numbered rule that no bad copy breaks
stands with its reason in ``without_bad_copy``.
"""

import re
from collections import Counter
from functools import cache

import pytest

from support.cases import each_case
from support.paths import ROOT
from vectors.second_cases import JUDGES, Json, bad_copies
from vectors.without_bad_copy import excepted

COPIES = list(bad_copies())
COUNTS = {
    "statement signed": 19,
    "statement attestation": 7,
    "statement bundle": 5,
    "packet manifest": 7,
    "packet packet": 12,
    "grant body": 10,
    "receipt receipt": 8,
    "receipt void": 2,
    "log entry": 6,
    "log clear": 6,
    "log note": 6,
    "log proof": 4,
    "log opening": 1,
    "trust entry": 55,
    "trust signed": 9,
    "trust first": 9,
    "trust three": 15,
    "agreement body": 26,
    "agreement signed": 10,
    "refused signed": 8,
    "refused composite": 7,
    "refused body": 18,
    "refused message": 89,
    "refused packet": 22,
    "refused granted": 3,
    "refused forward": 4,
    "refused note": 13,
    "refused vkey": 6,
    "refused consistency": 10,
    "refused proof": 5,
    "refused extra": 1,
    "refused opening": 2,
    "refused twins": 2,
    "refused evidence": 4,
    "desk body": 64,
    "desk note": 33,
    "desk proposal": 4,
}
SPEC = ROOT / "docs" / "spec"
PAGES = ("statement", "packet", "log", "federation")


def refusal(kind: str, case: Json) -> str:
    """What the second verifier says of a bad copy."""
    with pytest.raises(ValueError, match=rf"^{case['code']} ") as caught:
        JUDGES[kind](case)
    return str(caught.value)


def rules_in(text: str) -> list[str]:
    return re.findall(r"\b[SPLF]-\d+\b", text)


@each_case(("kind", "case"), COPIES)
def test_a_bad_copy_is_refused(kind: str, case: Json) -> None:
    said = refusal(kind, case)
    assert said.startswith(f"{case['code']} ")
    if "rule" in case:
        assert re.search(rf"\b{case['rule']}\b", said), said


@cache
def broken() -> frozenset[str]:
    """The rules that some bad copy breaks."""
    return frozenset(rule for kind, case in COPIES for rule in rules_in(refusal(kind, case)))


def numbered() -> list[str]:
    """Every numbered rule of the specifications."""
    texts = [(SPEC / f"{name}-v1.md").read_text() for name in PAGES]
    return re.findall(r"^\*\*([SPLF]-\d+)\*\*", "\n".join(texts), re.M)


def test_every_rule_has_a_bad_copy_or_a_reason() -> None:
    assert len(numbered()) == len({*numbered()})
    assert sorted([*broken(), *excepted("SPLF")]) == sorted(numbered())


def test_no_bad_copy_was_lost() -> None:
    assert Counter(kind for kind, _ in COPIES) == COUNTS
    assert COUNTS.keys() == JUDGES.keys()


def test_the_second_verifier_shares_no_code_with_the_first() -> None:
    files = list((ROOT / "tests" / "vectors").glob("second_*.py"))
    assert len(files) == 17
    imports = [line for file in files for line in file.read_text().splitlines() if "import" in line]
    assert not [line for line in imports if re.search(r"\btearline|\bbuilders|\bown\b", line)]
