"""The keyed index of values: what it finds, what it forgets, and that its file tells nothing."""

from pathlib import Path

import pytest

from support.agencies import secret
from support.canary import canary, found
from tearline.errors import MalformedInput
from tearline_client.planning.mentions import phrases_of
from tearline_client.store.database import Database
from tearline_client.store.index_queue import IndexQueue
from tearline_client.store.value_index import ValueStore
from tearline_client.store.vault import Vault

PACKETS = [secret("first"), secret("second")]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(tmp_path / "node.db", Vault(secret("vault")))
    for number, packet in enumerate(PACKETS):
        database.execute("INSERT INTO packet VALUES (?, '', ?, x'', x'')", (packet, number))
        grant(database, packet, b"")
    yield database
    database.close()


def grant(database: Database, packet: bytes, grant_id: bytes) -> None:
    database.execute("INSERT INTO packet_key VALUES (?, ?, x'')", (packet, grant_id))


def forget(values: ValueStore, packet: bytes) -> None:
    while values.forget(packet, 1):
        pass


def test_a_value_is_found_however_it_is_written(database: Database) -> None:
    values = ValueStore(database, secret("key"))
    values.put(PACKETS[0], ["Qiu Wenhao", "DE02 1203 0000"])
    values.put(PACKETS[1], ["QIU WENHAO", "…"])
    assert values.find("qiu-wenhao") == PACKETS
    assert values.find("de0212030000") == [PACKETS[0]]
    assert values.find("qiu") == []
    for nothing in ("", "…", "--"):
        with pytest.raises(MalformedInput):
            values.find(nothing)


def test_whose_word_a_value_is_counts_for_copies(database: Database) -> None:
    values = ValueStore(database, secret("key"))
    values.put(PACKETS[0], ["cn", "Qiu Wenhao"], telling=["Qiu Wenhao"])
    assert [told.packet for told in values.told("QIU WENHAO")] == [PACKETS[0]]
    assert values.told("cn") == []
    assert not values.is_own_word("qiu wenhao")
    forget(values, PACKETS[0])
    values.put(PACKETS[0], ["cn", "Qiu Wenhao"])  # read again, as far as it is open now
    assert values.told("qiu wenhao") == []


@pytest.mark.parametrize("indexed_first", [0, 1])
def test_a_value_is_our_own_that_we_told_first_whenever_it_was_indexed(
    database: Database, indexed_first: int
) -> None:
    values = ValueStore(database, secret("key"))
    own = {"own": True}
    theirs = {"telling": ["Qiu Wenhao"]}
    order = [(PACKETS[0], own), (PACKETS[1], theirs)]
    for packet, as_what in (order[indexed_first], order[1 - indexed_first]):
        values.put(packet, ["Qiu Wenhao"], **as_what)
    assert values.is_own_word("qiu-wenhao")
    for packet, as_what in ((PACKETS[1], own), (PACKETS[0], theirs)):
        forget(values, packet)
        values.put(packet, ["Qiu Wenhao"], **as_what)
    assert not values.is_own_word("qiu-wenhao")  # it came first, and we repeated it


def test_a_later_step_makes_no_value_of_a_packet_less_telling(database: Database) -> None:
    values = ValueStore(database, secret("key"))
    values.put(PACKETS[0], ["Qiu Wenhao"], telling=["Qiu Wenhao"])
    values.put(PACKETS[0], ["QIU Wenhao"])  # the same value in another field
    assert [told.packet for told in values.told("qiu wenhao")] == [PACKETS[0]]


def test_values_are_forgotten_a_few_at_a_time(database: Database) -> None:
    values = ValueStore(database, secret("key"))
    values.put(PACKETS[0], ["one", "two", "three"])
    values.put(PACKETS[1], ["one"])
    left = []
    while values.forget(PACKETS[0], 2):
        left.append(database.value("SELECT count(*) FROM value_tag"))
    assert left == [2, 1]
    assert values.find("one") == [PACKETS[1]]


def test_what_is_erased_is_forgotten(database: Database) -> None:
    values = ValueStore(database, secret("key"))
    values.put(PACKETS[0], ["one"])
    database.execute("DELETE FROM packet_key WHERE packet = ?", (PACKETS[0],))
    assert values.find("one") == []
    assert database.rows("SELECT * FROM value_tag") == []
    assert IndexQueue(database).due() == [PACKETS[1]]


def test_what_tells_a_copy_is_known_until_its_grant_would_have_ended(database: Database) -> None:
    values = ValueStore(database, secret("key"))
    values.put(PACKETS[0], ["one", "two"], telling=["one"])
    database.execute("DELETE FROM packet_key WHERE packet = ?", (PACKETS[0],))
    assert values.find("one") == []
    assert [(told.packet, told.erased) for told in values.told("one")] == [(PACKETS[0], True)]
    values.keep_until(PACKETS[0], 1000)
    grant(database, PACKETS[0], b"what is left")
    values.put(PACKETS[0], ["two"])  # an erased value is not open again by that
    assert (values.find("one"), values.find("two")) == ([], [PACKETS[0]])
    values.expire(999)
    assert values.told("one")
    values.expire(1000)
    assert values.told("one") == []
    assert values.find("two") == [PACKETS[0]]


def test_without_the_key_the_index_tells_nothing(database: Database, tmp_path: Path) -> None:
    value = canary().lower()
    ValueStore(database, secret("key")).put(PACKETS[0], [value])
    assert ValueStore(database, secret("another key")).find(value) == []
    assert ValueStore(database, secret("key")).find(value) == [PACKETS[0]]
    assert found([value], (file.read_bytes() for file in tmp_path.iterdir())) == set()


def test_a_number_is_indexed_by_each_of_its_spellings(database: Database) -> None:
    values = ValueStore(database, secret("key"))
    told = ["+526641234567", "DE02120300000000202051", "1847250.50"]
    values.put(PACKETS[0], told, telling=told)
    printed = ("call (664) 123-45 67", "0052 664 123 45 67", "BLZ 120 300 00, 0000 202051",
               "DE02 1203 0000 0000 2020 51", "MXN 1.847.250,5")  # fmt: skip
    for text in printed:
        assert values.told_among(set(phrases_of(text))), text
    assert not values.told_among(set(phrases_of("call 664 123 45 68")))
