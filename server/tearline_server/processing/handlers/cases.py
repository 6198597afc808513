"""Judging of case steps and of packets filed under cases. Notes stay sealed."""

from tearline.audit.event import EventCode
from tearline.cases.case import CaseStep, case_id_of
from tearline.identity import agency_uri_of
from tearline.packets.packet import Manifest
from tearline.statements.statement import StatementType
from tearline.wire.cases import parse_case_step
from tearline_server.processing.context import Context
from tearline_server.processing.handlers.base import StatementHandler, no_lookups, none
from tearline_server.processing.handlers.channels import relay, verify_sealed_to


def accept_case_step(context: Context, step: CaseStep) -> None:
    """Accepts a step, and relays it to the other side of its membership.

    Raises:
        CaseError: If its signer may not take it, or not at this point.
        RecipientKeyExpired: If its recipient can no longer open it; the signer must reseal it.
        TearlineError: If the two share no agreement, or the place is not the next one.
    """
    context.registry.cases.verify(step)
    verify_sealed_to(context, step.address.recipient, step.kem_key_id)
    relay(context, step.address, EventCode.CASE, acted_by=step.acted_by)
    context.registry.cases.put(step)
    ends = (context.publisher.agency, agency_uri_of(step.address.recipient))
    context.batch.case_steps[step.case_id, *ends] = context.result


def verify_filed(context: Context, manifest: Manifest) -> None:
    """Checks that a packet's originator may file it under the case that it names.

    Raises:
        CaseRefused: If it may not; identical for an unknown case.
    """
    case_id = case_id_of(manifest.case_id)
    if case_id is not None:
        agency = context.publisher.agency
        context.registry.cases.verify_may_file(case_id, agency, manifest.agreement.id)


CASE_STEP = StatementHandler(
    type=StatementType.CASE_STEP,
    parse=parse_case_step,
    natural_id=none,
    lookups=no_lookups,
    recipient=lambda step: step.address.recipient,
    apply=accept_case_step,
)
