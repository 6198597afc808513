"""The exchange's backup: restored as it was written, and by whoever has its keys alone."""

import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.agencies import CN, DAY_MS, MX, US, agency, federation, member_record, signing_key
from support.archives import rewritten
from support.decisions import deciding
from support.exchange_process import PASSPHRASE, founded
from tearline.errors import BackupDamaged, KeystoreLocked, RestoreRefused
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.limits import ROOT_REPLACEMENT_DELAY_MS
from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    NoteAlgorithm,
    sign_checkpoint,
)
from tearline.tlog.tiles import TILE_WIDTH, encode_entry_bundle
from tearline.verification.log_entries import clear_entry
from tearline.wire.statements import Signed
from tearline_server.admin import backup
from tearline_server.admin.backup import back_up, refill, restore
from tearline_server.admin.rotation import Renewed, prepare
from tearline_server.keys import read_all_keys
from tearline_server.storage.sqlite.store import SqliteStore
from tearline_server.tlog.stored_trust import trust_of

SECRET = PASSPHRASE.encode()


async def test_a_backup_that_was_changed_is_not_restored(tmp_path: Path) -> None:
    served = await founded(tmp_path / "exchange", [US, CN])
    file, changed, home = (tmp_path / name for name in ("backup", "changed", "restored"))
    with pytest.raises(KeystoreLocked):
        back_up(served.config, file, b"another passphrase")
    assert not file.exists()
    back_up(served.config, file, SECRET)
    shutil.rmtree(served.config.home)

    def settings(files: dict[str, bytes]) -> dict[str, bytes]:
        return files | {"exchange.toml": files["exchange.toml"] + b"node_bytes_s = 1\n"}

    for key in (None, bytes(32)):
        changed.write_bytes(rewritten(file.read_bytes(), settings, key))
        with pytest.raises(BackupDamaged, match="keys"):
            await restore(changed, home, SECRET)
        assert not home.exists()
    restored = await restore(file, home, SECRET)
    assert restored.size == restored.backed_up > 0


class LyingMirror:
    """Mirror that shows a checkpoint, and as many blind entries as one asks for."""

    name = "mirror"

    def __init__(self, note: bytes) -> None:
        self.note, self.read = note, list[str]()

    def get(self, path: str, *, maximum: int) -> bytes:
        """Returns the checkpoint, or a bundle of entries."""
        self.read.append(path)
        if path == "checkpoint":
            return self.note
        return encode_entry_bundle([b"\1" + bytes(32)] * TILE_WIDTH)


async def test_a_mirror_fills_no_disk_by_entries_that_the_log_did_not_sign(tmp_path: Path) -> None:
    served = await founded(tmp_path / "exchange", [US, CN])
    back_up(served.config, file := tmp_path / "backup", SECRET)
    tree = Checkpoint(origin=served.config.origin, size=8 * TILE_WIDTH, root=bytes(32))
    strangers = [
        CheckpointSigner.generate(name=tree.origin, algorithm=each) for each in NoteAlgorithm
    ]
    mirror = LyingMirror(sign_checkpoint(tree, strangers, time_s=1))
    with pytest.raises(RestoreRefused, match="mirror: "):
        await restore(file, tmp_path / "restored", SECRET, [mirror])
    assert mirror.read == ["checkpoint"]


async def test_a_mirror_may_show_entries_that_put_prepared_keys_in_force(tmp_path: Path) -> None:
    served = await founded(tmp_path / "exchange", [US, CN])
    every = Renewed(log=True, signing=True, authority=True)
    keys = read_all_keys(served.config, SECRET)
    prepared = prepare(served.config, keys, SECRET, every, now_s=int(time.time()))
    back_up(served.config, file := tmp_path / "backup", SECRET)
    tree = Checkpoint(origin=served.config.origin, size=TILE_WIDTH, root=bytes(32))
    mirror = LyingMirror(sign_checkpoint(tree, prepared.log, time_s=1))
    with pytest.raises(RestoreRefused):  # its entries decide on nothing
        await restore(file, tmp_path / "restored", SECRET, [mirror])
    assert mirror.read == ["checkpoint", "tile/entries/000"]


def a_root_replaced_by_time() -> tuple[list[bytes], bytes]:
    """Entries by which a root is replaced a week after the votes, and the last directory's root."""
    fed, record_key = federation(), signing_key("new")
    state, log = fed.trust(), [*map(clear_entry, fed.clear)]

    def add(entry: Signed | DirectoryEntry) -> None:
        state.apply(len(log), entry)
        log.append(clear_entry(entry) if isinstance(entry, Signed) else entry.encode())

    add(state.directory.entry(DAY_MS))
    record = member_record(agency(MX, record_key), fed.id, record_key, generation=2)
    for entry in deciding(state, VoteKind.REPLACE, record, US, CN):
        add(entry)
    for day in range(2, 12):
        add(state.directory.entry(day * DAY_MS))
    assert state.membership.time_ms > DAY_MS + ROOT_REPLACEMENT_DELAY_MS
    return log, state.directory.root


async def test_a_root_replaced_in_what_a_mirror_returns_is_replaced_at_each_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, root = a_root_replaced_by_time()
    half = len(log) // 2
    monkeypatch.setattr(
        backup, "read_entries", lambda mirror, start, end: [log[start:half], log[half:end]]
    )
    store = SqliteStore(tmp_path / "exchange.db")
    await refill(store, SimpleNamespace(name="mirror"), 0, len(log))  # type: ignore[arg-type]
    trust = trust_of(await store.load())
    version = trust.members.version(MX)
    assert version is not None
    assert version.record.generation == 2
    assert trust.directory.root == root
    await store.close()


async def test_a_mirror_with_an_entry_that_does_not_verify_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, _ = a_root_replaced_by_time()
    false = DirectoryEntry(time_ms=12 * DAY_MS, root=bytes(32)).encode()
    monkeypatch.setattr(backup, "read_entries", lambda mirror, start, end: [[*log, false]])
    store = SqliteStore(tmp_path / "exchange.db")
    with pytest.raises(RestoreRefused, match=f"entry {len(log)}"):
        await refill(store, SimpleNamespace(name="mirror"), 0, len(log) + 1)  # type: ignore[arg-type]
    assert not (await store.load()).head.tree.size
    await store.close()
