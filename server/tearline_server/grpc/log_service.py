"""gRPC service of the log: ``tearline.v1.Trust``."""

from collections.abc import Mapping
from typing import Any

from tearline.wire.cosigning import encode_cosign_news, parse_cosign_turn
from tearline.wire.log_entries import encode_entries, parse_entries_request
from tearline_runtime.grpc import methods
from tearline_server.admission.authentication import Caller
from tearline_server.grpc.interceptor import CallInterceptor
from tearline_server.grpc.service import Service


class TrustService(Service):
    """Service that serves the log and collects cosignatures."""

    def calls(self, interceptor: CallInterceptor) -> Mapping[str, Any]:
        """Returns the handlers by method."""
        return {
            methods.ENTRIES: interceptor.reading(methods.ENTRIES, self.entries),
            methods.COSIGN: interceptor.unary(methods.COSIGN, self.cosign),
        }

    async def entries(self, caller: Caller, request: bytes) -> bytes:
        """Answers a range with entries and a checkpoint that covers them."""
        start, end, to_directory = parse_entries_request(request)
        page = await self._exchange.entries(
            start, end, str(caller.agency), to_directory=to_directory
        )
        await self._exchange.take_answer_turn(str(caller.agency), sum(map(len, page.entries)))
        return encode_entries(page)

    async def cosign(self, caller: Caller, request: bytes) -> bytes:
        """Answers a cosigner's turn with the cosignatures of others, once there is news."""
        turn = parse_cosign_turn(request)
        return encode_cosign_news(await self._exchange.cosign(str(caller.node), turn))
