"""Text is shown as it is where it can be seen, and by its code where it cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cases import each_case
from support.hostile_values import HOSTILE, obeyed
from tearline.limits import MAX_COMBINING_MARKS
from tearline.text.display import visible, visible_lines


@each_case(
    ("text", "seen"),
    [
        ("张伟 José Ñandú", "张伟 José Ñandú"),
        ("全角\u3000空格", "全角\u3000空格"),
        ("\x1b]0;owned\x07", "\\u001b]0;owned\\u0007"),
        ("\x9b31m", "\\u009b31m"),
        ("line\nforged row", "line\\nforged row"),
        ("tab\tstop", "tab\\tstop"),
        ("evil\u202efdp.exe", "evil\\u202efdp.exe"),
        ("\u2066a\u2069", "\\u2066a\\u2069"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\u2028", "\\u2028"),
        ("lone \ud800", "lone \\ud800"),
        ("tag \U000e0041", "tag \\udb40\\udc41"),
        ("fill\u3164er", "fill\\u3164er"),
        ("select\ufe0f\U000e0100", "select\\ufe0f\\udb40\\udd00"),
        ("joined\u034f", "joined\\u034f"),
    ],
)
def test_what_a_terminal_would_obey_is_made_visible(text, seen):
    assert visible(text) == seen


@given(st.text())
def test_visible_text_holds_no_control_and_no_direction(text):
    shown = visible(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert obeyed(shown) == []
    assert "\n" not in shown


@given(st.text() | st.lists(st.sampled_from([*HOSTILE.values()])).map("".join))
def test_what_is_visible_stays_as_it_is(text):
    assert visible(visible(text)) == visible(text)


@each_case("trick", HOSTILE)
def test_no_trick_works(trick):
    assert obeyed(visible(HOSTILE[trick])) == []
    assert obeyed(visible_lines(HOSTILE[trick])) == []


@each_case("trick", sorted(set(HOSTILE) - {"markup", "formula"}))
def test_each_trick_is_one(trick):
    assert obeyed(HOSTILE[trick])


@pytest.mark.parametrize(
    "text", ["Việt Nguyễn", "שָׁלוֹם", "ပြည်သူ့", "བསྒྲུབས", "กฎหมายที่", "Ñandú", "नीति"]
)
def test_a_letter_keeps_the_marks_of_its_script(text):
    assert visible(text) == text


def test_marks_that_pile_up_are_told_by_their_codes():
    flood = "Z" + "\u0300" * (MAX_COMBINING_MARKS + 2) + "x\u0301"
    assert visible(flood) == "Z" + "\u0300" * MAX_COMBINING_MARKS + r"\u0300\u0300" + "x\u0301"


def test_lines_stay_lines():
    assert visible_lines("one\ntwo\t\x1b\n") == "one\ntwo\\t\\u001b\n"
