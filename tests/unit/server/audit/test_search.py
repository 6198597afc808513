"""The log as readers and auditors get it: entries, proofs, searches, queries."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.agencies import AGREEMENT_ID, CN, MX, ORIGIN, US, log_signers, node_of
from support.exchange import (
    IDENTITY,
    Clock,
    World,
    agreed,
    agreement,
    codes,
    components_of,
    manifest_id,
    opened,
    receipt_of,
    terms,
)
from support.stores import event, put
from tearline.audit.event import Event, EventCode
from tearline.errors import ExchangeBusy, FrontierDamaged, LogBehind
from tearline.limits import EVENT_PAGE_BYTES
from tearline.tlog.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from tearline.tlog.merkle import Frontier
from tearline.verification.log_entries import (
    entry_hash,
    parse_entry,
    verify_cosigned,
    verify_opening_in_log,
)
from tearline.wire.audit_search import ProvenEvents, SearchRequest
from tearline_server.admission.rate_limits import MemoryQuota
from tearline_server.audit.search import Auditor, AuditSearch
from tearline_server.exchange import Exchange
from tearline_server.storage.reads import Search
from tearline_server.storage.rows import Head, OpeningRow
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.log import AuditLog, append

PSEUDONYM = b"q" * 32


def auditor(agency: str) -> Auditor:
    return Auditor(node=node_of(agency), agency=agency, pseudonym=PSEUDONYM)


async def search(
    world: World, agency: str, query: str = "", *, after: int = -1, limit: int = 100
) -> ProvenEvents:
    pages = await searched(world, agency, query, after=after, limit=limit)
    assert len(pages) == 1
    return pages[0]


async def searched(world: World, agency: str, query: str = "", **more: Any) -> list[ProvenEvents]:
    world.clock.time_ms += 1000  # so that no checkpoint has to wait for its second
    request = SearchRequest(**({"query": query, "after": -1, "limit": 0} | more))
    return [page async for page in world.exchange.audit_search.search(auditor(agency), request)]


def verified(page: ProvenEvents) -> list[Event]:
    checkpoint = verify_cosigned(page.checkpoint, IDENTITY.log)
    return [verify_opening_in_log(e.entry, e.path, checkpoint) for e in page.events]


async def sent(world: World, *recipients: str) -> bytes:
    sealed = world.packet()
    grants = [world.grant(sealed, recipient) for recipient in recipients]
    assert set(codes(await world.send(sealed, *grants))) == {""}
    return manifest_id(sealed)


async def test_entries_grow_to_the_root_that_was_signed(world: World) -> None:
    await sent(world, CN)
    page = await world.exchange.entries(0, 0)
    state = verify_cosigned(page.checkpoint, IDENTITY.log).checkpoint
    tree, _ = Frontier().append(map(entry_hash, page.entries))
    assert (state.size, state.root) == (len(page.entries), tree.root())
    kinds = [parse_entry(entry) is None for entry in page.entries]
    assert False in kinds
    assert True in kinds


async def test_a_reader_waits_for_a_checkpoint_over_what_it_asks_for(world: World) -> None:
    first = await world.exchange.entries(0, 0)
    await sent(world, CN)
    world.clock.time_ms += 1000
    page = await world.exchange.entries(len(first.entries), 0)
    state = verify_cosigned(page.checkpoint, IDENTITY.log).checkpoint
    assert (page.start, state.size) == (len(first.entries), len(first.entries) + 2)
    assert len(page.entries) == 2
    beyond = await world.exchange.entries(state.size + 5, state.size + 9)
    assert beyond.entries == ()


async def test_checkpoints_are_a_second_apart_and_shown_again_till_then(world: World) -> None:
    first = await world.exchange.entries(0, 0)
    assert (await world.exchange.entries(0, 0)).checkpoint == first.checkpoint
    world.clock.time_ms += 61_000
    later = await world.exchange.entries(0, 0)
    assert later.checkpoint != first.checkpoint
    required = [each.verifier for each in log_signers()]
    signed = parse_checkpoint(later.checkpoint, origin=ORIGIN, required=required)
    assert max(s.time_s for s in signed.signatures if s.time_s) == world.clock.time_ms // 1000


async def test_events_are_proven_to_whom_they_name(world: World) -> None:
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed, CN))
    about = f"statement:{receipt_of(outcomes[1]).about.hex()}"
    await world.read(CN)
    for agency in (US, CN):
        seen = [event.code for event in verified(await search(world, agency, about))]
        assert seen == [EventCode.GRANT_ACCEPTED, EventCode.GRANT_DELIVERED]


async def test_another_agency_s_statement_and_none_are_answered_alike(world: World) -> None:
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed, CN))
    for statement_id in (receipt_of(outcomes[1]).about, b"a" * 32):
        page = await search(world, MX, f"statement:{statement_id.hex()}")
        assert (page.events, page.next) == ((), None)


# Searching.


async def test_an_auditor_sees_the_entries_of_its_agency_alone(world: World) -> None:
    await sent(world, CN)
    await sent(world, MX)
    for agency, other in ((CN, MX), (MX, CN)):
        events = verified(await search(world, agency))
        assert events
        assert all(other not in e.party and other not in e.actor for e in events)
    codes_of_us = {event.code for event in verified(await search(world, US))}
    assert EventCode.PACKET_ACCEPTED in codes_of_us


async def test_every_search_is_an_entry_before_it_is_answered(world: World) -> None:
    events = verified(await search(world, CN, "action:audit-search"))
    assert [(e.code, e.actor, e.pseudonym) for e in events] == [
        (EventCode.AUDIT_SEARCH, node_of(CN), PSEUDONYM)
    ]
    assert len(verified(await search(world, CN, "action:audit-search"))) == 2
    assert verified(await search(world, MX, f"actor:{node_of(CN)} action:audit-search")) == []


async def test_who_saw_a_packet_under_which_article(world: World) -> None:
    packet = await sent(world, CN, MX)
    await world.read(CN)
    found = verified(await search(world, US, f"packet:{packet.hex()} action:grant-delivered"))
    assert [event.party for event in found] == [node_of(CN)]
    released = verified(await search(world, US, f"packet:{packet.hex()} action:grant-accepted"))
    assert {(e.party, e.article) for e in released} == {
        (node_of(CN), "money-laundering"),
        (node_of(MX), "money-laundering"),
    }


async def test_refusals_are_found_by_their_sender(world: World) -> None:
    sealed = world.packet()
    await world.send(sealed, world.grant(sealed, MX, categories=["finance.amount"]))
    found = verified(await search(world, US, "-outcome:ok"))
    assert [event.reason for event in found] == ["TL-POL-009"]
    assert verified(await search(world, MX, "-outcome:ok")) == []


async def test_pages_go_on_where_the_last_one_ended(world: World) -> None:
    for _ in range(3):
        await sent(world, CN)
    seen, after = [], -1
    while True:
        page = await search(world, US, "action:packet-accepted", after=after, limit=2)
        seen += [event.entry.index for event in page.events]
        if page.next is None:
            break
        after = page.next
    assert len(seen) == 3
    assert seen == sorted(set(seen))


async def test_all_pages_of_one_search_are_one_entry_and_one_tree(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await sent(world, CN)
    monkeypatch.setattr("tearline_server.audit.search.EVENT_PAGE", 2)
    request = SearchRequest(query="action:packet-accepted", after=-1, limit=0)
    pages = []
    async for page in world.exchange.audit_search.search(auditor(US), request):
        pages.append(page)
        await sent(world, CN)  # the log grows meanwhile: this search does not
    assert [len(page.events) for page in pages] == [2, 1]
    assert len({page.checkpoint for page in pages}) == 1
    assert [page.next for page in pages] == [pages[0].events[-1].entry.index, None]
    monkeypatch.undo()
    assert len(verified(await search(world, US, "action:audit-search"))) == 2


async def test_a_page_of_a_search_holds_so_many_bytes_and_the_next_one_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await sent(world, CN)
    (whole,) = await searched(world, US, "action:packet-accepted")
    largest = max(len(event.entry.event) for event in whole.events)
    # Two events and their proofs fit, a third does not.
    monkeypatch.setattr("tearline_server.audit.search.EVENT_PAGE_BYTES", 2 * (largest + 2048))
    pages = await searched(world, US, "action:packet-accepted")
    assert [len(page.events) for page in pages] == [2, 1]
    assert [page.next for page in pages] == [whole.events[1].entry.index, None]
    paged = [event.entry for page in pages for event in page.events]
    assert paged == [event.entry for event in whole.events]


async def test_an_event_larger_than_a_page_is_a_page_of_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await sent(world, CN)
    monkeypatch.setattr("tearline_server.audit.search.EVENT_PAGE_BYTES", 1)
    pages = await searched(world, US, "action:packet-accepted")
    assert [len(page.events) for page in pages] == [1, 1]


async def test_pages_that_are_not_taken_in_keep_nobody_else_s_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(world, CN)
    world.exchange.audit_search._room = MemoryQuota(EVENT_PAGE_BYTES)
    deaf = world.exchange.audit_search.search(
        auditor(CN), SearchRequest(query="", after=-1, limit=0)
    )
    assert (await anext(deaf)).events
    with monkeypatch.context() as impatient:  # a search that finds no room asks no longer
        impatient.setattr("tearline_server.admission.rate_limits.PLACE_S", 0)
        with pytest.raises(ExchangeBusy, match="unread"):
            await searched(world, CN)
        assert await searched(world, US)
    following = asyncio.create_task(searched(world, CN))
    assert [page async for page in deaf] == []
    assert len(await asyncio.wait_for(following, 30)) == 1


async def test_an_export_is_logged_as_one(world: World) -> None:
    await searched(world, CN, export=True)
    (event,) = verified(await search(world, CN, "action:audit-export"))
    assert (event.actor, event.pseudonym) == (node_of(CN), PSEUDONYM)


async def test_a_search_that_follows_goes_on_with_what_comes(world: World) -> None:
    request = SearchRequest(query="action:packet-accepted", after=-1, limit=2, follow=True)
    pages = world.exchange.audit_search.search(auditor(US), request)
    await sent(world, CN)
    first = verified(await anext(pages))
    waiting = asyncio.ensure_future(anext(pages))
    world.clock.time_ms += 1000
    await sent(world, MX)
    second = verified(await waiting)
    assert [len(first), len(second)] == [1, 1]
    assert first != second
    with pytest.raises(StopAsyncIteration):
        await anext(pages)
    assert len(verified(await search(world, US, "action:audit-search"))) == 2


async def test_a_search_that_follows_ends_with_the_exchange(world: World) -> None:
    request = SearchRequest(query="action:mark", after=-1, limit=0, follow=True)
    waits = asyncio.Event()
    grown = world.exchange._log.grown

    async def wait(size: int) -> None:
        waits.set()
        await grown(size)

    world.exchange._log.grown = wait
    pages = world.exchange.audit_search.search(auditor(US), request)
    waiting = asyncio.ensure_future(anext(pages))
    await waits.wait()
    world.exchange.end_streams()
    last = await waiting
    # It says how far it looked, so that nothing is looked through again.
    size = verify_cosigned(last.checkpoint, IDENTITY.log).checkpoint.size
    assert (last.events, last.next, size) == ((), None, world.exchange._log.size)
    with pytest.raises(StopAsyncIteration):
        await anext(pages)
    later = [page async for page in world.exchange.audit_search.search(auditor(US), request)]
    assert [page.events for page in later] == [()]  # nor does one begin to wait


async def test_a_search_that_follows_looks_through_nothing_twice(world: World) -> None:
    request = SearchRequest(query="action:mark", after=-1, limit=0, follow=True)
    asked: list[tuple[int, int]] = []
    search = world.store.search

    async def record(found: Search) -> object:
        asked.append((found.after, found.below))
        return await search(found)

    world.store.search = record
    waiting = asyncio.ensure_future(anext(world.exchange.audit_search.search(auditor(US), request)))
    while len(asked) < 3:
        world.clock.time_ms += 1000
        await sent(world, CN)
        await asyncio.sleep(0)
    world.exchange.end_streams()
    await waiting
    assert [after for after, _ in asked[1:]] == [below - 1 for _, below in asked[:-1]]


async def test_a_search_that_follows_ends_in_time_by_a_clock_that_is_set_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_server.audit.search.FOLLOW_MS", 0)
    search = world.store.search

    async def set_back(found: Search) -> object:
        world.clock.time_ms -= 400 * 24 * 3_600_000
        return await search(found)

    world.store.search = set_back
    async with asyncio.timeout(60):  # it would follow for 400 days
        (page,) = await searched(world, US, "action:mark", follow=True)
    assert page.events == ()


# Oversight.


async def oversight(world: World, *agencies: str, version: int = 2) -> None:
    await world.agree(version=version, oversight=agencies)


async def test_who_oversees_an_agreement_sees_what_was_done_under_it(world: World) -> None:
    await sent(world, CN)
    before = verified(await search(world, MX))
    assert [e for e in before if e.packet] == []
    await oversight(world, MX)
    seen = verified(await search(world, MX, f"agreement:{AGREEMENT_ID.hex()}"))
    assert {e.code for e in seen} >= {EventCode.PACKET_ACCEPTED, EventCode.GRANT_ACCEPTED}
    ours = verified(await search(world, US, f"agreement:{AGREEMENT_ID.hex()}"))
    assert [e for e in seen if e.packet] == [e for e in ours if e.packet]


async def test_the_newest_version_says_who_oversees(world: World) -> None:
    await sent(world, CN)
    await oversight(world, MX)
    await oversight(world, CN, version=3)
    assert [e for e in verified(await search(world, MX)) if e.packet] == []


async def test_oversight_is_of_the_agreement_alone(world: World) -> None:
    await oversight(world, MX)
    await search(world, CN)  # an entry of its own, under no agreement
    seen = verified(await search(world, MX))
    assert all(e.agreement_id == AGREEMENT_ID or "mx-finance" in e.party + e.actor for e in seen)
    assert verified(await search(world, MX, f"actor:{node_of(CN)} action:audit-search")) == []


async def test_another_agreement_and_none_are_answered_alike(world: World) -> None:
    packet = await sent(world, CN)
    under = "action:packet-accepted"
    for query in (f"{under} agreement:{AGREEMENT_ID.hex()}", f"{under} packet:{packet.hex()}"):
        theirs = await search(world, MX, query)
        absent = await search(world, MX, query[:-2] + "00")
        assert (theirs.events, theirs.next) == (absent.events, absent.next) == ((), None)


async def test_more_agreements_than_are_read_at_once_are_read_one_after_the_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what names the own agency is found, whoever else names it for what."""
    for number in range(5):
        other = agreement(
            world.parties.signer(US).header,
            id=bytes([number]) * 16,
            name=f"n{number}",
            terms=terms((CN, US)),
            oversight=(MX,),
        )
        signed = agreed(world.parties, other, (US, CN, MX))
        assert codes(await world.publish_signed(US, signed)) == [""]
        await sent(world, CN)
        await sent(world, MX)
    whole = await search(world, MX, "-action:audit-search")
    monkeypatch.setattr("tearline_server.audit.search.MAX_AGREEMENTS_SEARCHED", 2)
    again = await search(world, MX, "-action:audit-search")
    assert [e.entry for e in again.events] == [e.entry for e in whole.events]
    assert {e.agreement_id[:1] for e in verified(whole) if e.code is EventCode.AGREEMENT} > {
        bytes([number]) for number in range(5)
    }
    assert sum(e.code is EventCode.GRANT_ACCEPTED for e in verified(whole)) == 5
    monkeypatch.setattr("tearline_server.audit.search.EVENT_PAGE", 2)
    pages = await searched(world, MX, "-action:audit-search")
    assert [e.entry for page in pages for e in page.events] == [e.entry for e in whole.events]


async def test_an_agency_oversees_nothing_that_it_did_not_sign(world: World) -> None:
    """Else two others could make it read whatever they write."""
    named = agreement(
        world.parties.signer(US).header,
        id=b"named by others!",
        name="named",
        terms=terms((CN, US)),
        oversight=(MX,),
    )
    alone = agreed(world.parties, named, (US, CN))
    assert codes(await world.publish_signed(US, alone)) == ["TL-AGR-001"]
    assert verified(await search(world, MX, f"agreement:{named.id.hex()}")) == []
    by_all = agreed(world.parties, replace(named, onward_use="x"), (US, CN, MX))
    assert codes(await world.publish_signed(US, by_all)) == [""]
    seen = verified(await search(world, MX, f"agreement:{named.id.hex()}"))
    assert {e.party for e in seen} == {CN, US}


async def test_searches_read_one_at_a_time_and_agencies_in_turns() -> None:
    order: list[str] = []
    may_go_on = asyncio.Semaphore(0)

    class Slow:
        size = 1

        async def search(self, search: Search) -> list[OpeningRow]:
            order.append(search.agency)
            await may_go_on.acquire()
            return []

        async def checkpoint(self, size: int) -> tuple[int, bytes]:
            return size, b"note"

        async def prove(self, indices: list[int], size: int) -> list[tuple[bytes, ...]]:
            return []

    async def log_act(event: Event) -> None:
        pass

    inquiries = AuditSearch(Slow(), Slow(), dict, log_act, Clock())  # type: ignore[arg-type]

    async def search_all(agency: str) -> None:
        async for _ in inquiries.search(
            auditor(agency), SearchRequest(query="", after=-1, limit=0)
        ):
            pass

    searches = [asyncio.create_task(search_all(agency)) for agency in (US, US, US, MX)]
    for number in range(1, 5):
        while len(order) < number:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(order) == number
        may_go_on.release()
    await asyncio.gather(*searches)
    assert order == [US, MX, US, US]


# Signing.


async def test_a_log_that_lost_entries_signs_nothing_more(world: World) -> None:
    await sent(world, CN)
    stored = await world.store.load()
    size, note = len((await world.exchange.entries(0, 0)).entries), b""
    note = (await world.exchange.entries(0, 0)).checkpoint
    log = AuditLog(world.store, origin=ORIGIN, clock=world.clock)
    shorter = Head(epoch=stored.head.epoch, tree=Frontier(), time_ms=0)
    with pytest.raises(FrontierDamaged):
        await log.restore(shorter, (size, note))
    other = append(
        Frontier(),
        [
            Event(
                statement_id=number.to_bytes(32, "big"),
                code=EventCode.MARK,
                party=node_of(US),
                time_ms=1,
                actor=node_of(US),
            )
            for number in range(size)
        ],
    ).tree
    with pytest.raises(FrontierDamaged):
        await log.restore(Head(epoch=stored.head.epoch, tree=other, time_ms=0), (size, note))
    await log.restore(stored.head, (size, note))


async def test_what_is_written_behind_a_loss_is_never_signed(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        log = world.exchange._log
        lost = Checkpoint(origin=ORIGIN, size=log.size + 1, root=b"r" * 32)
        note = sign_checkpoint(lost, log_signers(), time_s=1)
        await log.halt(lost.size, note)
        await put(world.store, event(1), event(2))  # as it was taken in before that was known
        log.advance((await world.store.load()).head.tree)
        with pytest.raises(LogBehind):
            await world.exchange.checkpoint()
    store = SqliteStore(tmp_path / "exchange.db")
    with pytest.raises(FrontierDamaged):
        await Exchange.open(components_of(store, Clock()))
    await store.close()
