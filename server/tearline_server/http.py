"""The monitoring port: the log for foreign readers (c2sp.org/tlog-tiles), and health.

Nothing that could be changed: every answer is the same for everybody. So it is a port of its
own, and it is the operator who decides who reaches it. ``/healthz`` answers 200 where the
exchange can sign, append and read, and 503 otherwise.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.responses import Response

from tearline.errors import TearlineError
from tearline.web import NEVER, TEXT, listening, log_application, refusal, reply
from tearline_server.exchange import Exchange

_log = logging.getLogger(__name__)


def monitored(
    address: str, exchange: Exchange, is_serving: Callable[[], bool]
) -> AbstractAsyncContextManager[int]:
    """Serves the monitoring port in this event loop, and drains it in the end; gives the port.

    Args:
        address: host:port; port 0 takes a free one.
        exchange: What is asked.
        is_serving: Whether the exchange takes calls, and could write the last change.

    Raises:
        SettingInvalid: If the address cannot be listened on.
    """

    async def health() -> Response:
        if not is_serving():
            return refusal(503)
        await exchange.entries(0, 1)  # signs and stores a checkpoint, if the last is a minute old
        return reply(b"ok\n", TEXT, NEVER)

    return listening(
        address, log_application(exchange, pages={"/healthz": health}, fault=_log_fault)
    )


def _log_fault(error: TearlineError) -> None:
    _log.error("a reader was not answered", extra={"code": error.code})
