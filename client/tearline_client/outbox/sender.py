"""What leaves the house: stored sealed, sent in order, settled by the exchange's receipts."""

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from tearline.errors import (
    AgreementSuspended,
    ExchangeBusy,
    ExchangeError,
    ExchangeUnreachable,
    MailboxFull,
    StatementMalformed,
    TearlineError,
    TlsError,
)
from tearline.packets.grant import Grant
from tearline.statements.channel import Mark
from tearline.statements.receipt import Receipt
from tearline.statements.statement import ActedBy, Statement, StatementType
from tearline.wire.grants import (
    encode_grant,
    encode_mark,
    encode_receipt,
    parse_receipt,
    parse_void,
)
from tearline.wire.packets import parse_manifest
from tearline.wire.publications import (
    Outcome,
    Publication,
    Refused,
    encode_publication,
    parse_publication,
)
from tearline.wire.statements import Signed, signed
from tearline_client.context import NodeContext
from tearline_client.messages.compose import Composition, sign_by_agreement, sign_together
from tearline_client.messages.resend import remaining, thread_of
from tearline_client.outbox.backpressure import BlockedChannels
from tearline_client.outbox.lock import SendLock
from tearline_client.outbox.outcomes import OutcomeRecorder, TakeBack
from tearline_client.rules.suspensions import SuspensionRules, Verdict
from tearline_client.store.channels import DUE
from tearline_client.store.outbox import OutboxItem, OutboxState
from tearline_client.store.packets import StoredGrant
from tearline_client.transport.grpc import PublishStream

MESSAGES_AHEAD = 4  # of a megabyte each: enough for the exchange to have one while another travels


class Sender:
    """The outbox at work.

    Args:
        context: The node.
        lock: A file whose lock keeps two processes from sending at once: places in a channel
            must reach the exchange in order.
    """

    def __init__(self, context: NodeContext, lock: Path) -> None:
        self._context = context
        self._turn = SendLock(lock)
        self._obeying = SuspensionRules(context)
        self._settling = OutcomeRecorder(context, self._obeying)
        self.on_refusal(StatementType.RECEIPT, self._receipt_refused)
        self.on_refusal(StatementType.VOID, self._obeying.void_refused)

    def on_refusal(self, kind: StatementType, take_back: TakeBack) -> None:
        """Has whoever makes statements of a kind told of each that is not taken."""
        self._settling.on_refusal(kind, take_back)

    def _receipt_refused(self, statement: Statement, code: str) -> None:
        self._context.stores.packets.set_untold(parse_receipt(statement.body).about)

    def store(self, composition: Composition) -> tuple[int, ...]:
        """Stores packets, keys, grants and the messages, inside the caller's transaction."""
        stores, now_ms = self._context.stores, self._context.now_ms()
        for packet in composition.packets:
            packet_id = packet.manifest.statement.id
            stores.packets.put_packet(
                packet.manifest, self._context.uri, packet.parts, now_ms=now_ms
            )
            stores.packets.put_keys(packet_id, packet.keys)
            corrects = parse_manifest(packet.manifest.statement.body).supersedes
            stores.corrections.put(packet_id, corrects)
            for grant in packet.grants:
                stores.packets.put_grant(grant, incoming=False, status=None)
        return self.store_publications(composition.publications)

    def store_grant(self, grant: Grant) -> tuple[Signed, tuple[int, ...]]:
        """Signs a grant that stands alone, and stores it and its message, like ``store``.

        Returns:
            Its statement, and the places of its message in the outbox.
        """
        tree, publication = sign_together(
            self._context.signer, [(StatementType.GRANT, encode_grant(grant))]
        )
        self._context.stores.packets.put_grant(signed(tree), incoming=False, status=None)
        return signed(tree), self.store_publications([publication])

    def store_publications(self, publications: Sequence[Publication]) -> tuple[int, ...]:
        """Puts messages into the outbox, inside the caller's transaction; returns their ids."""
        encoded = [encode_publication(each) for each in publications]
        return self._context.stores.outbox.put(encoded, now_ms=self._context.now_ms())

    async def flush(self) -> ExchangeBusy | None:
        """Sends what waits, in order: several messages are under way as long as all goes well.

        What the exchange fails on, or cannot take yet, stays, and with it what must not overtake
        it in a channel; all else goes past.

        Returns:
            What the exchange said of what it cannot take yet, with the time after which that is
            worth sending again; None where it said no time.

        Raises:
            TwinAtWork: If another copy of this node is at work; what waits stays.
            RequestError: If the exchange is out of reach or busy; what waits stays, and is sent
                again as the same statements.
            TlsError: If the exchange does not let this node in; the same.
        """
        self._context.verify_alone()
        outbox, last, held = self._context.stores.outbox, None, BlockedChannels()
        if self._context.stores.cosigning.is_stopped:
            return None  # what waits stays, until an officer decides
        async with self._turn.taken():
            while (item := outbox.next_waiting(after=last)) is not None:
                until = item.id
                if outbox.next_waiting(after=until) is not None:
                    until = await self._send_ahead(item, held)
                while (left := outbox.next_waiting(after=last)) is not None and left.id <= until:
                    await self._send(left, held)
                    last = left.id
                last = until
        return held.busy

    async def _send_ahead(self, first: OutboxItem, held: BlockedChannels) -> int:
        """Sends messages before earlier ones are answered, until one is not taken as it is.

        What is under way behind that one is then refused where it is in the same channel, since
        its turn has not come. So nothing more is sent, and what was is settled.

        Args:
            first: The message to begin with.
            held: What must not be overtaken; added to.

        Returns:
            The place of the last message looked at. What is left up to there is to be sent alone.
        """
        until = first.id
        following: OutboxItem | None = first
        under_way: deque[tuple[OutboxItem, Publication]] = deque()
        async with self._context.transport.publishing() as stream:
            while following is not None or under_way:
                if following is not None and len(under_way) < MESSAGES_AHEAD:
                    until = following.id
                    item, publication = self._obeyed(following, held)
                    following = None
                    if not item.fault and _is_whole(publication, held):
                        self._mark_unknown(item)
                        under_way.append((item, publication))
                        await stream.send(item.publication)
                        following = self._context.stores.outbox.next_waiting(after=until)
                    continue
                reply = await _answer(stream)
                if reply is None:
                    break  # whatever is not answered is sent again alone, and judged for itself
                item, publication = under_way.popleft()
                try:
                    outcomes = self._settling.verified_outcomes(publication, reply)
                except ExchangeError:
                    break
                held.note(publication, outcomes)
                if self._settling.settle(item, publication, outcomes).is_waiting:
                    following = None
        return until

    async def _send(self, item: OutboxItem, held: BlockedChannels) -> None:
        """Sends of a message what may be sent, until nothing is left of it or nothing changes."""
        item, publication = self._obeyed(item, held)
        ids = publication.ids()
        while ids:
            due = {s.id for s in publication.statements() if not held.keeps(s)}
            if due:
                item = await self._publish(item, publication, due, held)
                publication = parse_publication(item.publication)
            before, ids = ids, publication.ids()
            if ids == before:
                held.add(thread_of(statement) for statement in publication.statements())
                return

    def _obeyed(self, item: OutboxItem, held: BlockedChannels) -> tuple[OutboxItem, Publication]:
        """A message without what a suspension keeps at home; what waits in it is held up."""
        stores, publication = self._context.stores, parse_publication(item.publication)
        with stores.database.transaction():
            verdicts = {s.id: self._obeying.verdict(s) for s in publication.statements()}
            back = {
                statement.id: self._obeying.turn_back(statement, verdicts[statement.id])
                for statement in publication.statements()
                if verdicts[statement.id] in (Verdict.HOLD, Verdict.RETURN)
            }
            for statement in publication.statements():
                if statement.id in back and statement.type is not StatementType.GRANT:
                    self._settling.note_refused(statement, AgreementSuspended.code)
            if back:
                instead = {old: new for old, new in back.items() if new is not None}
                kept = verdicts.keys() - back.keys()
                publication = remaining(publication, kept, instead, self._context.signer)
                error = AgreementSuspended("it was not sent")
                item = replace(
                    item,
                    publication=encode_publication(publication),
                    code=item.code or error.code,
                    why=item.why or error.why,
                )
                stores.outbox.update(item)
        held.add(id_ for id_, verdict in verdicts.items() if verdict is Verdict.WAIT)
        return item, publication

    async def _publish(
        self,
        item: OutboxItem,
        publication: Publication,
        due: Collection[bytes],
        held: BlockedChannels,
    ) -> OutboxItem:
        """Sends some statements of a message; returns what became of the message."""
        self._mark_unknown(item)
        sent = remaining(publication, due, {}, self._context.signer)
        try:
            reply = await self._context.transport.publish(encode_publication(sent))
        except (ExchangeError, TlsError) as error:
            held.note_busy(error)
            return self._passed_over(item, error)
        except TearlineError as error:
            # Refused as a whole, before any statement was looked at: nothing was taken.
            refusal = Refused(code=error.code, why=error.why)
            outcomes = tuple(Outcome(about=i, receipt=None, refusal=refusal) for i in sent.ids())
            return self._settling.settle(item, publication, outcomes, whole=True)
        try:
            outcomes = self._settling.verified_outcomes(sent, reply)
        except ExchangeError as error:
            return self._passed_over(item, error)
        held.note(sent, outcomes)
        return self._settling.settle(item, publication, outcomes)

    def _mark_unknown(self, item: OutboxItem) -> None:
        with self._context.stores.database.transaction():
            self._context.stores.outbox.mark_unknown(item.id)

    def _passed_over(self, item: OutboxItem, error: ExchangeError | TlsError) -> OutboxItem:
        if not _is_about_message(error):
            raise error
        item = replace(item, state=OutboxState.UNKNOWN, fault=error.code)
        with self._context.stores.database.transaction():
            self._context.stores.outbox.update(item)
        return item

    def tell(self) -> None:
        """Queues receipts for every incoming grant whose grantor knows less than we do.

        So it does voids for grants of ours that were kept back, and the marks that a change of
        standing asks for.
        """
        while self._tell_some():
            pass
        with self._context.stores.database.transaction():
            voids = [
                (parse_void(body).address.agreement_id, (kind, body))
                for kind, body in self._obeying.owed_voids()
            ]
            for _, publication in sign_by_agreement(self._context.signer, voids):
                self.store_publications([publication])
        self.mark(due=True)

    def _tell_some(self) -> bool:
        stores = self._context.stores
        # Asked in the transaction: another process of this node may be telling, too.
        with stores.database.transaction():
            untold = stores.packets.untold()
            if untold:
                self.store_receipts([(grant, None) for grant in untold])
        return bool(untold)

    def store_receipts(self, grants: Sequence[tuple[StoredGrant, ActedBy | None]]) -> None:
        """Queues one receipt for each grant, inside the caller's transaction.

        Raises:
            StatementMalformed: If a grant has no status of ours.
        """
        stores, now_ms = self._context.stores, self._context.now_ms()
        bodies = []
        for stored, acted_by in grants:
            if stored.status is None:
                raise StatementMalformed("an incoming grant has a status")
            grant = stored.grant
            sender, agreement_id = grant.header.signer, grant.address.agreement_id
            receipt = Receipt(
                header=self._context.signer.header,
                address=stores.channels.next_place(sender, agreement_id),
                about=stored.signed.statement.id,
                status=stored.status,
                code="",
                entry=None,
                acted_by=acted_by,
                time_ms=now_ms,
            )
            bodies.append((agreement_id, (StatementType.RECEIPT, encode_receipt(receipt))))
            stores.packets.set_told(receipt.about, receipt.status)
        for _, publication in sign_by_agreement(self._context.signer, bodies):
            self.store_publications([publication])

    def mark(self, *, due: bool = False) -> int:
        """Queues a mark for every channel that moved since the last one; returns how many.

        Args:
            due: Only for those channels whose standing changed.
        """
        stores, now_ms = self._context.stores, self._context.now_ms()
        with stores.database.transaction():
            bodies = []
            for channel in stores.channels.all():
                numbers = (channel.sent, channel.received)
                if numbers in (channel.marked, (0, 0)) or (due and channel.marked != DUE):
                    continue
                mark = Mark(
                    header=self._context.signer.header,
                    recipient=channel.peer,
                    agreement_id=channel.agreement_id,
                    counter=stores.channels.next_mark(channel.peer, channel.agreement_id, *numbers),
                    highest_sent=channel.sent,
                    highest_received=channel.received,
                    time_ms=now_ms,
                )
                bodies.append((channel.agreement_id, (StatementType.MARK, encode_mark(mark))))
            for tree, publication in sign_by_agreement(self._context.signer, bodies):
                self.store_publications([publication])
                for number in range(len(tree.leaves)):
                    stores.suspensions.put_mark(signed(tree, number), own=True, entry=None)
        return len(bodies)


def _is_whole(publication: Publication, held: BlockedChannels) -> bool:
    """Whether there is something to send, and nothing of it must wait."""
    statements = publication.statements()
    return bool(statements) and not any(map(held.keeps, statements))


async def _answer(stream: PublishStream) -> bytes | None:
    """The answer to the next message; None for what is about a message, and not about us."""
    try:
        return await stream.receive()
    except (ExchangeError, TlsError) as error:
        if not _is_about_message(error):
            raise
    except TearlineError:
        pass
    return None


def _is_about_message(error: ExchangeError | TlsError) -> bool:
    """Whether the exchange may well take another message."""
    if isinstance(error, MailboxFull):
        return True
    if isinstance(error, ExchangeBusy):
        return error.retry_after_ms is None  # gRPC's own word: this message is too large
    return not isinstance(error, TlsError | ExchangeUnreachable)
