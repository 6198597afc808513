"""gRPC service of light nodes: ``tearline.v1.Light``."""

from tearline.wire.turns import (
    encode_leaves,
    encode_light_entries,
    encode_turn,
    parse_leaves_request,
    parse_light_entries_request,
    parse_turn_request,
)
from tearline_runtime.grpc import methods
from tearline_server.admission.authentication import Caller
from tearline_server.exchange import Exchange
from tearline_server.grpc.exchange_service import generic_handlers
from tearline_server.grpc.interceptor import CallInterceptor, Handlers


class LightService:
    """Service that proves the directory and entries to nodes that do not read the log.

    Args:
        exchange: The exchange to call.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def handlers(self, interceptor: CallInterceptor) -> Handlers:
        """Returns the gRPC handlers of the service."""
        return generic_handlers(
            {
                methods.LIGHT_TURN: interceptor.reading(methods.LIGHT_TURN, self.turn),
                methods.LIGHT_LEAVES: interceptor.reading(methods.LIGHT_LEAVES, self.leaves),
                methods.LIGHT_ENTRIES: interceptor.reading(methods.LIGHT_ENTRIES, self.entries),
            }
        )

    async def turn(self, caller: Caller, request: bytes) -> bytes:
        """Answers the state of a light node with its next turn."""
        agency, asked = str(caller.agency), parse_turn_request(request)
        await self._exchange.take_answer_turn(agency, len(request))
        return encode_turn(await self._exchange.light.turn(agency, asked))

    async def leaves(self, caller: Caller, request: bytes) -> bytes:
        """Answers URIs with the states of these agencies at a turn."""
        asked = parse_leaves_request(request)
        await self._exchange.take_answer_turn(str(caller.agency), len(request))
        return encode_leaves(self._exchange.light.leaves(asked))

    async def entries(self, caller: Caller, request: bytes) -> bytes:
        """Answers indexes, or an agency, with entries and their inclusion proofs."""
        page = await self._exchange.light.entries(parse_light_entries_request(request))
        size = sum(len(each.entry) for each in page.entries)
        await self._exchange.take_answer_turn(str(caller.agency), size)
        return encode_light_entries(page)
