"""Judging of recalls: by the originator only, effective at once; answers are relayed."""

from tearline.audit.event import EventCode
from tearline.errors import NotOriginator
from tearline.identity import agency_uri_of
from tearline.packets.recall import Recall, RecallAnswer, RecallOrder, verify_answer_time
from tearline.statements.channel import Address
from tearline.statements.statement import StatementType
from tearline.wire.recalls import parse_recall
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.base import StatementHandler, none
from tearline_server.processing.handlers.channels import relay, was_delivered
from tearline_server.storage.lookups import Lookups
from tearline_server.storage.rows import RecallRow

# Identical for unknown packets and those of other agencies.
_NOT_YOURS = "this agency has no packet with that id"


def accept_recall(context: Context, recall: Recall) -> None:
    """Accepts a recall, or an answer to one, and delivers it to its recipient.

    1. A recall comes from a node of the packet's originator, under the packet's agreement, and
       leaves its recipient a day to answer.
    2. From its entry on, the recalled slots are neither handed out nor granted. A recall from all
       recipients deletes their ciphertexts in the same transaction.
    3. Only the recipient of an answer can judge whether it was requested.

    Raises:
        NotOriginator: If the packet is not the signer's agency's under that agreement;
            identical for unknown packets.
        AnswerTimeShort: If it leaves too little time; its signer must make it anew.
        TearlineError: If its place in the channel is not the next one.
    """
    said = recall.said
    if isinstance(said, RecallAnswer):
        relay(
            context, recall.address, EventCode.RECALL, acted_by=said.acted_by, packet=recall.packet
        )
        return
    _verify_own(context, recall)
    _verify_time(context, recall.address, said)
    # A restored backup may still hold recalled ciphertexts: apply the recall again.
    relay(
        context,
        recall.address,
        EventCode.RECALL,
        acted_by=said.acted_by,
        packet=recall.packet,
        again=True,
    )

    batch = context.batch
    row = RecallRow(
        packet=recall.packet,
        node="" if said.whole else recall.address.recipient,
        grant=said.grant,
        slots=said.slots,
    )
    batch.recalls.setdefault(recall.packet, []).append(row)
    if said.whole:
        batch.drop(recall.packet, frozenset(said.slots) or None)
        if not said.slots:
            batch.ends[recall.packet] = None


def _verify_time(context: Context, address: Address, order: RecallOrder) -> None:
    if was_delivered(context, address):
        return  # delivered before a restore: the recipient does not receive it again
    verify_answer_time(order, context.batch.moment_of(context.submitted.statement.id).time_ms)


def _verify_own(context: Context, recall: Recall) -> None:
    facts = context.batch.facts(recall.packet)
    if facts is None:
        raise NotOriginator(_NOT_YOURS)
    manifest = facts.manifest
    of = agency_uri_of(manifest.header.signer), manifest.agreement.id
    if of != (context.publisher.agency, recall.address.agreement_id):
        raise NotOriginator(_NOT_YOURS)


def _lookups(context: LookupContext, recall: Recall) -> Lookups:
    return Lookups(packets=((recall.packet, context.publisher.agency),))


RECALL = StatementHandler(
    type=StatementType.RECALL,
    parse=parse_recall,
    natural_id=none,
    lookups=_lookups,
    recipient=lambda recall: recall.address.recipient,
    apply=accept_recall,
)
