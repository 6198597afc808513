import pytest

from tearline.errors import MarkingMalformed
from tearline.policy.form import FORMS, REVEALING_FORMS, Form, deliverable, parse_form


def test_the_ladder_rises() -> None:
    assert list(FORMS) == sorted(FORMS)
    assert [form.text for form in FORMS] == ["withheld", "exists", "match", "generalised", "clear"]
    assert Form.WITHHELD not in REVEALING_FORMS


@pytest.mark.parametrize("form", FORMS)
def test_a_form_reads_back(form: Form) -> None:
    assert parse_form(form.text) is form


@pytest.mark.parametrize(
    "text", ["", "Clear", "CLEAR", " clear", "4", "cleаr"]
)  # the last: Cyrillic
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(MarkingMalformed):
        parse_form(text)


def test_what_cannot_be_made_is_only_told_to_exist() -> None:
    assert deliverable(Form.GENERALISED, can_generalise=False) is Form.EXISTS
    for can_generalise in (True, False):
        assert deliverable(Form.MATCH, can_generalise=can_generalise) is Form.EXISTS
        for form in FORMS:
            assert deliverable(form, can_generalise=can_generalise) <= form
    for form in {*FORMS} - {Form.MATCH}:
        assert deliverable(form, can_generalise=True) is form
