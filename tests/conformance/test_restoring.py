"""What a store that was restored knows of its restore."""

from dataclasses import replace

import pytest

from support.agencies import federation
from support.stores import A, B, event, known, put, statement
from tearline.audit.event import EventCode
from tearline.errors import StoreDamaged
from tearline.verification.log_entries import entry_hash
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import Store, ask_nothing
from tearline_server.storage.lookups import LookupResults, Lookups
from tearline_server.storage.rows import ErasureRow, EventRow, Head, OpeningRow, Restoration
from tearline_server.tlog.log import append

RESTORED = Restoration(start=2, stop=5, settled=False)


async def restored(store: Store) -> tuple[EventRow, ...]:
    """Two entries of a backup, and three that came back without what they hide."""
    await put(store, event(0), event(1))
    head = (await store.load()).head
    lost = append(head.tree, [event(2), event(3), event(4)])

    def refill(head: Head, known: LookupResults) -> Commit:
        tree, nodes = head.tree.append(entry_hash(entry) for entry in lost.entries)
        return Commit(tree=tree, time_ms=head.time_ms, entries=lost.entries, nodes=tuple(nodes))

    await store.commit(ask_nothing, refill)
    await store.begin_epoch(RESTORED)
    return lost.events


async def test_another_epoch_begins_and_every_restore_is_kept(store: Store) -> None:
    epoch = (await store.load()).head.epoch
    assert await store.restorations() == []
    await restored(store)
    second = Restoration(start=5, stop=5, settled=True)
    after = (await store.load()).head.epoch
    await store.begin_epoch(second)
    assert len({epoch, after, (await store.load()).head.epoch}) == 3
    assert await store.restorations() == [RESTORED, second]
    await store.settle()
    assert [each.settled for each in await store.restorations()] == [True, True]


async def test_openings_that_are_missing_are_named_and_taken_back(store: Store) -> None:
    lost = await restored(store)
    assert await store.unopened(-1, limit=10) == [2, 3, 4]
    assert await store.unopened(2, limit=1) == [3]
    await store.put_events([lost[1]])
    assert await store.unopened(-1, limit=10) == [2, 4]
    assert list(await store.event_rows(3, limit=1)) == [lost[1]]


async def test_nothing_is_taken_back_that_is_known_or_was_erased(store: Store) -> None:
    lost = await restored(store)
    agencies = ("spiffe://a.example", "spiffe://b.example")
    before = await store.event_rows(0, limit=10)
    await put(store, event(9), erased=[ErasureRow(idx=4, statement=5, agencies=agencies)])
    forged = event(1, code=EventCode.REFUSED)
    known_before = replace(before[1], event=b"forged", code=forged.code.value)
    await store.put_events([known_before, lost[2]])
    rows = await store.event_rows(0, limit=10)
    assert [row.idx for row in rows] == [0, 1, 5]
    assert rows[1] == before[1]


async def test_what_the_log_held_already_is_known_only_after_a_restore(store: Store) -> None:
    await put(store, event(0, code=EventCode.GRANT_ACCEPTED))
    asked = Lookups(
        statements=frozenset({(event(0).statement_id, A)}),
        mail=frozenset({(B, event(7).statement_id, A)}),
    )
    found = await known(store, asked)
    assert (found.events, found.is_restored) == ({}, False)
    await store.begin_epoch(Restoration(start=1, stop=1, settled=True))
    found = await known(store, asked)
    (row,) = await store.event_rows(0, limit=1)
    opening = OpeningRow(idx=0, salt=row.salt, event=row.event)
    assert found.is_restored
    assert found.events == {(event(0).statement_id, "grant-accepted", B): opening}


async def test_clear_entries_are_never_taken_for_unopened_ones(store: Store) -> None:
    await put(store, federation().clear[0], event(1))
    await store.begin_epoch(Restoration(start=0, stop=2, settled=False))
    assert await store.unopened(-1, limit=10) == []


async def test_a_statement_twice_is_a_damaged_store(store: Store) -> None:
    with pytest.raises(StoreDamaged):
        await put(store, event(0), event(1), statements=[statement(0, b"a"), statement(0, b"b")])
