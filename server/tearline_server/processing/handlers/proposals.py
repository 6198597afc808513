"""Judging of proposals: whether the terms could come into force, and delivery to all signatories.

The exchange stores only the statement of a proposal. The parties track its outcome themselves; an
agreed proposal returns as an agreement signed by all of them.
"""

from tearline.agreements.agreement import Agreement, verify_pins
from tearline.agreements.proposal import Proposal, verify_follows, verify_proposal
from tearline.audit.event import EventCode
from tearline.errors import AgreementMalformed, NotPermitted, ProposalClosed, TearlineError
from tearline.statements.statement import StatementType
from tearline.wire.agreements import parse_agreement
from tearline.wire.proposals import parse_proposal
from tearline_server.processing.context import Context, LookupContext
from tearline_server.processing.handlers.agreements import (
    log_for,
    put_into_mailboxes,
    rooms_of,
    verify_rooms,
)
from tearline_server.processing.handlers.base import StatementHandler, none
from tearline_server.storage.lookups import Lookups


def accept_proposal(context: Context, proposal: Proposal) -> None:
    """Accepts a step, and delivers it to every node of the signatories.

    1. The publisher's agency is a party or an overseer; all of them are members of the federation.
    2. The agreement is signed by its drafter and, unless the step declines it, by the publisher.
    3. It pins the policy, schema, profile and masks of this exchange.
    4. It follows the version in force, and its deadline has not passed.
    5. Every mailbox of a signatory has room for it.

    Raises:
        TearlineError: If a check fails; the state is then unchanged.
    """
    batch, trust = context.batch, context.registry.trust
    agreement = parse_agreement(proposal.statement.body)
    if context.publisher.agency not in agreement.signatories:
        raise NotPermitted("an agreement may be proposed only by one of its parties or overseers")
    trust.verify(proposal.statement, proposal.attestations, at=batch.moment)
    verify_proposal(proposal, agreement, [each.uri for each in trust.members.agencies])
    verify_pins(agreement, context.registry.installation.pins)
    _verify_follows(context, agreement)
    if 0 < proposal.answer_by_ms <= batch.now_ms or agreement.valid_until_ms <= batch.now_ms:
        raise ProposalClosed("its time has passed")
    verify_rooms(context, agreement.signatories)

    entries = log_for(context, EventCode.PROPOSAL, agreement, agreement.signatories)
    put_into_mailboxes(context, entries)


def _verify_follows(context: Context, agreement: Agreement) -> None:
    found = context.registry.agreements.get(agreement.id)
    # An agency that is not a party must not learn that the agreement exists.
    known = found and context.publisher.agency in found.agreement.terms.parties
    if found is not None and known:
        verify_follows(agreement, found.agreement, context.registry.departed(found))
    elif agreement.version != 1:
        raise AgreementMalformed("the first version is number 1")


def _lookups(context: LookupContext, proposal: Proposal) -> Lookups:
    try:
        return rooms_of(context, parse_agreement(proposal.statement.body).signatories)
    except TearlineError:
        return Lookups()  # it is refused


PROPOSAL = StatementHandler(
    type=StatementType.PROPOSAL,
    parse=parse_proposal,
    natural_id=none,
    lookups=_lookups,
    recipient=none,
    apply=accept_proposal,
)
