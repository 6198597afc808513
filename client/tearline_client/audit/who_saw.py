"""Disclosures of a field: from our own packet, the log's openings and signed receipts.

Only the originator's node knows a path's slot, and only the parties of an event hold its opening.
An answer has three values: the absence of a receipt does not prove that a partner did not see the
field.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from tearline.audit.event import Decision, Event, EventCode
from tearline.dataclass.immutable import immutable
from tearline.encoding import parse_decimal
from tearline.errors import LogError, MalformedInput, MarkingMalformed, NodeIsLight
from tearline.limits import MAX_LOG_TIME_SKEW_MS, MAX_SLOTS
from tearline.packets.grant import Grant
from tearline.packets.packet import Opening
from tearline.policy.form import Form, parse_form
from tearline.statements.receipt import Status
from tearline.tlog.checkpoint import SignedCheckpoint
from tearline.verification.log_entries import blind_entry, verify_opening_in_log
from tearline_client.audit.verifier import Outcome
from tearline_client.context import NodeContext
from tearline_client.messages.packet_view import PacketView
from tearline_client.rules.sightings import sightings_of
from tearline_client.store.log import LogStore, OpenedEvent
from tearline_client.store.packet_records import StoredGrant, StoredPacket

OTHERS = ""
"""Stands for partners unknown to this node."""

_SLOT = "slot:"
_ARRIVED = {Status.STORED, Status.OPENED, Status.SEEN, Status.ERASED}


class Answer(StrEnum):
    """Whether an event is known to have happened."""

    YES = "yes"
    NO = "no"
    INDETERMINATE = "indeterminate"


@immutable
class Spot:
    """One form of a field, with its compartment (None if unknown)."""

    compartment: int | None
    form: Form


@immutable
class Place:
    """Slots of a field in its packet, one for each form."""

    slots: Mapping[int, Spot]


@immutable
class Reader:
    """A person of a partner, as named by that partner's signed receipt.

    Attributes:
        pseudonym: 32 bytes, constant for one person under one agreement.
        role: The role in which they read.
    """

    pseudonym: bytes
    role: str


@immutable
class Sighting:
    """One partner's view of the field by one grant.

    Attributes:
        partner: Node URI; ``OTHERS`` for partners unknown to this node.
        granted: Whether the exchange accepted a release of it.
        form: The most revealing form released; ``withheld`` for none, None if unknown.
        delivered: Whether it is known to have reached the partner's node.
        opened: Whether the partner's node is known to have opened it.
        seen: Whether a person there is known to have seen it.
        article: The article of the release.
        purpose: The purpose of the release.
        policy_ids: The shared policies that allowed it, from the log.
        persons: Pseudonyms of the releasing person, or of drafter and approver.
        readers: Pseudonym and role of each person that saw the packet there, from receipts.
        entry: The log position of the acceptance, if known.
        proven: Whether the log contains that entry and agrees with the grant.
        grant: 32 bytes, the grant's statement id; empty if there is none.
        erased_by: Entries of orders by retention, one of which erased the acceptance's entry, if it
            is missing here.
    """

    partner: str
    granted: Answer
    form: Form | None = Form.WITHHELD
    delivered: Answer = Answer.NO
    opened: Answer = Answer.NO
    seen: Answer = Answer.NO
    article: str = ""
    purpose: str = ""
    policy_ids: tuple[str, ...] = ()
    persons: tuple[bytes, ...] = ()
    readers: tuple[Reader, ...] = ()
    entry: int | None = None
    proven: Outcome = Outcome.INDETERMINATE
    grant: bytes = b""
    erased_by: tuple[int, ...] = ()


@immutable
class Evidence:
    """All stored data about one grant.

    Attributes:
        partner: Node URI of the grant's recipient.
        article: The packet's article.
        stored: The stored grant.
        statuses: Its statuses by signed receipts.
        accepted: The opened event of its acceptance, or None.
        delivered: Whether the log records its delivery.
        in_log: Whether the log is proven to contain the acceptance.
        orders: Entries of orders by retention that may have erased the acceptance.
        readers: The persons named by receipts.
    """

    partner: str
    article: str
    stored: StoredGrant
    statuses: frozenset[Status]
    accepted: OpenedEvent | None
    delivered: bool
    in_log: Outcome
    orders: tuple[int, ...] = ()
    readers: tuple[Reader, ...] = ()


@immutable
class WhoSaw:
    """Result of the query.

    Attributes:
        resolved: Whether this node could resolve the field's slots.
        sightings: One for each grant that shows it, and one for each partner with other grants;
            ordered by partner.
    """

    resolved: bool
    sightings: tuple[Sighting, ...]


def who_saw(context: NodeContext, packet_id: bytes, field: str) -> WhoSaw:
    """Returns each partner's view of a field: its form and its policies.

    Args:
        context: The node.
        packet_id: 32 bytes.
        field: A path, the end of one, or ``slot:N``.

    Raises:
        NotFound: If the packet is not here.
        PacketError: If the stored packet no longer verifies.
    """
    (found,) = WhoSawQuery(context).answers(context.open_view(packet_id), [field])
    return found


class WhoSawQuery:
    """One query, about any number of fields: the log's state is read and verified once.

    Args:
        context: The node.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._checkpoint = context.follower.checkpoint()
        orders = context.stores.erasures.orders()
        self._orders = [each for each in orders if each.order.is_by_retention]

    def answers(self, shown: PacketView, fields: Iterable[str]) -> tuple[WhoSaw, ...]:
        """Returns each partner's view of fields of one packet, which is read once."""
        seen = sightings_of(self._context, shown.packet.id).grants
        evidence = [self._evidence(shown, stored, seen) for stored in shown.grants]
        # Recipients do not see each other's grants.
        others = () if shown.own else (_unknown(OTHERS),)
        return tuple(
            WhoSaw(resolved=place is not None, sightings=(*judge(place, evidence), *others))
            for place in (place_of(shown, field) for field in fields)
        )

    def _evidence(self, shown: PacketView, stored: StoredGrant, seen: frozenset[bytes]) -> Evidence:
        stores, grant_id = self._context.stores, stored.signed.statement.id
        events = {opened.event.code: opened for opened in stores.log.openings(grant_id)}
        accepted = events.get(EventCode.GRANT_ACCEPTED)
        receipts = stores.receipts.of(grant_id)
        statuses = {receipt.status for receipt in receipts}
        persons = [receipt.acted_by for receipt in receipts if receipt.acted_by is not None]
        if stored.status is not None:
            statuses.add(stored.status)
        if grant_id in seen:
            statuses.add(Status.SEEN)
        return Evidence(
            partner=stored.grant.address.recipient,
            article=shown.manifest.agreement.article,
            stored=stored,
            statuses=frozenset(statuses),
            accepted=accepted,
            delivered=EventCode.GRANT_DELIVERED in events,
            in_log=_in_log(accepted, stores.log, self._checkpoint),
            readers=tuple(Reader(pseudonym=each.pseudonym, role=each.role) for each in persons),
            orders=tuple(
                found.entry
                for found in self._orders
                if found.order.agreement_id == shown.manifest.agreement.id
                and found.order.latest_ms + MAX_LOG_TIME_SKEW_MS >= shown.packet.received_ms
            ),
        )


def place_of(shown: PacketView, field: str) -> Place | None:
    """Returns the slots of the field named ``field``; None if this node cannot resolve it."""
    # A slot released singly came without its compartment's opening.
    spots = {o.slot: Spot(compartment=None, form=o.field.form) for o in shown.view.fields}
    for opening in _openings(shown.packet):
        spot = Spot(compartment=opening.compartment, form=opening.form)
        spots.update(dict.fromkeys(opening.slots, spot))
    if field.startswith(_SLOT):
        try:
            slots = {parse_decimal(field.removeprefix(_SLOT), maximum=MAX_SLOTS)}
        except MalformedInput:
            return None
    else:
        named = [
            opened
            for opened in shown.view.fields
            if opened.field.path == field or opened.field.path.endswith(f"/{field}")
        ]
        if len({opened.field.path for opened in named}) != 1:
            return None
        slots = {opened.slot for opened in named}
    if not slots <= spots.keys():
        return None
    return Place(slots={slot: spots[slot] for slot in sorted(slots)})


def judge(place: Place | None, evidence: Iterable[Evidence]) -> Sequence[Sighting]:
    """Returns the sightings from the evidence. Pure: no store, no clock.

    Args:
        place: The field's slots, or None if unknown.
        evidence: Evidence of every grant of the packet.
    """
    by_partner: dict[str, list[Evidence]] = {}
    for item in evidence:
        by_partner.setdefault(item.partner, []).append(item)
    sightings = []
    for partner, items in sorted(by_partner.items()):
        if place is None:
            sightings.append(_unknown(partner))
            continue
        found = [seen for item in items if (seen := _sighting(place, item)) is not None]
        sightings += found or [Sighting(partner=partner, granted=Answer.NO)]
    return sightings


def _unknown(partner: str) -> Sighting:
    unknown = Answer.INDETERMINATE
    return Sighting(
        partner=partner, granted=unknown, form=None, delivered=unknown, opened=unknown, seen=unknown
    )


def _sighting(place: Place, item: Evidence) -> Sighting | None:
    """Returns a grant's view of the field; None if it does not show the field."""
    grant = item.stored.grant
    form = _released(place, grant)
    event = None if item.accepted is None else item.accepted.event
    decisions = [] if event is None else _decisions(place, event)
    logged = _logged(place, decisions)
    if form is Form.WITHHELD and not decisions:
        return None
    proven, persons = item.in_log, _persons(grant)
    if event is not None and (logged is not form or _named(event) != persons):
        proven = Outcome.FAILED  # the log states another release, or other persons
    granted = _granted(item)
    return Sighting(
        partner=item.partner,
        granted=granted,
        form=form if logged is None else max(form, logged),
        delivered=_known(granted, item.delivered or bool(_ARRIVED & item.statuses)),
        opened=_known(granted, bool({Status.OPENED, Status.SEEN} & item.statuses)),
        seen=_known(granted, Status.SEEN in item.statuses),
        article=item.article if event is None else event.article,
        purpose=grant.purpose,
        policy_ids=tuple(sorted({policy for d in decisions for policy in d.policies})),
        persons=persons,
        readers=item.readers,
        entry=None if item.accepted is None else item.accepted.opening.index,
        proven=proven,
        grant=item.stored.signed.statement.id,
        erased_by=item.orders if item.accepted is None and granted is Answer.YES else (),
    )


def _persons(grant: Grant) -> tuple[bytes, ...]:
    behind = (grant.acted_by, grant.seconded_by)
    return tuple(person.pseudonym for person in behind if person is not None)


def _named(event: Event) -> tuple[bytes, ...]:
    return tuple(filter(None, (event.pseudonym, event.seconded_by)))


def _granted(item: Evidence) -> Answer:
    if Status.REFUSED in item.statuses:
        return Answer.NO
    if item.accepted is not None or item.statuses:
        return Answer.YES
    return Answer.INDETERMINATE  # sealed here, without an answer by the exchange


def _known(granted: Answer, happened: bool) -> Answer:
    if happened:
        return Answer.YES
    return Answer.NO if granted is Answer.NO else Answer.INDETERMINATE


def _released(place: Place, grant: Grant) -> Form:
    """Returns the most revealing form of the field listed in the grant."""
    forms = [Form.WITHHELD]
    for slot, spot in place.slots.items():
        if spot.compartment in grant.compartments or slot in grant.fields:
            forms.append(spot.form)
        elif spot.compartment in grant.openings:
            forms.append(Form.EXISTS)
    return max(forms)


def _decisions(place: Place, event: Event) -> list[Decision]:
    """Returns the decisions of a logged grant about the field."""
    return [
        decision
        for decision in event.decisions
        for slot, spot in place.slots.items()
        if slot in decision.slots
        or (not decision.slots and decision.compartment == spot.compartment)
    ]


def _logged(place: Place, decisions: Iterable[Decision]) -> Form | None:
    """Returns the most revealing form of the decisions; None if one is malformed."""
    try:
        return max([Form.WITHHELD, *(parse_form(decision.form) for decision in decisions)])
    except MarkingMalformed:
        return None


def _in_log(
    accepted: OpenedEvent | None, log: LogStore, checkpoint: SignedCheckpoint | None
) -> Outcome:
    if accepted is None or checkpoint is None:
        return Outcome.INDETERMINATE
    size = checkpoint.checkpoint.size
    if accepted.opening.index >= size:
        return Outcome.INDETERMINATE
    try:
        path = log.path(accepted.opening.index, size)
        verify_opening_in_log(accepted.opening, path, checkpoint)
    except NodeIsLight:  # a light node verified the entry's proof when it stored the entry
        opening = accepted.opening
        is_same = log.entry(opening.index) == blind_entry(opening.salt, opening.event)
        return Outcome.VERIFIED if is_same else Outcome.FAILED
    except LogError:
        return Outcome.FAILED
    return Outcome.VERIFIED


def _openings(packet: StoredPacket) -> Iterable[Opening]:
    """Yields the packet's openings here: all of ours, or those a partner released."""
    yield from packet.parts.openings
    for release in packet.keys:
        yield from (item.opening for item in release.openings)
        yield from (item.opening for item in release.compartments)
