"""A large document that a browser sends: sealed as it comes, so no plaintext of it is stored."""

import hashlib
import secrets
import shutil

from tearline.blobs.cipher import BlobCipher
from tearline.blobs.description import Blob
from tearline.blobs.parts import Division
from tearline.bodies.documents import large_media_type_of, plain_file_name
from tearline.errors import DocumentRefused, ImportRefused
from tearline.limits import MAX_BLOB_BYTES, MIN_FREE_BYTES
from tearline.packets.packet import BLOB_ID_SIZE, SECRET_SIZE
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes
from tearline_client.connectors.importers.documents import Document
from tearline_client.connectors.importers.large_documents import LargeDocument, sealed_path
from tearline_runtime.files import create_private, fsync_file, reported_as


class OutgoingDocument:
    """Document of unknown length, more than 1 MiB, given part by part.

    Args:
        folder: The node's folder of such documents.
        name: Its name, from a person's machine.

    Raises:
        ImportRefused: From each method, if its parts cannot be stored.
    """

    def __init__(self, folder: str, name: str) -> None:
        self._name = name
        self._id, self._secret = secrets.token_bytes(BLOB_ID_SIZE), secrets.token_bytes(SECRET_SIZE)
        self._path = sealed_path(folder, self._id)
        self._cipher, self._digest = BlobCipher(self._secret, self._id), hashlib.sha256()
        self._leaves: list[bytes] = []
        self._length, self._media_type = 0, ""
        with reported_as(ImportRefused, self._path):
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._file = create_private(self._path)

    def add(self, plaintext: bytes) -> None:
        """Seals and stores a whole part of 1 MiB.

        Raises:
            DocumentRefused: If its type or size cannot be sent.
        """
        if not self._leaves:
            self._media_type = large_media_type_of(self._name, plaintext)
        self._length += len(plaintext)
        if self._length > MAX_BLOB_BYTES:
            raise DocumentRefused(f"{self._name}: more than {MAX_BLOB_BYTES} bytes")
        self._digest.update(plaintext)
        self._store(plaintext)

    def finish(self, rest: bytes, guard: str) -> Document:
        """Seals and stores the rest of less than a part, and makes all of it durable.

        Args:
            rest: The rest, perhaps empty.
            guard: A stricter category for its content, or empty.

        Raises:
            DocumentRefused: If its size cannot be sent.
        """
        self._length += len(rest)
        self._digest.update(rest)
        if self._length > MAX_BLOB_BYTES:
            raise DocumentRefused(f"{self._name}: more than {MAX_BLOB_BYTES} bytes")
        division = Division(length=self._length)
        for number in range(len(self._leaves), division.parts):
            self._store(rest.ljust(division.plain_bytes(number), b"\0"))
            rest = b""
        with reported_as(ImportRefused, self._path), self._file:
            fsync_file(self._file)
        blob = Blob(
            id=self._id,
            secret=self._secret,
            length=self._length,
            sha256=self._digest.digest(),
            root=root_from_leaf_hashes(self._leaves),
            media_type=self._media_type,
        )
        large = LargeDocument(path=self._path.absolute(), blob=blob, leaves=tuple(self._leaves))
        return Document(
            name=plain_file_name(self._name, self._media_type),
            media_type=self._media_type,
            content=b"",
            guard=guard,
            large=large,
        )

    def discard(self) -> None:
        """Deletes the stored file."""
        self._file.close()
        with reported_as(ImportRefused, self._path):
            self._path.unlink(missing_ok=True)

    def _store(self, padded: bytes) -> None:
        sealed = self._cipher.seal(len(self._leaves), padded)
        self._leaves.append(leaf_hash(sealed))
        with reported_as(ImportRefused, self._path):
            if shutil.disk_usage(self._path.parent).free < MIN_FREE_BYTES:
                raise ImportRefused("the node's disk is nearly full")
            self._file.write(sealed)
