"""Table ``[blobs]``: the place of large documents beside a PostgreSQL database."""

import re
from collections.abc import Mapping
from pathlib import Path

from tearline.dataclass.immutable import immutable
from tearline.errors import SettingInvalid

_HOST = r"(?:[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?"
_ENDPOINT = re.compile(f"https://{_HOST}", re.ASCII)
# Without TLS only on this machine: others could read and change who asks for which part.
_LOCAL = re.compile(r"http://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
_DEFAULT_REGION = "us-east-1"
_FOLDER = "file:///"
_NAMES = {"endpoint", "bucket", "region", "credentials", "ca"}


@immutable
class FolderPlace:
    """Folder that the machines of all processes share.

    Attributes:
        folder: The folder, which the operator created: one that is missing is not mounted.
    """

    folder: Path


@immutable
class BucketPlace:
    """Bucket of an S3-compatible object store.

    Attributes:
        endpoint: The store's address, without a path.
        bucket: The bucket's name.
        region: Its region.
        credentials: A file with the credentials, or None for the environment's.
        ca: A file with the CAs that issue the store's certificate, or None for the system's.
    """

    endpoint: str
    bucket: str
    region: str
    credentials: Path | None
    ca: Path | None


def parse_blobs(home: Path, table: object) -> FolderPlace | BucketPlace:
    """Returns the place of large documents; paths are relative to the home.

    Raises:
        SettingInvalid: If the table names no such place.
    """
    if not isinstance(table, dict) or not all(isinstance(each, str) for each in table.values()):
        raise SettingInvalid("blobs: a table of texts was expected")
    values: Mapping[str, str] = table
    if not {"endpoint", "bucket"} <= values.keys() <= _NAMES:
        raise SettingInvalid("blobs: expected endpoint, bucket, perhaps region, credentials and ca")
    endpoint = values["endpoint"].rstrip("/")
    is_folder = endpoint.startswith(_FOLDER)
    if not is_folder and not _ENDPOINT.fullmatch(endpoint) and not _LOCAL.fullmatch(endpoint):
        raise SettingInvalid(
            "blobs: endpoint: expected https://host, https://host:port or file:///…"
        )
    region = values.get("region", _DEFAULT_REGION)
    if not _BUCKET.fullmatch(values["bucket"]) or not _REGION.fullmatch(region):
        raise SettingInvalid("blobs: bucket or region is not a name of one")
    if is_folder:
        return FolderPlace(folder=Path(endpoint.removeprefix("file://")) / values["bucket"])
    return BucketPlace(
        endpoint=endpoint,
        bucket=values["bucket"],
        region=region,
        credentials=home / values["credentials"] if "credentials" in values else None,
        ca=home / values["ca"] if "ca" in values else None,
    )
