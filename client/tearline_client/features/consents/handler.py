"""Handler of steps of consents."""

from tearline.audit.event import EventCode
from tearline.errors import RecipientKeyExpired
from tearline.onward.consent import Consent, ConsentStep, verify_terms
from tearline.persons.four_eyes import verify_persons
from tearline.sealing import open_note
from tearline.statements.statement import Statement, StatementType
from tearline.wire.consents import encode_consent_prefix, parse_consent, parse_terms
from tearline_client.context import NodeContext
from tearline_client.messages.received import Received, ReceivedConsent
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import StatementHandler
from tearline_client.store.inbox import Evidence


def _verify(recipient: Recipient, delivered: Delivered) -> ReceivedConsent:
    consent = parse_consent(delivered.statement.body)
    recipient.verify_addressed(consent.address)
    key, before = recipient.kem_key(consent.kem_key_id), encode_consent_prefix(consent)
    terms = parse_terms(open_note(consent.sealed, key, StatementType.CONSENT, before))
    verify_terms(consent, terms)
    return ReceivedConsent(consent=consent, terms=terms)


def _store(
    context: NodeContext, received: Received, content: ReceivedConsent, evidence: Evidence
) -> None:
    """Stores an arrived step.

    Raises:
        ConsentMisplaced: If the signer may not take it, or it differs from the question.
        PolicyError: If one person gives a consent that requires two.
    """
    context.stores.consents.take(
        received.signed.statement, content.terms, time_ms=received.event.time_ms
    )
    _verify_persons(context, content.consent, received.opening.index)


def _verify_persons(context: NodeContext, consent: Consent, index: int) -> None:
    """Verifies the persons by the agreement version of the entry (spec O-18)."""
    if consent.step is not ConsentStep.GIVE:
        return
    reference = context.stores.packets.manifest(consent.packet).agreement
    article = context.agreement_at(reference.id, index).article(reference.article)
    verify_persons(article, consent.acted_by, consent.seconded_by)


def _refused(context: NodeContext, statement: Statement, code: str) -> None:
    """Marks a step refused for an ended key to be repeated; forgets others."""
    if code == RecipientKeyExpired.code:
        context.stores.consents.put_back(statement.id)
    else:
        context.stores.consents.forget(statement.id)


CONSENT = StatementHandler(
    type=StatementType.CONSENT,
    event=EventCode.CONSENT,
    verify=_verify,
    store=_store,
    refused=_refused,
)
