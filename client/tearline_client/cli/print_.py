"""``tearline packet print``: a packet as a document, with tear line and handling rules."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from tearline.identity import agency_uri_of
from tearline.packets.grant import Caveats
from tearline.packets.packet import TEXT, OpenedField
from tearline.policy.form import Form
from tearline.policy.marking import Marking, Tlp
from tearline_client.cli.context import CliContext
from tearline_client.cli.groups import Command
from tearline_client.cli.options import FILE, sync_option
from tearline_client.cli.session import acting_on, async_command, look, open_node
from tearline_client.connectors.exporters.files import create_file, verify_free
from tearline_client.features.packets.reader import PrintedCopy
from tearline_client.messages.packet_view import PacketView
from tearline_client.node import Node
from tearline_client.planning.explain import (
    CAVEATS,
    INFORMATION,
    PAP,
    REASONS,
    SOURCE,
    TLP,
    UNSTATED,
)
from tearline_client.rendering.document import (
    Document,
    DocumentLine,
    DocumentPart,
    KeptBack,
    to_text,
)
from tearline_client.rendering.document_html import to_html
from tearline_client.rendering.output import print_lines
from tearline_client.rendering.packets import captions, field_text, short, values_text
from tearline_client.rendering.words import agency_name, time_text

_RENDERERS = {"text": to_text, "html": to_html}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@click.command(name="print", cls=Command)
@click.argument("packet")
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(tuple(_RENDERERS)),
    default="text",
    show_default=True,
    help="Plain text, or HTML for printing.",
)
@click.option("--to", "target", type=FILE, help="A new file; by default standard output.")
@sync_option
@async_command
async def print_command(
    cli: CliContext, packet: str, form: str, target: Path | None, sync: bool
) -> None:
    """Print PACKET (the beginning of its id) as a document.

    The document shows the sender and the agreement, the readable fields by entity, bars for fields
    kept back, the tear line, and the meaning of every marking. Each copy is numbered, and recorded
    in the access log first. The sender is notified as by `packet show`.

    Example: tearline packet print 5f0c9a1b -o html --to lead.html
    """
    if target is not None:
        verify_free(target.parent, target.name)  # a failed print is not logged as done
    async with open_node(cli) as node:
        await look(cli, node, sync=sync)
        packet_id = node.packets.find(packet)
        person = acting_on(cli, node, packet_id)
        copy = await node.packets.print(packet_id, acted_by=person, person=cli.settings.person)
        text = _RENDERERS[form](document_of(node, copy))
    if target is None:
        print_lines(text)
        return
    with create_file(target.parent, target.name) as stream:
        stream.write(text.encode("utf-8"))
    cli.say(f"Wrote {target}.")


def document_of(node: Node, copy: PrintedCopy) -> Document:
    """Returns a packet as printed."""
    shown, manifest = copy.shown, copy.shown.manifest
    trust_list = node.directory.trust_list()
    agreement = node.agreements.newest(manifest.agreement.id)
    sender = agency_name(trust_list, manifest.header.signer)
    markings = [opened.field.marking for opened in shown.view.best()]
    recipients = sorted({g.grant.address.recipient for g in shown.grants})
    purposes = dict.fromkeys(grant.grant.purpose for grant in shown.grants)
    source, information = manifest.evaluation[0], manifest.evaluation[1]
    newest, corrects = node.corrections.newest(shown.packet.id), manifest.supersedes
    kind = manifest.kind.value.replace("-", " ").capitalize()
    facts = {
        "From": f"{sender} ({agency_uri_of(manifest.header.signer)})",
        "To": ", ".join(agency_name(trust_list, recipient) for recipient in recipients),
        "Agreement": f"{agreement.name}, version {manifest.agreement.version}",
        "Article": manifest.agreement.article,
        "Purpose": ", ".join(purposes),
        "Case": manifest.case_id,
        "Urgency": manifest.urgency.value,
        "Source": f"{source}: {SOURCE[source]}",
        "Information": f"{information}: {INFORMATION[information]}",
        "Made here" if shown.own else "Arrived": _utc(shown.packet.received_ms),
        "Corrected by": "" if newest == shown.packet.id else f"packet {newest.hex()}",
        "Replaces": f"packet {corrects.hex()}" if corrects else "",
        "May be used until": _utc(manifest.not_after_ms),
    }
    return Document(
        banner=f"TLP:{max((m.tlp for m in markings), default=Tlp.RED).text.upper()}",
        title=f"{kind} from {sender}",
        facts=tuple((label, words) for label, words in facts.items() if words),
        parts=tuple(_parts(shown.view.best())),
        kept_back=tuple(
            KeptBack(category=e.category, count=e.count, reason=REASONS[e.reason])
            for e in sorted(shown.view.existences, key=lambda e: e.category)
        ),
        notes=tuple(_notes(markings, shown)),
        doubts=tuple(f"{short(problem.path)}: {problem.why}" for problem in shown.problems),
        footer=_footer(copy, agency_name(trust_list, node.uri)),
    )


def _footer(copy: PrintedCopy, ours: str) -> tuple[str, ...]:
    return (
        f"Packet {copy.shown.packet.id.hex()}",
        f"Copy {copy.number}, printed by {copy.by} at {ours}, {_utc(copy.time_ms)}",
    )


def _parts(opened_fields: Iterable[OpenedField]) -> Iterator[DocumentPart]:
    opened_fields = list(opened_fields)
    names = captions(
        (o.field.path, o.field.values) for o in opened_fields if o.field.media_type == TEXT
    )
    by_entity: dict[tuple[str, str], list[OpenedField]] = {}
    for opened in opened_fields:
        token, schema, _ = opened.field.path.split("/", 2)
        by_entity.setdefault((token, schema), []).append(opened)
    for (token, schema), opened_of in by_entity.items():
        name = names.get(token, "")
        title = _words(schema)
        yield DocumentPart(
            title=f"{title}: {name}" if name else title,
            lines=tuple(_line(opened, names) for opened in opened_of),
        )


def _line(opened: OpenedField, names: dict[str, str]) -> DocumentLine:
    field = opened.field
    form = "" if field.form is Form.CLEAR else f"{field.form.text} ({field.mask}) · "
    values = (
        tuple(values_text((value,), names) for value in field.values)
        if field.media_type == TEXT
        else (field_text(field),)
    )
    return DocumentLine(
        label=_words(field.path.rpartition("/")[2]),
        values=values,
        note=f"{form}{field.marking.encode()}",
    )


def _notes(markings: Iterable[Marking], shown: PacketView) -> Iterator[tuple[str, str]]:
    markings = list(markings)
    caveats = [grant.grant.caveats for grant in shown.grants]
    asked: list[Marking | Caveats] = [*markings, *caveats]
    handling = {code for each in asked for code in each.handling}
    yield "H0", CAVEATS["H0"]
    for code in sorted(handling):
        unstated = code == "H3" and not shown.has_narrative
        yield code, UNSTATED if unstated else CAVEATS[code]
    if any(each.orcon for each in asked):
        yield "ORCON", CAVEATS["ORCON"]
    for tlp in sorted({marking.tlp for marking in markings}, reverse=True):
        yield f"TLP:{tlp.text.upper()}", TLP[tlp]
    for pap in sorted({each.pap for each in asked}, reverse=True):
        yield f"PAP:{pap.text.upper()}", PAP[pap]


def _utc(time_ms: int) -> str:
    return f"{time_text(time_ms)} UTC"


def _words(name: str) -> str:
    return _HUMP.sub(" ", name).lower().capitalize()
