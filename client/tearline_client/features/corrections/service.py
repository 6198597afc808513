"""Corrections: a packet of ours replaces another for all its recipients."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from tearline.agreements.agreement import Agreement
from tearline.audit.event import EventCode
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    AgreementNotInForce,
    AgreementSuspended,
    NotFound,
    NothingReleased,
    PartyDeparted,
    StandingStale,
)
from tearline.packets.correction import superseded
from tearline.packets.grant import Grant
from tearline.packets.packet import TEXT, Field
from tearline.packets.recall import recalled_slots
from tearline.policy.form import Form
from tearline.sealing import granted_slots
from tearline_client.access_log.access_log import AccessLog
from tearline_client.context import NodeContext
from tearline_client.features.packets.service import PacketService
from tearline_client.messages.packet_view import PacketView
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.rules.suspensions import SuspensionRules
from tearline_client.store.packet_records import StoredGrant


@immutable
class PartnerForm:
    """A partner's view of one field.

    Attributes:
        category: Its category.
        form: The form; ``exists`` has no values.
        values: The visible values.
        media_type: ``text/plain``, or a document's type.
    """

    category: str
    form: Form
    values: tuple[bytes, ...] = ()
    media_type: str = TEXT


@immutable
class Change:
    """Change of one partner's view of one field.

    Attributes:
        path: The field.
        recipient: The partner's node URI.
        before: The view so far; None if it was withheld.
        after: The view by the correction; None if it is withheld.
    """

    path: str
    recipient: str
    before: PartnerForm | None
    after: PartnerForm | None


@immutable
class CorrectionPlan:
    """A correction before it is sealed and sent.

    Attributes:
        corrected: 32 bytes, the replaced packet.
        release: The packet to seal, and the grants of each partner.
        changes: Every changed field of a partner, ordered by path and partner.
        passed_over: Reasons, by partner that had the packet and does not get its correction.
        left_behind: Node URIs of those that still have the packet.
    """

    corrected: bytes
    release: ReleasePlan
    changes: tuple[Change, ...]
    passed_over: Mapping[str, str]
    left_behind: tuple[str, ...]


@immutable
class Outdated:
    """A packet of ours at a partner that did not get its correction.

    Attributes:
        packet: 32 bytes.
        correction: 32 bytes, its newest replacement.
        recipient: The partner's node URI.
    """

    packet: bytes
    correction: bytes
    recipient: str


class CorrectionService:
    """Service for corrections, as ``node.corrections``; a plan is sent like any other.

    Args:
        context: The node.
        releasing: Decides releases.
        access: The node's own access log.
    """

    def __init__(self, context: NodeContext, releasing: PacketService, access: AccessLog) -> None:
        self._context = context
        self._access = access
        self._packets = releasing
        self._obeying = SuspensionRules(context)

    def superseded(self) -> dict[bytes, bytes]:
        """Returns the newest replacement of each replaced packet, ours and partners'."""
        return superseded(self._context.stores.corrections.all())

    def newest(self, packet_id: bytes) -> bytes:
        """Returns a packet's newest replacement; the packet itself if there is none."""
        line = self._context.stores.corrections.line(packet_id)
        return superseded(line).get(packet_id, packet_id)

    def corrected_by(self, packets: Iterable[bytes]) -> dict[bytes, bytes]:
        """Returns the newest replacement of each replaced packet among some."""
        newest = {packet: self.newest(packet) for packet in packets}
        return {packet: last for packet, last in newest.items() if packet != last}

    def outdated(self, agreement: Agreement) -> tuple[Outdated, ...]:
        """Returns the partners with an outdated packet of ours that may be corrected now.

        An example is a partner that a suspension excluded from the correction.

        Args:
            agreement: The newest version; packets under earlier ones count, too.
        """
        packets, found = self._context.stores.packets, []
        for packet, correction in sorted(self.superseded().items()):
            manifest = packets.manifest(packet)
            if manifest.header.signer != self._context.uri or manifest.agreement.id != agreement.id:
                continue
            had, have = self._holders(packet), self._holders(correction)
            found += [
                Outdated(packet=packet, correction=correction, recipient=recipient)
                for recipient in sorted(had - have)
                if not self._why_stopped(agreement, manifest.agreement.article, recipient)
            ]
        return tuple(found)

    def _holders(self, packet: bytes) -> set[str]:
        """Returns the node URIs that, as far as known, hold a packet of ours."""
        grants = self._context.stores.packets.grants(packet)
        return {grant.address.recipient for grant in _live_grants(self._context, packet, grants)}

    def corrected(self, packet_id: bytes, *, person: str = "") -> PacketView:
        """Returns a packet of ours that is to be corrected; an entry of the own access log.

        Args:
            packet_id: 32 bytes.
            person: The reader, by the agency's own name; by default the logged-in person.

        Raises:
            NotFound: If it is not here, or not ours.
            StoreError: If the entry cannot be written: then nothing is shown.
        """
        self._access.verify_reader(person)
        shown = self._context.open_view(packet_id)
        if not shown.own:
            raise NotFound("the packet is not ours to correct")
        self._access.record(EventCode.ACCESS_OPEN, {packet_id: shown.view.fields}, person=person)
        return shown

    def plan(self, shown: PacketView, draft: Draft) -> CorrectionPlan:
        """Returns a packet's correction, with the changes for each partner that has it.

        A field is marked at least as strictly as before, and so is its value at another path.

        Args:
            shown: The packet; see ``corrected``.
            draft: The new content.

        Raises:
            CorrectionRefused: If it is of another agreement, article, case or kind.
            CorrectedAlready: If the packet was corrected before.
            PacketRecalled: If it was recalled from all recipients.
            NothingReleased: If no partner may get it.
            TearlineError: As ``PacketService.plan``.
        """
        draft = replace(draft, supersedes=shown.packet.id)
        candidates, passed_over = [], {}
        holders = self._holders(shown.packet.id)
        for recipient in sorted({g.grant.address.recipient for g in shown.grants}):
            why = (
                self._why_stopped(draft.agreement, draft.article, recipient)
                if recipient in holders
                else "it no longer holds the packet"
            )
            if why:
                passed_over[recipient] = why
            else:
                candidates.append(recipient)
        release = self._packets.plan(draft, candidates)
        seeing = {cell.recipient for cell in release.cells() if cell.form > Form.WITHHELD}
        for recipient in {*candidates} - seeing:
            passed_over[recipient] = "no field may be released to it now"
        if not seeing:
            raise NothingReleased("; ".join(sorted(set(passed_over.values()))))
        release = self._packets.plan(draft, [each for each in candidates if each in seeing])
        return CorrectionPlan(
            corrected=shown.packet.id,
            release=release,
            changes=tuple(_changes(shown, release)),
            passed_over=passed_over,
            left_behind=tuple(sorted(holders & passed_over.keys())),
        )

    def _why_stopped(self, agreement: Agreement, article: str, recipient: str) -> str:
        """Returns why an article's packets may not go to a partner now, or an empty string."""
        try:
            self._packets.verify_way(agreement.article(article), recipient)
            self._obeying.verify_may_send(agreement, article, recipient)
        except (AgreementNotInForce, AgreementSuspended, PartyDeparted, StandingStale) as error:
            return error.what.rstrip(".").lower()
        return ""


def _live_grants(
    context: NodeContext, packet: bytes, grants: Iterable[StoredGrant]
) -> Iterator[Grant]:
    """Yields the grants of a packet of ours that, as far as known, partners still have."""
    recalls = [each for each in context.stores.recalls.of(packet) if not each.incoming]
    for stored in grants:
        if not stored.stands:
            continue
        recipient = stored.grant.address.recipient
        orders = [recall.order for recall in recalls if recall.partner == recipient]
        if recalled_slots(orders, stored.signed.statement.id) is not None:
            yield stored.grant


def _changes(shown: PacketView, release: ReleasePlan) -> Iterator[Change]:
    before = {recipient: seen_by(shown, recipient) for recipient in release.recipients}
    after: dict[str, dict[str, PartnerForm]] = {recipient: {} for recipient in release.recipients}
    for cell in release.cells():
        if cell.form > Form.WITHHELD:
            after[cell.recipient][cell.path] = PartnerForm(
                category=cell.category,
                form=cell.form,
                values=cell.values,
                media_type=cell.media_type,
            )
    for path in sorted({path for seen in (*before.values(), *after.values()) for path in seen}):
        for recipient in release.recipients:
            was, will = before[recipient].get(path), after[recipient].get(path)
            if was != will:
                yield Change(path=path, recipient=recipient, before=was, after=will)


def seen_by(shown: PacketView, recipient: str) -> dict[str, PartnerForm]:
    """Returns a partner's most revealing form of each field of a packet of ours, by path.

    Grants that were refused, withdrawn or erased give no form.
    """
    openings = {opening.compartment: opening for opening in shown.packet.parts.openings}
    fields: dict[int, Field] = {opened.slot: opened.field for opened in shown.view.fields}
    found: dict[str, PartnerForm] = {}
    grants = [g.grant for g in shown.grants if g.stands and g.grant.address.recipient == recipient]
    for grant in grants:
        for c in grant.openings:
            for field in (fields[slot] for slot in openings[c].slots if slot in fields):
                told = PartnerForm(category=field.marking.category, form=Form.EXISTS)
                found.setdefault(field.path, told)
    for grant in grants:
        for slot in granted_slots(shown.manifest, grant, openings):
            field = fields[slot]
            if field.path not in found or found[field.path].form < field.form:
                found[field.path] = PartnerForm(
                    category=field.marking.category,
                    form=field.form,
                    values=field.values,
                    media_type=field.media_type,
                )
    return found
