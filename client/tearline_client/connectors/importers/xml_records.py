"""Records of an XML file, such as the entries of a statement, in bounded memory.

The parser is the standard library's expat with handlers of this module. It builds no tree of the
file, so it needs no clearing as ``iterparse`` does; and it can refuse before it stores. A file
with a document type is refused, so it has no entities: neither bombs nor references to other
files. Depth, and the size of a record and of a tag, are bounded.
"""

from collections.abc import Collection, Iterator
from typing import IO
from xml.parsers import expat

from tearline.errors import ImportRefused, ImportTooLarge
from tearline.limits import (
    MAX_IMPORT_BYTES,
    MAX_XML_DEPTH,
    MAX_XML_NAME,
    MAX_XML_NAMES,
    MAX_XML_PATHS,
    MAX_XML_RECORD_BYTES,
    MAX_XML_RECORD_NODES,
)
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.documents import faults

_PIECE = 64 << 10
_SPACE = " "  # between namespace and name; neither contains one


class Element:
    """Element of a record. ``text_at`` and ``attribute`` mark the values they return as taken.

    Attributes:
        name: Its name without namespace.
        namespace: Its namespace, or empty.
        line: Line of its start tag, from 1.
        around: Of a record, the record around it as far as it is read, or None. Elements within a
            record have none: nothing refers back, so a record is freed once it is read.
        attributes: Values of its attributes by name.
        children: Its elements, without those that are records themselves.
    """

    __slots__ = (
        "_pieces", "_taken", "around", "attributes", "children", "is_taken", "line", "name",
        "namespace",
    )  # fmt: skip

    def __init__(self, name: str, attributes: dict[str, str], line: int, text: str = "") -> None:
        self.namespace, _, self.name = name.rpartition(_SPACE)
        self.attributes = attributes
        self.line = line
        self.around: Element | None = None
        self.children: list[Element] = []
        self._pieces = [text] if text else []
        self._taken: tuple[str, ...] = ()  # names of attributes
        self.is_taken = False

    @property
    def text(self) -> str:
        """Returns its text, without surrounding blanks."""
        return self.whole_text.strip()

    @property
    def whole_text(self) -> str:
        """Returns its text as it stands."""
        return "".join(self._pieces)

    def attribute(self, name: str) -> str:
        """Returns an attribute, or empty, and marks it as taken."""
        if name not in self._taken:  # else each transaction of an entry would add one
            self._taken += (name,)
        return self.attributes.get(name, "")

    def left(self) -> Iterator[tuple[str, int]]:
        """Yields path and line of each text and attribute not taken, except XML's own."""
        waiting = [(self, "")]  # with the path around it, which siblings share
        while waiting:
            element, around = waiting.pop()
            path = f"{around}/{element.name}" if around else element.name
            if element.text and not element.is_taken:
                yield path, element.line
            for name, text in element.attributes.items():
                is_of_xml = _SPACE in name  # has a namespace, as the place of a schema has
                if text.strip() and not is_of_xml and name not in element._taken:
                    yield f"{path}/@{name}", element.line
            waiting += [(child, path) for child in reversed(element.children)]

    def within(self, name: str) -> "Element | None":
        """Returns the nearest record around it with a name, or None."""
        found = self.around
        while found is not None and found.name != name:
            found = found.around
        return found

    def all(self, path: str) -> Iterator["Element"]:
        """Yields the elements at a path of names, such as ``Acct/Id/IBAN``."""
        first, _, rest = path.partition("/")
        for child in self.children:
            if child.name == first:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def first(self, *paths: str) -> "Element | None":
        """Returns the first element at the first path that has one, or None."""
        return next((found for path in paths for found in self.all(path)), None)

    def texts(self, *paths: str) -> tuple[str, ...]:
        """Returns the texts at some paths that are not empty, and marks them as taken."""
        found = []
        for path in paths:
            for element in self.all(path):
                element.is_taken = True
                if text := element.text:
                    found.append(text)
        return tuple(found)

    def text_at(self, *paths: str) -> str:
        """Returns the first text that is not empty at some paths, and marks it as taken."""
        for path in paths:
            for element in self.all(path):
                if text := element.text:
                    element.is_taken = True
                    return text
        return ""


class Untaken:
    """Counts of texts and attributes that no property takes, by path; a finding for each path."""

    def __init__(self) -> None:
        self._found: dict[str, list[int]] = {}  # first line and count

    def count(self, record: Element) -> None:
        """Counts the texts and attributes of a record that are not taken.

        Raises:
            ImportRefused: If the file has too many different paths.
        """
        for path, line in record.left():
            self._found.setdefault(path, [line, 0])[1] += 1
            if len(self._found) > MAX_XML_PATHS:
                raise ImportRefused(f"line {line}: over {MAX_XML_PATHS} kinds of elements")

    def report(self, report: Report) -> None:
        """Adds a finding for each path, at its first line."""
        for path, (line, count) in sorted(
            self._found.items(), key=lambda item: (item[1][0], item[0])
        ):
            why = f"no property takes it; {count} in the file"
            report.add(Concern.STAYS_HOME, why, line=line, column=path)


def xml_records(
    stream: IO[bytes],
    records: Collection[str],
    *,
    maximum: int = MAX_IMPORT_BYTES,
    texts: Collection[str] = (),
    elements: int = MAX_IMPORT_BYTES,
) -> Iterator[Element]:
    """Yields the root, and each element with one of some names, at its end, then forgets it.

    Args:
        stream: The file.
        records: Names of the elements, without namespace. They may lie within one another: an
            outer one is yielded without the inner ones, which come first.
        maximum: Bytes that the file may have.
        texts: Names of elements, of which alone the text is held, with its blanks. No element
            around the records, or of another namespace than the root, is held then. None: all
            texts are held, but blanks alone.
        elements: Elements that it may have.

    Raises:
        ImportRefused: If it is not well formed, has a document type, or exceeds a bound.
        ImportTooLarge: If it is larger, or has more elements.
    """
    reader = _Reader(frozenset(records), frozenset(texts), elements)
    total = 0
    while True:
        piece = stream.read(_PIECE)
        total += len(piece)
        if total > maximum:
            raise ImportTooLarge(f"over {maximum} bytes")
        reader.feed(piece, total)
        yield from reader.taken()
        if not piece:
            return


class _Reader:
    """Handlers of the parser; hold the elements that are open, and records that ended."""

    def __init__(self, records: frozenset[str], texts: frozenset[str], elements: int) -> None:
        self._records = records
        self._texts = texts
        self._left = elements
        self._foreign = 0  # open elements of, or within, another namespace
        self._open: list[Element] = []
        self._within: list[Element] = []  # open records
        self._sizes: list[list[int]] = []  # nodes and characters of each of them
        self._ended: list[Element] = []
        parser = expat.ParserCreate(namespace_separator=_SPACE)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        # With this handler, the parser interns prefixes and namespaces, too.
        parser.StartNamespaceDeclHandler = lambda prefix, uri: None
        self._parser = parser

    def feed(self, piece: bytes, total: int) -> None:
        """Parses a piece; an empty one ends the file."""
        try:
            self._parser.Parse(piece, not piece)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise ImportRefused(
                f"line {error.lineno}: no XML that can be read ({reason})"
            ) from None
        except faults.XML:  # an encoding that Python lacks, or a wide one
            raise ImportRefused("line 1: its encoding is not known; save it as UTF-8") from None
        if total - self._parser.CurrentByteIndex > MAX_XML_RECORD_BYTES:
            raise ImportRefused(f"line {self._line}: a tag of over {MAX_XML_RECORD_BYTES} bytes")

    def taken(self) -> Iterator[Element]:
        """Yields the records that ended, and forgets them."""
        ended, self._ended = self._ended, []
        yield from ended

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= MAX_XML_DEPTH:
            raise ImportRefused(f"line {self._line}: elements nested over {MAX_XML_DEPTH} deep")
        # The parser holds each name to the end of the file.
        if len(name) > MAX_XML_NAME or len(self._parser.intern) > MAX_XML_NAMES:
            raise ImportRefused(
                f"line {self._line}: a name of over {MAX_XML_NAME} characters, or over"
                f" {MAX_XML_NAMES} names"
            )
        if self._left <= 0:
            raise ImportTooLarge(
                f"line {self._line}: too many elements for the size of the file; save the values"
                " alone as a new one"
            )
        self._left -= 1
        element, opened = Element(name, attributes, self._line), self._open
        if self._foreign or (self._texts and opened and opened[0].namespace != element.namespace):
            self._foreign += 1
        is_record = not opened or (element.name in self._records and not self._foreign)
        if is_record:
            element.around = self._within[-1] if self._within else None
            self._within.append(element)
            self._sizes.append([0, 0])
        if is_record or not self._texts or (len(self._within) > 1 and not self._foreign):
            self._count(nodes=1, size=sum(map(len, attributes.values())) if attributes else 0)
            if not is_record:
                opened[-1].children.append(element)
        opened.append(element)

    def _end(self, name: str) -> None:
        element = self._open.pop()
        if self._foreign:
            self._foreign -= 1
        if self._within[-1] is element:
            self._within.pop()
            self._sizes.pop()
            self._ended.append(element)

    def _text(self, text: str) -> None:
        element = self._open[-1]
        # Blanks between elements have no meaning; a file has some around each record.
        is_held = element._pieces or not text.isspace()
        if element.name in self._texts if self._texts else is_held:
            self._count(nodes=0, size=len(text))
            element._pieces.append(text)

    def _count(self, *, nodes: int, size: int) -> None:
        sizes = self._sizes[-1]
        sizes[0] += nodes
        sizes[1] += size
        if sizes[0] > MAX_XML_RECORD_NODES or sizes[1] > MAX_XML_RECORD_BYTES:
            raise ImportRefused(
                f"line {self._line}: a record of over {MAX_XML_RECORD_NODES} elements or"
                f" {MAX_XML_RECORD_BYTES} characters"
            )

    def _refuse(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        raise ImportRefused(f"line {self._line}: a document type, which may declare entities")
