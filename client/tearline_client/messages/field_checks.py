"""Defects of single fields: these fields are excluded from use, the others are not."""

from collections.abc import Mapping

from tearline.errors import TearlineError
from tearline.packets.packet import Field, View
from tearline.policy.form import Form
from tearline.policy.masks import verify_generalised
from tearline.policy.profile import verify_category


def judge_fields(view: View) -> dict[int, TearlineError]:
    """Returns the defects of single fields of a view, by slot; such fields must not be used.

    A field is mislabelled if its path implies a stricter category than its compartment states. A
    reader of the clear form computes the generalised one again and compares.
    """
    findings: dict[int, TearlineError] = {}
    clear = {o.field.path: o for o in view.fields if o.field.form is Form.CLEAR}
    for opened in view.fields:
        field = opened.field
        try:
            verify_category(field.path, field.marking)
            if field.form is Form.GENERALISED and field.path in clear:
                verify_generalised(field.path, clear[field.path].field.texts, field.texts)
        except TearlineError as error:
            findings[opened.slot] = error
    return findings


def usable_fields(view: View, findings: Mapping[int, TearlineError]) -> tuple[Field, ...]:
    """Returns the fields of a view without defects."""
    return tuple(opened.field for opened in view.fields if opened.slot not in findings)
