"""Export of packets for other programs: choose a format, look at what leaves, and save the file.

The formats are those of the registry, plug-ins included. The page before the download states the
markings of all that leaves, and the reconciliation report. It holds the ids of its packets, so a
packet that arrives afterwards is not part of the file. If what it shows has changed, it is shown
again, and no file is given.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from typing import BinaryIO

from starlette.responses import Response

from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import ConnectorUnusable, ExportRefused, MalformedInput
from tearline.limits import MAX_CONSOLE_EXPORT_PACKETS, MAX_CONSOLE_OPTION
from tearline.policy.marking import Marking
from tearline.text.choices import one_of
from tearline_client.connectors.contract import Exporter, Option, OptionKind, Options
from tearline_client.connectors.importers.report import Concern, Report
from tearline_client.connectors.registry import EXPORTERS, Connector, Offer, blamed, load, offers
from tearline_client.console.downloads import ANY_TYPE, download_file
from tearline_client.console.forms import Form
from tearline_client.console.pages.bound_act import bound_field, is_told
from tearline_client.console.pages.packet.document import (
    Badge,
    marking_notes,
    strictest_badge,
)
from tearline_client.console.pages.reconciliation import reasons_of
from tearline_client.console.visit import Visit
from tearline_client.console.words import KINDS
from tearline_client.features.packets.export import PacketExport
from tearline_client.planning.sealed_file import sealed_file
from tearline_client.rendering.words import agency_name

_DOWNLOAD = "download"
_SHOWN_DIGITS = 12


@immutable
class Format:
    """A format to choose.

    Attributes:
        name: Its name.
        summary: Its use, or the reason why it cannot be used.
        options: Its options.
        is_usable: Whether it can be used.
    """

    name: str
    summary: str
    options: tuple[Option, ...] = ()
    is_usable: bool = True


@immutable
class Leaving:
    """A packet to export.

    Attributes:
        id: Its id, in hexadecimal.
        kind: Its kind, as a message.
        by: Short name of its originator.
        is_corrected: Whether a newer packet replaces it.
        is_frozen: Whether its originator froze it, so that it does not leave.
        fields: The number of its fields that leave; 0 before they are read.
        badge: Their strictest TLP; None before they are read.
    """

    id: str
    kind: str
    by: str
    is_corrected: bool
    is_frozen: bool
    fields: int = 0
    badge: Badge | None = None


async def page(visit: Visit) -> Response:
    """Shows the formats for ticked packets, or for a case's newest ones; opens no packet."""
    chosen, more = _chosen(visit)
    values = {
        "rows": [_row(visit, each) for each in chosen],
        "more": more,
        "formats": [_format(each) for each in offers(EXPORTERS).values()],
        "longest": MAX_CONSOLE_OPTION,
    }
    return visit.render("export.html", values)


async def make(visit: Visit) -> Response:
    """Shows the markings and the report of an export; or returns its file, as shown before."""
    form = await visit.form()
    packets = _found(visit, form.texts("packet"))
    exporter = _exporter(form)
    options = _options(form, exporter)
    is_download = form.text("act") == _DOWNLOAD
    made = await visit.node.packets.export_in_steps(
        packets,
        person=visit.person,
        act=EventCode.ACCESS_EXPORT if is_download else EventCode.ACCESS_SEARCH,
    )
    fields = await asyncio.to_thread(_fields_by_packet, made)
    leaving = {packet: tuple(each for _, each in some) for packet, some in fields.items()}
    markings = tuple(_markings(visit, leaving))
    file, report = await asyncio.to_thread(partial(_written, exporter, made, options))
    values = {
        "format": exporter.offer.name,
        "summary": exporter.value.summary,
        "given": [(name, value) for name, value in form.pairs() if "." in name],
        "packets": [each.hex() for each in packets],
        "rows": [_row(visit, each, leaving.get(each, ())) for each in packets],
        "left_out": [(each.hex(), why) for each, why in made.left_out.items()],
        "strictest": strictest_badge(chain.from_iterable(leaving.values())),
        "markings": markings,
        "carried": report.made,
        "as_text": report.counts[Concern.NOT_UNDERSTOOD],
        "not_carried": report.counts[Concern.STAYS_HOME],
        **reasons_of(report),
    }
    # With the slots: a field that is disclosed meanwhile takes the place of its generalised form.
    told = [values, [slot for some in fields.values() for slot, _ in some]]
    if is_download and is_told(visit, form, told):
        return download_file(_file_name(exporter, packets), ANY_TYPE, file)
    file.close()
    bound = bound_field(visit, told)
    shown = {**values, "bound": bound, "is_void": is_download, "refused": None}
    return visit.render("export_review.html", shown, status=409 if is_download else 200)


def _chosen(visit: Visit) -> tuple[list[bytes], int]:
    """Returns the packets of the address, and the number of a case's older ones."""
    case = visit.query("case")
    if not case:
        return _found(visit, visit.request.query_params.getlist("packet")), 0
    node = visit.node
    filed = node.cases.packets(node.cases.find(case))
    corrected = node.corrections.corrected_by(filed)
    current = sorted(
        (node.packets.get(each) for each in filed if each not in corrected),
        key=lambda record: -record.received_ms,
    )
    newest = current[:MAX_CONSOLE_EXPORT_PACKETS]
    return [each.id for each in newest], len(current) - len(newest)


def _found(visit: Visit, ids: Sequence[str]) -> list[bytes]:
    """Returns packets by their ids, each once.

    Raises:
        MalformedInput: If there is none, or there are too many.
        NotFound: If one is not here.
    """
    if not 0 < len(ids) <= MAX_CONSOLE_EXPORT_PACKETS:
        raise MalformedInput(f"choose 1 to {MAX_CONSOLE_EXPORT_PACKETS} packets")
    return list(dict.fromkeys(visit.node.packets.find(each) for each in ids))


def _row(visit: Visit, packet: bytes, markings: Sequence[Marking] = ()) -> Leaving:
    node = visit.node
    record = node.packets.get(packet)
    return Leaving(
        id=packet.hex(),
        kind=KINDS[record.manifest.kind],
        by=agency_name(node.directory.members(), record.origin),
        is_corrected=node.corrections.newest(packet) != packet,
        is_frozen=node.packets.is_frozen(packet),
        fields=len(markings),
        badge=strictest_badge(markings) if markings else None,
    )


def _format(offer: Offer) -> Format:
    try:
        exporter = load(offer, Exporter).value
    except ConnectorUnusable as unusable:
        return Format(name=offer.name, summary=unusable.why, is_usable=False)
    return Format(name=offer.name, summary=exporter.summary, options=exporter.options)


def _exporter(form: Form) -> Connector[Exporter]:
    """Returns the exporter that a form names.

    Raises:
        MalformedInput: If there is none of that name.
        ConnectorUnusable: If it cannot be used.
    """
    found, name = offers(EXPORTERS), form.text("format")
    if name not in found:
        raise MalformedInput(one_of(name, "format", found))
    return load(found[name], Exporter)


def _options(form: Form, exporter: Connector[Exporter]) -> Options:
    return {
        each.name: _option(each, form.text(f"{exporter.offer.name}.{each.name}"))
        for each in exporter.value.options
    }


def _option(option: Option, given: str) -> str | bool:
    if option.kind is OptionKind.FLAG:
        return bool(given)
    if option.choices and given and given not in option.choices:
        raise MalformedInput(one_of(given, option.name, option.choices))
    if option.kind is OptionKind.TEXT and len(given) > MAX_CONSOLE_OPTION:
        raise MalformedInput(f"{option.name} is longer than {MAX_CONSOLE_OPTION} characters")
    if option.required and not given:
        raise MalformedInput(f"{option.name} is not given")
    return given


def _fields_by_packet(made: PacketExport) -> Mapping[bytes, tuple[tuple[int, Marking], ...]]:
    """Returns slot and marking of each field that leaves, by packet; reads each packet once."""
    return {
        packet: tuple((each.slot, each.field.marking) for each in fields)
        for packet, fields in made.exported.fields.items()
    }


def _markings(visit: Visit, leaving: Mapping[bytes, Sequence[Marking]]) -> Iterator[Badge]:
    """Returns each marking of the fields and each caveat of the grants that brought them."""
    grants = (each for packet in leaving for each in visit.node.packets.grants(packet))
    caveats = (each.grant.caveats for each in grants if each.incoming)
    return marking_notes({*chain.from_iterable(leaving.values())}, caveats)


def _written(
    exporter: Connector[Exporter], made: PacketExport, options: Options
) -> tuple[BinaryIO, Report]:
    """Returns the file of an export, open and sealed on the disk, and its report."""
    report = Report(refuses=False)
    for packet in made.left_out:
        report.add(Concern.STAYS_HOME, "the packet forms no entities", id=packet.hex())
    with ExitStack() as unfinished:
        file = unfinished.enter_context(sealed_file(ExportRefused))
        with blamed(exporter.offer):
            exporter.value.write(made.exported, file, options, report)
        unfinished.pop_all()
    return file, report


def _file_name(exporter: Connector[Exporter], packets: Sequence[bytes]) -> str:
    count = f"-and-{len(packets) - 1}" if len(packets) > 1 else ""
    suffix = exporter.value.suffix or f".{exporter.offer.name}"
    return f"packet-{packets[0].hex()[:_SHOWN_DIGITS]}{count}{suffix}"
