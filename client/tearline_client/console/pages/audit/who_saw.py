"""Who saw a value or a field: the question, and the answer by partners and their persons.

A value never stands in an address: browsers, proxies and histories keep those. Therefore the
question is a form, and its answer is the response itself.
"""

from collections.abc import Iterable, Iterator

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput
from tearline.federation.versions import Members
from tearline.limits import MAX_FOUND, MAX_TEXT_BYTES
from tearline_client.audit.who_saw import OTHERS, Sighting
from tearline_client.console.pages.audit.tabs import SEARCHERS, rendered
from tearline_client.console.pages.audit.words import ANSWERS, PROOFS, role_words
from tearline_client.console.visit import Visit
from tearline_client.console.words import FORMS
from tearline_client.rendering.packets import short
from tearline_client.rendering.words import agency_name

_SHOWN_DIGITS = 12


@immutable
class SightingRow:
    """A partner's view of a field by one grant.

    Attributes:
        packet: The packet's id, in hexadecimal.
        field: The field, as its entity and its name.
        partner: Short name of the partner; empty for partners unknown here.
        granted: Whether it was granted, as a message.
        form: The form as a message, or empty if unknown.
        delivered: Whether it was delivered, as a message.
        opened: Whether the partner's node opened it, as a message.
        seen: Whether a person there saw it, as a message.
        readers: Pseudonym and role, as a message, of each person there that saw it.
        article: The article of the release.
        purpose: The purpose of the release.
        policies: The shared policies that allowed it.
        persons: Pseudonyms of the releasing persons.
        entry: The position of the acceptance in the log, or None.
        proven: Whether the log is proven to hold it, as a message.
        erased_by: Positions of orders that may have erased the entry.
    """

    packet: str
    field: str
    partner: str
    granted: str
    form: str
    delivered: str
    opened: str
    seen: str
    readers: tuple[tuple[str, str], ...]
    article: str
    purpose: str
    policies: tuple[str, ...]
    persons: tuple[str, ...]
    entry: int | None
    proven: str
    erased_by: tuple[int, ...]


async def page(visit: Visit) -> Response:
    """Shows the question."""
    return _answered(visit, packet=visit.query("packet"), field=visit.query("field"))


async def answer(visit: Visit) -> Response:
    """Shows the answer; one for a value is an entry of the node's own access log."""
    form = await visit.form()
    value, packet, field = (form.text(name).strip() for name in ("value", "packet", "field"))
    if bool(value) == bool(packet or field):
        return visit.redirect("/audit")  # an empty question, or two at once
    if value:
        return await _for_value(visit, value)
    return _for_field(visit, packet, field)


async def _for_value(visit: Visit, value: str) -> Response:
    if len(value.encode()) > MAX_TEXT_BYTES:
        raise MalformedInput(f"a value has at most {MAX_TEXT_BYTES} bytes")
    found = await visit.node.audit.who_saw_value(value, person=visit.person)
    members = visit.node.directory.members()
    rows = [
        row for held in found for row in _rows(held.packet, held.path, held.seen.sightings, members)
    ]
    return _answered(visit, value=value, rows=rows, is_resolved=bool(found))


def _for_field(visit: Visit, packet: str, field: str) -> Response:
    packet_id = visit.node.packets.find(packet)
    found = visit.node.audit.who_saw(packet_id, field)
    rows = _rows(packet_id, field, found.sightings, visit.node.directory.members())
    return _answered(visit, packet=packet, field=field, rows=list(rows), is_resolved=found.resolved)


def _answered(
    visit: Visit,
    *,
    value: str = "",
    packet: str = "",
    field: str = "",
    rows: list[SightingRow] | None = None,
    is_resolved: bool = True,
) -> Response:
    shown = None if rows is None else rows[:MAX_FOUND]
    values = {
        "value": value,
        "packet": packet,
        "field": field,
        "rows": shown,
        "is_cut": rows is not None and len(rows) > MAX_FOUND,
        "is_resolved": is_resolved,
        "can_search": bool(SEARCHERS & visit.roles),
    }
    return rendered(visit, "who_saw.html", values)


def _rows(
    packet_id: bytes, path: str, sightings: Iterable[Sighting], members: Members
) -> Iterator[SightingRow]:
    for each in sightings:
        yield SightingRow(
            packet=packet_id.hex(),
            field=short(path),
            partner="" if each.partner == OTHERS else agency_name(members, each.partner),
            granted=ANSWERS[each.granted],
            form="" if each.form is None else FORMS[each.form],
            delivered=ANSWERS[each.delivered],
            opened=ANSWERS[each.opened],
            seen=ANSWERS[each.seen],
            readers=tuple(
                (reader.pseudonym.hex()[:_SHOWN_DIGITS], role_words(reader.role))
                for reader in each.readers
            ),
            article=each.article,
            purpose=each.purpose,
            policies=each.policy_ids,
            persons=tuple(person.hex()[:_SHOWN_DIGITS] for person in each.persons),
            entry=each.entry,
            proven=PROOFS[each.proven],
            erased_by=each.erased_by,
        )
