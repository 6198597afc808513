"""Reading loses nothing, so that what was compared as a message is compared as a value.

Every strict translator compares the bytes with the message's own encoding, and then reads the
message. Two messages that differ must not read as one value: each field of each message, as the
schema lists them, is changed in every way that it can be, and every change is either refused or
comes back from the value that was read. Encoding the value again is the reference here; it sees
nothing but the value.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from support.codecs import CODECS, Sample
from tearline.errors import StatementMalformed

Change = tuple[str, Callable[[Any], object]]
"""A change's name, and what it does to a message."""

each = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)


def message_of(codec: Sample) -> Message:
    """The message that the value of ``codec`` is encoded as."""
    return codec.message.FromString(codec.encode(codec.value))


def other_items(field: FieldDescriptor, value: Any) -> list[Any]:
    """Values that a field or an item could have instead of ``value``, its default among them."""
    if field.type == FieldDescriptor.TYPE_BOOL:
        return [not value]
    if field.type == FieldDescriptor.TYPE_STRING:
        return ["", f"{value}x", value[:-1], value.upper(), f" {value}", f"{value}\0", "other"]
    if field.type == FieldDescriptor.TYPE_BYTES:
        flipped = bytes([value[0] ^ 1]) + value[1:] if value else b""
        return [b"", flipped, value[:-1], value + b"\0", bytes(16), bytes(32)]
    top = (1 << 64) - 1 if field.type == FieldDescriptor.TYPE_UINT64 else (1 << 32) - 1
    return [0, 1, value + 1 & top, max(value - 1, 0), value ^ 1, top]


Others = Callable[[FieldDescriptor, Any], list[Any]]
"""From a field and a value of it to others that it could have."""


def changes_of_list(field: FieldDescriptor, items: Any, others: Others) -> Iterator[Change]:
    """Items that are dropped, doubled, moved, added, and each one changed."""
    name, kept = field.name, list(items)

    def become(new: list[Any]) -> Callable[[Any], object]:
        def change(message: Any) -> None:
            message.ClearField(name)
            getattr(message, name).extend(new)

        return change

    yield "none", become([])
    yield "reversed", become(kept[::-1])
    for at in range(min(len(kept), 3)):
        yield f"{at} dropped", become(kept[:at] + kept[at + 1 :])
        yield f"{at} doubled", become(kept[: at + 1] + kept[at:])
        yield f"{at} last", become([*kept[:at], *kept[at + 1 :], kept[at]])
    if field.message_type is not None:
        yield "an empty one added", lambda message: getattr(message, name).add()
        return
    blank = {FieldDescriptor.TYPE_STRING: "", FieldDescriptor.TYPE_BYTES: b""}.get(field.type, 0)
    for other in [blank, *others(field, blank)]:
        yield f"{other!r} added", become([*kept, other])
    for at in range(min(len(kept), 3)):
        for other in others(field, kept[at]):
            yield f"{at} {other!r}", become([*kept[:at], other, *kept[at + 1 :]])


def inside(name: str, change: Callable[[Any], object], at: int | None = None) -> Any:
    """``change`` of the message in field ``name``, or of its item ``at``."""
    if at is None:
        return lambda message: change(getattr(message, name))
    return lambda message: change(getattr(message, name)[at])


def changes(message: Message, others: Others = other_items) -> Iterator[Change]:
    """Every change of every field that the schema knows, in this message and within."""
    for field in message.DESCRIPTOR.fields:
        name, value = field.name, getattr(message, field.name)
        found: list[Change] = []
        if field.is_repeated:
            found += changes_of_list(field, value, others)
            if field.message_type is not None:
                for at, item in enumerate(value[:3]):
                    found += [(f"{at}.{n}", inside(name, c, at)) for n, c in changes(item, others)]
        elif field.message_type is not None:
            found.append(("absent", lambda m, name=name: m.ClearField(name)))
            found.append(("there and empty", lambda m, name=name: _empty(m, name)))
            if message.HasField(name):
                found += [(n, inside(name, c)) for n, c in changes(value, others)]
            else:
                blank = type(value)()
                found += [(n, inside(name, c)) for n, c in changes(blank, others)]
        else:
            found += [
                (repr(other), lambda m, name=name, other=other: setattr(m, name, other))
                for other in others(field, value)
            ]
        yield from ((f"{name}: {what}", change) for what, change in found)


def _empty(message: Any, name: str) -> None:
    message.ClearField(name)
    getattr(message, name).SetInParent()


def changed(message: Message, *applied: Callable[[Any], object]) -> bytes:
    """The encoding of ``message`` after some changes of it."""
    copy = type(message)()
    copy.CopyFrom(message)
    for change in applied:
        change(copy)
    return copy.SerializeToString(deterministic=True)


def comes_back(codec: Sample, data: bytes) -> bool:
    """Whether ``data`` is refused, or is what the value that was read encodes to."""
    try:
        value = codec.parse(data)
    except StatementMalformed:
        return True
    return bool(codec.encode(value) == data)


def lost(codec: Sample) -> list[str]:
    """The changes of a message that do not come back from the value that is read."""
    message = message_of(codec)
    ways = changes(message)
    return [what for what, change in ways if not comes_back(codec, changed(message, change))]


@each
def test_no_change_of_a_field_is_lost_by_reading(codec: Sample) -> None:
    assert lost(codec) == []


@each
@given(data=st.data())
def test_no_changes_of_several_fields_are_lost_together(codec: Sample, data: st.DataObject) -> None:
    message = message_of(codec)
    ways = list(changes(message))
    drawn = data.draw(st.lists(st.integers(0, len(ways) - 1), min_size=2, max_size=4))

    def apply(copy: Any) -> None:
        for number in drawn:
            try:
                ways[number][1](copy)
            except IndexError:
                continue  # another change took the item away

    assert comes_back(codec, changed(message, apply))


def test_every_field_of_the_schema_is_tried_with_content() -> None:
    known: set[str] = set()
    filled: set[str] = set()

    def visit(message: Message) -> None:
        known.update(field.full_name for field in message.DESCRIPTOR.fields)
        for field, value in message.ListFields():
            filled.add(field.full_name)
            if field.message_type is not None:
                for item in value if field.is_repeated else [value]:
                    visit(item)

    for codec in CODECS.values():
        visit(message_of(codec))
    assert known - filled == set()


def test_a_reader_that_loses_something_would_be_found() -> None:
    sample = CODECS["request step"]

    def always_permitted(message: Any) -> Any:
        message.permit = True
        return sample.codec.read(message)

    assert sample.value.permit
    forgetful = replace(sample.codec, read=always_permitted)
    assert lost(replace(sample, codec=forgetful)) == ["permit: False"]
