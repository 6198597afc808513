"""Many small cases in one test: each runs, and each that fails is named."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import pytest

Test = Callable[..., Any]

FAILURES = (Exception, pytest.fail.Exception, pytest.skip.Exception)
"""A case that skips fails: the others would be left out with it."""


_PARAM = type(pytest.param())


class CasesFailed(ExceptionGroup[Exception]):
    """The cases of a test that failed, each with its values in a note."""


def each_case(names: str | Sequence[str], cases: Iterable[Any]) -> Callable[[Test], Test]:
    """Returns a decorator that runs a test with each case, as one test.

    It takes the arguments of ``pytest.mark.parametrize``, for cases that take milliseconds and
    share no state: as tests of their own they would cost more than they do.

    Args:
        names: Parameters of the test: a sequence, or a text with commas between.
        cases: For each case a tuple of values, a value if there is one parameter, or a
            ``pytest.param`` without marks.

    Raises:
        ValueError: If there is no case.
    """
    listed = names.split(",") if isinstance(names, str) else names
    parameters = [name.strip() for name in listed]
    rows: list[tuple[Any, ...]] = [
        tuple(case.values)
        if isinstance(case, _PARAM)
        else ((case,) if len(parameters) == 1 else tuple(case))
        for case in cases
    ]
    if not rows:
        raise ValueError("a test without a case tests nothing")

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)
        others = [each for name, each in signature.parameters.items() if name not in parameters]

        def outcome(failed: list[Exception]) -> None:
            if failed:
                raise CasesFailed(f"{len(failed)} of {len(rows)} cases failed", failed)

        def note(failed: list[Exception], error: BaseException, row: tuple[Any, ...]) -> None:
            failure = error if isinstance(error, Exception) else AssertionError(str(error))
            failure.add_note(f"case: {', '.join(repr(value)[:200] for value in row)}")
            failed.append(failure)

        def run(**fixtures: Any) -> None:
            failed: list[Exception] = []
            for row in rows:
                try:
                    test(**fixtures, **dict(zip(parameters, row, strict=True)))
                except FAILURES as error:
                    note(failed, error, row)
            outcome(failed)

        async def run_async(**fixtures: Any) -> None:
            failed: list[Exception] = []
            for row in rows:
                try:
                    await test(**fixtures, **dict(zip(parameters, row, strict=True)))
                except FAILURES as error:
                    note(failed, error, row)
            outcome(failed)

        decorated = wraps(test)(run_async if inspect.iscoroutinefunction(test) else run)
        decorated.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]  # read by inspect
        return decorated

    return decorate
