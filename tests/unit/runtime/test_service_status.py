"""Status of a running service: answers of every sort are checks, and never a traceback."""

import os
import socket
from pathlib import Path

import pytest

from tearline_runtime.service_status import (
    Check,
    Health,
    Samples,
    age_text,
    backup_check,
    end_check,
    is_healthy,
    note_backup,
    read_samples,
)
from unit.runtime.metrics_port import answering

NOW_S = 1_800_000_000.0
TEXT = b"""# TYPE t_ready gauge
t_ready 1.0
# TYPE t_faults counter
t_faults_total{code="a"} 2.0
t_faults_total{code="b"} 3.0
"""


def test_samples_are_read_by_name_and_label() -> None:
    with answering(TEXT) as address:
        samples = read_samples(address, "t_")
    assert isinstance(samples, Samples)
    assert (samples.value("ready"), samples.value("gone")) == (1.0, None)
    assert samples.count("faults_total") == 5
    assert samples.by_label("faults_total") == {"a": 2.0, "b": 3.0}


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 503), (b"t_ready {{{ 1", 200), (b"\xff", 200), (b"t_ready x", 200)],
)
def test_another_answer_is_a_failed_check(content: bytes, status: int) -> None:
    with answering(content, status) as address:
        found = read_samples(address, "t_")
    assert isinstance(found, Check)
    assert (found.name, found.health) == ("service", Health.FAILED)
    assert address in found.state


def test_no_answer_is_a_failed_check() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    found = read_samples(address, "t_")
    assert isinstance(found, Check)
    assert "no answer on" in found.state
    assert not is_healthy([found])


@pytest.mark.parametrize(
    ("left_s", "health", "state"),
    [
        (90 * 86_400, Health.OK, "ends in 90 days"),
        (3_600, Health.ATTENTION, "ends in 1 hour"),
        (-120, Health.FAILED, "ended 2 minutes ago"),
    ],
)
def test_a_key_is_judged_by_its_end(left_s: float, health: Health, state: str) -> None:
    check = end_check("key", NOW_S + left_s, NOW_S, due_s=86_400)
    assert check == Check(name="key", health=health, state=state)


def test_a_key_without_an_end_is_no_check() -> None:
    assert end_check("key", None, NOW_S, due_s=1) is None


def test_a_backup_is_due_a_week_after_the_last_one(tmp_path: Path) -> None:
    assert backup_check(tmp_path, NOW_S).health is Health.ATTENTION
    note_backup(tmp_path)
    (stamp,) = tmp_path.iterdir()
    for age_s, health in ((60, Health.OK), (8 * 86_400, Health.ATTENTION)):
        os.utime(stamp, (NOW_S - age_s, NOW_S - age_s))
        check = backup_check(tmp_path, NOW_S)
        assert (check.health, check.state) == (health, f"made {age_text(age_s)} ago")


def test_attention_is_no_failure() -> None:
    calm = Check(name="mail", health=Health.ATTENTION, state="some")
    assert is_healthy([calm])
    assert not is_healthy([calm, Check(name="store", health=Health.FAILED, state="none")])
