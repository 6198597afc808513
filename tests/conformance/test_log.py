"""The log in a store: its head, entries, tree, checkpoints, cosignatures and evidence."""

import asyncio

import pytest

from support.agencies import federation
from support.stores import Looked, event, known, put, statement
from tearline.errors import StoreDamaged
from tearline.federation.directory import DirectoryEntry
from tearline.tlog.merkle import (
    Frontier,
    inclusion_nodes,
    inclusion_proof,
    node_hash,
    verify_inclusion,
)
from tearline.verification.log_entries import entry_hash
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import Store, ask_nothing
from tearline_server.storage.lookups import LookupResults, Lookups
from tearline_server.storage.rows import Head


async def test_a_new_store_is_empty_and_has_an_epoch(store: Store) -> None:
    stored = await store.load()
    assert (stored.head.tree, stored.head.time_ms, stored.head.serial) == (Frontier(), 0, 0)
    assert len(stored.head.epoch) == 16
    assert (stored.checkpoint, stored.clear, stored.agreements) == (None, [], [])
    assert (stored.channels, stored.mailboxes) == ([], {})


async def test_the_log_grows_and_proves(store: Store) -> None:
    for start in range(0, 21, 3):
        await put(store, *(event(number) for number in range(start, start + 3)))
    head = (await store.load()).head
    assert (head.tree.size, head.time_ms, head.serial) == (21, 7, 7)
    entries = await store.entries(0, 21, max_bytes=1 << 20)
    for index, entry in enumerate(entries):
        needed = inclusion_nodes(index, 21)
        nodes = await store.nodes(needed)
        proof = inclusion_proof(index, 21, lambda level, place: nodes[level, place])  # noqa: B023
        verify_inclusion(index, 21, entry_hash(entry), proof, head.tree.root())


async def test_whoever_wrote_all_there_is_learns_nothing_from_others(store: Store) -> None:
    await put(store, event(0), event(1))
    assert await store.put_checkpoint(2, b"note") == (2, b"note")
    head = (await store.load()).head
    assert await store.news(head) is None
    assert await store.grown(2, 2) is None
    await store.put_cosigned(2, "us", b"cosigned", since=0, above=-1)
    assert await store.cosigned_at(2) == [b"cosigned"]
    assert await store.cosigned_at(3) == []


async def test_nodes_that_are_not_complete_are_absent(store: Store) -> None:
    await put(store, event(0), event(1), event(2))
    assert set(await store.nodes([(0, 0), (0, 2), (0, 3), (1, 0), (1, 1), (2, 0)])) == {
        (0, 0),
        (0, 2),
        (1, 0),
    }


async def test_any_number_of_nodes_is_answered_at_once(store: Store) -> None:
    await put(store, *(event(number) for number in range(700)))
    whole = [(level, place) for level in range(10) for place in range(700 >> level)]
    nodes = await store.nodes(whole)
    assert set(nodes) == set(whole)
    assert all(
        node == node_hash(nodes[level - 1, 2 * place], nodes[level - 1, 2 * place + 1])
        for (level, place), node in nodes.items()
        if level
    )


async def test_entries_come_in_bounded_pages(store: Store) -> None:
    await put(store, *(event(number) for number in range(10)))
    assert len(await store.entries(2, 5, max_bytes=1 << 20)) == 3
    assert len(await store.entries(0, 10, max_bytes=100)) == 3
    assert len(await store.entries(0, 10, max_bytes=1)) == 1
    assert await store.entries(10, 20, max_bytes=1 << 20) == []


async def test_every_transaction_counts_though_it_brings_no_entry(store: Store) -> None:
    await put(store, event(0))
    await put(store, acknowledged={"spiffe://b.example/node/hub": 1})
    head = (await store.load()).head
    assert (head.tree.size, head.serial) == (1, 2)


async def test_what_append_raises_leaves_nothing(store: Store) -> None:
    def refuse(head: Head, known: LookupResults) -> Commit:
        raise Looked

    before = await store.load()
    with pytest.raises(Looked):
        await store.commit(ask_nothing, refuse)
    assert await store.load() == before


async def test_a_commit_that_breaks_a_rule_leaves_nothing(store: Store) -> None:
    await put(store, event(1), statements=[statement(0, b"a")], attestations={b"s" * 32: b"x"})
    before = await store.load()
    with pytest.raises(StoreDamaged):
        await put(store, event(2), statements=[statement(1, b"b", natural=b"Ga")])
    assert await store.load() == before
    assert (
        await known(store, Lookups(statements=frozenset({(b"b" * 32, "a")})))
    ) == LookupResults()
    assert await put(store, event(2), statements=[statement(1, b"b")]) == 1


async def test_commits_come_one_behind_the_other_and_readers_see_whole_ones(store: Store) -> None:
    async def read() -> tuple[int, int]:
        head = (await store.load()).head
        return head.tree.size, head.serial

    written = await asyncio.gather(*(put(store, event(n), event(n + 50)) for n in range(20)))
    read_back = await asyncio.gather(*(read() for _ in range(5)))
    assert sorted(written) == list(range(0, 40, 2))
    assert set(read_back) == {(40, 20)}


async def test_checkpoints_replace_each_other(store: Store) -> None:
    await put(store, event(0), event(1))
    await store.put_checkpoint(1, b"one")
    await store.put_checkpoint(2, b"two")
    assert (await store.load()).checkpoint == (2, b"two")


async def test_a_cosigner_replaces_its_own_notes_alone(store: Store) -> None:
    await store.put_cosigned(7, "us", b"first", since=0, above=-1)
    await store.put_cosigned(7, "us", b"second", since=0, above=-1)
    await store.put_cosigned(7, "mx", b"other", since=7, above=-1)
    await store.put_cosigned(9, "us", b"third", since=0, above=-1)
    assert await store.cosigned() == [(7, b"other"), (7, b"second"), (9, b"third")]
    assert await store.cosigned_at(7) == [b"other", b"second"]
    await store.put_cosigned(9, "mx", b"newest", since=9, above=-1)
    assert await store.cosigned_at(7) == [b"second"]
    await store.put_cosigned(11, "us", b"last", since=0, above=7)
    assert [size for size, _ in await store.cosigned()] == [9, 9, 11]


async def test_lines_of_many_cosigners_at_once_are_all_kept(store: Store) -> None:
    names = [f"node-{n:02}" for n in range(12)]
    await asyncio.gather(
        *(store.put_cosigned(7, name, name.encode(), since=7, above=-1) for name in names)
    )
    assert await store.cosigned_at(7) == [name.encode() for name in names]


async def test_of_many_directories_a_start_reads_those_that_matter(store: Store) -> None:
    def directory(minute: int) -> DirectoryEntry:
        return DirectoryEntry(time_ms=minute, root=bytes(32))

    stated = federation().clear[0]
    await put(store, stated, event(0), *map(directory, range(300)), event(1), effects=[100])
    await put(store, stated, event(2), *map(directory, range(300, 600)), event(3))
    read = [index for index, _ in (await store.load()).clear]
    assert read == [0, 2, 100, 301, 303, 305, 604]


async def test_evidence_is_kept_once_and_for_ever(store: Store) -> None:
    for _ in range(2):
        await store.put_evidence(b"2" * 32, b"second")
        await store.put_evidence(b"1" * 32, b"first")
    assert await store.evidence() == [b"first", b"second"]
