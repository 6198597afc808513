"""What a store asks of its database, as its code says it, and how many rows SQLite reads for it.

A statement that is planned well while a store is young may read all of it a year later. So every
statement is collected from the source, and its plan is read against a store that was used: each
step of a plan reaches so many rows of a table, and none may reach more than a few of what grows.
"""

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from pathlib import Path

import apsw
import apsw.ext

_VERBS = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\b")
_STEP = re.compile(r"(?P<how>SCAN|SEARCH) (?P<alias>\S+)(?: USING (?P<index>.*?))?(?: LEFT-JOIN)?")
_INDEX = re.compile(r"(?P<kind>.*?(?:INDEX (?P<name>\S+)|KEY))(?: \((?P<keys>.*)\))?")
_EQUAL = re.compile(r"(\w+)=\?")
_Text = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Statement:
    """An SQL statement.

    Attributes:
        place: The function that runs it, as module, class and name.
        sql: Its text.
    """

    place: str
    sql: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a plan that reads a table.

    Attributes:
        text: The step, as SQLite tells it.
        table: The table.
        rows: How many rows of it the step reaches at most, each time.
    """

    text: str
    table: str
    rows: int


class Source:
    """The SQL in the modules of a package.

    Args:
        package: The package's name, such as ``tearline_client.store``.
        runners: The methods that run SQL, of which it is the first argument.
        holders: What has those methods: the attributes in which stores keep it, and its class.
        apart: Functions of that class that run what is no statement of a store, such as a script.
    """

    def __init__(
        self,
        package: str,
        runners: frozenset[str],
        holders: frozenset[str],
        apart: frozenset[str] = frozenset(),
    ) -> None:
        folder = Path(str(importlib.import_module(package).__file__)).parent
        self._runners, self._holders, self._apart = runners, holders, apart | runners
        self._modules = [_Module(path, package) for path in sorted(folder.glob("*.py"))]

    def statements(self) -> list[Statement]:
        """Returns every statement that the package runs.

        Raises:
            LookupError: If the text of one cannot be told from the source.
        """
        found = set()
        for module in self._modules:
            for call in module.calls:
                if not self._runs_sql(call) or not call.node.args:
                    continue
                for text, passed_by in self._texts(call.node.args[0], call.function, module):
                    if _VERBS.match(text):
                        place = passed_by or f"{module.name}.{call.function.name}"
                        found.add(Statement(place, text))
        return sorted(found)

    def literals(self) -> Iterator[tuple[str, str]]:
        """Yields each module and text in it that begins as SQL does."""
        for module in self._modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Constant) and _is_sql(node.value):
                    yield module.name, str(node.value)

    def _runs_sql(self, call: "_Call") -> bool:
        match call.node.func:
            case ast.Attribute(attr=name, value=ast.Attribute(attr=holder)):
                return name in self._runners and holder in self._holders
            case ast.Attribute(attr=name, value=ast.Name(id="self")):
                owner, method = call.function.name.split(".", 1)
                return (
                    name in self._runners and owner in self._holders and method not in self._apart
                )
        return False

    def _texts(self, node: ast.expr, function: "_Function", module: "_Module") -> list[_Text]:
        """Returns each text that an expression may be, and which caller passed it, if one did."""
        match node:
            case ast.Constant(value=str(text)):
                return [(text, "")]
            case ast.JoinedStr(values=parts):
                return self._together(parts, function, module)
            case ast.FormattedValue(value=part):
                return self._texts(part, function, module)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._together([left, right], function, module)
            case ast.IfExp(body=one, orelse=other):
                found = self._texts(one, function, module)
                return [*found, *self._texts(other, function, module)]
            case ast.Call(func=ast.Attribute(attr="join"), args=[ast.BinOp(left=each)]):
                part = each.elts[0] if isinstance(each, ast.List) else each
                return self._texts(part, function, module)
            case ast.Name(id=name):
                return self._named(name, function, module)
        raise LookupError(f"{module.name}.{function.name}: {ast.unparse(node)}")

    def _together(
        self, parts: list[ast.expr], function: "_Function", module: "_Module"
    ) -> list[_Text]:
        texts = [self._texts(part, function, module) for part in parts]
        return [
            ("".join(text for text, _ in each), next((by for _, by in each if by), ""))
            for each in product(*texts)
        ]

    def _named(self, name: str, function: "_Function", module: "_Module") -> list[_Text]:
        if name in function.assigned:
            found = [self._texts(node, function, module) for node in function.assigned[name]]
            return [text for texts in found for text in texts]
        if name in function.parameters:
            return [*self._passed(function, name)]
        text = getattr(module.loaded, name, None)
        if isinstance(text, str):
            return [(text, "")]
        raise LookupError(f"{module.name}.{function.name}: {name}")

    def _passed(self, function: "_Function", name: str) -> Iterator[_Text]:
        """Yields what callers give a function of the package for one of its parameters."""
        method, place = function.name.rsplit(".", 1)[-1], function.parameters.index(name)
        for module in self._modules:
            for call in module.calls:
                if isinstance(call.node.func, ast.Attribute) and call.node.func.attr == method:
                    for text, by in self._texts(call.node.args[place], call.function, module):
                        yield text, by or f"{module.name}.{call.function.name}"


@dataclass(frozen=True, slots=True)
class _Function:
    name: str
    parameters: list[str]
    assigned: Mapping[str, list[ast.expr]]


@dataclass(frozen=True, slots=True)
class _Call:
    node: ast.Call
    function: _Function


class _Module:
    def __init__(self, path: Path, package: str) -> None:
        self.name = path.stem
        self.tree = ast.parse(path.read_text("utf-8"))
        self.loaded = importlib.import_module(
            package if path.stem == "__init__" else f"{package}.{path.stem}"
        )

    @cached_property
    def calls(self) -> list[_Call]:
        return [*self._calls(self.tree, "")]

    def _calls(self, tree: ast.AST, prefix: str) -> Iterator[_Call]:
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.ClassDef):
                yield from self._calls(node, f"{prefix}{node.name}.")
            elif isinstance(node, ast.FunctionDef):
                function = _function(node, prefix)
                for each in ast.walk(node):
                    if isinstance(each, ast.Call):
                        yield _Call(each, function)


def _function(node: ast.FunctionDef, prefix: str) -> _Function:
    assigned: dict[str, list[ast.expr]] = {}
    for each in ast.walk(node):
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            assigned.setdefault(each.targets[0].id, []).append(each.value)
    names = [argument.arg for argument in node.args.args if argument.arg != "self"]
    return _Function(prefix + node.name, names, assigned)


def _is_sql(value: object) -> bool:
    return isinstance(value, str) and _VERBS.match(value) is not None


class Plans:
    """The plans of a database that holds what a store holds after long use.

    Args:
        connection: The database.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._reached = cache(self._count)
        self._tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}

    def steps(self, sql: str) -> list[Step]:
        """Returns the steps of a statement's plan that read a table."""
        plan = apsw.ext.query_info(self._connection, sql, explain_query_plan=True).query_plan
        return [step for text in _details(plan) if (step := self._step(text, sql)) is not None]

    def _step(self, text: str, sql: str) -> Step | None:
        found = _STEP.fullmatch(text)
        if found is None or text == "SCAN CONSTANT ROW":
            return None
        table = self._table(found["alias"], sql)
        if table is None:
            return None  # of a query of its own, whose steps are told as well
        index = _INDEX.fullmatch(found["index"] or "KEY")
        if index is None or "AUTOMATIC" in index["kind"]:
            return Step(text, table, self._reached(table, "", ()))  # made anew each time
        keys = index["keys"] or ""
        if "rowid=?" in keys or (found["how"] == "SEARCH" and not keys):
            return Step(text, table, 1)  # without a key it is the least or the greatest
        rows = self._reached(table, index["name"] or "", tuple(_EQUAL.findall(keys)))
        return Step(text, table, rows)

    def triggers(self) -> list[Statement]:
        """Returns the statements that triggers run, each by its trigger."""
        schema = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        return [
            Statement(name, re.sub(r"\b(new|old)\.\w+", "?", text))
            for name, sql in self._connection.execute(schema)
            for text in re.findall(r"[^;]*\S[^;]*(?=;)", sql.split("BEGIN", 1)[1])
        ]

    def _table(self, alias: str, sql: str) -> str | None:
        if alias in self._tables:
            return alias
        named = re.findall(rf"\b(\w+)\s+(?:AS\s+)?{re.escape(alias)}\b", sql)
        return next((name for name in named if name in self._tables), None)

    def _count(self, table: str, index: str, equal: tuple[str, ...]) -> int:
        """How many rows at most have the same values in some columns, of those in an index."""
        schema = "SELECT sql FROM sqlite_schema WHERE name = ?"
        (made,) = self._connection.execute(schema, (index,)).fetchone() or (None,)
        partial = re.search(r"\bWHERE\b(.*)", made or "", re.DOTALL)
        where = f"WHERE {partial[1]}" if partial else ""
        group = f"GROUP BY {', '.join(equal)}" if equal else ""
        sql = f"SELECT max(n) FROM (SELECT count(*) AS n FROM {table} {where} {group})"
        return int(self._connection.execute(sql).fetchone()[0] or 0)


def _details(plan: apsw.ext.QueryPlan | None) -> Iterator[str]:
    if plan is not None:
        yield plan.detail
        for each in plan.sub or ():
            yield from _details(each)
