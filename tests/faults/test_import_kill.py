"""An import that is killed while it seals and sends: run again, it loses and doubles nothing."""

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from statistics import median

import pytest

from faults import soak
from support.federation import CN, MX, ORDER, Agency, Running, copied, serving

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PEOPLE = 540
"""As many packets: two batches, and some."""
BATCH = 256
"""How many of them, with a grant each, are under one signature."""
START_S = 600  # a machine may have a tenth of a core
PAUSE_S = 0.3
KILLS = 10
LONG_S = 480.0  # of imports, one after the other
LAST = 0.9  # of the rate of the second quarter


def sealed(agency: Agency) -> int:
    """How far the import has come, as its database says."""
    with closing(sqlite3.connect(agency.home / "node.db")) as database:
        (count,) = database.execute("SELECT coalesce(max(sealed), 0) FROM import").fetchone()
    return int(count)


def people(file: Path, ids: Sequence[str]) -> Path:
    """Writes entities that have nothing to do with each other, each of which becomes a packet."""
    file.write_text(
        "".join(
            json.dumps({"id": each, "schema": "Person", "properties": {"name": [f"Nobody {each}"]}})
            + "\n"
            for each in ids
        )
    )
    return file


def test_a_killed_import_goes_on_and_loses_and_doubles_nothing(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    ids = [f"p{number}" for number in range(PEOPLE)]
    command = ("import", "ftm", str(people(tmp_path / "people.jsonl", ids)), "--to", CN, *ORDER)
    with serving(tmp_path / "federation") as federation:
        us, cn = federation.us, federation.cn
        for batches in (1, 2):
            running = us.start(*command)
            running.await_(
                lambda least=batches * BATCH: sealed(us) >= least,  # type: ignore[misc]
                "so much is sealed",
                within_s=START_S,
            )
            # A moment, not an event: somewhere in sending that, or in sealing the next.
            time.sleep(chance.uniform(0, PAUSE_S))
            running.kill()
            # Where this takes ten minutes, nothing is sealed unless another agency cosigns.
            federation.mx.done_here("node", "sync")
        before = sealed(us)
        done = us.done(*command)
        assert f"{PEOPLE - before} packets sent, 0 messages refused" in done.err
        cn.done("node", "sync")
        exported = [json.loads(line) for line in cn.done("export", "ftm").out.splitlines()]
        listed = cn.done("packet", "list", "--no-sync", "-o", "json").rows
    arrived = Counter(entity["id"] for entity in exported)
    assert arrived == Counter(ids)
    assert len(listed) == PEOPLE


class Processors:
    """Processor time of processes, whose successors go on where they were killed."""

    def __init__(self) -> None:
        self._ended_s = 0.0
        self._running: list[tuple[Running, float]] = []

    def watch(self, *processes: Running) -> None:
        """Counts these, too."""
        self._running += [(each, 0.0) for each in processes]

    def spent_s(self) -> float:
        """Returns the seconds of a core that all have taken."""
        still: list[tuple[Running, float]] = []
        for process, spent_s in self._running:
            with suppress(OSError):  # it has ended; what it took until the last look is known
                # clock_getcpuclockid(3): a process's clock is made of its id.
                spent_s = time.clock_gettime((~process.pid << 3) | 2)
            if process.is_over:
                self._ended_s += spent_s
            else:
                still.append((process, spent_s))
        self._running = still
        return self._ended_s + sum(spent_s for _, spent_s in still)


def arrived(agency: Agency) -> int:
    with closing(sqlite3.connect(agency.home / "node.db")) as database:
        return int(database.execute("SELECT count(*) FROM packet").fetchone()[0])


def await_arrivals(agency: Agency, node: Running, number: int) -> None:
    """Waits until the agency's node, which runs, has stored so many packets."""
    node.await_(lambda: arrived(agency) == number, "all arrived", within_s=START_S)


@pytest.mark.soak
def test_minutes_of_imports_with_ten_kills_lose_nothing_and_slow_down_nowhere(
    tmp_path: Path,
) -> None:
    chance, processors = soak.chance(), Processors()
    federation = copied(tmp_path / "federation")
    us, cn, mx = federation.us, federation.cn, federation.agencies[MX]
    exchange = federation.operator.serve()
    nodes = [agency.start("node", "run") for agency in (cn, mx)]
    processors.watch(exchange, *nodes)
    ids: list[str] = []
    undisturbed: list[float] = []  # milliseconds of a core for a packet, of imports without a kill
    began = time.monotonic()
    # One in each tenth: a kill costs a start, so no part of the run has many more than another.
    kills = [(number + chance.random()) * LONG_S / KILLS for number in range(KILLS)]
    for number in count():
        if time.monotonic() - began > LONG_S and not kills:
            break
        some = [f"{number}-{each}" for each in range(PEOPLE)]
        ids += some
        file = people(tmp_path / "people.jsonl", some)
        before_s, is_whole = processors.spent_s(), True
        running = us.start("import", "ftm", str(file), "--to", CN, *ORDER)
        processors.watch(running)
        while not running.is_over:
            time.sleep(PAUSE_S)
            processors.spent_s()  # of a process that has ended, the last look is what is known
            if kills and time.monotonic() - began >= kills[0] and not running.is_over:
                kills.pop(0)
                running.kill()
                running = us.start("import", "ftm", str(file), "--to", CN, *ORDER)
                processors.watch(running)
                is_whole = False
        assert running.ended() == 0, running.said
        await_arrivals(cn, nodes[0], len(ids))
        if is_whole:
            undisturbed.append((processors.spent_s() - before_s) * 1000 / PEOPLE)
    quarter = len(undisturbed) // 4
    print(
        f"{len(ids)} packets; milliseconds of a core for a packet, import by import:",
        *(f"{each:.1f}" for each in undisturbed),
    )
    assert quarter, "too slow a machine to compare anything"
    # The first quarter fills what is empty.
    early, late = undisturbed[quarter : 2 * quarter], undisturbed[-quarter:]
    assert LAST * median(late) <= median(early)
    for running in nodes:
        assert running.terminate() == 0
    exported = [json.loads(line) for line in cn.done("export", "ftm").out.splitlines()]
    assert exchange.terminate() == 0
    assert Counter(entity["id"] for entity in exported) == Counter(ids)
    verified = federation.operator.done("verify-log")
    assert verified.out.endswith("entries: all as they were logged\n")
