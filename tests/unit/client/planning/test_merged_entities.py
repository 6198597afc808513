"""The store of a large source's entities: little memory, and nothing legible on the disk."""

import re
from collections.abc import Callable
from functools import partial

import apsw
import pytest

from support.costs import memory
from support.unnamed_files import unnamed_files
from tearline.errors import ImportRefused, StoreFull
from tearline_client.planning import merged_entities
from tearline_client.planning.connected_components import Components
from tearline_client.planning.entities import Entity
from tearline_client.planning.merged_entities import Groups, MergedEntities

LEGIBLE = re.compile(rb"Nobody|person-\d")
MANY = 4_000


def person(number: int) -> Entity:
    return Entity(
        id=f"person-{number}", schema="Person", properties={"name": (f"Nobody {number} " * 9,)}
    )


def filled(size: int) -> MergedEntities:
    held = MergedEntities()
    held._rows.execute(
        "PRAGMA cache_size = 16"
    )  # pages, so that a few entities already need the file
    for number in range(size):
        held.add(person(number))
    return held


def test_the_temporary_file_holds_no_value_and_no_id() -> None:
    before = {each.name for each in unnamed_files()}
    held = filled(MANY)
    files = [each for each in unnamed_files() if each.name not in before]
    content = b"".join(each.read_bytes() for each in files)
    assert len(content) > 100 * MANY
    assert LEGIBLE.search(content) is None
    assert held[MANY - 1] == person(MANY - 1)


def test_an_entity_takes_a_few_bytes_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merged_entities, "_RECENT", 16)

    def grouped(size: int) -> Callable[[], object]:
        return lambda: Groups(filled(size))

    (_, few), (_, many) = (memory(partial(grouped, size)) for size in (1_000, 3_000))
    assert (many - few) / 2_000 < 50


def test_a_full_disk_is_told() -> None:
    held = filled(10)
    held._rows.execute("PRAGMA max_page_count = 8")

    def fill() -> None:
        for number in range(10, MANY):
            held.add(person(number))

    with pytest.raises(StoreFull):
        fill()


def test_a_folder_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def execute(self, statement: str, values: object) -> object:
            raise apsw.CantOpenError("unable to open database file")

    held = filled(1)
    monkeypatch.setattr(held._rows, "_database", Failing())
    with pytest.raises(ImportRefused, match="TMPDIR"):
        held.add(person(2))


def test_components_are_in_order_of_their_first_nodes() -> None:
    found = Components(6, [(4, 1), (5, 3), (1, 4)])
    assert [list(nodes) for nodes in found] == [[0], [1, 4], [2], [3, 5]]
    assert len(found) == 4
