"""Logging, as JSON lines or in readable form: ids, sizes and codes, never contents."""

import json
import logging
import sys
import time
from typing import TextIO

from tearline.text.display import visible

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# Libraries that also log events reported by our own lines, such as a lost database or a request.
_RETOLD = ("asyncpg", "httpx", "httpcore")


class JsonLines(logging.Formatter):
    """Formatter of one JSON object a line: time, level, logger, message, and ``extra`` fields.

    Terminal control characters are escaped in a way that keeps the data equal.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line for a record, without its newline."""
        time_text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{time_text}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= _extra(record)
        if record.exc_info and record.exc_info[2]:
            line["at"] = _places(record)
        return visible(json.dumps(line, ensure_ascii=False, default=str))


class PlainLines(logging.Formatter):
    """Formatter of readable lines for a terminal: time, message, and ``extra`` fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line for a record, without its newline and without control characters."""
        told = [f"{name} {value}" for name, value in _extra(record).items()]
        if record.exc_info and record.exc_info[2]:
            told += _places(record)
        said = record.getMessage() + (f": {', '.join(told)}" if told else "")
        time_text = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{time_text} {visible(said)}"


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _places(record: logging.LogRecord) -> list[str]:
    """Returns functions and lines of a traceback; no messages, which may quote input."""
    places = []
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places


def log_to_stderr(*, json_lines: bool) -> None:
    """Sends all logs to standard error from now on.

    Args:
        json_lines: Whether to write JSON lines on a terminal too.
    """
    log_to(sys.stderr, plain=sys.stderr.isatty() and not json_lines)


def log_to(stream: TextIO, *, plain: bool = False) -> None:
    """Sends all logs of level INFO and above to ``stream`` from now on.

    Args:
        stream: The stream.
        plain: Whether to write readable lines instead of JSON lines.
    """
    for name in _RETOLD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainLines() if plain else JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
