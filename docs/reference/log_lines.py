"""The reference of log lines, from the calls in the code that write them."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tables import GENERATED, table

ROOT = Path(__file__).resolve().parents[2]
SERVICES = {
    "An exchange": ROOT / "server" / "tearline_server",
    "A node": ROOT / "client" / "tearline_client",
}
_LEVELS = frozenset({"debug", "info", "warning", "error", "critical"})

COMMON = {
    "time": ("text", "time of the line, UTC, ISO 8601 with milliseconds"),
    "level": ("text", "`info`, `warning`, `error` or `critical`"),
    "logger": ("text", "module that wrote the line"),
    "message": ("text", "the line's message, as in the tables below"),
    "at": ("list of texts", "functions and lines of an internal fault; only in its line"),
}
KEYS: Mapping[str, tuple[str, str]] = {
    "agencies": ("number", "members"),
    "agency": ("text", "URI of the agency"),
    "authority": ("text", "SHA-256 of a CA certificate, hexadecimal"),
    "blob": ("text", "id of a large document, 32 hexadecimal digits"),
    "bytes": ("number", "free bytes of the disk, or bytes for all large documents"),
    "caller": ("text", "URI of the calling node, or address of a peer that was not admitted"),
    "code": ("text", "code of the error; of a call also `ok` or `cancelled`"),
    "cosigners": ("list of texts", "URIs of nodes that must report before the exchange writes"),
    "duration_ms": ("number", "duration of the call in milliseconds"),
    "error": ("text", "class of an internal fault"),
    "http": ("number", "port of the monitoring, if it is set"),
    "job": ("text", "name of the periodic job, as in the metric `jobs_failed_total`"),
    "left_out": ("number", "lines omitted before this one because of the agency's rate"),
    "method": ("text", "full name of the called method"),
    "metrics": ("number", "port of the metrics, if it is set"),
    "newer": ("number", "entries in the newer of two histories"),
    "node_request": ("text", "the node's own id of the call, 16 hexadecimal digits"),
    "older": ("number", "entries in the older of two histories"),
    "port": ("number", "port that the exchange listens on"),
    "received_bytes": ("number", "bytes of messages received in the call"),
    "request": ("text", "id of the call, 16 hexadecimal digits"),
    "sent_bytes": ("number", "bytes of messages sent in the call"),
    "seq": ("number", "number of the item in its mailbox"),
    "share": ("number", "bytes of large documents that are guaranteed to each agency"),
    "signed": ("number", "entries that the exchange has signed"),
    "stored": ("number", "entries that are stored"),
    "times": ("number", "number of equal refusals since the last such line"),
    "uri": ("text", "URI of the exchange"),
    "why": ("text", "reason, without contents"),
    "witness": ("text", "name of the foreign witness's key"),
    "works": ("number", "units of work in the batch"),
}
"""Type and meaning of each key."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Line:
    """One kind of log line.

    Attributes:
        message: Its message.
        level: Its levels.
        keys: The keys that it may have beside the common ones.
    """

    message: str
    level: str
    keys: tuple[str, ...]


def lines_of(package: Path) -> list[Line]:
    """Returns every kind of line that a package writes, by message."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_bytes())
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and _is_log(call):
                    messages, keys = _parts(call, function)
                    for message, levels in messages:
                        held = found.setdefault(message, (set(), set()))
                        held[0].update(levels)
                        held[1].update(keys)
    return [
        Line(message=message, level=", ".join(sorted(levels)), keys=tuple(sorted(keys)))
        for message, (levels, keys) in sorted(found.items())
    ]


def _is_log(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="_log"), attr=attr):
            return attr in {*_LEVELS, "log"}
        case _:
            return False


def _parts(call: ast.Call, function: ast.AST) -> tuple[list[tuple[str, list[str]]], set[str]]:
    """Returns a call's messages, each with its levels, and its keys."""
    texts = list(_texts(call.args[-1], function))
    match call.func:
        case ast.Attribute(attr="log"):
            levels = [name.lower() for name in _names(call.args[0], function)]
        case ast.Attribute(attr=attr):
            levels = [attr]
        case other:
            raise _unclear(other)
    levels = [level for level in levels if level in _LEVELS]
    extra = [keyword.value for keyword in call.keywords if keyword.arg == "extra"]
    # Two messages at two levels are two sides of one condition, in the same order.
    paired = [[level] for level in levels] if len(texts) == len(levels) else [levels] * len(texts)
    return list(zip(texts, paired, strict=True)), set(_keys(extra, function))


def _names(value: ast.expr, function: ast.AST) -> list[str]:
    """Returns the names of attributes in an expression, such as ``logging.INFO``."""
    values = _assigned(value, function) if isinstance(value, ast.Name) else [value]
    found = [node for each in values for node in ast.walk(each) if isinstance(node, ast.Attribute)]
    return [node.attr for node in sorted(found, key=lambda node: node.col_offset)]


def _texts(value: ast.expr, function: ast.AST) -> Iterator[str]:
    """Yields the texts that an expression may be: a literal, or one of two."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one, function)
            yield from _texts(other, function)
        case ast.Name():
            for each in _assigned(value, function):
                yield from _texts(each, function)
        case _:
            raise _unclear(value)


def _keys(values: Iterable[ast.expr], function: ast.AST) -> Iterator[str]:
    """Yields the keys of dictionaries, given as such or by a name in the function."""
    for value in values:
        match value:
            case ast.Dict(keys=keys):
                for key in keys:
                    yield from _texts(key or value, function)
            case ast.Name():
                yield from _keys(_assigned(value, function), function)
                for node in ast.walk(function):
                    match node:
                        case ast.Subscript(value=ast.Name(id=name), slice=key, ctx=ast.Store()):
                            if name == value.id:
                                yield from _texts(key, function)
                        case _:  # no key is set by another node
                            pass
            case _:
                raise _unclear(value)


def _assigned(name: ast.Name, function: ast.AST) -> list[ast.expr]:
    """Returns the values that a function gives to a name.

    Raises:
        ValueError: If it gives none: the reference must not miss a key.
    """
    found: list[ast.expr] = []
    for node in ast.walk(function):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if node.value and any(isinstance(t, ast.Name) and t.id == name.id for t in targets):
            found.append(node.value)
    if not found:
        raise _unclear(name)
    return found


def _unclear(value: ast.AST) -> ValueError:
    return ValueError(f"a part of a log line is not clear from the code: {ast.unparse(value)}")


def log_lines_page() -> Iterator[str]:
    """Every log line of both services, and every key."""
    yield "# Log lines"
    yield GENERATED
    yield ""
    yield (
        "Both services log to standard error. As JSON, each line is an object: an exchange writes "
        "JSON unless its standard error is a terminal, `--json` demands it; a node writes JSON "
        "with `node run --json`. Lines hold ids, sizes and codes, never contents. A key that does "
        "not apply is absent."
    )
    yield ""
    yield "## Keys of every line"
    yield ""
    yield from _key_table(COMMON)
    used: set[str] = set()
    for service, package in SERVICES.items():
        lines = lines_of(package)
        used.update(key for line in lines for key in line.keys)
        yield ""
        yield f"## {service}"
        yield ""
        yield from table(
            ("message", "level", "keys"),
            (
                (line.message, line.level, ", ".join(f"`{key}`" for key in line.keys))
                for line in lines
            ),
        )
    yield ""
    yield (
        "A node also reports its work in sentences for people, such as `In touch with the "
        "exchange.`; such a line has `code` if it reports an [error](errors.md)."
    )
    yield ""
    yield "## Keys of single lines"
    yield ""
    if used != KEYS.keys():
        raise ValueError(f"describe each key of log lines once: {sorted(used ^ KEYS.keys())}")
    yield from _key_table(KEYS)


def _key_table(keys: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    yield from table(
        ("key", "type", "meaning"),
        ((f"`{key}`", kind, meaning) for key, (kind, meaning) in keys.items()),
    )
