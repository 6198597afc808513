"""A request as this node knows it: its items, its clock, and what of ours waits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tearline.bodies.requests import items_of
from tearline.errors import ItemUnknown, PacketFrozen
from tearline.request.progress import Progress
from tearline.request.step import Ground, ItemOutcome
from tearline_client.state import NodeState
from tearline_client.store.requests import StoredRequest, StoredStep


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedItem:
    """One item of a request, and what became of it.

    Attributes:
        number: Its number, by which both sides name it.
        record: Which record is asked for.
        ground: Why it was refused; None where it was not.
        answer: The packet that answers it; empty where none does.
    """

    number: int
    record: str
    ground: Ground | None = None
    answer: bytes = b""

    @property
    def is_open(self) -> bool:
        """Whether nothing was decided about it."""
        return self.ground is None and not self.answer


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request as this node knows it.

    Attributes:
        request: Which one, and our side of it.
        progress: How far it has come, by the log.
        items: What is asked, by number; nothing while its asker has frozen it.
        frozen: Whether its asker has, by a suspension.
        steps: What both sides did, and what of ours waits or was refused.
        due_ms: When an answer is due, or a preservation ends; None while the clock stands still.
        stopped_ms: Since when the clock stands still, in log time; None while it runs.
        suspended: Whether a suspension is among what stops it.
        left_ms: How much time is left; below zero once it is over.
        is_overdue: Whether an answer is owed, and its time is over.
        pending: Answers of ours that wait for a second person: the ids under which they do.
    """

    request: StoredRequest
    progress: Progress
    items: tuple[RequestedItem, ...]
    frozen: bool
    steps: tuple[StoredStep, ...]
    due_ms: int | None
    stopped_ms: int | None
    suspended: bool
    left_ms: int
    is_overdue: bool
    pending: tuple[bytes, ...]

    def chosen(self, items: Sequence[int]) -> tuple[int, ...]:
        """The items named, or all that are open; after the end also what was refused.

        Raises:
            PacketFrozen: If its asker has frozen it.
            ItemUnknown: If one was never asked, or was decided before; or if none is left.
        """
        if self.frozen:
            raise PacketFrozen
        ended = self.progress.phase.has_ended
        free = {i.number for i in self.items if i.is_open or (ended and not i.answer)}
        chosen = sorted(set(items)) or sorted(free)
        if strange := [number for number in chosen if number not in free]:
            raise ItemUnknown(f"item {strange[0]}")
        if not chosen:
            raise ItemUnknown("none is open")
        return tuple(chosen)

    def is_last(self, numbers: Sequence[int]) -> bool:
        """Whether nothing is open once these items are decided."""
        return not {item.number for item in self.items if item.is_open} - set(numbers)


def view_request(
    state: NodeState, request: StoredRequest, pending: tuple[bytes, ...]
) -> RequestView:
    """A request as it stands now.

    Args:
        state: The node.
        request: Which one.
        pending: What of ours waits for a second person.
    """
    requests, now_ms = state.stores.requests, state.now_ms()
    replayed, steps = requests.replayed(request, state.agency), requests.steps(request)
    progress, clock = replayed.progress, replayed.clock
    frozen = state.stores.packets.is_frozen(request.packet)
    return RequestView(
        request=request,
        progress=progress,
        items=() if frozen else _items(state, request, steps),
        frozen=frozen,
        steps=steps,
        due_ms=clock.due_ms(),
        stopped_ms=clock.stopped_since_ms(),
        suspended=replayed.is_suspended,
        left_ms=clock.left_ms(now_ms),
        is_overdue=progress.is_overdue(now_ms, replayed.stopped),
        pending=pending,
    )


def _items(
    state: NodeState, request: StoredRequest, steps: Sequence[StoredStep]
) -> tuple[RequestedItem, ...]:
    view = state.open_view(request.packet).view
    items = {
        number: RequestedItem(number=number, record=record)
        for number, record in items_of(o.field for o in view.best()).items()
    }
    for each in steps:
        if each.index is None or each.note is None:
            continue
        for outcome in each.note.items:
            known = items.get(outcome.number)
            if known is not None and not known.answer:  # what was answered stays so
                items[outcome.number] = _decided(known, outcome, each.note.answer)
    return tuple(items.values())


def _decided(item: RequestedItem, outcome: ItemOutcome, answer: bytes) -> RequestedItem:
    if outcome.ground is None:
        return replace(item, answer=answer, ground=None)
    return replace(item, ground=outcome.ground)
