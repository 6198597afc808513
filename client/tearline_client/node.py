"""``Node``: an agency's node, as programs use it."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Self

from tearline.errors import EXCHANGE_AWAY, TearlineError
from tearline_client.access_log.access_log import AccessLog
from tearline_client.access_log.anchors import AccessLogAnchors
from tearline_client.access_log.persons import PersonLog
from tearline_client.bootstrap import HANDLERS, start_state
from tearline_client.context import NodeContext
from tearline_client.cosigning.cosigner import Cosigner
from tearline_client.cosigning.followed_log import FollowedLog
from tearline_client.directory import Directory
from tearline_client.features.agreements.proposals import ProposalService
from tearline_client.features.agreements.service import AgreementService
from tearline_client.features.approvals.reviews import Services
from tearline_client.features.approvals.service import ApprovalService
from tearline_client.features.cases.decisions import CaseDecisionService
from tearline_client.features.cases.service import CaseService
from tearline_client.features.consents.own_sources import OwnSources
from tearline_client.features.consents.previews import ConsentPreviews
from tearline_client.features.consents.service import ConsentService
from tearline_client.features.corrections.service import CorrectionService
from tearline_client.features.decisions.service import DecisionService
from tearline_client.features.erasures.service import ErasureService
from tearline_client.features.packets.bulk import BulkSender
from tearline_client.features.packets.disclosure import DisclosureService
from tearline_client.features.packets.free_text import FreeText
from tearline_client.features.packets.onward_use import OnwardUse
from tearline_client.features.packets.reader import verify_read_on
from tearline_client.features.packets.service import PacketService
from tearline_client.features.recalls.service import RecallService
from tearline_client.features.requests.answers import AnswerService
from tearline_client.features.requests.service import RequestService
from tearline_client.features.suspensions.service import SuspensionService
from tearline_client.features.worklist.service import Task, Worklist
from tearline_client.inbox.inbox import Inbox
from tearline_client.inbox.receiver import Receiver
from tearline_client.jobs import Jobs
from tearline_client.key_management.records import KeyRecords
from tearline_client.keys.home import TOKEN_KEY, Home, Identity
from tearline_client.keys.keystore import Keystore
from tearline_client.messages.received import Received
from tearline_client.namespaces.audit import Audit
from tearline_client.namespaces.keys import Keys
from tearline_client.namespaces.packets import Packets
from tearline_client.notifications.hooks import Notifications
from tearline_client.outbox.duties import Duties
from tearline_client.outbox.lock import Presence
from tearline_client.outbox.outbox import Outbox
from tearline_client.outbox.sender import Sender
from tearline_client.persons.actors import Actors
from tearline_client.recovery.reconcile import Reconciler
from tearline_client.rules.search_index import index_in_turns
from tearline_client.status import NodeStatus, status_of
from tearline_client.store.access import AccessStore
from tearline_client.synchronisation import Synchronisation
from tearline_client.transport.connection import Connection
from tearline_client.transport.interface import Transport


class Node:
    """Agency's node. ``Node.open`` opens it; close it, or use it as a context manager.

    Example:
        >>> async def send_lead() -> Sent:
        ...     async with await Node.open("us-justice", passphrase=passphrase) as node:
        ...         await node.sync()
        ...         draft = node.packets.draft(group, about, agreement="narcotics-2026")
        ...         plan = node.packets.plan(draft, ["cn-public-security", "mx-prosecutor"])
        ...         return await node.packets.send([plan])
        >>> asyncio.run(send_lead()).refused
        ()
    """

    def __init__(self, context: NodeContext, home: Home, keystore: Keystore) -> None:
        self._context = context
        self.home = home
        self.keystore = keystore
        self.directory = Directory(context)
        store = AccessStore(context.stores.database)
        record = PersonLog(store, context.uri, context.now_ms).record
        self.persons = Actors(home, keystore, self.now_ms, record)
        self.sign_ins = self.persons.sign_ins
        self.register = self.persons.register
        self._jobs = Jobs(context)
        self._sender = Sender(context, home.sending_lock, HANDLERS)
        self._duties = Duties(context, HANDLERS)
        onward = OnwardUse(context)
        outbox = Outbox(context, self._sender, self._duties, self._synchronise)
        releases = PacketService(context, self._sender, outbox, onward)
        disclosures = DisclosureService(context, outbox, releases, onward)
        words = FreeText(context, onward)
        self._records = KeyRecords(context, home, self._sender, outbox)
        self._inbox = Inbox(context, Receiver(context, HANDLERS), self._records)
        self._recovery = Reconciler(context)
        self.connection = Connection(home, keystore, context.transport, self.now_ms)
        self.keys = Keys(context, home, self._records, self.connection, words, self._synchronise)
        self._anchors = AccessLogAnchors(context, store, self._sender)
        access = AccessLog(
            store,
            context.uri,
            keystore.storage_key("access"),
            context.now_ms,
            lambda name, contents: self.persons.reader(name, contents=contents),
            lambda packets: verify_read_on(context, packets),
        )
        self.cosigning = Cosigner(context, self.keys.cosigner)
        self.log = FollowedLog(context, self.cosigning)
        self._synchronisation = Synchronisation(
            context=context,
            cosigner=self.cosigning,
            recovery=self._recovery,
            records=self._records,
            anchors=self._anchors,
            duties=self._duties,
            sender=self._sender,
            inbox=self._inbox,
        )
        self.audit = Audit(context, access, self.persons, sync=self.sync, receive=self.receive)
        self.notifications = Notifications(context)
        self.decisions = DecisionService(
            context,
            Presence(home.deciding_lock),
            outbox,
            releasing=releases,
            disclosures=disclosures,
        )
        self.recalls = RecallService(context, outbox)
        self.corrections = CorrectionService(context, releases, access)
        previews = ConsentPreviews(context, disclosures, words)
        self.consents = ConsentService(
            context, outbox, previews, disclosures, words, self.decisions
        )
        self.own_sources = OwnSources(context)
        self.cases = CaseService(context, words)
        self.case_decisions = CaseDecisionService(context, self.cases, self.decisions, outbox)
        self.packets = Packets(
            context,
            access,
            outbox,
            releases=releases,
            decisions=self.decisions,
            disclosures=disclosures,
            cases=self.cases,
            token_key=lambda: keystore.get(TOKEN_KEY),
        )
        self.requests = RequestService(context, outbox, access, self.decisions, words)
        self.answers = AnswerService(context, self.decisions, releases, self.requests)
        self.imports = BulkSender(
            context, self._sender, releases, self.cosigning, self._synchronise
        )
        services = Services(
            releasing=releases,
            disclosures=disclosures,
            requests=self.requests,
            answers=self.answers,
            consents=self.consents,
            previews=previews,
        )
        self.approvals = ApprovalService(context, services, self.persons, access, self.decisions)
        self.notifications.watch(self.requests.due)
        self.notifications.watch(self.recalls.due)
        self.agreements = AgreementService(context, home, outbox)
        self.proposals = ProposalService(context, self.agreements.publish)
        self.erasures = ErasureService(context, words, self.agreements.publish)
        self.suspensions = SuspensionService(context, outbox)
        self._worklist = Worklist(
            context,
            requests=self.requests,
            approvals=self.approvals,
            recalls=self.recalls,
            consents=self.consents,
            proposals=self.proposals,
            cases=self.cases,
        )

    @classmethod
    async def open(
        cls,
        path: str | Path,
        *,
        passphrase: bytes,
        address: str = "",
        timeout_s: float = 30,
        transport: Transport | None = None,
        asks_before_erasing: bool = False,
    ) -> "Node":
        """Opens the node in a home.

        Args:
            path: The home.
            passphrase: Opens its keystore.
            address: host:port of the exchange, if not the listed one.
            timeout_s: Time limit of one call, in seconds.
            transport: Replacement of the connection to the exchange, for tests.
            asks_before_erasing: Whether a person decides about partners' recalls before their
                deadline; otherwise the node erases at once.

        Raises:
            TearlineError: If a part of the home is missing or cannot be opened.
        """
        home = Home(Path(path).expanduser())
        identity = home.identity()
        keystore = Keystore.open(home.keys, passphrase)
        context = start_state(
            home,
            identity,
            keystore,
            address=address,
            timeout_s=timeout_s,
            transport=transport,
            asks_before_erasing=asks_before_erasing,
        )
        return cls(context, home, keystore)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection and closes the database."""
        await self._context.transport.close()
        self._context.stores.database.close()

    @property
    def uri(self) -> str:
        """Returns the node's URI."""
        return self._context.uri

    def identity(self) -> Identity:
        """Returns the names of the node and its agency, and its trust domain."""
        return self.home.identity()

    # Synchronisation.

    async def sync(self) -> None:
        """Reads the log, keeps our keys on record, runs due jobs and sends the outbox.

        A job that fails stops no other; see ``Jobs``.

        Raises:
            ExchangeError: If the exchange is out of reach.
            LogError: If the log is not the one followed so far.
            TwinAtWork: If another copy of this node is running.
        """
        await self._synchronisation.run()
        self._jobs.run(drafts=self.approvals.expire)
        await self.decisions.run()

    async def look(self) -> None:
        """Synchronises for a command: for a minute, neither its acts nor ``look`` do so again.

        Raises:
            TearlineError: As ``sync``.
        """
        if not self._synchronisation.has_looked():
            await self.sync()
            self._synchronisation.note_look()

    async def _synchronise(self) -> None:
        await self._synchronisation.run_once()

    def take_over(self) -> None:
        """Makes this copy the node again, after every other copy has ended; see ``Reconciler``."""
        self._recovery.take_over()

    # Receiving.

    def inbox(self, *, wait: bool = False) -> AsyncIterator[Received]:
        """Yields arrivals one by one, verified and stored.

        Arrivals of one page are stored together. If the caller stops early, the rest of the page is
        among the packets here, and is not yielded again.

        Args:
            wait: Whether to wait for more once the mailbox is read.
        """
        return self._inbox.arrivals(wait=wait)

    async def receive(self) -> int:
        """Receives the whole mailbox, and notifies the senders; returns the number of arrivals."""
        await self.sync()
        return await self._synchronisation.take_in()

    async def unread(self) -> int:
        """Returns the number of unread items in the mailbox; see ``Inbox.unread``."""
        return await self._inbox.unread()

    async def refresh(self) -> TearlineError | None:
        """Receives the mailbox after ``look``, unless the exchange is unreachable.

        Returns:
            The error if the exchange was unreachable, else None. The state here is then that of
            ``known_ms``.
        """
        try:
            await self.look()
            await self._synchronisation.take_in()
        except EXCHANGE_AWAY as error:
            return error
        return None

    def known_ms(self) -> int:
        """Returns the time of the newest checkpoint read here, Unix milliseconds, or 0."""
        return self._context.follower.time_s() * 1000

    async def tell(self) -> None:
        """Sends receipts for grants, and the other answers that partners wait for."""
        await self._synchronisation.tell()

    async def mark(self) -> int:
        """Signs and sends a mark for every changed channel; see ``Synchronisation.mark``."""
        return await self._synchronisation.mark()

    # State.

    def now_ms(self) -> int:
        """Returns the time by this machine's clock, Unix milliseconds."""
        return self._context.now_ms()

    def own_policies(self) -> str:
        """Returns the agency's own policies in force, as Cedar text; empty without any."""
        own = self._context.policies.own
        return "" if own is None else own.text

    def is_ready(self) -> bool:
        """Returns whether a statement sealed now would be valid; see ``NodeContext.is_ready``."""
        return self._context.is_ready()

    def forget_quarantined(self, code: str) -> int:
        """Deletes all quarantined items with a code; returns their number."""
        with self._context.stores.database.transaction():
            return self._context.stores.inbox.forget(code)

    def jobs_waiting(self) -> Mapping[str, int]:
        """Returns the number of items that wait for background work, by job."""
        return self._context.stores.backlog.jobs()

    async def update_indexes(self) -> None:
        """Stores what later reads need, while other tasks run.

        It indexes packets that were sent or opened further since, and computes states of requests.
        """
        with self._jobs.attempt("index"):
            await index_in_turns(self._context)
        await self.requests.prepare()

    def keep_statistics(self) -> None:
        """Lets the database adapt its statistics to its size."""
        self._context.stores.database.keep_statistics()

    def todo(self) -> tuple[Task, ...]:
        """Returns the tasks that wait for a person, most urgent first; see ``Worklist``.

        The tasks are those known here: ``receive`` first. They hold no contents of packets.
        """
        return self._worklist.tasks()

    async def todo_in_turns(self) -> tuple[Task, ...]:
        """Returns the same as ``todo``, and gives other work its turn meanwhile."""
        return await self._worklist.tasks_in_turns()

    def status(self) -> NodeStatus:
        """Returns the node's status."""
        return status_of(self._context, certificate_end_ms=self.connection.end_ms)
