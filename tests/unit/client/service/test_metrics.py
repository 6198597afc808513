"""Metrics of a node: every figure is where operations say it is, and stale ones are forgotten."""

import re
from dataclasses import replace

from support.paths import ROOT
from tearline.errors import ExchangeUnreachable, StoreFull
from tearline.requests.step import Side
from tearline_client.loop_health import LATELY_MS, LoopHealth
from tearline_client.service.metrics import Metrics, Snapshot
from tearline_client.status import NodeStatus
from tearline_client.store.inbox import Quarantined
from tearline_client.store.outbox import OutboxState

NOW_MS = 1_800_000_000_000

STATUS = NodeStatus(
    uri="spiffe://justice.us.example/node/liaison",
    log_size=40,
    outbox={OutboxState.SEALED: 2, OutboxState.ACCEPTED: 7},
    waiting_since_ms=NOW_MS - 5_000,
    faults={"TL-REQ-003": 2},
    channels=(),
    quarantined=tuple(
        Quarantined(id=number, time_ms=NOW_MS, code=code, why="of agency so-and-so")
        for number, code in enumerate(("TL-CHN-001", "TL-CHN-001", "TL-LOG-033"))
    ),
    over_quota={"spiffe://police.cn.example": 5},
    keys=(),
    membership_end=None,
    certificate_end_ms=NOW_MS + 7_000,
    stopped=False,
    behind_since_ms=NOW_MS - 9_000,
    behind_items=11,
)
VITALS = Snapshot(
    ready=True,
    reached_ms=NOW_MS - 1_000,
    jobs={"notices": 12},
    free_bytes=123,
    failed={},
    status=STATUS,
    checkpoint_s=NOW_MS // 1000 - 30,
    cosigned=39,
    partner_cosigned_s=NOW_MS // 1000 - 60,
    ahead_of_cosignature=3,
    for_second=4,
    recalls_open=5,
    recalls_overdue=6,
    requests_overdue={Side.HOLDER: 8},
    kept_too_long=9,
    audit_backlog=10,
    audit_since_ms=NOW_MS - 11_000,
)


def figures(text: bytes) -> dict[str, float]:
    """What a text says of the node: each series by its name and labels."""
    lines = (line for line in text.decode().splitlines() if line.startswith("tearline_node_"))
    pairs = (line.rpartition(" ") for line in lines)
    return {name.removeprefix("tearline_node_"): float(value) for name, _, value in pairs}


def test_every_figure_is_told() -> None:
    told = figures(Metrics().text(VITALS))
    failed = {name for name in told if name.startswith("rounds_failed_")}
    versions = {name for name in told if name.startswith("build_info{")}
    assert {name: told[name] for name in {*told} - failed - versions} == {
        "inbox_behind_timestamp_seconds": NOW_MS / 1000 - 9,
        "disk_free_bytes": 123,
        "ready": 1,
        "contact_timestamp_seconds": NOW_MS / 1000 - 1,
        "light": 0,
        "followed_agencies": 0,
        "log_entries": 40,
        "log_checkpoint_timestamp_seconds": NOW_MS / 1000 - 30,
        "log_cosigned_entries": 39,
        "partner_cosigned_timestamp_seconds": NOW_MS / 1000 - 60,
        "sending_stopped": 0,
        "membership_ended": 0,
        'outbox_items{state="sealed"}': 2,
        'outbox_items{state="unknown"}': 0,
        'outbox_items{state="accepted"}': 7,
        'outbox_items{state="refused"}': 0,
        "outbox_oldest_timestamp_seconds": NOW_MS / 1000 - 5,
        'outbox_faults{code="TL-REQ-003"}': 2,
        "inbox_behind_gap": 0,
        "inbox_uncosigned": 3,
        "inbox_behind_items": 11,
        'jobs_waiting{name="notices"}': 12,
        'put_aside{code="TL-CHN-001"}': 2,
        'put_aside{code="TL-LOG-033"}': 1,
        "decisions_waiting": 4,
        "recalls_waiting": 5,
        "recalls_overdue": 6,
        "over_quota": 5,
        'requests_overdue{side="asker"}': 0,
        'requests_overdue{side="holder"}': 8,
        "kept_too_long_entries": 9,
        "audit_backlog_entries": 10,
        "audit_backlog_timestamp_seconds": NOW_MS / 1000 - 11,
        "certificate_end_timestamp_seconds": NOW_MS / 1000 + 7,
    }


def test_what_has_no_value_is_not_told() -> None:
    nothing = replace(
        VITALS,
        reached_ms=0,
        checkpoint_s=0,
        partner_cosigned_s=0,
        audit_backlog=None,
        audit_since_ms=0,
        status=replace(STATUS, waiting_since_ms=None, behind_since_ms=None),
    )
    metrics = Metrics()
    gone = {*figures(metrics.text(VITALS))} - {*figures(metrics.text(nothing))}
    assert gone == {
        "contact_timestamp_seconds",
        "inbox_behind_timestamp_seconds",
        "log_checkpoint_timestamp_seconds",
        "partner_cosigned_timestamp_seconds",
        "outbox_oldest_timestamp_seconds",
        "audit_backlog_entries",
        "audit_backlog_timestamp_seconds",
    }


def test_the_first_failure_of_a_kind_is_a_growth() -> None:
    series = 'rounds_failed_total{code="%s"}'
    said = figures(Metrics().text(VITALS))
    for error in (StoreFull, ExchangeUnreachable):
        assert said[series % error.code] == 0


def test_what_is_settled_is_not_told_any_more() -> None:
    metrics = Metrics()
    metrics.text(VITALS)
    settled = replace(STATUS, outbox={}, waiting_since_ms=None, faults={}, quarantined=())
    said = figures(metrics.text(replace(VITALS, status=settled)))
    assert said['outbox_items{state="sealed"}'] == 0
    assert "outbox_oldest_timestamp_seconds" not in said
    assert not [name for name in said if name.startswith(("outbox_faults", "put_aside"))]


def test_rounds_that_failed_are_counted_once() -> None:
    metrics, pulse = Metrics(), LoopHealth()
    series = f'rounds_failed_total{{code="{StoreFull.code}"}}'
    pulse.missed(StoreFull.code)
    for _ in range(2):
        said = figures(metrics.text(replace(VITALS, failed=pulse.failed)))
        assert said[series] == 1
    pulse.missed(StoreFull.code)
    pulse.reached(NOW_MS)
    assert figures(metrics.text(replace(VITALS, failed=pulse.failed)))[series] == 2


def test_the_first_round_is_news_and_so_is_the_first_after_one_that_failed() -> None:
    pulse = LoopHealth()
    assert [pulse.reached(NOW_MS), pulse.reached(NOW_MS)] == [True, False]
    pulse.missed(ExchangeUnreachable.code)
    assert [pulse.reached(NOW_MS), pulse.reached(NOW_MS)] == [True, False]


def test_a_node_is_well_for_a_while_after_a_round_and_until_one_fails() -> None:
    pulse = LoopHealth()
    assert not pulse.is_well(NOW_MS)
    pulse.reached(NOW_MS)
    assert pulse.is_well(NOW_MS + LATELY_MS)
    assert not pulse.is_well(NOW_MS + LATELY_MS + 1)
    assert not pulse.is_well(NOW_MS - LATELY_MS - 1)  # by a clock that was ahead
    pulse.missed(ExchangeUnreachable.code)
    assert not pulse.is_well(NOW_MS)
    pulse.reached(NOW_MS)
    assert pulse.is_well(NOW_MS)


def test_operations_tell_of_every_metric_and_of_no_other() -> None:
    page = (ROOT / "docs" / "reference" / "node.md").read_text()
    table = page.partition("## Metrics of a node")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    text = Metrics().text(VITALS).decode()
    there = set(re.findall(r"^# TYPE tearline_node_(\w+)", text, re.MULTILINE))
    assert told == {name for name in there if not name.endswith("_created")}
