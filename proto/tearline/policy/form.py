"""Forms: how much of a field its reader gets.

The forms are a ladder. Whoever may have one may have every form below it, and a rule that
speaks of one form speaks of all below it (a permit) or all above it (a forbid).
"""

from enum import IntEnum

from tearline.errors import MarkingMalformed


class Form(IntEnum):
    """One step of the ladder; a greater number reveals more."""

    WITHHELD = 0
    """Nothing, not even that the field exists."""
    EXISTS = 1
    """That there is something of this category, and why it is kept back."""
    MATCH = 2
    """A tag by which the reader recognises a value that it already holds."""
    GENERALISED = 3
    """The value behind its category's mask: a band, a month, a region."""
    CLEAR = 4
    """The value itself."""

    @property
    def text(self) -> str:
        """The form's lower-case name, its only spelling outside this program."""
        return self.name.lower()


FORMS = tuple(Form)
REVEALING_FORMS = FORMS[1:]
"""The forms a policy can permit; ``withheld`` is what remains without a permit."""

_BY_TEXT = {form.text: form for form in Form}


def parse_form(text: str) -> Form:
    """The form that ``text`` names.

    Raises:
        MarkingMalformed: If ``text`` is not the lower-case name of a form.
    """
    form = _BY_TEXT.get(text)
    if form is None:
        raise MarkingMalformed("a form is withheld, exists, match, generalised or clear")
    return form


def deliverable(form: Form, *, can_match: bool, can_generalise: bool) -> Form:
    """The form that a field really travels in, where its policy allows ``form``.

    Without a mask for the value there is no generalised form, without matching no tag; then
    the reader is told only that the field exists.
    """
    if form is Form.GENERALISED and not can_generalise:
        return Form.EXISTS
    if form is Form.MATCH and not can_match:
        return Form.EXISTS
    return form
