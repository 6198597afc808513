"""The face of gRPC health checking, behind the same guard as everything else."""

from grpc_health.v1 import health_pb2

from tearline_server.exchange import Exchange
from tearline_server.gate import Caller
from tearline_server.services.exchange import generic_handlers
from tearline_server.services.guard import Guard, Handlers

CHECK = "/grpc.health.v1.Health/Check"


class HealthService:
    """Says whether the exchange serves: whether it can write changes.

    Args:
        exchange: What is asked.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._draining = False

    def drain(self) -> None:
        """From now on says that the exchange serves no more."""
        self._draining = True

    @property
    def is_serving(self) -> bool:
        """Whether changes can be written, and calls are still taken."""
        return self._exchange.is_healthy and not self._draining

    def handlers(self, guard: Guard) -> Handlers:
        """The service as gRPC takes it."""
        return generic_handlers({CHECK: guard.unary(CHECK, self.check)})

    async def check(self, caller: Caller, request: bytes) -> bytes:
        """The status, whichever service is asked about."""
        response = health_pb2.HealthCheckResponse
        status = response.SERVING if self.is_serving else response.NOT_SERVING
        reply: bytes = response(status=status).SerializeToString()
        return reply
