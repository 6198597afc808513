"""Codecs of trust lists, key records and revocations."""

from tearline.federation.members import (
    Agency,
    ExchangeEnrolment,
    ExchangeIdentity,
    KeyRecord,
    KeyUse,
    LogIdentity,
    Revocation,
    TrustList,
)
from tearline.statements.statement import StatementType
from tearline.v1 import trust_pb2 as pb
from tearline.wire.statements import HEADER
from tearline.wire.table import BYTES, NUMBER, TEXT, enum, many, part, required, table

AGENCY = table(
    pb.Agency,
    Agency,
    name=TEXT,
    uri=TEXT,
    root_key=BYTES,
    certificate_authorities=many(BYTES),
    token_issuers=many(BYTES),
)
encode_agency = AGENCY.encode
"""Returns the canonical encoding of an agency, as an enrolment file holds it."""
parse_agency = AGENCY.parse
"""Returns an agency from its canonical encoding."""

_EXCHANGE = table(
    pb.Exchange,
    ExchangeIdentity,
    uri=TEXT,
    signing_key=BYTES,
    certificate_authority=BYTES,
    dns_name=TEXT,
    address=TEXT,
)

_LOG = table(pb.Log, LogIdentity, origin=TEXT, verifier_keys=many(TEXT))
# Of every other message here a part shows that it is there; a log may be without any.
_LOG_PART = required(_LOG, "the log is not named")

TRUST_LIST = table(
    pb.TrustList,
    TrustList,
    header=part(HEADER),
    number=NUMBER,
    previous=BYTES,
    agencies=many(part(AGENCY)),
    exchange=part(_EXCHANGE),
    log=_LOG_PART,
    min_suite=NUMBER,
    threshold=NUMBER,
)
encode_trust_list = TRUST_LIST.encode
"""Returns the canonical encoding of a trust list: the body of its statement."""
parse_trust_list = TRUST_LIST.parse
"""Returns a trust list from its statement's body."""

EXCHANGE_ENROLMENT = table(
    pb.ExchangeEnrolment, ExchangeEnrolment, exchange=part(_EXCHANGE), log=_LOG_PART
)
encode_exchange_enrolment = EXCHANGE_ENROLMENT.encode
"""Returns the canonical encoding of an operator's enrolment."""
parse_exchange_enrolment = EXCHANGE_ENROLMENT.parse
"""Returns an operator's enrolment from its canonical encoding."""

KEY_RECORD = table(
    pb.KeyRecord,
    KeyRecord,
    header=part(HEADER),
    subject=TEXT,
    use=enum(KeyUse),
    public_key=BYTES,
    types=many(enum(StatementType)),
    not_before_ms=NUMBER,
    not_after_ms=NUMBER,
)
encode_key_record = KEY_RECORD.encode
"""Returns the canonical encoding of a key record: the body of its statement."""
parse_key_record = KEY_RECORD.parse
"""Returns a key record from its statement's body."""

REVOCATION = table(pb.Revocation, Revocation, header=part(HEADER), revoked_key=BYTES, reason=TEXT)
encode_revocation = REVOCATION.encode
"""Returns the canonical encoding of a revocation: the body of its statement."""
parse_revocation = REVOCATION.parse
"""Returns a revocation from its statement's body."""
