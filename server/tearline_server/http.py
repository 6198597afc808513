"""The ports in plain HTTP: the monitoring port, and the port of the metrics.

Nothing there could be changed, and every answer is the same for everybody; it is the operator
who decides who reaches them. The monitoring port shows the log to foreign readers
(c2sp.org/tlog-tiles) and health: ``/healthz`` answers 200 where the exchange can sign, append
and read, and 503 otherwise. Metrics tell how busy an exchange is, which is not for those
readers: so they have a port of their own.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tearline.errors import TearlineError
from tearline.limits import HEALTH_S
from tearline.web import NEVER, TEXT, listening, log_application, refusal, reply
from tearline_server.exchange import Exchange
from tearline_server.metrics import MEDIA_TYPE, Metrics

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
        try:
            async with asyncio.timeout(HEALTH_S):
                # Signs and stores a checkpoint, if the last is a minute old.
                await exchange.entries(0, 1)
        except TimeoutError:
            return refusal(503)
        return reply(b"ok\n", TEXT, NEVER)

    return listening(
        address, log_application(exchange, pages={"/healthz": health}, fault=_log_fault)
    )


def measured(
    address: str, exchange: Exchange, metrics: Metrics
) -> AbstractAsyncContextManager[int]:
    """Serves the port of the metrics in this event loop, and drains it in the end; gives it.

    Args:
        address: host:port; port 0 takes a free one.
        exchange: Whose they are.
        metrics: What was measured.

    Raises:
        SettingInvalid: If the address cannot be listened on.
    """

    async def answer(_: Request) -> Response:
        return reply(metrics.text(exchange.vitals), MEDIA_TYPE, NEVER)

    return listening(address, Starlette(routes=[Route("/metrics", answer)]))


def _log_fault(error: TearlineError) -> None:
    _log.error("a reader was not answered", extra={"code": error.code})
