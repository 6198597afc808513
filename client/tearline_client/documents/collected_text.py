"""Text of a document as its readers gather it, within bounds of size and depth."""

from enum import StrEnum

from tearline.dataclass.immutable import immutable

MAX_SEARCHED_CHARACTERS = 1 << 20  # of one document's text: as many as of one in plain text
MAX_UNPACKED_BYTES = 16 << 20  # of one document, with the documents in it; read in seconds
MAX_DOCUMENT_PARTS = 1024  # of one document: pages, sheets, attachments
MAX_DOCUMENT_DEPTH = 4  # documents within documents: an archive in a letter in a letter
MAX_TRACES = 64  # listed metadata of one document: more than a person reads
_LONGEST_TRACE = 200  # characters
_MOST_ELEMENTS = 1 << 19  # of XML: a workbook of 100,000 cells


class Gap(StrEnum):
    """Reason why a document, or a part of it, cannot be searched."""

    IMAGE = "an image"
    SCAN = "a page without text"
    ENCRYPTED = "encrypted"
    TOO_LARGE = "too large"
    HISTORY = "earlier versions"
    DAMAGED = "damaged"
    UNKNOWN = "a part of an unknown type"


class TraceKind(StrEnum):
    """Sort of metadata."""

    AUTHOR = "author"
    LOCATION = "location"
    DEVICE = "device"
    TIME = "time"
    PROPERTY = "property"
    THUMBNAIL = "thumbnail"
    COMMENT = "comment"
    CHANGE = "tracked change"
    HIDDEN = "hidden part"
    ATTACHMENT = "attachment"
    HEADER = "header"
    HISTORY = "earlier versions"


@immutable
class Trace:
    """Metadata of a document, which a reader may not see on its pages.

    Attributes:
        kind: Its sort.
        value: Its value, shortened.
    """

    kind: TraceKind
    value: str = ""


@immutable
class DocumentText:
    """Text and metadata of a document.

    Attributes:
        text: Its text, with that of comments, properties and hidden parts.
        gaps: Reasons why it was not searched in full.
        traces: Its metadata.
    """

    text: str
    gaps: tuple[Gap, ...] = ()
    traces: tuple[Trace, ...] = ()


class Exhausted(Exception):
    """Raised when a document exceeds a bound; the text so far stays."""


class Gathering:
    """Collects the text of one document and of the documents within it.

    Attributes:
        depth: Number of documents around the one that is read.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._characters = MAX_SEARCHED_CHARACTERS + 1  # no separator precedes the first text
        self._bytes = MAX_UNPACKED_BYTES
        self._parts = MAX_DOCUMENT_PARTS
        self._elements = _MOST_ELEMENTS
        self._gaps: dict[Gap, None] = {}
        self._traces: dict[Trace, None] = {}
        self.depth = 0

    def add(self, text: str) -> None:
        """Adds text that begins and ends with a word.

        Raises:
            Exhausted: If the whole text is too long.
        """
        self._characters -= len(text) + 1
        if self._characters < 0:
            self._pieces.append(text[: max(0, self._characters + len(text))])
            self.exhaust()
        self._pieces.append(text)

    def count(self, size: int) -> None:
        """Counts a part of the document and its bytes.

        Raises:
            Exhausted: If the parts are too many or too large, or lie too deep.
        """
        self._parts -= 1
        self._bytes -= size
        if self._parts < 0 or self._bytes < 0 or self.depth > MAX_DOCUMENT_DEPTH:
            self.exhaust()

    def count_element(self) -> None:
        """Counts an element of XML.

        Raises:
            Exhausted: If the elements of all parts are too many.
        """
        self._elements -= 1
        if self._elements < 0:
            self.exhaust()

    def exhaust(self) -> None:
        """Ends the reading: what is left is not searched.

        Raises:
            Exhausted: Always.
        """
        self.gap(Gap.TOO_LARGE)
        raise Exhausted

    def gap(self, gap: Gap) -> None:
        """Records that a part cannot be searched."""
        self._gaps[gap] = None

    def trace(self, kind: TraceKind, value: str = "") -> None:
        """Records metadata; at most ``MAX_TRACES``."""
        if len(self._traces) < MAX_TRACES:
            self._traces[Trace(kind=kind, value=" ".join(value.split())[:_LONGEST_TRACE])] = None

    def document(self) -> DocumentText:
        """Returns the document as far as it was read."""
        return DocumentText(
            text="\n".join(self._pieces), gaps=tuple(self._gaps), traces=tuple(self._traces)
        )
