"""Duties of a node, by statement type: what it queues by itself."""

from collections.abc import Callable, Mapping
from typing import Any

from tearline.statements.statement import StatementType
from tearline_client.context import NodeContext
from tearline_client.jobs import Jobs
from tearline_client.rules.handler import StatementHandler

Duty = Callable[[NodeContext], object]


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

    def reseal(self) -> bool:
        """Queues statements that were returned undelivered, sealed anew to their recipients.

        Returns:
            Whether there were any.
        """
        found = [self._attempt(each, each.reseal) for each in self._handlers.values()]
        return any(found)

    def run_due(self) -> None:
        """Performs the duties of each round."""
        for each in self._handlers.values():
            self._attempt(each, each.run_due)

    def answer(self) -> None:
        """Queues the statements that arrivals require."""
        for each in self._handlers.values():
            self._attempt(each, each.answer)

    def _attempt(self, handler: StatementHandler[Any], duty: Duty) -> object:
        with Jobs(self._context).attempt(handler.type.name.lower().replace("_", " ")):
            return duty(self._context)
        return None
