"""gRPC service of light nodes: ``tearline.v1.Light``."""

from collections.abc import Mapping
from typing import Any

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
from tearline_server.grpc.interceptor import CallInterceptor
from tearline_server.grpc.service import Service


class LightService(Service):
    """Service that proves the directory and entries to nodes that do not read the log."""

    def calls(self, interceptor: CallInterceptor) -> Mapping[str, Any]:
        """Returns the handlers by method."""
        return {
            methods.LIGHT_TURN: interceptor.reading(methods.LIGHT_TURN, self.in_turn(self.turn)),
            methods.LIGHT_LEAVES: interceptor.reading(
                methods.LIGHT_LEAVES, self.in_turn(self.leaves)
            ),
            methods.LIGHT_ENTRIES: interceptor.reading(methods.LIGHT_ENTRIES, self.entries),
        }

    async def turn(self, caller: Caller, request: bytes) -> bytes:
        """Answers the state of a light node with its next turn."""
        asked = parse_turn_request(request)
        return encode_turn(await self._exchange.light.turn(str(caller.agency), asked))

    async def leaves(self, caller: Caller, request: bytes) -> bytes:
        """Answers URIs with the states of these agencies at a turn."""
        return encode_leaves(self._exchange.light.leaves(parse_leaves_request(request)))

    async def entries(self, caller: Caller, request: bytes) -> bytes:
        """Answers indexes, or an agency, with entries and their inclusion proofs."""
        page = await self._exchange.light.entries(parse_light_entries_request(request))
        size = sum(len(each.entry) for each in page.entries)
        await self._exchange.take_answer_turn(str(caller.agency), size)
        return encode_light_entries(page)
