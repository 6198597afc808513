"""The log of calls: a line for each that ended, as far as the settings and a bound allow.

A line names the node that called, the method, how it ended, and sizes; never a statement or a
packet. Metrics count all calls; the lines are for whoever looks for one of them.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from tearline.errors import ExchangeBusy
from tearline.limits import CALL_LINES_S

_log = logging.getLogger(__name__)

_ID_BYTES = 8


@dataclass(slots=True, kw_only=True)
class Call:
    """A call under way: what its line will say.

    Attributes:
        id: Tells it apart from all others, random.
        method: The full name of its method.
        began_s: When it began, seconds on a clock that never runs backwards.
        caller: The node's URI; the peer's address before that is known.
        agency: The node's agency; empty likewise.
        received: Bytes of its messages.
        sent: Bytes of its answers.
    """

    id: str
    method: str
    began_s: float
    caller: str
    agency: str = ""
    received: int = 0
    sent: int = 0


@dataclass(slots=True, kw_only=True)
class _Second:
    """The lines of one agency in one second, and the calls left out since its last line."""

    began_s: float
    lines: int = 0
    left_out: int = 0

    def take(self, now_s: float) -> bool:
        """Whether there is room for one more line, which is taken."""
        if now_s - self.began_s >= 1:
            self.began_s, self.lines = now_s, 0
        self.lines += 1
        return self.lines <= CALL_LINES_S


class CallLog:
    """Writes the lines.

    Of each agency there are ``CALL_LINES_S`` a second at most: a member that floods the exchange
    must not fill its disk. Callers that were not admitted share those of one agency.

    Args:
        every: A line for each call whose number this divides; 0 for none.
        now_s: Seconds, on a clock that never runs backwards.
    """

    def __init__(self, every: int = 1, now_s: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._now_s = now_s
        self._ended = 0
        self._seconds: dict[str, _Second] = {}  # by agency, of which there are few

    def begin(self, method: str, peer: str) -> Call:
        """Returns a call that begins now.

        Args:
            method: The full name of its method.
            peer: The address that it comes from.
        """
        return Call(
            id=secrets.token_hex(_ID_BYTES), method=method, began_s=self._now_s(), caller=peer
        )

    def end(self, call: Call, code: str) -> None:
        """Writes the line of a call that ended, unless it is left out.

        Args:
            call: The call.
            code: That of its error, ``ok`` or ``cancelled``.
        """
        if not self._every or code == ExchangeBusy.code:
            return  # metrics count those that are told to come again, and they pass
        self._ended += 1
        if self._ended % self._every:
            return
        now_s = self._now_s()
        second = self._seconds.setdefault(call.agency, _Second(began_s=now_s))
        if not second.take(now_s):
            second.left_out += 1
            return
        line: dict[str, object] = {
            "request": call.id,
            "caller": call.caller,
            "method": call.method,
            "code": code,
            "duration_ms": round((now_s - call.began_s) * 1000, 3),
            "received_bytes": call.received,
            "sent_bytes": call.sent,
        }
        if second.left_out:
            line["left_out"], second.left_out = second.left_out, 0
        _log.info("call", extra=line)
