"""``tearline-server status``: a running exchange is healthy, or a line says what is not."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from tearline_runtime.service_status import note_backup
from tearline_server.cli import cli
from tearline_server.observability.metrics import Metrics, Snapshot
from tearline_server.storage.reads import Backlog
from unit.runtime.metrics_port import answering

SNAPSHOT = Snapshot(
    ready=True,
    disk_low=False,
    time_right=True,
    free_bytes=5 << 30,
    queued_statements=2,
    queued_bytes=900,
    questions=0,
    backlog=Backlog(statements=7, bytes=700, most_statements=7, most_bytes=700),
    unheard_s=None,
    under_way_s=0.0,
    entries=40,
    covered=40,
    cosigned=39,
    cosigners_behind={"spiffe://justice.us.example/node/liaison": 1},
    standbys=None,
    signed_ms=0,
    lags=(),
)


def home_with(tmp_path: Path, *lines: str) -> Path:
    settings = ['name = "exchange.example"', 'dns = "exchange.example"', 'address = "[::1]:8443"']
    (tmp_path / "exchange.toml").write_text("\n".join([*settings, *lines]) + "\n")
    return tmp_path


def asked(home: Path) -> tuple[int, dict]:
    result = CliRunner().invoke(cli, ["status", "--home", str(home), "--json"])
    return result.exit_code, json.loads(result.stdout)


def status_of(tmp_path: Path, snapshot: Snapshot, metrics: Metrics | None = None) -> tuple:
    with answering((metrics or Metrics()).text(snapshot)) as address:
        code, told = asked(home_with(tmp_path, f'metrics = "{address}"'))
    return (
        code,
        told["healthy"],
        {row["check"]: (row["health"], row["state"]) for row in told["checks"]},
    )


def test_a_healthy_exchange_has_status_0_and_names_each_check(tmp_path: Path) -> None:
    note_backup(tmp_path)
    metrics = Metrics()
    metrics.certified(int(time.time()) + 5 * 86_400 + 60)
    metrics.authority(int(time.time()) + 900 * 86_400)
    code, healthy, checks = status_of(tmp_path, SNAPSHOT, metrics)
    assert (code, healthy) == (0, True)
    assert [*checks] == [
        *("service", "store", "clock", "disk", "log", "member", "queue", "mail"),
        *("certificate", "authority", "backup"),
    ]
    assert {health for health, _ in checks.values()} == {"ok"}
    assert checks["log"][1] == "40 entries, 40 signed, 39 cosigned by an agency"
    assert checks["member"][1] == "spiffe://justice.us.example/node/liaison is 1 entries behind"
    assert checks["certificate"][1] == "ends in 5 days"


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        ({"ready": False}, "store", "cannot sign, append or read"),
        ({"time_right": False}, "clock", "in doubt"),
        ({"disk_low": True, "free_bytes": 1 << 20}, "disk", "packets are refused"),
        ({"standbys": 0}, "standbys", "no data is acknowledged"),
    ],
)
def test_a_fault_has_status_1_and_its_line(
    tmp_path: Path, change: dict, check: str, words: str
) -> None:
    code, healthy, checks = status_of(tmp_path, replace(SNAPSHOT, **change))
    assert (code, healthy, checks[check][0]) == (1, False, "failed")
    assert words in checks[check][1]


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"cosigners_behind": {"spiffe://justice.us.example/node/liaison": 900}}, "member"),
        ({"under_way_s": 12.0}, "queue"),
        ({}, "backup"),
    ],
)
def test_attention_is_told_and_healthy(tmp_path: Path, change: dict, check: str) -> None:
    code, healthy, checks = status_of(tmp_path, replace(SNAPSHOT, **change))
    assert (code, healthy, checks[check][0]) == (0, True, "attention")


def test_failed_jobs_and_batches_are_counted(tmp_path: Path) -> None:
    metrics = Metrics()
    metrics.failed()
    metrics.register_job("time")
    metrics.count_failed_job("time")
    _, _, checks = status_of(tmp_path, SNAPSHOT, metrics)
    assert checks["faults"] == ("attention", "1 runs of periodic jobs failed since the start")


def test_an_exchange_that_does_not_run_has_status_3(tmp_path: Path) -> None:
    with answering(b"") as address:
        pass
    code, told = asked(home_with(tmp_path, f'metrics = "{address}"'))
    assert (code, told["healthy"], len(told["checks"])) == (3, False, 1)


def test_without_a_metrics_port_the_setting_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["status", "--home", str(home_with(tmp_path))])
    assert "metrics is not set" in str(result.exception)


def test_init_opens_the_metrics_port_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEARLINE_PASSPHRASE", "correct horse battery staple")
    base = ["init", "--name", "exchange.example", "--address", "127.0.0.1:8443"]
    for given, expected in (
        (["--metrics"], 'metrics = "127.0.0.1:8481"'),
        (["--metrics", "127.0.0.1:9"], 'metrics = "127.0.0.1:9"'),
    ):
        home = tmp_path / expected[-4:-1]
        done = CliRunner().invoke(cli, [*base, *given, "--home", str(home)])
        assert done.exit_code == 0, done.output
        assert expected in (home / "exchange.toml").read_text().splitlines()
