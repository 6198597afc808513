"""Archives: whole, or none."""

import random
import tarfile
from io import BytesIO

import pytest

from tearline.errors import BackupDamaged
from tearline_runtime.archive import SUMS, pack, unpack

MEMBERS = {"one": b"1" * 3000, "keys/two": b"", "three": bytes(range(256)) * 9}


class Place(BytesIO):
    """Keeps what was written when it is closed."""

    def __init__(self, name: str, into: dict[str, bytes]) -> None:
        super().__init__()
        self._name, self._into = name, into

    def close(self) -> None:
        if not self.closed:
            self._into[self._name] = self.getvalue()
        super().close()


KEY = bytes(32)


def packed(members: dict[str, bytes] = MEMBERS, key: bytes | None = KEY) -> bytes:
    archive = BytesIO()
    pack(archive, [(name, len(data), BytesIO(data)) for name, data in members.items()], key)
    return archive.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    read = unpack(BytesIO(data), lambda name: Place(name, found), permits=MEMBERS.__contains__)
    assert list(read.names) == list(found)
    read.verify(KEY)
    return found


def test_what_was_packed_is_unpacked():
    assert unpacked(packed()) == MEMBERS


def test_every_cut_is_noticed():
    whole = packed()
    for end in range(0, len(whole), 256):
        with pytest.raises(BackupDamaged):
            unpacked(whole[:end])


def test_a_changed_byte_of_a_file_is_noticed():
    whole = bytearray(packed())
    whole[whole.index(b"1" * 100)] ^= 1
    with pytest.raises(BackupDamaged, match="sums"):
        unpacked(bytes(whole))


@pytest.mark.parametrize("name", ["../one", "/etc/passwd", "four", "keys/../one"])
def test_a_name_that_does_not_belong_is_refused(name: str):
    with pytest.raises(BackupDamaged):
        unpacked(packed({**MEMBERS, name: b""}))


def test_a_name_stands_once():
    archive = BytesIO()
    pack(archive, [("one", 0, BytesIO()), ("one", 0, BytesIO())])
    with pytest.raises(BackupDamaged):
        unpacked(archive.getvalue())


def test_the_sums_are_those_of_sha256sum():
    assert (
        b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  keys/two\n" in packed()
    )
    assert SUMS.encode() in packed()


def test_what_is_no_archive_is_refused():
    for data in (b"", b"nothing" * 1000, bytes(20480)):
        with pytest.raises(BackupDamaged):
            unpacked(data)


def test_no_flipped_bit_is_read_as_if_nothing_was() -> None:
    """In a header, a file, the sums, their tag, the padding or behind the end."""
    whole, chance = packed(), random.Random(1)
    for place in {*range(0, len(whole), 7), *range(600), *range(len(whole) - 600, len(whole))}:
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.randrange(8)
        with pytest.raises(BackupDamaged):
            unpacked(bytes(changed))


def test_no_mutated_archive_ends_in_anything_else_than_a_refusal() -> None:
    """Blocks moved, repeated, cut, filled and put in from other archives, at random."""
    whole, other, chance = (
        packed(),
        packed({"one": b"another", "three": b"3" * 999}),
        random.Random(2),
    )
    mutations = 0
    while mutations < 3000:
        start, size = chance.randrange(len(whole)), chance.choice((1, 12, 100, 512, 1024))
        filled = chance.choice(
            (
                b"",
                other[start:][:size],
                b"\xff" * size,
                b"9" * size,
                chance.randbytes(size),
                whole[:size],
            )
        )
        changed = whole[:start] + filled + whole[start + size :]
        if changed == whole:
            continue
        mutations += 1
        with pytest.raises(BackupDamaged):
            unpacked(changed)


def test_a_sparse_file_is_refused_before_anything_is_written() -> None:
    """A thousand bytes that say that they are three gigabytes."""
    archive = BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("one")
        info.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.name": "one",
            "GNU.sparse.size": str(3 << 30),
            "GNU.sparse.realsize": str(3 << 30),
            "GNU.sparse.map": f"0,0,{3 << 30},0",
        }
        tar.addfile(info)
    assert len(archive.getvalue()) <= 10240
    found: dict[str, bytes] = {}
    with pytest.raises(BackupDamaged, match="plain file"):
        unpack(BytesIO(archive.getvalue()), lambda name: Place(name, found), permits=lambda _: True)
    assert found == {}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_what_is_no_plain_file_is_refused(kind: bytes) -> None:
    info = tarfile.TarInfo("one")
    info.type, info.linkname, info.mode = kind, "/etc/passwd", 0o600
    data = info.tobuf(tarfile.GNU_FORMAT) + bytes(10240 - 512)
    with pytest.raises(BackupDamaged, match="plain file"):
        unpacked(data)


def test_a_file_says_no_size_that_the_archive_has_not() -> None:
    info = tarfile.TarInfo("one")
    info.size, info.mode = 9 << 40, 0o600
    with pytest.raises(BackupDamaged, match="cut short"):
        unpacked(info.tobuf(tarfile.GNU_FORMAT) + bytes(9999))


def test_whoever_has_not_the_key_writes_no_archive() -> None:
    for key in (None, bytes(31) + b"1"):
        with pytest.raises(BackupDamaged, match="keys"):
            unpacked(packed(key=key))
