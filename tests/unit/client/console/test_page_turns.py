"""Few pages are at work at once, and persons take turns."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.responses import PlainTextResponse, Response

from support.simulation import Simulation
from tearline.errors import ConsoleBusy
from tearline.persons.tokens import Role
from tearline_client.console import app, page_turns
from tearline_client.console.page_turns import PageTurns
from tearline_client.console.visit import ConsoleRoute, Visit
from unit.client.console.browsers import ConsoleUnderTest, add_person, console_of


class Work:
    """Pages that stay at work until a test lets one go; notes the order of their begins."""

    def __init__(self, turns: PageTurns) -> None:
        self.turns = turns
        self.begun: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def ask(self, *pages: str) -> None:
        """Asks for pages, each named by its person and a number."""
        for page in pages:
            self._ends[page] = asyncio.Event()
            self.tasks[page] = asyncio.create_task(self._work(page))
            await asyncio.sleep(0)

    async def finish(self, *pages: str) -> None:
        for page in pages:
            self._ends[page].set()
            await self.tasks[page]
        await asyncio.sleep(0)

    async def _work(self, page: str) -> None:
        async with self.turns.turn(page[:-1]):
            self.begun.append(page)
            await self._ends[page].wait()


async def test_few_pages_are_at_work_at_once() -> None:
    work = Work(PageTurns(2))
    await work.ask("a1", "b1", "c1", "d1")
    assert work.begun == ["a1", "b1"]
    await work.finish("a1")
    assert work.begun == ["a1", "b1", "c1"]
    await work.finish("b1", "c1", "d1")


async def test_many_windows_of_one_person_delay_another_by_one_page() -> None:
    work = Work(PageTurns(1))
    await work.ask("a1", "a2", "a3", "a4", "b1", "b2")
    await work.finish("a1", "a2", "b1", "a3", "b2", "a4")
    assert work.begun == ["a1", "a2", "b1", "a3", "b2", "a4"]


async def test_one_person_does_not_take_all_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_turns, "MAX_PERSON_PAGES_AT_WORK", 2)
    work = Work(PageTurns(4))
    await work.ask("a1", "a2", "a3", "b1")
    assert work.begun == ["a1", "a2", "b1"]
    await work.finish("a1", "a2", "a3", "b1")


async def test_a_page_that_is_left_while_it_waits_takes_no_turn() -> None:
    work = Work(PageTurns(1))
    await work.ask("a1", "b1", "c1")
    work.tasks["b1"].cancel()
    await work.finish("a1", "c1")
    assert work.begun == ["a1", "c1"]
    await work.ask("d1")
    await work.finish("d1")


async def test_a_page_that_is_left_at_its_turn_gives_it_back() -> None:
    turns = PageTurns(1)
    work = Work(turns)
    async with turns.turn("a"):
        await work.ask("b1")
    work.tasks["b1"].cancel()  # the turn is b's, who has not begun
    await work.ask("c1")
    await work.finish("c1")
    assert work.begun == ["c1"]


async def test_a_person_with_too_many_waiting_pages_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_turns, "MAX_PERSON_PAGES_WAITING", 1)
    work = Work(PageTurns(1))
    await work.ask("a1", "a2", "a3", "b1")
    with pytest.raises(ConsoleBusy):
        await work.tasks["a3"]
    await work.finish("a1", "a2", "b1")


class HeldPages:
    """Handlers of pages that wait until a test lets them go."""

    def __init__(self) -> None:
        self.at_work, self.most = 0, 0
        self.go = asyncio.Event()

    async def __call__(self, visit: Visit) -> Response:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        await self.go.wait()
        self.at_work -= 1
        return PlainTextResponse(visit.person)


def held_console(
    world: Simulation, monkeypatch: pytest.MonkeyPatch, *routes: ConsoleRoute
) -> ConsoleUnderTest:
    monkeypatch.setattr(app, "ROUTES", (*app.ROUTES, *routes))
    for name in "abcdef":
        add_person(world.mx, name, Role.LIAISON)
    return console_of(world.mx)


async def asked(
    console: ConsoleUnderTest, persons: Sequence[str], path: str
) -> list["asyncio.Task[str]"]:
    browsers = [await console.signed_in(name) for name in persons]

    async def text(place: int) -> str:
        return (await browsers[place].get(path)).text

    tasks = [asyncio.create_task(text(place)) for place in range(len(browsers))]
    for _ in range(200):  # each request has a few steps before its page is at work
        await asyncio.sleep(0)
    return tasks


async def test_pages_of_six_persons_are_at_work_four_at_once(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldPages()
    console = held_console(world, monkeypatch, ConsoleRoute(path="/held", handler=held))
    tasks = await asked(console, "abcdef", "/held")
    assert held.at_work == 4
    held.go.set()
    assert await asyncio.gather(*tasks) == [*"abcdef"]
    assert held.most == 4


async def test_pages_that_wait_for_the_exchange_keep_no_other_page_waiting(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = HeldPages()
    console = held_console(
        world, monkeypatch, ConsoleRoute(path="/held", handler=held, remote=True)
    )
    tasks = await asked(console, "abcdef", "/held")
    assert held.at_work == 6
    browser = await console.signed_in("a")
    assert (await browser.get("/state")).status_code == 200
    held.go.set()
    await asyncio.gather(*tasks)


async def test_one_window_too_many_is_a_page_that_says_so(
    world: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_turns, "MAX_PERSON_PAGES_WAITING", 1)
    held = HeldPages()
    console = held_console(world, monkeypatch, ConsoleRoute(path="/held", handler=held))
    tasks = await asked(console, "aaa", "/held")
    browser = await console.signed_in("a")
    reply = await browser.get("/to-do")
    assert (reply.status_code, "TL-USE-009" in reply.text) == (429, True)
    held.go.set()
    await asyncio.gather(*tasks)
