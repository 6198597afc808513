"""JSON of any size, read value by value in bounded memory.

A reader walks through objects and arrays, and decodes only small values as a whole.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from tearline.errors import ImportRefused, ImportTooLarge
from tearline.limits import MAX_IMPORT_BYTES, MAX_JSON_DEPTH, MAX_LINE_BYTES

_PIECE = 64 << 10
_BLANKS = " \t\n\r"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_KEYS = 4096
_MAX_NUMBER = 64


class JsonReader:
    """Reader of one JSON text in UTF-8.

    A caller reads each value once, in its order: by ``value``, ``members`` or ``elements``. Numbers
    are texts: a long one takes time to parse.

    Args:
        stream: The file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self._json = json.JSONDecoder(
            object_pairs_hook=_pairs,
            parse_int=self._number,
            parse_float=self._number,
            parse_constant=_no_number,
        )
        self._text = ""
        self._at = 0
        self._total = 0
        self._is_read = False
        self.line = 1
        """Line of the next value."""

    def members(self) -> Iterator[str]:
        """Yields the keys of an object; after each, the caller reads its value.

        Raises:
            ImportRefused: If the value is no object, or a key appears twice.
        """
        self._take("{")
        seen: set[str] = set()
        while self._next() != "}":
            if seen:
                self._take(",")
            if self._next() != '"':
                raise self.refused("not the expected JSON")
            key = self.value()
            if key in seen or len(seen) == _MAX_KEYS:
                raise self.refused("a key appears twice, or there are too many")
            seen.add(key)
            self._take(":")
            self._next()
            yield key
        self._take("}")

    def elements(self) -> Iterator[None]:
        """Yields at each element of an array, which the caller then reads.

        Raises:
            ImportRefused: If the value is no array.
        """
        self._take("[")
        is_first = True
        while self._next() != "]":
            if not is_first:
                self._take(",")
            is_first = False
            self._next()
            yield
        self._take("]")

    def is_array(self) -> bool:
        """Returns whether the next value is an array."""
        return self._next() == "["

    def value(self) -> Any:
        """Returns the next value; numbers are texts.

        Raises:
            ImportRefused: If it is no JSON, nested too deep, or has more characters than a line.
        """
        self._next()
        size = _PIECE
        while True:
            try:
                found, end = self._json.raw_decode(self._text, self._at)
            except RecursionError:
                raise self.refused("nested too deep") from None
            except ValueError:
                found, end = None, 0
            is_whole = end < len(self._text) or self._is_read
            if end and is_whole and end - self._at <= MAX_LINE_BYTES:
                self._verify_depth(found, end)
                try:
                    verify_unicode(self._text[self._at : end], found)
                except UnicodeEncodeError:
                    raise self.refused("half a character (a lone surrogate)") from None
                self._pass(end)
                return found
            # The value may go on; each time, twice as much is read as before.
            length = len(self._text) - self._at
            if self._is_read or length > MAX_LINE_BYTES:
                raise self.refused("not JSON, or too long a value")
            self._fill(length + size)
            size *= 2

    def end(self) -> None:
        """Checks that the file ends here.

        Raises:
            ImportRefused: If it does not.
        """
        if self._next():
            raise self.refused("a text after the end")

    def refused(self, why: str) -> ImportRefused:
        """Returns the refusal of the file, with the line."""
        return ImportRefused(f"line {self.line}: {why}")

    def _next(self) -> str:
        """Returns the next character that is not blank, which stays unread; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANKS:
                self._pass(self._at + 1)
            if self._at < len(self._text):
                return self._text[self._at]
            if self._is_read:
                return ""
            self._fill(1)

    def _take(self, sign: str) -> None:
        if self._next() != sign:
            raise self.refused("not the expected JSON")
        self._pass(self._at + 1)

    def _pass(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end

    def _fill(self, size: int) -> None:
        """Reads on until ``size`` characters are there, or the file ends."""
        pieces = [self._text[self._at :]]
        length = len(pieces[0])
        self._at = 0
        while length < size and not self._is_read:
            data = self._stream.read(max(_PIECE, size - length))
            self._total += len(data)
            if self._total > MAX_IMPORT_BYTES:
                raise ImportTooLarge(f"over {MAX_IMPORT_BYTES} bytes")
            try:
                pieces.append(self._decoder.decode(data, final=not data))
            except UnicodeDecodeError as error:
                self.line += sum(each.count("\n") for each in pieces)
                self.line += error.object[: error.start].count(b"\n")
                raise self.refused("not UTF-8; save the file in this encoding") from None
            length += len(pieces[-1])
            self._is_read = not data
        self._text = "".join(pieces)

    def _verify_depth(self, found: Any, end: int) -> None:
        """Checks a value's depth: other code may have less of the interpreter's stack left."""
        begins = sum(self._text.count(sign, self._at, end) for sign in "[{")
        level = [found] if isinstance(found, dict | list) and begins > MAX_JSON_DEPTH else []
        for _ in range(MAX_JSON_DEPTH):
            inner = (each.values() if isinstance(each, dict) else each for each in level)
            level = [each for some in inner for each in some if isinstance(each, dict | list)]
        if level:
            raise self.refused("nested too deep")

    def _number(self, text: str) -> str:
        if len(text) > _MAX_NUMBER:
            raise self.refused("too long a number")
        return text


def verify_unicode(text: str, found: Any) -> None:
    """Checks that no key and no value holds half a character, which no other text can hold.

    Args:
        text: The JSON text, from UTF-8: only an escape writes half a character there.
        found: Its value.

    Raises:
        UnicodeEncodeError: If one does.
    """
    if _HALF.search(text):
        json.dumps(found, ensure_ascii=False).encode()


def _pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) != len(items):
        raise ValueError
    return found


def _no_number(_: str) -> None:
    raise ValueError
