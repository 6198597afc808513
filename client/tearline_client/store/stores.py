"""All stores of a node."""

from functools import cached_property
from typing import TYPE_CHECKING

from tearline_client.store.agreements import AgreementStore
from tearline_client.store.approvals import ApprovalStore
from tearline_client.store.awaiting_cosignature import AwaitingCosignatureStore
from tearline_client.store.backlog import BacklogStore
from tearline_client.store.bulk_sends import BulkSendStore
from tearline_client.store.case_files import CaseFileStore
from tearline_client.store.cases import CaseStore
from tearline_client.store.channels import ChannelStore
from tearline_client.store.confirmed_repeats import RepeatStore
from tearline_client.store.consents import ConsentStore
from tearline_client.store.corrections import CorrectionStore
from tearline_client.store.cosigning import CosigningStore
from tearline_client.store.database import Database
from tearline_client.store.decisions import DecisionStore
from tearline_client.store.erasures import ErasureStore
from tearline_client.store.inbox import InboxStore
from tearline_client.store.index_queue import IndexQueue
from tearline_client.store.light import LightStore
from tearline_client.store.log import LogStore
from tearline_client.store.membership import MembershipStore
from tearline_client.store.notifications import NotificationStore
from tearline_client.store.outbox import OutboxStore
from tearline_client.store.own_keys import OwnKeyStore
from tearline_client.store.own_sources import OwnSourceStore
from tearline_client.store.packets import PacketStore
from tearline_client.store.proposals import ProposalStore
from tearline_client.store.recall_holds import HoldStore
from tearline_client.store.recalls import RecallStore
from tearline_client.store.receipts import ReceiptStore
from tearline_client.store.recovery import RecoveryStore
from tearline_client.store.request_states import RequestStateStore
from tearline_client.store.requests import RequestStore
from tearline_client.store.returned_grants import ReturnedStore
from tearline_client.store.search_texts import SearchTextStore
from tearline_client.store.stopped_grants import StoppedGrantStore
from tearline_client.store.suspensions import SuspensionStore
from tearline_client.store.uploads import UploadStore
from tearline_client.store.value_index import ValueStore

if TYPE_CHECKING:
    from tearline_client.store.drafts import DraftStore
    from tearline_client.store.feed import FeedStore
    from tearline_client.store.service_accounts import ServiceAccountStore


class Stores:
    """Stores of the node's database.

    Args:
        database: The database.
        value_key: 32 bytes; see ``ValueStore``.
    """

    def __init__(self, database: Database, *, value_key: bytes) -> None:
        self.database = database
        self.log = LogStore(database)
        self.light = LightStore(database)
        self.cosigning = CosigningStore(database)
        self.channels = ChannelStore(database)
        self.outbox = OutboxStore(database)
        self.packets = PacketStore(database)
        self.receipts = ReceiptStore(database)
        self.returned_grants = ReturnedStore(database)
        self.own_keys = OwnKeyStore(database)
        self.agreements = AgreementStore(database)
        self.approvals = ApprovalStore(database, self.agreements)
        self.decisions = DecisionStore(database, self.agreements)
        self.notifications = NotificationStore(database)
        self.inbox = InboxStore(database)
        self.recovery = RecoveryStore(database)
        self.membership = MembershipStore(database)
        self.recalls = RecallStore(database)
        self.holds = HoldStore(database)
        self.corrections = CorrectionStore(database)
        self.stopped_grants = StoppedGrantStore(database)
        self.suspensions = SuspensionStore(database, self.agreements)
        self.requests = RequestStore(database, self.packets, self.agreements, self.suspensions)
        self.request_states = RequestStateStore(database)
        self.erasures = ErasureStore(database, self.log)
        self.consents = ConsentStore(database, self.packets)
        self.own_sources = OwnSourceStore(database)
        self.repeats = RepeatStore(database)
        self.cases = CaseStore(database)
        self.case_files = CaseFileStore(database)
        self.proposals = ProposalStore(database, self.agreements)
        self.awaiting_cosignature = AwaitingCosignatureStore(database)
        self.bulk_sends = BulkSendStore(database)
        self.backlog = BacklogStore(database)
        self.values = ValueStore(database, value_key)
        self.search_texts = SearchTextStore(database)
        self.index_queue = IndexQueue(database)
        self.uploads = UploadStore(database)

    @cached_property
    def feed(self) -> "FeedStore":
        """Rows of collections; imported here, since most commands do without it."""
        from tearline_client.store.feed import FeedStore

        return FeedStore(self.database)

    @cached_property
    def drafts(self) -> "DraftStore":
        """Drafts of programs and forms of persons; imported here likewise."""
        from tearline_client.store.drafts import DraftStore

        return DraftStore(self.database)

    @cached_property
    def service_accounts(self) -> "ServiceAccountStore":
        """Service accounts; imported here likewise."""
        from tearline_client.store.service_accounts import ServiceAccountStore

        return ServiceAccountStore(self.database)
