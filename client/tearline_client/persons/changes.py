"""Sign-ins and changes of persons, as the access log records them before each is done."""

from collections.abc import Callable, Iterable

from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.persons.tokens import Role


@immutable
class PersonAct:
    """A sign-in, or a change of a person.

    Attributes:
        code: The act.
        person: The agency's own name for the person; empty for a name that no person has.
        by: The acting person, by name; empty for the node itself, at a terminal.
        detail: The roles given, or the proof of a sign-in; or empty.
        refused: Code of the error of a refused sign-in; or empty.
    """

    code: EventCode
    person: str
    by: str = ""
    detail: str = ""
    refused: str = ""


Record = Callable[[PersonAct], None]
"""Writes an act into the access log; raises an error if that fails."""


def unrecorded(act: PersonAct) -> None:
    """Writes no entry: for persons of a node that has no access log yet."""


def roles_text(roles: Iterable[Role]) -> str:
    """Returns roles as an entry names them."""
    return " ".join(sorted(role.value for role in roles))
