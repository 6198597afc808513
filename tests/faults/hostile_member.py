"""A member with a patched client: what it holds, signs and sends past every rule of its own.

It has two agencies, so that they can agree on whatever they like, with all of their keys, those of
their roots and CAs among them. Every act of it is a function in ``faults.hostile_acts``.
"""

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc.aio

from support.authority_lists import unread_credentials
from support.node import context_of, sealed_and_granted, stores_of
from tearline.agreements.agreement import Agreement
from tearline.crypto.certificate_authority import CertificateAuthority
from tearline.crypto.keys import SigningKey
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import TearlineError, TwinAtWork
from tearline.identity import parse_node_uri
from tearline.packets.grant import Grant
from tearline.packets.packet import Field, PacketKind
from tearline.policy.form import Form
from tearline.policy.profile import marking_of
from tearline.policy.release import Decision
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.wire.blobs import Offer, encode_offer
from tearline.wire.grants import encode_grant, parse_grant
from tearline.wire.publications import (
    Outcome,
    Publication,
    encode_publication,
    parse_outcomes,
    publication_of,
)
from tearline_client.enrolment import ROOT_KEY
from tearline_client.features.packets.service import Persons
from tearline_client.keys.home import Home
from tearline_client.keys.keystore import Keystore
from tearline_client.keys.tls_certificates import CA_CERTIFICATE, CA_KEY
from tearline_client.messages.compose import ComposedPacket
from tearline_client.node import Node
from tearline_client.planning.drafts import About
from tearline_client.planning.entities import Entity, connected_groups
from tearline_runtime.grpc.credentials import client_options
from tearline_runtime.grpc.status import error_of
from tearline_runtime.grpc.tls_identity import TlsIdentity

ARTICLE, PURPOSE = "money-laundering", "criminal-investigation"
CALL_S = 30
DAY_S = 24 * 3600
ALONE = [("grpc.use_local_subchannel_pool", 1)]  # else clients of one node share a connection
EVERYTHING = Decision(
    form=Form.CLEAR, shared_policy_ids=(), own_policy_ids=(), reason="", faults=()
)


def text_field(path: str, value: str, category: str = "") -> Field:
    """A field; with ``category``, labelled as something that it is not."""
    marking = marking_of(path)
    if category:
        marking = replace(marking, category=category)
    return Field(path=path, values=(value.encode(),), marking=marking)


@dataclass(kw_only=True)
class Hostile:
    """A member that does as it likes.

    Attributes:
        node: Its node.
        puppet: The node of its other agency.
        victims: Short names of the honest agencies, by the name of the agreement with each.
        exchange: Where the exchange listens, host:port.
        http: Its monitoring port.
        others: The encoding of an agreement of others, as it came into its hands.
        passphrase: Of all its keystores.
        chance: What draws for it.
        answers: How often it was answered with each code.
    """

    node: Node
    puppet: Node
    victims: Mapping[str, str]
    exchange: str
    http: int
    others: bytes
    passphrase: bytes
    chance: random.Random
    answers: Counter[str] = field(default_factory=Counter)
    connections: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def home(self) -> Home:
        """Where its keys are."""
        return self.node.home

    @property
    def signer(self) -> Signer:
        """Its node's signer."""
        return context_of(self.node).signer

    def root(self) -> Signer:
        """Its agency's root."""
        keystore = Keystore.open(self.home.root, self.passphrase)
        return Signer(
            federation=self.signer.header.federation,
            uri=context_of(self.node).agency,
            key=SigningKey(keystore.get(ROOT_KEY)),
        )

    def victim(self) -> str:
        """The name of an agreement with one of the honest agencies."""
        return self.chance.choice(sorted(self.victims))

    # Connections.

    def authority(self) -> CertificateAuthority:
        """Its own CA."""
        keystore = self.node.keystore
        return CertificateAuthority(keystore.get(CA_CERTIFICATE), TlsKey(keystore.get(CA_KEY)))

    def certificate(self, name: str) -> TlsIdentity:
        """A certificate of its own CA, for a node of any name."""
        key, uri = TlsKey.generate(), f"{context_of(self.node).agency}/node/{name}"
        leaf = self.authority().issue_node(
            parse_node_uri(uri), key.public, now_s=int(time.time()), lifetime_s=2 * DAY_S
        )
        return TlsIdentity(certificate=leaf, key=key)

    async def connect(
        self, identity: TlsIdentity | None = None, address: str = ""
    ) -> grpc.aio.Channel:
        """A connection of its own, as its node or another, until it lets go."""
        served = context_of(self.node).trust.members.exchange
        own = identity or self.home.tls_identity(self.node.keystore)
        channel = grpc.aio.secure_channel(
            address or self.exchange,
            unread_credentials(own, served.certificate_authority),
            options=[*client_options(served.dns_name), *ALONE],
        )
        self.connections.push_async_callback(channel.close)
        return channel

    async def let_go(self) -> None:
        """Ends every connection that was made."""
        await self.connections.aclose()

    async def call(self, channel: grpc.aio.Channel, method: str, request: bytes) -> bytes:
        """A call of one message, counted by how it was answered."""
        try:
            reply: bytes = await channel.unary_unary(method)(request, timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            refused = error_of(error.code(), tuple(error.trailing_metadata() or ()))
            self.answers[refused.code] += 1
            return b""
        self.answers["ok"] += 1
        return reply

    async def publish(self, publication: Publication) -> tuple[Outcome, ...]:
        """Publishes past its node; what became of each statement, nothing if it was not taken."""
        try:
            reply = await context_of(self.node).transport.publish(encode_publication(publication))
        except TearlineError as error:
            self.answers[error.code] += 1
            return ()
        outcomes = parse_outcomes(reply)
        self.answers.update(each.refusal.code if each.refusal else "ok" for each in outcomes)
        return outcomes

    async def offer(self, offer: Offer) -> None:
        """Announces a large document."""
        try:
            await context_of(self.node).transport.offer_blob(encode_offer(offer))
        except TearlineError as error:
            self.answers[error.code] += 1

    async def say(
        self, statements: Sequence[tuple[StatementType, bytes]], *, by: Signer | None = None
    ) -> tuple[Outcome, ...]:
        """Signs statements at once and publishes them in one message."""
        tree = (by or self.signer).sign(statements)
        return await self.publish(publication_of(tree, range(len(statements))))

    # Packets.

    def compose(
        self,
        agreement: str,
        fields: Sequence[Field],
        *,
        kind: PacketKind = PacketKind.LEAD,
        node: Node | None = None,
        to: str = "",
    ) -> tuple[ComposedPacket, tuple[Publication, ...]]:
        """A packet of these fields and a grant of all of it, past every rule of the node."""
        node = node or self.node
        person = Entity(id="p", schema="Person", properties={"name": ("Qiu",)})
        (group,) = connected_groups([person])
        about = About(article=ARTICLE, purpose=PURPOSE)
        recipient = node.directory.node_of(to or self.victims[agreement])
        plan = node.packets.plan(node.packets.draft(group, about, agreement=agreement), [recipient])
        plan = replace(
            plan,
            draft=replace(plan.draft, fields=tuple(fields), kind=kind),
            fields=tuple(fields),
            decisions={(recipient, each.marking): EVERYTHING for each in fields},
        )
        with stores_of(node).database.transaction():
            composition = sealed_and_granted([plan], node.packets._releases.releaser(Persons()))
        return composition.packets[0], composition.publications

    async def send(
        self,
        agreement: str,
        fields: Sequence[Field],
        *,
        kind: PacketKind = PacketKind.LEAD,
        to: str = "",
    ) -> bool:
        """Sends a packet to a victim; whether the exchange took all of it."""
        _, publications = self.compose(agreement, fields, kind=kind, to=to)
        taken = True
        for publication in publications:
            outcomes = await self.publish(publication)
            taken = taken and bool(outcomes) and not any(each.refusal for each in outcomes)
        return taken

    def grants_like(
        self, packet: ComposedPacket, number: int, sealed_bytes: int
    ) -> list[tuple[StatementType, bytes]]:
        """Grants of a packet like its first, each sealed to nobody."""
        first = parse_grant(packet.grants[0].statement.body)
        return [
            (StatementType.GRANT, encode_grant(self._garbled(first, sealed_bytes)))
            for _ in range(number)
        ]

    def _garbled(self, grant: Grant, sealed_bytes: int) -> Grant:
        channels = stores_of(self.node).channels
        with stores_of(self.node).database.transaction():
            address = channels.next_place(grant.address.recipient, grant.address.agreement_id)
        return replace(
            grant,
            address=address,
            grant_id=secrets.token_bytes(len(grant.grant_id)),
            sealed=secrets.token_bytes(sealed_bytes),
        )

    # Agreements.

    def terms(self, *, name: str, articles: int, oversight: Iterable[str] = ()) -> Agreement:
        """An agreement of its two agencies, of so many articles."""
        return self.node.proposals.draft(
            agreement_text(
                name,
                (self.node.identity().agency, self.puppet.identity().agency),
                articles=articles,
                oversight=tuple(oversight),
            )
        )


def agreement_text(
    name: str, parties: Sequence[str], *, articles: int = 1, oversight: Sequence[str] = ()
) -> str:
    """An agreement under which each may have everything of the other, as a file."""
    kinds = ", ".join(f'"{kind.value}"' for kind in PacketKind)
    lines = [
        f'name = "{name}"',
        f"parties = {[*parties]}",
        "valid_from = 2026-01-01",
        "valid_until = 2036-01-01",
        "retention_days = 730",
        'onward_use = "None."',
    ]
    if oversight:
        lines.append(f"oversight = {[*oversight]}")
    for number in range(articles):
        article = ARTICLE if number == 0 else f"{ARTICLE}-{number}"
        lines += [
            f"[article.{article}]",
            f'purposes = ["{PURPOSE}"]',
            f"kinds = [{kinds}]",
            'crime_areas = ["money-laundering"]',
            'highest_tlp = "red"',
            'directions = "all"',
        ]
        for party in parties:
            lines += [f"[article.{article}.share.{party}]"]
            lines += [f'"{category}" = "clear"' for category in SHARED]
    return "\n".join(lines).replace("'", '"') + "\n"


SHARED = (
    *("reference", "measure", "time", "location", "operation", "document", "relation", "finance"),
    *("contact", "identity", "organisation", "chemical", "transport", "narrative", "method"),
)


@asynccontextmanager
async def opened(
    home: Path, puppet: Path, *, passphrase: bytes, exchange: str, **rest: object
) -> AsyncIterator[Hostile]:
    """The member at work, in step with the log."""
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(
                await Node.open(each, passphrase=passphrase, address=exchange, timeout_s=CALL_S)
            )
            for each in (home, puppet)
        ]
        for node in nodes:
            with suppress(TwinAtWork):  # keys that it put on record look like another copy's
                await node.sync()
        made = Hostile(
            node=nodes[0], puppet=nodes[1], exchange=exchange, passphrase=passphrase, **rest
        )
        stack.push_async_callback(made.let_go)
        yield made


async def at_once(works: Iterable[object]) -> None:
    """Does all of it at once, and does not care how any of it ends."""
    await asyncio.gather(*works, return_exceptions=True)  # type: ignore[arg-type]
