"""The loop of a node: it reads the log, does its duties, sends the outbox and reads the mailbox."""

import asyncio
from dataclasses import dataclass, field

from tearline.errors import ExchangeUnreachable, MembershipEnded, TrustError
from tearline_client.access_log.anchors import AccessLogAnchors
from tearline_client.context import NodeContext
from tearline_client.cosigning.cosigner import Cosigner
from tearline_client.features.agreements.handler import put_in_force
from tearline_client.features.channels.handler import queue_marks
from tearline_client.features.recalls.handler import erase_ended, erase_recalled
from tearline_client.inbox.inbox import Inbox
from tearline_client.jobs import Jobs
from tearline_client.key_management.foreign_keys import watch_own_name
from tearline_client.key_management.records import KeyRecords
from tearline_client.outbox.duties import Duties
from tearline_client.outbox.sender import Sender
from tearline_client.recovery.reconcile import Reconciler

_LOOKED_MS = 60_000  # a person who thinks longer acts on a log that is read anew


@dataclass(slots=True, kw_only=True)
class Synchronisation:
    """Rounds of one node.

    Attributes:
        context: The node.
        cosigner: Follows and cosigns the log.
        recovery: Reconciles node and exchange after a loss.
        records: The node's keys on record.
        anchors: The anchors of the access log.
        duties: Acts that the node owes.
        sender: The outbox.
        inbox: The mailbox.
        looked_ms: Time of a command's last ``Node.look``, Unix milliseconds, or 0.
    """

    context: NodeContext
    cosigner: Cosigner
    recovery: Reconciler
    records: KeyRecords
    anchors: AccessLogAnchors
    duties: Duties
    sender: Sender
    inbox: Inbox
    looked_ms: int = 0
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def run(self) -> None:
        """Synchronises; see ``Node.sync``, which also does what waits for a person's decision."""
        try:
            await self._follow()
            self.context.verify_member()
        except MembershipEnded:
            self._erase_ended()
            raise
        with self.context.stores.database.transaction():
            self.context.stores.membership.forget_counted()
        watch_own_name(self.context)
        self.context.verify_alone()
        try:
            await self.recovery.run()
            await self._keep_records()
        finally:
            # With a key that may have come on record just now; and an exchange that was restored
            # takes nothing before it has heard what we cosigned.
            await self.cosigner.turn()
        anew = self.duties.reseal()
        self.duties.run_due()
        await self.sender.flush()
        if later := self.duties.reseal():
            await self.sender.flush()
        if anew or later:
            # A step that was sealed anew is pending until the log shows it: an act may follow.
            await self.context.follow()

    async def _follow(self) -> None:
        """Follows the log, and notes the exchange's word that our membership has ended.

        It accepts no new connection from a former member, and cannot give a reason then.
        """
        stores = self.context.stores
        try:
            await self.cosigner.follow()
        except MembershipEnded:
            with stores.database.transaction():
                stores.membership.note_told(self.context.now_ms())
            raise
        except ExchangeUnreachable as error:
            if (end := self.context.membership_end()) is not None:
                raise end.error() from error
            raise
        with stores.database.transaction():
            stores.membership.forget_told()

    def _erase_ended(self) -> None:
        """Erases packets that partners recalled, and those whose grants end with membership.

        While its clock is behind the counted time, no grant is erased.
        """
        # Imported here: a member's node does without it.
        from tearline_client.log.counted_time import count_time

        context = self.context
        log_ms = context.follower.time_s() * 1000
        try:
            at = count_time(context.stores, log_ms=log_ms, now_ms=context.now_ms())
        except TrustError:
            return
        with Jobs(context).attempt("expiry"):
            erase_recalled(context, at)
            erase_ended(context, at)

    async def _keep_records(self) -> None:
        try:
            self.context.follower.verify_fresh(self.context.now_ms())
        except TrustError:
            # A wrong clock begins or ends no key. Arrivals are received all the same, and each
            # attempt to seal is refused.
            return
        await self.records.keep()
        Jobs(self.context).run(anchoring=self.anchors.anchor)

    async def run_once(self) -> None:
        """Synchronises for an act, unless its command has just done so; see ``has_looked``."""
        if not self.has_looked():
            await self.run()

    def has_looked(self) -> bool:
        """Returns whether a command synchronised with this node within the last minute."""
        since_ms = self.context.now_ms() - self.looked_ms
        return 0 <= since_ms < _LOOKED_MS

    def note_look(self) -> None:
        """Records that a command has synchronised, for the acts that follow it."""
        self.looked_ms = self.context.now_ms()

    async def read_mailbox(self) -> None:
        """Synchronises as ``run_once``; reads the mailbox in any case, for an act that sends.

        A partner may have suspended the agreement since the command looked. Acts of several persons
        read it one after another: the exchange serves an agency few streams at a time.
        """
        await self.run_once()
        async with self._reading:
            await self._arrivals()

    async def take_in(self) -> int:
        """Receives the mailbox, and notifies the senders; returns the number of arrivals."""
        count = await self._arrivals()
        with Jobs(self.context).attempt("proposals"):
            if put_in_force(self.context):
                await self.sender.flush()
                count += await self._arrivals()  # a version that all parties signed comes here, too
        await self.tell()
        return count

    async def _arrivals(self) -> int:
        count = 0
        async for _ in self.inbox.arrivals(wait=False):
            count += 1
        return count

    async def tell(self) -> None:
        """Sends receipts for grants, and the other answers that partners wait for."""
        self.duties.answer()
        await self.sender.flush()

    async def mark(self) -> int:
        """Signs and sends a mark for every changed channel; returns their number.

        Raises:
            TwinAtWork: If another copy of this node is running; then no mark is signed.
        """
        self.context.verify_alone()
        count = queue_marks(self.context)
        await self.sender.flush()
        return count
