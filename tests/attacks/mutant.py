"""Takes one defence away: makes one function return at once, in every process of a test.

``TEARLINE_MUTANT=module:qualname[=expression]`` names the function and what it returns
instead, an expression over its parameters (None unless given). Where the folder ``inject`` is
on PYTHONPATH, every interpreter started from then on, servers and nodes included, changes the
function as its module is loaded. The function's code is replaced, not its name, so that whoever
imported it by ``from module import function`` has the changed one as well.
"""

import functools
import importlib.abc
import importlib.machinery
import inspect
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

VARIABLE = "TEARLINE_MUTANT"
INJECT = Path(__file__).with_name("inject")


class MutantUnknown(Exception):
    """There is no such function to take away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One function and what it returns instead of doing its work."""

    module: str
    qualname: str
    returns: str = "None"

    def __str__(self) -> str:
        return f"{self.module}:{self.qualname}={self.returns}"


def parse_mutant(text: str) -> Mutant:
    """A Mutant from ``module:qualname[=expression]``."""
    name, _, returns = text.partition("=")
    module, colon, qualname = name.partition(":")
    if not colon or not module or not qualname:
        raise MutantUnknown(f"module:qualname was expected, not {text!r}")
    return Mutant(module=module, qualname=qualname, returns=returns or "None")


def find_function(module: ModuleType, qualname: str) -> FunctionType:
    """The plain function behind ``qualname``, under whatever property or decorator."""
    found: object = module
    for name in qualname.split("."):
        found = inspect.getattr_static(found, name, None)
        match found:
            case staticmethod() | classmethod():
                found = found.__func__
            case property():
                found = found.fget
            case functools.cached_property():
                found = found.func
    found = inspect.unwrap(found) if callable(found) else found
    if not isinstance(found, FunctionType):
        raise MutantUnknown(f"{module.__name__}:{qualname} is not a function")
    return found


def take_away(function: FunctionType, returns: str) -> None:
    """Makes ``function`` return ``returns`` at once, and do nothing else."""
    old = function.__code__
    names = iter(old.co_varnames)
    positional = [next(names) for _ in range(old.co_argcount)]
    keyword = [next(names) for _ in range(old.co_kwonlyargcount)]
    parameters = list(positional)
    if old.co_posonlyargcount:
        parameters.insert(old.co_posonlyargcount, "/")
    if old.co_flags & inspect.CO_VARARGS:
        parameters.append("*" + next(names))
    elif keyword:
        parameters.append("*")
    parameters += keyword
    if old.co_flags & inspect.CO_VARKEYWORDS:
        parameters.append("**" + next(names))

    is_async = old.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR)
    is_generator = old.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR)
    lines = ["return" if is_generator else f"return {returns}"]
    if is_generator:
        lines.append("yield")
    lines += old.co_freevars  # never reached: a new code must close over what the old one did
    body = "".join(f"        {line}\n" for line in lines)
    outer = "".join(f"    {name} = None\n" for name in old.co_freevars)
    source = (
        f"def _outer():\n{outer}    {'async ' if is_async else ''}"
        f"def {old.co_name if old.co_name.isidentifier() else '_inner'}"
        f"({', '.join(parameters)}):\n{body}"
    )
    compiled = compile(source, "<mutant>", "exec")
    function.__code__ = _inner_code(_inner_code(compiled))


def _inner_code(code: CodeType) -> CodeType:
    return next(constant for constant in code.co_consts if isinstance(constant, CodeType))


class _Loader(importlib.abc.Loader):
    """Loads a module as its own loader does, then takes the function away."""

    def __init__(self, loader: importlib.abc.Loader, mutant: Mutant) -> None:
        self._loader = loader
        self._mutant = mutant

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        take_away(find_function(module, self._mutant.qualname), self._mutant.returns)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the one module, before anyone else does."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._mutant.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._mutant)
        return spec


def install(mutant: Mutant) -> None:
    """Has ``mutant`` applied when its module is loaded, or at once if it already is."""
    if mutant.module in sys.modules:
        take_away(find_function(sys.modules[mutant.module], mutant.qualname), mutant.returns)
    else:
        sys.meta_path.insert(0, _Finder(mutant))
