"""Requests for records in a store: how far each came, and which are overdue."""

from dataclasses import replace
from operator import attrgetter

from support.stores import AGREEMENT, A, B, C, event, known, packet_row, put, statement
from tearline.statements.statement import StatementType
from tearline.suspensions.stoppage import Reach, Stoppage
from tearline_server.storage.interface import Store
from tearline_server.storage.lookups import Lookups
from tearline_server.storage.rows import (
    AgreementRow,
    MailRow,
    ReachRow,
    RequestRow,
    RequestStepRow,
    StoppageRow,
)

REQUEST = b"r" * 32
ROW = RequestRow(
    packet=REQUEST,
    holder=B,
    asker=A,
    agreement=AGREEMENT,
    version=1,
    granted_ms=1000,
    stored_ms=None,
    due_ms=5000,
    overdue_ms=None,
    stopped=False,
    article="a",
)


async def asked(store: Store, *rows: RequestRow) -> None:
    """An agreement, and a request under it."""
    await put(
        store,
        event(0),
        event(1),
        event(2),
        statements=[
            statement(0, b"a", type=StatementType.AGREEMENT, packet=None),
            statement(1, b"m", id=REQUEST, type=StatementType.MANIFEST, packet=None),
            statement(2, b"g", packet=REQUEST),
        ],
        agreements=[AgreementRow(id=AGREEMENT, version=1, statement=0)],
        packets=[packet_row(1, id=REQUEST)],
        mail=[MailRow(node=B, seq=1, statement=2, entry=2)],
        requests_opened=rows,
    )


async def test_a_request_is_known_with_its_terms_and_steps(store: Store) -> None:
    await asked(store, ROW)
    for number, name in ((3, b"x"), (4, b"y")):
        await put(
            store,
            event(number),
            statements=[statement(number, name, type=StatementType.REQUEST_STEP, packet=None)],
            request_steps=[
                RequestStepRow(packet=REQUEST, holder=B, statement=number, time_ms=number * 10)
            ],
        )
    sides = frozenset({(REQUEST, B, A), (REQUEST, B, B), (REQUEST, C, A)})
    found = (await known(store, Lookups(requests=sides))).requests
    assert set(found) == {(REQUEST, B)}
    request = found[REQUEST, B]
    assert (request.row, request.manifest, request.agreement) == (
        ROW,
        b"envelope m",
        b"envelope a",
    )
    assert [tuple(step) for step in request.steps] == [
        (3, 30, b"envelope x"),
        (4, 40, b"envelope y"),
    ]


async def test_who_asks_for_mail_of_a_request_is_told_the_request(store: Store) -> None:
    await asked(store, ROW)
    found = (await known(store, Lookups(mail=frozenset({(B, b"g" * 32, A)})))).requests
    assert found[REQUEST, B].row == ROW


async def test_a_request_is_opened_once_and_changed_since(store: Store) -> None:
    await asked(store, ROW)
    await put(store, event(3), requests_opened=[replace(ROW, asker=C, due_ms=1)])
    changed = replace(ROW, stored_ms=2000, due_ms=None, overdue_ms=5000, stopped=True)
    key = Lookups(requests=frozenset({(REQUEST, B, A)}))
    assert (await known(store, key)).requests[REQUEST, B].row == ROW
    await put(store, event(4), requests_changed=[changed])
    assert (await known(store, key)).requests[REQUEST, B].row == changed


async def test_clocks_that_stand_still_are_looked_at_when_their_agreement_s_standing_changes(
    store: Store,
) -> None:
    stopped = replace(ROW, due_ms=None, stopped=True)
    await asked(store, stopped, replace(ROW, holder=C))
    key = Lookups(requests=frozenset({(REQUEST, B, B), (REQUEST, C, C)}))
    found = await known(store, key)
    assert found.requests[REQUEST, B].row == stopped
    for number, agreement in ((3, b"h" * 16), (4, AGREEMENT), (5, AGREEMENT)):
        reach = Reach(parties=(A, B), articles=("a", "b"), joint=("a",), entry=number)
        await put(
            store,
            event(number),
            reaches=[ReachRow(agreement=agreement, reach=reach)],
        )
        found = await known(store, key)
        assert found.requests[REQUEST, B].row.stopped is (number == 3)
    assert found.requests[REQUEST, C].row.due_ms == 5000
    assert await store.overdue(5000, limit=10) == [(REQUEST, B)]


async def test_a_request_is_known_with_what_was_suspended_since_its_grant(store: Store) -> None:
    """Of its article and of all, and how far that reached: nothing of before, or of others."""

    def stoppage(article: str, start: int, end: int | None = None, agency: str = A) -> StoppageRow:
        found = Stoppage(
            agency=agency,
            scope=(article, "", ""),
            start=start,
            start_ms=start * 100,
            end=end,
            end_ms=None if end is None else end * 100,
        )
        return StoppageRow(agreement=AGREEMENT, stoppage=found)

    def reach(entry: int) -> ReachRow:
        found = Reach(
            parties=(A, B),
            articles=("a", "b"),
            joint=("b",) if entry % 2 else (),
            entry=entry,
            time_ms=entry * 100,
        )
        return ReachRow(agreement=AGREEMENT, reach=found)

    await asked(store, ROW)  # granted at 1000
    past, other = stoppage("a", 3, 10), stoppage("b", 11)
    over, whole, again = stoppage("a", 4, 11, B), stoppage("", 8), stoppage("a", 14)
    reaches = [reach(entry) for entry in (5, 10, 12)]
    rows = [past, other, over, whole, again]
    await put(store, event(3), stopped=rows, reaches=reaches)
    await put(store, event(4), stopped=rows, reaches=reaches)  # a second time changes nothing
    key = Lookups(requests=frozenset({(REQUEST, B, A)}))
    found = (await known(store, key)).requests[REQUEST, B]
    key_of = attrgetter("start")
    assert sorted(found.stoppages, key=key_of) == [r.stoppage for r in (over, whole, again)]
    assert list(found.reaches) == [row.reach for row in reaches[1:]]
    # One that is resumed and suspended anew in one commit is two.
    anew = stoppage("", 20)
    await put(store, event(5), resumed=[stoppage("", 20, 20)], stopped=[anew])
    found = (await known(store, key)).requests[REQUEST, B]
    ended = stoppage("", 8, 20)
    assert sorted(found.stoppages, key=key_of) == [
        row.stoppage for row in (over, ended, again, anew)
    ]


async def test_the_longest_overdue_come_first_and_some_are_never(store: Store) -> None:
    rows = [
        replace(ROW, packet=bytes([n]) * 32, due_ms=due)
        for n, due in enumerate((300, 100, None, 200, 400))
    ]
    await put(store, event(0), requests_opened=rows)
    keys = [(bytes([n]) * 32, B) for n in (1, 3, 0)]
    assert [tuple(each) for each in await store.overdue(400, limit=10)] == keys
    assert [tuple(each) for each in await store.overdue(400, limit=2)] == keys[:2]
    assert await store.overdue(100, limit=10) == []
