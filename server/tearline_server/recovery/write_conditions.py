"""Conditions under which the exchange writes: a whole log, a settled restore, a trusted clock."""

from collections.abc import Callable

from tearline.errors import ClockDoubted
from tearline_server.recovery.resume import ResumeBarrier
from tearline_server.storage.rows import Head
from tearline_server.timekeeper import Timekeeper
from tearline_server.tlog.log import AuditLog


class WriteConditions:
    """Conditions under which the exchange writes.

    Args:
        log: The log, which must hold all that it signed.
        resume_barrier: The restore, which must be settled with the cosigning nodes.
        timekeeper: The clock, which must be trusted.
        head: Returns the head of the log, whose time the clock must have reached; None before the
            first entry.
    """

    def __init__(
        self,
        log: AuditLog,
        resume_barrier: ResumeBarrier,
        timekeeper: Timekeeper,
        head: Callable[[], Head | None],
    ) -> None:
        self._log = log
        self._resume_barrier = resume_barrier
        self._timekeeper = timekeeper
        self._head = head

    def verify(self) -> None:
        """Checks that the exchange may write.

        Raises:
            LogBehind: If more was signed than is stored.
            ExchangeBusy: If a restore is not settled yet.
            ClockDoubted: If the clock is in doubt, or the log is ahead of it.
        """
        self._log.verify_whole()
        self._resume_barrier.verify_begun()
        self._verify_time()

    @property
    def are_met(self) -> bool:
        """Returns whether the exchange may write."""
        return self._log.is_whole and self._resume_barrier.has_begun and self.is_time_right

    @property
    def is_time_right(self) -> bool:
        """Returns whether the clock is trusted and the log is not ahead of it."""
        try:
            self._verify_time()
        except ClockDoubted:
            return False
        return True

    def _verify_time(self) -> None:
        head = self._head()
        self._timekeeper.verify(head.time_ms if head else 0)
