"""A packet as a document: what stands on it, and the same as plain text.

Whatever comes from a partner is data. In text each of its lines stands behind a bar, so that none
can pass for a heading, a footer or the tear line, and no character is one that a terminal would
obey.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tearline.text.display import visible
from tearline_client.rendering.packets import TEAR_LINE

_WIDTH = len(TEAR_LINE)
_BAR = "█" * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One field.

    Attributes:
        label: What it is, in words.
        values: Its values; each may have several lines.
        note: Its form where that is not clear, and its marking.
    """

    label: str
    values: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPart:
    """The fields of one entity, or of the packet itself.

    Attributes:
        title: What kind of thing it is, and its name where that is seen.
        lines: Its fields.
    """

    title: str
    lines: tuple[DocumentLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBack:
    """Something that is told of and not shown.

    Attributes:
        category: What sort of information.
        count: How many fields.
        reason: Why, in words.
    """

    category: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A packet as it is printed.

    Attributes:
        banner: The strictest marking on it.
        title: What it is, and from whom.
        facts: What it says of itself: label and words.
        parts: What is open here.
        kept_back: What stands below the tear line.
        notes: Every marking present, and what it asks: code and words.
        doubts: What is not as its kind asks.
        footer: What stands at the foot of every page.
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
        yield f"  {_BAR}  {_kept_back(kept)}"
    if not document.kept_back:
        yield "  Nothing is told of beyond what stands above."
    yield ""
    yield "Handling"
    yield "--------"
    width = max((len(code) for code, _ in document.notes), default=0)
    for code, words in document.notes:
        yield f"  {code:<{width}}  {words}"
    for doubt in document.doubts:
        yield f"  Not as this kind of packet asks: {doubt}"
    yield ""
    yield "-" * _WIDTH
    yield from document.footer


def _kept_back(kept: KeptBack) -> str:
    return f"{kept.category}: {kept_back_words(kept)}"


def kept_back_words(kept: KeptBack) -> str:
    """How much is kept back, and why."""
    return f"{kept.count} field{'s' if kept.count != 1 else ''} kept back: {kept.reason}"
