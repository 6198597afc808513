"""Answers to requests: a packet, then a step that names the answered items.

The step follows once the exchange accepted the packet. Until then it is queued as a decision,
stored in the packet's transaction, so that the end of a process cannot separate them.
"""

from collections.abc import Sequence
from functools import partial

from tearline.errors import OutcomeUnknown, PersonRequired, StepPending
from tearline.statements.statement import ActedBy
from tearline_client.context import NodeContext
from tearline_client.features.decisions.service import (
    DecisionService,
    decided_plans,
    persons_of,
)
from tearline_client.features.packets.service import PacketService, Persons
from tearline_client.features.requests.service import RequestService
from tearline_client.messages.sent import Sent
from tearline_client.planning.release_plan import ReleasePlan
from tearline_client.store.decisions import Act, Decision, content_of
from tearline_client.store.draft_content import PendingAnswer, PendingPacket
from tearline_client.store.on_store import OnStore

_DESK = "answer"


class AnswerService:
    """Service for answers, as ``node.answers``.

    Args:
        context: The node.
        decisions: Stores an answer before it is sealed.
        releasing: Sends its packet.
        requests: Takes its step.
    """

    def __init__(
        self,
        context: NodeContext,
        decisions: DecisionService,
        releasing: PacketService,
        requests: RequestService,
    ) -> None:
        self._context = context
        self._decisions = decisions
        self._packets = releasing
        self._requests = requests
        decisions.on(PendingAnswer.__name__, self._carry_packet)
        decisions.on(_DESK, self._carry_step)

    async def send(
        self,
        request: bytes,
        plan: ReleasePlan,
        items: Sequence[int],
        *,
        acted_by: ActedBy | None,
        text: str = "",
        supplement: bool = False,
    ) -> Sent:
        """Sends a packet that answers items of a request, then the step.

        Args:
            request: 32 bytes, the id of the request.
            plan: The packet.
            items: Numbers of the items; empty for all open items.
            acted_by: The responsible person.
            text: A message for the asker.
            supplement: Whether it overturns earlier decisions.

        Raises:
            PersonRequired: If there is no responsible person.
            RecordRequestError: As ``RequestService.answerable``; then it is not sent.
            ActQueued: If the exchange is unreachable.
            TearlineError: As ``PacketService.send`` and ``RequestService.answer``.
        """
        if acted_by is None:
            raise PersonRequired
        numbers = self._requests.answerable(request, items, supplement=supplement)
        self._requests.verify_text(request, plan, text)
        answer = PendingAnswer(
            request=request,
            items=numbers,
            packet=PendingPacket.of(plan),
            text=text,
            supplement=supplement,
        )
        persons = Persons(acted_by=acted_by)
        return await self._decisions.decide(
            answer, persons, lambda on_store: self.carry(answer, plan, persons, on_store)
        )

    async def carry(
        self, answer: PendingAnswer, plan: ReleasePlan, persons: Persons, on_store: OnStore
    ) -> Sent:
        """Sends an answer that is stored elsewhere; raises as ``send``.

        Args:
            answer: The answer.
            plan: Its packet, as planned now.
            persons: The responsible persons; the last one takes the step.
            on_store: Runs in the transaction that seals the packet.
        """
        self._requests.answerable(answer.request, answer.items, supplement=answer.supplement)
        self._requests.verify_text(answer.request, plan, answer.text)
        by = Persons(acted_by=persons.seconded_by or persons.acted_by)
        numbers: list[int] = []

        def on_packets(packets: tuple[bytes, ...]) -> None:
            self._verify_alone(answer)
            said = {
                "packet": packets[0].hex(),
                "items": answer.items,
                "text": answer.text,
                "supplement": answer.supplement,
                "repeats": plan.draft.repeats,
            }
            act = Act(desk=_DESK, about=answer.request, said=said)
            numbers.append(self._decisions.store(act, by))

        sent = await self._packets.send([plan], persons, on_store=on_store, on_packets=on_packets)
        if sent.refused:
            self._decisions.drop(numbers[0])
            return sent
        step = partial(self._step, answer, sent.packets[0], by, plan.draft.repeats)
        await self._decisions.do(numbers[0], step)
        return sent

    def _verify_alone(self, answer: PendingAnswer) -> None:
        """Verifies, in the transaction that seals an answer, that no other one was faster.

        Raises:
            RecordRequestError: If its items were decided since, or a step about the request is on
                its way: this step could not follow its packet.
        """
        self._requests.answerable(answer.request, answer.items, supplement=answer.supplement)
        contents = (each.content for each in self._decisions.waiting() if not each.code)
        others = (each for each in contents if isinstance(each, Act) and each.desk == _DESK)
        if any(each.about == answer.request for each in others):
            raise StepPending
        self._requests.verify_settled(answer.request)

    async def _step(
        self, answer: PendingAnswer, packet: bytes, by: Persons, repeats: str, on_store: OnStore
    ) -> None:
        await self._requests.answer(
            answer.request,
            packet,
            answer.items,
            by.acted_by,
            answer.text,
            supplement=answer.supplement,
            repeats=repeats,
            on_store=on_store,
        )

    async def _carry_packet(self, decision: Decision, on_store: OnStore) -> object:
        answer = content_of(decision, PendingAnswer)
        (plan,) = decided_plans(self._packets, (answer.packet,))
        return await self.carry(answer, plan, persons_of(decision), on_store)

    async def _carry_step(self, decision: Decision, on_store: OnStore) -> object:
        act = content_of(decision, Act)
        answer = bytes.fromhex(act.said["packet"])
        sent = [
            each
            for each in self._context.stores.packets.grants(answer)
            if not each.incoming and each.stands
        ]
        if any(each.status is None for each in sent):
            raise OutcomeUnknown("the packet that answers waits in the outbox")
        await self._requests.answer(
            act.about,
            answer,
            act.said["items"],
            decision.acted_by,
            act.said["text"],
            supplement=act.said["supplement"],
            repeats=act.said["repeats"],
            on_store=on_store,
        )
        return None
