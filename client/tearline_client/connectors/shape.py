"""Shape of a connector: a plug-in may give attributes of other types than the contract's."""

import re
from collections.abc import Iterator
from typing import Any

from tearline.text.display import visible_lines
from tearline_client.connectors.contract import Importer, Option, OptionKind

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_SUFFIX = re.compile(r"(?:\.[a-z0-9]{1,16}){0,3}\Z")
_MAX_SUMMARY = 200


def fault_of(value: Any) -> str:
    """Returns why an importer or exporter cannot be used; empty if it can."""
    return next(_faults(value), "")


def _faults(value: Any) -> Iterator[str]:
    if not _is_line(value.summary):
        yield "its summary is no line of text"
    if not _is_text(value.details):
        yield "its details are no text"
    if not isinstance(value.options, tuple) or not all(map(_is_option, value.options)):
        yield "its options are no options, each with a name, a help text and choices"
    if isinstance(value, Importer):
        if not callable(value.read):
            yield "its read is no function"
        if not (value.example is None or callable(value.example)):
            yield "its example is no function"
        return
    if not callable(value.write):
        yield "its write is no function"
    if not (isinstance(value.suffix, str) and _SUFFIX.match(value.suffix)):
        yield "its suffix is no ending of a file's name, such as .xml"


def _is_option(value: Any) -> bool:
    if not isinstance(value, Option):
        return False
    given: Any = value
    return (
        isinstance(given.name, str)
        and _NAME.match(given.name) is not None
        and _is_line(given.help)
        and isinstance(given.kind, OptionKind)
        and isinstance(given.choices, tuple)
        and all(map(_is_line, given.choices))
    )


def _is_line(value: Any) -> bool:
    return _is_text(value) and 0 < len(value) <= _MAX_SUMMARY and "\n" not in value


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and visible_lines(value) == value
