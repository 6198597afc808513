"""The second verifier's exports of audits, from docs/spec/audit-v1.md alone: A-1, A-4 to A-6.

What is refused ends in a ValueError of the error's code and the rule.
"""

import csv
import io
import json
import re
import unicodedata
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime
from typing import Any

from vectors.second_basics import need, parse, sha
from vectors.second_log import read_opening, verify_inclusion, verify_note
from vectors.second_schema import TEXTS, Message
from vectors.second_statements import with_attestations
from vectors.second_trust import Trust

PEM = re.compile(
    r"-----BEGIN TEARLINE AUDIT EXPORT-----\n((?:[A-Za-z0-9+/=]{64}\n)*[A-Za-z0-9+/=]{1,64}\n)"
    r"-----END TEARLINE AUDIT EXPORT-----\n"
)
COLUMNS = {"action": "code", "statement": "statement_id", "agreement": "agreement_id"}
TERM = re.compile(
    rf"(-?)(?:(actor|party):({TEXTS['Header.signer']})|(action):({TEXTS['Event.code']})|(outcome):(ok|refused)"
    r"|(packet|statement):([0-9a-f]{64})|(agreement):([0-9a-f]{32})|(reason):(\S+)"
    r"|(created):((?!\.\.$)(?:\d{4}-\d\d-\d\d)?(?:\.\.)?(?:\d{4}-\d\d-\d\d)?))"
)
HIDDEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def row_of(event: Message) -> Message:
    """A-4: the readable columns of an event."""
    time = datetime.fromtimestamp(event["time_ms"] // 1000, UTC)
    hexed = {name: event[name].hex() for name in ("packet", "pseudonym", "seconded_by")}
    names = ("actor", "counterpart", "party", "article", "purpose", "outcome", "reason", "count")
    return {
        **{name: event[name] for name in names},
        **hexed,
        "time": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "action": event["code"],
        "packet": hexed["packet"][:12],
        "packet_id": hexed["packet"],
        "statement": event["statement_id"].hex(),
        "agreement": event["agreement_id"].hex(),
        "decisions": [dict(each) for each in event["decisions"]],
    }


def days_of(value: str) -> tuple[date, date]:
    """The first and the last day of a range."""
    ends = value.split("..") if ".." in value else [value, value]
    first, last = ends[0] or "1970-01-01", ends[1] or "9999-12-30"
    return date.fromisoformat(first), date.fromisoformat(last)


def read_query(query: str) -> list[tuple[str, str, str]]:
    """A-1: of each term, its sign, field and value."""
    terms = [TERM.fullmatch(term) for term in re.split("[ \t]+", query.strip(" \t")) if term]
    need(all(terms) and len(terms) <= 32, "TL-USE-001 A-1: no query")
    found = []
    for term in terms:
        sign, field, value = (each for each in term.groups() if each is not None) if term else ()
        if field == "created":
            try:
                first, last = days_of(value)
            except ValueError:
                raise ValueError("TL-USE-001 A-1: no day") from None
            need(date(1970, 1, 1) <= min(first, last), "TL-USE-001 A-1: too early a day")
            need(max(first, last) <= date(9999, 12, 30), "TL-USE-001 A-1: too late a day")
        odd = any(unicodedata.category(each)[0] in "CZ" for each in value)
        need(not odd, "TL-USE-001 A-1: no character of a value")
        found.append((sign, field, value))
    return found


def holds(field: str, value: str, event: Message) -> bool:
    """A-1, of one term."""
    if field == "created":
        first, last = days_of(value)
        return first <= datetime.fromtimestamp(event["time_ms"] // 1000, UTC).date() <= last
    held = event[COLUMNS.get(field, field)]
    return bool((held.hex() if isinstance(held, bytes) else held) == value)


def finds(query: str, event: Message) -> bool:
    """A-1: whether a query finds an event."""
    by_field: dict[str, list[bool]] = {}
    for number, (sign, field, value) in enumerate(read_query(query)):
        name = f"{field} {number}" if sign or field == "created" else field
        by_field.setdefault(name, []).append(holds(field, value, event) != bool(sign))
    return all(map(any, by_field.values()))


def cell_of(text: str) -> str:
    """A-4: a text as a cell of CSV."""
    shown, marks = "", 0
    for char in re.sub("\r\n?", "\n", text):
        kind = unicodedata.category(char)
        marks = marks + 1 if kind[0] == "M" else 0
        escaped = kind in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and char not in "\t\n"
        escaped |= marks > 6 or bool(HIDDEN.match(char))
        shown += json.dumps(char)[1:-1] if escaped else char
    marked = shown.startswith(("\t", "\n", "'")) or re.match(r"\s*[=+\-@＝＋－＠]", shown)
    parts = re.sub(r"(?<=[;\t\n])([\s\"]*)(?=[=+\-@＝＋－＠])", r"\1'", shown)
    return f"'{parts}" if marked else parts


def verify_query(query: str, event: Message, where: str) -> None:
    """A-6, of the query."""
    need(finds(query, event), f"TL-LOG-029 A-6: {where} is not found by the query")


def no_json(constant: str) -> None:
    raise ValueError(f"TL-USE-001 A-5: {constant} is no JSON")


def rows_in(text: str, form: str) -> list[Message]:
    """The rows of a file."""
    if form == "jsonl":
        lines = text.splitlines()
        rows: list[Message] = [json.loads(line, parse_constant=no_json) for line in lines]
        for row in rows:
            texts = isinstance(row["checkpoint"], str) and isinstance(row["opening"], str)
            numbers = isinstance(row["entry"], int) and isinstance(row["size"], int)
            need(texts and numbers, "TL-USE-001 A-5: a value of another type")
        return rows
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    return [
        row
        | {name: int(row[name]) for name in ("entry", "size", "count")}
        | {name: json.loads(row[name]) for name in ("decisions", "path")}
        | {"checkpoint": b64decode(row["checkpoint"], validate=True).decode()}
        for row in rows
    ]


def verify_row(row: Message, note: Message, where: str) -> Message:
    """A-5; gives the event."""
    path = [b64decode(each) for each in row["path"]]
    opening = read_opening(b64decode(row["opening"]), note["size"], path, note["root"])
    need(opening["index"] == row["entry"], f"TL-LOG-020 A-5: {where} of another index")
    event: Message = opening["fields"]
    told: dict[str, Any] = row_of(event) | {"size": note["size"]}
    wrong = [name for name, value in told.items() if row.get(name, value) != value]
    need(not wrong, f"TL-LOG-020 A-5: {where} differs in {wrong}")
    return event


def verify_export(federation: bytes, armored: str, text: str) -> None:
    """A-6."""
    found = PEM.fullmatch(armored)
    need(found, "TL-USE-001 S-22: no file of that label")
    assert found is not None
    data = b64decode(found[1])
    need(b64encode(data).decode() == found[1].replace("\n", ""), "TL-USE-001 S-22: spelling")
    manifest = parse("ExportManifest", data)
    signed = with_attestations(manifest["export"])
    need(signed["type"] == 11, "TL-PKT-001 A-6: no export")
    export = parse("AuditExport", signed["body"])
    size, root = re.findall(r"\A[^\n]+\n(\d+)\n([^\n]+)\n", export["checkpoint"])[0]
    known = Trust(federation, is_partial=True)
    for entry in manifest["entries"]:
        leaf = sha(b"\0", entry["content"])
        path, index = entry["path"], entry["index"]
        verify_inclusion(leaf, index, int(size), path, b64decode(root), "A-6")
        known.read(index, entry["content"])
    log = known.members.at(1 << 62)[0]["log"]
    try:
        note = verify_note(export["checkpoint"], log["origin"], log["verifier_keys"])
        times = [line["time_s"] or 0 for line in note["signed"]]
        known.verify(signed, note["size"], max(times) * 1000)
    except ValueError as error:
        raise ValueError(f"{error} (A-6)") from None
    need(sha(text.encode()) == export["digest"], "TL-LOG-029 A-6: another digest")
    is_json = text[:1] in ("", "{")
    need(is_json == (export["format"] == "jsonl") or not text, "TL-LOG-029 A-6: another format")
    rows, last, proven = rows_in(text, export["format"]), -1, ""
    need(len(rows) == export["entries"], "TL-LOG-029 A-6: another number of rows")
    for number, row in enumerate(rows, 1):
        proven = row["checkpoint"] or proven
        where = f"row {number}"
        need(proven == export["checkpoint"], f"TL-LOG-029 A-6: {where}: another checkpoint")
        try:
            event = verify_row(row, note, where)
        except ValueError as error:
            raise ValueError(f"{error} (A-5)") from None
        verify_query(export["query"], event, where)
        need(row["entry"] > last, f"TL-LOG-029 A-6: {where} is out of order")
        last = row["entry"]
