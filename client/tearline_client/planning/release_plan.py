"""The release plan: which partner gets which field in which form, before anything is sealed.

Pure: a draft and a policy in, a plan out. The plan makes the preview that a person reads,
and the very same plan is what is sealed and granted.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tearline.agreements.agreement import Agreement
from tearline.encoding import prefixed
from tearline.errors import NothingReleased
from tearline.identity import agency_uri_of
from tearline.packets.packet import TEXT, Field, PacketKind, Urgency, WithholdReason
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.policy.masks import generalise
from tearline.policy.release import Decision, ReleasePolicy
from tearline.sealing import SealedPacket
from tearline_client.planning.entities import TOKEN_PREFIX

_REFERENCE = TOKEN_PREFIX.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A packet before it is sealed: clear fields, and what it is sent under.

    Attributes:
        fields: Every field once, in clear.
        agreement: The agreement.
        article: Id of the article invoked.
        purpose: What recipients may use it for, one of the article's.
        kind: What it is about.
        not_after_ms: When the packet ends.
        case_id: The case it belongs to, or empty.
        urgency: How soon an answer is owed.
        evaluation: 4x4.
        derived_from: Manifest ids of the packets it was made from.
        supersedes: Manifest id of the packet it corrects, or empty.
        repeats: Why its texts may repeat values that a recipient may not have in clear; empty
            where no person confirmed that.

    Example:
        >>> draft = node.draft(group, about, agreement="narcotics-2026")
        >>> for field in draft.fields:
        ...     print(field.path.partition("/")[2], field.marking.category)
        Person/id reference
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one partner will see of one field.

    Attributes:
        path: The field.
        category: Its category.
        recipient: The partner's node URI.
        form: The form in which it will be seen.
        values: What will be seen; empty below ``match``.
        media_type: ``text/plain``, or that of a document.
        policy_ids: The shared policies that decided it.
        own_policy_ids: The agency's own, for its own eyes.
        reason: Why no more.

    Example:
        >>> draft = node.draft(group, about, agreement="narcotics-2026")
        >>> cell = node.plan(draft, ["mx-prosecutor"]).cells()[-1]
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

    def seen(self) -> str:
        """What tells apart two things that a partner may see of a field, without showing them."""
        values = hashlib.sha256(b"".join(prefixed(value) for value in self.values))
        return f"{self.form.text} {values.hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What one recipient is granted of a sealed packet, by compartment index.

    Attributes:
        existences: Compartments told of, each with the reason for keeping them back.
        compartments: Compartments released whole.
    """

    existences: Mapping[int, WithholdReason]
    compartments: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """What is sealed, and what each recipient is granted.

    Attributes:
        draft: What was planned.
        recipients: Node URIs, in the order asked for.
        fields: Every field in every form that is sealed: clear always, since more may be
            disclosed later, and generalised where some recipient gets no more.
        decisions: By recipient and marking.

    Example:
        >>> draft = node.draft(group, about, agreement="narcotics-2026")
        >>> plan = node.plan(draft, ["cn-public-security", "mx-prosecutor"])
        >>> len(plan.cells()) == len(draft.fields) * len(plan.recipients)
        True
    """

    draft: Draft
    recipients: tuple[str, ...]
    fields: tuple[Field, ...]
    decisions: Mapping[tuple[str, Marking], Decision]

    def cells(self) -> tuple[Cell, ...]:
        """Field × partner, in order of the draft's fields."""
        coarse = {f.path: f for f in self.fields if f.form is Form.GENERALISED}
        return tuple(
            self._cell(field, recipient, coarse.get(field.path))
            for field in self.draft.fields
            for recipient in self.recipients
        )

    def _cell(self, field: Field, recipient: str, coarse: Field | None) -> Cell:
        decision = self.decisions[recipient, field.marking]
        form = _form_of(decision.form, has_coarse=coarse is not None)
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
        )

    def verify_released(self) -> None:
        """Checks that every recipient gets something, before a packet is sealed.

        Raises:
            NothingReleased: If one gets nothing.
        """
        for recipient in self.recipients:
            forms = (self.decisions[recipient, f.marking].form for f in self.draft.fields)
            if all(form is Form.WITHHELD for form in forms):
                raise NothingReleased(recipient)

    def selection(self, recipient: str, sealed: SealedPacket) -> Selection:
        """What ``recipient`` is granted of the packet that was sealed from this plan.

        Raises:
            NothingReleased: If nothing may be released to it.
        """
        coarse = {f.path for f in self.fields if f.form is Form.GENERALISED}
        # Markings under which some field has no generalised form: it is only told of.
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
    """Decides what every recipient gets.

    Args:
        draft: What is to be sent.
        recipients: Node URIs.
        policy: Both layers, under the draft's agreement.
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
    coarse = (_generalised(field) for field in draft.fields if field.marking in wanted)
    return ReleasePlan(
        draft=draft,
        recipients=recipients,
        fields=(*draft.fields, *(field for field in coarse if field is not None)),
        decisions=decisions,
    )


def _form_of(allowed: Form, *, has_coarse: bool) -> Form:
    """The form seen where ``allowed`` is the highest one.

    Until matching is configured a field allowed up to ``match`` is only told to exist; so is
    one allowed up to ``generalised`` whose category has no mask, or whose value none fits.
    """
    if allowed is Form.GENERALISED and has_coarse:
        return allowed
    return Form.EXISTS if Form.EXISTS < allowed < Form.CLEAR else allowed


def _generalised(field: Field) -> Field | None:
    if field.media_type != TEXT or any(v.startswith(_REFERENCE) for v in field.values):
        return None  # a reference to another entity has no coarser form
    coarse = generalise(field.path, field.texts)
    if coarse is None:
        return None
    return replace(
        field,
        form=Form.GENERALISED,
        mask=coarse.mask,
        values=tuple(value.encode() for value in coarse.values),
    )
