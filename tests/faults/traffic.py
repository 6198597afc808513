"""What nodes send through real exchanges without a pause, and what was acknowledged of it."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from support.agencies import CN, MX, US
from support.exchange import codes
from support.exchange_process import Served
from support.http import status, told
from support.leads import lead
from tearline.errors import ExchangeError
from tearline.wire.publications import Outcome, encode_publication, parse_outcomes
from tearline_client.transport.grpc import GrpcTransport
from tearline_server.storage.open import open_store
from tearline_server.tlog.fsck import LogVerifier

CALL_S = 5
PAUSE_S = 0.05  # between two attempts at an exchange that cannot
WITHIN_S = 600  # whatever is waited for: a machine may have a tenth of a core for all of it
MORE = 10  # packets that show that it carries on
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@dataclass(kw_only=True)
class Traffic:
    """What nodes sent to another, what was acknowledged, and with which codes it was not."""

    served: tuple[Served, ...]
    acknowledged: list[bytes] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    is_over: bool = False

    async def send(self, sender: str) -> None:
        """Publishes packet after packet, each until it is answered."""
        first = self.served[0]
        transport = GrpcTransport(
            lambda: [first.identity.exchange],
            first.members[sender].identity,
            timeout_s=CALL_S,
            address=",".join(f"127.0.0.1:{each.port}" for each in self.served),
        )
        for seq in itertools.count(1):
            request = encode_publication(lead(first, seq, sender=sender))
            outcomes = await self._outcomes(transport, request)
            if not outcomes:
                break
            assert codes(outcomes) == ["", ""]
            self.acknowledged.append(outcomes[1].about)
        await transport.close()

    async def _outcomes(self, transport: GrpcTransport, request: bytes) -> tuple[Outcome, ...]:
        """The answer, as soon as there is one; none where the traffic is over."""
        while not self.is_over:
            try:
                return parse_outcomes(await transport.publish(request))
            except ExchangeError as error:
                self.refusals[error.code] += 1
                await asyncio.sleep(PAUSE_S)
        return ()

    async def more(self) -> None:
        """Waits until more was acknowledged."""
        wanted = len(self.acknowledged) + MORE
        await until(lambda: len(self.acknowledged) >= wanted)

    async def is_ready(self) -> bool:
        """Whether the exchange says that it is."""
        port = int(str(self.served[0].serving["http"]))
        return status(await told(port, HEALTH)) == 200

    async def await_readiness(self, ready: bool) -> None:
        """Waits until it says so."""
        async with asyncio.timeout(WITHIN_S):
            while await self.is_ready() is not ready:
                await asyncio.sleep(PAUSE_S)

    async def verify_arrived(self, served: Served) -> None:
        """Checks that all that was acknowledged is in its mailbox, once."""
        async with served.client(CN) as cn:
            waiting = Counter([each.statements[0].id for each in await cn.waiting()])
        assert {waiting[each] for each in self.acknowledged} == {1}


async def verify_log(served: Served) -> None:
    """Checks what the exchange keeps, which serves no more."""
    store = await open_store(served.config)
    findings = [each async for each in LogVerifier(store, served.identity.log).findings()]
    await store.close()
    assert findings == []


async def until(reached: Callable[[], bool]) -> None:
    """Waits for what other processes bring about, of which nothing tells us."""
    async with asyncio.timeout(WITHIN_S):
        while not reached():
            await asyncio.sleep(PAUSE_S)


@asynccontextmanager
async def traffic(*served: Served, senders: Sequence[str] = (US, MX)) -> AsyncIterator[Traffic]:
    """Nodes that send to another through one of these exchanges, or another."""
    made = Traffic(served=served)
    async with asyncio.TaskGroup() as group:
        for sender in senders:
            group.create_task(made.send(sender))
        try:
            yield made
        finally:
            made.is_over = True
