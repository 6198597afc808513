"""gRPC service of proofs and searches: ``tearline.v1.Audit``."""

from collections.abc import AsyncIterator

from tearline.wire.audit_search import (
    ProvenEvents,
    encode_proven_events,
    parse_proof_request,
    parse_search,
)
from tearline_runtime.grpc import methods
from tearline_server.admission.authentication import Caller
from tearline_server.audit.search import Auditor, AuditSearch
from tearline_server.delivery.mailboxes import TakeTurn
from tearline_server.grpc.exchange_service import generic_handlers
from tearline_server.grpc.interceptor import CallInterceptor, Handlers


class AuditService:
    """Service that proves events to the agencies that they name.

    Args:
        inquiries: The inquiries to call.
        take_turn: Waits for a turn to compose an answer.
    """

    def __init__(self, inquiries: AuditSearch, take_turn: TakeTurn) -> None:
        self._audit_search = inquiries
        self._take_turn = take_turn

    def handlers(self, interceptor: CallInterceptor) -> Handlers:
        """Returns the gRPC handlers of the service."""
        return generic_handlers(
            {
                methods.PROVE: interceptor.reading(methods.PROVE, self.prove),
                methods.SEARCH: interceptor.unary_stream(methods.SEARCH, self.search),
            }
        )

    async def prove(self, caller: Caller, request: bytes) -> bytes:
        """Answers a statement's id with the events about it that name the caller's agency."""
        statement_id, size = parse_proof_request(request)
        page = await self._audit_search.prove(str(caller.agency), statement_id, size)
        await self._take_turn(str(caller.agency), _size(page))
        return encode_proven_events(page)

    async def search(self, caller: Caller, request: bytes) -> AsyncIterator[bytes]:
        """Answers an auditor's query with pages of proven events."""
        auditor = Auditor(
            node=str(caller.node), agency=str(caller.agency), pseudonym=caller.pseudonym
        )
        async for page in self._audit_search.search(auditor, parse_search(request)):
            await self._take_turn(auditor.agency, _size(page))
            yield encode_proven_events(page)


def _size(page: ProvenEvents) -> int:
    return sum(len(event.entry.event) for event in page.events)
