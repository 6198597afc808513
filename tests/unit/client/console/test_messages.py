"""Every message has a translation in each language, with its values, and none is stale."""

import re

import pytest

from tearline.limits import MAX_TIME_MS
from tearline_client.console.languages import NAMES, language, preferred
from unit.client.console.catalogues import LOCALES, catalogue, messages

_VALUES = re.compile(r"%\(\w+\)s")


def test_every_language_but_english_has_a_catalogue() -> None:
    assert {*LOCALES} == {*NAMES} - {"en"}


@pytest.mark.parametrize("code", LOCALES)
def test_no_message_is_missing_and_none_is_stale(code: str) -> None:
    asked = {each if isinstance(each, str) else each[0] for each in messages()}
    there = {each.id if isinstance(each.id, str) else each.id[0] for each in catalogue(code)}
    assert len(asked) > 100
    assert there - {""} == asked


@pytest.mark.parametrize("code", LOCALES)
def test_every_message_is_translated_with_its_values(code: str) -> None:
    for message in catalogue(code):
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        forms = [message.string] if isinstance(message.string, str) else [*message.string]
        source = message.id if isinstance(message.id, str) else message.id[1]
        plural = catalogue(code).num_plurals if isinstance(message.id, tuple) else 1
        assert len(forms) == plural, message.id
        for form in forms:
            assert form.strip(), message.id
            assert sorted(_VALUES.findall(form)) == sorted(_VALUES.findall(source)), message.id
            assert form.count("`") == source.count("`"), message.id


def test_a_value_in_a_message_is_text() -> None:
    for code in NAMES:
        text = language(code).text("version %(number)s", number="<b>\u202e&")
        assert "<b>" not in text
        assert "\u202e" not in text
        assert "&lt;b&gt;" in text


def test_a_time_says_itself_as_iso_8601_in_every_language() -> None:
    for code in NAMES:
        told = language(code).time(1_795_844_893_000)
        iso = "2026-11-28T05:48:13Z"
        assert told.startswith(f'<time datetime="{iso}" title="{iso}">')
        assert told.striptags() == language(code).date(1_795_844_893_000)


def test_numbers_and_dates_are_written_as_the_language_does() -> None:
    assert [language(code).number(1_234_567) for code in NAMES] == [
        "1,234,567",
        "1,234,567",
        "1.234.567",
    ]
    times = [language(code).date(1_795_844_893_000) for code in NAMES]
    assert times == ["28 Nov 2026, 05:48:13", "2026年11月28日 05:48:13", "28 nov 2026, 5:48:13"]


def test_plural_forms_follow_the_number() -> None:
    one, many = "%(count)s field kept back", "%(count)s fields kept back"
    assert language("en").counted(one, many, 1) == "1 field kept back"
    assert language("en").counted(one, many, 2) == "2 fields kept back"
    assert language("es").counted(one, many, 1) == "1 campo reservado"
    assert language("es").counted(one, many, 2) == "2 campos reservados"
    assert language("es").counted(one, many, 2_000_000) == "2.000.000 de campos reservados"
    assert language("zh").counted(one, many, 1) == "保留 1 个字段"


def test_an_empty_message_stays_empty() -> None:
    assert [language(code).text("") for code in NAMES] == ["", "", ""]


@pytest.mark.parametrize("code", NAMES)
def test_any_time_that_a_partner_may_state_is_shown(code: str) -> None:
    for time_ms in (0, 253_402_300_800_000, MAX_TIME_MS, (1 << 64) - 1):
        assert language(code).date(time_ms)
        assert language(code).number(time_ms)
    assert "9999" in language(code).date(MAX_TIME_MS)


@pytest.mark.parametrize("code", NAMES)
def test_a_code_of_a_partner_without_a_message_is_shown_visible(code: str) -> None:
    shown = str(language(code).text("officer\u202e\x1b[2J<b>"))
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    assert "<b>" not in shown


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr-FR,es;q=0.9", "es"),
        ("tlh", "en"),
        ("x" * 10_000, "en"),
    ],
)
def test_a_browser_states_the_first_language(header: str, code: str) -> None:
    assert preferred(header) == code
