"""What tests put into stores, and how they look into them."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from tearline.audit.event import Event, EventCode
from tearline.audit.query import Condition, Query
from tearline.federation.directory import DirectoryEntry
from tearline.limits import EVENT_PAGE, MAX_LOG_SIZE
from tearline.statements.statement import StatementType
from tearline.wire.statements import Signed
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import Store
from tearline_server.storage.lookups import LookupResults, Lookups
from tearline_server.storage.reads import Search
from tearline_server.storage.rows import Head, OpeningRow, PacketRow, StatementRow
from tearline_server.storage.snapshot import Snapshot
from tearline_server.tlog.log import append

A, B, C = (f"spiffe://{name}.example/node/hub" for name in "abc")
AGREEMENT = b"g" * 16
PACKET = b"p" * 32
NOTHING = Lookups()

Open = Callable[[], Awaitable[Store]]
"""Opens the store of one database, as often as it is called; one after the other."""


def event(number: int, **changed: object) -> Event:
    """An event that a grant of A to B was accepted."""
    base = {
        "statement_id": number.to_bytes(32, "big"),
        "code": EventCode.GRANT_ACCEPTED,
        "party": B,
        "time_ms": 1000 + number,
        "actor": A,
        "packet": PACKET,
    }
    return Event(**(base | changed))  # type: ignore[arg-type]


def statement(idx: int, name: bytes, **changed: object) -> StatementRow:
    """A grant by A that was accepted."""
    base: dict[str, object] = {
        "idx": idx,
        "id": name * 32,
        "signer": A,
        "type": StatementType.GRANT,
        "natural": b"G" + name,
        "packet": PACKET,
        "code": "",
        "why": "",
        "envelope": b"envelope " + name,
    }
    return StatementRow(**(base | changed))  # type: ignore[arg-type]


def packet_row(entry: int, **changed: object) -> PacketRow:
    """A packet of an agreement, which ends in a while."""
    base: dict[str, object] = {
        "id": PACKET,
        "statement": entry,
        "openings": b"openings",
        "ciphertexts": b"ciphertexts",
        "agreement": AGREEMENT,
        "accepted_ms": 1000 + entry,
        "ends_ms": 10_000,
    }
    return PacketRow(**(base | changed))  # type: ignore[arg-type]


async def openings_of(store: Store, statement_id: bytes, agency: str) -> Sequence[OpeningRow]:
    """The events about a statement that an agency may see, in the order of the log."""
    about = Condition(field="statement", values=(statement_id,))
    return await store.search(
        Search(
            agency=agency,
            agreements=(),
            query=Query(conditions=(about,)),
            after=-1,
            below=MAX_LOG_SIZE,
            limit=EVENT_PAGE,
        )
    )


async def put(
    store: Store,
    *events: Event | Signed | DirectoryEntry,
    asked: Lookups = NOTHING,
    since: Head | None = None,
    **rows: object,
) -> int:
    """Commits some events with rows; returns the index of the first."""
    first = 0

    def write(head: Head, known: LookupResults) -> Commit:
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

    await store.commit(lambda head, news: asked, write, since=since)
    return first


class Looked(Exception):
    """Somebody looked, and wrote nothing."""


async def told(
    store: Store, asked: Lookups, since: Head | None
) -> tuple[LookupResults, Snapshot | None]:
    """What a commit would be told of the past, and of what others wrote behind a head."""
    answers: list[tuple[LookupResults, Snapshot | None]] = []
    heard: list[Snapshot | None] = []

    def ask(head: Head, news: Snapshot | None) -> Lookups:
        heard.append(news)
        return asked

    def look(head: Head, known: LookupResults) -> Commit:
        answers.append((known, heard[-1]))
        raise Looked

    with pytest.raises(Looked):
        await store.commit(ask, look, since=since)
    return answers[0]


async def known(store: Store, asked: Lookups) -> LookupResults:
    """What a commit would be told of the past."""
    found, _ = await told(store, asked, None)
    return found


async def news_since(store: Store, since: Head) -> Snapshot | None:
    """What a commit would be told that others wrote."""
    _, news = await told(store, NOTHING, since)
    return news
