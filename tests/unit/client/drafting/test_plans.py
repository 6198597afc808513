"""The plans of a source: each is made once where there are few, and memory holds few of many."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tearline_client.drafting import from_file
from tearline_client.drafting.from_file import Plans
from tearline_client.planning.entities import Group


def plans(groups: Sequence[str], made: list[str]) -> Plans:
    """Plans with the name of their group and one field; ``made`` lists the planned ones."""

    def plan(group: Any) -> Any:
        made.append(group)
        return SimpleNamespace(name=group, draft=SimpleNamespace(fields=(group,)))

    return Plans(cast(Sequence[Group], groups), plan)


def names(found: Sequence[Any]) -> list[str]:
    return [each.name for each in found]


def test_each_packet_of_a_small_source_is_planned_once() -> None:
    made: list[str] = []
    found = plans("abcde", made)
    assert names(found) == list("abcde")
    assert names([*found[3:], found[-1], found[0]]) == ["d", "e", "e", "a"]
    assert made == list("abcde")


def test_memory_holds_the_first_plans_of_a_large_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_file, "_KEPT_FIELDS", 2)
    made: list[str] = []
    found = plans("abcde", made)
    assert names([*found, *found[1:]]) == list("abcdebcde")
    assert made == list("abcdecde")
    assert len(found._kept) == 2
