"""Opening of the configured place of large documents."""

from tearline.errors import SettingInvalid
from tearline_server.blobs.folder_store import FolderStore
from tearline_server.blobs.interface import BlobStore
from tearline_server.blobs.objects import Objects
from tearline_server.blobs.shared_folder import SharedFolder
from tearline_server.blobs.shared_store import SharedStore
from tearline_server.config import Config
from tearline_server.settings.blobs import BucketPlace, FolderPlace
from tearline_server.storage.interface import Store
from tearline_server.tlog.log import Clock


def open_blobs(config: Config, store: Store, clock: Clock) -> BlobStore | None:
    """Returns the store of large documents; None if a database has no place beside it.

    Args:
        config: The exchange's settings.
        store: Its store of packets.
        clock: The time.

    Raises:
        SettingInvalid: If the client of object stores is not installed, or has no credentials; or
            if a place is named beside a file.
        ConfigError: If the file of the credentials cannot be read.
    """
    if store.blobs is None:
        if config.blobs is not None:
            raise SettingInvalid("blobs: a file has its documents beside it; name a store")
        return FolderStore(config.home / "blobs", config.blob_bytes, config.blob_quota_bytes)
    if config.blobs is None:
        return None
    objects = _objects(config.blobs, clock)
    return SharedStore(store.blobs, objects, config.blob_bytes, config.blob_quota_bytes)


def _objects(place: FolderPlace | BucketPlace, clock: Clock) -> Objects:
    if isinstance(place, FolderPlace):
        return SharedFolder(place.folder)
    try:
        from tearline_server.blobs.bucket import Bucket, read_credentials
    except ModuleNotFoundError:
        raise SettingInvalid("blobs: httpx is missing; it comes with tearline[objects]") from None
    return Bucket(place, lambda: read_credentials(place), clock)
