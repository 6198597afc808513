"""An import that is killed while it seals and sends: run again, it loses and doubles nothing."""

import io
import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from faults import soak
from support.federation import CN, MX, ORDER, Agency, Federation, Running, copied, serving
from tearline_client.connectors.importers.report import Report
from unit.client.connectors.importers.sources import SOURCES

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PEOPLE = 540
"""As many packets: two batches, and some."""
BATCH = 256
"""How many of them, with a grant each, are under one signature."""
START_S = 600  # a machine may have a tenth of a core
PAUSE_S = 0.3
KILLS = 10
LONG_S = 480.0  # of imports, one after the other
LAST = 0.9  # of the rate of a federation that has just begun
ROUNDS = 15  # in which both import; one import differs from the next by a tenth


def sealed(agency: Agency) -> int:
    """How far the import has come, as its database says."""
    with closing(sqlite3.connect(agency.home / "node.db")) as database:
        (count,) = database.execute("SELECT coalesce(max(sealed), 0) FROM import").fetchone()
    return int(count)


def cosign(federation: Federation) -> None:
    """Has both partners cosign.

    Where a step takes ten minutes, nothing is sealed unless another agency cosigns, and an exchange
    that starts on a log of that age refuses until two cosigners have confirmed its clock.
    """
    for partner in (federation.mx, federation.cn):
        partner.done_here("node", "sync")


@pytest.mark.parametrize(
    "kind",
    [
        "csv",
        "camt",
        "stix",
        # The others differ in what reads them, and go the same way afterwards.
        *(pytest.param(each, marks=pytest.mark.soak) for each in ("ftm", "xlsx", "mt940", "misp")),
    ],
)
def test_a_killed_import_goes_on_and_loses_and_doubles_nothing(kind: str, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    source, ids = SOURCES[kind], [f"p{number}" for number in range(PEOPLE)]
    command = ("import", *source.command(tmp_path, ids), "--to", CN, *ORDER)
    with serving(tmp_path / "federation") as federation:
        us, cn = federation.us, federation.cn
        cosign(federation)
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
            cosign(federation)
        before = sealed(us)
        done = us.done(*command)
        assert f"{PEOPLE - before} packets sent, 0 messages refused" in done.err
        cn.done("node", "sync")
        exported = [json.loads(line) for line in cn.done("export", "ftm").out.splitlines()]
        listed = cn.done("packet", "list", "--no-sync", "-o", "json").rows
    importer, options = source.loaded()
    read = importer.value.read(io.BytesIO(source.content(ids)), options, Report())
    # An account of many rows is read with each, and merged.
    wanted = {each.id: (each.schema, tuple(each.properties.get("name", ()))) for each in read}
    assert named(exported) == Counter(wanted.values())
    assert len(listed) == PEOPLE


def named(exported: Sequence[dict[str, Any]]) -> Counter[tuple[str, tuple[str, ...]]]:
    """Returns the kinds and names of entities. Ids stay at home; each has a token of its own."""
    assert len({each["id"] for each in exported}) == len(exported)
    return Counter((each["schema"], tuple(each["properties"].get("name", ()))) for each in exported)


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


class Importing:
    """A federation whose one agency imports, again and again, what a partner's node takes in.

    Attributes:
        federation: Its homes.
        ids: Of all entities so far.
    """

    def __init__(self, folder: Path) -> None:
        self.federation = copied(folder)
        self.ids: list[str] = []
        self._exchange = self.federation.operator.serve()
        self._nodes = [self.federation.agencies[name].start("node", "run") for name in (CN, MX)]
        self._processors = Processors()
        self._processors.watch(self._exchange, *self._nodes)

    def import_more(self, is_killed: Callable[[], bool] = lambda: False) -> float:
        """Imports some, until they have arrived; starts again where it was killed.

        Args:
            is_killed: Returns whether the import is killed now.

        Returns:
            Milliseconds of a core for a packet, of all processes.
        """
        some = [f"{len(self.ids) + each}" for each in range(PEOPLE)]
        self.ids += some
        words = SOURCES["ftm"].command(self.federation.folder, some)
        before_s = self._processors.spent_s()
        running = self._start(words)
        while not running.is_over:
            time.sleep(PAUSE_S)
            self._processors.spent_s()  # of one that has ended, the last look is what is known
            if not running.is_over and is_killed():
                running.kill()
                running = self._start(words)
        assert running.ended() == 0, running.said
        self._nodes[0].await_(self._has_all, "all arrived", within_s=START_S)
        return (self._processors.spent_s() - before_s) * 1000 / PEOPLE

    def verify(self) -> None:
        """Ends all processes; what arrived is what was imported, and the log is whole."""
        for running in self._nodes:
            assert running.terminate() == 0
        recipient = self.federation.cn
        exported = [json.loads(line) for line in recipient.done("export", "ftm").out.splitlines()]
        assert self._exchange.terminate() == 0
        assert named(exported) == Counter(("Person", (f"Nobody {each}",)) for each in self.ids)
        verified = self.federation.operator.done("verify-log")
        assert verified.out.endswith("entries: all as they were logged\n")

    def _start(self, words: Sequence[str]) -> Running:
        running = self.federation.us.start("import", *words, "--to", CN, *ORDER)
        self._processors.watch(running)
        return running

    def _has_all(self) -> bool:
        with closing(sqlite3.connect(self.federation.cn.home / "node.db")) as database:
            (count,) = database.execute("SELECT count(*) FROM packet").fetchone()
        return int(count) == len(self.ids)


@pytest.mark.soak
def test_minutes_of_imports_with_ten_kills_lose_nothing_and_slow_down_nowhere(
    tmp_path: Path,
) -> None:
    chance = soak.chance()
    used, began = Importing(tmp_path / "used"), time.monotonic()
    # One in each tenth, somewhere.
    kills = [(number + chance.random()) * LONG_S / KILLS for number in range(KILLS)]

    def is_killed() -> bool:
        if not kills or time.monotonic() - began < kills[0]:
            return False
        kills.pop(0)
        return True

    while kills or time.monotonic() - began < LONG_S:
        used.import_more(is_killed)
    # In turns with one that has just begun: what else the machine does slows both down alike.
    fresh = Importing(tmp_path / "fresh")
    fresh.import_more()  # fills what is empty
    rounds = [(fresh.import_more(), used.import_more(), fresh.import_more()) for _ in range(ROUNDS)]
    print(
        f"{len(used.ids)} packets; milliseconds of a core for a packet, fresh, used and fresh:",
        *(f"{before:.1f} {between:.1f} {after:.1f};" for before, between, after in rounds),
    )
    assert LAST * median(2 * between / (before + after) for before, between, after in rounds) <= 1
    used.verify()
    fresh.verify()
