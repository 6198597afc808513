"""The other processes over a shared database: whoever does not hear them lets nobody in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from tearline.errors import StoreNotReplicated, StoreUnreachable, TearlineError
from tearline_server.replicas import ReplicaFollower
from tearline_server.storage.snapshot import Changes

ANYTHING = Changes(cosigned=None)
DEAF_S = 10.0


@dataclass
class Watch:
    """A clock that tests move."""

    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Shared:
    """A database over which others write: what is heard of them, one time after the other."""

    heard: list[Changes | TearlineError] = field(default_factory=list)
    is_shared: bool = True

    async def changes(self) -> AsyncIterator[Changes]:
        while self.heard:
            found = self.heard.pop(0)
            if isinstance(found, TearlineError):
                raise found
            yield found


@dataclass
class Exchange:
    """What follows the others here, and notes what it is told."""

    database: Shared
    watch: Watch = field(default_factory=Watch)
    taken: list[Changes] = field(default_factory=list)
    refusal: TearlineError | None = None
    takes_s: float = 0.0
    caught_up: int = 0
    missed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.others = ReplicaFollower(
            self.database,  # type: ignore[arg-type]  # no more of a store is asked for
            self._take_in,
            self._read_on,
            self.missed.set,
            self.watch,
        )

    async def _read_on(self) -> None:
        self.caught_up += 1

    async def _take_in(self, heard: Changes) -> None:
        self.taken.append(heard)
        self.watch.now_s += self.takes_s
        if self.refusal is not None:
            raise self.refusal

    async def follow(self) -> None:
        """Follows until something may have been missed."""
        task = asyncio.create_task(self.others.follow())
        async with asyncio.timeout(30):
            await self.missed.wait()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_who_does_not_hear_of_the_others_lets_nobody_in() -> None:
    here = Exchange(Shared())
    here.watch.now_s += DEAF_S - 1
    here.others.verify_heard()
    here.watch.now_s += 1
    with pytest.raises(StoreUnreachable):
        here.others.verify_heard()
    assert (here.others.are_heard, here.others.unheard_s) == (False, DEAF_S)


def test_where_there_are_no_others_nothing_is_missed() -> None:
    here = Exchange(Shared(is_shared=False))
    here.watch.now_s += DEAF_S
    here.others.verify_heard()
    assert (here.others.are_heard, here.others.unheard_s) == (True, 0)


async def test_who_hears_them_again_lets_in_again() -> None:
    here = Exchange(Shared([ANYTHING, Changes(cosigned=frozenset({7}))]))
    here.watch.now_s += DEAF_S
    await here.follow()
    here.others.verify_heard()
    assert here.taken == [ANYTHING, Changes(cosigned=frozenset({7}))]


async def test_what_is_known_is_as_old_as_the_question() -> None:
    here = Exchange(Shared([ANYTHING]), takes_s=DEAF_S)
    await here.follow()
    assert here.others.unheard_s == DEAF_S
    assert not here.others.are_heard


async def test_what_was_heard_and_could_not_be_taken_in_is_not_known() -> None:
    here = Exchange(Shared([ANYTHING]), refusal=StoreUnreachable("test"))
    here.watch.now_s += DEAF_S
    await here.follow()
    assert here.taken == [ANYTHING]
    assert not here.others.are_heard


async def test_for_a_moment_nothing_need_be_heard(caplog: pytest.LogCaptureFixture) -> None:
    here = Exchange(Shared([StoreUnreachable("test")]))
    await here.follow()
    assert here.others.are_heard
    assert "cannot follow other processes" in caplog.text


async def test_what_no_second_server_keeps_is_shown_to_nobody() -> None:
    here = Exchange(Shared([ANYTHING, StoreNotReplicated("test")]))
    await here.follow()
    with pytest.raises(StoreUnreachable):
        here.others.verify_heard()


async def test_who_missed_something_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tearline_server.replicas._DEAF_PAUSE_S", 0)
    here = Exchange(Shared([StoreNotReplicated("test"), ANYTHING]))
    task = asyncio.create_task(here.others.follow())
    async with asyncio.timeout(30):
        while not here.taken:
            here.missed.clear()
            await here.missed.wait()
    task.cancel()
    here.others.verify_heard()
