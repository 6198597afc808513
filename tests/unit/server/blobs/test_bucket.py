"""Objects in a real object store: signed requests, lost answers, refusals."""

import logging
from pathlib import Path

import pytest

from support.object_store import BUCKET, CREDENTIALS, ObjectStore
from tearline.errors import (
    ConfigUnreadable,
    FileExposed,
    ObjectsUnreachable,
    SettingInvalid,
    TearlineError,
)
from tearline_server.blobs import bucket as bucket_module
from tearline_server.blobs.bucket import Bucket, read_credentials
from tearline_server.blobs.signature_v4 import Credentials, signed_headers
from tearline_server.bootstrap import now_ms
from tearline_server.settings.blobs import BucketPlace

NAME = "-".join(("0a" * 32, "0b" * 16, "7"))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_module, "_PAUSE_S", 0)


def test_the_signature_is_the_published_one() -> None:
    """The example "GET Object" of the specification of S3."""
    headers = signed_headers(
        "GET",
        "examplebucket.s3.amazonaws.com",
        "/test.txt",
        b"",
        credentials=Credentials(
            key_id="AKIAIOSFODNN7EXAMPLE", secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        ),
        region="us-east-1",
        time_s=1369353600,
        more={"range": "bytes=0-9"},
    )
    assert headers["authorization"].endswith(
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


async def test_objects_are_stored_replaced_and_deleted(object_store: ObjectStore) -> None:
    bucket = object_store.bucket()
    assert await bucket.get(NAME) is None
    await bucket.delete(NAME)
    for data in (b"first", b"second" * 1000, b""):
        await bucket.put(NAME, data)
        assert await bucket.get(NAME) == data
    await bucket.delete(NAME)
    assert await bucket.get(NAME) is None
    await bucket.close()


async def test_other_credentials_are_refused(object_store: ObjectStore) -> None:
    bucket = object_store.bucket(Credentials(key_id=CREDENTIALS.key_id, secret="another"))
    with pytest.raises(ObjectsUnreachable, match="403") as error:
        await bucket.put(NAME, b"data")
    assert "another" not in str(error.value)
    await bucket.close()
    assert object_store.objects() == []


async def test_new_credentials_are_read_after_a_refusal(object_store: ObjectStore) -> None:
    found = [CREDENTIALS, Credentials(key_id="tests", secret="an old one")]
    bucket = Bucket(object_store.place, found.pop, now_ms)
    await bucket.put(NAME, b"data")
    assert await bucket.get(NAME) == b"data"
    await bucket.close()


@pytest.mark.parametrize("refused", [ConfigUnreadable, FileExposed, SettingInvalid])
async def test_credentials_that_cannot_be_read_again_end_the_call_alone(
    object_store: ObjectStore, refused: type[TearlineError]
) -> None:
    found = [Credentials(key_id="tests", secret="an old one")]

    def read() -> Credentials:
        if not found:
            raise refused("the file")
        return found.pop()

    bucket = Bucket(object_store.place, read, now_ms)
    with pytest.raises(ObjectsUnreachable, match="the file"):
        await bucket.put(NAME, b"data")
    found.append(CREDENTIALS)
    await bucket.put(NAME, b"data")
    await bucket.close()


async def test_a_missing_bucket_is_no_missing_object(object_store: ObjectStore) -> None:
    place = BucketPlace(
        endpoint=object_store.place.endpoint,
        bucket="other",
        region="us-east-1",
        credentials=None,
        ca=None,
    )
    bucket = Bucket(place, lambda: CREDENTIALS, now_ms)
    for call in (bucket.put(NAME, b"data"), bucket.get(NAME)):
        with pytest.raises(ObjectsUnreachable, match="NoSuchBucket"):
            await call
    await bucket.close()


async def test_a_store_that_comes_back_is_used_again(
    object_store: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tearline_server.blobs.bucket")
    bucket = object_store.bucket()
    await bucket.put(NAME, b"data")
    object_store.stop()
    try:
        for _ in range(2):
            with pytest.raises(ObjectsUnreachable):
                await bucket.get(NAME)
    finally:
        object_store.start()
    assert await bucket.get(NAME) == b"data"
    await bucket.close()
    said = [record.getMessage() for record in caplog.records]
    assert said == ["object store failed", "object store answers again"]


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_of_cas_has_certificates(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    place = BucketPlace(
        endpoint="https://s3.example", bucket=BUCKET, region="r", credentials=None, ca=file
    )
    with pytest.raises(ConfigUnreadable, match=str(file)):
        Bucket(place, lambda: CREDENTIALS, now_ms)


def test_credentials_come_from_a_private_file_or_the_environment(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "bucket.credentials"
    place = BucketPlace(
        endpoint="https://s3.example", bucket=BUCKET, region="r", credentials=file, ca=None
    )
    file.write_text("the-id\nthe-secret\n")
    file.chmod(0o644)
    with pytest.raises(FileExposed):
        read_credentials(place)
    file.chmod(0o600)
    found = read_credentials(place)
    assert found == Credentials(key_id="the-id", secret="the-secret")
    assert "the-secret" not in repr(found)
    file.write_text("the-id\n")
    with pytest.raises(SettingInvalid):
        read_credentials(place)
    named = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    of_environment = BucketPlace(
        endpoint="https://s3.example", bucket=BUCKET, region="r", credentials=None, ca=None
    )
    assert read_credentials(of_environment, named) == Credentials(key_id="id", secret="secret")
    with pytest.raises(SettingInvalid):
        read_credentials(of_environment, {})
