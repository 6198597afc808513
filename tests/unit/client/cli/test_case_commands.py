"""``tearline case``: at the desks of all members, also of those who must not see each other."""

import pytest

from support.cli import Desk
from tearline.errors import (
    EXIT_NOT_FOUND,
    EXIT_REFUSED,
    EXIT_USAGE,
    CaseRecipient,
    CaseRefused,
    NotConfirmed,
)

US, CN, MX = "us-justice", "cn-public-security", "mx-prosecutor"
PEOPLE = {US: "lin", CN: "chen", MX: "mar"}
TITLE = "Harbour"
OPEN = ("case", "open", TITLE, "--agreement", "narcotics-2026")


class Table:
    """The desks of all three, one command after the other."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        word = desk.folder / "word"
        for agency, name in PEOPLE.items():
            for arguments in (("person", "add", name, "--role", "liaison"), ("login", name)):
                ran = desk.run(*arguments, "--person-passphrase-file", word, agency=agency)
                assert ran.exit_code == 0, ran.output

    def act(self, agency: str, verb: str, *arguments: str, status: int = 0) -> str:
        """Runs ``tearline case``, as the agency's liaison; what it said."""
        ran = self._desk.run("case", verb, TITLE, *arguments, "--as", PEOPLE[agency], agency=agency)
        assert ran.exit_code == status, ran.output
        return ran.stderr

    def open(self, *arguments: str) -> None:
        ran = self._desk.run(*OPEN, *arguments, "--as", PEOPLE[US])
        assert ran.exit_code == 0, ran.output

    def settle(self, *agencies: str) -> None:
        for agency in agencies:
            assert self._desk.run("node", "sync", agency=agency).exit_code == 0

    def cases(self, agency: str) -> list[dict]:
        return self._desk.rows("case", "list", agency=agency)

    def seen(self, agency: str) -> dict[str, str]:
        """Who is in it, as an agency sees it."""
        rows = self._desk.rows("case", "show", TITLE, agency=agency)
        return {row["agency"]: row["standing"] for row in rows}

    def timeline(self, agency: str) -> list[dict]:
        return self._desk.rows("case", "timeline", TITLE, agency=agency)

    def everything(self, agency: str) -> str:
        """All that the commands tell an agency of its cases, in every way."""
        shown = [
            self._desk.run(*form, "case", *command, agency=agency).output
            for form in ((), ("-o", "json"))
            for command in (("list",), ("show", TITLE), ("timeline", TITLE))
        ]
        shown.append(self._desk.run("node", "status", "-o", "json", agency=agency).output)
        return "\n".join(shown)


@pytest.fixture
def table(desk: Desk) -> Table:
    return Table(desk)


def test_a_case_from_its_opening_to_its_end(table: Table) -> None:
    assert table.cases(US) == []
    table.open("--with", CN, "--summary", "Slips from one press")
    assert table.seen(US) == {US: "leads", CN: "invited"}
    table.settle(CN)
    (row,) = table.cases(CN)
    assert (row["title"], row["lead"], row["standing"]) == (TITLE, US, "invited")
    assert table.act(CN, "join") == f"{TITLE}: waiting, until its lead admits this agency\n"
    table.settle(US, CN)
    assert table.seen(CN) == table.seen(US) | {CN: "in"} == {US: "leads", CN: "in"}

    table.act(US, "invite", MX)
    table.settle(CN)
    assert table.seen(CN) == {US: "leads", CN: "in", MX: "to join"}
    table.act(MX, "join")
    table.settle(US, MX)
    assert [row["standing"] for row in table.cases(MX)] == ["waiting"]
    table.act(CN, "consent", MX)
    table.settle(US, MX, CN)
    assert table.seen(MX) == table.seen(US) | {MX: "in"} | {CN: "in"}

    assert NotConfirmed.code in table.act(CN, "leave", status=EXIT_USAGE)  # nobody says yes
    table.act(CN, "leave", "--yes")
    table.settle(US)
    assert table.seen(US)[CN] == "left"
    assert [row["standing"] for row in table.cases(CN)] == ["left"]
    table.act(US, "close", "--yes")
    table.settle(MX)
    assert [row["standing"] for row in table.cases(MX)] == ["closed"]
    told = [row["what"] for row in table.timeline(MX)]
    assert [told[0], told[-1]] == ["invited", "closed"]
    assert {"accepted", "admitted"} <= {*told}


def test_who_declines_stays_out_and_who_is_objected_to_as_well(table: Table) -> None:
    table.open("--with", CN, "--with", MX)
    table.act(CN, "join")
    table.settle(US)
    table.act(CN, "object", MX)
    table.settle(US)
    assert table.seen(US) == {US: "leads", CN: "in", MX: "out"}
    assert CaseRefused.code in table.act(MX, "join", status=EXIT_REFUSED)

    table.act(CN, "leave", "--yes")
    assert CaseRefused.code in table.act(CN, "join", status=EXIT_REFUSED)


def test_an_invitation_is_declined_for_good(table: Table) -> None:
    table.open("--with", CN)
    assert table.act(CN, "decline") == f"{TITLE}: declined\n"
    table.settle(US)
    assert table.seen(US) == {US: "leads", CN: "declined"}
    for verb in ("join", "decline"):
        assert CaseRefused.code in table.act(CN, verb, status=EXIT_REFUSED)
    assert CaseRefused.code in table.act(CN, "leave", "--yes", status=EXIT_REFUSED)
    assert CaseRefused.code in table.act(US, "invite", CN, status=EXIT_REFUSED)


def test_only_the_lead_invites_and_closes_and_never_leaves(table: Table) -> None:
    table.open("--with", CN)
    table.act(CN, "join")
    table.settle(US)
    assert CaseRefused.code in table.act(CN, "invite", MX, status=EXIT_REFUSED)
    assert CaseRefused.code in table.act(CN, "close", "--yes", status=EXIT_REFUSED)
    assert CaseRefused.code in table.act(US, "leave", "--yes", status=EXIT_REFUSED)
    assert CaseRefused.code in table.act(US, "join", status=EXIT_REFUSED)


def test_a_case_that_is_not_there_is_not_found_by_anybody(table: Table, desk: Desk) -> None:
    """Whether there is none, or one that this agency was not invited to."""
    nothing = table.act(MX, "join", status=EXIT_NOT_FOUND)
    table.open("--with", CN)
    assert table.act(MX, "join", status=EXIT_NOT_FOUND) == nothing
    assert table.cases(MX) == []
    ran = desk.run(*OPEN, "--with", "nobody-at-all", "--as", PEOPLE[US])
    assert ran.exit_code == EXIT_NOT_FOUND
    ran = desk.run(*OPEN, "--with", CN, "--hide", "no colon", "--as", PEOPLE[US])
    assert ran.exit_code == EXIT_USAGE


def test_members_who_must_not_see_each_other_are_told_nothing_of_each_other(table: Table) -> None:
    """Nor by a list, a count, a timeline or a refusal: the same as where there is no other."""
    table.open("--with", CN)
    table.act(CN, "join")
    table.settle(US, CN)
    told_before = len(table.timeline(CN))
    told = table.act(CN, "consent", MX, status=EXIT_REFUSED)

    table.act(US, "invite", MX, "--hidden-from", CN)
    table.act(MX, "join")
    table.settle(US, MX, CN)
    assert table.seen(US) == {US: "leads", CN: "in", MX: "in"}
    assert table.seen(CN) == {US: "leads", CN: "in"}
    assert table.seen(MX) == {US: "leads", MX: "in"}
    assert len(table.timeline(CN)) == told_before
    for verb in ("consent", "object"):
        assert table.act(CN, verb, MX, status=EXIT_REFUSED) == told
    for one, other in ((CN, MX), (MX, CN)):
        domain = {CN: "police.cn", MX: "fiscalia.mx"}[other]
        cases = table.everything(one).partition('"channels"')[0]
        assert other not in cases
        assert domain not in cases


def test_what_is_filed_is_for_members_who_see_each_other(table: Table, desk: Desk) -> None:
    table.open("--with", CN, "--with", MX, "--hide", f"{CN}:{MX}")
    for agency in (CN, MX):
        table.act(agency, "join")
    table.settle(US, CN, MX)
    file = desk.folder / "lead.jsonl"
    file.write_text(
        '{"id": "p-1", "schema": "Person", "properties": {"name": ["Li Wei"]}}\n', encoding="utf-8"
    )
    send = (
        *("packet", "send", "--yes", file, "--agreement", "narcotics-2026"),
        *("--article", "money-laundering", "--purpose", "criminal-investigation"),
        *("--case", TITLE),
    )
    mistyped = desk.run(*send[:-1], TITLE[:-1], "--to", MX, "--as", PEOPLE[US])
    assert mistyped.exit_code == EXIT_NOT_FOUND, mistyped.output
    assert f"TL-CAS-006: No case here has that title or id: there is no case '{TITLE[:-1]}'" in (
        mistyped.stderr
    )
    assert f"(near: {TITLE})" in mistyped.stderr
    refused = desk.run(*send, "--to", MX, "--as", PEOPLE[CN], agency=CN)
    assert refused.exit_code == EXIT_REFUSED, refused.output
    assert CaseRecipient.code in refused.stderr
    sent = desk.run(*send, "--to", CN, "--to", MX, "--as", PEOPLE[US])
    assert sent.exit_code == 0, sent.output
    for agency in (CN, MX):
        about = [row for row in table.timeline(agency) if row["about"]]
        assert {row["about"].split()[1] for row in about} == {"lead"}
        assert [row["what"] for row in about].count("grant-accepted") == 1
        assert {row["with"] for row in about} <= {agency, US, ""}
