"""A request as known to this node: its items, its clock, and our pending answers."""

from collections.abc import Sequence
from dataclasses import replace

from tearline.bodies.requests import items_of
from tearline.dataclass.immutable import immutable
from tearline.errors import ItemDecided, ItemUnknown, PacketFrozen
from tearline.federation.versions import MemberStatus
from tearline.identity import agency_uri_of
from tearline.requests.progress import Progress
from tearline.requests.step import Ground, ItemOutcome, StepKind
from tearline.text.choices import listed
from tearline_client.context import NodeContext
from tearline_client.messages.packet_view import PacketView
from tearline_client.store.requests import StoredRequest, StoredStep


@immutable
class RequestedItem:
    """One item of a request, with its outcome.

    Attributes:
        number: Its number, used by both parties.
        record: The requested record.
        ground: The ground of its refusal, or None.
        answer: The newest packet that answers it, or empty.
        earlier: Earlier packets that answered it, oldest first.
    """

    number: int
    record: str
    ground: Ground | None = None
    answer: bytes = b""
    earlier: tuple[bytes, ...] = ()

    @property
    def is_open(self) -> bool:
        """Returns whether the item is undecided."""
        return self.ground is None and not self.answer

    @property
    def outcome(self) -> str:
        """Returns the decision about it in words, for example ``refused: policy``."""
        if self.answer:
            return "answered"
        return "open" if self.ground is None else f"refused: {self.ground.value}"


@immutable
class RequestView:
    """A request as known to this node.

    Attributes:
        request: Its identity, and our role in it.
        progress: Its progress, by the log.
        items: The items, by number; empty while its asker has frozen it.
        shown: Its packet, as this node may see it; None while its asker has frozen it.
        steps: Steps of both parties, including pending and refused ones of ours.
        due_ms: Deadline of the answer, or end of a preservation; None while the clock stands still.
        allowed_ms: Time for the answer from the start of its clock, without standstills.
        stopped_ms: Log time since which the clock stands still; None while it runs.
        suspended: Whether a suspension contributes to the stop.
        departed: Whether the other party has departed since: then no step is due or possible.
        left_ms: Remaining time; negative after the deadline.
        is_overdue: Whether an answer is owed and late.
        pending: Ids of our answers that wait for a second person.
        offered: The steps that a person of this agency could take now.
    """

    request: StoredRequest
    progress: Progress
    items: tuple[RequestedItem, ...]
    shown: PacketView | None
    steps: tuple[StoredStep, ...]
    due_ms: int | None
    allowed_ms: int
    stopped_ms: int | None
    suspended: bool
    departed: bool
    left_ms: int
    is_overdue: bool
    pending: tuple[bytes, ...]
    offered: frozenset[StepKind]

    @property
    def frozen(self) -> bool:
        """Returns whether its asker froze it by a suspension."""
        return self.shown is None

    @property
    def purpose(self) -> str:
        """Returns the purpose for which records are asked for; empty while it is frozen."""
        return self.shown.grants[0].grant.purpose if self.shown else ""

    def chosen(self, items: Sequence[int], *, supplement: bool = False) -> tuple[int, ...]:
        """Returns the numbers of the named items, by default of all open ones.

        Args:
            items: Numbers; empty for all open ones, or for all refused ones in a supplement.
            supplement: Whether decided items are allowed.

        Raises:
            PacketFrozen: If its asker has frozen it.
            ItemUnknown: If one does not exist, or none is left.
            ItemDecided: If one was decided before, and this is no supplement.
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
        """Returns whether all items are decided once these are."""
        return not {item.number for item in self.items if item.is_open} - set(numbers)


def view_request(
    context: NodeContext, request: StoredRequest, pending: tuple[bytes, ...]
) -> RequestView:
    """Returns a request's current view.

    Args:
        context: The node.
        request: The request.
        pending: Our answers that wait for a second person.
    """
    requests, now_ms = context.stores.requests, context.now_ms()
    replayed, steps = requests.replayed(request, context.agency), requests.steps(request)
    progress, clock = replayed.progress, replayed.clock
    is_frozen = context.stores.packets.is_frozen(request.packet)
    departed = has_departed(context, request)
    is_overdue = progress.is_overdue(now_ms, replayed.stopped)
    offered = progress.offers(request.side, time_ms=now_ms, stopped=replayed.stopped)
    shown = None if is_frozen else context.open_view(request.packet)
    return RequestView(
        request=request,
        progress=progress,
        items=() if shown is None else _items(shown, steps),
        shown=shown,
        steps=steps,
        due_ms=None if departed else clock.due_ms(),
        allowed_ms=clock.allowed_ms,
        stopped_ms=clock.stopped_since_ms(),
        suspended=replayed.is_suspended,
        departed=departed,
        left_ms=clock.left_ms(now_ms),
        is_overdue=is_overdue and not departed,
        pending=pending,
        offered=frozenset() if departed else offered,
    )


def has_departed(context: NodeContext, request: StoredRequest) -> bool:
    """Returns whether the membership ended under which the other party took part in a request."""
    version = context.known.members.version(agency_uri_of(request.peer))
    if version is None or version.status is not MemberStatus.MEMBER:
        return True
    is_later = version.record.generation > 1
    return is_later and context.stores.log.time_after(version.since) > request.granted_ms


def _items(shown: PacketView, steps: Sequence[StoredStep]) -> tuple[RequestedItem, ...]:
    items = {
        number: RequestedItem(number=number, record=record)
        for number, record in items_of(o.field for o in shown.view.best()).items()
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
        return item  # only a supplement changes an answered item
    if outcome.ground is not None:
        return replace(item, ground=outcome.ground)
    earlier = (*item.earlier, item.answer) if item.answer else ()
    return replace(item, answer=answer, ground=None, earlier=earlier)
