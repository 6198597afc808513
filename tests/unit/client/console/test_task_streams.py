"""Pages that stay open learn of new tasks; their streams are bounded and end with the session."""

import asyncio
import gc
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.types import Message

from support.simulation import Simulation
from tearline.limits import CONSOLE_IDLE_S, MAX_CONSOLE_STREAMS, MAX_PERSON_STREAMS
from tearline.persons.tokens import Role
from tearline_client.console.pages import task_events
from tearline_client.console.task_streams import TaskFeed, TaskStream, TaskStreams
from tearline_client.persons.issuer import LocalIssuer
from unit.client.console.browsers import ORIGIN, Browser, ConsoleUnderTest

PATIENCE_S = 60  # other work on the machine is not a defect of a stream


@dataclass(kw_only=True)
class Reader:
    """A browser that reads a stream.

    Attributes:
        head: The status and the headers of the answer.
        text: The events that it has not read yet.
    """

    parts: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    head: Message = field(default_factory=dict)
    text: str = ""
    is_over: bool = False

    async def event(self) -> tuple[str, str]:
        """Waits for an event; returns its name and data, or two empty texts at the end."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = re.match(r"(?:retry: \d+\n\n)?event: (.*)\ndata: ?(.*)\n\n", self.text)
                if found:
                    self.text = self.text[found.end() :]
                    return found[1], found[2]
                if self.is_over:
                    return "", ""
                part = await self.parts.get()
                if part["type"] == "http.response.start":
                    self.head = part
                    continue
                self.text += part["body"].decode()
                self.is_over = not part.get("more_body", False)

    async def tasks(self) -> tuple[str, str]:
        """Waits for an event; returns the number of tasks and the words."""
        name, data = await self.event()
        assert name == "tasks"
        told = json.loads(data)
        return told["count"], told["words"]


@asynccontextmanager
async def reading(browser: Browser, language: str = "en") -> AsyncIterator[Reader]:
    """Opens a stream with the cookies of a browser."""
    reader = Reader()
    cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    headers = {"host": ORIGIN.partition("//")[2], "cookie": cookies, "accept-language": language}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "scheme": "http",
        "path": "/to-do/events",
        "raw_path": b"/to-do/events",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> Message:
        await reader.gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if reader.gone.is_set() and message["type"] == "http.response.body":
            raise OSError  # as a server whose connection is closed
        await reader.parts.put(message)

    answering = asyncio.ensure_future(
        browser.application(scope, receive, send)  # type: ignore[arg-type]
    )
    yield reader
    reader.gone.set()
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_events, "PACE_S", 0)


async def test_what_arrives_is_told_to_an_open_page(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("liaison")
    async with reading(browser) as reader:
        assert await reader.tasks() == ("", "0 tasks wait")
        headers = dict(reader.head["headers"])
        assert headers[b"content-type"].startswith(b"text/event-stream")
        assert headers[b"cache-control"] == b"no-store"
        await world.us.send(world.mx)
        await world.mx.node.receive()
        assert await reader.tasks() == ("1", "1 task waits")


@pytest.mark.parametrize(
    ("language", "words"), [("es", "0 tareas esperan"), ("zh", "0 项任务等待处理")]
)
async def test_it_is_told_in_the_language_of_the_page(
    console: ConsoleUnderTest, language: str, words: str
) -> None:
    async with reading(await console.signed_in("liaison"), language) as reader:
        assert (await reader.tasks())[1] == words


async def test_a_page_shows_the_edition_that_a_stream_names(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("liaison")
    await world.us.send(world.mx)
    await world.mx.node.receive()
    shown = await browser.get("/to-do")
    async with reading(browser) as reader:
        _, data = await reader.event()
    assert f'data-edition="{json.loads(data)["edition"]}"' in shown.text
    part = await browser.get("/to-do/list")
    assert "<html" not in part.text
    assert part.text.strip() in shown.text


async def test_the_tasks_are_read_once_for_each_change(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, other = await console.signed_in("liaison"), await console.signed_in("officer")
    readings, todo = list[object](), world.mx.node.todo_in_turns
    monkeypatch.setattr(world.mx.node, "todo_in_turns", lambda: readings.append(1) or todo())
    async with reading(browser) as first, reading(other) as second:
        await first.tasks()
        await second.tasks()
        for _ in range(3):
            await browser.get("/to-do/list")
    assert len(readings) == 1


async def test_a_stream_prolongs_no_session_and_ends_with_it(
    world: Simulation, console: ConsoleUnderTest
) -> None:
    browser = await console.signed_in("liaison")
    async with reading(browser) as reader:
        await reader.tasks()
        for _ in range(2):  # requests that no person makes
            console.clock.now_s += CONSOLE_IDLE_S // 2
            assert (await browser.get("/to-do/list")).status_code in (200, 204)
        await world.us.send(world.mx)
        await world.mx.node.receive()
        assert await reader.event() == ("end", "")
        assert await reader.event() == ("", "")
    assert (await browser.get("/to-do/events")).status_code == 204
    assert (await browser.get("/to-do")).status_code == 303


@pytest.mark.parametrize("how", ["signed out", "disabled", "roles"])
async def test_a_stream_ends_when_its_session_counts_no_more(
    world: Simulation, console: ConsoleUnderTest, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_events, "CONSOLE_STREAM_TICK_S", 0.01)
    browser, issuer = await console.signed_in("liaison"), LocalIssuer(world.mx.node.keystore)
    token = await browser.csrf()
    async with reading(browser) as reader:
        await reader.tasks()
        if how == "signed out":
            await browser.post("/sign-out", {"csrf": token})
        elif how == "disabled":
            issuer.disable("liaison")
        else:
            issuer.set_roles("liaison", {Role.AUDITOR})
        assert await reader.event() == ("end", "")


async def test_a_role_that_goes_while_the_tasks_are_read_is_told_of_none(
    world: Simulation, console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, issuer = TaskFeed.read, LocalIssuer(world.mx.node.keystore)

    async def late(feed: TaskFeed) -> tuple[int, int]:
        issuer.set_roles("liaison", {Role.AUDITOR})
        return await read(feed)

    browser = await console.signed_in("liaison")
    monkeypatch.setattr(TaskFeed, "read", late)
    async with reading(browser) as reader:
        assert await reader.event() == ("end", "")


async def test_a_stream_whose_reader_is_gone_at_once_is_over(
    console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, begun = TaskStreams.begin, list[TaskStream]()

    def noted(streams: TaskStreams, session: str, person: str) -> TaskStream:
        begun.append(begin(streams, session, person))
        return begun[-1]

    monkeypatch.setattr(TaskStreams, "begin", noted)
    browser = await console.signed_in("liaison")
    async with reading(browser) as reader:
        reader.gone.set()
        async with asyncio.timeout(PATIENCE_S):
            while not begun:
                await asyncio.sleep(0)
            while not begun[0].ended.is_set():
                await asyncio.sleep(0)
                gc.collect()  # ends an iterator that is read no more


async def test_a_session_has_one_stream(console: ConsoleUnderTest) -> None:
    browser = await console.signed_in("liaison")
    async with reading(browser) as first:
        await first.tasks()
        async with reading(browser) as second:
            await second.tasks()
            assert await first.event() == ("end", "")


async def test_a_stream_ends_before_its_connection_does(
    console: ConsoleUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_events, "CONSOLE_STREAM_S", 0)
    async with reading(await console.signed_in("liaison")) as reader:
        await reader.tasks()
        assert await reader.event() == ("", "")  # without a word that it is over


def test_streams_are_bounded_for_a_person_and_in_all() -> None:
    streams = TaskStreams()
    own = [streams.begin(f"session {number}", "ana") for number in range(MAX_PERSON_STREAMS + 1)]
    assert [each.ended.is_set() for each in own] == [True] + [False] * MAX_PERSON_STREAMS
    for number in range(MAX_CONSOLE_STREAMS):
        streams.begin(f"theirs {number}", f"person {number}")
    assert streams.count() == MAX_CONSOLE_STREAMS
    assert all(each.ended.is_set() for each in own)
    streams.end_all()
    assert streams.count() == 0
