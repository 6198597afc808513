"""Translators of proposals of agreements, and of the answers to them."""

from tearline.agreements.proposal import Proposal
from tearline.limits import MAX_BODY_BYTES
from tearline.v1 import proposal_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.statements import Signed, read_header, read_signed, write_header, write_signed


def encode_proposal(proposal: Proposal) -> bytes:
    """Returns the canonical encoding of a proposal: the body of its statement."""
    return serialize(_write_proposal(proposal))


def parse_proposal(body: bytes) -> Proposal:
    """Returns a proposal from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid proposal.
    """
    return parse_strictly(body, pb.Proposal, _read_proposal, maximum=MAX_BODY_BYTES)


def _write_proposal(proposal: Proposal) -> pb.Proposal:
    agreement = Signed(statement=proposal.statement, attestations=proposal.attestations)
    return pb.Proposal(
        header=write_header(proposal.header),
        agreement=write_signed(agreement),
        declined=proposal.declined,
        in_reply_to=proposal.in_reply_to,
        answer_by_ms=proposal.answer_by_ms,
    )


def _read_proposal(message: pb.Proposal) -> Proposal:
    agreement = read_signed(message.agreement)
    return Proposal(
        header=read_header(message.header),
        statement=agreement.statement,
        attestations=agreement.attestations,
        declined=message.declined,
        in_reply_to=message.in_reply_to,
        answer_by_ms=message.answer_by_ms,
    )
