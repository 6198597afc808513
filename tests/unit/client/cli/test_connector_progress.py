"""Every connector shows progress on a terminal, and none in a pipe."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import click.testing
import pytest

from support.cli import Desk
from tearline_client.connectors.contract import Exporter
from tearline_client.connectors.registry import EXPORTERS, load, offers
from tearline_runtime import progress
from unit.client.connectors.importers.sources import SOURCES

ORDER = (
    *("--to", "mx-prosecutor", "--agreement", "narcotics-2026"),
    *("--article", "money-laundering", "--purpose", "criminal-investigation"),
)
EXPORTERS_HERE = [name for name, offer in offers(EXPORTERS).items() if offer.is_built_in]
Stages = dict[str, int]
"""Steps of each stage that was drawn."""


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Stages:
    """The stages that a terminal would show, whatever time they take."""
    found: Stages = {}

    class Line:
        def __init__(
            self, label: str, total: int | None, write: Callable[[str], None] | None
        ) -> None:
            self._label, self._is_drawn = label, write is not None

        def __enter__(self) -> Self:
            if self._is_drawn:
                found.setdefault(self._label, 0)
            return self

        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> None:
            pass

        def advance(self, steps: int) -> None:
            if self._is_drawn:
                found[self._label] += steps

    monkeypatch.setattr(progress, "ProgressLine", Line)
    return found


@pytest.fixture(params=[True, False], ids=["terminal", "pipe"])
def is_terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether standard error is a terminal."""

    def isatty(stream: Any) -> bool:
        return bool(request.param) and stream.name == "<stderr>"

    monkeypatch.setattr(click.testing._NamedTextIOWrapper, "isatty", isatty, raising=False)
    return bool(request.param)


@pytest.mark.parametrize("kind", SOURCES)
def test_every_import_shows_how_far_it_is(
    desk: Desk, tmp_path: Path, drawn: Stages, kind: str, *, is_terminal: bool
) -> None:
    words = SOURCES[kind].command(tmp_path, ["1", "2"])
    done = desk.run("import", *words, "--dry-run", *ORDER)
    assert done.exit_code == 0, done.output
    if not is_terminal:
        assert not drawn
        return
    assert list(drawn) == ["Reading", "Receiving from the exchange", "Planning packets"]
    assert drawn["Planning packets"] == 2


@pytest.mark.parametrize("kind", EXPORTERS_HERE)
def test_every_export_shows_how_far_it_is(
    desk: Desk, tmp_path: Path, drawn: Stages, kind: str, *, is_terminal: bool
) -> None:
    target = tmp_path / f"exported{load(offers(EXPORTERS)[kind], Exporter).value.suffix}"
    done = desk.run("export", kind, desk.packet[:12], "--output-file", target)
    assert done.exit_code == 0, done.output
    if not is_terminal:
        assert not drawn
        return
    assert drawn["Reading packets"] == 1
    # An archive writes the head of a member again once its size is known.
    assert drawn["Writing bytes"] >= target.stat().st_size
