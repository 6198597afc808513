"""Forms of persons, as ``node.forms``: sealed here as they are typed, until they are sent.

A form is its person's alone. Its id is derived from the person and from the name that it has in
addresses: the same name of another person is another form, and no answer tells of it.
"""

import hashlib
import json
from collections.abc import Iterable

from tearline.dataclass.immutable import immutable
from tearline.errors import DraftsFull, FormRefused, NotFound
from tearline_client.context import NodeContext
from tearline_client.store.drafts import DraftRow

MAX_FORMS = 16  # of a person; more is abandoned work
MAX_FORM_BYTES = 4 << 20  # of a person: a pasted table of 3 MiB, and what goes with it
_ID_SIZE = 16


@immutable
class KeptForm:
    """A form of a person.

    Attributes:
        name: Its name in addresses, 32 hexadecimal digits.
        page: Path of the page to which it belongs.
        time_ms: Time of its latest change, Unix milliseconds.
        ends_ms: Its expiry, Unix milliseconds.
        lost: Number of values of a packet that was erased since; they are gone.
    """

    name: str
    page: str
    time_ms: int
    ends_ms: int
    lost: int


class FormService:
    """Forms of persons.

    They are no contents of a packet, and no entry of the access log tells of them.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._store = context.stores.drafts

    def keep(
        self, person: str, name: str, page: str, values: Iterable[tuple[str, str]], *, lost: int = 0
    ) -> None:
        """Stores the values of a form, in place of its earlier ones.

        Args:
            person: The person.
            name: The form's name in addresses.
            page: Path of its page.
            values: Each with its name.
            lost: Number of erased values that its page told of.

        Raises:
            FormRefused: If values of the form were erased since its page was shown.
            DraftsFull: If the person has too many forms, or too large ones.
        """
        draft_id, objects = _id_of(person, name), list(values)
        data = json.dumps({"objects": objects}, ensure_ascii=False).encode()
        described = {"name": name, "page": page, "objects": len(objects), "lost": lost}
        told = json.dumps(described).encode()
        others, size = self._store.others(person, draft_id)
        verify_room(others, size + len(data) + len(told))
        time_ms = self._context.right_ms()
        row = DraftRow(id=draft_id, account="", person=person, time_ms=time_ms, told=told)
        with self._context.stores.database.transaction():
            found = self._store.of_id(draft_id)
            if found is not None and _described(found).lost > lost:
                raise FormRefused(
                    "values in it were erased with their packet since its page was shown"
                )
            self._store.put(row, data)

    def list(self, person: str) -> tuple[KeptForm, ...]:
        """Returns the forms of a person, the latest change first."""
        return tuple(_described(row) for row in reversed(self._store.of_person(person)))

    def get(self, person: str, name: str) -> KeptForm:
        """Returns a form of a person, without its values.

        Raises:
            NotFound: If the person has none of that name.
        """
        found = self._store.of_id(_id_of(person, name))
        if found is None:
            raise NotFound("no such draft of yours is kept")
        return _described(found)

    def values(self, person: str, name: str) -> tuple[tuple[str, str], ...]:
        """Returns the values of a form, each with its name; none if there is no such form."""
        data = self._store.objects(_id_of(person, name))
        return tuple((key, text) for key, text in json.loads(data)["objects"]) if data else ()

    def discard(self, person: str, name: str) -> None:
        """Deletes a form of a person, if there is one of that name."""
        with self._context.stores.database.transaction():
            self._store.discard(_id_of(person, name))

    def erasures(self) -> int:
        """Returns a number that grows with each erasure: a plan made before may hold its values."""
        return self._store.erasures()


def verify_room(others: int, size: int) -> None:
    """Checks the number of a person's other forms, and the bytes of all.

    Raises:
        DraftsFull: If there are too many.
    """
    if others >= MAX_FORMS or size > MAX_FORM_BYTES:
        mib = MAX_FORM_BYTES >> 20
        raise DraftsFull(f"at most {MAX_FORMS} of yours are kept, of {mib} MiB together")


def _id_of(person: str, name: str) -> bytes:
    return hashlib.sha256(f"{len(name)} {name}{person}".encode()).digest()[:_ID_SIZE]


def _described(row: DraftRow) -> KeptForm:
    told = json.loads(row.told)
    return KeptForm(
        name=told["name"],
        page=told["page"],
        time_ms=row.time_ms,
        ends_ms=row.ends_ms,
        lost=told.get("lost", 0),
    )
