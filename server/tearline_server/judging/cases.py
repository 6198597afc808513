"""Judging of case steps and of packets filed under cases. Notes stay sealed."""

from tearline.case import CaseStep, case_id_of
from tearline.event import EventCode
from tearline.identity import agency_uri_of
from tearline.packet import Manifest
from tearline_server.judging.channels import relay, verify_sealed_to
from tearline_server.judging.hearing import Hearing


def accept_case_step(hearing: Hearing, step: CaseStep) -> None:
    """Accepts a step, and relays it to the other side of its membership.

    Raises:
        CaseError: If its signer may not take it, or not at this point.
        RecipientKeyExpired: If its recipient can no longer open it; the signer must reseal it.
        TearlineError: If the two share no agreement, or the place is not the next one.
    """
    hearing.registry.cases.verify(step)
    verify_sealed_to(hearing, step.address.recipient, step.kem_key_id)
    relay(hearing, step.address, EventCode.CASE, acted_by=step.acted_by)
    hearing.registry.cases.put(step)
    ends = (hearing.publisher.agency, agency_uri_of(step.address.recipient))
    hearing.docket.case_steps[step.case_id, *ends] = hearing.ruling


def verify_filed(hearing: Hearing, manifest: Manifest) -> None:
    """Checks that a packet's originator may file it under the case that it names.

    Raises:
        CaseRefused: If it may not; identical for an unknown case.
    """
    case_id = case_id_of(manifest.case_id)
    if case_id is not None:
        agency = hearing.publisher.agency
        hearing.registry.cases.verify_may_file(case_id, agency, manifest.agreement.id)
