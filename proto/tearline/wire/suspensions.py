"""Codec of standings."""

from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import InFlight, Originated, Reason, Suspension
from tearline.v1 import standing_pb2 as pb
from tearline.wire.statements import ACTED_BY, HEADER
from tearline.wire.table import BYTES, FLAG, NUMBER, TEXT, enum, many, maybe, part, table

_OFFICER_ACT = table(pb.OfficerAct, OfficerAct, counter=NUMBER, acted_by=part(ACTED_BY))

_SUSPENSION = table(
    pb.Suspension,
    Suspension,
    article=TEXT,
    sender=TEXT,
    recipient=TEXT,
    reason=enum(Reason),
    in_flight=enum(InFlight),
    originated=enum(Originated),
)

STANDING = table(
    pb.PartyStanding,
    Standing,
    header=part(HEADER),
    agreement_id=BYTES,
    counter=NUMBER,
    suspensions=many(part(_SUSPENSION)),
    ended=FLAG,
    officer=maybe(part(_OFFICER_ACT)),
    acted_by=maybe(part(ACTED_BY)),
    time_ms=NUMBER,
)
encode_standing = STANDING.encode
"""Returns the canonical encoding of a standing: the body of its statement."""
parse_standing = STANDING.parse
"""Returns a standing from its statement's body."""
