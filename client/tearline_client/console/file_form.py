"""A form with one file at its end, read as it comes, in bounded memory (RFC 7578)."""

from collections.abc import AsyncIterator, Callable

from starlette.requests import Request

from tearline.dataclass.immutable import immutable
from tearline.errors import FormRefused
from tearline_client.console.forms import Form
from tearline_client.console.multipart import boundary_of, parse_head, parse_text

_MOST_TEXT = 4096  # of a field in front of the file
_MOST_TEXTS = 8
_END = b"--\r\n"


@immutable
class FileForm:
    """A form of which the texts were read, and the file is yet to come.

    Attributes:
        form: The texts.
        name: The file's name on the person's machine; a text that proves nothing.
        pieces: Its bytes, in pieces; raises FormRefused if the form is not well formed.
    """

    form: Form
    name: str
    pieces: AsyncIterator[bytes]


async def read_file_form(request: Request, prolong: Callable[[], None]) -> FileForm:
    """Returns the form of a request, as far as its file.

    Args:
        request: The request.
        prolong: Called for each piece: the connection lives as long as its sender sends.

    Raises:
        FormRefused: If it is of another type, not well formed, or has no file.
    """
    boundary = boundary_of(request.headers.get("content-type", ""))
    body = _Body(request.stream(), b"\r\n--" + boundary, prolong)
    await body.until(body.delimiter, 0)
    texts: dict[str, tuple[str, ...]] = {}
    for _ in range(_MOST_TEXTS):
        name, file_name = parse_head(await body.until(b"\r\n\r\n", _MOST_TEXT))
        if file_name is not None:
            return FileForm(form=Form(texts), name=file_name, pieces=body.rest())
        content = parse_text(await body.until(body.delimiter, _MOST_TEXT))
        texts[name] = (*texts.get(name, ()), content)
    raise FormRefused("it has no file")


class _Body:
    """The bytes of a body that have come, and are not read yet."""

    def __init__(
        self, source: AsyncIterator[bytes], delimiter: bytes, prolong: Callable[[], None]
    ) -> None:
        self.delimiter = delimiter
        self._source = source
        self._prolong = prolong
        self._buffer = bytearray(b"\r\n")  # a boundary begins a line: the first one lacks its end

    async def until(self, mark: bytes, most: int) -> bytes:
        """Returns the bytes before a mark, which is left out."""
        while (end := self._buffer.find(mark)) < 0:
            if len(self._buffer) > most + len(mark) or not await self._more():
                raise FormRefused("it is not well formed")
        if end > most:
            raise FormRefused("it is not well formed")
        found = bytes(self._buffer[:end])
        del self._buffer[: end + len(mark)]
        return found

    async def rest(self) -> AsyncIterator[bytes]:
        """Yields the bytes of the last part, and checks that it is the last."""
        kept = len(self.delimiter) - 1  # the beginning of a delimiter, perhaps
        while (end := self._buffer.find(self.delimiter)) < 0:
            if piece := bytes(self._buffer[:-kept]):
                yield piece
                del self._buffer[:-kept]
            if not await self._more():
                raise FormRefused("it is not well formed")
        if end:
            yield bytes(self._buffer[:end])
        del self._buffer[: end + len(self.delimiter)]
        while len(self._buffer) <= len(_END) and await self._more():
            pass
        if self._buffer != _END:
            raise FormRefused("its file is not its last part")

    async def _more(self) -> bool:
        """Waits for more bytes; returns whether there were some."""
        async for piece in self._source:
            if piece:
                self._buffer += piece
                self._prolong()
                return True
        return False
