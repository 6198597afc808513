"""Outgoing steps of cases: sealed, signed, and repeated if returned.

The exchange refuses a step if the recipient's key has ended in the meantime. The step then reached
no agency, so it is sealed to the next key.
"""

from dataclasses import replace

from tearline.cases.case import CaseNote, CaseStep, Phase
from tearline.crypto.keys import KemPublicKey
from tearline.errors import TrustError
from tearline.identity import agency_uri_of
from tearline.sealing import seal_note
from tearline.statements.statement import ActedBy, StatementType
from tearline.wire.cases import encode_case_note, encode_case_step, encode_case_step_prefix
from tearline_client.context import NodeContext
from tearline_client.messages.compose import sign_together
from tearline_client.outbox.sender import Sender
from tearline_client.store.cases import Said


class OutboundCaseSteps:
    """Our own steps of cases.

    Args:
        context: The node.
        sender: Its outbox.
    """

    def __init__(self, context: NodeContext, sender: Sender) -> None:
        self._context = context
        self._sender = sender

    def key_of(self, node: str) -> KemPublicKey | None:
        """Returns a node's current encryption key, or None."""
        try:
            return self._context.kem_key_of(node)
        except TrustError:
            return None

    def say(
        self,
        case_id: bytes,
        agreement_id: bytes,
        node: str,
        phase: Phase,
        note: CaseNote,
        acted_by: ActedBy | None,
    ) -> tuple[int, ...]:
        """Seals, signs, stores and queues a step inside the caller's transaction.

        Args:
            case_id: The case.
            agreement_id: The agreement of the case.
            node: The recipient.
            phase: The step's phase.
            note: The sealed part.
            acted_by: The responsible person.

        Returns:
            Its message's places in the outbox.

        Raises:
            TrustError: If the node is not ready to seal, or the recipient has no valid key.
        """
        state = self._context
        state.verify_ready()
        last = state.stores.cases.latest(case_id, agency_uri_of(node), mine=True)
        key = state.kem_key_of(node)
        step = CaseStep(
            header=state.signer.header,
            address=state.stores.channels.next_place(node, agreement_id),
            case_id=case_id,
            # Higher than all earlier steps, even those lost since a backup: the log has grown
            # since.
            number=max(last.step.number + 1 if last else 1, state.stores.log.size),
            phase=phase,
            kem_key_id=key.id,
            acted_by=acted_by,
            sealed=b"",
        )
        kind = StatementType.CASE_STEP
        sealed = seal_note(encode_case_note(note), key, kind, encode_case_step_prefix(step))
        step = replace(step, sealed=sealed)
        tree, publication = sign_together(state.signer, [(kind, encode_case_step(step))])
        (statement,) = tree.statements()
        state.stores.cases.put_step(Said(statement=statement.id, step=step, note=note, mine=True))
        return self._sender.store_publications([publication])

    def say_again(self, came_back: Said) -> int:
        """Seals a returned step to the recipient's current key; returns the number of steps sent.

        Runs inside the caller's transaction.
        """
        cases, step = self._context.stores.cases, came_back.step
        last = cases.latest(step.case_id, came_back.peer, mine=True)
        if last is None or last.statement != came_back.statement:
            cases.forget(came_back.statement)  # a later step replaced it
            return 0
        key = self.key_of(step.address.recipient)
        if key is None or key.id == step.kem_key_id:
            return 0
        cases.forget(came_back.statement)
        ids = step.address.agreement_id, step.address.recipient
        self.say(step.case_id, *ids, step.phase, came_back.note, step.acted_by)
        return 1
