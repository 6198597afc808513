"""Notices: local events with ids, stored until every hook was notified.

A notice is written in the transaction of its event, so that a killed node keeps both or neither. It
never includes contents.
"""

import hashlib
import json
from collections.abc import Collection, Mapping

from tearline.dataclass.immutable import immutable
from tearline.encoding import prefixed
from tearline.limits import MAX_NOTICES
from tearline_client.store.database import Store
from tearline_client.store.vault import Column
from tearline_runtime.file_keys import key_tables

_NOTICE = Column("notice", "sealed", ("id",))

EVENTS: Mapping[str, str] = {
    "packet-arrived": "a packet, or a further grant of one, came from a partner",
    "request-arrived": "a partner asks for records",
    "request-due-soon": "the deadline of an answer is near",
    "overdue": "a deadline has passed",
    "suspended": "an agreement, an article or a direction was suspended",
    "resumed": "a suspension was lifted",
    "recall": "a partner recalls its packet",
    "pending": "a release waits for a second person",
    "quarantined": "an arrival was quarantined",
    "alarm": "the log, the exchange or a key is not in order",
    "key-due": "a key must be replaced by command",
}
"""Events, with their meaning."""

KEYS = key_tables(__package__, "notification_keys.toml")
IDS = KEYS["ids"].names
"""Names that a notice may use, beside its event and time."""


@immutable
class Notice:
    """One notice.

    Attributes:
        id: Its number here, ascending.
        event: One of ``EVENTS``.
        time_ms: The time of its log entry, or of this machine without one.
        ids: Its ids; bytes in hexadecimal.
    """

    id: int
    event: str
    time_ms: int
    ids: Mapping[str, str | int]

    def line(self) -> str:
        """Returns the notice as one line of JSON, in ASCII."""
        about = {"event": self.event, "notice": self.id, "time_ms": self.time_ms}
        return json.dumps({**about, **self.ids})


@immutable
class News:
    """Number of notices, without their content.

    Attributes:
        new: Their number.
        last: The number of the last one here.
    """

    new: int
    last: int


class NotificationStore(Store):
    """Notices, and the progress of each hook and channel."""

    def tell(
        self, event: str, *, time_ms: int, once: bytes = b"", **ids: str | bytes | int
    ) -> None:
        """Queues a notice for every hook, inside the caller's transaction.

        Args:
            event: One of ``EVENTS``.
            time_ms: The time of its log entry, or of this machine.
            once: Identifies the occurrence; each occurrence is notified once.
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
        """Returns the first notice of these events after a number, or None."""
        marks = ", ".join("?" * len(events))
        row = self._db.row(
            # Each hook asks every second; other events are not read.
            f"SELECT id, event, time_ms, sealed FROM notice INDEXED BY notice_event"  # noqa: S608 (question marks alone)
            f" WHERE id > ? AND event IN ({marks}) ORDER BY id LIMIT 1",
            (after, *events),
        )
        if row is None:
            return None
        number, event, time_ms, sealed = row
        ids = json.loads(self._db.vault.open(_NOTICE.at(number), sealed))
        return Notice(id=number, event=event, time_ms=time_ms, ids=ids)

    def news(self, after: int, events: Collection[str]) -> News | None:
        """Returns the number of notices of these events after a number, or None without any."""
        marks = ", ".join("?" * len(events))
        # At most ``MAX_NOTICES`` are kept, and few are new.
        row = self._db.row(
            f"SELECT count(*), max(id) FROM notice INDEXED BY notice_event"  # noqa: S608 (question marks alone)
            f" WHERE id > ? AND event IN ({marks})",
            (after, *events),
        )
        return None if row is None or not row[0] else News(new=row[0], last=row[1])

    def begin(self, hook: bytes) -> int:
        """Returns a hook's progress; a new hook starts at the end. In its own transaction."""
        with self._db.transaction():
            self._db.execute(
                "INSERT INTO notice_hook SELECT ?, coalesce(max(id), 0) FROM notice"
                " WHERE true ON CONFLICT DO NOTHING",
                (hook,),
            )
            return int(self._db.value("SELECT told FROM notice_hook WHERE hook = ?", (hook,)))

    def put_told(self, hook: bytes, number: int) -> None:
        """Records a hook's progress, in its own transaction."""
        with self._db.transaction():
            self._db.execute("UPDATE notice_hook SET told = ? WHERE hook = ?", (number, hook))
