"""gRPC service of health checks, behind the same guard as all others."""

from collections.abc import Mapping
from typing import Any

from grpc_health.v1 import health_pb2

from tearline_server.admission.authentication import Caller
from tearline_server.grpc.interceptor import CallInterceptor
from tearline_server.grpc.service import Service

CHECK = "/grpc.health.v1.Health/Check"


class HealthService(Service):
    """Service that reports whether the exchange can write changes."""

    _draining = False

    def drain(self) -> None:
        """Reports from now on that the exchange no longer serves."""
        self._draining = True

    @property
    def is_serving(self) -> bool:
        """Returns whether changes can be written and calls are accepted."""
        return self._exchange.is_healthy and not self._draining

    def calls(self, interceptor: CallInterceptor) -> Mapping[str, Any]:
        """Returns the handlers by method."""
        return {CHECK: interceptor.unary(CHECK, self.check)}

    async def check(self, caller: Caller, request: bytes) -> bytes:
        """Returns the status, for any service name."""
        response = health_pb2.HealthCheckResponse
        status = response.SERVING if self.is_serving else response.NOT_SERVING
        reply: bytes = response(status=status).SerializeToString()
        return reply
