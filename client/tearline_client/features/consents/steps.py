"""Steps of consents: stored as a decision, then signed and sent."""

from tearline.dataclass.immutable import immutable
from tearline.onward.consent import (
    Consent,
    ConsentStep,
    ConsentTerms,
    verify_may_say,
    verify_terms,
)
from tearline.onward.use import Use
from tearline.wire.consents import encode_terms, parse_terms
from tearline_client.context import NodeContext
from tearline_client.features.consents.handler import queue_consent
from tearline_client.features.consents.previews import ConsentPreviews
from tearline_client.features.decisions.service import DecisionService, persons_of
from tearline_client.features.packets.free_text import FreeText
from tearline_client.features.packets.service import Persons
from tearline_client.messages.packet_view import PacketView
from tearline_client.messages.sent import Sent, verify_accepted
from tearline_client.outbox.outbox import Outbox
from tearline_client.store.decisions import Act, Decision, content_of
from tearline_client.store.on_store import OnStore

_DESK = "consent"


@immutable
class ConsentAct:
    """A person's step of a consent.

    Attributes:
        step: The step.
        id: 16 bytes, the consent.
        use: Its use.
        shown: The packet that it is about.
        peer: URI of the other party's node.
        terms: The sealed part.
        persons: The responsible persons.
        ends_ms: End of the consent, Unix milliseconds, where the step states it; otherwise 0.
        repeats: The reason to repeat values that the other party may not have in clear.
    """

    step: ConsentStep
    id: bytes
    use: Use
    shown: PacketView
    peer: str
    terms: ConsentTerms
    persons: Persons
    ends_ms: int = 0
    repeats: str = ""


class ConsentSteps:
    """Takes steps of consents.

    Args:
        context: The node.
        outbox: Sends steps.
        previews: Finds the consents that are open.
        words: Checks texts beside packets.
        decisions: Stores each decision before it is signed.
    """

    def __init__(
        self,
        context: NodeContext,
        outbox: Outbox,
        previews: ConsentPreviews,
        words: FreeText,
        decisions: DecisionService,
    ) -> None:
        self._context = context
        self._outbox = outbox
        self._previews = previews
        self._words = words
        self._decisions = decisions
        decisions.on(_DESK, self._carry)

    async def decide(self, act: ConsentAct) -> None:
        """Stores a step as a decision, then takes it.

        Raises:
            ValueRepeated: If its note repeats kept values without a reason.
            TearlineError: If the step does not follow, or the exchange refuses it.
        """
        said = {
            "step": act.step.value,
            "packet": act.shown.packet.id.hex(),
            "peer": act.peer,
            "use": act.use.value,
            "ends_ms": act.ends_ms,
            "terms": encode_terms(act.terms).hex(),
            "repeats": act.repeats,
        }
        await self._decisions.decide(
            Act(desk=_DESK, about=act.id, said=said),
            act.persons,
            lambda on_store: self._take(act, on_store),
        )

    async def _carry(self, decision: Decision, on_store: OnStore) -> object:
        act = content_of(decision, Act)
        said = act.said
        return await self._take(
            ConsentAct(
                step=ConsentStep(said["step"]),
                id=act.about,
                use=Use(said["use"]),
                shown=self._context.open_view(bytes.fromhex(said["packet"])),
                peer=said["peer"],
                terms=parse_terms(bytes.fromhex(said["terms"])),
                persons=persons_of(decision),
                ends_ms=said["ends_ms"],
                repeats=said["repeats"],
            ),
            on_store,
        )

    async def _take(self, act: ConsentAct, on_store: OnStore) -> Sent:
        if act.step is not ConsentStep.ASK:
            self._previews.open(act.id, act.step)
        return await self.say(act, on_store)

    async def say(self, act: ConsentAct, on_store: OnStore) -> Sent:
        """Signs, stores and sends a step.

        Args:
            act: The step.
            on_store: Runs in the transaction that stores it.

        Raises:
            TearlineError: As ``decide``.
        """
        state, shown = self._context, act.shown
        about = [shown.packet.id]
        texts = [act.terms.note]
        if act.use is not Use.PASS_ON:  # its scope is a node, and no text of a person
            texts.append(act.terms.scope)
        is_repeated = self._words.verify(texts, act.peer, act.repeats, about=about)
        state.verify_ready()
        state.verify_witnessed()
        agreement_id = shown.manifest.agreement.id
        async with self._outbox.sending() as batch:
            on_store()
            key = state.kem_key_of(act.peer)
            bare = Consent(
                header=state.signer.header,
                address=state.stores.channels.next_place(act.peer, agreement_id),
                consent_id=act.id,
                step=act.step,
                use=act.use,
                packet=shown.packet.id,
                ends_ms=act.ends_ms,
                kem_key_id=key.id,
                acted_by=act.persons.acted_by,
                sealed=b"",
                seconded_by=act.persons.seconded_by,
            )
            verify_may_say(bare, is_originator=shown.own)
            verify_terms(bare, act.terms)
            statement, ids = queue_consent(state, bare, act.terms, key)
            batch.add([statement], ids)
            if is_repeated:
                self._words.keep(statement.statement.id, act.repeats)
        sent = await self._outbox.outcome(batch)
        verify_accepted(sent)
        return sent
