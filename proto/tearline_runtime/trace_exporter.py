"""Sending of spans to a collector, by OTLP over HTTP.

Spans wait in a bounded queue, and a thread sends them. A collector that is away delays no work:
spans that do not fit are dropped.
"""

import logging
from http.client import HTTPException
from typing import Any, cast
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from tearline.errors import extra_missing

MAX_SPANS = 2048
"""Spans that wait for the collector; further ones are dropped."""
_BATCH = 256
_EVERY_MS = 5000
_TIMEOUT_S = 2.0  # of a delivery; the end of the process waits for one
_ANSWER_BYTES = 4096


class Tracer:
    """OpenTelemetry with explicit settings.

    Args:
        collector: The address.
        service: The name of the program.

    Raises:
        ExtraMissing: If the extra ``otel`` is not installed.
    """

    def __init__(self, collector: str, service: str) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import SpanLimits, TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
            from opentelemetry.sdk.trace.sampling import ALWAYS_ON
        except ModuleNotFoundError as error:
            raise extra_missing(error, "otel") from None
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # one line for each failure
        self._trace = trace
        # By its methods an exporter: its class derives from none that may be missing.
        self._exporter = exporter = cast(Any, _Exporter(collector, encode_spans, SpanExportResult))
        processor = BatchSpanProcessor(
            exporter,
            max_queue_size=MAX_SPANS,
            schedule_delay_millis=_EVERY_MS,
            max_export_batch_size=_BATCH,
            export_timeout_millis=_TIMEOUT_S * 1000,
        )
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource({"service.name": service}),
            span_limits=SpanLimits(max_attributes=32, max_events=0, max_links=0),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("tearline")

    def start(self, name: str, outer: Any) -> Any:
        """Returns a new span within another one, or within none."""
        context = self._trace.set_span_in_context(outer or self._trace.INVALID_SPAN)
        return self._tracer.start_span(name, context=context, record_exception=False)

    def end(self, started: Any, attributes: dict[str, Any]) -> None:
        """Ends a span."""
        started.set_attributes(attributes)
        started.end()

    def close(self) -> None:
        """Sends what waits, unless the collector is away."""
        self._exporter.is_closing = True
        self._provider.shutdown()


class _NoRedirects(HTTPRedirectHandler):
    """Spans go to the named collector alone."""

    def redirect_request(self, *args: Any, **more: Any) -> None:
        """Returns None: the answer is then a failure."""


class _Exporter:
    """Sender of spans by OTLP over HTTP, without the proxies of the environment.

    Args:
        collector: The address.
        encode: Returns the message for some spans.
        results: The outcomes of OpenTelemetry.
    """

    def __init__(self, collector: str, encode: Any, results: Any) -> None:
        self.is_closing = False
        self._collector, self._encode, self._results = collector, encode, results
        self._is_away = False
        self._opener = build_opener(ProxyHandler({}), _NoRedirects)

    def export(self, spans: Any) -> Any:
        """Sends spans, in the sending thread; they are dropped if that fails."""
        if self.is_closing and self._is_away:
            return self._results.FAILURE
        data = self._encode(spans).SerializeToString()
        headers = {"content-type": "application/x-protobuf"}
        request = Request(self._collector, data, headers)  # noqa: S310 (see parse_collector)
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as reply:
                reply.read(_ANSWER_BYTES)
        except (OSError, HTTPException):  # refusals and redirects, too
            self._is_away = True
            return self._results.FAILURE
        self._is_away = False
        return self._results.SUCCESS

    def shutdown(self) -> None:
        """Does nothing: each delivery has a connection of its own."""

    def force_flush(self, timeout_millis: int = 0) -> bool:
        """Returns True: nothing waits here."""
        return True
