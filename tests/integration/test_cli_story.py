"""The whole way by the two command lines, as people and scripts go it.

One lead goes to two partners; every test looks at what it became. What a test changes (one more
field, a person) no other test counts on. What goes to files, pipes and partners is printed by
processes of their own; what is only asked for by the way is asked in this one.
"""

import json
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.federation import CN, MX, ORDER, US, Agency, Ended, Federation, serving
from tearline_client.demo.lead import ACCOUNT, AMOUNT, ENTITIES, METHOD, NARRATIVE, SOURCE, SUSPECT

pytestmark = pytest.mark.integration

GUARDS = ("--guard=company-lantern/notes=identity.source", "--guard=person-qiu/notes=method")
COUNT = sum(1 + len(entity["properties"]) for entity in ENTITIES) + 1  # with ids and narrative
ESCAPE = "\x1b"


@dataclass(frozen=True, kw_only=True)
class Story:
    """The federation at work, and what was sent.

    Attributes:
        federation: With its exchange serving.
        lead: The source.
        arguments: Of ``packet send`` and ``packet preview``.
        sent: What sending it came to.
    """

    federation: Federation
    lead: Path
    arguments: tuple[str, ...]
    sent: Ended

    @property
    def packet(self) -> str:
        return self.sent.rows[0]["packet"]

    def show(self, agency: Agency) -> list[dict[str, Any]]:
        return agency.done_here("packet", "show", self.packet, "-o", "json").rows


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with serving(tmp_path_factory.mktemp("story")) as federation:
        narrative = federation.folder / "narrative.txt"
        narrative.write_text(NARRATIVE, encoding="utf-8")
        lead = federation.lead()
        arguments = (
            *(str(lead), f"--to={CN}", f"--to={MX}", *ORDER, *GUARDS),
            *("--narrative", str(narrative), "--evaluation=B2"),
        )
        sent = federation.us.done("packet", "send", "--yes", *arguments, "-o", "json")
        yield Story(federation=federation, lead=lead, arguments=arguments, sent=sent)
    # The fixture's end is the operator's: it drained, and its log is as it was written.
    verified = federation.operator.done("verify-log")
    assert verified.out.endswith("entries: all as they were logged\n")


def by_path(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows of fields by the part of the path that a reader knows."""
    fields = [row for row in rows if row.get("part", "field") == "field"]
    return {row["path"].partition("/")[2]: row for row in fields}


def test_founding_speaks_on_stderr_and_prints_no_data(story: Story) -> None:
    told = story.federation.told
    assert len(told) == 18
    for command, ended in told.items():
        assert ended.out == "", command
        assert ended.err.endswith(".\n") or "Federation " in ended.err, command
    said = {command: ended.err for command, ended in told.items()}
    assert "Signed by every founder" in said[f"{MX}: federation sign"]
    pinned = {said[f"{name}: federation join"] for name in (US, CN, MX)}
    assert len(pinned) == 1  # all pinned one federation
    (words,) = pinned
    (pinned_id,) = re.findall(r"Pinned federation ([0-9a-f]{64})", words)
    assert f"Federation {pinned_id}" in said["federation found"]
    assert "narcotics-2026 was accepted" in said[f"{MX}: agreement publish"]


def test_keys_and_passphrases_are_nobody_elses(story: Story) -> None:
    federation = story.federation
    for home in (federation.operator.home, *(a.home for a in federation.agencies.values())):
        assert home.stat().st_mode & 0o077 == 0, home
    private = [*federation.us.home.rglob("*.key"), federation.us.home / "node.db"]
    private.append(federation.operator.home / "exchange.keys")
    assert len(private) > 5
    for file in private:
        assert file.stat().st_mode & 0o077 == 0, file


def test_preview_shows_every_cell_and_sends_nothing(story: Story) -> None:
    us = story.federation.us
    before = us.status()
    ended = us.done("packet", "preview", *story.arguments, "-o", "json")
    cells = {(row["partner"], row["path"].partition("/")[2]): row for row in ended.rows}
    assert len(cells) == 2 * COUNT
    assert set(ended.rows[0]) == {
        *("field", "shown", "path", "category", "partner"),
        *("form", "seen_as", "by", "own", "reason", "lessened"),
    }
    assert cells[MX, "Payment/amount"]["seen_as"] == AMOUNT
    assert cells[CN, "Payment/amount"]["seen_as"] == "1000000-5000000"
    assert cells[CN, "Company/notes"]["form"] == "withheld"
    assert cells[MX, "Company/notes"]["form"] == "exists"
    dry = us.done("packet", "send", "--yes", *story.arguments, "--dry-run")
    assert (dry.out, dry.err) == ("", "5 entities in 1 packet.\n")
    assert us.status() == before


def test_sending_prints_the_packet_and_says_what_was_logged(story: Story) -> None:
    assert story.sent.rows == [{"packet": story.packet, "accepted": 1 + 2}]
    assert len(bytes.fromhex(story.packet)) == 32
    assert "The exchange accepted and logged 3 statements." in story.sent.err


@pytest.mark.parametrize(
    ("name", "amount", "told_of"),
    [(CN, "1000000-5000000", {"method", "narrative", "contact.phone"}), (MX, AMOUNT, None)],
)
def test_each_partner_sees_its_own_view(
    story: Story, name: str, amount: str, told_of: set[str] | None
) -> None:
    partner = story.federation.agencies[name]
    listed = partner.done("packet", "list", "-o", "json").rows
    assert [(row["id"], row["from"], row["kind"]) for row in listed] == [(story.packet, US, "lead")]
    shown = by_path(story.show(partner))
    assert shown["Payment/amount"]["value"] == amount
    assert SUSPECT in shown["Person/name"]["value"]
    table = partner.done("packet", "show", story.packet[:12])
    assert SOURCE not in table.out
    assert METHOD not in table.out
    above, line, below = table.out.partition("torn off here")
    assert line
    assert SUSPECT in above
    if told_of is None:
        assert NARRATIVE in above
        told_of = {"identity.source", "method"}
    assert set(re.findall(r"█ +(\S+): \d+ fields? kept back", below)) == told_of


def test_the_sender_sees_all_of_it_and_what_became_of_each_grant(story: Story) -> None:
    us = story.federation.us
    for name in (CN, MX):
        story.federation.agencies[name].done_here("packet", "list")
    shown = by_path(story.show(us))
    assert len(shown) == COUNT
    assert shown["Company/notes"]["value"] == SOURCE
    rows = us.done("packet", "status", story.packet[:12], "-o", "json").rows
    states = {(row["partner"], row["status"]) for row in rows}
    assert {partner for partner, _ in states} == {CN, MX}
    assert {state for _, state in states} <= {"stored", "opened", "seen"}


def test_a_later_disclosure_follows_the_agreement_and_is_not_repeated(story: Story) -> None:
    us, cn = story.federation.us, story.federation.cn
    cn.done_here("node", "sync")
    assert "Person/phone" not in by_path(story.show(cn))
    # The agreement lets this partner know that there is a telephone, and no more.
    refused = us.here("packet", "disclose", story.packet, "Person/phone", "--yes", "--to", CN)
    assert refused.refused("TL-POL-009", 4)
    assert by_path(story.show(us))["BankAccount/iban"]["value"] == ACCOUNT
    held = us.done_here("packet", "disclose", story.packet, "BankAccount/iban", "--yes", "--to", MX)
    assert "The partner has this field" in held.err
    assert "Nothing was sent" in held.err
    unknown = us.here("packet", "disclose", story.packet, "Person/shoeSize", "--to", MX)
    assert unknown.refused("TL-REQ-006", 6)


def test_names_are_found_whatever_their_script(story: Story) -> None:
    mx = story.federation.mx
    mx.done_here("node", "sync")
    for text in ("qiu wenhao", "QIU", "裘文昊", "qiu wen hao"):
        rows = mx.done_here("packet", "search", text, "-o", "json").rows
        assert {row["packet"] for row in rows} == {story.packet}, text
    nothing = mx.done_here("packet", "search", "Nobody Of That Name", "-o", "json")
    assert nothing.rows == []


def without_ids(entities: Sequence[dict[str, Any]], lacks: Set[str] = frozenset()) -> list[str]:
    """These entities; each id is the schema of its entity, for partners have tokens."""
    schemata = {each["id"]: each["schema"] for each in entities}
    return sorted(
        json.dumps(
            [
                each["schema"],
                {
                    name: [schemata.get(value, value) for value in values]
                    for name, values in sorted(each["properties"].items())
                    if name not in lacks
                },
            ]
        )
        for each in entities
    )


def test_what_is_open_is_exported_and_no_more(story: Story) -> None:
    mx, cn = story.federation.mx, story.federation.cn
    for partner, lacks in ((mx, {"notes"}), (cn, None)):
        partner.done_here("node", "sync")
        ended = partner.done("export", "ftm", story.packet)
        entities = [json.loads(line) for line in ended.out.splitlines()]
        assert all(each["id"].startswith("token-") for each in entities)
        told = ended.err.splitlines()
        assert told[0].startswith(f"Carried: {len(entities)} objects; ")
        assert [words.partition(":")[0] for words in told[1:]] == ["H0", "H2", "TLP", "PAP"]
        if lacks is not None:
            assert without_ids(entities) == without_ids(ENTITIES, lacks)
        assert AMOUNT in ended.out or partner is cn
    new = story.federation.folder / "exported.jsonl"
    assert mx.done("export", "ftm", "--output-file", str(new)).out == ""
    written = new.read_bytes()
    again = mx.run("export", "ftm", "--output-file", str(new))
    assert again.refused("TL-USE-004", 2)
    assert new.read_bytes() == written


def test_persons_act_under_their_names_and_roles(story: Story) -> None:
    us, folder = story.federation.us, story.federation.folder
    secret = folder / "ana.passphrase"
    secret.touch(mode=0o600)
    secret.write_text("ana's own words\n")
    own = ("--person-passphrase-file", str(secret))
    assert us.done_here("person", "add", "ana", "--role", "auditor", *own).out == ""
    early = us.here("packet", "send", "--yes", *story.arguments, "--as", "ana")
    assert early.refused("TL-TLS-009", 4)
    us.done_here("login", "ana", *own)
    # An auditor looks; a release is a liaison officer's act.
    assert us.here("packet", "send", "--yes", *story.arguments, "--as", "ana").refused(
        "TL-TLS-006", 4
    )
    assert us.done_here("person", "list", "-o", "json").rows == [
        {"person": "ana", "roles": "auditor", "clearance": "amber+strict", "enabled": True}
    ]
    us.done_here("person", "disable", "ana")


def test_an_auditor_goes_from_a_question_to_a_file_that_verifies(story: Story) -> None:
    us, folder = story.federation.us, story.federation.folder
    secret = folder / "eva.passphrase"
    secret.touch(mode=0o600)
    secret.write_text("eva's own words\n")
    own = ("--person-passphrase-file", str(secret))
    us.done_here("person", "add", "eva", "--role", "auditor", *own)
    us.done_here("login", "eva", *own)
    asked = ("action:grant-accepted", "--as", "eva")
    found = us.done_here("audit", "search", *asked, "-o", "jsonl").out.splitlines()
    assert found
    days = us.done_here("audit", "search", "--histogram", *asked, "-o", "json").rows
    assert sum(day["entries"] for day in days) == len(found)
    export = folder / "grants.csv"
    us.done_here("audit", "export", *asked, "--output-file", str(export))
    (judged,) = us.done_here("audit", "verify", f"{export}.manifest", "-o", "json").rows
    assert (judged["outcome"], judged["entries"]) == ("verified", len(found))
    (entry,) = us.done_here(
        "audit", "search", "action:audit-export", "--as", "eva", "-o", "json"
    ).rows
    assert entry["pseudonym"] == judged["pseudonym"]
    us.done_here("person", "disable", "eva")


@pytest.mark.parametrize(
    "command",
    [("packet", "list", "--no-sync"), ("node", "status")],
)
def test_a_pipe_gets_data_alone_and_json_is_stable(story: Story, command: tuple[str, ...]) -> None:
    us = story.federation.us
    table = us.done(*command)
    assert table.out
    assert ESCAPE not in table.out + table.err
    first, second = (us.done(*command, "-q", "-o", "json") for _ in range(2))
    assert (first.out, first.err) == (second.out, "")
    rows = first.rows
    assert rows
    assert len({tuple(row) for row in rows}) == 1  # each row has the same keys, in one order
    lines = us.done(*command, "-q", "-o", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows


def test_the_node_says_how_it_stands(story: Story) -> None:
    us, status = story.federation.us, story.federation.us.status()
    assert ("node", us.node) in status
    assert not [which for what, which in status if what == "put aside"]
    assert not [s for s in ("sealed", "unknown", "refused") if ("outbox", s) in status]
    assert {what for what, _ in status} >= {"log", "outbox", "channel", "key (sign)", "key (kem)"}
    in_force = us.done_here("agreement", "list", "-o", "json").rows
    assert [(row["agreement"], row["state"]) for row in in_force] == [
        ("narcotics-2026", "in force")
    ]
