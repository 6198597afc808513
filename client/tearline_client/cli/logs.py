"""What libraries log, each record on a line in which nothing is obeyed by a terminal."""

import logging

from tearline.display import visible


class LogLine(logging.Formatter):
    """One line for each record that a library logs, whatever it quotes."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, without its newline."""
        return visible(super().format(record))


def log_lines() -> None:
    """Sends all that is logged, from level WARNING, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogLine())
    logging.basicConfig(handlers=[handler], force=True)
