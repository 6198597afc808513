"""``tearline status``: a running node is healthy, or a row says what is not."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from attacks.conftest import memory, quick, template, world
from support.light_node import admitted, light
from support.simulation import Simulation
from tearline_client.cli import command
from tearline_client.log.membership import EndCause, MembershipEnd
from tearline_client.service.metrics import Metrics, Snapshot
from tearline_runtime.service_status import note_backup
from unit.client.service.test_metrics import STATUS, VITALS
from unit.runtime.metrics_port import answering

__all__ = ["memory", "quick", "template", "world"]

CALM = replace(
    STATUS,
    waiting_since_ms=None,
    quarantined=(),
    over_quota={},
    behind_since_ms=None,
    behind_items=0,
)


def vitals(**changes: object) -> Snapshot:
    now_s = int(time.time())
    status = replace(CALM, certificate_end_ms=(now_s + 5 * 86_400) * 1000)
    calm = replace(
        VITALS,
        status=replace(status, **changes.pop("status", {})),
        reached_ms=now_s * 1000,
        checkpoint_s=now_s,
        partner_cosigned_s=now_s,
        for_second=0,
        recalls_open=0,
        recalls_overdue=0,
        requests_overdue={},
    )
    return replace(calm, **changes)


def status_of(home: Path, content: bytes, *, status: int = 200) -> tuple[int, dict]:
    with answering(content, status) as address:
        result = CliRunner().invoke(
            command,
            ["--home", str(home), "-o", "jsonl", "status"],
            env={"TEARLINE_METRICS": address, "HOME": str(home)},
        )
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return result.exit_code, {row["check"]: (row["health"], row["state"]) for row in rows}


END = MembershipEnd(cause=EndCause.REMOVED, entry=40, time_ms=1_000)


def test_a_healthy_node_has_status_0_and_names_each_check(tmp_path: Path) -> None:
    note_backup(tmp_path)
    code, checks = status_of(tmp_path, Metrics().text(vitals()))
    assert code == 0
    assert {*checks} == {
        *("service", "exchange", "sending", "kind", "log", "members", "outbox", "inbox"),
        *("certificate", "disk", "backup"),
    }
    assert {health for health, _ in checks.values()} == {"ok"}
    assert checks["kind"][1] == "full: reads and verifies every entry of the log"


def test_a_light_node_tells_how_far_it_follows(tmp_path: Path) -> None:
    told = Metrics().text(vitals(status={"is_light": True, "followed": 3}))
    _, checks = status_of(tmp_path, told)
    assert checks["kind"][1] == "light: relies on the counted cosigners; agencies followed: 3"
    assert checks["log"][1].startswith("newest turn at 40 entries, ")


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"ready": False}, "exchange"),
        ({"status": {"stopped": True}}, "sending"),
        ({"status": {"membership_end": END}}, "membership"),
        ({"status": {"certificate_end_ms": 1_000}}, "certificate"),
    ],
)
def test_a_fault_has_status_1_and_its_row(tmp_path: Path, changes: dict, check: str) -> None:
    code, checks = status_of(tmp_path, Metrics().text(vitals(**changes)))
    assert (code, checks[check][0]) == (1, "failed")


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"partner_cosigned_s": 0}, "members"),
        ({"partner_cosigned_s": 1_000}, "members"),
        ({"checkpoint_s": 1_000}, "log"),
        ({"for_second": 2}, "to do"),
        ({"status": {"waiting_since_ms": 1_000}}, "outbox"),
        ({"status": {"behind_items": 3}}, "inbox"),
        ({}, "backup"),
    ],
)
def test_attention_is_told_and_healthy(tmp_path: Path, changes: dict, check: str) -> None:
    code, checks = status_of(tmp_path, Metrics().text(vitals(**changes)))
    assert (code, checks[check][0]) == (0, "attention")


def test_a_node_that_does_not_answer_has_status_3(tmp_path: Path) -> None:
    code, checks = status_of(tmp_path, b"", status=500)
    assert (code, [*checks]) == (3, ["service"])


def test_without_a_metrics_port_the_setting_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--home", str(tmp_path), "status"])
    assert "metrics is not set" in str(result.exception) + result.output


async def test_a_node_that_has_not_read_the_log_has_a_status(world: Simulation) -> None:
    async with light(world, await admitted(world)) as jp:
        status = jp.node.status()
    assert (status.log_size, status.keys, status.counted_size) == (0, (), 0)
    assert status.quorum == (3, 3)
