"""Source files of imports, read in bounded pieces.

A source is a regular file of at most 256 MiB. Its text is UTF-8 or has the given encoding;
other bytes are refused with the number of their line.
"""

import codecs
import csv
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tearline.dataclass.immutable import immutable
from tearline.errors import ImportRefused, ImportTooLarge
from tearline.limits import MAX_COLUMNS, MAX_IMPORT_BYTES, MAX_LINE_BYTES

ENCODINGS = (
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso-8859-1", "iso-8859-2",
    "iso-8859-15", "cp1250", "cp1251", "cp1252", "koi8-r", "gb18030", "big5", "shift_jis", "euc-kr",
)  # fmt: skip
"""Allowed encodings of a source; in none is a line's end a part of a character."""

HIDDEN = "is hidden"
"""Words in the reason of each place that stays at home because a spreadsheet does not show it."""
_ARCHIVE = b"PK\x03\x04"
"""Beginning of a workbook (XLSX), which no text has."""
_BOM = "\ufeff"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_PIECE = 64 << 10  # bytes of UTF-16 for one step of decoding
_END = "\x1a"  # end of a file in CP/M and DOS; some programs still write it


class Stated(str):
    """Text of a cell whose type a workbook states, such as a number; it has one reading."""


@immutable
class Bounds:
    """Bounds of a source.

    Attributes:
        whole: Size of the whole file, in bytes.
        cell: Size of one cell of a table, in characters.
    """

    whole: int
    cell: int = 128 << 10


@immutable
class Hidden:
    """Treatment of the places of a workbook that a spreadsheet does not show, or has no value for.

    Attributes:
        tell: Takes the line, the place and the reason of each that stays at home: hidden rows and
            columns, other sheets, merged cells, and formulas whose value was not saved.
        is_read: Whether hidden rows and columns are read as the others.
    """

    tell: Callable[[int, str, str], None]
    is_read: bool = False


@contextmanager
def open_source(path: Path, maximum: int = MAX_IMPORT_BYTES) -> Iterator[BinaryIO]:
    """Opens the file at ``path`` for reading.

    Args:
        path: The file.
        maximum: Bytes that it may have.

    Raises:
        ImportRefused: If it cannot be read, or is no regular file.
        ImportTooLarge: If it is larger.
    """
    try:
        # Opening a pipe without a writer would block for ever.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) else "not a path"
        raise ImportRefused(
            f"{path} cannot be opened ({reason}); check the name and the folder"
        ) from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ImportRefused("not a regular file")
        if status.st_size > maximum:
            raise ImportTooLarge(f"the file has {status.st_size} bytes of {maximum}")
        with open(handle, "rb", closefd=False) as stream:
            yield stream
    finally:
        os.close(handle)


def read_lines(
    stream: BinaryIO, *, encoding: str = "utf-8", bounds: Bounds | None = None
) -> Iterator[tuple[int, str]]:
    """Yields lines with their numbers, from 1, and line ends; without a byte order mark.

    Args:
        stream: The file.
        encoding: One of ``ENCODINGS``.
        bounds: Bounds of the source.

    Raises:
        ImportRefused: If a line is too long, not of that encoding, or contains a NUL.
        ImportTooLarge: If the source exceeds the bounds.
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
            raise ImportRefused(
                f"line {number} is not {encoding.upper()}; if the file has another encoding, name"
                " it: --encoding, or `encoding` in a mapping"
            ) from None
        yield text


def _wide_lines(stream: BinaryIO, encoding: str, bounds: Bounds) -> Iterator[str]:
    """Yields lines of UTF-16, where a byte of a character may equal a line end."""
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
    """Checks by its first line that a file has the expected encoding and line ends.

    Raises:
        ImportRefused: If it is UTF-16, or its lines end in CR only.
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
    hidden: Hidden | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Yields records of a CSV file (RFC 4180), each with the number of its first line.

    A workbook (XLSX) is recognised by its first bytes, and read if its hidden places have a
    treatment; see ``workbook_records``. Blank lines are skipped. So are a byte order mark, a first
    line with the delimiter, and a final Ctrl-Z.

    Raises:
        ImportRefused: If the file is not such a table, or has too many columns.
        ImportTooLarge: If the source exceeds the bounds.
    """
    bounds = bounds or Bounds(whole=MAX_IMPORT_BYTES)
    if peek(stream).startswith(_ARCHIVE):
        if hidden is None:
            raise ImportRefused("a workbook (XLSX), which is not read here; save it as CSV")
        # Imported late: readers of XML take a while, and few imports are workbooks.
        from tearline_client.connectors.importers.workbook import workbook_records

        yield from workbook_records(stream, hidden, whole=bounds.whole, cell=bounds.cell)
        return
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


def is_workbook(start: bytes) -> bool:
    """Returns whether a file with this beginning is a workbook (XLSX)."""
    return start.startswith(_ARCHIVE)


def peek(stream: BinaryIO, size: int = len(_ARCHIVE)) -> bytes:
    """Returns the first bytes of a file, which stay unread."""
    start = stream.read(size)
    stream.seek(0)
    return start


def _table_lines(lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[str]:
    """Yields lines of a table; an empty line replaces a first line with the delimiter."""
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
    hidden: Hidden | None = None,
) -> tuple[tuple[str, ...], Iterator[tuple[int, dict[str, str]]]]:
    """Returns the header of a CSV file, and its records by column.

    A last column without name and values is skipped: a trailing delimiter makes it.

    Args:
        stream: The file.
        delimiter: Delimiter of cells.
        encoding: One of ``ENCODINGS``.
        header: Names of the columns, if the file has no header.
        bounds: Bounds of the source.
        hidden: Treatment of the hidden places of a workbook; None: no workbook is read.

    Raises:
        ImportRefused: If there is no header, one of its names is empty or repeated, or a record
            has more or fewer cells than the header.
    """
    is_workbook = peek(stream).startswith(_ARCHIVE)
    records = read_records(
        stream, delimiter=delimiter, encoding=encoding, bounds=bounds, hidden=hidden
    )
    if not header:
        line, names = next(records, (0, []))
        if not line:
            raise ImportRefused("line 1: the file is empty")
        header = _header(line, [name.strip() for name in names])

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        for line, record in records:
            if is_workbook:  # a row ends with its last value
                record += [""] * (len(header) - len(record))
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
