"""Handler of steps of requests."""

from dataclasses import replace

from tearline.audit.event import EventCode
from tearline.bodies.requests import items_of
from tearline.errors import (
    ItemUnknown,
    KeystoreEntryMissing,
    PacketError,
    StepBackwards,
    TearlineError,
)
from tearline.requests.step import StepNote, verify_note
from tearline.sealing import open_note
from tearline.statements.statement import Statement, StatementType
from tearline.wire.requests import encode_step_prefix, parse_note, parse_step
from tearline_client.context import NodeContext
from tearline_client.messages.received import Received, ReceivedStep
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import StatementHandler
from tearline_client.rules.quarantine import quarantine
from tearline_client.store.inbox import Evidence
from tearline_client.store.requests import StoredRequest


def _verify(recipient: Recipient, delivered: Delivered) -> ReceivedStep:
    step = parse_step(delivered.statement.body)
    recipient.verify_addressed(step.address)
    try:
        key = recipient.kem_key(step.kem_key_id)
    except KeystoreEntryMissing as error:
        if not recipient.may_lack_keys():
            raise
        return ReceivedStep(step=step, note=None, finding=error)
    before = encode_step_prefix(step)
    try:
        note = parse_note(open_note(step.sealed, key, StatementType.REQUEST_STEP, before))
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


REQUEST_STEP = StatementHandler(
    type=StatementType.REQUEST_STEP,
    event=EventCode.REQUEST,
    verify=_verify,
    store=_store,
    refused=_refused,
)
