"""A command reads the log, settles what waits and sends once, however many acts it is made of."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.cli import AUDITOR, Desk, Dialling
from tearline_client.demo.lead import ENTITIES, lead_jsonl
from unit.client.cli.test_agreement_commands import TERMS
from unit.client.cli.test_request_commands import FILE, RECORD, SUBJECT

US, CN, MX = "us-justice", "cn-public-security", "mx-prosecutor"
NAME = "narcotics-2026"
FIELD = "Person/name"
LIAISONS = {US: "lin", CN: "chen", MX: "mar"}
OFFICER = "olga"
ROUTE = (
    *("--agreement", NAME, "--article", "money-laundering"),
    *("--purpose", "criminal-investigation"),
)


class Stage:
    """Desks with a liaison and an officer each, and files to send."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk, self.folder, self.packet = desk, folder, desk.packet
        for agency, name in LIAISONS.items():
            self._add(agency, name, "liaison")
            self._add(agency, OFFICER, "officer")
        self.lead = self._file("lead.jsonl", lead_jsonl(ENTITIES))
        person = {"id": "p", "schema": "Person", "properties": {"name": ["Li Na"]}}
        self.person = self._file("person.jsonl", json.dumps(person) + "\n")
        self._file("subjects.jsonl", json.dumps(SUBJECT) + "\n")
        self.record = self._file("record.jsonl", json.dumps(RECORD) + "\n")
        self.request = self._file("request.toml", FILE)
        self.terms = self._file("terms.toml", TERMS)

    def _add(self, agency: str, name: str, role: str) -> None:
        word = self.desk.folder / "word"
        for arguments in (("person", "add", name, "--role", role), ("login", name)):
            self.do(*arguments, "--person-passphrase-file", word, agency=agency)

    def _file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def do(self, *arguments: object, agency: str = US) -> None:
        done = self.desk.run(*arguments, agency=agency)
        assert done.exit_code == 0, done.output

    def one(self, key: str, *arguments: object, agency: str = US) -> Any:
        """Returns a value of the first row that a command shows."""
        return self.desk.rows(*arguments, agency=agency)[0][key]

    def asked(self) -> object:
        """Returns a request that the partner has received."""
        request = self.one("request", "request", "new", self.request, "--yes", "--as", "lin")
        self.do("node", "sync", agency=MX)
        return request

    def sent_to_one(self) -> object:
        """Returns a packet that one partner has."""
        return self.one("packet", *SEND, self.person, "--to", MX, *ROUTE, "--as", "lin")

    def consent(self) -> object:
        """Returns a consent that the partner asked for."""
        asked = ("consent", "ask", self.packet, FIELD, "--use", "evidence", "--for", "12/26")
        return self.one("consent", *asked, "--as", "mar", agency=MX)

    def case(self) -> None:
        """Opens a case with the partner invited."""
        self.do("case", "open", "Harbour", "--agreement", NAME, "--with", MX, "--as", "lin")
        self.do("node", "sync", agency=MX)

    def order(self) -> Path:
        """Returns the file of an erasure order that every party signed."""
        entry = self.one("entry", "audit", "search", "action:packet-accepted", "--as", AUDITOR)
        path = self.folder / "order"
        drafted = ("log", "erase", "draft", entry, "--reason", "term", "--output-file", path)
        self.do(*drafted, "--as", OFFICER)
        return path

    def recalled(self) -> None:
        """Recalls the packet, which a hold of the partner keeps."""
        keep = ("packet", "keep", self.packet, "--ground", "evidence", "--as", OFFICER)
        self.do(*keep, agency=MX)
        self.do("packet", "recall", self.packet, "--reason", "mistake", "--yes", "--as", "lin")
        self.do("node", "sync", agency=MX)


@dataclass(frozen=True, kw_only=True)
class Act:
    """A command, made after what must be there before it.

    Attributes:
        command: Returns its arguments.
        agency: Whose command it is.
    """

    command: Callable[[Stage], Iterable[object]]
    agency: str = US


def proposed(stage: Stage) -> None:
    stage.do("agreement", "propose", stage.terms, "--yes", "--as", OFFICER)


def after(prepare: Callable[[Stage], object], *arguments: object, agency: str = US) -> Act:
    """An act whose arguments need nothing of its preparation."""

    def command(stage: Stage) -> Iterable[object]:
        prepare(stage)
        return [stage.packet if each == "PACKET" else each for each in arguments]

    return Act(command=command, agency=agency)


def about(
    prepare: Callable[[Stage], object], *arguments: object, agency: str = US, person: str = ""
) -> Act:
    """An act on what its preparation returns, in the place of THIS."""

    def command(stage: Stage) -> Iterable[object]:
        this = prepare(stage)
        files = {"RECORD": stage.record, "THIS": this}
        return [files.get(str(each), each) for each in arguments]

    return Act(command=command, agency=agency)


def none(_stage: Stage) -> None:
    """Prepares nothing."""


def us_suspended(stage: Stage) -> None:
    stage.do("agreement", "suspend", NAME, "--reason", "review", "--yes", "--as", OFFICER)


SEND = ("packet", "send", "--yes")
ACTS: dict[str, Act] = {
    "packet send": Act(
        command=lambda s: (*SEND, s.person, "--to", MX, *ROUTE, "--as", "lin"),
    ),
    "packet disclose": about(
        Stage.sent_to_one,
        *("packet", "disclose", "THIS", FIELD, "--to", CN, "--yes", "--as", "lin"),
    ),
    "packet disclose again": after(
        none, "packet", "disclose", "PACKET", FIELD, "--to", MX, "--yes", "--as", "lin"
    ),
    "packet recall again": after(
        Stage.recalled, "packet", "recall", "PACKET", "--reason", "mistake", "--as", "lin"
    ),
    "agreement suspend again": after(
        us_suspended, "agreement", "suspend", NAME, "--reason", "review", "--as", OFFICER
    ),
    "packet correct": Act(
        command=lambda s: ("packet", "correct", "--yes", s.packet, s.lead, "--as", "lin")
    ),
    "packet recall": after(
        none, "packet", "recall", "PACKET", "--reason", "mistake", "--yes", "--as", "lin"
    ),
    "packet show": after(none, "packet", "show", "PACKET", "--as", "chen", agency=CN),
    "packet print": after(none, "packet", "print", "PACKET", "--as", "chen", agency=CN),
    "packet keep": after(
        none, "packet", "keep", "PACKET", "--ground", "evidence", "--as", OFFICER, agency=MX
    ),
    "packet erase": after(
        Stage.recalled, "packet", "erase", "PACKET", "--yes", "--as", "mar", agency=MX
    ),
    "import": Act(command=lambda s: ("import", "ftm", s.person, "--to", MX, *ROUTE, "--as", "lin")),
    "request new": Act(command=lambda s: ("request", "new", s.request, "--yes", "--as", "lin")),
    "request withdraw": about(Stage.asked, "request", "withdraw", "THIS", "--yes", "--as", "lin"),
    "request admit": about(Stage.asked, "request", "admit", "THIS", "--as", "mar", agency=MX),
    "request refuse": about(
        Stage.asked,
        *("request", "refuse", "THIS", "--ground", "neither-confirm-nor-deny", "--as", "mar"),
        agency=MX,
    ),
    "request answer": about(
        Stage.asked,
        *("request", "answer", "THIS", "RECORD", "--item", 1, "--yes", "--as", "mar"),
        agency=MX,
    ),
    "consent ask": after(
        none,
        *("consent", "ask", "PACKET", FIELD, "--use", "evidence", "--for", "1/26", "--as", "mar"),
        agency=MX,
    ),
    "packet pass-on": after(
        none, "packet", "pass-on", "PACKET", FIELD, "--to", CN, "--as", "mar", agency=MX
    ),
    "consent give": about(Stage.consent, "consent", "give", "--yes", "THIS", "--as", "lin"),
    "consent refuse": about(
        Stage.consent, "consent", "refuse", "THIS", "--note", "no", "--as", "lin"
    ),
    "case open": after(
        none, "case", "open", "Harbour", "--agreement", NAME, "--with", MX, "--as", "lin"
    ),
    "case join": after(Stage.case, "case", "join", "Harbour", "--as", "mar", agency=MX),
    "case invite": after(Stage.case, "case", "invite", "Harbour", CN, "--as", "lin"),
    "case close": after(Stage.case, "case", "close", "Harbour", "--yes", "--as", "lin"),
    "agreement suspend": after(
        none, "agreement", "suspend", NAME, "--reason", "review", "--yes", "--as", OFFICER
    ),
    "agreement resume": after(us_suspended, "agreement", "resume", NAME, "--as", OFFICER),
    "agreement end": after(
        none, "agreement", "end", NAME, "--reason", "legal", "--yes", "--as", OFFICER
    ),
    "agreement publish": after(none, "agreement", "publish", NAME),
    "agreement propose": Act(
        command=lambda s: ("agreement", "propose", s.terms, "--yes", "--as", OFFICER)
    ),
    "agreement sign": after(
        proposed, "agreement", "sign", "precursors-2026", "--yes", "--as", OFFICER, agency=MX
    ),
    "agreement decline": after(
        proposed, "agreement", "decline", "precursors-2026", "--as", OFFICER, agency=MX
    ),
    "log erase publish": about(Stage.order, "log", "erase", "publish", "THIS"),
    "keys rotate --kem": after(none, "keys", "rotate", "--kem"),
    "keys rotate --sign": after(none, "keys", "rotate", "--sign"),
    "keys rotate --cosign": after(none, "keys", "rotate", "--cosign"),
    "node sync": after(none, "node", "sync"),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_command_synchronises_once(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    stage = Stage(desk, tmp_path)
    act = ACTS[name]
    arguments = act.command(stage)
    calls: Counter[str] = Counter()
    dialled = Dialling.__getattr__

    def counted(self: Dialling, call: str) -> Callable[[bytes], Any]:
        calls[call] += 1
        return dialled(self, call)

    monkeypatch.setattr(Dialling, "__getattr__", counted)
    stage.do(*arguments, agency=act.agency)
    # Each full synchronisation exchanges cosignatures once, and no other step of a command does.
    assert calls["cosign"] <= 1, calls
