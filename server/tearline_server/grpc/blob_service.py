"""gRPC service of large documents: ``tearline.v1.Blobs``."""

from collections.abc import Mapping
from typing import Any

from tearline.wire.blobs import (
    Part,
    encode_leaves,
    encode_part,
    encode_state,
    parse_offer,
    parse_part,
    parse_question,
)
from tearline_runtime.grpc import methods
from tearline_server.admission.authentication import Caller
from tearline_server.grpc.interceptor import CallInterceptor
from tearline_server.grpc.service import Service


class BlobService(Service):
    """Service that takes large documents in parts, and gives them to recipients of grants."""

    def calls(self, interceptor: CallInterceptor) -> Mapping[str, Any]:
        """Returns the handlers by method."""
        return {
            methods.BLOB_OFFER: interceptor.unary(methods.BLOB_OFFER, self.in_turn(self.offer)),
            methods.BLOB_PUT: interceptor.unary(methods.BLOB_PUT, self.in_turn(self.put)),
            methods.BLOB_LEAVES: interceptor.reading(
                methods.BLOB_LEAVES, self.in_turn(self.leaves)
            ),
            methods.BLOB_GET: interceptor.reading(methods.BLOB_GET, self.in_turn(self.get)),
        }

    async def offer(self, caller: Caller, request: bytes) -> bytes:
        """Answers the offer of a document with the number of its parts that are here."""
        offer = parse_offer(request)
        return encode_state(await self._exchange.documents.offer(str(caller.agency), offer))

    async def put(self, caller: Caller, request: bytes) -> bytes:
        """Answers a part, once it is durable, with the number of parts that are here."""
        part = parse_part(request)
        return encode_state(await self._exchange.documents.put(str(caller.agency), part))

    async def leaves(self, caller: Caller, request: bytes) -> bytes:
        """Answers a grant, a slot and a number with leaf hashes of the slot's document."""
        reader = self._exchange.document_reader
        return encode_leaves(await reader.leaves(str(caller.node), parse_question(request)))

    async def get(self, caller: Caller, request: bytes) -> bytes:
        """Answers a grant, a slot and a number with that sealed part of the slot's document."""
        question = parse_question(request)
        data = await self._exchange.document_reader.part(str(caller.node), question)
        return encode_part(Part(id=b"", number=question.number, data=data))
