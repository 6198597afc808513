"""Orders to erase the events of log entries: drafted and signed after inspection.

A node signs an order only for entries that it can open, and that name exactly the signatories. So
an order that omits a named agency finds no honest signer.
"""

from collections.abc import Sequence

from tearline.audit.erasure import Erasure, agencies_named, verify_covers
from tearline.errors import ErasureRefused, NotFound, RetentionBroken, StatementMalformed
from tearline.statements.statement import StatementType
from tearline.wire.erasures import encode_erasure, parse_erasure
from tearline.wire.statements import Signed, merge_signed, signed
from tearline_client.context import NodeContext
from tearline_client.features.packets.free_text import FreeText
from tearline_client.store.log import OpenedEvent


def draft_order(
    context: NodeContext, words: FreeText, indices: Sequence[int], reason: str, *, repeats: str = ""
) -> Signed:
    """Returns an order to erase entries, signed by this node.

    Args:
        context: The node.
        words: Checks the reason.
        indices: Indices of the entries.
        reason: The reason, for people; the exchange reads it, too.
        repeats: Why the reason may repeat a value that its readers may not have in clear.

    Raises:
        NotFound: If this node has no opening of such an entry.
        ErasureRefused: If they name different agencies, are under different agreements or none, or
            are of a permanent kind.
        ValueRepeated: If the reason repeats a value, and ``repeats`` is empty.
        MalformedInput: If there are none, or too many, or no reason.
    """
    if not indices:
        raise StatementMalformed("an order names at least one entry")
    first = _opened(context, indices[0]).event
    if not first.agreement_id:
        raise ErasureRefused(f"entry {indices[0]} is under no agreement, and cannot be erased")
    order = Erasure(
        header=context.signer.header,
        agreement_id=first.agreement_id,
        indices=tuple(sorted(set(indices))),
        parties=agencies_named(first),
        reason=reason,
    )
    return _signed(context, words, order, encode_erasure(order), repeats)


def sign_order(
    context: NodeContext, words: FreeText, proposed: Signed, *, repeats: str = ""
) -> Signed:
    """Returns the order with this node's signature added.

    Args:
        context: The node.
        words: Checks the reason.
        proposed: The order.
        repeats: As of ``draft_order``.

    Raises:
        NotFound: If this node has no opening of such an entry.
        ErasureRefused: If an entry names other agencies, or ours is not a party.
        RetentionBroken: If it is an order by retention.
        ValueRepeated: If its reason repeats a value, and ``repeats`` is empty.
    """
    own = _signed(context, words, order_of(proposed), proposed.statement.body, repeats)
    return merge_signed([proposed, own])


def order_of(proposed: Signed) -> Erasure:
    """Returns the order in a file.

    Raises:
        StatementMalformed: If it is not an order.
    """
    if proposed.statement.type is not StatementType.ERASURE:
        raise StatementMalformed("the file is not an erasure order")
    return parse_erasure(proposed.statement.body)


def _signed(
    context: NodeContext, words: FreeText, order: Erasure, body: bytes, repeats: str
) -> Signed:
    if order.is_by_retention:
        raise RetentionBroken("only the exchange signs an order by retention")
    if context.agency not in order.parties:
        raise ErasureRefused("this agency is not a party to the order")
    events = {index: _opened(context, index).event for index in order.indices}
    for index, event in events.items():
        verify_covers(order, index, event)
    about = dict.fromkeys(event.packet for event in events.values() if event.packet)
    is_repeated = words.verify_open([order.reason], repeats, about=about)
    made = signed(context.signer.sign([(StatementType.ERASURE, body)]))
    if is_repeated:
        with context.stores.database.transaction():
            words.keep(made.statement.id, repeats)
    return made


def _opened(context: NodeContext, index: int) -> OpenedEvent:
    opened = context.stores.log.opened(index)
    if opened is None:
        raise NotFound(f"this node has no opening of entry {index}")
    return opened
