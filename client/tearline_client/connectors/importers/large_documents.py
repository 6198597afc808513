"""Reads a large file once: its digest, and the hashes of its parts as they will be sealed."""

import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from tearline.blobs.cipher import BlobCipher
from tearline.blobs.description import Blob
from tearline.blobs.parts import PART_BYTES, PART_PLAIN_BYTES, Division
from tearline.bodies.documents import large_media_type_of
from tearline.dataclass.immutable import immutable
from tearline.errors import DocumentChanged, DocumentRefused
from tearline.limits import CONSOLE_DRAFT_S, MAX_BLOB_BYTES
from tearline.packets.packet import BLOB_ID_SIZE, SECRET_SIZE
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes

SEALED = ".sealed"
"""Suffix of files with parts that are sealed already; no document that a person names has it."""
Tell = Callable[[int, int], None]
"""Called with the parts done and all parts."""


@immutable
class LargeDocument:
    """Large file to send beside a packet.

    Attributes:
        path: Its absolute path.
        blob: Its description.
        leaves: Leaf hashes of its sealed parts.
    """

    path: Path
    blob: Blob
    leaves: tuple[bytes, ...]


def read_large(
    path: Path, stream: BinaryIO, size: int, tell: Tell = lambda done, total: None
) -> LargeDocument:
    """Returns a large file, read once from its beginning.

    Args:
        path: Its path.
        stream: The open file.
        size: Its bytes.
        tell: Told of each part.

    Raises:
        DocumentRefused: If its type or size cannot be sent, or it changes meanwhile.
    """
    if size > MAX_BLOB_BYTES:
        raise DocumentRefused(f"{path.name}: {size} bytes, of 1 to {MAX_BLOB_BYTES}")
    division = Division(length=size)
    blob_id, secret = secrets.token_bytes(BLOB_ID_SIZE), secrets.token_bytes(SECRET_SIZE)
    cipher, digest = BlobCipher(secret, blob_id), hashlib.sha256()
    leaves, media_type, length = list[bytes](), "", 0
    for number in range(division.parts):
        plaintext = stream.read(PART_PLAIN_BYTES)
        if not number:
            media_type = large_media_type_of(path.name, plaintext)
        length += len(plaintext)
        digest.update(plaintext)
        padded = plaintext.ljust(division.plain_bytes(number), b"\0")
        leaves.append(leaf_hash(cipher.seal(number, padded)))
        tell(number + 1, division.parts)
    if length != size or stream.read(1):
        raise DocumentRefused(f"{path.name}: it changed while it was read")
    blob = Blob(
        id=blob_id,
        secret=secret,
        length=size,
        sha256=digest.digest(),
        root=root_from_leaf_hashes(leaves),
        media_type=media_type,
    )
    return LargeDocument(path=path.absolute(), blob=blob, leaves=tuple(leaves))


def sealed_part(path: str, leaf: bytes, blob: Blob, number: int) -> bytes:
    """Returns a sealed part of a file.

    Args:
        path: The file's path.
        leaf: The part's leaf hash, as it was drafted.
        blob: The document, with its secret.
        number: The part's number.

    Raises:
        DocumentChanged: If the part is another one than was drafted.
    """
    is_sealed = path.endswith(SEALED)
    size = PART_BYTES if is_sealed else PART_PLAIN_BYTES
    try:
        with Path(path).open("rb") as file:
            file.seek(number * size)
            data = file.read(size)
    except OSError as error:
        raise DocumentChanged(f"{path}: {error.strerror}") from None
    sealed = data if is_sealed else _sealed(data, blob, number)
    if leaf_hash(sealed) != leaf:
        raise DocumentChanged(path)
    return sealed


def _sealed(plaintext: bytes, blob: Blob, number: int) -> bytes:
    size = blob.division.plain_bytes(number)
    return BlobCipher(blob.secret, blob.id).seal(number, plaintext[:size].ljust(size, b"\0"))


def sweep_sealed(folder: str, is_kept: Callable[[bytes], bool], now_s: int) -> None:
    """Deletes sealed files older than two lives of a draft; one that is kept is judged again later.

    The loop is short: persons attached what it finds.

    Args:
        folder: The node's folder of such documents.
        is_kept: Returns whether the document of an id may be sent yet.
        now_s: The time that log and node agree on, Unix seconds.
    """
    oldest_s = now_s - 2 * CONSOLE_DRAFT_S  # a newer one may belong to a draft
    for path in Path(folder).glob(f"*{SEALED}"):
        # Not one of ours, or another process of the node deleted it meanwhile.
        with suppress(ValueError, FileNotFoundError):
            blob_id = bytes.fromhex(path.stem)
            if path.stat().st_mtime >= oldest_s:
                continue
            if is_kept(blob_id):
                os.utime(path)
            else:
                path.unlink(missing_ok=True)


def sealed_path(folder: str, blob_id: bytes) -> Path:
    """Returns the path of a document's sealed file in the node's folder of them."""
    return Path(folder) / f"{blob_id.hex()}{SEALED}"
