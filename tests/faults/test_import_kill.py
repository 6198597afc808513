"""An import that is killed while it seals and sends: run again, it loses and doubles nothing."""

import json
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from support.federation import CN, ORDER, Agency, serving

pytestmark = [pytest.mark.faults, pytest.mark.slow]

PEOPLE = 540
"""As many packets: two batches, and some."""
BATCH = 256
"""How many of them, with a grant each, are under one signature."""
START_S = 600  # a machine may have a tenth of a core
PAUSE_S = 0.3


def sealed(agency: Agency) -> int:
    """How far the import has come, as its database says."""
    with closing(sqlite3.connect(agency.home / "node.db")) as database:
        (count,) = database.execute("SELECT coalesce(max(sealed), 0) FROM import").fetchone()
    return int(count)


def test_a_killed_import_goes_on_and_loses_and_doubles_nothing(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    people = tmp_path / "people.jsonl"
    ids = [f"p{number}" for number in range(PEOPLE)]
    people.write_text(
        "".join(
            json.dumps({"id": each, "schema": "Person", "properties": {"name": [f"Nobody {each}"]}})
            + "\n"
            for each in ids
        )
    )
    command = ("import", "ftm", str(people), "--to", CN, *ORDER)
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
