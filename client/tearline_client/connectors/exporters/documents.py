"""The documents of a view, each under a plain file name."""

from itertools import chain, count

from tearline.blobs.description import blob_in
from tearline.bodies.documents import DOCUMENT, FILE, judge_document, plain_file_name
from tearline.packets.packet import TEXT, Field, OpenedField, View


def documents_in(view: View) -> dict[str, OpenedField]:
    """Returns the documents of a view by file name; names differ in more than case.

    A document with a problem, as one whose content does not match its type, is omitted.
    """
    best = view.best()
    told = {opened.field.path: opened.field for opened in best if opened.field.media_type == TEXT}
    named: dict[str, OpenedField] = {}
    taken: set[str] = set()
    numbers = count(1)  # never tried twice: names that collide on purpose cost no more
    for opened in best:
        field = opened.field
        if field.media_type == TEXT or any(judge_document(field)):
            continue
        called = told.get(field.path.removesuffix(FILE) + "fileName")
        text = "".join(called.texts[:1]) if called else ""
        kind = stated_type(field)
        plain = plain_file_name(text or DOCUMENT.lower(), kind)
        others = (plain_file_name(f"{n}-{plain}", kind) for n in chain((opened.slot,), numbers))
        name = next(each for each in chain((plain,), others) if each.casefold() not in taken)
        taken.add(name.casefold())
        named[name] = opened
    return named


def stated_type(field: Field) -> str:
    """Returns the media type of a document, also of one that lies beside its packet."""
    blob = blob_in(field)
    return blob.media_type if blob else field.media_type
