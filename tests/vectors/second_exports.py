"""The second verifier's exports of audits, from docs/spec/audit-v1.md alone: A-7 to A-9.

What is refused ends in a ValueError of the error's code and the rule.
"""

import csv
import io
import json
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any

from vectors.second_basics import need, parse, sha
from vectors.second_log import read_opening, verify_inclusion, verify_note
from vectors.second_schema import Message
from vectors.second_statements import with_attestations
from vectors.second_trust import Trust

PEM = re.compile(
    r"-----BEGIN TEARLINE AUDIT EXPORT-----\n((?:[A-Za-z0-9+/=]{64}\n)*[A-Za-z0-9+/=]{1,64}\n)"
    r"-----END TEARLINE AUDIT EXPORT-----\n"
)
FORMS = ("withheld", "exists", "match", "generalised", "clear")
TERMS = {"action": "code", "packet": "packet", "statement": "statement_id"} | {
    "agreement": "agreement_id"
}


def row_of(event: Message) -> Message:
    """A-7: the readable columns of an event."""
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


def verify_query(query: str, event: Message, where: str) -> None:
    """A-1, of terms that only name values."""
    wanted: dict[str, set[str]] = {}
    for term in query.split():
        field, _, value = term.partition(":")
        wanted.setdefault(field, set()).add(value)
    for field, values in wanted.items():
        held = event[TERMS.get(field, field)]
        text = held.hex() if isinstance(held, bytes) else held
        need(text in values, f"TL-LOG-029 A-9: {where} is not found by the query")


def rows_in(text: str, form: str) -> list[Message]:
    """The rows of a file."""
    if form == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    rows: list[Message] = list(csv.DictReader(io.StringIO(text, newline="")))
    return [
        row
        | {name: int(row[name]) for name in ("entry", "size", "count")}
        | {name: json.loads(row[name]) for name in ("decisions", "path")}
        for row in rows
    ]


def verify_row(row: Message, note: Message, where: str) -> Message:
    """A-8; gives the event."""
    path = [b64decode(each) for each in row["path"]]
    opening = read_opening(b64decode(row["opening"]), note["size"], path, note["root"])
    need(opening["index"] == row["entry"], f"TL-LOG-020 A-8: {where} of another index")
    event: Message = opening["fields"]
    told: dict[str, Any] = row_of(event) | {"size": note["size"]}
    wrong = [name for name, value in told.items() if row.get(name, value) != value]
    need(not wrong, f"TL-LOG-020 A-8: {where} differs in {wrong}")
    return event


def verify_export(federation: bytes, armored: str, text: str) -> None:
    """A-9."""
    found = PEM.fullmatch(armored)
    need(found, "TL-USE-001 S-31: no file of that label")
    assert found is not None
    data = b64decode(found[1])
    need(b64encode(data).decode() == found[1].replace("\n", ""), "TL-USE-001 S-31: spelling")
    manifest = parse("ExportManifest", data)
    signed = with_attestations(manifest["export"])
    need(signed["type"] == 11, "TL-PKT-001 A-9: no export")
    export = parse("AuditExport", signed["body"])
    size, root = re.findall(r"\A[^\n]+\n(\d+)\n([^\n]+)\n", export["checkpoint"])[0]
    known = Trust(federation, is_partial=True)
    for entry in manifest["entries"]:
        leaf = sha(b"\0", entry["content"])
        path, index = entry["path"], entry["index"]
        verify_inclusion(leaf, index, int(size), path, b64decode(root), "A-9")
        known.read(index, entry["content"])
    log = known.members.at(1 << 62)[0]["log"]
    try:
        note = verify_note(export["checkpoint"], log["origin"], log["verifier_keys"])
        times = [line["time_s"] or 0 for line in note["signed"]]
        known.verify(signed, note["size"], max(times) * 1000)
    except ValueError as error:
        raise ValueError(f"{error} (A-9)") from None
    need(sha(text.encode()) == export["digest"], "TL-LOG-029 A-9: another digest")
    rows, last, proven = rows_in(text, export["format"]), -1, ""
    need(len(rows) == export["entries"], "TL-LOG-029 A-9: another number of rows")
    for number, row in enumerate(rows, 1):
        proven = row["checkpoint"] or proven
        where = f"row {number}"
        need(proven == export["checkpoint"], f"TL-LOG-029 A-9: {where}: another checkpoint")
        try:
            event = verify_row(row, note, where)
        except ValueError as error:
            raise ValueError(f"{error} (A-8)") from None
        verify_query(export["query"], event, where)
        need(row["entry"] > last, f"TL-LOG-029 A-9: {where} is out of order")
        last = row["entry"]
