"""What partners say of consents, taken in."""

from tearline.onward.consent import Consent, ConsentStep
from tearline.persons.four_eyes import verify_persons
from tearline_client.context import NodeContext
from tearline_client.messages.received import Received, ReceivedConsent


def take_consent(context: NodeContext, received: Received, content: ReceivedConsent) -> None:
    """Keeps a step that arrived; in the caller's transaction, undone where it is refused.

    Raises:
        ConsentMisplaced: If it is not its signer's to take, or not what was asked for.
        PolicyError: If it gives for one person what its article lets two give.
    """
    context.stores.consents.take(
        received.signed.statement, content.terms, time_ms=received.event.time_ms
    )
    _verify_persons(context, content.consent, received.opening.index)


def _verify_persons(context: NodeContext, consent: Consent, index: int) -> None:
    """By the version that the exchange had to accept it by (spec O-18)."""
    if consent.step is not ConsentStep.GIVE:
        return
    reference = context.stores.packets.manifest(consent.packet).agreement
    article = context.agreement_at(reference.id, index).article(reference.article)
    verify_persons(article, consent.acted_by, consent.seconded_by)
