"""Codecs of charters, member records, decisions, key records and revocations."""

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.federation.charter import Charter, CharterSignature, Constitution, Rules
from tearline.federation.decisions import Amendment, Leave, MemberRecord, Vote, VoteKind
from tearline.federation.members import (
    Agency,
    ExchangeEnrolment,
    ExchangeIdentity,
    KeyRecord,
    KeyUse,
    LogIdentity,
    Revocation,
)
from tearline.limits import MAX_MESSAGE_BYTES
from tearline.statements.statement import HASH_SIZE, StatementType
from tearline.v1 import trust_pb2 as pb
from tearline.wire.statements import HEADER, SIGNED, Signed
from tearline.wire.table import BYTES, NUMBER, TEXT, enum, many, part, required, table


@immutable
class FederationFile:
    """Entries that begin a federation's log: charter, founders' records and signatures.

    Attributes:
        federation: 32 bytes, the charter's statement id.
        entries: In the order of the log; a draft lacks signatures.
    """

    federation: bytes
    entries: tuple[Signed, ...]

    def __post_init__(self) -> None:
        if len(self.federation) != HASH_SIZE:
            raise StatementMalformed("a federation is named by 32 bytes")


AGENCY = table(
    pb.Agency,
    Agency,
    name=TEXT,
    uri=TEXT,
    root_key=BYTES,
    certificate_authorities=many(BYTES),
    token_issuers=many(BYTES),
    recovery_key=BYTES,
)

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

_RULES = table(
    pb.Rules,
    Rules,
    admit=NUMBER,
    remove=NUMBER,
    exchange=NUMBER,
    council=NUMBER,
    rules=NUMBER,
    cosigners=NUMBER,
    min_suite=NUMBER,
)

_CONSTITUTION = table(
    pb.Constitution,
    Constitution,
    council=many(TEXT),
    rules=part(_RULES),
    cosigners=many(TEXT),
    quorum=NUMBER,
    exchange=part(_EXCHANGE),
    log=_LOG_PART,
    min_suite=NUMBER,
)

CHARTER = table(
    pb.Charter,
    Charter,
    header=part(HEADER),
    name=TEXT,
    founders=many(BYTES),
    constitution=part(_CONSTITUTION),
)
encode_charter = CHARTER.encode
"""Returns the canonical encoding of a charter: the body of its statement."""
parse_charter = CHARTER.parse
"""Returns a charter from its statement's body."""

CHARTER_SIGNATURE = table(pb.CharterSignature, CharterSignature, header=part(HEADER), charter=BYTES)
encode_charter_signature = CHARTER_SIGNATURE.encode
"""Returns the canonical encoding of a signature below a charter: the body of its statement."""
parse_charter_signature = CHARTER_SIGNATURE.parse
"""Returns a signature below a charter from its statement's body."""

MEMBER_RECORD = table(
    pb.MemberRecord,
    MemberRecord,
    header=part(HEADER),
    generation=NUMBER,
    number=NUMBER,
    previous=BYTES,
    agency=part(AGENCY),
)
encode_member_record = MEMBER_RECORD.encode
"""Returns the canonical encoding of a member record: the body of its statement."""
parse_member_record = MEMBER_RECORD.parse
"""Returns a member record from its statement's body."""

AMENDMENT = table(
    pb.Amendment,
    Amendment,
    header=part(HEADER),
    predecessor=BYTES,
    constitution=part(_CONSTITUTION),
    size=NUMBER,
    root=BYTES,
)
encode_amendment = AMENDMENT.encode
"""Returns the canonical encoding of an amendment: the body of its statement."""
parse_amendment = AMENDMENT.parse
"""Returns an amendment from its statement's body."""

VOTE = table(
    pb.Vote,
    Vote,
    header=part(HEADER),
    kind=enum(VoteKind),
    predecessor=BYTES,
    subject=TEXT,
    subject_state=BYTES,
    content=BYTES,
    expires_ms=NUMBER,
)
encode_vote = VOTE.encode
"""Returns the canonical encoding of a vote: the body of its statement."""
parse_vote = VOTE.parse
"""Returns a vote from its statement's body."""

FEDERATION_FILE = table(
    pb.FederationFile,
    FederationFile,
    maximum=MAX_MESSAGE_BYTES,
    federation=BYTES,
    entries=many(part(SIGNED)),
)
encode_federation_file = FEDERATION_FILE.encode
"""Returns the canonical encoding of a federation file."""
parse_federation_file = FEDERATION_FILE.parse
"""Returns a federation file from its canonical encoding."""

LEAVE = table(pb.Leave, Leave, header=part(HEADER), reason=TEXT)
encode_leave = LEAVE.encode
"""Returns the canonical encoding of a statement of leaving: the body of its statement."""
parse_leave = LEAVE.parse
"""Returns a statement of leaving from its statement's body."""

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
