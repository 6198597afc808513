"""One field of a packet: its source, its article and policies, and its disclosure to a partner."""

from collections.abc import Mapping

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import ActQueued, NotFound
from tearline.federation.versions import Members
from tearline.identity import agency_uri_of
from tearline_client.audit.who_saw import OTHERS, Answer, Sighting
from tearline_client.console.field_names import words_of
from tearline_client.console.forms import Form
from tearline_client.console.languages import mark
from tearline_client.console.pages.acts import STANDS
from tearline_client.console.pages.bound_act import BoundAct, Preview
from tearline_client.console.visit import Visit
from tearline_client.console.words import FORMS, GAPS
from tearline_client.drafting.release import Held, release_field, takes_two
from tearline_client.features.corrections.service import seen_by
from tearline_client.features.packets.disclosure import Disclosure
from tearline_client.messages.packet_view import short_path
from tearline_client.messages.sent import verify_accepted
from tearline_client.node import Node
from tearline_client.rendering.packets import field_text
from tearline_client.rendering.words import agency_name

_ANSWERS: Mapping[Answer, str] = {
    Answer.YES: mark("Yes"),
    Answer.NO: mark("No"),
    Answer.INDETERMINATE: mark("Not known"),
}


@immutable
class FieldDisclosure:
    """Disclosure of a field that a person asks for.

    Attributes:
        packet: 32 bytes, a packet of ours.
        path: The field.
        partner: Short name of the partner.
    """

    packet: bytes
    path: str
    partner: str


@immutable
class Holder:
    """A partner's view of the field by one grant.

    Attributes:
        partner: Its short name, or empty for those unknown here.
        form: The form as a message, or empty if unknown.
        seen: Whether a person there saw it, as a message.
        article: The article of the grant.
        purpose: The permitted purpose.
        policies: Ids of the policies that decided the form, from the log.
        entry: The entry of the log with the grant, or None.
    """

    partner: str
    form: str
    seen: str
    article: str
    purpose: str
    policies: tuple[str, ...]
    entry: int | None


async def page(visit: Visit) -> Response:
    """Shows who gave and who has one field, under which article and policy; not its values."""
    node = visit.node
    packet_id, path = _field(visit, visit.query("path"))
    manifest = node.packets.manifest(packet_id)
    members = node.directory.members()
    found = node.audit.who_saw(packet_id, path)
    own = manifest.header.signer == node.uri
    agreement = node.agreements.newest(manifest.agreement.id)
    parties = [each for each in agreement.terms.parties if each != agency_uri_of(node.uri)]
    return visit.render(
        "packet_field.html",
        {
            **_place(packet_id, path),
            "own": own,
            "giver": agency_name(members, manifest.header.signer),
            "agreement": agreement.name,
            "version": manifest.agreement.version,
            "article": manifest.agreement.article,
            "holders": tuple(_holder(members, each) for each in found.sightings),
            "partners": sorted(agency_name(members, each) for each in parties) if own else (),
        },
    )


def _holder(members: Members, each: Sighting) -> Holder:
    return Holder(
        partner="" if each.partner == OTHERS else agency_name(members, each.partner),
        form="" if each.form is None else FORMS[each.form],
        seen=_ANSWERS[each.seen],
        article=each.article,
        purpose=each.purpose,
        policies=each.policy_ids,
        entry=each.entry,
    )


async def _disclosure(visit: Visit, form: Form) -> Preview[FieldDisclosure]:
    """Returns one field of our packet as a partner would get it, before it is disclosed."""
    node, partner = visit.node, form.text("to")
    packet_id, path = _field(visit, form.text("path"))
    wanted = node.packets.disclosure(packet_id, path, partner, person=visit.person)
    ref = wanted.shown.manifest.agreement
    return Preview(
        template="packet_disclosure.html",
        subject=FieldDisclosure(packet=packet_id, path=path, partner=partner),
        values={
            **_place(packet_id, path),
            "partner": agency_name(node.directory.members(), wanted.recipient),
            "value": field_text(wanted.field.field),
            "category": wanted.field.field.marking.category,
            "before": _before(wanted),
            "after": FORMS[wanted.field.field.form],
            "article": wanted.article.id,
            "agreement": node.agreements.newest(ref.id).name,
            "purpose": wanted.purpose,
            "held_back": wanted.held_back,
            "mentions": tuple(
                (short_path(each.value) if each.value else "", GAPS[each.gap] if each.gap else "")
                for each in wanted.mentions
            ),
            "takes_two": takes_two(node, ref.id, ref.article),
        },
    )


def _before(wanted: Disclosure) -> str:
    """Returns the form that the partner has so far, as a message."""
    had = seen_by(wanted.shown, wanted.recipient).get(wanted.field.field.path)
    return mark("Withheld") if had is None else FORMS[had.form]


async def _disclose(visit: Visit, form: Form, wanted: FieldDisclosure) -> Response:
    """Discloses one field of our packet to a partner, or has it wait for a second person."""
    repeats = form.text("repeats").strip()
    released = await release_field(
        visit.node,
        wanted.packet,
        wanted.path,
        wanted.partner,
        repeats=repeats,
        person=visit.person,
    )
    if isinstance(released, Held):
        done = STANDS
    elif isinstance(released, ActQueued):
        done = "queued"
    elif isinstance(released, bytes):
        done = "waits"
    else:
        verify_accepted(released)
        done = "disclosed"
    return visit.redirect(f"/packets/{wanted.packet.hex()}", {"done": done})


DISCLOSE = BoundAct(effects=_disclosure, act=_disclose)


def _field(visit: Visit, path: str) -> tuple[bytes, str]:
    """Returns the packet of the address, and the path of one of its readable fields."""
    node: Node = visit.node
    packet_id = node.packets.find(visit.request.path_params["packet"])
    if not path:
        raise NotFound("no field is named")
    return packet_id, node.packets.path_of(packet_id, path)


def _place(packet_id: bytes, path: str) -> dict[str, object]:
    _, schema, name = path.split("/", 2)
    return {
        "id": packet_id.hex(),
        "path": path,
        "label": words_of(name),
        "schema": words_of(schema),
    }
