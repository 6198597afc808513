"""Exchange: accept, authorise, log, queue, deliver. Independent of gRPC and protobuf."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from tearline.errors import ExchangeBusy, TrustMissing
from tearline.federation.versions import Members
from tearline.limits import DISK_RETRY_MS, MAX_CALLS, MAX_QUEUE_BYTES
from tearline.tlog.checkpoint import CheckpointSigner
from tearline.tlog.tiles import Tile
from tearline.verification.indexed_trust import IndexedTrustState
from tearline.wire.cosigning import CosignReply, CosignRequest
from tearline.wire.deliveries import Cursor, Delivery
from tearline.wire.log_entries import EntryRange
from tearline.wire.publications import Outcome, Publication
from tearline.wire.reconcile import ReconcileReply, ReconcileRequest
from tearline_server.admission.fair_queue import Cost, FairGate
from tearline_server.admission.rate_limits import Bounds
from tearline_server.admission.refusals import Refusals
from tearline_server.audit.search import AuditSearch
from tearline_server.blobs.documents import Documents, Earlier
from tearline_server.bootstrap import Components, begin_time
from tearline_server.delivery.document_reader import DocumentReader
from tearline_server.delivery.mailboxes import Mailboxes
from tearline_server.ingest.commands import (
    AcknowledgeCommand,
    Command,
    DeliverCommand,
    LogEventsCommand,
    PublishCommand,
)
from tearline_server.ingest.committer import Committer
from tearline_server.ingest.processor import Listeners, StatementProcessor
from tearline_server.jobs.maintenance import Maintenance
from tearline_server.observability.metrics import Snapshot
from tearline_server.processing.context import Publisher
from tearline_server.processing.registry import Registry
from tearline_server.processing.submission import read_claims, with_documents
from tearline_server.recovery.reconcile import Reconciliation, places_of
from tearline_server.recovery.resume import ResumeBarrier
from tearline_server.recovery.write_conditions import WriteConditions
from tearline_server.replicas import ReplicaFollower
from tearline_server.storage.reads import MailItem
from tearline_server.storage.snapshot import Changes
from tearline_server.tlog.cosignatures import Cosignatures
from tearline_server.tlog.entry_pages import EntryPages
from tearline_server.tlog.light_turns import LightTurns
from tearline_server.tlog.witnesses import ask_on


class Exchange:
    """Running exchange. Open it with ``Exchange.open``, and close it.

    Args:
        components: Its components.
        registry: The state derived from the store.
        epoch: 16 bytes, the epoch of the store.
    """

    def __init__(self, components: Components, registry: Registry, epoch: bytes) -> None:
        self._components = components
        self._store = components.store
        self._log = components.log
        self._bounds = Bounds(components.rates)
        uri = components.installation.identity.exchange.uri
        self.refusals = Refusals(uri)
        self._mailboxes = Mailboxes(
            components.store, epoch, self._hand_out, self._reaches, self.take_answer_turn
        )
        self._epoch = epoch
        self.documents = Documents(
            components.blobs,
            components.store,
            components.clock,
            may_write=lambda: self._conditions.are_met,
            agencies=lambda: len(self.members.agencies),
        )
        self._reconciliation = Reconciliation(components.store, self._submit)
        self.on_trust: Callable[[], None] = lambda: None
        self.is_disk_low = False
        self.free_bytes: int | None = None
        listeners = Listeners(
            mail=self._mailboxes.wake,
            recalls=self._mailboxes.forget,
            refusal=self.refusals.count,
            trust=lambda: self.on_trust(),
            directory=components.log.end_with_directory,
        )
        self._desk = StatementProcessor(
            components.store,
            registry,
            components.keys,
            components.timekeeper,
            listeners,
            self._mailboxes.at_rest,
        )
        self.document_reader = DocumentReader(
            self.documents, components.store, lambda: self._desk.registry, components.clock
        )
        self._committer = Committer(
            components.store, self._desk, components.log.advance, components.metrics
        )
        components.log.signers = self._checkpoint_signers
        self._turns = FairGate(
            Cost(statements=MAX_CALLS, bytes=MAX_QUEUE_BYTES), self._committer.holds
        )
        self._committer.on_settled = self._turns.go_on
        self._cosignatures = Cosignatures(
            components.store,
            components.log,
            lambda: self.trust,
            lambda agency: self._desk.registry.partners_of(agency),
            components.timekeeper,
        )
        self._pages = EntryPages(components.store, components.log, self._cosignatures)
        self.light = LightTurns(components.log, self._cosignatures, lambda: self.trust)
        self.others = ReplicaFollower(
            components.store, self._take_in, self._committer.follow, self._mailboxes.wake_all
        )
        self.resume_barrier = ResumeBarrier(
            components.store,
            uri,
            lambda event: self._submit(LogEventsCommand(event), internal=True),
            components.clock,
        )
        self._conditions = WriteConditions(
            components.log, self.resume_barrier, components.timekeeper, lambda: self._desk.head
        )
        self.maintenance = Maintenance(
            components,
            lambda: self._desk.registry,
            self.refusals,
            lambda work: self._submit(work, internal=True),
            lambda: self._conditions.are_met,
        )
        self.audit_search = AuditSearch(
            components.store,
            components.log,
            lambda: self._desk.registry.agreements,
            self._submit,
            components.clock,
        )

    @classmethod
    async def open(cls, components: Components) -> "Exchange":
        """Opens an exchange that resumes from the store, and returns it.

        Raises:
            TrustMissing: If there is no complete charter yet.
            KeysUnnamed: If the constitution names keys that are not here.
            LogError: If the stored log is not the one that was signed.
            StoreError: If the store cannot be read.
        """
        stored = await components.store.load()
        registry = Registry.restore(components.installation, stored)
        if not registry.trust.membership.is_founded:
            raise TrustMissing
        components.keys.verify_named(registry.trust.members.constitution)
        await components.log.restore(stored.head, stored.checkpoint)
        begin_time(components, stored, registry.trust)
        exchange = cls(components, registry, stored.head.epoch)
        await exchange._cosignatures.restore()
        exchange._committer.start()
        await exchange.resume_barrier.restore(exchange._cosignatures.cosigners())
        return exchange

    async def _checkpoint_signers(self, size: int) -> Sequence[CheckpointSigner]:
        """Returns the log's keys for a size, also if another process wrote the decision on them."""
        head = self._desk.head
        if head is None or head.tree.size < size:
            await self._committer.follow()
        return self._components.keys.checkpoint_signers(self.trust.log, size)

    async def _submit(self, work: Command, *, internal: bool = False) -> None:
        """Writes work, unless writing is currently forbidden.

        Raises:
            LogBehind: If more was signed than is stored.
            ClockDoubted: If the clock is in doubt, or the log is ahead of it.
            ExchangeBusy: If a restore is not settled yet, or the committer refuses.
            StoreError: If the batch could not be written.
        """
        self._conditions.verify()
        await self._committer.submit(work, internal=internal)

    @property
    def members(self) -> Members:
        """Returns the members after the newest entry."""
        return self.trust.members

    @property
    def trust(self) -> IndexedTrustState:
        """Returns members, keys and constitutions after the newest entry."""
        return self._desk.registry.trust

    @property
    def is_healthy(self) -> bool:
        """Returns whether changes are written, none is stuck, and the next one is permitted."""
        return self._committer.is_healthy and self._conditions.are_met and self.others.are_heard

    @property
    def is_time_right(self) -> bool:
        """Returns whether the clock is trusted and the log is not ahead of it."""
        return self._conditions.is_time_right

    async def _take_in(self, changes: Changes) -> None:
        """Applies writes of other processes."""
        await self._committer.follow()
        await self._log.refresh()
        await self._cosignatures.follow(changes)
        await self.resume_barrier.follow(changes)

    @property
    def snapshot(self) -> Snapshot:
        """Returns the current state for metrics."""
        waiting = self._committer.waiting
        return Snapshot(
            ready=self.is_healthy,
            disk_low=self.is_disk_low,
            time_right=self._conditions.is_time_right,
            free_bytes=self.free_bytes,
            queued_statements=waiting.statements,
            queued_bytes=waiting.bytes,
            questions=self._store.questions,
            backlog=self.maintenance.backlog,
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
        """Tests whether writing works again, after a failed write.

        Raises:
            StoreError: If it does not.
        """
        if not self._committer.is_healthy:
            await self._submit(LogEventsCommand(), internal=True)

    def end_streams(self) -> None:
        """Ends every subscription and every following search, after its current message."""
        self.audit_search.end()
        self._mailboxes.close()
        self._log.wake()

    async def close(self) -> None:
        """Writes accepted work, and closes the store."""
        self.end_streams()
        try:
            await self.maintenance.flush_refusals()
        finally:
            await self._committer.close()
            await self.documents.close()
            await self._store.close()

    async def ask_witnesses(self) -> None:
        """Asks external witnesses to cosign the log as it grows, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for witness in self._components.witnesses:
                group.create_task(ask_on(witness, self._log, self._cosignatures))

    async def take_turn(self, node: str, size: int) -> None:
        """Waits for the turn of a node's message of ``size`` bytes, until the caller awaits.

        Raises:
            ExchangeBusy: If too much waits to be read.
        """
        with self._components.metrics.unread(size):
            await self._turns.take(node, size)

    async def take_answer_turn(self, agency: str, size: int) -> None:
        """Waits for an agency's turn to be answered; the turn lasts until the caller awaits.

        All nodes of an agency share its turns. An agency that reads continuously delays its own
        answers, and others wait for one of its answers at a time.

        Args:
            agency: Its URI.
            size: Bytes of the answer; 0 if it is not composed yet.

        Raises:
            ExchangeBusy: If too much waits.
        """
        await self._turns.take(agency, size)

    async def publish(
        self, publisher: Publisher, publication: Publication, size: int
    ) -> tuple[Outcome, ...]:
        """Judges and writes a publication, and returns the outcome of each statement.

        Args:
            publisher: The node, as the gate admitted it.
            publication: The publication.
            size: Its bytes.

        Raises:
            StatementMalformed: If the publication is malformed.
            ExchangeBusy: If the node, or all nodes together, publish too much; or for packets, but
                not for small statements such as recalls, while disk space is low.
        """
        number = len(publication.statements())
        if self.is_disk_low and publication.parts:
            raise ExchangeBusy("its disk is nearly full", retry_after_ms=DISK_RETRY_MS)
        now_ms = self._components.clock()
        # An empty message costs work too.
        self._bounds.take(publisher.node, statements=max(1, number), size=size, now_ms=now_ms)
        if not number:
            return ()
        claims = await read_claims(publication, lambda: self._turns.take_again(publisher.node))

        async def judge(documents: Mapping[bytes, Earlier]) -> tuple[Outcome, ...]:
            submissions = with_documents(claims, documents)
            work = PublishCommand(publisher, submissions, publication.attestations(), size)
            await self._submit(work)
            return work.outcomes()

        linked = self._desk.linked_parts(claims, publisher)
        outcomes = await self.documents.judged(publisher.agency, linked, judge)
        self._components.metrics.judged(
            each.refusal.code if each.refusal else "" for each in outcomes
        )
        return outcomes

    def subscribe(self, node: str, cursor: Cursor) -> AsyncIterator[Delivery]:
        """Yields a node's mail after a cursor: first waiting items, then new ones."""
        return self._mailboxes.stream(node, cursor)

    async def _reaches(self, node: str, seq: int) -> bool:
        """Returns whether a mailbox has that place."""
        if seq > self._desk.registry.mailboxes.get(node, 0):
            await self._committer.follow()  # another process may have delivered it
        return seq <= self._desk.registry.mailboxes.get(node, 0)

    async def acknowledge(self, node: str, cursor: Cursor) -> Cursor:
        """Stores how far a node has read its mailbox, and returns the cursor of its newest item.

        A cursor of another epoch has no effect.
        """
        if cursor.epoch == self._epoch:
            await self._submit(AcknowledgeCommand(node, cursor.seq))
        return Cursor(epoch=self._epoch, seq=self._desk.registry.mailboxes.get(node, 0))

    async def reconcile(self, node: str, request: ReconcileRequest) -> ReconcileReply:
        """Accepts a node's data after a loss on either side, and returns its channels' positions.

        Only a restored exchange accepts data: openings of entries restored without them, and places
        confirmed by their recipients' signatures.

        Raises:
            EntryMismatch: If an opening does not match its entry.
        """
        unopened = await self._reconciliation.take(node, request)
        await self._committer.follow()
        return ReconcileReply(
            epoch=self._epoch,
            channels=places_of(node, self._desk.registry.channels),
            unopened=unopened,
        )

    async def _hand_out(self, node: str, items: Sequence[MailItem]) -> DeliverCommand:
        work = DeliverCommand(node, items)
        await (self._submit(work, internal=True) if items else self.others.catch_up())
        return work

    async def entries(
        self, start: int, end: int, agency: str = "", *, to_directory: bool = False
    ) -> EntryRange:
        """Returns entries and a checkpoint that covers them; see ``EntryPages.page``."""
        return await self._pages.page(start, end, agency, to_directory=to_directory)

    async def checkpoint(self) -> bytes:
        """Returns the note of a checkpoint over all durable entries, with its cosignatures."""
        return self._cosignatures.merged(*await self._log.checkpoint(self._log.size))

    async def tile(self, tile: Tile) -> bytes:
        """Returns the content of a tile of the log.

        Raises:
            NotFound: If the newest checkpoint does not cover all of it.
        """
        return await self._log.tile(tile)

    async def cosign(self, node: str, turn: CosignRequest) -> CosignReply:
        """Accepts a cosigning node's turn, and answers when there is a newer checkpoint.

        Raises:
            LogError: If its cosignature or evidence is invalid.
        """
        seen = await self._cosignatures.hear(node, turn)
        if turn.checkpoint and self._cosignatures.is_cosigned(node, turn.checkpoint):
            await self.resume_barrier.hear(node)
        return await self._cosignatures.answer(node, turn, seen)
