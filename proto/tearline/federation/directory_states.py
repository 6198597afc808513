"""Decoders of the directory's states, which travel as the bytes that were hashed."""

from tearline.encoding import parse_utf8
from tearline.errors import MalformedInput, StatementMalformed
from tearline.federation.directory import AgencyState, FederationState, KeyState


def parse_agency_state(data: bytes) -> AgencyState:
    """Returns the state of an agency from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is none.
    """
    read = _Reader(data)
    state = AgencyState(
        uri=read.text(),
        name=read.text(),
        generation=read.number(4),
        status=read.text(),
        index=read.number(8),
        record=read.take(32),
        entries=read.number(8),
        keys=read.keys(),
    )
    read.end()
    return state


def parse_federation_state(data: bytes) -> FederationState:
    """Returns the state of a federation from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is none.
    """
    read = _Reader(data)
    state = FederationState(decision=read.take(32), index=read.number(8), keys=read.keys())
    read.end()
    return state


class _Reader:
    """Position in an encoding; never reads beyond its end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        start, self._at = self._at, self._at + size
        if self._at > len(self._data):
            raise StatementMalformed("a state of the directory is cut off")
        return self._data[start : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def prefixed(self) -> bytes:
        return self.take(self.number(4))

    def text(self) -> str:
        try:
            return parse_utf8(self.prefixed())
        except MalformedInput as error:
            raise StatementMalformed(error.why) from None

    def keys(self) -> tuple[KeyState, ...]:
        # Each key takes bytes, so the length of the encoding bounds the loop.
        return tuple(_key(self.prefixed()) for _ in range(self.number(4)))

    def end(self) -> None:
        if self._at != len(self._data):
            raise StatementMalformed("a state of the directory is followed by more")


def _key(data: bytes) -> KeyState:
    read = _Reader(data)
    key = KeyState(
        id=read.take(32),
        subject=read.text(),
        use=read.text(),
        types=tuple(read.take(read.number(4))),
        not_before_ms=read.number(8),
        not_after_ms=read.number(8),
        index=read.number(8),
        end=read.number(8),
    )
    read.end()
    return key
