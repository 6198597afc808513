"""The face of the log: ``tearline.v1.Trust``."""

from tearline.rpc import methods
from tearline.wire.cosigning import encode_cosign_news, parse_cosign_turn
from tearline.wire.entries import encode_entries, parse_entries_request
from tearline_server.exchange import Exchange
from tearline_server.gate import Caller
from tearline_server.services.exchange import generic_handlers
from tearline_server.services.guard import Guard, Handlers


class TrustService:
    """Hands out the log, and gathers cosignatures.

    Args:
        exchange: What is called.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def handlers(self, guard: Guard) -> Handlers:
        """The service as gRPC takes it."""
        return generic_handlers(
            {
                methods.ENTRIES: guard.reading(methods.ENTRIES, self.entries),
                methods.COSIGN: guard.unary(methods.COSIGN, self.cosign),
            }
        )

    async def entries(self, caller: Caller, request: bytes) -> bytes:
        """A range; answered by entries and a checkpoint over at least them."""
        start, end = parse_entries_request(request)
        page = await self._exchange.entries(start, end)
        await self._exchange.take_answer_turn(str(caller.agency), sum(map(len, page.entries)))
        return encode_entries(page)

    async def cosign(self, caller: Caller, request: bytes) -> bytes:
        """A cosigner's turn; answered by what the others signed, when there is something newer."""
        turn = parse_cosign_turn(request)
        return encode_cosign_news(await self._exchange.cosign(str(caller.node), turn))
