"""Statements that name items of others, or items that do not exist, by each of their references."""

import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache

import pytest

from support.agencies import AGREEMENT_ID, CN, MX, NOW_MS, US, federation, kem_key, node_of
from support.consents import consent
from support.exchange import (
    Clock,
    World,
    address,
    agreed,
    agreement,
    codes,
    components_of,
    manifest_id,
    terms,
)
from support.requests import PERSON, step
from support.suspensions import WHOLE, standing
from tearline.agreements.proposal import Proposal
from tearline.audit.erasure import Erasure
from tearline.onward.consent import ConsentStep
from tearline.packets.packet import PacketKind
from tearline.packets.recall import Recall, RecallOrder, RecallReason
from tearline.requests.step import StepKind
from tearline.sealing import SealedPacket
from tearline.statements.channel import Mark, Void, VoidReason
from tearline.statements.receipt import Receipt, Status
from tearline.statements.signer import SignedTree
from tearline.statements.statement import StatementType
from tearline.wire.agreements import encode_agreement
from tearline.wire.consents import encode_consent
from tearline.wire.erasures import encode_erasure
from tearline.wire.grants import (
    encode_grant,
    encode_mark,
    encode_receipt,
    encode_void,
    parse_receipt,
)
from tearline.wire.packets import encode_manifest
from tearline.wire.proposals import encode_proposal
from tearline.wire.publications import Publication
from tearline.wire.recalls import encode_recall
from tearline.wire.requests import encode_step
from tearline.wire.statements import Signed
from tearline.wire.suspensions import encode_standing
from tearline_server.admin.offline import take_clear
from tearline_server.exchange import Exchange
from tearline_server.ingest.commands import PublishCommand
from tearline_server.processing.batch import Batch
from tearline_server.processing.context import Publisher
from tearline_server.processing.submission import claims_of
from tearline_server.storage.commit import Commit
from tearline_server.storage.lookups import LookupResults, Lookups
from tearline_server.storage.postgres.store import PostgresStore
from tearline_server.storage.rows import Head
from tearline_server.storage.snapshot import Snapshot
from tearline_server.storage.sqlite.store import SqliteStore

KINDS = ("feedback", "lead", "record-answer", "record-request")
OTHER_AGREEMENT = b"of the two alone"
UNKNOWN_AGREEMENT = b"is of nobody yet"
CLEAR_ENTRY = 1  # of keys: it hides no event
Body = tuple[StatementType, bytes]
Make = Callable[[World, SealedPacket, "Theirs | None"], Body]


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """What China has no part in: a request of the United States to Mexico, and its grant."""

    sealed: SealedPacket
    packet: bytes
    grant: bytes
    entry: int


class Judged(Exception):
    """A batch was judged, and is not to be written."""


def packet_of(theirs: Theirs | None) -> bytes:
    return secrets.token_bytes(32) if theirs is None else theirs.packet


def _step(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    made = replace(
        step(StepKind.WITHDRAW),
        header=world.parties.node(CN).header,
        address=address(MX, 1),
        request=packet_of(theirs),
        kem_key_id=kem_key(node_of(MX)).id,
        acted_by=replace(PERSON, token_hash=secrets.token_bytes(32)),
    )
    return StatementType.REQUEST_STEP, encode_step(made)


def _manifest(**named: Callable[[Theirs | None], object]) -> Make:
    def make(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
        values = {name: value(theirs) for name, value in named.items()}
        fresh = replace(ours.manifest, packet_id=secrets.token_bytes(16), **values)  # type: ignore[arg-type]
        return StatementType.MANIFEST, encode_manifest(fresh)

    return make


def _grant(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    made = world.grant(ours, MX, CN, packet=packet_of(theirs), address=address(MX, 1))
    return StatementType.GRANT, encode_grant(made)


def _recall(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    order = RecallOrder(
        reason=RecallReason.MISTAKE,
        respond_by_ms=NOW_MS + 10**9 + secrets.randbelow(10**9),
        whole=True,
    )
    header = world.parties.node(CN).header
    made = Recall(header=header, address=address(MX, 1), packet=packet_of(theirs), said=order)
    return StatementType.RECALL, encode_recall(made)


def _consent(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    made = consent(
        ConsentStep.GIVE,
        header=world.parties.node(CN).header,
        address=address(MX, 7),
        packet=packet_of(theirs),
        consent_id=secrets.token_bytes(16),
    )
    return StatementType.CONSENT, encode_consent(made)


def _void(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    made = Void(
        header=world.parties.node(CN).header,
        address=address(MX, 1 + secrets.randbelow(2)),
        reason=VoidReason.RECALLED,
        withdraws=secrets.token_bytes(32) if theirs is None else theirs.grant,
    )
    return StatementType.VOID, encode_void(made)


def _receipt(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    made = Receipt(
        header=world.parties.node(CN).header,
        address=address(US, 1),
        about=secrets.token_bytes(32) if theirs is None else theirs.grant,
        status=Status.STORED,
        code="",
        entry=None,
        acted_by=None,
        time_ms=NOW_MS + secrets.randbelow(10**9),
    )
    return StatementType.RECEIPT, encode_receipt(made)


def _standing(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    made = standing(
        WHOLE,
        header=world.parties.node(CN).header,
        counter=1 + secrets.randbelow(10**9),
        agreement_id=secrets.token_bytes(16) if theirs is None else OTHER_AGREEMENT,
    )
    return StatementType.STANDING, encode_standing(made)


def _erasure(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    made = Erasure(
        header=world.parties.node(CN).header,
        agreement_id=AGREEMENT_ID,
        indices=(CLEAR_ENTRY if theirs is None else theirs.entry,),
        parties=(CN,),
        reason=f"it is over {secrets.token_hex(8)}",
    )
    return StatementType.ERASURE, encode_erasure(made)


def _mark(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    made = Mark(
        header=world.parties.node(CN).header,
        recipient=node_of(MX),
        agreement_id=secrets.token_bytes(16) if theirs is None else OTHER_AGREEMENT,
        counter=1 + secrets.randbelow(10**9),
        highest_sent=1,
        highest_received=0,
        time_ms=NOW_MS,
    )
    return StatementType.MARK, encode_mark(made)


@cache
def _drafted(id_: bytes) -> SignedTree:
    """Terms of China's under an id; signed once, or each would cost another verification."""
    drafter = federation().node(CN)
    draft = agreement(drafter.header, id=id_, version=2, terms=terms((CN, MX)))
    return drafter.sign([(StatementType.AGREEMENT, encode_agreement(draft))])


def _proposal(world: World, ours: SealedPacket, theirs: Theirs | None) -> Body:
    drafter = world.parties.node(CN)
    tree = _drafted(UNKNOWN_AGREEMENT if theirs is None else OTHER_AGREEMENT)
    made = Proposal(
        header=drafter.header,
        statement=tree.statements()[0],
        attestations={tree.attestation.hash: tree.attestation},
        declined=False,
        in_reply_to=b"",
        answer_by_ms=NOW_MS + 1 + secrets.randbelow(10**9),
    )
    return StatementType.PROPOSAL, encode_proposal(made)


REFERENCES: Mapping[str, Make] = {
    "request of a step": _step,
    "source of a packet": _manifest(derived_from=lambda theirs: (packet_of(theirs),)),
    "packet corrected": _manifest(supersedes=packet_of),
    "packet of a grant": _grant,
    "packet of a recall": _recall,
    "packet of a consent": _consent,
    "grant of a void": _void,
    "grant of a receipt": _receipt,
    "agreement of a standing": _standing,
    "entry of an order to erase": _erasure,
    "agreement of a mark": _mark,
    "agreement of a proposal": _proposal,
}


async def stage(world: World) -> tuple[SealedPacket, Theirs]:
    """A packet that China could grant, and what it has no part in."""
    article = replace(terms().articles[0], kinds=KINDS)
    await world.agree(terms=replace(terms(), articles=(article,)))
    two = agreement(world.parties.signer(US).header, id=OTHER_AGREEMENT, terms=terms((MX, US)))
    assert codes(await world.publish_signed(US, agreed(world.parties, two))) == [""]
    sealed = world.packet(kind=PacketKind.RECORD_REQUEST)
    grant = world.grant(sealed, MX)
    outcomes = await world.send(sealed, grant)
    assert codes(outcomes) == ["", ""]
    ours = world.packet(CN)
    grants = [world.grant(ours, MX, CN) for _ in range(2)]
    assert codes(await world.send(ours, *grants, sender=CN)) == [""] * 3
    receipt = outcomes[1].receipt
    assert receipt is not None
    told = parse_receipt(receipt.statement.body).entry
    assert told is not None
    return ours, Theirs(
        sealed=sealed, packet=manifest_id(sealed), grant=outcomes[1].about, entry=told.index
    )


async def spent_ns(world: World, signed: Signed) -> tuple[int, str]:
    """Time of looking up and judging a statement of China's, and its refusal."""
    is_here = isinstance(world.store, SqliteStore)
    now_ns = time.thread_time_ns if is_here else time.perf_counter_ns
    publisher = Publisher(node=node_of(CN), agency=CN)
    claims = tuple(claims_of(Publication(signed=(signed,))))
    work = PublishCommand(publisher, claims, signed.attestations, 0)
    registry = world.exchange._desk.registry
    began = ended = 0

    def ask(head: Head, news: Snapshot | None) -> Lookups:
        nonlocal began
        asked = work.ask(registry, Batch(head=head, known=LookupResults(), now_ms=NOW_MS).moment)
        began = now_ns()
        return asked

    def judge(head: Head, known: LookupResults) -> Commit:
        nonlocal ended
        work.judge(registry, Batch(head=head, known=known, now_ms=NOW_MS))
        ended = now_ns()
        raise Judged

    with pytest.raises(Judged):
        await world.store.commit(ask, judge)
    (outcome,) = work.outcomes()
    return ended - began, outcome.refusal.code if outcome.refusal else ""


@asynccontextmanager
async def on_postgresql(url: str) -> AsyncIterator[World]:
    store, clock, parties = await PostgresStore.open(url), Clock(), federation()
    house = components_of(store, clock)
    for signed in parties.clear:
        await take_clear(house, signed)
    exchange = await Exchange.open(house)
    try:
        yield World(
            exchange=exchange, store=store, clock=clock, parties=parties, metrics=house.metrics
        )
    finally:
        await exchange.close()
