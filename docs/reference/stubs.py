"""The types of ``SyncNode``, from the methods of ``Node`` and of its namespaces."""

import ast
import builtins
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from importlib import import_module
from typing import Any

import tearline_client
from tables import GENERATED, table
from tearline_client.namespaces.assembly import Assembly
from tearline_client.node import Node
from tearline_client.sync.forward import public_members

_PLAIN = {"home", "keystore"}
_ITERATORS = {"AsyncIterator", "AsyncGenerator"}
_UNSUPPORTED = "AbstractAsyncContextManager"  # a port that is open for a while needs asyncio


def namespaces() -> dict[str, type]:
    """Returns the classes of the public attributes of a node, by name."""
    module = sys.modules[Assembly.__module__]
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(Assembly.__init__))).body
    found: dict[str, type] = {}
    for statement in ast.walk(function):
        match statement:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)],
                value=ast.Call(func=ast.Name(id=kind)),
            ) if not name.startswith("_"):
                found[name] = getattr(module, kind)
    for name, member in vars(Assembly).items():  # made by their first use
        if isinstance(member, cached_property):
            kind = member.func.__annotations__["return"]
            place = import_module(_imported(module.__file__ or "")[kind])
            found[name] = getattr(place, kind)
    return found


def sdk_page() -> Iterator[str]:
    """Yields the page of the SDK: its namespaces, then every public name from its docstring."""
    found = namespaces()
    yield "# SDK"
    yield GENERATED
    yield ""
    yield (
        "The classes and functions that programs import from `tearline_client`. `make docs` fills "
        "this page from their docstrings; in the repository, read them in the code."
    )
    yield ""
    yield "```python"
    yield "from tearline_client import About, SyncNode"
    yield "```"
    yield ""
    yield "## Namespaces"
    yield ""
    yield (
        "The methods of a node are grouped by subject, such as `node.packets.send`. `SyncNode` has "
        "the same namespaces and methods as `Node`, without `await`; its types are those of the "
        "stub `tearline_client/sync/methods.pyi`. Each method of `packets`, `audit` and "
        "`corrections` that returns contents of packets writes the node's access log first. The "
        "[threat model](../threat-model.md#what-is-not-protected) has the limits."
    )
    yield ""
    yield from table(
        ("namespace", "content", "methods"),
        (
            (
                f"`node.{name}`",
                (kind.__doc__ or "").partition("\n")[0],
                ", ".join(f"`{member}`" for member in public_members(kind)),
            )
            for name, kind in sorted(found.items())
        ),
    )
    yield ""
    yield "## Public names"
    for name in sorted(tearline_client.__all__):
        yield ""
        yield f"::: tearline_client.{name}"
        if name == "SyncNode":
            yield "    options:"
            yield '      filters: ["!^_", "^open$|^close$"]'
    yield ""
    yield "## Methods of the namespaces"
    for kind in dict.fromkeys(found.values()):
        yield ""
        yield f"::: {kind.__module__}.{kind.__qualname__}"
        if kind.__base__ is not object:  # such as a namespace that extends its reader
            yield "    options:"
            yield "      inherited_members: true"


def sync_stub() -> Iterator[str]:
    """Yields the stub of ``tearline_client.sync.methods``."""
    imports: dict[str, str] = {
        "Forwarded": "tearline_client.sync.forward",
        "Home": "tearline_client.keys.home",
        "Keystore": "tearline_client.keys.keystore",
        "Loop": "tearline_client.sync.loop",
        "Node": "tearline_client.node",
    }
    found = namespaces()
    classes = [line for kind in dict.fromkeys(found.values()) for line in _class(kind, imports)]
    methods = list(_members(Node, imports, without={"close"}))
    yield "# Generated from the code: make reference."
    yield ""
    for module in sorted(set(imports.values())):
        names = sorted(name for name, place in imports.items() if place == module)
        yield f"from {module} import {', '.join(names)}"
    yield ""
    yield from classes
    yield "class SyncMethods(Forwarded):"
    yield "    home: Home"
    yield "    keystore: Keystore"
    for name, kind in found.items():
        yield f"    {name}: Sync{kind.__name__}"
    yield "    def __init__(self, node: Node, loop: Loop) -> None: ..."
    yield from methods


def _class(kind: type, imports: dict[str, str]) -> Iterator[str]:
    yield f"class Sync{kind.__name__}(Forwarded):"
    yield from _members(kind, imports)
    yield ""


def _members(
    kind: type, imports: dict[str, str], without: frozenset[str] | set[str] = frozenset()
) -> Iterator[str]:
    for name, member in public_members(kind).items():
        if name in without:
            continue
        is_property = isinstance(member, property)
        function = member.fget if is_property else member
        line = _signature(function, imports)
        if line is not None:
            if is_property:
                yield "    @property"
            yield f"    {line}"


def _signature(function: Callable[..., Any], imports: dict[str, str]) -> str | None:
    """Returns a synchronous signature; None for a method that has none."""
    match ast.parse(textwrap.dedent(inspect.getsource(function))).body:
        case [
            ast.FunctionDef(name=name, args=arguments, returns=ast.expr() as returns)
            | ast.AsyncFunctionDef(name=name, args=arguments, returns=ast.expr() as returns)
        ]:
            pass
        case _:
            raise ValueError(f"{function.__qualname__} is no function with a type")
    returns = _Unquoted().visit(returns)
    match returns:
        case ast.Subscript(value=ast.Name(id=outer)) if outer == _UNSUPPORTED:
            return None
        case ast.Subscript(value=ast.Name(id=outer) as iterator) if outer in _ITERATORS:
            iterator.id = "Iterator"
            imports["Iterator"] = "collections.abc"
    arguments.defaults = [ast.Constant(value=...) for _ in arguments.defaults]
    arguments.kw_defaults = [
        None if default is None else ast.Constant(value=...) for default in arguments.kw_defaults
    ]
    arguments = _Unquoted().visit(arguments)  # whose defaults are no texts any more
    for node in (*ast.walk(arguments), *ast.walk(returns)):
        if isinstance(node, ast.Name) and node.id not in imports:
            _import(node.id, sys.modules[function.__module__].__file__ or "", function, imports)
    signature = f"def {name}({ast.unparse(arguments)}) -> {ast.unparse(returns)}: ..."
    return signature.replace("=...", " = ...")


class _Unquoted(ast.NodeTransformer):
    """Replaces the quoted names of types that are imported for their names alone."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, str):
            return ast.parse(node.value, mode="eval").body
        return node


def _import(name: str, path: str, function: Callable[..., Any], imports: dict[str, str]) -> None:
    """Notes from where a name of a signature is imported."""
    if name in _imported(path):
        place = _imported(path)[name]
    elif hasattr(builtins, name):
        return
    else:
        place = function.__module__
    if imports.setdefault(name, place) != place:
        raise ValueError(f"two types are named {name}: in {place} and in {imports[name]}")


@cache
def _imported(path: str) -> dict[str, str]:
    """Returns the module of each name that a file imports."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    return {
        alias.asname or alias.name: statement.module or ""
        for statement in ast.walk(tree)
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
