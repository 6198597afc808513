"""Archives: whole, or none."""

from io import BytesIO

import pytest

from tearline.archive import SUMS, pack, unpack
from tearline.errors import BackupDamaged

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


def packed(members: dict[str, bytes] = MEMBERS) -> bytes:
    archive = BytesIO()
    pack(archive, [(name, len(data), BytesIO(data)) for name, data in members.items()])
    return archive.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    names = unpack(BytesIO(data), lambda name: Place(name, found), permits=MEMBERS.__contains__)
    assert list(names) == list(found)
    return found


def test_what_was_packed_is_unpacked():
    assert unpacked(packed()) == MEMBERS


def test_every_cut_is_noticed():
    whole = packed()
    for end in range(0, len(whole) - 10240, 512):
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
