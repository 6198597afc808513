"""Files to import from, read in bounded pieces.

A source is a regular file of at most 64 MiB. Its text is UTF-8; anything else is refused with
the line it stands on.
"""

import csv
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tearline.errors import ImportRefused, ImportTooLarge
from tearline.limits import MAX_COLUMNS, MAX_IMPORT_BYTES, MAX_LINE_BYTES

_BOM = "\ufeff"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is read, in bytes.

    Attributes:
        whole: Of the whole.
        cell: Of one cell of a table, in characters.
    """

    whole: int
    cell: int = 128 << 10


@contextmanager
def open_source(path: Path) -> Iterator[BinaryIO]:
    """The file at ``path`` for reading.

    Raises:
        ImportRefused: If it cannot be read, or is no regular file.
        ImportTooLarge: If it is larger than an import may be.
    """
    try:
        # A pipe without a writer would block the opening for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else "not a path"
        raise ImportRefused(f"the file cannot be opened ({reason})") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ImportRefused("not a regular file")
        if status.st_size > MAX_IMPORT_BYTES:
            raise ImportTooLarge(f"the file has {status.st_size} bytes of {MAX_IMPORT_BYTES}")
        with open(handle, "rb", closefd=False) as stream:
            yield stream
    finally:
        os.close(handle)


def read_lines(stream: BinaryIO, *, bounds: Bounds | None = None) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, from 1, and their ends.

    Raises:
        ImportRefused: If a line is too long, not UTF-8, or holds a NUL.
        ImportTooLarge: If there is more than an import may hold.
    """
    bounds = bounds or Bounds(whole=MAX_IMPORT_BYTES)
    total = 0
    number = 0
    while data := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        total += len(data)
        if len(data) > MAX_LINE_BYTES:
            raise ImportRefused(f"line {number} has over {MAX_LINE_BYTES} bytes")
        if total > bounds.whole:
            raise ImportTooLarge(f"over {bounds.whole} bytes")
        yield number, _decoded(number, data)


def read_records(
    stream: BinaryIO, *, delimiter: str = ",", bounds: Bounds | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Records of a CSV file (RFC 4180), each with the number of its first line.

    A byte order mark before the first record is passed over, since spreadsheets write one;
    so are blank lines.

    Raises:
        ImportRefused: If the file is not such a table, or has too many columns.
        ImportTooLarge: If there is more than an import may hold.
    """
    bounds = bounds or Bounds(whole=MAX_IMPORT_BYTES)
    csv.field_size_limit(bounds.cell)
    lines = (
        text.removeprefix(_BOM) if number == 1 else text
        for number, text in read_lines(stream, bounds=bounds)
    )
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    first = 1
    while True:
        try:
            record = next(reader, None)
        except csv.Error as failure:
            raise ImportRefused(f"line {first}: not a record of a table ({failure})") from None
        if record is None:
            return
        if len(record) > MAX_COLUMNS:
            raise ImportRefused(f"line {first}: over {MAX_COLUMNS} columns")
        if record:
            yield first, record
        first = reader.line_num + 1


def read_table(
    stream: BinaryIO, *, delimiter: str = ",", bounds: Bounds | None = None
) -> tuple[tuple[str, ...], Iterator[tuple[int, dict[str, str]]]]:
    """The header of a CSV file, and its records by column.

    Raises:
        ImportRefused: If there is no header, a name in it is empty or repeated, or a record
            has more or fewer cells than the header.
    """
    records = read_records(stream, delimiter=delimiter, bounds=bounds)
    _, names = next(records, (0, []))
    header = tuple(name.strip() for name in names)
    if not header or "" in header or len(set(header)) != len(header):
        raise ImportRefused("line 1: the header names every column once")

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        for line, record in records:
            if len(record) != len(header):
                raise ImportRefused(f"line {line}: {len(record)} cells of {len(header)}")
            yield line, dict(zip(header, record, strict=True))

    return header, rows()


def _decoded(number: int, data: bytes) -> str:
    if number == 1 and data.startswith(_UTF16_BOMS):
        raise ImportRefused("line 1: the file is UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise ImportRefused(f"line {number} is not UTF-8") from None
    if "\0" in text:
        raise ImportRefused(f"line {number} holds a NUL")
    return text
