"""A packet as a document and as rows of data, with tear line, markings and handling rules."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tearline.bodies.notices import EMBARGO, NOTICE
from tearline.identity import agency_uri_of
from tearline.packets.grant import Caveats
from tearline.packets.packet import TEXT, OpenedField
from tearline.policy.form import Form
from tearline.policy.marking import Marking, Tlp
from tearline_client.audit.rows import time_text
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
)
from tearline_client.rendering.packets import (
    captions,
    field_text,
    short,
    values_text,
    view_rows,
)
from tearline_client.rendering.words import agency_name

_TEXTS = (
    *("field", "path", "category", "form", "mask", "marking", "value", "shown", "problem"),
    *("reason", "code", "text"),
)
_EMPTY: dict[str, Any] = {"part": "", "slot": None, "count": None} | dict.fromkeys(_TEXTS, "")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def document_of(node: Node, shown: PacketView, *, footer: tuple[str, ...] = ()) -> Document:
    """Returns a packet as a document.

    Args:
        node: The node.
        shown: The packet.
        footer: Lines at its foot, below the packet's id.
    """
    manifest = shown.manifest
    members = node.directory.members()
    agreement = node.agreements.newest(manifest.agreement.id)
    sender = agency_name(members, manifest.header.signer)
    markings = [opened.field.marking for opened in shown.view.best()]
    recipients = sorted({g.grant.address.recipient for g in shown.grants})
    purposes = dict.fromkeys(grant.grant.purpose for grant in shown.grants)
    source, information = manifest.evaluation[0], manifest.evaluation[1]
    newest, corrects = node.corrections.newest(shown.packet.id), manifest.supersedes
    kind = manifest.kind.value.replace("-", " ").capitalize()
    facts = {
        "From": f"{sender} ({agency_uri_of(manifest.header.signer)})",
        "To": ", ".join(agency_name(members, recipient) for recipient in recipients),
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
        footer=(f"Packet {shown.packet.id.hex()}", *footer),
    )


def copy_of(node: Node, copy: PrintedCopy) -> Document:
    """Returns a numbered copy of a packet."""
    ours = agency_name(node.directory.members(), node.uri)
    line = f"Copy {copy.number}, printed by {copy.by} at {ours}, {_utc(copy.time_ms)}"
    return document_of(node, copy.shown, footer=(line,))


def packet_rows(shown: PacketView) -> list[dict[str, Any]]:
    """Returns the readable fields, those kept back, and the handling rules, as rows of data.

    The column ``part`` tells them apart: ``field``, ``kept back``, ``handling``. Each row has the
    same keys.
    """
    fields: list[dict[str, Any]] = [{"part": "field", **row} for row in view_rows(shown)]
    kept_back: list[dict[str, Any]] = [
        {
            "part": "kept back",
            "category": each.category,
            "count": each.count,
            "reason": each.reason.value,
            "text": REASONS[each.reason],
        }
        for each in sorted(shown.view.existences, key=lambda each: each.category)
    ]
    markings = [opened.field.marking for opened in shown.view.best()]
    handling: list[dict[str, Any]] = [
        {"part": "handling", "code": code, "text": text} for code, text in _notes(markings, shown)
    ]
    return [_EMPTY | row for row in (*fields, *kept_back, *handling)]


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
    for opened in shown.view.best():
        if opened.field.path.endswith(f"/{NOTICE}/{EMBARGO}") and opened.field.form is Form.CLEAR:
            yield "EMBARGO", f"Not to be announced before {field_text(opened.field)} UTC."
    for tlp in sorted({marking.tlp for marking in markings}, reverse=True):
        yield f"TLP:{tlp.text.upper()}", TLP[tlp]
    for pap in sorted({each.pap for each in asked}, reverse=True):
        yield f"PAP:{pap.text.upper()}", PAP[pap]


def _utc(time_ms: int) -> str:
    return f"{time_text(time_ms)} UTC"


def _words(name: str) -> str:
    return _HUMP.sub(" ", name).lower().capitalize()
