"""Codecs of grants, receipts, voids, marks, anchors and events."""

from operator import attrgetter

from tearline.audit.anchor import Anchor
from tearline.audit.event import Decision, Event, EventCode, EventKeys, EventOutcome
from tearline.limits import MAX_BODY_BYTES
from tearline.packets.grant import Caveats, Grant
from tearline.policy.marking import parse_pap
from tearline.statements.channel import Address, Mark, Void, VoidReason
from tearline.statements.receipt import MAX_EVENT_BYTES, LogOpening, Receipt, Status
from tearline.v1 import flow_pb2 as pb
from tearline.wire.codec import decode, parse_strictly
from tearline.wire.statements import ACTED_BY, HEADER
from tearline.wire.table import (
    BYTES,
    FLAG,
    NUMBER,
    TEXT,
    enum,
    many,
    maybe,
    part,
    table,
    translated,
)

ADDRESS = table(pb.Address, Address, recipient=TEXT, agreement_id=BYTES, seq=NUMBER)

_CAVEATS = table(
    pb.Caveats,
    Caveats,
    handling=many(TEXT),
    orcon=FLAG,
    pap=translated(TEXT, attrgetter("text"), parse_pap),
)

GRANT = table(
    pb.Grant,
    Grant,
    header=part(HEADER),
    address=part(ADDRESS),
    grant_id=BYTES,
    packet=BYTES,
    kem_key_id=BYTES,
    not_after_ms=NUMBER,
    purpose=TEXT,
    caveats=part(_CAVEATS),
    openings=many(NUMBER),
    compartments=many(NUMBER),
    fields=many(NUMBER),
    acted_by=maybe(part(ACTED_BY)),
    sealed=BYTES,
    seconded_by=maybe(part(ACTED_BY)),
)
encode_grant = GRANT.encode
"""Returns the canonical encoding of a grant: the body of its statement."""
encode_grant_prefix = GRANT.encode_prefix
"""Returns a grant's encoding without its sealed part."""
parse_grant = GRANT.parse
"""Returns a grant from its statement's body."""


def parse_bare_grant(body: bytes) -> Grant:
    """Returns a grant without its sealed part, which may be of any length.

    An exchange may have accepted it before sealed parts had a limit: its place in the channel still
    counts.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of such a grant.
    """
    return parse_strictly(body, pb.Grant, _read_bare_grant, maximum=MAX_BODY_BYTES)


def _read_bare_grant(message: pb.Grant) -> Grant:
    message.ClearField("sealed")
    return GRANT.read(message)


LOG_OPENING = table(
    pb.LogOpening, LogOpening, maximum=2 * MAX_EVENT_BYTES, index=NUMBER, salt=BYTES, event=BYTES
)
encode_log_opening = LOG_OPENING.encode
"""Returns the canonical encoding of the opening of a log entry."""
parse_log_opening = LOG_OPENING.parse
"""Returns the opening of a log entry from its canonical encoding."""

RECEIPT = table(
    pb.Receipt,
    Receipt,
    maximum=2 * MAX_EVENT_BYTES,
    header=part(HEADER),
    address=maybe(part(ADDRESS)),
    about=BYTES,
    status=enum(Status),
    code=TEXT,
    entry=maybe(part(LOG_OPENING)),
    acted_by=maybe(part(ACTED_BY)),
    time_ms=NUMBER,
)
encode_receipt = RECEIPT.encode
"""Returns the canonical encoding of a receipt: the body of its statement."""
parse_receipt = RECEIPT.parse
"""Returns a receipt from its statement's body."""

VOID = table(
    pb.Void,
    Void,
    header=part(HEADER),
    address=part(ADDRESS),
    reason=enum(VoidReason),
    withdraws=BYTES,
)
encode_void = VOID.encode
"""Returns the canonical encoding of a void: the body of its statement."""
parse_void = VOID.parse
"""Returns a void from its statement's body."""

MARK = table(
    pb.Mark,
    Mark,
    header=part(HEADER),
    recipient=TEXT,
    agreement_id=BYTES,
    counter=NUMBER,
    highest_sent=NUMBER,
    highest_received=NUMBER,
    time_ms=NUMBER,
)
encode_mark = MARK.encode
"""Returns the canonical encoding of a mark: the body of its statement."""
parse_mark = MARK.parse
"""Returns a mark from its statement's body."""

ANCHOR = table(pb.Anchor, Anchor, header=part(HEADER), number=NUMBER, commitment=BYTES)
encode_anchor = ANCHOR.encode
"""Returns the canonical encoding of an anchor: the body of its statement."""
parse_anchor = ANCHOR.parse
"""Returns an anchor from its statement's body."""

_DECISION = table(
    pb.Decision,
    Decision,
    compartment=NUMBER,
    category=TEXT,
    form=TEXT,
    policies=many(TEXT),
    slots=many(NUMBER),
)

EVENT = table(
    pb.Event,
    Event,
    maximum=MAX_EVENT_BYTES,
    statement_id=BYTES,
    code=enum(EventCode),
    party=TEXT,
    time_ms=NUMBER,
    actor=TEXT,
    pseudonym=BYTES,
    counterpart=TEXT,
    packet=BYTES,
    agreement_id=BYTES,
    article=TEXT,
    purpose=TEXT,
    policy_digest=BYTES,
    decisions=many(part(_DECISION)),
    outcome=enum(EventOutcome),
    reason=TEXT,
    count=NUMBER,
    seconded_by=BYTES,
)
encode_event = EVENT.encode
"""Returns the canonical encoding of an event, which a blind entry hides."""
parse_event = EVENT.parse
"""Returns an event from its canonical encoding."""


def keys_of_event(data: bytes) -> EventKeys:
    """Returns what an event is found by, of bytes that a hash is known to vouch for.

    Raises:
        StatementMalformed: If ``data`` is no event at all.
    """
    message = decode(pb.Event, data, maximum=MAX_EVENT_BYTES)
    return EventKeys(
        statement_id=message.statement_id,
        code=message.code,
        party=message.party,
        time_ms=message.time_ms,
        actor=message.actor,
        counterpart=message.counterpart,
        packet=message.packet,
        agreement_id=message.agreement_id,
        outcome=message.outcome,
        reason=message.reason,
    )
