"""Logs, as JSON lines or as lines for people: ids, sizes and codes, never contents."""

import json
import logging
import sys
import time
from typing import TextIO

from tearline.display import visible

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# Libraries that log, with places of their own code, what our lines tell: a database that is lost.
_RETOLD = ("asyncpg",)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what ``extra`` names.

    A log is read on terminals, too: what they would obey is escaped, and the data the same.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record, without its newline."""
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
    """One line for a person at a terminal: time, message, and what ``extra`` names."""

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record, without its newline; nothing in it that a terminal obeys."""
        told = [f"{name} {value}" for name, value in _extra(record).items()]
        if record.exc_info and record.exc_info[2]:
            told += _places(record)
        said = record.getMessage() + (f": {', '.join(told)}" if told else "")
        time_text = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{time_text} {visible(said)}"


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _places(record: logging.LogRecord) -> list[str]:
    """Where it went wrong: files and lines alone, for a message may quote what was sent."""
    places = []
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places


def log_to_stderr(*, json_lines: bool) -> None:
    """Sends everything from now on to standard error.

    Args:
        json_lines: Whether in JSON lines on a terminal, too.
    """
    log_to(sys.stderr, plain=sys.stderr.isatty() and not json_lines)


def log_to(stream: TextIO, *, plain: bool = False) -> None:
    """Sends everything from now on to ``stream``, from level INFO.

    Args:
        stream: Where to.
        plain: Whether in lines for people; else in JSON lines.
    """
    for name in _RETOLD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainLines() if plain else JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
