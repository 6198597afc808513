"""Room in a mailbox: how much one agency may have waiting for one node.

It is counted for each agency by itself: so nobody is kept out by what others send, or learns of
it. The recipient's acknowledgement makes room, and nothing else does. What brings contents stops
at the bound; what says that something was received, recalled or void is small, and stops at twice
the bound.
"""

from tearline.errors import MailboxFull
from tearline.limits import MAILBOX_RETRY_MS
from tearline.statement import StatementType
from tearline_server.judging.docket import NewMail
from tearline_server.judging.hearing import Hearing
from tearline_server.turns import Weight


def verify_room(hearing: Hearing, node: str, size: int) -> None:
    """Checks that the statement heard finds room in a mailbox.

    Where nothing of its agency waits, it does, whatever its size.

    Args:
        hearing: The statement.
        node: Whose mailbox.
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
    """Puts the statement heard into a mailbox.

    Args:
        hearing: The statement.
        node: Whose mailbox.
        entry: The index of the entry that its reader is told of.
        size: Bytes that are handed out with it.
        statement: The index of the statement's own entry, where that is another.
        agreement: Of a grant that is to be handed out, its agreement; else empty.
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
    """What waits of the publisher's agency, this batch's own included."""
    key = (node, hearing.publisher.agency)
    statements, size = hearing.docket.known.waiting.get(key, (0, 0))
    return hearing.docket.waiting.get(key, Weight(statements=statements, bytes=size))


def _weight(hearing: Hearing, size: int) -> Weight:
    return Weight(statements=1, bytes=len(hearing.claim.statement.body) + size)
