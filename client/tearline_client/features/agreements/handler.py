"""Handlers of agreements and of proposals."""

from tearline.agreements.agreement import Agreement, verify_parties_signed, verify_pins
from tearline.agreements.proposal import Offer, Proposal, ProposalState, verify_proposal
from tearline.audit.event import EventCode
from tearline.errors import AgreementNotInForce, ProposalRefused
from tearline.statements.statement import StatementType, signers_of
from tearline.wire.agreements import parse_agreement
from tearline.wire.proposals import parse_proposal
from tearline.wire.publications import Publication, encode_publication
from tearline_client.context import NodeContext
from tearline_client.features.suspensions.handler import freeze
from tearline_client.jobs import Jobs
from tearline_client.messages.received import Received
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.rules.handler import Party, StatementHandler
from tearline_client.store.inbox import Evidence
from tearline_client.store.proposals import complete


def _verify_agreement(recipient: Recipient, delivered: Delivered) -> Agreement:
    agreement = parse_agreement(delivered.statement.body)
    if recipient.agency not in agreement.terms.parties:
        # Otherwise others could replace one of our agreements, or use its name.
        raise AgreementNotInForce("this agency is not a party to the agreement")
    signers = signers_of(delivered.statement, delivered.delivery.attestations)
    verify_parties_signed(agreement, signers)
    verify_pins(agreement, recipient.pins)
    return agreement


def _store_agreement(
    context: NodeContext, received: Received, agreement: Agreement, evidence: Evidence
) -> None:
    """Stores a version of an agreement.

    It may stop or release packets: if it changes whether an article is joint, other parties'
    suspensions reach a different scope.
    """
    stores, entry, time_ms = context.stores, received.opening.index, received.event.time_ms
    before_ms = _retention_ms(context, agreement.id)
    stores.agreements.put(received.signed, entry=entry, time_ms=time_ms)
    if _retention_ms(context, agreement.id) != before_ms:
        stores.packets.look_again()  # of an agreement, only that says when a grant ends
    said = stores.suspensions.newest(agreement.id)
    if not said:
        return
    stores.channels.mark_due(agreement.id)
    stores.requests.rest_on(agreement.id, context.agency, entry, time_ms)
    for agency in said:
        freeze(context, stores.agreements.newest(agreement.id), agency)


def _retention_ms(context: NodeContext, agreement_id: bytes) -> int | None:
    try:
        return context.stores.agreements.newest(agreement_id).retention_ms
    except AgreementNotInForce:
        return None


def _verify_proposal(recipient: Recipient, delivered: Delivered) -> Proposal:
    proposal = parse_proposal(delivered.statement.body)
    agreement = parse_agreement(proposal.statement.body)
    if recipient.agency not in agreement.signatories:
        raise ProposalRefused("this agency is not a signatory of the proposal")
    trust = recipient.trust
    trust.verify(proposal.statement, proposal.attestations, at=delivered.at)
    members = [agency.uri for agency in trust.members_at(delivered.at).agencies]
    verify_proposal(proposal, agreement, members)
    return proposal


def _store_proposal(
    context: NodeContext, received: Received, proposal: Proposal, evidence: Evidence
) -> None:
    place, time_ms = received.opening.index, received.event.time_ms
    members = context.trust.membership.at(place)
    context.stores.proposals.put(received.signed, place=place, time_ms=time_ms, members=members)


def put_in_force(context: NodeContext) -> bool:
    """Queues every completely signed agreement that is not in force yet.

    Returns:
        Whether there was one.
    """
    proposals = context.stores.proposals
    heard = proposals.news()
    # Reading many proposals is slow, and most steps complete none.
    ended = any(proposals.have_all_signed(terms) for terms in heard)
    offers = {offer.terms: offer for offer in proposals.offers()} if ended else {}
    queued = Jobs(context).each(
        "proposals", heard, lambda terms: _put_in_force(context, terms, offers.get(terms))
    )
    return any(queued)


def _put_in_force(context: NodeContext, terms: bytes, offer: Offer | None) -> bool:
    if not context.stores.proposals.take_news(terms) or offer is None:
        return False  # another process of this node was faster, or its steps are gone
    is_ours = context.agency in offer.agreement.terms.parties
    if not is_ours or offer.state(context.follower.time_s() * 1000) is not ProposalState.SIGNED:
        return False
    message = encode_publication(Publication(signed=(complete(offer),)))
    context.stores.outbox.put([message], now_ms=context.now_ms())
    return True


AGREEMENT = StatementHandler(
    type=StatementType.AGREEMENT,
    event=EventCode.AGREEMENT,
    parties=Party.ANY,
    verify=_verify_agreement,
    store=_store_agreement,
)
PROPOSAL = StatementHandler(
    type=StatementType.PROPOSAL,
    event=EventCode.PROPOSAL,
    parties=Party.AGENCY,
    verify=_verify_proposal,
    store=_store_proposal,
    run_due=put_in_force,
    answer=put_in_force,
)
