"""The table of settings that names the place of large documents."""

from pathlib import Path

import pytest

from support.cases import each_case
from tearline.errors import SettingInvalid
from tearline_server.blobs.open import open_blobs
from tearline_server.config import config_of
from tearline_server.settings.blobs import BucketPlace, FolderPlace, parse_blobs
from tearline_server.storage.sqlite.store import SqliteStore

HOME = Path("/home/exchange")
GOOD = {"endpoint": "https://s3.example:9000", "bucket": "tearline"}


def test_a_bucket_has_an_endpoint_and_perhaps_a_file_of_credentials() -> None:
    more = {"region": "eu-1", "credentials": "secret", "ca": "/etc/ca.pem"}
    assert parse_blobs(HOME, GOOD | more) == BucketPlace(
        endpoint="https://s3.example:9000",
        bucket="tearline",
        region="eu-1",
        credentials=HOME / "secret",
        ca=Path("/etc/ca.pem"),
    )


def test_a_folder_is_shared() -> None:
    place = {"endpoint": "file:///mnt/documents", "bucket": "tearline"}
    assert parse_blobs(HOME, place) == FolderPlace(folder=Path("/mnt/documents/tearline"))


@each_case(
    "changed",
    [
        {"endpoint": "http://s3.example"},  # others could read and change requests
        {"endpoint": "https://user:secret@s3.example"},
        {"endpoint": "https://s3.example/path"},
        {"endpoint": "file://relative"},
        {"bucket": "../other"},
        {"region": "eu west"},
        {"secret": "in the settings"},
        {"region": 1},
    ],
)
def test_any_other_place_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(SettingInvalid):
        parse_blobs(HOME, GOOD | changed)


@pytest.mark.parametrize("table", [None, [], "https://s3.example", {}, {"endpoint": "https://a"}])
def test_a_place_is_a_table_with_endpoint_and_bucket(table: object) -> None:
    with pytest.raises(SettingInvalid):
        parse_blobs(HOME, table)


async def test_a_file_has_its_documents_beside_it(tmp_path: Path) -> None:
    values = {"name": "a.example", "dns": "a.example", "address": "a.example:1", "blobs": GOOD}
    store = SqliteStore(tmp_path / "exchange.db")
    with pytest.raises(SettingInvalid, match="store"):
        open_blobs(config_of(tmp_path, values), store, lambda: 0)
    await store.close()
