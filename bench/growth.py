"""A log of many entries, appended as the exchange appends: ``python -m bench.growth HOME SIZE``.

The events go through the committer's queue, the desk, the tree and the store, in batches of the
size that the exchange takes at once, each durable before the next. They are what a federation's
traffic leaves behind: a grant accepted for its sender and for its recipient, then delivered.
"""

import argparse
import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

from bench.federation import ARTICLE, PARTNERS, PURPOSE, SENDER
from tearline.audit.event import Event, EventCode
from tearline.limits import MAX_BATCH_STATEMENTS
from tearline_server.bootstrap import Components, components_of
from tearline_server.config import load_config, read_passphrase
from tearline_server.ingest.commands import Command, LogEventsCommand
from tearline_server.ingest.committer import Committer
from tearline_server.ingest.processor import Listeners, StatementProcessor
from tearline_server.keys import read_keys
from tearline_server.processing.registry import Registry
from tearline_server.storage.sqlite.store import SqliteStore

AGREEMENT_ID = bytes(16)
PARTS = 100  # of a growth, each timed for itself
_EVENTS_PER_GRANT = 3
_GRANTS_PER_PACKET = 2


def statement_of(entry: int) -> bytes:
    """The id, 32 bytes, of the grant that an entry of a grown log is about."""
    return hashlib.sha256(b"grant %d" % (entry // _EVENTS_PER_GRANT)).digest()


def packet_of(entry: int) -> bytes:
    """The id, 32 bytes, of that grant's packet."""
    number = entry // _EVENTS_PER_GRANT // _GRANTS_PER_PACKET
    return hashlib.sha256(b"packet %d" % number).digest()


def event_of(entry: int) -> Event:
    """What an entry of a grown log says."""
    sender = f"spiffe://{SENDER}/node/hub"
    partner = PARTNERS[entry // _EVENTS_PER_GRANT % len(PARTNERS)]
    recipient = f"spiffe://{partner}/node/node0"
    step = entry % _EVENTS_PER_GRANT
    delivered = step == _EVENTS_PER_GRANT - 1
    return Event(
        statement_id=statement_of(entry),
        code=EventCode.GRANT_DELIVERED if delivered else EventCode.GRANT_ACCEPTED,
        party=recipient if step else sender,
        time_ms=1,  # the log's own time is put in its place
        actor=recipient if delivered else sender,
        counterpart=sender if delivered else recipient,
        packet=packet_of(entry),
        agreement_id=AGREEMENT_ID,
        article="" if delivered else ARTICLE,
        purpose="" if delivered else PURPOSE,
    )


async def grow(house: Components, size: int) -> list[float]:
    """Appends events until the log has ``size`` entries.

    Returns:
        Of each hundredth of the new entries, the microseconds on the clock that one took.
    """
    stored = await house.store.load()
    start = stored.head.tree.size
    house.timekeeper.accept()  # the log is this benchmark's own
    desk = StatementProcessor(
        house.store,
        Registry.restore(house.installation, stored),
        house.keys,
        house.timekeeper,
        Listeners(
            mail=lambda _: None,
            recalls=lambda _: None,
            refusal=lambda _node, _code: None,
            trust=lambda: None,
            directory=lambda _: None,
        ),
        frozenset(),
    )
    committer: Committer[Command] = Committer(house.store, desk, house.log.advance, house.metrics)
    committer.start()
    times = []
    for part in range(PARTS):
        first = start + (size - start) * part // PARTS
        last = start + (size - start) * (part + 1) // PARTS
        began = time.perf_counter()
        for batch in _batches(first, last):
            await committer.submit(LogEventsCommand(*map(event_of, batch)))
        if last > first:
            times.append((time.perf_counter() - began) * 1e6 / (last - first))
    await committer.close()
    return times


def _batches(first: int, last: int) -> Iterator[range]:
    for start in range(first, last, MAX_BATCH_STATEMENTS):
        yield range(start, min(start + MAX_BATCH_STATEMENTS, last))


async def _grow(home: Path, size: int) -> list[float]:
    config = load_config(home)
    keys = read_keys(config.keys, read_passphrase(None))
    store = SqliteStore(config.database)
    try:
        return await grow(components_of(config, keys, store), size)
    finally:
        await store.close()


def main() -> None:
    """Grows the log, and prints the times as JSON."""
    parser = argparse.ArgumentParser(prog="bench.growth", description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("size", type=int)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(_grow(arguments.home, arguments.size))))


if __name__ == "__main__":
    main()
