"""Receipts: signed status of a statement. A status only moves forward.

    accepted (exchange) → stored (recipient's node) → opened → seen (a person) → erased

A refusal is a receipt too: signed, logged, and final for that statement.
"""

import re
from enum import IntEnum

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed, StatusBackwards
from tearline.identity import ExchangeUri, NodeUri, parse_uri
from tearline.limits import MAX_LOG_SIZE
from tearline.statements.channel import Address
from tearline.statements.statement import HASH_SIZE, SALT_SIZE, ActedBy, Header

MAX_EVENT_BYTES = 64 << 10  # one decision for each of 64 compartments, with policies and slots


class Status(IntEnum):
    """Status of a statement; a greater number is later."""

    ACCEPTED = 1
    STORED = 2
    OPENED = 3
    SEEN = 4
    ERASED = 5
    REFUSED = 6

    @property
    def text(self) -> str:
        """Returns the lower-case name shown to people."""
        return self.name.lower()


_SIGNED_CODE = re.compile(r"(?:malformed|not-authentic|refused|evidence)/[A-Z0-9-]{1,64}")
_OF_THE_EXCHANGE = (Status.ACCEPTED, Status.REFUSED)


@immutable
class LogOpening:
    """Position of an event in the log, and the opening of its blind leaf.

    Attributes:
        index: Position of the entry, from 0.
        salt: 32 bytes.
        event: The encoded event.
    """

    index: int
    salt: bytes
    event: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_LOG_SIZE or len(self.salt) != SALT_SIZE:
            raise StatementMalformed("the opening of a log entry is not possible")
        if not 0 < len(self.event) <= MAX_EVENT_BYTES:
            raise StatementMalformed("the event of a log entry is empty or too large")


@immutable
class Receipt:
    """Signed status of a statement.

    Attributes:
        header: The signer: the exchange for acceptance and refusal, the recipient for the rest.
        address: Place in the channel to the sender; None in receipts of the exchange.
        about: 32 bytes, the statement's id.
        status: The status.
        code: Class and code of the error for a refusal (``errors.signed_code``); otherwise empty.
        entry: The log entry that records it; only in receipts of the exchange.
        acted_by: The reader, for the status seen.
        time_ms: Time of the status, Unix milliseconds; for display.
    """

    header: Header
    address: Address | None
    about: bytes
    status: Status
    code: str
    entry: LogOpening | None
    acted_by: ActedBy | None
    time_ms: int

    def __post_init__(self) -> None:
        if len(self.about) != HASH_SIZE:
            raise StatementMalformed("a receipt is about a statement id of 32 bytes")
        if (self.status is Status.REFUSED) != bool(self.code):
            raise StatementMalformed("a receipt has a code if it is a refusal, and only then")
        if self.code and not _SIGNED_CODE.fullmatch(self.code):
            raise StatementMalformed("the code of a refusal does not begin with a class")
        if (self.address is None) == (self.entry is None):
            raise StatementMalformed("a receipt has either a place in a channel or a log entry")
        if (self.status in _OF_THE_EXCHANGE) != (self.address is None):
            raise StatementMalformed("the exchange accepts and refuses, the recipient the rest")
        signer = ExchangeUri if self.address is None else NodeUri
        if not isinstance(parse_uri(self.header.signer), signer):
            raise StatementMalformed("the exchange signs with an entry, a node with an address")


def verify_forward(current: Status | None, following: Status) -> None:
    """Checks that ``following`` may come after ``current`` (spec P-18).

    Raises:
        StatusBackwards: If it is an earlier status, or follows a final one.
    """
    if current is None or current is following:
        return
    if current in (Status.ERASED, Status.REFUSED) or following < current:
        raise StatusBackwards(f"{following.text} after {current.text}")
    if following is Status.REFUSED:
        raise StatusBackwards("an accepted statement cannot be refused later")
