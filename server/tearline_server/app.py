"""The composition root: builds the exchange, serves it, drains it.

On SIGTERM or SIGINT the exchange says that it serves no more, ends its streams, answers what
it has taken in, writes it, and goes. The monitoring port is the last to close, so that health
can be asked for until the end. On SIGHUP it takes a fresh certificate at once, and goes on: the
trust list is always the one in force, and settings are read once.
"""

import asyncio
import gc
import logging
import shutil
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import uvloop

from tearline.certificates import end_s
from tearline.errors import TearlineError
from tearline.federation import TrustList
from tearline.identity import parse_agency_uri
from tearline.limits import (
    BACKLOG_S,
    DISK_S,
    MAX_LEAF_LIFETIME_S,
    MIN_FREE_BYTES,
    OVERDUE_S,
    RECOVERY_S,
    REFUSALS_FLUSH_S,
    RETENTION_S,
)
from tearline.rpc.credentials import ServerTls, TlsIdentity
from tearline.tls_key import TlsKey
from tearline_server.config import Config
from tearline_server.exchange import Exchange
from tearline_server.gate import Gate, Roster
from tearline_server.house import house_of, now_ms
from tearline_server.keyfile import ExchangeKeys
from tearline_server.metrics import Metrics
from tearline_server.services.audit import AuditService
from tearline_server.services.calls import CallLog
from tearline_server.services.exchange import ExchangeService
from tearline_server.services.guard import Guard
from tearline_server.services.health import HealthService
from tearline_server.services.server import make_server
from tearline_server.services.trust import TrustService
from tearline_server.storage.opening import open_store

_log = logging.getLogger(__name__)

Chore = Callable[[], Awaitable[None]]
"""Something that the exchange does by itself, from time to time."""

DRAIN_S = 20  # for calls under way; several commits and a slow line fit
_RENEWAL_S = MAX_LEAF_LIFETIME_S // 7  # a day: six more in which a failure can be noticed
_AGAIN_S = 1  # until what lasts begins, and begins again where it failed
_GARBAGE = (10_000, 20, 20)  # new objects, and passes: by Python's own, each call's are looked at


def roster_of(exchange: Exchange) -> Roster:
    """Whom the trust list in force and the revocations let in."""
    trust_list = exchange.trust_list
    domains = {parse_agency_uri(each.uri).trust_domain: each for each in trust_list.agencies}
    return Roster(
        authorities={name: agency.certificate_authorities for name, agency in domains.items()},
        issuer_keys={name: agency.token_issuers for name, agency in domains.items()},
        denied_keys=exchange.revoked_keys,
    )


class Front:
    """With what clients are met: the exchange's certificate, and the CAs it accepts.

    Args:
        config: The DNS name.
        keys: The CA that certifies it.
        trust_list: The agencies.
        metrics: Told until when it holds.
    """

    def __init__(
        self, config: Config, keys: ExchangeKeys, trust_list: TrustList, metrics: Metrics
    ) -> None:
        self._metrics = metrics
        self._dns = config.dns
        self._authority = keys.authority
        self._issued_s = 0
        metrics.authority(end_s(keys.authority.certificate))
        self._identity = self._certify()
        self.tls = self._tls(trust_list)

    @property
    def is_due(self) -> bool:
        """Whether the certificate is a day old, or from the future: a clock was set since."""
        return not 0 <= now_ms() // 1000 - self._issued_s < _RENEWAL_S

    def renew(self, trust_list: TrustList) -> None:
        """A fresh key and certificate."""
        self._identity = self._certify()
        self.follow(trust_list)

    def follow(self, trust_list: TrustList) -> None:
        """Accepts the CAs of another trust list."""
        self.tls = self._tls(trust_list)

    def _certify(self) -> TlsIdentity:
        key, now_s = TlsKey.generate(), now_ms() // 1000
        certificate = self._authority.issue_exchange(
            self._dns, key.public, now_s=now_s, lifetime_s=MAX_LEAF_LIFETIME_S
        )
        self._metrics.certified(now_s + MAX_LEAF_LIFETIME_S)
        self._issued_s = now_s
        return TlsIdentity(certificate=certificate, key=key)

    def _tls(self, trust_list: TrustList) -> ServerTls:
        return ServerTls(
            identity=self._identity,
            authorities=tuple(
                authority
                for agency in trust_list.agencies
                for authority in agency.certificate_authorities
            ),
        )


class Disk:
    """The disk of the database: while there is little room on it, no packets are taken.

    Args:
        place: A folder on it.
        exchange: Who takes packets.
    """

    def __init__(self, place: Path, exchange: Exchange) -> None:
        self._place = place
        self._exchange = exchange

    async def look(self) -> None:
        """Looks how much room there is, and says so where that changed."""
        try:
            free = shutil.disk_usage(self._place).free
        except OSError:  # a disk that cannot be asked will not be written to either
            free = 0
        self._exchange.free_bytes = free
        low = free < MIN_FREE_BYTES
        if low != self._exchange.is_disk_low:
            self._exchange.is_disk_low = low
            message = "disk nearly full: no packets are taken" if low else "disk has room again"
            _log.log(logging.ERROR if low else logging.INFO, message, extra={"bytes": free})


class Watch:
    """The clock: while it is in doubt, or the log ahead of it, nothing is written or deleted.

    Args:
        exchange: Who dates entries by it.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._was_right = True

    async def look(self) -> None:
        """Looks whether it is to be trusted, and says so where that changed."""
        right = self._exchange.is_time_right
        if right != self._was_right:
            self._was_right = right
            message = "clock is right" if right else "clock in doubt: nothing is written or deleted"
            _log.log(logging.INFO if right else logging.ERROR, message)


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
        config: Where and as whom.
        keys: The exchange's keys.
        stopping: Set when it is time to go.
        reloading: Set when a fresh certificate is wanted.
        serving: Told the port once calls are taken.
        do_not_wait: Whether it writes, after a restore, before every cosigner was there again.
        clock_is_right: Whether the operator says that this machine's clock is right.

    Raises:
        TearlineError: If the exchange cannot begin.
    """
    store = await open_store(config)
    house = house_of(config, keys, store)
    try:
        exchange = await Exchange.open(house)
    except BaseException:
        await store.close()
        raise
    if clock_is_right:
        house.timekeeper.accept()
    try:
        awaited = exchange.resumption.awaited
        if awaited and do_not_wait:
            _log.warning("restored: not waiting", extra={"cosigners": awaited})
            await exchange.resumption.begin()
        elif awaited:
            _log.warning("restored: waiting", extra={"cosigners": awaited})
        await _serve(
            config,
            keys,
            exchange,
            house.metrics,
            stopping=stopping,
            reloading=reloading,
            serving=serving,
        )
    finally:
        await exchange.close()
        _log.info("stopped")


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
    gate = Gate(config.uri, roster_of(exchange))
    front = Front(config, keys, exchange.trust_list, metrics)

    def follow() -> None:
        gate.replace(roster_of(exchange))
        front.follow(exchange.trust_list)

    exchange.on_trust = follow
    guard, health = (
        Guard(gate, exchange, now_ms, metrics, CallLog(config.log_calls)),
        HealthService(exchange),
    )
    services = (
        ExchangeService(exchange),
        TrustService(exchange),
        AuditService(exchange.inquiries, exchange.take_answer_turn),
        health,
    )
    server, port = make_server(
        config.listen, lambda: front.tls, [service.handlers(guard) for service in services]
    )

    async def renew() -> None:
        front.renew(exchange.trust_list)
        _log.info("certificate renewed")

    async def renew_when_due() -> None:
        if front.is_due:
            await renew()

    async def renew_when_asked() -> None:
        await reloading.wait()
        reloading.clear()  # what is asked for meanwhile is done once more
        await renew()

    watch = Watch(exchange)
    await watch.look()
    chores: dict[str, tuple[float, Chore]] = {
        "others": (_AGAIN_S, exchange.others.follow),
        "reload": (0, renew_when_asked),
        "refusals": (REFUSALS_FLUSH_S, exchange.upkeep.flush_refusals),
        "overdue": (OVERDUE_S, exchange.upkeep.log_overdue),
        "erasures": (RETENTION_S, exchange.upkeep.erase_due),
        "ends": (RETENTION_S, exchange.upkeep.drop_ended),
        "certificate": (_AGAIN_S, renew_when_due),
        "time": (_AGAIN_S, watch.look),
        "recovery": (RECOVERY_S, exchange.recover),
        "backlog": (BACKLOG_S, exchange.upkeep.count_backlog),
    }
    if config.witnesses:
        chores["witnesses"] = (_AGAIN_S, exchange.ask_witnesses)
    if config.store is None:  # the disk of a database server is watched there
        disk = Disk(config.home, exchange)
        await disk.look()
        chores["disk"] = (DISK_S, disk.look)
    tasks = [
        asyncio.create_task(every(seconds, name, chore, metrics))
        for name, (seconds, chore) in chores.items()
    ]
    try:
        async with AsyncExitStack() as monitoring:
            told: dict[str, object] = {"port": port, "uri": str(config.uri)}
            if config.metrics is not None:
                from tearline_server.http import measured

                told["metrics"] = await monitoring.enter_async_context(
                    measured(config.metrics, exchange, metrics)
                )
            if config.http is not None:
                from tearline_server.http import monitored

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


async def every(seconds: float, name: str, chore: Chore, metrics: Metrics) -> None:
    """Does something again and again, until it is cancelled.

    Args:
        seconds: How long to wait each time, the first included.
        name: What it is called where it failed.
        chore: What is done.
        metrics: Told of each time that it failed.
    """
    metrics.chore_begins(name)
    while True:
        await asyncio.sleep(seconds)
        try:
            await chore()
        except Exception as error:  # noqa: BLE001 (the next time may be better; none ends unseen)
            code = error.code if isinstance(error, TearlineError) else type(error).__name__
            _log.error("chore failed", extra={"chore": name, "code": code})
            metrics.chore_failed(name)


def run(
    config: Config, keys: ExchangeKeys, *, do_not_wait: bool = False, clock_is_right: bool = False
) -> None:
    """Serves in this process until it is told to stop.

    Args:
        config: Where and as whom.
        keys: The exchange's keys.
        do_not_wait: Whether it writes, after a restore, before every cosigner was there again.
        clock_is_right: Whether the operator says that this machine's clock is right.
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

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signalled())


def _keep_what_is_here(port: int) -> None:
    """Has the garbage collector pass over what lasts as long as the process.

    To look at all modules and all members takes it a twentieth of a second, and nobody is
    answered meanwhile.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
