"""Notices: that something happened here, by event and ids, until every hook was told.

A notice is written in the transaction that stores what it is about, so neither is there without
the other, whenever the node is killed. Contents are never part of one.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tearline.encoding import prefixed
from tearline.limits import MAX_NOTICES
from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_NOTICE = Column("notice", "sealed", ("id",))

EVENTS: Mapping[str, str] = {
    "packet-arrived": "a packet, or more of one, came from a partner",
    "request-arrived": "a partner asks for records",
    "request-due-soon": "an answer is owed soon",
    "overdue": "something that was owed is late",
    "suspended": "an agreement, an article or a direction was suspended",
    "resumed": "what was suspended was resumed",
    "recall": "a partner recalls what it sent",
    "pending": "a release waits for a second person",
    "quarantined": "something that came was put aside",
    "alarm": "the log, the exchange or a key is not as it must be",
    "key-due": "a key is to be replaced by hand",
}
"""What is told, and when."""

IDS = frozenset(
    {"packet", "grant", "statement", "agreement", "sender", "recipient", "article", "request"}
    | {"case", "corrects", "pending", "code", "key", "until_ms"}
)
"""What a notice may name, beside its event and time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice.

    Attributes:
        id: Its number here, ascending.
        event: One of ``EVENTS``.
        time_ms: The time of the log entry that it is about, or of this machine where none is.
        ids: What it is about; bytes in hexadecimal.
    """

    id: int
    event: str
    time_ms: int
    ids: Mapping[str, str | int]

    def line(self) -> str:
        """The notice as one line of JSON, in ASCII."""
        about = {"event": self.event, "notice": self.id, "time_ms": self.time_ms}
        return json.dumps({**about, **self.ids})


class NotificationStore:
    """Notices, and how far each hook was told of them."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def tell(
        self, event: str, *, time_ms: int, once: bytes = b"", **ids: str | bytes | int
    ) -> None:
        """Has every hook told, inside the caller's transaction.

        Args:
            event: One of ``EVENTS``.
            time_ms: The time of the log entry that it is about, or of this machine.
            once: What tells apart two notices of this event; of the same one is told once.
            ids: Of ``IDS``; never contents.
        """
        if event not in EVENTS or not ids.keys() <= IDS:
            raise ValueError(f"no such notice: {event} {sorted(ids)}")
        named = {
            name: value.hex() if isinstance(value, bytes) else value for name, value in ids.items()
        }
        key = hashlib.sha256(prefixed(event.encode()) + once).digest() if once else None
        number = self._db.next_id("notice")
        sealed = self._db.vault.seal(_NOTICE.at(number), json.dumps(named).encode())
        self._db.execute(
            "INSERT INTO notice (id, event, time_ms, once, sealed) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (once) DO NOTHING",
            (number, event, time_ms, key, sealed),
        )
        self._db.execute(
            "DELETE FROM notice WHERE id <= (SELECT max(id) FROM notice) - ?", (MAX_NOTICES,)
        )

    def next(self, after: int, events: Collection[str]) -> Notice | None:
        """The first notice of these events behind a number, or None."""
        marks = ", ".join("?" * len(events))
        row = self._db.row(
            # Each hook asks every second; what it is not told of is not read.
            f"SELECT id, event, time_ms, sealed FROM notice INDEXED BY notice_event"  # noqa: S608 (question marks alone)
            f" WHERE id > ? AND event IN ({marks}) ORDER BY id LIMIT 1",
            (after, *events),
        )
        if row is None:
            return None
        number, event, time_ms, sealed = row
        ids = json.loads(self._db.vault.open(_NOTICE.at(number), sealed))
        return Notice(id=number, event=event, time_ms=time_ms, ids=ids)

    def begin(self, hook: bytes) -> int:
        """How far a hook was told; of a new one, all that is there, in its own transaction."""
        with self._db.transaction():
            self._db.execute(
                "INSERT INTO notice_hook SELECT ?, coalesce(max(id), 0) FROM notice"
                " WHERE true ON CONFLICT DO NOTHING",
                (hook,),
            )
            return int(self._db.value("SELECT told FROM notice_hook WHERE hook = ?", (hook,)))

    def put_told(self, hook: bytes, number: int) -> None:
        """Notes how far a hook was told, in its own transaction."""
        with self._db.transaction():
            self._db.execute("UPDATE notice_hook SET told = ? WHERE hook = ?", (number, hook))
