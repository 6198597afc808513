"""Handler of steps of consents; ours are sealed anew if returned."""

from dataclasses import replace

from tearline.audit.event import EventCode
from tearline.crypto.keys import KemPublicKey
from tearline.errors import RecipientKeyExpired
from tearline.onward.consent import Consent, ConsentStep, ConsentTerms, verify_terms
from tearline.persons.four_eyes import verify_persons
from tearline.statements.statement import Statement, StatementType
from tearline.wire.consents import (
    encode_consent,
    encode_consent_prefix,
    encode_terms,
    parse_consent,
    parse_terms,
)
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext
from tearline_client.jobs import Jobs
from tearline_client.messages.received import Received, ReceivedConsent
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.outbox.sealed_notes import SealedNotes, key_to_speak
from tearline_client.rules.handler import StatementHandler
from tearline_client.store.inbox import Evidence

_NOTES = SealedNotes(
    type=StatementType.CONSENT,
    encode=encode_consent,
    prefix=encode_consent_prefix,
    encode_note=encode_terms,
    parse_note=parse_terms,
)


def _verify(recipient: Recipient, delivered: Delivered) -> ReceivedConsent:
    consent = parse_consent(delivered.statement.body)
    recipient.verify_addressed(consent.address)
    terms = _NOTES.open(consent, recipient.kem_key(consent.kem_key_id))
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
    """Verifies the persons by the agreement version of the entry (spec O-11)."""
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


def queue_consent(
    context: NodeContext, bare: Consent, terms: ConsentTerms, key: KemPublicKey
) -> tuple[Signed, tuple[int, ...]]:
    """Seals, stores and queues a step; see ``SealedNotes.queue``."""
    statement, places = _NOTES.queue(context, bare, terms, key)
    context.stores.consents.put(statement.statement, terms, now_ms=context.now_ms())
    return statement, places


def _reseal(context: NodeContext) -> dict[bytes, bytes]:
    """Seals returned steps to their recipients' current keys, and queues them.

    Steps count in any order, so later steps change no result.
    """
    anew: dict[bytes, bytes] = {}
    if not context.may_seal():
        return anew
    for statement_id, step in context.stores.consents.returned().items():
        with Jobs(context).attempt("consents"):
            anew.update(_reseal_step(context, statement_id, step.consent, step.terms))
    return anew


def _reseal_step(
    context: NodeContext, came_back: bytes, consent: Consent, terms: ConsentTerms
) -> dict[bytes, bytes]:
    stores, address = context.stores, consent.address
    key = key_to_speak(context, address.agreement_id, address.recipient)
    if key is None or key.id == consent.kem_key_id:
        return {}
    with stores.database.transaction():
        if not stores.consents.forget(came_back):
            return {}  # another process of this node was faster
        bare = replace(
            consent,
            header=context.signer.header,
            address=stores.channels.next_place(address.recipient, address.agreement_id),
            kem_key_id=key.id,
            sealed=b"",
        )
        statement, _ = queue_consent(context, bare, terms, key)
        anew = statement.statement.id
        stores.repeats.move(came_back, anew, time_ms=context.right_ms())
    return {came_back: anew}


CONSENT = StatementHandler(
    type=StatementType.CONSENT,
    event=EventCode.CONSENT,
    verify=_verify,
    store=_store,
    refused=_refused,
    reseal=_reseal,
)
