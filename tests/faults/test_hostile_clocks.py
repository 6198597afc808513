"""Hostile clocks: the exchange's and the nodes' jump by up to 400 days, either way, under load.

Two agencies send to partners without a pause, and daemons take it in. At moments drawn at random
some of the clocks jump; some of those processes are killed and begin again by the wrong clock.
Then all clocks are right again, and everything goes on. In the end nothing was lost, doubled or
erased, no entry of the log is of a time before the one above it, and none is of the future.
"""

import random
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from faults import soak
from faults.history import broken
from faults.load import NAMES, SENDERS, Load, loaded, node_rows
from faults.test_kill import verify_sent, verify_stored_once
from support.federation import CN, Federation, copied
from tearline.errors import ClockSkewed
from tearline.limits import MAX_LOG_TIME_SKEW_MS

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DAY_S = 24 * 3600
MOST_DAYS = 400
LEAST_S = 600  # beyond what two clocks differ that are both in order
LONGEST_S = 1.0  # under load before clocks jump, and until they are right again
ROUNDS = 3
PACE_S = "0.5"  # between messages: what matters is when they come, and not how many
EXCHANGE = "exchange"
RESTARTED = (EXCHANGE, CN)  # applications that send decide once, at their start, by a right clock
KEPT = "SELECT count(*) FROM packet_grant AS g JOIN packet_key AS k USING (packet) WHERE incoming"
GRANTED = "SELECT count(*) FROM packet_grant WHERE incoming"
ERASED = "SELECT count(*) FROM recall"


class Clocks:
    """The clocks of a federation's programs, each a file that its processes look at."""

    def __init__(self, federation: Federation) -> None:
        programs = {EXCHANGE: federation.operator, **federation.agencies}
        self._files = {name: federation.folder / f"{name}.skew" for name in programs}
        self.right()
        for name, program in programs.items():
            program.variables |= {"SKEW_FILE": str(self._files[name]), "PACE_S": PACE_S}

    def right(self) -> None:
        """Sets all of them right."""
        self.jump(dict.fromkeys(self._files, 0))

    def jump(self, skews_s: Mapping[str, int]) -> None:
        """Sets some by so many seconds from now; in place, for processes have the file mapped."""
        for name, skew_s in skews_s.items():
            mode = "r+b" if self._files[name].exists() else "wb"
            with self._files[name].open(mode) as file:
                file.write(skew_s.to_bytes(8, "big", signed=True))


def jumps(chance: random.Random) -> dict[str, int]:
    """Which clocks jump, and by how many seconds."""
    jumping = chance.sample([EXCHANGE, *NAMES], chance.randint(1, 4))
    return {name: _far(chance) for name in jumping}


def _far(chance: random.Random) -> int:
    # As often by minutes and hours as by months: what is near is the harder to tell.
    seconds = LEAST_S * (MOST_DAYS * DAY_S / LEAST_S) ** chance.random()
    return round(chance.choice((-1, 1)) * seconds)


def restart(load: Load, name: str) -> None:
    """Kills a process, and starts it again by whatever clock it has now."""
    if name == EXCHANGE:
        load.exchange.kill()
        load.exchange = load.federation.operator.serve()
    else:
        load.nodes[name].kill()
        load.start(name)


def test_nothing_is_lost_or_erased_by_clocks_that_jump(tmp_path: Path) -> None:
    federation, chance = copied(tmp_path), soak.chance()
    began_ms = time.time_ns() // 1_000_000
    clocks = Clocks(federation)
    with loaded(federation) as load:
        for _ in soak.rounds("clocks", lambda number: number >= ROUNDS):
            load.await_load(*SENDERS)
            time.sleep(chance.uniform(0, LONGEST_S))
            skews_s = jumps(chance)
            print(skews_s)
            clocks.jump(skews_s)
            for name in RESTARTED:
                if name in skews_s and chance.random() < 0.5:
                    restart(load, name)
            time.sleep(chance.uniform(0, LONGEST_S))
            clocks.right()
            for name in NAMES:  # whatever it was, everybody goes on
                load.await_load(name)
        load.stop()
        load.settle()
        assert broken(load.history()) == []
        verify_stored_once(load)
        verify_sent(load)
        verify_nothing_erased(load)
        ended_ms = time.time_ns() // 1_000_000
        times_ms = [time_ms for (time_ms,) in load.stored("SELECT time_ms FROM event ORDER BY idx")]
        during_ms = [each for each in times_ms if each >= began_ms]
        assert during_ms
        assert times_ms == sorted(times_ms)
        assert max(times_ms) <= ended_ms + MAX_LOG_TIME_SKEW_MS
    verified = federation.operator.done("verify-log")
    assert verified.out.endswith("entries: all as they were logged\n")


def verify_nothing_erased(load: Load) -> None:
    """What was granted opens still, and of what was put aside there is nothing but the alarm."""
    assert load.stored(ERASED) == [(0,)]
    for agency in load.federation.agencies.values():
        assert node_rows(agency, KEPT) == node_rows(agency, GRANTED)
        assert {code for (code,) in node_rows(agency, "SELECT code FROM quarantine")} <= {
            ClockSkewed.code
        }
