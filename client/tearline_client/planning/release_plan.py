"""Release plan: the form of each field for each partner, before sealing.

The plan is computed from a draft and a policy, without I/O. The preview shows this plan, and
the same plan is sealed and granted.
"""

import hashlib
from collections.abc import Iterable, Mapping

from tearline.agreements.agreement import Agreement
from tearline.dataclass.immutable import immutable
from tearline.encoding import prefixed
from tearline.errors import NothingReleased
from tearline.identity import agency_uri_of
from tearline.packets.packet import Field, PacketKind, Urgency, WithholdReason
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form, deliverable
from tearline.policy.marking import Marking
from tearline.policy.release import Decision, ReleasePolicy
from tearline.sealing import SealedPacket
from tearline_client.planning.generalised_fields import Lessening, generalised_fields, lessening


@immutable
class Draft:
    """Packet before sealing: clear fields, agreement and description.

    Attributes:
        fields: Every field once, in clear.
        agreement: The agreement.
        article: Id of the article invoked.
        purpose: Permitted use by recipients, one of the article's purposes.
        kind: Kind of packet.
        not_after_ms: End of the packet, Unix milliseconds.
        case_id: Its case, or empty.
        urgency: Urgency of the answer.
        evaluation: 4x4 evaluation of source and content.
        derived_from: Manifest ids of the packets it was made from.
        supersedes: Manifest id of the corrected packet, or empty.
        repeats: Reason why its texts may repeat values that a recipient may not have in clear;
            empty if no person confirmed one.

    Example:
        >>> draft = node.packets.draft(group, about, agreement="narcotics-2026")
        >>> for field in draft.fields:
        ...     print(field.path.partition("/")[2], field.marking.category)
        Person/id local-id
        Person/name identity.subject
    """

    fields: tuple[Field, ...]
    agreement: Agreement
    article: str
    purpose: str
    kind: PacketKind
    not_after_ms: int
    case_id: str = ""
    urgency: Urgency = Urgency.ROUTINE
    evaluation: str = "X4"
    derived_from: tuple[bytes, ...] = ()
    supersedes: bytes = b""
    repeats: str = ""


@immutable
class Cell:
    """View of one field by one partner.

    Attributes:
        path: Path of the field.
        category: Its category.
        recipient: The partner's node URI.
        form: The form granted to the partner.
        values: The visible values; empty below ``match``.
        media_type: ``text/plain``, or the type of a document.
        policy_ids: Shared policies that decided the form.
        own_policy_ids: The agency's own policies that decided it; never sent.
        reason: Reason why no higher form is granted.
        lessened: Reason why the field is only told to exist, though it may be generalised.

    Example:
        >>> draft = node.packets.draft(group, about, agreement="narcotics-2026")
        >>> cell = node.packets.plan(draft, ["mx-prosecutor"]).cells()[-1]
        >>> cell.category, cell.form.text, cell.values
        ('identity.subject', 'clear', (b'Qiu Wenhao',))
    """

    path: str
    category: str
    recipient: str
    form: Form
    values: tuple[bytes, ...]
    media_type: str
    policy_ids: tuple[str, ...]
    own_policy_ids: tuple[str, ...]
    reason: str
    lessened: Lessening = Lessening.NONE

    def seen(self) -> str:
        """Returns the form and a digest of the visible values; equal only for equal views."""
        values = hashlib.sha256(b"".join(prefixed(value) for value in self.values))
        return f"{self.form.text} {values.hexdigest()}"


@immutable
class Selection:
    """Grant of a sealed packet to one recipient, by compartment index.

    Attributes:
        existences: Compartments shown as existing, each with the reason for withholding it.
        compartments: Compartments released completely.
    """

    existences: Mapping[int, WithholdReason]
    compartments: tuple[int, ...]


@immutable
class ReleasePlan:
    """Fields to seal, and the decisions for each recipient.

    Attributes:
        draft: The planned draft.
        recipients: Node URIs, in the given order.
        fields: Every field in every sealed form. The clear form is always sealed, for later
            disclosure; the generalised form if a recipient needs it.
        decisions: Decisions by recipient and marking.

    Example:
        >>> draft = node.packets.draft(group, about, agreement="narcotics-2026")
        >>> plan = node.packets.plan(draft, ["cn-public-security", "mx-prosecutor"])
        >>> len(plan.cells()) == len(draft.fields) * len(plan.recipients)
        True
    """

    draft: Draft
    recipients: tuple[str, ...]
    fields: tuple[Field, ...]
    decisions: Mapping[tuple[str, Marking], Decision]

    def cells(self) -> tuple[Cell, ...]:
        """Returns one cell per field and partner, in the order of the draft's fields."""
        coarse = {f.path: f for f in self.fields if f.form is Form.GENERALISED}
        return tuple(
            self._cell(field, recipient, coarse.get(field.path))
            for field in self.draft.fields
            for recipient in self.recipients
        )

    def _cell(self, field: Field, recipient: str, coarse: Field | None) -> Cell:
        decision = self.decisions[recipient, field.marking]
        form = deliverable(decision.form, can_generalise=coarse is not None)
        is_lessened = coarse is None and decision.form is Form.GENERALISED
        shown = {Form.CLEAR: field, Form.GENERALISED: coarse}.get(form)
        return Cell(
            path=field.path,
            category=field.marking.category,
            recipient=recipient,
            form=form,
            values=() if shown is None else shown.values,
            media_type=field.media_type,
            policy_ids=decision.shared_policy_ids,
            own_policy_ids=decision.own_policy_ids,
            reason=decision.reason,
            lessened=lessening(field) if is_lessened else Lessening.NONE,
        )

    def verify_released(self) -> None:
        """Checks before sealing that every recipient receives at least one field.

        Raises:
            NothingReleased: If every field is withheld from a recipient.
        """
        for recipient in self.recipients:
            forms = (self.decisions[recipient, f.marking].form for f in self.draft.fields)
            if all(form is Form.WITHHELD for form in forms):
                raise NothingReleased(recipient)

    def selection(self, recipient: str, sealed: SealedPacket) -> Selection:
        """Returns the grant of the packet sealed from this plan to ``recipient``.

        Raises:
            NothingReleased: If every field is withheld from it.
        """
        coarse = {f.path for f in self.fields if f.form is Form.GENERALISED}
        # Markings of fields without a generalised form: the recipient learns that they exist.
        uncoarse = {f.marking for f in self.draft.fields if f.path not in coarse}
        existences: dict[int, WithholdReason] = {}
        compartments: list[int] = []
        for c, opening in sealed.openings.items():
            decision = self.decisions[recipient, opening.marking]
            if opening.form <= decision.form:
                compartments.append(c)
            elif (
                opening.form is Form.CLEAR
                and decision.form >= Form.EXISTS
                and (decision.form < Form.GENERALISED or opening.marking in uncoarse)
            ):
                existences[c] = WithholdReason(decision.reason or "unspecified")
        if not compartments and not existences:
            raise NothingReleased(recipient)
        return Selection(existences=existences, compartments=tuple(sorted(compartments)))


def plan_release(
    draft: Draft, recipients: Iterable[str], policy: ReleasePolicy, *, sender: str
) -> ReleasePlan:
    """Returns the release plan of a draft for its recipients.

    Args:
        draft: The draft.
        recipients: Node URIs.
        policy: Shared and own policies, under the draft's agreement.
        sender: Node URI of the originator.
    """
    recipients = tuple(recipients)
    markings = {field.marking for field in draft.fields}
    decisions = {
        (recipient, marking): policy.decide(
            ReleaseRequest(
                article=draft.article,
                sender=agency_uri_of(sender),
                recipient=agency_uri_of(recipient),
                purpose=draft.purpose,
                kind=draft.kind.value,
                marking=marking,
            )
        )
        for recipient in recipients
        for marking in markings
    }
    wanted = {
        marking for (_, marking), decision in decisions.items() if decision.form is Form.GENERALISED
    }
    coarse = (field for field in draft.fields if field.marking in wanted)
    return ReleasePlan(
        draft=draft,
        recipients=recipients,
        fields=(*draft.fields, *generalised_fields(draft.fields, coarse)),
        decisions=decisions,
    )
