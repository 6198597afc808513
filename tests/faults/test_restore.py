"""The exchange's machine is lost under load: a new one is made of a backup and agencies' mirrors.

The nodes go on by themselves. That a log which was set back is noticed is shown in
``tests/integration/test_lost_machines.py``.
"""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import soak
from faults.load import NAMES, SENDERS, loaded
from federation import Agency, copied
from history import broken

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LONGEST_S = 2.0  # between the backup and the loss


def mirrored(agency: Agency) -> str:
    """A file of what an agency's node read of the log."""
    path = str(agency.home.with_suffix(".mirror"))
    agency.done("node", "mirror", "--output-file", path)
    return path


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

            with ThreadPoolExecutor() as pool:
                mirrors = list(pool.map(mirrored, federation.agencies.values()))
            options = [part for path in mirrors for part in ("--mirror", path)]
            operator.done("restore", str(backup), *options)
            for path in mirrors:
                Path(path).unlink()
            load.exchange = operator.serve()
            for name in NAMES:
                load.await_load(name)
        load.stop()
        load.settle()
        assert broken(load.history(), is_log_whole=False) == []
    verified = operator.done("verify-log").out
    assert "was changed" not in verified
