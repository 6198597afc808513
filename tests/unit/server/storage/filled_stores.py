"""Stores of an exchange as use fills them, and the acts that ask them everything.

One node sends packets to two others: all are delivered, and the receipts are in. A tenth goes to a
node that reads nothing. What a store is asked names the oldest packets, so that stores of
different sizes are asked the same.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apsw

from support.stores import AGREEMENT, event, packet_row, put, statement
from tearline.audit.event import EventCode
from tearline.audit.query import parse_query
from tearline.packets.packet import PacketParts
from tearline.statements.budget import BudgetLevel, BudgetPart
from tearline.statements.statement import StatementType
from tearline.suspensions.stoppage import Reach, Stoppage
from tearline.wire.grants import encode_event
from tearline.wire.packet_parts import encode_parts
from tearline_server.storage.blob_rows import BlobRows
from tearline_server.storage.interface import Store
from tearline_server.storage.lookups import Lookups
from tearline_server.storage.reads import Search
from tearline_server.storage.rows import (
    AgreementRow,
    CaseStepRow,
    ChannelRow,
    ErasureRow,
    EventRow,
    MailRow,
    MailUpdate,
    ReachRow,
    RecallRow,
    RequestRow,
    RequestStepRow,
    Restoration,
    StandingRow,
    StoppageRow,
    WithdrawnRow,
)
from tearline_server.storage.sqlite.writes import INSERT_EVENT

AGENCIES = [f"spiffe://{name}.example" for name in "abcd"]
A, B, C, D = (f"{agency}/node/hub" for agency in AGENCIES)
OTHER = b"o" * 16
ENTRIES = 9  # of one packet: it, two grants told to both sides, both delivered, two receipts
OPEN = 8  # of the newest packets, which nobody read yet
"""Packets that wait under the agreement, in stores of every size."""
RESTORED = 50
GOES_ON = 1 << 24
"""Index of the next entry, in stores of every size: what is added to one fits the others."""


def named(kind: str, number: int) -> bytes:
    """An id, as evenly spread as hashes are."""
    return hashlib.sha256(f"{kind} {number}".encode()).digest()


def is_slow(number: int) -> bool:
    """Whether a packet goes to the node that reads nothing."""
    return number % 10 == 9


Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one table, by the names of their columns."""

    columns: tuple[str, ...]
    rows: list[Row]


def tables(packets: int) -> Mapping[str, Table]:
    """Returns what so many packets leave in the tables of a store."""
    (filled,) = portions(packets, packets)
    return filled


def portions(packets: int, at_once: int) -> Iterator[Mapping[str, Table]]:
    """Returns the same in portions, of so many packets each; all but packets is in the last."""
    for start in range(0, packets, at_once):
        end = min(start + at_once, packets)
        filled = {name: Table(tuple(columns.split()), []) for name, columns in COLUMNS.items()}
        for number in range(start, end):
            for name, row in _packet(number, packets):
                filled[name].rows.append(row)
        for index in range(start * ENTRIES, end * ENTRIES):
            filled["entry"].rows.append((index, bytes(33)))
        if end == packets:
            _complete(filled, packets)
        yield filled


def _complete(filled: Mapping[str, Table], packets: int) -> None:
    size = packets * ENTRIES
    for level in range(1, size.bit_length()):
        filled["node"].rows.extend((level, index, bytes(32)) for index in range(size >> level))
    slow, fast = packets // 10, packets - packets // 10
    read = fast - OPEN + 1
    filled["acknowledged"].rows.extend([(A, 2 * read), (B, read), (C, read)])
    filled["mailbox"].rows.extend([(A, 2 * read), (B, fast), (C, fast), (D, slow)])
    filled["waiting"].rows.extend([(B, AGENCIES[0], OPEN, 100), (D, AGENCIES[0], slow, 100)])
    filled["agreement"].rows.extend([(AGREEMENT, 1, 0), (OTHER, 1, 0)])
    filled["restoration"].rows.append((5, 5 + RESTORED, 0, False))


def fill_sqlite(connection: apsw.Connection, filled: Mapping[str, Table]) -> None:
    """Writes rows into the tables of a SQLite store."""
    connection.execute("BEGIN")
    for name, table in filled.items():
        if name == "event":
            connection.executemany(INSERT_EVENT, table.rows)
            continue
        known = [row[1] for row in connection.execute(f"PRAGMA table_info({name})")]
        places = [n for n, column in enumerate(table.columns) if column in known]
        if places:
            columns = ", ".join(table.columns[n] for n in places)
            marks = ", ".join("?" * len(places))
            connection.executemany(
                f"INSERT INTO {name} ({columns}) VALUES ({marks})",
                ([row[n] for n in places] for row in table.rows),
            )
    sql = "UPDATE head SET size = ?, frontier = zeroblob(32), serial = 1"
    connection.execute(sql, (GOES_ON,))
    connection.execute("COMMIT")


COLUMNS = {
    "entry": "idx entry",
    "node": "level idx hash",
    "event": "idx salt event time_ms code outcome reason actor party statement packet agreement",
    "event_agency": "agency idx",
    "attestation": "hash attestation",
    "statement": "idx id signer type natural packet code why envelope",
    "packet": "id statement openings agreement accepted_ms ends_ms",
    "ciphertext": "packet parts",
    "derivation": "packet source",
    "correction": "packet corrects",
    "recall": "packet node grant_id slots",
    "mail": "node seq statement entry agency bytes delivered status held passed agreement",
    "request": (
        "packet holder asker agreement version granted_ms stored_ms due_ms overdue_ms stopped"
        " article"
    ),
    "request_step": "statement packet holder time_ms",
    "stoppage": "agreement article agency sender recipient began began_ms ended ended_ms",
    "reach": "agreement entry time_ms parties articles joint",
    "case_step": "case_id sender recipient statement",
    "channel": "sender recipient agreement seq mark",
    "standing": "agency agreement statement empty_ms",
    "erasure": "idx statement",
    "acknowledged": "node seq",
    "mailbox": "node seq",
    "waiting": "node agency statements bytes",
    "agreement": "id version statement",
    "restoration": "start stop time_ms settled",
    "blob": "owner id size leaves held begun_ms touched_ms dropped root",
    "blob_packet": "owner id packet claim time_ms",
}
NUMBERED = ("agreement", "standing", "case_step", "channel", "mailbox")
"""Tables whose rows say, in PostgreSQL, which transaction wrote them last."""
_PARTS = encode_parts(
    PacketParts(
        manifest=bytes(32),
        ciphertexts={1: b"c", 2: b"d"},
        slot_count=8,
        path=(bytes(32),) * 3,
    )
)


def _packet(number: int, packets: int) -> Iterator[tuple[str, Row]]:
    """What one packet leaves behind: to two nodes, or to the one that reads nothing."""
    first, packet, agency = number * ENTRIES, named("packet", number), AGENCIES[0]
    agreement = OTHER if is_slow(number) else AGREEMENT
    place = number - number // 10 + 1  # in the mailboxes of those who read
    is_open = number >= packets - OPEN
    attestation = named("attestation", number)

    def said(entry: int, type_: int, id_: bytes, signer: str, of: bytes | None) -> tuple[str, Row]:
        return "statement", (entry, id_, signer, type_, None, of, "", "", b"envelope")

    def told(place: int, code: str, party: str, statement: bytes, actor: str) -> Iterator[Any]:
        encoded = encode_event(
            event(
                1,
                statement_id=statement,
                code=EventCode(code),
                party=party,
                actor=actor,
                packet=packet,
                agreement_id=agreement,
            )
        )
        row = (b"s", encoded, 1000 + first, code, "ok", "", actor, party, statement, packet)
        yield "event", (first + place, *row, agreement)
        yield "event_agency", (agency, first + place)
        if party != A:
            yield "event_agency", (party.partition("/node/")[0], first + place)

    def mailed(node: str, seq: int, entries: tuple[int, int], *rest: object) -> tuple[str, Row]:
        return "mail", (node, seq, *entries, *rest)

    yield "attestation", (attestation, b"attestation")
    yield "packet", (packet, first, b"openings", agreement, 1000 + first, 10**6 + first)
    yield "ciphertext", (packet, _PARTS)
    yield said(first, StatementType.MANIFEST, packet, A, None)
    yield from told(0, "packet-accepted", A, packet, A)
    receivers = (D,) if is_slow(number) else (B, C)
    for side, node in enumerate(receivers):
        at, grant, receipt = 1 + 2 * side, named(f"grant{side}", number), named("receipt", number)
        yield said(first + at, StatementType.GRANT, grant, A, packet)
        yield from told(at, "grant-accepted", A, grant, A)
        yield from told(at + 1, "grant-accepted", node, grant, A)
        entries = (first + at, first + at + 1)
        if is_slow(number) or is_open:
            seq = number // 10 + 1 if is_slow(number) else place
            yield mailed(node, seq, entries, agency, 9, None, None, None, False, agreement)
            continue
        delivered = first + 5 + side
        yield from told(5 + side, "grant-delivered", node, grant, node)
        yield mailed(node, place, entries, agency, 9, delivered, 2, None, False, agreement)
        yield said(first + 7 + side, StatementType.RECEIPT, receipt, node, None)
        yield from told(7 + side, "receipt", node, receipt, node)
        answered = (first + 7 + side, first + 7 + side)
        seq = 2 * place - 1 + side
        yield mailed(A, seq, answered, "", 0, None, None, None, False, b"")
    yield from _works(number, packet)


def _works(number: int, packet: bytes) -> Iterator[tuple[str, Row]]:
    """What people do with each other, beside sending."""
    first = number * ENTRIES
    if number % 2:
        yield "correction", (packet, named("packet", number - 1))
        yield "case_step", (named("case", number), AGENCIES[0], AGENCIES[1], first)
    if number % 10 == 3:
        blob = (named("owner", 0), named("blob", number)[:16])
        yield "blob", (*blob, 16, bytes(32), 1, 0, 0, False, b"")
        yield "blob_packet", (*blob, packet, b"", 0)
    if number % 10 == 4:
        yield "derivation", (packet, named("packet", number - 1))
        yield "recall", (packet, "", b"", b"")
        yield "erasure", (first + 1, first)
    if number % 10 == 5:
        times = (1000, 1001, 10**6 + number, None)
        yield "request", (packet, B, A, AGREEMENT, 1, *times, False, "article")
        yield "request_step", (first + 1, packet, B, 1000)
        yield "request_step", (first + 3, packet, B, 1000)
    if number % 10 == 8:
        yield "request", (packet, B, A, OTHER, 1, 1000, 1001, None, None, True, "article")
    if number % 10 == 6:
        during = (first, 10, first + 1, 20)
        yield "stoppage", (AGREEMENT, "article", AGENCIES[1], "", "", *during)
        yield "reach", (AGREEMENT, first, number % 900, "", "", "")
    if number % 10 == 7:
        agency = f"spiffe://agency{number}.example"
        yield "channel", (A, agency, AGREEMENT, number, 0)
        yield "mailbox", (f"{agency}/node/hub", number)
        yield "standing", (agency, AGREEMENT, first, 0)


# What a store is asked.


def asked(number: int) -> Lookups:
    """Returns everything that a batch may ask, about so many packets."""
    some = [named("packet", each) for each in range(number)]
    grants = [named("grant0", each) for each in range(number)]
    return Lookups(
        statements=frozenset((id_, A) for id_ in some),
        naturals=frozenset((A, id_) for id_ in some),
        packets=tuple((id_, AGENCIES[0]) for id_ in some),
        ending=frozenset(some[:8]),
        mail=frozenset((B, id_, A) for id_ in grants),
        entries=frozenset((each * ENTRIES + 2, AGENCIES[1]) for each in range(number)),
        agreements=frozenset({AGREEMENT}),
        sources=tuple((id_, AGENCIES[1]) for id_ in some),
        corrected=tuple((id_, AGENCIES[0]) for id_ in some[:8]),
        derived=((named("new", 1), some[0]),),
        grants=tuple((id_, AGENCIES[0], C) for id_ in some),
        requests=frozenset((id_, B, A) for id_ in some),
        envelopes=frozenset((id_, A) for id_ in some),
        recalls=frozenset(some),
        waiting=frozenset({(B, AGENCIES[0]), (D, AGENCIES[0])}),
        rooms=frozenset({(AGENCIES[1], AGENCIES[0])}),
    )


async def act(store: Store) -> None:
    """Asks a store everything, and has it write everything."""
    stored = await store.load()
    await _read(store)
    await _search(store)
    await store.news(stored.head)
    await store.grown(0, 0)
    for number in (1, 64, 512):
        await put(store, asked=asked(number), since=stored.head)
    await _write(store)
    if store.blobs is not None:
        await _keep_documents(store.blobs)
    await put(store, asked=Lookups(), since=stored.head)
    await store.news(stored.head)
    await _restore(store)


async def _read(store: Store) -> None:
    packet = named("packet", 4)
    await store.mail(B, 5, limit=64)
    await store.delivered_grant(B, named("grant0", 4))
    await store.backlog()
    await store.packets([packet])
    await store.linking([packet], bytes(16))
    await store.recalls(packet)
    await store.attestations([named("attestation", 4)])
    await store.entries(100, 1000, max_bytes=3300)
    await store.nodes([(0, 3), (0, 700), (1, 3), (3, 7)])
    await store.put_checkpoint(1, b"note")
    await store.cosigned()
    await store.put_cosigned(2, "us", b"note", since=2, above=1)
    await store.cosigned_at(2)
    await store.put_evidence(bytes(32), b"evidence")
    await store.evidence()
    await store.overdue(10**6 + 100, limit=16)
    await store.retained(AGREEMENT, 400, limit=1024)
    await store.retained_at([3, 700])
    await store.ended(0, {AGREEMENT: 0, OTHER: 0}, limit=64)
    await store.entry_rows(100, limit=1024)
    await store.event_rows(100, limit=1024)
    await store.erased(100, 1124)
    await store.statement_rows(100, limit=256)


async def _search(store: Store) -> None:
    packet, grant = named("packet", 4).hex(), named("grant0", 4).hex()
    queries = ("", f"packet:{packet}", f"statement:{grant}", "action:grant-accepted", "-reason:x")
    for text in queries:
        for agreements in ((), (AGREEMENT,)):
            query = parse_query(text)
            for limit in (16, 256):
                search = Search(
                    agency=AGENCIES[1],
                    agreements=agreements,
                    query=query,
                    after=-1,
                    below=10**9,
                    limit=limit,
                )
                await store.search(search)


async def _write(store: Store) -> None:
    """Has a store write a row of each kind, and change what can be changed."""
    grant, packet = named("grant0", 0), named("packet", 0)
    stoppage = Stoppage(agency=AGENCIES[1], scope=("article", "", ""), start=1, start_ms=1)
    ended = Stoppage(
        agency=AGENCIES[1], scope=("article", "", ""), start=1, start_ms=1, end=2, end_ms=2
    )
    reach = Reach(parties=(), articles=(), joint=(), entry=2, time_ms=10**6)
    request = RequestRow(
        packet=named("new", 1),
        holder=B,
        asker=A,
        agreement=AGREEMENT,
        version=1,
        granted_ms=1,
        stored_ms=1,
        due_ms=1,
        overdue_ms=1,
        stopped=False,
        article="article",
    )
    first = (await store.load()).head.tree.size
    many = [named("packet", each) for each in range(512)]
    await put(
        store,
        event(1),
        event(2),
        asked=Lookups(),
        effects=[first],
        attestations={bytes(32): b"attestation"},
        statements=[statement(first, b"n", natural=b"N")],
        packets=[
            packet_row(first, id=named("new", 1), sources=(packet,), corrects=named("new", 2))
        ],
        agreements=[AgreementRow(id=AGREEMENT, version=2, statement=1)],
        channels=[ChannelRow(sender=A, recipient=B, agreement=AGREEMENT, seq=1, mark=1)],
        budgets={(AGENCIES[1], BudgetPart.ORDINARY): BudgetLevel(entries_us=1, bytes_us=2)},
        mail=[MailRow(node="new", seq=1, statement=first, entry=first, agency=A, bytes=9)],
        mail_updates=[
            *(MailUpdate(node=B, seq=seq, delivered=1, status=3) for seq in range(1, 400)),
            MailUpdate(node=C, seq=1, held=1, passed=True),
        ],
        standings=[StandingRow(agency=AGENCIES[1], agreement=AGREEMENT, statement=1)],
        stopped=[StoppageRow(agreement=AGREEMENT, stoppage=stoppage)],
        reaches=[ReachRow(agreement=AGREEMENT, reach=reach)],
        case_steps=[CaseStepRow(case=bytes(32), sender=A, recipient=B, statement=1)],
        acknowledged={B: 10**6, C: 10**6},
        erased=[ErasureRow(idx=2, statement=1, agencies=(AGENCIES[0], AGENCIES[1]))],
        requests_opened=[request],
        requests_changed=[request],
        request_steps=[
            RequestStepRow(packet=named("new", 1), holder=B, statement=first, time_ms=1)
        ],
        withdrawn=[WithdrawnRow(node=B, seq=3, entry=first, grant=2 * ENTRIES + 1)],
        recalls=[RecallRow(packet=packet, node="", grant=grant, slots=())],
        dropped={many[1]: None, many[2]: frozenset({1}), many[3]: frozenset({1, 2})},
        ends=dict.fromkeys(many, 5),
    )
    await put(store, resumed=[StoppageRow(agreement=AGREEMENT, stoppage=ended)])


async def _keep_documents(blobs: BlobRows) -> None:
    """Begins a document, fills it and drops it, beside one that many others are stored with."""
    old = (named("owner", 0), named("blob", 3)[:16])
    new, packet = (named("owner", 0), b"n" * 16), named("new", 1)
    await blobs.begin(new, 16, bytes(32), 1, charge=9, most=10)
    await blobs.begin((named("owner", 0), b"m" * 16), 16, bytes(32), 1, charge=9, most=10)
    for key in (old, new):
        await blobs.state(key)
        await blobs.leaves(key)
        await blobs.some_leaves(key, 0, 32)
        await blobs.renew(key, 2, within_ms=9)
        await blobs.begun(key)
        await blobs.grow(key, 1, 1, 2, within_ms=9)
        await blobs.keep_root(key, bytes(32))
        claim, _ = await blobs.claim(key, packet, 2)
        await blobs.settle(key, packet, claim, is_accepted=True)
        await blobs.links(key)
        await blobs.unlink(key, packet, 2)
        await blobs.drop(key, 2)
        await blobs.left(key)
        await blobs.shorten(key, 0)
        await blobs.forget(key, least=9)
    await blobs.may_sweep()
    await blobs.owners()
    await blobs.taken()
    await blobs.page(named("owner", 0), b"", 16)


async def _restore(store: Store) -> None:
    await store.unopened(5, limit=64)
    row = EventRow(
        idx=8,
        salt=b"",
        event=b"",
        time_ms=1,
        code="",
        outcome="",
        reason="",
        actor="",
        party="",
        statement=b"",
        packet=b"",
        agreement=b"",
        agencies=(AGENCIES[0],),
    )
    await store.put_events([row])
    await store.restorations()
    await store.settle()
    await store.begin_epoch(Restoration(start=5, stop=50, settled=False))
