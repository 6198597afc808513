"""Outgoing steps of requests: signed if they follow, and repeated if returned.

The exchange refuses a step if the recipient's key has ended in the meantime. The step then reached
no agency, so it is sealed to the next key.
"""

from dataclasses import replace
from typing import Any

from tearline.errors import (
    AgreementSuspended,
    NoteRefused,
    RecipientKeyExpired,
    RecordRequestError,
    StatementMalformed,
    StepBackwards,
    TrustError,
)
from tearline.requests.progress import Replayed
from tearline.requests.step import RequestStep, StepKind, StepNote, verify_note
from tearline.sealing import seal_note
from tearline.statements.statement import ActedBy, StatementType
from tearline.wire.publications import encode_publication
from tearline.wire.requests import encode_note, encode_step, encode_step_prefix
from tearline.wire.statements import signed
from tearline_client.context import NodeContext
from tearline_client.messages.compose import sign_together
from tearline_client.outbox.sender import Sender
from tearline_client.rules.suspensions import SuspensionRules
from tearline_client.store.requests import StoredRequest, StoredStep


def note_of(**parts: Any) -> StepNote:
    """Returns the note of a person's step, from the parts of a ``StepNote``.

    Raises:
        NoteRefused: If a step cannot hold it.
    """
    try:
        return StepNote(**parts)
    except StatementMalformed as refused:
        raise NoteRefused(refused.why) from None


class OutboundRequestSteps:
    """Our own steps of requests, queued and not yet in the log.

    Args:
        context: The node.
        sender: Its outbox, which reports refusals.
    """

    def __init__(self, context: NodeContext, sender: Sender) -> None:
        self._context = context
        self._obeying = SuspensionRules(context)

    def may_speak(self, request: StoredRequest) -> bool:
        """Returns whether a step can be sent now: neither suspended nor without a key."""
        try:
            self._obeying.verify_may_speak(self._agreement_id(request), request.peer)
            self._context.kem_key_of(request.peer)
        except (AgreementSuspended, TrustError):
            return False
        return True

    def _agreement_id(self, request: StoredRequest) -> bytes:
        return self._context.stores.packets.manifest(request.packet).agreement.id

    def is_pending(self, request: StoredRequest) -> bool:
        """Returns whether a step of ours has no answer yet; no other step may then follow."""
        return any(each.is_pending for each in self._context.stores.requests.steps(request))

    def replayed(self, request: StoredRequest) -> Replayed:
        """Returns the known state of a request."""
        return self._context.stores.requests.replayed(request, self._context.agency)

    def queue(
        self,
        request: StoredRequest,
        kind: StepKind,
        note: StepNote,
        acted_by: ActedBy | None,
        **said: object,
    ) -> bytes:
        """Signs a step that follows, and queues it inside the caller's transaction.

        Returns:
            The id of its statement.

        Raises:
            RecordRequestError: If it does not follow, or its note is invalid.
            AgreementSuspended: If the whole agreement is suspended between the two.
            TrustError: If the other party has no valid encryption key.
        """
        state, requests = self._context, self._context.stores.requests
        try:
            verify_note(kind, note)
        except StatementMalformed as refused:
            raise NoteRefused(refused.why) from None
        replayed = self.replayed(request)
        progress = replayed.progress
        agreement_id = self._agreement_id(request)
        self._obeying.verify_may_speak(agreement_id, request.peer)
        key = state.kem_key_of(request.peer)
        step = RequestStep(
            header=state.signer.header,
            address=state.stores.channels.next_place(request.peer, agreement_id),
            request=request.packet,
            kind=kind,
            number=progress.taken[request.side] + 1,
            known=progress.taken[request.side.other],
            acted_by=acted_by,
            kem_key_id=key.id,
            **said,  # type: ignore[arg-type]  # the fields that each verb sets
        )
        progress.after(request.side, step, time_ms=state.now_ms(), stopped=replayed.stopped)
        prefix = encode_step_prefix(step)
        sealed = seal_note(encode_note(note), key, StatementType.REQUEST_STEP, prefix)
        body = encode_step(replace(step, sealed=sealed))
        tree, publication = sign_together(state.signer, [(StatementType.REQUEST_STEP, body)])
        requests.put_own(request.packet, request.peer, signed(tree), note)
        state.stores.outbox.put([encode_publication(publication)], now_ms=state.now_ms())
        return signed(tree).statement.id

    def say_again(self, request: StoredRequest) -> bool:
        """Seals a returned step to its recipient's current key, if it still follows.

        Returns:
            Whether a step was queued.
        """
        requests = self._context.stores.requests
        came_back = [s for s in requests.steps(request) if s.code == RecipientKeyExpired.code]
        if not came_back or self.is_pending(request) or not self.may_speak(request):
            return False
        for each in came_back:
            try:
                with self._context.stores.database.transaction():
                    if not requests.forget(each.signed.statement.id):
                        return False  # another process of this node was faster
                    self._queue_anew(request, each)
            except RecordRequestError as error:  # a later step replaced it
                with self._context.stores.database.transaction():
                    requests.refuse(each.signed.statement.id, error.code)
            else:
                return True
        return False

    def _queue_anew(self, request: StoredRequest, came_back: StoredStep) -> None:
        step, note = came_back.step, came_back.note
        if note is None or step.number <= self.replayed(request).progress.taken[request.side]:
            raise StepBackwards
        anew = self.queue(
            request,
            step.kind,
            note,
            step.acted_by,
            extension_ms=step.extension_ms,
            urgency=step.urgency,
            permit=step.permit,
            entry=step.entry,
        )
        self._context.stores.repeats.move(
            came_back.signed.statement.id, anew, time_ms=self._context.right_ms()
        )
