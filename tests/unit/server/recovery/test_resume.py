"""After a restore nothing is written until every cosigning node said what it cosigned."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.agencies import CN, EXCHANGE, MX, NOW_MS, node_of
from support.exchange import Clock
from tearline.audit.event import Event, EventCode
from tearline.errors import ExchangeBusy, StoreFull
from tearline_server.recovery.resume import ResumeBarrier
from tearline_server.storage.rows import Restoration
from tearline_server.storage.snapshot import Changes
from tearline_server.storage.sqlite.store import SqliteStore

NODES = frozenset({node_of(CN), node_of(MX)})
ANYTHING = Changes(cosigned=None)


@dataclass
class Restored:
    """A store that was restored, and what is logged over it."""

    store: SqliteStore
    logged: list[Event] = field(default_factory=list)

    def resume_barrier(self) -> ResumeBarrier:
        """Of one more process, or life of one, over this store."""
        return ResumeBarrier(self.store, EXCHANGE, self._log, Clock())

    async def waiting(self) -> ResumeBarrier:
        """One that waits for the nodes."""
        resumption = self.resume_barrier()
        await resumption.restore(NODES)
        return resumption

    async def is_settled(self) -> bool:
        """Whether the store keeps that writing has begun."""
        return (await self.store.restorations())[-1].settled

    async def _log(self, event: Event) -> None:
        self.logged.append(event)


@pytest.fixture
async def restored(tmp_path: Path) -> AsyncIterator[Restored]:
    store = SqliteStore(tmp_path / "exchange.db")
    await store.begin_epoch(Restoration(start=0, stop=0, settled=False))
    yield Restored(store)
    await store.close()


async def test_it_begins_behind_the_last_node(restored: Restored) -> None:
    resumption = await restored.waiting()
    assert resumption.awaited == sorted(NODES)
    for node in (node_of(CN), node_of(CN), "spiffe://c.example/node/stranger"):
        await resumption.hear(node)
    assert resumption.awaited == [node_of(MX)]
    with pytest.raises(ExchangeBusy):
        resumption.verify_begun()
    assert not await restored.is_settled()
    await resumption.hear(node_of(MX))
    resumption.verify_begun()
    assert await restored.is_settled()
    (event,) = restored.logged
    assert (event.code, event.actor, event.time_ms) == (EventCode.OPERATOR, EXCHANGE, NOW_MS)


async def test_it_begins_once(restored: Restored) -> None:
    resumption = await restored.waiting()
    said = [*NODES, *NODES]
    await asyncio.gather(resumption.begin(), *map(resumption.hear, said))
    await resumption.hear(node_of(CN))
    assert len(restored.logged) == 1
    assert (await restored.waiting()).has_begun


async def test_where_no_node_cosigns_nobody_is_awaited(restored: Restored) -> None:
    resumption = restored.resume_barrier()
    await resumption.restore(())
    assert resumption.has_begun
    assert len(restored.logged) == 1


async def test_what_was_never_restored_waits_for_nobody(tmp_path: Path) -> None:
    fresh = Restored(SqliteStore(tmp_path / "exchange.db"))
    resumption = await fresh.waiting()
    resumption.verify_begun()
    assert not fresh.logged
    await fresh.store.close()


async def test_nothing_is_written_before_that_is_kept(
    restored: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full() -> None:
        raise StoreFull

    resumption = await restored.waiting()
    await resumption.hear(node_of(CN))
    monkeypatch.setattr(restored.store, "settle", full)
    with pytest.raises(StoreFull):
        await resumption.hear(node_of(MX))
    assert not resumption.has_begun
    monkeypatch.undo()
    await resumption.hear(node_of(CN))  # whichever comes again
    assert resumption.has_begun
    assert len(restored.logged) == 1


async def test_it_begins_where_another_process_did(restored: Restored) -> None:
    one, other = await restored.waiting(), await restored.waiting()
    await other.follow(ANYTHING)
    assert not other.has_begun
    await one.begin()
    await other.follow(Changes(cosigned=frozenset({7})))
    assert not other.has_begun  # nothing but a cosignature was heard of
    await other.follow(ANYTHING)
    assert other.has_begun
    assert len(restored.logged) == 1
