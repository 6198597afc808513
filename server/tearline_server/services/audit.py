"""The face of proofs and searches: ``tearline.v1.Audit``."""

from collections.abc import AsyncIterator

from tearline.rpc import methods
from tearline.wire.inquiries import encode_proven_events, parse_proof_request, parse_search
from tearline_server.gate import Caller
from tearline_server.inquiries import Auditor, Inquiries
from tearline_server.services.exchange import generic_handlers
from tearline_server.services.guard import Guard, Handlers


class AuditService:
    """Proves events to whom they name.

    Args:
        inquiries: What is called.
    """

    def __init__(self, inquiries: Inquiries) -> None:
        self._inquiries = inquiries

    def handlers(self, guard: Guard) -> Handlers:
        """The service as gRPC takes it."""
        return generic_handlers(
            {
                methods.PROVE: guard.unary(methods.PROVE, self.prove),
                methods.SEARCH: guard.unary_stream(methods.SEARCH, self.search),
            }
        )

    async def prove(self, caller: Caller, request: bytes) -> bytes:
        """A statement's id; answered by the events about it that name the caller's agency."""
        statement_id, size = parse_proof_request(request)
        page = await self._inquiries.prove(str(caller.agency), statement_id, size)
        return encode_proven_events(page)

    async def search(self, caller: Caller, request: bytes) -> AsyncIterator[bytes]:
        """An auditor's query; answered by pages of proven events."""
        auditor = Auditor(
            node=str(caller.node), agency=str(caller.agency), pseudonym=caller.pseudonym
        )
        async for page in self._inquiries.search(auditor, parse_search(request)):
            yield encode_proven_events(page)
