"""The program that verifies an exhibit, on its page of the specification."""

import re
import subprocess
import sys
from base64 import b64decode
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from support.docs_pages import program
from support.paths import ROOT
from tearline.crypto.armor import Armor, armor
from tearline.errors import concrete_errors
from vectors.own_cases import Case, cases, vectors
from vectors.test_exhibit_vectors import federation_of, policy_of, text_of

PAGE = "spec/verify-exhibit.md"
TEXT = (ROOT / "docs" / PAGE).read_text(encoding="utf-8")
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
    assert f"This program of {lines} lines" in TEXT


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
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
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
