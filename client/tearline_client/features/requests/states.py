"""States of requests without contents, for lists: computed once for each change."""

import json
from collections.abc import Mapping
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.packets.packet import Urgency
from tearline.requests.progress import Phase
from tearline_client.context import NodeContext
from tearline_client.features.requests.views import RequestView, has_departed, view_request
from tearline_client.store.requests import StoredRequest

Waiting = Mapping[bytes, tuple[bytes, ...]]


@immutable
class RequestState:
    """State of a request at a time. It holds no contents.

    Attributes:
        request: Its identity, and our role in it.
        phase: Its phase.
        urgency: Its present urgency.
        has_question: Whether a question of the holder waits for its answer.
        contested: Whether the urgency was contested.
        decided: Whether the asker has decided on that.
        disputed: Entries with a log time that one side disputes.
        is_preservation: Whether it asks to preserve records.
        items: Number of its items; 0 while its asker has frozen it.
        open_items: Number of undecided items.
        frozen: Whether its asker froze it by a suspension.
        due_ms: Deadline of the answer, or end of a preservation; None while the clock stands still.
        stopped_ms: Log time since which the clock stands still; None while it runs.
        suspended: Whether a suspension contributes to the stop.
        departed: Whether the other party has departed since: then no step is due or possible.
        left_ms: Remaining time; negative after the deadline.
        is_overdue: Whether an answer is owed and late.
        pending: Ids of our answers that wait for a second person.
    """

    request: StoredRequest
    phase: Phase
    urgency: Urgency
    has_question: bool
    contested: bool
    decided: bool
    disputed: tuple[int, ...]
    is_preservation: bool
    items: int
    open_items: int
    frozen: bool
    due_ms: int | None
    stopped_ms: int | None
    suspended: bool
    departed: bool
    left_ms: int
    is_overdue: bool
    pending: tuple[bytes, ...]


def state_of(view: RequestView) -> RequestState:
    """Returns the state of a request that is open in a view."""
    progress = view.progress
    return RequestState(
        request=view.request,
        phase=progress.phase,
        urgency=progress.urgency,
        has_question=progress.has_question,
        contested=progress.contested,
        decided=progress.decided,
        disputed=progress.disputed,
        is_preservation=progress.is_preservation,
        items=len(view.items),
        open_items=sum(item.is_open for item in view.items),
        frozen=view.frozen,
        due_ms=view.due_ms,
        stopped_ms=view.stopped_ms,
        suspended=view.suspended,
        departed=view.departed,
        left_ms=view.left_ms,
        is_overdue=view.is_overdue,
        pending=view.pending,
    )


class RequestStates:
    """Reads states of requests. A reader computes a missing state, and stores it nowhere.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._stored = context.stores.request_states

    def of(self, request: StoredRequest, pending: tuple[bytes, ...] = ()) -> RequestState:
        """Returns the state of a request now.

        Args:
            request: The request.
            pending: Ids of our answers that wait for a second person.

        Raises:
            TearlineError: If it cannot be computed, for example without its agreement.
        """
        known = self._stored.find(request.packet, request.peer)
        if known is None:
            value = _value(view_request(self._context, request, ()))
        else:
            value = json.loads(known)
        if has_departed(self._context, request):
            value |= {"due_ms": None, "departed": True}
        return _at(value, request, pending, self._context.now_ms())

    def prepare(self, request: StoredRequest) -> None:
        """Stores the state of a request if it is missing; raises as ``of``."""
        if self._stored.find(request.packet, request.peer) is not None:
            return
        # In one transaction: a change by another process must not leave an older state.
        with self._context.stores.database.transaction():
            value = _value(view_request(self._context, request, ()))
            self._stored.put(request.packet, request.peer, json.dumps(value).encode())


def _value(view: RequestView) -> dict[str, Any]:
    """Returns a state as JSON values, which hold at any time until it changes."""
    state = state_of(view)
    return {
        "phase": state.phase.value,
        "urgency": state.urgency.value,
        "has_question": state.has_question,
        "contested": state.contested,
        "decided": state.decided,
        "disputed": state.disputed,
        "is_preservation": state.is_preservation,
        "items": state.items,
        "open_items": state.open_items,
        "frozen": state.frozen,
        "due_ms": state.due_ms,
        "stopped_ms": state.stopped_ms,
        "suspended": state.suspended,
        "left_ms": state.left_ms,
        "allowed_ms": view.allowed_ms,
    }


def _at(
    value: Mapping[str, Any], request: StoredRequest, pending: tuple[bytes, ...], now_ms: int
) -> RequestState:
    """Returns a stored state at a time: a clock that stands still leaves the same time."""
    phase, due_ms = Phase(value["phase"]), value["due_ms"]
    left_ms = value["left_ms"] if due_ms is None else min(due_ms - now_ms, value["allowed_ms"])
    is_owed = not (phase.has_ended or value["is_preservation"])
    return RequestState(
        request=request,
        phase=phase,
        urgency=Urgency(value["urgency"]),
        has_question=value["has_question"],
        contested=value["contested"],
        decided=value["decided"],
        disputed=tuple(value["disputed"]),
        is_preservation=value["is_preservation"],
        items=value["items"],
        open_items=value["open_items"],
        frozen=value["frozen"],
        due_ms=due_ms,
        stopped_ms=value["stopped_ms"],
        suspended=value["suspended"],
        departed=value.get("departed", False),
        left_ms=left_ms,
        is_overdue=is_owed and due_ms is not None and due_ms < now_ms,
        pending=pending,
    )
