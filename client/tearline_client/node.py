"""``Node``: an agency's node, as programs use it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from tearline.agreements.agreement import Agreement
from tearline.audit.event import EventCode
from tearline.errors import EXCHANGE_AWAY, TearlineError, TrustError
from tearline.packets.packet import Field, OpenedField
from tearline.persons.tokens import Role
from tearline.statements.statement import ActedBy
from tearline.tlog.checkpoint import CheckpointSigner
from tearline.wire.federation import parse_revocation
from tearline.wire.statements import Signed
from tearline_client.access_log.access_log import AccessLog
from tearline_client.access_log.anchoring import AccessLogAnchors
from tearline_client.audit.value_search import ValueField
from tearline_client.bootstrap import HANDLERS, start_state
from tearline_client.context import NodeContext
from tearline_client.cosigning.cosigner import Cosigner
from tearline_client.cosigning.followed_log import FollowedLog
from tearline_client.directory import Directory
from tearline_client.features.agreements.proposals import ProposalService
from tearline_client.features.agreements.records import AgreementRecords
from tearline_client.features.agreements.service import AgreementService
from tearline_client.features.approvals.service import ApprovalService, Services
from tearline_client.features.cases.decisions import CaseDecisionService
from tearline_client.features.cases.service import CaseService
from tearline_client.features.consents.own_sources import OwnSources
from tearline_client.features.consents.service import ConsentService
from tearline_client.features.corrections.service import CorrectionService
from tearline_client.features.decisions.service import DecisionService
from tearline_client.features.erasures.service import draft_order, sign_order
from tearline_client.features.packets.bulk import BulkSender
from tearline_client.features.packets.disclosure import DisclosureService
from tearline_client.features.packets.free_text import FreeText
from tearline_client.features.packets.onward_use import OnwardUse
from tearline_client.features.packets.reader import PacketReader, verify_read_on
from tearline_client.features.packets.records import PacketRecords
from tearline_client.features.packets.service import PacketService, Persons, Sent
from tearline_client.features.recalls.service import RecallService
from tearline_client.features.requests.answers import AnswerService
from tearline_client.features.requests.service import RequestService
from tearline_client.features.search.search import EVERYWHERE, SearchFilter
from tearline_client.features.suspensions.service import SuspensionService
from tearline_client.features.worklist.service import Task, Worklist
from tearline_client.inbox.inbox import Inbox
from tearline_client.inbox.receiver import Receiver
from tearline_client.jobs import Jobs
from tearline_client.key_management.foreign_keys import watch_own_name
from tearline_client.key_management.records import KeyRecords
from tearline_client.keys.home import TOKEN_KEY, Home, Identity
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.rotation import KeyKind, rotation_due
from tearline_client.messages.packet_view import PacketView
from tearline_client.messages.received import Received
from tearline_client.notifications.hooks import Notifications
from tearline_client.outbox.lock import Presence
from tearline_client.outbox.sender import Sender
from tearline_client.persons.actors import Actors
from tearline_client.planning.drafts import About, draft_packet
from tearline_client.planning.entities import Group
from tearline_client.planning.mentions import Mention
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.recovery.reconcile import Reconciler
from tearline_client.status import NodeStatus, status_of
from tearline_client.store.access import AccessStore
from tearline_client.transport.connection import Connection
from tearline_client.transport.grpc import Transport


class Node:
    """An agency's node. Open it with ``Node.open``; close it, or use it as a context.

    Example:
        >>> async def send_lead() -> Sent:
        ...     async with await Node.open("us-justice", passphrase=passphrase) as node:
        ...         await node.sync()
        ...         draft = node.draft(group, about, agreement="narcotics-2026")
        ...         plan = node.plan(draft, ["cn-public-security", "mx-prosecutor"])
        ...         return await node.send([plan])
        >>> asyncio.run(send_lead()).refused
        ()
    """

    def __init__(self, context: NodeContext, home: Home, keystore: Keystore) -> None:
        self.state = context
        self.home = home
        self.keystore = keystore
        self.packets = PacketRecords(context)
        self.agreements = AgreementRecords(context)
        self.log = FollowedLog(context)
        self.directory = Directory(context)
        self._actors = Actors(home, keystore)
        self.sign_ins = self._actors.sign_ins
        self._jobs = Jobs(context)
        self._sender = Sender(context, home.sending_lock, HANDLERS)
        onward = OnwardUse(context)
        self._packets = PacketService(context, self._sender, onward)
        self._disclosures = DisclosureService(context, self._sender, self._packets, onward)
        self._records = KeyRecords(context, home, context.keys, self._sender)
        self._inbox = Inbox(context, Receiver(context, HANDLERS), self._records)
        self._recovery = Reconciler(context)
        self._connection = Connection(home, keystore, context.transport)
        access = AccessStore(context.stores.database)
        self._anchors = AccessLogAnchors(context, access, self._sender)
        self.access = AccessLog(
            access,
            context.uri,
            keystore.storage_key("access"),
            context.now_ms,
            lambda name, contents: self._actors.reader(
                name, contents=contents, now_ms=context.now_ms()
            ),
            lambda packets: verify_read_on(context, packets),
        )
        self._reader = PacketReader(context, self.access, self._sender)
        self.cosigning = Cosigner(context, self.cosigner)
        self.notifications = Notifications(context)
        self.decisions = DecisionService(
            context,
            Presence(home.deciding_lock),
            self.sync,
            releasing=self._packets,
            disclosures=self._disclosures,
        )
        self.recalls = RecallService(context, self._sender, self.sync)
        self.corrections = CorrectionService(context, self._packets)
        self._words = words = FreeText(context, onward)
        self.consents = ConsentService(
            context, self._sender, self._packets, self._disclosures, words, self.decisions
        )
        self.own_sources = OwnSources(context)
        self.cases = CaseService(context, words)
        self.case_decisions = CaseDecisionService(context, self.cases, self.decisions, self._sender)
        self.requests = RequestService(context, self._sender, self.decisions, words)
        self.answers = AnswerService(context, self.decisions, self._packets, self.requests)
        self.imports = BulkSender(context, self._sender, self._packets, self.cosigning)
        desks = Services(
            releasing=self._packets,
            disclosures=self._disclosures,
            requests=self.requests,
            answers=self.answers,
            consents=self.consents,
        )
        self.approvals = ApprovalService(context, desks, self._actors, self.decisions)
        self.notifications.watch(self.requests.due)
        self.notifications.watch(self.recalls.due)
        self._agreements = AgreementService(context, home, self._sender, self._packets, self.sync)
        self.proposals = ProposalService(context, self._sender, self._agreements.publish)
        self.suspensions = SuspensionService(context, self._sender)
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
            timeout_s: How long one call may take.
            transport: Another way to the exchange, for tests.
            asks_before_erasing: Whether a person decides on what partners recall, while there
                is time; else the node erases at once.

        Raises:
            TearlineError: If a part of the home is missing or cannot be opened.
        """
        home = Home(Path(path).expanduser())
        identity = home.identity()
        keystore = Keystore.open(home.keys, passphrase)
        state = start_state(
            home,
            identity,
            keystore,
            address=address,
            timeout_s=timeout_s,
            transport=transport,
            asks_before_erasing=asks_before_erasing,
        )
        return cls(state, home, keystore)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connection and closes the database."""
        await self.state.transport.close()
        self.state.stores.database.close()

    @property
    def uri(self) -> str:
        """The node's URI."""
        return self.state.uri

    def identity(self) -> Identity:
        """Whose node this is."""
        return self.home.identity()

    # Coming up to date.

    async def sync(self) -> None:
        """Reads the log, keeps our keys on record, does chores, sends what waits.

        A chore that fails stops no other; see ``Jobs``.

        Raises:
            RequestError: If the exchange is out of reach.
            LogError: If the log is not the one followed so far.
            TwinAtWork: If another copy of this node is at work.
        """
        await self.cosigning.follow()
        watch_own_name(self.state)
        self.state.verify_alone()
        try:
            await self._recovery.run()
            await self._keep_records()
        finally:
            # With a key that may have come on record just now; and an exchange that was restored
            # takes nothing before it has heard what we cosigned.
            await self.cosigning.turn()
        self._sender.reseal()
        self._jobs.run(
            proposals=self.proposals.put_in_force,
            recalls=self.recalls.run,
            drafts=self.approvals.expire,
            standings=self.suspensions.settle,
            cases=self.cases.turn,
            requests=self.requests.attend,
        )
        await self._sender.flush()
        if self._sender.reseal():
            await self._sender.flush()
        await self.decisions.run()

    async def _keep_records(self) -> None:
        try:
            self.state.follower.verify_fresh(self.state.now_ms())
        except TrustError:
            # By a wrong clock no key begins or ends. What arrives is taken in all the same;
            # whoever seals something is told.
            return
        await self._records.keep()
        self._jobs.run(anchoring=self._anchors.anchor, standings=self.suspensions.affirm)

    def take_over(self) -> None:
        """Makes this copy the node again, once every other copy has ended; see ``Reconciler``."""
        self._recovery.take_over()

    # Keys.

    def is_connection_due(self) -> bool:
        """Whether ``renew_connection`` has something to do."""
        return self._connection.is_due(self.state.now_ms())

    def is_connection_current(self) -> bool:
        """Whether the TLS certificate in use is valid by this machine's clock."""
        return self._connection.is_current(self.state.now_ms())

    async def renew_connection(self) -> bool:
        """Renews the TLS certificate before it ends, and connects with it; see ``Connection``."""
        return await self._connection.renew(self.state.now_ms())

    def keys_due(self) -> tuple[KeyKind, ...]:
        """The kinds of key that are to be replaced; after ``sync``, those that take a person."""
        ends_ms = {**self._records.ends_ms(), KeyKind.TLS: self._connection.end_ms}
        return rotation_due(ends_ms, now_ms=self.state.now_ms())

    def cosigner(self) -> CheckpointSigner:
        """What signs checkpoints of the log for this node, as it is now; see ``NodeKeys``."""
        return self.state.keys.cosigner()

    async def rotate_encryption_key(self) -> None:
        """Puts a fresh encryption key on record, whatever is left of the old one's life.

        The old private key stays for what is sealed to it already.

        Raises:
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        await self.sync()
        await self._records.rotate(KeyKind.KEM)

    async def rotate_cosigning_key(self) -> None:
        """Puts a fresh cosigning key on record, and cosigns with it from then on.

        Raises:
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        await self.sync()
        await self._records.rotate(KeyKind.COSIGN)

    async def take_signing_record(self, record: Signed) -> None:
        """Puts the root's record of a new signing key in the log, and signs with it from then on.

        Raises:
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        await self.state.follow()
        await self._records.take_signing_record(record)

    async def publish_revocation(self, revocation: Signed, *, repeats: str = "") -> bool:
        """Has the log say, from now on, that a key of our agency has ended.

        Args:
            revocation: By our root; every member and the exchange read its reason.
            repeats: Why the reason may repeat a value that its readers may not have in clear.

        Returns:
            Whether this node is still let in: not where that was its own connection's key.

        Raises:
            ValueRepeated: If the reason repeats a value, and ``repeats`` is empty.
            TearlineError: If the exchange refuses it, or is out of reach.
        """
        await self.state.follow()
        reason = parse_revocation(revocation.statement.body).reason
        if self._words.verify_open([reason], repeats, about=()):
            with self.state.stores.database.transaction():
                self._words.keep(revocation.statement.id, repeats)
        return await self._records.revoke(revocation)

    # Persons and agreements.

    def person(self, name: str, role: Role) -> str:
        """The person who decides something; see ``Actors.person``."""
        return self._actors.person(name, role, now_ms=self.state.now_ms())

    def acting(self, name: str, agreement_id: bytes, role: Role) -> ActedBy | None:
        """The person who acts; see ``Actors.acted_by``."""
        return self._actors.acted_by(name, agreement_id, role, now_ms=self.state.now_ms())

    def audit_token(self, name: str) -> str:
        """A live token of a person, for calls to the exchange; see ``Actors.token``."""
        return self._actors.token(name, now_ms=self.state.now_ms())

    def draft_agreement(self, text: str) -> Signed:
        """An agreement from its TOML file, proposed and signed by this node."""
        return self._agreements.draft(text)

    def sign_agreement(self, proposed: Signed) -> Signed:
        """The agreement with this node among its signers.

        Raises:
            PinUnknown: If it pins what this installation does not have.
            AgreementNotInForce: If our agency is not a party.
        """
        return self._agreements.sign(proposed)

    async def publish_agreement(self, complete: Signed) -> None:
        """Puts an agreement that every party signed in force at the exchange.

        Raises:
            AgreementError: If a party did not sign, or the exchange refuses it.
        """
        await self._agreements.publish(complete)

    # Erasing.

    def draft_erasure(self, indices: Sequence[int], reason: str, *, repeats: str = "") -> Signed:
        """An order to erase what entries of the log hide; see ``erasing.draft_order``."""
        return draft_order(self.state, self._words, indices, reason, repeats=repeats)

    def sign_erasure(self, proposed: Signed, *, repeats: str = "") -> Signed:
        """The order with this node among its signers; see ``erasing.sign_order``."""
        return sign_order(self.state, self._words, proposed, repeats=repeats)

    async def publish_erasure(self, complete: Signed) -> None:
        """Has the exchange erase what an order names that every party signed.

        Raises:
            ErasureRefused: If one did not, or the entries are not all theirs.
            TearlineError: If it is not believed, or the exchange is out of reach.
        """
        await self._agreements.publish(complete)

    # Sending.

    def agreement(self, name: str) -> Agreement:
        """The newest version of an agreement of ours, by name."""
        return self.state.stores.agreements.by_name(name)

    def node_of(self, name: str) -> str:
        """The URI of a partner; see ``Directory.node_of``."""
        return self.directory.node_of(name)

    def draft(
        self, group: Group, about: About, *, agreement: str, extra: Sequence[Field] = ()
    ) -> Draft:
        """A packet from a connected group of entities; see ``draft_packet``.

        Args:
            group: The entities.
            about: What the packet says of itself.
            agreement: Name of the agreement.
            extra: Fields beside the entities, such as the narrative.
        """
        draft = draft_packet(
            group,
            self.agreement(agreement),
            replace(about, case_id=self.cases.reference(about.case_id)),
            token_key=self.keystore.get(TOKEN_KEY),
            now_ms=self.state.now_ms(),
            extra=extra,
        )
        return self._packets.derived(draft)

    def plan(self, draft: Draft, to: Iterable[str]) -> ReleasePlan:
        """Which partner will get which field in which form; see ``PacketService.plan``."""
        return self._packets.plan(draft, to)

    def mentions(self, plan: ReleasePlan) -> tuple[Mention, ...]:
        """Texts that repeat what their readers may not have; see ``PacketService.mentions``."""
        return self._packets.mentions(plan)

    async def send(self, plans: Sequence[ReleasePlan], *, acted_by: ActedBy | None = None) -> Sent:
        """Stores what is decided, seals and sends packets; see ``DecisionService.send``."""
        return await self.decisions.send(plans, Persons(acted_by=acted_by))

    async def disclose(
        self,
        packet_id: bytes,
        path: str,
        to: str,
        *,
        acted_by: ActedBy | None = None,
        repeats: str = "",
    ) -> Sent:
        """Releases one more field of a packet of ours; see ``DecisionService.disclose``."""
        persons = Persons(acted_by=acted_by)
        return await self.decisions.disclose(packet_id, path, to, persons, repeats=repeats)

    # Receiving.

    def inbox(self, *, wait: bool = False) -> AsyncIterator[Received]:
        """What arrived, verified and stored, one by one.

        It is stored together with what came at once with it: whoever stops before the end finds
        the rest among the packets here, and it does not come again.

        Args:
            wait: Whether to go on waiting once everything that was there is read.
        """
        return self._inbox.arrivals(wait=wait)

    async def receive(self) -> int:
        """Takes in everything that is there, and tells its senders; returns how much was new."""
        await self.sync()
        count = await self._take_in()
        with self._jobs.attempt("proposals"):
            if self.proposals.put_in_force():
                await self._sender.flush()
                count += await self._take_in()  # what all signed comes back, as to every party
        await self.tell()
        return count

    async def unread(self) -> int:
        """Returns how many items of the mailbox are not read yet; see ``Inbox.unread``."""
        return await self._inbox.unread()

    async def refresh(self) -> TearlineError | None:
        """Takes in what is there, as ``receive``, unless the exchange is away.

        Returns:
            Why it could not be asked, or None. What is here is as of ``known_ms`` then.
        """
        try:
            await self.receive()
        except EXCHANGE_AWAY as error:
            return error
        return None

    def known_ms(self) -> int:
        """Returns the time of the newest checkpoint that was read here, Unix milliseconds; or 0."""
        return self.state.follower.time_s() * 1000

    async def _take_in(self) -> int:
        count = 0
        async for _ in self.inbox():
            count += 1
        return count

    async def tell(self) -> None:
        """Tells grantors what became of their grants, and partners what else they wait for."""
        self._jobs.run(
            standings=self.suspensions.settle,
            receipts=self._sender.tell,
            proposals=self.proposals.put_in_force,
            cases=self.cases.turn,
        )
        await self._sender.flush()

    async def mark(self) -> int:
        """Signs and sends a mark for every channel that moved; returns how many.

        Raises:
            TwinAtWork: If another copy of this node is at work; none is signed then.
        """
        self.state.verify_alone()
        count = self._sender.mark()
        await self._sender.flush()
        return count

    # Looking.

    def show(
        self,
        packet_id: bytes,
        *,
        person: str = "",
        act: EventCode = EventCode.ACCESS_OPEN,
    ) -> PacketView:
        """One packet as this node may see it; an entry of the node's own access log.

        Args:
            packet_id: 32 bytes.
            person: Who reads, by the agency's own name; empty for whoever is logged in.
            act: What the entry calls it.

        Raises:
            NotFound: If it is not here.
            CosignatureAwaited: If it waits for the sender's cosignature.
            PacketError: If what is stored no longer verifies.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        return self._reader.show(packet_id, person=person, act=act)

    def search(
        self, text: str, *, person: str = "", within: SearchFilter = EVERYWHERE
    ) -> dict[bytes, tuple[OpenedField, ...]]:
        """The fields here that hold ``text``, by packet; an entry of the own access log.

        Packets that their originator froze are passed over.

        Args:
            text: What is sought, in whatever case, script, accents or order of words.
            person: Who searches; empty for whoever is logged in.
            within: Where to look.

        Returns:
            The best first, a few hundred packets at most.

        Raises:
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        return self._reader.search(text, person=person, within=within)

    def who_saw(self, value: str, *, person: str = "") -> tuple[ValueField, ...]:
        """Each field here that has a value, and who saw it; an entry of the own access log.

        Args:
            value: The whole value, in whatever case, script or punctuation.
            person: Who asks; empty for whoever is logged in.

        Raises:
            MalformedInput: If it holds no letter and no digit.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        return self._reader.who_saw(value, person=person)

    async def read(
        self,
        packet_id: bytes,
        *,
        acted_by: ActedBy | None = None,
        person: str = "",
        act: EventCode = EventCode.ACCESS_OPEN,
    ) -> PacketView:
        """Shows a packet to the application or, with ``acted_by``, to a person; tells so.

        The grantor learns that it was opened or seen, never by whom beyond a pseudonym; the own
        access log has the name.
        """
        return await self._reader.read(packet_id, acted_by=acted_by, person=person, act=act)

    def todo(self) -> tuple[Task, ...]:
        """Returns the tasks that wait for a person, most urgent first; see ``Worklist``.

        The tasks are those known here: ``receive`` first. They hold no contents of packets.
        """
        return self._worklist.tasks()

    def status(self) -> NodeStatus:
        """How the node stands."""
        return status_of(self.state, certificate_end_ms=self._connection.end_ms)
