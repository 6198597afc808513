"""The index of clear entries: pages, and the directories beside entries."""

from tearline.federation.turns import EntryPart
from tearline.verification.clear_index import ClearIndex

US, MX = "spiffe://us.example", "spiffe://mx.example"
KEYS = (US, EntryPart.KEYS)


def index() -> ClearIndex:
    """Clear entries 1, 2, 8 and directories 0, 3, 4, 5, 9, of which 4 concerned nothing."""
    found = ClearIndex()
    found.add_directory(0, ())
    found.add(1, [KEYS])
    found.add(2, [KEYS, (MX, EntryPart.VOTES)])
    for each in (3, 4):
        found.add_directory(each, ())
    found.add_directory(5, [MX])
    found.add(8, [KEYS])
    found.add_directory(9, ())
    return found


def test_a_page_begins_at_an_index_and_has_a_bound() -> None:
    assert list(index().find(KEYS, 0, 2)) == [1, 2]
    assert list(index().find(KEYS, 2, 9)) == [2, 8]
    assert list(index().find((MX, EntryPart.KEYS), 0, 9)) == []


def test_entries_come_with_the_directories_before_and_behind_them() -> None:
    found = index()
    assert found.beside(1) == (0, 3)
    assert found.beside(2) == (0, 3)
    assert found.beside(8) == (5, 9)


def test_a_directory_that_replaced_a_root_is_an_entry_about_the_agency() -> None:
    assert list(index().find((MX, EntryPart.MEMBERSHIP), 0, 9)) == [5]


def test_the_newest_entries_before_an_index_come_first() -> None:
    assert list(index().before(KEYS, 8)) == [2, 1]
