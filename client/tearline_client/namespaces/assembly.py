"""Assembly of a node: its namespaces, and the pipelines beneath them."""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING

from tearline.persons.tokens import Role
from tearline_client.access_log.access_log import AccessLog
from tearline_client.access_log.anchors import AccessLogAnchors
from tearline_client.access_log.persons import PersonLog
from tearline_client.bootstrap import HANDLERS
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
from tearline_client.features.consents.steps import ConsentSteps
from tearline_client.features.corrections.service import CorrectionService
from tearline_client.features.decisions.service import DecisionService
from tearline_client.features.erasures.service import ErasureService
from tearline_client.features.federation.service import FederationService
from tearline_client.features.packets.bulk import BulkSender
from tearline_client.features.packets.disclosure import DisclosureService
from tearline_client.features.packets.free_text import FreeText
from tearline_client.features.packets.onward_use import OnwardUse
from tearline_client.features.packets.reader import verify_read_on
from tearline_client.features.packets.service import PacketService
from tearline_client.features.packets.uploads import Uploads
from tearline_client.features.recalls.service import RecallService
from tearline_client.features.requests.answers import AnswerService
from tearline_client.features.requests.service import RequestService
from tearline_client.features.suspensions.service import SuspensionService
from tearline_client.features.worklist.service import Worklist
from tearline_client.inbox.inbox import Inbox
from tearline_client.inbox.receiver import Receiver
from tearline_client.jobs import Jobs
from tearline_client.key_management.records import KeyRecords
from tearline_client.keys.home import TOKEN_KEY, Home
from tearline_client.keys.keystore import Keystore
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
from tearline_client.store.access import AccessStore
from tearline_client.synchronisation import Synchronisation
from tearline_client.transport.connection import Connection

if TYPE_CHECKING:
    from tearline_client.features.feeds.service import FeedService
    from tearline_client.features.forms.service import FormService


class Assembly:
    """Namespaces of a node, assembled over its context.

    Args:
        context: The node.
        home: Its home.
        keystore: Its open keystore.
        sync: Synchronises the node, for the audit.
        receive: Receives the mailbox, for the audit.
    """

    def __init__(
        self,
        context: NodeContext,
        home: Home,
        keystore: Keystore,
        *,
        sync: Callable[[], Awaitable[None]],
        receive: Callable[[], Awaitable[int]],
    ) -> None:
        self._context = context
        self.home = home
        self.keystore = keystore
        self.directory = Directory(lambda: context.known)
        store = AccessStore(context.stores.database)
        record = PersonLog(store, context.uri, context.now_ms).record
        self.persons = Actors(
            home,
            keystore,
            self.now_ms,
            record,
            exchange=lambda: self.directory.members().exchange.uri,
        )
        self.sign_ins = self.persons.sign_ins
        self.register = self.persons.register
        self._jobs = Jobs(context)
        self.changes = context.stores.database.changes
        self._sender = Sender(context, home.sending_lock, HANDLERS)
        self._duties = Duties(context, HANDLERS)
        onward = OnwardUse(context)
        outbox = Outbox(context, self._sender, self._duties, self._synchronise, self._read_mailbox)
        uploads = Uploads(context)
        releases = PacketService(context, self._sender, outbox, onward, uploads)
        disclosures = DisclosureService(context, outbox, releases, onward)
        words = FreeText(context, onward)
        self.federation = FederationService(context, outbox, words)
        self._records = KeyRecords(context, home, self._sender, outbox)
        self._inbox = Inbox(context, Receiver(context, HANDLERS), self._records)
        self._recovery = Reconciler(context)
        self.connection = Connection(
            home,
            keystore,
            context.transport,
            self.now_ms,
            lambda: context.known.membership.constitutions[-1].constitution.exchange,
        )
        self.keys = Keys(context, home, self._records, self.connection, words, self._synchronise)
        self._anchors = AccessLogAnchors(context, store, self._sender)
        access = AccessLog(
            store,
            context.uri,
            keystore.storage_key("access"),
            context.now_ms,
            lambda name, contents: self.persons.reader(name, contents=contents),
            lambda packets: verify_read_on(context, packets),
            self.persons.subject_of,
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
        self.audit = Audit(context, access, self.persons, sync=sync, receive=receive)
        self.notifications = Notifications(context)
        self.decisions = DecisionService(
            context,
            Presence(home.deciding_lock),
            outbox,
            access=access,
            releasing=releases,
            disclosures=disclosures,
        )
        self.recalls = RecallService(context, outbox, access)
        self.corrections = CorrectionService(context, releases, access)
        previews = ConsentPreviews(context, disclosures, words)
        steps = ConsentSteps(context, outbox, previews, words, self.decisions)
        self.consents = ConsentService(context, steps, previews, disclosures, self.decisions)
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
            uploads=uploads,
        )
        self.requests = RequestService(context, outbox, access, self.decisions, words)
        self.answers = AnswerService(context, self.decisions, releases, self.requests)
        self.imports = BulkSender(
            context, self._sender, releases, self.cosigning, self._read_mailbox
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
        self.agreements = AgreementService(context, home, outbox, access)
        self.proposals = ProposalService(context, self.agreements.publish, access)
        self.erasures = ErasureService(context, words, self.agreements.publish, access)
        self.suspensions = SuspensionService(context, outbox)
        self._record = record
        self._access = access
        self._access_store = store
        self._worklist = Worklist(
            context,
            requests=self.requests,
            approvals=self.approvals,
            recalls=self.recalls,
            consents=self.consents,
            proposals=self.proposals,
            cases=self.cases,
        )

    @cached_property
    def forms(self) -> "FormService":
        """Forms that persons fill in; see ``FormService``."""
        from tearline_client.features.forms.service import FormService  # likewise

        return FormService(self._context)

    @cached_property
    def feeds(self) -> "FeedService":
        """Collections for service accounts; see ``FeedService``."""
        # Imported here: most commands do without it.
        from tearline_client.features.feeds.accounts import PREFIX
        from tearline_client.features.feeds.service import FeedService

        context, keystore = self._context, self.keystore
        readers = AccessLog(
            self._access_store,
            context.uri,
            keystore.storage_key("access"),
            context.now_ms,
            lambda name, contents: PREFIX + name,  # a program, and no person
            lambda packets: verify_read_on(context, packets),
        )
        key = keystore.storage_key("feed")
        return FeedService(
            context,
            readers,
            self._access,
            key,
            self._record,
            lambda name: self.persons.person(name, Role.OFFICER),
        )

    def now_ms(self) -> int:
        """Returns the time by this machine's clock, Unix milliseconds."""
        return self._context.now_ms()

    async def _synchronise(self) -> None:
        await self._synchronisation.run_once()

    async def _read_mailbox(self) -> None:
        await self._synchronisation.read_mailbox()
