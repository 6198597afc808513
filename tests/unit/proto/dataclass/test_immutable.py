"""An immutable class behaves as a frozen dataclass with slots; only its start is cheaper."""

from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from tearline.dataclass.immutable import immutable

WAYS = pytest.mark.parametrize(
    "decorate",
    [immutable, dataclass(frozen=True, slots=True, kw_only=True)],
    ids=["immutable", "dataclass"],
)


def made(decorate: Any) -> Any:
    class Base:
        number: int
        secret: str = field(default="", repr=False)
        seen: int = field(default=0, compare=False)
        parts: list[int] = field(default_factory=list)

    class Derived(decorate(Base)):  # type: ignore[misc]  # the class is a value here
        late: int = field(init=False, repr=False, compare=False)
        name: str = "none"

        def __post_init__(self) -> None:
            object.__setattr__(self, "late", self.number + 1)

    return decorate(Derived)


@WAYS
def test_fields_defaults_and_what_follows_from_them(decorate: Any) -> None:
    kind = made(decorate)
    one = kind(number=1, parts=[2], secret="hidden")
    assert (one.number, one.name, one.late, one.seen, one.parts) == (1, "none", 2, 0, [2])
    assert kind(number=1).parts == []
    assert kind(number=1).parts is not kind(number=1).parts
    assert [each.name for each in fields(one)] == [
        *("number", "secret", "seen", "parts", "late", "name")
    ]
    assert replace(one, number=7).late == 8
    assert repr(one).endswith("Derived(number=1, seen=0, parts=[2], name='none')")
    assert not hasattr(one, "__dict__")


@WAYS
def test_values_are_equal_by_the_fields_that_are_compared(decorate: Any) -> None:
    kind, other = made(decorate), made(decorate)
    assert kind(number=1) == kind(number=1, seen=3)
    assert kind(number=1) != kind(number=1, secret="hidden")
    assert kind(number=1) != other(number=1)
    assert kind(number=1) != 1
    simple = decorate(type("Simple", (), {"__annotations__": {"a": int}, "a": 0}))
    assert {simple(), simple(a=0), simple(a=1)} == {simple(), simple(a=1)}
    assert decorate(type("Empty", (), {}))() != simple()


@WAYS
def test_a_field_does_not_change(decorate: Any) -> None:
    one = made(decorate)(number=1)
    with pytest.raises(FrozenInstanceError):
        one.number = 2
    with pytest.raises(FrozenInstanceError):
        del one.number
    assert one.number == 1


@WAYS
@pytest.mark.parametrize("given", [{}, {"number": 1, "late": 2}, {"number": 1, "nonsense": 2}])
def test_other_arguments_are_refused_each_time(decorate: Any, given: dict[str, int]) -> None:
    kind = made(decorate)
    for _ in range(2):  # the first call compiles
        with pytest.raises(TypeError, match="argument"):
            kind(**given)
    with pytest.raises(TypeError, match="positional"):
        kind(1)


@WAYS
def test_methods_of_its_own_are_kept(decorate: Any) -> None:
    class Own:
        a: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    one = decorate(Own)(a=1)  # type: ignore[call-arg]  # the class is a value here
    assert (repr(one), one == 3, hash(one)) == ("own", True, 7)


def test_its_import_compiles_nothing() -> None:
    kind = made(immutable)
    assert kind.__init__.__name__ == "initialise"
    kind(number=1)
    assert kind.__init__.__qualname__ == f"{kind.__qualname__}.__init__"
