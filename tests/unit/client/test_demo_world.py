"""The demo's processes: how long one may take to start, and what is said of one that does not."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tearline.errors import ExchangeUnreachable
from tearline_client.demo import world

_SLOW = 1_500  # looks at the port of a process that starts on a busy machine


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ports that were looked at; each answers after many looks."""
    seen: list[int] = []

    def accepts(host: str, port: int) -> bool:
        seen.append(port)
        return len(seen) > _SLOW

    monkeypatch.setattr(world, "_accepts", accepts)
    monkeypatch.setattr(world.time, "sleep", lambda seconds: None)
    return seen


def test_a_process_may_start_slowly(looks: list[int]) -> None:
    process = SimpleNamespace(poll=lambda: None)
    world._await_port(process, "127.0.0.1", 1, Path("log"))  # type: ignore[arg-type]
    assert len(looks) == _SLOW + 1


def test_a_process_that_ended_is_not_waited_for(looks: list[int]) -> None:
    process = SimpleNamespace(poll=lambda: 1)
    with pytest.raises(ExchangeUnreachable, match="it ended as it started; see log"):
        world._await_port(process, "127.0.0.1", 1, Path("log"))  # type: ignore[arg-type]
    assert len(looks) == 1
