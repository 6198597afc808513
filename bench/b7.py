"""B7: what an exchange with a million entries does, beside the same with ten thousand.

One process holds both exchanges, opened over databases that differ in nothing but their log.
All is processor time, except appending, which is time on the clock with its disk.
"""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import uvloop

from bench.grown import Grown, long_log
from bench.growth import AGREEMENT_ID, packet_of, statement_of
from bench.harness import Result, Target, alternate, result
from bench.lanes import RECIPIENTS, Sealer
from tearline.audit.query import parse_query
from tearline.limits import EVENT_PAGE
from tearline.wire.audit_search import SearchRequest, encode_proven_events
from tearline.wire.deliveries import START, Cursor, encode_delivery
from tearline.wire.publications import parse_publication
from tearline_server.audit.search import Auditor
from tearline_server.exchange import Exchange
from tearline_server.storage.reads import Search
from tearline_server.storage.sqlite.store import SqliteStore

FEW = 10_000
MANY = 10_000_000 if os.environ.get("FULL") else 1_000_000
TARGET = Target(limit=1.25, at_most=True)
_AUDITORS = 8  # who ask at once: their searches share a commit and a checkpoint
_EVENTS_OF_PACKET, _EVENTS_OF_STATEMENT = 6, 3


@dataclass(kw_only=True)
class Shop:
    """One of the two exchanges.

    Attributes:
        exchange: The exchange.
        store: Its store.
        grown: What both are made from.
        size: Entries that it was grown to.
        messages: What is published to it.
        cursor: How far a partner has read.
    """

    exchange: Exchange
    store: SqliteStore
    grown: Grown
    size: int
    messages: Iterator[bytes]
    cursor: Cursor = START

    async def publish(self, number: int) -> None:
        """Publishes packets, all waiting at once."""
        publisher, messages = self.grown.sender, islice(self.messages, number)
        replies = await asyncio.gather(
            *(
                self.exchange.publish(publisher, parse_publication(message), len(message))
                for message in messages
            )
        )
        refused = [o.refusal for reply in replies for o in reply if o.refusal is not None]
        if refused:
            raise RuntimeError(f"the exchange refused: {refused}")

    async def fetch(self, number: int) -> None:
        """Hands out as much to a partner, for the first time."""
        node = self.grown.federation.partners()[1]
        async with aclosing(self.exchange.subscribe(node, self.cursor)) as stream:  # type: ignore[type-var] # it is a generator
            for _ in range(number):
                delivery = await anext(stream)
                encode_delivery(delivery)
                if not delivery.statements:
                    raise RuntimeError("nothing waits to be handed out")
                self.cursor = delivery.cursor

    async def search(self, query: str, after: int, rows: int, number: int) -> None:
        """The first page that each of some auditors gets."""
        auditor = Auditor(
            node=self.grown.sender.node, agency=self.grown.sender.agency, pseudonym=bytes(32)
        )
        request = SearchRequest(query=query, after=after, limit=EVENT_PAGE)

        async def page() -> None:
            async for found in self.exchange.audit_search.search(auditor, request):
                encode_proven_events(found)
                if len(found.events) != rows:
                    raise RuntimeError(f"a page of {len(found.events)} events, not {rows}")

        await asyncio.gather(*(page() for _ in range(number)))

    async def oversee(self, number: int) -> None:
        """What the store answers who oversees an agreement, from the middle of the log on."""
        search = Search(
            agency="spiffe://overseer.example",
            agreements=(AGREEMENT_ID,),
            query=parse_query(""),
            after=self.size // 2,
            below=self.size,
            limit=EVENT_PAGE,
        )
        for _ in range(number):
            if len(await self.store.search(search)) != EVENT_PAGE:
                raise RuntimeError("the overseer's page is not whole")


Do = Callable[[Shop, int], Awaitable[None]]
"""Something that an exchange does, so many times."""


@dataclass(frozen=True, slots=True)
class Work:
    """What both exchanges do.

    Attributes:
        id: Of the line in the report.
        what: What is done.
        number: How often in each run.
        do: Does it.
    """

    id: str
    what: str
    number: int
    do: Do


def run(*, rounds: int = 7, number: int = 64, few: int = FEW, many: int = MANY) -> Sequence[Result]:
    """Measures B7.

    Args:
        rounds: Alternations.
        number: Packets of each run.
        few: Entries of the short log.
        many: Entries of the long one.
    """
    log = long_log(few, many)
    first, last = json.loads(log.begun.output), json.loads(log.done.output)
    results = [
        result(
            "B7a",
            f"append an entry, durable, the last tenth of {many:,}",
            runs=last[-(len(last) // 10) :],
            unit="µs on the clock",
            baseline=first,
            baseline_unit=f"µs of the first {few:,}",
            target=TARGET,
        ),
        result(
            "B7m",
            f"most memory of the process that appends, up to {many:,} entries",
            runs=[log.done.peak_mib],
            unit="MiB",
            baseline=[log.begun.peak_mib],
            baseline_unit=f"MiB up to {few:,}",
        ),
    ]
    sizes = {
        "few": (log.grown.copy("few.work", log.few), few),
        "many": (log.grown.copy("many.work", log.many), many),
    }
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return results + _compare(runner, log.grown, sizes, (rounds, number))


def _compare(
    runner: asyncio.Runner,
    grown: Grown,
    sizes: Mapping[str, tuple[Path, int]],
    counts: tuple[int, int],
) -> list[Result]:
    rounds, number = counts
    (messages,) = Sealer(grown.federation, 1).lanes(number * (rounds + 1))
    stack = AsyncExitStack()
    try:
        shops = {
            name: _open(runner, stack, grown, path, size, messages)
            for name, (path, size) in sizes.items()
        }
        return [_measure(runner, work, shops, rounds) for work in _works(number)]
    finally:
        runner.run(stack.aclose())


def _open(
    runner: asyncio.Runner,
    stack: AsyncExitStack,
    grown: Grown,
    path: Path,
    size: int,
    messages: Sequence[bytes],
) -> Shop:
    exchange, store = runner.run(stack.enter_async_context(grown.opened(path)))
    return Shop(exchange=exchange, store=store, grown=grown, size=size, messages=iter(messages))


def _works(number: int) -> Sequence[Work]:
    def search(query: str, after: Callable[[int], int], rows: int) -> Do:
        # A query may name what stands in the middle of the log.
        def do(shop: Shop, times: int) -> Awaitable[None]:
            middle = shop.size // 2
            spelled = query.format(
                packet=packet_of(middle).hex(), statement=statement_of(middle).hex()
            )
            return shop.search(spelled, after(shop.size), rows, times)

        return do

    def beginning(_size: int) -> int:
        return -1

    page = f"an auditor's page of {EVENT_PAGE} events"
    one_packet = search("packet:{packet}", beginning, _EVENTS_OF_PACKET)
    one_statement = search("statement:{statement}", beginning, _EVENTS_OF_STATEMENT)
    return (
        Work("B7", f"publish a packet with {RECIPIENTS} grants", number, Shop.publish),
        Work("B7f", "hand out a packet", number, Shop.fetch),
        Work("B7s", f"{page}, the first", _AUDITORS, search("", beginning, EVENT_PAGE)),
        Work("B7sm", f"{page}, in the middle", _AUDITORS, search("", _half, EVENT_PAGE)),
        Work("B7sl", f"{page}, the last", _AUDITORS, search("", _last, EVENT_PAGE)),
        Work("B7sp", "an auditor's search for one packet", _AUDITORS, one_packet),
        Work("B7st", "an auditor's search for one statement", _AUDITORS, one_statement),
        Work("B7o", "an overseer's page, in the store alone", _AUDITORS, Shop.oversee),
    )


def _half(size: int) -> int:
    return size // 2


def _last(size: int) -> int:
    return size - EVENT_PAGE - 1


def _measure(runner: asyncio.Runner, work: Work, shops: Mapping[str, Shop], rounds: int) -> Result:
    def cpu_us(shop: Shop) -> float:
        started_ns = time.process_time_ns()
        runner.run(_awaited(work.do(shop, work.number)))
        return (time.process_time_ns() - started_ns) / work.number / 1000

    contenders = {name: partial(cpu_us, shop) for name, shop in shops.items()}
    alternate(contenders, 1)  # unmeasured: what is read is then in memory, for both
    runs = alternate(contenders, rounds)
    return result(
        work.id,
        f"{work.what}, with {shops['many'].size:,} entries",
        runs=runs["many"],
        unit="µs",
        baseline=runs["few"],
        baseline_unit=f"µs with {shops['few'].size:,} entries",
        target=TARGET,
    )


async def _awaited(work: Awaitable[None]) -> None:
    await work
