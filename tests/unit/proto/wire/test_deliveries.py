"""What a delivery takes of a message, before its ciphertexts are at hand."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearline.errors import PacketTooLarge
from tearline.limits import MAX_LOG_SIZE, MAX_MESSAGE_BYTES, MAX_SLOTS
from tearline.packets.packet import PacketParts
from tearline.statements.receipt import LogOpening
from tearline.statements.statement import Statement, StatementType
from tearline.wire.deliveries import Cursor, Delivery, delivery_size, encode_delivery, verify_fits

PACKET = b"m" * 32


def delivery(body: bytes = b"body", ciphertexts: dict[int, bytes] | None = None) -> Delivery:
    """A grant and a manifest, with ciphertexts."""
    statements = [
        Statement(type=type_, body=body, inclusions=())
        for type_ in (StatementType.GRANT, StatementType.MANIFEST)
    ]
    return Delivery(
        cursor=Cursor(epoch=b"e" * 16, seq=MAX_LOG_SIZE - 1),
        statements=tuple(statements),
        attestations={},
        parts=(PacketParts(manifest=PACKET, openings=(), ciphertexts=ciphertexts or {}),),
        entry=LogOpening(index=MAX_LOG_SIZE - 1, salt=b"s" * 32, event=b"event"),
    )


@given(
    st.dictionaries(
        st.one_of(st.sampled_from([0, 127, 128, MAX_SLOTS - 1]), st.integers(0, MAX_SLOTS - 1)),
        st.one_of(st.sampled_from([0, 1, 127, 128, 16_383, 16_384]), st.integers(0, 40_000)),
        max_size=8,
    )
)
def test_a_delivery_is_measured_as_it_is_framed(lengths: dict[int, int]) -> None:
    whole = delivery(ciphertexts={slot: bytes(size) for slot, size in lengths.items()})
    size = len(encode_delivery(whole))
    assert delivery_size(whole) == size
    assert delivery_size(delivery(), lengths) == size


def test_what_fits_to_the_byte_fits_and_one_more_does_not() -> None:
    empty = delivery_size(delivery(), {0: 3 << 20})
    room = MAX_MESSAGE_BYTES - empty
    fitting = {0: (3 << 20) + room}
    assert delivery_size(delivery(), fitting) == MAX_MESSAGE_BYTES
    verify_fits(delivery(), fitting)
    with pytest.raises(PacketTooLarge):
        verify_fits(delivery(), {0: fitting[0] + 1})
    whole = delivery(ciphertexts={0: bytes(fitting[0])})
    verify_fits(whole)
    assert len(encode_delivery(whole)) == MAX_MESSAGE_BYTES
    with pytest.raises(PacketTooLarge):
        verify_fits(replace(whole, entry=replace(whole.entry, event=b"events")))
