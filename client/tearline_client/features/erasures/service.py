"""Orders to erase the events of log entries: drafted and signed after inspection.

A node signs an order only for entries that it can open, and that name exactly the signatories. So
an order that omits a named agency finds no honest signer.
"""

from collections.abc import Awaitable, Callable, Sequence

from tearline.audit.erasure import Erasure, agencies_named, verify_covers
from tearline.errors import ErasureRefused, NotFound, RetentionBroken, StatementMalformed
from tearline.statements.statement import StatementType
from tearline.wire.erasures import encode_erasure, parse_erasure
from tearline.wire.statements import Signed, merge_signed, signed
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.packets.free_text import FreeText
from tearline_client.persons.issuer import NODE
from tearline_client.store.erasures import StoredOrder
from tearline_client.store.log import OpenedEvent

Publish = Callable[[Signed], Awaitable[None]]


class ErasureService:
    """Orders to erase entries, as ``node.erasures``.

    Args:
        context: The node.
        words: Checks the reasons.
        publish: Publishes a completely signed statement.
        access: The node's own access log: an order names no person.
    """

    def __init__(
        self, context: NodeContext, words: FreeText, publish: Publish, access: AccessLog
    ) -> None:
        self._context = context
        self._access = access
        self._words = words
        self._publish = publish

    def orders(self) -> tuple[StoredOrder, ...]:
        """Returns the orders that this node received, by their own log entry."""
        return self._context.stores.erasures.orders()

    def draft(
        self, indices: Sequence[int], reason: str, *, repeats: str = "", person: str = NODE
    ) -> Signed:
        """Returns an order to erase entries, signed by this node.

        Args:
            indices: Indices of the entries.
            reason: The reason, for people; the exchange reads it, too.
            repeats: Why the reason may repeat a value that its readers may not have in clear.
            person: The drafting person.

        Raises:
            NotFound: If this node has no opening of such an entry.
            ErasureRefused: If they name different agencies, are under different agreements or
                none, or are of a permanent kind.
            ValueRepeated: If the reason repeats a value, and ``repeats`` is empty.
            MalformedInput: If there are none, or too many, or no reason.
        """
        if not indices:
            raise StatementMalformed("an order names at least one entry")
        first = self._opened(indices[0]).event
        if not first.agreement_id:
            raise ErasureRefused(f"entry {indices[0]} is under no agreement, and cannot be erased")
        order = Erasure(
            header=self._context.signer.header,
            agreement_id=first.agreement_id,
            indices=tuple(sorted(set(indices))),
            parties=agencies_named(first),
            reason=reason,
        )
        return self._signed(order, encode_erasure(order), repeats, "draft", person)

    def sign(self, proposed: Signed, *, repeats: str = "", person: str = NODE) -> Signed:
        """Returns the order with this node's signature added.

        Args:
            proposed: The order.
            repeats: As of ``draft``.
            person: The signing person.

        Raises:
            NotFound: If this node has no opening of such an entry.
            ErasureRefused: If an entry names other agencies, or ours is not a party.
            RetentionBroken: If it is an order by retention.
            ValueRepeated: If its reason repeats a value, and ``repeats`` is empty.
        """
        body = proposed.statement.body
        own = self._signed(order_of(proposed), body, repeats, "sign", person)
        return merge_signed([proposed, own])

    async def publish(self, complete: Signed) -> None:
        """Publishes an order that every party signed; the exchange then erases.

        Raises:
            ErasureRefused: If a party did not sign, or the entries are not all theirs.
            TearlineError: If it does not verify, or the exchange is out of reach.
        """
        await self._publish(complete)

    def _signed(self, order: Erasure, body: bytes, repeats: str, verb: str, person: str) -> Signed:
        if order.is_by_retention:
            raise RetentionBroken("only the exchange signs an order by retention")
        if self._context.agency not in order.parties:
            raise ErasureRefused("this agency is not a party to the order")
        events = {index: self._opened(index).event for index in order.indices}
        for index, event in events.items():
            verify_covers(order, index, event)
        about = dict.fromkeys(event.packet for event in events.values() if event.packet)
        is_repeated = self._words.verify_open([order.reason], repeats, about=about)
        made = signed(self._context.signer.sign([(StatementType.ERASURE, body)]))
        self._access.act(f"erasure {verb}", made.statement.id, person=person)
        if is_repeated:
            with self._context.stores.database.transaction():
                self._words.keep(made.statement.id, repeats)
        return made

    def _opened(self, index: int) -> OpenedEvent:
        opened = self._context.stores.log.opened(index)
        if opened is None:
            raise NotFound(f"this node has no opening of entry {index}")
        return opened


def order_of(proposed: Signed) -> Erasure:
    """Returns the order in a file.

    Raises:
        StatementMalformed: If it is not an order.
    """
    if proposed.statement.type is not StatementType.ERASURE:
        raise StatementMalformed("the file is not an erasure order")
    return parse_erasure(proposed.statement.body)
