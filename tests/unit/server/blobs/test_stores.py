"""Each store of large documents: files of one process, a shared folder, a real object store."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from threading import Thread, current_thread

import pytest

from support.agencies import CN, NOW_MS, US
from support.blobs import Document, document
from support.exchange import SPACE
from support.object_store import ObjectStore
from tearline.blobs.parts import PART_BYTES
from tearline.errors import BlobMismatch, BlobQuotaExceeded, ExchangeBusy, ObjectsUnreachable
from tearline.limits import LEAST_BLOB_CHARGE, MAX_UPLOAD_MS
from tearline.wire.blobs import Offer
from tearline_server.blobs import shared_store
from tearline_server.blobs.folder_store import FolderStore
from tearline_server.blobs.interface import BlobName, BlobStore, owner_of
from tearline_server.blobs.move import copy_documents
from tearline_server.blobs.objects import Objects
from tearline_server.blobs.shared_folder import SharedFolder
from tearline_server.blobs.shared_store import SharedStore
from tearline_server.storage.blob_rows import BlobState
from tearline_server.storage.postgres.store import PostgresStore

PACKET, OTHER = b"p" * 32, b"o" * 32


def shared_folder(path: Path) -> SharedFolder:
    path.mkdir()
    return SharedFolder(path)


@pytest.fixture(params=["folder", "bucket"])
async def objects(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Objects]:
    if request.param == "folder":
        yield shared_folder(tmp_path / "shared")
        return
    store: ObjectStore = request.getfixturevalue("object_store")
    bucket = store.bucket()
    yield bucket
    await bucket.close()


@pytest.fixture
async def shared(database_url: str, objects: Objects) -> AsyncIterator[SharedStore]:
    store = await PostgresStore.open(database_url)
    assert store.blobs is not None
    yield SharedStore(store.blobs, objects, SPACE)
    await store.close()


@pytest.fixture(params=["files", "folder", "bucket"])
async def blobs(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str
) -> AsyncIterator[BlobStore]:
    if request.param == "files":
        yield FolderStore(tmp_path / "blobs", SPACE)
        return
    store = await PostgresStore.open(database_url)
    assert store.blobs is not None
    objects: Objects
    if request.param == "folder":
        objects = shared_folder(tmp_path / "shared")
    else:
        objects = request.getfixturevalue("object_store").bucket()
    yield SharedStore(store.blobs, objects, SPACE)
    await objects.close()
    await store.close()


def name_of(made: Document, agency: str = US) -> BlobName:
    return BlobName(owner=owner_of(agency), id=made.blob.id)


async def filled(blobs: BlobStore, made: Document, *, parts: int = 3, agency: str = US) -> BlobName:
    name = name_of(made, agency)
    await blobs.begin(name, made.offer, NOW_MS)
    for part in made.parts[:parts]:
        await blobs.write(name, part.number, part.data, NOW_MS + part.number)
    return name


async def gone(blobs: BlobStore, name: BlobName) -> BlobState | None:
    await blobs.remove(name, await blobs.state(name))
    return await blobs.state(name)


async def test_parts_and_their_number_are_stored(blobs: BlobStore) -> None:
    made = document()
    assert await blobs.offer(name_of(made)) is None
    assert await blobs.leaves(name_of(made), 0, 9) == ()
    name = await filled(blobs, made, parts=2)
    assert await blobs.offer(name) == made.offer
    assert await blobs.state(name) == BlobState(
        size=made.offer.size, held=2, begun_ms=NOW_MS, touched_ms=NOW_MS + 1, root=b""
    )
    assert await blobs.leaves(name, 1, 1) == made.offer.leaves[1:2]
    assert await blobs.leaves(name, 3, 1) == ()
    assert await blobs.read(name, made.offer.size, 1) == made.parts[1].data
    assert await blobs.read(name, made.offer.size, 2) == b""
    await blobs.write(name, 0, made.parts[0].data, NOW_MS)
    state = await blobs.state(name)
    assert state is not None
    assert state.held == 2


async def test_a_document_is_renewed_for_two_weeks(blobs: BlobStore) -> None:
    name = await filled(blobs, document(), parts=0)
    for now_ms, touched_ms in ((5, 5), (MAX_UPLOAD_MS - 1, MAX_UPLOAD_MS - 1), (MAX_UPLOAD_MS, -1)):
        await blobs.renew(name, NOW_MS + now_ms)
        state = await blobs.state(name)
        assert state is not None
        assert state.touched_ms - NOW_MS == (touched_ms if touched_ms > 0 else MAX_UPLOAD_MS - 1)


async def test_an_owner_has_its_own_space(blobs: BlobStore) -> None:
    small = [document(1) for _ in range(SPACE // LEAST_BLOB_CHARGE)]
    for each in small:
        await filled(blobs, each, parts=1)
    with pytest.raises(BlobQuotaExceeded):
        await filled(blobs, document(1))
    await filled(blobs, document(1), agency=CN, parts=1)
    assert await gone(blobs, name_of(small[0])) is None
    await filled(blobs, document(1), parts=1)
    large = Offer(id=b"l" * 16, size=17 * PART_BYTES + 16, leaves=tuple([bytes(32)] * 18))
    with pytest.raises(BlobQuotaExceeded):
        await blobs.begin(BlobName(owner=owner_of("new"), id=large.id), large, NOW_MS)


async def test_the_space_of_all_is_known(blobs: BlobStore) -> None:
    made, other = document(), document()
    assert not (await blobs.space()).taken
    await filled(blobs, made)
    name = await filled(blobs, other, parts=1)
    await filled(blobs, document(), parts=2, agency=CN)

    async def stored() -> dict[bytes, int]:
        return {owner: each.stored for owner, each in (await blobs.space()).taken.items()}

    held = {owner_of(US): made.offer.size + PART_BYTES, owner_of(CN): 2 * PART_BYTES}
    assert await stored() == held
    await blobs.write(name, 0, other.parts[0].data, NOW_MS)  # again
    assert await stored() == held
    await blobs.write(name, 1, other.parts[1].data, NOW_MS)
    assert await stored() == held | {owner_of(US): made.offer.size + 2 * PART_BYTES}
    for each in (made, other):
        await gone(blobs, name_of(each))
    assert await stored() == held | {owner_of(US): 0}


async def test_the_root_of_a_document_is_kept(blobs: BlobStore) -> None:
    made = document()
    name = await filled(blobs, made)
    await blobs.keep_root(name, made.blob.root)
    state = await blobs.state(name)
    assert state is not None
    assert state.root == made.blob.root
    await gone(blobs, name)
    await blobs.begin(name, made.offer, NOW_MS + 1)
    state = await blobs.state(name)
    assert state is not None
    assert state.root == b""


async def test_offers_beyond_the_space_write_nothing(
    shared: SharedStore, database_url: str
) -> None:
    offer = Offer(id=b"l" * 16, size=17 * PART_BYTES + 16, leaves=tuple([bytes(32)] * 18))
    store = await PostgresStore.open(database_url)

    async def size() -> int:
        sizes = "SELECT pg_total_relation_size('blob') + pg_total_relation_size('blob_space')"
        return int(await store._db.ask(lambda connection: connection.fetchval(sizes)))

    before = await size()
    for number in range(64):
        name = BlobName(owner=owner_of(US), id=number.to_bytes(16, "big"))
        with pytest.raises(BlobQuotaExceeded):
            await shared.begin(name, replace(offer, id=name.id), NOW_MS)
    assert await size() == before
    await store.close()


async def test_claims_are_settled(blobs: BlobStore) -> None:
    name = await filled(blobs, document())
    first = await blobs.claim(name, PACKET, NOW_MS)
    assert first is not None
    assert first.others == frozenset()
    second = await blobs.claim(name, OTHER, NOW_MS + 1)
    assert second is not None
    assert second.others == {PACKET}
    assert await blobs.links(name) == {PACKET: NOW_MS, OTHER: NOW_MS + 1}
    await blobs.settle(first, is_accepted=True)
    await blobs.settle(second, is_accepted=False)
    assert await blobs.links(name) == {PACKET: NOW_MS}
    again = await blobs.claim(name, PACKET, NOW_MS + 2)
    assert again is not None
    assert again.others == frozenset()
    await blobs.settle(again, is_accepted=False)
    assert set(await blobs.links(name)) == {PACKET}
    await blobs.unlink(name, PACKET, NOW_MS + 2)
    assert await blobs.links(name) == {}
    assert await blobs.claim(name_of(document()), PACKET, NOW_MS) is None


async def test_documents_are_listed_by_owner_and_removed(blobs: BlobStore) -> None:
    names = [await filled(blobs, document(1), agency=each, parts=1) for each in (US, US, CN)]
    assert set(await blobs.owners()) == {owner_of(US), owner_of(CN)}
    of_us = sorted(each.id for each in names[:2])
    assert list(await blobs.page(owner_of(US), b"", 9)) == of_us
    assert list(await blobs.page(owner_of(US), of_us[0], 9)) == of_us[1:]
    assert list(await blobs.page(owner_of(US), b"", 1)) == of_us[:1]
    assert await gone(blobs, names[0]) is None
    assert names[0].id not in await blobs.page(owner_of(US), b"", 9)
    assert await blobs.offer(names[0]) is None
    assert await blobs.may_sweep()
    await blobs.check()


# Several processes.


async def test_a_claim_and_a_deletion_exclude_each_other(shared: SharedStore) -> None:
    claimed = await filled(shared, document())
    state = await shared.state(claimed)
    assert await shared.claim(claimed, PACKET, NOW_MS) is not None
    await shared.remove(claimed, state)
    assert await shared.state(claimed) == state
    touched = await filled(shared, document())
    state = await shared.state(touched)
    await shared.renew(touched, NOW_MS + 9)
    await shared.remove(touched, state)
    assert await shared.state(touched) is not None
    dropped = await filled(shared, document())
    assert await gone(shared, dropped) is None
    assert await shared.claim(dropped, PACKET, NOW_MS) is None


async def test_one_of_two_attempts_that_fails_leaves_the_others_record(shared: SharedStore) -> None:
    """The same packet is judged at two processes: it was sent again after a lost connection."""
    name = await filled(shared, document())
    first, second = [await shared.claim(name, PACKET, NOW_MS) for _ in range(2)]
    assert first is not None
    assert second is not None
    await shared.settle(first, is_accepted=False)
    await shared.settle(second, is_accepted=True)
    assert await shared.links(name) == {PACKET: NOW_MS}


async def test_a_sweep_leaves_the_record_of_a_packet_that_comes_meanwhile(
    shared: SharedStore,
) -> None:
    """A sweep finds the claim of a killed process, while another one judges the same packet."""
    name = await filled(shared, document())
    await shared.claim(name, PACKET, NOW_MS)
    found = await shared.links(name)
    claim = await shared.claim(name, PACKET, NOW_MS + 1)
    assert claim is not None
    await shared.unlink(name, PACKET, found[PACKET])
    await shared.settle(claim, is_accepted=True)
    assert await shared.links(name) == {PACKET: NOW_MS + 1}


async def test_repeated_packets_leave_one_record(shared: SharedStore) -> None:
    name = await filled(shared, document())
    rows = shared._rows
    for _ in range(5):
        claim = await shared.claim(name, PACKET, NOW_MS)
        assert claim is not None
        await shared.settle(claim, is_accepted=True)
    database = rows._db  # type: ignore[attr-defined]
    assert await database.ask(lambda c: c.fetchval("SELECT count(*) FROM blob_packet")) == 1


async def test_offers_at_the_same_time_stay_within_the_space(shared: SharedStore) -> None:
    made = [document(1) for _ in range(2 * SPACE // LEAST_BLOB_CHARGE)]
    begun = await asyncio.gather(
        *(shared.begin(name_of(each), each.offer, NOW_MS) for each in made), return_exceptions=True
    )
    assert sum(each is None for each in begun) == SPACE // LEAST_BLOB_CHARGE
    assert {type(each) for each in begun} == {type(None), BlobQuotaExceeded}


async def test_one_offer_at_two_processes_is_charged_once(shared: SharedStore) -> None:
    made = document(1)
    await asyncio.gather(*(shared.begin(name_of(made), made.offer, NOW_MS) for _ in range(8)))
    for _ in range(SPACE // LEAST_BLOB_CHARGE - 1):
        await filled(shared, document(1), parts=0)
    with pytest.raises(BlobQuotaExceeded):
        await filled(shared, document(1), parts=0)


async def test_a_part_of_a_deleted_document_leaves_no_object(
    shared: SharedStore, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    name, put = await filled(shared, made, parts=2), shared._objects.put

    async def slow(part: str, data: bytes) -> None:
        assert await gone(shared, name) is None
        await put(part, data)

    monkeypatch.setattr(shared._objects, "put", slow)
    for _ in range(2):
        with pytest.raises(BlobMismatch):
            await shared.write(name, 2, made.parts[2].data, NOW_MS)
    left = [each for each in (tmp_path / "shared").rglob("*") if each.is_file()]
    assert left == []
    assert object_store.objects() == []


async def test_a_large_document_is_deleted_in_turns(
    shared: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_store, "_MOST_DELETED", 2)
    made = document()
    name = await filled(shared, made)
    assert await gone(shared, name) is None
    with pytest.raises(ExchangeBusy):
        await shared.begin(name, made.offer, NOW_MS)
    assert await shared.page(name.owner, b"", 9) == [name.id]
    names = [shared_store._object(name, NOW_MS, number) for number in range(3)]
    assert [await shared._objects.get(each) is None for each in names] == [False, True, True]
    await shared.remove(name, None)
    assert await shared.page(name.owner, b"", 9) == []
    await shared.begin(name, made.offer, NOW_MS)


async def test_a_deletion_that_comes_late_spares_parts_that_were_sent_anew(
    shared: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes delete, or the store carries out a request whose answer was lost."""
    made, late, delete = document(), list[str](), shared._objects.delete
    name = await filled(shared, made)

    async def noted(part: str) -> None:
        late.append(part)
        await delete(part)

    monkeypatch.setattr(shared._objects, "delete", noted)
    assert await gone(shared, name) is None
    await shared.begin(name, made.offer, NOW_MS + 1)
    for part in made.parts:
        await shared.write(name, part.number, part.data, NOW_MS + 1)
    for each in late:
        await delete(each)
    for part in made.parts:
        assert await shared.read(name, made.offer.size, part.number) == part.data


async def test_a_part_of_a_document_that_was_begun_again_is_not_counted(
    shared: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = document()
    name, put = await filled(shared, made, parts=2), shared._objects.put

    async def slow(part: str, data: bytes) -> None:
        monkeypatch.undo()
        assert await gone(shared, name) is None
        await shared.begin(name, made.offer, NOW_MS + 1)
        for each in made.parts[:2]:
            await shared.write(name, each.number, each.data, NOW_MS + 1)
        await put(part, data)

    monkeypatch.setattr(shared._objects, "put", slow)
    with pytest.raises(BlobMismatch):
        await shared.write(name, 2, made.parts[2].data, NOW_MS)
    state = await shared.state(name)
    assert state is not None
    assert state.held == 2


async def test_a_deletion_that_failed_deletes_nothing_later(
    shared: SharedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, under_way = await filled(shared, document()), 0

    async def delete(name: str) -> None:
        nonlocal under_way
        if name.endswith("-0"):
            raise ObjectsUnreachable("it did not answer")
        under_way += 1
        for _ in range(9):
            await asyncio.sleep(0)
        under_way -= 1

    monkeypatch.setattr(shared._objects, "delete", delete)
    with pytest.raises(ObjectsUnreachable):
        await shared.remove(name, await shared.state(name))
    assert under_way == 0


async def test_one_process_sweeps(shared: SharedStore, database_url: str) -> None:
    other = await PostgresStore.open(database_url)
    assert other.blobs is not None
    assert await shared.may_sweep()
    assert not await other.blobs.may_sweep()
    assert await shared.may_sweep()
    late = "UPDATE blob_sweep SET until = now() - interval '1 second'"
    await other._db.write(lambda c: c.execute(late))
    assert await other.blobs.may_sweep()
    assert not await shared.may_sweep()
    await other.close()


async def test_a_folder_that_is_not_mounted_takes_nothing(tmp_path: Path) -> None:
    folder = SharedFolder(tmp_path / "share" / "tearline")
    for call in (folder.put("a-b-0", b"data"), folder.get("a-b-0"), folder.delete("a-b-0")):
        with pytest.raises(ObjectsUnreachable):
            await call
    assert list(tmp_path.iterdir()) == []


async def test_a_share_that_hangs_takes_no_thread_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, used = shared_folder(tmp_path / "shared"), list[Thread]()
    for call in ("_put", "_get", "_delete"):
        monkeypatch.setattr(folder, call, lambda *_: used.append(current_thread()))
    await folder.put("a-b-0", b"data")
    await folder.get("a-b-0")
    await folder.delete("a-b-0")
    await folder.close()
    assert {each.name.partition("_")[0] for each in used} == {"documents"}


async def test_an_object_is_replaced_whole(tmp_path: Path) -> None:
    folder = shared_folder(tmp_path / "shared")
    for data in (b"first", b"second"):
        await folder.put("a-b-0", data)
        assert await folder.get("a-b-0") == data
    assert [each.name for each in (tmp_path / "shared" / "a" / "b").iterdir()] == ["0"]


async def test_documents_move_from_files_and_a_repeated_move_continues(
    shared: SharedStore, tmp_path: Path
) -> None:
    files = FolderStore(tmp_path / "files", SPACE)
    whole, begun = document(), document()
    name, other = await filled(files, whole), await filled(files, begun, parts=2)
    claim = await files.claim(name, PACKET, NOW_MS)
    assert claim is not None
    await files.settle(claim, is_accepted=True)
    await filled(shared, whole, parts=1)  # where an earlier move ended
    for _ in range(2):
        assert await copy_documents(files, shared, NOW_MS) == 2
    assert await shared.offer(name) == whole.offer
    assert set(await shared.links(name)) == {PACKET}
    for made, each, held in ((whole, name, 3), (begun, other, 2)):
        state = await shared.state(each)
        assert state is not None
        assert state.held == held
        for part in made.parts[:held]:
            assert await shared.read(each, made.offer.size, part.number) == part.data
