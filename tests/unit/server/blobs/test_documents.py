"""Large documents at the exchange: whose they are, who gets them, and when they go."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from support.agencies import CN, DAY_MS, MX, NOW_MS, US, node_of, signing_key
from support.blobs import Document, document, packet_with, upload
from support.exchange import (
    SPACE,
    Clock,
    World,
    address,
    codes,
    manifest_id,
    opened,
    packet_publication,
)
from support.exchange import parts_of as packet_parts
from support.suspensions import WHOLE, standing
from tearline.blobs.parts import PART_BYTES, PART_PLAIN_BYTES
from tearline.errors import (
    BlobMismatch,
    BlobQuotaExceeded,
    BlobUnavailable,
    StoreError,
    TearlineError,
)
from tearline.limits import BLOB_RESERVE_BYTES, MIN_FREE_BYTES
from tearline.packets.packet import BlobLink, PacketParts
from tearline.packets.recall import Recall, RecallOrder, RecallReason
from tearline.sealing import SealedPacket
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.tlog.merkle import leaf_hash
from tearline.wire.blobs import Offer, Question
from tearline.wire.packets import encode_manifest
from tearline.wire.publications import publication_of
from tearline.wire.recalls import encode_recall
from tearline.wire.suspensions import encode_standing
from tearline_server.blobs.files import BlobFolder
from tearline_server.blobs.folder_store import FolderStore
from tearline_server.blobs.interface import owner_of
from tearline_server.blobs.space import Space, Taken
from tearline_server.ingest.commands import Command

HOUR_MS = 3_600_000


async def sent(
    world: World, made: Document, *recipients: str, **changed: object
) -> tuple[SealedPacket, list[bytes]]:
    """Sends a packet with a document, and its recipients read it; the ids of its grants."""
    sealed = packet_with(world, made, **changed)
    grants = [world.grant(sealed, recipient) for recipient in recipients]
    outcomes = await world.send(sealed, *grants)
    assert set(codes(outcomes)) == {""}
    for recipient in recipients:
        await world.read(recipient)
    return sealed, [outcome.about for outcome in outcomes[1:]]


def slot_of(sealed: SealedPacket) -> int:
    """The slot of the field that describes the document."""
    (link,) = sealed.blobs
    return link.slot


async def got(world: World, agency: str, grant: bytes, slot: int) -> bytes:
    """All parts of a document, as a node gets them."""
    question = Question(grant=grant, slot=slot, number=0)
    reader = world.exchange.document_reader
    leaves = await reader.leaves(node_of(agency), question)
    asked = [replace(question, number=number) for number in range(len(leaves))]
    return b"".join([await reader.part(node_of(agency), each) for each in asked])


def folders(tmp_path: Path) -> list[Path]:
    return [each for agency in (tmp_path / "blobs").iterdir() for each in agency.iterdir()]


def all_parts(made: Document) -> bytes:
    return b"".join(part.data for part in made.parts)


# Upload.


async def test_parts_are_taken_in_order_and_each_once(world: World) -> None:
    made, documents = document(), world.exchange.documents
    assert await documents.offer(US, made.offer) == 0
    with pytest.raises(BlobMismatch, match="part 0 is missing"):
        await documents.put(US, made.parts[1])
    assert [await documents.put(US, part) for part in made.parts[:2]] == [1, 2]
    assert await documents.put(US, made.parts[0]) == 2
    assert await documents.offer(US, made.offer) == 2
    assert await documents.put(US, made.parts[2]) == 3


async def test_a_part_that_was_not_announced_is_refused(world: World) -> None:
    made, other = document(), document()
    documents = world.exchange.documents
    await documents.offer(US, made.offer)
    first, second = made.parts[0], made.parts[1]
    last = replace(made.parts[2], data=made.parts[2].data[:-1])
    for wrong in (
        replace(second, number=0),  # swapped
        replace(first, data=other.parts[0].data),  # of another document
        replace(first, data=first.data[:-1]),
        replace(first, number=3),
        other.parts[0],  # never offered
    ):
        with pytest.raises(BlobMismatch):
            await documents.put(US, wrong)
    for part in (first, second):
        await documents.put(US, part)
    with pytest.raises(BlobMismatch):
        await documents.put(US, last)
    with pytest.raises(BlobMismatch):
        await documents.put(US, replace(first, data=other.parts[0].data))
    assert await documents.offer(US, made.offer) == 2


async def test_one_id_has_one_announcement(world: World) -> None:
    made = document()
    await world.exchange.documents.offer(US, made.offer)
    with pytest.raises(BlobMismatch):
        await world.exchange.documents.offer(US, document(blob_id=made.blob.id).offer)


async def test_the_id_of_another_agency_tells_nothing(world: World) -> None:
    made = document()
    await upload(world, made)
    theirs = document(blob_id=made.blob.id)
    assert await world.exchange.documents.offer(CN, theirs.offer) == 0
    assert await world.exchange.documents.offer(CN, theirs.offer) == 0
    assert codes(await world.send(packet_with(world, made, CN), sender=CN)) == ["TL-BLB-002"]


async def test_a_torn_part_is_sent_again(world: World, tmp_path: Path) -> None:
    made = document()
    await world.exchange.documents.offer(US, made.offer)
    for part in made.parts[:2]:
        await world.exchange.documents.put(US, part)
    (folder,) = folders(tmp_path)
    with (folder / "parts").open("r+b") as file:
        file.seek(PART_BYTES + 7)
        file.write(b"torn")
    (tmp_path / "again").mkdir()
    async with opened(tmp_path / "again") as again:
        (tmp_path / "blobs").rename(tmp_path / "again" / "blobs")
        assert await again.exchange.documents.offer(US, made.offer) == 1
        assert await again.exchange.documents.put(US, made.parts[1]) == 2
        assert await upload(again, made) == 3


async def test_an_agency_has_its_own_space(world: World) -> None:
    made = document()
    await world.exchange.documents.offer(US, made.offer)
    large = Offer(id=b"l" * 16, size=15 * PART_BYTES + 16, leaves=tuple([bytes(32)] * 16))
    assert large.size < SPACE
    with pytest.raises(BlobQuotaExceeded):
        await world.exchange.documents.offer(US, large)
    assert await world.exchange.documents.offer(CN, large) == 0


async def test_many_small_ones_take_space_too(world: World) -> None:
    for _ in range(4):
        await upload(world, document(1))
    with pytest.raises(BlobQuotaExceeded):
        await upload(world, document(1))


async def test_a_part_of_another_length_is_refused(world: World) -> None:
    made = document()
    short = replace(made.parts[0], data=made.parts[0].data[:-1])
    leaves = (leaf_hash(short.data), *made.offer.leaves[1:])
    await world.exchange.documents.offer(US, replace(made.offer, leaves=leaves))
    with pytest.raises(BlobMismatch):
        await world.exchange.documents.put(US, short)


async def test_a_cancelled_call_keeps_its_turn_until_it_has_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, documents = document(), world.exchange.documents
    await documents.offer(US, made.offer)
    begun, go_on, write = Event(), Event(), BlobFolder.write

    def wait(folder: BlobFolder, number: int, data: bytes) -> None:
        begun.set()
        go_on.wait()
        write(folder, number, data)

    monkeypatch.setattr(BlobFolder, "write", wait)
    call = asyncio.create_task(documents.put(US, made.parts[0]))
    await asyncio.to_thread(begun.wait)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    is_held = all(lock.locked() for lock in documents._locks.values())
    go_on.set()
    assert is_held
    assert await documents.put(US, made.parts[1]) == 2


def test_an_earlier_part_that_comes_late_leaves_later_ones(tmp_path: Path) -> None:
    made, folder = document(), BlobFolder(path=tmp_path / "agency" / ("0d" * 16))
    folder.begin(made.offer, NOW_MS)
    for part in (*made.parts, made.parts[0]):
        folder.write(part.number, part.data)
    assert folder.held(made.offer.size) == 3


GIB = 1 << 30


def large(number: int, size: int) -> Offer:
    """An offer of a document of some whole parts, which is never sent."""
    parts = size // PART_BYTES
    leaves = tuple([bytes(32)] * (parts + 1))
    return Offer(id=number.to_bytes(16, "big"), size=parts * PART_BYTES + 16, leaves=leaves)


def disk_of(monkeypatch: pytest.MonkeyPatch, size: int) -> SimpleNamespace:
    """A disk on which documents may take so many bytes now."""
    free = MIN_FREE_BYTES + BLOB_RESERVE_BYTES + size
    disk = SimpleNamespace(total=100 * GIB, free=free)
    monkeypatch.setattr("shutil.disk_usage", lambda place: disk)
    return disk


async def test_documents_leave_room_for_packets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, documents = document(), world.exchange.documents
    disk = disk_of(monkeypatch, 2 * made.offer.size)
    await documents.offer(US, made.offer)
    await documents.put(US, made.parts[0])
    whole, disk.free = disk.free, MIN_FREE_BYTES + BLOB_RESERVE_BYTES + PART_BYTES - 1
    with pytest.raises(BlobQuotaExceeded):
        await documents.put(US, made.parts[1])
    disk.free = whole
    assert await documents.put(US, made.parts[1]) == 2
    disk.free = 0
    with pytest.raises(BlobQuotaExceeded):
        await documents.offer(CN, document(1).offer)


async def test_announcements_without_parts_leave_the_disk_to_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = world.exchange.documents
    assert documents._stored is not None
    documents._stored.agency_bytes = 1 << 40
    disk_of(monkeypatch, 10 * GIB)
    for number in range(8):
        await documents.offer(US, large(number, GIB))
    assert await documents.offer(CN, large(0, 3 * GIB)) == 0


async def test_each_agency_has_its_share_of_a_full_disk(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents, mine = world.exchange.documents, document(9 * PART_PLAIN_BYTES)
    disk = disk_of(monkeypatch, 12 * PART_BYTES)  # of which each member is sure of two parts
    monkeypatch.setattr("tearline_server.blobs.space.BLOB_WINDOW_BYTES", PART_BYTES)
    write = BlobFolder.write

    def take(folder: BlobFolder, number: int, data: bytes) -> None:
        disk.free -= len(data)
        write(folder, number, data)

    monkeypatch.setattr(BlobFolder, "write", take)
    with pytest.raises(BlobQuotaExceeded):
        await documents.offer(US, mine.offer)
    most = document(7 * PART_PLAIN_BYTES)  # padding, and the last chunks, make it eight parts
    assert await upload(world, most) == len(most.parts)
    for agency in (CN, MX):
        small = document(PART_PLAIN_BYTES)
        assert await upload(world, small, agency) == 2
    with pytest.raises(BlobQuotaExceeded):
        await upload(world, document(3 * PART_PLAIN_BYTES), CN)


async def test_after_a_restart_the_space_of_all_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    async with opened(tmp_path) as world:
        await world.exchange.documents.offer(US, made.offer)
        await world.exchange.documents.put(US, made.parts[0])
    store = FolderStore(tmp_path / "blobs", SPACE)
    disk_of(monkeypatch, GIB)
    space = await store.space()
    taken = Taken(stored=PART_BYTES, awaited=made.offer.size - PART_BYTES)
    assert space == Space(total=GIB + PART_BYTES, taken={owner_of(US): taken})


async def test_an_id_has_sixteen_bytes(world: World) -> None:
    (part, *_) = document().parts
    for wrong in (b"", b"i" * 500):
        with pytest.raises(BlobMismatch, match="16 bytes"):
            await world.exchange.documents.put(US, replace(part, id=wrong))


async def test_leftovers_of_a_deletion_are_no_parts(world: World, tmp_path: Path) -> None:
    made = document()
    await upload(world, made)
    (folder,) = folders(tmp_path)
    (folder / "offer").unlink()
    for _ in range(2):
        assert await world.exchange.documents.offer(US, made.offer) == 0
    assert await upload(world, made) == 3


# Packets.


async def test_a_packet_needs_its_document(world: World, tmp_path: Path) -> None:
    made = document()
    sealed = packet_with(world, made)
    assert codes(await world.send(sealed)) == ["TL-BLB-002"]
    await world.exchange.documents.offer(US, made.offer)
    for part in made.parts:
        assert codes(await world.send(packet_with(world, made))) == ["TL-BLB-002"]
        await world.exchange.documents.put(US, part)
    other = replace(made, blob=replace(made.blob, root=b"r" * 32))
    assert codes(await world.send(packet_with(world, other))) == ["TL-BLB-002"]
    assert codes(await world.send(packet_with(world, made))) == [""]


async def test_a_document_belongs_to_a_field(world: World) -> None:
    made = document()
    await upload(world, made)
    sealed = packet_with(world, made)
    padding = set(range(len(sealed.ciphertexts))) - {
        slot for opening in sealed.openings.values() for slot in opening.slots
    }
    (link,) = sealed.blobs
    moved = replace(sealed, blobs=(replace(link, slot=min(padding)),))
    assert codes(await world.send(moved)) == ["TL-PKT-006"]
    twice = sorted([link.slot, next(s for s in sealed.openings[min(sealed.openings)].slots)])
    if twice[0] != twice[1]:
        links = tuple(BlobLink(slot=slot, id=link.id, root=link.root) for slot in twice)
        assert codes(await world.send(replace(sealed, blobs=links))) == ["TL-PKT-006"]


async def test_a_document_belongs_to_one_line_of_packets(world: World) -> None:
    made = document()
    await upload(world, made)
    first, _ = await sent(world, made, CN)
    assert codes(await world.send(packet_with(world, made))) == ["TL-BLB-002"]
    await sent(world, made, CN, supersedes=manifest_id(first))


async def test_a_refused_packet_leaves_its_document_to_the_next(world: World) -> None:
    made = document()
    await upload(world, made)
    expired = packet_with(world, made, not_after_ms=NOW_MS - 1)
    assert codes(await world.send(expired)) == ["TL-PKT-016"]
    await sent(world, made, CN)


def links(tmp_path: Path) -> list[Path]:
    """The records that packets name documents."""
    return list((tmp_path / "blobs").glob("*/*/packet-*"))


async def test_a_packet_that_is_not_sent_claims_no_document(world: World, tmp_path: Path) -> None:
    made = document()
    await upload(world, made)
    sealed = packet_with(world, made)
    publication = packet_publication(world.parties.node(US), sealed, [])
    strays = tuple(
        PacketParts(manifest=bytes([number]) * 32, ciphertexts={}, blobs=sealed.blobs)
        for number in range(3)
    )
    sent = replace(publication, parts=(*strays, *publication.parts))
    assert codes(await world.publish(US, sent)) == [""]
    assert [each.name for each in links(tmp_path)] == [f"packet-{manifest_id(sealed).hex()}"]


async def test_a_publication_that_failed_claims_no_document(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    await upload(world, made)

    async def fail(work: object, *, internal: bool = False) -> None:
        raise StoreError("full")

    monkeypatch.setattr(world.exchange, "_submit", fail)
    with pytest.raises(StoreError):
        await world.send(packet_with(world, made))
    assert links(tmp_path) == []


async def test_a_publication_that_was_cancelled_settles_its_documents(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    await upload(world, made)
    submit, begun = world.exchange._submit, asyncio.Event()

    async def slow(work: Command, *, internal: bool = False) -> None:
        begun.set()
        await submit(work, internal=internal)

    monkeypatch.setattr(world.exchange, "_submit", slow)
    expired = packet_with(world, made, not_after_ms=NOW_MS - 1)
    call = asyncio.create_task(world.send(expired))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert codes(await world.send(packet_with(world, made))) == [""]
    assert len(links(tmp_path)) == 1


class Counted:
    """A store of documents that counts its calls.

    Args:
        world: The exchange, whose store is counted.
        monkeypatch: Puts the count in its place.
    """

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        stored = world.exchange.documents._stored
        self.calls: list[str] = []
        for name in ("claim", "state", "offer", "read", "leaves", "keep_root"):
            monkeypatch.setattr(stored, name, self._counting(name, getattr(stored, name, None)))

    def _counting(self, name: str, call: Any) -> Any:
        def counted(*values: object) -> Any:
            self.calls.append(name)
            return call(*values)

        return counted


async def test_documents_of_a_forged_packet_are_not_looked_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    await upload(world, made)
    us = world.parties.node(US)
    stranger = Signer(federation=us.header.federation, uri=us.header.signer, key=signing_key("x"))
    sealed = packet_with(world, made)
    forged = packet_publication(stranger, sealed)
    foreign = packet_publication(world.parties.node(CN), packet_with(world, made, CN))
    counted = Counted(world, monkeypatch)
    for publication in (forged, foreign):
        (outcome,) = await world.publish(US, publication)
        assert outcome.receipt is None
    assert counted.calls == []
    assert codes(await world.send(sealed)) == [""]


async def test_a_document_is_looked_up_once_for_all_packets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    await upload(world, made)
    packets = [packet_with(world, made) for _ in range(3)]
    bodies = [(StatementType.MANIFEST, encode_manifest(each.manifest)) for each in packets]
    tree = world.parties.node(US).sign(bodies)
    together = publication_of(tree, range(3), [packet_parts(each) for each in packets])
    counted = Counted(world, monkeypatch)
    outcomes = await world.publish(US, together)
    assert sorted(codes(outcomes)) == ["", "TL-BLB-002", "TL-BLB-002"]
    assert counted.calls.count("read") == counted.calls.count("offer") == 1


async def test_the_root_of_a_document_is_computed_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    await upload(world, made)
    first, _ = await sent(world, made, CN)
    counted = Counted(world, monkeypatch)
    await sent(world, made, CN, supersedes=manifest_id(first))
    assert {*counted.calls} == {"claim", "state"}
    await world.exchange.documents.offer(US, made.offer)
    assert "read" not in counted.calls


async def test_a_caller_that_leaves_ends_the_look_ups(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    await upload(world, made)
    begun, go_on, link = Event(), Event(), BlobFolder.link

    def wait(folder: BlobFolder, packet: bytes, now_ms: int) -> bool:
        begun.set()
        go_on.wait()
        return link(folder, packet, now_ms)

    monkeypatch.setattr(BlobFolder, "link", wait)
    counted = Counted(world, monkeypatch)
    sealed = packet_with(world, made)
    (one,) = sealed.blobs
    slots = sorted(slot for each in sealed.openings.values() for slot in each.slots)
    many = tuple(BlobLink(slot=slot, id=one.id, root=one.root) for slot in slots)
    call = asyncio.create_task(world.send(replace(sealed, blobs=many)))
    await asyncio.to_thread(begun.wait)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    go_on.set()
    async with world.exchange.documents._publishing[US]:  # the work has ended
        assert len(many) > 1
        assert counted.calls.count("claim") == 1
        assert links(tmp_path) == []


async def test_a_packet_whose_documents_were_not_looked_up_comes_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    await upload(world, made)
    sealed = packet_with(world, made)
    with monkeypatch.context() as patched:  # its key is not known here when it comes
        patched.setattr(world.exchange._desk, "linked_parts", lambda claims, publisher: ())
        (outcome,) = await world.send(sealed)
    assert outcome.refusal is not None
    assert (outcome.refusal.code, outcome.receipt) == ("TL-REQ-002", None)
    assert codes(await world.send(sealed)) == [""]


# Download.


async def test_the_recipient_of_a_grant_gets_it(world: World) -> None:
    made = document()
    await upload(world, made)
    sealed, (grant,) = await sent(world, made, CN)
    assert await got(world, CN, grant, slot_of(sealed)) == all_parts(made)


async def test_nobody_else_gets_it_or_learns_of_it(world: World) -> None:
    made = document()
    await upload(world, made)
    sealed, (grant,) = await sent(world, made, CN)
    slot = slot_of(sealed)
    other = world.grant(sealed, MX, categories=("identity.birth",))
    refused: set[str] = set()
    (granted,) = [await world.grant_only(other)]
    assert codes([granted]) == [""]
    await world.read(MX)
    for agency, asked, place in (
        (MX, grant, slot),  # another's grant
        (MX, granted.about, slot),  # a grant that does not name it
        (MX, b"u" * 32, slot),  # no grant
        (US, grant, slot),  # the originator, who has the file
        (CN, grant, (slot + 1) % len(sealed.ciphertexts)),
        (CN, manifest_id(sealed), slot),
    ):
        with pytest.raises(BlobUnavailable) as error:
            await got(world, agency, asked, place)
        refused.add(str(error.value))
    assert len(refused) == 1


async def test_documents_of_many_packets_are_read_once_each(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = []
    for _ in range(4):  # an agency's space
        made = document(1)
        await upload(world, made)
        sealed, (grant,) = await sent(world, made, CN)
        questions.append(Question(grant=grant, slot=slot_of(sealed), number=0))
    monkeypatch.setattr("tearline_server.delivery.mailboxes._PACKETS_KEPT", 1)
    world.exchange._mailboxes._packets.clear()
    packets, calls = world.store.packets, list[bytes]()

    async def counted(ids: Sequence[bytes]) -> object:
        calls.extend(ids)
        return await packets(ids)

    monkeypatch.setattr(world.store, "packets", counted)
    for _ in range(3):
        for question in questions:
            await world.exchange.document_reader.leaves(node_of(CN), question)
    assert len(calls) == len(questions)


async def test_a_slow_packet_delays_no_mail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = document(1)
    await upload(world, made)
    sealed, (grant,) = await sent(world, made, CN)
    world.exchange._mailboxes._packets.clear()
    packets, begun, go_on = world.store.packets, asyncio.Event(), asyncio.Event()

    async def slow(ids: Sequence[bytes]) -> object:
        if manifest_id(sealed) in ids:
            begun.set()
            await go_on.wait()
        return await packets(ids)

    monkeypatch.setattr(world.store, "packets", slow)
    question = Question(grant=grant, slot=slot_of(sealed), number=0)
    call = asyncio.create_task(world.exchange.document_reader.leaves(node_of(CN), question))
    await begun.wait()
    other = world.packet()
    _, granted = await world.send(other, world.grant(other, MX))
    assert codes([granted]) == [""]
    async with asyncio.timeout(20):  # a guard: it waits for the other packet, or it does not
        assert await world.read(MX)
    assert not call.done()
    go_on.set()
    assert await call


async def test_a_sweep_reads_no_ciphertexts(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document(1)
    await upload(world, made)
    await sent(world, made, CN)

    async def refuse(ids: Sequence[bytes]) -> object:
        raise AssertionError("a whole packet was read")

    monkeypatch.setattr(world.store, "packets", refuse)
    await world.exchange.documents.sweep()
    assert len(folders(tmp_path)) == 1


async def test_what_was_not_handed_out_is_not_given(world: World) -> None:
    made = document()
    await upload(world, made)
    sealed = packet_with(world, made)
    _, granted = await world.send(sealed, world.grant(sealed, CN))
    with pytest.raises(BlobUnavailable):
        await got(world, CN, granted.about, slot_of(sealed))


async def test_a_suspension_stops_it(world: World) -> None:
    made = document()
    await upload(world, made)
    sealed, (grant,) = await sent(world, made, CN)
    stop = standing(WHOLE)
    outcome = await world.say(US, StatementType.STANDING, encode_standing(stop))
    assert codes([outcome]) == [""]
    with pytest.raises(TearlineError, match="TL-AGR-010"):
        await got(world, CN, grant, slot_of(sealed))


async def test_an_ended_grant_gives_nothing(world: World) -> None:
    made = document()
    await upload(world, made)
    sealed = packet_with(world, made)
    ends_ms = NOW_MS + DAY_MS
    _, granted = await world.send(sealed, world.grant(sealed, CN, not_after_ms=ends_ms))
    await world.read(CN)
    world.clock.time_ms = ends_ms - 1
    assert await got(world, CN, granted.about, slot_of(sealed)) == all_parts(made)
    world.clock.time_ms = ends_ms
    with pytest.raises(BlobUnavailable):
        await got(world, CN, granted.about, slot_of(sealed))


# The end.


async def test_a_recalled_document_is_gone(world: World, tmp_path: Path) -> None:
    made = document()
    await upload(world, made)
    sealed, grants = await sent(world, made, CN, MX)
    for recipient, grant, left in ((CN, grants[0], 1), (MX, grants[1], 0)):
        order = RecallOrder(
            reason=RecallReason.MISTAKE, respond_by_ms=NOW_MS + 3 * DAY_MS, whole=not left
        )
        recall = Recall(
            header=world.parties.node(US).header,
            address=address(recipient, world.seq(US, recipient)),
            packet=manifest_id(sealed),
            said=order if not left else replace(order, grant=grant),
        )
        outcome = await world.say(US, StatementType.RECALL, encode_recall(recall))
        assert codes([outcome]) == [""], outcome.refusal
        with pytest.raises(BlobUnavailable):
            await got(world, recipient, grant, slot_of(sealed))
        await world.exchange.documents.sweep()
        assert len(folders(tmp_path)) == left


async def test_a_document_goes_with_its_last_packet(world: World, tmp_path: Path) -> None:
    made = document()
    await upload(world, made)
    sealed, _ = await sent(world, made, CN)
    world.clock.time_ms = sealed.manifest.not_after_ms - 1
    await world.exchange.maintenance.drop_ended()
    await world.exchange.documents.sweep()
    assert len(folders(tmp_path)) == 1
    world.clock.time_ms = sealed.manifest.not_after_ms
    await world.exchange.maintenance.drop_ended()
    await world.exchange.documents.sweep()
    assert folders(tmp_path) == []


async def test_an_upload_without_a_packet_goes_after_a_day(world: World, tmp_path: Path) -> None:
    made, unfinished = document(), document()
    await world.exchange.documents.sweep()  # the exchange may write from now on
    await upload(world, made)
    world.clock.time_ms += 12 * HOUR_MS
    await world.exchange.documents.offer(US, unfinished.offer)
    await world.exchange.documents.put(US, unfinished.parts[0])
    world.clock.time_ms += 12 * HOUR_MS
    await world.exchange.documents.sweep()
    assert [each.name for each in folders(tmp_path)] == [unfinished.blob.id.hex()]
    assert codes(await world.send(packet_with(world, made))) == ["TL-BLB-002"]
    world.clock.time_ms += 12 * HOUR_MS
    await world.exchange.documents.sweep()
    assert folders(tmp_path) == []
    for _ in range(4):  # the space is free again
        await upload(world, document(1))


async def test_an_announcement_without_parts_ends_after_an_hour(
    world: World, tmp_path: Path
) -> None:
    made, begun = document(), document()
    await world.exchange.documents.sweep()
    for each in (made, begun):
        await world.exchange.documents.offer(US, each.offer)
    await world.exchange.documents.put(US, begun.parts[0])
    for _ in range(6):  # offered again every ten minutes
        assert len(folders(tmp_path)) == 2
        assert await world.exchange.documents.offer(US, made.offer) == 0
        world.clock.time_ms += HOUR_MS // 6
        await world.exchange.documents.sweep()
    assert [each.name for each in folders(tmp_path)] == [begun.blob.id.hex()]
    assert await upload(world, made) == 3  # it begins again


async def test_a_start_tells_of_space_that_is_too_small(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk_of(monkeypatch, 3 * SPACE)
    await world.exchange.documents.verify_shares()
    assert caplog.messages == []
    disk_of(monkeypatch, 3 * SPACE - 1)
    await world.exchange.documents.verify_shares()
    (record,) = caplog.records
    assert record.getMessage() == "documents share too little space"
    assert vars(record)["share"] == SPACE // 2 - 1


async def test_a_sweep_gives_each_agency_its_turn(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_server.blobs.sweeper.MAX_BLOB_PAGE", 4)
    await world.exchange.documents.sweep()
    for agency, number in ((US, 4), (CN, 3), (MX, 1)):
        for _ in range(number):
            await upload(world, document(1), agency)
    world.clock.time_ms += DAY_MS
    left = []
    for _ in range(3):
        await world.exchange.documents.sweep()
        found = [each.parent.name for each in folders(tmp_path)]
        left.append([found.count(owner_of(agency).hex()) for agency in (US, CN, MX)])
    assert left == [[2, 2, 0], [0, 0, 0], [0, 0, 0]]


async def test_a_slow_agency_delays_no_other_ones_documents(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.exchange.documents.sweep()
    made = {agency: document(1) for agency in (US, CN, MX)}
    for agency, each in made.items():
        await upload(world, each, agency)
    world.clock.time_ms += DAY_MS
    slow, go_on, remove = owner_of(US).hex(), Event(), BlobFolder.remove

    def wait(folder: BlobFolder) -> None:
        if folder.path.parent.name == slow:
            go_on.wait()
        remove(folder)
        if len(folders(tmp_path)) == 1:
            go_on.set()

    monkeypatch.setattr(BlobFolder, "remove", wait)
    await world.exchange.documents.sweep()
    assert folders(tmp_path) == []


async def test_a_part_that_is_sent_again_keeps_nothing(world: World, tmp_path: Path) -> None:
    made = document()
    await world.exchange.documents.sweep()
    await upload(world, made)
    world.clock.time_ms += DAY_MS
    assert await world.exchange.documents.put(US, made.parts[2]) == 3
    await world.exchange.documents.sweep()
    assert folders(tmp_path) == []


async def test_a_slow_upload_is_kept_for_two_weeks(world: World, tmp_path: Path) -> None:
    made = document()
    await world.exchange.documents.sweep()
    await world.exchange.documents.offer(US, made.offer)
    await world.exchange.documents.put(US, made.parts[0])
    for left in [1] * 28 + [0]:  # offered again every 12 hours
        world.clock.time_ms += 12 * HOUR_MS
        await world.exchange.documents.sweep()
        assert len(folders(tmp_path)) == left
        if left:
            await world.exchange.documents.offer(US, made.offer)


async def test_no_document_goes_before_packets_could_come(tmp_path: Path) -> None:
    made, clock, documents = document(), Clock(), tmp_path / "blobs"
    async with opened(tmp_path, clock=clock) as world:
        await upload(world, made)
    clock.time_ms += 2 * DAY_MS  # stopped, and perhaps restored
    async with opened(tmp_path, clock=clock) as world:
        sweep = world.exchange.documents.sweep
        await sweep()
        sweeper = world.exchange.documents._sweeper
        assert sweeper is not None
        sweeper._may_write = lambda: False
        clock.time_ms += DAY_MS
        await sweep()
        sweeper._may_write = lambda: True
        await sweep()
        assert len(list(documents.glob("*/*"))) == 1
        clock.time_ms += DAY_MS
        await sweep()
        assert list(documents.glob("*/*")) == []


async def test_stray_files_stop_no_sweep(world: World, tmp_path: Path) -> None:
    made, torn = document(1), document(1, blob_id=bytes(16))  # the torn one comes first
    await world.exchange.documents.sweep()
    for each in (made, torn):
        await upload(world, each)
    (folder,) = [each for each in folders(tmp_path) if each.name == made.blob.id.hex()]
    (folder.parent / bytes(16).hex() / "parts").unlink()
    (folder.parent / bytes(16).hex() / "parts").symlink_to("parts")  # a loop cannot be read
    for stray in (folder / "packet-old", folder.parent / ".DS_Store", folder.parents[1] / "x"):
        stray.touch()
    world.clock.time_ms += DAY_MS
    await world.exchange.documents.sweep()
    assert not folder.exists()


async def test_an_exchange_without_space_takes_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.exchange.documents._stored = None
        with pytest.raises(TearlineError, match="TL-BLB-005"):
            await world.exchange.documents.offer(US, document().offer)
