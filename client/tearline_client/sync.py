"""``SyncNode``: the node for programs without asyncio.

Its methods are those of ``Node``, forwarded to an event loop in a thread of its own: the same
names, parameters, results and errors.
"""

import asyncio
import functools
import inspect
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import wait
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from tearline_client.node import Node

P = ParamSpec("P")
R = TypeVar("R")


_WAKE_S = 0.5  # how long an interrupt may go unnoticed


class _Loop:
    """An event loop that runs in a thread until it is closed."""

    def __init__(self) -> None:
        started = threading.Event()
        self._calls: weakref.WeakSet[Any] = weakref.WeakSet()  # tasks

        def run() -> None:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                self._loop.call_soon(started.set)
                self._loop.run_forever()

        self._thread = threading.Thread(target=run, name="tearline", daemon=True)
        self._thread.start()
        started.wait()

    def run(self, work: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Lets the loop do ``work``, and waits for it."""
        if not self._thread.is_alive():
            raise RuntimeError("the node is closed")

        async def call() -> R:
            self._calls.add(asyncio.current_task())
            return await work()

        future = asyncio.run_coroutine_threadsafe(call(), self._loop)
        try:
            # A signal that comes just before a wait does not end it: so none is endless.
            while not wait([future], timeout=_WAKE_S).done:
                pass
            return future.result()
        finally:
            future.cancel()  # an interrupt ends the work, and not the waiting for it alone

    async def cancel_calls(self) -> None:
        """Ends what was interrupted and the calls of other threads, and waits until they ended."""
        calls = set(self._calls) - {asyncio.current_task()}
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def close(self) -> None:
        """Stops the loop; the thread is then gone."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def _opened(
    method: Callable[P, Coroutine[Any, Any, Node]],
) -> Callable[P, "SyncNode"]:
    @functools.wraps(method)
    def forward(*args: P.args, **kwargs: P.kwargs) -> "SyncNode":
        with ExitStack() as undo:
            loop = _Loop()
            undo.callback(loop.close)
            node = loop.run(lambda: method(*args, **kwargs))
            undo.callback(loop.run, node.close)
            undo.callback(loop.run, loop.cancel_calls)
            return SyncNode(node, loop, undo.pop_all())

    return forward


def _awaited(
    method: Callable[Concatenate[Node, P], Awaitable[R]],
) -> Callable[Concatenate["SyncNode", P], R]:
    @functools.wraps(method)
    def forward(self: "SyncNode", /, *args: P.args, **kwargs: P.kwargs) -> R:
        async def work() -> R:
            return await method(self._node, *args, **kwargs)

        return self._loop.run(work)

    return forward


def _called(
    method: Callable[Concatenate[Node, P], R],
) -> Callable[Concatenate["SyncNode", P], R]:
    @functools.wraps(method)
    def forward(self: "SyncNode", /, *args: P.args, **kwargs: P.kwargs) -> R:
        async def work() -> R:  # in the loop, too: never between two steps of another call
            return method(self._node, *args, **kwargs)

        return self._loop.run(work)

    return forward


def _iterated(
    method: Callable[Concatenate[Node, P], AsyncIterator[R]],
) -> Callable[Concatenate["SyncNode", P], Iterator[R]]:
    @functools.wraps(method)
    def forward(self: "SyncNode", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        items = method(self._node, *args, **kwargs)

        async def work() -> R:
            return await anext(items)

        while True:
            try:
                item = self._loop.run(work)
            except StopAsyncIteration:
                return
            yield item

    return forward


class SyncNamespace:
    """A desk of the node, such as ``node.proposals``: the same methods, waited for.

    Args:
        desk: The node's own.
        loop: Where it works.
    """

    def __init__(self, desk: object, loop: _Loop) -> None:
        self._desk = desk
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._desk, name)

        @functools.wraps(method)
        def forward(*args: Any, **kwargs: Any) -> Any:
            async def work() -> Any:
                result = method(*args, **kwargs)
                return await result if inspect.isawaitable(result) else result

            return self._loop.run(work)

        return forward


class SyncNode:
    """An agency's node without asyncio: open it with ``SyncNode.open``, as a context.

    Whatever ``Node`` has to be awaited for, this waits for; several threads may share one. An
    interrupt ends the call under way as cancelling it would. Closing the node ends the calls of
    other threads with ``concurrent.futures.CancelledError``.

    Example:
        >>> with SyncNode.open("us-justice", passphrase=passphrase) as node:
        ...     for received in node.inbox():  # verified, opened and stored
        ...         print(type(received.content).__name__)
        ...     print(node.uri)
        spiffe://justice.us.example/node/liaison
    """

    def __init__(self, node: Node, loop: _Loop, closing: ExitStack) -> None:
        self._node = node
        self._loop = loop
        self._closing = closing
        self.packets = SyncNamespace(node.packets, loop)
        self.agreements = SyncNamespace(node.agreements, loop)
        self.log = SyncNamespace(node.log, loop)
        self.directory = SyncNamespace(node.directory, loop)
        self.proposals = SyncNamespace(node.proposals, loop)
        self.approvals = SyncNamespace(node.approvals, loop)
        self.consents = SyncNamespace(node.consents, loop)
        self.own_sources = SyncNamespace(node.own_sources, loop)
        self.suspensions = SyncNamespace(node.suspensions, loop)
        self.cases = SyncNamespace(node.cases, loop)
        self.requests = SyncNamespace(node.requests, loop)
        self.recalls = SyncNamespace(node.recalls, loop)
        self.corrections = SyncNamespace(node.corrections, loop)
        self.decisions = SyncNamespace(node.decisions, loop)
        self.answers = SyncNamespace(node.answers, loop)
        self.case_decisions = SyncNamespace(node.case_decisions, loop)

    open = staticmethod(_opened(Node.open))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, closes the database and ends the thread; again is no error."""
        self._closing.close()

    @property
    def uri(self) -> str:
        """The node's URI."""
        return self._node.uri

    identity = _called(Node.identity)

    sync = _awaited(Node.sync)
    take_over = _called(Node.take_over)

    is_connection_due = _called(Node.is_connection_due)
    is_connection_current = _called(Node.is_connection_current)
    renew_connection = _awaited(Node.renew_connection)
    keys_due = _called(Node.keys_due)
    cosigner = _called(Node.cosigner)
    rotate_encryption_key = _awaited(Node.rotate_encryption_key)
    rotate_cosigning_key = _awaited(Node.rotate_cosigning_key)
    take_signing_record = _awaited(Node.take_signing_record)
    publish_revocation = _awaited(Node.publish_revocation)

    acting = _called(Node.acting)
    person = _called(Node.person)
    audit_token = _called(Node.audit_token)
    draft_agreement = _called(Node.draft_agreement)
    sign_agreement = _called(Node.sign_agreement)
    publish_agreement = _awaited(Node.publish_agreement)
    draft_erasure = _called(Node.draft_erasure)
    sign_erasure = _called(Node.sign_erasure)
    publish_erasure = _awaited(Node.publish_erasure)

    agreement = _called(Node.agreement)
    node_of = _called(Node.node_of)
    draft = _called(Node.draft)
    plan = _called(Node.plan)
    mentions = _called(Node.mentions)
    send = _awaited(Node.send)
    disclose = _awaited(Node.disclose)

    inbox = _iterated(Node.inbox)
    receive = _awaited(Node.receive)
    refresh = _awaited(Node.refresh)
    unread = _awaited(Node.unread)
    known_ms = _called(Node.known_ms)
    tell = _awaited(Node.tell)
    mark = _awaited(Node.mark)

    show = _called(Node.show)
    search = _called(Node.search)
    who_saw = _called(Node.who_saw)
    read = _awaited(Node.read)
    status = _called(Node.status)
    todo = _called(Node.todo)
