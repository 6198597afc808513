"""An application on a node, made to be killed: it sends, and keeps a journal, beside ``node run``.

    python application.py HOME JOURNAL HOOK PARTNER…

It sends without a pause, eight packets in a message, unless ``AT_ONCE`` says another number. With
``AWAITS_RECEIPTS`` it goes on once every partner has signed for what it sent.

The journal is JSON lines, each written whole before the next step. Every message to the exchange
is kept beside it, so that a test can send the same bytes once more. HOOK is run for each packet
that arrives.
"""

import asyncio
import hashlib
import json
import os
import signal
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import tearline_client.transport.grpc
from support.node import sealed_and_granted, stores_of
from tearline.errors import ExchangeError, TearlineError, TlsError, TrustError
from tearline.statements.receipt import Status
from tearline.wire.publications import parse_outcomes
from tearline_client.features.packets.service import Persons
from tearline_client.node import Node
from tearline_client.notifications.hooks import parse_hooks
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.service.daemon import run_daemon
from tearline_client.store.outbox import OutboxState
from tearline_client.transport.grpc import GrpcTransport
from tearline_client.transport.interface import PublishStream

Note = AbstractContextManager[Callable[[bytes], None]]
ABOUT = About(article="money-laundering", purpose="criminal-investigation")
AT_ONCE = int(os.environ.get("AT_ONCE") or 8)  # packets in a message
AWAITS_RECEIPTS = bool(os.environ.get("AWAITS_RECEIPTS"))
PAUSE_S = 0.1  # between two attempts to reach an exchange that is down
PACE_S = float(os.environ.get("PACE_S") or 0)  # between two messages that were accepted
CALL_S = 30


class Journal:
    """What the application saw, as far as it could still write it down."""

    def __init__(self, path: Path) -> None:
        self.messages = path.with_suffix(".messages")
        self.messages.mkdir(exist_ok=True)
        self._file = path.open("a", buffering=1, encoding="ascii")
        self._file.write("\n")  # ends what a kill cut short

    def note(self, what: str, **rest: object) -> None:
        self._file.write(json.dumps({"what": what, "at": time.monotonic(), **rest}) + "\n")

    def message(self, publication: bytes) -> "Note":
        """Keeps a message; noted once it is answered, or is not."""
        name = hashlib.sha256(publication).hexdigest()
        (self.messages / name).write_bytes(publication)
        return self._answering(name, time.monotonic())

    @contextmanager
    def _answering(self, name: str, began: float) -> Iterator[Callable[[bytes], None]]:
        try:
            yield lambda reply: self.note(
                "answered", message=name, began=began, receipts=receipts_of(reply)
            )
        except TearlineError as error:
            self.note("unanswered", message=name, began=began, code=error.code)
            raise


class JournaledTransport(GrpcTransport):
    """The way to the exchange; notes what was sent, and what came back or did not."""

    journal: Journal

    async def publish(self, publication: bytes) -> bytes:
        with self.journal.message(publication) as answered:
            reply = await super().publish(publication)
            answered(reply)
        return reply

    @asynccontextmanager
    async def publishing(self) -> AsyncIterator[PublishStream]:
        async with super().publishing() as stream:
            yield JournaledStream(stream, self.journal)


class JournaledStream:
    """A stream to publish in; notes the same of each message."""

    def __init__(self, stream: PublishStream, journal: Journal) -> None:
        self._stream, self._journal = stream, journal
        self._under_way: deque[Note] = deque()

    async def send(self, publication: bytes) -> None:
        self._under_way.append(self._journal.message(publication))
        await self._stream.send(publication)

    async def receive(self) -> bytes:
        with self._under_way.popleft() as answered:
            reply = await self._stream.receive()
            answered(reply)
        return reply


def receipts_of(reply: bytes) -> list[str | None]:
    """The receipt of each statement in a reply, by its id."""
    return [o.receipt.statement.id.hex() if o.receipt else None for o in parse_outcomes(reply)]


async def send(node: Node, journal: Journal, partners: list[str], stop: asyncio.Event) -> None:
    """Publishes packet after packet: sealed, stored and sent as by ``Node.send``.

    ``Node.send`` also waits for the log's next checkpoint, of which there is one a second; under
    load that would leave the exchange idle for most of it.
    """
    plans = await plans_of(node, journal, partners)
    stores = stores_of(node)
    while not stop.is_set():
        try:
            with stores.database.transaction():
                composition = sealed_and_granted(plans, node.packets._releases.releaser(Persons()))
                ids = node._sender.store(composition)
                packets = [packet.manifest.statement.id.hex() for packet in composition.packets]
                journal.note("published", packets=packets)
        except TrustError as error:  # by a wrong clock no partner's key counts
            journal.note("unreached", code=error.code)
            await asyncio.sleep(PAUSE_S)
            continue
        # What waits is sent before anything more is sealed: it would only wait, too.
        while not await is_sent(node, journal, ids):
            if stop.is_set():
                return
            await asyncio.sleep(PAUSE_S)
        journal.note("accepted", packets=packets)
        if AWAITS_RECEIPTS:
            await signed_for(node, [bytes.fromhex(packet) for packet in packets], stop)
        await asyncio.sleep(PACE_S)


async def signed_for(node: Node, packets: list[bytes], stop: asyncio.Event) -> None:
    """Waits until every partner has signed that it stored these packets, or it is time to stop."""
    store = stores_of(node).packets
    while not stop.is_set():
        statuses = [grant.status for packet in packets for grant in store.grants(packet)]
        if all(status is not None and status >= Status.STORED for status in statuses):
            return
        await asyncio.sleep(PAUSE_S)


async def is_sent(node: Node, journal: Journal, ids: Sequence[int]) -> bool:
    """Sends what waits; whether the exchange accepted these messages."""
    outbox = stores_of(node).outbox
    try:
        await node._sender.flush()
    except (ExchangeError, TlsError) as error:
        journal.note("unreached", code=error.code)
        return False
    items = [item for item in map(outbox.item, ids) if item]
    if any(item.is_waiting for item in items):
        journal.note("unreached", code=items[0].fault)
        return False
    assert {item.state for item in items} == {OutboxState.ACCEPTED}, items
    return True


async def plans_of(node: Node, journal: Journal, partners: list[str]) -> list[ReleasePlan]:
    """What is released, decided once: every packet is sealed anew, with keys of its own."""
    while True:
        try:
            await node.sync()
        except (ExchangeError, TlsError, TrustError) as error:
            journal.note("unreached", code=error.code)
            await asyncio.sleep(PAUSE_S)
            continue
        name = (
            f"Qiu of {node.identity().agency}"  # what two agencies say alike, one may have copied
        )
        suspects = [
            Entity(id=f"suspect-{number}", schema="Person", properties={"name": (name,)})
            for number in range(AT_ONCE)
        ]
        drafts = [
            node.packets.draft(group, ABOUT, agreement="narcotics-2026")
            for group in connected_groups(suspects)
        ]
        return [node.packets.plan(draft, partners) for draft in drafts]


async def main(home: Path, journal_path: Path, hook: str, *partners: str) -> None:
    passphrase = Path(os.environ["TEARLINE_PASSPHRASE_FILE"]).read_bytes().rstrip(b"\n")
    journal, stop = Journal(journal_path), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    JournaledTransport.journal = journal
    tearline_client.transport.grpc.GrpcTransport = JournaledTransport
    exchange = os.environ["TEARLINE_EXCHANGE"]
    opened = await Node.open(home, passphrase=passphrase, address=exchange, timeout_s=CALL_S)
    async with opened as node, asyncio.TaskGroup() as tasks:
        hooks = parse_hooks([("packet-arrived", hook)])
        tasks.create_task(run_daemon(node, stop, report=print, hooks=hooks))
        tasks.create_task(send(node, journal, list(partners), stop))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:]))
