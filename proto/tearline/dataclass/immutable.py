"""``immutable``: a dataclass whose methods are made when they are first used.

``dataclass`` compiles six methods of each class when its module is imported, and a command uses few
of the classes that it imports: that was half of the time before a command began. Its fields
are those of a dataclass, so ``fields`` and ``replace`` apply; ``copy`` and ``pickle`` do not.
``__init__`` alone is compiled, at the first instance.
"""

from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def immutable(kind: type[T]) -> type[T]:
    """Returns a class as ``dataclass(frozen=True, slots=True, kw_only=True)`` would."""
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(kind)
    names = [each.name for each in fields(made) if each.compare]
    values: Callable[[Any], object] = attrgetter(*names) if names else lambda _: ()

    def initialise(self: T, **given: Any) -> None:
        made.__init__ = _initialiser(made)
        made.__init__(self, **given)

    def is_equal(self: T, other: object) -> bool:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    own = vars(kind)
    made.__init__ = initialise
    made.__setattr__ = made.__delattr__ = _refuse
    if "__repr__" not in own:
        made.__repr__ = _text
    if "__eq__" not in own:
        made.__eq__ = is_equal
    if own.get("__hash__") is None:
        made.__hash__ = lambda self: hash(values(self))
    return made  # type: ignore[no-any-return]  # the class, with the methods of a dataclass


def _initialiser(kind: type[Any]) -> Callable[..., None]:
    """Compiles the ``__init__`` of a class, with an argument for each field."""
    scope: dict[str, Any] = {"MISSING": MISSING}
    arguments, lines = ["self", "*"], []
    for each in fields(kind):
        name, value = each.name, each.name
        if not each.init:
            continue
        scope[f"set_{name}"] = getattr(kind, name).__set__
        if each.default is not MISSING:
            scope[f"default_{name}"] = each.default
            arguments.append(f"{name}=default_{name}")
        elif each.default_factory is not MISSING:
            scope[f"make_{name}"] = each.default_factory
            arguments.append(f"{name}=MISSING")
            value = f"make_{name}() if {name} is MISSING else {name}"
        else:
            arguments.append(name)
        lines.append(f"    set_{name}(self, {value})\n")
    if hasattr(kind, "__post_init__"):
        lines.append("    self.__post_init__()\n")
    body = "".join(lines) or "    pass\n"
    bare = ["self"] if arguments[-1] == "*" else arguments
    exec(f"def __init__({', '.join(bare)}):\n{body}", scope)  # noqa: S102  (names of our own fields)
    made: Callable[..., None] = scope["__init__"]
    made.__qualname__ = f"{kind.__qualname__}.__init__"
    return made


def _refuse(self: object, name: str, *_: object) -> None:
    raise FrozenInstanceError(f"cannot change the field {name!r}")


def _text(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"
