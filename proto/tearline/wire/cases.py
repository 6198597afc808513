"""Codecs of steps of cases, and of their sealed notes."""

from tearline.cases.case import CaseNote, CaseStep, Phase
from tearline.v1 import case_pb2 as pb
from tearline.wire.grants import ADDRESS
from tearline.wire.statements import ACTED_BY, HEADER
from tearline.wire.table import BYTES, NUMBER, TEXT, enum, many, maybe, part, table

CASE_STEP = table(
    pb.CaseStep,
    CaseStep,
    header=part(HEADER),
    address=part(ADDRESS),
    case_id=BYTES,
    number=NUMBER,
    phase=enum(Phase),
    kem_key_id=BYTES,
    acted_by=maybe(part(ACTED_BY)),
    sealed=BYTES,
)
encode_case_step = CASE_STEP.encode
"""Returns the canonical encoding of a step: the body of its statement."""
encode_case_step_prefix = CASE_STEP.encode_prefix
"""Returns a step's encoding without its sealed part."""
parse_case_step = CASE_STEP.parse
"""Returns a step from its statement's body."""

CASE_NOTE = table(
    pb.CaseNote,
    CaseNote,
    title=TEXT,
    summary=TEXT,
    members=many(TEXT),
    asked=many(TEXT),
    consents=many(TEXT),
    objections=many(TEXT),
)
encode_case_note = CASE_NOTE.encode
"""Returns the canonical encoding of a note."""
parse_case_note = CASE_NOTE.parse
"""Returns a note from its canonical encoding."""
