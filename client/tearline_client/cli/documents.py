"""Documents on the command line: ``--attach`` and ``tearline packet export``."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tearline.policy.category import CATEGORIES
from tearline_client.cli.context import CliContext, pass_cli
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE
from tearline_client.cli.session import node_command
from tearline_client.node import Node
from tearline_client.rendering.packets import corrections_of
from tearline_client.rendering.words import counted

if TYPE_CHECKING:
    from tearline_client.connectors.importers.documents import Document

_CATEGORIES = frozenset(category.name for category in CATEGORIES)


def attach_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the option that names documents to send."""
    return click.option(
        "--attach",
        multiple=True,
        metavar="FILE[:CATEGORY]",
        help="A document to send, of up to 50 GiB; CATEGORY may be stricter than the default.",
    )(function)


def attached(cli: CliContext, texts: Iterable[str]) -> "tuple[Document, ...]":
    """Returns the documents that ``--attach`` named, and prints the metadata of each.

    Raises:
        ImportRefused: If one cannot be read.
        DocumentRefused: If its type or size is not allowed.
    """
    with told_parts(cli, "Reading") as tell:
        documents = tuple(_attached(text, tell) for text in texts)
    for document in documents:
        for trace in document.traces:
            told = f": {trace.value}" if trace.value else ""
            cli.say(f"{document.name} has metadata: {trace.kind.value}{told}.")
    return documents


def _attached(text: str, tell: Callable[[int, int], None]) -> "Document":
    from tearline_client.connectors.importers.documents import read_document

    path, colon, category = text.rpartition(":")
    if colon and path and category in _CATEGORIES:
        return read_document(Path(path), guard=category, tell=tell)
    return read_document(Path(text), tell=tell)


@contextmanager
def told_parts(cli: CliContext, label: str) -> Iterator[Callable[[int, int], None]]:
    """Yields a function that shows how many MiB of large documents are done, from its first call.

    Args:
        cli: The command line.
        label: Name of the work.
    """
    with ExitStack() as stack:
        advance: Callable[[int], None] | None = None
        shown = 0

        def tell(done: int, total: int) -> None:
            nonlocal advance, shown
            if advance is None or done < shown:  # the next document
                advance, shown = stack.enter_context(cli.progress(f"{label} (MiB)", total)), 0
            advance(done - shown)
            shown = done

        yield tell


@click.command(cls=Command)
@click.argument("packet")
@click.option(
    "--documents",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    required=True,
    help="An existing folder; its files are not overwritten.",
)
@node_command
async def export(cli: CliContext, node: Node, packet: str, folder: Path) -> None:
    """Write the readable documents of PACKET into a folder, accessible to you alone.

    Each file gets its sender's name for it, made safe. The command opens no document, and skips
    those that do not match their declared type. The node's access log records the export.

    Documents of more than 1 MiB are fetched from the exchange. If that is interrupted, repeat the
    command: it continues. Where the setting scanner names the agency's virus scanner, it judges
    every document before a byte is written.

    Example: tearline packet export 5f0c9a1b --documents .
    """
    # Imported here: a command that writes no file does not wait for it.
    from tearline.blobs.description import blob_in
    from tearline_client.connectors.exporters.documents import stated_type
    from tearline_client.connectors.exporters.files import create_file, verify_free

    record = node.packets.get(node.packets.find(packet))
    for words in corrections_of(record.id, record.manifest, node.corrections.newest(record.id)):
        cli.say(words)
    found = await node.packets.documents(
        record.id,
        person=cli.settings.person,
        verify=lambda name: verify_free(folder, name),  # a failed export is not logged as done
    )
    rows = []
    for name, opened in found.items():
        if blob := blob_in(opened.field):
            with told_parts(cli, "Receiving") as tell:
                parts = await node.packets.receive_document(
                    record.id, opened, tell, person=cli.settings.person
                )
            with create_file(folder, name) as stream:
                stream.writelines(parts.pieces())
            parts.discard()
            size = blob.length
        else:
            (content,) = opened.field.values
            with create_file(folder, name) as stream:
                stream.write(content)
            size = len(content)
        row = {"file": str(folder / name), "type": stated_type(opened.field), "bytes": size}
        rows.append(row)
    cli.emit(rows, ["file", "type", "bytes"])
    cli.say(f"{counted(len(rows), 'document')} written.")


@click.command(name="strip-metadata", cls=Command)
@click.argument("file", type=FILE)
@click.argument("copy", type=FILE)
@pass_cli
def strip_metadata(cli: CliContext, file: Path, copy: Path) -> None:
    """Write a COPY of the document FILE without its metadata.

    Images lose all but the picture, also those in workbooks and letters, which lose their
    properties and thumbnail. PDF files lose their properties and earlier versions. Comments,
    tracked changes, hidden parts, attachments and messages stay as they are; the preview of a
    packet lists them.

    Example: tearline packet strip-metadata photo.jpg photo-plain.jpg
    """
    from tearline_client.connectors.exporters.files import create_file
    from tearline_client.connectors.importers.documents import document_of, read_document
    from tearline_client.documents.plain_copies import without_metadata

    found = read_document(file)
    plain = document_of(copy.name, without_metadata(found.media_type, found.content))
    with create_file(copy.parent, copy.name) as stream:
        stream.write(plain.content)
    cli.emit(
        (
            {"document": each.name, "bytes": len(each.content), "sha256": each.sha256}
            for each in (found, plain)
        ),
        ["document", "bytes", "sha256"],
    )
    for trace in plain.traces:
        cli.say(f"{plain.name} still has metadata: {trace.kind.value}.")
