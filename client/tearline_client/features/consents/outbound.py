"""Outgoing steps of consents: sealed, signed, and repeated if returned.

The exchange refuses a step if the recipient's key has ended in the meantime. The step then reached
no agency, so it is sealed to the next key.
"""

from dataclasses import replace

from tearline.crypto.keys import KemPublicKey
from tearline.errors import AgreementSuspended, TrustError
from tearline.onward.consent import Consent, ConsentTerms
from tearline.sealing import seal_note
from tearline.statements.statement import StatementType
from tearline.wire.consents import encode_consent, encode_consent_prefix, encode_terms
from tearline.wire.statements import Signed, signed
from tearline_client.context import NodeContext
from tearline_client.jobs import Jobs
from tearline_client.messages.compose import sign_together
from tearline_client.outbox.sender import Sender
from tearline_client.rules.suspensions import SuspensionRules


class OutboundConsentSteps:
    """Our own steps of consents.

    Args:
        context: The node.
        sender: Its outbox.
    """

    def __init__(self, context: NodeContext, sender: Sender) -> None:
        self._context = context
        self._store = context.stores.consents
        self._sender = sender
        self._obeying = SuspensionRules(context)

    def queue(
        self, bare: Consent, terms: ConsentTerms, key: KemPublicKey
    ) -> tuple[Signed, tuple[int, ...]]:
        """Seals, signs and queues a step inside the caller's transaction.

        Args:
            bare: The step, without its sealed part.
            terms: That part.
            key: The recipient's key, which the step names.

        Returns:
            Its statement, and its message's places in the outbox.
        """
        note = seal_note(
            encode_terms(terms), key, StatementType.CONSENT, encode_consent_prefix(bare)
        )
        body = encode_consent(replace(bare, sealed=note))
        tree, publication = sign_together(self._context.signer, [(StatementType.CONSENT, body)])
        self._store.put(signed(tree).statement, terms, now_ms=self._context.now_ms())
        return signed(tree), self._sender.store_publications([publication])

    def turn(self) -> None:
        """Seals returned steps to their recipients' current keys, and queues them.

        Steps count in any order, so later steps change no result.
        """
        if not self._context.may_seal():
            return
        for statement_id, step in self._store.returned().items():
            with Jobs(self._context).attempt("consents"):
                self._say_again(statement_id, step.consent, step.terms)

    def _say_again(self, came_back: bytes, consent: Consent, terms: ConsentTerms) -> None:
        state, address = self._context, consent.address
        try:
            self._obeying.verify_may_speak(address.agreement_id, address.recipient)
            key = state.kem_key_of(address.recipient)
        except (AgreementSuspended, TrustError):
            return
        if key.id == consent.kem_key_id:
            return
        with state.stores.database.transaction():
            if not self._store.forget(came_back):
                return  # another process of this node was faster
            anew = replace(
                consent,
                header=state.signer.header,
                address=state.stores.channels.next_place(address.recipient, address.agreement_id),
                kem_key_id=key.id,
                sealed=b"",
            )
            statement, _ = self.queue(anew, terms, key)
            state.stores.repeats.move(came_back, statement.statement.id, time_ms=state.right_ms())
