"""Outbox sender: stores sealed messages, sends them in order, records the exchange's receipts."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tearline.errors import (
    AgreementSuspended,
    ExchangeBusy,
    ExchangeError,
    ExchangeUnreachable,
    MailboxFull,
    TearlineError,
    TlsError,
)
from tearline.statements.statement import StatementType, Trait
from tearline.wire.packets import parse_manifest
from tearline.wire.publications import (
    Outcome,
    Publication,
    Refused,
    encode_publication,
    parse_publication,
)
from tearline_client.context import NodeContext
from tearline_client.messages.compose import Composition
from tearline_client.messages.resend import remaining, thread_of
from tearline_client.outbox.backpressure import BlockedChannels
from tearline_client.outbox.lock import SendLock
from tearline_client.outbox.outcomes import OutcomeRecorder
from tearline_client.rules.handler import StatementHandler
from tearline_client.rules.suspensions import SuspensionRules, Verdict
from tearline_client.store.outbox import OutboxItem, OutboxState
from tearline_client.transport.interface import PublishStream
from tearline_runtime.traces import Attribute, SpanName, current, span

MESSAGES_AHEAD = 4  # one megabyte each: the exchange handles one while another is in transit


class Sender:
    """Outbox sender.

    Args:
        context: The node.
        lock: A lock file that stops two processes from sending at once: places in a channel must
            reach the exchange in order.
        handlers: Record acceptance and refusal of each statement type.
    """

    def __init__(
        self,
        context: NodeContext,
        lock: Path,
        handlers: Mapping[StatementType, StatementHandler[Any]],
    ) -> None:
        self._context = context
        self._turn = SendLock(lock)
        self._obeying = SuspensionRules(context)
        self._settling = OutcomeRecorder(context, handlers)

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

    def store_publications(self, publications: Sequence[Publication]) -> tuple[int, ...]:
        """Appends messages to the outbox, inside the caller's transaction; returns their ids."""
        self._context.stores.own_keys.put(
            signed.statement.id
            for publication in publications
            for signed in publication.signed
            if Trait.CLEAR in signed.statement.type.traits
        )
        encoded = [encode_publication(each) for each in publications]
        return self._context.stores.outbox.put(encoded, now_ms=self._context.now_ms())

    async def flush(self) -> ExchangeBusy | None:
        """Sends the outbox in order, with several messages in transit.

        A message that the exchange fails on, or cannot accept yet, stays; so do later messages of
        its channels. Others pass it.

        Returns:
            The exchange's refusal with the longest retry delay, or None.

        Raises:
            TwinAtWork: If another copy of this node is running; the outbox stays.
            MembershipEnded: If this agency is no longer a member; likewise.
            ExchangeError: If the exchange is unreachable or busy; the outbox stays, and the same
                statements are sent again.
            TlsError: If the exchange denies this node access; likewise.
        """
        self._context.verify_alone()
        self._context.verify_member()
        outbox, last, held = self._context.stores.outbox, None, BlockedChannels()
        if self._context.stores.cosigning.is_stopped:
            return None  # the outbox stays until an officer decides
        async with self._turn.taken():
            with span(SpanName.SEND):
                while (item := outbox.next_waiting(after=last)) is not None:
                    until = item.id
                    if outbox.next_waiting(after=until) is not None:
                        until = await self._send_ahead(item, held)
                    while (left := outbox.next_waiting(after=last)) and left.id <= until:
                        await self._send(left, held)
                        last = left.id
                    last = until
        return held.busy

    async def _send_ahead(self, first: OutboxItem, held: BlockedChannels) -> int:
        """Sends messages ahead of replies, until one is not accepted unchanged.

        Later messages of its channel are then refused, because their turn has not come. So sending
        stops, and the messages in transit are settled.

        Args:
            first: The first message.
            held: The channels held up; added to.

        Returns:
            The place of the last message examined. Messages left up to there are sent singly.
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
                        self._mark_unknown(item, publication)
                        under_way.append((item, publication))
                        await stream.send(item.publication)
                        following = self._context.stores.outbox.next_waiting(after=until)
                    continue
                reply = await _answer(stream)
                if reply is None:
                    break  # unanswered messages are sent again singly
                item, publication = under_way.popleft()
                try:
                    outcomes = await self._settling.verified_outcomes(publication, reply)
                except ExchangeError:
                    break
                held.note(publication, outcomes)
                if self._settling.settle(item, publication, outcomes).is_waiting:
                    following = None
        return until

    async def _send(self, item: OutboxItem, held: BlockedChannels) -> None:
        """Sends the allowed statements of a message, until none is left or the rest is stuck."""
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
        """Returns a message without suspended statements; holds up those that wait."""
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
        """Sends some statements of a message; returns the message's new state."""
        self._mark_unknown(item, publication)
        sent = remaining(publication, due, {}, self._context.signer)
        try:
            reply = await self._context.transport.publish(encode_publication(sent))
        except (ExchangeError, TlsError) as error:
            held.note_busy(error)
            return self._passed_over(item, error)
        except TearlineError as error:
            # The message was refused as a whole, before any statement was processed.
            refusal = Refused(code=error.code, why=error.why)
            outcomes = tuple(Outcome(about=i, receipt=None, refusal=refusal) for i in sent.ids())
            return self._settling.settle(item, publication, outcomes, whole=True)
        try:
            outcomes = await self._settling.verified_outcomes(sent, reply)
        except ExchangeError as error:
            return self._passed_over(item, error)
        held.note(sent, outcomes)
        return self._settling.settle(item, publication, outcomes)

    def _mark_unknown(self, item: OutboxItem, publication: Publication) -> None:
        if traced := current():
            traced.add(Attribute.MESSAGES, 1)
            traced.add(Attribute.BYTES, len(item.publication))
            traced.note(Attribute.STATEMENT, publication.ids())
        with self._context.stores.database.transaction():
            self._context.stores.outbox.mark_unknown(item.id)

    def _passed_over(self, item: OutboxItem, error: ExchangeError | TlsError) -> OutboxItem:
        if not _is_about_message(error):
            raise error
        item = replace(item, state=OutboxState.UNKNOWN, fault=error.code)
        with self._context.stores.database.transaction():
            self._context.stores.outbox.update(item)
        return item


def _is_whole(publication: Publication, held: BlockedChannels) -> bool:
    """Returns whether there is a statement to send, and none of them must wait."""
    statements = publication.statements()
    return bool(statements) and not any(map(held.keeps, statements))


async def _answer(stream: PublishStream) -> bytes | None:
    """Returns the next answer; None if the error concerns a message, not this node."""
    try:
        return await stream.receive()
    except (ExchangeError, TlsError) as error:
        if not _is_about_message(error):
            raise
    except TearlineError:
        pass
    return None


def _is_about_message(error: ExchangeError | TlsError) -> bool:
    """Returns whether the exchange may accept another message."""
    if isinstance(error, MailboxFull):
        return True
    if isinstance(error, ExchangeBusy):
        return error.retry_after_ms is None  # gRPC's own refusal: this message is too large
    return not isinstance(error, TlsError | ExchangeUnreachable)
