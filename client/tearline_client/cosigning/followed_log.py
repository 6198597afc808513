"""The exchange's log as this node follows it: ``node.log``."""

from tearline.tlog.checkpoint import SignedCheckpoint
from tearline_client.context import NodeContext
from tearline_client.store.cosigning import Accusation, Partner


class FollowedLog:
    """The log of the exchange, and the evidence against it.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._cosigning = context.stores.cosigning

    async def follow(self) -> None:
        """Reads the log up to its newest checkpoint; see ``NodeContext.follow``.

        Raises:
            LogError: If the log is not the one followed so far; kept as evidence.
            RequestError: If the exchange does not answer.
        """
        await self._context.follow()

    def checkpoint(self) -> SignedCheckpoint | None:
        """Returns the newest checkpoint that was verified, or None."""
        return self._context.follower.checkpoint()

    def cosigners(self) -> tuple[Partner, ...]:
        """Returns how far each partner cosigned the log, by URI."""
        return self._cosigning.partners()

    def evidence(self) -> tuple[Accusation, ...]:
        """Returns all evidence against the log, oldest first."""
        return self._cosigning.accusations()

    def is_stopped(self) -> bool:
        """Returns whether evidence against the log, or another copy of the node, stops sending."""
        return self._cosigning.is_stopped or bool(self._context.stores.recovery.twin())

    def resume(self, decision: str) -> int:
        """Lifts the stop of sending, and keeps the decision with the evidence.

        Args:
            decision: The officer and the reason.

        Returns:
            The number of accusations that this decided.
        """
        with self._context.stores.database.transaction():
            return self._cosigning.decide(decision)
