"""A request as this node knows it: its items, its clock, and what of ours waits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tearline.bodies.requests import items_of
from tearline.errors import ItemDecided, ItemUnknown, PacketFrozen
from tearline.requests.progress import Progress
from tearline.requests.step import Ground, ItemOutcome, StepKind
from tearline.text.choices import listed
from tearline_client.context import NodeContext
from tearline_client.store.requests import StoredRequest, StoredStep


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedItem:
    """One item of a request, and what became of it.

    Attributes:
        number: Its number, by which both sides name it.
        record: Which record is asked for.
        ground: Why it was refused; None where it was not.
        answer: The packet that answers it, the newest one; empty where none does.
        earlier: Packets that answered it before, oldest first.
    """

    number: int
    record: str
    ground: Ground | None = None
    answer: bytes = b""
    earlier: tuple[bytes, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nothing was decided about it."""
        return self.ground is None and not self.answer

    @property
    def outcome(self) -> str:
        """Returns the decision about it in words, for example ``refused: policy``."""
        if self.answer:
            return "answered"
        return "open" if self.ground is None else f"refused: {self.ground.value}"


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

    def chosen(self, items: Sequence[int], *, supplement: bool = False) -> tuple[int, ...]:
        """Returns the numbers of the items named, or of all that are open.

        Args:
            items: Numbers; none for all that are open, or refused where they are supplemented.
            supplement: Whether items may be among them that were decided before.

        Raises:
            PacketFrozen: If its asker has frozen it.
            ItemUnknown: If one was never asked, or none is left.
            ItemDecided: If one was decided before, and is not to be supplemented.
        """
        if self.frozen:
            raise PacketFrozen
        known = {item.number: item for item in self.items}
        if strange := sorted(set(items) - known.keys()):
            raise ItemUnknown(f"no item {strange[0]}; one of {listed(map(str, known))}")
        free = (i for i in self.items if (not i.answer if supplement else i.is_open))
        chosen = [known[number] for number in sorted(set(items))] or list(free)
        decided = [each for each in (chosen or self.items) if not each.is_open]
        if decided and not supplement:
            raise ItemDecided(listed(f"item {each.number} is {each.outcome}" for each in decided))
        if not chosen:
            raise ItemUnknown("every item was answered; name those to answer anew")
        return tuple(each.number for each in chosen)

    def is_last(self, numbers: Sequence[int]) -> bool:
        """Whether nothing is open once these items are decided."""
        return not {item.number for item in self.items if item.is_open} - set(numbers)


def view_request(
    context: NodeContext, request: StoredRequest, pending: tuple[bytes, ...]
) -> RequestView:
    """A request as it stands now.

    Args:
        context: The node.
        request: Which one.
        pending: What of ours waits for a second person.
    """
    requests, now_ms = context.stores.requests, context.now_ms()
    replayed, steps = requests.replayed(request, context.agency), requests.steps(request)
    progress, clock = replayed.progress, replayed.clock
    frozen = context.stores.packets.is_frozen(request.packet)
    return RequestView(
        request=request,
        progress=progress,
        items=() if frozen else _items(context, request, steps),
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
    context: NodeContext, request: StoredRequest, steps: Sequence[StoredStep]
) -> tuple[RequestedItem, ...]:
    view = context.open_view(request.packet).view
    items = {
        number: RequestedItem(number=number, record=record)
        for number, record in items_of(o.field for o in view.best()).items()
    }
    for each in steps:
        if each.index is None or each.note is None:
            continue
        for outcome in each.note.items:
            if known := items.get(outcome.number):
                items[outcome.number] = _decided(known, outcome, each)
    return tuple(items.values())


def _decided(item: RequestedItem, outcome: ItemOutcome, step: StoredStep) -> RequestedItem:
    answer = b"" if step.note is None else step.note.answer
    if item.answer and step.step.kind is not StepKind.SUPPLEMENT:
        return item  # what was answered stays so, but for a supplement
    if outcome.ground is not None:
        return replace(item, ground=outcome.ground)
    earlier = (*item.earlier, item.answer) if item.answer else ()
    return replace(item, answer=answer, ground=None, earlier=earlier)
