"""Log output: one record a line, with terminal control characters made visible."""

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
    """Formatter that puts each record on one line, whatever it quotes."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line without its newline."""
        return visible(super().format(record))


class TimedLine(LogLine):
    """The same formatter, preceded by the time in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line without its newline."""
        return f"{_time(record)} {super().format(record)}"


class JsonLine(logging.Formatter):
    """Formatter for one JSON object a line: time, level, logger, message and ``extra``."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line without its newline."""
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
    """Filter that passes one in every N records.

    Args:
        every: N; 0 to pass none.
    """

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every
        self._seen = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether a record passes."""
        self._seen += 1
        return bool(self._every) and not self._seen % self._every


def _time(record: logging.LogRecord) -> str:
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{text}.{int(record.msecs):03d}Z"


def log_lines() -> None:
    """Sends all records from level WARNING to standard error."""
    _log_by(LogLine())


def log_run(*, json_lines: bool, quiet: bool, calls_every: int) -> logging.Logger:
    """Configures a running node's log on standard error, each line with its time.

    Args:
        json_lines: Whether to log JSON lines, including calls to the exchange.
        quiet: Whether to log only warnings and errors.
        calls_every: Logs one in this many calls; 0 for none.

    Returns:
        The logger for the work's reports.
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
