"""The rules and the dashboard for Prometheus: each query has data of a real exchange and node."""

import json
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from integration.test_daemon import asked, at_work
from support.federation import Federation, Running, copied, free_port
from support.paths import ROOT

pytestmark = [
    pytest.mark.integration,
    pytest.mark.thorough(
        twin="tests/unit/test_alert_rules.py::test_the_configuration_of_the_page_is_one"
    ),
]

FOLDER = ROOT / "deploy" / "monitoring"
ALERTS, DASHBOARD = FOLDER / "alerts.yml", FOLDER / "dashboard.json"
_EXPR = re.compile(r"^        expr: '(.*)'$", re.MULTILINE)
_METRIC = re.compile(r"\b(?:tearline|process)_[a-z_]+\b")
_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")
_WAIT_S = 60
OF_FAULTS = {
    "tearline_node_outbox_faults",
    "tearline_node_put_aside",
    "sum by (code) (rate(tearline_statements_total[5m])) > 0",
    "sum by (code) (rate(tearline_calls_total[5m])) > 0",
    "sum by (code) (increase(tearline_node_rounds_failed_total[1h])) > 0",
    "increase(tearline_jobs_failed_total[1h]) > 0",
}
"""Queries without a series at a healthy node that sends nothing."""
OF_RECEIVERS = {
    "tearline_node_audit_backlog_entries",
    "time() - tearline_node_audit_backlog_timestamp_seconds",
}
"""Queries without a series at a node that sends its access log to no receiver."""


def alert_queries() -> list[str]:
    """Returns the expressions of all rules."""
    return [each.replace("''", "'") for each in _EXPR.findall(ALERTS.read_text("utf-8"))]


def panel_queries() -> list[str]:
    """Returns the expressions of all panels."""
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


@contextmanager
def scraped(tmp_path: Path) -> Iterator[tuple[Federation, Running, int, int]]:
    """Runs an exchange and a node, each with its port of metrics."""
    federation = copied(tmp_path)
    exchange, node = free_port(), free_port()
    with (federation.operator.home / "exchange.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'metrics = "127.0.0.1:{exchange}"\n')
    federation.us.variables["TEARLINE_METRICS"] = f"127.0.0.1:{node}"
    serving = federation.operator.serve()
    try:
        with at_work(federation.us) as daemon:
            daemon.await_(lambda: f"on port {node}" in daemon.said, "the port was open")
            daemon.await_(lambda: asked(node, "/readyz")[0] == 200, "it was ready")
            yield federation, daemon, exchange, node
    finally:
        serving.terminate()


def families(text: str) -> set[str]:
    """Returns the names of all metrics in a scrape, of those without a value, too."""
    found = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
    return {*found, *(f"{each}_total" for each in found)}


def test_each_query_names_metrics_that_are_scraped(tmp_path: Path) -> None:
    queries = [*alert_queries(), *panel_queries()]
    assert len(alert_queries()) == ALERTS.read_text("utf-8").count("- alert: ")
    assert len(queries) > 60
    with scraped(tmp_path) as (_, _, exchange, node):
        known = families(asked(exchange, "/metrics")[1]) | families(asked(node, "/metrics")[1])
    named = {_HISTOGRAM.sub("", each) for query in queries for each in _METRIC.findall(query)}
    assert named - known == set()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_accepts_the_rules() -> None:
    checked = subprocess.run(
        ["promtool", "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="prometheus is not installed")
def test_prometheus_answers_each_query_of_a_scrape(tmp_path: Path) -> None:
    with (
        scraped(tmp_path / "federation") as (_, _, exchange, node),
        prometheus(tmp_path, exchange, node) as port,
    ):
        for query in alert_queries():
            ask(port, query)  # an alert of a healthy federation has no series
        firing = {each["metric"]["alertname"] for each in ask(port, 'ALERTS{alertstate="firing"}')}
        # Of this federation, one node runs, so that no partner cosigns.
        assert firing <= {"TearlineNodeNotCosigned"}
        without = [query for query in panel_queries() if not ask(port, query)]
    assert {*without} <= OF_FAULTS | OF_RECEIVERS


def test_a_panel_by_code_draws_no_line_of_zeros() -> None:
    """A series of each code exists from the start: over a hundred would fill the legend."""
    by_code = [query for query in panel_queries() if "by (code)" in query or "_jobs_" in query]
    assert len(by_code) == 5
    assert [
        query for query in by_code if not query.endswith(" > 0") and "waiting" not in query
    ] == []


@contextmanager
def prometheus(folder: Path, exchange: int, node: int) -> Iterator[int]:
    """Runs Prometheus with the rules over two ports; yields its port once both were scraped."""
    port, config = free_port(), folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
        f"rule_files: [{ALERTS}]\n"
        "scrape_configs:\n"
        "  - job_name: tearline\n"
        "    static_configs:\n"
        f"      - targets: ['127.0.0.1:{exchange}', '127.0.0.1:{node}']\n"
    )
    process = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'series'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + _WAIT_S
        while len(_up(port)) < 2:
            assert time.monotonic() < end, "Prometheus did not scrape"
            time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _up(port: int) -> list[Any]:
    try:
        return ask(port, "count_over_time(up[30s]) >= 3 and up == 1")
    except OSError:
        return []


def ask(port: int, query: str) -> list[Any]:
    """Returns the series of a query's answer."""
    address = f"http://127.0.0.1:{port}/api/v1/query?query={quote(query)}"
    with urllib.request.urlopen(address, timeout=20) as reply:
        answer = json.loads(reply.read())
    assert answer["status"] == "success", query
    found: list[Any] = answer["data"]["result"]
    return found
