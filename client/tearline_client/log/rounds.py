"""A round of reading the log: as a full node, or as a light one; then of comparing receipts."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from tearline.errors import (
    ClockSkewed,
    EntryNotIncluded,
    ExchangeError,
    LogError,
    PromiseLost,
    TearlineError,
)
from tearline.limits import MAX_ENTRY_DELAY_S, MAX_LIGHT_INDEXES
from tearline.wire.log_entries import encode_entries_request, parse_entries
from tearline.wire.reconcile import (
    ReconcileRequest,
    encode_reconcile_request,
    parse_reconcile_reply,
)
from tearline_client.log.follower import LogFollower
from tearline_client.store.receipts import Promise
from tearline_client.store.stores import Stores

if TYPE_CHECKING:
    from tearline_client.log.light_follower import LightFollower


class Prover(Protocol):
    """Calls of a light node; see ``transport.interface.Transport``."""

    async def light_turn(self, request: bytes) -> bytes:
        """Returns the next turn of a light node."""
        ...

    async def light_leaves(self, request: bytes) -> bytes:
        """Returns the states of agencies at a turn."""
        ...

    async def light_entries(self, request: bytes) -> bytes:
        """Returns entries with their inclusion proofs."""
        ...


class _Exchange(Prover, Protocol):
    """Calls of a round."""

    async def entries(self, request: bytes) -> bytes:
        """Returns a run of log entries with a checkpoint."""
        ...

    async def reconcile(self, request: bytes) -> bytes:
        """Sends this node's state after a loss; returns the exchange's state."""
        ...


class LogContext(Protocol):
    """Node that reads the log; see ``NodeContext``."""

    @property
    def stores(self) -> Stores:
        """Returns its database."""

    @property
    def transport(self) -> _Exchange:
        """Returns the connection to the exchange."""

    @property
    def follower(self) -> "LogFollower | LightFollower":
        """Returns the log as followed here."""

    @property
    def now_ms(self) -> Callable[[], int]:
        """Returns this machine's clock."""

    def has_entry(self, index: int) -> bool:
        """Returns whether an entry of the log is here."""
        ...

    def alarm(self, error: TearlineError, evidence: bytes, *, about: bytes = b"") -> None:
        """Stores an error and its evidence."""
        ...

    def alarm_clock(self, error: ClockSkewed, evidence: bytes) -> None:
        """Raises an alarm that the log's clock and ours disagree."""
        ...


async def read_log(context: LogContext, follower: LogFollower, *, to_directory: bool) -> bool:
    """Reads the log up to a checkpoint; returns whether it has more entries.

    Args:
        context: A full node.
        follower: Its follower.
        to_directory: Whether to stop at a checkpoint that ends with a directory.

    Raises:
        LogError: If the log is not the one followed so far; kept as evidence.
        ExchangeError: If the exchange does not answer.
    """
    while True:
        request = encode_entries_request(follower.next_index, 0, to_directory=to_directory)
        reply = await context.transport.entries(request)
        try:
            page = parse_entries(reply)
            reached = follower.take(page, now_ms=context.now_ms())
        except ClockSkewed as error:
            # The entries that came with it show no more, and a day's may be a megabyte.
            context.alarm_clock(error, parse_entries(reply).checkpoint)
            raise
        except TearlineError as error:
            context.alarm(error, reply)
            raise
        if reached:
            return page.more and bool(page.entries)


async def take_turn(context: LogContext, light: "LightFollower") -> None:
    """Takes a light node's next turn, and reads the entries that receipts and arrivals name.

    Raises:
        TearlineError: If the turn or an entry is not valid; kept as evidence.
        ExchangeError: If the exchange does not answer.
    """
    stores = context.stores
    with stores.database.transaction():
        agreements = stores.agreements.all()
        stores.light.follow(sorted({p for each in agreements for p in each.terms.parties}))
    try:
        await light.take_turn(context.transport, now_ms=context.now_ms())
        promised = [each.entry.index for each in stores.receipts.promises()]
        await light.read_entries(context.transport, promised)
        # Each page that is read waits no more.
        while awaited := stores.light.awaited(stores.log.size, limit=MAX_LIGHT_INDEXES):
            await light.read_entries(context.transport, awaited)
    except ExchangeError:
        raise
    except TearlineError as error:
        context.alarm(error, light.answer)
        raise


async def compare_receipts(context: LogContext) -> None:
    """Compares the exchange's receipts with the log.

    A restored exchange announces its restore by a new epoch. An entry that it lost is also stored
    as evidence, but the node continues.

    Raises:
        LogError: If an entry contradicts its receipt, or is missing long after its deadline; stored
            as evidence.
        ExchangeError: If the exchange does not answer.
    """
    stores = context.stores
    for promise in stores.receipts.promises():
        try:
            with stores.database.transaction():
                _compare(context, promise)
        except LogError as error:
            if not await _is_excused(context, promise):
                context.alarm(error, promise.entry.event)
                raise
            context.alarm(PromiseLost(f"entry {promise.entry.index}"), promise.entry.event)
            with stores.database.transaction():
                stores.receipts.set_kept(promise)


async def _is_excused(context: LogContext, promise: Promise) -> bool:
    """Returns whether the exchange was restored after it gave a receipt."""
    stores = context.stores
    if not stores.recovery.is_excused(promise.receipt):
        request = encode_reconcile_request(ReconcileRequest())
        epoch = parse_reconcile_reply(await context.transport.reconcile(request)).epoch
        if epoch != (known := stores.inbox.cursor().epoch) and known:
            with stores.database.transaction():
                stores.recovery.begin()
    return stores.recovery.is_excused(promise.receipt)


def _compare(context: LogContext, promise: Promise) -> None:
    stores, now_s = context.stores, context.follower.time_s()
    if context.has_entry(promise.entry.index):
        event = stores.log.put_opening(promise.entry)
        stores.requests.note_own(event, promise.entry.index)
        stores.receipts.set_kept(promise)
    elif promise.due_s is None:
        stores.receipts.set_due(promise, now_s + MAX_ENTRY_DELAY_S)
    elif now_s > promise.due_s:
        raise EntryNotIncluded(
            f"a receipt names entry {promise.entry.index}; the log has {stores.log.size},"
            f" {now_s - promise.due_s + MAX_ENTRY_DELAY_S} seconds later"
        )
