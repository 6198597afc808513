"""The exchange: accept, authorise, log, queue, deliver. It knows neither gRPC nor protobuf."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from tearline.errors import ClockDoubted, ExchangeBusy
from tearline.federation import TrustList
from tearline.limits import (
    DISK_RETRY_MS,
    LOG_PAGE_BYTES,
    MAX_CALLS,
    MAX_QUEUE_BYTES,
    MAX_UNOPENED,
)
from tearline.tiles import Tile
from tearline.wire.cosigning import CosignNews, CosignTurn
from tearline.wire.deliveries import Cursor, Delivery
from tearline.wire.entries import EntryRange
from tearline.wire.publications import Outcome, Publication
from tearline.wire.reconciling import ReconcileReply, ReconcileRequest
from tearline_server.bounds import Bounds
from tearline_server.committer import Committer
from tearline_server.cosigning import Cosignatures
from tearline_server.desk import ExchangeDesk, Listeners
from tearline_server.house import House, begin_time
from tearline_server.inquiries import Inquiries
from tearline_server.judging.claims import claims_of
from tearline_server.judging.hearing import Publisher
from tearline_server.judging.registry import Registry
from tearline_server.mailbox import Mailboxes
from tearline_server.metrics import Vitals
from tearline_server.others import Others
from tearline_server.reconciling import places_of, take_back
from tearline_server.refusals import Refusals
from tearline_server.resumption import Resumption
from tearline_server.storage.reading import MailItem
from tearline_server.storage.stored import Heard
from tearline_server.turns import Turns, Weight
from tearline_server.upkeep import Upkeep
from tearline_server.witnesses import ask_on
from tearline_server.works import (
    Acknowledgement,
    ExchangeWork,
    HandOut,
    Note,
    Standings,
    Submission,
)


class Exchange:
    """An exchange at work. Open it with ``Exchange.open`` and close it.

    Args:
        house: What it is built from.
        registry: What follows from the store.
        epoch: 16 bytes, which life of the store this is.
    """

    def __init__(self, house: House, registry: Registry, epoch: bytes) -> None:
        self._house = house
        self._store = house.store
        self._log = house.log
        self._bounds = Bounds(house.rates)
        uri = house.installation.identity.exchange.uri
        self.refusals = Refusals(uri)
        self._mailboxes = Mailboxes(
            house.store, epoch, self._hand_out, self._reaches, self.take_answer_turn
        )
        self._epoch = epoch
        self._reconciling = asyncio.Lock()  # who reconciles reads all that came back
        self.on_trust: Callable[[], None] = lambda: None
        self.is_disk_low = False
        self.free_bytes: int | None = None
        listeners = Listeners(
            mail=self._mailboxes.wake,
            recalls=self._mailboxes.forget,
            refusal=self.refusals.count,
            trust=lambda: self.on_trust(),
        )
        self._desk = ExchangeDesk(
            house.store,
            registry,
            house.signer_of(registry.trust.federation),
            house.timekeeper,
            listeners,
            self._mailboxes.at_rest,
        )
        self._committer = Committer(house.store, self._desk, house.log.advance, house.metrics)
        self._turns = Turns(
            Weight(statements=MAX_CALLS, bytes=MAX_QUEUE_BYTES), self._committer.holds
        )
        self._committer.on_settled = self._turns.go_on
        self._cosignatures = Cosignatures(
            house.store,
            house.log,
            house.installation.identity.log,
            lambda: self._desk.registry.trust,
            house.timekeeper,
        )
        self.others = Others(house.store, self._take_in, self._mailboxes.wake_all)
        self.resumption = Resumption(
            house.store, uri, lambda event: self._submit(Note(event), internal=True), house.clock
        )
        self.upkeep = Upkeep(
            house,
            lambda: self._desk.registry,
            self.refusals,
            lambda work: self._submit(work, internal=True),
            lambda: self._may_write,
        )
        self.inquiries = Inquiries(
            house.store,
            house.log,
            lambda: self._desk.registry.agreements,
            lambda event: self._submit(Note(event)),
            house.clock,
        )

    @classmethod
    async def open(cls, house: House) -> "Exchange":
        """Goes on from what is stored.

        Raises:
            TrustMissing: If there is no trust list yet.
            LogError: If the stored log is not the one that was signed.
            StoreError: If the store cannot be read.
        """
        stored = await house.store.load()
        registry = Registry.restore(house.installation, stored)
        await house.log.restore(stored.head, stored.checkpoint)
        begin_time(house, stored, registry.trust)
        exchange = cls(house, registry, stored.head.epoch)
        await exchange._cosignatures.restore()
        exchange._committer.start()
        await exchange.resumption.restore(exchange._cosignatures.cosigners())
        return exchange

    async def _submit(self, work: ExchangeWork, *, internal: bool = False) -> None:
        """Has something written, unless nothing may be.

        Raises:
            LogBehind: If more was signed than is stored.
            ClockDoubted: If the clock is in doubt, or the log is ahead of it.
            ExchangeBusy: If that is not known yet, or as the committer says.
            StoreError: As the committer says.
        """
        self._log.verify_whole()
        self.resumption.verify_begun()
        self._verify_time()
        await self._committer.submit(work, internal=internal)

    @property
    def trust_list(self) -> TrustList:
        """The trust list in force."""
        return self._desk.registry.trust.trust_list

    @property
    def revoked_keys(self) -> frozenset[tuple[str, bytes]]:
        """Every key that was revoked, by the agency that did."""
        return self._desk.registry.trust.revoked_keys

    @property
    def is_healthy(self) -> bool:
        """Whether changes are written, none of them is stuck, and the next one may be."""
        return self._committer.is_healthy and self._may_write and self.others.are_heard

    def _verify_time(self) -> None:
        head = self._desk.registry.head
        self._house.timekeeper.verify(head.time_ms if head else 0)

    @property
    def is_time_right(self) -> bool:
        """Whether the clock is to be trusted, and the log not ahead of it."""
        try:
            self._verify_time()
        except ClockDoubted:
            return False
        return True

    @property
    def _may_write(self) -> bool:
        return self._log.is_whole and self.resumption.has_begun and self.is_time_right

    async def _take_in(self, heard: Heard) -> None:
        """Takes in what other processes wrote."""
        await self._committer.follow()
        await self._log.refresh()
        await self._cosignatures.follow(heard)
        await self.resumption.follow(heard)

    @property
    def vitals(self) -> Vitals:
        """How it is at this moment."""
        waiting = self._committer.waiting
        return Vitals(
            ready=self.is_healthy,
            disk_low=self.is_disk_low,
            time_right=self.is_time_right,
            free_bytes=self.free_bytes,
            queued_statements=waiting.statements,
            queued_bytes=waiting.bytes,
            questions=self._store.questions,
            backlog=self.upkeep.backlog,
            unheard_s=self.others.unheard_s if self._store.is_shared else None,
            under_way_s=self._committer.under_way_s,
            entries=self._log.size,
            covered=self._log.covered,
            cosigned=self._cosignatures.covered,
            cosigners_behind=self._cosignatures.behind(),
            standbys=self._store.standbys,
            signed_ms=self._log.signed_ms,
            lags=self._mailboxes.lags(self._desk.registry.mailboxes),
        )

    async def recover(self) -> None:
        """Finds out whether it can write again, where the last change could not be written.

        Raises:
            StoreError: If it cannot.
        """
        if not self._committer.is_healthy:
            await self._submit(Note(), internal=True)

    def end_streams(self) -> None:
        """Ends every subscription, and every search that follows, after what it is sending."""
        self.inquiries.end()
        self._mailboxes.close()
        self._log.wake()

    async def close(self) -> None:
        """Writes what was taken in, and lets go of the store."""
        self.end_streams()
        try:
            await self.upkeep.flush_refusals()
        finally:
            await self._committer.close()
            await self._store.close()

    async def ask_witnesses(self) -> None:
        """Has foreign witnesses cosign the log as it grows, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for witness in self._house.witnesses:
                group.create_task(ask_on(witness, self._log, self._cosignatures))

    # Nodes.

    async def take_turn(self, node: str, size: int) -> None:
        """Waits until it is a node's turn to be read; that lasts until it waits for something.

        Args:
            node: Its URI.
            size: Bytes of what it brings.

        Raises:
            ExchangeBusy: If too much waits to be read.
        """
        with self._house.metrics.unread(size):
            await self._turns.take(node, size)

    async def take_answer_turn(self, agency: str, size: int) -> None:
        """Waits until an agency may be answered; the turn lasts until the caller awaits something.

        All nodes of an agency share its turns: so one that reads without a pause holds up its
        own answers, and others wait for one of them each time.

        Args:
            agency: Its URI.
            size: Bytes of the answer; 0 where it is not composed yet.

        Raises:
            ExchangeBusy: If too much waits.
        """
        await self._turns.take(agency, size)

    async def publish(
        self, publisher: Publisher, publication: Publication, size: int
    ) -> tuple[Outcome, ...]:
        """Judges and writes a publication; each statement has its outcome when this returns.

        Args:
            publisher: The node, as the gate admitted it.
            publication: What it publishes.
            size: Its bytes.

        Raises:
            StatementMalformed: If the publication is none.
            ExchangeBusy: If the node, or all of them, publish too much; or packets, while there
                is little room on the disk: what suspends, recalls or settles is small, and is
                taken all the same.
        """
        claims = claims_of(publication)
        now_ms = self._house.clock()
        if self.is_disk_low and publication.parts:
            raise ExchangeBusy("its disk is nearly full", retry_after_ms=DISK_RETRY_MS)
        statements = max(1, len(claims))  # an empty message is work, too
        self._bounds.take(publisher.node, statements=statements, size=size, now_ms=now_ms)
        if not claims:
            return ()
        work = Submission(publisher, claims, publication.attestations(), size)
        await self._submit(work)
        outcomes = work.outcomes()
        self._house.metrics.judged(each.refusal.code if each.refusal else "" for each in outcomes)
        return outcomes

    def subscribe(self, node: str, cursor: Cursor) -> AsyncIterator[Delivery]:
        """A node's mailbox behind a cursor: what waits, then what comes."""
        return self._mailboxes.stream(node, cursor)

    async def _reaches(self, node: str, seq: int) -> bool:
        """Whether a mailbox has that place."""
        if seq > self._desk.registry.mailboxes.get(node, 0):
            await self._committer.follow()  # it may have been read at another process
        return seq <= self._desk.registry.mailboxes.get(node, 0)

    async def acknowledge(self, node: str, cursor: Cursor) -> Cursor:
        """Keeps how far a node has taken its mailbox in; one of another epoch says nothing."""
        if cursor.epoch == self._epoch:
            await self._submit(Acknowledgement(node, cursor.seq))
        return cursor

    async def reconcile(self, node: str, request: ReconcileRequest) -> ReconcileReply:
        """What a node returns after a loss, on either side, and where its channels stand.

        Only an exchange that was restored takes anything: openings of entries that came back
        without them, and places that recipients have signed for.

        Raises:
            EntryMismatch: If an opening is not that of its entry.
        """
        unopened: Sequence[int] = ()
        if await self._store.restorations():
            await take_back(self._store, request.openings)
            if request.confirmed:
                await self._submit(Standings(node, request.confirmed))
            async with self._reconciling:
                unopened = await self._store.unopened(request.after, limit=MAX_UNOPENED)
        await self._committer.follow()
        return ReconcileReply(
            epoch=self._epoch,
            channels=places_of(node, self._desk.registry.channels),
            unopened=tuple(unopened),
        )

    async def _hand_out(self, node: str, items: Sequence[MailItem]) -> HandOut:
        work = HandOut(node, items)
        await self._submit(work, internal=True)
        return work

    # The log.

    async def entries(self, start: int, end: int) -> EntryRange:
        """Entries and a checkpoint over at least them; up to a megabyte at once.

        Args:
            start: Index of the first.
            end: Index after the last; 0 for all that is durable now.
        """
        size, note = await self._log.checkpoint(end or self._log.size)
        stop = min(end or size, size)
        found = await self._store.entries(start, stop, max_bytes=LOG_PAGE_BYTES)
        return EntryRange(
            start=start,
            entries=tuple(found),
            checkpoint=self._cosignatures.merged(size, note),
        )

    async def checkpoint(self) -> bytes:
        """The note of a checkpoint over all that is durable, with the lines of its cosigners."""
        return self._cosignatures.merged(*await self._log.checkpoint(self._log.size))

    async def tile(self, tile: Tile) -> bytes:
        """The content of a tile of the log.

        Raises:
            NotFound: If the newest checkpoint does not cover all of it.
        """
        return await self._log.tile(tile)

    async def cosign(self, node: str, turn: CosignTurn) -> CosignNews:
        """A turn of a node that cosigns; answered when there is a newer checkpoint.

        Raises:
            LogError: If what it signed or found is not what it says.
        """
        seen = await self._cosignatures.hear(node, turn)
        if turn.checkpoint:
            await self.resumption.hear(node)
        return await self._cosignatures.answer(turn, seen)
