"""Common beginning of the exchange's gRPC services."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import grpc

from tearline_server.admission.authentication import Caller
from tearline_server.exchange import Exchange
from tearline_server.grpc.interceptor import Answer, CallInterceptor, Handlers


class Service(ABC):
    """gRPC service of an exchange.

    Args:
        exchange: The exchange to call.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @abstractmethod
    def calls(self, interceptor: CallInterceptor) -> Mapping[str, Any]:
        """Returns the service's handlers, as the interceptor wraps them, by full method name."""

    def handlers(self, interceptor: CallInterceptor) -> Handlers:
        """Returns the gRPC handlers of the service, of raw bytes."""
        handlers = self.calls(interceptor)
        service = next(iter(handlers)).split("/")[1]
        by_name = {name.rpartition("/")[2]: handler for name, handler in handlers.items()}
        return grpc.method_handlers_generic_handler(service, by_name)

    def in_turn(self, answer: Answer) -> Answer:
        """Returns an answer that begins in its agency's turn; see ``take_answer_turn``."""

        async def turned(caller: Caller, request: bytes) -> bytes:
            await self._exchange.take_answer_turn(str(caller.agency), len(request))
            return await answer(caller, request)

        return turned
