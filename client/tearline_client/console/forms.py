"""Forms that browsers send: small, of one content type, and with the token of their session."""

import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from tearline.errors import FormRefused
from tearline.limits import MAX_CONSOLE_FIELDS, MAX_CONSOLE_FORM_BYTES

_TYPE = "application/x-www-form-urlencoded"
CSRF = "csrf"
"""Name of the field with the session's token."""


class Form:
    """Values of a form, by name."""

    def __init__(self, values: Mapping[str, tuple[str, ...]]) -> None:
        self._values = values

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
        """Yields each value with its name, except the session's token."""
        for name, values in self._values.items():
            if name != CSRF:
                yield from ((name, value) for value in values)

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns all values of a name, as of boxes that were ticked."""
        return self._values.get(name, ())

    def verify_token(self, expected: str) -> None:
        """Checks that the form came from a page of the session.

        Raises:
            FormRefused: If it did not.
        """
        if not hmac.compare_digest(self.text(CSRF).encode(), expected.encode()):
            raise FormRefused("it does not belong to this session")


async def read_form(request: Request) -> Form:
    """Returns the form in the body of a request.

    Raises:
        FormRefused: If the body is too large, of another type, or not well formed.
    """
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != _TYPE:
        raise FormRefused(f"its type is not {_TYPE}")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_CONSOLE_FORM_BYTES:
            raise FormRefused(f"it is larger than {MAX_CONSOLE_FORM_BYTES} bytes")
    return parse_form(body)


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
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value.replace("\r\n", "\n"))
    return Form(values)
