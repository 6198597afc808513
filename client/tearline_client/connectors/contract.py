"""Contract of connectors: an importer or exporter of one format, of this package or a plug-in.

A connector is a value behind an entry point; see ``README.md`` in this folder. An importer yields
entities, and an exporter writes them. Neither sees the node, its keys or its stores.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import BinaryIO

from tearline.dataclass.immutable import immutable
from tearline_client.connectors.exported_packets import ExportedPackets
from tearline_client.connectors.importers.report import Report
from tearline_client.planning.entities import Entity

Options = Mapping[str, str | bool]
"""Values of a connector's options by name; a text that was not given is empty."""


class OptionKind(StrEnum):
    """Kind of an option's value."""

    TEXT = "text"
    """A short text, or one of the choices."""

    FLAG = "flag"
    """Given or not."""

    FILE = "file"
    """The text of a file in UTF-8; the command line reads it."""

    MAPPING = "mapping"
    """The same, of a file or of a mapping that the home stores under that name."""


@immutable
class Option:
    """Option of a connector on the command line.

    Attributes:
        name: Its name without dashes: small letters, digits and hyphens.
        help: Its use, as a sentence.
        kind: Kind of its value.
        required: Whether it must be given.
        choices: The allowed texts; by default any.
    """

    name: str
    help: str
    kind: OptionKind = OptionKind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()


@immutable
class Importer:
    """Importer of one format.

    Attributes:
        summary: Its use in one sentence with a verb, for help.
        read: Yields the entities of a file, and reports each value that is doubtful, carried as
            text, or not carried. Its memory is bounded whatever the size of the file; equal files
            make equal entities, so that an interrupted import continues.
        details: Further paragraphs of help; one that begins with ``Example:`` shows a command.
        options: Its options.
        example: Returns an example of a file that people write for it; adds ``--example``.
        detect: Returns the form of a file in words, as its beginning shows it; ``--dry-run`` prints
            it before the file is read.
    """

    summary: str
    read: Callable[[BinaryIO, Options, Report], Iterator[Entity]]
    details: str = ""
    options: tuple[Option, ...] = ()
    example: Callable[[], str] | None = None
    detect: Callable[[BinaryIO, Options], str] | None = None


@immutable
class Exporter:
    """Exporter of one format.

    Attributes:
        summary: Its use in one sentence with a verb, for help.
        write: Writes packets to a stream, in pieces, and reports each value that is carried as text
            or not carried. It counts each object in ``Report.made``.
        details: Further paragraphs of help; one that begins with ``Example:`` shows a command.
        options: Its options.
        is_text: Whether it writes lines of text, which can be printed.
        suffix: Ending of its files' names, such as ``.graphml``; empty for a dot and its name.
    """

    summary: str
    write: Callable[[ExportedPackets, BinaryIO, Options, Report], None]
    details: str = ""
    options: tuple[Option, ...] = ()
    is_text: bool = True
    suffix: str = ""
