"""The list of packets: filters in the address, and search in readable fields."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from starlette.responses import Response

from tearline.dataclass.immutable import immutable
from tearline.errors import MalformedInput, NameAmbiguous, NotFound
from tearline.federation.versions import Members
from tearline.identity import agency_uri_of
from tearline.limits import (
    CONSOLE_FOUND_ROWS,
    CONSOLE_PAGE_ROWS,
    MAX_CONSOLE_LISTED,
    MAX_CONSOLE_UNREAD,
    MAX_FOUND,
)
from tearline.packets.packet import OpenedField, PacketKind
from tearline.persons.tokens import Role
from tearline.policy.marking import Tlp, parse_tlp
from tearline.statements.receipt import Status
from tearline.text.choices import one_of
from tearline_client.console.field_names import words_of
from tearline_client.console.pages.acts import note_of
from tearline_client.console.pages.packet.document import Badge, tlp_badge
from tearline_client.console.pages.packet.refusals import refusal_of
from tearline_client.console.pages.packet.states import states_of
from tearline_client.console.visit import Visit
from tearline_client.console.words import KINDS, STATES, URGENCIES, WIDENED
from tearline_client.features.packets.reader import Heading
from tearline_client.features.packets.records import PacketRecord
from tearline_client.features.search.search import SearchFilter
from tearline_client.node import Node
from tearline_client.planning.text_search import SearchTerms
from tearline_client.rendering.packets import field_text
from tearline_client.rendering.words import agency_name
from tearline_runtime.turns import in_turns

_IN, _OUT = "in", "out"


@immutable
class Filter:
    """Filter of the list, as in the address of the page.

    Attributes:
        way: ``in`` for partners' packets, ``out`` for ours, or empty.
        partner: Short name of an agency that sent or receives it, or empty.
        kind: A kind of packet, or empty.
        case: Id of a case, or empty.
        tlp: The strictest TLP of its fields, or empty.
        state: A state of the packet, or empty.
        unread: Whether only packets that no person has seen are listed.
        subjects: Whether each packet shows its first names, which the access log records.
        text: A text to search for, or empty.
        after: Id of the packet before the page's first one, in hexadecimal, or empty.
        skip: Number of better matches on earlier pages of a search.
    """

    way: str
    partner: str
    kind: str
    case: str
    tlp: str
    state: str
    unread: bool
    subjects: bool
    text: str
    after: str
    skip: int

    def query(self, *, after: str = "", skip: int = 0) -> str:
        """Returns the filter as a query, for another page of it."""
        values = {
            "way": self.way,
            "partner": self.partner,
            "kind": self.kind,
            "case": self.case,
            "tlp": self.tlp,
            "state": self.state,
            "unread": "1" if self.unread else "",
            "subjects": "1" if self.subjects else "",
            "q": self.text,
            "after": after,
            "skip": str(skip or ""),
        }
        return urlencode({name: value for name, value in values.items() if value})


@immutable
class FoundField:
    """A field that a search found.

    Attributes:
        label: Its name.
        value: Its value.
        widened: How the search was widened, as a message; empty if it was not.
        read_as: The common syllables of a name in another transcription.
    """

    label: str
    value: str
    widened: str
    read_as: str


@immutable
class Row:
    """A packet in the list.

    Attributes:
        id: Its id, in hexadecimal.
        own: Whether it is ours.
        partners: Short names of its sender, or of its recipients.
        kind: Its kind, as a message.
        urgency: Its urgency, as a message.
        case: Its case: the title if known, else the reference.
        article: Its article.
        received_ms: Time of its arrival or creation.
        unread: Whether it is a partner's, and no person has seen it.
        corrected: Whether a newer packet replaces it.
        recalled: Whether it was recalled, from one partner at least or one field of it.
        refused: Whether the exchange refused it or a part of it, as a message; empty if not.
        found: The fields that a search found.
        subject: Its first readable names, persons first, if they were asked for.
        badge: Its strictest TLP, if names or a TLP were asked for.
    """

    id: str
    own: bool
    partners: tuple[str, ...]
    kind: str
    urgency: str
    case: str
    article: str
    received_ms: int
    unread: bool
    corrected: bool
    recalled: bool
    refused: str
    found: tuple[FoundField, ...] = ()
    subject: tuple[str, ...] = ()
    badge: Badge | None = None


async def page(visit: Visit) -> Response:
    """Shows one page of the list, newest first; or the best matches of a search."""
    wanted = _filter(visit)
    node, members = visit.node, visit.node.directory.members()
    candidates = await _candidates(visit, wanted)
    records = [each async for each in _chosen(visit, wanted, candidates)]
    is_whole = bool(wanted.text) or len(records) <= CONSOLE_PAGE_ROWS
    shown = records if is_whole else records[:CONSOLE_PAGE_ROWS]
    following = ""
    if not is_whole:
        following = wanted.query(after=shown[-1][0].id.hex())
    elif not wanted.text and len(candidates) == MAX_CONSOLE_LISTED:  # older packets may fit, too
        following = wanted.query(after=[*candidates][-1].hex())
    elif len(shown) == CONSOLE_FOUND_ROWS and wanted.skip + CONSOLE_FOUND_ROWS < MAX_FOUND:
        following = wanted.query(skip=wanted.skip + CONSOLE_FOUND_ROWS)
    corrected = node.corrections.corrected_by(record.id for record, _ in shown)
    cases = {case.id.hex(): case.title for case in node.cases.all()}
    named = [record.id for record, _ in shown] if wanted.subjects else []
    headings = await node.packets.headings(named, person=visit.person) if named else {}
    return visit.render(
        "packets.html",
        {
            "filter": wanted,
            "done": note_of(visit),
            "rows": [
                replace(
                    _row(node, members, record, fields, cases, corrected=record.id in corrected),
                    subject=heading.names if heading else (),
                    badge=_badge(wanted, heading),
                )
                for record, fields in _described(shown, wanted.text)
                for heading in [headings.get(record.id)]
            ],
            "next_query": following,
            "damaged": len(node.packets.unreadable()) if wanted.text else 0,
            "is_full": bool(wanted.text) and len(records) == CONSOLE_FOUND_ROWS,
            "partners": [
                agency.name for agency in members.agencies if not _is_us(node, agency.uri)
            ],
            "kinds": KINDS,
            "cases": cases,
            "levels": {tlp.text: f"TLP:{tlp.text.upper()}" for tlp in reversed(Tlp)},
            "states": STATES,
            "can_open": Role.LIAISON in visit.roles,
            "can_read": visit.roles != {Role.AUDITOR},
        },
    )


def _filter(visit: Visit) -> Filter:
    way, kind = visit.query("way"), visit.query("kind")
    if way not in ("", _IN, _OUT):
        raise MalformedInput("way is in or out")
    if kind not in ("", *PacketKind):
        raise MalformedInput("kind is not a kind of packet")
    tlp, state = visit.query("tlp"), visit.query("state")
    if tlp not in ("", *(level.text for level in Tlp)):
        raise MalformedInput(one_of(tlp, "level of TLP", (level.text for level in Tlp)))
    if state not in ("", *STATES):
        raise MalformedInput(one_of(state, "state of a packet", STATES))
    return Filter(
        way=way,
        partner=visit.query("partner"),
        kind=kind,
        case=visit.query("case"),
        tlp=tlp,
        state=state,
        unread=bool(visit.query("unread")),
        subjects=bool(visit.query("subjects")),
        text=visit.query("q"),
        after=visit.query("after"),
        skip=_number(visit.query("skip")),
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:4]) < MAX_FOUND):
        return 0
    return int(text[:4])


async def _chosen(
    visit: Visit, wanted: Filter, candidates: Mapping[bytes, tuple[OpenedField, ...]]
) -> AsyncIterator[tuple[PacketRecord, tuple[OpenedField, ...]]]:
    """Yields the packets of a page and one more, with the fields that a search found."""
    node = visit.node
    within, count = _scope(node, wanted), 0
    async for packet_id, fields in in_turns(candidates.items()):
        record = node.packets.get(packet_id)
        if _fits(node, record, wanted, within) and _has_tlp(visit, packet_id, wanted):
            yield record, fields
            count += 1
        if count > CONSOLE_PAGE_ROWS:
            return


def _scope(node: Node, wanted: Filter) -> SearchFilter:
    return SearchFilter(
        own=None if not wanted.way else wanted.way == _OUT,
        kinds=frozenset([PacketKind(wanted.kind)] if wanted.kind else ()),
        case_id=wanted.case,
    )


async def _candidates(visit: Visit, wanted: Filter) -> Mapping[bytes, tuple[OpenedField, ...]]:
    """Returns the packets to choose from: those that a search found, or some of the list."""
    packets = visit.node.packets
    if wanted.text:
        scope = _scope(visit.node, wanted)
        if wanted.partner or wanted.unread:  # which the index of texts does not tell
            node = visit.node
            scope = replace(scope, chosen=lambda i: _fits(node, packets.get(i), wanted, scope))
        return await packets.search(
            wanted.text,
            person=visit.person,
            within=scope,
            limit=CONSOLE_FOUND_ROWS,
            skip=wanted.skip,
        )
    after = b""
    if wanted.after:
        try:
            after = packets.find(wanted.after)
        except (NotFound, NameAmbiguous):
            return {}  # erased meanwhile, or no id
    if wanted.unread:
        ids = packets.unread(MAX_CONSOLE_UNREAD)
        begin = ids.index(after) + 1 if after in ids else 0
        ids = ids[begin : begin + MAX_CONSOLE_LISTED]
    else:
        ids = packets.newest(MAX_CONSOLE_LISTED, after=after)
    return dict.fromkeys(ids, ())


def _fits(node: Node, record: PacketRecord, wanted: Filter, within: SearchFilter) -> bool:
    if not within.covers(record.origin, node.uri) or not within.has(
        record.manifest.kind, record.manifest.case_id
    ):
        return False
    if wanted.unread and not _is_unread(node, record):
        return False
    if wanted.state and wanted.state not in states_of(node, record.id):
        return False
    members = node.directory.members()
    return not wanted.partner or wanted.partner in _partners(node, members, record)


def _has_tlp(visit: Visit, packet_id: bytes, wanted: Filter) -> bool:
    """Returns whether a packet has the wanted TLP; it is inside the packet, which is opened."""
    packets = visit.node.packets
    if not wanted.tlp:
        return True
    if packets.is_frozen(packet_id):
        return False
    return packets.strictest(packet_id, person=visit.person) is parse_tlp(wanted.tlp)


def _badge(wanted: Filter, heading: Heading | None) -> Badge | None:
    """Returns the strictest TLP of a packet, if it is asked for: the wanted one, or as read."""
    if wanted.tlp:
        return tlp_badge(parse_tlp(wanted.tlp))
    return tlp_badge(heading.tlp) if heading else None


def _is_unread(node: Node, record: PacketRecord) -> bool:
    grants = node.packets.grants(record.id)
    return any(each.incoming and (each.status or 0) < Status.SEEN for each in grants)


def _is_us(node: Node, agency: str) -> bool:
    return agency == agency_uri_of(node.uri)


def _partners(node: Node, members: Members, record: PacketRecord) -> tuple[str, ...]:
    if record.origin != node.uri:
        return (agency_name(members, record.origin),)
    recipients = {each.grant.address.recipient for each in node.packets.grants(record.id)}
    return tuple(sorted(agency_name(members, each) for each in recipients))


def _described(
    shown: Sequence[tuple[PacketRecord, tuple[OpenedField, ...]]], text: str
) -> Iterator[tuple[PacketRecord, tuple[FoundField, ...]]]:
    terms = SearchTerms(text)
    for record, fields in shown:
        matches = ((each.field, terms.match(each.field)) for each in fields)
        yield (
            record,
            tuple(
                FoundField(
                    label=words_of(field.path.rpartition("/")[2]),
                    value=field_text(field),
                    widened=WIDENED.get(match.rank, "") if match else "",
                    read_as=match.widened_by.partition(": ")[2] if match else "",
                )
                for field, match in matches
            ),
        )


def _row(
    node: Node,
    members: Members,
    record: PacketRecord,
    found: tuple[FoundField, ...],
    cases: dict[str, str],
    *,
    corrected: bool,
) -> Row:
    manifest = record.manifest
    return Row(
        id=record.id.hex(),
        own=record.origin == node.uri,
        partners=_partners(node, members, record),
        kind=KINDS[manifest.kind],
        urgency=URGENCIES[manifest.urgency],
        case=cases.get(manifest.case_id, manifest.case_id),
        article=manifest.agreement.article,
        received_ms=record.received_ms,
        unread=_is_unread(node, record),
        corrected=corrected,
        recalled=bool(node.recalls.of(record.id)),
        refused=refusal_of(node, record.id),
        found=found,
    )
