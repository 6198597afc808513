"""Plain HTTP ports: the monitoring port, and the metrics port.

Both are read-only and anonymous; the operator controls access to them. The monitoring port serves
the log to public readers (c2sp.org/tlog-tiles), and health. ``/healthz`` answers 200 if the
exchange can sign, append and read, else 503. Metrics reveal the load of an exchange, so they have
their own port.
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
from tearline_runtime.http import NEVER, TEXT, listening, log_application, refusal, reply
from tearline_server.exchange import Exchange
from tearline_server.observability.metrics import MEDIA_TYPE, Metrics

_log = logging.getLogger(__name__)


def monitored(
    address: str, exchange: Exchange, is_serving: Callable[[], bool]
) -> AbstractAsyncContextManager[int]:
    """Returns a context that serves the monitoring port and drains it; yields the port.

    Args:
        address: host:port; port 0 picks a free one.
        exchange: The exchange.
        is_serving: Whether calls are accepted and the last change was written.

    Raises:
        SettingInvalid: If the address cannot be bound.
    """

    async def health() -> Response:
        if not is_serving():
            return refusal(503)
        try:
            async with asyncio.timeout(HEALTH_S):
                # Signs and stores a checkpoint if the last one is a minute old.
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
    """Returns a context that serves the metrics port and drains it; yields the port.

    Args:
        address: host:port; port 0 picks a free one.
        exchange: The exchange.
        metrics: Its metrics.

    Raises:
        SettingInvalid: If the address cannot be bound.
    """

    async def answer(_: Request) -> Response:
        return reply(metrics.text(exchange.snapshot), MEDIA_TYPE, NEVER)

    return listening(address, Starlette(routes=[Route("/metrics", answer)]))


def _log_fault(error: TearlineError) -> None:
    _log.error("read failed", extra={"code": error.code})
