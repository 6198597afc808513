"""The entities of a form: their fields, the buttons that change them, and doubtful values."""

from tearline.errors import MalformedInput
from tearline.limits import MAX_CONSOLE_ENTITIES
from tearline.packets.packet import PacketKind
from tearline_client.console.contents import (
    Entry,
    inputs,
    new_entry,
    others,
    schemata_of,
    with_property,
)
from tearline_client.console.forms import Form
from tearline_client.planning.ftm_schema import SCHEMATA


def entity_values(
    kind: PacketKind, entries: tuple[Entry, ...], *, judged: bool
) -> dict[str, object]:
    """Returns the template's values of entities; with ``judged``, fields have their errors."""
    offered = schemata_of(kind)
    return {
        "entries": [
            {
                "number": number,
                "entry": each,
                "inputs": inputs(kind, each, judged=judged),
                "others": others(each),
            }
            for number, each in enumerate(entries)
        ],
        "captions": {each.id: (each.schema, each.caption()) for each in entries},
        "schemata": offered,
        "further": sorted(
            name for name, each in SCHEMATA.items() if not each.abstract and name not in offered
        ),
    }


def is_doubtful(kind: PacketKind, entries: tuple[Entry, ...]) -> bool:
    """Returns whether a value of an entity is not valid for its field."""
    return any(field.error for each in entries for field in inputs(kind, each, judged=True))


def changed_entries(
    kind: PacketKind, entries: tuple[Entry, ...], form: Form, does: str
) -> tuple[Entry, ...]:
    """Returns the entities after the act of a button that leaves the form on the screen.

    Raises:
        MalformedInput: If the form has no such button, or too many entities.
    """
    act, _, number = does.partition(":")
    if act == "add":
        if len(entries) >= MAX_CONSOLE_ENTITIES:
            raise MalformedInput(f"a form holds at most {MAX_CONSOLE_ENTITIES} entities")
        return (*entries, new_entry(kind, form.text("schema")))
    place = next((i for i in range(len(entries)) if str(i) == number), None)
    if place is None or act not in ("more", "drop"):
        raise MalformedInput("the form has no such button")
    if act == "drop":
        return (*entries[:place], *entries[place + 1 :])
    more = with_property(entries[place], form.text(f"more{place}"))
    return (*entries[:place], more, *entries[place + 1 :])
