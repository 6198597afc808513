"""Codecs: the strict translation of one kind of message, between a value and its bytes."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from google.protobuf.message import DecodeError, Message

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed, TearlineError
from tearline.limits import MAX_BODY_BYTES

M = TypeVar("M", bound=Message)
T = TypeVar("T")


@immutable
class Codec(Generic[T]):
    """Translation of values of one type. ``tearline.wire.table`` makes it from a list of fields.

    Attributes:
        message: The type of the messages.
        write: Returns the message of a value.
        read: Returns the value of a message, or raises ``StatementMalformed``.
        maximum: Bound of an encoding, bytes.
    """

    message: type[Message]
    write: Callable[[T], Any]
    read: Callable[[Any], T]
    maximum: int = MAX_BODY_BYTES

    def encode(self, value: T) -> bytes:
        """Returns the canonical encoding of ``value``."""
        return serialize(self.write(value))

    def encode_prefix(self, value: T) -> bytes:
        """Returns the encoding of ``value`` without its sealed part, which HPKE binds to it."""
        message = self.write(value)
        message.ClearField("sealed")
        return serialize(message)

    def parse(self, data: bytes) -> T:
        """Returns a value from its canonical encoding.

        Raises:
            StatementMalformed: If ``data`` is anything but the encoding of a valid value.
        """
        return parse_strictly(data, self.message, self.read, maximum=self.maximum)

    def parse_envelope(self, data: bytes) -> T:
        """Returns a value from an encoding that need not be canonical: no signature covers it.

        Raises:
            StatementMalformed: If ``data`` is not the encoding of a valid value.
        """
        return self.read(decode(self.message, data, maximum=self.maximum))


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
    """Returns a value from its canonical encoding (spec S-2).

    The decoded message is encoded again without unknown fields, and must equal ``data``. ``read``
    runs after that and makes no second message. Therefore ``read`` must distinguish, or refuse, any
    two messages that differ: tests/unit/proto/wire/test_reading.py.

    Raises:
        StatementMalformed: If ``data`` is anything but the encoding of a valid value.
    """
    message = decode(message_type, data, maximum=maximum)
    message.DiscardUnknownFields()
    if message.SerializeToString(deterministic=True) != data:
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
