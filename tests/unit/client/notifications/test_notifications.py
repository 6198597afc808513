"""Notices: what is told, to whom, and that nobody is held up by whoever is told."""

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tearline_client.notifications.hooks
import tearline_client.store.notifications
from support.codecs import CODECS
from support.examples import examples
from support.paths import ROOT
from tearline.errors import HookMalformed
from tearline.limits import MAX_HOOKS
from tearline.statements.statement import StatementType
from tearline.suspensions.standing import Standing
from tearline.wire.suspensions import encode_standing
from tearline_client.features.suspensions.handler import STANDING
from tearline_client.messages.due import Due
from tearline_client.notifications.hooks import ALL, Hook, Notifications, parse_hooks
from tearline_client.store.database import Database
from tearline_client.store.notifications import EVENTS, NotificationStore
from tearline_client.store.vault import Vault

NOW_MS = 1_800_000_000_000
APPEND = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"
SECONDS = 20.0  # a machine that is busy with others starts an interpreter slowly


@dataclass(kw_only=True)
class Told:
    """A node's notices, and a file that a hook writes what it is told to."""

    store: NotificationStore
    database: Database
    notices: Notifications
    file: Path
    said: list[str] = field(default_factory=list)

    def hook(self, code: str = APPEND, event: str = ALL) -> Hook:
        return Hook(event=event, arguments=(sys.executable, "-c", code, str(self.file)))

    def tell(self, event: str = "packet-arrived", once: bytes = b"", **ids: str | bytes) -> None:
        with self.database.transaction():
            self.store.tell(event, time_ms=NOW_MS, once=once, **ids)

    def lines(self) -> list[dict]:
        text = self.file.read_text() if self.file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    async def serve(self, hook: Hook, until: Callable[[], bool]) -> None:
        """Serves a hook until something is so, and ends as a node that is told to."""
        task = asyncio.create_task(self.notices.serve(hook, self.said.append))
        try:
            await reached(until)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def reached(until: Callable[[], bool]) -> None:
    async def ask() -> None:
        while not until():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(ask(), SECONDS)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(tearline_client.notifications.hooks, "POLL_S", 0.01)
    monkeypatch.setattr(tearline_client.notifications.hooks, "RETRY_S", (0.0, 0.0))
    database = Database(tmp_path / "node.db", Vault(bytes(32)))
    store = NotificationStore(database)
    state = SimpleNamespace(
        stores=SimpleNamespace(database=database, notifications=store), now_ms=lambda: NOW_MS
    )
    return Told(
        store=store, database=database, notices=Notifications(state), file=tmp_path / "told.jsonl"
    )


# What is told.


async def test_a_command_gets_event_and_ids_on_its_standard_input(told: Told) -> None:
    hook = told.hook(event="packet-arrived")
    told.notices.begin([hook])
    told.tell(packet=b"\x01" * 32, sender="spiffe://a/node/b")
    await told.serve(hook, lambda: bool(told.lines()))
    assert told.lines() == [
        {
            "event": "packet-arrived",
            "notice": 1,
            "time_ms": NOW_MS,
            "packet": "01" * 32,
            "sender": "spiffe://a/node/b",
        }
    ]


async def test_only_the_event_that_was_asked_for_is_told(told: Told) -> None:
    hook = told.hook(event="alarm")
    told.notices.begin([hook])
    told.tell()
    told.tell("alarm", code="TL-KEY-007")
    await told.serve(hook, lambda: bool(told.lines()))
    assert [line["event"] for line in told.lines()] == ["alarm"]


async def test_a_hook_that_is_new_is_not_told_of_what_was(told: Told) -> None:
    told.tell(packet=b"old")
    hook = told.hook()
    told.notices.begin([hook])
    told.tell(packet=b"new")
    await told.serve(hook, lambda: bool(told.lines()))
    assert [line["packet"] for line in told.lines()] == [b"new".hex()]


def test_the_same_is_told_once(told: Told) -> None:
    told.tell(once=b"a")
    told.tell(once=b"a")
    told.tell("alarm", once=b"a")
    assert told.store.next(0, EVENTS).event == "packet-arrived"
    assert told.store.next(1, EVENTS).event == "alarm"


def test_what_is_no_event_or_no_id_is_a_fault_of_the_caller(told: Told) -> None:
    for event, ids in (("hello", {}), ("alarm", {"value": "Qiu Wenhao"})):
        with pytest.raises(ValueError, match="no such notice"):
            told.tell(event, **ids)


def test_a_notice_is_not_there_without_what_it_is_about(told: Told) -> None:
    with suppress(ZeroDivisionError), told.database.transaction():
        told.store.tell("packet-arrived", time_ms=NOW_MS)
        _ = 1 / 0
    assert told.store.next(0, EVENTS) is None


def test_what_is_kept_is_bounded(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tearline_client.store.notifications, "MAX_NOTICES", 10)
    for _ in range(25):
        told.tell()
    assert told.database.value("SELECT count(*), min(id) FROM notice") == 10
    assert told.store.next(0, EVENTS).id == 16


def test_what_is_due_is_told_once_however_often_it_is_asked(told: Told) -> None:
    told.notices.watch(lambda now_ms: [Due(event="overdue", once=b"r", ids={"until_ms": now_ms})])
    told.notices.scan()
    told.notices.scan()
    assert told.store.next(0, EVENTS).ids == {"until_ms": NOW_MS}
    assert told.store.next(1, EVENTS) is None


def notice(standing: Standing) -> Any:
    """The notification of a standing as it was received."""
    statement = SimpleNamespace(
        type=StatementType.STANDING, id=b"\x07" * 32, body=encode_standing(standing)
    )
    signed = SimpleNamespace(statement=statement)
    return STANDING.notice(SimpleNamespace(signed=signed, signer=standing.header), standing)


def test_a_suspension_and_its_end_are_told_and_what_repeats_them_is_not() -> None:
    acted: Standing = CODECS["standing"].value
    assert acted.acted_by is not None
    assert acted.suspensions
    told = notice(acted)
    assert (told.event, told.ids["agreement"]) == ("suspended", acted.agreement_id)
    resumed = replace(acted, suspensions=(), ended=False)
    assert notice(resumed).event == "resumed"
    assert notice(replace(resumed, acted_by=None)) is None
    hourly = [replace(acted, acted_by=None, counter=acted.counter + n) for n in (1, 2)]
    assert len({notice(each).once for each in hourly}) == 1


# At least once.


async def test_what_was_not_told_when_the_node_ended_is_told_later(told: Told) -> None:
    hook = told.hook()
    told.notices.begin([hook])
    told.tell(packet=b"one")
    later = Told(
        store=told.store, database=told.database, notices=told.notices, file=told.file
    )  # the node was killed before anything was run
    told.tell(packet=b"two")
    await later.serve(hook, lambda: len(later.lines()) == 2)
    assert [line["notice"] for line in later.lines()] == [1, 2]


async def test_a_command_under_way_when_the_node_ends_is_run_again(told: Told) -> None:
    slow = told.hook("import sys, time; open(sys.argv[1], 'a').write('{}\\n'); time.sleep(600)")
    told.notices.begin([slow])
    told.tell()
    for runs in (1, 2):
        await told.serve(slow, lambda runs=runs: len(told.lines()) == runs)
    assert told.store.begin(slow.id) == 0


@settings(max_examples=examples(20), deadline=None)
@given(st.lists(st.sampled_from(["tell", "serve", "restart"]), max_size=12))
def test_nothing_is_lost_and_nothing_turns_back(steps: list[str]) -> None:
    """Whatever happens in whatever order, a hook is told of all, in order."""
    with tempfile.TemporaryDirectory() as folder:
        _nothing_is_lost(Database(Path(folder) / "node.db", Vault(bytes(32))), steps)


def _nothing_is_lost(database: Database, steps: list[str]) -> None:
    store, hook = NotificationStore(database), b"h" * 32
    told, heard, count = store.begin(hook), [], 0
    for step in steps:
        if step == "tell":
            count += 1
            with database.transaction():
                store.tell("alarm", time_ms=NOW_MS)
        elif step == "serve" and (notice := store.next(told, EVENTS)):
            heard.append(notice.id)
            told = notice.id
            store.put_told(hook, told)
        elif step == "restart":
            told = store.begin(hook)
    while notice := store.next(told, EVENTS):
        heard.append(notice.id)
        told = notice.id
    assert heard == list(range(1, count + 1))
    database.close()


# Nobody is held up.


async def test_a_command_that_fails_is_asked_again_and_then_no_more(told: Told) -> None:
    hook = told.hook("import sys; print('no mail here'); sys.exit(3)")
    told.notices.begin([hook])
    told.tell()
    await told.serve(hook, lambda: told.store.begin(hook.id) == 1)
    ended = [line for line in told.said if "ended with 3" in line]
    assert len(ended) == 3
    assert "Notice 1 | no mail here" in told.said
    assert told.said[-1].endswith("is not asked again.")


async def test_a_command_that_hangs_is_stopped_with_all_it_started(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tearline_client.notifications.hooks, "TIMEOUT_S", 1.0)
    # A machine that is busy with others stops it before it has started anything: then again.
    monkeypatch.setattr(tearline_client.notifications.hooks, "RETRY_S", (0.0,) * int(SECONDS))
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open(sys.argv[1], 'a').write(f'{child.pid}\\n')\n"
        "time.sleep(600)"
    )

    def stopped() -> bool:
        started = told.file.read_text().split() if told.file.exists() else []
        said = any("was stopped after 1 s" in line for line in told.said)
        return said and any(map(is_gone, started))

    hook = told.hook(code)
    told.notices.begin([hook])
    told.tell()
    await told.serve(hook, stopped)


def is_gone(pid: str) -> bool:
    try:
        stat = (Path("/proc") / pid / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


async def test_a_slow_hook_holds_up_no_other(told: Told) -> None:
    slow, quick = told.hook("import time; time.sleep(600)"), told.hook()
    told.notices.begin([slow, quick])
    task = asyncio.create_task(told.notices.serve(slow, told.said.append))
    told.tell()
    await told.serve(quick, lambda: bool(told.lines()))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_command_that_does_not_listen_or_says_too_much_is_no_harm(told: Told) -> None:
    hook = told.hook("import sys; sys.stdin.close(); print('x' * 1_000_000)")
    told.notices.begin([hook])
    told.tell()
    await told.serve(hook, lambda: told.store.begin(hook.id) == 1)
    (said,) = [line for line in told.said if "|" in line]
    assert 0 < len(said) < 2 * tearline_client.notifications.hooks.MAX_OUTPUT


async def test_a_program_that_a_command_leaves_behind_holds_nothing_up(told: Told) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open(sys.argv[1], 'w').write(str(child.pid)); print('left it')"
    )
    hook = told.hook(code)
    told.notices.begin([hook])
    told.tell()
    await told.serve(hook, lambda: told.store.begin(hook.id) == 1)
    os.kill(int(told.file.read_text()), signal.SIGKILL)
    assert "Notice 1 | left it" in told.said


async def test_a_node_that_ends_waits_for_no_command(told: Told) -> None:
    """Whenever it is told to: also at the moment at which a command ends."""
    hook = told.hook("pass")
    told.notices.begin([hook])
    for moment in range(20):
        told.tell()
        task = asyncio.create_task(told.notices.serve(hook, told.said.append))
        await asyncio.sleep(0.002 * moment)
        task.cancel()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), SECONDS)
        assert task.cancelled()


async def test_a_command_that_went_missing_is_told_of(told: Told) -> None:
    hook = Hook(event=ALL, arguments=(str(told.file),))
    told.notices.begin([hook])
    told.tell()
    await told.serve(hook, lambda: told.store.begin(hook.id) == 1)
    assert "could not be started (No such file or directory)" in told.said[0]


async def test_a_command_does_not_get_the_passphrase(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEARLINE_PASSPHRASE", "a word of ours")
    hook = told.hook("import json, os, sys; print(json.dumps(sorted(os.environ)))")
    told.notices.begin([hook])
    told.tell()
    await told.serve(hook, lambda: told.store.begin(hook.id) == 1)
    said = " ".join(told.said)
    assert '"PATH"' in said
    assert "TEARLINE_PASSPHRASE" not in said


# What may be asked for.


@pytest.mark.parametrize(
    ("event", "command"),
    [
        ("packet-arived", sys.executable),
        ("alarm", ""),
        ("alarm", "'unclosed"),
        ("alarm", "no-such-command-anywhere"),
    ],
)
def test_a_hook_that_cannot_be_used_is_refused(event: str, command: str) -> None:
    with pytest.raises(HookMalformed):
        parse_hooks([(event, command)])


def test_no_shell_reads_the_command() -> None:
    (hook,) = parse_hooks([("all", f"{sys.executable} -c 'a; b' $HOME | cat")])
    assert hook.arguments == (sys.executable, "-c", "a; b", "$HOME", "|", "cat")


def test_hooks_are_bounded_and_the_same_counts_once() -> None:
    same = [("all", sys.executable)] * 2
    assert len(parse_hooks(same)) == 1
    with pytest.raises(HookMalformed):
        parse_hooks([("all", f"{sys.executable} {n}") for n in range(MAX_HOOKS + 1)])


def test_the_page_lists_every_event() -> None:
    page = (ROOT / "docs" / "howto" / "notices.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", page, re.M)) == dict(EVENTS)
