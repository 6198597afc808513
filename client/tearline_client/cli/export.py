"""``tearline export``: readable fields in formats of other programs."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from tearline.audit.event import EventCode
from tearline.errors import ExportRefused
from tearline_client.cli.connector_group import (
    ConnectorGroup,
    connector_options,
    decorated,
    options_of,
    report_option,
    show_report,
    verify_report_free,
)
from tearline_client.cli.context import CliContext
from tearline_client.cli.options import FILE
from tearline_client.cli.session import async_command, open_node
from tearline_client.connectors.contract import Exporter
from tearline_client.connectors.exporters.files import create_file, verify_free
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.registry import EXPORTERS, Connector, blamed
from tearline_client.rendering.output import print_lines

if TYPE_CHECKING:
    from typing_extensions import Buffer

_PIECE = 64 << 10  # bytes printed at once


@async_command
async def _export(
    cli: CliContext,
    exporter: Connector[Exporter],
    /,
    packets: tuple[str, ...],
    target: Path | None,
    report_file: Path | None,
    **options: Any,
) -> None:
    own, report = options_of(cli, exporter, options), Report(refuses=False)
    if target is not None:
        verify_free(target.parent, target.name)  # a failed export is not logged as done
    elif not exporter.value.is_text:
        raise ExportRefused("its format is no text; name a file with --output-file")
    verify_report_free(report_file)

    async with open_node(cli) as node:
        ids = [node.packets.find(prefix) for prefix in packets]
        act = EventCode.ACCESS_PRINT if target is None else EventCode.ACCESS_EXPORT
        with cli.progress("Reading packets", len(ids) or None) as advance:
            made = node.packets.export(ids, person=cli.settings.person, act=act, advance=advance)
        corrected = node.corrections.corrected_by(made.exported.packets)
    for packet_id, why in made.left_out.items():
        cli.say(f"Left out packet {packet_id.hex()[:12]}: it forms no entities: {why}.")
        report.add(Concern.STAYS_HOME, "the packet forms no entities", id=packet_id.hex())
    for packet_id, last in corrected.items():
        cli.say(f"Packet {packet_id.hex()[:12]} was corrected by {last.hex()[:12]}.")
    with (
        _opened(target) as stream,
        blamed(exporter.offer),
        cli.progress("Writing bytes", None) as advance,
    ):
        exporter.value.write(made.exported, cast(BinaryIO, _Told(stream, advance)), own, report)
    show_report(cli, report, report_file)
    for words in made.caveats:
        cli.say(words)


def _build(exporter: Connector[Exporter]) -> Callable[..., Any]:
    return decorated(
        partial(_export, exporter),
        click.argument("packets", nargs=-1),
        click.option(
            "--output-file", "target", type=FILE, help="A new file; by default standard output."
        ),
        *connector_options(exporter),
        report_option,
    )


@contextmanager
def _opened(target: Path | None) -> Iterator[BinaryIO]:
    """Opens the new file of an export; without one, standard output, by whole lines."""
    if target is not None:
        with create_file(target.parent, target.name) as stream:
            yield stream
        return
    with io.BufferedWriter(_Printed(), buffer_size=_PIECE) as printed:
        yield printed


class _Told:
    """Stream that tells how many bytes are written to it."""

    def __init__(self, stream: BinaryIO, advance: Callable[[int], None]) -> None:
        self._stream, self._advance = stream, advance

    def write(self, data: "Buffer") -> int:
        """Writes all of data, and returns its size."""
        size = self._stream.write(data)
        self._advance(size)
        return size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Printed(io.RawIOBase):
    """Standard output as a stream of bytes, which shows whole lines and is safe on a terminal."""

    def __init__(self) -> None:
        self._left = b""

    def writable(self) -> bool:
        """Returns True."""
        return True

    def write(self, data: "Buffer", /) -> int:
        """Prints the lines that data completes, and returns its size."""
        piece = bytes(data)
        lines, end, self._left = (self._left + piece).rpartition(b"\n")
        if end:
            print_lines(f"{lines.decode('utf-8')}\n")
        return len(piece)

    def close(self) -> None:
        """Prints a last line without its end."""
        if self._left:
            print_lines(self._left.decode("utf-8"))
            self._left = b""
        super().close()


@click.group(cls=ConnectorGroup, kind=Exporter, connectors=EXPORTERS, build=_build)
def command() -> None:
    """Export readable fields for other programs."""
