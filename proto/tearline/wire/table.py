"""Tables of fields: one row for each field of a message, from which a codec is made.

A row states the field's name, which is the attribute's too, and its kind. The rows stand in the
order of the field numbers. A table that omits a field of the schema, or differs from it in order or
type, raises when its module is imported.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from operator import attrgetter
from typing import Any, NoReturn, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BODY_BYTES, MAX_MESSAGE_BYTES, MAX_TIME_MS
from tearline.statements.statement import HASH_SIZE
from tearline.wire.codec import Codec

T = TypeVar("T")


@immutable
class Kind:
    """Kind of a field: its type in the schema, and its translation.

    Attributes:
        types: The types in the schema that it fits.
        write: Returns the field of an attribute's value; None copies it.
        read: Returns the attribute's value of a field; None copies it.
        attribute: Path of the attribute; empty for the field's own name.
        is_list: Whether the field is repeated.
        is_optional: Whether a message may be absent, which reads as None.
        absent: The refusal's text for an absent message; empty where its content shows that.
    """

    types: tuple[int, ...]
    write: Callable[[Any], Any] | None = None
    read: Callable[[Any], Any] | None = None
    attribute: str = ""
    is_list: bool = False
    is_optional: bool = False
    absent: str = ""

    def at(self, attribute: str) -> "Kind":
        """Returns this kind for an attribute of another name or path than the field's."""
        return replace(self, attribute=attribute)


TEXT = Kind(types=(FieldDescriptor.TYPE_STRING,))
BYTES = Kind(types=(FieldDescriptor.TYPE_BYTES,))
NUMBER = Kind(types=(FieldDescriptor.TYPE_UINT32, FieldDescriptor.TYPE_UINT64))
FLAG = Kind(types=(FieldDescriptor.TYPE_BOOL,))
MESSAGE = Kind(types=(FieldDescriptor.TYPE_MESSAGE,))
SIGNED_NOTE = replace(TEXT, write=bytes.decode, read=str.encode)
"""Signed note: text in the message, bytes in the value."""


def translated(
    kind: Kind, write: Callable[[Any], Any] | None, read: Callable[[Any], Any] | None
) -> Kind:
    """Returns a kind with a translation of its own."""
    return replace(kind, write=write, read=read)


def checked(kind: Kind, is_valid: Callable[[Any], bool], why: str) -> Kind:
    """Returns a kind that refuses a field unless ``is_valid``, with the text ``why``."""
    inner = kind.read

    def read(field: Any) -> Any:
        if not is_valid(field):
            raise StatementMalformed(why)
        return field if inner is None else inner(field)

    return replace(kind, read=read)


def sized(size: int, why: str) -> Kind:
    """Returns the kind of bytes of exactly ``size``."""

    def read(field: bytes) -> bytes:
        if len(field) != size:
            raise StatementMalformed(why)
        return field

    return replace(BYTES, read=read)


def below(bound: int, why: str) -> Kind:
    """Returns the kind of numbers less than ``bound``."""
    return checked(NUMBER, bound.__gt__, why)


_TIME = below(MAX_TIME_MS + 1, "a time or duration is not below 2^63")


def hash_path(maximum: int, why: str) -> Kind:
    """Returns the kind of a proof's path: at most ``maximum`` hashes."""

    def read(field: Sequence[bytes]) -> tuple[bytes, ...]:
        path = tuple(field)
        if len(path) > maximum or any(map(HASH_SIZE.__ne__, map(len, path))):
            raise StatementMalformed(why)
        return path

    return replace(BYTES, read=read, is_list=True)


def enum(members: type[Enum]) -> Kind:
    """Returns the kind of one of ``members``, by its value."""
    by_value = {member.value: member for member in members}

    def read(field: Any) -> Enum:
        member = by_value.get(field)
        if member is None:
            raise StatementMalformed("a value is unknown")
        return member

    is_number = issubclass(members, int)
    return Kind(
        types=NUMBER.types if is_number else TEXT.types,
        write=None if is_number else attrgetter("value"),
        read=read,
    )


def choice(values: Sequence[object], why: str = "a value is unknown") -> Kind:
    """Returns the kind of one of ``values``, by its position among them."""
    return checked(translated(NUMBER, values.index, values.__getitem__), len(values).__gt__, why)


def part(codec: Codec[Any]) -> Kind:
    """Returns the kind of a message within the message."""
    return translated(MESSAGE, codec.write, codec.read)


def required(codec: Codec[Any], why: str) -> Kind:
    """Returns the kind of a message that may be empty, but not absent."""
    return replace(part(codec), absent=why)


def many(kind: Kind, *, least: int = 0, most: int = MAX_MESSAGE_BYTES, why: str = "") -> Kind:
    """Returns the kind of a list of ``least`` to ``most`` fields of ``kind``.

    A list without bounds of its own has that of its message's size.
    """
    write, read = kind.write, kind.read
    listed = replace(
        kind,
        write=None if write is None else lambda values: [write(value) for value in values],
        read=tuple if read is None else lambda fields: tuple([read(field) for field in fields]),
        is_list=True,
    )
    return checked(listed, lambda fields: least <= len(fields) <= most, why) if why else listed


def maybe(kind: Kind) -> Kind:
    """Returns the kind of a value or None: an absent message, or an empty text."""
    write, read = kind.write, kind.read
    if write is None or read is None:
        raise TypeError("only messages and enums may be absent")
    if kind.types == MESSAGE.types:
        return replace(
            kind, write=lambda value: None if value is None else write(value), is_optional=True
        )
    return translated(
        kind,
        lambda value: "" if value is None else write(value),
        lambda field: read(field) if field else None,
    )


def table(
    message: type[Message],
    make: Callable[..., T],
    /,
    *,
    maximum: int = MAX_BODY_BYTES,
    **fields: Kind,
) -> Codec[T]:
    """Returns the codec of a table; its times and durations are below 2^63 (spec S-1).

    Args:
        message: The type of the messages.
        make: Makes a value from its attributes, passed by name.
        maximum: Bound of an encoding, bytes.
        fields: The kind of each field, in the order of their numbers.

    Raises:
        TypeError: If the fields are not those of the message.
    """
    _verify_schema(message, fields)
    for name, kind in fields.items():
        if name.endswith("_ms") and kind.read is None:
            fields[name] = replace(kind, read=_TIME.read)
    write: Callable[[T], Message] | None = None
    read: Callable[[Any], T] | None = None

    # Both run for every part of every message. Most programs use few of the tables.
    def write_first(value: T) -> Message:
        nonlocal write
        if write is None:
            write = _writer(message, fields)
        return write(value)

    def read_first(source: Message) -> T:
        nonlocal read
        if read is None:
            read = _reader(make, fields)
        return read(source)

    return Codec(message=message, write=write_first, read=read_first, maximum=maximum)


def _writer(message: type[Message], fields: Mapping[str, Kind]) -> Callable[[Any], Message]:
    """Compiles the function that returns the message of a value."""
    scope: dict[str, Any] = {"message": message}
    arguments = []
    for name, kind in fields.items():
        value = f"value.{kind.attribute or name}"
        if kind.write is not None:
            scope[f"write_{name}"] = kind.write
            value = f"write_{name}({value})"
        arguments.append(f"{name}={value}")
    return _compiled(f"lambda value: message({', '.join(arguments)})", scope)


def _reader(make: Callable[..., T], fields: Mapping[str, Kind]) -> Callable[[Any], T]:
    """Compiles the function that returns the value of a message."""
    scope: dict[str, Any] = {"make": make, "refuse": _refuse}
    arguments = []
    for name, kind in fields.items():
        field = f"source.{name}"
        if kind.read is not None:
            scope[f"read_{name}"] = kind.read
            field = f"read_{name}({field})"
        if kind.is_optional or kind.absent:
            absent = f"refuse({kind.absent!r})" if kind.absent else "None"
            field = f"{field} if source.HasField({name!r}) else {absent}"
        arguments.append(f"{(kind.attribute or name).rpartition('.')[2]}={field}")
    return _compiled(f"lambda source: make({', '.join(arguments)})", scope)


def _compiled(text: str, scope: dict[str, Any]) -> Callable[[Any], Any]:
    made: Callable[[Any], Any] = eval(text, scope)  # noqa: S307  (names of our own fields)
    return made


def _refuse(why: str) -> NoReturn:
    raise StatementMalformed(why)


def _verify_schema(message: type[Message], fields: Mapping[str, Kind]) -> None:
    schema = message.DESCRIPTOR.fields_by_number
    if len(schema) < 2 or [schema[number].name for number in sorted(schema)] != list(fields):
        raise TypeError(f"the table of {message.__name__} needs each field, in order")
    for field in schema.values():
        kind = fields[field.name]
        if field.type not in kind.types or field.is_repeated != kind.is_list:
            raise TypeError(f"{message.__name__}.{field.name} has another type in the schema")
