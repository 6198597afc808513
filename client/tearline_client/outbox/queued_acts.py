"""Errors for acts that are stored while the exchange is unreachable."""

from collections.abc import Iterator
from contextlib import contextmanager

from tearline.errors import EXCHANGE_AWAY, ActQueued, TearlineError
from tearline_client.context import NodeContext


def queued(
    context: NodeContext,
    missed: TearlineError,
    *,
    number: int = 0,
    packets: tuple[bytes, ...] = (),
    first: bool = False,
) -> ActQueued:
    """Returns the error that states an act's place in the queue.

    Args:
        context: The node.
        missed: The error of the exchange.
        number: The decision; 0, or a removed one, if it is signed and last in the outbox.
        packets: Packets that it will send.
        first: Whether it precedes all others, as a suspension does.
    """
    place = 1 if first else context.stores.outbox.waiting() + context.stores.decisions.place(number)
    why = f"it is number {place} in the queue ({missed.code})"
    return ActQueued(why, place=place, packets=packets)


@contextmanager
def queueing(
    context: NodeContext, packets: tuple[bytes, ...] = (), *, first: bool = False
) -> Iterator[None]:
    """Reports acts inside the context as queued if the exchange is unreachable.

    Args:
        context: The node.
        packets: Packets that are sent.
        first: Whether the act precedes all others in the queue.

    Raises:
        ActQueued: If the exchange is unreachable.
    """
    try:
        yield
    except ActQueued:
        raise
    except EXCHANGE_AWAY as error:
        raise queued(context, error, packets=packets, first=first) from error
