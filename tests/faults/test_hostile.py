"""A hostile member beside three honest agencies: what they have of it is nothing.

Phases of quiet and of attack alternate in one run, so that each is compared with what the same
machine did a moment ago. The attacker draws from every act that a member can do, by a seed that is
printed. The exchange and the honest go before it and before all else that the machine does, where
that is allowed: elsewhere each would have a machine of its own.
"""

import asyncio
import functools
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults import soak
from faults.history import broken
from faults.honest_acts import Honest
from faults.hostile_acts import ACTS, FOR_ALL
from faults.hostile_member import agreement_text
from faults.load import NAMES, PARTNERS, Load, loaded
from faults.watch import Phase, Watch, during, p99, prefer
from support.federation import (
    CN,
    MX,
    NODES,
    PASSPHRASE,
    US,
    Federation,
    Operator,
    addressed,
    at_work,
    copied,
    free_port,
)
from support.run_cache import once
from tearline.audit.event import Event, EventCode
from tearline.limits import (
    MARK_BURST_MS,
    MARK_PACE_MS,
    MAX_AGENCY_NODES,
    MAX_COSIGNING_RECORDS_PER_LIFE,
    MAX_PAIR_AGREEMENT_BYTES,
    MAX_RECORDS_PER_LIFE,
    REFUSAL_SHARE,
)
from tearline.wire.grants import parse_event
from tearline_client.demo.world import AGENCIES
from tearline_server.config import load_config
from tearline_server.storage.open import open_store

pytestmark = [pytest.mark.faults, pytest.mark.slow]

HOSTILE, PUPPET = "zz-bureau", "yy-office"
DOMAINS = AGENCIES | {HOSTILE: "bureau.zz.example", PUPPET: "office.yy.example"}
VICTIMS = {"with-us": US, "with-cn": CN, "with-mx": MX}
STOPPABLE = {name: agreement for agreement, name in VICTIMS.items()}
PROGRAM = Path(__file__).with_name("hostile_program.py")
PHASE_S = 30.0 if soak.SOAK_S else 8.0  # of quiet, and of attack
MESSAGES = 8  # of the honest that each phase has at least; each holds four packets
ASKED = os.environ.get("TEARLINE_ACTS", "").split()
DRAWN = [[name] for name in ASKED[1:] or ACTS] if ASKED[:1] == ["each"] else [ASKED or [*ACTS]] * 2
"""What is drawn from in each phase of attack.

``TEARLINE_ACTS`` names acts; behind ``each`` every one has a phase of its own.
"""
QUIETLY = {
    "PACE_S": "0.05",
    "AT_ONCE": "4",
    "AWAITS_RECEIPTS": "1",
}  # from a partner's receipt to the next message of an honest sender
SLOWER = 3.0  # times the p99 of a quiet phase
LARGER = 2.0  # times the memory of a quiet phase
# Records of the log that a start reads again, and that the hostile two may add for good: each has
# the nodes that one agency may have, every key of one of them, and agreements with four partners.
LASTING = 2 * (MAX_AGENCY_NODES + MAX_RECORDS_PER_LIFE + MAX_COSIGNING_RECORDS_PER_LIFE)
LASTING_BYTES = LASTING * 1024 + 4 * MAX_PAIR_AGREEMENT_BYTES
# What an agency may have kept in a day: an honest one has a tenth of it done in a run, and the
# hostile one asks for twice its refusals.
ENTRIES_DAY = 64_000
MOST_REFUSALS = ENTRIES_DAY // REFUSAL_SHARE * 25 // 24  # as if a run lasted for an hour
MOST_MARKS = MARK_BURST_MS // MARK_PACE_MS + 6  # likewise, of one channel
ALIVE_S = 90  # for one packet more: the longest pause of a node is half a minute


async def remembered(operator: Operator) -> tuple[int, int]:
    """How many records the exchange reads whenever it starts, and their bytes."""
    store = await open_store(load_config(operator.home))
    try:
        stored = await store.load()
    finally:
        await store.close()
    records = [
        *(entry for _, entry in stored.clear),
        *(row.envelope for row in (*stored.agreements, *stored.standings)),
    ]
    return len(records), sum(map(len, records))


def prepared(folder: Path) -> tuple[Federation, int]:
    """A federation of the three and of the hostile two, and the monitoring port."""
    with once("hostile", _prepare) as made:
        shutil.copytree(made, folder, dirs_exist_ok=True)
    federation, http = addressed(folder, DOMAINS), free_port()
    settings = federation.operator.home / "exchange.toml"
    own = f'http = "127.0.0.1:{http}"\nagency_entries_day = {ENTRIES_DAY}\n'
    settings.write_text(own + settings.read_text())
    return federation, http


def _prepare(folder: Path) -> None:
    """Has the hostile member agree with each of the honest, who have persons to act."""
    federation = copied(folder, DOMAINS)
    word = folder / "word"
    word.write_text("a word of one's own\n")
    word.chmod(0o600)
    for name in NAMES:
        person = ("--role", "auditor", "--role", "officer", "--role", "liaison")
        federation.agencies[name].done_here(
            "person", "add", "ana", *person, "--person-passphrase-file", str(word)
        )
        federation.agencies[name].done_here("login", "ana", "--person-passphrase-file", str(word))
    with at_work(federation.operator):
        pairs = {**VICTIMS, "suspended": CN, "among-us": PUPPET}
        for agreement, partner in pairs.items():
            parties = (HOSTILE, partner)
            federation.agree(agreement, agreement_text(agreement, parties), parties)
        federation.agree("of-others", agreement_text("of-others", (US, MX)), (US, MX))
        federation.all("node", "sync")


@contextmanager
def hostility(watch: Watch, http: int, seed: int, acts: list[str]) -> Iterator[Callable[[], None]]:
    """The hostile member at work, until the block ends.

    Yields:
        What waits until it has done to all whatever it can.
    """
    federation = watch.load.federation
    settings = federation.folder / "hostile.json"
    first = [each.__name__ for each in FOR_ALL if each.__name__ in acts]
    settings.write_text(
        json.dumps(
            {
                "folder": str(federation.folder),
                "home": HOSTILE,
                "puppet": PUPPET,
                "passphrase": PASSPHRASE,
                "exchange": federation.operator.address,
                "victims": VICTIMS,
                "http": http,
                "others": "of-others.agreement",
                "seed": seed,
                "acts": acts,
                "first": first,
            }
        )
    )
    said = federation.folder / "hostile.said"
    tests = str(Path(__file__).parents[1])
    with said.open("wb") as stream, (federation.folder / "hostile.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(settings)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=log,
            env={**os.environ, "PYTHONPATH": tests},
        )

    def await_(done: Callable[[bytes], bool], what: str) -> None:
        watch.load.await_(lambda: process.poll() is not None or done(said.read_bytes()), what)
        assert process.poll() is None, (federation.folder / "hostile.log").read_text()

    try:
        await_(lambda lines: b"ready" in lines, "it was ready")
        yield lambda: await_(
            lambda lines: lines.count(b'"what": "ends"') >= len(first), "it did its worst"
        )
        assert process.poll() is None, (federation.folder / "hostile.log").read_text()
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        lines = said.read_bytes().splitlines()
        watch.acts += [json.loads(line) for line in lines if line.endswith(b"}")]


@pytest.mark.soak
def test_the_honest_have_nothing_of_it(tmp_path: Path) -> None:
    rounds = soak.rounds("hostile", lambda number: number >= len(DRAWN))
    outlast(tmp_path, (DRAWN[number % len(DRAWN)] for number in rounds))


def test_the_honest_have_nothing_of_one_attack(tmp_path: Path) -> None:
    outlast(tmp_path, [[*ACTS]], again=2)


def outlast(folder: Path, attacks: Iterable[list[str]], *, again: int = 0) -> None:
    """Has the honest at work before, during and after attacks of some acts, and compares.

    Args:
        folder: Where the federation is.
        attacks: The acts of each attack.
        again: How often all acts are drawn from once more where mail was slow. A machine that was
            busy by chance is not busy in each; an attack that slows mail down slows it each time.
    """
    chance = soak.chance()
    federation, http = prepared(folder)
    honest = Honest(federation=federation, stoppable=STOPPABLE)
    before = asyncio.run(remembered(federation.operator))
    for name in NAMES:
        federation.agencies[name].variables |= QUIETLY
    with loaded(federation) as load:
        watch = Watch(load=load)
        load.await_load(*NAMES)
        for running in (load.exchange, *load.nodes.values()):
            prefer(running.pid)
        for name in NAMES:  # a command's dozen calls are no mail that is measured
            federation.agencies[name].variables["TEARLINE_EXCHANGE"] = load.address
        try:
            besiege(watch, honest, http, chance, attacks)
            for _ in range(again):
                if not slow(watch):
                    break
                tell(watch)
                del watch.phases[1:]
                besiege(watch, honest, http, chance, [[*ACTS]])
        finally:
            tell(watch)
        verify_alive(load)
        load.stop()
        load.settle()
        verify_mail(watch, honest)
        logged = load.stored("SELECT idx, event FROM event ORDER BY idx")
        events = {index: parse_event(event) for index, event in logged}
        verify_stopped(honest, events)
        verify_budget([*events.values()])
        verify_audit(watch)
    after = asyncio.run(remembered(federation.operator))
    print(f"records that a start reads, and bytes: {before} before, {after} after")
    assert all(under_way_in(watch, phase) for phase in watch.phases if phase.acts)
    assert slow(watch) == []
    verify_memory(watch)
    assert after[0] <= before[0] + LASTING
    assert after[1] <= before[1] + LASTING_BYTES
    verify_logs(federation)
    verify_restart(honest)
    assert [act for act in watch.acts if str(act.get("ended", "")).startswith("told")] == []
    verified = federation.operator.done("verify-log")
    assert verified.out.endswith("entries: all as they were logged\n")


def besiege(
    watch: Watch,
    honest: Honest,
    http: int,
    chance: random.Random,
    attacks: Iterable[list[str]],
) -> None:
    """Lets phases of quiet and of attack alternate; in the first an agreement is suspended.

    In each attack, every honest agency acts while the hostile member does its worst.
    """
    for acts in attacks:
        with watch.phase():
            watch.go_on(PHASE_S, MESSAGES)
        seed = chance.randrange(1 << 32)
        with hostility(watch, http, seed, acts) as worst:
            # Apart from what is measured: the commands take the machine that mail goes through.
            honest.act(honest.amend, watch.load.await_)
            worst()
            with watch.phase(*acts):
                if len(watch.phases) == 1:
                    suspend(watch.load.federation)
                watch.go_on(PHASE_S, MESSAGES)
    with watch.phase():
        watch.go_on(PHASE_S, MESSAGES)


def suspend(federation: Federation) -> None:
    """One who has had enough suspends an agreement with the hostile member, under fire.

    The command is a process of its own, as every other party of this run.
    """
    federation.agencies[CN].done(
        "agreement", "suspend", "suspended", "--reason", "security", "--yes", "--as", "ana"
    )


def tell(watch: Watch) -> None:
    """Prints what was done, and what each phase came to."""
    for act in watch.acts:
        if act["what"] == "ends":
            print(f"  {act['act']}: {act['seconds']} s {act['ended']} {act['answers']}")
    delays = watch.delays()
    for phase in watch.phases:
        under_way = during(delays, [phase])
        name = "quiet" if not phase.acts else " ".join(phase.acts) if len(phase.acts) < 4 else "all"
        if phase.acts:
            print("  did:", ", ".join(under_way_in(watch, phase)) or "nothing")
        waited = f"{p99(under_way):.3f} s" if under_way else "none arrived"
        print(f"{name}: {len(under_way)} packets, p99 {waited}, {phase.peak >> 20} MiB")


def under_way_in(watch: Watch, phase: Phase) -> list[str]:
    """The acts of the hostile member in a phase, in order; one may have begun a moment before."""
    found = []
    for act in watch.acts:
        if act["what"] == "ends":
            began, seconds = float(str(act["at"])), float(str(act["seconds"]))
            if began < phase.until_s and began + seconds > phase.from_s:
                found.append(str(act["act"]))
    return found


def verify_alive(load: Load) -> None:
    """Every daemon runs, and goes on sending or taking in."""
    for name in NAMES:
        assert not load.nodes[name].is_over, (name, load.nodes[name].said)
        before = progress(load, name)
        load.nodes[name].await_(
            lambda name=name, before=before: progress(load, name) > before,
            f"{name} went on",
            within_s=ALIVE_S,
        )


def progress(load: Load, name: str) -> int:
    """How much an agency's application has sent, or was given."""
    return len(load.notes(name, "accepted") if PARTNERS[name] else load.lines(load.given(name)))


def verify_restart(honest: Honest) -> None:
    """The exchange starts again, every honest agency acts as before, and they vote it out."""

    def read(ready: Callable[[], bool], what: str) -> None:
        honest.connect()  # no daemon is at work
        assert ready(), what

    with at_work(honest.federation.operator):
        honest.connect()
        honest.act(lambda: honest.remove(HOSTILE), read)
        honest.connect()
        removed = honest.federation.agencies[HOSTILE].here("node", "sync")
    assert removed.status != 0, removed


def verify_mail(watch: Watch, honest: Honest) -> None:
    """Honest mail went through what is promised, in order."""
    nodes = {NODES[name] for name in NAMES}
    history = [
        event
        for event in watch.load.history()
        # What a command sent is in no journal; that it arrived was seen when it was sent.
        if {event.sender, event.recipient} <= nodes and event.packet not in honest.sent
    ]
    assert broken(history) == []


def slow(watch: Watch) -> list[str]:
    """Returns where honest mail was much longer under way: under attack, or afterwards."""
    of = functools.partial(during, watch.delays())
    quiet = [each for each in watch.phases if not each.acts]
    calm, hurt = p99(of(quiet)), p99(of([each for each in watch.phases if each.acts]))
    first, last = p99(of(quiet[:-1])), p99(of(quiet[-1:]))
    print(
        f"p99 in quiet {calm:.3f} s, under attack {hurt:.3f} s, first {first:.3f}, last {last:.3f}"
    )
    found = [("under attack", hurt > SLOWER * calm), ("afterwards", last > SLOWER * first)]
    return [where for where, is_slow in found if is_slow]


def verify_memory(watch: Watch) -> None:
    """The exchange never had much more memory than in the quiet before."""
    quiet, *_ = (each.peak for each in watch.phases if not each.acts)
    most = max(each.peak for each in watch.phases)
    print(f"memory: {quiet >> 20} MiB in quiet, {most >> 20} MiB at most")
    assert most <= LARGER * quiet


def verify_stopped(honest: Honest, events: Mapping[int, Event]) -> None:
    """Nothing passed under an agreement while it was suspended, from the entry on that says so."""
    agencies = [honest.federation.agencies[name] for name in NAMES]
    lists = [each.done_here("agreement", "list", "-o", "json").rows for each in agencies]
    ids = {row["agreement"]: row["id"] for listed in lists for row in listed}
    under = [(at, e.code) for at, e in events.items() if e.agreement_id.hex() == ids["suspended"]]
    first = next(at for at, code in under if code is EventCode.STANDING)
    passed = [[code for at, code in under if at >= first]]
    for agreement, entries in honest.stopped:
        within = [events[index] for index in entries if index in events]
        passed.append([each.code for each in within if each.agreement_id.hex() == ids[agreement]])
    for codes in passed:
        assert {EventCode.GRANT_ACCEPTED, EventCode.GRANT_DELIVERED}.isdisjoint(codes)


def verify_budget(events: list[Event]) -> None:
    """The hostile agencies had no more logged than a day's budget, whatever they asked for."""
    actors = [f"spiffe://{DOMAINS[name]}/" for name in (HOSTILE, PUPPET)]
    theirs = [each for each in events if each.actor.startswith(tuple(actors))]
    refused = sum(each.code is EventCode.CONFLICT for each in theirs)
    marks = Counter(
        (each.actor, each.agreement_id) for each in theirs if each.code is EventCode.MARK
    )
    print(
        f"entries of the hostile: {len(theirs)}, refusals {refused}, marks {marks.most_common(1)}"
    )
    assert refused <= MOST_REFUSALS
    assert all(number <= MOST_MARKS for number in marks.values())
    assert len(theirs) <= 2 * ENTRIES_DAY


def verify_logs(federation: Federation) -> None:
    """Nothing of it was a fault to the exchange, nor to a daemon."""
    said = (federation.folder / "exchange.log").read_text()
    assert '"level": "error"' not in said
    assert "Traceback" not in said
    for name in NAMES:
        for log in (f"{name}.log", f"{name}.application"):
            if (path := federation.folder / log).exists():
                assert "Traceback" not in path.read_text()


def verify_audit(watch: Watch) -> None:
    """An auditor finds each of the packets that its agency sent, and no command fails."""
    us = watch.load.federation.agencies[US]
    sent = [note["packets"][0] for note in watch.load.notes(US, "accepted")]
    query = f"actor:{NODES[US]} action:grant-accepted"
    found = us.done_here("audit", "search", query, "--limit", "100000", "-o", "json", "--as", "ana")
    assert {*sent} <= {row["packet_id"] for row in found.rows}
    for name in NAMES:
        us.done_here("packet", "list", "-o", "json")
        watch.load.federation.agencies[name].done_here("transfer", "match", "--inbox", "-o", "json")
