"""Standings under any order, repetition and loss: everybody ends at the same, and only forward."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from builders import AGREEMENT_ID, CN, MX, US, federation
from exchange_builders import ARTICLE, agreement
from standing_builders import WHOLE, of_article, standing
from tearline.errors import AgreementError, StatementConflict
from tearline.standing import Recorded, Standing, StandingBook, Suspension, stopped_intervals

AGREED = agreement(federation().node(US).header)
SCOPES = (WHOLE, of_article(ARTICLE), of_article("precursors"))
PARTIES = (MX, US)
parties = st.sampled_from(PARTIES)
scopes = st.sampled_from(SCOPES)


class StandingMachine(RuleBasedStateMachine):
    """Two agencies that suspend and resume; two readers to whom anything comes, or does not.

    What an agency says is a chain that its exchange took. A reader that was told the last of it
    holds what the agency holds, whatever else it was told before, after or never.
    """

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, list[Standing]] = {party: [] for party in PARTIES}
        self.readers = (StandingBook(), StandingBook())
        self.counters: dict[tuple[int, str], int] = {}

    def newest(self, party: str) -> Standing | None:
        return self.said[party][-1] if self.said[party] else None

    def say(self, party: str, suspensions: set[Suspension], *, officer: bool) -> None:
        last = self.newest(party)
        counter = 1 + (last.counter if last else 0)
        lifted = counter if officer else last.officer.counter if last and last.officer else 0
        said = standing(*suspensions, by=party, counter=counter, lifted=lifted)
        self.said[party].append(said)

    @rule(party=parties, scope=scopes)
    def suspends(self, party: str, scope: Suspension) -> None:
        last = self.newest(party)
        self.say(party, {*(last.suspensions if last else ()), scope}, officer=False)

    @rule(party=parties, scope=scopes)
    def resumes(self, party: str, scope: Suspension) -> None:
        last = self.newest(party)
        if last is not None and scope in last.suspensions:
            self.say(party, set(last.suspensions) - {scope}, officer=True)

    @rule(party=parties)
    def affirms(self, party: str) -> None:
        last = self.newest(party)
        self.say(party, set(last.suspensions if last else ()), officer=False)

    @rule(party=parties, reader=st.integers(0, 1), number=st.integers(0, 9))
    def is_told(self, party: str, reader: int, number: int) -> None:
        if not self.said[party]:
            return
        told = self.said[party][-1 - number % len(self.said[party])]
        with suppress(AgreementError, StatementConflict):
            self.readers[reader].take(told)

    @rule(party=parties, reader=st.integers(0, 1))
    def is_told_the_last(self, party: str, reader: int) -> None:
        last, book = self.newest(party), self.readers[reader]
        if last is None or book.newest(party, AGREEMENT_ID) == last:
            return
        book.take(last)  # nothing that was missed keeps it from being taken
        assert book.newest(party, AGREEMENT_ID) == last

    @rule(party=parties, reader=st.integers(0, 1))
    def a_thief_of_one_node_lifts_nothing(self, party: str, reader: int) -> None:
        book = self.readers[reader]
        known = book.newest(party, AGREEMENT_ID)
        if known is None or not known.suspensions:
            return
        officer = known.officer.counter if known.officer else 0
        false = standing(by=party, counter=known.counter + 1, lifted=officer)
        try:
            book.take(false)
        except AgreementError:
            return
        raise AssertionError("it was lifted without an officer")

    @invariant()
    def counters_only_grow(self) -> None:
        for number, reader in enumerate(self.readers):
            for each in reader.all():
                assert each.counter >= self.counters.get((number, each.agency), 0)
                self.counters[number, each.agency] = each.counter
                assert each in self.said[each.agency]


TestStandings = StandingMachine.TestCase


@given(st.permutations(range(6)), st.lists(st.integers(0, 2), min_size=6, max_size=6))
def test_the_times_in_which_something_was_stopped_follow_from_the_log_alone(
    order: list[int], chosen: list[int]
) -> None:
    """Whatever the order in which a node was told, and whatever it was told twice."""
    history = [
        Recorded(
            standing=standing(
                *SCOPES[:many], by=PARTIES[number % 2], counter=number + 1, lifted=number + 1
            ),
            entry=10 + number,
            time_ms=1000 * number,
        )
        for number, many in enumerate(chosen)
    ]
    ends = {"sender": US, "recipient": CN}
    expected = stopped_intervals(history, AGREED, ARTICLE, **ends)
    shuffled = [history[number] for number in (*order, *order)]
    assert stopped_intervals(shuffled, AGREED, ARTICLE, **ends) == expected
    book = StandingBook(each.standing for each in history)
    now = bool(book.stops(AGREED, ARTICLE, **ends))
    assert now == bool(expected and expected[-1].end is None)
    edges = [edge.entry for each in expected for edge in (each.start, each.end) if edge is not None]
    assert edges == sorted(set(edges))
