"""Connections without a call are counted once, and those with one are not."""

import pytest

from tearline_server.admission import connections
from tearline_server.admission.connections import Connections


def begun(count: Connections, times: int) -> Connections:
    for _ in range(times):
        count.begin()
    return count


def test_a_connection_that_stays_silent_is_told_once() -> None:
    count = begun(Connections(), 3)
    count.call("ipv4:192.0.2.1:1")
    assert [count.flush() for _ in range(3)] == [0, 2, 0]  # the first has had no time to call


def test_a_connection_that_calls_is_not_told_however_often_it_calls() -> None:
    count = begun(Connections(), 3)
    for peer in ("ipv4:192.0.2.1:1", "ipv4:192.0.2.1:2", "ipv4:192.0.2.1:1"):
        count.call(peer)
    assert [count.flush() for _ in range(3)] == [0, 1, 0]


def test_a_connection_that_calls_late_stands_for_no_other_twice() -> None:
    count = begun(Connections(), 2)
    assert [count.flush(), count.flush()] == [0, 2]
    count.call("ipv4:192.0.2.1:1")  # it was told too early: one that is silent makes up for it
    begun(count, 2)
    assert [count.flush() for _ in range(3)] == [0, 1, 0]


def test_so_many_connections_are_known_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 2)
    count = Connections()
    for port in range(5):
        count.call(f"ipv4:192.0.2.1:{port}")
    assert [*count._peers] == ["ipv4:192.0.2.1:3", "ipv4:192.0.2.1:4"]
