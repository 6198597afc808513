"""Answers: no agency waits behind all that another reads."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from support.agencies import CN, US, leaf_of
from support.exchange import World
from tearline.wire.audit_search import (
    ProvenEvents,
    SearchRequest,
    encode_search,
)
from tearline.wire.log_entries import EntryRange, encode_entries_request
from tearline.wire.reconcile import ReconcileReply, ReconcileRequest, encode_reconcile_request
from tearline_server.admission.authentication import Caller
from tearline_server.grpc import audit_service, exchange_service, log_service
from tearline_server.grpc.audit_service import AuditService
from tearline_server.grpc.exchange_service import ExchangeService
from tearline_server.grpc.log_service import TrustService

FLOOD = 8
CALLERS = {agency: Caller(certificate=b"", leaf=leaf_of(agency), token=None) for agency in (CN, US)}
PAGE = ProvenEvents(events=(), checkpoint=b"", next=None)

Ask = Callable[[Caller], Awaitable[object]]


def entries(world: World, monkeypatch: pytest.MonkeyPatch) -> Ask:
    async def read(*_: object, **__: object) -> EntryRange:
        return EntryRange(start=0, entries=(), checkpoint=b"")

    monkeypatch.setattr(world.exchange, "entries", read)
    service = TrustService(world.exchange)
    return lambda caller: service.entries(caller, encode_entries_request(0, 0))


def search(world: World, monkeypatch: pytest.MonkeyPatch) -> Ask:
    async def read(*_: object):  # type: ignore[no-untyped-def]
        yield PAGE

    monkeypatch.setattr(world.exchange.audit_search, "search", read)
    service = AuditService(world.exchange)
    request = encode_search(SearchRequest(query="", after=-1, limit=0))

    async def ask(caller: Caller) -> object:
        return [page async for page in service.search(caller, request)]

    return ask


def reconcile(world: World, monkeypatch: pytest.MonkeyPatch) -> Ask:
    async def read(*_: object) -> ReconcileReply:
        return ReconcileReply(epoch=bytes(16), channels=(), unopened=())

    monkeypatch.setattr(world.exchange, "reconcile", read)
    service = ExchangeService(world.exchange)
    request = encode_reconcile_request(ReconcileRequest(after=0, openings=(), confirmed=()))
    turned = service.in_turn(service.reconcile)
    return lambda caller: turned(caller, request)


@pytest.mark.parametrize(
    ("prepare", "module", "encode"),
    [
        (entries, log_service, "encode_entries"),
        (search, audit_service, "encode_proven_events"),
        (reconcile, exchange_service, "encode_reconcile_reply"),
    ],
)
async def test_an_agency_is_answered_next_but_one_however_much_another_reads(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[World, pytest.MonkeyPatch], Ask],
    module: object,
    encode: str,
) -> None:
    ask, order = prepare(world, monkeypatch), list[str]()
    answering: dict[asyncio.Task[object] | None, str] = {}

    def record(_: object) -> bytes:
        order.append(answering[asyncio.current_task()])
        return b""

    monkeypatch.setattr(module, encode, record)
    for agency in (*[CN] * FLOOD, US):
        answering[asyncio.ensure_future(ask(CALLERS[agency]))] = agency  # type: ignore[index]
    await asyncio.wait_for(asyncio.gather(*answering), 30)  # type: ignore[arg-type]
    assert order == [CN, US, *[CN] * (FLOOD - 1)]
