"""Standings: what is stopped, by whom, since when, and who may lift it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from support.agencies import AGREEMENT_ID, CN, MX, NOW_MS, US, federation
from support.cases import each_case
from support.exchange import ARTICLE, agreement, terms
from support.suspensions import OFFICER, WHOLE, of_article, standing
from tearline.agreements.agreement import HOUR_MS
from tearline.errors import (
    AgreementSuspended,
    LiftRefused,
    StandingOutdated,
    StandingStale,
    StatementConflict,
    StatementMalformed,
)
from tearline.policy.terms import Terms
from tearline.suspensions.freshness import MAX_AHEAD_MS, verify_affirmed
from tearline.suspensions.history import Recorded, stopped_intervals
from tearline.suspensions.index import Stop, SuspensionIndex, is_held, verify_none
from tearline.suspensions.standing import OfficerAct, Standing
from tearline.suspensions.suspension import InFlight, Originated, Suspension
from tearline.suspensions.transitions import verify_follows

SECOND = "precursors"
_ARTICLE = terms().articles[0]
HEADER = federation().node(US).header
OPEN = agreement(
    HEADER, terms=Terms(parties=(CN, MX, US), articles=(_ARTICLE, replace(_ARTICLE, id=SECOND)))
)
JOINT = agreement(
    HEADER,
    terms=Terms(
        parties=(CN, MX, US), articles=(replace(_ARTICLE, joint=True), replace(_ARTICLE, id=SECOND))
    ),
)
ONE_WAY = of_article(ARTICLE, sender=US, recipient=MX)
WAYS = [(a, b) for a in (CN, MX, US) for b in (CN, MX, US) if a != b]


def stopped(
    *standings: Standing, found: Any = OPEN, article: str = ARTICLE
) -> set[tuple[str, str]]:
    """The ways that are stopped."""
    book = SuspensionIndex(standings)
    return {(a, b) for a, b in WAYS if book.stops(found, article, sender=a, recipient=b)}


def test_nothing_is_stopped_that_nobody_suspended() -> None:
    assert stopped(standing(), standing(by=MX)) == set()


@pytest.mark.parametrize("suspension", [WHOLE, of_article(ARTICLE)])
def test_a_party_stops_what_goes_from_and_to_it(suspension: Suspension) -> None:
    assert stopped(standing(suspension)) == {(CN, US), (US, CN), (MX, US), (US, MX)}


def test_an_article_is_suspended_without_the_others() -> None:
    assert stopped(standing(of_article(ARTICLE)), article=SECOND) == set()
    assert stopped(standing(WHOLE), article=SECOND)


def test_a_direction_is_suspended_without_the_other() -> None:
    assert stopped(standing(ONE_WAY)) == {(US, MX)}


@pytest.mark.parametrize("suspension", [WHOLE, of_article(ARTICLE), ONE_WAY])
def test_a_joint_article_is_stopped_by_any_party_for_all(suspension: Suspension) -> None:
    assert stopped(standing(suspension), found=JOINT) == set(WAYS)


def test_an_article_that_is_gone_is_stopped_with_the_whole() -> None:
    assert stopped(standing(WHOLE), article="gone") == {(CN, US), (US, CN), (MX, US), (US, MX)}
    assert stopped(standing(of_article("gone")), article="gone") == set()


def test_everything_is_stopped_only_when_every_article_is() -> None:
    ends = {"sender": US, "recipient": MX}
    one = SuspensionIndex([standing(of_article(ARTICLE))])
    assert one.channel_stops(OPEN, **ends) == ()
    one.verify_channel_open(OPEN, **ends)
    both = SuspensionIndex([standing(of_article(ARTICLE)), standing(of_article(SECOND), by=MX)])
    assert {each.agency for each in both.channel_stops(OPEN, **ends)} == {US, MX}
    with pytest.raises(AgreementSuspended, match=r"mx-finance\.example, us-justice\.example"):
        both.verify_channel_open(OPEN, **ends)
    assert both.channel_stops(OPEN, sender=CN, recipient=MX) == ()


def test_who_stops_it_is_named() -> None:
    book = SuspensionIndex([standing(WHOLE), standing(WHOLE, by=CN)])
    with pytest.raises(AgreementSuspended, match=r"cn-security\.example, us-justice"):
        book.verify_open(OPEN, ARTICLE, sender=US, recipient=CN)
    verify_none(())


def test_mail_is_held_unless_somebody_wants_it_returned() -> None:
    held = Stop(agency=US, suspension=WHOLE)
    returned = Stop(agency=MX, suspension=replace(WHOLE, in_flight=InFlight.RETURN))
    assert is_held((held,))
    assert not is_held((held, returned))


def test_the_originator_alone_says_what_becomes_of_what_it_sent() -> None:
    freeze = of_article(ARTICLE, originated=Originated.FREEZE)
    book = SuspensionIndex(
        [standing(freeze), standing(replace(WHOLE, originated=Originated.ERASE), by=MX)]
    )
    assert book.fate(OPEN, ARTICLE, originator=US, holder=MX) is Originated.FREEZE
    assert book.fate(OPEN, ARTICLE, originator=MX, holder=US) is Originated.ERASE
    assert book.fate(OPEN, ARTICLE, originator=CN, holder=US) is Originated.KEEP
    assert book.fate(OPEN, SECOND, originator=US, holder=MX) is Originated.KEEP


def test_the_strictest_word_on_it_counts() -> None:
    freeze = of_article(ARTICLE, originated=Originated.FREEZE)
    book = SuspensionIndex([standing(WHOLE, freeze)])
    assert book.fate(OPEN, ARTICLE, originator=US, holder=MX) is Originated.FREEZE


# What follows what.


def test_the_highest_counter_wins_in_whatever_order() -> None:
    lower, higher = standing(WHOLE), standing(counter=2, lifted=2)
    for order in ((lower, higher), (higher, lower)):
        assert SuspensionIndex(order).newest(US, AGREEMENT_ID) == higher


def test_any_node_adds() -> None:
    book = SuspensionIndex()
    book.take(standing(ONE_WAY))
    book.take(standing(ONE_WAY, WHOLE, counter=2))
    assert book.all() == (standing(ONE_WAY, WHOLE, counter=2),)


def test_an_older_one_and_another_of_the_same_number_change_nothing() -> None:
    book = SuspensionIndex([standing(WHOLE, counter=2)])
    with pytest.raises(StandingOutdated):
        book.take(standing(counter=1))
    with pytest.raises(StatementConflict):
        book.take(standing(WHOLE, ONE_WAY, counter=2))
    assert book.newest(US, AGREEMENT_ID) == standing(WHOLE, counter=2)


@pytest.mark.parametrize(
    "later",
    [
        standing(counter=2),
        standing(replace(WHOLE, in_flight=InFlight.RETURN), counter=2),
        standing(replace(WHOLE, originated=Originated.FREEZE), counter=2),
        standing(WHOLE, counter=2, ended=True),
    ],
)
def test_only_an_officer_lifts_changes_or_ends(later: Standing) -> None:
    earlier = standing(WHOLE)
    with pytest.raises(LiftRefused):
        verify_follows(later, earlier)
    verify_follows(replace(later, officer=OfficerAct(counter=2, acted_by=OFFICER)), earlier)
    analyst = replace(OFFICER, role="analyst")
    with pytest.raises(LiftRefused):
        verify_follows(replace(later, officer=OfficerAct(counter=2, acted_by=analyst)), earlier)


def test_an_officers_act_is_not_used_twice() -> None:
    """What an officer once lifted and a node suspended again, only an officer lifts again."""
    with pytest.raises(LiftRefused):
        verify_follows(standing(counter=5, lifted=3), standing(WHOLE, counter=4, lifted=3))


def test_whoever_missed_the_lift_can_still_check_it() -> None:
    verify_follows(standing(ONE_WAY, counter=9, lifted=3), standing(WHOLE, counter=2))


def test_what_is_ended_stays_ended() -> None:
    ended = standing(WHOLE, lifted=1, ended=True)
    with pytest.raises(LiftRefused):
        verify_follows(standing(WHOLE, counter=2, lifted=2), ended)
    verify_follows(standing(WHOLE, counter=2, lifted=1, ended=True), ended)


def test_the_first_standing_ends_nothing_without_an_officer() -> None:
    with pytest.raises(LiftRefused):
        verify_follows(standing(WHOLE, ended=True), None)
    verify_follows(standing(WHOLE), None)


@each_case(
    ("suspensions", "changed"),
    [
        ((), {"counter": 0}),
        ((), {"agreement_id": b"short"}),
        ((), {"ended": True}),
        ((of_article(ARTICLE),), {"ended": True}),
        ((of_article(ARTICLE, sender=CN, recipient=MX),), {}),
        ((), {"officer": OfficerAct(counter=2, acted_by=OFFICER)}),
        ((), {"officer": OfficerAct(counter=0, acted_by=OFFICER)}),
        ((), {"suspensions": (ONE_WAY, WHOLE)}),
        ((), {"suspensions": (WHOLE, WHOLE)}),
        ((), {"suspensions": tuple(of_article(f"a{n:03}") for n in range(257))}),
    ],
)
def test_an_impossible_standing_is_none(
    suspensions: Sequence[Suspension], changed: dict[str, Any]
) -> None:
    with pytest.raises(StatementMalformed):
        replace(standing(*suspensions), **changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"sender": US},
        {"article": ARTICLE, "recipient": US},
        {"sender": US, "recipient": MX},
        {"article": ARTICLE, "sender": US, "recipient": US},
    ],
)
def test_an_impossible_scope_is_none(changed: dict[str, Any]) -> None:
    with pytest.raises(StatementMalformed):
        replace(WHOLE, **changed)


# How fresh, and how long.


def recorded(found: Standing, entry: int, time_ms: int = NOW_MS) -> Recorded:
    return Recorded(standing=found, entry=entry, time_ms=time_ms)


@pytest.mark.parametrize("signed_ms", [NOW_MS - HOUR_MS, NOW_MS + MAX_AHEAD_MS])
@pytest.mark.parametrize("logged_ms", [NOW_MS - HOUR_MS, NOW_MS + MAX_AHEAD_MS])
def test_a_standing_is_fresh_for_an_hour(signed_ms: int, logged_ms: int) -> None:
    found = recorded(standing(time_ms=signed_ms), 7, logged_ms)
    verify_affirmed({US: found}, [US], now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("signed_ms", "logged_ms"),
    [
        (NOW_MS - HOUR_MS - 1, NOW_MS),
        (NOW_MS, NOW_MS - HOUR_MS - 1),
        (NOW_MS + MAX_AHEAD_MS + 1, NOW_MS),
        (NOW_MS, NOW_MS + MAX_AHEAD_MS + 1),
    ],
)
def test_an_old_one_is_not_nor_one_that_was_kept_back(signed_ms: int, logged_ms: int) -> None:
    found = recorded(standing(time_ms=signed_ms), 7, logged_ms)
    with pytest.raises(StandingStale, match=r"us-justice\.example"):
        verify_affirmed({US: found}, [US], now_ms=NOW_MS)


def test_every_party_says_where_it_stands() -> None:
    with pytest.raises(StandingStale, match=r"mx-finance\.example"):
        verify_affirmed({US: recorded(standing(), 7)}, [US, MX], now_ms=NOW_MS)


def test_the_times_of_a_suspension_are_those_of_the_log() -> None:
    history = [
        recorded(standing(WHOLE, counter=1), 10, NOW_MS),
        recorded(standing(WHOLE, by=MX, counter=1), 12, NOW_MS + 20),
        recorded(standing(counter=2, lifted=2), 14, NOW_MS + 40),
        recorded(standing(by=MX, counter=2, lifted=2), 16, NOW_MS + 60),
        recorded(standing(ONE_WAY, counter=3, lifted=2), 18, NOW_MS + 80),
    ]
    for order in (history, history[::-1]):
        times = [
            (each.start.time_ms, each.end.time_ms if each.end else None)
            for each in stopped_intervals(order, OPEN, ARTICLE, sender=US, recipient=MX)
        ]
        assert times == [(NOW_MS, NOW_MS + 60), (NOW_MS + 80, None)]
    (back,) = stopped_intervals(history, OPEN, ARTICLE, sender=MX, recipient=US)
    assert back.end is not None
    (whole,) = stopped_intervals(history, OPEN, "", sender=US, recipient=MX)
    assert whole.start.entry == 10
