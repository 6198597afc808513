"""gRPC service of proofs and searches: ``tearline.v1.Audit``."""

from collections.abc import AsyncIterator

from tearline.rpc import methods
from tearline.wire.inquiries import (
    ProvenEvents,
    encode_proven_events,
    parse_proof_request,
    parse_search,
)
from tearline_server.gate import Caller
from tearline_server.inquiries import Auditor, Inquiries
from tearline_server.mailbox import TakeTurn
from tearline_server.services.exchange import generic_handlers
from tearline_server.services.guard import Guard, Handlers


class AuditService:
    """Service that proves events to the agencies that they name.

    Args:
        inquiries: The inquiries to call.
        take_turn: Waits for a turn to compose an answer.
    """

    def __init__(self, inquiries: Inquiries, take_turn: TakeTurn) -> None:
        self._inquiries = inquiries
        self._take_turn = take_turn

    def handlers(self, guard: Guard) -> Handlers:
        """Returns the gRPC handlers of the service."""
        return generic_handlers(
            {
                methods.PROVE: guard.reading(methods.PROVE, self.prove),
                methods.SEARCH: guard.unary_stream(methods.SEARCH, self.search),
            }
        )

    async def prove(self, caller: Caller, request: bytes) -> bytes:
        """Answers a statement's id with the events about it that name the caller's agency."""
        statement_id, size = parse_proof_request(request)
        page = await self._inquiries.prove(str(caller.agency), statement_id, size)
        await self._take_turn(str(caller.agency), _size(page))
        return encode_proven_events(page)

    async def search(self, caller: Caller, request: bytes) -> AsyncIterator[bytes]:
        """Answers an auditor's query with pages of proven events."""
        auditor = Auditor(
            node=str(caller.node), agency=str(caller.agency), pseudonym=caller.pseudonym
        )
        async for page in self._inquiries.search(auditor, parse_search(request)):
            await self._take_turn(auditor.agency, _size(page))
            yield encode_proven_events(page)


def _size(page: ProvenEvents) -> int:
    return sum(len(event.entry.event) for event in page.events)
