"""Text of HTML and XML, with attributes and comments."""

import html
import re
from xml.parsers import expat

from tearline_client.documents.collected_text import Gap, Gathering

_INLINE = re.compile(
    r"/?\s*(?:a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span"
    r"|strike|strong|sub|sup|tt|u|var|wbr)\b",
    re.IGNORECASE,
)
"""Tags that may stand within a word."""
_PARAGRAPHS = frozenset({"p", "h", "si", "is"})
"""Elements whose parts are one text, in Office Open XML and OpenDocument."""
_LEAST_VALUE = 4  # bytes; a shorter one is not sought
_BREAKS = frozenset({"br", "cr", "tab", "line-break", "s", "noBreakHyphen", "tc", "rPh"})


def read_html(text: str, into: Gathering) -> None:
    """Adds the text of HTML; time is linear in its length.

    Tags of words within a word do not divide it. The text of tags and comments follows.
    """
    shown, beside, at = list[str](), list[str](), 0
    while (start := text.find("<", at)) >= 0:
        shown.append(text[at:start])
        is_comment = text.startswith("<!--", start)
        end = text.find("-->" if is_comment else ">", start)
        if end < 0:
            at = start
            break
        inside = text[start + 1 : end]
        if is_comment or not _INLINE.match(inside):
            shown.append(" ")
        beside.append(inside)
        at = end + 1
    shown.append(text[at:])
    into.add(html.unescape("".join(shown)))
    into.add(html.unescape(" ".join(beside)))


class XmlText:
    """Text of one XML file, read element by element; a document type is refused.

    Args:
        content: The file.
        into: Told if there are too many elements.

    Attributes:
        hidden: Whether an element is marked as hidden, such as a row.
        text: Its text: that of a paragraph is not divided by its elements.
        names: Number of elements by local name.
        values: Values of attributes, each with the local name of its element and its own; comments
            have neither.
        leaves: Texts of elements without children, each with the local name.
    """

    def __init__(self, content: bytes, into: Gathering) -> None:
        self._into = into
        self._pieces: list[str] = []
        self._paragraphs = 0
        self._own = 0
        self.hidden = False
        self.names: dict[str, int] = {}
        self.values: list[tuple[str, str, str]] = []
        self.leaves: list[tuple[str, str]] = []
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._pieces.append
        parser.CommentHandler = lambda text: self.values.append(("", "", text))
        parser.StartDoctypeDeclHandler = self._refuse
        parser.Parse(content, True)

    @property
    def text(self) -> str:
        """Returns the text of elements, then that of attributes and comments."""
        return " ".join(("".join(self._pieces), *(value for _, _, value in self.values)))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._into.count_element()
        local = name.rpartition(" ")[2]
        self.names[local] = self.names.get(local, 0) + 1
        for key, value in attributes.items():
            own = key.rpartition(" ")[2]
            self.hidden |= own == "hidden" and value in ("1", "true")
            # The place of a cell, the time of an edit: numbers of the format.
            if len(value.encode()) >= _LEAST_VALUE and own != "r" and not own.startswith("rsid"):
                self.values.append((local, own, value))
        self._paragraphs += local in _PARAGRAPHS
        self._own = len(self._pieces)

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if text := "".join(self._pieces[self._own :]).strip():
            self.leaves.append((local, text))
        self._paragraphs -= local in _PARAGRAPHS
        if not self._paragraphs or local in _BREAKS:
            self._pieces.append(" ")
        self._own = len(self._pieces)

    def _refuse(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        raise ValueError(name)  # it may declare entities


def read_xml(content: bytes, into: Gathering) -> XmlText | None:
    """Adds the text of XML, and returns it; None if it cannot be read, which is a gap."""
    try:
        found = XmlText(content, into)
    except (expat.ExpatError, ValueError, LookupError):
        into.gap(Gap.DAMAGED)
        return None
    into.add(found.text)
    return found
