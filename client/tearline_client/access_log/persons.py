"""Entries of the access log on sign-ins, and on changes of the agency's persons."""

import secrets
from collections.abc import Callable

from tearline.audit.event import Event, EventOutcome
from tearline.statements.statement import HASH_SIZE
from tearline_client.persons.changes import PersonAct
from tearline_client.store.access import AccessStore


class PersonLog:
    """Recorder of sign-ins and changes of persons; their callers check permission.

    Args:
        store: The access log's storage.
        node: The node's URI.
        now_ms: Returns the time, Unix milliseconds.
    """

    def __init__(self, store: AccessStore, node: str, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._node = node
        self._now_ms = now_ms

    def record(self, act: PersonAct) -> None:
        """Records an act that is about to be done.

        Raises:
            StoreError: If the entry cannot be written: then the act must not be done.
        """
        event = Event(
            statement_id=secrets.token_bytes(HASH_SIZE),
            code=act.code,
            party=self._node,
            time_ms=self._now_ms(),
            actor=act.by or self._node,
            counterpart=act.person,
            purpose=act.detail,
            outcome=EventOutcome.REFUSED if act.refused else EventOutcome.OK,
            reason=act.refused,
        )
        with self._store.database.transaction():
            self._store.append([event])
