"""Composition root: builds the exchange, serves it, drains it.

SIGTERM and SIGINT start a drain. The exchange reports that it no longer serves, ends its streams,
finishes accepted calls, and exits. The monitoring port closes last, so health remains visible. On
SIGHUP it issues a fresh certificate. The members always follow the log, and settings are read
only at the start.
"""

import asyncio
import gc
import logging
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvloop

from tearline.errors import TearlineError
from tearline.identity import parse_agency_uri
from tearline.limits import (
    BACKLOG_S,
    DISK_S,
    FREE_PAGES_S,
    MIN_FREE_BYTES,
    OVERDUE_S,
    RECOVERY_S,
    REFUSALS_FLUSH_S,
    RETENTION_S,
)
from tearline_runtime.traces import tracing
from tearline_server.admission.authentication import AccessList, Authenticator
from tearline_server.admission.connections import Connections
from tearline_server.bootstrap import Components, now_ms, serving_components_of
from tearline_server.config import Config
from tearline_server.exchange import Exchange
from tearline_server.grpc.audit_service import AuditService
from tearline_server.grpc.blob_service import BlobService
from tearline_server.grpc.call_log import CallLog
from tearline_server.grpc.exchange_service import ExchangeService
from tearline_server.grpc.front import Front
from tearline_server.grpc.health_service import HealthService
from tearline_server.grpc.interceptor import CallInterceptor
from tearline_server.grpc.light_service import LightService
from tearline_server.grpc.log_service import TrustService
from tearline_server.grpc.server import make_server
from tearline_server.jobs import allocator
from tearline_server.keys import ExchangeKeys
from tearline_server.observability.metrics import Metrics
from tearline_server.storage.open import open_store

_log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]
"""Periodic task of the exchange."""

DRAIN_S = 20  # for running calls; several commits and a slow line fit
_AGAIN_S = 1  # delay before a long-running job starts, and restarts after a failure
_GARBAGE = (
    10_000,
    20,
    20,
)  # thresholds of the generations; Python's defaults would scan the objects of every call


def access_list_of(exchange: Exchange) -> AccessList:
    """Returns the access list that follows from the members and the revocations."""
    members = exchange.members
    domains = {parse_agency_uri(each.uri).trust_domain: each for each in members.agencies}
    former: dict[str, tuple[bytes, ...]] = {}
    for agency in members.former:
        domain = parse_agency_uri(agency.uri).trust_domain
        former[domain] = (*former.get(domain, ()), *agency.certificate_authorities)
    return AccessList(
        authorities={name: agency.certificate_authorities for name, agency in domains.items()},
        issuer_keys={name: agency.token_issuers for name, agency in domains.items()},
        former=former,
        denied_keys=exchange.trust.revoked_keys,
    )


class Disk:
    """Disk of the database; while space is low, packets are refused.

    Args:
        place: A folder on it.
        exchange: The exchange to notify.
    """

    def __init__(self, place: Path, exchange: Exchange) -> None:
        self._place = place
        self._exchange = exchange

    async def look(self) -> None:
        """Checks the free space, and logs a change of state."""
        try:
            free = shutil.disk_usage(self._place).free
        except OSError:  # a disk that cannot be read is treated as full
            free = 0
        self._exchange.free_bytes = free
        low = free < MIN_FREE_BYTES
        if low != self._exchange.is_disk_low:
            self._exchange.is_disk_low = low
            message = "disk nearly full: packets are refused" if low else "disk has room again"
            _log.log(logging.ERROR if low else logging.INFO, message, extra={"bytes": free})


class Watch:
    """Watch over the clock; while it is doubted or behind the log, no change is written.

    Args:
        exchange: The exchange that uses the clock.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._was_right = True

    async def look(self) -> None:
        """Checks whether the clock is trusted, and logs a change of state."""
        right = self._exchange.is_time_right
        if right != self._was_right:
            self._was_right = right
            message = "clock is right" if right else "clock in doubt: no writes or deletions"
            _log.log(logging.INFO if right else logging.ERROR, message)


@asynccontextmanager
async def opened_exchange(
    config: Config, keys: ExchangeKeys, *, clock_is_right: bool = False
) -> AsyncIterator[tuple[Exchange, Components]]:
    """Opens the exchange of a home without its ports, and closes it at the end.

    Args:
        config: The settings.
        keys: The exchange's keys.
        clock_is_right: Whether the operator confirmed this machine's clock.

    Raises:
        TearlineError: If it could not serve.
    """
    store = await open_store(config)
    try:
        components = serving_components_of(config, keys, store)
        exchange = await Exchange.open(components)
    except BaseException:
        await store.close()
        raise
    try:
        if clock_is_right:
            components.timekeeper.accept()
        yield exchange, components
    finally:
        await exchange.close()
        _log.info("stopped")


async def serve(
    config: Config,
    keys: ExchangeKeys,
    *,
    stopping: asyncio.Event,
    reloading: asyncio.Event,
    serving: Callable[[int], None] = lambda port: None,
    do_not_wait: bool = False,
    clock_is_right: bool = False,
) -> None:
    """Serves until ``stopping`` is set, then drains.

    Args:
        config: The settings.
        keys: The exchange's keys.
        stopping: Set to stop.
        reloading: Set to issue a fresh certificate.
        serving: Called with the port once calls are accepted.
        do_not_wait: Whether to write after a restore before every cosigner has reconnected.
        clock_is_right: Whether the operator confirmed this machine's clock.

    Raises:
        TearlineError: If the exchange cannot start.
    """
    async with opened_exchange(config, keys, clock_is_right=clock_is_right) as opened:
        exchange, components = opened
        awaited = exchange.resume_barrier.awaited
        if awaited and do_not_wait:
            _log.warning("restored: not waiting", extra={"cosigners": awaited})
            await exchange.resume_barrier.begin()
        elif awaited:
            _log.warning("restored: waiting", extra={"cosigners": awaited})
        await _serve(
            config,
            keys,
            exchange,
            components.metrics,
            stopping=stopping,
            reloading=reloading,
            serving=serving,
        )


async def _serve(
    config: Config,
    keys: ExchangeKeys,
    exchange: Exchange,
    metrics: Metrics,
    *,
    stopping: asyncio.Event,
    reloading: asyncio.Event,
    serving: Callable[[int], None],
) -> None:
    authenticator = Authenticator(config.uri, access_list_of(exchange))
    front = Front(config, keys, lambda: exchange.trust.membership, metrics)

    def follow() -> None:
        authenticator.replace(access_list_of(exchange))
        front.follow()

    exchange.on_trust = follow
    calls, connections = CallLog(config.log_calls), Connections()
    interceptor, health = (
        CallInterceptor(authenticator, exchange, now_ms, metrics, calls, connections),
        HealthService(exchange),
    )
    services = (
        ExchangeService(exchange),
        TrustService(exchange),
        LightService(exchange),
        BlobService(exchange),
        AuditService(exchange),
        health,
    )
    server, port = make_server(
        config.listen,
        lambda: front.tls,
        [service.handlers(interceptor) for service in services],
        connections.begin,
    )

    async def renew() -> None:
        front.renew()
        _log.info("certificate renewed")

    async def renew_when_due() -> None:
        if front.is_due:
            await renew()

    async def renew_when_asked() -> None:
        await reloading.wait()
        reloading.clear()  # a request during the renewal causes another one
        await renew()

    async def report_silent() -> None:
        if silent := connections.flush():
            metrics.silent(silent)
            _log.warning("connections without a call", extra={"times": silent})

    watch = Watch(exchange)
    await watch.look()
    await exchange.documents.verify_shares()
    jobs: dict[str, tuple[float, Job]] = {
        "others": (_AGAIN_S, exchange.others.follow),
        "reload": (0, renew_when_asked),
        "refusals": (REFUSALS_FLUSH_S, exchange.maintenance.flush_refusals),
        "connections": (REFUSALS_FLUSH_S, report_silent),
        # Nodes cosign nothing before the first one after a pause.
        "directory": (_AGAIN_S, exchange.maintenance.write_directory),
        "overdue": (OVERDUE_S, exchange.maintenance.log_overdue),
        "erasures": (RETENTION_S, exchange.maintenance.erase_due),
        "ends": (RETENTION_S, exchange.maintenance.drop_ended),
        "documents": (RETENTION_S, exchange.documents.sweep),
        "certificate": (_AGAIN_S, renew_when_due),
        "time": (_AGAIN_S, watch.look),
        "memory": (FREE_PAGES_S, allocator.return_free_pages),
        "recovery": (RECOVERY_S, exchange.recover),
        "backlog": (BACKLOG_S, exchange.maintenance.count_backlog),
    }
    if config.witnesses:
        jobs["witnesses"] = (_AGAIN_S, exchange.ask_witnesses)
    if config.store is None:  # a database server monitors its own disk
        disk = Disk(config.home, exchange)
        await disk.look()
        jobs["disk"] = (DISK_S, disk.look)
    tasks = [
        asyncio.create_task(every(seconds, name, job, metrics))
        for name, (seconds, job) in jobs.items()
    ]
    try:
        async with AsyncExitStack() as monitoring:
            monitoring.enter_context(tracing(config.traces, "tearline-server"))
            told: dict[str, object] = {"port": port, "uri": str(config.uri)}
            if config.metrics is not None:
                from tearline_server.http.ports import measured

                told["metrics"] = await monitoring.enter_async_context(
                    measured(config.metrics, exchange, metrics)
                )
            if config.http is not None:
                from tearline_server.http.ports import monitored

                told["http"] = await monitoring.enter_async_context(
                    monitored(config.http, exchange, lambda: health.is_serving)
                )
            await server.start()
            _log.info("serving", extra=told)
            serving(port)
            await stopping.wait()
            _log.info("draining")
            health.drain()
            exchange.end_streams()
            await server.stop(DRAIN_S)
    finally:
        for task in tasks:
            task.cancel()


async def every(seconds: float, name: str, job: Job, metrics: Metrics) -> None:
    """Repeats a job until cancelled.

    Args:
        seconds: Delay before each run, the first included.
        name: Its name in logs and metrics.
        job: The job.
        metrics: The metrics, which count failures.
    """
    metrics.register_job(name)
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except Exception as error:  # noqa: BLE001 (the next run may succeed; every failure is logged)
            code = error.code if isinstance(error, TearlineError) else type(error).__name__
            _log.error("job failed", extra={"job": name, "code": code})
            metrics.count_failed_job(name)


def run(
    config: Config, keys: ExchangeKeys, *, do_not_wait: bool = False, clock_is_right: bool = False
) -> None:
    """Serves in this process until it is stopped.

    Args:
        config: The settings.
        keys: The exchange's keys.
        do_not_wait: Whether to write after a restore before every cosigner has reconnected.
        clock_is_right: Whether the operator confirmed this machine's clock.
    """

    async def until_signalled() -> None:
        stopping, reloading = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(signal.SIGHUP, reloading.set)
        await serve(
            config,
            keys,
            stopping=stopping,
            reloading=reloading,
            serving=_keep_what_is_here,
            do_not_wait=do_not_wait,
            clock_is_right=clock_is_right,
        )

    allocator.return_large_blocks()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signalled())


def _keep_what_is_here(port: int) -> None:
    """Exempts long-lived objects from garbage collection.

    A scan of all modules and members takes 50 ms, during which no call is answered.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
