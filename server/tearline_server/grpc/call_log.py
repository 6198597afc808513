"""Log of calls: one line per finished call, within the setting and a rate bound.

A line names the calling node, the method, the outcome and sizes; never a statement or a packet.
Metrics count all calls; the lines identify single ones.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tearline.errors import ExchangeBusy
from tearline.limits import CALL_LINES_S
from tearline_runtime.grpc.request_id import new_request_id
from tearline_runtime.traces import Attribute, SpanName, span

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Call:
    """Running call, with the fields of its log line.

    Attributes:
        id: Random id.
        method: The full name of its method.
        began_s: Its start, seconds on a monotonic clock.
        caller: The node's URI; the peer's address before the node is known.
        node_request: The caller's own request id; empty without one.
        agency: The node's agency; empty before it is known.
        received: Bytes of its messages.
        sent: Bytes of its answers.
    """

    id: str
    method: str
    began_s: float
    caller: str
    node_request: str = ""
    agency: str = ""
    received: int = 0
    sent: int = 0


@contextmanager
def traced(call: Call) -> Iterator[None]:
    """Measures a call as a span, with the request ids of both sides."""
    with span(SpanName.CALL, method=call.method) as made:
        made.note(Attribute.REQUEST, [bytes.fromhex(call.id)])
        made.note(Attribute.NODE_REQUEST, filter(None, [bytes.fromhex(call.node_request)]))
        try:
            yield
        finally:
            made.add(Attribute.BYTES_RECEIVED, call.received)
            made.add(Attribute.BYTES_SENT, call.sent)


@dataclass(slots=True, kw_only=True)
class _Second:
    """Log lines of one agency in one second, and the calls omitted since its last line."""

    began_s: float
    lines: int = 0
    left_out: int = 0

    def take(self, now_s: float) -> bool:
        """Reserves one more line; returns whether there was room."""
        if now_s - self.began_s >= 1:
            self.began_s, self.lines = now_s, 0
        self.lines += 1
        return self.lines <= CALL_LINES_S


class CallLog:
    """Writer of the log lines.

    Each agency gets at most ``CALL_LINES_S`` lines a second, so a flood of calls cannot fill the
    exchange's disk. Callers that were not admitted share one such rate.

    Args:
        every: Logs one of this many calls; 0 for none.
        now_s: Seconds on a monotonic clock.
    """

    def __init__(self, every: int = 1, now_s: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._now_s = now_s
        self._ended = 0
        self._seconds: dict[str, _Second] = {}  # by agency, of which there are few

    def begin(self, method: str, peer: str, node_request: str = "") -> Call:
        """Returns a call that starts now.

        Args:
            method: The full name of its method.
            peer: The address of its peer.
            node_request: The caller's own request id; empty without one.
        """
        return Call(
            id=new_request_id(),
            method=method,
            began_s=self._now_s(),
            caller=peer,
            node_request=node_request,
        )

    def end(self, call: Call, code: str) -> None:
        """Writes the line of a finished call, unless it is omitted.

        Args:
            call: The call.
            code: Code of its error, ``ok`` or ``cancelled``.
        """
        if not self._every or code == ExchangeBusy.code:
            return  # these are temporary, and metrics count them
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
        if call.node_request:
            line["node_request"] = call.node_request
        if second.left_out:
            line["left_out"], second.left_out = second.left_out, 0
        _log.info("call", extra=line)
