"""A packet as a printable document, and its plain text.

All contents from a partner are data. In text, a bar precedes each of their lines, so that no line
can imitate a heading, a footer or the tear line. Terminal control characters are made visible.
"""

from collections.abc import Iterator

from tearline.dataclass.immutable import immutable
from tearline.text.display import visible
from tearline_client.rendering.packets import TEAR_LINE

_WIDTH = len(TEAR_LINE)
_BAR = "█" * 24


@immutable
class DocumentLine:
    """One field of a printed document.

    Attributes:
        label: Its name, in words.
        values: Its values; each may have several lines.
        note: Its form, unless clear, and its marking.
    """

    label: str
    values: tuple[str, ...]
    note: str


@immutable
class DocumentPart:
    """The fields of one entity, or of the packet itself.

    Attributes:
        title: The kind of entity, and its name if visible.
        lines: Its fields.
    """

    title: str
    lines: tuple[DocumentLine, ...]


@immutable
class KeptBack:
    """Fields that exist and are not shown.

    Attributes:
        category: The category of information.
        count: Number of fields.
        reason: The reason, in words.
    """

    category: str
    count: int
    reason: str


@immutable
class Document:
    """A packet as it is printed.

    Attributes:
        banner: The strictest marking on it.
        title: Its kind and sender.
        facts: Label and text of each fact about the packet.
        parts: The readable fields.
        kept_back: The entries below the tear line.
        notes: Code and text of every marking present.
        doubts: Deviations from the rules of its kind.
        footer: Lines at the foot of every page.
    """

    banner: str
    title: str
    facts: tuple[tuple[str, str], ...]
    parts: tuple[DocumentPart, ...]
    kept_back: tuple[KeptBack, ...]
    notes: tuple[tuple[str, str], ...]
    doubts: tuple[str, ...]
    footer: tuple[str, ...]


def to_text(document: Document) -> str:
    """Returns the document as plain text of no fixed width."""
    return "".join(f"{visible(line)}\n" for line in _lines(document))


def _lines(document: Document) -> Iterator[str]:
    yield document.banner.center(_WIDTH).rstrip()
    yield ""
    yield document.title
    yield "=" * min(_WIDTH, len(document.title))
    width = max((len(label) for label, _ in document.facts), default=0)
    for label, words in document.facts:
        yield f"{label:<{width}}  {words}"
    for part in document.parts:
        yield ""
        yield part.title
        yield "-" * min(_WIDTH, len(part.title))
        for line in part.lines:
            yield f"  {line.label}  [{line.note}]"
            for value in line.values:
                yield from (f"  │ {each}" for each in value.splitlines() or [""])
    yield ""
    yield TEAR_LINE
    for kept in document.kept_back:
        yield f"  {_BAR}  {kept.category}: {kept_back_words(kept)}"
    if not document.kept_back:
        yield "  No fields kept back are reported."
    yield ""
    yield "Handling"
    yield "--------"
    width = max((len(code) for code, _ in document.notes), default=0)
    for code, words in document.notes:
        yield f"  {code:<{width}}  {words}"
    for doubt in document.doubts:
        yield f"  Not valid for this kind of packet: {doubt}"
    yield ""
    yield "-" * _WIDTH
    yield from document.footer


def kept_back_words(kept: KeptBack) -> str:
    """Returns the number of fields kept back, and the reason."""
    return f"{kept.count} field{'s' if kept.count != 1 else ''} kept back: {kept.reason}"
