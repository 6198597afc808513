"""Filling a successor's store: an interrupted run is gone on with, by a later decision, too."""

from collections.abc import AsyncIterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest

from support.agencies import CN, US, constitution, federation, signed_by
from support.decisions import leaving, removal
from support.exchange_process import PASSPHRASE, founded
from tearline.errors import MembershipRejected
from tearline.federation.decisions import Amendment
from tearline.statements.statement import StatementType
from tearline.tlog.merkle import Frontier
from tearline.tlog.tiles import encode_entry_bundle
from tearline.verification.log_entries import entry_hash
from tearline.wire.federation import FederationFile, encode_amendment
from tearline_runtime.archive import pack
from tearline_runtime.mirror import FileMirror
from tearline_server.admin import backup, succession
from tearline_server.bootstrap import components_of
from tearline_server.keys import read_keys
from tearline_server.storage.open import open_store
from tearline_server.storage.rows import Restoration
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.stored_trust import trust_of

FED = federation()
SECRET = PASSPHRASE.encode()
ENTRIES = [b"\1" + index.to_bytes(32) for index in range(120)]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "exchange.db")
    yield store
    await store.close()


def decided(entries: Sequence[bytes]) -> FederationFile:
    """The decision to go on from entries."""
    tree, root = Frontier().append(map(entry_hash, entries))[0], FED.signer(US)
    made = Amendment(
        header=root.header,
        predecessor=FED.id,
        constitution=constitution(FED.agencies),
        size=tree.size,
        root=tree.root(),
    )
    signed = signed_by(StatementType.AMENDMENT, encode_amendment(made), root)
    return FederationFile(federation=FED.id, entries=(signed,))


def mirror(folder: Path, entries: Sequence[bytes]) -> FileMirror:
    """A mirror of some entries, fewer than a tile has."""
    path, data = folder / f"{len(entries)}.mirror", encode_entry_bundle(entries)
    with path.open("wb") as archive:
        pack(archive, [(f"tile/entries/000.p/{len(entries)}", len(data), BytesIO(data))])
    return FileMirror(path)


async def interrupted(store: SqliteStore, folder: Path) -> None:
    """A fill with a hundred entries that ends after fifty."""
    await store.begin_epoch(Restoration(start=0, stop=100, settled=False))
    await backup.refill(store, mirror(folder, ENTRIES[:50]), 0, 50)


async def test_a_decision_holds_an_amendment_and_votes_for_it_alone(tmp_path: Path) -> None:
    served = await founded(tmp_path / "new", [US, CN])
    store = await open_store(served.config)
    components = components_of(served.config, read_keys(served.config.keys, SECRET), store)
    federation = trust_of(await store.load()).federation
    amendment = decided(ENTRIES).entries[0]
    other = decided(ENTRIES[:50])
    for beside in (leaving(FED.trust(), CN), *other.entries, removal(FED.trust(), CN, US)[0]):
        decision = FederationFile(federation=federation, entries=(amendment, beside))
        with pytest.raises(MembershipRejected, match="vote for it"):
            await succession.succeed(components, decision)
    await store.close()


@pytest.mark.parametrize("size", [100, 120])
async def test_an_interrupted_fill_goes_on_by_a_decision(
    store: SqliteStore, tmp_path: Path, size: int
) -> None:
    await interrupted(store, tmp_path)
    wanted = ENTRIES[:size]
    await succession.begin(store, mirror(tmp_path, wanted), decided(wanted))
    whole, _ = Frontier().append(map(entry_hash, wanted))
    assert (await store.load()).head.tree == whole
    assert (await store.restorations())[-1] == Restoration(start=0, stop=size, settled=False)


async def test_an_interrupted_fill_does_not_go_on_with_another_history(
    store: SqliteStore, tmp_path: Path
) -> None:
    await interrupted(store, tmp_path)
    other = [*ENTRIES[:49], ENTRIES[0], *ENTRIES[50:]]
    with pytest.raises(MembershipRejected, match=r"are stored here already.*new home"):
        await succession.begin(store, mirror(tmp_path, other), decided(other))
    assert (await store.load()).head.tree.size == 50


async def test_a_log_of_its_own_is_not_filled(store: SqliteStore, tmp_path: Path) -> None:
    await interrupted(store, tmp_path)
    await store.settle()
    await succession.begin(store, mirror(tmp_path, ENTRIES), decided(ENTRIES))
    assert (await store.load()).head.tree.size == 50
