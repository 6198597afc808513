"""What leaves the house: stored sealed, sent in order, settled by the exchange's receipts."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Collection, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tearline.channel import Address, Mark
from tearline.errors import (
    AgreementSuspended,
    EntryMismatch,
    ExchangeBusy,
    ExchangeMisbehaved,
    ExchangeUnreachable,
    MailboxFull,
    OutcomeUnknown,
    RecipientKeyExpired,
    RequestError,
    StatementMalformed,
    TearlineError,
    TlsError,
)
from tearline.receipt import Receipt, Status
from tearline.statement import ActedBy, Attestation, Statement, StatementType
from tearline.wire.addressed import address_of
from tearline.wire.exchange import (
    Outcome,
    Publication,
    Refused,
    encode_publication,
    parse_outcomes,
    parse_publication,
)
from tearline.wire.flow import (
    encode_mark,
    encode_receipt,
    parse_event,
    parse_receipt,
    parse_void,
)
from tearline.wire.standings import parse_standing
from tearline.wire.statements import Signed, signed
from tearline_client.border.obeying import Obeying, Verdict
from tearline_client.link.outgoing import Composition, sign_together
from tearline_client.link.resending import (
    Unsigned,
    instead_of,
    is_behind,
    rest_of,
    thread_of,
)
from tearline_client.state import NodeState
from tearline_client.store.channels import DUE
from tearline_client.store.outbox import OutboxItem, OutboxState
from tearline_client.store.packets import StoredGrant

TREE_LIMIT = 512  # receipts and marks under one signature
TURN_S = 30  # how long to wait for another process that sends: a call that gets no answer
_ASK_AGAIN_S = 0.05


class Sender:
    """The outbox at work.

    Args:
        state: The node.
        lock: A file whose lock keeps two processes from sending at once: places in a channel
            must reach the exchange in order.
    """

    def __init__(self, state: NodeState, lock: Path) -> None:
        self._state = state
        self._turn = _Turn(lock)
        self._obeying = Obeying(state)

    def store(self, composition: Composition) -> tuple[int, ...]:
        """Stores packets, keys, grants and the messages, inside the caller's transaction."""
        stores, now_ms = self._state.stores, self._state.now_ms()
        for packet in composition.packets:
            packet_id = packet.manifest.statement.id
            stores.packets.put_packet(packet.manifest, self._state.uri, packet.parts, now_ms=now_ms)
            stores.packets.put_keys(packet_id, packet.keys)
            self.store_grants(packet.grants)
        return self.store_publications(composition.publications)

    def store_grants(self, grants: Sequence[Signed]) -> None:
        """Stores our grants as not yet accepted, inside the caller's transaction."""
        for grant in grants:
            self._state.stores.packets.put_grant(grant, incoming=False, status=None)

    def store_publications(self, publications: Sequence[Publication]) -> tuple[int, ...]:
        """Puts messages into the outbox, inside the caller's transaction; returns their ids."""
        return self._state.stores.outbox.put([encode_publication(p) for p in publications])

    async def flush(self) -> None:
        """Sends what waits, one message at a time and in order.

        What the exchange fails on, or cannot take yet, stays, and with it what must not overtake
        it in a channel; all else goes past.

        Raises:
            RequestError: If the exchange is out of reach or busy; what waits stays, and is sent
                again as the same statements.
            TlsError: If the exchange does not let this node in; the same.
        """
        outbox, last = self._state.stores.outbox, None
        held: set[Hashable] = set()
        if self._state.stores.cosigning.is_stopped:
            return  # what waits stays, until an officer decides
        async with self._turn.taken():
            while (item := outbox.next_waiting(after=last)) is not None:
                await self._send(item, held)
                last = item.id

    async def _send(self, item: OutboxItem, held: set[Hashable]) -> None:
        """Sends of a message what may be sent, until nothing is left of it or nothing changes."""
        item, waiting = self._obeyed(item)
        held.update(waiting)
        publication = parse_publication(item.publication)
        ids = _ids(publication)
        while ids:
            due = {s.id for s in publication.statements() if not is_behind(s, held)}
            if due:
                item = await self._publish(item, publication, due)
                publication = parse_publication(item.publication)
            before, ids = ids, _ids(publication)
            if ids == before:
                held.update(thread_of(statement) for statement in publication.statements())
                return

    def _obeyed(self, item: OutboxItem) -> tuple[OutboxItem, set[bytes]]:
        """A message without what a suspension keeps at home, and the ids of what waits in it."""
        stores, publication = self._state.stores, parse_publication(item.publication)
        with stores.database.transaction():
            verdicts = {s.id: self._obeying.verdict(s) for s in publication.statements()}
            back = {
                statement.id: self._obeying.turn_back(statement, verdicts[statement.id])
                for statement in publication.statements()
                if verdicts[statement.id] in (Verdict.HOLD, Verdict.RETURN)
            }
            for statement in publication.statements():
                if statement.id in back and statement.type is not StatementType.GRANT:
                    self._note_refused(statement, AgreementSuspended.code)
            if back:
                instead = {old: new for old, new in back.items() if new is not None}
                kept = verdicts.keys() - back.keys()
                rest = rest_of(publication, kept, instead, self._state.signer)
                error = AgreementSuspended("it was not sent")
                item = replace(
                    item,
                    publication=encode_publication(rest),
                    code=item.code or error.code,
                    why=item.why or error.why,
                )
                stores.outbox.update(item)
        return item, {id_ for id_, verdict in verdicts.items() if verdict is Verdict.WAIT}

    async def _publish(
        self, item: OutboxItem, publication: Publication, due: Collection[bytes]
    ) -> OutboxItem:
        """Sends some statements of a message; returns what became of the message."""
        stores = self._state.stores
        with stores.database.transaction():
            stores.outbox.mark_unknown(item.id)
        sent = rest_of(publication, due, {}, self._state.signer)
        try:
            reply = await self._state.transport.publish(encode_publication(sent))
        except (RequestError, TlsError) as error:
            return self._passed_over(item, error)
        except TearlineError as error:
            # Refused as a whole, before any statement was looked at: nothing was taken.
            refusal = Refused(code=error.code, why=error.why)
            outcomes = tuple(Outcome(about=i, receipt=None, refusal=refusal) for i in _ids(sent))
            return self._settle(item, publication, outcomes, whole=True)
        try:
            outcomes = self._verified_outcomes(sent, reply)
        except RequestError as error:
            return self._passed_over(item, error)
        return self._settle(item, publication, outcomes)

    def _passed_over(self, item: OutboxItem, error: RequestError | TlsError) -> OutboxItem:
        if not _is_about_message(error):
            raise error
        item = replace(item, state=OutboxState.UNKNOWN, fault=error.code)
        with self._state.stores.database.transaction():
            self._state.stores.outbox.update(item)
        return item

    def _verified_outcomes(self, sent: Publication, reply: bytes) -> tuple[Outcome, ...]:
        try:
            outcomes = parse_outcomes(reply)
            if [outcome.about for outcome in outcomes] != _ids(sent):
                raise ExchangeMisbehaved("the outcomes are not those of what was published")
            for outcome in outcomes:
                self._verify_outcome(outcome)
        except TearlineError as error:
            self._state.alarm(error, reply)
            raise
        return outcomes

    def _verify_outcome(self, outcome: Outcome) -> None:
        trust = self._state.trust
        if outcome.receipt is None:
            if outcome.refusal is None:
                raise ExchangeMisbehaved("an outcome is neither a receipt nor a refusal")
            return
        statement = outcome.receipt.statement
        signer = trust.verify(statement, outcome.receipt.attestations, at=self._state.next_moment())
        receipt = parse_receipt(statement.body)
        if signer.signer != trust.trust_list.exchange.uri or receipt.about != outcome.about:
            raise ExchangeMisbehaved("the receipt is not the exchange's word on this statement")
        refused = receipt.status is Status.REFUSED
        if refused != (outcome.refusal is not None) or receipt.entry is None:
            raise ExchangeMisbehaved("receipt and refusal contradict each other")
        if parse_event(receipt.entry.event).statement_id != receipt.about:
            raise EntryMismatch("the log entry is about another statement")

    def _settle(
        self,
        item: OutboxItem,
        publication: Publication,
        outcomes: Sequence[Outcome],
        *,
        whole: bool = False,
    ) -> OutboxItem:
        """Notes what became of statements, and what is left to send of their message."""
        signer, stores = self._state.signer, self._state.stores
        answers = {outcome.about: outcome for outcome in outcomes}
        kept: set[bytes] = set()
        instead: dict[bytes, Unsigned] = {}
        lost, fault = Refused(code=item.code, why=item.why), ""
        with stores.database.transaction():
            for statement in publication.statements():
                outcome = answers.get(statement.id)
                if outcome is None:
                    kept.add(statement.id)
                    continue
                if outcome.receipt is not None:
                    self._store_receipt(outcome.receipt)
                if outcome.refusal is None:
                    self._keep(statement, publication)
                    self._note_accepted(statement, publication, outcome)
                    continue
                refusal, final = outcome.refusal, whole or outcome.receipt is not None
                follows = instead_of(statement, refusal.code, final=final, header=signer.header)
                if follows == (statement.type, statement.body):
                    kept.add(statement.id)
                elif follows is not None:
                    instead[statement.id] = follows
                if follows is not None and follows[0] is statement.type:
                    fault = fault or refusal.code
                    continue
                if statement.type is not StatementType.VOID and not lost.code:
                    lost = refusal
                self._note_refused(statement, refusal.code)
            rest = encode_publication(rest_of(publication, kept, instead, signer))
            state = OutboxState.REFUSED if lost.code else OutboxState.ACCEPTED
            item = replace(
                item,
                state=OutboxState.UNKNOWN if rest else state,
                publication=rest,
                code=lost.code,
                why=lost.why,
                fault=fault,
            )
            stores.outbox.update(item)
        return item

    def _keep(self, statement: Statement, publication: Publication) -> None:
        """Keeps what was accepted until its recipient signs for it: the exchange may lose it."""
        address = address_of(statement)
        if address is None:
            return
        kept = signed_of(statement, publication.attestations())
        self._state.stores.recovery.keep(address.recipient, address.agreement_id, address.seq, kept)
        if statement.type is StatementType.VOID:
            void = parse_void(statement.body)
            self._state.stores.packets.set_withdrawn(void.withdraws, void.reason)

    def _note_accepted(
        self, statement: Statement, publication: Publication, outcome: Outcome
    ) -> None:
        match statement.type:
            case StatementType.STANDING | StatementType.MARK if outcome.receipt is not None:
                entry = parse_receipt(outcome.receipt.statement.body).entry
                if entry is None:
                    return
                if statement.type is StatementType.MARK:
                    self._state.stores.standings.answer_mark(statement.id, entry.index)
                    return
                said = signed_of(statement, publication.attestations())
                time_ms = parse_event(entry.event).time_ms
                standing = parse_standing(statement.body)
                self._obeying.take(said, standing, entry.index, time_ms)

    def _store_receipt(self, signed: Signed) -> None:
        packets, receipt = self._state.stores.packets, parse_receipt(signed.statement.body)
        packets.put_receipt(signed, receipt)
        grant = packets.grant(receipt.about)
        if grant is not None and not grant.incoming and (grant.status or 0) < receipt.status:
            packets.set_status(receipt.about, receipt.status)

    def _note_refused(self, statement: Statement, code: str) -> None:
        packets = self._state.stores.packets
        match statement.type:
            case StatementType.GRANT:
                packets.set_status(statement.id, Status.REFUSED)
                if code == RecipientKeyExpired.code:
                    self._state.stores.returned.put(statement.id)
            case StatementType.CONSENT:
                self._state.stores.consents.forget(statement.id)
            case StatementType.RECALL:
                self._state.stores.recalls.drop(statement.id)
            case StatementType.REQUEST_STEP:
                self._state.stores.requests.refuse(statement.id, code)
            case StatementType.RECEIPT:
                packets.set_untold(parse_receipt(statement.body).about)
            case StatementType.STANDING:
                self._state.stores.standings.refuse(statement.id, code)
            case StatementType.VOID:
                self._obeying.void_refused(parse_void(statement.body).address, code)
            case StatementType.CASE_STEP:
                self._state.stores.cases.forget(statement.id)

    def tell(self) -> None:
        """Queues receipts for every incoming grant whose grantor knows less than we do.

        So it does voids for grants of ours that were kept back, and the marks that a change of
        standing asks for.
        """
        while self._tell_some():
            pass
        with self._state.stores.database.transaction():
            voids = self._obeying.owed_voids()
            for start in range(0, len(voids), TREE_LIMIT):
                _, publication = sign_together(
                    self._state.signer, voids[start : start + TREE_LIMIT]
                )
                self.store_publications([publication])
        self.mark(due=True)

    def _tell_some(self) -> bool:
        stores = self._state.stores
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
        stores, now_ms = self._state.stores, self._state.now_ms()
        bodies = []
        for stored, acted_by in grants:
            if stored.status is None:
                raise StatementMalformed("an incoming grant has a status")
            grant = stored.grant
            sender, agreement_id = grant.header.signer, grant.address.agreement_id
            receipt = Receipt(
                header=self._state.signer.header,
                address=Address(
                    recipient=sender,
                    agreement_id=agreement_id,
                    seq=stores.channels.next_seq(sender, agreement_id),
                ),
                about=stored.signed.statement.id,
                status=stored.status,
                code="",
                entry=None,
                acted_by=acted_by,
                time_ms=now_ms,
            )
            bodies.append((StatementType.RECEIPT, encode_receipt(receipt)))
            stores.packets.set_told(receipt.about, receipt.status)
        _, publication = sign_together(self._state.signer, bodies)
        stores.outbox.put([encode_publication(publication)])

    def mark(self, *, due: bool = False) -> int:
        """Queues a mark for every channel that moved since the last one; returns how many.

        Args:
            due: Only for those channels whose standing changed.
        """
        stores, now_ms = self._state.stores, self._state.now_ms()
        with stores.database.transaction():
            bodies = []
            for channel in stores.channels.all():
                numbers = (channel.sent, channel.received)
                if numbers in (channel.marked, (0, 0)) or (due and channel.marked != DUE):
                    continue
                mark = Mark(
                    header=self._state.signer.header,
                    recipient=channel.peer,
                    agreement_id=channel.agreement_id,
                    counter=stores.channels.next_mark(channel.peer, channel.agreement_id, *numbers),
                    highest_sent=channel.sent,
                    highest_received=channel.received,
                    time_ms=now_ms,
                )
                bodies.append((StatementType.MARK, encode_mark(mark)))
            for start in range(0, len(bodies), TREE_LIMIT):
                tree, publication = sign_together(
                    self._state.signer, bodies[start : start + TREE_LIMIT]
                )
                stores.outbox.put([encode_publication(publication)])
                for number in range(len(tree.leaves)):
                    stores.standings.put_mark(signed(tree, number), own=True, entry=None)
        return len(bodies)


def signed_of(statement: Statement, attestations: Mapping[bytes, Attestation]) -> Signed:
    """A statement with exactly the attestations that it points to."""
    hashes = [inclusion.attestation for inclusion in statement.inclusions]
    return Signed(statement=statement, attestations={h: attestations[h] for h in hashes})


def _ids(publication: Publication) -> list[bytes]:
    return [statement.id for statement in publication.statements()]


def _is_about_message(error: RequestError | TlsError) -> bool:
    """Whether the exchange may well take another message."""
    if isinstance(error, MailboxFull):
        return True
    if isinstance(error, ExchangeBusy):
        return error.retry_after_ms is None  # gRPC's own word: this message is too large
    return not isinstance(error, TlsError | ExchangeUnreachable)


class _Turn:
    """Lets one task of one process send at a time; the others wait.

    Args:
        path: A file to lock; the kernel lets go of it when the process ends, however.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tasks = asyncio.Lock()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Waits for the turn, and has it inside.

        Raises:
            OutcomeUnknown: If another process does not end its turn.
        """
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        async with self._tasks:
            descriptor = os.open(self._path, flags, 0o600)
            try:
                await _lock(descriptor)
                yield
            finally:
                os.close(descriptor)


async def _lock(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + TURN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if loop.time() > deadline:
                raise OutcomeUnknown("another process of this node is sending") from None
            # The kernel would wait without asking, and the whole loop with it.
            await asyncio.sleep(_ASK_AGAIN_S)
        else:
            return
