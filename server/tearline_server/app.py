"""The composition root: builds the exchange, serves it, drains it.

On SIGTERM or SIGINT the exchange says that it serves no more, ends its streams, answers what
it has taken in, writes it, and goes. The monitoring port is the last to close, so that health
can be asked for until the end.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import uvloop

from tearline.certificates import TlsKey
from tearline.federation import TrustList
from tearline.identity import parse_agency_uri
from tearline.limits import MAX_LEAF_LIFETIME_S, OVERDUE_S, REFUSALS_FLUSH_S
from tearline.rpc.credentials import ServerTls, TlsIdentity
from tearline_server.config import Config
from tearline_server.exchange import Exchange
from tearline_server.gate import Gate, Roster
from tearline_server.house import house_of, now_ms
from tearline_server.keyfile import ExchangeKeys
from tearline_server.services.audit import AuditService
from tearline_server.services.exchange import ExchangeService
from tearline_server.services.guard import Guard
from tearline_server.services.health import HealthService
from tearline_server.services.server import make_server
from tearline_server.services.trust import TrustService
from tearline_server.storage.sqlite import SqliteStore

_log = logging.getLogger(__name__)

DRAIN_S = 20  # for calls under way; several commits and a slow line fit
_RENEWAL_S = MAX_LEAF_LIFETIME_S // 7  # a day: six more in which a failure can be noticed


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
    """

    def __init__(self, config: Config, keys: ExchangeKeys, trust_list: TrustList) -> None:
        self._dns = config.dns
        self._authority = keys.authority
        self._identity = self._certify()
        self.tls = self._tls(trust_list)

    def renew(self, trust_list: TrustList) -> None:
        """A fresh key and certificate."""
        self._identity = self._certify()
        self.follow(trust_list)

    def follow(self, trust_list: TrustList) -> None:
        """Accepts the CAs of another trust list."""
        self.tls = self._tls(trust_list)

    def _certify(self) -> TlsIdentity:
        key = TlsKey.generate()
        certificate = self._authority.issue_exchange(
            self._dns, key.public, now_s=now_ms() // 1000, lifetime_s=MAX_LEAF_LIFETIME_S
        )
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


async def serve(
    config: Config,
    keys: ExchangeKeys,
    *,
    stopping: asyncio.Event,
    serving: Callable[[int], None] = lambda port: None,
    do_not_wait: bool = False,
) -> None:
    """Serves until ``stopping`` is set, then drains.

    Args:
        config: Where and as whom.
        keys: The exchange's keys.
        stopping: Set when it is time to go.
        serving: Told the port once calls are taken.
        do_not_wait: Whether it writes, after a restore, before every cosigner was there again.

    Raises:
        TearlineError: If the exchange cannot begin.
    """
    store = SqliteStore(config.database)
    try:
        exchange = await Exchange.open(house_of(config, keys, store))
    except BaseException:
        await store.close()
        raise
    try:
        if exchange.awaited and do_not_wait:
            _log.warning("restored: not waiting", extra={"cosigners": exchange.awaited})
            await exchange.begin()
        elif exchange.awaited:
            _log.warning("restored: waiting", extra={"cosigners": exchange.awaited})
        await _serve(config, keys, exchange, stopping, serving)
    finally:
        await exchange.close()
        _log.info("stopped")


async def _serve(
    config: Config,
    keys: ExchangeKeys,
    exchange: Exchange,
    stopping: asyncio.Event,
    serving: Callable[[int], None],
) -> None:
    gate = Gate(config.uri, roster_of(exchange))
    front = Front(config, keys, exchange.trust_list)

    def follow() -> None:
        gate.replace(roster_of(exchange))
        front.follow(exchange.trust_list)

    exchange.on_trust = follow
    guard, health = Guard(gate, exchange, now_ms), HealthService(exchange)
    services = (
        ExchangeService(exchange),
        TrustService(exchange),
        AuditService(exchange.inquiries),
        health,
    )
    server, port = make_server(
        config.listen, lambda: front.tls, [service.handlers(guard) for service in services]
    )
    chores = [
        asyncio.create_task(_every(REFUSALS_FLUSH_S, exchange.flush_refusals)),
        asyncio.create_task(_every(OVERDUE_S, exchange.log_overdue)),
        asyncio.create_task(_renew(front, exchange)),
        asyncio.create_task(exchange.ask_witnesses()),
    ]
    try:
        async with AsyncExitStack() as monitoring:
            told: dict[str, object] = {"port": port, "uri": str(config.uri)}
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
        for chore in chores:
            chore.cancel()


async def _every(seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await chore()


async def _renew(front: Front, exchange: Exchange) -> None:
    while True:
        await asyncio.sleep(_RENEWAL_S)
        front.renew(exchange.trust_list)
        _log.info("certificate renewed")


def run(config: Config, keys: ExchangeKeys, *, do_not_wait: bool = False) -> None:
    """Serves in this process until it is told to stop.

    Args:
        config: Where and as whom.
        keys: The exchange's keys.
        do_not_wait: Whether it writes, after a restore, before every cosigner was there again.
    """

    async def until_signalled() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await serve(config, keys, stopping=stopping, do_not_wait=do_not_wait)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_signalled())
