"""gRPC service of large documents: ``tearline.v1.Blobs``."""

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
from tearline_server.exchange import Exchange
from tearline_server.grpc.exchange_service import generic_handlers
from tearline_server.grpc.interceptor import CallInterceptor, Handlers


class BlobService:
    """Service that takes large documents in parts, and gives them to recipients of grants.

    Args:
        exchange: The exchange to call.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def handlers(self, interceptor: CallInterceptor) -> Handlers:
        """Returns the gRPC handlers of the service."""
        return generic_handlers(
            {
                methods.BLOB_OFFER: interceptor.unary(methods.BLOB_OFFER, self.offer),
                methods.BLOB_PUT: interceptor.unary(methods.BLOB_PUT, self.put),
                methods.BLOB_LEAVES: interceptor.reading(methods.BLOB_LEAVES, self.leaves),
                methods.BLOB_GET: interceptor.reading(methods.BLOB_GET, self.get),
            }
        )

    async def offer(self, caller: Caller, request: bytes) -> bytes:
        """Answers the offer of a document with the number of its parts that are here."""
        agency = str(caller.agency)
        await self._exchange.take_answer_turn(agency, len(request))
        return encode_state(await self._exchange.documents.offer(agency, parse_offer(request)))

    async def put(self, caller: Caller, request: bytes) -> bytes:
        """Answers a part, once it is durable, with the number of parts that are here."""
        agency = str(caller.agency)
        await self._exchange.take_answer_turn(agency, len(request))
        return encode_state(await self._exchange.documents.put(agency, parse_part(request)))

    async def leaves(self, caller: Caller, request: bytes) -> bytes:
        """Answers a grant, a slot and a number with leaf hashes of the slot's document."""
        question = parse_question(request)
        await self._exchange.take_answer_turn(str(caller.agency), len(request))
        owner, blob_id = await self._exchange.blob_named(str(caller.node), question)
        leaves = await self._exchange.documents.leaves(owner, blob_id, question.number)
        return encode_leaves(leaves)

    async def get(self, caller: Caller, request: bytes) -> bytes:
        """Answers a grant, a slot and a number with that sealed part of the slot's document."""
        question = parse_question(request)
        await self._exchange.take_answer_turn(str(caller.agency), len(request))
        owner, blob_id = await self._exchange.blob_named(str(caller.node), question)
        data = await self._exchange.documents.part(owner, blob_id, question.number)
        return encode_part(Part(id=b"", number=question.number, data=data))
