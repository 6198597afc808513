"""``SyncNode``: the same node, for threads and without asyncio."""

import inspect
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from functools import cached_property

import pytest

import tearline_client.transport.grpc
from support.cli import OUR_NAME, OUR_NODE, Desk, Dialling
from support.simulation import PASSPHRASE
from tearline.errors import HomeMissing, KeystoreLocked, NotFound
from tearline_client import Node, SyncNode
from tearline_client.features.agreements.proposals import ProposalService
from tearline_client.inbox.receiver import Receiver


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert "tearline" not in left


class Silent(Dialling):
    """An exchange that has nothing to deliver, and says when somebody waits for it.

    Attributes:
        waited: Set when a subscription waits.
        ended: Set when it has ended.
    """

    waited: threading.Event
    ended: threading.Event

    async def subscribe(self, cursor: bytes) -> AsyncIterator[bytes]:
        try:
            async for delivery in super().subscribe(cursor):
                self.waited.set()  # it is idle: the next one will not come
                yield delivery
        finally:
            self.ended.set()


@pytest.fixture
def silent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Silent:
    exchange = Silent(desk.template, desk.folder, ())
    exchange.waited, exchange.ended = threading.Event(), threading.Event()
    monkeypatch.setattr(tearline_client.transport.grpc, "GrpcTransport", lambda *_, **__: exchange)
    return exchange


_TERMS = """
name = "precursors-2026"
parties = ["PARTY", "mx-prosecutor"]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 730
onward_use = "None."

[article.leads]
purposes = ["criminal-investigation"]
kinds = ["lead"]
crime_areas = []
highest_tlp = "red"
directions = "all"
"""


def opened(desk: Desk) -> SyncNode:
    return SyncNode.open(desk.folder / OUR_NAME, passphrase=PASSPHRASE)


def test_it_has_every_method_of_the_node_with_its_parameters_and_its_words() -> None:
    public = {name for name in dir(Node) if not name.startswith("_")}
    forwarded = {name for name in dir(SyncNode) if not name.startswith("_")}
    assert public - forwarded == set(), "SyncNode is to forward these as well"
    assert forwarded - public == set()
    for name in public - {"close", "uri"}:
        ours, its = getattr(SyncNode, name), getattr(Node, name)
        assert ours.__doc__ == its.__doc__, name
        if isinstance(its, cached_property):  # a namespace that its first use makes
            continue
        assert inspect.signature(ours) == inspect.signature(its), name
        assert not inspect.iscoroutinefunction(ours), name


def test_a_namespace_that_its_first_use_makes_waits_as_well(desk: Desk) -> None:
    with opened(desk) as node:
        assert node.feeds is node.feeds
        assert node.feeds.update() is None


def test_its_desks_are_the_node_s_and_wait(desk: Desk) -> None:
    with opened(desk) as node:
        text = _TERMS.replace("PARTY", OUR_NAME)
        node.sync()
        terms = node.proposals.propose(node.proposals.draft(text))
        node.receive()
        (offer,) = node.proposals.offers()
        assert offer.terms == terms
        assert node.proposals.find.__doc__ == ProposalService.find.__doc__
        with pytest.raises(NotFound):
            node.proposals.find("no such")
        with pytest.raises(AttributeError):
            node.proposals._say  # noqa: B018 (it is what is looked at)
        assert node.own_sources.all() == ()


def test_it_reads_and_receives(desk: Desk) -> None:
    with opened(desk) as node:
        assert node.uri == node.status().uri == OUR_NODE
        assert node.receive() == 0
        assert node.packets.show(bytes.fromhex(desk.packet)).own


def test_its_inbox_ends_when_everything_is_read(desk: Desk) -> None:
    with opened(desk) as node:
        assert list(node.inbox()) == []


def test_errors_pass_unchanged(desk: Desk) -> None:
    with opened(desk) as node:
        with pytest.raises(NotFound):
            node.packets.show(bytes(32))
        with pytest.raises(NotFound):
            node.packets.disclose(bytes(32), "no/such/path", "mx-prosecutor")


def test_a_node_that_cannot_be_opened_leaves_nothing(desk: Desk) -> None:
    with pytest.raises(KeystoreLocked):
        SyncNode.open(desk.folder / OUR_NAME, passphrase=b"another")
    with pytest.raises(HomeMissing):
        SyncNode.open(desk.folder / "nowhere", passphrase=PASSPHRASE)


def test_it_is_closed_once_and_then_of_no_use(desk: Desk) -> None:
    node = opened(desk)
    node.close()
    node.close()
    with pytest.raises(RuntimeError, match="closed"):
        node.receive()
    with pytest.raises(RuntimeError, match="closed"):
        node.status()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C as Python takes it, also where a shell had what runs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_the_call_and_not_the_node(desk: Desk, silent: Silent) -> None:
    def interrupt() -> None:
        silent.waited.wait()
        os.kill(os.getpid(), signal.SIGINT)

    with opened(desk) as node:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            for _ in node.inbox(wait=True):
                pass
        thread.join()
        assert silent.ended.wait(timeout=30)
        assert node.receive() == 0


def test_one_thread_waits_for_mail_while_another_works(desk: Desk, silent: Silent) -> None:
    with ThreadPoolExecutor() as pool, opened(desk) as node:
        waiting = pool.submit(lambda: list(node.inbox(wait=True)))
        assert silent.waited.wait(timeout=30)
        assert node.packets.show(bytes.fromhex(desk.packet)).own
        node.close()
        assert isinstance(waiting.exception(timeout=30), CancelledError)
    assert silent.ended.is_set()


def test_an_inbox_that_is_left_ends_its_subscription(
    desk: Desk, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(cursor: bytes) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"mail"
        finally:
            silent.ended.set()

    async def read_log(receiver: Receiver, deliveries: tuple[bytes, ...]) -> None:
        pass

    monkeypatch.setattr(silent, "subscribe", endless)
    monkeypatch.setattr(Receiver, "is_idle", lambda receiver, data: False)
    monkeypatch.setattr(Receiver, "read_log", read_log)
    monkeypatch.setattr(Receiver, "take", lambda receiver, deliveries: deliveries)
    with opened(desk) as node:
        for received in node.inbox(wait=True):
            assert received == b"mail"
            break
        assert silent.ended.wait(timeout=30)
        assert node.status().uri == OUR_NODE


def test_recalls_are_a_desk_of_it_too(desk: Desk) -> None:
    with opened(desk) as node:
        assert node.recalls.all() == ()
        with pytest.raises(NotFound):
            node.recalls.plan(bytes(32))
        with pytest.raises(NotFound):
            node.recalls.erase(bytes(32))  # a coroutine function of the node's, waited for here
