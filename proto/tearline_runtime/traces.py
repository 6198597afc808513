"""Traces by OpenTelemetry: off, unless the settings name a collector.

A span has a name of ``SpanName``, numbers, ids, the method of a call, and the code of the error
that ended it. It takes no other text, so no value of a field, name, search text or path becomes
part of one. Messages and stacks of errors are not recorded.

OpenTelemetry is imported once a collector is named.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any

from tearline.errors import TearlineError

MAX_IDS = 16
"""Ids of one name in a span; further ones are only counted."""
_METHOD = re.compile(r"/[A-Za-z0-9.]{1,64}/[A-Za-z]{1,32}\Z")


class SpanName(StrEnum):
    """Names of spans."""

    CALL = "call"
    """A call, at the node that makes it and at the exchange that answers it."""

    QUEUE = "queue"
    """Statements at the exchange, from queueing until they are durable."""

    COMMIT = "commit"
    """A batch of statements at the exchange, judged and written."""

    SYNC = "sync"
    """A synchronisation of a node."""

    SEND = "send"
    """The sending of a node's outbox."""

    RECEIVE = "receive"
    """Deliveries to a node, verified and stored together."""


class Attribute(StrEnum):
    """Names of numbers and ids."""

    BYTES = "bytes"
    BYTES_RECEIVED = "bytes_received"
    BYTES_SENT = "bytes_sent"
    DELIVERIES = "deliveries"
    MESSAGES = "messages"
    STATEMENTS = "statements"
    REQUEST = "request"
    NODE_REQUEST = "node_request"
    STATEMENT = "statement"


class Span:
    """A span under way; without a collector, it only counts."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.ids: dict[str, list[str]] = {}
        self.context: Any = None  # OpenTelemetry's, for the spans within this one

    def add(self, name: Attribute, number: int) -> None:
        """Adds to a number of the span."""
        self.numbers[name.value] = self.numbers.get(name.value, 0) + int(number)

    def note(self, name: Attribute, ids: Iterable[bytes]) -> None:
        """Adds ids to the span, the first ``MAX_IDS`` of a name."""
        noted = self.ids.setdefault(name.value, [])
        noted += [each.hex() for each in ids][: MAX_IDS - len(noted)]


_current: ContextVar[Span | None] = ContextVar("span", default=None)
_tracer: Any = None  # of OpenTelemetry, while a collector is named


def current() -> Span | None:
    """Returns the span under way in this task; None without one, or without a collector."""
    return _current.get()


@contextmanager
def span(name: SpanName, *, method: str = "", holds: bool = True) -> Iterator[Span]:
    """Measures the context as a span, within the current one.

    Args:
        name: Its name.
        method: The full name of a call's method.
        holds: Whether spans that begin in the context are within it; not for a generator's
            context, which its caller shares.
    """
    made = Span()
    if (tracer := _tracer) is None:
        yield made
        return
    outer = _current.get()
    started = tracer.start(name.value, outer and outer.context)
    made.context = started
    if holds:
        _current.set(made)
    code = "ok"
    try:
        yield made
    except TearlineError as error:
        code = error.code
        raise
    except (asyncio.CancelledError, GeneratorExit):
        code = "cancelled"
        raise
    except BaseException as error:
        code = type(error).__name__
        raise
    finally:
        if holds:
            _current.set(outer)
        attributes: dict[str, object] = {**made.numbers, **made.ids, "code": code}
        if _METHOD.match(method):
            attributes["method"] = method
        tracer.end(started, attributes)


@contextmanager
def tracing(collector: str, service: str) -> Iterator[None]:
    """Sends the spans of the context to a collector; without one, does nothing.

    Args:
        collector: Its address, as ``parse_collector`` returns it, or empty.
        service: The name of the program.

    Raises:
        ExtraMissing: If the extra ``otel`` is not installed.
    """
    global _tracer
    if not collector:
        yield
        return
    # Imported here: OpenTelemetry loads slowly.
    from tearline_runtime.trace_exporter import Tracer

    tracer = _tracer = Tracer(collector, service)
    try:
        yield
    finally:
        _tracer = None
        tracer.close()
