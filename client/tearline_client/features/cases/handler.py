"""Handler of steps of cases; ours are sealed anew if returned."""

from tearline.audit.event import EventCode
from tearline.cases.case import CaseNote, CaseStep, Phase
from tearline.errors import RecipientKeyExpired, TrustError
from tearline.identity import agency_uri_of
from tearline.limits import CASE_RETRY_MS
from tearline.statements.statement import ActedBy, Statement, StatementType
from tearline.wire.cases import (
    encode_case_note,
    encode_case_step,
    encode_case_step_prefix,
    parse_case_note,
    parse_case_step,
)
from tearline_client.context import NodeContext
from tearline_client.features.cases.views import seats_of
from tearline_client.jobs import Jobs
from tearline_client.messages.received import Received, ReceivedCaseStep
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.outbox.sealed_notes import SealedNotes, key_to_speak
from tearline_client.rules.cases import verify_part
from tearline_client.rules.handler import StatementHandler
from tearline_client.store.cases import LedCase, Said
from tearline_client.store.inbox import Evidence

_NOTES = SealedNotes(
    type=StatementType.CASE_STEP,
    encode=encode_case_step,
    prefix=encode_case_step_prefix,
    encode_note=encode_case_note,
    parse_note=parse_case_note,
)


def _verify(recipient: Recipient, delivered: Delivered) -> ReceivedCaseStep:
    step = parse_case_step(delivered.statement.body)
    recipient.verify_addressed(step.address)
    note = _NOTES.open(step, recipient.kem_key(step.kem_key_id))
    return ReceivedCaseStep(step=step, note=note)


def _store(
    context: NodeContext, received: Received, content: ReceivedCaseStep, evidence: Evidence
) -> None:
    said = Said(
        statement=received.signed.statement.id, step=content.step, note=content.note, mine=False
    )
    verify_part(context.stores.cases, said)
    context.stores.cases.put_step(said)


def _refused(context: NodeContext, statement: Statement, code: str) -> None:
    """Marks a step refused for an ended key to be repeated; forgets others.

    Its case waits before a retry: refusals last throughout a suspension.
    """
    if code == RecipientKeyExpired.code:
        context.stores.cases.put_back(statement.id)
    else:
        context.stores.cases.forget(statement.id, due_ms=context.now_ms() + CASE_RETRY_MS)


def queue_step(
    context: NodeContext,
    case_id: bytes,
    agreement_id: bytes,
    node: str,
    phase: Phase,
    note: CaseNote,
    acted_by: ActedBy | None,
) -> tuple[int, ...]:
    """Seals, signs, stores and queues a step inside the caller's transaction.

    Args:
        context: The node.
        case_id: The case.
        agreement_id: The agreement of the case.
        node: The recipient.
        phase: The step's phase.
        note: The sealed part.
        acted_by: The responsible person.

    Returns:
        Its message's places in the outbox.

    Raises:
        TrustError: If the node is not ready to seal, or the recipient has no valid key.
    """
    stores = context.stores
    context.verify_ready()
    last = stores.cases.latest(case_id, agency_uri_of(node), mine=True)
    key = context.kem_key_of(node)
    step = CaseStep(
        header=context.signer.header,
        address=stores.channels.next_place(node, agreement_id),
        case_id=case_id,
        # Higher than all earlier steps, even those lost since a backup: the log has grown since.
        number=max(last.step.number + 1 if last else 1, stores.log.size),
        phase=phase,
        kem_key_id=key.id,
        acted_by=acted_by,
        sealed=b"",
    )
    signed, places = _NOTES.queue(context, step, note, key)
    step = parse_case_step(signed.statement.body)
    said = Said(statement=signed.statement.id, step=step, note=note, mine=True)
    stores.cases.put_step(said)
    return places


def _reseal(context: NodeContext) -> dict[bytes, bytes]:
    anew: dict[bytes, bytes] = {}
    if context.is_ready():
        returned = context.stores.cases.returned()
        for each in Jobs(context).each("cases", returned, lambda s: _reseal_step(context, s)):
            anew.update(each)
    return anew


def _reseal_step(context: NodeContext, came_back: Said) -> dict[bytes, bytes]:
    """Seals a returned step to the recipient's current key, in the caller's transaction."""
    cases, step = context.stores.cases, came_back.step
    last = cases.latest(step.case_id, came_back.peer, mine=True)
    if last is None or last.statement != came_back.statement:
        cases.forget(came_back.statement)  # a later step replaced it
        return {}
    ids = step.address.agreement_id, step.address.recipient
    key = key_to_speak(context, *ids)
    if key is None or key.id == step.kem_key_id:
        return {}
    cases.forget(came_back.statement)
    queue_step(context, step.case_id, *ids, step.phase, came_back.note, step.acted_by)
    anew = cases.latest(step.case_id, came_back.peer, mine=True)
    return {came_back.statement: anew.statement} if anew else {}


def _tell_due(context: NodeContext) -> None:
    """Sends the consequences of others' steps in our cases."""
    if context.is_ready():
        due = context.stores.cases.due(context.now_ms())
        Jobs(context).each("cases", due, lambda led: _tell_as_due(context, led))


def _tell_as_due(context: NodeContext, due: LedCase) -> None:
    led = context.stores.cases.file(due.id)  # as in this transaction
    if led is not None:
        tell_members(context, led, None)


def tell_members(context: NodeContext, led: LedCase, acted_by: ActedBy | None) -> tuple[int, ...]:
    """Sends each agency its missing steps, in the caller's transaction.

    Args:
        context: The node.
        led: The case.
        acted_by: The responsible person.

    Returns:
        Their messages' places in the outbox.
    """
    context.verify_ready()
    cases = context.stores.cases
    places: list[int] = []
    all_said = True
    for agency, (phase, note) in led.file.words(seats_of(cases, led)).items():
        last = cases.latest(led.id, agency, mine=True)
        if last is not None and last.returned and (last.step.phase, last.note) != (phase, note):
            cases.forget(last.statement)  # no agency received it, and it is no longer needed
            last = cases.latest(led.id, agency, mine=True)
        if last is None and phase is not Phase.INVITED:
            continue  # closed before any agency was told
        if last is not None and (last.step.phase, last.note) == (phase, note):
            continue
        try:
            places += queue_step(
                context, led.id, led.agreement_id, led.nodes[agency], phase, note, acted_by
            )
        except TrustError:
            all_said = False  # sent once it has a key; other agencies and mail do not wait
    if all_said:
        cases.settle(led.id)
    return tuple(places)


CASE_STEP = StatementHandler(
    type=StatementType.CASE_STEP,
    event=EventCode.CASE,
    verify=_verify,
    store=_store,
    refused=_refused,
    reseal=_reseal,
    run_due=_tell_due,
    answer=_tell_due,
)
