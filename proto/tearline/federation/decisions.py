"""Statements by which a federation changes: member records, amendments, votes, leaving."""

from enum import StrEnum

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.federation.charter import Constitution
from tearline.federation.members import Agency
from tearline.identity import parse_agency_uri
from tearline.limits import MAX_TEXT_BYTES
from tearline.statements.statement import HASH_SIZE, Header

NOTHING = bytes(HASH_SIZE)
"""Subject state of a newcomer or an amendment, and content of a removal."""


@immutable
class MemberRecord:
    """Agency's keys and names under its own root, numbered and chained.

    Attributes:
        header: The agency, with the root or recovery key in force, or a newcomer's own root.
        generation: From 1; another generation is another identity under the same name.
        number: From 1 in each generation.
        previous: Statement id of the record before; empty in number 1.
        agency: The agency.
    """

    header: Header
    generation: int
    number: int
    previous: bytes
    agency: Agency

    def __post_init__(self) -> None:
        if self.header.signer != self.agency.uri:
            raise StatementMalformed("a member record is signed by the agency that it describes")
        if self.generation < 1 or self.number < 1:
            raise StatementMalformed("generations and numbers of member records begin at 1")
        if (self.number == 1) != (self.previous == b"") or len(self.previous) not in (0, HASH_SIZE):
            raise StatementMalformed("only the first record of a generation has none before it")


@immutable
class Amendment:
    """Constitution to be decided on.

    Attributes:
        header: The member of the council that proposes it.
        predecessor: Statement id of the constitutional decision before: charter or amendment.
        constitution: The whole constitution, changed in some of its parts.
        size: Of a succession, the number of entries that the new exchange goes on from; else 0.
        root: Of a succession, the root over them; else empty.
    """

    header: Header
    predecessor: bytes
    constitution: Constitution
    size: int = 0
    root: bytes = b""

    def __post_init__(self) -> None:
        if len(self.predecessor) != HASH_SIZE:
            raise StatementMalformed("a constitutional decision is named by 32 bytes")
        if len(self.root) != (HASH_SIZE if self.size else 0):
            raise StatementMalformed("a succession names entries and their root of 32 bytes")


class VoteKind(StrEnum):
    """Kinds of decisions."""

    AMEND = "amend"
    ADMIT = "admit"
    REMOVE = "remove"
    REPLACE = "replace"


@immutable
class Vote:
    """Vote of one member of the council, for one decision.

    Attributes:
        header: The agency's root.
        kind: The kind of decision.
        predecessor: Statement id of the constitutional decision in force.
        subject: URI of the agency decided on; empty for an amendment.
        subject_state: Hash of its state; zeros for a newcomer and for an amendment.
        content: Statement id of the amendment or member record; zeros for a removal.
        expires_ms: Log time until which the vote counts, Unix milliseconds.
    """

    header: Header
    kind: VoteKind
    predecessor: bytes
    subject: str
    subject_state: bytes
    content: bytes
    expires_ms: int

    def __post_init__(self) -> None:
        if {len(self.predecessor), len(self.subject_state), len(self.content)} != {HASH_SIZE}:
            raise StatementMalformed("a vote names decision, state and content by 32 bytes each")
        is_amendment = self.kind is VoteKind.AMEND
        if is_amendment != (self.subject == ""):
            raise StatementMalformed("a vote names its subject, except on an amendment")
        if self.subject:
            parse_agency_uri(self.subject)
        if is_amendment and self.subject_state != NOTHING:
            raise StatementMalformed("an amendment has no subject whose state a vote names")
        if (self.kind is VoteKind.REMOVE) != (self.content == NOTHING):
            raise StatementMalformed("a vote names its content, except on a removal")

    @property
    def key(self) -> tuple[VoteKind, str, bytes, bytes]:
        """Returns the key of the decision: votes with equal keys count together."""
        return self.kind, self.subject, self.subject_state, self.content


@immutable
class Leave:
    """Agency's statement that it leaves the federation, with immediate effect."""

    header: Header
    reason: str

    def __post_init__(self) -> None:
        if len(self.reason.encode()) > MAX_TEXT_BYTES:
            raise StatementMalformed("the reason is too long")
