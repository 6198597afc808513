"""What is logged, each record on a line in which nothing is obeyed by a terminal."""

import json
import logging
import re
import time

from tearline.text.display import visible
from tearline_client.transport import call_log

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CODE = re.compile(r"TL-[A-Z]{3}-[0-9]{3}")
_RUN = "tearline_client.run"


class LogLine(logging.Formatter):
    """One line for each record that a library logs, whatever it quotes."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, without its newline."""
        return visible(super().format(record))


class TimedLine(LogLine):
    """The same behind the time, in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, without its newline."""
        return f"{_time(record)} {super().format(record)}"


class JsonLine(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what ``extra`` names."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, without its newline."""
        message = record.getMessage()
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        if code := _CODE.match(message):
            line["code"] = code[0]
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        return visible(json.dumps(line, ensure_ascii=False, default=str))


class OneOf(logging.Filter):
    """Lets one of so many records through.

    Args:
        every: How many; 0 for none of them.
    """

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every
        self._seen = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Says whether a record is let through."""
        self._seen += 1
        return bool(self._every) and not self._seen % self._every


def _time(record: logging.LogRecord) -> str:
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{text}.{int(record.msecs):03d}Z"


def log_lines() -> None:
    """Sends all that is logged, from level WARNING, to standard error."""
    _log_by(LogLine())


def log_run(*, json_lines: bool, quiet: bool, calls_every: int) -> logging.Logger:
    """Has a node at work log to standard error, each line with its time.

    Args:
        json_lines: Whether in JSON lines, calls to the exchange among them.
        quiet: Whether warnings and errors alone.
        calls_every: Of how many of those calls one is logged; 0 for none.

    Returns:
        Where the work logs what it reports.
    """
    _log_by(JsonLine() if json_lines else TimedLine())
    run, line = logging.getLogger(_RUN), logging.getLogger(call_log.__name__)
    run.setLevel(logging.WARNING if quiet else logging.INFO)
    line.setLevel(logging.INFO if json_lines and not quiet else logging.WARNING)
    line.filters[:] = [OneOf(calls_every)]
    return run


def _log_by(formatter: logging.Formatter) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], force=True)
