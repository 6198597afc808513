"""Documents that browsers send: read as they come, sealed, and sent beside their packet."""

import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.cases import each_case
from support.four_eyes import amended, put_in_force
from support.node import context_of
from support.simulation import Simulation
from tearline.blobs.parts import PART_PLAIN_BYTES
from tearline.errors import FormRefused
from tearline.limits import MAX_PERSON_DRAFTS
from tearline.persons.tokens import Role
from tearline_client.console.file_form import _Body
from unit.client.console.browsers import Browser, ConsoleUnderTest, add_person, console_of
from unit.client.console.test_compose import changed, drafted, post, sent, wish
from unit.client.console.test_packet_pages import text_of

SIZES = [PART_PLAIN_BYTES + 1, 2 * PART_PLAIN_BYTES, 3 * PART_PLAIN_BYTES + 77]


@pytest.fixture
def theirs(world: Simulation) -> ConsoleUnderTest:
    """The console of the agency that composes."""
    add_person(world.us, "ana", Role.LIAISON)
    return console_of(world.us)


@pytest.fixture
async def ana(theirs: ConsoleUnderTest) -> Browser:
    return await theirs.signed_in("ana")


def outgoing(world: Simulation) -> list[Path]:
    return [*world.us.node.home.outgoing.glob("*")]


async def attached(browser: Browser, draft: str, content: bytes, name: str = "t.dd") -> str:
    """The place of the draft with a document."""
    files = {"file": (name, content, "image/png")}
    reply = await post(browser, f"{draft}/document", {"category": ""}, files)
    assert reply.status_code == 303, text_of(reply.text)
    return str(reply.headers["location"])


@pytest.mark.parametrize("size", SIZES)
async def test_a_large_document_is_attached_and_sent(
    world: Simulation, ana: Browser, tmp_path: Path, size: int
) -> None:
    content = os.urandom(size)
    draft = await attached(ana, await drafted(ana, wish(world)), content)
    assert f"{size:,} B" in (await ana.get(draft)).text
    (stored,) = outgoing(world)
    assert content[:64] not in stored.read_bytes()
    assert stored.stat().st_size > size
    await sent(ana, draft)
    (packet,) = world.us.node.packets.ids()
    await world.mx.node.receive()
    (opened,) = (await world.mx.node.packets.documents(packet)).values()
    parts = await world.mx.node.packets.receive_document(packet, opened)
    assert b"".join(parts.pieces()) == content
    os.utime(stored, (0, 0))
    await world.us.node.sync()
    assert not outgoing(world)


async def test_parts_that_a_page_does_not_send_follow_by_syncs(
    world: Simulation, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tearline_client.console.pages.compose.review.MAX_PAGE_PARTS", 2)
    draft = await attached(ana, await drafted(ana, wish(world)), os.urandom(SIZES[-1]))
    reply = await sent(ana, draft)
    assert reply.headers["location"] == "/compose?done=sending"
    assert "The documents are sent first" in (await ana.get("/compose?done=sending")).text
    assert re.search("Documents being sent 2 of . MiB", text_of((await ana.get("/state")).text))
    aged(world)  # a decision has it, so no sweep takes it before it is sent
    await world.us.node.sync()
    assert len(world.us.node.packets.ids()) == 1
    assert "Documents being sent" not in text_of((await ana.get("/state")).text)


async def test_a_document_that_cannot_be_sent_leaves_nothing(
    world: Simulation, ana: Browser
) -> None:
    draft = await drafted(ana, wish(world))
    for name, content in {"a.exe": b"MZ", "a.pdf": os.urandom(16), "a": b"a"}.items():
        files = {"file": (name, content.ljust(SIZES[0], b"\0"), "application/pdf")}
        reply = await post(ana, f"{draft}/document", {"category": ""}, files)
        assert (reply.status_code, "TL-PKT-033" in reply.text) == (403, True), name
        assert "What each partner will see" in reply.text
    again = await attached(ana, draft, os.urandom(SIZES[0]))
    files = {"file": ("t.dd", os.urandom(SIZES[0]), "application/pdf")}
    reply = await post(ana, f"{again}/document", {"category": ""}, files)
    assert "a document of that name is there already" in reply.text
    assert len(outgoing(world)) == 1  # that of the draft
    os.utime(outgoing(world)[0], (0, 0))
    await world.us.node.sync()
    assert len(outgoing(world)) == 1


async def test_documents_outlive_one_round_by_a_clock_that_leaps(
    world: Simulation, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await attached(ana, await drafted(ana, wish(world)), os.urandom(SIZES[0]))
    (stored,) = outgoing(world)
    unplanned = stored.with_name("0" * 32 + stored.suffix)  # its draft is being written
    unplanned.touch()
    ahead_ms = time.time_ns() // 1_000_000 + 400 * 86_400_000
    with monkeypatch.context() as leap:
        modules = ("connectors.importers.large_documents", "store.received_parts")
        for module in modules:
            leap.setattr(f"tearline_client.{module}.time", lambda: ahead_ms / 1000, raising=False)
        right = context_of(world.us.node).now_ms
        object.__setattr__(context_of(world.us.node), "now_ms", lambda: ahead_ms)
        world.us.node.packets.drop_unused_documents()
    object.__setattr__(context_of(world.us.node), "now_ms", right)
    world.us.node.packets.drop_unused_documents()
    assert {*outgoing(world)} == {stored, unplanned}


def aged(world: Simulation) -> None:
    """Makes each sealed file, and the draft that registered it, older than a draft lives."""
    for each in outgoing(world):
        os.utime(each, (0, 0))
    database = world.us.node.packets.uploads._context.stores.database
    with database.transaction():
        database.execute("UPDATE upload SET time_ms = 1")


def registered(world: Simulation) -> int:
    database = world.us.node.packets.uploads._context.stores.database
    return int(database.value("SELECT count(*) FROM upload"))


async def test_the_file_of_a_draft_that_was_left_is_swept(world: Simulation, ana: Browser) -> None:
    await attached(ana, await drafted(ana, wish(world)), os.urandom(SIZES[0]))
    aged(world)  # as after a console that was killed
    await world.us.node.sync()
    assert not outgoing(world)
    assert not registered(world)


async def test_the_file_goes_with_the_session(world: Simulation, ana: Browser) -> None:
    draft = await attached(ana, await drafted(ana, wish(world)), os.urandom(SIZES[0]))
    await changed(ana, draft, {"does": "detach", "name": "t.dd"})
    assert len(outgoing(world)) == 1  # the draft before the change is kept, too
    await changed(ana, "/sign-out", {})
    assert not outgoing(world)
    assert not registered(world)


async def test_the_file_goes_with_the_last_draft_that_has_it(
    world: Simulation, ana: Browser
) -> None:
    draft = await attached(ana, await drafted(ana, wish(world)), os.urandom(SIZES[0]))
    await attached(ana, draft, os.urandom(SIZES[0]), "second.dd")
    assert len(outgoing(world)) == 2
    for _ in range(MAX_PERSON_DRAFTS):
        await drafted(ana, wish(world))
    assert not outgoing(world)


async def test_the_file_waits_with_its_packet_for_a_second_person(
    world: Simulation, ana: Browser
) -> None:
    await put_in_force(world, amended(world, "narcotics-2026", four_eyes=True), world.cn, world.mx)
    draft = await attached(ana, await drafted(ana, wish(world)), os.urandom(SIZES[0]))
    assert (await sent(ana, draft)).headers["location"] == "/compose?done=waits"
    node = world.us.node
    aged(world)
    await node.sync()
    assert len(outgoing(world)) == registered(world) == 1
    (waiting,) = node.approvals.waiting()
    node.approvals.reject(waiting.id, person="ana")
    aged(world)
    await node.sync()
    assert not outgoing(world)
    assert not registered(world)


async def test_a_browser_that_leaves_leaves_nothing(world: Simulation, ana: Browser) -> None:
    draft = await drafted(ana, wish(world))
    boundary, csrf = "b" * 20, await ana.csrf()

    async def body() -> AsyncIterator[bytes]:
        yield (
            f'--{boundary}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{csrf}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="t.dd"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        for _ in range(3):
            yield bytes(PART_PLAIN_BYTES)

    reply = await ana.client.post(
        f"{draft}/document",
        content=body(),
        headers={
            "origin": ana.origin,
            "sec-fetch-site": "same-origin",
            "content-type": f"multipart/form-data; boundary={boundary}",
        },
    )
    assert reply.status_code == 400
    assert not outgoing(world)


async def test_no_byte_is_stored_for_another_session(world: Simulation, ana: Browser) -> None:
    draft = await drafted(ana, wish(world))
    files = {"file": ("t.dd", os.urandom(SIZES[0]), "image/png")}
    for csrf in ("", "x" * 43):
        reply = await post(ana, f"{draft}/document", {"csrf": csrf}, files)
        assert reply.status_code == 400
        assert not outgoing(world)


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for each in pieces:
        yield each


@each_case("cut", range(1, 30))
async def test_a_boundary_is_found_wherever_a_piece_ends(cut: int) -> None:
    content = b"\r\n--b\r\n-\r\n--boundar\r\n\r\n--"
    data = content + b"\r\n--boundary--\r\n"
    body = _Body(chunks(data[:cut], data[cut:]), b"\r\n--boundary", lambda: None)
    await body._more()
    del body._buffer[:2]
    assert b"".join([each async for each in body.rest()]) == content


@pytest.mark.parametrize(
    "end",
    [b"", b"\r\n--boundary", b"\r\n--boundary--", b"\r\n--boundary\r\nmore", b"\r\n--x--\r\n"],
)
async def test_a_form_without_its_end_is_refused(end: bytes) -> None:
    body = _Body(chunks(b"content" + end), b"\r\n--boundary", lambda: None)
    with pytest.raises(FormRefused):
        _ = [each async for each in body.rest()]
