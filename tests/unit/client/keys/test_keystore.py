"""The keystore: what opens it, what does not, and what lies on the disk."""

import errno
import hashlib
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tearline.errors import (
    FileExposed,
    KeystoreDamaged,
    KeystoreEntryMissing,
    KeystoreLocked,
    KeystoreUnusable,
    MalformedInput,
    PassphraseShort,
)
from tearline_client.keys import keystore as module
from tearline_client.keys.keystore import MAX_SECRET_BYTES, Keystore, stretch

PASSPHRASE = "caballo grapa 电池".encode()
CANARY = b"canary-7f3a9c51d2e8"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests are not about the cost of a guess."""
    monkeypatch.setattr(module, "stretch", lambda word, salt: hashlib.sha256(salt + word).digest())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def keystore(path: Path) -> Keystore:
    return Keystore.create(path, PASSPHRASE)


def test_secrets_come_back_after_reopening(path: Path, keystore: Keystore) -> None:
    keystore.put("sign", b"s" * 64)
    keystore.put("kem-00ff", b"")
    keystore.put("sign", CANARY)
    again = Keystore.open(path, PASSPHRASE)
    assert again.names() == ("kem-00ff", "sign")
    assert (again.get("sign"), again.get("kem-00ff")) == (CANARY, b"")
    again.delete("sign")
    assert keystore.names() == ("kem-00ff",)
    for gone in (keystore.get, keystore.delete):
        with pytest.raises(KeystoreEntryMissing):
            gone("sign")


def test_another_passphrase_does_not_open_it(path: Path, keystore: Keystore) -> None:
    for wrong in (b"", PASSPHRASE + b" ", PASSPHRASE[:-1], PASSPHRASE.upper()):
        with pytest.raises(KeystoreLocked):
            Keystore.open(path, wrong)


def test_a_changed_passphrase_replaces_the_old(path: Path, keystore: Keystore) -> None:
    keystore.put("sign", CANARY)
    keystore.change_passphrase(b"another passphrase")
    assert Keystore.open(path, b"another passphrase").get("sign") == CANARY
    with pytest.raises(KeystoreLocked):
        Keystore.open(path, PASSPHRASE)


@pytest.mark.parametrize("short", [b"", b"1", b"elevenbytes"])
def test_a_passphrase_that_is_soon_guessed_is_refused_and_the_old_one_stays(
    short: bytes, tmp_path: Path, path: Path, keystore: Keystore
) -> None:
    with pytest.raises(PassphraseShort):
        keystore.change_passphrase(short)
    assert Keystore.open(path, PASSPHRASE).names() == ()
    with pytest.raises(PassphraseShort):
        Keystore.create(tmp_path / "other", short)
    assert not (tmp_path / "other" / "keystore").exists()


def test_neither_secret_nor_passphrase_lies_on_the_disk(path: Path, keystore: Keystore) -> None:
    keystore.put("sign", CANARY)
    on_disk = b"".join(file.read_bytes() for file in path.iterdir())
    assert CANARY not in on_disk
    assert PASSPHRASE not in on_disk
    assert keystore.storage_key("contents") not in on_disk
    assert CANARY.decode() not in repr(keystore) + repr(vars(keystore))


def test_only_the_owner_may_enter(path: Path, keystore: Keystore) -> None:
    keystore.put("sign", CANARY)
    assert path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in path.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o710, 0o701, 0o750, 0o777])
def test_a_folder_open_to_others_is_refused(path: Path, keystore: Keystore, mode: int) -> None:
    path.chmod(mode)
    with pytest.raises(FileExposed):
        Keystore.open(path, PASSPHRASE)


@pytest.mark.parametrize("name", ["keystore", "sign.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_file_open_to_others_is_refused(
    path: Path, keystore: Keystore, name: str, mode: int
) -> None:
    keystore.put("sign", CANARY)
    (path / name).chmod(mode)
    with pytest.raises(FileExposed):
        Keystore.open(path, PASSPHRASE).get("sign")


@pytest.mark.parametrize("name", ["keystore", "sign.key"])
def test_a_file_elsewhere_is_refused(
    tmp_path: Path, path: Path, keystore: Keystore, name: str
) -> None:
    keystore.put("sign", CANARY)
    (path / name).rename(tmp_path / "moved")
    (path / name).symlink_to(tmp_path / "moved")
    with pytest.raises(FileExposed):
        Keystore.open(path, PASSPHRASE).get("sign")


def test_a_folder_elsewhere_is_refused(tmp_path: Path, path: Path, keystore: Keystore) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(FileExposed):
        Keystore.open(link, PASSPHRASE)
    with pytest.raises(FileExposed):
        Keystore.create(link, PASSPHRASE)


def test_a_pipe_in_place_of_a_file_is_refused(path: Path, keystore: Keystore) -> None:
    os.mkfifo(path / "sign.key", 0o600)
    with pytest.raises(FileExposed):
        keystore.get("sign")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_somebody_else_is_refused(path: Path, keystore: Keystore) -> None:
    keystore.put("sign", CANARY)
    os.chown(path / "sign.key", 12345, 12345)
    with pytest.raises(FileExposed):
        keystore.get("sign")


def test_a_write_goes_through_no_link(tmp_path: Path, path: Path, keystore: Keystore) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"untouched")
    (path / "sign.key").symlink_to(outside)
    keystore.put("sign", CANARY)
    assert outside.read_bytes() == b"untouched"
    assert keystore.get("sign") == CANARY


def test_a_flipped_bit_anywhere_is_noticed(path: Path, keystore: Keystore) -> None:
    keystore.put("sign", CANARY)
    file = path / "sign.key"
    good = file.read_bytes()
    for position in range(len(good)):
        file.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        with pytest.raises(KeystoreDamaged):
            keystore.get("sign")


@pytest.mark.parametrize("position", [0, 15, 16, 31, 32, 43, 44, 91])
def test_a_flipped_bit_in_the_header_opens_nothing(
    path: Path, keystore: Keystore, position: int
) -> None:
    header = bytearray((path / "keystore").read_bytes())
    header[position] ^= 1
    (path / "keystore").write_bytes(header)
    with pytest.raises((KeystoreDamaged, KeystoreLocked)):
        Keystore.open(path, PASSPHRASE)


@pytest.mark.parametrize("size", [0, 1, 16, 27, 28, 43])
def test_a_file_cut_short_is_noticed(path: Path, keystore: Keystore, size: int) -> None:
    keystore.put("sign", CANARY)
    file = path / "sign.key"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(KeystoreDamaged):
        keystore.get("sign")
    (path / "keystore").write_bytes((path / "keystore").read_bytes()[:size])
    with pytest.raises(KeystoreDamaged):
        Keystore.open(path, PASSPHRASE)


def test_a_file_under_another_name_does_not_open(path: Path, keystore: Keystore) -> None:
    keystore.put("sign", CANARY)
    (path / "sign.key").rename(path / "tls.key")
    with pytest.raises(KeystoreDamaged):
        keystore.get("tls")


def test_a_file_of_another_keystore_does_not_open(tmp_path: Path, keystore: Keystore) -> None:
    other = Keystore.create(tmp_path / "other", PASSPHRASE)
    other.put("sign", CANARY)
    (tmp_path / "other" / "sign.key").rename(tmp_path / "keys" / "sign.key")
    with pytest.raises(KeystoreDamaged):
        keystore.get("sign")


def test_an_enormous_file_is_not_read(path: Path, keystore: Keystore) -> None:
    keystore.put("sign", bytes(MAX_SECRET_BYTES))
    with (path / "sign.key").open("ab") as file:
        file.truncate(1 << 40)
    with pytest.raises(KeystoreDamaged):
        keystore.get("sign")
    with pytest.raises(MalformedInput):
        keystore.put("sign", bytes(MAX_SECRET_BYTES + 1))


@pytest.mark.parametrize(
    "name",
    ["", "Sign", "a_b", "../sign", "a/b", ".", "..", "-a", "a-", "a.key", "a\n", "é", "a" * 65],
)
def test_names_have_one_spelling(keystore: Keystore, name: str) -> None:
    for use in (keystore.get, keystore.delete, lambda name: keystore.put(name, b"")):
        with pytest.raises(MalformedInput):
            use(name)


def test_strange_files_are_no_names(path: Path, keystore: Keystore) -> None:
    (path / "README").write_text("notes")
    (path / "sign.key.0011.new").write_text("a draft that a crash left")
    (path / "BAD.key").write_text("x")
    assert keystore.names() == ()


def test_a_full_disk_keeps_what_was_there(
    path: Path, keystore: Keystore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keystore.put("sign", CANARY)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(module.os, "fsync", full)
        with pytest.raises(KeystoreUnusable, match="No space left"):
            keystore.put("sign", b"new")
        with pytest.raises(KeystoreUnusable):
            keystore.change_passphrase(b"another passphrase")
    assert Keystore.open(path, PASSPHRASE).get("sign") == CANARY
    assert {file.name for file in path.iterdir()} == {"keystore", "sign.key"}


def test_there_is_one_keystore_in_a_folder(tmp_path: Path, path: Path, keystore: Keystore) -> None:
    with pytest.raises(KeystoreUnusable, match="already"):
        Keystore.create(path, b"another passphrase")
    for missing in (tmp_path / "nowhere", tmp_path):
        missing.mkdir(mode=0o700, exist_ok=True)
        with pytest.raises(KeystoreUnusable, match="there is none"):
            Keystore.open(missing, PASSPHRASE)
    with pytest.raises(KeystoreUnusable, match="there is none"):
        Keystore.open(tmp_path / "neither", PASSPHRASE)
    file = tmp_path / "file"
    file.touch(mode=0o700)
    with pytest.raises(KeystoreUnusable):
        Keystore.create(file, PASSPHRASE)
    with pytest.raises(FileExposed):
        Keystore.open(file, PASSPHRASE)


def test_a_file_that_cannot_be_read_is_said_so(
    keystore: Keystore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as disk:
        disk.setattr(module.os, "open", denied)
        with pytest.raises(KeystoreUnusable, match="Permission denied"):
            keystore.get("sign")


def test_storage_keys_differ_by_purpose_and_stay(path: Path, keystore: Keystore) -> None:
    here = keystore.storage_key("contents")
    assert len(here) == 32
    assert here != keystore.storage_key("index")
    assert Keystore.open(path, PASSPHRASE).storage_key("contents") == here
    keystore.change_passphrase(b"another passphrase")
    assert Keystore.open(path, b"another passphrase").storage_key("contents") == here


def test_the_cost_of_a_guess_is_part_of_the_format(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "stretch", stretch)
    Keystore.create(path, PASSPHRASE).put("sign", CANARY)
    header = (path / "keystore").read_bytes()
    independent = Argon2id(
        salt=header[16:32], length=32, iterations=3, lanes=4, memory_cost=65536
    ).derive(PASSPHRASE)
    context = b"tearline/v1/keystore\0tearline keys 1\nkeystore"
    assert len(AESGCM(independent).decrypt(header[32:44], header[44:], context)) == 32
    assert Keystore.open(path, PASSPHRASE).get("sign") == CANARY


def test_a_passphrase_is_stretched_with_its_salt() -> None:
    assert stretch(PASSPHRASE, bytes(16)) == stretch(PASSPHRASE, bytes(16))
    assert stretch(PASSPHRASE, bytes(16)) != stretch(PASSPHRASE, b"\1" * 16)
