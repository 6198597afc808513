"""Cases of one test: all run, and those that fail are named."""

import inspect

import pytest

from support.cases import CasesFailed, each_case


def failures(error: CasesFailed) -> list[tuple[str, list[str]]]:
    return [(type(each).__name__, each.__notes__) for each in error.exceptions]


def test_every_case_runs_and_each_failure_is_named() -> None:
    ran = []

    @each_case("number, word", [(1, "one"), (2, "two"), (3, "three")])
    def check(number: int, word: str) -> None:
        ran.append(word)
        assert number == 2

    with pytest.raises(CasesFailed, match="2 of 3 cases failed") as caught:
        check()
    assert ran == ["one", "two", "three"]
    assert failures(caught.value) == [
        ("AssertionError", ["case: 1, 'one'"]),
        ("AssertionError", ["case: 3, 'three'"]),
    ]


def test_a_case_that_skips_or_is_failed_on_purpose_fails() -> None:
    @each_case("end", [pytest.skip, pytest.fail])
    def check(end: object) -> None:
        end("reason")  # type: ignore[operator]  # both are called

    with pytest.raises(CasesFailed, match="2 of 2"):
        check()


def test_cases_of_two_decorators_are_combined_and_fixtures_stay() -> None:
    seen = []

    @each_case("first", "ab")
    @each_case("second", "cd")
    def check(first: str, second: str, fixture: str) -> None:
        seen.append(first + second + fixture)

    assert [*inspect.signature(check).parameters] == ["fixture"]
    check(fixture="!")
    assert seen == ["ac!", "ad!", "bc!", "bd!"]


async def test_cases_of_a_coroutine_are_awaited() -> None:
    @each_case("number", range(3))
    async def check(number: int) -> None:
        assert number

    with pytest.raises(CasesFailed, match="1 of 3"):
        await check()


def test_no_case_is_refused() -> None:
    with pytest.raises(ValueError, match="without a case"):
        each_case("number", [])
