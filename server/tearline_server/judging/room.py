"""Room in a mailbox: the mail that one agency may have waiting for one node.

Room is counted per sending agency, so one agency's mail neither blocks nor reveals another's. Only
the recipient's acknowledgement frees room. Grants stop at the bound. Receipts, recalls and voids
are small, and stop at twice the bound.
"""

from tearline.errors import MailboxFull
from tearline.limits import MAILBOX_RETRY_MS
from tearline.statement import StatementType
from tearline_server.judging.docket import NewMail
from tearline_server.judging.hearing import Hearing
from tearline_server.turns import Weight


def verify_room(hearing: Hearing, node: str, size: int) -> None:
    """Checks that the heard statement finds room in a mailbox.

    A statement of any size fits if no mail of its agency waits.

    Args:
        hearing: The statement.
        node: URI of the mailbox's node.
        size: Bytes that are handed out with it.

    Raises:
        MailboxFull: If it does not.
    """
    waiting = _waiting(hearing, node)
    room = hearing.registry.installation.room
    if hearing.claim.statement.type is not StatementType.GRANT:
        room += room
    if waiting.statements and (waiting + _weight(hearing, size)).exceeds(room):
        raise MailboxFull(retry_after_ms=MAILBOX_RETRY_MS)


def deliver(
    hearing: Hearing,
    node: str,
    entry: int,
    size: int = 0,
    *,
    statement: int | None = None,
    agreement: bytes = b"",
) -> None:
    """Adds the heard statement to a mailbox.

    Args:
        hearing: The statement.
        node: URI of the mailbox's node.
        entry: The index of the entry that its reader receives.
        size: Bytes that are handed out with it.
        statement: The index of the statement's own entry, if different.
        agreement: For a grant to be handed out, its agreement; else empty.
    """
    agency, weight = hearing.publisher.agency, _weight(hearing, size)
    hearing.docket.waiting[node, agency] = _waiting(hearing, node) + weight
    hearing.docket.mail.append(
        NewMail(
            node=node,
            seq=hearing.registry.next_mail(node),
            statement=entry if statement is None else statement,
            entry=entry,
            agency=agency,
            bytes=weight.bytes,
            agreement=agreement,
        )
    )


def _waiting(hearing: Hearing, node: str) -> Weight:
    """Returns the waiting mail of the publisher's agency, including this batch."""
    key = (node, hearing.publisher.agency)
    statements, size = hearing.docket.known.waiting.get(key, (0, 0))
    return hearing.docket.waiting.get(key, Weight(statements=statements, bytes=size))


def _weight(hearing: Hearing, size: int) -> Weight:
    return Weight(statements=1, bytes=len(hearing.claim.statement.body) + size)
