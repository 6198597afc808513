"""Judging steps of cases: who may take which, and who may file under what. Notes stay sealed."""

from tearline.case import CaseStep, case_id_of
from tearline.event import EventCode
from tearline.identity import agency_uri_of
from tearline.packet import Manifest
from tearline_server.judging.channels import relay, verify_sealed_to
from tearline_server.judging.hearing import Hearing


def accept_case_step(hearing: Hearing, step: CaseStep) -> None:
    """Takes a step, and relays it to the other side of its membership.

    Raises:
        CaseError: If it is not its signer's to take, or not now.
        RecipientKeyExpired: If its recipient could not open it any more; it is sealed anew.
        TearlineError: If the two are in no agreement, or the place is not the next one.
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
        CaseRefused: If not; the same whether there is such a case or not.
    """
    case_id = case_id_of(manifest.case_id)
    if case_id is not None:
        agency = hearing.publisher.agency
        hearing.registry.cases.verify_may_file(case_id, agency, manifest.agreement.id)
