"""Metrics: what operators watch, and that it names nobody."""

import asyncio
import platform
import re
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from support.agencies import CN, MX, NOW_MS, US, leaf_of, node_of
from support.exchange import World, address, codes
from support.http import status, told
from support.paths import ROOT
from tearline.errors import ExchangeBusy, StoreFull
from tearline.federation.members import KeyUse
from tearline.statements.channel import Void, VoidReason
from tearline.statements.statement import StatementType
from tearline.tlog.note import NoteSignature, parse_note
from tearline.wire.deliveries import START
from tearline.wire.grants import encode_void
from tearline.wire.publications import Publication, encode_publication
from tearline_runtime.grpc import methods
from tearline_server.admission.authentication import Caller
from tearline_server.app import Disk, every
from tearline_server.grpc.audit_service import AuditService
from tearline_server.grpc.blob_service import BlobService
from tearline_server.grpc.exchange_service import ExchangeService
from tearline_server.grpc.health_service import CHECK, HealthService
from tearline_server.grpc.interceptor import CallInterceptor
from tearline_server.grpc.light_service import LightService
from tearline_server.grpc.log_service import TrustService
from tearline_server.http.ports import measured
from tearline_server.observability.metrics import MEDIA_TYPE, Metrics, Snapshot
from tearline_server.storage.reads import NO_BACKLOG
from tearline_server.tlog.cosignatures import Cosignatures

NO_METHODS = {"AUTHORIZATION", "REFUSAL"}
LONG = {methods.PUBLISH_STREAM, methods.SUBSCRIBE, methods.SEARCH}
ASK = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


def figures(text: bytes) -> dict[str, float]:
    """What a text says: each series by its name and labels."""
    lines = (line for line in text.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def now(world: World) -> dict[str, float]:
    return figures(world.metrics.text(world.exchange.snapshot))


async def test_a_commit_is_counted_with_its_size_and_its_time(world: World) -> None:
    before = now(world)
    sealed = world.packet()
    assert codes(await world.send(sealed, world.grant(sealed))) == ["", ""]
    after = now(world)
    grown = {name: after[name] - before[name] for name in before}
    assert grown["tearline_commit_statements_count"] == 1
    assert grown["tearline_commit_statements_sum"] == 2
    assert grown["tearline_submission_seconds_count"] == 1
    assert 0 < grown["tearline_commit_seconds_sum"] <= grown["tearline_submission_seconds_sum"]
    assert grown["tearline_commit_disk_seconds_count"] == 1
    assert 0 < grown["tearline_commit_disk_seconds_sum"] < grown["tearline_commit_seconds_sum"]
    assert after["tearline_commit_under_way_seconds"] == 0
    assert grown["tearline_log_entries"] == 2
    assert after["tearline_log_covered_entries"] < after["tearline_log_entries"]
    await world.exchange.checkpoint()
    assert now(world)["tearline_log_covered_entries"] == after["tearline_log_entries"]
    assert now(world)["tearline_checkpoint_timestamp_seconds"] == NOW_MS / 1000


async def test_a_batch_that_cannot_be_written_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(ask: object, append: object, *, since: object) -> None:
        raise StoreFull

    monkeypatch.setattr(world.store, "commit", full)
    sealed = world.packet()
    with pytest.raises(StoreFull):
        await world.send(sealed, world.grant(sealed))
    assert now(world)["tearline_commits_failed_total"] == 1
    assert now(world)["tearline_ready"] == 0


async def test_it_is_ready_again_once_it_can_write_though_nobody_sends_anything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(ask: object, append: object, *, since: object) -> None:
        raise StoreFull

    before = now(world)["tearline_log_entries"]
    with monkeypatch.context() as patched:
        patched.setattr(world.store, "commit", full)
        sealed = world.packet()
        with pytest.raises(StoreFull):
            await world.send(sealed, world.grant(sealed))
        with pytest.raises(StoreFull):
            await world.exchange.recover()
        assert now(world)["tearline_ready"] == 0
    await world.exchange.recover()
    assert now(world)["tearline_ready"] == 1
    assert now(world)["tearline_log_entries"] == before


async def test_a_subscription_is_behind_by_what_it_has_not_read(world: World) -> None:
    assert now(world)["tearline_subscriptions"] == 0
    stream = world.exchange.subscribe(node_of(CN), START)
    await anext(stream)
    for _ in range(3):
        sealed = world.packet()
        await world.send(sealed, world.grant(sealed))
    said = now(world)
    assert (said["tearline_subscriptions"], said["tearline_mailbox_lag_items"]) == (1, 3)
    await stream.aclose()  # type: ignore[attr-defined]
    assert now(world)["tearline_subscriptions"] == 0


async def test_the_port_tells_the_metrics_and_nothing_else(world: World) -> None:
    sealed = world.packet()
    await world.send(sealed, world.grant(sealed))
    async with measured("127.0.0.1:0", world.exchange, world.metrics) as port:
        reply = await told(port, ASK)
        assert status(await told(port, ASK.replace(b"/metrics", b"/checkpoint"))) == 404
        assert status(await told(port, ASK.replace(b"GET", b"POST"))) == 405
    head, _, content = reply.partition(b"\r\n\r\n")
    assert (status(reply), b"no-store" in head) == (200, True)
    assert f"content-type: {MEDIA_TYPE}".encode() in head
    assert figures(content)["tearline_log_entries"] == now(world)["tearline_log_entries"]


async def test_metrics_name_nobody(world: World) -> None:
    sealed = world.packet()
    await world.send(sealed, world.grant(sealed))
    await world.read(CN)
    text = world.metrics.text(world.exchange.snapshot).decode()
    for agency in (US, CN, MX):
        assert agency.removeprefix("spiffe://") not in text
    assert not re.search(r"[0-9a-f]{32}", text)


def test_calls_are_counted_by_method_and_code() -> None:
    metrics = Metrics()
    metrics.ended("/x/Publish", "ok")
    metrics.ended("/x/Publish", ExchangeBusy.code)
    metrics.answered("/x/Publish", 0.03)
    with metrics.streaming("/x/Subscribe") as count:
        count()
        during = figures(metrics.text(VITALS))
    after = figures(metrics.text(VITALS))
    label = '{code="%s",method="/x/Publish"}'
    assert after["tearline_calls_total" + label % "ok"] == 1
    assert after["tearline_calls_total" + label % ExchangeBusy.code] == 1
    assert after['tearline_call_seconds_bucket{le="0.02",method="/x/Publish"}'] == 0
    assert after['tearline_call_seconds_bucket{le="0.05",method="/x/Publish"}'] == 1
    streams = 'tearline_streams{method="/x/Subscribe"}'
    assert (during[streams], after[streams]) == (1, 0)
    assert after['tearline_stream_messages_total{method="/x/Subscribe"}'] == 1


async def test_every_series_is_there_before_its_first_event(world: World) -> None:
    metrics = Metrics()
    guard = CallInterceptor(None, world.exchange, world.clock, metrics)  # type: ignore[arg-type]
    services = (
        ExchangeService(world.exchange),
        TrustService(world.exchange),
        LightService(world.exchange),
        BlobService(world.exchange),
        AuditService(world.exchange),
        HealthService(world.exchange),
    )
    for service in services:
        service.handlers(guard)
    job = asyncio.create_task(every(60, "erasures", world.exchange.recover, metrics))
    await asyncio.sleep(0)
    job.cancel()
    told = figures(metrics.text(VITALS))
    assert told['tearline_jobs_failed_total{name="erasures"}'] == 0
    assert told['tearline_statements_total{code="ok"}'] == 0
    assert told['tearline_statements_total{code="TL-GRT-003"}'] == 0
    called = [name for name in vars(methods) if name.isupper() and name not in NO_METHODS]
    assert len(called) == 15
    for method in (*(getattr(methods, name) for name in called), CHECK):
        for code in ("ok", "cancelled", "TL-REQ-002", "TL-TLS-003", "TL-STO-008"):
            assert told[f'tearline_calls_total{{code="{code}",method="{method}"}}'] == 0
        is_long = f'tearline_streams{{method="{method}"}}' in told
        assert is_long == (method in LONG)
        assert is_long != (f'tearline_call_seconds_count{{method="{method}"}}' in told)


def test_what_has_no_value_is_not_told() -> None:
    metrics = Metrics()
    metrics.certified(NOW_MS // 1000)
    metrics.authority(NOW_MS // 1000)
    on_a_file = replace(VITALS, free_bytes=1, signed_ms=NOW_MS)
    on_postgres = replace(VITALS, unheard_s=0.5, standbys=2)
    on_a_file_told, on_postgres_told = (
        {*figures(metrics.text(vitals))} for vitals in (on_a_file, on_postgres)
    )
    assert on_a_file_told - on_postgres_told == {
        "tearline_disk_low",
        "tearline_disk_free_bytes",
        "tearline_checkpoint_timestamp_seconds",
    }
    assert on_postgres_told - on_a_file_told == {"tearline_unheard_seconds", "tearline_standbys"}
    told, ends = figures(metrics.text(VITALS)), ("certificate", "authority")
    assert [told[f"tearline_{end}_end_timestamp_seconds"] for end in ends] == [NOW_MS // 1000] * 2
    without = figures(Metrics().text(VITALS))
    assert not [name for name in without if "_end_timestamp_seconds" in name]
    versions = f'python="{platform.python_version()}",version="{version("tearline")}"'
    assert without[f"tearline_build_info{{{versions}}}"] == 1


async def test_each_node_that_cosigns_is_told_with_what_it_misses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = frozenset({node_of(CN), node_of(MX)})
    monkeypatch.setattr(Cosignatures, "cosigners", lambda _: nodes)
    monkeypatch.setattr(Cosignatures, "_use_of", lambda *_: KeyUse.COSIGN)
    early = parse_note(await world.exchange.checkpoint())
    signature = NoteSignature(name=node_of(CN), key_hash=bytes(4), payload=bytes(32))
    size = world.exchange.snapshot.covered
    await world.store.put_cosigned(
        size, node_of(CN), early.with_signatures([signature]).encode(), since=0, above=-1
    )
    await world.exchange._cosignatures.restore()
    world.clock.time_ms += 2000
    sealed = world.packet()
    await world.send(sealed, world.grant(sealed))
    await world.exchange.checkpoint()
    told = now(world)
    series = 'tearline_cosigner_behind_entries{cosigner="%s"}'
    assert told[series % node_of(CN)] == 2
    assert told[series % node_of(MX)] == size + 2


def test_what_waits_to_be_read_is_told_while_it_waits() -> None:
    metrics = Metrics()
    with metrics.unread(100), metrics.unread(20), metrics.under_way():
        during = figures(metrics.text(VITALS))
    after = figures(metrics.text(VITALS))
    names = ("unread_publications", "unread_bytes", "calls_under_way")
    assert [during[f"tearline_{name}"] for name in names] == [2, 120, 1]
    assert [after[f"tearline_{name}"] for name in names] == [0, 0, 0]


async def test_publications_wait_to_be_read_and_questions_to_be_answered(world: World) -> None:
    service = ExchangeService(world.exchange)
    caller = Caller(certificate=b"", leaf=leaf_of(US), token=None)
    publication = encode_publication(Publication(signed=()))
    publishing = asyncio.ensure_future(service.publish(caller, publication))
    asking = asyncio.ensure_future(world.store.mail(node_of(CN), 0, limit=1))
    await asyncio.sleep(0)
    during = now(world)
    await asyncio.gather(publishing, asking)
    after = now(world)
    names = ("unread_publications", "store_questions")
    assert [during[f"tearline_{name}"] for name in names] == [1, 1]
    assert [after[f"tearline_{name}"] for name in names] == [0, 0]


async def test_what_waits_in_mailboxes_is_counted(world: World) -> None:
    for agency in (CN, MX, US):  # the agreement
        (delivery,) = await world.read(agency)
        await world.exchange.acknowledge(node_of(agency), delivery.cursor)
    for recipient in (CN, CN, MX):
        sealed = world.packet()
        await world.send(sealed, world.grant(sealed, recipient))
    await world.exchange.maintenance.count_backlog()
    said = now(world)
    assert said["tearline_mail_waiting_statements"] == 3
    assert said["tearline_mailbox_fullest_statements"] == 2
    assert said["tearline_mail_waiting_bytes"] > said["tearline_mailbox_fullest_bytes"] > 0


async def test_statements_are_counted_by_what_became_of_them(world: World) -> None:
    before = now(world)
    sealed = world.packet()
    ended = world.grant(sealed, not_after_ms=NOW_MS - 1)
    assert codes(await world.send(sealed, ended)) == ["", "TL-GRT-003"]
    after = now(world)
    series = 'tearline_statements_total{code="%s"}'
    assert after[series % "ok"] - before[series % "ok"] == 1
    assert after[series % "TL-GRT-003"] == 1


async def test_a_job_that_fails_is_counted_and_goes_on() -> None:
    metrics, done = Metrics(), asyncio.Event()
    outcomes = [StoreFull(), ValueError("the contents of a field")]

    async def job() -> None:
        if outcomes:
            raise outcomes.pop()
        done.set()

    task = asyncio.create_task(every(0, "erasures", job, metrics))
    await done.wait()
    task.cancel()
    series = 'tearline_jobs_failed_total{name="erasures"}'
    assert figures(metrics.text(VITALS))[series] == 2


def test_operations_tell_of_every_metric_and_of_no_other() -> None:
    page = (ROOT / "docs" / "reference" / "exchange.md").read_text()
    table = page.partition("## Metrics")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    text = Metrics().text(VITALS).decode()
    there = set(re.findall(r"^# TYPE tearline_(\w+)", text, re.MULTILINE))
    assert told == {name for name in there if not name.endswith("_created")}


async def test_while_the_disk_is_nearly_full_no_packets_are_taken_but_what_settles_is(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    free = [10]
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": free[0]}))
    disk = Disk(tmp_path, world.exchange)
    await disk.look()
    assert now(world)["tearline_disk_low"] == 1
    sealed = world.packet()
    with pytest.raises(ExchangeBusy) as refused:
        await world.send(sealed, world.grant(sealed))
    assert refused.value.retry_after_ms
    header = world.parties.node(US).header
    void = Void(header=header, address=address(CN, 1), reason=VoidReason.REFUSED)
    assert codes([await world.say(US, StatementType.VOID, encode_void(void))]) == [""]
    free[0] = 1 << 40
    await disk.look()
    assert now(world)["tearline_disk_low"] == 0


VITALS = Snapshot(
    ready=True,
    disk_low=False,
    time_right=True,
    free_bytes=None,
    queued_statements=0,
    queued_bytes=0,
    questions=0,
    backlog=NO_BACKLOG,
    unheard_s=None,
    under_way_s=0.0,
    entries=0,
    covered=0,
    cosigned=0,
    cosigners_behind={},
    standbys=None,
    signed_ms=0,
    lags=(),
)
