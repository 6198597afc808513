"""Shared file operations: what they write is complete or absent, what they read is bounded."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tearline.errors import ConfigUnreadable, FileExposed, KeystoreUnusable, RestoreRefused
from tearline_runtime import files


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        files.write_new(tmp_path / "written", b"one")
        files.create_private(tmp_path / "created").close()
        os.close(files.open_private(tmp_path / "opened"))
        files.replace(tmp_path / "replaced", b"two")
        files.write_new(tmp_path / "shared", b"three", mode=files.UMASK)
    finally:
        os.umask(before)
    assert (tmp_path / "written").read_bytes() == b"one"
    assert (tmp_path / "replaced").read_bytes() == b"two"
    assert [_mode(tmp_path / name) for name in ("written", "created", "opened", "replaced")] == [
        0o600
    ] * 4
    assert _mode(tmp_path / "shared") == 0o666


@pytest.mark.parametrize("create", [lambda path: files.write_new(path, b""), files.create_private])
def test_a_new_file_takes_no_place_of_another(
    tmp_path: Path, create: Callable[[Path], object]
) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("old", "link"):
        with pytest.raises(FileExistsError):
            create(tmp_path / name)
    assert (tmp_path / "old").read_bytes() == b"old"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("write", [files.write_new, files.replace])
def test_a_full_disk_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], None]
) -> None:
    monkeypatch.setattr(files.os, "fsync", _full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "file", b"new")
    assert _names(tmp_path) == []


def test_what_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with monkeypatch.context() as disk:
        disk.setattr(files.os, "fsync", _full)
        with pytest.raises(OSError, match="No space left"):
            files.replace(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        files.replace(tmp_path / "folder", b"new")
    assert _names(tmp_path) == ["file", "folder"]


def test_a_bound_is_the_last_length_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    assert files.read_bounded(path, 4) == files.read_if_present(path, 4) == b"1234"
    for read in (files.read_bounded, files.read_if_present):
        with pytest.raises(ConfigUnreadable) as refused:
            read(path, 3)
        assert refused.value.why == f"{path} is longer than 3 bytes"


def test_only_one_reading_accepts_that_there_is_no_file(tmp_path: Path) -> None:
    assert files.read_if_present(tmp_path / "file", 4) is None
    with pytest.raises(ConfigUnreadable, match="No such file"):
        files.read_bounded(tmp_path / "file", 4)
    for read in (files.read_bounded, files.read_if_present):
        with pytest.raises(ConfigUnreadable, match="Is a directory"):
            read(tmp_path, 4)


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602])
def test_a_private_file_is_not_read_where_others_have_a_part(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    path.chmod(mode)
    assert files.read_bounded(path, 4) == b"1234"
    with pytest.raises(FileExposed):
        files.read_bounded(path, 4, is_private=True)
    path.chmod(0o600)
    assert files.read_bounded(path, 4, is_private=True) == b"1234"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_private_file_is_not_read_where_it_is_somebody_else_s(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write_new(path, b"1234")
    assert files.read_owner_only(path, 4) == b"1234"
    os.chown(path, 12345, 12345)
    assert files.read_bounded(path, 4) == b"1234"
    with pytest.raises(FileExposed, match="other user"):
        files.read_bounded(path, 4, is_private=True)
    with pytest.raises(FileExposed, match="other user"):
        files.read_owner_only(path, 4)


def test_no_pipe_is_read_as_a_private_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(FileExposed, match="regular file"):
        files.read_owner_only(tmp_path / "pipe", 4)


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with pytest.raises(FileExposed, match="symbolic link"):
        files.open_unlinked(tmp_path / "link")
    with pytest.raises(OSError, match="symbolic links"):
        files.open_private(tmp_path / "link")
    with pytest.raises(FileNotFoundError):
        files.open_unlinked(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe")
    for name in ("file", "pipe"):  # a pipe that has no writer is not waited for
        files.open_unlinked(tmp_path / name).close()


def test_a_path_appears_with_all_that_was_written_below_it(tmp_path: Path) -> None:
    with files.atomic_path(tmp_path / "home") as draft:
        (draft / "keys").mkdir(parents=True)
        (draft / "keys" / "one").write_bytes(b"1")
        files.fsync_tree(draft)
        assert not (tmp_path / "home").exists()
    assert (tmp_path / "home" / "keys" / "one").read_bytes() == b"1"
    assert _names(tmp_path) == ["home"]


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_what_fails_leaves_nothing_beside_its_target(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    def attempt(fail: Callable[[], None]) -> None:
        with files.atomic_path(tmp_path / "home") as draft:
            make(draft)
            fail()

    for fail, expected in ((_full, RestoreRefused), (_interrupt, KeyboardInterrupt)):
        with pytest.raises(expected):
            attempt(fail)
        assert _names(tmp_path) == []


def test_nothing_is_put_over_what_is_there(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with (
        pytest.raises(RestoreRefused, match="there is something already"),
        files.atomic_path(link) as draft,
    ):
        draft.touch()
    late = tmp_path / "late"
    with (
        pytest.raises(RestoreRefused, match="there is something already"),
        files.atomic_path(late),
    ):
        late.write_bytes(b"theirs")
    assert late.read_bytes() == b"theirs"
    assert _names(tmp_path) == ["late", "link"]


def test_everything_in_a_tree_is_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys").mkdir()
    for name in ("a", "keys/b"):
        (tmp_path / name).touch()
    synced: list[Path] = []
    monkeypatch.setattr(files, "fsync_path", synced.append)
    files.fsync_tree(tmp_path)
    assert sorted(synced) == [tmp_path, tmp_path / "a", tmp_path / "keys", tmp_path / "keys" / "b"]
    assert synced[-1] == tmp_path  # a folder after all that lies in it


def test_a_refusal_of_the_system_is_told_as_ours(tmp_path: Path) -> None:
    with (
        pytest.raises(KeystoreUnusable, match=r"file: No space left on device"),
        files.reported_as(KeystoreUnusable, tmp_path / "file"),
    ):
        _full()
