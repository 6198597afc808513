"""Handler of steps of requests; ours are signed if they follow, and sealed anew if returned."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tearline.audit.event import EventCode
from tearline.bodies.requests import items_of
from tearline.errors import (
    ItemUnknown,
    KeystoreEntryMissing,
    LogTimeDisputed,
    NoteRefused,
    PacketError,
    RecipientKeyExpired,
    RecordRequestError,
    StatementMalformed,
    StepBackwards,
    TearlineError,
)
from tearline.limits import MAX_LOG_TIME_SKEW_MS
from tearline.requests.step import RequestStep, Side, StepKind, StepNote, verify_note
from tearline.statements.statement import ActedBy, Statement, StatementType
from tearline.wire.requests import (
    encode_note,
    encode_step,
    encode_step_prefix,
    parse_note,
    parse_step,
)
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext
from tearline_client.jobs import Jobs
from tearline_client.messages.received import Received, ReceivedStep
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.outbox.sealed_notes import SealedNotes, key_to_speak
from tearline_client.rules.handler import StatementHandler
from tearline_client.rules.quarantine import quarantine
from tearline_client.rules.suspensions import SuspensionRules
from tearline_client.store.inbox import Evidence
from tearline_client.store.requests import StoredRequest, StoredStep

_NOTES = SealedNotes(
    type=StatementType.REQUEST_STEP,
    encode=encode_step,
    prefix=encode_step_prefix,
    encode_note=encode_note,
    parse_note=parse_note,
)


def _verify(recipient: Recipient, delivered: Delivered) -> ReceivedStep:
    step = parse_step(delivered.statement.body)
    recipient.verify_addressed(step.address)
    try:
        key = recipient.kem_key(step.kem_key_id)
    except KeystoreEntryMissing as error:
        if not recipient.may_lack_keys():
            raise
        return ReceivedStep(step=step, note=None, finding=error)
    try:
        note = _NOTES.open(step, key)
        verify_note(step.kind, note)
    except PacketError as error:
        return ReceivedStep(step=step, note=None, finding=error)
    return ReceivedStep(step=step, note=note, finding=None)


def _store(
    context: NodeContext, received: Received, content: ReceivedStep, evidence: Evidence
) -> None:
    """Stores a step that follows the known ones, or may once the log shows ours.

    Raises:
        RecordRequestError: If it does not follow, or would invalidate later steps.
    """
    requests, step = context.stores.requests, content.step
    request = requests.request(step.request, received.signer.signer)
    before = requests.replayed(request, context.agency)
    index, time_ms = received.opening.index, received.event.time_ms
    requests.put_theirs(request, received.signed, content.note, index, time_ms)
    after = requests.replayed(request, context.agency)
    waits = any(each.is_pending for each in requests.steps(request))
    waits = waits or step.number > before.progress.taken[request.side.other] + 1
    if index in after.unfit and not waits:
        raise after.unfit[index]
    if after.unfit.keys() - before.unfit.keys() - {index}:
        raise StepBackwards("an earlier entry in the log excludes it")
    requests.count(request, after.unfit)
    finding = content.finding
    if finding is None and content.note is not None:
        finding = _judge_outcomes(context, request, content.note)
    if finding is not None:
        quarantine(context, finding, replace(evidence, data=received.signed.statement.body))


def _judge_outcomes(
    context: NodeContext, request: StoredRequest, note: StepNote
) -> TearlineError | None:
    if not note.items:
        return None  # not opened needlessly: its asker may have frozen it
    view = context.open_view(request.packet).view
    asked = items_of(opened.field for opened in view.best())
    strange = [item.number for item in note.items if item.number not in asked]
    return ItemUnknown(f"item {strange[0]}") if strange else None


def _refused(context: NodeContext, statement: Statement, code: str) -> None:
    context.stores.requests.refuse(statement.id, code)


def note_of(**parts: Any) -> StepNote:
    """Returns the note of a person's step, from the parts of a ``StepNote``.

    Raises:
        NoteRefused: If a step cannot hold it.
    """
    try:
        return StepNote(**parts)
    except StatementMalformed as refused:
        raise NoteRefused(refused.why) from None


def may_speak(context: NodeContext, request: StoredRequest) -> bool:
    """Returns whether a step can be sent now: neither suspended nor without a key."""
    agreement_id = context.stores.packets.manifest(request.packet).agreement.id
    return key_to_speak(context, agreement_id, request.peer) is not None


def is_pending(context: NodeContext, request: StoredRequest) -> bool:
    """Returns whether a step of ours has no answer yet; no other step may then follow."""
    return any(each.is_pending for each in context.stores.requests.steps(request))


def queue_step(
    context: NodeContext,
    request: StoredRequest,
    kind: StepKind,
    note: StepNote,
    acted_by: ActedBy | None,
    **said: object,
) -> tuple[Signed, tuple[int, ...]]:
    """Signs a step that follows, and queues it inside the caller's transaction.

    Returns:
        Its statement, and its message's places in the outbox.

    Raises:
        RecordRequestError: If it does not follow, or its note is invalid.
        AgreementSuspended: If the whole agreement is suspended between the two.
        TrustError: If the other party has no valid encryption key.
    """
    stores, packet, peer = context.stores, request.packet, request.peer
    try:
        verify_note(kind, note)
    except StatementMalformed as refused:
        raise NoteRefused(refused.why) from None
    replayed = stores.requests.replayed(request, context.agency)
    progress = replayed.progress
    agreement_id = stores.packets.manifest(packet).agreement.id
    SuspensionRules(context).verify_may_speak(agreement_id, peer)
    key = context.kem_key_of(peer)
    step = RequestStep(
        header=context.signer.header,
        address=stores.channels.next_place(peer, agreement_id),
        request=packet,
        kind=kind,
        number=progress.taken[request.side] + 1,
        known=progress.taken[request.side.other],
        acted_by=acted_by,
        kem_key_id=key.id,
        **said,  # type: ignore[arg-type]  # the fields that each verb sets
    )
    progress.after(request.side, step, time_ms=context.now_ms(), stopped=replayed.stopped)
    statement, ids = _NOTES.queue(context, step, note, key)
    stores.requests.put_own(request, statement, note)
    return statement, ids


def _reseal(context: NodeContext) -> dict[bytes, bytes]:
    anew: dict[bytes, bytes] = {}
    if not context.is_ready():
        return anew
    for request in context.stores.requests.open():  # few: ended ones are settled
        with Jobs(context).attempt("requests"):
            anew.update(_reseal_step(context, request))
    return anew


def _reseal_step(context: NodeContext, request: StoredRequest) -> dict[bytes, bytes]:
    """Seals a returned step to its recipient's current key, if it still follows."""
    requests, database = context.stores.requests, context.stores.database
    came_back = [s for s in requests.steps(request) if s.code == RecipientKeyExpired.code]
    if not came_back or is_pending(context, request) or not may_speak(context, request):
        return {}
    for each in came_back:
        returned = each.signed.statement.id
        try:
            with database.transaction():
                if not requests.forget(returned):
                    return {}  # another process of this node was faster
                return {returned: _queue_anew(context, request, each)}
        except RecordRequestError as error:  # a later step replaced it
            with database.transaction():
                requests.refuse(returned, error.code)
    return {}


def _queue_anew(context: NodeContext, request: StoredRequest, came_back: StoredStep) -> bytes:
    step, note = came_back.step, came_back.note
    progress = context.stores.requests.replayed(request, context.agency).progress
    if note is None or step.number <= progress.taken[request.side]:
        raise StepBackwards
    anew, _ = queue_step(
        context,
        request,
        step.kind,
        note,
        step.acted_by,
        extension_ms=step.extension_ms,
        urgency=step.urgency,
        permit=step.permit,
        entry=step.entry,
    )
    returned = came_back.signed.statement.id
    anew_id = anew.statement.id
    context.stores.repeats.move(returned, anew_id, time_ms=context.right_ms())
    return anew_id


def _run_due(context: NodeContext) -> None:
    """States that a request expired, and disputes a log time that differs from the arrival here."""
    if not context.is_ready():
        return  # with a wrong clock, no time is disputed and no request expires
    requests = context.stores.requests
    still = requests.open()  # few, because ended requests are settled below
    acts: list[Callable[[], None]]
    acts = [partial(_dispute, context, *each) for each in requests.unjudged()]
    acts += [partial(_expire, context, each) for each in still]
    acts += [partial(_settle, context, each) for each in still]
    for act in acts:
        with Jobs(context).attempt("requests"):
            act()


def _dispute(context: NodeContext, index: int, time_ms: int, request: StoredRequest) -> None:
    stores = context.stores
    between = stores.cosigning.came_between(index)
    if between is None:
        return
    earliest_ms, latest_ms = between
    if earliest_ms - MAX_LOG_TIME_SKEW_MS <= time_ms <= latest_ms + MAX_LOG_TIME_SKEW_MS:
        with stores.database.transaction():
            stores.requests.set_judged(index, request)
        return
    if is_pending(context, request) or not may_speak(context, request):
        return  # it is judged again
    entry = f"entry {index} says {time_ms}; it came between {earliest_ms} and {latest_ms}"
    with stores.database.transaction():
        stores.requests.set_judged(index, request)
        queue_step(context, request, StepKind.DISPUTE, StepNote(text=entry), None, entry=index)
    context.alarm(LogTimeDisputed(entry), request.packet + index.to_bytes(8))


def _expire(context: NodeContext, request: StoredRequest) -> None:
    replayed = context.stores.requests.replayed(request, context.agency)
    progress = replayed.progress
    expires_ms = progress.expires_ms(replayed.stopped)
    if (
        request.side is Side.ASKER
        or progress.phase.has_ended
        or expires_ms is None
        or not context.has_ended(expires_ms + MAX_LOG_TIME_SKEW_MS)
        or is_pending(context, request)
        or not may_speak(context, request)
    ):
        return
    with context.stores.database.transaction():
        queue_step(context, request, StepKind.EXPIRE, StepNote(), None)


def _settle(context: NodeContext, request: StoredRequest) -> None:
    """Excludes an ended request from later rounds, if no step of ours is owed."""
    if not _is_over(context, request):
        return
    stores = context.stores
    with stores.database.transaction():
        if _is_over(context, request):  # a step may have arrived in the meantime
            stores.requests.settle(request)


def _is_over(context: NodeContext, request: StoredRequest) -> bool:
    requests = context.stores.requests
    replayed = requests.replayed(request, context.agency)
    return replayed.progress.phase.has_ended and not any(
        each.is_pending or each.code == RecipientKeyExpired.code for each in requests.steps(request)
    )


REQUEST_STEP = StatementHandler(
    type=StatementType.REQUEST_STEP,
    event=EventCode.REQUEST,
    verify=_verify,
    store=_store,
    refused=_refused,
    reseal=_reseal,
    run_due=_run_due,
)
