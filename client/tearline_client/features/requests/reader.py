"""Requests as a person reads them: states without contents, and views in the access log."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tearline.audit.event import EventCode
from tearline.errors import RecordRequestUnknown, StepBackwards, StepMisattributed
from tearline.requests.progress import Phase
from tearline.requests.step import Side
from tearline.text.choices import the_one
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.requests.states import RequestState, RequestStates
from tearline_client.features.requests.views import RequestedItem, RequestView, view_request
from tearline_client.jobs import Jobs
from tearline_client.messages.due import Due
from tearline_client.store.requests import StoredRequest
from tearline_runtime.turns import in_turns

SOON_MS = 2 * 3_600_000  # before the deadline: a quarter of the shortest time


class RequestReader:
    """Reader of requests, ours and partners'.

    Args:
        context: The node.
        access: The node's own access log.
    """

    def __init__(self, context: NodeContext, access: AccessLog) -> None:
        self._context = context
        self._access = access
        self._jobs = Jobs(context)
        self._states = RequestStates(context)

    def list(self) -> tuple[RequestState, ...]:
        """Returns the state of every request, ours and partners', newest first; no contents."""
        return tuple(self._states_of(self._context.stores.requests.all()))

    async def list_in_turns(self) -> tuple[RequestState, ...]:
        """Returns the same as ``list``, and gives other work its turn meanwhile."""
        states = self._states_of(self._context.stores.requests.all())
        return tuple([state async for state in in_turns(states)])

    def open(self) -> tuple[RequestState, ...]:
        """Returns the states of the unsettled requests, newest first; no contents."""
        return tuple(self.each_open())

    def each_open(self) -> Iterator[RequestState]:
        """Yields the same as ``open``, one by one."""
        return self._states_of(self._context.stores.requests.open())

    async def prepare(self) -> None:
        """Stores the states that lists would have to compute, while other tasks run."""
        async for request in in_turns(self._context.stores.requests.all()):
            with self._jobs.attempt("requests"):
                self._states.prepare(request)

    def state(self, packet: bytes, peer: str = "") -> RequestState:
        """Returns the state of a request, without contents; arguments and errors as ``show``."""
        return self._state(self._found(packet, peer), self._waiting())

    def _states_of(self, requests: Iterable[StoredRequest]) -> Iterator[RequestState]:
        waiting = self._waiting()
        return (self._state(each, waiting) for each in requests)

    def _state(
        self, request: StoredRequest, waiting: Mapping[bytes, tuple[bytes, ...]]
    ) -> RequestState:
        return self._states.of(request, _pending(request, waiting))

    def _waiting(self) -> Mapping[bytes, tuple[bytes, ...]]:
        return self._context.stores.approvals.by_question()

    def overdue(self) -> tuple[StoredRequest, ...]:
        """Returns the requests, ours and partners', with a late answer."""
        return tuple(filter(self.is_overdue, self._context.stores.requests.open()))

    def is_overdue(self, request: StoredRequest) -> bool:
        """Returns whether the answer to a request is late.

        If it cannot be computed, an alarm is raised, and the result is False.
        """
        with self._jobs.attempt("requests"):
            return self._states.of(request).is_overdue
        return False

    def unsettled(self) -> tuple[StoredRequest, ...]:
        """Returns the unsettled requests by identity, newest first; none is replayed."""
        return self._context.stores.requests.open()

    def find(self, prefix: str) -> bytes:
        """Returns the id of the request whose id, in hexadecimal, begins with ``prefix``.

        Raises:
            NotFound: If there is none.
            NameAmbiguous: If there are several.
        """
        known = dict.fromkeys(each.packet for each in self._context.stores.requests.all())
        found = [each for each in known if prefix and each.hex().startswith(prefix.lower())]
        return the_one(prefix, "request", found)

    def show(self, packet: bytes, peer: str = "", *, person: str = "") -> RequestView:
        """Returns the view of a request; an entry of the node's own access log.

        Args:
            packet: The id of its packet.
            peer: URI of the other party; needed if one packet was sent to several.
            person: The reader, by the agency's own name; by default the logged-in person.

        Raises:
            RecordRequestUnknown: If there is none, or several without a named peer.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        self._access.verify_reader(person)
        view = self._show(packet, peer)
        fields = () if view.shown is None else view.shown.view.fields
        self._access.record(EventCode.ACCESS_OPEN, {packet: fields}, person=person)
        return view

    def _show(self, packet: bytes, peer: str = "") -> RequestView:
        request = self._found(packet, peer)
        return view_request(self._context, request, _pending(request, self._waiting()))

    def _found(self, packet: bytes, peer: str = "") -> StoredRequest:
        found = [
            each for each in self._context.stores.requests.of(packet) if peer in ("", each.peer)
        ]
        if len(found) != 1:
            raise RecordRequestUnknown(f"{len(found)} have that id here")
        return found[0]

    def answerable(
        self, packet: bytes, items: Sequence[int] = (), *, supplement: bool = False
    ) -> tuple[int, ...]:
        """Returns the numbers of the items that an answer would decide, as known here.

        Args:
            packet: The request.
            items: Numbers of the items; empty for all open ones.
            supplement: Whether it overturns earlier decisions; without items, all refused ones.

        Raises:
            ItemUnknown: If an item does not exist.
            ItemDecided: If an item was decided before, and this is no supplement.
            StepBackwards: If the request was withdrawn, has expired or is closed; or is open, for a
                supplement.
            StepMisattributed: If this agency is the asker.
        """
        shown = self._show(packet)
        if shown.request.side is Side.ASKER:
            raise StepMisattributed("this agency is the asker")
        phase = shown.progress.phase
        was_decided = phase in (Phase.ANSWERED, Phase.REFUSED, Phase.SUPPLEMENTED)
        if not was_decided and (supplement or phase.has_ended):
            raise StepBackwards(f"it is {phase.text}")
        return shown.chosen(items, supplement=supplement)

    def overturned(
        self, packet: bytes, items: Sequence[int] = (), *, person: str = ""
    ) -> tuple[RequestedItem, ...]:
        """Returns the decided items that a supplement would answer; an entry of the access log.

        Args:
            packet: The request.
            items: Numbers of the items; empty for all refused ones.
            person: The reader, by the agency's own name; by default the logged-in person.

        Raises:
            RecordRequestError: As ``answerable``.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        self._access.verify_reader(person)
        numbers = self.answerable(packet, items, supplement=True)
        fields = self._context.open_view(packet).view.best()
        self._access.record(EventCode.ACCESS_OPEN, {packet: fields}, person=person)
        return tuple(each for each in self._show(packet).items if each.number in numbers)

    def due(self, now_ms: int) -> Iterator[Due]:
        """Yields notifications for hooks: answers due soon, and late answers."""
        for request in self._context.stores.requests.open():
            with self._jobs.attempt("requests"):
                yield from _due(self._states.of(request), now_ms)


def _pending(
    request: StoredRequest, waiting: Mapping[bytes, tuple[bytes, ...]]
) -> tuple[bytes, ...]:
    """Returns the ids of our answers to a request that wait for a second person."""
    return waiting.get(request.packet, ()) if request.side is Side.HOLDER else ()


def _due(state: RequestState, now_ms: int) -> Iterator[Due]:
    owed = not (state.phase.has_ended or state.is_preservation)
    if not owed or state.due_ms is None or state.due_ms - now_ms > SOON_MS:
        return
    yield Due(
        event="overdue" if state.is_overdue else "request-due-soon",
        once=state.request.packet + state.due_ms.to_bytes(8, "big"),
        ids={"request": state.request.packet, "until_ms": state.due_ms},
    )
