"""Files to import from, read in bounded pieces.

A source is a regular file of at most 256 MiB. Its text is UTF-8, or has the encoding that is
named for it; anything else is refused with the line it stands on.
"""

import codecs
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

ENCODINGS = (
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso-8859-1", "iso-8859-2",
    "iso-8859-15", "cp1250", "cp1251", "cp1252", "koi8-r", "gb18030", "big5", "shift_jis", "euc-kr",
)  # fmt: skip
"""How a source may spell text; none takes a line's end for a part of a character."""

_BOM = "\ufeff"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_PIECE = 64 << 10  # bytes of UTF-16 that are decoded at once
_END = "\x1a"  # the end of a file in CP/M and DOS, which some programs still write


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


def read_lines(
    stream: BinaryIO, *, encoding: str = "utf-8", bounds: Bounds | None = None
) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, from 1, and their ends; without a byte order mark.

    Args:
        stream: The file.
        encoding: One of ``ENCODINGS``.
        bounds: How much is read.

    Raises:
        ImportRefused: If a line is too long, not of that encoding, or holds a NUL.
        ImportTooLarge: If there is more than an import may hold.
    """
    bounds = bounds or Bounds(whole=MAX_IMPORT_BYTES)
    lines = _wide_lines if encoding.startswith("utf-16") else _lines
    for number, text in enumerate(lines(stream, encoding, bounds), 1):
        if "\0" in text:
            raise ImportRefused(f"line {number} holds a NUL")
        yield number, text.removeprefix(_BOM) if number == 1 else text


def _lines(stream: BinaryIO, encoding: str, bounds: Bounds) -> Iterator[str]:
    total = number = 0
    while data := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        total += len(data)
        if number == 1:
            _verify_begins(data)
        if len(data) > MAX_LINE_BYTES:
            raise ImportRefused(f"line {number} has over {MAX_LINE_BYTES} bytes")
        if total > bounds.whole:
            raise ImportTooLarge(f"over {bounds.whole} bytes")
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            raise ImportRefused(f"line {number} is not {encoding.upper()}") from None
        yield text


def _wide_lines(stream: BinaryIO, encoding: str, bounds: Bounds) -> Iterator[str]:
    """Lines of UTF-16, where a byte of a character may look like the end of a line."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    total = number = 0
    left = ""
    while True:
        piece = stream.read(_PIECE)
        total += len(piece)
        if total == len(piece) and encoding == "utf-16" and not piece.startswith(_UTF16_BOMS):
            raise ImportRefused(
                "line 1: no byte order mark says which UTF-16 it is: utf-16-le or utf-16-be"
            )
        if total > bounds.whole:
            raise ImportTooLarge(f"over {bounds.whole} bytes")
        try:
            left += decoder.decode(piece, final=not piece)
        except UnicodeDecodeError:
            at = number + left.count("\n") + 1
            raise ImportRefused(f"line {at} or one soon after is not {encoding.upper()}") from None
        *whole, left = left.split("\n")
        for line in whole:
            number += 1
            yield f"{line}\n"
        if len(left) > MAX_LINE_BYTES // 2:
            raise ImportRefused(f"line {number + 1} has over {MAX_LINE_BYTES} bytes")
        if not piece:
            if left:
                yield left
            return


def _verify_begins(data: bytes) -> None:
    """Checks that a first line is none of a file that is spelled otherwise altogether.

    Raises:
        ImportRefused: If it is UTF-16, or if its lines end in CR alone.
    """
    if data.startswith(_UTF16_BOMS):
        raise ImportRefused(f"line 1: the file is UTF-16; {_advice('utf-16')}")
    start = data[:64]
    for zeros, name in ((start[1::2], "utf-16-le"), (start[::2], "utf-16-be")):
        if len(zeros) > 1 and not any(zeros):
            raise ImportRefused(
                f"line 1: the file is UTF-16 without a byte order mark; {_advice(name)}"
            )
    if not data.endswith(b"\n") and b"\r" in data:
        raise ImportRefused("line 1: lines end in CR alone; save the file with LF or CRLF")


def _advice(encoding: str) -> str:
    return f'save it as UTF-8; the mapping of a table may say encoding = "{encoding}"'


def read_records(
    stream: BinaryIO,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    bounds: Bounds | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Records of a CSV file (RFC 4180), each with the number of its first line.

    Blank lines are passed over, and so is what programs write around a table: a byte order mark,
    a first line that names the delimiter, a Ctrl-Z at the end.

    Raises:
        ImportRefused: If the file is not such a table, or has too many columns.
        ImportTooLarge: If there is more than an import may hold.
    """
    bounds = bounds or Bounds(whole=MAX_IMPORT_BYTES)
    csv.field_size_limit(bounds.cell)
    lines = _table_lines(read_lines(stream, encoding=encoding, bounds=bounds), delimiter)
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


def _table_lines(lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[str]:
    """Lines of a table; an empty one in the place of each that is none of it."""
    ended = 0
    for number, text in lines:
        if ended and text.strip():
            raise ImportRefused(f"line {ended}: a Ctrl-Z, which ends a file, stands before its end")
        if number == 1 and text.startswith("sep=") and len(text.rstrip("\r\n")) == len("sep=;"):
            if text[len("sep=")] != delimiter:
                raise ImportRefused(
                    f"line 1 says that {text[len('sep=')]!r} stands between cells, and the mapping"
                    f" says {delimiter!r}"
                )
            yield "\n"
        elif text.rstrip("\r\n").endswith(_END):
            ended = number
            yield text.replace(_END, "")
        else:
            yield text


def read_table(
    stream: BinaryIO,
    *,
    delimiter: str = ",",
    encoding: str = "utf-8",
    header: tuple[str, ...] = (),
    bounds: Bounds | None = None,
) -> tuple[tuple[str, ...], Iterator[tuple[int, dict[str, str]]]]:
    """The header of a CSV file, and its records by column.

    A last column without name and values is passed over: it stands behind a trailing delimiter.

    Args:
        stream: The file.
        delimiter: What stands between cells.
        encoding: One of ``ENCODINGS``.
        header: Names of the columns, where the file does not name them.
        bounds: How much is read.

    Raises:
        ImportRefused: If there is no header, a name in it is empty or repeated, or a record
            has more or fewer cells than the header.
    """
    records = read_records(stream, delimiter=delimiter, encoding=encoding, bounds=bounds)
    if not header:
        line, names = next(records, (0, []))
        if not line:
            raise ImportRefused("line 1: the file is empty")
        header = _header(line, [name.strip() for name in names])

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        for line, record in records:
            if len(record) == len(header) + 1 and not record[-1].strip():
                record.pop()
            if len(record) != len(header):
                raise ImportRefused(f"line {line}: {len(record)} cells of {len(header)}")
            yield line, dict(zip(header, record, strict=True))

    return header, rows()


def _header(line: int, names: list[str]) -> tuple[str, ...]:
    if len(names) > 1 and not names[-1]:
        names.pop()
    for number, name in enumerate(names, 1):
        if not name:
            raise ImportRefused(f"line {line}: column {number} of the header has no name")
        if (first := names.index(name) + 1) != number:
            raise ImportRefused(f"line {line}: columns {first} and {number} have the same name")
    return tuple(names)
