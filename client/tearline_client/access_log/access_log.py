"""Recording of local reads in the node's own access log, before each act.

An entry names the act, the person or the node, and the packet and slots shown, never a value. The
act's id holds a keyed hash of a search text. With the value and this node, one can verify a search
for it; without the value, the text cannot be recovered.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping

from tearline.audit.event import Decision, Event, EventCode, EventOutcome
from tearline.encoding import label
from tearline.errors import NotPermitted
from tearline.packets.packet import OpenedField
from tearline.statements.statement import HASH_SIZE, ActedBy
from tearline_client.planning.search_text import folded
from tearline_client.store.access import AccessStore

Shown = Mapping[bytes, Iterable[OpenedField]]
"""Fields shown by an act, by the packet's id."""

_TAG_SIZE = HASH_SIZE // 2


class AccessLog:
    """Recorder of the access log.

    Args:
        store: Its storage.
        node: The node's URI.
        key: 32 bytes that hide search texts.
        now_ms: Returns the time, Unix milliseconds.
        reader: Returns the reader by the given name and whether contents are shown: the person's
            name, or empty for the node.
        verify: Verifies that these packets may be shown.
        subject: Returns the agency's own name of an acting person; empty if it is unknown.
    """

    def __init__(
        self,
        store: AccessStore,
        node: str,
        key: bytes,
        now_ms: Callable[[], int],
        reader: Callable[[str, bool], str],
        verify: Callable[[Iterable[bytes]], None],
        subject: Callable[[ActedBy], str] = lambda acted_by: "",
    ) -> None:
        self.store = store
        self._node = node
        self._key = key
        self._now_ms = now_ms
        self._reader = reader
        self._verify = verify
        self._subject = subject

    def record(
        self,
        code: EventCode,
        shown: Shown,
        *,
        person: str = "",
        sought: str | None = None,
        refused: str = "",
        about: str = "",
        detail: str = "",
    ) -> None:
        """Records an act that is about to be done; it may be done after this returns.

        Args:
            code: The act.
            shown: The fields shown, with one entry per packet; one entry if none are.
            person: The acting person, if named by the caller.
            sought: The text of a search.
            refused: Code of the error that refuses the act, so that nothing is shown; or empty.
            about: Name of the service account that the act concerns.
            detail: Id of the draft that the act concerns.

        Raises:
            RestoreUnread: If a packet may have been recalled since this node was restored.
            TlsError: If the named person is not logged in, or may not see contents.
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
                counterpart=about,
                packet=packet,
                purpose=detail,
                decisions=decided,
                outcome=EventOutcome.REFUSED if refused else EventOutcome.OK,
                reason=refused,
            )
            for packet, decided in decisions.items()
        ]
        with self.store.database.transaction():
            self.store.append(events)

    def act(
        self,
        name: str,
        about: bytes = b"",
        *,
        packet: bytes = b"",
        person: str | None = None,
        acted_by: ActedBy | None = None,
    ) -> None:
        """Records an act on this node's state or statements; the caller does it afterwards.

        An act that is refused afterwards has an entry, too.

        Args:
            name: The act: a noun and a verb.
            about: Id of its subject, or empty.
            packet: Its packet, or empty.
            person: The acting person; empty for the one who is logged in.
            acted_by: The acting person under a pseudonym, in place of ``person``. The node itself
                acts if neither is given.

        Raises:
            TlsError: If the named person is not logged in; or if several are, and none is named.
            StoreError: If the entry cannot be written: then the act must not be done.
        """
        actor = ""
        if acted_by is not None:
            actor = self._subject(acted_by)
        elif person is not None:
            actor = self._reader(person, False)
        event = Event(
            statement_id=self._act_id(None),
            code=EventCode.ACCESS_ACTED,
            party=self._node,
            time_ms=self._now_ms(),
            actor=actor or self._node,
            pseudonym=acted_by.pseudonym if acted_by else b"",
            packet=packet,
            purpose=f"{name} {about.hex()}".strip(),
        )
        with self.store.database.transaction():
            self.store.append([event])

    def verify_reader(self, person: str = "", *, sought: str | None = None) -> None:
        """Checks that contents may be shown to a person, before any packet is opened.

        A refused search is an entry, too. So a refusal does not depend on contents.

        Args:
            person: The acting person, if named by the caller.
            sought: The text of a search.

        Raises:
            TlsError: If the named person is not logged in, or may not see contents.
            StoreError: If the entry of a refused search cannot be written.
        """
        try:
            self._reader(person, True)
        except NotPermitted:
            if sought is not None:
                self.record(EventCode.ACCESS_SEARCH, {}, person=person, sought=sought)
            raise

    def reader(self, person: str = "") -> str:
        """Returns the agency's own name of the reader; empty for the node itself.

        Raises:
            TlsError: If the named person is not logged in.
        """
        return self._reader(person, False)

    def has_sought(self, event: Event, text: str) -> bool:
        """Returns whether a logged search was for ``text``, in any case or script."""
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
    """Yields the slots shown, by category and form; a reader may not know their compartments."""
    slots: dict[tuple[str, str], list[int]] = {}
    for opened in fields:
        kind = opened.field.marking.category, opened.field.form.text
        slots.setdefault(kind, []).append(opened.slot)
    for (category, form), shown in sorted(slots.items()):
        yield Decision(
            compartment=0, category=category, form=form, policies=(), slots=tuple(sorted(shown))
        )
