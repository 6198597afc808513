"""An exchange in memory for tests: agreed on by a small federation, over a store in a folder.

``opened`` makes one; the functions below make what the federation's nodes publish to it.
Dates are those of ``agencies``: its clock stands still unless a test moves it.
"""

import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from support.agencies import (
    AGREEMENT_ID,
    CN,
    DAY_MS,
    EXCHANGE,
    FIELDS,
    MX,
    NOW_MS,
    ORIGIN,
    US,
    Federation,
    article,
    compartment_of,
    enrolment,
    federation,
    grant,
    log_signers,
    node_of,
    packet,
    signed_by,
    signing_key,
    us_mx,
)
from tearline.agreements.agreement import Agreement
from tearline.audit.event import Event
from tearline.packets.grant import Grant
from tearline.packets.packet import Field, PacketKind, PacketParts
from tearline.policy.form import Form
from tearline.policy.marking import Tlp
from tearline.policy.terms import Direction, Share, Terms
from tearline.sealing import SealedPacket
from tearline.statements.channel import Address
from tearline.statements.receipt import Receipt
from tearline.statements.signer import Signer
from tearline.statements.statement import Header, StatementType, statement_id
from tearline.verification.log_entries import parse_entry
from tearline.verification.trust import TrustState
from tearline.wire.agreements import encode_agreement
from tearline.wire.deliveries import START, Cursor, Delivery
from tearline.wire.grants import encode_grant, parse_event, parse_receipt
from tearline.wire.packets import encode_manifest
from tearline.wire.publications import Outcome, Publication, Refused, publication_of
from tearline.wire.statements import Signed
from tearline_server.admin.offline import take_clear
from tearline_server.blobs.folder_store import FolderStore
from tearline_server.blobs.interface import BlobStore
from tearline_server.bootstrap import Components
from tearline_server.exchange import Exchange
from tearline_server.keys import HeldKeys
from tearline_server.observability.metrics import Metrics
from tearline_server.processing.context import Publisher
from tearline_server.processing.registry import installation_of
from tearline_server.storage.interface import Store
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.timekeeper import Timekeeper
from tearline_server.tlog.log import AuditLog

PARTIES = (CN, MX, US)
ARTICLE = "money-laundering"
PURPOSE = "investigation"
SPACE = 16 << 20  # for large documents of one agency
IDENTITY = enrolment()
INSTALLATION = installation_of(IDENTITY)


@dataclass(slots=True)
class Clock:
    """A clock that tests move."""

    time_ms: int = NOW_MS

    def __call__(self) -> int:
        return self.time_ms


@dataclass(kw_only=True)
class World:
    """An exchange, and the federation that it serves.

    Attributes:
        exchange: The exchange.
        store: Its store.
        clock: Its clock.
        parties: The federation.
        metrics: What is measured of it.
    """

    exchange: Exchange
    store: Store
    clock: Clock
    parties: Federation
    metrics: Metrics
    seqs: dict[tuple[str, str], int] = field(default_factory=dict)

    async def publish(self, agency: str, publication: Publication) -> tuple[Outcome, ...]:
        """Publishes as an agency's node."""
        publisher = Publisher(node=node_of(agency), agency=agency)
        return await self.exchange.publish(publisher, publication, 0)

    async def publish_signed(self, agency: str, *statements: Signed) -> tuple[Outcome, ...]:
        """Publishes statements that stand alone."""
        return await self.publish(agency, Publication(signed=statements))

    async def say(self, agency: str, kind: StatementType, body: bytes) -> Outcome:
        """Signs one statement as an agency's node, and publishes it."""
        tree = self.parties.node(agency).sign([(kind, body)])
        (outcome,) = await self.publish(agency, publication_of(tree, [0]))
        return outcome

    async def agree(self, **changed: object) -> Agreement:
        """Puts the agreement in force."""
        found = agreement(self.parties.signer(US).header, **changed)
        outcomes = await self.publish_signed(US, agreed(self.parties, found))
        assert [outcome.refusal for outcome in outcomes] == [None]
        return found

    def seq(self, sender: str, recipient: str) -> int:
        """Takes the next place between two agencies' nodes."""
        self.seqs[sender, recipient] = self.seqs.get((sender, recipient), 0) + 1
        return self.seqs[sender, recipient]

    def packet(self, agency: str = US, **changed: object) -> SealedPacket:
        """A sealed packet of an agency's node."""
        return sealed_packet(self.parties.node(agency).header, **changed)  # type: ignore[arg-type]

    def grant(
        self,
        sealed: SealedPacket,
        recipient: str = CN,
        sender: str = US,
        *,
        categories: Sequence[str] = ("identity.subject", "identity.birth"),
        **changed: object,
    ) -> Grant:
        """A grant of some of a packet's categories in clear, at the next place of its channel.

        What ``changed`` replaces is changed after sealing, which the exchange cannot see.
        """
        fixed = {"grant_id": secrets.token_bytes(16)}
        if "address" not in changed:
            fixed["address"] = address(recipient, self.seq(sender, recipient))  # type: ignore[assignment]
        made = grant(
            sealed,
            manifest_id(sealed),
            self.parties.node(sender).header,
            node_of(recipient),
            compartments=[compartment_of(sealed, category) for category in categories],
        )
        return replace(made, **(fixed | changed))  # type: ignore[arg-type]

    async def send(self, sealed: SealedPacket, *grants: Grant, sender: str = US) -> list[Outcome]:
        """Publishes a packet and its grants."""
        publication = packet_publication(self.parties.node(sender), sealed, grants)
        return list(await self.publish(sender, publication))

    async def grant_only(self, grant: Grant, sender: str = US) -> Outcome:
        """Publishes a grant of a packet that was published before."""
        return await self.say(sender, StatementType.GRANT, encode_grant(grant))

    async def read(self, agency: str, cursor: Cursor = START) -> list[Delivery]:
        """What waits in the mailbox of an agency's node."""
        found = []
        stream = self.exchange.subscribe(node_of(agency), cursor)
        async for delivery in stream:
            if not delivery.statements:
                break
            found.append(delivery)
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        return found


@asynccontextmanager
async def opened(
    path: Path,
    parties: Federation | None = None,
    *,
    clock: Clock | None = None,
    steady: Clock | None = None,
) -> AsyncIterator[World]:
    """An exchange over the store in ``path``, which takes the federation's clear entries.

    Its clock never jumps, however a test moves it, unless there is a steady one beside it.
    """
    parties = parties or federation()
    clock = clock or Clock()
    database = path / "exchange.db"
    if not database.exists():
        database.write_bytes(await _seeded(path, parties))
    store = SqliteStore(database)
    house = components_of(store, clock, steady, FolderStore(path / "blobs", SPACE))
    exchange = await Exchange.open(house)
    try:
        yield World(
            exchange=exchange, store=store, clock=clock, parties=parties, metrics=house.metrics
        )
    finally:
        await exchange.close()


def components_of(
    store: Store, clock: Clock, steady: Clock | None = None, blobs: BlobStore | None = None
) -> Components:
    """What the exchange of the tests is built from."""
    timekeeper = Timekeeper(clock, steady or clock)
    return Components(
        installation=INSTALLATION,
        store=store,
        log=AuditLog(store, origin=ORIGIN, clock=timekeeper.time_ms),
        keys=HeldKeys(EXCHANGE, [signing_key(EXCHANGE)], [log_signers()]),
        timekeeper=timekeeper,
        blobs=blobs,
    )


_SEEDED: dict[bytes, bytes] = {}


async def _seeded(path: Path, parties: Federation) -> bytes:
    """A database that holds a federation's clear entries; made once for each federation."""
    if parties.id not in _SEEDED:
        store = SqliteStore(path / "seed.db")
        for signed in parties.clear:
            await take_clear(components_of(store, Clock()), signed)
        await store.close()
        _SEEDED[parties.id] = (path / "seed.db").read_bytes()
    return _SEEDED[parties.id]


def terms(parties: Iterable[str] = PARTIES) -> Terms:
    """One article: the first two parties get clear what is ordinary, Mexico no amounts."""
    parties = tuple(sorted(parties))
    found = article(
        id=ARTICLE,
        purposes=(PURPOSE,),
        kinds=(PacketKind.LEAD.value,),
        crime_areas=("money-laundering",),
        directions=tuple(
            Direction(sender=a, recipient=b) for a in parties for b in parties if a != b
        ),
        shares=tuple(
            sorted(
                Share(partner=partner, category=category, form=form)
                for partner in parties
                for category, form in (
                    ("identity.subject", Form.CLEAR),
                    ("identity.birth", Form.CLEAR),
                    ("finance.amount", Form.GENERALISED if partner == MX else Form.CLEAR),
                    ("identity.source", Form.EXISTS),
                )
            )
        ),
        highest_tlp=Tlp.AMBER_STRICT,
    )
    return Terms(parties=parties, articles=(found,))


def agreement(header: Header, **changed: object) -> Agreement:
    """The agreement that packets here are under."""
    usual = {"name": "narcotics", "terms": terms(), "pins": INSTALLATION.pins, "onward_use": ""}
    return us_mx(header, **(usual | {"valid_until_ms": NOW_MS + 365 * DAY_MS} | changed))


def agreed(parties: Federation, found: Agreement, signers: Sequence[str] = ()) -> Signed:
    """An agreement under the roots of its parties; its own signer's first."""
    body = encode_agreement(found)
    uris = signers or (found.header.signer, *found.terms.parties)
    return signed_by(StatementType.AGREEMENT, body, *map(parties.signer, dict.fromkeys(uris)))


def sealed_packet(
    header: Header, fields: Sequence[Field] = FIELDS, **changed: object
) -> SealedPacket:
    """A sealed lead under the agreement."""
    usual: dict[str, object] = {"case_id": "", "evaluation": "X4"}
    return packet(header, fields, **(usual | changed))


def manifest_id(sealed: SealedPacket) -> bytes:
    """The statement id of a packet's manifest."""
    return statement_id(StatementType.MANIFEST, encode_manifest(sealed.manifest))


def parts_of(sealed: SealedPacket) -> PacketParts:
    """What travels beside a packet's manifest."""
    return PacketParts(
        manifest=manifest_id(sealed),
        openings=tuple(sealed.openings[c] for c in sorted(sealed.openings)),
        ciphertexts=dict(enumerate(sealed.ciphertexts)),
        slot_count=len(sealed.ciphertexts),
        blobs=sealed.blobs,
    )


def packet_publication(
    originator: Signer, sealed: SealedPacket, grants: Sequence[Grant] = ()
) -> Publication:
    """A packet and its grants under one signature."""
    bodies = [(StatementType.MANIFEST, encode_manifest(sealed.manifest))]
    bodies += [(StatementType.GRANT, encode_grant(each)) for each in grants]
    tree = originator.sign(bodies)
    return publication_of(tree, range(len(bodies)), [parts_of(sealed)])


def codes(outcomes: Iterable[Outcome]) -> list[str]:
    """The codes of refusals, empty for what was accepted."""
    return [outcome.refusal.code if outcome.refusal else "" for outcome in outcomes]


def said(outcomes: Iterable[Outcome]) -> list[tuple[bytes, object, Refused | None]]:
    """Returns what outcomes say, under whatever signature: a retry has another over its receipt."""
    return [
        (each.about, each.receipt and each.receipt.statement.id, each.refusal) for each in outcomes
    ]


def receipt_of(outcome: Outcome) -> Receipt:
    """The exchange's receipt of an outcome."""
    assert outcome.receipt is not None
    return parse_receipt(outcome.receipt.statement.body)


def event_of(outcome: Outcome) -> Event:
    """The event that an outcome's receipt tells of."""
    entry = receipt_of(outcome).entry
    assert entry is not None
    return parse_event(entry.event)


def address(recipient: str, seq: int) -> Address:
    """A place in the channel to an agency's node."""
    return Address(recipient=node_of(recipient), agreement_id=AGREEMENT_ID, seq=seq)


async def read_trust(world: World) -> TrustState:
    """What a new reader of the whole log derives, every directory included."""
    state, start = TrustState(federation=world.parties.id), 0
    while entries := (await world.exchange.entries(start, 0)).entries:
        for index, entry in enumerate(entries, start):
            parsed = parse_entry(entry)
            if parsed is not None:
                state.apply(index, parsed)
        start += len(entries)
    return state
