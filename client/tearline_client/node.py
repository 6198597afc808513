"""``Node``: an agency's node, as programs use it.

async with await Node.open("~/.tearline/us-justice", passphrase=...) as node:
draft = node.draft(entities, agreement="narcotics-2026", article="money-laundering")
plan = node.plan(draft, to=["cn-public-security", "mx-prosecutor"])
print(plan.cells())                    # field x partner -> form, policy ids
sent = await node.send([plan])
async for received in node.inbox():    # verified and opened
...
"""

import hashlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tearline.agreement import Agreement, verify_direction, verify_pins
from tearline.errors import (
    AgreementNotInForce,
    LoginRequired,
    NotFound,
    OutcomeUnknown,
    ReleaseRefused,
    error_by_code,
)
from tearline.federation import KeyRecord, KeyUse
from tearline.identity import agency_uri_of, parse_uri
from tearline.keys import KemKey
from tearline.packet import Field, PacketKind, Urgency
from tearline.policy.marking import Marking
from tearline.policy.profile import (
    Override,
    choose_marking,
    default_marking,
    marking_of,
    parse_path,
    verify_may_travel,
)
from tearline.receipt import Receipt, Status
from tearline.statement import ActedBy, StatementType
from tearline.tokens import AccessToken, Binding, Role, acted_by, pairwise_id, verify_token
from tearline.trust import TrustState
from tearline.wire.agreements import encode_agreement, parse_agreement
from tearline.wire.exchange import Publication, encode_cursor, is_idle
from tearline.wire.flow import encode_grant
from tearline.wire.statements import Signed, merge_signed, signed
from tearline.wire.trust import encode_key_record
from tearline_client.agreement_file import parse_agreement_file
from tearline_client.entities import Group, entity_token, fields_of
from tearline_client.follower import LogFollower
from tearline_client.home import (
    PSEUDONYM_KEY,
    TOKEN_KEY,
    Home,
    Identity,
    kem_entry,
    kem_key_by_id,
    signer_of,
)
from tearline_client.incoming import Received
from tearline_client.keystore import Keystore
from tearline_client.outgoing import Releaser, compose, make_grant, sign_together
from tearline_client.persons import LocalIssuer
from tearline_client.plan import Draft, ReleasePlan, Selection, plan_release
from tearline_client.policies import load_policies
from tearline_client.receiver import Receiver
from tearline_client.sender import Sender
from tearline_client.state import NodeState, Stores
from tearline_client.store.channels import ChannelState
from tearline_client.store.database import Database
from tearline_client.store.intake import Quarantined
from tearline_client.store.outbox import OutboxState
from tearline_client.store.vault import Vault
from tearline_client.transport import GrpcTransport, Transport
from tearline_client.views import PacketView, open_view, sealed_again

DAY_MS = 24 * 3_600_000
KEM_LIFETIME_MS = 7 * DAY_MS
KEM_RENEW_MS = KEM_LIFETIME_MS // 2  # both keys count while partners still seal to the old one
DEFAULT_LIFETIME_MS = 365 * DAY_MS
_ACKNOWLEDGE_EVERY = 64  # deliveries; a crash rereads at most so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of what was sent.

    Attributes:
        packets: Manifest ids, 32 bytes each, in the order of the plans.
        receipts: The exchange's receipts of manifests and grants.
        refused: Codes and reasons of refusals, by message.
    """

    packets: tuple[bytes, ...]
    receipts: tuple[Receipt, ...]
    refused: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """How the node stands.

    Attributes:
        uri: The node.
        log_size: Entries of the log that were read and verified.
        outbox: Items by state.
        channels: Every channel pair.
        quarantined: What was put aside.
        keys: The node's keys on record that count now.
    """

    uri: str
    log_size: int
    outbox: dict[OutboxState, int]
    channels: tuple[ChannelState, ...]
    quarantined: tuple[Quarantined, ...]
    keys: tuple[KeyRecord, ...]


class Node:
    """An agency's node. Open it with ``Node.open``; close it, or use it as a context."""

    def __init__(self, state: NodeState, home: Home, keystore: Keystore) -> None:
        self.state = state
        self.home = home
        self._keystore = keystore
        self._sender = Sender(state, home.sending_lock)
        self._receiver = Receiver(state)

    @classmethod
    async def open(
        cls,
        path: str | Path,
        *,
        passphrase: bytes,
        address: str = "",
        timeout_s: float = 30,
        transport: Transport | None = None,
    ) -> "Node":
        """Opens the node in a home.

        Args:
            path: The home.
            passphrase: Opens its keystore.
            address: host:port of the exchange, if not the listed one.
            timeout_s: How long one call may take.
            transport: Another way to the exchange, for tests.

        Raises:
            TearlineError: If a part of the home is missing or cannot be opened.
        """
        home = Home(Path(path).expanduser())
        identity = home.identity()
        keystore = Keystore.open(home.keys, passphrase)
        pinned, trust_list = home.trust_list()
        database = Database(home.database, Vault(keystore.storage_key("node.db")))
        stores = Stores(database)
        trust = TrustState(federation=pinned.statement.id, own_agency=identity.agency_uri)
        follower = LogFollower(stores.log, trust, trust_list.log)
        if transport is None:
            transport = GrpcTransport(
                trust_list.exchange,
                home.tls_identity(keystore),
                timeout_s=timeout_s,
                address=address,
            )
        state = NodeState(
            signer=signer_of(keystore, identity, trust.federation),
            kem_key=lambda key_id: kem_key_by_id(keystore, key_id),
            stores=stores,
            trust=trust,
            follower=follower,
            policies=load_policies(home.own_policy),
            transport=transport,
            now_ms=lambda: time.time_ns() // 1_000_000,
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
        """Reads the log, keeps our keys on record, sends what waits.

        Raises:
            RequestError: If the exchange is out of reach.
            LogError: If the log is not the one followed so far.
        """
        await self.state.follow()
        if not self._keys_on_record(KeyUse.SIGN):
            # A retry is safe: the exchange answers the same record with the same receipt.
            await self._publish(self.home.signed_key_record())
        if self._ensure_encryption_key():
            await self._sender.flush()
            await self.state.follow()
        await self._sender.flush()

    async def _publish(self, record: Signed) -> None:
        with self.state.stores.database.transaction():
            self._sender.store_publications([Publication(signed=(record,))])
        await self._sender.flush()
        await self.state.follow()

    def _keys_on_record(self, use: KeyUse) -> list[KeyRecord]:
        records = self.state.trust.keys_of(self.uri, at=self.state.next_moment())
        return [record for record in records if record.use is use]

    def _ensure_encryption_key(self) -> bool:
        """Puts a fresh encryption key on record where the newest is half through its life."""
        now_ms = self.state.now_ms()
        ends = [record.not_after_ms for record in self._keys_on_record(KeyUse.KEM)]
        if ends and max(ends) - now_ms > KEM_RENEW_MS:
            return False
        key = KemKey.generate()
        self._keystore.put(kem_entry(key), key.private_bytes())
        record = KeyRecord(
            header=self.state.signer.header,
            subject=self.uri,
            use=KeyUse.KEM,
            public_key=key.public.encoded,
            types=(),
            not_before_ms=now_ms,
            not_after_ms=now_ms + KEM_LIFETIME_MS,
        )
        tree = self.state.signer.sign([(StatementType.KEY_RECORD, encode_key_record(record))])
        with self.state.stores.database.transaction():
            self._sender.store_publications([Publication(signed=(signed(tree),))])
        return True

    # Persons and agreements.

    def acting(self, name: str, agreement_id: bytes, role: Role) -> ActedBy | None:
        """The person who acts, as partners under an agreement may know them.

        Args:
            name: Who; empty for whoever is logged in.
            agreement_id: 16 bytes.
            role: What the act takes.

        Returns:
            None where nobody was named and nobody is logged in: it is the node's own act.

        Raises:
            TlsError: If the person named is not logged in, or does not have the role.
        """
        try:
            token = self._token(name)
        except LoginRequired:
            if name:
                raise
            return None
        return acted_by(
            token,
            role,
            agency_key=self._keystore.get(PSEUDONYM_KEY),
            agreement_id=agreement_id,
            time_ms=self.state.now_ms(),
        )

    def _token(self, name: str) -> AccessToken:
        issuer = LocalIssuer(self._keystore)
        binding, now_s = self._binding(issuer), self.state.now_ms() // 1000
        return verify_token(issuer.token(name, binding, now_s=now_s), binding, now_s)

    def audit_token(self, name: str) -> str:
        """A live token of a person, for calls to the exchange; it does not name them.

        Raises:
            TlsError: If the person is not logged in.
        """
        issuer = LocalIssuer(self._keystore)
        session = issuer.session(name, self.state.now_ms() // 1000)
        pseudonym = pairwise_id(self._keystore.get(PSEUDONYM_KEY), session.name, b"")
        return issuer.token(
            session.name,
            self._binding(issuer),
            now_s=self.state.now_ms() // 1000,
            pseudonym=pseudonym,
        )

    def _binding(self, issuer: LocalIssuer) -> Binding:
        return Binding(
            audience=self.home.trust_list()[1].exchange.uri,
            node=self.identity().node_uri,
            thumbprint=hashlib.sha256(self.home.tls_identity(self._keystore).certificate).digest(),
            issuer_keys=(issuer.public,),
        )

    def draft_agreement(self, text: str) -> Signed:
        """An agreement from its TOML file, proposed and signed by this node."""
        agreement = parse_agreement_file(
            text,
            trust_list=self.home.trust_list()[1],
            pins=self.state.policies.pins,
            header=self.state.signer.header,
        )
        body = encode_agreement(agreement)
        return signed(self.state.signer.sign([(StatementType.AGREEMENT, body)]))

    def sign_agreement(self, proposed: Signed) -> Signed:
        """The agreement with this node among its signers.

        Raises:
            PinUnknown: If it pins what this installation does not have.
            AgreementNotInForce: If our agency is not a party.
        """
        agreement = parse_agreement(proposed.statement.body)
        verify_pins(agreement, self.state.policies.pins)
        if agency_uri_of(self.uri) not in agreement.terms.parties:
            raise AgreementNotInForce("this agency is not a party to it")
        own = signed(self.state.signer.sign([(StatementType.AGREEMENT, proposed.statement.body)]))
        return merge_signed([proposed, own])

    async def publish_agreement(self, complete: Signed) -> None:
        """Puts an agreement that every party signed in force at the exchange.

        Raises:
            AgreementError: If a party did not sign, or the exchange refuses it.
        """
        await self.sync()
        with self.state.stores.database.transaction():
            ids = self._sender.store_publications([Publication(signed=(complete,))])
        sent = await self._sent((), [complete], ids)
        for code, why in sent.refused:
            raise (error_by_code(code) or AgreementNotInForce)(why)

    # Sending.

    def agreement(self, name: str) -> Agreement:
        """The newest version of an agreement of ours, by name."""
        return self.state.stores.agreements.by_name(name)

    def node_of(self, name: str) -> str:
        """The URI of a partner: of a node, or of the one node of an agency by its short name.

        Raises:
            NotFound: If there is none, or an agency has several and none was named.
        """
        if name.startswith("spiffe://"):
            parse_uri(name)
            return name
        agency = next((a for a in self.state.trust.trust_list.agencies if a.name == name), None)
        nodes = [
            uri for uri in self.state.trust.nodes() if agency and agency_uri_of(uri) == agency.uri
        ]
        if len(nodes) != 1:
            raise NotFound(f"{name}: name one node of an agency of this federation")
        return nodes[0]

    def draft(
        self,
        group: Group,
        *,
        agreement: str,
        article: str,
        purpose: str,
        kind: PacketKind = PacketKind.LEAD,
        extra: Sequence[Field] = (),
        guarded: Mapping[tuple[str, str], str] | None = None,
        case_id: str = "",
        urgency: Urgency = Urgency.ROUTINE,
        evaluation: str = "X4",
    ) -> Draft:
        """A packet from a connected group of entities, marked by the profile.

        Args:
            group: The entities.
            agreement: Name of the agreement.
            article: Id of its article.
            purpose: What recipients may use it for.
            kind: What it is about.
            extra: Fields beside the entities, such as the narrative.
            guarded: A stricter category for single fields, by entity id and property.
            case_id: The case it belongs to.
            urgency: How soon an answer is owed.
            evaluation: 4x4.

        Raises:
            AgreementNotInForce: If there is no such agreement, or its time has not come.
            PolicyError: If a field never travels.
        """
        found = self.agreement(agreement)
        found.verify_in_force(self.state.now_ms())
        found.article(article)
        key = self._keystore.get(TOKEN_KEY)
        stricter = {
            (entity_token(key, found.id, entity), name): category
            for (entity, name), category in (guarded or {}).items()
        }
        fields = []
        for path, values in fields_of(group, key=key, agreement_id=found.id):
            verify_may_travel(path)
            where = parse_path(path)
            category = stricter.get((where.token, where.property))
            fields.append(Field(path=path, values=values, marking=_marking(path, category)))
        return Draft(
            fields=(*fields, *extra),
            agreement=found,
            article=article,
            purpose=purpose,
            kind=kind,
            not_after_ms=min(self.state.now_ms() + DEFAULT_LIFETIME_MS, found.valid_until_ms),
            case_id=case_id,
            urgency=urgency,
            evaluation=evaluation,
        )

    def plan(self, draft: Draft, to: Iterable[str]) -> ReleasePlan:
        """Which partner will get which field in which form. Nothing leaves the house.

        Raises:
            AgreementNotInForce: If the article does not let packets go that way.
        """
        recipients = tuple(dict.fromkeys(self.node_of(name) for name in to))
        article = draft.agreement.article(draft.article)
        if draft.kind.value not in article.kinds or draft.purpose not in article.purposes:
            raise AgreementNotInForce("the article does not cover this kind or purpose")
        for recipient in recipients:
            verify_direction(
                article, sender=agency_uri_of(self.uri), recipient=agency_uri_of(recipient)
            )
        policy = self.state.policies.under(draft.agreement)
        return plan_release(draft, recipients, policy, sender=self.uri)

    async def send(self, plans: Sequence[ReleasePlan], *, acted_by: ActedBy | None = None) -> Sent:
        """Seals, stores and sends packets under one signature.

        Args:
            plans: One for each packet.
            acted_by: The person who releases them.

        Raises:
            TrustStale: If the log could not be read lately; nothing was sealed.
            RequestError: If the exchange is out of reach; what is sealed is sent later.
        """
        await self.sync()
        self.state.follower.verify_fresh(self.state.now_ms())
        with self.state.stores.database.transaction():
            composition = compose(plans, self._releaser(acted_by))
            ids = self._sender.store(composition)
        statements = [
            statement
            for packet in composition.packets
            for statement in (packet.manifest, *packet.grants)
        ]
        packets = tuple(packet.manifest.statement.id for packet in composition.packets)
        return await self._sent(packets, statements, ids)

    async def disclose(
        self, packet_id: bytes, path: str, to: str, *, acted_by: ActedBy | None = None
    ) -> Sent:
        """Releases one more field of a packet of ours, in clear, to one partner.

        The agency's own policies do not stop what its person decides now; the agreement's do.

        Raises:
            NotFound: If the packet is not ours, or has no such field.
            PolicyError: If the agreement does not allow it.
        """
        await self.sync()
        self.state.follower.verify_fresh(self.state.now_ms())
        shown = self.show(packet_id)
        if not shown.own:
            raise NotFound("the packet is not ours to disclose")
        field = shown.field(path)
        if field is None:
            raise NotFound("the packet has no such field")
        recipient = self.node_of(to)
        first = next((g.grant for g in shown.grants), None)
        agreement = self.state.stores.agreements.by_id(
            shown.manifest.agreement.id, shown.manifest.agreement.version
        )
        article = agreement.article(shown.manifest.agreement.article)
        draft = Draft(
            fields=(field.field,),
            agreement=agreement,
            article=article.id,
            purpose=first.purpose if first is not None else article.purposes[0],
            kind=shown.manifest.kind,
            not_after_ms=shown.manifest.not_after_ms,
        )
        plan = plan_release(
            draft,
            [recipient],
            self.state.policies.under(agreement, own=False),
            sender=self.uri,
        )
        if plan.cells()[0].form < field.field.form:
            raise ReleaseRefused(", ".join(plan.cells()[0].policy_ids))
        with self.state.stores.database.transaction():
            grant = make_grant(
                sealed_again(shown),
                packet_id,
                Selection(existences={}, compartments=()),
                recipient,
                self._releaser(acted_by),
                purpose=draft.purpose,
                slots=(field.slot,),
            )
            tree, publication = sign_together(
                self.state.signer, [(StatementType.GRANT, encode_grant(grant))]
            )
            self._sender.store_grants([signed(tree)])
            ids = self._sender.store_publications([publication])
        return await self._sent((packet_id,), [signed(tree)], ids)

    async def _sent(
        self, packets: tuple[bytes, ...], statements: Sequence[Signed], ids: Sequence[int]
    ) -> Sent:
        await self._sender.flush()
        await self.state.follow()
        stores = self.state.stores
        items = [item for item in (stores.outbox.item(i) for i in ids) if item is not None]
        if any(item.state in (OutboxState.SEALED, OutboxState.UNKNOWN) for item in items):
            raise OutcomeUnknown("it waits in the outbox")
        receipts = [r for s in statements for r in stores.packets.receipts(s.statement.id)]
        refused = [(item.code, item.why) for item in items if item.code]
        return Sent(packets=packets, receipts=tuple(receipts), refused=tuple(refused))

    def _releaser(self, acted_by: ActedBy | None) -> Releaser:
        return Releaser(
            signer=self.state.signer,
            acted_by=acted_by,
            kem_key_of=lambda uri: self.state.trust.kem_key(uri, at=self.state.next_moment()),
            next_seq=self.state.stores.channels.next_seq,
        )

    # Receiving.

    async def inbox(self, *, wait: bool = False) -> AsyncIterator[Received]:
        """What arrived, verified and stored, one by one.

        Args:
            wait: Whether to go on waiting once everything that was there is read.
        """
        intake = self.state.stores.intake
        taken = 0
        async for data in self.state.transport.subscribe(encode_cursor(intake.cursor())):
            if is_idle(data):
                await self._acknowledge()
                taken = 0
                if not wait:
                    return
                continue
            received = await self._receiver.take(data)
            taken += 1
            if taken >= _ACKNOWLEDGE_EVERY:
                await self._acknowledge()
                taken = 0
            if received is not None:
                yield received

    async def receive(self) -> int:
        """Takes in everything that is there, and tells its senders; returns how much was new."""
        await self.sync()
        count = 0
        async for _ in self.inbox():
            count += 1
        await self.tell()
        return count

    async def _acknowledge(self) -> None:
        await self.state.transport.acknowledge(encode_cursor(self.state.stores.intake.cursor()))

    async def tell(self) -> None:
        """Tells grantors what became of their grants since they last heard."""
        self._sender.tell()
        await self._sender.flush()

    async def mark(self) -> int:
        """Signs and sends a mark for every channel that moved; returns how many."""
        count = self._sender.mark()
        await self._sender.flush()
        return count

    # Looking.

    def show(self, packet_id: bytes) -> PacketView:
        """One packet as this node may see it.

        Raises:
            NotFound: If it is not here.
            PacketError: If what is stored no longer verifies.
        """
        return open_view(self.state.stores.packets, packet_id, node=self.uri)

    async def read(self, packet_id: bytes, *, acted_by: ActedBy | None = None) -> PacketView:
        """Shows a packet to the application or, with ``acted_by``, to a person; tells so.

        The grantor learns that it was opened or seen, never by whom beyond a pseudonym.
        """
        shown = self.show(packet_id)
        status = Status.OPENED if acted_by is None else Status.SEEN
        behind = [g for g in shown.grants if g.incoming and (g.status or 0) < status]
        packets = self.state.stores.packets
        if behind:
            with self.state.stores.database.transaction():
                for grant in behind:
                    packets.set_status(grant.signed.statement.id, status)
                told = [packets.grant(g.signed.statement.id) for g in behind]
                self._sender.store_receipts([(g, acted_by) for g in told if g is not None])
            await self._sender.flush()
        return shown

    def status(self) -> NodeStatus:
        """How the node stands."""
        stores = self.state.stores
        return NodeStatus(
            uri=self.uri,
            log_size=stores.log.size,
            outbox=stores.outbox.counts(),
            channels=stores.channels.all(),
            quarantined=stores.intake.quarantined(),
            keys=self.state.trust.keys_of(self.uri, at=self.state.next_moment()),
        )


def _marking(path: str, category: str | None) -> Marking:
    """The marking of a field: the profile's, raised to a category that a person named for it."""
    if category is None:
        return marking_of(path)
    wanted = marking_of(path).raised_to(default_marking(category))
    return choose_marking(path, Override(marking=wanted)).marking
