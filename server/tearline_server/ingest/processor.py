"""Processor of batches for the committer, and notifier of waiters once they are durable."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet

from tearline.dataclass.immutable import immutable
from tearline.packets.packet import PacketParts
from tearline.statements.statement import Attestation
from tearline.tlog.merkle import Frontier
from tearline.verification.moment import Moment
from tearline_server.ingest.commands import Command
from tearline_server.keys import HeldKeys
from tearline_server.processing.authorship import authored, linked_parts
from tearline_server.processing.batch import Batch
from tearline_server.processing.commit_builder import compose
from tearline_server.processing.context import Publisher, SubmittedStatement
from tearline_server.processing.handlers.deliveries import hand_out_at_once
from tearline_server.processing.handlers.departures import acknowledge_departed
from tearline_server.processing.handlers.directory import due_lookups, state_directory
from tearline_server.processing.registry import Registry, verify_follows
from tearline_server.storage.commit import Commit
from tearline_server.storage.interface import Store
from tearline_server.storage.lookups import LookupResults, Lookups
from tearline_server.storage.rows import Head
from tearline_server.storage.snapshot import Snapshot
from tearline_server.timekeeper import Timekeeper


@immutable
class Listeners:
    """Callbacks for a durable batch.

    Attributes:
        mail: Called with the nodes that have new mail.
        recalls: Called with the packets that have new recalls.
        refusal: Called with each peer refused without a ruling, and the code.
        trust: Called when members or keys changed.
        directory: Called with the tree that ends with a directory.
    """

    mail: Callable[[AbstractSet[str]], None]
    recalls: Callable[[Iterable[bytes]], None]
    refusal: Callable[[str, str], None]
    trust: Callable[[], None]
    directory: Callable[[Frontier], None]


class StatementProcessor:
    """Processor of batches under one registry.

    Args:
        store: The store that the registry is derived from.
        registry: Keys, agreements, channels, mailboxes.
        keys: The exchange's keys.
        timekeeper: The time.
        listeners: The callbacks.
        at_rest: Live set of the URIs of nodes that wait for mail at this process. The store's
            thread reads it while it changes; both states of a changing node are valid.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        keys: HeldKeys,
        timekeeper: Timekeeper,
        listeners: Listeners,
        at_rest: AbstractSet[str],
    ) -> None:
        self._store = store
        self._keys = keys
        self._timekeeper = timekeeper
        self._listeners = listeners
        self._at_rest = at_rest
        self._batch: Batch | None = None
        self._head: Head | None = None
        self._news: Snapshot | None = None
        self._now_ms = 0
        self.registry = registry

    @property
    def head(self) -> Head | None:
        """Returns the head that the registry follows from."""
        return self.registry.head

    def linked_parts(
        self, claims: Iterable[SubmittedStatement], publisher: Publisher
    ) -> tuple[PacketParts, ...]:
        """Returns the parts of genuine packets that name documents, by the keys known here."""
        named = [each for each in claims if each.parts is not None and each.parts.blobs]
        if not named or self.registry.head is None:
            return ()
        head = self.registry.head
        time_ms = max(self._timekeeper.time_ms(), head.time_ms)
        at = Moment(index=head.tree.size, time_ms=time_ms)
        return linked_parts(authored(each, publisher, self.registry.trust, at) for each in named)

    def ask(self, works: Sequence[Command], head: Head, news: Snapshot | None) -> Lookups:
        """Applies the news, and returns the state to look up for a batch.

        Runs inside the transaction, because the lookups depend on the keys at its head.

        Raises:
            ClockDoubted: If the clock is in doubt, or the log is ahead of it.
        """
        self._timekeeper.verify(head.time_ms)
        self._news = news
        if news is not None:
            self.registry.follow(news)
        # The log's time never decreases, even if the clock does slightly.
        self._now_ms = max(self._timekeeper.time_ms(), head.time_ms)
        moment = Moment(index=head.tree.size, time_ms=self._now_ms)
        asked = (work.ask(self.registry, moment) for work in works)
        return Lookups.together([*asked, due_lookups(self.registry, self._now_ms)])

    def compose(self, works: Sequence[Command], known: LookupResults, head: Head) -> Commit:
        """Judges a batch, and returns its writes. Runs inside the transaction."""
        batch = Batch(head=head, known=known, now_ms=self._now_ms)
        attestations: dict[bytes, Attestation] = {}
        for work in works:
            work.judge(self.registry, batch)
            attestations.update(work.attestations)
        hand_out_at_once(self.registry, batch, self._at_rest)
        if batch.directory_due:
            state_directory(self.registry, batch)
        acknowledge_departed(self.registry, batch)
        self._batch = batch
        # As after the batch: a receipt counts under the key in force at its entry, or a later one.
        commit = compose(batch, attestations, self._keys.signer(self.registry.trust))
        self._head = Head(
            epoch=head.epoch, tree=commit.tree, time_ms=commit.time_ms, serial=head.serial + 1
        )
        return commit

    def committed(self, works: Sequence[Command]) -> None:
        """Wakes readers of mailboxes, and reports refusals and changes of trust."""
        batch = self._batch
        if batch is None:
            return
        self.registry.head = self._head
        if self._news is not None:
            self._tell(self._news)
        if batch.trust_changed:
            self._listeners.trust()
        if batch.recalls:
            self._listeners.recalls(batch.recalls)
        if batch.directory_due and self._head is not None:
            self._listeners.directory(self._head.tree)
        if batch.mail:
            self._listeners.mail({item.node for item in batch.mail})
        for peer, code in batch.strangers:
            self._listeners.refusal(peer, code)

    async def follow(self) -> Frontier | None:
        """Applies writes of others, and wakes their waiters; returns the log's new tree, or None.

        Raises:
            FrontierDamaged: If the store holds less than what was read from it before.
        """
        head = self.registry.head
        news = await self._store.news(head) if head else None
        if news is None:
            return None
        self.registry.follow(news)
        self._tell(news)
        return news.head.tree

    async def restore(self) -> None:
        """Reloads the stored state.

        Raises:
            FrontierDamaged: If it is less than what was read before.
        """
        stored = await self._store.load()
        verify_follows(stored.head, self.registry.head)
        # Reading all signatures and agreements is slow; other calls are answered meanwhile.
        self.registry = await asyncio.to_thread(
            Registry.restore, self.registry.installation, stored
        )
        self._tell(stored)

    def _tell(self, news: Snapshot) -> None:
        if news.clear:
            self._listeners.trust()
        if news.mailboxes:
            self._listeners.mail(news.mailboxes.keys())
