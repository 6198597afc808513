"""Forms that browsers send: bounded, of two content types, and with the token of their session."""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

from starlette.requests import Request

from tearline.errors import FormRefused, MalformedInput
from tearline.limits import (
    MAX_CONSOLE_FIELDS,
    MAX_CONSOLE_FORM_BYTES,
    MAX_CONSOLE_UPLOAD_BYTES,
)
from tearline.text.choices import one_of
from tearline_client.console.multipart import (
    MULTIPART,
    BoundedBody,
    SentFile,
    boundary_of,
    parse_multipart,
)

_MOST_READ = 16  # times the bound of a form: what a browser sends before it shows an answer
_TYPE = "application/x-www-form-urlencoded"
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
CSRF = "csrf"
"""Name of the field with the session's token."""
KEPT = "kept"
"""Name of the field with the name of the draft that keeps the form."""
LOST = "lost"
"""Name of the field with the number of erased values of the draft, as its page told it."""


class Form:
    """Values of a form, by name.

    Args:
        values: The values of each name, in the order of the form.
        files: The files of each name.
        most_bytes: The bound that a file is over: then the form has its values alone.
    """

    def __init__(
        self,
        values: Mapping[str, tuple[str, ...]],
        files: Mapping[str, tuple[SentFile, ...]] | None = None,
        most_bytes: int | None = None,
    ) -> None:
        self._values = values
        self._files = files or {}
        self._most_bytes = most_bytes

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Form":
        """Returns the form with values by name, as a browser would send them."""
        return cls(_by_name(pairs))

    def text(self, name: str) -> str:
        """Returns the value of a name, or an empty text.

        Raises:
            FormRefused: If the name has several values.
        """
        values = self._values.get(name, ())
        if len(values) > 1:
            raise FormRefused(f"{name} is given {len(values)} times")
        return values[0] if values else ""

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yields each value with its name, except the session's token and the draft's."""
        for name, values in self._values.items():
            if name not in (CSRF, KEPT, LOST):
                yield from ((name, value) for value in values)

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns all values of a name, such as those of boxes, in the order of the form."""
        return self._values.get(name, ())

    def numbers(self, name: str, most: int) -> tuple[int, ...]:
        """Returns the numbers of a name, from 1; without one, an empty tuple.

        Raises:
            MalformedInput: If one is no number up to ``most``.
        """
        found = []
        for text in filter(None, self.texts(name)):
            is_plain = text.isascii() and text.isdigit() and len(text) <= len(str(most))
            if not is_plain or not 0 < int(text) <= most:
                raise MalformedInput(f"{name} is a number from 1 to {most}")
            found.append(int(text))
        return tuple(found)

    def member(self, name: str, kind: type[E]) -> E | None:
        """Returns the member of a set of words that a name chooses, or None without a choice.

        Raises:
            MalformedInput: If it is none of them; names them.
        """
        text = self.text(name)
        if not text:
            return None
        found = next((each for each in kind if each.value == text), None)
        if found is None:
            raise MalformedInput(one_of(text, name, (each.value for each in kind)))
        return found

    def files(self, name: str) -> tuple[SentFile, ...]:
        """Returns the files of a name, in the order of the form.

        Raises:
            FormRefused: If a file of the form is too large.
        """
        if self._most_bytes is not None:
            raise FormRefused(f"a file is too large: the form is over {self._most_bytes} bytes")
        return self._files.get(name, ())

    @property
    def has_files(self) -> bool:
        """Returns whether files came with the form, also too large ones."""
        return bool(self._files) or self._most_bytes is not None

    def verify_token(self, expected: str) -> None:
        """Checks that the form came from a page of the session.

        Raises:
            FormRefused: If it did not.
        """
        if not hmac.compare_digest(self.text(CSRF).encode(), expected.encode()):
            raise FormRefused("it does not belong to this session")


async def read_form(
    request: Request, *, files: bool = False, most_bytes: int = MAX_CONSOLE_UPLOAD_BYTES
) -> Form:
    """Returns the form in the body of a request.

    Args:
        request: The request.
        files: Whether the form may hold files.
        most_bytes: The bound of a form with files.

    Raises:
        FormRefused: If the body is too large, of another type, or not well formed.
    """
    header = request.headers.get("content-type", "")
    kind = header.partition(";")[0].strip().lower()
    if files and kind == MULTIPART:
        boundary = boundary_of(header)
        body, size = BoundedBody(boundary, most_bytes), 0
        async for piece in request.stream():
            size += len(piece)
            if size > _MOST_READ * most_bytes:
                raise FormRefused(f"it is larger than {most_bytes} bytes")
            body.add(piece)
        texts, sent = parse_multipart(bytes(body.data), boundary)
        if body.is_cut:
            return Form(_by_name(texts), most_bytes=most_bytes)
        return Form(_by_name(texts), _by_name(sent))
    if kind != _TYPE:
        raise FormRefused(f"its type is not {_TYPE}")
    return parse_form(await _body(request, MAX_CONSOLE_FORM_BYTES))


async def _body(request: Request, maximum: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > maximum:
            raise FormRefused(f"it is larger than {maximum} bytes")
    return bytes(body)


def parse_form(data: bytes) -> Form:
    """Returns the form of a body.

    Raises:
        FormRefused: If it is not well formed, not UTF-8, or has too many fields.
    """
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(data),
            errors="strict",
            max_num_fields=MAX_CONSOLE_FIELDS,
        )
    except ValueError:  # UnicodeDecodeError is one, too
        raise FormRefused("it is not well formed") from None
    return Form(_by_name((name, value.replace("\r\n", "\n")) for name, value in pairs))


def _by_name(pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    found: dict[str, list[T]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}
