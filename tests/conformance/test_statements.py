"""Statements in a store: what became of them, their packets, and what packets are made from."""

from dataclasses import replace

import pytest

from support.stores import (
    AGREEMENT,
    PACKET,
    A,
    B,
    C,
    event,
    known,
    openings_of,
    packet_row,
    put,
    statement,
)
from tearline.audit.event import EventCode, EventOutcome
from tearline.identity import agency_uri_of
from tearline.packets.packet import PacketParts
from tearline.statements.statement import StatementType
from tearline.wire.grants import encode_event
from tearline.wire.packet_parts import encode_parts
from tearline_server.storage import packet_allowance, release_lookups
from tearline_server.storage.columns import parts_of
from tearline_server.storage.interface import Store
from tearline_server.storage.lookups import LookupResults, Lookups, StoredPacket, WholePacket
from tearline_server.storage.rows import ErasureRow, RecallRow

OURS = "spiffe://a.example"
REFUSED = EventOutcome.REFUSED
CIPHERTEXTS = encode_parts(
    PacketParts(
        manifest=PACKET,
        ciphertexts={1: b"one", 2: b"two", 3: b"three"},
        slot_count=8,
        path=(b"slot zero".ljust(32), b"slots four to seven".ljust(32)),
    )
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
    )
    found = await known(
        store,
        Lookups(
            statements=frozenset({(b"a" * 32, A), (b"r" * 32, A), (b"a" * 32, B)}),
            naturals=frozenset({(A, b"Ga"), (A, b"Gr"), (B, b"Ga")}),
            envelopes=frozenset({(b"a" * 32, A), (b"r" * 32, A), (b"a" * 32, B)}),
        ),
    )
    assert set(found.statements) == {(b"a" * 32, A), (b"r" * 32, A)}
    refused = found.statements[b"r" * 32, A]
    assert (refused.code, refused.why) == ("TL-AGR-001", "no")
    accepted = found.statements[b"a" * 32, A]
    assert accepted.logged is not None
    assert (accepted.logged.idx, accepted.logged.event) == (0, encode_event(event(1)))
    assert found.naturals == {(A, b"Ga"): b"a" * 32}
    assert found.envelopes == {(b"a" * 32, A): b"envelope a"}


async def test_one_who_asks_nothing_is_told_nothing(store: Store) -> None:
    await put(store, event(1), statements=[statement(0, b"a")])
    assert await known(store, Lookups()) == LookupResults()


async def test_a_refused_statement_may_be_replaced_by_its_acceptance(store: Store) -> None:
    refused = statement(0, b"a", code="TL-AGR-001", natural=None, envelope=None)
    await put(store, event(1), statements=[refused])
    await put(store, event(2), statements=[statement(1, b"a")])
    found = await known(store, Lookups(statements=frozenset({(b"a" * 32, A)})))
    assert found.statements[b"a" * 32, A].code == ""
    assert [row.idx for row in await store.statement_rows(0, limit=10)] == [1]


async def test_attestations_are_kept_once_by_their_hash(store: Store) -> None:
    await put(store, attestations={b"1" * 32: b"one", b"2" * 32: b"two"})
    await put(store, attestations={b"1" * 32: b"one"})
    asked = [b"2" * 32, b"3" * 32, b"1" * 32]
    assert await store.attestations(asked) == {b"1" * 32: b"one", b"2" * 32: b"two"}
    assert await store.attestations([]) == {}


async def test_a_packet_comes_back_with_its_manifest_and_what_was_recalled(store: Store) -> None:
    manifest = statement(0, b"m", type=StatementType.MANIFEST, id=PACKET, packet=None)
    await put(
        store,
        event(0),
        statements=[manifest],
        packets=[packet_row(0, ciphertexts=CIPHERTEXTS)],
    )
    whole = WholePacket(
        envelope=b"envelope m", openings=b"openings", accepted_ms=1000, ciphertexts=CIPHERTEXTS
    )
    assert await store.packets([b"q" * 32, PACKET]) == {PACKET: whole}
    assert await store.recalls(PACKET) == []
    assert await store.packets([]) == {}
    some = RecallRow(packet=PACKET, node=B, grant=b"a" * 32, slots=(1, 70_000))
    all_of_it = RecallRow(packet=PACKET, node="", grant=b"", slots=())
    await put(store, event(1), recalls=[some], dropped={PACKET: {1, 3}})
    await put(store, event(2), recalls=[all_of_it, some])
    left = (await store.packets([PACKET]))[PACKET]
    assert parts_of(left.ciphertexts).ciphertexts == {2: b"two"}
    assert sorted(await store.recalls(PACKET), key=lambda row: row.node) == [all_of_it, some]
    asked = Lookups(packets=((PACKET, OURS),), recalls=frozenset({b"q" * 32}))
    found = await known(store, asked)
    assert found.packets == {
        PACKET: StoredPacket(envelope=b"envelope m", openings=b"openings", accepted_ms=1000)
    }
    assert sorted(found.recalls[PACKET], key=lambda row: row.node) == [all_of_it, some]
    assert found.recalls[b"q" * 32] == []
    await put(store, dropped={PACKET: None})
    assert (await store.packets([PACKET]))[PACKET].ciphertexts == b""
    await put(store, dropped={PACKET: {2}})  # of what is gone, nothing more goes
    found = await known(store, Lookups(ending=frozenset({PACKET})))
    assert set(found.packets) == {PACKET}


async def test_packets_end_by_their_own_time_and_by_the_age_that_an_agreement_lets_them(
    store: Store,
) -> None:
    ids = [name * 32 for name in (b"1", b"2", b"3", b"4")]
    await put(
        store,
        *map(event, range(4)),
        packets=[
            packet_row(0, id=ids[0], ends_ms=5000),
            packet_row(1, id=ids[1]),
            packet_row(2, id=ids[2]),
            packet_row(3, id=ids[3], agreement=b"o" * 16),
        ],
    )

    async def ended(now_ms: int, *, limit: int = 9, **kept: int) -> list[bytes]:
        since = {name.encode() * 16: since_ms for name, since_ms in kept.items()}
        return list(await store.ended(now_ms, since, limit=limit))

    assert await ended(4999, g=1000 - 1) == []
    assert await ended(5000) == [ids[0]]
    assert await ended(0, g=1001) == [ids[0], ids[1]]
    assert await ended(0, g=1001, limit=1) == [ids[0]]
    assert await ended(5000, g=1001, o=1003) == [ids[0], ids[1], ids[3]]
    # One is to be looked at later, and of another nothing is left.
    await put(store, event(9), ends={ids[0]: 7000, ids[1]: None}, dropped={ids[1]: None})
    assert await ended(6000, g=1002) == [ids[0], ids[2]]
    assert await ended(6000) == []
    assert await ended(7000) == [ids[0]]


async def test_who_asks_for_a_packet_is_told_its_sources_and_their_releases(store: Store) -> None:
    source, other = b"1" * 32, b"2" * 32
    released = event(4, packet=source, party=C)
    await put(
        store,
        event(0),
        event(1),
        event(2),
        released,
        event(4, packet=source, code=EventCode.GRANT_DELIVERED),
        event(5, packet=source, outcome=EventOutcome.REFUSED, reason="TL-POL-009"),
        event(6, packet=other),
        statements=[
            statement(n, name, id=id_, type=StatementType.MANIFEST, packet=None)
            for n, (name, id_) in enumerate(((b"m", PACKET), (b"n", source), (b"o", other)))
        ],
        packets=[
            packet_row(0, sources=(source,)),
            packet_row(1, id=source),
            packet_row(2, id=other),
        ],
    )
    rows = {row.idx: row for row in await store.event_rows(0, limit=10)}
    owned = ((PACKET, OURS), (b"4" * 32, OURS))
    found = await known(store, Lookups(packets=owned, grants=((PACKET, OURS, C),)))
    assert set(found.packets) == {PACKET, source}
    assert found.releases == {(source, OURS): [], (source, agency_uri_of(C)): [rows[3].event]}
    asked = Lookups(sources=((other, agency_uri_of(B)), (b"3" * 32, OURS)))
    found = await known(store, asked)
    assert set(found.packets) == {other}
    assert found.releases == {(other, agency_uri_of(B)): [rows[6].event]}
    # Of a packet of the same batch, the store knows the sources by what the batch says of it.
    new = (b"5" * 32, agency_uri_of(B), A)
    found = await known(store, replace(asked, derived=((new[0], other),), grants=(new,)))
    assert {*found.releases} == {(other, agency_uri_of(B)), (other, OURS)}


async def test_so_many_releases_are_told_and_the_rest_of_an_agency_s_is_left(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, second, theirs = b"1" * 32, b"2" * 32, agency_uri_of(C)
    await put(
        store,
        *(event(4, packet=source, party=C) for _ in range(9)),
        statements=[
            statement(n, id_[:1], id=id_, type=StatementType.MANIFEST, packet=None)
            for n, id_ in enumerate((PACKET, source, second))
        ],
        packets=[
            packet_row(0, sources=(source,)),
            packet_row(1, id=source),
            packet_row(2, id=second, sources=(source,)),
        ],
    )
    monkeypatch.setattr(release_lookups, "MAX_RELEASES", 3)
    monkeypatch.setattr(release_lookups, "MAX_ASKED_RELEASES", 8)
    grants = ((PACKET, OURS, C), (second, OURS, B))
    asked = Lookups(packets=((PACKET, OURS), (second, OURS)), grants=grants)
    found = await known(store, asked)
    assert {key: len(each) for key, each in found.releases.items()} == {
        (source, OURS): 0,
        (source, theirs): 4,
    }
    assert found.untold == {(source, agency_uri_of(B))}


async def test_a_packet_is_found_by_those_alone_whose_it_is_or_who_were_given_something(
    store: Store,
) -> None:
    source, given, theirs = b"1" * 32, "spiffe://c.example", "spiffe://d.example"
    await put(
        store,
        event(0, packet=source, party=C),
        event(
            1,
            packet=source,
            party=C.replace("c.example", "e.example"),
            outcome=REFUSED,
            reason="TL-POL-009",
        ),
        event(2),
        statements=[
            statement(n, name, id=id_, type=StatementType.MANIFEST, packet=None)
            for n, (name, id_) in enumerate(((b"m", PACKET), (b"n", source)))
        ],
        packets=[packet_row(0, sources=(source,)), packet_row(1, id=source, corrects=PACKET)],
    )
    whole = RecallRow(packet=PACKET, node="", grant=b"", slots=())
    await put(store, event(3), recalls=[whole])
    for agency, names in ((OURS, {source}), (given, {source}), (theirs, set())):
        found = await known(store, Lookups(sources=((source, agency),)))
        assert set(found.packets) == {id_ for id_, _ in found.releases} == names, agency
    for agency in (given, theirs, "spiffe://a.exampl", "spiffe://a.example/node", ""):
        owned = ((PACKET, agency), (source, agency))
        assert await known(store, Lookups(packets=owned, corrected=owned)) == LookupResults(), (
            agency
        )
    for agency in (theirs, "spiffe://e.example", "spiffe://c.exampl", ""):
        assert await known(store, Lookups(sources=((source, agency),))) == LookupResults(), agency


async def test_one_agency_is_answered_about_so_many_packets_and_no_other_for_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [bytes([n]) * 32 for n in range(1, 6)]
    await put(
        store,
        *map(event, range(5)),
        statements=[
            statement(n, id_[:1], id=id_, type=StatementType.MANIFEST, packet=None)
            for n, id_ in enumerate(ids)
        ],
        packets=[
            packet_row(n, id=id_, sources=(ids[4],) if n == 0 else ()) for n, id_ in enumerate(ids)
        ],
    )
    owned = tuple((id_, OURS) for id_ in ids[:4])
    monkeypatch.setattr(packet_allowance, "MAX_ASKED_PACKETS", 3)
    found = await known(store, Lookups(packets=owned))
    assert set(found.packets) == {ids[0], ids[4], ids[1]}
    assert found.unread == {ids[2], ids[3]}
    found = await known(store, Lookups(packets=owned, sources=owned[2:]))
    assert (set(found.packets), found.unread) == ({*ids}, frozenset())
    monkeypatch.undo()
    monkeypatch.setattr(packet_allowance, "MAX_ASKED_BYTES", 2 * len(b"envelope 1" + b"openings"))
    found = await known(store, Lookups(packets=tuple(reversed(owned))))
    assert (set(found.packets), found.unread) == ({ids[3], ids[2]}, {ids[0], ids[1], ids[4]})


async def test_a_line_of_corrections_is_told_with_what_was_granted_of_it(store: Store) -> None:
    first, second, third, other = (bytes([n]) * 32 for n in (1, 2, 3, 4))
    lines = {second: first, third: second, other: b"5" * 32}
    packets = (first, second, third, other)
    await put(
        store,
        *(event(n, packet=packet, party=C) for n, packet in enumerate(packets)),
        statements=[
            statement(n, packet[:1], id=packet, type=StatementType.MANIFEST, packet=None)
            for n, packet in enumerate(packets)
        ],
        packets=[
            packet_row(n, id=packet, corrects=lines.get(packet, b""))
            for n, packet in enumerate(packets)
        ],
    )
    rows = [row.event for row in await store.event_rows(0, limit=10)]
    asked = Lookups(packets=((third, OURS),), grants=((third, OURS, C),))
    found = await known(store, asked)
    assert found.corrects == {third: second, second: first}
    assert set(found.packets) == {third}
    assert found.releases == {(first, C): [rows[0]], (second, C): [rows[1]]}
    assert (await known(store, replace(asked, packets=()))).releases == {}
    found = await known(store, Lookups(corrected=((second, OURS),)))
    assert found.corrects == {third: second, second: first}
    assert (set(found.packets), found.recalls) == ({second}, {second: []})


async def test_contents_of_an_erased_entry_are_gone_and_its_order_is_named(store: Store) -> None:
    agencies = ("spiffe://a.example", "spiffe://b.example")
    await put(
        store,
        event(1, agreement_id=AGREEMENT),
        event(2),
        statements=[statement(0, b"a"), statement(1, b"b")],
    )
    await put(store, event(3), erased=[ErasureRow(idx=0, statement=2, agencies=agencies)])
    assert [row.idx for row in await store.event_rows(0, limit=10)] == [1, 2]
    assert await store.erased(0, 3) == {0: 2}
    assert await store.erased(1, 3) == {}
    assert await openings_of(store, event(1).statement_id, agencies[0]) == []
    settled = (await known(store, Lookups(statements=frozenset({(b"a" * 32, A)})))).statements
    assert settled[b"a" * 32, A].logged is None
    assert len(await store.entries(0, 3, max_bytes=1 << 20)) == 3
