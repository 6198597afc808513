"""Events as rows: readable columns, and their complete proof (docs/spec/audit-v1.md)."""

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

from tearline.audit.event import Event
from tearline.audit.query import day_of
from tearline.encoding import encode_base64
from tearline.wire.grants import encode_log_opening
from tearline_runtime.file_keys import key_tables

if TYPE_CHECKING:  # every command prints times; not every one needs the node
    from tearline_client.audit.search import FoundEvent

Row = dict[str, object]
Names = Callable[[str], str]

KEYS = key_tables(__package__, "row_keys.toml")["file"]
COLUMNS = tuple(key.name for key in KEYS.keys)
"""Every column of a row, in the order of a file."""


def event_row(event: Event, name: Names = str) -> Row:
    """Returns an event's columns, with ids in hexadecimal.

    Args:
        event: The event.
        name: Maps a URI to its displayed name.
    """
    return {
        "time": iso_text(event.time_ms),
        "action": event.code.value,
        "actor": name(event.actor),
        "counterpart": name(event.counterpart) if event.counterpart else "",
        "party": name(event.party),
        "packet": event.packet.hex()[:12],
        "packet_id": event.packet.hex(),
        "statement": event.statement_id.hex(),
        "agreement": event.agreement_id.hex(),
        "article": event.article,
        "purpose": event.purpose,
        "pseudonym": event.pseudonym.hex(),
        "seconded_by": event.seconded_by.hex(),
        "decisions": [
            {
                "compartment": decision.compartment,
                "category": decision.category,
                "form": decision.form,
                "policies": list(decision.policies),
                "slots": list(decision.slots),
            }
            for decision in event.decisions
        ],
        "outcome": event.outcome.value,
        "reason": event.reason,
        "count": event.count,
    }


class RowWriter:
    """Writes found events as rows; the first row of a checkpoint includes it.

    Args:
        name: Maps a URI to its displayed name.
    """

    def __init__(self, name: Names = str) -> None:
        self._name = name
        self._note = b""

    def row(self, found: "FoundEvent") -> Row:
        """Returns the row of one event, after the earlier ones."""
        proven, note = found.proven, found.note
        told, self._note = note == self._note, note
        return {
            "entry": found.index,
            **event_row(found.event, self._name),
            "opening": encode_base64(encode_log_opening(proven.entry)),
            "path": [encode_base64(node) for node in proven.path],
            "size": proven.size,
            "checkpoint": "" if told else note.decode("utf-8"),
        }


def iso_text(time_ms: int) -> str:
    """Returns a time for programs: ISO 8601 in UTC, such as ``2026-02-17T12:30:00Z``."""
    return time_text(time_ms).replace(" ", "T") + "Z"


def time_text(time_ms: int) -> str:
    """Returns a moment for people, in UTC."""
    day = day_of(time_ms)  # whatever time a hostile log states
    clock = datetime.timedelta(seconds=time_ms // 1000 % 86_400)
    return f"{day} {(datetime.datetime.min + clock).time()}"
