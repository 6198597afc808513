"""Traces: ids, sizes and codes alone, to the named collector alone, and no work waits for it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, cast

import pytest

from attacks.conftest import memory, quick, template, world
from support.cases import each_case
from support.collectors import Collector, collecting
from support.simulation import Simulation
from tearline.errors import MalformedInput, NotFound
from tearline_client.transport.call_log import logged
from tearline_runtime.collectors import parse_collector
from tearline_runtime.grpc import methods
from tearline_runtime.traces import (
    MAX_IDS,
    Attribute,
    Span,
    SpanName,
    current,
    span,
    tracing,
)
from tearline_server.grpc.call_log import CallLog, traced

__all__ = ["memory", "quick", "template", "world"]

if os.environ.get("TEARLINE_REQUIRE_ALL") != "1":
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed")
CANARIES = ("Qiu Wenhao", "DE02120300000000202051", "narcotics-2026", "us-justice", "justice.us")
NODE_SPANS = {SpanName.SYNC, SpanName.SEND, SpanName.RECEIVE}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


async def exchanged(world: Simulation) -> bytes:
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    assert await world.cn.node.packets.search("Qiu Wenhao")
    return packet


async def test_a_packet_leaves_spans_without_contents(
    world: Simulation, collector: Collector
) -> None:
    with tracing(collector.url, "tearline-node"):
        packet = await exchanged(world)
    spans = collector.spans()
    assert {name for name, _ in spans} >= {*NODE_SPANS, SpanName.QUEUE, SpanName.COMMIT}
    sent = [values for name, values in spans if name == SpanName.SEND and "messages" in values]
    assert any(packet.hex() in str(values["statement"]) for values in sent)
    known = {each.value for each in Attribute} | {"code", "method"}
    for _, values in spans:
        assert {*values} <= known
        assert all(isinstance(each, int | list) or key in known for key, each in values.items())
        assert values["code"] == "ok" or str(values["code"]).startswith("TL-")
    for body in collector.bodies:
        for canary in CANARIES:
            assert canary.encode() not in body
            assert canary.encode().hex().encode() not in body


async def test_a_failure_is_its_code_alone(collector: Collector) -> None:
    with tracing(collector.url, "tearline-node"):
        for kind in (NotFound, ValueError, asyncio.CancelledError):
            with pytest.raises(kind), span(SpanName.SYNC):
                raise kind("Qiu Wenhao")
    codes = [values["code"] for _, values in collector.spans()]
    assert codes == [NotFound.code, "ValueError", "cancelled"]
    assert all(b"Qiu" not in body for body in collector.bodies)


def test_a_call_has_the_request_ids_of_both_sides(collector: Collector) -> None:
    with tracing(collector.url, "tearline-node"):
        with logged(methods.PUBLISH) as call:
            call.sent, call.received = 7, 8
        answered = CallLog().begin(methods.PUBLISH, "spiffe://justice.us.example", call.id)
        with traced(answered):
            answered.received, answered.sent = 7, 8
    (_, asked), (_, heard) = collector.spans()
    same = {"method": methods.PUBLISH, "code": "ok"}
    assert asked == {**same, "request": [call.id], "bytes_sent": 7, "bytes_received": 8}
    assert heard == {
        **same,
        "request": [answered.id],
        "node_request": [call.id],
        "bytes_received": 7,
        "bytes_sent": 8,
    }
    assert all(b"justice.us" not in body for body in collector.bodies)


async def test_a_span_takes_no_other_text_and_few_ids(collector: Collector) -> None:
    with tracing(collector.url, "tearline-node"), span(SpanName.CALL, method="Qiu Wenhao") as made:
        assert current() is made
        made.note(Attribute.STATEMENT, [bytes([each]) * 32 for each in range(2 * MAX_IDS)])
        made.note(Attribute.STATEMENT, [b"\xff" * 32])
        with pytest.raises((AttributeError, TypeError)):
            made.note(Attribute.STATEMENT, cast(Any, ["Qiu Wenhao"]))
        with pytest.raises(ValueError, match="invalid literal"):
            made.add(Attribute.BYTES, cast(Any, "Qiu Wenhao"))
        with span(SpanName.SEND, holds=False):
            assert current() is made
    assert current() is None
    (_, values) = collector.spans()[-1]
    assert "method" not in values
    statements = values["statement"]
    assert isinstance(statements, list)
    assert len(statements) == MAX_IDS


@pytest.mark.parametrize("status", [500, 307, None])
async def test_a_collector_that_is_away_fails_no_send(
    world: Simulation, collector: Collector, status: int | None
) -> None:
    collector.status = status or 200
    if status is None:
        collector.close()
    with tracing(collector.url, "tearline-node"):
        await exchanged(world)
    assert len(world.cn.node.packets.ids()) == 1


async def test_without_a_collector_nothing_is_measured(world: Simulation) -> None:
    with tracing("", "tearline-node"), span(SpanName.SYNC) as made:
        assert isinstance(made, Span)
        assert current() is None
        await exchanged(world)


def test_without_a_collector_opentelemetry_is_not_imported() -> None:
    code = (
        "import sys, tearline_server.app, tearline_client.service.process\n"
        "from tearline_runtime.traces import tracing, span, SpanName\n"
        "with tracing('', 'x'), span(SpanName.SYNC): pass\n"
        "assert not [each for each in sys.modules if each.startswith('opentelemetry')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


@each_case(
    "text",
    [
        "collector.example",
        "http://collector.example/v1/traces",
        "http://localhost.example/v1/traces",
        "ftp://localhost/v1/traces",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@collector.example/v1/traces",
        "https://collector.example:99999/v1/traces",
        "https://collector.example:0/v1/traces",
        "https://collector.example/v1/traces?token=1",
        "https://collector.example/#a",
        "https://collector.example/a b",
        "https://[::1/v1/traces",
        "https://colléctor.example/v1/traces",
        "https://collector..example/v1/traces",
    ],
)
def test_an_odd_address_is_refused(text: str) -> None:
    with pytest.raises(MalformedInput, match="expected https://host:port/v1/traces"):
        parse_collector(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://collector.example/v1/traces",
        "https://collector.example:4318/v1/traces",
        "http://localhost:4318/v1/traces",
        "http://127.0.0.1:4318/v1/traces",
        "http://[::1]:4318/v1/traces",
    ],
)
def test_a_plain_address_is_taken(text: str) -> None:
    assert parse_collector(text) == text
