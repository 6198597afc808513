"""Events: the audit log's record of each act, in ids and hashes, never contents."""

import hashlib
from enum import StrEnum
from typing import NamedTuple

from tearline.dataclass.immutable import immutable
from tearline.encoding import label, prefixed
from tearline.errors import StatementMalformed
from tearline.identity import ExchangeUri, parse_uri, trust_domain_of
from tearline.limits import MAX_TIME_MS
from tearline.policy.category import category_named
from tearline.policy.form import Form, parse_form
from tearline.statements.channel import AGREEMENT_ID_SIZE
from tearline.statements.statement import HASH_SIZE

_HASH_OR_NONE = (0, HASH_SIZE)


class EventCode(StrEnum):
    """Kinds of act. Codes are never renamed or reused."""

    PACKET_ACCEPTED = "packet-accepted"
    GRANT_ACCEPTED = "grant-accepted"
    GRANT_DELIVERED = "grant-delivered"
    RECEIPT = "receipt"
    VOID = "void"
    MARK = "mark"
    REFUSED = "refused"
    CONFLICT = "conflict"
    AGREEMENT = "agreement"
    STANDING = "standing"
    HELD = "held"
    RETURNED = "returned"
    TRUST = "trust"
    TOKEN_REFUSED = "token-refused"  # noqa: S105 (a name, not a secret)
    AUDIT_SEARCH = "audit-search"
    OPERATOR = "operator"
    TIME = "time"
    AUDIT_EXPORT = "audit-export"
    ANCHOR = "anchor"
    # In a node's own access log; see ``tearline.audit.anchor``.
    ACCESS_OPEN = "access-open"
    ACCESS_SEARCH = "access-search"
    ACCESS_EXPORT = "access-export"
    ACCESS_PRINT = "access-print"
    ACCESS_EXHIBIT = "access-exhibit"
    ACCESS_READ = "access-read"
    ACCESS_LISTED = "access-listed"
    ACCESS_DRAFTED = "access-drafted"
    ACCESS_DISCARDED = "access-discarded"
    ACCESS_ACTED = "access-acted"
    SIGN_IN = "access-sign-in"
    PERSON_ADDED = "access-person-added"
    PERSON_ROLES = "access-person-roles"
    PERSON_DISABLED = "access-person-disabled"
    PERSON_CODE = "access-person-code"
    PERSON_PASSPHRASE = "access-person-passphrase"  # noqa: S105 (a name, not a secret)
    PASSKEY_ADDED = "access-passkey-added"
    PASSKEY_REMOVED = "access-passkey-removed"
    ACCOUNT_LINKED = "access-account-linked"
    ACCOUNT_REMOVED = "access-account-removed"
    ERASED = "erased"
    REQUEST = "request"
    CONSENT = "consent"
    RECALL = "recall"
    CASE = "case"
    PROPOSAL = "proposal"
    OVERDUE = "overdue"


_ACCESS = frozenset(code for code in EventCode if code.value.startswith("access-"))
_REFUSALS = frozenset({EventCode.REFUSED, EventCode.TOKEN_REFUSED})


class EventOutcome(StrEnum):
    """Outcomes of an act."""

    OK = "ok"
    REFUSED = "refused"


@immutable
class Decision:
    """Form in which a grant shows one compartment, and the shared policies behind it.

    Attributes:
        compartment: Index in the manifest.
        category: The compartment's category.
        form: Name of the released form.
        policies: Ids of the shared policies that allowed it.
        slots: Slots released singly; empty where the compartment was released whole.

    Raises:
        StatementMalformed: On construction, if the form is ``withheld``.
        MarkingMalformed: On construction, if the category or the form is unknown.
    """

    compartment: int
    category: str
    form: str
    policies: tuple[str, ...]
    slots: tuple[int, ...]

    def __post_init__(self) -> None:
        category_named(self.category)
        if parse_form(self.form) is Form.WITHHELD:
            raise StatementMalformed("a decision has no withheld form")


class EventKeys(NamedTuple):
    """Attributes by which a search finds an event, unchecked; see ``Event``."""

    statement_id: bytes
    code: str
    party: str
    time_ms: int
    actor: str
    counterpart: str
    packet: bytes
    agreement_id: bytes
    outcome: str
    reason: str


@immutable
class Event:
    """One act, as the log records it.

    Attributes:
        statement_id: 32 bytes: the statement of the act, or a random id of a call.
        code: The kind of act.
        party: URI of the party of this entry; one event has one entry per party.
        time_ms: The exchange's clock.
        actor: URI of the actor. In refusals that the exchange counts, the peer's own name for
            itself; in a node's own access log, the agency's own name for the person.
        pseudonym: 32 bytes of the person, or empty.
        seconded_by: 32 bytes of the approver, where the act required two persons; otherwise
            empty.
        counterpart: URI of the other side, or empty; in a node's own access log, the agency's own
            name for the person or service account that the act concerns.
        packet: 32 bytes, statement id of the manifest, or empty.
        agreement_id: 16 bytes, or empty.
        article: The article of the act, or empty.
        purpose: The stated purpose, or empty; in a node's own access log, the roles given, the
            proof of a sign-in, the id of a program's draft, or an act and the id that it concerns.
        policy_digest: 32 bytes of the shared policy set, or empty.
        decisions: Per compartment, the form that a grant released.
        outcome: The outcome.
        reason: Code of the error of a refusal; otherwise empty.
        count: Number of equal acts that this entry stands for.

    Raises:
        StatementMalformed: On construction, if a part is not possible.
        MalformedInput: On construction, if a party's name is not a URI.
    """

    statement_id: bytes
    code: EventCode
    party: str
    time_ms: int
    actor: str
    pseudonym: bytes = b""
    seconded_by: bytes = b""
    counterpart: str = ""
    packet: bytes = b""
    agreement_id: bytes = b""
    article: str = ""
    purpose: str = ""
    policy_digest: bytes = b""
    decisions: tuple[Decision, ...] = ()
    outcome: EventOutcome = EventOutcome.OK
    reason: str = ""
    count: int = 1

    def __post_init__(self) -> None:
        if len(self.statement_id) != HASH_SIZE or self.count < 1:
            raise StatementMalformed("an event names a statement id and counts at least one act")
        if not 0 < self.time_ms <= MAX_TIME_MS:
            raise StatementMalformed("no log can hold the time of the event")
        if self.seconded_by and not self.pseudonym:
            raise StatementMalformed("an event with an approver names the first person, too")
        if not (
            len(self.pseudonym) in _HASH_OR_NONE
            and len(self.seconded_by) in _HASH_OR_NONE
            and len(self.packet) in _HASH_OR_NONE
            and len(self.agreement_id) in (0, AGREEMENT_ID_SIZE)
            and len(self.policy_digest) in _HASH_OR_NONE
        ):
            raise StatementMalformed("a part of the event has the wrong size")
        if bool(self.reason) != (self.outcome is EventOutcome.REFUSED):
            raise StatementMalformed("an event has a reason if it is a refusal, and only then")
        trust_domain_of(self.party)
        if self.code in _ACCESS:
            return
        if self.counterpart:
            trust_domain_of(self.counterpart)
        if not self._is_of_strangers():
            trust_domain_of(self.actor)

    def _is_of_strangers(self) -> bool:
        return self.code in _REFUSALS and isinstance(parse_uri(self.party), ExchangeUri)

    @property
    def id(self) -> bytes:
        """Returns 32 bytes: one entry of the log for each (statement, code, party)."""
        return hashlib.sha256(
            label("event-id")
            + self.statement_id
            + prefixed(self.code.encode())
            + prefixed(self.party.encode())
        ).digest()
