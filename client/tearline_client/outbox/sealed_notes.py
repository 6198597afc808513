"""Steps with a sealed note: sealed, signed and queued; and sealed anew if they come back.

The exchange refuses a step if the recipient's key has ended in the meantime. The step then reached
no agency, so it is sealed to the next key.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from tearline.cases.case import CaseStep
from tearline.crypto.keys import KemKey, KemPublicKey
from tearline.dataclass.immutable import immutable
from tearline.errors import AgreementSuspended, TrustError
from tearline.onward.consent import Consent
from tearline.requests.step import RequestStep
from tearline.sealing import open_note, seal_note
from tearline.statements.statement import StatementType
from tearline.wire.publications import encode_publication
from tearline.wire.statements import Signed, signed
from tearline_client.context import NodeContext
from tearline_client.messages.compose import sign_together
from tearline_client.rules.suspensions import SuspensionRules

S = TypeVar("S", CaseStep, Consent, RequestStep)
N = TypeVar("N")


@immutable
class SealedNotes(Generic[S, N]):
    """Steps of one type.

    Attributes:
        type: The type.
        encode: Returns the body of a step.
        prefix: Returns the part of the body that the seal of its note covers.
        encode_note: Returns a note's bytes.
        parse_note: Returns a note from its bytes.
    """

    type: StatementType
    encode: Callable[[S], bytes]
    prefix: Callable[[S], bytes]
    encode_note: Callable[[N], bytes]
    parse_note: Callable[[bytes], N]

    def open(self, step: S, key: KemKey) -> N:
        """Returns the note of a received step.

        Raises:
            PacketError: If the key does not open it, or it is malformed.
        """
        return self.parse_note(open_note(step.sealed, key, self.type, self.prefix(step)))

    def queue(
        self, context: NodeContext, bare: S, note: N, key: KemPublicKey
    ) -> tuple[Signed, tuple[int, ...]]:
        """Seals, signs and queues a step, inside the caller's transaction.

        Args:
            context: The node.
            bare: The step, without its note.
            note: The note.
            key: The recipient's key, which the step names.

        Returns:
            Its statement, and its message's places in the outbox.
        """
        note_sealed = seal_note(self.encode_note(note), key, self.type, self.prefix(bare))
        body = self.encode(replace(bare, sealed=note_sealed))
        tree, publication = sign_together(context.signer, [(self.type, body)])
        messages = [encode_publication(publication)]
        return signed(tree), context.stores.outbox.put(messages, now_ms=context.now_ms())


def key_to_speak(context: NodeContext, agreement_id: bytes, recipient: str) -> KemPublicKey | None:
    """Returns a node's current encryption key; None while no step may go to it.

    The whole agreement may be suspended between the two, or the node may have no valid key.
    """
    try:
        SuspensionRules(context).verify_may_speak(agreement_id, recipient)
        return context.kem_key_of(recipient)
    except (AgreementSuspended, TrustError):
        return None
