"""The alerts of Prometheus, by series of each: the minute of the first alert, and none before."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from support.paths import ROOT

ALERTS = ROOT / "deploy" / "monitoring" / "alerts.yml"
DAY_S = 86_400
NEVER = -1


class Case(NamedTuple):
    """Values of series from the minute 0 on, one a minute, and the minute of the first alert."""

    series: Mapping[str, str]
    fires: int


def one(name: str, values: str, fires: int) -> Case:
    return Case({name: values}, fires)


CASES: Mapping[str, tuple[Case, ...]] = {
    "TearlineExchangeAbsent": (one("tearline_ready", "1x2 stale", 8),),
    "TearlineExchangeDown": (
        # One of two processes ends: `absent` sees the other.
        Case(
            {
                'tearline_ready{instance="a"}': "1x2 stale",
                'tearline_ready{instance="b"}': "1x30",
                'up{instance="a"}': "1x2 0x30",
                'up{instance="b"}': "1x30",
                'up{instance="another program"}': "0x30",
            },
            8,
        ),
    ),
    "TearlineExchangeNotReady": (
        one("tearline_ready", "1x2 0x9", 5),
        one("tearline_ready", "1x2 0x1 1x9", NEVER),
    ),
    "TearlineExchangeClockWrong": (one("tearline_time_right", "1x2 0x9", 4),),
    "TearlineExchangeDiskLow": (one("tearline_disk_low", "0x2 1x9", 3),),
    "TearlineExchangeCheckpointOld": (
        Case({"tearline_checkpoint_timestamp_seconds": "0x9", "tearline_subscriptions": "3x9"}, 4),
        Case(
            {"tearline_checkpoint_timestamp_seconds": "0x9", "tearline_subscriptions": "0x9"}, NEVER
        ),
    ),
    "TearlineExchangeNotCosigned": (
        Case(
            {"tearline_log_covered_entries": "0+9x30", "tearline_log_cosigned_entries": "5x30"}, 10
        ),
        Case(
            {"tearline_log_covered_entries": "0+9x30", "tearline_log_cosigned_entries": "0+1x30"},
            NEVER,
        ),
        Case(
            {"tearline_log_covered_entries": "9x30", "tearline_log_cosigned_entries": "5x30"}, NEVER
        ),
    ),
    "TearlineExchangeCosignerBehind": (
        one('tearline_cosigner_behind_entries{cosigner="mx"}', "0x2 4x20", 13),
    ),
    "TearlineExchangeNoStandby": (one("tearline_standbys", "1x2 0x9", 3),),
    "TearlineExchangeCommitStuck": (one("tearline_commit_under_way_seconds", "0x2 6x9", 3),),
    "TearlineExchangeCommitsFail": (one("tearline_commits_failed_total", "0x3 1x9", 4),),
    "TearlineExchangeSlow": (
        Case(
            {
                'tearline_submission_seconds_bucket{le="1.0"}': "0+1x30",
                'tearline_submission_seconds_bucket{le="2.5"}': "0+100x30",
                'tearline_submission_seconds_bucket{le="+Inf"}': "0+100x30",
            },
            16,
        ),
        Case(
            {
                'tearline_submission_seconds_bucket{le="1.0"}': "0+100x30",
                'tearline_submission_seconds_bucket{le="+Inf"}': "0+100x30",
            },
            NEVER,
        ),
    ),
    "TearlineExchangeUnread": (one("tearline_unread_publications", "0x2 5x20", 13),),
    "TearlineExchangeDatabaseUnheard": (one("tearline_unheard_seconds", "0x2 6x9", 3),),
    "TearlineExchangeJobFails": (
        one('tearline_jobs_failed_total{name="retention"}', "0x3 1x9", 4),
    ),
    "TearlineExchangeCertificateEnds": (
        one("tearline_certificate_end_timestamp_seconds", f"{5 * DAY_S + 600}x90", 71),
    ),
    "TearlineExchangeAuthoritySkipped": (one("tearline_authorities_skipped", "0x2 1x9", 3),),
    "TearlineExchangeAuthorityEnds": (
        one("tearline_authority_end_timestamp_seconds", f"{365 * DAY_S + 600}x1500", 1451),
    ),
    "TearlineNodeAbsent": (one("tearline_node_ready", "1x2 stale", 8),),
    "TearlineNodeDown": (
        # One of two processes ends: `absent` sees the other.
        Case(
            {
                'tearline_node_ready{instance="a"}': "1x2 stale",
                'tearline_node_ready{instance="b"}': "1x30",
                'up{instance="a"}': "1x2 0x30",
                'up{instance="b"}': "1x30",
                'up{instance="another program"}': "0x30",
            },
            8,
        ),
    ),
    "TearlineNodeNotReady": (one("tearline_node_ready", "1x2 0x30", 18),),
    "TearlineNodeOutOfTouch": (one("tearline_node_contact_timestamp_seconds", "0x9", 7),),
    "TearlineNodeRoundsFailByDisk": (
        one('tearline_node_rounds_failed_total{code="TL-STO-002"}', "0x3 1x9", 4),
        one('tearline_node_rounds_failed_total{code="TL-TLS-001"}', "0x3 1x9", NEVER),
    ),
    "TearlineNodeDiskLow": (one("tearline_node_disk_free_bytes", "2000000000x2 900000000x9", 8),),
    "TearlineNodeSendingStopped": (one("tearline_node_sending_stopped", "0x2 1x9", 3),),
    "TearlineNodeMembershipEnded": (one("tearline_node_membership_ended", "0x2 1x9", 3),),
    "TearlineNodeLogOld": (one("tearline_node_log_checkpoint_timestamp_seconds", "0x9", 7),),
    "TearlineNodeNotCosigned": (one("tearline_node_partner_cosigned_timestamp_seconds", "0x9", 7),),
    "TearlineNodeOutboxWaits": (one("tearline_node_outbox_oldest_timestamp_seconds", "0x20", 11),),
    "TearlineNodeOutboxFaults": (
        one('tearline_node_outbox_faults{code="TL-AGR-001"}', "0x2 1x90", 63),
    ),
    "TearlineNodeInboxBehind": (one("tearline_node_inbox_behind_timestamp_seconds", "0x20", 11),),
    "TearlineNodeGap": (one("tearline_node_inbox_behind_gap", "0x2 1x30", 18),),
    "TearlineNodeUncosignedPackets": (one("tearline_node_inbox_uncosigned", "0x2 1x90", 63),),
    "TearlineNodePutAside": (
        one('tearline_node_put_aside{code="TL-LOG-001"}', "1x70 2x9", 71),
        # The first one of a code begins a series, which has no value before.
        one('tearline_node_put_aside{code="TL-LOG-001"}', "_x65 1x9", 65),
    ),
    "TearlineNodeOverQuota": (one("tearline_node_over_quota", "0x2 1x9", 3),),
    "TearlineNodeRecallsOverdue": (one("tearline_node_recalls_overdue", "0x2 1x9", 3),),
    "TearlineNodeAnswersOverdue": (
        one('tearline_node_requests_overdue{side="holder"}', "0x2 1x9", 3),
        one('tearline_node_requests_overdue{side="asker"}', "0x2 1x9", NEVER),
    ),
    "TearlineNodeKeptTooLong": (one("tearline_node_kept_too_long_entries", "0x2 1x1500", 1443),),
    "TearlineNodeAuditBehind": (one("tearline_node_audit_backlog_timestamp_seconds", "0x30", 21),),
    "TearlineNodeSigningKeyEnds": (
        one('tearline_node_key_end_timestamp_seconds{use="sign"}', f"{30 * DAY_S + 600}x90", 71),
    ),
    "TearlineNodeEncryptionKeyEnds": (
        one('tearline_node_key_end_timestamp_seconds{use="kem"}', f"{DAY_S + 600}x90", 71),
    ),
    "TearlineNodeCertificateEnds": (
        one("tearline_node_certificate_end_timestamp_seconds", f"{2 * DAY_S + 600}x90", 71),
    ),
}


with_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed"
)


def test_every_alert_has_a_case() -> None:
    assert re.findall(r"- alert: (\w+)", ALERTS.read_text("utf-8")) == [*CASES]


@with_promtool
def test_the_configuration_of_the_page_is_one(tmp_path: Path) -> None:
    page = (ROOT / "deploy" / "README.md").read_text("utf-8")
    (config,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    assert config.count("/etc/prometheus/tearline/alerts.yml") == 1
    written = tmp_path / "prometheus.yml"
    written.write_text(config.replace("/etc/prometheus/tearline/alerts.yml", str(ALERTS)))
    promtool("check", "config", str(written))


@with_promtool
def test_each_alert_fires_in_its_minute_and_not_before(tmp_path: Path) -> None:
    tests = [unit_test(alert, case) for alert, cases in CASES.items() for case in cases]
    rules = {"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": tests}
    written = tmp_path / "alerts.test.yml"
    written.write_text(json.dumps(rules), encoding="utf-8")  # JSON is YAML, too
    promtool("test", "rules", str(written))


def promtool(*arguments: str) -> None:
    """Runs promtool, which must succeed."""
    command = ["promtool", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def unit_test(alert: str, case: Case) -> dict[str, object]:
    """Returns a unit test of promtool: the number of firing alerts in the minutes that matter."""
    firing = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    last = 30 if case.fires == NEVER else case.fires
    at = {last: int(case.fires != NEVER), last - 1: 0}
    return {
        "name": alert,
        "interval": "1m",
        "input_series": [{"series": name, "values": text} for name, text in case.series.items()],
        "promql_expr_test": [
            {"expr": firing, "eval_time": f"{minute}m", "exp_samples": [{"value": count}]}
            for minute, count in at.items()
        ],
    }
