"""Handler of steps of cases."""

from tearline.audit.event import EventCode
from tearline.errors import RecipientKeyExpired
from tearline.sealing import open_note
from tearline.statements.statement import Statement, StatementType
from tearline.wire.cases import encode_case_step_prefix, parse_case_note, parse_case_step
from tearline_client.context import NodeContext
from tearline_client.messages.received import Received, ReceivedCaseStep
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.cases import verify_part
from tearline_client.rules.handler import StatementHandler
from tearline_client.store.cases import Said
from tearline_client.store.inbox import Evidence


def _verify(recipient: Recipient, delivered: Delivered) -> ReceivedCaseStep:
    step = parse_case_step(delivered.statement.body)
    recipient.verify_addressed(step.address)
    key, before = recipient.kem_key(step.kem_key_id), encode_case_step_prefix(step)
    note = open_note(step.sealed, key, StatementType.CASE_STEP, before)
    return ReceivedCaseStep(step=step, note=parse_case_note(note))


def _store(
    context: NodeContext, received: Received, content: ReceivedCaseStep, evidence: Evidence
) -> None:
    said = Said(
        statement=received.signed.statement.id, step=content.step, note=content.note, mine=False
    )
    verify_part(context.stores.cases, said)
    context.stores.cases.put_step(said)


def _refused(context: NodeContext, statement: Statement, code: str) -> None:
    """Marks a step refused for an ended key to be repeated; forgets others."""
    if code == RecipientKeyExpired.code:
        context.stores.cases.put_back(statement.id)
    else:
        context.stores.cases.forget(statement.id)


CASE_STEP = StatementHandler(
    type=StatementType.CASE_STEP,
    event=EventCode.CASE,
    verify=_verify,
    store=_store,
    refused=_refused,
)
