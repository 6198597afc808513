"""Large documents in the console: fetched by a task, verified and scanned, then saved."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.blobs import Document, document
from support.clamd import ClamdDouble, scanning
from support.node import context_of
from support.simulation import LyingTransport, Simulation
from tearline.audit.event import EventCode
from tearline.bodies.documents import DOCUMENT
from tearline.errors import BlobUnavailable, ConsoleBusy, ExchangeUnreachable
from tearline.limits import CONSOLE_DRAFT_S, MAX_CONSOLE_FETCHES
from tearline.packets.packet import TEXT, Field
from tearline.wire.blobs import encode_offer, encode_part
from tearline_client.console.document_fetches import DocumentFetches
from tearline_client.drafting.from_file import confirmed
from tearline_client.planning.drafts import marking_for
from tearline_client.store.received_parts import ReceivedParts
from tearline_client.store.uploads import UploadSource
from tearline_client.transport.clamd import Scanner
from unit.client.console.browsers import Browser, ConsoleUnderTest, accesses
from unit.client.console.test_packet_acts import act
from unit.client.console.test_packet_pages import text_of

NAME = "../scan.exe"


@pytest.fixture
def made() -> Document:
    return document()


async def with_document(world: Simulation, made: Document, name: str = NAME) -> bytes:
    """A packet with a large document, at its recipient."""
    await world.us.exchange.offer_blob(encode_offer(made.offer))
    for part in made.parts:
        await world.us.exchange.put_blob(encode_part(part))
    path = f"{'9d' * 16}/{DOCUMENT}/fileName"
    fields = (
        Field(path=path, media_type=TEXT, values=(name.encode(),), marking=marking_for(path, None)),
        replace(made.field, marking=marking_for(made.field.path, None)),
    )
    plan, context = world.us.plan(world.mx, extra=fields), context_of(world.us.node)
    with context.stores.database.transaction():  # all of it is at the exchange already
        source = UploadSource(path="gone", leaves=made.offer.leaves)
        context.stores.uploads.put(made.blob.id, source, now_ms=context.now_ms())
    sent = await world.us.node.packets.send([confirmed(plan, "a person read it")])
    await world.mx.node.receive()
    return sent.packets[0]


async def place_of(browser: Browser, packet: bytes) -> str:
    page = await browser.get(f"/packets/{packet.hex()}")
    (place,) = re.findall(rf'href="(/packets/{packet.hex()}/documents/\d+)"', page.text)
    return str(place)


async def fetched(browser: Browser, place: str) -> str:
    """Fetches a document; the words of its page once that has ended."""
    reply = await act(browser, place, does="fetch")
    assert (reply.status_code, reply.headers["location"]) == (303, place)
    while 'hx-trigger="every 2s"' in (page := await browser.get(place)).text:
        await asyncio.sleep(0)  # its thread works
    return text_of(page.text)


async def test_a_document_is_fetched_and_then_saved(
    world: Simulation, console: ConsoleUnderTest, made: Document
) -> None:
    packet = await with_document(world, made)
    browser = await console.signed_in("liaison")
    place = await place_of(browser, packet)
    page = text_of((await browser.get(place)).text)
    assert "Not here yet" in page
    assert "Type, as its sender states it application/octet-stream" in page
    assert (await act(browser, place, does="save")).headers["location"] == place
    assert "is the one that its sender signed" in await fetched(browser, place)
    reply = await act(browser, place, does="save")
    assert reply.content == made.content
    assert int(reply.headers["content-length"]) == len(made.content)
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert any("sandbox" in each for each in reply.headers.get_list("content-security-policy"))
    told = reply.headers["content-disposition"]
    assert told.startswith('attachment; filename="')
    assert not re.search(r"[<>/\\:]|%2F|%5C|%3C|\.\.", told)
    assert told.endswith(".dd")
    codes = [each.code for each in accesses(world.mx)]
    assert codes.count(EventCode.ACCESS_EXPORT) == 1


async def test_a_verdict_counts_for_minutes(tmp_path: Path, made: Document) -> None:
    now_s = 1
    fetches = DocumentFetches(lambda: now_s)

    async def received() -> ReceivedParts:
        return ReceivedParts(str(tmp_path), b"p" * 32, 1, made.blob)

    fetches.begin((b"p", 1), lambda tell: received())
    await asyncio.sleep(0)
    now_s += CONSOLE_DRAFT_S - 1
    found = fetches.find((b"p", 1))
    assert found is not None
    assert found.parts is not None
    now_s += 1
    assert fetches.find((b"p", 1)) is None


@pytest.fixture
def scanner(world: Simulation, tmp_path: Path) -> Iterator[ClamdDouble]:
    """The recipient's scanner."""
    with scanning(tmp_path) as double:
        found = Scanner(double.address, timeout_s=60)
        object.__setattr__(context_of(world.mx.node), "scanner", found)
        yield double


async def test_a_document_that_the_scanner_refuses_is_not_given(
    world: Simulation, console: ConsoleUnderTest, made: Document, scanner: ClamdDouble
) -> None:
    packet = await with_document(world, made)
    browser = await console.signed_in("liaison")
    place = await place_of(browser, packet)
    scanner.answer = lambda document: b"stream: Eicar-Test FOUND\0"
    page = await fetched(browser, place)
    assert "Not given out: the virus scanner did not find it clean. TL-BLB-007" in page
    assert (await act(browser, place, does="save")).status_code == 303
    assert [each.reason for each in accesses(world.mx)].count("TL-BLB-007") == 1
    scanner.answer = lambda document: b"stream: OK\0"
    assert "is the one that its sender signed" in await fetched(browser, place)
    assert scanner.documents == [made.content, made.content]


async def test_a_fetch_that_was_cut_off_goes_on(
    world: Simulation,
    console: ConsoleUnderTest,
    made: Document,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packet = await with_document(world, made)
    browser = await console.signed_in("liaison")
    place = await place_of(browser, packet)
    asked: list[bytes] = []
    original = LyingTransport.get_blob

    async def cut(self: LyingTransport, question: bytes) -> bytes:
        asked.append(question)
        if len(asked) == 2:
            raise ExchangeUnreachable
        return await original(self, question)

    monkeypatch.setattr(LyingTransport, "get_blob", cut)
    assert "It could not be fetched. Nothing that came is lost." in await fetched(browser, place)
    assert "is the one that its sender signed" in await fetched(browser, place)
    assert len(asked) == len(made.parts) + 1


async def test_a_recalled_document_is_gone(
    world: Simulation,
    console: ConsoleUnderTest,
    made: Document,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packet = await with_document(world, made)
    browser = await console.signed_in("liaison")
    place = await place_of(browser, packet)

    async def gone(self: LyingTransport, question: bytes) -> bytes:
        raise BlobUnavailable

    monkeypatch.setattr(LyingTransport, "blob_leaves", gone)
    assert "The exchange has it no longer" in await fetched(browser, place)


async def test_no_other_slot_or_packet_is_given(
    world: Simulation, console: ConsoleUnderTest, made: Document
) -> None:
    packet = await with_document(world, made)
    browser = await console.signed_in("liaison")
    place = await place_of(browser, packet)
    slot = place.rpartition("/")[2]
    for wrong in ("0", "9999", "-1", "x", "..%2f0"):
        for path in (f"/packets/{packet.hex()}/documents/{wrong}", f"/packets/00/documents/{slot}"):
            assert (await browser.get(path)).status_code in (400, 404), path
    assert made.blob.media_type not in (await browser.get(f"{place}/state")).text
    reply = await act(browser, f"/packets/{packet.hex()}/files", slot=slot)
    assert reply.status_code == 404


async def test_few_documents_are_fetched_at_once() -> None:
    fetches = DocumentFetches(lambda: 1)
    never = asyncio.get_running_loop().create_future()
    for slot in range(MAX_CONSOLE_FETCHES):
        fetches.begin((b"p", slot), lambda tell: asyncio.shield(never))
    with pytest.raises(ConsoleBusy):
        fetches.begin((b"p", MAX_CONSOLE_FETCHES), lambda tell: asyncio.shield(never))
    assert fetches.begin((b"p", 0), lambda tell: asyncio.shield(never)).is_under_way
    fetches.end_all()
    await asyncio.sleep(0)
