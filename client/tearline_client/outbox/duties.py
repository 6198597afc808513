"""Duties of a node, by statement type: what it queues by itself."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from tearline.statements.statement import StatementType
from tearline_client.context import NodeContext
from tearline_client.jobs import Jobs
from tearline_client.rules.handler import StatementHandler


class Duties:
    """Performs the duties of each type; one that fails stops no other, as in ``Jobs``.

    The caller has read the log, and flushes the outbox afterwards.

    Args:
        context: The node.
        handlers: The duties of each statement type.
    """

    def __init__(
        self, context: NodeContext, handlers: Mapping[StatementType, StatementHandler[Any]]
    ) -> None:
        self._context = context
        self._handlers = handlers

    def reseal(self) -> Mapping[bytes, bytes]:
        """Queues statements that were returned undelivered, sealed anew to their recipients.

        Returns:
            The ids of the new statements, by the id of the old one.
        """
        anew: dict[bytes, bytes] = {}
        for each in self._handlers.values():
            with self._attempt(each):
                anew.update(each.reseal(self._context))
        return anew

    def run_due(self) -> None:
        """Performs the duties of each round."""
        for each in self._handlers.values():
            with self._attempt(each):
                each.run_due(self._context)

    def answer(self) -> None:
        """Queues the statements that arrivals require."""
        for each in self._handlers.values():
            with self._attempt(each):
                each.answer(self._context)

    def _attempt(self, handler: StatementHandler[Any]) -> AbstractContextManager[None]:
        return Jobs(self._context).attempt(handler.type.name.lower().replace("_", " "))
