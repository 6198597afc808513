"""The node's own access log: every act is an entry, and what a hand does to it is named."""

import asyncio
import json
import time
from dataclasses import replace

import apsw
import pytest

from support.canary import canary, everything_in, found
from support.cli import OUR_NODE
from support.node import context_of, stores_of
from support.simulation import PASSPHRASE
from tearline.audit.event import EventCode
from tearline.errors import EXIT_REFUSED, StoreFull
from tearline.wire.grants import parse_event
from tearline_client.access_log.anchors import ANCHOR_MS
from tearline_client.audit.access_log_verifier import examine_access
from tearline_client.demo.lead import SUSPECT, corrected_jsonl
from tearline_client.node import Node
from tearline_client.store.access import AccessStore

NAME = "Person/name"


def edit(desk, sql: str, *bindings: object) -> None:
    """Changes the node's database by hand."""
    connection = apsw.Connection(str(desk.home / "node.db"))
    connection.execute(sql, bindings)
    connection.close()


def entries(desk, *arguments: str, status: int = 0) -> list[dict]:
    """What the access log says, without the entries of reading it."""
    rows = desk.rows("audit", "access", *arguments, "--as", "ana", status=status)
    return [row for row in rows if row["action"] != "access-read"]


def findings(desk, *, status: int = 5, sync: bool = False) -> list[str]:
    """What is wrong with the access log."""
    flag = "--sync" if sync else "--no-sync"
    rows = desk.rows("audit", "access", "--verify", flag, "--as", "ana", status=status)
    return [row["finding"] for row in rows]


def test_an_auditor_alone_is_shown_no_contents(desk, tmp_path) -> None:
    word = desk.folder / "word"
    for told in (("person", "add", "rita", "--role", "auditor"), ("login", "rita")):
        assert desk.run(*told, "--person-passphrase-file", word).exit_code == 0
    before = entries(desk)
    for act in (
        ("packet", "search", SUSPECT),
        ("packet", "search", "no such value anywhere"),
        ("inbox",),
        ("export", "ftm"),
        ("packet", "exhibit", desk.packet, NAME, "--output-file", tmp_path / "x.exhibit"),
        ("packet", "show", desk.packet, "--no-sync"),
    ):
        refused = desk.run(*act, "--as", "rita")
        assert (refused.exit_code, refused.stdout) == (EXIT_REFUSED, ""), act
        assert "TL-TLS-006" in refused.stderr
    # The text of a refused search is an entry, whether or not a packet has it.
    assert len(entries(desk, "--sought", SUSPECT)) == 1
    logged = [each for each in entries(desk) if each not in before]
    assert [(each["action"], each["actor"], each["packet"]) for each in logged] == [
        ("access-search", "rita", "")
    ] * 2
    assert desk.run("audit", "hash", SUSPECT, "--as", "rita").exit_code == 0


def at_node(desk, act, *, later_ms: int = 0):
    """Does something at the node itself, some time later."""

    async def run():
        async with await Node.open(desk.home, passphrase=PASSPHRASE) as node:
            now_ms = context_of(node).now_ms() + later_ms
            node._anchors._context = replace(context_of(node), now_ms=lambda: now_ms)
            done = act(node)
            return await done if asyncio.iscoroutine(done) else done

    return asyncio.run(run())


def anchored(desk) -> None:
    """Reads something twice, a day goes by, and the node anchors that."""
    for _ in range(2):
        desk.run("packet", "show", desk.packet, "--no-sync")
    at_node(desk, lambda node: node.sync(), later_ms=ANCHOR_MS)


COMMANDS = {
    "show": (("packet", "show", "{packet}", "--no-sync"), "access-open"),
    "show as data": (("-o", "json", "packet", "show", "{packet}", "--no-sync"), "access-open"),
    "search": (("packet", "search", "qiu"), "access-search"),
    "search in vain": (("packet", "search", "nobody at all"), "access-search"),
    "hash": (("audit", "hash", "Qiu Wenhao"), "access-search"),
    "print": (("export", "ftm"), "access-print"),
    "export": (("export", "ftm", "{packet}", "--output-file", "{file}"), "access-export"),
    "exhibit": (
        ("packet", "exhibit", "{packet}", NAME, "--output-file", "{file}", "--no-sync"),
        "access-exhibit",
    ),
    "correct": (("packet", "correct", "{packet}", "{source}", "--dry-run"), "access-open"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_reads_is_an_entry(desk, tmp_path, command):
    arguments, action = COMMANDS[command]
    source = tmp_path / "lead.jsonl"
    source.write_text(corrected_jsonl())
    places = {"packet": desk.packet, "file": tmp_path / "out", "source": source}
    filled = [each.format(**places) for each in arguments]
    before = len(entries(desk))
    result = desk.run(*filled, "--as", "ana")
    assert result.exit_code in (0, 6), result.output
    (entry,) = entries(desk)[before:]
    assert (entry["action"], entry["actor"]) == (action, "ana")
    vain = command == "search in vain"
    assert entry["packet_id"] == ("" if vain else desk.packet)
    assert bool(entry["slots"]) is (command not in ("search in vain", "hash"))


@pytest.mark.parametrize("command", ["list", "status"])
def test_what_shows_no_field_is_none(desk, command):
    arguments = {"list": (), "status": (desk.packet,)}[command]
    before = entries(desk)
    assert desk.run("packet", command, *arguments, "--no-sync").exit_code == 0
    assert entries(desk) == before


def test_a_program_that_reads_is_the_node_where_nobody_is_logged_in(desk):
    assert desk.run("login", "ana", "--out").exit_code == 0
    at_node(desk, lambda node: node.packets.show(bytes.fromhex(desk.packet)))
    assert [entry.event.actor for entry in _examined(desk).entries][-1] == OUR_NODE


def test_it_takes_an_auditor_and_is_itself_an_entry(desk):
    first = desk.rows("audit", "access", "--as", "ana")
    again = desk.rows("audit", "access", "action:access-read", "--as", "ana")
    assert len(again) == len([r for r in first if r["action"] == "access-read"]) + 1
    result = desk.run("audit", "access", "--as", "nobody")
    assert (result.exit_code, result.stdout) == (4, "")


def test_entries_are_chosen_by_query_person_and_what_was_sought(desk):
    for arguments in (("packet", "search", "QIU-wenhao"), ("packet", "search", "nobody")):
        desk.run(*arguments, "--as", "ana")
    assert {e["action"] for e in entries(desk, f"packet:{desk.packet}")} >= {"access-search"}
    sought = entries(desk, "--sought", "qiu Wenhao")
    assert [entry["packet_id"] for entry in sought] == [desk.packet]
    assert entries(desk, "--sought", "wenhao") == []
    assert entries(desk, "--by", "somebody") == []
    assert entries(desk, "--by", "ana")


def test_no_value_is_in_it(desk):
    wanted = canary()
    desk.run("packet", "search", wanted)
    desk.run("packet", "show", desk.packet, "--no-sync")
    assert not found([wanted, "Qiu Wenhao"], everything_in(desk.home))
    shown = desk.run("-o", "jsonl", "audit", "access", "--as", "ana")
    assert shown.exit_code == 0
    assert not any(value in shown.output for value in (wanted, "Qiu"))
    assert json.loads(shown.stdout.splitlines()[0])["act"]


def test_what_cannot_be_logged_is_not_shown(desk, tmp_path, monkeypatch):
    def full(self: AccessStore, events: object) -> None:
        raise StoreFull

    source = tmp_path / "lead.jsonl"
    source.write_text(corrected_jsonl())
    monkeypatch.setattr(AccessStore, "append", full)
    for arguments, _ in COMMANDS.values():
        out = desk.home.parent / "out"
        places = {"packet": desk.packet, "file": out, "source": source}
        result = desk.run(*[each.format(**places) for each in arguments])
        assert result.exit_code not in (0, 6), arguments
        assert "Qiu" not in result.stdout, arguments
        assert not out.exists(), arguments
    assert desk.run("audit", "access", "--as", "ana").stdout == ""


def test_a_full_disk_keeps_the_packet_closed(desk):
    def read(node: Node) -> None:
        packet = bytes.fromhex(desk.packet)
        database = stores_of(node).database
        database.execute(f"PRAGMA max_page_count={database.value('PRAGMA page_count')}")
        before, shown = len(list(node.audit._access.store.rows())), []

        def until_full() -> None:
            while len(shown) < 200:
                shown.append(node.packets.show(packet))

        with pytest.raises(StoreFull):
            until_full()
        assert len(list(node.audit._access.store.rows())) == before + len(shown)

    at_node(desk, read)
    assert not _examined(desk).findings


# What a hand does.


HANDS = {
    "dropped": ("DELETE FROM access_entry WHERE idx = 1", "entry 1 is missing"),
    "the last dropped": (
        "DELETE FROM access_entry WHERE idx = (SELECT max(idx) FROM access_entry)",
        "is missing",
    ),
    "edited": (
        "UPDATE access_entry SET sealed = randomblob(length(sealed)) WHERE idx = 1",
        "entry 1 was changed",
    ),
    "another's put in its place": (
        "UPDATE access_entry SET sealed = (SELECT sealed FROM access_entry WHERE idx = 0)"
        " WHERE idx = 1",
        "entry 1 was changed",
    ),
    "added": (
        "INSERT INTO access_entry SELECT 77, sealed FROM access_entry LIMIT 1",
        "77 was added",
    ),
    "a leaf replaced": (
        "UPDATE access_node SET hash = randomblob(32) WHERE level = 0 AND idx = 1",
        "entry 1 is not the one that was written",
    ),
    "an anchor dropped": ("DELETE FROM access_anchor WHERE number = 1", "anchor 1 is missing"),
    "the end put away": (
        "UPDATE setting SET value = randomblob(60) WHERE name = 'access.head'",
        "cannot be opened",
    ),
}


@pytest.mark.parametrize("hand", HANDS)
def test_what_a_hand_did_is_named(desk, hand):
    sql, named = HANDS[hand]
    for _ in range(3):
        desk.run("packet", "show", desk.packet, "--no-sync")
    for day in (1, 2):
        at_node(desk, lambda node: node.sync(), later_ms=day * (ANCHOR_MS + 1))
    assert findings(desk, status=0) == []
    examined = _examined(desk)
    edit(desk, sql)
    assert any(named in finding.why for finding in _examined(desk).findings), _examined(desk)
    assert not examined.findings


def _examined(desk):
    """The examination, without the entry of asking for it."""

    def examine(node: Node):
        state = context_of(node)
        return examine_access(
            AccessStore(state.stores.database), state.stores.log, node.uri, now_ms=state.now_ms()
        )

    return at_node(desk, examine)


def test_a_log_without_its_end_is_not_written_over(desk):
    desk.run("packet", "show", desk.packet, "--no-sync")
    edit(desk, "DELETE FROM setting WHERE name = 'access.head'")
    result = desk.run("packet", "show", desk.packet, "--no-sync")
    assert result.exit_code != 0
    assert "Qiu" not in result.stdout


def rewritten(node: Node) -> None:
    """Whoever has the node's keys writes the whole log anew, without the last entry."""
    store = node.audit._access.store
    events = [parse_event(store.opening(*row).event) for row in store.rows()]
    with store.database.transaction():
        for table in ("access_entry", "access_node"):
            store.database.execute(f"DELETE FROM {table}")
        store.database.execute("DELETE FROM setting WHERE name = 'access.head'")
        store.append(events[1:])


def test_whoever_has_the_keys_rewrites_what_is_not_anchored_alone(desk):
    anchored(desk)
    at_node(desk, rewritten)
    assert any("anchor 1" in finding.why for finding in _examined(desk).findings)


def test_anchors_that_were_put_away_are_in_the_log_of_the_exchange(desk):
    anchored(desk)
    assert findings(desk, status=0, sync=True) == []
    edit(desk, "DELETE FROM access_anchor")
    assert findings(desk, status=0) == []
    assert any("an anchor that is not here" in why for why in findings(desk, sync=True))


# Anchors.


def test_one_anchor_a_day_tells_the_exchange_nothing(desk):
    assert desk.rows("audit", "search", "action:anchor", "--as", "ana") == []
    anchored(desk)
    at_node(desk, lambda node: node.sync(), later_ms=ANCHOR_MS + 1)
    (row,) = desk.rows("audit", "search", "action:anchor", "--as", "ana")
    assert (row["counterpart"], row["packet_id"], row["decisions"]) == ("", "", [])
    at_node(desk, lambda node: node.sync(), later_ms=2 * ANCHOR_MS + 1)
    assert len(desk.rows("audit", "search", "action:anchor", "--as", "ana")) == 2
    examined = _examined(desk)
    assert (examined.anchored, examined.findings) == (examined.size, ())


def test_a_clock_that_was_ahead_puts_no_anchor_off(desk, monkeypatch):
    for table in ("access_entry", "access_node", "setting WHERE name = 'access.head'"):
        edit(desk, f"DELETE FROM {table}")  # a node whose first entry has the wrong time
    right = time.time_ns
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time_ns", lambda: right() + 400 * ANCHOR_MS * 1_000_000)
        desk.run("packet", "show", desk.packet, "--no-sync")
    for _ in range(2):
        at_node(desk, lambda node: node.sync())
        assert len(desk.rows("audit", "search", "action:anchor", "--as", "ana")) == 1


def test_codes_of_the_two_logs_stay_apart():
    own = {code for code in EventCode if code.value.startswith("access-")}
    persons = {
        EventCode.SIGN_IN,
        EventCode.PERSON_ADDED,
        EventCode.PERSON_ROLES,
        EventCode.PERSON_DISABLED,
        EventCode.PERSON_CODE,
        EventCode.PERSON_PASSPHRASE,
        EventCode.PASSKEY_ADDED,
        EventCode.PASSKEY_REMOVED,
        EventCode.ACCOUNT_LINKED,
        EventCode.ACCOUNT_REMOVED,
    }
    assert own == persons | {
        EventCode.ACCESS_OPEN,
        EventCode.ACCESS_SEARCH,
        EventCode.ACCESS_EXPORT,
        EventCode.ACCESS_PRINT,
        EventCode.ACCESS_EXHIBIT,
        EventCode.ACCESS_READ,
        EventCode.ACCESS_LISTED,
        EventCode.ACCESS_DRAFTED,
        EventCode.ACCESS_DISCARDED,
        EventCode.ACCESS_ACTED,
    }
