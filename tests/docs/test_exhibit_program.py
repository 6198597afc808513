"""The program that verifies an exhibit, on its page of the specification."""

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from support.agencies import MX, US, log_signers, manifest_signed
from support.cases import each_case
from support.docs_pages import program
from support.exhibits import US_NODE, case, cosigned_case, counted_policy, opening
from support.exhibits import Case as Made
from support.paths import ROOT
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.errors import MalformedInput, TearlineError, concrete_errors
from tearline.packets.commitments import padded_length, slot_commit
from tearline.policy.form import Form
from tearline.sealing.slots import padded, unpadded
from tearline.tlog.policy import parse_log_policy
from tearline.verification.exhibit import verify_exhibit
from tearline.wire.exhibits import ShownField, parse_exhibit
from tearline.wire.grants import parse_event
from vectors.own.exhibits import file_of
from vectors.own.plain import unchecked
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
        ([], "usage: verify_exhibit.py EXHIBIT [ID] [POLICY]"),
        (["exhibit.pem", "0" * 64, "1" * 64], "usage: "),
        (["exhibit.pem", "exhibit.pem", "exhibit.pem"], "usage: "),
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


@each_case("case", cases("exhibit", "refused", "exhibit"))
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


# Copies that are signed again: nothing is wrong but the one thing named.


@cache
def made() -> Made:
    return case()


@cache
def by_directory() -> tuple[str, bytes]:
    """An exhibit by the directory that both agencies cosigned, and its federation."""
    told = cosigned_case()
    return file_of(told.certified([told.slot("amount")])), told.federation.id


def judged(text: str, federation: bytes, policy: str | None = None) -> str:
    """The class with which a complete reader refuses an exhibit; empty if it shows fields."""
    parsed = None if policy is None else parse_log_policy(policy.encode())
    try:
        exhibit = parse_exhibit(parse_armor(Armor.EXHIBIT, text))
        verify_exhibit(exhibit, federation, policy=parsed)
    except TearlineError as error:
        return CLASSES[error.code]
    return ""


def both(text: str, federation: bytes, policy: str | None = None) -> str:
    """The class of a complete reader, which the program shares."""
    expected = judged(text, federation, policy)
    assert refusal(text, federation=federation, policy=policy) == expected
    return expected


def committed(*fields: ShownField) -> str:
    """An exhibit of fields that the originator itself committed to and signed."""
    told, first = made(), made().first_blind
    manifest = told.sealed.manifest
    slots = [*manifest.slots]
    for each in fields:
        slots[each.slot] = slot_commit(
            manifest.packet_id, each.slot, each.salt, each, each.plaintext
        )
    sealed = replace(told.sealed, manifest=replace(manifest, slots=tuple(slots)))
    signed = manifest_signed(sealed, told.federation.signer(US_NODE))
    accepted = told.contents[first]
    assert not isinstance(accepted, bytes)
    ids = {"statement_id": signed.statement.id, "packet": signed.statement.id}
    event = replace(parse_event(accepted.event), **ids)
    contents = (*told.contents[:first], opening(first, event))
    again = replace(told, manifest=signed, contents=contents)
    indices = (*told.trust_of(US_NODE), first)
    shown = again.exhibit([told.slot("amount")], entries=indices)
    return file_of(replace(shown, fields=tuple(sorted(fields, key=lambda each: each.slot))))


def amount() -> ShownField:
    (field,) = made().exhibit([made().slot("amount")]).fields
    return field


def longer(plaintext: bytes) -> bytes:
    """With a second value, of so many bytes that the padded length is one above 1024."""
    return padded(unpadded(plaintext) + b"\x1a\x8f\x0f" + b"7" * 1935)


PLAINTEXTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "as it is": (lambda plaintext: plaintext, ""),
    "of two values, one long": (longer, ""),
    "a byte more than the padded length": (lambda plaintext: plaintext + b"\0", "malformed"),
    "the next padded length": (lambda plaintext: plaintext.ljust(256, b"\0"), "malformed"),
    "no padding": (lambda plaintext: b"\0\0\0" + plaintext[3:4] + unpadded(plaintext), "malformed"),
    "padding that is not zero": (lambda plaintext: plaintext[:-1] + b"\1", "malformed"),
    "long, a byte more": (lambda plaintext: longer(plaintext) + b"\0", "malformed"),
    "a prefix beyond the end": (lambda plaintext: b"\0\0\0\xff" + plaintext[4:], "malformed"),
}


@each_case("name", PLAINTEXTS)
def test_the_program_of_the_page_reads_plaintexts(name: str) -> None:
    """P-5: of a signer that commits to whatever it likes."""
    change, expected = PLAINTEXTS[name]
    field = amount()
    text = committed(replace(field, plaintext=change(field.plaintext)))
    assert both(text, made().federation.id) == expected


def test_the_program_of_the_page_pads_as_everybody_does() -> None:
    """P-5."""
    lengths = [*range(4, 5000), *(2**power + more for power in range(12, 21) for more in (0, 1))]
    pad = names()["padded"]
    assert [pad(length) for length in lengths] == [padded_length(length) for length in lengths]


def test_the_program_of_the_page_shows_no_path_twice_in_one_form() -> None:
    """P-6."""
    field, other = amount(), made().exhibit([made().slot("name")]).fields[0]
    value = field.plaintext.replace(b"1250000", b"1350000")
    twice = replace(field, slot=other.slot, salt=other.salt, plaintext=value)
    assert both(committed(field, twice), made().federation.id) == "malformed"
    coarse = replace(twice, form=Form.GENERALISED, mask="band")
    assert both(committed(field, coarse), made().federation.id) == ""


@pytest.mark.parametrize("form", [Form.WITHHELD, Form.EXISTS])
def test_the_program_of_the_page_shows_no_form_without_fields(form: Form) -> None:
    """P-3."""
    text = committed(unchecked(amount(), form=form))
    assert both(text, made().federation.id) == "malformed"


def test_the_program_of_the_page_tells_fields_of_two_entities_apart() -> None:
    """P-5: by their paths."""
    field = amount()
    text = committed(field)
    _, shown = names()["verify_exhibit"](text, made().federation.id)
    path = made().opened[field.slot].field.path
    assert [each[0] for each in shown.values()] == [path]


def test_the_program_of_the_page_takes_records_of_other_keys() -> None:
    """X-4: entries that certify no signer are permitted."""
    told = cosigned_case()
    indices = range(told.first_blind + 1)
    text = file_of(told.exhibit([told.slot("amount")], entries=indices))
    assert both(text, told.federation.id) == ""


def test_the_program_of_the_page_asks_the_policy_by_statements_too() -> None:
    """X-6."""
    text, federation = file_of(made().exhibit([made().slot("amount")])), made().federation.id
    log, *_ = FILE["policy"].splitlines()
    assert both(text, federation) == ""
    assert both(text, federation, f"{log}\nquorum none\n") == ""
    assert both(text, federation, FILE["policy"]) == "not authentic"
    other = log_signers("other.example/log")[0].verifier.encode()
    assert both(text, federation, f"log {other}\nquorum none\n") == "not authentic"


def test_the_program_of_the_page_reads_policies() -> None:
    """L-10: comments, empty lines, addresses, and a quorum before other lines."""
    text, federation = by_directory()
    policy = counted_policy(US, MX).encode().decode()
    lines = policy.splitlines()
    commented = "#\n" + "\n#comment\n\n  # of two words\n".join([*lines, ""])
    addressed = "".join(
        f"{line} https://witness.example\n" if line.startswith(("log", "witness")) else f"{line}\n"
        for line in lines
    )
    late = "\n".join([*lines[1:], lines[0], ""])
    for each in (policy, commented, addressed, late):
        assert both(text, federation, each) == ""


def test_the_program_of_the_page_takes_no_log_of_the_policy_for_a_cosigner() -> None:
    """X-12: whose keys have the name of any of its logs."""
    text, federation = by_directory()
    log, _, witness, *_ = counted_policy(US, MX).encode().decode().splitlines()
    _, name, key = witness.split(" ")
    own = f"{log}\nlog {key}\n{witness}\nquorum {name}\n"
    assert both(text, federation, own) == "cannot be judged"


PADDED = FILE["exhibits"][1]["file"]


def respelled(change: Callable[[list[str]], list[str]]) -> str:
    """An exhibit whose base64 is spelled otherwise."""
    begin, *lines, end = PADDED.splitlines()
    return "\n".join([begin, *change(lines), end, ""])


SPELLINGS: dict[str, Callable[[list[str]], list[str]]] = {
    "one line": lambda lines: ["".join(lines)],
    "a long last line": lambda lines: [*lines[:-2], "".join(lines[-2:])],
    "a short line": lambda lines: [lines[0][:60], lines[0][60:], *lines[1:]],
    "an empty last line": lambda lines: [*lines, ""],
    "bits behind the data": lambda lines: [*lines[:-1], lines[-1].replace("4=", "5=")],
    "no padding": lambda lines: [*lines[:-1], lines[-1].rstrip("=")],
    "data behind the padding": lambda lines: [*lines[:-1], f"{lines[-1]}AAAA"],
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_program_of_the_page_takes_one_spelling_of_a_file(name: str) -> None:
    """S-22."""
    text = respelled(SPELLINGS[name])
    assert text != PADDED
    with pytest.raises(MalformedInput):
        parse_armor(Armor.EXHIBIT, text)
    assert refusal(text, federation=bytes.fromhex(FILE["federation"])) == "malformed"


@pytest.mark.parametrize(("end", "status"), [(b"\r\n", 0), (b"\r", 1), (b"\r\r\n", 1)])
def test_the_program_of_the_page_takes_cr_lf(end: bytes, status: int, tmp_path: Path) -> None:
    exhibit = tmp_path / "exhibit.pem"
    exhibit.write_bytes(FILE["exhibits"][0]["file"].encode().replace(b"\n", end))
    assert run(program(PAGE, tmp_path), exhibit, FILE["federation"]).returncode == status
