"""The exchange's machine, or its database, is lost under load: made anew of a backup and mirrors.

The nodes go on by themselves. That a log which was set back is noticed is shown in
``tests/integration/test_lost_machines.py``.
"""

import functools
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faults import soak
from faults.cluster import clustered
from faults.history import broken
from faults.load import NAMES, SENDERS, loaded
from support.federation import Agency, copied
from support.postgres import Postgres

pytestmark = [pytest.mark.faults, pytest.mark.slow]

LONGEST_S = 2.0  # between the backup and the loss
SET_BACK = 24  # entries of the log, at least


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


def test_a_database_is_set_back_under_load(
    tmp_path: Path, postgres: Postgres, whole_database_url: str
) -> None:
    federation, chance = copied(tmp_path / "federation"), soak.chance()
    operator = federation.operator
    with clustered(federation, whole_database_url) as load:

        def size() -> int:
            ((entries,),) = load.stored("SELECT size FROM head")
            return int(entries)

        def reaches(entries: int) -> bool:
            return size() >= entries

        for number in soak.rounds("set back", lambda number: number >= 1):
            load.await_load(*SENDERS)
            dump = postgres.dump(whole_database_url)
            grown = size() + SET_BACK
            load.await_(functools.partial(reaches, grown), "the log grew")
            time.sleep(chance.uniform(0, LONGEST_S))
            refused = operator.run("restore")
            assert refused.refused("TL-STO-001", 1)
            for exchange in load.exchanges:
                exchange.kill()
            lost = size()
            postgres.set_back(whole_database_url, dump)
            dumped = size()
            assert lost >= dumped + SET_BACK

            with ThreadPoolExecutor() as pool:
                mirrors = list(pool.map(mirrored, federation.agencies.values()))
            options = [part for path in mirrors for part in ("--mirror", path)]
            restored = operator.done("restore", *options)
            assert f"Restored the database: {dumped} entries" in restored.err
            for path in mirrors:
                Path(path).unlink()
            # One alone until it writes: it must hear every node that cosigns.
            load.exchange = load.exchanges[0] = load.operators[0].serve()
            for name in NAMES:
                load.await_load(name)
            load.exchanges[1] = load.operators[1].serve()
            print(f"round {number}: set back from {lost} to {dumped} entries")
        load.stop()
        load.settle()
        assert broken(load.history(), is_log_whole=False) == []
    verified = operator.done("verify-log").out
    assert "was changed" not in verified
