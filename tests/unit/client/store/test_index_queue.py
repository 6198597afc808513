"""Packets to be indexed: what makes one due, how far it was read, and which ones are left out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.agencies import secret
from tearline_client.store.database import Database
from tearline_client.store.index_queue import IndexQueue
from tearline_client.store.vault import Vault

ONE, OTHER = secret("one"), secret("other")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "node.db", Vault(secret("vault")))
    for number, packet in enumerate((ONE, OTHER)):
        database.execute("INSERT INTO packet VALUES (?, '', ?, x'', x'')", (packet, number))
        grant(database, packet, b"")
    yield database
    database.close()


@pytest.fixture
def queue(database: Database) -> IndexQueue:
    return IndexQueue(database)


def grant(database: Database, packet: bytes, grant_id: bytes) -> None:
    database.execute("INSERT INTO packet_key VALUES (?, ?, x'')", (packet, grant_id))


def test_a_packet_is_due_from_the_first_text_on_with_each_key(
    database: Database, queue: IndexQueue
) -> None:
    assert sorted(queue.due()) == sorted((ONE, OTHER))
    queue.proceed(ONE, 256)
    assert (queue.done(ONE), queue.done(OTHER)) == (256, 0)
    grant(database, ONE, b"more")
    assert queue.done(ONE) == 0
    queue.finish(ONE)
    assert (queue.done(ONE), queue.due()) == (None, [OTHER])
    queue.begin(ONE)
    queue.proceed(ONE, 256)
    database.execute("DELETE FROM packet_key WHERE packet = ? AND grant_id = ?", (ONE, b"more"))
    assert queue.done(ONE) == 0  # its other key is here
    database.execute("DELETE FROM packet_key WHERE packet = ?", (ONE,))
    assert (queue.done(ONE), queue.due()) == (None, [OTHER])


@pytest.mark.parametrize(
    "thaw",
    [
        "DELETE FROM freeze",
        "UPDATE freeze SET sealed = x'00'",
        "DELETE FROM frozen WHERE packet = (SELECT min(packet) FROM frozen)",
    ],
)
def test_a_frozen_packet_is_due_when_its_originator_resumes(
    database: Database, queue: IndexQueue, thaw: str
) -> None:
    database.execute("INSERT INTO freeze (agency, agreement, sealed) VALUES ('', x'', x'')")
    database.execute("INSERT INTO frozen VALUES (?)", (ONE,))
    queue.finish(OTHER)
    queue.freeze(ONE)
    assert (queue.due(), queue.unreadable()) == ([], [])
    database.execute(thaw)
    assert queue.due() == [ONE]


def test_a_packet_that_cannot_be_opened_is_left_out_until_a_key_comes(
    database: Database, queue: IndexQueue
) -> None:
    queue.proceed(ONE, 256)
    queue.set_unreadable(ONE)
    queue.finish(OTHER)
    queue.set_unreadable(OTHER)  # indexed before
    assert (queue.due(), queue.damaged()) == ([], [ONE])
    assert sorted(queue.unreadable()) == sorted((ONE, OTHER))
    assert (queue.done(ONE), queue.done(OTHER)) == (0, None)
    queue.set_unreadable(OTHER)  # met again: it stays indexed
    assert queue.damaged() == [ONE]
    grant(database, ONE, b"sent again")
    assert (queue.due(), queue.unreadable()) == ([ONE], [OTHER])
