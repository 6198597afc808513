"""Requests for records at a node: the acts of a person.

Every act is a step, signed and sent to the other party. The exchange accepts it, or refuses it if
another came first. The handler takes the steps that need no person.
"""

from collections.abc import Mapping, Sequence

from tearline.errors import (
    NotFound,
    PersonRequired,
    RecordRequestUnknown,
    StepPending,
)
from tearline.packets.packet import PacketKind, Urgency
from tearline.requests.step import Ground, ItemOutcome, StepKind, StepNote
from tearline.statements.statement import ActedBy
from tearline.wire.requests import encode_note, parse_note
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.decisions.service import DecisionService
from tearline_client.features.packets.free_text import FreeText
from tearline_client.features.packets.service import Persons
from tearline_client.features.requests.handler import is_pending, note_of, queue_step
from tearline_client.features.requests.reader import RequestReader
from tearline_client.messages.sent import Sent, verify_accepted
from tearline_client.outbox.outbox import Outbox
from tearline_client.planning.mentions import readers_of
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.store.decisions import Act, Decision, content_of
from tearline_client.store.on_store import OnStore

_DESK = "request"


class RequestService(RequestReader):
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
        super().__init__(context, access)
        self._words = words
        self._outbox = outbox
        self._decisions = decisions
        decisions.on(_DESK, self._carry)

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
        on_store: OnStore | None = None,
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
            on_store: Runs in the transaction that signs it, if it is stored as a decision.

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
        await self._take(packet, kind, note, acted_by, repeats, on_store=on_store)

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

    # Steps.

    async def _take(
        self,
        packet: bytes,
        kind: StepKind,
        note: StepNote,
        acted_by: ActedBy | None,
        repeats: str = "",
        *,
        on_store: OnStore | None = None,
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
        if on_store is not None:
            await self._say(packet, kind, note, acted_by, said, repeats, on_store)
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
            lambda on_store: self._say(packet, kind, note, acted_by, said, repeats, on_store),
        )

    async def _carry(self, decision: Decision, on_store: OnStore) -> object:
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
            on_store,
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
        on_store: OnStore,
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
            on_store()
            step, ids = queue_step(self._context, request, kind, note, acted_by, **said)
            batch.add([step], ids)
            if is_repeated:
                self._words.keep(step.statement.id, repeats)
        verify_accepted(await self._outbox.outcome(batch))
