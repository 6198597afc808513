"""Archives as somebody writes them anew who has not the key: with sums that fit."""

import tarfile
from collections.abc import Callable
from io import BytesIO

from tearline_runtime.archive import SUMS, TAG, pack

Files = dict[str, bytes]


def rewritten(archive: bytes, change: Callable[[Files], Files], key: bytes | None = None) -> bytes:
    """An archive with other files, authenticated under another key, or not at all.

    Args:
        archive: The archive.
        change: From its files to those that it then holds.
        key: What authenticates it.
    """
    with tarfile.open(fileobj=BytesIO(archive)) as tar:
        streams = ((info.name, tar.extractfile(info)) for info in tar)
        files = {name: stream.read() for name, stream in streams if stream is not None}
    files = change({name: data for name, data in files.items() if name not in (SUMS, TAG)})
    written = BytesIO()
    pack(written, [(name, len(data), BytesIO(data)) for name, data in files.items()], key)
    return written.getvalue()
