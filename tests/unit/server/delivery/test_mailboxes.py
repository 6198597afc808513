"""Mailboxes: what waits, then what comes; nothing before its log entry."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from support.agencies import CN, FIELDS, US, node_of
from support.exchange import World, codes, opened
from tearline.audit.event import EventCode
from tearline.errors import ExchangeBusy, StoreUnreachable
from tearline.limits import MAX_MESSAGE_BYTES
from tearline.statements.statement import StatementType
from tearline.wire.deliveries import START, Cursor, Delivery, encode_delivery
from tearline.wire.grants import parse_event
from tearline_server.admission.rate_limits import MemoryQuota, SourceSlots
from tearline_server.delivery import mailboxes
from tearline_server.ingest.commands import DeliverCommand
from tearline_server.storage.lookups import WholePacket
from tearline_server.storage.reads import MailItem


async def send(world: World, count: int = 1) -> None:
    for _ in range(count):
        sealed = world.packet()
        assert codes(await world.send(sealed, world.grant(sealed))) == ["", ""]


async def events(world: World) -> list[EventCode]:
    rows = await world.store.event_rows(0, limit=100)
    return [parse_event(row.event).code for row in rows]


async def test_what_waits_comes_then_what_is_sent(world: World) -> None:
    await send(world)
    stream = world.exchange.subscribe(node_of(CN), START)
    kinds = [(await anext(stream)).statements[:1] for _ in range(3)]
    assert [[s.type for s in statements] for statements in kinds] == [
        [StatementType.AGREEMENT],
        [StatementType.GRANT],
        [],
    ]
    following = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    assert not following.done()
    await send(world)
    delivery = await following
    assert delivery.cursor.seq == 3
    idle = await anext(stream)
    assert (idle.statements, idle.cursor.seq) == ((), 3)


async def test_nothing_is_released_before_its_entry(world: World) -> None:
    await send(world, 2)
    assert EventCode.GRANT_DELIVERED not in await events(world)
    stream = world.exchange.subscribe(node_of(CN), START)
    await anext(stream)
    first = await anext(stream)
    assert first.statements[0].type is StatementType.GRANT
    assert (await events(world)).count(EventCode.GRANT_DELIVERED) == 2


async def test_a_first_delivery_is_logged_once(world: World) -> None:
    await send(world)
    await asyncio.gather(*(world.read(CN) for _ in range(4)))
    await world.read(CN)
    assert (await events(world)).count(EventCode.GRANT_DELIVERED) == 1


async def test_a_cursor_goes_on_and_a_strange_one_begins_anew(world: World) -> None:
    await send(world, 2)
    whole = await world.read(CN)
    assert [each.cursor.seq for each in whole] == [1, 2, 3]
    epoch = whole[0].cursor.epoch
    for cursor, expected in (
        (Cursor(epoch=epoch, seq=1), [2, 3]),
        (Cursor(epoch=epoch, seq=3), []),
        (Cursor(epoch=epoch, seq=4), [1, 2, 3]),
        (Cursor(epoch=b"another epoch 16", seq=2), [1, 2, 3]),
        (START, [1, 2, 3]),
    ):
        assert [each.cursor.seq for each in await world.read(CN, cursor)] == expected


async def test_a_delivery_brings_its_entry_and_every_signature(world: World) -> None:
    await send(world)
    delivery = (await world.read(CN))[-1]
    assert delivery.entry is not None
    event = parse_event(delivery.entry.event)
    assert (event.code, event.statement_id) == (
        EventCode.GRANT_ACCEPTED,
        delivery.statements[0].id,
    )
    for statement in delivery.statements:
        world.parties.trust().verify(statement, delivery.attestations, at=world.parties.next)


async def test_a_page_more_than_one_is_read_to_the_end(world: World) -> None:
    await send(world, 70)
    assert [each.cursor.seq for each in await world.read(CN)] == list(range(1, 72))


async def test_each_page_without_a_first_delivery_is_given_by_the_newest_state(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first delivery is a write, which is judged by it anyway."""
    read = list[int]()

    async def catch_up() -> None:
        read.append(len(read))

    monkeypatch.setattr(world.exchange.others, "catch_up", catch_up)
    monkeypatch.setattr(mailboxes, "MAIL_PAGE_BYTES", 1)  # an item a page
    await send(world, 2)
    stream = world.exchange.subscribe(node_of(CN), START)
    assert [(await anext(stream), len(read))[1] for _ in range(3)] == [1, 1, 1]
    again = world.exchange.subscribe(node_of(CN), START)
    assert [(await anext(again), len(read))[1] for _ in range(3)] == [2, 3, 4]


async def test_one_bad_row_never_blocks_a_mailbox(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.agree()
        await send(world, 2)
    with closing(sqlite3.connect(tmp_path / "exchange.db")) as database, database:
        database.execute(
            "UPDATE statement SET envelope = x'00' WHERE idx ="
            " (SELECT statement FROM mail WHERE seq = 2 AND node = ?)",
            (node_of(CN),),
        )
    database.close()
    async with opened(tmp_path) as world:
        assert [each.cursor.seq for each in await world.read(CN)] == [1, 3]


async def test_streams_end_when_the_exchange_closes(world: World) -> None:
    async def drain() -> list[Delivery]:
        return [each async for each in world.exchange.subscribe(node_of(CN), START)]

    draining = asyncio.ensure_future(drain())
    while not world.exchange._mailboxes._readers:
        await asyncio.sleep(0)
    world.exchange.end_streams()
    assert len(await draining) >= 1


async def test_acknowledgements_are_kept_and_bounded(world: World, tmp_path: Path) -> None:
    await send(world)
    cursor = (await world.read(CN))[-1].cursor
    assert await world.exchange.acknowledge(node_of(CN), cursor) == cursor
    beyond = Cursor(epoch=cursor.epoch, seq=1000)
    assert await world.exchange.acknowledge(node_of(CN), beyond) == cursor  # its newest item
    await send(world)
    newest = await world.exchange.acknowledge(node_of(CN), replace(cursor, seq=1))
    assert newest == replace(cursor, seq=cursor.seq + 1)
    await world.exchange.acknowledge(node_of(US), Cursor(epoch=b"e" * 16, seq=1))
    with closing(sqlite3.connect(tmp_path / "exchange.db")) as database, database:
        rows = database.execute("SELECT node, seq FROM acknowledged").fetchall()
    database.close()
    assert rows == [(node_of(CN), 2)]


async def test_what_cannot_be_read_for_a_moment_is_not_passed_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(world, 2)
    stream = world.exchange.subscribe(node_of(CN), START)
    first = await anext(stream)

    async def unreachable(ids: Sequence[bytes]) -> Mapping[bytes, WholePacket]:
        raise StoreUnreachable("it restarts")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "packets", unreachable)
        with pytest.raises(StoreUnreachable):
            await anext(stream)
    assert [each.cursor.seq for each in await world.read(CN, first.cursor)] == [2, 3]


async def test_an_item_from_before_that_no_message_holds_is_told_of_and_passed(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    large = replace(FIELDS[0], values=(b"x" * 40_000,))
    sealed = world.packet(fields=(large, *FIELDS[1:]))
    assert codes(await world.send(sealed, world.grant(sealed))) == ["", ""]
    await send(world)
    monkeypatch.setattr("tearline.wire.deliveries.MAX_MESSAGE_BYTES", 40_000)
    _, notice, following = await world.read(CN)
    assert [each.type for each in notice.statements] == [StatementType.GRANT]
    assert (notice.parts, notice.cursor.seq, notice.entry is None) == ((), 2, False)
    assert len(encode_delivery(notice)) < 40_000
    assert following.parts
    assert [record.message for record in caplog.records] == ["mail too large"]


async def test_a_grant_from_before_whose_sealed_part_is_too_long_is_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(world, 2)
    monkeypatch.setattr("tearline.statements.channel.MAX_SEALED_BYTES", 10)
    _, *notices = await world.read(CN)
    assert [each.cursor.seq for each in notices] == [2, 3]
    for notice in notices:
        assert [each.type for each in notice.statements] == [StatementType.GRANT]
        assert (notice.parts, notice.entry is None) == ((), False)


async def test_what_cannot_even_be_told_of_is_passed(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await send(world)
    items = await world.store.mail(node_of(CN), 1, limit=1)

    async def damaged(node: str, seq: int, *, limit: int) -> list[MailItem]:
        return [replace(each, envelope=b"none") for each in items if each.seq > seq]

    monkeypatch.setattr(world.store, "mail", damaged)
    assert await world.read(CN) == []
    assert {record.message for record in caplog.records} == {"mail unreadable"}


async def test_a_delivery_is_composed_in_its_agency_s_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(world)
    asked, turn = list[str](), asyncio.Event()

    async def wait(agency: str, size: int) -> None:
        asked.append(agency)
        await turn.wait()

    monkeypatch.setattr(world.exchange._mailboxes, "_take_turn", wait)
    reading = asyncio.create_task(world.read(CN))
    while not asked:
        await asyncio.sleep(0)
    assert asked == [CN]
    assert not reading.done()
    turn.set()
    assert [each.cursor.seq for each in await reading] == [1, 2]
    assert asked == [CN] * 2


async def test_mail_that_is_not_taken_in_keeps_nobody_else_s_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(world)
    world.exchange._mailboxes._room = MemoryQuota(MAX_MESSAGE_BYTES)
    deaf = world.exchange.subscribe(node_of(CN), START)
    assert (await anext(deaf)).statements
    with monkeypatch.context() as impatient:  # a reader that finds no room asks no longer
        impatient.setattr("tearline_server.admission.rate_limits.PLACE_S", 0)
        with pytest.raises(ExchangeBusy, match="unread"):
            await world.read(CN)
        assert await world.read(US)
    following = asyncio.create_task(world.read(CN))
    assert [delivery.cursor.seq async for delivery in until_idle(deaf)] == [2]
    assert len(await asyncio.wait_for(following, 30)) == 2


async def test_subscriptions_of_an_agency_hold_so_many_pages_of_mail_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has not read its page keeps another of its agency from reading one, alone."""
    await send(world)
    world.exchange._mailboxes._pages = SourceSlots(1)
    deaf = world.exchange.subscribe(node_of(CN), START)
    assert (await anext(deaf)).statements
    with monkeypatch.context() as impatient:  # a reader that finds no place asks no longer
        impatient.setattr("tearline_server.admission.rate_limits.PLACE_S", 0)
        with pytest.raises(ExchangeBusy, match="same agency"):
            await world.read(CN)
        assert await world.read(US)
    following = asyncio.create_task(world.read(CN))
    assert [delivery.cursor.seq async for delivery in until_idle(deaf)] == [2]
    assert len(await asyncio.wait_for(following, 30)) == 2


async def until_idle(stream: AsyncIterator[Delivery]) -> AsyncIterator[Delivery]:
    """The deliveries of a stream, until nothing waits."""
    async for delivery in stream:
        if not delivery.statements:
            return
        yield delivery


async def test_a_stream_holds_so_many_bytes_of_a_mailbox_and_reads_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(world, 3)
    monkeypatch.setattr("tearline_server.delivery.mailboxes.MAIL_PAGE_BYTES", 1)
    asked, mail = list[int](), world.store.mail

    async def counted(node: str, after: int, *, limit: int) -> Sequence[MailItem]:
        asked.append(limit)
        return await mail(node, after, limit=limit)

    monkeypatch.setattr(world.store, "mail", counted)
    held = world.exchange._mailboxes._hand_out
    handed = list[int]()

    async def hand_out(node: str, items: Sequence[MailItem]) -> DeliverCommand:
        handed.append(len(items))
        return await held(node, items)

    monkeypatch.setattr(world.exchange._mailboxes, "_hand_out", hand_out)
    assert [each.cursor.seq for each in await world.read(CN)] == [1, 2, 3, 4]
    assert handed == [0, 1, 1, 1]  # the first item is an agreement
    assert set(asked[1:]) <= {2, 4}  # not a long page for each item
