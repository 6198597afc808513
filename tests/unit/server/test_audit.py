"""The log as readers and auditors get it: entries, proofs, searches, queries."""

import pytest

from builders import CN, MX, ORIGIN, US, log_signers, node_of
from exchange_builders import IDENTITY, World, codes, manifest_id, receipt_of
from tearline.checkpoint import parse_checkpoint
from tearline.errors import FrontierDamaged, MalformedInput, NotFound
from tearline.event import Event, EventCode
from tearline.ledger import entry_hash, parse_entry, verify_cosigned, verify_opening_in_log
from tearline.limits import MAX_QUERY_CONDITIONS
from tearline.merkle import Frontier
from tearline.wire.exchange import ProvenEvents, SearchRequest
from tearline_server.audit_query import parse_query
from tearline_server.auditlog import AuditLog, append
from tearline_server.exchange import Auditor
from tearline_server.storage.records import Condition, Head

PSEUDONYM = b"q" * 32


def auditor(agency: str) -> Auditor:
    return Auditor(node=node_of(agency), agency=agency, pseudonym=PSEUDONYM)


async def search(
    world: World, agency: str, query: str = "", *, after: int = -1, limit: int = 100
) -> ProvenEvents:
    world.clock.time_ms += 1000  # so that no checkpoint has to wait for its second
    request = SearchRequest(query=query, after=after, limit=limit)
    return await world.exchange.search(auditor(agency), request)


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
    grant_id = receipt_of(outcomes[1]).about
    await world.read(CN)
    for agency in (US, CN):
        world.clock.time_ms += 1000
        codes_seen = [e.code for e in verified(await world.exchange.prove(agency, grant_id, 0))]
        assert codes_seen == [EventCode.GRANT_ACCEPTED, EventCode.GRANT_DELIVERED]
    with pytest.raises(NotFound) as theirs:
        await world.exchange.prove(MX, grant_id, 0)
    with pytest.raises(NotFound) as absent:
        await world.exchange.prove(MX, b"a" * 32, 0)
    assert str(theirs.value) == str(absent.value)


async def test_proofs_can_be_asked_for_in_an_earlier_tree(world: World) -> None:
    sealed = world.packet()
    outcomes = await world.send(sealed, world.grant(sealed, CN))
    first = await world.exchange.entries(0, 0)
    await world.read(CN)
    world.clock.time_ms += 1000
    size = len(first.entries)
    page = await world.exchange.prove(US, receipt_of(outcomes[1]).about, size)
    assert [event.size for event in page.events] == [size]
    checkpoint = verify_cosigned(first.checkpoint, IDENTITY.log)
    (event,) = page.events
    verify_opening_in_log(event.entry, event.path, checkpoint)


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


# The query string.


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ()),
        ("  ", ()),
        (
            f"actor:{node_of(US)} actor:{node_of(CN)}",
            (Condition(field="actor", values=(node_of(US), node_of(CN))),),
        ),
        ("-outcome:ok", (Condition(field="outcome", values=("ok",), negated=True),)),
        ("packet:" + "0a" * 32, (Condition(field="packet", values=(b"\n" * 32,)),)),
        ("agreement:" + "0a" * 16, (Condition(field="agreement", values=(b"\n" * 16,)),)),
        (
            "created:1970-01-02..1970-01-03",
            (Condition(field="time_ms", since=86_400_000, until=3 * 86_400_000),),
        ),
        (
            "created:1970-01-01",
            (Condition(field="time_ms", since=0, until=86_400_000),),
        ),
        (
            "created:..1970-01-01",
            (Condition(field="time_ms", since=0, until=86_400_000),),
        ),
        ("reason:x';--", (Condition(field="reason", values=("x';--",)),)),
    ],
)
def test_a_query_is_read(query: str, expected: tuple[Condition, ...]) -> None:
    assert parse_query(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "word",
        "actor:",
        ":x",
        "-",
        "--outcome:ok",
        "unknown:x",
        "time_ms:1",
        "actor:somebody",
        "action:everything",
        "outcome:fine",
        "packet:ab",
        "packet:" + "0A" * 32,
        "created:..",
        "created:20260101",
        "created:2026-1-1",
        "created:2026-02-30",
        "created:1969-12-31",
        "created:9999-12-31",
        "created:2026-W01-1",
        " ".join(["outcome:ok"] * (MAX_QUERY_CONDITIONS + 1)),
    ],
)
def test_what_is_no_query_is_refused(query: str) -> None:
    with pytest.raises(MalformedInput):
        parse_query(query)


# Signing.


async def test_a_log_that_lost_entries_signs_nothing_more(world: World) -> None:
    await sent(world, CN)
    stored = await world.store.load()
    size, note = len((await world.exchange.entries(0, 0)).entries), b""
    note = (await world.exchange.entries(0, 0)).checkpoint
    log = AuditLog(world.store, origin=ORIGIN, signers=log_signers(), clock=world.clock)
    shorter = Head(epoch=stored.head.epoch, tree=Frontier(), time_ms=0)
    with pytest.raises(FrontierDamaged):
        log.restore(shorter, (size, note))
    other = append(
        Frontier(),
        [
            Event(
                statement_id=number.to_bytes(32, "big"),
                code=EventCode.MARK,
                party=node_of(US),
                time_ms=0,
                actor=node_of(US),
            )
            for number in range(size)
        ],
    ).tree
    with pytest.raises(FrontierDamaged):
        log.restore(Head(epoch=stored.head.epoch, tree=other, time_ms=0), (size, note))
    log.restore(stored.head, (size, note))
