"""What a person is told of an act that is stored, where the exchange cannot be asked."""

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
    """Returns the error that says at which place an act waits.

    Args:
        context: The node.
        missed: Why the exchange was not asked.
        number: The decision; 0, or gone, where it is signed and last in the outbox.
        packets: Packets that it will send.
        first: Whether it goes before all else, as a suspension does.
    """
    place = 1 if first else context.stores.outbox.waiting() + context.stores.decisions.place(number)
    why = f"it is number {place} of all that waits here ({missed.code})"
    return ActQueued(why, place=place, packets=packets)


@contextmanager
def queueing(
    context: NodeContext, packets: tuple[bytes, ...] = (), *, first: bool = False
) -> Iterator[None]:
    """Sends what is stored already; inside, the exchange may be away.

    Args:
        context: The node.
        packets: Packets that it sends.
        first: Whether it goes before all else that waits.

    Raises:
        ActQueued: If it is.
    """
    try:
        yield
    except ActQueued:
        raise
    except EXCHANGE_AWAY as error:
        raise queued(context, error, packets=packets, first=first) from error
