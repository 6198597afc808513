"""The documents of a view, each under a name that leads nowhere."""

from tearline.bodies.documents import DOCUMENT, FILE, judge_document, plain_file_name
from tearline.packets.packet import TEXT, OpenedField, View


def documents_in(view: View) -> dict[str, OpenedField]:
    """What of a view can be written out as files, by name; no two names alike, in any case.

    A document whose content is not what its type says is left out.
    """
    best = view.best()
    told = {opened.field.path: opened.field for opened in best if opened.field.media_type == TEXT}
    named: dict[str, OpenedField] = {}
    taken: set[str] = set()
    for opened in best:
        field = opened.field
        if field.media_type == TEXT or any(judge_document(field)):
            continue
        called = told.get(field.path.removesuffix(FILE) + "fileName")
        text = "".join(called.texts[:1]) if called else ""
        name = plain_file_name(text or DOCUMENT.lower(), field.media_type)
        if name.casefold() in taken:
            name = plain_file_name(f"{opened.slot}-{name}", field.media_type)
        taken.add(name.casefold())
        named[name] = opened
    return named
