"""The list of consents: asked by this agency and of it, with their status."""

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.federation.versions import Members
from tearline.limits import MAX_CONSOLE_LISTED
from tearline.onward.consent import ConsentStatus
from tearline.persons.four_eyes import DRAFTERS
from tearline_client.console.pages.acts import note_of
from tearline_client.console.visit import Visit
from tearline_client.console.words import CONSENT_STATES, USES
from tearline_client.features.consents.views import ConsentRecord
from tearline_client.rendering.consents import scope_text, status_at
from tearline_client.rendering.words import agency_name

READERS = frozenset(DRAFTERS)
"""The roles that may read the notes of a consent."""


@immutable
class ConsentRow:
    """A consent in a list.

    Attributes:
        id: Its id, in hexadecimal.
        packet: Id of its packet, in hexadecimal.
        is_ours: Whether this agency asks.
        partner: Short name of the other party.
        use: The use, as a message.
        scope: The third party, the proceedings or the purpose.
        status: Its status, as a message.
        fields: Number of its fields.
        ends_ms: Its end; 0 if no request arrived.
        is_open: Whether this agency must answer it.
        waits: Whether an answer waits for a second person.
    """

    id: str
    packet: str
    is_ours: bool
    partner: str
    use: str
    scope: str
    status: str
    fields: int
    ends_ms: int
    is_open: bool
    waits: bool


async def page(visit: Visit) -> Response:
    """Shows the consents, those to answer first, then the newest."""
    node, members = visit.node, visit.node.directory.members()
    waiting = node.approvals.by_question()
    newest = node.consents.all()[: -MAX_CONSOLE_LISTED - 1 : -1]
    rows = [consent_row(visit, members, each, waits=each.id in waiting) for each in newest]
    return visit.render(
        "consents/overview.html",
        {
            "done": note_of(visit),
            "rows": sorted(rows, key=lambda row: not row.is_open),  # stable
            "can_open": bool(visit.roles & READERS),
        },
    )


def consent_row(
    visit: Visit, members: Members, record: ConsentRecord, *, waits: bool
) -> ConsentRow:
    """Returns a consent as a row; it holds no contents."""
    wanted = record.wanted
    return ConsentRow(
        id=record.id.hex(),
        packet=record.packet.hex(),
        is_ours=record.asked_here,
        partner=agency_name(members, record.peer),
        use=USES[record.use],
        scope=scope_text(record.use, wanted.terms.scope, members) if wanted else "",
        status=CONSENT_STATES[status_at(record, visit.node.now_ms())],
        fields=len(wanted.terms.fields) if wanted else 0,
        ends_ms=wanted.consent.ends_ms if wanted else 0,
        is_open=not record.asked_here and record.status is ConsentStatus.ASKED and not waits,
        waits=waits,
    )
