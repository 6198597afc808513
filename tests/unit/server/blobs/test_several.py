"""Large documents at two exchanges over one database: named, given and dropped at either."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    EXCHANGE,
    NOW_MS,
    US,
    authority,
    federation,
    node_of,
    signed_by,
)
from support.blobs import Document, document, packet_with, upload
from support.exchange import (
    SPACE,
    Clock,
    World,
    address,
    codes,
    components_of,
    manifest_id,
)
from support.suspensions import WHOLE, standing
from tearline.crypto.certificates import TlsFacts, to_pem
from tearline.crypto.tls_keys import TlsKey
from tearline.errors import BlobQuotaExceeded, CallerDenied
from tearline.federation.members import Revocation
from tearline.identity import parse_exchange_uri, parse_node_uri
from tearline.limits import BLOB_CLAIM_MS
from tearline.packets.recall import Recall, RecallOrder, RecallReason
from tearline.statements.statement import StatementType
from tearline.wire.blobs import Question, encode_question
from tearline.wire.deliveries import START, encode_cursor
from tearline.wire.federation import encode_revocation
from tearline.wire.publications import Outcome
from tearline.wire.recalls import encode_recall
from tearline.wire.suspensions import encode_standing
from tearline_runtime.grpc import methods
from tearline_server.admin.offline import take_clear
from tearline_server.admission.authentication import (
    KEY_EXCHANGE_GROUP,
    TLS_VERSION,
    Authenticator,
)
from tearline_server.app import access_list_of
from tearline_server.blobs.interface import owner_of
from tearline_server.blobs.shared_folder import SharedFolder
from tearline_server.blobs.shared_store import SharedStore
from tearline_server.delivery import mailboxes
from tearline_server.exchange import Exchange
from tearline_server.grpc.blob_service import BlobService
from tearline_server.grpc.exchange_service import ExchangeService
from tearline_server.grpc.interceptor import CallInterceptor
from tearline_server.ingest.commands import Command
from tearline_server.observability.metrics import Metrics
from tearline_server.storage.postgres.store import PostgresStore


@pytest.fixture
async def pair(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[World, World]]:
    parties, clock, worlds = federation(), Clock(), list[World]()
    store = await PostgresStore.open(database_url)
    for signed in parties.clear:
        await take_clear(components_of(store, clock), signed)
    await store.close()
    for _ in range(2):
        store = await PostgresStore.open(database_url)
        assert store.blobs is not None
        blobs = SharedStore(store.blobs, SharedFolder(tmp_path), SPACE)
        house = components_of(store, clock, blobs=blobs)
        worlds.append(
            World(
                exchange=await Exchange.open(house),
                store=store,
                clock=clock,
                parties=parties,
                metrics=house.metrics,
                seqs=worlds[0].seqs if worlds else {},
            )
        )
    await worlds[0].agree()
    yield worlds[0], worlds[1]
    for world in worlds:
        await world.exchange.close()


def caller_of(world: World, agency: str) -> tuple[Authenticator, TlsFacts]:
    """The gate of an exchange, and the connection of an agency's node."""
    gate = Authenticator(parse_exchange_uri(EXCHANGE), access_list_of(world.exchange))
    world.exchange.on_trust = lambda: gate.replace(access_list_of(world.exchange))
    certificate = authority(agency).issue_node(
        parse_node_uri(node_of(agency)),
        TlsKey.generate().public,
        now_s=world.clock.time_ms // 1000,
        lifetime_s=24 * 3600,
    )
    facts = TlsFacts(
        peer_certificate=certificate, version=TLS_VERSION, key_exchange_group=KEY_EXCHANGE_GROUP
    )
    return gate, facts


class Call:
    """A call of a node, as gRPC shows it.

    Args:
        facts: Its connection.
    """

    def __init__(self, facts: TlsFacts) -> None:
        self._facts = facts
        self.written: list[bytes] = []
        self.code = ""

    def auth_context(self) -> dict[str, list[bytes]]:
        return {
            "x509_pem_cert": [to_pem(self._facts.peer_certificate)],
            "ssl_tls_version": [self._facts.version.encode()],
            "ssl_negotiated_key_exchange_group": [self._facts.key_exchange_group.encode()],
        }

    def invocation_metadata(self) -> tuple[()]:
        return ()

    def peer(self) -> str:
        return "ipv4:192.0.2.7:50000"

    async def write(self, reply: bytes) -> None:
        self.written.append(reply)

    async def abort(self, code: object, details: str, trailing: Any) -> None:
        self.code = json.loads(dict(trailing)[methods.REFUSAL])["code"]
        raise RuntimeError(self.code)


async def asked(world: World, caller: tuple[Authenticator, TlsFacts], question: Question) -> Call:
    """A call for a part at an exchange, by a node that its gate admits."""
    gate, facts = caller
    guard = CallInterceptor(gate, world.exchange, world.clock, Metrics())
    handler = BlobService(world.exchange).calls(guard)[methods.BLOB_GET]

    async def requests() -> AsyncIterator[bytes]:
        yield encode_question(question)

    call = Call(facts)
    with suppress(RuntimeError):
        await handler.stream_stream(requests(), call)
    return call


async def granted_part(world: World, made: Document) -> Question:
    """A document's first part, as a partner may ask for it."""
    await upload(world, made)
    sealed = packet_with(world, made)
    _, granted = await world.send(sealed, world.grant(sealed, CN))
    assert codes([granted]) == [""]
    await world.read(CN)
    (link,) = sealed.blobs
    return Question(grant=granted.about, slot=link.slot, number=0)


async def test_no_part_is_given_after_a_suspension_at_another_exchange(
    pair: tuple[World, World],
) -> None:
    one, other = pair
    question = await granted_part(one, document())
    caller = caller_of(other, CN)
    assert (await asked(other, caller, question)).written
    stop = encode_standing(standing(WHOLE))
    assert codes([await one.say(US, StatementType.STANDING, stop)]) == [""]
    call = await asked(other, caller, question)  # which follows no other process meanwhile
    assert (call.code, call.written) == ("TL-AGR-010", [])


async def test_no_part_is_given_under_a_key_that_was_revoked_at_another_exchange(
    pair: tuple[World, World],
) -> None:
    one, other = pair
    question = await granted_part(one, document())
    connected = caller_of(other, CN)
    assert (await asked(other, connected, question)).written
    gate, facts = connected
    key = gate.verify_node(facts, other.clock.time_ms // 1000).key_id
    root = one.parties.signer(CN)
    body = encode_revocation(Revocation(header=root.header, revoked_key=key, reason="lost"))
    signed = signed_by(StatementType.REVOCATION, body, root)
    assert codes(await one.publish_signed(CN, signed)) == [""]
    call = await asked(other, connected, question)
    assert (call.code, call.written) == (CallerDenied.code, [])


async def test_a_running_stream_ends_for_a_key_that_was_revoked_at_another_exchange(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    monkeypatch.setattr(mailboxes, "MAIL_PAGE_BYTES", 1)  # an item a page
    await granted_part(one, document())
    gate, facts = caller_of(other, CN)
    guard = CallInterceptor(gate, other.exchange, other.clock, Metrics())
    handler = ExchangeService(other.exchange).calls(guard)[methods.SUBSCRIBE]

    async def requests() -> AsyncIterator[bytes]:
        yield encode_cursor(START)

    call = Call(facts)
    stream = handler.stream_stream(requests(), call)
    await anext(stream)
    key = gate.verify_node(facts, other.clock.time_ms // 1000).key_id
    root = one.parties.signer(CN)
    body = encode_revocation(Revocation(header=root.header, revoked_key=key, reason="lost"))
    signed = signed_by(StatementType.REVOCATION, body, root)
    assert codes(await one.publish_signed(CN, signed)) == [""]
    with pytest.raises(RuntimeError):
        await anext(stream)
    assert call.code == CallerDenied.code


def objects(tmp_path: Path) -> int:
    return len([each for each in tmp_path.glob("*/*/*") if each.is_file()])


async def links(world: World, made: Document) -> dict[bytes, int]:
    assert world.store.blobs is not None
    return await world.store.blobs.links((owner_of(US), made.blob.id))


async def test_each_serves_the_documents_of_the_other(
    pair: tuple[World, World], tmp_path: Path
) -> None:
    one, other = pair
    made = document()
    assert await one.exchange.documents.offer(US, made.offer) == 0
    for world, part in zip((one, other, one), made.parts, strict=True):
        assert await world.exchange.documents.put(US, part) == part.number + 1
    sealed = packet_with(other, made)
    _, granted = await other.send(sealed, other.grant(sealed, CN))
    assert codes([granted]) == [""]
    await other.read(CN)
    (link,) = sealed.blobs
    for world in pair:
        question = Question(grant=granted.about, slot=link.slot, number=2)
        part = await world.exchange.document_reader.part(node_of(CN), question)
        assert part == made.parts[2].data
    recall = Recall(
        header=one.parties.node(US).header,
        address=address(CN, one.seq(US, CN)),
        packet=manifest_id(sealed),
        said=RecallOrder(
            reason=RecallReason.MISTAKE, respond_by_ms=NOW_MS + 3 * DAY_MS, whole=True
        ),
    )
    assert codes([await one.say(US, StatementType.RECALL, encode_recall(recall))]) == [""]
    assert objects(tmp_path) == len(made.parts)
    await one.exchange.documents.sweep()
    assert objects(tmp_path) == 0
    assert await other.exchange.documents.offer(US, made.offer) == 0


async def test_one_document_at_two_exchanges_belongs_to_one_packet(
    pair: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pair
    made = document()
    await upload(one, made)
    claimed = asyncio.Barrier(2)

    def together(world: World) -> None:
        submit = world.exchange._submit

        async def slow(work: Command, *, internal: bool = False) -> None:
            await claimed.wait()
            await submit(work, internal=internal)

        monkeypatch.setattr(world.exchange, "_submit", slow)

    for world in pair:
        together(world)

    async def send(world: World) -> list[Outcome]:
        return await world.send(packet_with(world, made))

    outcomes = await asyncio.gather(send(one), send(other))
    assert sorted(codes([each for (each,) in outcomes])) == ["", "TL-BLB-002"]
    assert len(await links(one, made)) == 1


async def test_a_claim_of_a_killed_process_ends_after_an_hour(
    pair: tuple[World, World], tmp_path: Path
) -> None:
    one, other = pair
    made, lost = document(), document()
    for world in pair:
        await world.exchange.documents.sweep()
    for each in (made, lost):
        await upload(one, each)
    assert one.store.blobs is not None
    sealed = packet_with(one, made)
    for each, packet in ((made, manifest_id(sealed)), (lost, b"l" * 32)):
        claim, _ = await one.store.blobs.claim((owner_of(US), each.blob.id), packet, NOW_MS)
        assert claim
    assert codes(await other.send(packet_with(one, lost))) == ["TL-BLB-002"]
    assert codes(await other.send(sealed)) == [""]
    one.clock.time_ms += BLOB_CLAIM_MS
    next_packet = packet_with(one, lost)
    assert codes(await other.send(next_packet)) == [""]
    assert codes(await other.send(packet_with(one, made))) == ["TL-BLB-002"]
    one.clock.time_ms += DAY_MS
    await one.exchange.documents.sweep()
    for each, packet in ((made, sealed), (lost, next_packet)):
        assert set(await links(one, each)) == {manifest_id(packet)}
    assert objects(tmp_path) == 2 * len(made.parts)


async def test_a_document_with_a_claim_alone_is_dropped_after_a_day(
    pair: tuple[World, World], tmp_path: Path
) -> None:
    one, _ = pair
    await one.exchange.documents.sweep()
    lost = document()
    await upload(one, lost)
    assert one.store.blobs is not None
    await one.store.blobs.claim((owner_of(US), lost.blob.id), b"l" * 32, NOW_MS)
    one.clock.time_ms += DAY_MS
    await one.exchange.documents.sweep()
    assert objects(tmp_path) == 0


async def test_one_of_both_sweeps(pair: tuple[World, World], tmp_path: Path) -> None:
    one, other = pair
    for world in pair:
        await world.exchange.documents.sweep()
    await upload(one, document())
    one.clock.time_ms += DAY_MS
    await other.exchange.documents.sweep()
    assert objects(tmp_path) == 3
    await one.exchange.documents.sweep()
    assert objects(tmp_path) == 0


async def test_the_space_of_an_agency_is_the_same_at_both(pair: tuple[World, World]) -> None:
    _, other = pair
    for number in range(4):
        await upload(pair[number % 2], document(1))
    for world in pair:
        with pytest.raises(BlobQuotaExceeded):
            await upload(world, document(1))
    assert await other.exchange.documents.offer(CN, document(1).offer) == 0
