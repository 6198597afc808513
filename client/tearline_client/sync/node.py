"""``SyncNode``: the node for programs without asyncio.

Its methods are those of ``Node``, forwarded to an event loop in a thread of its own: the same
names, parameters, results and errors.
"""

import functools
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, ParamSpec, Self

from tearline_client.node import Node
from tearline_client.sync.loop import Loop
from tearline_client.sync.methods import SyncMethods

P = ParamSpec("P")


def _opened(method: Callable[P, Coroutine[Any, Any, Node]]) -> Callable[P, "SyncNode"]:
    @functools.wraps(method)
    def forward(*args: P.args, **kwargs: P.kwargs) -> "SyncNode":
        with ExitStack() as undo:
            loop = Loop()
            undo.callback(loop.close)
            node = loop.run(lambda: method(*args, **kwargs))
            undo.callback(loop.run, node.close)
            undo.callback(loop.run, loop.cancel_calls)
            return SyncNode(node, loop, undo.pop_all())

    return forward


class SyncNode(SyncMethods):
    """An agency's node without asyncio: open it with ``SyncNode.open``, as a context.

    Its methods wait for their results; several threads may share one node. An interrupt cancels
    the running call. Closing the node ends the calls of other threads with
    ``concurrent.futures.CancelledError``.

    Example:
        >>> with SyncNode.open("us-justice", passphrase=passphrase) as node:
        ...     for received in node.inbox():  # verified, opened and stored
        ...         print(type(received.content).__name__)
        ...     print(node.uri)
        spiffe://justice.us.example/node/liaison
    """

    def __init__(self, node: Node, loop: Loop, closing: ExitStack) -> None:
        super().__init__(node, loop)
        self._closing = closing

    open = staticmethod(_opened(Node.open))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection, closes the database and ends the thread; again is no error."""
        self._closing.close()
