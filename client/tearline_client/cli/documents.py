"""Documents on the command line: ``--attach`` and ``tearline packet export``."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tearline.policy.category import CATEGORIES
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
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
        help="A document of at most 1 MiB to send; CATEGORY may be stricter than the default.",
    )(function)


def attached(texts: Iterable[str]) -> "tuple[Document, ...]":
    """Returns the documents that ``--attach`` named.

    Raises:
        ImportRefused: If one cannot be read.
        DocumentRefused: If its type or size is not allowed.
    """
    return tuple(_attached(text) for text in texts)


def _attached(text: str) -> "Document":
    from tearline_client.connectors.importers.documents import read_document

    path, colon, category = text.rpartition(":")
    if colon and path and category in _CATEGORIES:
        return read_document(Path(path), guard=category)
    return read_document(Path(text))


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

    Example: tearline packet export 5f0c9a1b --documents .
    """
    # Imported here: a command that writes no file does not wait for it.
    from tearline_client.connectors.exporters.files import create_file, verify_free

    record = node.packets.get(node.packets.find(packet))
    for words in corrections_of(record.id, record.manifest, node.corrections.newest(record.id)):
        cli.say(words)
    found = node.packets.documents(
        record.id,
        person=cli.settings.person,
        verify=lambda name: verify_free(folder, name),  # a failed export is not logged as done
    )
    rows = []
    for name, opened in found.items():
        (content,) = opened.field.values
        with create_file(folder, name) as stream:
            stream.write(content)
        rows.append(
            {
                "file": str(folder / name),
                "type": opened.field.media_type,
                "bytes": len(content),
            }
        )
    cli.emit(rows, ["file", "type", "bytes"])
    cli.say(f"{counted(len(rows), 'document')} written.")
