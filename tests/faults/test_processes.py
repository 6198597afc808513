"""kill -9 of one of two exchanges over one database, under load: nodes go on through the other."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from faults import soak
from faults.cluster import Cluster, clustered
from faults.history import What, broken
from faults.load import SENDERS, node_rows
from support.federation import copied

pytestmark = [pytest.mark.faults, pytest.mark.slow]

HITS = 5 if soak.SOAK_S else 1  # kills that must leave a transaction open
LEAST_KILLS = 4
AIMED = 3  # every so manieth kill waits for one
MOST_KILLS = 40  # until so many hit
LONGEST_S = 0.5  # of one round under load, before the kill


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> Iterator[Cluster]:
    """Two exchanges after the kills, with everything at rest."""
    chance = soak.chance()
    with clustered(copied(tmp_path_factory.mktemp("processes")), database_url) as load:

        def enough(number: int) -> bool:
            return number >= MOST_KILLS or (number >= LEAST_KILLS and load.hits["exchange"] >= HITS)

        for number in soak.rounds("processes", enough):
            load.await_load(*SENDERS)
            time.sleep(chance.uniform(0, LONGEST_S))
            load.kill(number % 2, aimed=number % AIMED == AIMED - 1)
        load.stop()
        load.settle()
        print(f"kills: {dict(load.kills)}, of which with an open transaction: {dict(load.hits)}")
        yield load


def test_nothing_acknowledged_is_lost_or_doubled(cluster: Cluster) -> None:
    assert cluster.hits["exchange"] >= HITS
    history = list(cluster.history())
    seen = Counter(event.what for event in history)
    print({what.value: seen[what] for what in What})
    assert min(seen[what] for what in What) > sum(cluster.kills.values())
    assert broken(history) == []
    for agency in cluster.federation.agencies.values():
        assert node_rows(agency, "SELECT code, why FROM quarantine") == []
        states = node_rows(agency, "SELECT DISTINCT state FROM outbox")
        assert states == [("accepted",)]
    verified = cluster.federation.operator.done("verify-log")
    assert verified.out.endswith("entries: all as they were logged\n")
