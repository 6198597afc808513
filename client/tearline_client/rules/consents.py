"""Storage of partners' steps on consents."""

from tearline.onward.consent import Consent, ConsentStep
from tearline.persons.four_eyes import verify_persons
from tearline_client.context import NodeContext
from tearline_client.messages.received import Received, ReceivedConsent


def take_consent(context: NodeContext, received: Received, content: ReceivedConsent) -> None:
    """Stores an arrived step in the caller's transaction, which is undone on refusal.

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
