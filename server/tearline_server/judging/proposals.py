"""Judging proposals: whether the terms could come into force, and who must hear of them.

Nothing is kept of a proposal but its statement: what became of it, each party sees for itself,
and what is agreed on is the agreement that all of them signed.
"""

from tearline.agreement import Agreement, verify_pins
from tearline.errors import AgreementMalformed, NotPermitted, ProposalClosed
from tearline.event import EventCode
from tearline.proposal import Proposal, verify_follows, verify_proposal
from tearline.wire.agreements import parse_agreement
from tearline_server.judging.agreements import (
    log_for,
    put_into_mailboxes,
    verify_rooms,
)
from tearline_server.judging.hearing import Hearing


def accept_proposal(hearing: Hearing, proposal: Proposal) -> None:
    """Takes a step, and puts it into the mailbox of every node of those who are to sign.

    1. The publisher's agency is a party or to oversee it; all of those are of this federation.
    2. The agreement is signed by its drafter and, unless this declines it, by the publisher.
    3. It pins what this exchange judges by.
    4. It follows the version that is in force, and its time has not passed.
    5. Every such mailbox has room for it.

    Raises:
        TearlineError: Naming what failed; nothing changed then.
    """
    docket, trust = hearing.docket, hearing.registry.trust
    agreement = parse_agreement(proposal.statement.body)
    if hearing.publisher.agency not in agreement.signatories:
        raise NotPermitted("an agreement is proposed by one of its parties")
    trust.verify(proposal.statement, proposal.attestations, at=docket.moment)
    verify_proposal(proposal, agreement, [each.uri for each in trust.trust_list.agencies])
    verify_pins(agreement, hearing.registry.installation.pins)
    _verify_follows(hearing, agreement)
    if 0 < proposal.answer_by_ms <= docket.now_ms or agreement.valid_until_ms <= docket.now_ms:
        raise ProposalClosed("its time has passed")
    verify_rooms(hearing, agreement.signatories)

    entries = log_for(hearing, EventCode.PROPOSAL, agreement, agreement.signatories)
    put_into_mailboxes(hearing, entries)


def _verify_follows(hearing: Hearing, agreement: Agreement) -> None:
    found = hearing.registry.agreements.get(agreement.id)
    # Who is not a party to what is in force learns nothing of it, not even that it exists.
    known = found and hearing.publisher.agency in found.agreement.terms.parties
    if found is not None and known:
        verify_follows(agreement, found.agreement)
    elif agreement.version != 1:
        raise AgreementMalformed("the first version is number 1")
