"""Log of calls to the exchange: method, outcome, duration and sizes.

It contains no address, statement or packet. Its level is INFO: commands do not show it, and a
running node shows it in its JSON log.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tearline.errors import TearlineError
from tearline_runtime.grpc.request_id import new_request_id
from tearline_runtime.traces import Attribute, SpanName, span

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Call:
    """A call in progress.

    Attributes:
        id: Its request id, which the exchange logs as well.
        sent: Bytes of its messages.
        received: Bytes of its answers.
    """

    id: str
    sent: int = 0
    received: int = 0


@contextmanager
def logged(method: str) -> Iterator[Call]:
    """Logs a call when it has ended; ``code`` is ``ok``, ``cancelled`` or its error's.

    Args:
        method: The full name of its method.
    """
    call, code, began_s = Call(id=new_request_id()), "ok", time.perf_counter()
    try:
        # A stream's context is shared with its reader.
        with span(SpanName.CALL, method=method, holds=False) as traced:
            traced.note(Attribute.REQUEST, [bytes.fromhex(call.id)])
            try:
                yield call
            finally:
                traced.add(Attribute.BYTES_SENT, call.sent)
                traced.add(Attribute.BYTES_RECEIVED, call.received)
    except TearlineError as error:
        code = error.code
        raise
    except (asyncio.CancelledError, GeneratorExit):  # the caller needs no more
        code = "cancelled"
        raise
    finally:
        _log.info(
            "call",
            extra={
                "request": call.id,
                "method": method,
                "code": code,
                "duration_ms": round((time.perf_counter() - began_s) * 1000, 3),
                "sent_bytes": call.sent,
                "received_bytes": call.received,
            },
        )
