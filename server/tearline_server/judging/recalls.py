"""Judging recalls: the originator's alone, obeyed at once; their answers are relayed."""

from tearline.channel import Address
from tearline.errors import RecallNotOriginator
from tearline.event import EventCode
from tearline.identity import agency_uri_of
from tearline.recall import Recall, RecallAnswer, RecallOrder, verify_answer_time
from tearline_server.judging.channels import relay, was_delivered
from tearline_server.judging.hearing import Hearing
from tearline_server.storage.rows import RecallRow

# The same words for a packet of somebody else and for one that does not exist.
_NOT_YOURS = "no packet of this agency bears that id"


def accept_recall(hearing: Hearing, recall: Recall) -> None:
    """Takes a recall, or an answer to one, and puts it into its recipient's mailbox.

    1. A recall is by a node of the packet's originator, under the packet's agreement, and leaves
       its recipient a day to answer.
    2. From its entry on, what it names is neither handed out nor granted any more; what is
       recalled from everybody loses its ciphertexts in the same transaction.
    3. Of an answer, its recipient alone can judge whether it was asked for.

    Raises:
        RecallNotOriginator: If the packet is not of the signer's agency, or not under that
            agreement; the same where there is none.
        AnswerTimeShort: If it leaves too little time; its signer makes it anew.
        TearlineError: If its place in the channel is not the next one.
    """
    said = recall.said
    if isinstance(said, RecallAnswer):
        relay(
            hearing, recall.address, EventCode.RECALL, acted_by=said.acted_by, packet=recall.packet
        )
        return
    _verify_own(hearing, recall)
    _verify_time(hearing, recall.address, said)
    # A backup holds what was recalled since: then it is taken again.
    relay(
        hearing,
        recall.address,
        EventCode.RECALL,
        acted_by=said.acted_by,
        packet=recall.packet,
        again=True,
    )

    docket = hearing.docket
    row = RecallRow(
        packet=recall.packet,
        node="" if said.whole else recall.address.recipient,
        grant=said.grant,
        slots=said.slots,
    )
    docket.recalls.setdefault(recall.packet, []).append(row)
    if said.whole:
        docket.drop(recall.packet, frozenset(said.slots) or None)
        if not said.slots:
            docket.ends[recall.packet] = None


def _verify_time(hearing: Hearing, address: Address, order: RecallOrder) -> None:
    if was_delivered(hearing, address):
        return  # in an earlier life of this exchange: its recipient is not told again
    verify_answer_time(order, hearing.docket.moment_of(hearing.claim.statement.id).time_ms)


def _verify_own(hearing: Hearing, recall: Recall) -> None:
    facts = hearing.docket.facts(recall.packet)
    if facts is None:
        raise RecallNotOriginator(_NOT_YOURS)
    manifest = facts.manifest
    of = agency_uri_of(manifest.header.signer), manifest.agreement.id
    if of != (hearing.publisher.agency, recall.address.agreement_id):
        raise RecallNotOriginator(_NOT_YOURS)
