"""The plans of a source: each is made once where there are few, and memory holds few of many."""

from collections.abc import Sequence
from typing import cast

import pytest

from tearline_client.drafting import from_file
from tearline_client.drafting.from_file import Plans
from tearline_client.planning.entities import Group
from tearline_client.planning.release_plan import ReleasePlan


def plans(groups: Sequence[str], made: list[str]) -> Plans:
    """Plans that are the groups themselves; ``made`` lists the planned ones."""

    def plan(group: Group) -> ReleasePlan:
        made.append(str(group))
        return cast(ReleasePlan, group)

    return Plans(cast(Sequence[Group], groups), plan)


def test_each_packet_of_a_small_source_is_planned_once() -> None:
    made: list[str] = []
    found = plans("abcde", made)
    assert list(found) == list("abcde")
    assert [*found[3:], found[-1], found[0]] == ["d", "e", "e", "a"]
    assert made == list("abcde")


def test_memory_holds_the_first_plans_of_a_large_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_file, "_MOST_KEPT", 2)
    made: list[str] = []
    found = plans("abcde", made)
    assert [*found, *found[1:]] == list("abcdebcde")
    assert made == list("abcdecde")
    assert len(found._kept) == 2
