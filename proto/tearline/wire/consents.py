"""Codecs of steps of consents, and of their sealed terms."""

from tearline.onward.consent import Consent, ConsentStep, ConsentTerms
from tearline.onward.use import Use
from tearline.v1 import consent_pb2 as pb
from tearline.wire.grants import ADDRESS
from tearline.wire.statements import ACTED_BY, HEADER
from tearline.wire.table import BYTES, NUMBER, TEXT, enum, many, maybe, part, table

CONSENT = table(
    pb.Consent,
    Consent,
    header=part(HEADER),
    address=part(ADDRESS),
    consent_id=BYTES,
    step=enum(ConsentStep),
    use=enum(Use),
    packet=BYTES,
    ends_ms=NUMBER,
    kem_key_id=BYTES,
    acted_by=maybe(part(ACTED_BY)),
    sealed=BYTES,
    seconded_by=maybe(part(ACTED_BY)),
)
encode_consent = CONSENT.encode
"""Returns the canonical encoding of a step: the body of its statement."""
encode_consent_prefix = CONSENT.encode_prefix
"""Returns a step's encoding without its sealed part."""
parse_consent = CONSENT.parse
"""Returns a step from its statement's body."""

TERMS = table(pb.ConsentTerms, ConsentTerms, fields=many(TEXT), scope=TEXT, note=TEXT)
encode_terms = TERMS.encode
"""Returns the canonical encoding of terms."""
parse_terms = TERMS.parse
"""Returns terms from their canonical encoding."""
