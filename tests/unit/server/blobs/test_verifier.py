"""Verification of large documents: missing ones, damaged parts, and the operator's commands."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from support.agencies import CN, NOW_MS, US
from support.blobs import Document, document, packet_with, upload
from support.exchange import SPACE, World, codes, opened
from support.object_store import ObjectStore
from tearline.blobs.parts import PART_BYTES
from tearline_server.blobs.folder_store import FolderStore
from tearline_server.blobs.interface import BlobName, owner_of
from tearline_server.blobs.shared_store import SharedStore
from tearline_server.blobs.verifier import DocumentVerifier
from tearline_server.cli import cli
from tearline_server.cli.documents import print_missing
from tearline_server.config import config_of, write_config
from tearline_server.storage.postgres.store import PostgresStore

VALUES = {"name": "exchange.example", "dns": "exchange.test", "address": "127.0.0.1:8443"}


async def sent(world: World) -> Document:
    await world.agree()
    made = document()
    await upload(world, made)
    assert codes(await world.send(packet_with(world, made))) == [""]
    return made


def folder_of(tmp_path: Path, made: Document) -> Path:
    return tmp_path / "blobs" / owner_of(US).hex() / made.blob.id.hex()


def flip(path: Path, place: int) -> None:
    """Changes one byte of a file."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def cut(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)


@pytest.mark.parametrize(
    ("act", "missing", "damaged"),
    [
        (lambda folder: None, "", ""),
        (lambda folder: folder.rename(folder.with_name("elsewhere")), "it is missing", ""),
        (lambda folder: cut(folder / "parts", 2 * PART_BYTES), "2 of 3 parts are there", ""),
        (lambda folder: flip(folder / "parts", PART_BYTES), "", "part 1"),
        (lambda folder: flip(folder / "offer", 9), "another root", "part 0"),
        (lambda folder: (folder / "parts").unlink(), "0 of 3 parts are there", ""),
    ],
)
async def test_a_document_that_differs_is_named(
    tmp_path: Path, act: Callable[[Path], object], missing: str, damaged: str
) -> None:
    async with opened(tmp_path) as world:
        made = await sent(world)
        await upload(world, document(1), CN)  # without a packet
        act(folder_of(tmp_path, made))
        verifier = DocumentVerifier(world.store, FolderStore(tmp_path / "blobs", SPACE))
        found = [
            [f"{each.place}: {each.what}" async for each in findings]
            for findings in (verifier.missing(), verifier.damaged())
        ]
    for said, expected in zip(found, (missing, damaged), strict=True):
        assert len(said) == bool(expected)
        assert all(made.blob.id.hex() in line and expected in line for line in said)
    assert verifier.named == 1


async def test_an_exchange_without_a_place_misses_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await sent(world)
        verifier = DocumentVerifier(world.store, None)
        assert len([each async for each in verifier.missing()]) == 1
        assert [each async for each in verifier.damaged()] == []


async def test_lost_and_changed_objects_are_named(
    database_url: str, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await PostgresStore.open(database_url)
    assert store.blobs is not None
    bucket = object_store.bucket()
    blobs = SharedStore(store.blobs, bucket, SPACE)
    made = document()
    name = BlobName(owner=owner_of(US), id=made.blob.id)
    await blobs.begin(name, made.offer, NOW_MS)
    for part in made.parts:
        await blobs.write(name, part.number, part.data, NOW_MS)
    verifier = DocumentVerifier(store, blobs)
    assert [each async for each in verifier.damaged()] == []
    assert (verifier.documents, verifier.parts) == (1, 3)
    first, second, _ = object_store.objects()
    first.unlink()
    flip(second, 5)
    (finding,) = [each async for each in verifier.damaged()]
    assert finding.place == f"document {made.blob.id.hex()}"
    assert finding.what == "not as announced: part 0, 1"
    await bucket.close()
    await store.close()


# The operator's commands.


def test_a_restore_tells_which_documents_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def make() -> Document:
        async with opened(tmp_path) as world:
            return await sent(world)

    made, config = asyncio.run(make()), config_of(tmp_path, VALUES)
    print_missing(config)
    assert capsys.readouterr().err == ""
    (tmp_path / "blobs").rename(tmp_path / "copied")
    print_missing(config)
    said = capsys.readouterr().err
    assert f"document {made.blob.id.hex()}: it is missing" in said
    assert f"1 of 1 large documents are not here. Copy them to {tmp_path / 'blobs'}" in said


def test_the_operator_verifies_all_documents(tmp_path: Path) -> None:
    async def make() -> Document:
        async with opened(tmp_path) as world:
            return await sent(world)

    made = asyncio.run(make())
    write_config(config_of(tmp_path, VALUES))
    command = ["verify-documents", "--home", str(tmp_path)]
    right = CliRunner().invoke(cli, command)
    assert (right.exit_code, right.output) == (0, "1 documents, 3 parts: all as announced\n")
    flip(folder_of(tmp_path, made) / "parts", 2 * PART_BYTES)
    wrong = CliRunner().invoke(cli, command)
    assert wrong.exit_code == 5
    assert wrong.output == f"document {made.blob.id.hex()}: not as announced: part 2\n"


def test_the_operator_moves_documents_beside_a_database(
    tmp_path: Path, whole_database_url: str
) -> None:
    async def make() -> Document:
        async with opened(tmp_path) as world:
            return await sent(world)

    made, home = asyncio.run(make()), tmp_path / "home"
    (tmp_path / "shared" / "tearline").mkdir(parents=True)
    home.mkdir()
    (tmp_path / "blobs").rename(home / "blobs")
    write_config(config_of(home, VALUES | {"store": whole_database_url}))
    command = ["migrate-documents", "--home", str(home)]
    assert "[blobs]" in str(CliRunner().invoke(cli, command).exception)
    with (home / "exchange.toml").open("a") as file:
        file.write(f'[blobs]\nendpoint = "file://{tmp_path}/shared"\nbucket = "tearline"\n')
    moved = CliRunner().invoke(cli, command)
    assert (moved.exit_code, moved.output) == (0, "1 documents are in the place of the settings.\n")
    right = CliRunner().invoke(cli, ["verify-documents", "--home", str(home)])
    assert right.output == "1 documents, 3 parts: all as announced\n"
    assert made.offer.size == sum(
        each.stat().st_size for each in (tmp_path / "shared").rglob("*") if each.is_file()
    )
