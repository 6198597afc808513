"""Each decision is short, and has a number of its own."""

import re
from pathlib import Path

from support.cases import each_case
from support.paths import ROOT

FOLDER = ROOT / "docs" / "adr"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
MOST_WORDS = 300


def title(page: Path) -> str:
    """Returns the first heading of a page."""
    return page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


@each_case("page", DECISIONS)
def test_a_decision_has_at_most_300_words(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").split()) <= MOST_WORDS


def test_each_number_is_of_one_decision_in_force_or_left() -> None:
    in_force = [int(page.name[:4]) for page in DECISIONS]
    tried = (FOLDER / "tried.md").read_text(encoding="utf-8")
    left = [int(number) for number in re.findall(r"^\| (\d+) \|", tried, re.MULTILINE)]
    numbers = sorted(in_force + left)
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_title_of_each_decision_begins_with_its_number() -> None:
    assert [title(page).partition(".")[0] for page in DECISIONS] == [
        str(int(page.name[:4])) for page in DECISIONS
    ]
