"""Recovery after a loss: node and exchange exchange their states, and no counter runs backwards.

A restored exchange lacks the data since its backup. The node returns the openings of log entries,
and resends, unchanged, the statements without a recipient's receipt. A restored node does not know
the used places of its channels: the exchange states them.
"""

from collections.abc import Iterator, Sequence

from tearline.errors import TwinAtWork
from tearline.limits import MAX_RETURNED
from tearline.statements.channel import Address, Void, VoidReason
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import StatementType
from tearline.wire.addresses import address_of
from tearline.wire.grants import encode_void, parse_grant
from tearline.wire.publications import Publication, encode_publication, parse_publication
from tearline.wire.recalls import parse_recall
from tearline.wire.reconcile import (
    ChannelPosition,
    ReconcileReply,
    ReconcileRequest,
    encode_reconcile_reply,
    encode_reconcile_request,
    parse_reconcile_reply,
)
from tearline.wire.statements import header_of, signed
from tearline_client.context import NodeContext
from tearline_client.store.channels import ChannelState
from tearline_client.store.recovery import Restored


class Reconciler:
    """Reconciles a node with its exchange."""

    def __init__(self, context: NodeContext) -> None:
        self._context = context

    async def run(self) -> None:
        """Reconciles if one of both was restored, before any other sending.

        Raises:
            ExchangeError: If the exchange is unreachable; the caller retries.
            TwinAtWork: If the exchange has more of this node's statements than it sent.
        """
        stores = self._context.stores
        if not stores.recovery.is_due:
            return
        await self._return_openings()
        with stores.database.transaction():
            stores.channels.excuse()  # before the exchange hears of places that wait here
        confirmed = tuple(map(self._confirmed, stores.channels.all()))
        reply = await self._ask(ReconcileRequest(confirmed=confirmed))
        own_loss = stores.recovery.is_own_loss
        if not own_loss and (sign := self._ahead(reply)):
            self._context.stop_for_twin(TwinAtWork(sign), encode_reconcile_reply(reply))
        with stores.database.transaction():
            if own_loss:
                for there in reply.channels:
                    stores.channels.advance(
                        there.recipient, there.agreement_id, there.seq, there.mark
                    )
                known = self._context.trust.keys_of(
                    self._context.uri, at=self._context.next_moment()
                )
                stores.own_keys.put(record.key_id for record in known)
            stores.channels.excuse()
            reached = {(each.recipient, each.agreement_id): each.seq for each in reply.channels}
            # Our agency's standings come first: another copy's traffic must not pass a suspension.
            again = [
                encode_publication(Publication(signed=(said,)))
                for agreement_id in stores.suspensions.agreements()
                if (said := stores.suspensions.own_statement(self._context.agency, agreement_id))
                and header_of(said.statement.body).signer == self._context.uri
            ]
            for channel in stores.channels.all():
                again += self._again(channel, reached.get((channel.peer, channel.agreement_id), 0))
            stores.outbox.put_first(again, now_ms=self._context.now_ms())
            stores.recovery.finish()

    def take_over(self) -> None:
        """Makes this copy continue as if restored from a backup.

        Other copies' acts are not here. As after a restore, the cosigning key is destroyed: this
        copy does not know the others' cosignatures.
        """
        stores = self._context.stores
        self._context.keys.destroy_cosigning()
        restored = Restored(time_s=self._context.now_ms() // 1000, log_size=stores.log.size)
        with stores.database.transaction():
            stores.recovery.put_restored(restored)
            stores.recovery.put_twin("")

    async def _return_openings(self) -> None:
        log, after = self._context.stores.log, 0
        while unopened := (await self._ask(ReconcileRequest(after=after))).unopened:
            held = [opening for index in unopened if (opening := log.opening(index))]
            for some in _batches(held, MAX_RETURNED):
                await self._ask(ReconcileRequest(openings=some))
            if unopened[-1] <= after:
                return  # the exchange repeats itself
            after = unopened[-1]

    async def _ask(self, request: ReconcileRequest) -> ReconcileReply:
        reply = await self._context.transport.reconcile(encode_reconcile_request(request))
        return parse_reconcile_reply(reply)

    def _ahead(self, reply: ReconcileReply) -> str:
        """Returns the channel in which the exchange is ahead of this node, or an empty string."""
        channels = {
            (each.peer, each.agreement_id): each for each in self._context.stores.channels.all()
        }
        for there in reply.channels:
            here = channels.get((there.recipient, there.agreement_id))
            sent, mark = (here.sent, here.counter) if here else (0, 0)
            if there.seq > sent or there.mark > mark:
                return f"the channel to {there.recipient} has {there.seq} sent, and this one {sent}"
        return ""

    def _confirmed(self, channel: ChannelState) -> ChannelPosition:
        incoming = self._context.stores.channels.incoming(channel.peer, channel.agreement_id)
        return ChannelPosition(
            recipient=channel.peer,
            agreement_id=channel.agreement_id,
            seq=min(incoming.confirmed, channel.sent),
            mark=channel.counter,
        )

    def _again(self, channel: ChannelState, reached: int) -> Iterator[bytes]:
        """Yields a channel's statements after the exchange's place, except queued ones."""
        waiting, stores = set(self._waiting()), self._context.stores
        # Also at places known to the exchange: it may know the grant there, but not this.
        for sent in stores.recovery.withdrawals(channel.peer, channel.agreement_id, reached):
            yield encode_publication(Publication(signed=(sent,)))
        for recall in stores.recalls.sent(channel.peer, channel.agreement_id):
            if parse_recall(recall.statement.body).address.seq <= reached:
                yield encode_publication(Publication(signed=(recall,)))
        for seq in range(reached + 1, channel.sent + 1):
            place = Address(recipient=channel.peer, agreement_id=channel.agreement_id, seq=seq)
            if place not in waiting:
                yield encode_publication(self._at(place))

    def _waiting(self) -> Iterator[Address]:
        outbox, last = self._context.stores.outbox, None
        while item := outbox.next_waiting(after=last):
            for statement in parse_publication(item.publication).statements():
                if address := address_of(statement):
                    yield address
            last = item.id

    def _at(self, place: Address) -> Publication:
        """Returns our statement at a place unchanged; if it is not stored, a void."""
        stores, signer = self._context.stores, self._context.signer
        sent = stores.recovery.sent(place.recipient, place.agreement_id, place.seq)
        if sent is None:
            void = Void(header=signer.header, address=place, reason=VoidReason.RECALLED)
            tree = signer.sign([(StatementType.VOID, encode_void(void))])
            return Publication(signed=(signed(tree),))
        if sent.statement.type is not StatementType.GRANT:
            return Publication(signed=(sent,))
        packet = stores.packets.packet(parse_grant(sent.statement.body).packet)
        return Publication(signed=(packet.signed, sent), parts=(packet.parts,))


def _batches(openings: Sequence[LogOpening], size: int) -> Iterator[tuple[LogOpening, ...]]:
    for start in range(0, len(openings), size):
        yield tuple(openings[start : start + size])
