"""Every test of a command may run it at a desk; every row that it prints fits the reference."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import click
import pytest

import tearline_client.cli.context
from support.cli import desk, quick, rested
from tearline_client.rendering.output import Row
from unit.client.cli.documented import compared

__all__ = ["desk", "documented", "quick", "rested"]


@pytest.fixture(autouse=True, scope="session")
def utc() -> Iterator[None]:
    """Runs commands as on a machine in UTC."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compares every row that a command prints, in whatever format."""
    emit = tearline_client.cli.context.emit

    def emit_compared(rows: Iterable[Row], *args: Any, **options: Any) -> None:
        words = click.get_current_context().command_path.partition(" ")[2]
        emit(compared(rows, words), *args, **options)

    monkeypatch.setattr(tearline_client.cli.context, "emit", emit_compared)
