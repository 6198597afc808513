"""Codec of proposals of agreements, and of the answers to them."""

from tearline.agreements.proposal import Proposal
from tearline.v1 import proposal_pb2 as pb
from tearline.wire.codec import Codec
from tearline.wire.statements import HEADER, SIGNED, Signed


def _write_proposal(proposal: Proposal) -> pb.Proposal:
    agreement = Signed(statement=proposal.statement, attestations=proposal.attestations)
    return pb.Proposal(
        header=HEADER.write(proposal.header),
        agreement=SIGNED.write(agreement),
        declined=proposal.declined,
        in_reply_to=proposal.in_reply_to,
        answer_by_ms=proposal.answer_by_ms,
    )


def _read_proposal(message: pb.Proposal) -> Proposal:
    agreement = SIGNED.read(message.agreement)
    return Proposal(
        header=HEADER.read(message.header),
        statement=agreement.statement,
        attestations=agreement.attestations,
        declined=message.declined,
        in_reply_to=message.in_reply_to,
        answer_by_ms=message.answer_by_ms,
    )


PROPOSAL = Codec(message=pb.Proposal, write=_write_proposal, read=_read_proposal)
"""By hand: its agreement is one message, and two attributes."""
encode_proposal = PROPOSAL.encode
"""Returns the canonical encoding of a proposal: the body of its statement."""
parse_proposal = PROPOSAL.parse
"""Returns a proposal from its statement's body."""
