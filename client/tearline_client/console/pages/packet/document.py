"""A packet as a document: its fields by entity, the tear line, its handling, and its life."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from starlette.responses import Response

from tearline.blobs.description import BLOB
from tearline.dataclass.immutable import immutable
from tearline.federation.versions import Members
from tearline.packets.grant import Caveats
from tearline.packets.packet import TEXT, OpenedField, WithholdReason
from tearline.packets.recall import RecallState
from tearline.persons.tokens import Role
from tearline.policy.form import Form
from tearline.policy.marking import HANDLING_CODES, Marking, Pap, Tlp
from tearline_client.console.field_names import words_of
from tearline_client.console.languages import mark
from tearline_client.console.pages.acts import NOTES, STANDS
from tearline_client.console.pages.packet.refusals import refusals
from tearline_client.console.pictures import is_shown
from tearline_client.console.visit import Visit
from tearline_client.console.words import (
    FORMS,
    HANDLING,
    INFORMATION,
    KINDS,
    PAP,
    REASONS,
    RECALLS,
    ROLES,
    SOURCE,
    STATUSES,
    TLP,
    URGENCIES,
)
from tearline_client.features.corrections.service import seen_by
from tearline_client.messages.packet_view import PacketView
from tearline_client.node import Node
from tearline_client.rendering.packets import captions, content_text, short, values_text
from tearline_client.rendering.words import agency_name


@immutable
class Badge:
    """A marking, as a badge with its meaning.

    Attributes:
        code: The code, for example ``TLP:AMBER``.
        tone: Name of its colour: the code's level, or ``plain``.
        meaning: Its meaning, as a message.
    """

    code: str
    tone: str
    meaning: str


@immutable
class Line:
    """A field of the document.

    Attributes:
        label: Its name, in words.
        values: The lines of its values.
        category: The category of information.
        form: Its form as a message, unless clear.
        mask: The mask of its form, or empty.
        badges: Its markings.
        doubt: Its deviation from the rules of its kind, or empty.
        is_data: Whether it is a document that the page gives.
        is_large: Whether it is a partner's document beside the packet, which has its own page.
        is_picture: Whether it is a document that the page shows.
        path: Its path.
        slot: Its slot.
        partners: Of our packet, each partner that has it, with the form as a message.
    """

    label: str
    values: tuple[str, ...]
    category: str
    form: str
    mask: str
    badges: tuple[Badge, ...]
    doubt: str
    is_data: bool
    is_large: bool
    is_picture: bool
    path: str
    slot: int
    partners: tuple[tuple[str, str], ...]


@immutable
class Part:
    """The fields of one entity, or of the packet itself.

    Attributes:
        kind: Its schema, in words.
        name: Its name, if visible.
        lines: Its fields.
    """

    kind: str
    name: str
    lines: tuple[Line, ...]


@immutable
class Torn:
    """Fields below the tear line.

    Attributes:
        category: The category of information.
        count: The number of fields.
        reason: The reason to withhold them, as a message.
    """

    category: str
    count: int
    reason: str


@immutable
class LifeStep:
    """A grant in the life of the packet.

    Attributes:
        partner: Short name of the other party.
        number: The grant's number in its channel.
        status: Its status, as a message; empty before the exchange answered.
        is_withdrawn: Whether it was withdrawn before its delivery.
        ends_ms: Its expiry.
        purpose: The recipient's permitted purpose.
        by_role: Role of the releasing person as a message, or empty for a machine duty.
    """

    partner: str
    number: int
    status: str
    is_withdrawn: bool
    ends_ms: int
    purpose: str
    by_role: str


DONE: Mapping[str, str] = {
    STANDS: NOTES[STANDS],
    "disclosed": mark("The field was disclosed. The exchange accepted and logged it."),
    "sent": mark("The packet was sent. The exchange accepted and logged it."),
    "all-sent": mark("All packets were sent. The exchange accepted and logged them. This is one."),
    "corrected": mark("The correction was sent. It replaces the earlier packet."),
    "partly": mark("The exchange refused it, or a part of it. The reason stands below."),
    "recalled": mark("Recalled. Earlier reading and copying at the partners cannot be undone."),
    "queued": mark("The decision is stored. It is sent once the exchange can be reached again."),
    "sending": mark(
        "The documents are sent first, and then the packet. State shows how far they are."
    ),
    "waits": mark(
        "Not sent yet: the article requires a second person. A liaison officer or officer in "
        "charge other than you approves it: `tearline packet pending`."
    ),
}
"""Outcomes of acts, by the word in the address."""


async def page(visit: Visit) -> Response:
    """Shows a packet to a liaison officer, and notifies its sender as the command line does."""
    node = visit.node
    packet_id = node.packets.find(visit.request.path_params["packet"])
    manifest = node.packets.manifest(packet_id)
    acted_by = node.persons.acted_by(visit.person, manifest.agreement.id, Role.LIAISON)
    shown = node.packets.show(packet_id, person=visit.person)
    done = DONE.get(visit.query("done"), "")
    rendered = visit.render("packet.html", {**document(node, shown), "done": done, "copy": None})
    # Last: a receipt that a person saw the packet is signed, and cannot be taken back.
    await node.packets.confirm_read(packet_id, acted_by=acted_by)
    return rendered


def document(node: Node, shown: PacketView) -> dict[str, object]:
    """Returns the values of the template for a packet."""
    members, manifest = node.directory.members(), shown.manifest
    agreement = node.agreements.newest(manifest.agreement.id)
    markings = [opened.field.marking for opened in shown.view.best()]
    newest = node.corrections.newest(shown.packet.id)
    cases = {case.id.hex(): case.title for case in node.cases.all()}
    source, information = manifest.evaluation[0], manifest.evaluation[1]
    return {
        "id": shown.packet.id.hex(),
        "own": shown.own,
        "sender": agency_name(members, manifest.header.signer),
        "sender_uri": manifest.header.signer,
        "kind": KINDS[manifest.kind],
        "urgency": URGENCIES[manifest.urgency],
        "strictest": strictest_badge(markings),
        "agreement": agreement.name,
        "version": manifest.agreement.version,
        "article": manifest.agreement.article,
        "case": cases.get(manifest.case_id, manifest.case_id),
        "received_ms": shown.packet.received_ms,
        "not_after_ms": manifest.not_after_ms,
        "evaluation": manifest.evaluation,
        "source": SOURCE[source],
        "information": INFORMATION[information],
        "corrected_by": "" if newest == shown.packet.id else newest.hex(),
        "replaces": manifest.supersedes.hex(),
        "repeats": node.packets.repeats(shown.packet.id),
        "parts": tuple(_parts(members, shown)),
        "torn": tuple(_torn(shown)),
        "notes": tuple(marking_notes(markings, (grant.grant.caveats for grant in shown.grants))),
        "lacking": tuple(
            f"{short(problem.path)}: {problem.why}" for problem in shown.problems if problem.lacks
        ),
        "life": tuple(_life(members, shown)),
        "recall_to_answer": any(
            each.incoming and each.state is not RecallState.ERASED
            for each in node.recalls.of(shown.packet.id)
        ),
        "recalls": tuple(_recalls(node, members, shown)),
        "refusals": tuple(refusals(node, members, shown.packet.id)),
    }


def strictest_badge(markings: Iterable[Marking]) -> Badge:
    """Returns the strictest level of TLP as a badge."""
    return tlp_badge(max((marking.tlp for marking in markings), default=Tlp.RED))


def tlp_badge(tlp: Tlp) -> Badge:
    """Returns a level of TLP as a badge."""
    tone = f"tlp-{tlp.text.partition('+')[0]}"
    return Badge(code=f"TLP:{tlp.text.upper()}", tone=tone, meaning=TLP[tlp])


def _pap(pap: Pap) -> Badge:
    return Badge(code=f"PAP:{pap.text.upper()}", tone=f"pap-{pap.text}", meaning=PAP[pap])


def _plain(code: str) -> Badge:
    return Badge(code=code, tone="plain", meaning=HANDLING[code])


def _badges(marking: Marking) -> Iterator[Badge]:
    yield tlp_badge(marking.tlp)
    yield _pap(marking.pap)
    yield from map(_plain, marking.handling)
    if marking.orcon:
        yield _plain("ORCON")


def _parts(members: Members, shown: PacketView) -> Iterator[Part]:
    fields = shown.view.best()
    partners = _partners(members, shown)
    names = captions(
        (each.field.path, each.field.values) for each in fields if each.field.media_type == TEXT
    )
    doubts = {problem.path: problem.why for problem in shown.problems}
    by_entity: dict[tuple[str, str], list[OpenedField]] = {}
    for opened in fields:
        token, schema, _ = opened.field.path.split("/", 2)
        by_entity.setdefault((token, schema), []).append(opened)
    for (token, schema), opened_of in by_entity.items():
        yield Part(
            kind=words_of(schema),
            name=names.get(token, ""),
            lines=tuple(
                _line(each, names, doubts, partners.get(each.field.path, ()), own=shown.own)
                for each in opened_of
            ),
        )


def _partners(members: Members, shown: PacketView) -> dict[str, tuple[tuple[str, str], ...]]:
    """Returns the forms of each field of our packet at its partners, by path."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    if not shown.own:
        return found
    for recipient in sorted({each.grant.address.recipient for each in shown.grants}):
        for path, seen in seen_by(shown, recipient).items():
            pair = (agency_name(members, recipient), FORMS[seen.form])
            found[path] = (*found.get(path, ()), pair)
    return found


def _line(
    opened: OpenedField,
    names: dict[str, str],
    doubts: dict[str, str],
    partners: tuple[tuple[str, str], ...],
    *,
    own: bool,
) -> Line:
    field = opened.field
    is_text = field.media_type == TEXT
    values = [values_text((value,), names) for value in field.values] if is_text else []
    return Line(
        label=words_of(field.path.rpartition("/")[2]),
        values=tuple(line for value in values for line in value.splitlines() or [""])
        or (content_text(field.media_type, field.values),),
        category=field.marking.category,
        form="" if field.form is Form.CLEAR else FORMS[field.form],
        mask=field.mask,
        badges=tuple(_badges(field.marking)),
        doubt=doubts.get(field.path, ""),
        is_data=not is_text and field.media_type != BLOB,
        is_large=field.media_type == BLOB and not own,
        is_picture=not is_text and is_shown(field.media_type, b"".join(field.values)),
        path=field.path,
        slot=opened.slot,
        partners=partners,
    )


def _torn(shown: PacketView) -> Iterator[Torn]:
    for each in sorted(shown.view.existences, key=lambda existence: existence.category):
        reason = REASONS[WithholdReason(each.reason)]
        yield Torn(category=each.category, count=each.count, reason=reason)


def marking_notes(markings: Collection[Marking], caveats: Iterable[Caveats]) -> Iterator[Badge]:
    """Yields each marking of fields, and each caveat of grants, once with its meaning."""
    asked: list[Marking | Caveats] = [*markings, *caveats]
    yield _plain("H0")
    for code in HANDLING_CODES:
        if any(code in each.handling for each in asked):
            yield _plain(code)
    if any(each.orcon for each in asked):
        yield _plain("ORCON")
    for tlp in sorted({each.tlp for each in markings}, reverse=True):
        yield tlp_badge(tlp)
    for pap in sorted({each.pap for each in asked}, reverse=True):
        yield _pap(pap)


def _life(members: Members, shown: PacketView) -> Iterator[LifeStep]:
    for each in shown.grants:
        grant = each.grant
        other = grant.header.signer if each.incoming else grant.address.recipient
        yield LifeStep(
            partner=agency_name(members, other),
            number=grant.address.seq,
            status=STATUSES[each.status] if each.status else "",
            is_withdrawn=each.withdrawn is not None,
            ends_ms=grant.not_after_ms,
            purpose=grant.purpose,
            by_role=_role(grant.acted_by.role) if grant.acted_by else "",
        )


def _role(name: str) -> str:
    return next((words for role, words in ROLES.items() if role == name), name)


def _recalls(node: Node, members: Members, shown: PacketView) -> Iterator[tuple[str, str]]:
    for each in node.recalls.of(shown.packet.id):
        yield agency_name(members, each.partner), RECALLS[each.state]
