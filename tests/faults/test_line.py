"""The line between nodes and exchange is cut, or falls silent with both ends believing in it."""

import random
import time
import urllib.request
from pathlib import Path

import pytest

from faults import soak
from faults.history import broken
from faults.load import NAMES, SENDERS, Load, loaded
from support.federation import copied, free_port

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LONGEST_S = 0.5
# A minute and a third, and ten seconds, take long; still, a slow machine must answer in time.
FOUND_SOONER = {"KEEPALIVE_MS": 1000, "KEEPALIVE_TIMEOUT_MS": 4000, "HANDSHAKE_MS": 5000}


def test_a_line_that_fails(tmp_path: Path) -> None:
    federation = copied(tmp_path)
    metrics = f"127.0.0.1:{free_port()}"
    with (federation.operator.home / "exchange.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'metrics = "{metrics}"\n')
    chance = soak.chance()
    with loaded(federation, FOUND_SOONER) as load:
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
    load.await_(lambda: subscriptions(metrics) > 0, "somebody read")
    load.line.silence()
    # Neither end is told, and both find out: the exchange lets go of who is not there.
    load.await_(lambda: subscriptions(metrics) == 0, "it noticed")
    load.await_code("TL-REQ-001")
    load.line.restore()
    for name in NAMES:
        load.await_load(name)


def subscriptions(metrics: str) -> int:
    """How many mailboxes the exchange believes are being read."""
    with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=120) as reply:
        lines = reply.read().decode("ascii").splitlines()
    (line,) = (line for line in lines if line.startswith("tearline_subscriptions "))
    return int(float(line.split()[1]))
