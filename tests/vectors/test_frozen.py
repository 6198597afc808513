"""The formats of version 1 are those of frozen.txt: see docs/spec/stability.md."""

from vectors.frozen import FILE, lines

KNOWN = FILE.read_text(encoding="utf-8").splitlines()


def test_no_format_was_changed_or_taken_away() -> None:
    """From 1.0 on, such a line needs another version; before, the changelog says so."""
    assert sorted({*KNOWN} - {*lines()}) == []


def test_every_new_format_is_written_down() -> None:
    """``PYTHONPATH=tests python -m vectors.frozen`` does it."""
    assert sorted({*lines()} - {*KNOWN}) == []


def test_the_list_covers_each_sort_of_format() -> None:
    sorts = {"method", "label", "type", "armor", "event", "kind", "category", "algorithm", "error"}
    assert {*sorts, "pin", "Manifest", "LightTurn", "Exhibit"} <= {
        line.split()[0] for line in KNOWN
    }
