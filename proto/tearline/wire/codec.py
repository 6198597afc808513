"""Shared procedure of every strict translator: decode, encode again, compare, translate."""

from collections.abc import Callable
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from tearline.errors import StatementMalformed, TearlineError

M = TypeVar("M", bound=Message)
T = TypeVar("T")


def serialize(message: Message) -> bytes:
    """Returns the deterministic encoding: fields in order of number, defaults left out."""
    return message.SerializeToString(deterministic=True)


def decode(message_type: type[M], data: bytes, *, maximum: int) -> M:
    """Returns a message from ``data``, not yet checked to be its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is larger than ``maximum`` bytes or not such a message.
    """
    if len(data) > maximum:
        raise StatementMalformed(f"larger than {maximum} bytes")
    try:
        return message_type.FromString(data)
    except DecodeError:
        raise StatementMalformed("the bytes are not such a message") from None


def parse_strictly(
    data: bytes, message_type: type[M], read: Callable[[M], T], *, maximum: int
) -> T:
    """Returns a value from its canonical encoding (spec S-7).

    The decoded message is encoded again without unknown fields, and must equal ``data``. ``read``
    runs after that and makes no second message. Therefore ``read`` must distinguish, or refuse, any
    two messages that differ: tests/unit/proto/wire/test_reading.py.

    Raises:
        StatementMalformed: If ``data`` is anything but the encoding of a valid value.
    """
    message = decode(message_type, data, maximum=maximum)
    message.DiscardUnknownFields()
    if serialize(message) != data:
        raise StatementMalformed("the bytes are not the one encoding of their content")
    try:
        return read(message)
    except StatementMalformed:
        raise
    except (ValueError, TearlineError) as error:
        # An enum without such a member, or a part that its own type refuses.
        raise StatementMalformed(
            str(error) if isinstance(error, TearlineError) else "a value is unknown"
        ) from None
