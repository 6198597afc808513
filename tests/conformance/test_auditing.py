"""What auditors and the operator's own verification ask of a store."""

from support.stores import AGREEMENT, A, B, C, event, openings_of, put, statement
from tearline.audit.event import EventCode, EventOutcome
from tearline.audit.query import Condition, Query
from tearline.verification.log_entries import blind_entry
from tearline_server.storage.interface import Store
from tearline_server.storage.reads import RetainedRow, Search
from tearline_server.storage.rows import ErasureRow, MailRow
from tearline_server.tlog.log import event_row

OURS, THEIRS, STRANGERS = ("spiffe://b.example", "spiffe://a.example", "spiffe://c.example")


async def found(
    store: Store,
    agency: str,
    *conditions: Condition,
    after: int = -1,
    below: int = 100,
    limit: int = 10,
    agreements: tuple[bytes, ...] = (),
) -> list[int]:
    search = Search(
        agency=agency,
        agreements=agreements,
        query=Query(conditions=conditions),
        after=after,
        below=below,
        limit=limit,
    )
    return [row.idx for row in await store.search(search)]


async def test_a_search_sees_its_agency_alone_and_binds_every_value(store: Store) -> None:
    await put(store, event(0), event(1, actor=C, party=C), event(2, actor=B))
    assert await found(store, OURS) == [0, 2]
    assert await found(store, STRANGERS) == [1]
    assert await found(store, "spiffe://d.example") == []
    assert await found(store, OURS, after=0) == [2]
    assert await found(store, OURS, below=2) == [0]
    assert await found(store, OURS, limit=1) == [0]
    by_actor = Condition(field="actor", values=(A,))
    assert await found(store, OURS, by_actor) == [0]
    assert await found(store, OURS, Condition(field="actor", values=(A,), negated=True)) == [2]
    hostile = "x' OR 1=1; DROP TABLE event; --"
    assert await found(store, OURS, Condition(field="actor", values=(hostile,))) == []
    assert await found(store, hostile) == []
    created = Condition(field="created", since=1002, until=1003)
    assert await found(store, OURS, created) == [2]
    assert await found(store, OURS) == [0, 2]


async def test_every_field_is_searched(store: Store) -> None:
    refused = event(
        1,
        packet=b"q" * 32,
        agreement_id=AGREEMENT,
        code=EventCode.REFUSED,
        outcome=EventOutcome.REFUSED,
        reason="TL-POL-009",
    )
    await put(store, event(0, packet=b""), refused, event(2))
    for field, values in (
        ("packet", (b"q" * 32, b"r" * 32)),
        ("statement", (refused.statement_id,)),
        ("agreement", (AGREEMENT,)),
        ("action", ("refused",)),
        ("outcome", ("refused",)),
        ("reason", ("TL-POL-009",)),
    ):
        assert await found(store, OURS, Condition(field=field, values=values)) == [1], field
        others = Condition(field=field, values=values, negated=True)
        assert await found(store, OURS, others) == [0, 2], field


async def test_who_oversees_an_agreement_sees_what_was_done_under_it_once(store: Store) -> None:
    await put(
        store,
        event(0),
        event(1, agreement_id=AGREEMENT),
        event(2, agreement_id=b"h" * 16),
        event(3, agreement_id=AGREEMENT, actor=C),
    )
    overseen = (AGREEMENT,)
    assert await found(store, STRANGERS, agreements=overseen) == [1, 3]
    assert await found(store, STRANGERS, agreements=(AGREEMENT, b"h" * 16)) == [1, 2, 3]
    assert await found(store, "spiffe://d.example", agreements=overseen, limit=1) == [1]
    by_statement = Condition(field="statement", values=(event(1).statement_id,))
    assert await found(store, STRANGERS, by_statement, agreements=overseen) == [1]
    by_packet = Condition(field="packet", values=(b"p" * 32,))
    assert await found(store, STRANGERS, by_packet, agreements=overseen) == [1, 3]


async def test_openings_of_a_statement_go_to_whom_they_name(store: Store) -> None:
    await put(store, event(7), event(7, code=EventCode.RECEIPT))
    statement_id = event(7).statement_id
    assert [row.idx for row in await openings_of(store, statement_id, THEIRS)] == [0, 1]
    assert await openings_of(store, statement_id, STRANGERS) == []
    (entry,) = await store.entries(0, 1, max_bytes=1)
    (opening, _) = await openings_of(store, statement_id, THEIRS)
    assert blind_entry(opening.salt, opening.event) == entry


async def test_what_names_an_agreement_is_read_page_by_page_until_it_is_erased(
    store: Store,
) -> None:
    events = [event(n, agreement_id=AGREEMENT) for n in range(4)]
    events[1] = event(1, agreement_id=b"h" * 16)
    await put(
        store,
        *events,
        statements=[statement(0, b"a")],
        mail=[MailRow(node=B, seq=1, statement=0, entry=0)],
    )
    rows = {row.idx: row for row in await store.event_rows(0, limit=10)}
    page = await store.retained(AGREEMENT, -1, limit=2)
    assert page == [
        RetainedRow(idx=0, time_ms=1000, event=rows[0].event, awaited=True),
        RetainedRow(idx=2, time_ms=1002, event=rows[2].event, awaited=False),
    ]
    assert [row.idx for row in await store.retained(AGREEMENT, 2, limit=2)] == [3]
    erased = ErasureRow(idx=2, statement=4, agencies=(OURS, THEIRS))
    await put(store, event(9), acknowledged={B: 1}, erased=[erased])
    page = await store.retained(AGREEMENT, -1, limit=9)
    assert [(row.idx, row.awaited) for row in page] == [(0, False), (3, False)]
    assert await store.retained(b"", -1, limit=9) == []
    assert await store.retained_at([3, 2, 0]) == page


async def test_whole_rows_are_read_page_by_page(store: Store) -> None:
    events = [event(n, agreement_id=AGREEMENT) for n in range(5)]
    rows = [statement(n, b"%d" % n) for n in range(4)]
    rows.append(statement(4, b"r", code="TL-AGR-001", why="no", natural=None, envelope=None))
    await put(store, *events, statements=rows)
    entries = await store.entries(0, 5, max_bytes=1 << 20)
    page = [tuple(row) for row in await store.entry_rows(1, limit=3)]
    assert page == list(enumerate(entries))[1:4]
    found_events = await store.event_rows(1, limit=3)
    assert [row.idx for row in found_events] == [1, 2, 3]
    for row in found_events:
        assert row == event_row(row.idx, row.salt, row.event, events[row.idx])
    assert await store.statement_rows(3, limit=10) == rows[3:]
    assert await store.statement_rows(0, limit=2) == rows[:2]
    assert await store.statement_rows(1, limit=9, end=3) == rows[1:3]
    assert await store.event_rows(5, limit=3) == []
