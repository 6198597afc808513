"""Contract of a handler: how a node processes one type of statement."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Generic, NoReturn, TypeVar

from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import Header, Statement, StatementType
from tearline.wire.statements import Signed
from tearline_client.context import NodeContext
from tearline_client.messages.due import Due
from tearline_client.messages.received import Lapsed, Received
from tearline_client.messages.recipient import Delivered, Recipient
from tearline_client.store.inbox import Evidence

C = TypeVar("C")


class Party(Enum):
    """The parties that a delivered statement's log entry must name."""

    NODE = auto()  # the signer and this node
    AGENCY = auto()  # the signer and this node's agency: one entry serves all its nodes
    ANY = auto()  # several agencies signed it, and any of them publishes it


def not_delivered(recipient: Recipient, delivered: Delivered) -> NoReturn:
    """Refuses the delivery of a type that no exchange delivers.

    Raises:
        StatementMalformed: Always.
    """
    raise StatementMalformed("this kind of statement is not delivered to nodes")


def store_place(
    context: NodeContext, received: Received, content: object, evidence: Evidence
) -> None:
    """Stores no content: the statement only takes its place in the channel."""


def no_notice(received: Received, content: object) -> None:
    """Returns None: no person waits for statements of this type."""


def no_record(context: NodeContext, statement: Statement, code: str) -> None:
    """Records no refusal: no stored state depends on the statement, or a person repeats it."""


def none_returned(context: NodeContext) -> Mapping[bytes, bytes]:
    """Seals no statement anew: statements of this type hold no sealed part."""
    return {}


def nothing_due(context: NodeContext) -> None:
    """Does nothing: the type gives the node no duty."""


def no_entry(context: NodeContext, signed: Signed, entry: LogOpening) -> None:
    """Records no acceptance beyond the receipt."""


@immutable
class StatementHandler(Generic[C]):
    """Processing of one statement type at a node, beyond the steps that all types share.

    Functions that write run inside the caller's transaction.

    Attributes:
        type: The type.
        event: The event of a delivered statement's log entry; None if the type is not delivered.
        parties: The parties that this entry names.
        verify: Returns the content of a delivered statement, or why it stays closed; reads and
            writes no store. Raises a TearlineError if the content is not valid.
        store: Stores the content of an arrival. Raises a TearlineError if it contradicts stored
            data; none of it is then stored.
        notice: Returns the notification of hooks about an arrival, or None.
        accepted: Records that the exchange accepted a statement of ours, by its log entry.
        refused: Records that a statement of ours was refused, with the code of the refusal, or was
            not sent because of a suspension.
        renewed: Returns the body of a statement that was refused, without a receipt, for the key
            that signed it: under our current header, at a time in Unix milliseconds. None if a void
            takes its place instead.
        reseal: Queues statements of ours that were returned undelivered, sealed anew: their
            recipient's key had ended, or a suspension held them. Returns the ids of the new ones,
            by the id of the old. Like those below, it runs outside of any transaction, after the
            log is read.
        run_due: Performs the node's own duties in each round, and queues their statements.
        answer: Queues the statements that arrivals require.
    """

    type: StatementType
    event: EventCode | None = None
    parties: Party = Party.NODE
    verify: Callable[[Recipient, Delivered], C | Lapsed] = not_delivered
    store: Callable[[NodeContext, Received, C, Evidence], None] = store_place
    notice: Callable[[Received, C], Due | None] = no_notice
    accepted: Callable[[NodeContext, Signed, LogOpening], None] = no_entry
    refused: Callable[[NodeContext, Statement, str], None] = no_record
    renewed: Callable[[bytes, Header, int], bytes] | None = None
    reseal: Callable[[NodeContext], Mapping[bytes, bytes]] = none_returned
    run_due: Callable[[NodeContext], object] = nothing_due
    answer: Callable[[NodeContext], object] = nothing_due
