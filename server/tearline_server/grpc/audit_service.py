"""gRPC service of searches: ``tearline.v1.Audit``."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from tearline.wire.audit_search import ProvenEvents, encode_proven_events, parse_search
from tearline_runtime.grpc import methods
from tearline_server.admission.authentication import Caller
from tearline_server.audit.search import Auditor
from tearline_server.grpc.interceptor import CallInterceptor
from tearline_server.grpc.service import Service


class AuditService(Service):
    """Service that finds and proves events to the agencies that may see them."""

    def calls(self, interceptor: CallInterceptor) -> Mapping[str, Any]:
        """Returns the handlers by method."""
        return {methods.SEARCH: interceptor.unary_stream(methods.SEARCH, self.search)}

    async def search(self, caller: Caller, request: bytes) -> AsyncIterator[bytes]:
        """Answers an auditor's query with pages of proven events."""
        auditor = Auditor(
            node=str(caller.node), agency=str(caller.agency), pseudonym=caller.pseudonym
        )
        async for page in self._exchange.audit_search.search(auditor, parse_search(request)):
            await self._exchange.take_answer_turn(auditor.agency, _size(page))
            await self._exchange.others.catch_up()  # a following search goes on for minutes
            yield encode_proven_events(page)


def _size(page: ProvenEvents) -> int:
    return sum(len(event.entry.event) for event in page.events)
