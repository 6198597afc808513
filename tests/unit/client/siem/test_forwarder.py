"""The access log is forwarded at least once, in order, over failures and restarts."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tearline.audit.event import Event, EventCode
from tearline_client.siem import Backlog, Message, forwarder
from tearline_client.siem.forwarder import BATCH, RETRY_S, backlog_of, forward
from tearline_client.store.access import AccessStore
from tearline_client.store.database import Database
from tearline_client.store.vault import Vault

NODE = "spiffe://fiscalia.mx.example/node/liaison"
NOW_MS = 1_800_000_000_000


class Killed(BaseException):
    """The process ended while the sink had a batch."""


class FakeSink:
    """A receiver, with the faults that it has in turn, and the batches that it got."""

    host = "siem.example"
    id = b"\x01" * 32

    def __init__(self, *faults: str | BaseException) -> None:
        self.faults = [*faults]
        self.batches: list[list[Any]] = []

    def send(self, messages: Sequence[Message]) -> str:
        self.batches.append([json.loads(each.text) for each in messages])
        fault = self.faults.pop(0) if self.faults else ""
        if isinstance(fault, BaseException):
            raise fault
        return fault

    @property
    def places(self) -> list[int]:
        return [each["metadata"]["sequence"] for batch in self.batches for each in batch]


def event(number: int) -> Event:
    return Event(
        statement_id=number.to_bytes(32),
        code=EventCode.ACCESS_OPEN,
        party=NODE,
        time_ms=NOW_MS + number,
        actor="li",
        packet=b"\x02" * 32,
    )


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "node.db", Vault(bytes(32)))


@pytest.fixture
def store(database: Database) -> AccessStore:
    return AccessStore(database)


def append(store: AccessStore, first: int, number: int) -> None:
    with store.database.transaction():
        store.append([event(each) for each in range(first, first + number)])


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The delays that were waited, except the wait for further entries, which ends the run."""
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        if seconds == forwarder.POLL_S:
            raise asyncio.CancelledError
        waited.append(seconds)

    monkeypatch.setattr(forwarder.asyncio, "sleep", pause)
    return waited


async def run(store: AccessStore, sink: FakeSink) -> list[str]:
    """Forwards until no entry is left; returns the reports."""
    told: list[str] = []
    with pytest.raises(asyncio.CancelledError):
        await forward(store, sink, NODE, told.append, lambda: NOW_MS)
    return told


async def test_all_entries_arrive_in_order_and_once(
    store: AccessStore, pauses: list[float]
) -> None:
    append(store, 0, 3 * BATCH + 7)
    sink = FakeSink()
    assert await run(store, sink) == []
    assert [len(each) for each in sink.batches] == [BATCH] * 3 + [7]
    assert sink.places == [*range(3 * BATCH + 7)]
    append(store, 5000, 2)
    later = FakeSink()
    await run(store, later)
    assert later.places == [3 * BATCH + 7, 3 * BATCH + 8]
    leaves = [each["metadata"]["uid"] for each in later.batches[0]]
    assert leaves == [(store.leaf(index) or b"").hex() for index in later.places]


async def test_none_is_lost_while_the_sink_is_away(store: AccessStore, pauses: list[float]) -> None:
    append(store, 0, BATCH + 1)
    sink = FakeSink(*["it is away"] * 6)
    told = await run(store, sink)
    assert pauses == [*RETRY_S, RETRY_S[-1], RETRY_S[-1]]
    assert told[0] == "Audit to siem.example: it is away. Retrying in 5 s."
    assert told[-1] == "Audit to siem.example: it takes messages again."
    assert all(batch == sink.batches[0] for batch in sink.batches[:7])
    assert sink.places[-BATCH - 1 :] == [*range(BATCH + 1)]


async def test_a_killed_node_repeats_a_batch_and_leaves_none_out(
    store: AccessStore, database: Database, tmp_path: Path, pauses: list[float]
) -> None:
    append(store, 0, 2 * BATCH)
    sink = FakeSink("", Killed())
    with pytest.raises(Killed):
        await forward(store, sink, NODE, print, lambda: NOW_MS)
    again, other = AccessStore(Database(tmp_path / "node.db", Vault(bytes(32)))), FakeSink()
    await run(again, other)
    assert other.batches == [sink.batches[1]]


async def test_each_receiver_has_a_place_of_its_own(
    store: AccessStore, pauses: list[float]
) -> None:
    append(store, 0, 3)
    await run(store, FakeSink())
    other = FakeSink()
    other.id = b"\x02" * 32
    await run(store, other)
    assert other.places == [0, 1, 2]


async def test_a_missing_or_edited_entry_is_reported_and_the_rest_follows(
    store: AccessStore, database: Database, pauses: list[float]
) -> None:
    append(store, 0, 5)
    with database.transaction():
        database.execute("DELETE FROM access_entry WHERE idx = 1")
        database.execute("UPDATE access_entry SET sealed = x'00' WHERE idx = 3")
        database.execute("INSERT INTO access_entry VALUES (9, x'00'), (-4, x'00')")
    sink = FakeSink()
    await run(store, sink)
    (batch,) = sink.batches
    assert sink.places == [0, 1, 2, 3, 4]
    assert [each["activity_name"] for each in batch] == [
        "access-open",
        "access-entry-damaged",
        "access-open",
        "access-entry-damaged",
        "access-open",
    ]
    assert {each["severity_id"] for each in batch} == {1, 5}


async def test_the_backlog_is_that_of_the_receiver_furthest_behind(
    store: AccessStore, database: Database, pauses: list[float]
) -> None:
    first, second = FakeSink(), FakeSink()
    second.id = b"\x02" * 32
    assert backlog_of(store, [first]) == Backlog()
    append(store, 0, 3)
    assert backlog_of(store, []) == Backlog()
    assert backlog_of(store, [first]) == Backlog(entries=3, since_ms=NOW_MS)
    await run(store, first)
    assert backlog_of(store, [first]) == Backlog()
    assert backlog_of(store, [first, second]) == Backlog(entries=3, since_ms=NOW_MS)
    append(store, 3, 2)
    assert backlog_of(store, [first]) == Backlog(entries=2, since_ms=NOW_MS + 3)
    with database.transaction():
        database.execute("DELETE FROM access_entry WHERE idx = 3")
    assert backlog_of(store, [first]) == Backlog(entries=2, since_ms=NOW_MS)
