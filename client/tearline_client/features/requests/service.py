"""Requests for records at a node: items, answers and deadlines.

Every act of a person is a step, signed and sent to the other party. The exchange accepts it, or
refuses it if another came first. ``attend`` performs the machine's duties: it states that a request
expired, and disputes a time in the log that differs from the arrival seen here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tearline.audit.event import EventCode
from tearline.errors import (
    NotFound,
    PersonRequired,
    RecordRequestUnknown,
    StepBackwards,
    StepMisattributed,
    StepPending,
)
from tearline.packets.packet import PacketKind, Urgency
from tearline.requests.progress import Phase
from tearline.requests.step import Ground, ItemOutcome, Side, StepKind, StepNote
from tearline.statements.statement import ActedBy
from tearline.text.choices import the_one
from tearline.wire.requests import encode_note, parse_note
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.decisions.service import Also, DecisionService
from tearline_client.features.packets.free_text import FreeText
from tearline_client.features.packets.service import Persons
from tearline_client.features.requests.handler import is_pending, note_of, queue_step
from tearline_client.features.requests.states import RequestState, RequestStates
from tearline_client.features.requests.views import RequestedItem, RequestView, view_request
from tearline_client.jobs import Jobs
from tearline_client.messages.due import Due
from tearline_client.messages.sent import Sent, verify_accepted
from tearline_client.outbox.outbox import Outbox
from tearline_client.planning.mentions import readers_of
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.store.decisions import Act, Decision, content_of
from tearline_client.store.requests import StoredRequest

_DESK = "request"
SOON_MS = 2 * 3_600_000  # before the deadline: a quarter of the shortest time


class RequestService:
    """Service for requests: ``node.requests``.

    Args:
        context: The node.
        outbox: Sends steps.
        access: The node's own access log.
        decisions: Stores a step before it is signed.
        words: Checks texts beside packets.

    For every verb with a text, ``repeats`` is the reason to repeat values that its reader may not
    have in clear; without a reason such a text is refused (``ValueRepeated``).
    """

    def __init__(
        self,
        context: NodeContext,
        outbox: Outbox,
        access: AccessLog,
        decisions: DecisionService,
        words: FreeText,
    ) -> None:
        self._context = context
        self._words = words
        self._outbox = outbox
        self._access = access
        self._decisions = decisions
        decisions.on(_DESK, self._carry)
        self._jobs = Jobs(context)
        self._states = RequestStates(context)

    # Reading.

    def list(self) -> tuple[RequestState, ...]:
        """Returns the state of every request, ours and partners', newest first; no contents."""
        return self._states_of(self._context.stores.requests.all())

    def open(self) -> tuple[RequestState, ...]:
        """Returns the states of the unsettled requests, newest first; no contents."""
        return self._states_of(self._context.stores.requests.open())

    async def prepare(self) -> None:
        """Computes the states that ``list`` and ``open`` lack, while other tasks run."""
        await self._states.prepare(self._context.stores.requests.all())

    def state(self, packet: bytes, peer: str = "") -> RequestState:
        """Returns the state of a request, without contents; arguments and errors as ``show``."""
        return self._state(self._found(packet, peer), self._waiting())

    def _states_of(self, requests: Iterable[StoredRequest]) -> tuple[RequestState, ...]:
        waiting = self._waiting()
        return tuple(self._state(each, waiting) for each in requests)

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

    # Acts of the asker.

    async def submit(self, plan: ReleasePlan, acted_by: ActedBy | None) -> Sent:
        """Sends a request for records.

        Raises:
            PersonRequired: If no liaison officer or officer in charge asks.
            RecordRequestUnknown: If the plan is of another kind, or for several partners.
            TearlineError: As ``PacketService.send``.
        """
        if acted_by is None:
            raise PersonRequired
        if plan.draft.kind is not PacketKind.RECORD_REQUEST or len(plan.recipients) != 1:
            raise RecordRequestUnknown("a request asks one partner, by a packet of its kind")
        return await self._decisions.send([plan], Persons(acted_by=acted_by))

    async def withdraw(
        self, packet: bytes, acted_by: ActedBy | None, text: str = "", *, repeats: str = ""
    ) -> None:
        """Withdraws an open request."""
        await self._take(packet, StepKind.WITHDRAW, note_of(text=text), acted_by, repeats)

    async def confirm(
        self, packet: bytes, acted_by: ActedBy | None, text: str = "", *, repeats: str = ""
    ) -> None:
        """Confirms an urgency that the holder contested."""
        await self._take(packet, StepKind.CONFIRM, note_of(text=text), acted_by, repeats)

    async def lower(self, packet: bytes, urgency: Urgency, acted_by: ActedBy | None) -> None:
        """Lowers a contested urgency; the deadline is computed anew."""
        await self._take(packet, StepKind.LOWER, StepNote(), acted_by, urgency=urgency)

    async def clarified(
        self,
        packet: bytes,
        text: str,
        acted_by: ActedBy | None,
        *,
        permit: bool = False,
        repeats: str = "",
    ) -> None:
        """Answers the holder's question; with ``permit``, allows another one."""
        await self._take(
            packet, StepKind.CLARIFIED, note_of(text=text), acted_by, repeats, permit=permit
        )

    async def permit(self, packet: bytes, acted_by: ActedBy | None) -> None:
        """Allows another question by the holder, which will stop the clock."""
        await self._take(packet, StepKind.PERMIT, StepNote(), acted_by)

    async def extend(
        self, packet: bytes, acted_by: ActedBy | None, text: str = "", *, repeats: str = ""
    ) -> None:
        """Extends the preservation by thirty days, once."""
        await self._take(packet, StepKind.EXTEND, note_of(text=text), acted_by, repeats)

    async def close(
        self,
        packet: bytes,
        useful: bool,
        acted_by: ActedBy | None,
        text: str = "",
        *,
        repeats: str = "",
    ) -> None:
        """Closes a request that has ended, with feedback for the holder."""
        await self._take(
            packet, StepKind.CLOSE, note_of(useful=useful, text=text), acted_by, repeats
        )

    # Acts of the holder.

    async def admit(
        self, packet: bytes, acted_by: ActedBy | None, text: str = "", *, repeats: str = ""
    ) -> None:
        """Confirms that a request is in order."""
        await self._take(packet, StepKind.ADMIT, note_of(text=text), acted_by, repeats)

    async def reject(
        self, packet: bytes, text: str, acted_by: ActedBy | None, *, repeats: str = ""
    ) -> None:
        """Rejects a request as not in order, which ends it."""
        await self._take(packet, StepKind.REJECT, note_of(text=text), acted_by, repeats)

    async def clarify(
        self, packet: bytes, text: str, acted_by: ActedBy | None, *, repeats: str = ""
    ) -> None:
        """Asks the asker a question; the clock stops until it is answered."""
        await self._take(packet, StepKind.CLARIFY, note_of(text=text), acted_by, repeats)

    async def authorise(
        self,
        packet: bytes,
        extension_ms: int,
        text: str,
        acted_by: ActedBy | None,
        *,
        repeats: str = "",
    ) -> None:
        """Announces that a judge must authorise the answer, and the expected time."""
        await self._take(
            packet,
            StepKind.AUTHORISE,
            note_of(text=text),
            acted_by,
            repeats,
            extension_ms=extension_ms,
        )

    async def contest(
        self,
        packet: bytes,
        urgency: Urgency,
        text: str,
        acted_by: ActedBy | None,
        *,
        repeats: str = "",
    ) -> None:
        """Contests the urgency, with a reason; the asker confirms it or lowers it."""
        await self._take(
            packet, StepKind.CONTEST, note_of(text=text), acted_by, repeats, urgency=urgency
        )

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

    def verify_text(self, packet: bytes, plan: ReleasePlan, text: str) -> None:
        """Verifies the text beside a packet that answers a request.

        Raises:
            ValueRepeated: If it repeats values kept from the asker, and ``plan`` has no reason.
        """
        for reader in readers_of(plan):
            self._words.verify(
                [text], reader.uri, plan.draft.repeats, about=[packet], kept=reader.kept
            )

    def verify_settled(self, packet: bytes) -> None:
        """Verifies that the exchange has answered each step of ours about a request.

        Raises:
            StepPending: If not: no other step may follow now.
        """
        if is_pending(self._context, self._found(packet)):
            raise StepPending

    async def answer(
        self,
        packet: bytes,
        answer: bytes,
        items: Sequence[int],
        acted_by: ActedBy | None,
        text: str = "",
        *,
        supplement: bool = False,
        repeats: str = "",
        decided: Also | None = None,
    ) -> None:
        """States the items that a sent packet of ours answers.

        Args:
            packet: The request.
            answer: The answering packet.
            items: Numbers of the items; empty for all open ones.
            acted_by: The responsible person.
            text: A message for the asker.
            supplement: Whether it overturns earlier decisions.
            repeats: The reason to repeat values that the asker may not have in clear.
            decided: Runs in the transaction that signs it, if it is stored as a decision.

        Raises:
            ItemUnknown: If an item does not exist.
            ItemDecided: If an item was decided before, and this is no supplement.
            NotFound: If no such packet of ours was sent to the asker, or it was recalled.
            RecordRequestError: If the step does not follow.
        """
        shown = self._show(packet)
        sent = (
            g for g in self._context.stores.packets.grants(answer) if not g.incoming and g.stands
        )
        if not any(g.grant.address.recipient == shown.request.peer for g in sent):
            raise NotFound("no such packet of ours was sent to the asker")
        numbers = shown.chosen(items, supplement=supplement)
        outcomes = tuple(ItemOutcome(number=number) for number in numbers)
        kind = StepKind.ANSWER if shown.is_last(numbers) else StepKind.PARTIAL
        if supplement:
            kind = StepKind.SUPPLEMENT
        note = note_of(items=outcomes, answer=answer, text=text)
        await self._take(packet, kind, note, acted_by, repeats, decided=decided)

    async def refuse(
        self,
        packet: bytes,
        ground: Ground,
        items: Sequence[int],
        acted_by: ActedBy | None,
        text: str = "",
        *,
        repeats: str = "",
    ) -> None:
        """Refuses items, by default all open ones.

        Raises:
            ItemUnknown: If an item does not exist.
            ItemDecided: If an item was decided before.
            NoteRefused: If a text accompanies neither-confirm-nor-deny.
            RecordRequestError: If the step does not follow.
        """
        shown = self._show(packet)
        numbers = shown.chosen(items)
        outcomes = tuple(ItemOutcome(number=number, ground=ground) for number in numbers)
        kind = StepKind.PARTIAL
        if shown.is_last(numbers):
            answered = any(item.answer for item in shown.items)
            kind = StepKind.ANSWER if answered else StepKind.REFUSE
        await self._take(packet, kind, note_of(items=outcomes, text=text), acted_by, repeats)

    # Notifications.

    def due(self, now_ms: int) -> Iterator[Due]:
        """Yields notifications for hooks: answers due soon, and late answers."""
        for request in self._context.stores.requests.open():
            with self._jobs.attempt("requests"):
                yield from _due(self._states.of(request), now_ms)

    # Steps.

    async def _take(
        self,
        packet: bytes,
        kind: StepKind,
        note: StepNote,
        acted_by: ActedBy | None,
        repeats: str = "",
        *,
        decided: Also | None = None,
        **said: object,
    ) -> None:
        """Takes a step, and waits until the exchange accepted or refused it.

        Raises:
            RecordRequestError: If it does not follow, here or at the exchange.
            ValueRepeated: If its text repeats kept values without a reason.
            AgreementSuspended: If the whole agreement is suspended between the two.
            ClockSkewed, TrustStale: If this machine's clock is wrong, or the log was not read.
            ActQueued: If the exchange is unreachable; the step is sent later.
        """
        if acted_by is None:
            raise PersonRequired
        if decided is not None:
            await self._say(packet, kind, note, acted_by, said, repeats, decided)
            return
        act = {
            "kind": kind.value,
            "note": encode_note(note).hex(),
            "said": said,
            "repeats": repeats,
        }
        await self._decisions.decide(
            Act(desk=_DESK, about=packet, said=act),
            Persons(acted_by=acted_by),
            lambda done: self._say(packet, kind, note, acted_by, said, repeats, done),
            sync=False,
        )

    async def _carry(self, decision: Decision, done: Also) -> object:
        act = content_of(decision, Act)
        said = dict(act.said["said"])
        if "urgency" in said:
            said["urgency"] = Urgency(said["urgency"])
        await self._say(
            act.about,
            StepKind(act.said["kind"]),
            parse_note(bytes.fromhex(act.said["note"])),
            decision.acted_by,
            said,
            act.said["repeats"],
            done,
        )
        return None

    async def _say(
        self,
        packet: bytes,
        kind: StepKind,
        note: StepNote,
        acted_by: ActedBy | None,
        said: Mapping[str, object],
        repeats: str,
        done: Also,
    ) -> None:
        self._context.verify_ready()
        request = self._found(packet)
        about = {packet, note.answer} - {b""}
        is_repeated = self._words.verify([note.text], request.peer, repeats, about=sorted(about))
        async with self._outbox.sending() as batch:
            if is_pending(self._context, request):
                raise StepPending
            if note.items:  # another person may have decided them since
                numbers = [each.number for each in note.items]
                self._show(packet).chosen(numbers, supplement=kind is StepKind.SUPPLEMENT)
            done()
            step, ids = queue_step(self._context, request, kind, note, acted_by, **said)
            batch.add([step], ids)
            if is_repeated:
                self._words.keep(step.statement.id, repeats)
        verify_accepted(await self._outbox.outcome(batch))


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
