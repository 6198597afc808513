"""Codecs of steps of requests for records, and of their notes."""

from tearline.limits import MAX_REQUEST_NOTE_BYTES
from tearline.packets.packet import Urgency
from tearline.requests.step import Ground, ItemOutcome, RequestStep, StepKind, StepNote
from tearline.v1 import request_pb2 as pb
from tearline.wire.grants import ADDRESS
from tearline.wire.statements import ACTED_BY, HEADER
from tearline.wire.table import (
    BYTES,
    FLAG,
    NUMBER,
    TEXT,
    choice,
    enum,
    many,
    maybe,
    part,
    table,
)

STEP = table(
    pb.RequestStep,
    RequestStep,
    header=part(HEADER),
    address=part(ADDRESS),
    request=BYTES,
    kind=enum(StepKind),
    number=NUMBER,
    known=NUMBER,
    extension_ms=NUMBER,
    urgency=maybe(enum(Urgency)),
    permit=FLAG,
    entry=NUMBER,
    acted_by=maybe(part(ACTED_BY)),
    kem_key_id=BYTES,
    sealed=BYTES,
)
encode_step = STEP.encode
"""Returns the canonical encoding of a step: the body of its statement."""
encode_step_prefix = STEP.encode_prefix
"""Returns a step's encoding without its sealed part."""
parse_step = STEP.parse
"""Returns a step from its statement's body."""

_ITEM_OUTCOME = table(pb.ItemOutcome, ItemOutcome, number=NUMBER, ground=maybe(enum(Ground)))

NOTE = table(
    pb.RequestNote,
    StepNote,
    maximum=MAX_REQUEST_NOTE_BYTES,
    items=many(part(_ITEM_OUTCOME)),
    answer=BYTES,
    text=TEXT,
    useful=choice((None, False, True)),
)
encode_note = NOTE.encode
"""Returns the canonical encoding of a note."""
parse_note = NOTE.parse
"""Returns a note from its canonical encoding."""
