import re

import pytest

from support.cases import each_case
from tearline_client.connectors.exporters.csv_safe import safe_cell

SIGNS = tuple("=+-@＝＋－＠")


@each_case(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        "  =1+1",
        "\t=1+1",
        "\tx",
        "\nx",
        "\r=1+1",
        "\r\n=1",
        "'=1",
        "\u00a0=1",
    ],
)
def test_no_cell_is_a_formula(text):
    assert safe_cell(text).startswith("'")


@each_case("delimiter", [";", "\t", "\n", "\r\n"])
@each_case("text", ["=1+1", " =1", '"=1', "＝1", "-1", "@SUM(A1)"])
def test_no_part_of_a_cell_is_a_formula_where_a_program_parts_it(delimiter, text):
    parts = re.split(r"[;\t\n]", safe_cell(f"x{delimiter}{text}{delimiter}y"))
    assert not any(part.lstrip('" ').startswith(SIGNS) for part in parts)


@each_case("text", ["", "Ana", "1", "1-1", "a=b", "安娜", "two\nlines", "a'b", "a;b"])
def test_plain_cells_stay(text):
    assert safe_cell(text) == text


@pytest.mark.parametrize("trick", ["\x1b[2J", "\x07", "\x9b", "\x7f", "\u202e", "\0", "\u200b"])
def test_no_control_reaches_a_terminal(trick):
    shown = safe_cell(f"x{trick}y")
    assert shown.isprintable()
    assert "\\u" in shown


def test_a_control_does_not_hide_a_formula():
    assert safe_cell("\u200b=1").startswith("\\u200b")
    assert safe_cell("\x00=1").startswith("\\u0000")
