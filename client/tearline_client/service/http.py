"""The port of a node's metrics and health, in plain HTTP.

It is for those who watch machines: nothing there could be changed, nobody and nothing is named,
and every figure is the one that ``node status`` or the desks show.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
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
from tearline_runtime.http import NEVER, TEXT, listening, refusal, reply


def is_ready(node: Node, pulse: LoopHealth) -> bool:
    """Whether a node at work does what it is there for.

    The last round was done lately, so the exchange was reached and what it said is stored; the
    log is known freshly, by a clock that agrees; and the signing key counts.
    """
    return pulse.is_well(node.now_ms()) and node.is_ready()


async def vitals_of(node: Node, pulse: LoopHealth) -> Snapshot:
    """How a node at work is now.

    It goes on with its work meanwhile: what takes long is done piece by piece.
    """
    requests_overdue = await _requests_overdue(node)
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
        kept_too_long=sum(each.entries for each in node.audit.kept_too_long()),
    )


async def _requests_overdue(node: Node) -> Counter[Side]:
    late: Counter[Side] = Counter()
    for request in node.requests.unsettled():
        late[request.side] += node.requests.is_overdue(request)
        await asyncio.sleep(0)  # each is replayed from its steps: thousands would hold up the loop
    return late


def monitored(
    address: str, node: Node, pulse: LoopHealth, report: Callable[[str], None]
) -> AbstractAsyncContextManager[int]:
    """Serves the port in this event loop, and drains it in the end; gives the port.

    Args:
        address: host:port; port 0 takes a free one.
        node: What is watched.
        pulse: How its rounds go.
        report: Told of a fault here.

    Raises:
        SettingInvalid: If the address cannot be listened on.
    """
    metrics = Metrics()

    async def health(_: Request) -> Response:
        node.status()  # from its database, which must answer
        return reply(b"ok\n", TEXT, NEVER)

    async def readiness(_: Request) -> Response:
        return reply(b"ok\n", TEXT, NEVER) if is_ready(node, pulse) else refusal(503)

    async def measures(_: Request) -> Response:
        return reply(metrics.text(await vitals_of(node, pulse)), MEDIA_TYPE, NEVER)

    async def refuse(_: Request, error: Exception) -> Response:
        report(f"The port of the metrics could not answer: {error}")
        return refusal(503)

    pages = {"/healthz": health, "/readyz": readiness, "/metrics": measures}
    routes = [Route(path, page) for path, page in pages.items()]
    return listening(address, Starlette(routes=routes, exception_handlers={StoreError: refuse}))
