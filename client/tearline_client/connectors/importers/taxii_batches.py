"""Batches of a foreign TAXII collection: STIX bundles to import, each object in one batch.

A batch is a file under a number. The time behind it is stored, durably, before the file gets its
name, and becomes the time to read on from after that. So a process that is killed leaves either
the whole batch with its time, or none: no object is lost, and none is in two batches.

A server's mark of the next page is not stored, since some servers move on with each use of it. A
batch ends where the time of addition grows: the objects of one time are in one batch.
"""

import fcntl
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from tearline.dataclass.immutable import immutable
from tearline.errors import CollectionRefused, ConfigUnreadable, StoreBusy
from tearline.limits import (
    MAX_FOREIGN_BATCH_BYTES,
    MAX_FOREIGN_BATCHES,
    MAX_FOREIGN_PAGE_BYTES,
    MAX_IMPORT_BYTES,
)
from tearline_client.connectors.exporters.files import create_file, verify_free
from tearline_client.connectors.importers.taxii_collection import ForeignCollection, instant
from tearline_runtime.files import open_private, read_if_present, reported_as
from tearline_runtime.files import replace as replace_file

_BUNDLES = uuid.UUID("5f0c3a52-2f0e-4a5c-9a51-8a0d6f0b7c11")  # namespace of ids of bundles
_MAX_FILE_BYTES = (
    MAX_IMPORT_BYTES - MAX_FOREIGN_PAGE_BYTES
)  # one more page, and it is still imported
_MAX_CURSOR_BYTES = 64 << 10


@immutable
class _Cursor:
    """Position up to which a collection was read, as the home stores it.

    Attributes:
        done: Number of batches that are whole.
        added: Time of addition of the last object in them; empty for none.
        planned: The same of the batch that is being written, or None.
        file: The file of that batch.
    """

    done: int = 0
    added: str = ""
    planned: str | None = None
    file: str = ""


class _NothingNew(Exception):
    """The collection has no object behind the place."""


class Batches:
    """Batches of one collection.

    Args:
        home: Folder of cursors, which is created where it is missing.
        url: The URL of the collection.
    """

    def __init__(self, home: Path, url: str) -> None:
        self._home = home
        name = hashlib.sha256(f"{url.rstrip('/')}/".encode()).hexdigest()[:32]
        self._path = home / f"{name}.json"

    def forget(self) -> None:
        """Forgets the place, so that the next batch begins at the first object.

        Raises:
            StoreBusy: If another process reads the collection.
        """
        with self._alone():
            cursor = self._read()
            self._write(_Cursor(done=cursor.done))

    def pull(
        self, collection: ForeignCollection, folder: Path, *, advance: Callable[[int], None]
    ) -> Iterator[tuple[Path, int]]:
        """Writes new objects into files, and yields each file with its number of objects.

        Args:
            collection: The collection.
            folder: An existing folder for the files.
            advance: Called with the number of objects of each page.

        Raises:
            CollectionRefused: If the server violates the protocol; whole batches stay.
            ExportRefused: If a file cannot be written.
            ConfigUnreadable: If the place cannot be stored.
            StoreBusy: If another process reads the collection.
        """
        with self._alone():
            yield from self._pull(collection, folder, advance)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Context in which no other process reads the collection."""
        with reported_as(ConfigUnreadable, self._path):
            self._home.mkdir(mode=0o700, exist_ok=True)
            lock = open_private(self._path.with_suffix(".lock"))
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreBusy("another process reads the collection") from None
            yield
        finally:
            os.close(lock)

    def _pull(
        self, collection: ForeignCollection, folder: Path, advance: Callable[[int], None]
    ) -> Iterator[tuple[Path, int]]:
        for _ in range(MAX_FOREIGN_BATCHES):
            cursor = self._settled()
            name = f"batch-{self._path.stem[:8]}-{cursor.done + 1:06}.stix.json"
            verify_free(folder, name)
            with suppress(_NothingNew), create_file(folder, name) as file:
                count, added, is_last = self._write_batch(collection, cursor, file, advance)
                target = str((folder / name).absolute())
                self._write(replace(cursor, planned=added, file=target))
                file.write(b"\n]}\n")
            if self._settled().done == cursor.done:
                return
            yield folder / name, count
            if is_last:
                return

    def _write_batch(
        self,
        collection: ForeignCollection,
        cursor: _Cursor,
        file: BinaryIO,
        advance: Callable[[int], None],
    ) -> tuple[int, str, bool]:
        """Writes pages until the batch is full; returns objects, the time, and whether it ends.

        Raises:
            _NothingNew: If there is no object.
            CollectionRefused: If too many objects have one time of addition.
        """
        head = {"type": "bundle", "id": f"bundle--{self._bundle(cursor)}"}
        size, count = file.write(json.dumps(head).encode()[:-1] + b', "objects":['), 0
        added = cursor.added
        for page in collection.pages(cursor.added):
            if size > MAX_FOREIGN_BATCH_BYTES:
                if count and instant(page.first) > instant(added):
                    return count, added, False
                if size > _MAX_FILE_BYTES:
                    raise CollectionRefused("too many objects have one time of addition")
            for each in page.objects:
                text = json.dumps(each, ensure_ascii=False, separators=(",", ":"))
                data = text.encode("utf-8", "backslashreplace")
                size += file.write((b",\n" if count else b"\n") + data)
                count += 1
            advance(len(page.objects))
            added = page.last or added
        if not count:
            raise _NothingNew
        return count, added, True

    def _bundle(self, cursor: _Cursor) -> uuid.UUID:
        return uuid.uuid5(_BUNDLES, f"{self._path.stem} {cursor.done + 1}")

    def _settled(self) -> _Cursor:
        """Returns the cursor, behind a batch whose file has its name."""
        cursor = self._read()
        if cursor.planned is None:
            return cursor
        is_whole = Path(cursor.file).exists()
        cursor = (
            _Cursor(done=cursor.done + 1, added=cursor.planned)
            if is_whole
            else _Cursor(done=cursor.done, added=cursor.added)
        )
        self._write(cursor)
        return cursor

    def _read(self) -> _Cursor:
        data = read_if_present(self._path, _MAX_CURSOR_BYTES)
        if data is None:
            return _Cursor()
        try:
            row = json.loads(data)
            return _Cursor(
                done=int(row["done"]),
                added=row["added"],
                planned=row["planned"],
                file=row["file"],
            )
        except (KeyError, TypeError, ValueError):
            raise ConfigUnreadable(f"{self._path}: not a place in a collection") from None

    def _write(self, cursor: _Cursor) -> None:
        row = {
            "done": cursor.done,
            "added": cursor.added,
            "planned": cursor.planned,
            "file": cursor.file,
        }
        with reported_as(ConfigUnreadable, self._path):
            replace_file(self._path, json.dumps(row).encode())
