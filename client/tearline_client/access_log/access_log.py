"""Who reads what here: each act an entry of the node's own access log, before it is done.

An entry names the act, the person or the node, and the packet and slots that were shown; never
a value. What was searched for is kept as a keyed hash in the act's id: whoever has a value and
this node can tell whether somebody looked for it, and nobody can tell what was looked for.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping

from tearline.audit.event import Decision, Event, EventCode
from tearline.encoding import label
from tearline.packets.packet import OpenedField
from tearline.statements.statement import HASH_SIZE
from tearline_client.planning.text_search import folded
from tearline_client.store.access import AccessStore

Shown = Mapping[bytes, Iterable[OpenedField]]
"""What an act shows: the fields of each packet, by the packet's id."""

_TAG_SIZE = HASH_SIZE // 2


class AccessLog:
    """The access log at work.

    Args:
        store: Where it is kept.
        node: The node's URI.
        key: 32 bytes that hide what was searched for.
        now_ms: The time, Unix milliseconds.
        reader: Tells who reads, by the name given and whether contents are shown: the person's
            name, or nothing for the node.
        verify: Checks that these packets may be shown.
    """

    def __init__(
        self,
        store: AccessStore,
        node: str,
        key: bytes,
        now_ms: Callable[[], int],
        reader: Callable[[str, bool], str],
        verify: Callable[[Iterable[bytes]], None],
    ) -> None:
        self.store = store
        self._node = node
        self._key = key
        self._now_ms = now_ms
        self._reader = reader
        self._verify = verify

    def record(
        self, code: EventCode, shown: Shown, *, person: str = "", sought: str | None = None
    ) -> None:
        """Writes that an act is about to be done; it may be done once this returns.

        Args:
            code: The act.
            shown: What it shows, one entry for each packet; one entry where it is nothing.
            person: Who acts, where the caller named somebody.
            sought: Of a search, what for.

        Raises:
            RestoreUnread: If what is shown may have been recalled since this node was restored.
            TlsError: If the person named is not logged in, or may be shown no contents.
            StoreError: If the entry cannot be written: then the act must not be done.
        """
        self._verify(shown or ())
        decisions = {
            packet: tuple(_decisions(fields)) for packet, fields in (shown or {b"": ()}).items()
        }
        actor = self._reader(person, any(decisions.values())) or self._node
        act_id = self._act_id(sought)
        now_ms = self._now_ms()
        events = [
            Event(
                statement_id=act_id,
                code=code,
                party=self._node,
                time_ms=now_ms,
                actor=actor,
                packet=packet,
                decisions=decided,
            )
            for packet, decided in decisions.items()
        ]
        with self.store.database.transaction():
            self.store.append(events)

    def reader(self, person: str = "") -> str:
        """Who reads, by the agency's own name; empty where it is the node itself.

        Raises:
            TlsError: If the person named is not logged in.
        """
        return self._reader(person, False)

    def has_sought(self, event: Event, text: str) -> bool:
        """Whether a search of the log was for ``text``, in whatever case or script."""
        if event.code is not EventCode.ACCESS_SEARCH:
            return False
        nonce, tag = event.statement_id[:_TAG_SIZE], event.statement_id[_TAG_SIZE:]
        return hmac.compare_digest(tag, self._tag(nonce, text))

    def _act_id(self, sought: str | None) -> bytes:
        nonce = secrets.token_bytes(_TAG_SIZE)
        return nonce + (
            secrets.token_bytes(_TAG_SIZE) if sought is None else self._tag(nonce, sought)
        )

    def _tag(self, nonce: bytes, text: str) -> bytes:
        message = label("access-sought") + nonce + folded(text).encode()
        return hmac.digest(self._key, message, hashlib.sha256)[:_TAG_SIZE]


def _decisions(fields: Iterable[OpenedField]) -> Iterator[Decision]:
    """The slots shown, by category and form; a reader does not know every slot's compartment."""
    slots: dict[tuple[str, str], list[int]] = {}
    for opened in fields:
        kind = opened.field.marking.category, opened.field.form.text
        slots.setdefault(kind, []).append(opened.slot)
    for (category, form), shown in sorted(slots.items()):
        yield Decision(
            compartment=0, category=category, form=form, policies=(), slots=tuple(sorted(shown))
        )
