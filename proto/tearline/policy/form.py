"""Forms: the degree to which a reader sees a field.

The forms are a ladder. A reader with one form may have every form below it. A rule about one form
applies to all forms below it (a permit) or all above it (a forbid).
"""

from enum import IntEnum

from tearline.errors import MarkingMalformed


class Form(IntEnum):
    """Step of the ladder; a greater number reveals more."""

    WITHHELD = 0
    """Nothing, not even the field's existence."""
    EXISTS = 1
    """Existence of a field of this category, and the reason to withhold it."""
    MATCH = 2
    """Tag by which the reader recognises a value that it already has."""
    GENERALISED = 3
    """Value behind its category's mask: a band, a month, a region."""
    CLEAR = 4
    """Value itself."""

    @property
    def text(self) -> str:
        """Returns the form's lower-case name, its only spelling outside this program."""
        return _TEXTS[self]


FORMS = tuple(Form)
REVEALING_FORMS = FORMS[1:]
"""The forms a policy can permit; ``withheld`` is the result without a permit."""

_TEXTS = tuple(form.name.lower() for form in Form)
_BY_TEXT = {form.text: form for form in Form}


def parse_form(text: str) -> Form:
    """Returns the form that ``text`` names.

    Raises:
        MarkingMalformed: If ``text`` is not the lower-case name of a form.
    """
    form = _BY_TEXT.get(text)
    if form is None:
        raise MarkingMalformed("a form is withheld, exists, match, generalised or clear")
    return form


def deliverable(form: Form, *, can_generalise: bool) -> Form:
    """Returns the form in which a field is sent, if its policy allows ``form``.

    Without a mask for the value there is no generalised form, and there are no tags to match. The
    reader then only learns that the field exists.
    """
    if form is Form.MATCH or (form is Form.GENERALISED and not can_generalise):
        return Form.EXISTS
    return form
