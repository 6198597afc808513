"""A stand-in for an OpenTelemetry collector: a server on this machine that reads what it gets."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Collector:
    """A collector.

    Attributes:
        url: Its address.
        bodies: The bodies of the requests.
        status: The status with which it answers.
    """

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["content-type"] == "application/x-protobuf"
                collector.bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(collector.status)
                if collector.status == 307:
                    self.send_header("location", "http://localhost:9/v1/traces")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(20)

    def spans(self) -> list[tuple[str, Mapping[str, object]]]:
        """Returns the name and the attributes of each span, as the protocol defines them."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        found: list[tuple[str, Mapping[str, object]]] = []
        for body in self.bodies:
            request = ExportTraceServiceRequest.FromString(body)
            for resource in request.resource_spans:
                names = {each.key for each in resource.resource.attributes}
                assert names == {"service.name"}
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        assert not span.events
                        assert not span.links
                        assert not span.status.message
                        values = {each.key: _value(each.value) for each in span.attributes}
                        found.append((span.name, values))
        return found


def _value(value: Any) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Runs a collector."""
    collector = Collector()
    try:
        yield collector
    finally:
        collector.close()
