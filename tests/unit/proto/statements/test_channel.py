"""Channels: nothing on them is dropped, doubled or reordered unseen."""

from dataclasses import replace
from typing import Any

import pytest

from support.agencies import AGREEMENT_ID, MX, NOW_MS, US, federation, node_of
from tearline.errors import (
    ChannelGap,
    ChannelReplay,
    ChannelStalled,
    MarkUnequal,
    StatementMalformed,
)
from tearline.statements import channel
from tearline.statements.channel import MAX_SEQ, Address, Incoming, Mark

MARK = Mark(
    header=federation().node(US).header,
    recipient=node_of(MX),
    agreement_id=AGREEMENT_ID,
    counter=1,
    highest_sent=3,
    highest_received=0,
    time_ms=NOW_MS,
)


def received(*seqs: int) -> Incoming:
    """A channel that got these places, whatever gaps were reported on the way."""
    incoming = Incoming()
    for seq in seqs:
        try:
            incoming.receive(seq, b"%d" % seq)
        except ChannelGap:
            continue
    return incoming


def test_a_channel_in_order_has_no_gap() -> None:
    incoming = Incoming()
    for seq in (1, 2, 3):
        incoming.receive(seq, b"%d" % seq)
    assert incoming == Incoming(contiguous=3)


def test_a_dropped_statement_is_missed_at_the_next() -> None:
    with pytest.raises(ChannelGap, match="place 2 is missing below 3"):
        received(1).receive(3, b"3")


def test_what_came_early_is_kept_until_the_gap_closes() -> None:
    incoming = received(1, 3, 4)
    assert incoming.contiguous == 1
    incoming.receive(2, b"2")
    assert incoming == Incoming(contiguous=4)


def test_an_order_does_not_matter_once_all_is_there() -> None:
    assert received(4, 2, 3, 1) == received(1, 2, 3, 4)


def test_a_place_that_was_passed_is_not_taken_again() -> None:
    for statement_id in (b"1", b"another"):
        with pytest.raises(ChannelReplay):
            received(1, 2).receive(1, statement_id)


def test_a_place_that_waits_is_not_given_to_another_statement() -> None:
    with pytest.raises(ChannelReplay):
        received(1, 3).receive(3, b"another")
    with pytest.raises(ChannelGap):
        received(1, 3).receive(3, b"3")


def test_no_more_is_kept_behind_a_gap_than_a_channel_may_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channel, "MAX_AHEAD", 2)
    incoming = received(2, 3)
    with pytest.raises(ChannelStalled):
        incoming.receive(4, b"4")
    with pytest.raises(ChannelGap):
        incoming.receive(3, b"3")
    assert incoming.ahead.keys() == {2, 3}
    incoming.receive(1, b"1")
    incoming.receive(4, b"4")
    assert incoming == Incoming(contiguous=4)


def test_a_mark_that_says_what_arrived_is_taken() -> None:
    incoming = received(1, 2, 3)
    incoming.receive_mark(replace(MARK, highest_received=2), sent=5)
    assert (incoming.counter, incoming.confirmed) == (1, 2)


@pytest.mark.parametrize("counter", [0, 1, 2])
def test_an_earlier_mark_does_not_return(counter: int) -> None:
    incoming = received(1, 2, 3)
    incoming.receive_mark(replace(MARK, counter=2), sent=0)
    with pytest.raises(ChannelReplay):
        incoming.receive_mark(replace(MARK, counter=counter), sent=0)


@pytest.mark.parametrize("said", [1, 4])
def test_a_mark_that_received_what_was_not_sent_or_less_than_before_is_unequal(said: int) -> None:
    incoming = received(1, 2, 3)
    incoming.receive_mark(replace(MARK, highest_received=2), sent=3)
    with pytest.raises(MarkUnequal):
        incoming.receive_mark(replace(MARK, counter=2, highest_received=said), sent=3)
    assert (incoming.counter, incoming.confirmed) == (1, 2)


@pytest.mark.parametrize("seqs", [(), (1, 2), (1, 3), (1, 2, 3, 4)])
def test_a_dropped_last_statement_is_missed_at_the_mark(seqs: tuple[int, ...]) -> None:
    with pytest.raises(MarkUnequal):
        received(*seqs).receive_mark(MARK, sent=0)


@pytest.mark.parametrize("seq", [0, -1, MAX_SEQ + 1])
def test_places_begin_at_one(seq: int) -> None:
    with pytest.raises(StatementMalformed):
        Address(recipient=node_of(MX), agreement_id=AGREEMENT_ID, seq=seq)


def test_an_address_names_an_agreement_by_16_bytes() -> None:
    with pytest.raises(StatementMalformed):
        Address(recipient=node_of(MX), agreement_id=b"short", seq=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"counter": -1},
        {"highest_sent": MAX_SEQ + 1},
        {"highest_received": -1},
        {"agreement_id": b""},
    ],
    ids=str,
)
def test_an_impossible_mark_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(MARK, **changes)
