"""The port of a node's metrics and health, in plain HTTP.

It is for monitoring. It permits no change and names no person, partner or packet. Every figure
equals the one in ``node status`` or of the services.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tearline.errors import StoreError
from tearline.requests.step import Side
from tearline_client.loop_health import LoopHealth
from tearline_client.node import Node
from tearline_client.service.metrics import MEDIA_TYPE, Metrics, Snapshot
from tearline_client.siem import Sink
from tearline_runtime.http import NEVER, TEXT, listening, refusal, reply


def is_ready(node: Node, pulse: LoopHealth) -> bool:
    """Returns whether a running node can work.

    The last round was complete and recent, so the exchange's answers are stored. The log is
    fresh, by a clock that agrees, and the signing key is valid.
    """
    return pulse.is_well(node.now_ms()) and node.is_ready()


async def vitals_of(node: Node, pulse: LoopHealth, sinks: Sequence[Sink] = ()) -> Snapshot:
    """Returns the current state of a running node.

    The node continues to work meanwhile: long steps are divided.
    """
    requests_overdue = await _requests_overdue(node)
    backlog = node.audit.backlog(sinks)
    return Snapshot(
        ready=is_ready(node, pulse),
        reached_ms=pulse.reached_ms,
        jobs=node.jobs_waiting(),
        free_bytes=node.home.free_bytes,
        failed=pulse.failed,
        status=node.status(),
        checkpoint_s=node.known_ms() // 1000,
        cosigned=node.cosigning.seen.size,
        partner_cosigned_s=max((each.time_s for each in node.log.cosigners()), default=0),
        ahead_of_cosignature=node.packets.count_awaiting(),
        for_second=node.approvals.count(),
        recalls_open=node.recalls.count_open(),
        recalls_overdue=len(node.recalls.overdue()),
        requests_overdue=requests_overdue,
        kept_too_long=pulse.kept_too_long,
        audit_backlog=backlog.entries if sinks else None,
        audit_since_ms=backlog.since_ms,
    )


async def _requests_overdue(node: Node) -> Counter[Side]:
    late: Counter[Side] = Counter()
    for request in node.requests.unsettled():
        late[request.side] += node.requests.is_overdue(request)
        await asyncio.sleep(0)  # each is replayed from its steps: thousands would block the loop
    return late


def monitored(
    address: str,
    node: Node,
    pulse: LoopHealth,
    report: Callable[[str], None],
    sinks: Sequence[Sink] = (),
) -> AbstractAsyncContextManager[int]:
    """Serves the port in this event loop, and drains it at the end; yields the port.

    Args:
        address: host:port; port 0 selects a free one.
        node: The monitored node.
        pulse: Health of its rounds.
        report: Called with each fault here.
        sinks: Receivers of the node's own access log.

    Raises:
        SettingInvalid: If the server cannot listen on the address.
    """
    metrics = Metrics()

    async def health(_: Request) -> Response:
        node.status()  # from its database, which must answer
        return reply(b"ok\n", TEXT, NEVER)

    async def readiness(_: Request) -> Response:
        return reply(b"ok\n", TEXT, NEVER) if is_ready(node, pulse) else refusal(503)

    async def measures(_: Request) -> Response:
        return reply(metrics.text(await vitals_of(node, pulse, sinks)), MEDIA_TYPE, NEVER)

    async def refuse(_: Request, error: Exception) -> Response:
        report(f"The port of the metrics could not answer: {error}")
        return refusal(503)

    pages = {"/healthz": health, "/readyz": readiness, "/metrics": measures}
    routes = [Route(path, page) for path, page in pages.items()]
    return listening(address, Starlette(routes=routes, exception_handlers={StoreError: refuse}))
