"""Standings under any order, repetition and loss: everybody ends at the same, and only forward."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from support.agencies import AGREEMENT_ID, CN, MX, US, federation
from support.exchange import ARTICLE, agreement
from support.suspensions import OFFICER, WHOLE, of_article, standing
from tearline.errors import AgreementError, StatementConflict
from tearline.policy.terms import Terms
from tearline.requests.paused_time import standstill
from tearline.suspensions.history import Amended, Recorded, SuspensionChange, stopped_intervals
from tearline.suspensions.index import SuspensionIndex
from tearline.suspensions.standing import Standing
from tearline.suspensions.stoppage import Reach, reaches_of, stoppages_of
from tearline.suspensions.suspension import Suspension
from tearline.suspensions.transitions import SuspensionStep, merged

HEADER = federation().node(US).header
AGREED = agreement(HEADER)
SCOPES = (WHOLE, of_article(ARTICLE), of_article("precursors"))
PARTIES = (MX, US)
parties = st.sampled_from(PARTIES)
scopes = st.sampled_from(SCOPES)


@given(st.sets(scopes), st.sampled_from(["", ARTICLE, "precursors", "a", "zz"]))
def test_the_suspensions_of_an_article_are_found_among_all(
    said: set[Suspension], article: str
) -> None:
    made = standing(*said)
    expected = [each for each in made.suspensions if each.article in ("", article)]
    assert list(made.suspensions_of(article)) == expected


class StandingMachine(RuleBasedStateMachine):
    """Two agencies that suspend and resume; two readers to whom anything comes, or does not.

    What an agency says is a chain that its exchange took. A reader that was told the last of it
    holds what the agency holds, whatever else it was told before, after or never.
    """

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, list[Standing]] = {party: [] for party in PARTIES}
        self.readers = (SuspensionIndex(), SuspensionIndex())
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


class AgencyMachine(RuleBasedStateMachine):
    """Two nodes of one agency, and an exchange that hears them late, twice or never.

    Each node obeys what it wants at once. The exchange takes what follows what it took before; a
    node whose word was overtaken says it again, merged. Once everything is heard all stand alike,
    and nothing that anybody added was lost but what an officer lifted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.exchange: list[Standing] = []
        self.book = SuspensionIndex()
        self.told = [0, 0]
        self.wishes: list[list[SuspensionStep]] = [[], []]
        self.said: list[list[Standing]] = [[], []]
        self.added: set[Suspension] = set()
        self.lifted: set[Suspension] = set()

    def known(self, node: int) -> Standing | None:
        return self.exchange[self.told[node] - 1] if self.told[node] else None

    def holds(self, node: int) -> set[Suspension]:
        """What a node obeys: what it was told, and what it wants added."""
        known = self.known(node)
        held = set(known.suspensions) if known else set()
        return held | {s for w in self.wishes[node] if not w.lift for s in w.suspensions}

    def say(self, node: int) -> None:
        said = merged(
            self.known(node),
            self.wishes[node],
            header=HEADER,
            agreement_id=AGREEMENT_ID,
            time_ms=node,
        )
        self.said[node].append(said)

    @rule(node=st.integers(0, 1), scope=scopes)
    def suspends(self, node: int, scope: Suspension) -> None:
        self.wishes[node].append(
            SuspensionStep(suspensions=(scope,), lift=False, ended=False, acted_by=None)
        )
        self.added.add(scope)
        self.say(node)
        assert scope in self.holds(node)

    @rule(node=st.integers(0, 1), scope=scopes)
    def resumes(self, node: int, scope: Suspension) -> None:
        if scope not in self.holds(node):
            return
        self.wishes[node].append(
            SuspensionStep(suspensions=(scope,), lift=True, ended=False, acted_by=OFFICER)
        )
        self.lifted.add(scope)
        self.say(node)

    @rule(node=st.integers(0, 1), number=st.integers(0, 5))
    def is_heard(self, node: int, number: int) -> None:
        """Any of what a node said arrives, again or for the first time."""
        if not self.said[node]:
            return
        said = self.said[node][-1 - number % len(self.said[node])]
        if said in self.exchange:
            return  # the same receipt again
        try:
            self.book.take(said)
        except (AgreementError, StatementConflict):
            return
        self.exchange.append(said)

    @rule(node=st.integers(0, 1))
    def is_told(self, node: int) -> None:
        if self.told[node] == len(self.exchange):
            return
        self.told[node] += 1
        newest = self.exchange[self.told[node] - 1]
        if newest is (self.said[node] or [None])[-1]:
            self.wishes[node] = []  # all that was wanted is said

    @rule(node=st.integers(0, 1))
    def says_again(self, node: int) -> None:
        known = self.known(node)
        if self.wishes[node] and known and known.counter >= self.said[node][-1].counter:
            self.say(node)

    @invariant()
    def the_exchange_only_goes_forward(self) -> None:
        counters = [each.counter for each in self.exchange]
        assert counters == sorted(set(counters))

    def teardown(self) -> None:
        for _ in range(4):
            for node in (0, 1):
                self.is_heard(node, 0)
                while self.told[node] < len(self.exchange):
                    self.is_told(node)
            for node in (0, 1):
                self.says_again(node)
        assert self.wishes == [[], []]
        assert self.holds(0) == self.holds(1)
        assert self.holds(0) >= self.added - self.lifted
        assert self.holds(0) <= self.added


TestAgencies = AgencyMachine.TestCase


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
    book = SuspensionIndex(each.standing for each in history)
    now = bool(book.stops(AGREED, ARTICLE, **ends))
    assert now == bool(expected and expected[-1].end is None)
    edges = [edge.entry for each in expected for edge in (each.start, each.end) if edge is not None]
    assert edges == sorted(set(edges))


@st.composite
def histories(draw: st.DrawFn) -> list[SuspensionChange]:
    """Standings and versions in the order of the log; some at the same time."""
    found: list[SuspensionChange] = []
    counters, version, time_ms = dict.fromkeys(PARTIES, 0), 1, 0
    for entry in range(1, draw(st.integers(1, 12))):
        time_ms += draw(st.integers(0, 2))
        if draw(st.integers(0, 3)):
            by = draw(parties)
            counters[by] += 1
            said = draw(
                st.sets(st.sampled_from((*SCOPES, of_article(ARTICLE, sender=US, recipient=CN))))
            )
            mine = [each for each in said if not each.sender or by == US]
            made = standing(*mine, by=by, counter=counters[by], lifted=counters[by])
            found.append(Recorded(standing=made, entry=entry, time_ms=time_ms))
        else:
            version += 1
            (article,) = AGREED.terms.articles
            article = replace(
                article, joint=draw(st.booleans()), id=draw(st.sampled_from((ARTICLE, "other")))
            )
            leaving = draw(st.booleans())
            members = (CN, US) if leaving else AGREED.terms.parties
            terms = Terms(parties=members, articles=(replace(article, directions=(), shares=()),))
            changed = replace(AGREED, version=version, terms=terms)
            found.append(Amended(agreement=changed, entry=entry, time_ms=time_ms))
    return found


@given(histories(), st.permutations((CN, MX, US)))
def test_intervals_kept_by_scope_say_the_same_as_the_whole_history(
    history: list[SuspensionChange], ends: list[str]
) -> None:
    """Moment by moment: what follows step by step, and what reading everything would say."""
    a, b, _ = ends
    said = [each for each in history if isinstance(each, Recorded)]
    reaches = reaches_of(each for each in history if isinstance(each, Amended))
    first = Reach.of(AGREED.terms)
    stoppages = stoppages_of(said)
    found = standstill(stoppages, reaches, first, ARTICLE, asker=a, holder=b)
    expected = [
        (each.start.time_ms, None if each.end is None else each.end.time_ms)
        for sender, recipient in ((a, b), (b, a))
        for each in stopped_intervals(history, AGREED, ARTICLE, sender=sender, recipient=recipient)
    ]

    def holds(intervals: Iterable[tuple[int, int | None]], at: float) -> bool:
        return any(start < at and (end is None or at < end) for start, end in intervals)

    kept = [(each.start_ms, each.end_ms) for each in found]
    for half in range(60):
        assert holds(kept, half + 0.5) == holds(expected, half + 0.5)
    for entry in range(1, len(history) + 2):
        reach = ([first] + [each for each in reaches if each.entry < entry])[-1]
        exact = stopped_intervals(history, AGREED, ARTICLE, sender=a, recipient=b)
        assert any(
            reach.covers(each, ARTICLE, sender=a, recipient=b)
            and each.start < entry
            and (each.end is None or entry <= each.end)
            for each in stoppages
        ) == any(
            each.start.entry < entry and (each.end is None or entry <= each.end.entry)
            for each in exact
        )
