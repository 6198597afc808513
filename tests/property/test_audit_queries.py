"""Queries of auditors: what they say is what they find, and no text reaches the database as SQL."""

import datetime
import sqlite3
from collections.abc import Iterator
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.agencies import CN, DAY_MS, MX, US, node_of, secret
from tearline.audit.event import Event, EventCode, EventOutcome
from tearline.audit.query import FIELDS, parse_query
from tearline.errors import MalformedInput
from tearline.wire.grants import encode_event
from tearline_server.storage.reads import Search
from tearline_server.storage.rows import EventRow
from tearline_server.storage.search_sql import search_sql
from tearline_server.storage.sqlite.writes import INSERT_EVENT
from tearline_server.tlog.log import event_row

DAYS = [datetime.date(2026, 1, day) for day in (1, 2, 3)]
AGREEMENTS = [secret("one", 16), secret("two", 16)]
# What SQL, LIKE and GLOB would read something into.
HOSTILE = ["x' OR 1=1--", "%", "_", "*", "?", "[a-z]", "TL-%", "TL-POL-00?", '"', "\\", "NULL", ";"]
REASONS = ["TL-POL-009", "TL-TLS-004", *HOSTILE]


def day_ms(day: datetime.date) -> int:
    return (day - datetime.date(1970, 1, 1)).days * DAY_MS


def _events() -> Iterator[Event]:
    codes = [EventCode.GRANT_ACCEPTED, EventCode.RECEIPT, EventCode.AUDIT_SEARCH]
    for number in range(240):
        refused = number % 5 == 0
        actor, party = (node_of([US, CN, MX][(number // step) % 3]) for step in (1, 3))
        yield Event(
            statement_id=secret(f"statement {number % 40}"),
            code=codes[number % 3],
            party=party,
            time_ms=day_ms(DAYS[number % 3]) + number * (DAY_MS - 1) // 239,
            actor=actor,
            packet=secret(f"packet {number % 7}") if number % 2 else b"",
            agreement_id=(*AGREEMENTS, b"")[number % 4 % 3],
            outcome=EventOutcome.REFUSED if refused else EventOutcome.OK,
            reason=REASONS[number % len(REASONS)] if refused else "",
        )


EVENTS = [event_row(n, b"s" * 32, encode_event(event), event) for n, event in enumerate(_events())]
OURS = [row.idx for row in EVENTS if US in row.agencies]
BY_FIELD = {
    "actor": [node_of(agency) for agency in (US, CN, MX)],
    "party": [node_of(agency) for agency in (US, CN, MX)],
    "action": [code.value for code in EventCode],
    "packet": [secret(f"packet {n}").hex() for n in range(8)],
    "statement": [secret(f"statement {n}").hex() for n in range(41)],
    "agreement": [agreement.hex() for agreement in AGREEMENTS],
    "outcome": ["ok", "refused"],
    "reason": REASONS,
}
DAY = st.sampled_from(DAYS).map(str)
TERM = st.one_of(
    *(
        st.sampled_from(values).filter(lambda text: " " not in text).map(f"{field}:".__add__)
        for field, values in BY_FIELD.items()
    ),
    DAY.map("created:".__add__),
    st.tuples(DAY, DAY).map(lambda ends: f"created:{ends[0]}..{ends[1]}"),
    DAY.map(lambda day: f"created:{day}.."),
    DAY.map(lambda day: f"created:..{day}"),
)
TERMS = st.lists(st.tuples(st.sampled_from(["", "-"]), TERM).map("".join), max_size=5)


def asked_for(terms: list[str], row: EventRow) -> bool:
    """The meaning of a query, written a second time, over the columns of a row."""
    said = {
        "actor": row.actor,
        "party": row.party,
        "action": row.code,
        "packet": row.packet.hex(),
        "statement": row.statement.hex(),
        "agreement": row.agreement.hex(),
        "outcome": row.outcome,
        "reason": row.reason,
    }
    day = str(datetime.datetime.fromtimestamp(row.time_ms / 1000, datetime.UTC).date())
    for sign in ("", "-"):
        wanted: dict[str, list[str]] = {}
        for term in terms:
            if term.startswith("-") is bool(sign):
                field, _, value = term.removeprefix("-").partition(":")
                wanted.setdefault(field, []).append(value)
        for field, values in wanted.items():
            if field == "created":
                for value in values:
                    first, dots, last = value.partition("..")
                    inside = (first or "") <= day <= ((last or "9") if dots else first)
                    if inside is bool(sign):
                        return False
            elif (said[field] in values) is bool(sign):
                return False
    return True


@pytest.fixture(scope="module")
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    folder = files("tearline_server.storage.sqlite").joinpath("migrations")
    for script in sorted(folder.iterdir(), key=lambda file: file.name):
        if script.name.endswith(".sql"):
            connection.executescript(script.read_text("utf-8"))
    for row in EVENTS:
        connection.execute(
            INSERT_EVENT,
            (row.idx, row.salt, row.event, row.time_ms, row.code, row.outcome, row.reason,
             row.actor, row.party, row.statement, row.packet, row.agreement),
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO event_agency VALUES (?, ?)", [(agency, row.idx) for agency in row.agencies]
        )
    yield connection
    connection.close()


@given(TERMS)
def test_a_query_read_again_asks_for_the_same(terms: list[str]) -> None:
    query = parse_query(" ".join(terms))
    assert parse_query(query.encode()) == query


@given(st.text(max_size=200) | st.lists(TERM | st.text(max_size=20)).map(" ".join))
def test_any_text_is_a_query_or_is_refused_with_its_place(text: str) -> None:
    try:
        query = parse_query(text)
    except MalformedInput as refused:
        why = refused.why
    else:
        assert parse_query(query.encode()) == query
        return
    at, character, number, *_ = why.split()
    assert (at, character) == ("at", "character")
    assert 0 < int(number) <= len(text)


@given(
    TERMS,
    st.sampled_from([US, CN, MX, "spiffe://nobody.example", *HOSTILE]),
    st.sets(st.sampled_from(AGREEMENTS)),
    st.integers(-1, 240),
    st.integers(0, 241),
    st.integers(1, 300),
)
@example([], US, set(), OURS[3], OURS[7], 300)
def test_the_database_finds_what_a_second_reading_finds(
    database: sqlite3.Connection,
    terms: list[str],
    agency: str,
    agreements: set[bytes],
    after: int,
    below: int,
    limit: int,
) -> None:
    search = Search(
        agency=agency,
        agreements=tuple(sorted(agreements)),
        query=parse_query(" ".join(terms)),
        after=after,
        below=below,
        limit=limit,
    )
    found = [row[0] for row in database.execute(*search_sql(search))]
    expected = [
        row.idx
        for row in EVENTS
        if after < row.idx < below
        and (agency in row.agencies or row.agreement in agreements)
        and asked_for(terms, row)
    ]
    assert found == expected[:limit]


@given(TERMS)
def test_an_auditor_s_node_judges_events_as_the_database_does(terms: list[str]) -> None:
    query = parse_query(" ".join(terms))
    for event, row in zip(_events(), EVENTS, strict=True):
        assert query.matches(event) is asked_for(terms, row)


@given(TERMS, st.integers(1, 7))
def test_pages_of_any_size_are_the_whole(
    database: sqlite3.Connection, terms: list[str], size: int
) -> None:
    def page(after: int, limit: int) -> list[int]:
        query = parse_query(" ".join(terms))
        search = Search(
            agency=US, agreements=(AGREEMENTS[0],), query=query, after=after, below=240, limit=limit
        )
        return [row[0] for row in database.execute(*search_sql(search))]

    whole, paged = page(-1, 1000), []
    while found := page(paged[-1] if paged else -1, size):
        paged += found
    assert paged == whole


@given(st.text(min_size=1).filter(lambda text: text.isprintable() and " " not in text))
def test_no_text_becomes_sql(text: str) -> None:
    query = parse_query(f"reason:{text}")
    search = Search(agency=text, query=query, after=-1, below=1, limit=1)
    plain = Search(agency="a", query=parse_query("reason:b"), after=-1, below=1, limit=1)
    assert search_sql(search)[0] == search_sql(plain)[0]
    assert text in search_sql(search)[1]


def test_every_field_is_tried_here() -> None:
    assert BY_FIELD.keys() == FIELDS.keys()
