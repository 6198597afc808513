"""Judging of consent steps: sealed to their recipient, so the exchange checks only their frame."""

from tearline.audit.event import EventCode
from tearline.encoding import labelled_sha256, prefixed
from tearline.identity import agency_uri_of
from tearline.onward.consent import Consent, ConsentStep
from tearline.persons.four_eyes import verify_persons
from tearline.statements.statement import StatementType
from tearline.wire.consents import parse_consent
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.base import StatementHandler
from tearline_server.processing.handlers.channels import relay, verify_sealed_to
from tearline_server.storage.lookups import Lookups


def accept_consent(context: Context, consent: Consent) -> None:
    """Accepts a step of a consent, and relays it.

    Both parties judge the step by the packet and the earlier steps. The log records the packet and
    the time of each step. The exchange verifies that two persons approved the step, where the
    packet's article requires it, and that its recipient can open it.

    Raises:
        PolicyError: If a required person is missing.
        RecipientKeyExpired: If its recipient can no longer open it; the signer must reseal it.
        TearlineError: If the two share no agreement, or the place is not the next one.
    """
    _verify_persons(context, consent)
    verify_sealed_to(context, consent.address.recipient, consent.kem_key_id)
    relay(
        context,
        consent.address,
        EventCode.CONSENT,
        acted_by=consent.acted_by,
        seconded_by=consent.seconded_by,
        packet=consent.packet,
    )


def _verify_persons(context: Context, consent: Consent) -> None:
    """Checks the persons by the newest version of the agreement, as for grants (spec O-11).

    A packet of another agency is treated like an unknown one.
    """
    facts = context.batch.facts(consent.packet) if consent.step is ConsentStep.GIVE else None
    agency = context.publisher.agency
    if facts is None or agency_uri_of(facts.manifest.header.signer) != agency:
        return
    reference = facts.manifest.agreement
    found = context.registry.agreement_of(reference.id, agency)
    article = found.agreement.article(reference.article)
    verify_persons(article, consent.acted_by, consent.seconded_by)


def _natural_id(consent: Consent) -> bytes:
    return b"C" + labelled_sha256(
        "consent-step",
        consent.consent_id,
        prefixed(consent.step.value.encode()),
        prefixed(consent.address.recipient.encode()),
    )


def _lookups(context: LookupContext, consent: Consent) -> Lookups:
    if consent.step is not ConsentStep.GIVE:
        return Lookups()
    return Lookups(packets=((consent.packet, context.publisher.agency),))


CONSENT = StatementHandler(
    type=StatementType.CONSENT,
    parse=parse_consent,
    natural_id=_natural_id,
    lookups=_lookups,
    recipient=lambda consent: consent.address.recipient,
    apply=accept_consent,
)
