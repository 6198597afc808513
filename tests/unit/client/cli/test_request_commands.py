"""``tearline request``: from a file to feedback, at both desks."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from support.cli import Desk
from tearline.errors import EXIT_NOT_FOUND, EXIT_REFUSED, EXIT_USAGE, RecordRequestMalformed
from tearline.packets.packet import Urgency
from tearline_client.planning.request_file import parse_request_file

MX = "mx-prosecutor"
FILE = """\
to = "mx-prosecutor"
agreement = "narcotics-2026"
article = "money-laundering"
purpose = "criminal-investigation"
urgency = "emergency"
urgency_reason = "The money leaves today."
offence = "Money laundering"
link = "Qiu controls the account."
subjects = "subjects.jsonl"

[[item]]
record = "Statements of the account"
about = ["account-1"]

[[item]]
record = "Who opened it"
"""
SUBJECT = {
    "id": "account-1",
    "schema": "BankAccount",
    "properties": {"accountNumber": ["MX99 1234"]},
}
RECORD = {
    "id": "payment-1",
    "schema": "Payment",
    "properties": {"amount": ["250000"], "currency": ["USD"], "date": ["2026-02-17"]},
}


OFFICERS = {"us-justice": "lin", MX: "mar"}


@pytest.fixture
def two(desk: Desk, tmp_path: Path) -> tuple[Desk, Path]:
    """Both desks, each with a liaison officer; and the file of a request."""
    word = desk.folder / "word"
    for agency, name in OFFICERS.items():
        for arguments in (("person", "add", name, "--role", "liaison"), ("login", name)):
            ran = desk.run(*arguments, "--person-passphrase-file", word, agency=agency)
            assert ran.exit_code == 0, ran.output
    (tmp_path / "subjects.jsonl").write_text(json.dumps(SUBJECT) + "\n")
    (tmp_path / "record.jsonl").write_text(json.dumps(RECORD) + "\n")
    file = tmp_path / "request.toml"
    file.write_text(FILE)
    return desk, file


def test_a_request_from_its_file_to_feedback(two: tuple[Desk, Path]) -> None:
    desk, file = two
    cells = desk.rows("request", "new", file, "--dry-run", "--as", "lin")
    assert {(cell["category"] == "local-id", cell["form"]) for cell in cells} == {
        (False, "clear"),
        (True, "withheld"),
    }
    assert "Who opened it" in [cell["seen_as"] for cell in cells]
    assert desk.rows("request", "list") == []

    (asked,) = desk.rows("request", "new", file, "--yes", "--as", "lin")
    request = asked["request"]
    (row,) = desk.rows("request", "list", agency=MX)
    assert (row["role"], row["partner"], row["urgency"], row["state"]) == (
        "asked",
        "us-justice",
        "emergency",
        "received",
    )
    assert 7.9 * 3_600_000 < row["left_ms"] <= 8 * 3_600_000
    assert (row["items"], row["open_items"], row["overdue"]) == (2, 2, False)

    def at_mx(*arguments: object) -> dict:
        (found,) = desk.rows("request", *arguments, "--as", "mar", agency=MX)
        return found

    assert at_mx("admit", request[:8])["state"] == "admitted"
    assert at_mx("clarify", request, "--text", "which year?")["question"] is True
    (row,) = desk.rows("request", "clarify", request, "--text", "2026", "--as", "lin")
    assert (row["question"], row["due_ms"] is None) == (False, False)
    assert (
        at_mx("contest", request, "--urgency", "routine", "--text", "why?")["state"] == "admitted"
    )
    (row,) = desk.rows("request", "contest", request, "--urgency", "urgent", "--as", "lin")
    assert row["urgency"] == "urgent"

    record = file.parent / "record.jsonl"
    answer = ("answer", request, record, "--item", 1)
    preview = desk.rows("request", *answer, "--dry-run", "--as", "mar", agency=MX)
    assert "250000" in [cell["seen_as"] for cell in preview]
    assert at_mx(*answer, "--yes")["state"] == "partial"
    ground = ("--ground", "neither-confirm-nor-deny")
    assert at_mx("refuse", request, "--item", 2, *ground)["state"] == "answered"

    items = desk.rows("--as", "lin", "request", "show", request)
    assert [(item["outcome"], item["ground"]) for item in items] == [
        ("answered", ""),
        ("refused", "neither-confirm-nor-deny"),
    ]
    assert desk.run("packet", "show", items[0]["answer"], "--as", "lin").exit_code == 0
    (row,) = desk.rows("request", "close", request, "--useful", "yes", "--as", "lin")
    assert row["state"] == "closed"
    steps = desk.rows("--as", "mar", "request", "show", request, "--steps", agency=MX)
    assert [(step["by"], step["step"]) for step in steps] == [
        ("holder", "admit"),
        ("holder", "clarify"),
        ("asker", "clarified"),
        ("holder", "contest"),
        ("asker", "lower"),
        ("holder", "partial"),
        ("holder", "answer"),
        ("asker", "close"),
    ]
    shown = desk.run("--as", "mar", "request", "show", request, agency=MX)
    assert "asked, us-justice, urgent: closed; due -" in shown.stderr


def test_each_step_names_the_next(two: tuple[Desk, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    desk, file = two
    monkeypatch.setattr("tearline_client.cli.context.is_terminal", lambda: True)
    (asked,) = desk.rows("request", "new", file, "--yes", "--as", "lin")
    name = asked["request"][:12]

    def at_mx(*arguments: object) -> str:
        return desk.run("request", *arguments, "--as", "mar", agency=MX).stderr

    decide = (
        f"Next: tearline request answer {name} FILE --item N, or"
        f" tearline request refuse {name} --item N --ground GROUND\n"
    )
    assert decide in at_mx("show", name)
    assert decide in at_mx("refuse", name, "--item", 2, "--ground", "not-held")
    answered = at_mx("answer", name, file.parent / "record.jsonl", "--yes")
    assert f"Next: tearline request show {name}\n" in answered
    ended = desk.run("request", "show", name, "--as", "lin").stderr
    assert f"Next: tearline request close {name} --useful yes|no\n" in ended


def test_a_clock_that_stands_still_says_since_when(two: tuple[Desk, Path]) -> None:
    desk, file = two
    (asked,) = desk.rows("request", "new", file, "--yes", "--as", "lin")
    request = asked["request"]
    (row,) = desk.rows("request", "list", agency=MX)
    assert (row["clock"], row["stopped_since_ms"], row["suspended"]) == ("", None, False)
    desk.rows("request", "clarify", request, "--text", "which?", "--as", "mar", agency=MX)
    suspend = ("agreement", "suspend", "narcotics-2026", "--article", "money-laundering")
    assert desk.run(*suspend, "--reason", "review", "--yes", agency=MX).exit_code == 0
    for agency in ("us-justice", MX):
        (row,) = desk.rows("request", "list", agency=agency)
        assert (row["due"], row["due_ms"], row["suspended"]) == (None, None, True)
        assert row["clock"].endswith(": a question, suspended")
        assert 7.9 * 3_600_000 < row["left_ms"] <= 8 * 3_600_000
        shown = desk.run("--as", OFFICERS[agency], "request", "show", request, agency=agency).stderr
        assert "left; clock stopped since 20" in shown
        assert row["left"] in shown


def test_what_is_refused_says_why(two: tuple[Desk, Path]) -> None:
    desk, file = two
    assert desk.run("request", "new", file).exit_code == EXIT_REFUSED  # two are logged in
    (asked,) = desk.rows("request", "new", file, "--yes", "--as", "lin")
    request = asked["request"]
    refused = desk.run("request", "admit", request, "--as", "lin")
    assert (refused.exit_code, "TL-RFI-004" in refused.stderr) == (EXIT_REFUSED, True)
    gone = desk.run("request", "withdraw", request, "--as", "lin")
    assert gone.exit_code != 0  # nobody is there to confirm
    assert desk.rows("request", "withdraw", request, "--yes", "--as", "lin")
    late = desk.run("request", "admit", request, "--as", "mar", agency=MX)
    assert (late.exit_code, "TL-RFI-002" in late.stderr) == (EXIT_REFUSED, True)
    assert desk.rows("request", "list", "--open") == []
    assert desk.run("request", "show", "ff" * 16).exit_code == EXIT_NOT_FOUND
    both = desk.run("request", "answer", request, "--as", "mar", agency=MX)
    assert both.exit_code == EXIT_USAGE


SCAN = b"%PDF-1.7\n" + b"\x1b[31mThe signatures of the account" + bytes(range(128, 256))


def asked(desk: Desk, file: Path) -> str:
    """The id of a request that came to Mexico."""
    (row,) = desk.rows("request", "new", file, "--yes", "--as", "lin")
    desk.rows("request", "list", agency=MX)
    desk.rows("request", "list")
    return str(row["request"])


def written_out(desk: Desk, packet: object, folder: Path) -> list[bytes]:
    """The documents of a packet, as the asker exports them."""
    folder.mkdir()
    rows = desk.rows("packet", "export", packet, "--documents", folder, "--as", "lin")
    return [Path(row["file"]).read_bytes() for row in rows]


def test_a_document_answers_an_item(two: tuple[Desk, Path]) -> None:
    desk, file = two
    request, scan = asked(desk, file), file.parent / "card.pdf"
    scan.write_bytes(SCAN)
    answer = ("request", "answer", request, "--attach", scan, "--item", 2)
    preview = desk.run(*answer, "--dry-run", "--as", "mar", agency=MX)
    assert preview.exit_code == 0, preview.output
    assert f"[application/pdf, {len(SCAN)} bytes, SHA-256 " in preview.stdout
    assert "signatures of the account" not in preview.output
    (row,) = desk.rows(*answer, "--yes", "--as", "mar", agency=MX)
    assert (row["state"], row["open_items"]) == ("partial", 1)
    item = desk.rows("--as", "lin", "request", "show", request)[1]
    assert item["outcome"] == "answered"
    assert written_out(desk, item["answer"], file.parent / "out") == [SCAN]


def test_a_supplement_brings_records_and_a_guarded_document(two: tuple[Desk, Path]) -> None:
    desk, file = two
    request, ledger = asked(desk, file), file.parent / "ledger.csv"
    ledger.write_text("payer,amount\n,250000\n")
    record = file.parent / "record.jsonl"
    desk.rows("request", "refuse", request, "--ground", "not-held", "--as", "mar", agency=MX)
    supplement = ("request", "supplement", request, record, "--item", 1, "--as", "mar")
    guarded = ("--attach", f"{ledger}:identity.source")
    rows = desk.rows(*supplement, *guarded, "--dry-run", agency=MX)
    shown = {row["field"].rpartition("/")[2]: row["form"] for row in rows}
    assert (shown["amount"], shown["file"]) == ("clear", "withheld")
    (row,) = desk.rows(*supplement, *guarded, "--yes", agency=MX)
    assert row["state"] == "supplemented"
    answer = desk.rows("--as", "lin", "request", "show", request)[0]["answer"]
    shown = desk.rows("packet", "show", answer, "--as", "lin")
    assert {row["value"] for row in shown} >= {"250000", "USD"}
    refused = desk.run("packet", "export", answer, "--documents", file.parent, "--as", "lin")
    assert refused.exit_code == EXIT_NOT_FOUND  # none of it is open there


def test_what_was_decided_is_answered_by_a_supplement_alone_which_asks(
    two: tuple[Desk, Path],
) -> None:
    desk, file = two
    request, record = asked(desk, file), file.parent / "record.jsonl"
    ground = ("--ground", "neither-confirm-nor-deny", "--as", "mar")
    desk.rows("request", "refuse", request, *ground, agency=MX)
    held = len(desk.rows("packet", "list", agency=MX))

    def of_mx(verb: str, *arguments: object) -> Result:
        line = ("request", verb, request, record, *arguments, "--as", "mar")
        return desk.run(*line, agency=MX)

    for items in ((), ("--item", 2)):
        refused = of_mx("answer", *items)
        assert refused.exit_code == EXIT_REFUSED, refused.output
        assert "item 2 is refused: neither-confirm-nor-deny" in refused.stderr
        assert "Next: Check `tearline request show`;" in refused.stderr
        assert "`tearline request supplement` still answers the item." in refused.stderr
    told = "item 2 (Who opened it) is refused: neither-confirm-nor-deny."
    assert told in of_mx("supplement", "--item", 2, "--dry-run").stderr
    assert "TL-USE-005" in of_mx("supplement", "--item", 2).stderr
    assert len(desk.rows("packet", "list", agency=MX)) == held
    done = of_mx("supplement", "--item", 2, "--yes")
    assert done.exit_code == 0, done.output
    assert [row["outcome"] for row in desk.rows("--as", "lin", "request", "show", request)] == [
        "refused",
        "answered",
    ]
    again = of_mx("supplement", "--item", 2, "--yes")
    assert again.exit_code == 0, again.output
    for agency in ("us-justice", MX):
        item = desk.rows("--as", OFFICERS[agency], "request", "show", request, agency=agency)[1]
        assert (len(item["earlier"]), item["answer"] in item["earlier"]) == (1, False)


def test_a_supplement_needs_a_request_that_ended(two: tuple[Desk, Path]) -> None:
    desk, file = two
    request, record = asked(desk, file), file.parent / "record.jsonl"
    line = ("request", "supplement", request, record, "--yes", "--as", "mar")
    early = desk.run(*line, agency=MX)
    assert (early.exit_code, "TL-RFI-002" in early.stderr) == (EXIT_REFUSED, True)
    assert len(desk.rows("packet", "list", agency=MX)) == 2  # the lead, and what was asked


def test_words_that_a_step_cannot_carry_are_a_slip_of_who_wrote_them(
    two: tuple[Desk, Path],
) -> None:
    desk, file = two
    request = asked(desk, file)
    neither = ("refuse", request, "--ground", "neither-confirm-nor-deny", "--text", "not ours")
    for arguments in (neither, ("reject", request, "--text", "")):
        refused = desk.run("request", *arguments, "--as", "mar", agency=MX)
        assert (refused.exit_code, "TL-RFI-015" in refused.stderr) == (EXIT_USAGE, True), (
            refused.output
        )
    (row,) = desk.rows("request", "list", agency=MX)
    assert row["state"] == "received"


def test_an_answer_that_was_corrected_names_its_correction(two: tuple[Desk, Path]) -> None:
    desk, file = two
    (asked,) = desk.rows("request", "new", file, "--yes", "--as", "lin")
    request, record = asked["request"], file.parent / "record.jsonl"
    desk.rows("request", "list", agency=MX)
    answer = ("request", "answer", request, record, "--yes", "--item", 1, "--as", "mar")
    desk.rows(*answer, agency=MX)
    (first, second) = desk.rows("--as", "lin", "request", "show", request)
    assert (first["corrected_by"], second["corrected_by"]) == ("", "")
    right = {**RECORD, "properties": {**RECORD["properties"], "amount": ["205000"]}}
    record.write_text(json.dumps(right) + "\n")
    (sent,) = desk.rows(
        "packet", "correct", "--yes", first["answer"], record, "--as", "mar", agency=MX
    )
    for agency in ("us-justice", MX):
        (shown, open_still) = desk.rows(
            "--as", OFFICERS[agency], "request", "show", request, agency=agency
        )
        assert (shown["answer"], shown["corrected_by"]) == (first["answer"], sent["packet"])
        assert (open_still["outcome"], open_still["corrected_by"]) == ("open", "")
    correction = ("packet", "show", shown["corrected_by"], "--as", "lin")
    assert "205000" in desk.run(*correction).stdout


def test_what_is_doubtful_in_an_answer_is_named(two: tuple[Desk, Path]) -> None:
    desk, file = two
    request, doubtful = asked(desk, file), file.parent / "doubtful.jsonl"
    account = {"iban": ["DE02120300000000202052"]}
    doubtful.write_text(
        json.dumps({"id": "a", "schema": "BankAccount", "properties": account}) + "\n"
    )
    answer = ("request", "answer", request, doubtful, "--dry-run", "--as", "mar")
    assert "line 1, BankAccount.iban" in desk.run(*answer, agency=MX).stderr


def test_a_packet_stands_alone_in_an_answer(two: tuple[Desk, Path]) -> None:
    desk, file = two
    scan = file.parent / "card.pdf"
    scan.write_bytes(SCAN)
    for more in (("--attach", scan), (file.parent / "record.jsonl",)):
        answer = ("request", "answer", "3f", "--packet", "3f", *more, "--as", "mar")
        assert desk.run(*answer, agency=MX).exit_code == EXIT_USAGE


@pytest.mark.parametrize(
    "wrong",
    [
        "to = ",
        FILE.replace("urgency =", "hurry ="),
        FILE.replace('"emergency"', '"soon"'),
        FILE.replace('offence = "Money laundering"', "offence = 3"),
        FILE.partition("[[item]]")[0],
        FILE.replace('about = ["account-1"]', 'about = "account-1"'),
        FILE.replace('record = "Who opened it"', ""),
    ],
)
def test_a_file_that_does_not_say_what_is_asked(wrong: str) -> None:
    with pytest.raises(RecordRequestMalformed):
        parse_request_file(wrong)


def test_a_file_says_what_is_asked() -> None:
    found = parse_request_file(FILE)
    assert (found.to, found.subjects, found.about.urgency) == (
        MX,
        "subjects.jsonl",
        Urgency.EMERGENCY,
    )
    items = [e.properties for e in found.entities if e.schema == "RequestedItem"]
    assert [item["number"] for item in items] == [("1",), ("2",)]
    assert "subject" not in items[1]
