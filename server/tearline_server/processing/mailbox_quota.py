"""Room in a mailbox: the mail that one agency may have waiting for one node.

Room is counted per sending agency, so one agency's mail neither blocks nor reveals another's. Only
the recipient's acknowledgement frees room. Grants stop at the bound. Receipts, recalls and voids
are small, and stop at twice the bound.
"""

from tearline.errors import MailboxFull
from tearline.limits import MAILBOX_RETRY_MS
from tearline_server.admission.fair_queue import Cost
from tearline_server.processing.context import Context
from tearline_server.storage.rows import MailRow


def verify_room(context: Context, node: str, size: int, *, is_grant: bool = False) -> None:
    """Checks that the heard statement finds room in a mailbox.

    A statement of any size fits if no mail of its agency waits.

    Args:
        context: The statement.
        node: URI of the mailbox's node.
        size: Bytes that are handed out with it.
        is_grant: Whether it is a grant, which stops at the bound.

    Raises:
        MailboxFull: If it does not.
    """
    waiting = _waiting(context, node)
    room = context.registry.installation.room
    if not is_grant:
        room += room
    if waiting.statements and (waiting + _weight(context, size)).exceeds(room):
        raise MailboxFull(retry_after_ms=MAILBOX_RETRY_MS)


def deliver(
    context: Context,
    node: str,
    entry: int,
    size: int = 0,
    *,
    statement: int | None = None,
    agreement: bytes = b"",
) -> None:
    """Adds the heard statement to a mailbox.

    Args:
        context: The statement.
        node: URI of the mailbox's node.
        entry: The index of the entry that its reader receives.
        size: Bytes that are handed out with it.
        statement: The index of the statement's own entry, if different.
        agreement: For a grant to be handed out, its agreement; else empty.
    """
    agency, weight = context.publisher.agency, _weight(context, size)
    context.batch.waiting[node, agency] = _waiting(context, node) + weight
    context.batch.mail.append(
        MailRow(
            node=node,
            seq=context.registry.next_mail(node),
            statement=entry if statement is None else statement,
            entry=entry,
            agency=agency,
            bytes=weight.bytes,
            agreement=agreement,
        )
    )


def _waiting(context: Context, node: str) -> Cost:
    """Returns the waiting mail of the publisher's agency, including this batch."""
    key = (node, context.publisher.agency)
    statements, size = context.batch.known.waiting.get(key, (0, 0))
    return context.batch.waiting.get(key, Cost(statements=statements, bytes=size))


def _weight(context: Context, size: int) -> Cost:
    return Cost(statements=1, bytes=len(context.submitted.statement.body) + size)
