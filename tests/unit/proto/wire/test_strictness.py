"""One value has one encoding; every other spelling of it is refused (spec S-1, S-2)."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from inspect import ismethod

import pytest

import tearline.wire
from support.cases import each_case
from support.codecs import CODECS, Sample
from tearline.errors import StatementMalformed
from tearline.limits import MAX_MESSAGE_BYTES
from tearline.wire import cases, consents, packets, requests
from tearline.wire.codec import Codec
from tearline.wire.grants import parse_bare_grant
from tearline.wire.statements import ATTESTATION

each = each_case("codec", CODECS.values())
WIRE = [
    importlib.import_module(f"tearline.wire.{module.name}")
    for module in pkgutil.iter_modules(tearline.wire.__path__)
]
UNKNOWN = b"\xf8\x07\x01"  # a field that no schema has


def varint(data: bytes, start: int) -> tuple[int, int]:
    """The varint at ``start``, and where it ends."""
    number = shift = 0
    while True:
        byte = data[start]
        number |= (byte & 0x7F) << shift
        start, shift = start + 1, shift + 7
        if byte < 0x80:
            return number, start


def fields(data: bytes) -> Iterator[bytes]:
    """The fields of an encoded message, each with its tag."""
    start = 0
    while start < len(data):
        tag, end = varint(data, start)
        length, end = varint(data, end)
        if tag & 7 == 2:
            end += length
        yield data[start:end]
        start = end


def refuse(codec: Sample, data: bytes) -> None:
    assert data != codec.encode(codec.value)
    with pytest.raises(StatementMalformed):
        codec.parse(data)


@each
def test_a_value_comes_back_from_its_encoding(codec: Sample) -> None:
    assert codec.parse(codec.encode(codec.value)) == codec.value


@each
def test_every_field_is_tried_here(codec: Sample) -> None:
    numbers = [varint(field, 0)[0] >> 3 for field in fields(codec.encode(codec.value))]
    assert numbers == sorted(numbers)
    assert len(numbers) > 1


@each
def test_an_unknown_field_is_refused(codec: Sample) -> None:
    refuse(codec, codec.encode(codec.value) + bytes([0xF8, 0x07, 0x01]))


@each
def test_an_unknown_field_of_an_old_kind_is_refused(codec: Sample) -> None:
    refuse(codec, codec.encode(codec.value) + bytes([0xFB, 0x07, 0xFC, 0x07]))


@each
def test_a_field_twice_is_refused(codec: Sample) -> None:
    first, *rest = fields(codec.encode(codec.value))
    refuse(codec, b"".join([first, first, *rest]))


@each
def test_fields_in_another_order_are_refused(codec: Sample) -> None:
    first, *rest = fields(codec.encode(codec.value))
    refuse(codec, b"".join([*rest, first]))


@each
def test_a_number_in_more_bytes_than_it_needs_is_refused(codec: Sample) -> None:
    data = codec.encode(codec.value)
    first = next(fields(data))
    tag, end = varint(first, 0)
    length, body = varint(first, end)
    longer = bytes([first[0], length & 0x7F | 0x80, *padded(length >> 7)]) + first[body:]
    refuse(codec, longer + data[len(first) :])
    assert tag == first[0]


def padded(rest: int) -> list[int]:
    """What is left of a varint, with a byte of zeros too many."""
    digits = []
    while rest:
        digits.append(rest & 0x7F | 0x80)
        rest >>= 7
    return [*digits, 0]


@each
def test_a_default_written_out_is_refused(codec: Sample) -> None:
    data = codec.encode(codec.value)
    present = {varint(field, 0)[0] for field in fields(data)}
    # A tag that is in use, with its default: the last of two wins in Protocol Buffers.
    tag = max(present)
    refuse(codec, data + bytes([tag, 0]))


@each
def test_a_message_cut_short_is_refused(codec: Sample) -> None:
    refuse(codec, codec.encode(codec.value)[:-1])


@each
def test_bytes_behind_a_message_are_refused(codec: Sample) -> None:
    for tail in (b"\0", b"\xff", b"\n"):
        refuse(codec, codec.encode(codec.value) + tail)


@each
def test_nothing_is_no_value(codec: Sample) -> None:
    may_be_empty = (packets.RELEASE, consents.TERMS, requests.NOTE, cases.CASE_NOTE)
    if codec.codec not in may_be_empty:
        refuse(codec, b"")


@each
def test_noise_is_no_value(codec: Sample) -> None:
    refuse(codec, b"\xff" * 64)


@each
def test_a_message_of_any_size_is_not_parsed(codec: Sample) -> None:
    with pytest.raises(StatementMalformed, match="larger than"):
        codec.parse(bytes(MAX_MESSAGE_BYTES + 1))


def test_every_strict_codec_is_tried_here() -> None:
    """A codec whose ``parse`` a module offers by name is strict; envelopes offer another."""
    bound = [each for module in WIRE for each in vars(module).values() if ismethod(each)]
    strict = {method.__self__ for method in bound if method.__func__ is Codec.parse}
    strict.add(ATTESTATION)  # its parser is cached, and so no method
    assert strict == {sample.codec for sample in CODECS.values()}


def test_a_part_of_a_grant_is_read_as_strictly_as_all_of_it() -> None:
    grant = CODECS["grant"]
    body = grant.encode(grant.value)
    assert parse_bare_grant(body) == replace(grant.value, sealed=b"")
    for wrong in (body + UNKNOWN, body + body, body[:-1]):
        with pytest.raises(StatementMalformed):
            parse_bare_grant(wrong)
