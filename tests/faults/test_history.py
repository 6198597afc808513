"""The history check sees every way in which a promise can be broken."""

import random

import pytest

from faults.history import Event, What, broken

SENDER, RECIPIENT, OTHER = "spiffe://a/node/x", "spiffe://b/node/x", "spiffe://c/node/x"


def way(packet: str, *whats: What, recipient: str = RECIPIENT) -> list[Event]:
    return [
        Event(what=what, sender=SENDER, recipient=recipient, packet=packet)
        for what in whats or tuple(What)
    ]


WELL = way("1") + way("2") + way("3") + way("2", recipient=OTHER)


def test_a_history_as_promised_breaks_nothing() -> None:
    assert broken([]) == []
    assert broken(WELL) == []
    # Witnesses are heard one after another, each in its own order.
    assert broken(sorted(WELL, key=lambda event: list(What).index(event.what))) == []


def test_what_was_not_accepted_may_arrive_or_not() -> None:
    assert broken([*WELL, *way("4", What.PUBLISHED)]) == []
    assert broken([*WELL, *way("4", What.PUBLISHED, What.DELIVERED, What.GIVEN)]) == []


FAULTS = {
    "2 lost": lambda event: event.what in (What.GIVEN, What.SIGNED_FOR),
    "2 given, and never published": lambda event: event.what is What.PUBLISHED,
    "2 given, and not logged as delivered": lambda event: event.what is What.DELIVERED,
    "2 signed for, and not given": lambda event: event.what in (What.ACCEPTED, What.GIVEN),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_missing_is_seen(fault: str) -> None:
    def is_left(event: Event) -> bool:
        return not (event.packet == "2" and event.recipient == OTHER and FAULTS[fault](event))

    assert broken(filter(is_left, WELL)) == [f"{SENDER} to {OTHER}: {fault}"]


def test_a_log_with_holes_is_not_asked_for_deliveries() -> None:
    silent = [event for event in WELL if event.what is not What.DELIVERED]
    assert len(broken(silent)) == 4
    assert broken(silent, is_log_whole=False) == []


def test_what_is_given_twice_is_seen() -> None:
    twice = [*WELL, *way("1", What.GIVEN)]
    assert broken(twice) == [f"{SENDER} to {RECIPIENT}: 1 given twice"]


def test_what_is_given_to_another_than_its_recipient_is_seen() -> None:
    astray = [*WELL, *way("3", What.DELIVERED, What.GIVEN, recipient=OTHER)]
    assert broken(astray) == [f"{SENDER} to {OTHER}: 3 given, and never published"]


def test_another_order_is_seen() -> None:
    stories = {"1": way("1"), "2": way("2"), "3": way("3")}
    published = [event for story in stories.values() for event in story[:1]]
    chance = random.Random(1)
    for _ in range(20):
        names = chance.sample(list(stories), 3)
        given = [event for name in names for event in stories[name][1:]]
        found = broken(published + given)
        if names == list(stories):
            assert found == []
        else:
            at = next(i for i, (a, b) in enumerate(zip(names, stories, strict=True)) if a != b)
            reason = f"{names[at]} given where {list(stories)[at]} was due"
            assert found == [f"{SENDER} to {RECIPIENT}: {reason}"]


def test_a_gap_in_what_was_given_is_no_other_order() -> None:
    gap = way("1") + way("2", What.PUBLISHED) + way("3")
    assert broken(gap) == []
