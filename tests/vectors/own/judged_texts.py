"""Queries of audits and cells of tables, for judged-v1.json."""

from collections.abc import Iterator

from support import agencies as b
from support.exhibits import US_NODE, Case
from tearline.audit.query import parse_query
from tearline.wire.grants import parse_event
from tearline_client.connectors.exporters.csv_safe import safe_cell
from vectors.own.plain import Json

DAY = "2026-05-28"


def query_vectors(log: Case) -> tuple[list[Json], list[Json]]:
    """Queries with the indices of the entries that they find, and texts that are no query."""
    events = {
        index: parse_event(content.event)
        for index, content in enumerate(log.contents)
        if not isinstance(content, bytes)
    }
    some = next(event for event in events.values() if event.packet)
    good = [
        ("no term", ""),
        ("spaces and tabs", " \toutcome:ok\t "),
        ("two values of one field", "action:grant-accepted action:agreement"),
        ("two fields", f"action:grant-accepted actor:{US_NODE}"),
        ("all but one action", "-action:receipt"),
        ("a negated field beside the same", "action:receipt -action:receipt"),
        ("an agency is no node", f"party:{b.US}"),
        ("a packet", f"packet:{some.packet.hex()}"),
        ("an agreement", f"agreement:{some.agreement_id.hex()}"),
        ("a statement", f"statement:{some.statement_id.hex()}"),
        ("a day", f"created:{DAY}"),
        ("not on that day", f"-created:{DAY}"),
        ("from a day on", "created:2026-06-01.."),
        ("before a day, and from it on", f"created:..2026-05-27 created:{DAY}.."),
        ("a reason", "reason:TL-POL-009"),
    ]
    bad = [
        ("no colon", "outcome"),
        ("no value", "outcome:"),
        ("an unknown field", "result:ok"),
        ("a field in capitals", "Outcome:ok"),
        ("two signs", "--outcome:ok"),
        ("an unknown action", "action:grant"),
        ("an unknown outcome", "outcome:held"),
        ("no URI", "actor:us-justice"),
        ("a digit too few", f"packet:{some.packet.hex()[1:]}"),
        ("digits in capitals", f"statement:{'AB' * 32}"),
        ("an id of another length", f"agreement:{some.packet.hex()}"),
        ("no day of the calendar", "created:2026-02-30"),
        ("a day in another spelling", "created:20260528"),
        ("a range without an end", "created:.."),
        ("a day too late", "created:9999-12-31"),
        ("a line end between terms", "outcome:ok\noutcome:refused"),
        ("another space between terms", "outcome:ok\u3000outcome:refused"),
        ("a space that does not break, in a value", "reason:TL\u00a0POL"),
        ("33 terms", " ".join(["outcome:ok"] * 33)),
    ]
    return [
        {
            "name": name,
            "query": query,
            "finds": [i for i, event in events.items() if parse_query(query).matches(event)],
        }
        for name, query in good
    ], [{"name": name, "query": query, "rule": "A-1", "code": "TL-USE-001"} for name, query in bad]


def cell_vectors() -> Iterator[Json]:
    """Texts, and the cells that a maker writes of them."""
    for text in (
        "criminal-investigation",
        "",
        "1-2",
        "=1+2",
        "+52",
        "-1",
        "@SUM(A1)",
        "＝1",
        " \t=1",
        "\u3000－1",
        "'quoted",
        "\tindented",
        "\r\nsecond",
        "two\rlines",
        "a\tb",
        "bell\u0007",
        "left\u202eright",
        "zero\u200bwidth",
        "filler\u3164",
        "selector\ufe0f",
        "tag\U000e0100",
        "private\ue000",
        "line\u2028",
        "no\u00a0break",
        "e" + "\u0301" * 7,
        "\\u0007",
        "李伟 😀",
        "x;=1+1",
        'x; "=1',
        "x\t-1",
        "x\n＠y",
        "a;b;c",
        "1;-2;+3",
        ";=1",
        "x,=1",
    ):
        yield {"value": text, "cell": safe_cell(text)}
