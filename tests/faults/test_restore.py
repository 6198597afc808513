"""The exchange's machine is lost under load: a new one is made of a backup and agencies' mirrors.

The nodes go on by themselves. That a log which was set back is noticed is shown in
``tests/integration/test_lost_machines.py``.
"""

import shutil
import time
from pathlib import Path

import pytest

import soak
from faults.load import NAMES, SENDERS, loaded
from federation import copied
from history import broken

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LONGEST_S = 2.0  # between the backup and the loss
HEARD_S = 90  # until every node has said what it cosigned, which the restored exchange waits for


def test_a_lost_exchange_is_restored_under_load(tmp_path: Path) -> None:
    federation, chance = copied(tmp_path / "federation"), soak.chance()
    operator = federation.operator
    with loaded(federation) as load:
        for number in soak.rounds("restore", lambda number: number >= 1):
            backup = tmp_path / f"{number}.backup"
            load.await_load(*SENDERS)
            operator.done("backup", str(backup))
            load.await_load(*SENDERS)
            time.sleep(chance.uniform(0, LONGEST_S))
            load.exchange.kill()
            shutil.rmtree(operator.home)

            mirrors = []
            for name, agency in federation.agencies.items():
                mirror = tmp_path / f"{number}.{name}.mirror"
                agency.done("node", "mirror", "--output-file", str(mirror))
                mirrors += ["--mirror", str(mirror)]
            operator.done("restore", str(backup), *mirrors)
            load.exchange = operator.serve()
            for name in NAMES:
                load.await_load(name, within_s=HEARD_S)
        load.stop()
        load.settle()
        assert broken(load.history(), is_log_whole=False) == []
    verified = operator.done("verify-log").out
    assert "was changed" not in verified
