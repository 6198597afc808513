"""A federation in one process: real nodes, a real exchange, and a liar wherever one is wanted.

Three agencies are founded once a session, by the same enrolment as any; their homes and the
exchange's database, with keys on record and an agreement in force, are then copied for every
test. ``LyingTransport`` stands between a node and the exchange and changes what it is told to:
a test sets one hook, which is the lie, and says how it must end.
"""

import asyncio
import secrets
import shutil
import time
from collections import deque
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import tearline.crypto.passphrase
import tearline_server.tlog.cosignatures
import tearline_server.tlog.log
from support.agencies import leaf_of
from support.node import context_of, sealed_and_granted, stores_of
from support.stores import openings_of
from tearline.audit.event import Event, EventCode
from tearline.crypto.keys import SigningKey
from tearline.errors import StatementMalformed, TearlineError
from tearline.federation.members import ExchangeEnrolment
from tearline.federation.turns import Leaves, LightEntries, Turn
from tearline.identity import agency_uri_of, parse_node_uri
from tearline.limits import MAX_LOG_TIME_SKEW_MS
from tearline.packets.packet import Field, PacketParts
from tearline.policy.form import Form
from tearline.policy.profile import marking_of
from tearline.policy.release import Decision
from tearline.statements.channel import Address
from tearline.statements.signer import Signer
from tearline.statements.statement import Attestation, Statement, StatementType, pseudonym_of
from tearline.tlog.checkpoint import Checkpoint, sign_checkpoint
from tearline.tlog.merkle import Frontier
from tearline.verification.log_entries import entry_hash
from tearline.verification.moment import Moment
from tearline.wire.addresses import address_of
from tearline.wire.cosigning import CosignReply, encode_cosign_news, parse_cosign_news
from tearline.wire.deliveries import (
    START,
    Delivery,
    encode_cursor,
    encode_delivery,
    is_idle,
    parse_delivery,
)
from tearline.wire.federation import FederationFile
from tearline.wire.grants import encode_event, parse_event, parse_grant, parse_mark
from tearline.wire.log_entries import EntryRange, encode_entries, parse_entries
from tearline.wire.packets import parse_manifest
from tearline.wire.publications import (
    Outcome,
    Publication,
    encode_outcomes,
    encode_publication,
    parse_outcomes,
    parse_publication,
    publication_of,
)
from tearline.wire.statements import Signed, header_of
from tearline.wire.turns import (
    encode_leaves,
    encode_light_entries,
    encode_turn,
    parse_leaves,
    parse_light_entries,
    parse_turn,
)
from tearline_client.demo.lead import AGREEMENT, ENTITIES
from tearline_client.demo.world import AGENCIES, DNS_NAME, EXCHANGE_DOMAIN
from tearline_client.enrolment import ROOT_KEY, Passphrases, found_agency, read_agency
from tearline_client.features.packets.service import Persons
from tearline_client.founding.charter_file import draft_charter, pin, sign_charter
from tearline_client.keys.home import Home, Identity
from tearline_client.keys.keystore import Keystore
from tearline_client.messages.compose import ComposedPacket, GrantContext
from tearline_client.node import Node
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.status import NodeStatus
from tearline_runtime.grpc.tls_identity import TlsIdentity
from tearline_server.admin.offline import take_clear
from tearline_server.admission.authentication import Caller
from tearline_server.admission.fair_queue import Cost
from tearline_server.blobs.folder_store import FolderStore
from tearline_server.config import config_of
from tearline_server.exchange import Components, Exchange
from tearline_server.grpc.audit_service import AuditService
from tearline_server.grpc.blob_service import BlobService
from tearline_server.grpc.exchange_service import ExchangeService
from tearline_server.grpc.light_service import LightService
from tearline_server.grpc.log_service import TrustService
from tearline_server.keys import ExchangeKeys, HeldKeys, generate_keys, identity_of
from tearline_server.processing.batch import Batch
from tearline_server.processing.registry import Registry, installation_of
from tearline_server.storage.lookups import Lookups
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.timekeeper import Timekeeper
from tearline_server.tlog.log import AuditLog

US, CN, MX = AGENCIES
PASSPHRASE = b"a simulated passphrase"
PASSPHRASES = Passphrases(node=PASSPHRASE, root=PASSPHRASE)
FRESH_S = 60  # far from the two minutes after which a node does not cosign a directory
SPACE = 64 << 20  # for large documents of one agency
LEAST_KIB = 32  # the least that Argon2id takes for four lanes
ORIGIN = f"{EXCHANGE_DOMAIN}/log"
ARTICLE, PURPOSE = "money-laundering", "criminal-investigation"


def bilateral(name: str, parties: tuple[str, str], shared_with: Sequence[str]) -> str:
    """The text of an agreement of two agencies, by which some of them see identities."""
    shares = "".join(
        f'[article.{ARTICLE}.share.{party}]\nidentity = "clear"\n' for party in shared_with
    )
    return f"""
name = "{name}"
parties = ["{parties[0]}", "{parties[1]}"]
valid_from = 2026-01-01
valid_until = 2036-01-01
retention_days = 730
onward_use = "None."

[article.{ARTICLE}]
purposes = ["{PURPOSE}"]
kinds = ["lead"]
crime_areas = ["money-laundering"]
highest_tlp = "red"
directions = "all"

{shares}"""


BILATERAL = bilateral("bilateral", (US, MX), [MX])
"""An agreement that China knows nothing of."""

EVERYTHING = Decision(
    form=Form.CLEAR, shared_policy_ids=(), own_policy_ids=(), reason="", faults=()
)

_LEAD = connected_groups(
    [
        Entity(
            id=str(entity["id"]),
            schema=str(entity["schema"]),
            properties={name: tuple(values) for name, values in entity["properties"].items()},
        )
        for entity in ENTITIES
    ]
)[0]


class Forgery:
    """A piece of work that no honest exchange has: it logs what it was given, unjudged."""

    weight = Cost(statements=1, bytes=0)
    source = ""

    def __init__(self, item: Signed | Event) -> None:
        self._item = item
        self.attestations: Mapping[bytes, Attestation] = {}

    def ask(self, registry: Registry, moment: Moment) -> Lookups:
        return Lookups()

    def judge(self, registry: Registry, docket: Batch) -> None:
        docket.log(self._item)


class LocalStream:
    """A stream that publishes at once, as the exchange does, and answers in order.

    Args:
        publish: Publishes one message.
    """

    def __init__(self, publish: Callable[[bytes], Awaitable[bytes]]) -> None:
        self._publish = publish
        self._under_way: deque[asyncio.Future[bytes]] = deque()

    async def send(self, publication: bytes) -> None:
        self._under_way.append(asyncio.ensure_future(self._publish(publication)))

    async def receive(self) -> bytes:
        return await self._under_way.popleft()

    async def close(self) -> None:
        for left in self._under_way:
            left.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)


@asynccontextmanager
async def local_stream(
    publish: Callable[[bytes], Awaitable[bytes]],
) -> AsyncIterator[LocalStream]:
    stream = LocalStream(publish)
    try:
        yield stream
    finally:
        await stream.close()


async def state_directory(exchange: Exchange, true_ms: int) -> None:
    """Writes the directory as the job of a running exchange does, a minute that a test lets pass.

    A minute that passes on its own, beside other work, adds nothing to the log. Nor does one while
    a test sets the exchange's clock wrong: a running exchange would notice.
    """
    clock = exchange._components.timekeeper._clock
    assert isinstance(clock, Clock)
    if clock.is_set and abs(clock() - true_ms) <= MAX_LOG_TIME_SKEW_MS:
        with suppress(TearlineError):
            await exchange.maintenance.write_directory()


class LocalTransport:
    """The exchange's own services, called without a connection.

    Args:
        exchange: The exchange.
        node: URI of the node that calls.

    Attributes:
        now_ms: The node's clock.
    """

    def __init__(self, exchange: Exchange, node: str) -> None:
        self.now_ms: Callable[[], int] = Clock()
        self._caller = Caller(
            certificate=b"",
            leaf=replace(leaf_of(agency_uri_of(node)), node=parse_node_uri(node)),
            token=None,
        )
        self.show(exchange)

    def show(self, exchange: Exchange) -> None:
        """From now on the node talks with this exchange, and does not notice."""
        self.target = exchange
        self._exchange = ExchangeService(exchange)
        self._trust = TrustService(exchange)
        self._audit = AuditService(exchange)
        self._light = LightService(exchange)
        self._blobs = BlobService(exchange)

    async def publish(self, publication: bytes) -> bytes:
        return await self._exchange.publish(self._caller, publication)

    def publishing(self) -> AbstractAsyncContextManager[LocalStream]:
        return local_stream(lambda publication: self.publish(publication))

    async def subscribe(self, cursor: bytes) -> AsyncIterator[bytes]:
        async for delivery in self._exchange.subscribe(self._caller, cursor):
            yield delivery

    async def acknowledge(self, cursor: bytes) -> bytes:
        return await self._exchange.acknowledge(self._caller, cursor)

    async def reconcile(self, request: bytes) -> bytes:
        return await self._exchange.reconcile(self._caller, request)

    async def entries(self, request: bytes) -> bytes:
        await state_directory(self.target, self.now_ms())
        return await self._trust.entries(self._caller, request)

    async def cosign(self, turn: bytes) -> bytes:
        return await self._trust.cosign(self._caller, turn)

    async def light_turn(self, request: bytes) -> bytes:
        return await self._light.turn(self._caller, request)

    async def light_leaves(self, request: bytes) -> bytes:
        return await self._light.leaves(self._caller, request)

    async def light_entries(self, request: bytes) -> bytes:
        return await self._light.entries(self._caller, request)

    async def offer_blob(self, offer: bytes) -> bytes:
        return await self._blobs.offer(self._caller, offer)

    async def put_blob(self, part: bytes) -> bytes:
        return await self._blobs.put(self._caller, part)

    async def blob_leaves(self, question: bytes) -> bytes:
        return await self._blobs.leaves(self._caller, question)

    async def get_blob(self, question: bytes) -> bytes:
        return await self._blobs.get(self._caller, question)

    async def search(self, request: bytes, token: str, *, follow: bool) -> AsyncIterator[bytes]:
        async for page in self._audit.search(self._caller, request):
            yield page

    async def reconnect(self, identity: TlsIdentity) -> None:
        pass

    async def close(self) -> None:
        pass


class LyingTransport(LocalTransport):
    """An exchange that changes what it was told to change; honest until a hook is set.

    Attributes:
        mail: From what waits in the mailbox to what is delivered.
        raw: From the bytes of a delivery to those that arrive.
        log: From a run of log entries to the one that is shown.
        outcomes: From what became of a publication to what the publisher is told.
        publication: From what the node publishes to what arrives: a patched node.
        news: From what others cosigned to what the node is told of it.
        turn: From a light node's turn to the one that it is shown.
        proven: From entries with their proofs to those that it is shown.
        leaves: From states in the directory to those that it is shown.
    """

    def __init__(self, exchange: Exchange, node: str) -> None:
        super().__init__(exchange, node)
        self.mail: Callable[[list[Delivery]], Iterable[Delivery]] = list
        self.raw: Callable[[bytes], bytes] = bytes
        self.log: Callable[[EntryRange], EntryRange] = lambda entries: entries
        self.outcomes: Callable[[tuple[Outcome, ...]], tuple[Outcome, ...]] = tuple
        self.publication: Callable[[Publication], Publication] = lambda publication: publication
        self.news: Callable[[CosignReply], CosignReply] = lambda news: news
        self.turn: Callable[[Turn], Turn] = lambda turn: turn
        self.leaves: Callable[[Leaves], Leaves] = lambda leaves: leaves
        self.proven: Callable[[LightEntries], LightEntries] = lambda entries: entries

    async def publish(self, publication: bytes) -> bytes:
        changed = encode_publication(self.publication(parse_publication(publication)))
        reply = await super().publish(changed)
        return encode_outcomes(self.outcomes(parse_outcomes(reply)))

    async def subscribe(self, cursor: bytes) -> AsyncIterator[bytes]:
        waiting: list[Delivery] = []
        async for data in super().subscribe(cursor):
            if not is_idle(data):
                waiting.append(parse_delivery(data))
                continue
            for delivery in self.mail(waiting):
                yield self.raw(encode_delivery(delivery))
            waiting = []
            yield data

    async def entries(self, request: bytes) -> bytes:
        return encode_entries(self.log(parse_entries(await super().entries(request))))

    async def light_turn(self, request: bytes) -> bytes:
        return encode_turn(self.turn(parse_turn(await super().light_turn(request))))

    async def light_leaves(self, request: bytes) -> bytes:
        return encode_leaves(self.leaves(parse_leaves(await super().light_leaves(request))))

    async def light_entries(self, request: bytes) -> bytes:
        answer = parse_light_entries(await super().light_entries(request))
        return encode_light_entries(self.proven(answer))

    async def cosign(self, turn: bytes) -> bytes:
        return encode_cosign_news(self.news(parse_cosign_news(await super().cosign(turn))))


@dataclass(frozen=True, kw_only=True)
class Member:
    """An agency of the simulation.

    Attributes:
        node: Its node.
        exchange: The exchange, as far as it can tell.
    """

    node: Node
    exchange: LyingTransport

    @property
    def signer(self) -> Signer:
        """Its node's signer."""
        return context_of(self.node).signer

    def status(self) -> NodeStatus:
        """How its node stands."""
        return self.node.status()

    def plan(
        self, *to: "Member", extra: Sequence[Field] = (), forms: Decision | None = None
    ) -> ReleasePlan:
        """The lead for these agencies; with ``forms``, whatever the policies say."""
        draft = self.draft(*extra)
        plan = self.node.packets.plan(draft, [member.node.uri for member in to])
        if forms is None:
            return plan
        return replace(plan, decisions=dict.fromkeys(plan.decisions, forms))

    def seal(self, *plans: ReleasePlan) -> None:
        """Puts one message for each packet into the outbox; sends none."""
        for plan in plans:
            with stores_of(self.node).database.transaction():
                releaser = self.node.packets._releases.releaser(Persons())
                self.node._sender.store(sealed_and_granted([plan], releaser))

    def draft(self, *extra: Field, agreement: str = "narcotics-2026") -> Draft:
        """The lead."""
        about = About(article=ARTICLE, purpose=PURPOSE)
        return self.node.packets.draft(_LEAD, about, agreement=agreement, extra=extra)

    async def send(self, *to: "Member", times: int = 1) -> tuple[bytes, ...]:
        """Sends the lead, as often as wanted, under one signature; returns the packets' ids."""
        sent = await self.node.packets.send([self.plan(*to) for _ in range(times)])
        assert not sent.refused, sent.refused
        return sent.packets

    def name_path(self, packet: bytes) -> str:
        """Returns the path of the person's name; the fields come in the order of random slots."""
        fields = self.node.packets.show(packet).view.fields
        return next(each.field.path for each in fields if each.field.path.endswith("Person/name"))

    def compose(
        self, *to: "Member", seq: int = 1, forms: Decision | None = None
    ) -> tuple[ComposedPacket, Publication]:
        """The lead sealed and granted, past every rule of the node and past its outbox."""
        releaser = GrantContext(
            signer=self.signer,
            acted_by=None,
            kem_key_of=context_of(self.node).kem_key_of,
            next_place=lambda recipient, agreement_id: Address(
                recipient=recipient, agreement_id=agreement_id, seq=seq
            ),
        )
        composition = sealed_and_granted([self.plan(*to, forms=forms)], releaser)
        return composition.packets[0], composition.publications[0]

    async def publish(self, publication: Publication) -> tuple[Outcome, ...]:
        """Publishes past its own node; returns what became of each statement."""
        return parse_outcomes(await self.exchange.publish(encode_publication(publication)))

    async def say(self, kind: StatementType, body: bytes, *, by: Signer | None = None) -> Outcome:
        """Signs and publishes a statement past its own node; returns what became of it."""
        tree = (by or self.signer).sign([(kind, body)])
        return (await self.publish(publication_of(tree, [0])))[0]

    async def take(self, *deliveries: Delivery) -> None:
        """Receives these, whatever waits in the mailbox."""
        self.exchange.mail = lambda waiting: deliveries
        await self.node.receive()
        self.exchange.mail = list

    async def waiting(self) -> list[Delivery]:
        """What waits in its mailbox, all of it, without taking it in."""
        found: list[Delivery] = []
        honest = LocalTransport(self.exchange.target, self.node.uri)
        async for data in honest.subscribe(encode_cursor(stores_of(self.node).inbox.cursor())):
            if is_idle(data):
                break
            found.append(parse_delivery(data))
        return found

    def grants(self) -> list[bytes]:
        """Ids of the packets that a partner granted it."""
        store = stores_of(self.node).packets
        return [i for i in store.ids() if any(grant.incoming for grant in store.grants(i))]

    def codes(self) -> list[str]:
        """Codes of what it keeps as evidence."""
        return [item.code for item in self.status().quarantined]

    async def catches(self, error: type[TearlineError], *, packets: int = 0) -> None:
        """Takes in what waits; it must end in one refusal and one record of evidence.

        Args:
            error: What it must refuse with.
            packets: How many packets it holds afterwards.
        """
        with suppress(error):
            await self.node.receive()
        self.caught(error, packets=packets)

    def caught(self, error: type[TearlineError], *, packets: int = 0) -> None:
        """Checks that there is one record of evidence, with its bytes, and nothing beside it."""
        records = self.status().quarantined
        assert [record.code for record in records] == [error.code], records
        assert stores_of(self.node).inbox.evidence(records[0].id)
        assert len(self.grants()) == packets


@dataclass(kw_only=True)
class Simulation:
    """A federation at work.

    Attributes:
        us: Sends.
        cn: Gets some fields clear, some generalised, and is told of others.
        mx: Gets more.
        exchange: The exchange.
        store: Its database.
        clock: Its clock.
        template: What was copied.
        folder: Where homes and database lie.
    """

    us: Member
    cn: Member
    mx: Member
    exchange: Exchange
    store: SqliteStore
    clock: "Clock"
    template: "Template"
    folder: Path
    _forks: int = 0

    def stop_clocks(self) -> None:
        """From now on no time passes, at the exchange and at all nodes: no job falls due."""
        self.clock.stopped_ms = time.time_ns() // 1_000_000
        for member in self.members:
            object.__setattr__(context_of(member.node), "now_ms", self.clock)

    async def refuses(
        self,
        outcomes: Iterable[Outcome],
        *errors: type[TearlineError] | None,
        waiting: int = 0,
    ) -> None:
        """Checks how a publication ended, that the log says so, and that nobody got of it.

        Args:
            outcomes: What the publisher was told.
            errors: What each statement was refused with; None where it was accepted.
            waiting: How much waits in all mailboxes from before.
        """
        codes = [error.code if error else "" for error in errors]
        assert [each.refusal.code if each.refusal else "" for each in outcomes] == codes
        await self.exchange.maintenance.flush_refusals()
        rows = [row for row in await self.store.event_rows(0, limit=10_000) if row.reason]
        logged = [row.reason for row in rows for _ in range(parse_event(row.event).count)]
        assert logged == [code for code in codes if code]
        found = [mail for member in self.members for mail in await member.waiting()]
        assert len(found) == waiting

    @property
    def members(self) -> tuple[Member, ...]:
        """All three."""
        return (self.us, self.cn, self.mx)

    async def settle(self, *members: Member, rounds: int = 2) -> None:
        """Everybody, or these members, hears of everything and answers."""
        for _ in range(rounds):
            for member in members or self.members:
                await member.node.receive()

    async def log(self, item: Signed | Event) -> None:
        """Has the exchange put whatever it likes into its log."""
        await self.exchange._committer.submit(Forgery(item), internal=True)

    async def log_to(self, exchange: Exchange) -> None:
        """Has a second life of the exchange log an event of its own."""
        event = Event(
            statement_id=secrets.token_bytes(32),
            code=EventCode.OPERATOR,
            party=self.template.identity.exchange.uri,
            time_ms=self.clock(),
            actor=self.template.identity.exchange.uri,
        )
        await exchange._committer.submit(Forgery(event), internal=True)

    def sign_log(self, entries: Sequence[bytes]) -> bytes:
        """A checkpoint over these entries, signed with the log's own keys."""
        tree, _ = Frontier().append(entry_hash(entry) for entry in entries)
        state = Checkpoint(origin=ORIGIN, size=tree.size, root=tree.root())
        return sign_checkpoint(state, self.template.keys.log, time_s=self.clock() // 1000)

    async def entries(self) -> list[bytes]:
        """Every entry of the log."""
        return list((await self.exchange.entries(0, 0)).entries)

    @asynccontextmanager
    async def forked(self, *members: Member) -> AsyncIterator[Exchange]:
        """A second life of the exchange as it stands, under the same keys, shown to ``members``.

        From here on the log has two histories, each with every signature of the log.
        """
        self._forks += 1
        folder = self.folder / f"fork-{self._forks}"
        folder.mkdir()
        for path in self.folder.glob("exchange.db*"):
            shutil.copy(path, folder)
        exchange = await Exchange.open(
            _house(self.template, SqliteStore(folder / "exchange.db"), self.clock)
        )
        for member in members:
            member.exchange.show(exchange)
        try:
            yield exchange
        finally:
            await exchange.close()

    def root(self, name: str) -> Signer:
        """An agency's root, as a thief has it."""
        store = Keystore.open(Home(self.folder / name).root, PASSPHRASE)
        federation = self.us.signer.header.federation
        return Signer(
            federation=federation,
            uri=f"spiffe://{AGENCIES[name]}",
            key=SigningKey(store.get(ROOT_KEY)),
        )

    async def forge(
        self,
        to: Member,
        statement: Signed,
        *behind: Signed,
        parts: Sequence[PacketParts] = (),
        code: EventCode = EventCode.GRANT_ACCEPTED,
        party: Member | None = None,
        **says: Any,
    ) -> Delivery:
        """A delivery of statements that an honest exchange would refuse, truly in its log.

        Args:
            to: For whom.
            statement: The addressed statement.
            behind: What comes with it.
            parts: Ciphertexts.
            code: What the log entry says happened.
            party: Whom the entry names instead of ``to``.
            says: What the entry says otherwise than the statement.
        """
        named = (party or to).node.uri
        whole = code in (EventCode.PROPOSAL, EventCode.STANDING)
        event = Event(
            statement_id=statement.statement.id,
            code=code,
            party=agency_uri_of(named) if whole else named,
            time_ms=self.clock(),
            actor=header_of(statement.statement.body).signer,
            **{**_account(statement.statement, *behind), **says},
        )
        await self.log(event)
        rows = await openings_of(self.store, event.statement_id, agency_uri_of(named))
        opening = next(row.opening for row in reversed(rows) if row.event == encode_event(event))
        attestations = dict(statement.attestations)
        for each in behind:
            attestations.update(each.attestations)
        return Delivery(
            cursor=START,
            statements=(statement.statement, *(each.statement for each in behind)),
            attestations=attestations,
            parts=tuple(parts),
            entry=opening,
        )


def _account(statement: Statement, *behind: Signed) -> dict[str, Any]:
    """What an honest entry says of a statement."""
    try:
        address = address_of(statement)
        if statement.type is StatementType.MARK:
            return {"agreement_id": parse_mark(statement.body).agreement_id}
        account: dict[str, Any] = {"agreement_id": address.agreement_id if address else b""}
        if statement.type is StatementType.GRANT:
            grant = parse_grant(statement.body)
            account |= {"packet": grant.packet, "purpose": grant.purpose}
            account |= {"pseudonym": pseudonym_of(grant.acted_by)}
            account |= {"seconded_by": pseudonym_of(grant.seconded_by)}
            for manifest in behind:
                article = parse_manifest(manifest.statement.body).agreement.article
                account |= {"article": article}
    except StatementMalformed:
        return {}
    return account


@dataclass(slots=True)
class Clock:
    """The exchange's clock."""

    offset_ms: int = 0
    stopped_ms: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether a test has set it, so that it no longer runs with the machine's."""
        return self.offset_ms != 0 or self.stopped_ms is not None

    def __call__(self) -> int:
        now_ms = time.time_ns() // 1_000_000 if self.stopped_ms is None else self.stopped_ms
        return now_ms + self.offset_ms


@dataclass(kw_only=True)
class Template:
    """A federation at rest, to be copied: homes, a database, and the exchange's keys."""

    folder: Path
    keys: ExchangeKeys
    identity: ExchangeEnrolment
    cosigned_s: float  # on this process's monotonic clock

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self.cosigned_s > FRESH_S

    async def refresh(self, *, by: int) -> None:
        """Has so many agencies cosign anew, if it is old."""
        if self.is_old:
            async with opened(self, self.folder, by=by):
                self.cosigned_s = time.monotonic()


@contextmanager
def quickly() -> Iterator[None]:
    """What costs time on purpose, a passphrase and a checkpoint's interval, costs none inside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tearline.crypto.passphrase, "MEMORY_KIB", LEAST_KIB)
        patch.setattr(tearline_server.tlog.log, "CHECKPOINT_INTERVAL_MS", 0)
        patch.setattr(tearline_server.tlog.cosignatures, "COSIGN_WAIT_MS", 0)
        yield


def found(folder: Path) -> Template:
    """Founds the three agencies and the exchange, and puts the agreement in force."""
    folder.mkdir(exist_ok=True)
    homes = [Home(folder / name) for name in AGENCIES]
    for home, (name, domain) in zip(homes, AGENCIES.items(), strict=True):
        found_agency(home, Identity(agency=name, domain=domain, node="liaison"), PASSPHRASES)
    keys = generate_keys(trust_domain=EXCHANGE_DOMAIN, origin=ORIGIN, now_s=int(time.time()))
    settings = {"name": EXCHANGE_DOMAIN, "dns": DNS_NAME, "address": "127.0.0.1:1"}
    identity = identity_of(config_of(folder, settings), keys)
    founding = draft_charter(
        homes[0],
        PASSPHRASE,
        name="simulation",
        exchange=identity,
        founders=[read_agency(home.enrolment(home.identity())) for home in homes],
    )
    for home in homes[1:]:
        founding = sign_charter(home, PASSPHRASE, founding)
    for home in homes:
        pin(home, PASSPHRASES, founding)
    template = Template(folder=folder, keys=keys, identity=identity, cosigned_s=time.monotonic())
    asyncio.run(_agree(template, founding))
    return template


async def _agree(template: Template, founding: FederationFile) -> None:
    store = SqliteStore(template.folder / "exchange.db")
    for entry in founding.entries:
        await take_clear(_house(template, store, Clock()), entry)
    await store.close()
    async with opened(template, template.folder) as simulation:
        members = simulation.members
        for member in members:
            await member.node.sync()
        for text, partners in ((AGREEMENT, members[1:]), (BILATERAL, members[2:])):
            agreement = simulation.us.node.agreements.draft(text)
            for member in partners:
                agreement = member.node.agreements.sign(agreement)
            await simulation.us.node.agreements.publish(agreement)
        for member in members:
            await member.node.receive()


def _house(template: Template, store: SqliteStore, clock: Clock) -> Components:
    return Components(
        installation=installation_of(template.identity),
        store=store,
        log=AuditLog(store, origin=ORIGIN, clock=clock),
        keys=HeldKeys(template.identity.exchange.uri, [template.keys.signing], [template.keys.log]),
        timekeeper=Timekeeper(clock, clock),
        blobs=FolderStore(store._db._path.with_name("blobs"), SPACE),
    )


@asynccontextmanager
async def opened(template: Template, folder: Path, *, by: int = 3) -> AsyncIterator[Simulation]:
    """The federation in ``folder``, at work; cosigned anew by so many agencies if it is old."""
    async with AsyncExitStack() as stack:
        clock, store = Clock(), SqliteStore(folder / "exchange.db")
        components = _house(template, store, clock)
        exchange = await Exchange.open(components)
        stack.push_async_callback(exchange.close)
        if template.is_old:  # after ten minutes, nothing else confirms the clock of the tests
            components.timekeeper.accept()
            await exchange.maintenance.write_directory()
        members = []
        for name, domain in AGENCIES.items():
            lying = LyingTransport(exchange, f"spiffe://{domain}/node/liaison")
            node = await Node.open(folder / name, passphrase=PASSPHRASE, transport=lying)
            context = context_of(node)
            lying.now_ms = lambda context=context: context.now_ms()  # type: ignore[misc]
            members.append(Member(node=await stack.enter_async_context(node), exchange=lying))
        if template.is_old:
            fresh = members[:by]
            for member in (*fresh, *fresh):
                await member.node.cosigning.follow()
                await member.node.cosigning.turn()
            for member in fresh:
                await member.node.cosigning.follow()
        us, cn, mx = members
        yield Simulation(
            us=us,
            cn=cn,
            mx=mx,
            exchange=exchange,
            store=store,
            clock=clock,
            template=template,
            folder=folder,
        )


@asynccontextmanager
async def copied(template: Template, folder: Path) -> AsyncIterator[Simulation]:
    """A copy of the federation, at work in ``folder``."""
    await template.refresh(by=3)
    shutil.copytree(template.folder, folder)
    async with opened(template, folder) as simulation:
        yield simulation


def narrative(text: str, category: str = "") -> Field:
    """A narrative field; with ``category``, labelled as something that it is not."""
    path = f"{'0a' * 16}/Packet/narrative"
    marking = marking_of(path)
    return Field(
        path=path,
        values=(text.encode(),),
        marking=replace(marking, category=category) if category else marking,
    )
