"""gRPC service of health checks, behind the same guard as all others."""

from grpc_health.v1 import health_pb2

from tearline_server.admission.authentication import Caller
from tearline_server.exchange import Exchange
from tearline_server.grpc.exchange_service import generic_handlers
from tearline_server.grpc.interceptor import CallInterceptor, Handlers

CHECK = "/grpc.health.v1.Health/Check"


class HealthService:
    """Service that reports whether the exchange can write changes.

    Args:
        exchange: The exchange to check.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._draining = False

    def drain(self) -> None:
        """Reports from now on that the exchange no longer serves."""
        self._draining = True

    @property
    def is_serving(self) -> bool:
        """Returns whether changes can be written and calls are accepted."""
        return self._exchange.is_healthy and not self._draining

    def handlers(self, interceptor: CallInterceptor) -> Handlers:
        """Returns the gRPC handlers of the service."""
        return generic_handlers({CHECK: interceptor.unary(CHECK, self.check)})

    async def check(self, caller: Caller, request: bytes) -> bytes:
        """Returns the status, for any service name."""
        response = health_pb2.HealthCheckResponse
        status = response.SERVING if self.is_serving else response.NOT_SERVING
        reply: bytes = response(status=status).SerializeToString()
        return reply
