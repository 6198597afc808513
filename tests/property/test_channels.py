"""Channels and statuses under any order of events: they only move forward."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from support.agencies import AGREEMENT_ID, MX, NOW_MS, US, federation, node_of
from tearline.errors import ChannelGap, ChannelReplay, MarkUnequal, StatusBackwards
from tearline.statements.channel import Incoming, Mark
from tearline.statements.receipt import Status, verify_forward

HEADER = federation().node(US).header
seqs = st.integers(1, 12)


class ChannelMachine(RuleBasedStateMachine):
    """A receiving end, and a model of it: the first statement that arrived at each place."""

    def __init__(self) -> None:
        super().__init__()
        self.incoming = Incoming()
        self.arrived: dict[int, bytes] = {}
        self.highest = 0

    def expected(self) -> int:
        """The highest place below which the model misses nothing."""
        highest = 0
        while highest + 1 in self.arrived:
            highest += 1
        return highest

    @rule(seq=seqs, version=st.integers(0, 1))
    def arrives(self, seq: int, version: int) -> None:
        statement = b"%d.%d" % (seq, version)
        passed = seq <= self.expected()
        if passed or self.arrived.get(seq, statement) != statement:
            with pytest.raises(ChannelReplay):
                self.incoming.receive(seq, statement)
            return
        self.arrived[seq] = statement
        if seq > self.expected():
            with pytest.raises(ChannelGap):
                self.incoming.receive(seq, statement)
        else:
            self.incoming.receive(seq, statement)

    @rule(counter=st.integers(1, 20), sent=st.integers(0, 14), told=st.integers(0, 6))
    def is_marked(self, counter: int, sent: int, told: int) -> None:
        last, confirmed, ours = self.incoming.counter, self.incoming.confirmed, 4
        mark = Mark(
            header=HEADER,
            recipient=node_of(MX),
            agreement_id=AGREEMENT_ID,
            counter=counter,
            highest_sent=sent,
            highest_received=told,
            time_ms=NOW_MS,
        )
        if counter > last and sent == self.expected() and confirmed <= told <= ours:
            self.incoming.receive_mark(mark, sent=ours)
            assert (self.incoming.counter, self.incoming.confirmed) == (counter, told)
        else:
            with pytest.raises(MarkUnequal if counter > last else ChannelReplay):
                self.incoming.receive_mark(mark, sent=ours)
            assert (self.incoming.counter, self.incoming.confirmed) == (last, confirmed)

    @invariant()
    def never_moves_back(self) -> None:
        assert self.incoming.contiguous >= self.highest
        self.highest = self.incoming.contiguous

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        assert self.incoming.contiguous == self.expected()
        waiting = {s: i for s, i in self.arrived.items() if s > self.expected()}
        assert self.incoming.ahead == waiting


TestChannels = ChannelMachine.TestCase


@given(order=st.permutations(range(1, 9)))
def test_any_order_of_arrival_ends_alike(order: list[int]) -> None:
    incoming = Incoming()
    for seq in order:
        with suppress(ChannelGap):
            incoming.receive(seq, b"%d" % seq)
    assert incoming == Incoming(contiguous=8)


@given(said=st.lists(st.sampled_from(Status), max_size=12))
def test_a_status_never_moves_back(said: list[Status]) -> None:
    current: Status | None = None
    history: list[Status] = []
    for status in said:
        with suppress(StatusBackwards):
            verify_forward(current, status)
            current = status
            history.append(status)
    assert history == sorted(history)
    assert Status.REFUSED not in history or set(history) == {Status.REFUSED}
