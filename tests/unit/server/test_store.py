"""What every store must do, whatever database it stands on."""

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tearline.audit_query import Condition, Query
from tearline.errors import StoreBusy, StoreDamaged, StoreFull, StoreVersion
from tearline.event import Event, EventCode
from tearline.ledger import entry_hash
from tearline.merkle import Frontier, inclusion_nodes, inclusion_proof, verify_inclusion
from tearline_server.auditlog import append
from tearline_server.storage.records import (
    AgreementRow,
    Asked,
    ChannelRow,
    Commit,
    Head,
    MailRow,
    MailUpdate,
    PacketRow,
    Search,
    StatementRow,
)
from tearline_server.storage.sqlite import SqliteStore
from tearline_server.storage.store import Store

A, B = "spiffe://a.example/node/hub", "spiffe://b.example/node/hub"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    made = SqliteStore(tmp_path / "store.db")
    yield made
    await made.close()


def event(number: int, **changed: object) -> Event:
    base = {
        "statement_id": number.to_bytes(32, "big"),
        "code": EventCode.GRANT_ACCEPTED,
        "party": B,
        "time_ms": 1000 + number,
        "actor": A,
        "packet": b"p" * 32,
    }
    return Event(**(base | changed))  # type: ignore[arg-type]


def statement(idx: int, name: bytes, **changed: object) -> StatementRow:
    base: dict[str, object] = {
        "idx": idx,
        "id": name * 32,
        "signer": A,
        "type": 7,
        "natural": b"G" + name,
        "packet": b"p" * 32,
        "code": "",
        "why": "",
        "receipt": b"receipt " + name,
        "signature": b"s" * 32,
        "envelope": b"envelope " + name,
    }
    return StatementRow(**(base | changed))  # type: ignore[arg-type]


async def put(store: Store, *events: Event, **rows: object) -> int:
    """Commits some events with rows; returns the index of the first."""
    first = 0

    def write(head: Head) -> Commit:
        nonlocal first
        first = head.tree.size
        appended = append(head.tree, events)
        return Commit(
            tree=appended.tree,
            time_ms=head.time_ms + 1,
            entries=appended.entries,
            nodes=appended.nodes,
            events=appended.events,
            **rows,  # type: ignore[arg-type]
        )

    await store.commit(write)
    return first


async def test_a_new_store_is_empty_and_has_an_epoch(store: Store) -> None:
    stored = await store.load()
    assert (stored.head.tree, stored.head.time_ms) == (Frontier(), 0)
    assert len(stored.head.epoch) == 16
    assert (stored.checkpoint, stored.clear, stored.agreements) == (None, [], [])
    assert (stored.channels, stored.mailboxes) == ([], {})


async def test_the_log_grows_and_proves(store: Store) -> None:
    for start in range(0, 21, 3):
        await put(store, *(event(number) for number in range(start, start + 3)))
    head = (await store.load()).head
    assert head.tree.size == 21
    entries = await store.entries(0, 21, max_bytes=1 << 20)
    for index, entry in enumerate(entries):
        needed = inclusion_nodes(index, 21)
        nodes = await store.nodes(needed)
        proof = inclusion_proof(index, 21, lambda level, place: nodes[level, place])  # noqa: B023
        verify_inclusion(index, 21, entry_hash(entry), proof, head.tree.root())


async def test_entries_come_in_bounded_pages(store: Store) -> None:
    await put(store, *(event(number) for number in range(10)))
    assert len(await store.entries(2, 5, max_bytes=1 << 20)) == 3
    assert len(await store.entries(0, 10, max_bytes=100)) == 3
    assert len(await store.entries(0, 10, max_bytes=1)) == 1
    assert await store.entries(10, 20, max_bytes=1 << 20) == []


async def test_what_append_raises_leaves_nothing(store: Store) -> None:
    class Refusal(Exception):
        pass

    def refuse(head: Head) -> Commit:
        raise Refusal

    with pytest.raises(Refusal):
        await store.commit(refuse)
    assert (await store.load()).head.tree.size == 0


async def test_a_commit_that_breaks_a_rule_leaves_nothing(store: Store) -> None:
    await put(store, event(1), statements=[statement(0, b"a")], attestations={b"s" * 32: b"x"})
    with pytest.raises(StoreDamaged):
        await put(store, event(2), statements=[statement(1, b"b", natural=b"Ga")])
    assert (await store.load()).head.tree.size == 1
    assert (
        await store.known(Asked(statements=frozenset({(b"b" * 32, A)})))
        == type(await store.known(Asked()))()
    )


async def test_statements_are_known_by_id_and_signer(store: Store) -> None:
    await put(
        store,
        event(1),
        event(2),
        statements=[
            statement(0, b"a"),
            statement(1, b"r", code="TL-AGR-001", why="no", natural=None, envelope=None),
        ],
        attestations={b"s" * 32: b"attestation"},
    )
    known = await store.known(
        Asked(
            statements=frozenset({(b"a" * 32, A), (b"r" * 32, A), (b"a" * 32, B)}),
            naturals=frozenset({(A, b"Ga"), (A, b"Gr"), (B, b"Ga")}),
        )
    )
    assert set(known.statements) == {(b"a" * 32, A), (b"r" * 32, A)}
    assert known.statements[b"r" * 32, A].code == "TL-AGR-001"
    assert known.statements[b"a" * 32, A].receipt == b"receipt a"
    assert known.statements[b"a" * 32, A].attestation == b"attestation"
    assert known.naturals == {(A, b"Ga"): b"a" * 32}


async def test_a_refused_statement_may_be_replaced_by_its_acceptance(store: Store) -> None:
    attestations = {b"s" * 32: b"attestation"}
    refused = statement(0, b"a", code="TL-AGR-001", natural=None, envelope=None)
    await put(store, event(1), statements=[refused], attestations=attestations)
    await put(store, event(2), statements=[statement(1, b"a")])
    known = await store.known(Asked(statements=frozenset({(b"a" * 32, A)})))
    assert known.statements[b"a" * 32, A].code == ""


async def test_mail_is_read_in_order_behind_a_place(store: Store) -> None:
    for number, name in enumerate((b"a", b"b", b"c")):
        await put(
            store,
            event(number),
            statements=[statement(number, name)],
            mail=[MailRow(node=B, seq=number + 1, statement=number, entry=number)],
        )
    items = await store.mail(B, 1, limit=10)
    assert [(item.seq, item.id) for item in items] == [(2, b"b" * 32), (3, b"c" * 32)]
    assert items[0].opening.idx == 1
    assert (items[0].sender, items[0].packet, items[0].delivered) == (A, b"p" * 32, False)
    assert [item.seq for item in await store.mail(B, 0, limit=2)] == [1, 2]
    assert await store.mail(A, 0, limit=10) == []
    assert (await store.load()).mailboxes == {B: 3}


async def test_a_delivery_is_noted_once_and_a_status_is_kept(store: Store) -> None:
    await put(
        store,
        event(0, agreement_id=b"g" * 16),
        statements=[statement(0, b"a")],
        mail=[MailRow(node=B, seq=1, statement=0, entry=0)],
    )
    asked = Asked(mail=frozenset({(B, b"a" * 32), (A, b"a" * 32)}))
    assert (await store.known(asked)).mail[B, b"a" * 32].delivered is False
    await put(store, event(5), mail_updates=[MailUpdate(node=B, seq=1, delivered=1)])
    await put(store, event(6), mail_updates=[MailUpdate(node=B, seq=1, status=3)])
    known = (await store.known(asked)).mail
    assert set(known) == {(B, b"a" * 32)}
    item = known[B, b"a" * 32]
    assert (item.delivered, item.status, item.sender) == (True, 3, A)
    assert (item.packet, item.agreement) == (b"p" * 32, b"g" * 16)


async def test_packets_agreements_and_channels_come_back(store: Store) -> None:
    channel = ChannelRow(sender=A, recipient=B, agreement=b"g" * 16, seq=3, mark=1)
    await put(
        store,
        event(0, code=EventCode.AGREEMENT, party="spiffe://a.example"),
        statements=[statement(0, b"\0", id=event(0).statement_id)],
        packets=[PacketRow(id=b"p" * 32, statement=0, parts=b"parts")],
        agreements=[AgreementRow(id=b"g" * 16, version=1, statement=0)],
        channels=[channel],
    )
    await put(
        store,
        event(1),
        channels=[ChannelRow(sender=A, recipient=B, agreement=b"g" * 16, seq=4, mark=1)],
    )
    stored = await store.load()
    assert [row.seq for row in stored.channels] == [4]
    assert stored.agreements[0].entries == {"spiffe://a.example": 0}
    packet = await store.packet(b"p" * 32)
    assert packet is not None
    assert packet.parts == b"parts"
    assert await store.packet(b"q" * 32) is None


async def test_acknowledgements_only_grow(store: Store, tmp_path: Path) -> None:
    for seq in (4, 2, 7, 5):
        await put(store, acknowledged={B: seq})
    with sqlite3.connect(tmp_path / "store.db") as database:
        assert database.execute("SELECT seq FROM acknowledged").fetchall() == [(7,)]
    database.close()


async def test_a_search_sees_its_agency_alone_and_binds_every_value(store: Store) -> None:
    stranger = "spiffe://c.example/node/hub"
    await put(store, event(0), event(1, actor=stranger, party=stranger), event(2, actor=B))

    async def found(agency: str, *conditions: Condition, after: int = -1) -> list[int]:
        search = Search(
            agency=agency, query=Query(conditions=conditions), after=after, below=3, limit=10
        )
        return [row.idx for row in await store.search(search)]

    assert await found("spiffe://b.example") == [0, 2]
    assert await found("spiffe://c.example") == [1]
    assert await found("spiffe://d.example") == []
    assert await found("spiffe://b.example", after=0) == [2]
    by_actor = Condition(field="actor", values=(A,))
    assert await found("spiffe://b.example", by_actor) == [0]
    assert await found(
        "spiffe://b.example", Condition(field="actor", values=(A,), negated=True)
    ) == [2]
    hostile = "x' OR 1=1; DROP TABLE event; --"
    assert await found("spiffe://b.example", Condition(field="actor", values=(hostile,))) == []
    assert await found(hostile) == []
    assert await found(
        "spiffe://b.example", Condition(field="created", since=1002, until=1003)
    ) == [2]
    assert await found("spiffe://b.example") == [0, 2]


async def test_openings_of_a_statement_go_to_whom_they_name(store: Store) -> None:
    await put(store, event(7))
    statement_id = event(7).statement_id
    assert len(await store.openings_of(statement_id, "spiffe://a.example")) == 1
    assert await store.openings_of(statement_id, "spiffe://c.example") == []


async def test_readers_see_commits_and_never_wait(store: Store) -> None:
    async def read() -> int:
        return (await store.load()).head.tree.size

    sizes = await asyncio.gather(
        *(put(store, event(number)) for number in range(20)), *(read() for _ in range(20))
    )
    assert sorted(sizes[:20]) == list(range(20))


async def test_checkpoints_replace_each_other(store: Store) -> None:
    await store.put_checkpoint(1, b"one")
    await store.put_checkpoint(2, b"two")
    assert (await store.load()).checkpoint == (2, b"two")


# SQLite alone.


async def test_one_process_holds_a_file(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    first = SqliteStore(path)
    with pytest.raises(StoreBusy):
        SqliteStore(path)
    await first.close()
    second = SqliteStore(path)
    await second.close()


async def test_a_file_is_its_owners_alone_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await put(store, event(1))
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await store.close()
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA page_size").fetchone() == (16384,)
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


async def test_the_epoch_and_everything_else_survive(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await put(store, event(1))
    before = await store.load()
    await store.close()
    store = SqliteStore(tmp_path / "store.db")
    assert await store.load() == before
    await store.close()


async def test_a_full_disk_is_named_and_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await put(store, event(1))
    pages = await store._db.write(lambda c: c.pragma("max_page_count", c.pragma("page_count")))
    assert pages
    with pytest.raises(StoreFull):
        await put(store, event(2), packets=[PacketRow(id=b"p", statement=1, parts=bytes(1 << 20))])
    assert (await store.load()).head.tree.size == 1
    await store._db.write(lambda c: c.pragma("max_page_count", 1 << 20))
    assert await put(store, event(2)) == 1
    await store.close()


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(StoreVersion):
        SqliteStore(path)


@pytest.mark.parametrize("content", [b"not a database at all " * 100, b"SQLite format 3\0 cut"])
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(content)
    with pytest.raises(StoreDamaged):
        SqliteStore(path)


def test_a_folder_or_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "elsewhere")
    for name in ("folder.db", "link.db", "missing/store.db"):
        with pytest.raises(StoreDamaged):
            SqliteStore(tmp_path / name)
