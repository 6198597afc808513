"""The layout only improves: see ``layout.py``."""

from pathlib import Path

import pytest

import layout
from support.cases import each_case


def test_every_bound_has_a_figure() -> None:
    assert {*layout.AT_MOST, *layout.AT_LEAST} <= layout.figures().keys()


@each_case("name", layout.AT_MOST)
def test_a_figure_stays_below_its_bound(name: str) -> None:
    assert layout.figures()[name] <= layout.AT_MOST[name]


@pytest.mark.parametrize("name", layout.AT_LEAST)
def test_a_figure_stays_above_its_bound(name: str) -> None:
    assert layout.figures()[name] >= layout.AT_LEAST[name]


def test_the_figures_count_what_they_say(tmp_path: Path) -> None:
    module = tmp_path / "keeping.py"
    module.write_text(
        '"""What nobody wants.\n\nReturns."""\n\nimport os\nfrom os import (\n    path,\n)\n\n'
        '# A comment.\nA = """text\n"""\n"""Who."""\n\n\n'
        'def f() -> None:\n    """Nothing."""\n    return os.node.state, node.state  # here\n',
        encoding="utf-8",
    )
    assert layout.code_lines(module) == 4
    words = ["What", "nobody", "wants", "Returns", "Who", "Nothing"]
    assert layout.docstring_words(module) == words
    assert layout.state_reads([module]) == 2
    assert layout.root_modules(tmp_path) == [module]
