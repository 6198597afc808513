"""Forms with files (RFC 7578), as browsers write them and in no other spelling.

The body was read whole and is bounded, so it is divided in memory. A part has a name, and a file
has a file name besides; browsers write quotes and line ends in them as ``%22``, ``%0D`` and
``%0A``. A part with any other header, such as a transfer encoding, is refused.
"""

import re
from dataclasses import field

from tearline.dataclass.immutable import immutable
from tearline.errors import FormRefused
from tearline.limits import MAX_CONSOLE_FIELDS, MAX_CONSOLE_FILES

MULTIPART = "multipart/form-data"
_BOUNDARY = re.compile(
    MULTIPART + r'; ?boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?', re.IGNORECASE
)
_DISPOSITION = re.compile(
    r'content-disposition: form-data; name="([^"\r\n]*)"(?:; filename="([^"\r\n]*)")?',
    re.IGNORECASE,
)
_FILE = b'; filename="'
_BLANK = b"\r\n\r\n"
_MAX_HEAD = 2048  # two lines, each with names that a person gave
_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n"}
_ESCAPED = re.compile("|".join(_ESCAPES))


@immutable
class SentFile:
    """A file in a form.

    Attributes:
        name: Its name on the person's machine; a text that proves nothing.
        content: Its bytes.
    """

    name: str
    content: bytes = field(repr=False)


class BoundedBody:
    """A body as it comes; beyond a bound, without the contents of its files.

    So the texts of a form with too large a file are still read.

    Args:
        boundary: Its boundary.
        most_bytes: The bound of the body without that.

    Attributes:
        data: The body.
        is_cut: Whether contents of files were left out.
    """

    def __init__(self, boundary: bytes, most_bytes: int) -> None:
        self.data = bytearray()
        self.is_cut = False
        self._delimiter = b"\r\n--" + boundary
        self._most_bytes = most_bytes
        self._part = 0  # begin of the part at hand: no byte of an earlier one is read again

    def add(self, piece: bytes) -> None:
        """Adds a piece.

        Raises:
            FormRefused: If the body is too large, and not because of its files.
        """
        self.data += piece
        if len(self.data) > self._most_bytes:
            self._cut()
        if len(self.data) > self._most_bytes:
            raise FormRefused(f"it is larger than {self._most_bytes} bytes")

    def _cut(self) -> None:
        """Leaves out the contents of the files from the part at hand on."""
        data, files, end = self.data, list[tuple[int, int]](), 0
        while end >= 0:
            blank = data.find(_BLANK, self._part, self._part + len(self._delimiter) + _MAX_HEAD)
            if blank < 0:
                break
            start = blank + len(_BLANK)
            end = data.find(self._delimiter, start)
            # Of a file that still comes, the last bytes may begin a delimiter.
            stop = len(data) - len(self._delimiter) if end < 0 else end
            if stop > start and _FILE in data[self._part : blank].lower():
                files.append((start, stop))
            if end >= 0:
                self._part = end
        if len(files) > MAX_CONSOLE_FILES:
            raise FormRefused(f"it has more than {MAX_CONSOLE_FILES} files")
        for start, stop in reversed(files):
            del data[start:stop]
            self.is_cut = True
            if stop <= self._part:
                self._part -= stop - start


def boundary_of(header: str) -> bytes:
    """Returns the boundary that a content type states.

    Raises:
        FormRefused: If it states none.
    """
    found = _BOUNDARY.fullmatch(header.strip())
    if found is None:
        raise FormRefused("its type states no boundary")
    return found[1].encode()


def parse_multipart(
    data: bytes, boundary: bytes
) -> tuple[list[tuple[str, str]], list[tuple[str, SentFile]]]:
    """Returns the texts and the files of a body, each with its name, in their order.

    A field for files in which a person chose none is left out.

    Raises:
        FormRefused: If it is not well formed, not UTF-8, or has too many parts.
    """
    # A boundary begins a line, so the first one is given the line's end that it lacks.
    first, *parts = (b"\r\n" + data).split(b"\r\n--" + boundary, MAX_CONSOLE_FIELDS + 2)
    if first or len(parts) not in range(1, MAX_CONSOLE_FIELDS + 2) or parts.pop() != b"--\r\n":
        raise FormRefused("it is not well formed")
    texts: list[tuple[str, str]] = []
    files: list[tuple[str, SentFile]] = []
    for part in parts:
        name, file_name, content = _part(part)
        if file_name is None:
            texts.append((name, parse_text(content)))
        elif file_name or content:
            files.append((name, SentFile(name=file_name, content=content)))
    if len(files) > MAX_CONSOLE_FILES:
        raise FormRefused(f"it has more than {MAX_CONSOLE_FILES} files")
    return texts, files


def _part(part: bytes) -> tuple[str, str | None, bytes]:
    head, blank, content = part.partition(_BLANK)
    if not blank:
        raise FormRefused("a part is not well formed")
    return (*parse_head(head), content)


def parse_head(head: bytes) -> tuple[str, str | None]:
    """Returns the name of a part and the name of its file, or None for a text.

    Args:
        head: The bytes between the boundary and the empty line.

    Raises:
        FormRefused: If it is not well formed.
    """
    if not head.startswith(b"\r\n") or len(head) > _MAX_HEAD:
        raise FormRefused("a part is not well formed")
    disposition, *others = _text(head[2:]).split("\r\n")
    found = _DISPOSITION.fullmatch(disposition)
    is_plain = all(line.lower().startswith("content-type: ") for line in others)
    if found is None or not is_plain or len(others) > 1:
        raise FormRefused("a part has headers that no browser writes")
    return _name(found[1]), None if found[2] is None else _name(found[2])


def parse_text(content: bytes) -> str:
    """Returns the text of a part.

    Raises:
        FormRefused: If it is not UTF-8.
    """
    return _text(content).replace("\r\n", "\n")


def _name(text: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FormRefused("it is not UTF-8") from None
