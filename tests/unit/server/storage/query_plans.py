"""The cost of an SQL statement on a database: the tables that it scans, and the rows it touches.

A statement is measured where it stands: it runs in a transaction that is rolled back. The rows
that it touches are counted, not timed, so that the same statement costs the same in each run.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of one statement.

    Attributes:
        scans: Tables, or indices of theirs, that it reads from one end to the other.
        work: Steps of SQLite's machine, or rows that PostgreSQL read from tables and indices.
    """

    scans: frozenset[str]
    work: int


class Trace:
    """Records the statements that are run, each with some of the values that were bound to it."""

    _MOST = 4  # of one statement: the first, and three that are bound to other numbers of values

    def __init__(self) -> None:
        self._seen: dict[str, dict[object, Values]] = {}

    def add(self, sql: str, values: Iterable[Any] | Mapping[str, Any] | None) -> None:
        """Records a statement, unless it reads and changes no rows."""
        if not _VERB.match(sql):
            return
        bound = tuple(values.items() if isinstance(values, Mapping) else values or ())
        shape = tuple(len(each).bit_length() for each in bound if isinstance(each, list))
        seen = self._seen.setdefault(sql, {})
        if len(seen) < self._MOST:
            seen.setdefault((shape, len(seen) if not shape else 0), bound)

    def __iter__(self) -> Iterator[tuple[str, Values]]:
        return ((sql, bound) for sql, seen in self._seen.items() for bound in seen.values())

    @property
    def statements(self) -> Iterable[str]:
        """The texts of all statements."""
        return self._seen.keys()


# Totality: every statement in the source was traced.

_VERB = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH) ")
_HOLE = re.compile(r"\{[^{}]*\}|%s|\?\d*|:[a-z_]+|x''")


def literals(*modules: Path) -> dict[str, re.Pattern[str]]:
    """Returns every SQL text in the source of modules, by its place, as a pattern.

    What is put into a text when it is used matches anything.
    """
    return {
        f"{module.name}:{line}": _pattern(text)
        for module in modules
        for line, text in _texts(ast.parse(module.read_text("utf-8")))
        if _VERB.match(text)
    }


def untraced(patterns: Mapping[str, re.Pattern[str]], trace: Trace) -> list[str]:
    """Returns the places of the texts that no traced statement contains."""
    return [
        place
        for place, pattern in patterns.items()
        if not any(pattern.search(sql) for sql in trace.statements)
    ]


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.JoinedStr):
        parts = (each.value if isinstance(each, ast.Constant) else "{}" for each in node.values)
        yield node.lineno, "".join(map(str, parts))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.lineno, node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, _HOLE.split(text))), re.DOTALL)


# SQLite.

_READS = re.compile(r"^SCAN (\w+)|^SEARCH (\w+) USING AUTOMATIC")
_SOURCE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO) (\w+)(?: AS)?(?: (\w+))?")


def traced(connection: apsw.Connection, trace: Trace) -> None:
    """Has a connection to SQLite record its statements."""

    def record(_cursor: apsw.Cursor, sql: str, values: Any) -> bool:
        trace.add(sql, values)
        return True

    connection.exec_trace = record


def sqlite_cost(connection: apsw.Connection, sql: str, values: Values) -> Cost:
    """Runs a statement on SQLite, and takes back what it wrote."""
    bound: Any = dict(values) if ":node" in sql else values
    names = _SOURCE.findall(sql)
    tables = {alias or table: table for table, alias in names} | {each: each for each, _ in names}
    scans = set()
    for *_, detail in list(connection.execute(f"EXPLAIN QUERY PLAN {sql}", bound)):
        if found := _READS.match(detail):
            alias = found[1] or found[2]
            scans.add(tables.get(alias, alias))
    steps: list[int] = []
    connection.trace_v2(
        apsw.SQLITE_TRACE_PROFILE,
        lambda told: steps.append(told["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]),
    )
    connection.execute("BEGIN IMMEDIATE")
    try:
        steps.clear()
        list(connection.execute(sql, bound))
        work = sum(steps)
    finally:
        connection.execute("ROLLBACK")
        connection.trace_v2(0, None)
    return Cost(scans=frozenset(scans), work=work)


# PostgreSQL.


async def postgres_cost(connection: Any, sql: str, values: Values, *, is_generic: bool) -> Cost:
    """Runs a statement on PostgreSQL, and takes back what it wrote.

    Args:
        connection: Where.
        sql: The statement.
        values: What is bound to it.
        is_generic: Whether its plan is made before the values are known.
    """
    mode = "force_generic_plan" if is_generic else "force_custom_plan"
    arguments = f" ({', '.join(map(_literal, values))})" if values else ""
    await connection.execute("BEGIN")
    try:
        await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE asked AS {sql}")
        explain = "EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, FORMAT JSON)"
        explained = await connection.fetchval(f"{explain} EXECUTE asked{arguments}")
    finally:
        await connection.execute("ROLLBACK")
    await connection.execute("DEALLOCATE asked")
    (root,) = json.loads(explained)
    nodes = list(_nodes(root["Plan"]))
    return Cost(
        scans=frozenset(
            node.get("Relation Name", node.get("Index Name", ""))
            for node in nodes
            if node["Node Type"].endswith("Scan") and _is_whole(node)
        ),
        work=sum(
            round((node["Actual Rows"] + _removed(node)) * node["Actual Loops"])
            for node in nodes
            if "Relation Name" in node and node["Node Type"].endswith("Scan")
        ),
    )


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _is_whole(node: Mapping[str, Any]) -> bool:
    if node["Node Type"] == "Seq Scan":
        return True
    # The first row of an index in its order is a look-up, too.
    return "Index Name" in node and "Index Cond" not in node and node["Actual Rows"] > 1


def _removed(node: Mapping[str, Any]) -> float:
    return sum(float(value) for key, value in node.items() if key.startswith("Rows Removed"))


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return f"'{{{', '.join(map(_element, value))}}}'"
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    if isinstance(value, str):
        return '"' + value.replace("'", "''") + '"'
    return str(value)
