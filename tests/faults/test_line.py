"""The line between nodes and exchange is cut, or falls silent with both ends believing in it."""

import json
import random
import time
import urllib.request
from pathlib import Path

import pytest

import soak
from faults.load import NAMES, SENDERS, Load, loaded
from federation import Federation, copied, free_port
from history import broken

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LONGEST_S = 0.5
INJECT = Path(__file__).with_name("inject")
KEEPALIVE = {"KEEPALIVE_MS": 1000, "KEEPALIVE_TIMEOUT_MS": 1000}  # a minute and a third take long
FOUND_S = 30


@pytest.fixture
def federation(tmp_path: Path) -> Federation:
    """One that finds silent connections sooner, with an exchange that tells its metrics."""
    federation = copied(tmp_path)
    for program in (federation.operator, *federation.agencies.values()):
        program.variables |= {"PYTHONPATH": str(INJECT), "LIMITS": json.dumps(KEEPALIVE)}
    return federation


def test_a_line_that_fails(federation: Federation) -> None:
    metrics = f"127.0.0.1:{free_port()}"
    with (federation.operator.home / "exchange.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'metrics = "{metrics}"\n')
    chance = soak.chance()
    with loaded(federation) as load:
        for _ in soak.rounds("line", lambda number: number >= 2):
            cut(load, chance)
            fall_silent(load, chance, metrics)
        load.stop()
        load.settle()
        assert broken(load.history()) == []


def under_load(load: Load, chance: random.Random) -> None:
    load.await_load(*SENDERS)
    time.sleep(chance.uniform(0, LONGEST_S))


def cut(load: Load, chance: random.Random) -> None:
    under_load(load, chance)
    load.line.cut()
    load.await_code("TL-REQ-001")
    load.line.restore()
    for name in NAMES:
        load.await_load(name)


def fall_silent(load: Load, chance: random.Random, metrics: str) -> None:
    under_load(load, chance)
    # A node that was cut off sends what waits, and only then asks for its mail.
    load.exchange.await_(lambda: subscriptions(metrics) > 0, "somebody read", within_s=FOUND_S)
    load.line.silence()
    # Neither end is told, and both find out: the exchange lets go of who is not there.
    load.exchange.await_(lambda: subscriptions(metrics) == 0, "it noticed", within_s=FOUND_S)
    load.await_code("TL-REQ-001")
    load.line.restore()
    for name in NAMES:
        load.await_load(name)


def subscriptions(metrics: str) -> int:
    """How many mailboxes the exchange believes are being read."""
    with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=10) as reply:
        lines = reply.read().decode("ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("tearline_subscriptions "))
    return int(float(line.split()[1]))
