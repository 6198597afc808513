"""Contents of pending releases and decisions, and their form in the database."""

import base64
from collections.abc import Mapping
from typing import Any, Self

from tearline.dataclass.immutable import immutable
from tearline.errors import StoreDamaged
from tearline.packets.packet import Marks, PacketKind, Urgency
from tearline.policy.marking import parse_marking
from tearline.wire.packets import encode_field, parse_field
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.store.agreements import AgreementStore


@immutable
class PendingPacket:
    """A pending packet.

    Attributes:
        draft: The draft, under the newest version of its agreement.
        recipients: Node URIs.
        seen: Each partner's view of each field at the time of the draft: form and value digest, by
            recipient and path.
    """

    draft: Draft
    recipients: tuple[str, ...]
    seen: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, plan: ReleasePlan) -> Self:
        """Returns a plan as a pending packet."""
        seen = {(cell.recipient, cell.path): cell.seen() for cell in plan.cells()}
        return cls(draft=plan.draft, recipients=plan.recipients, seen=seen)


@immutable
class PendingField:
    """A pending disclosure of one more field.

    Attributes:
        packet: 32 bytes, the manifest's statement id.
        path: The field.
        recipient: The partner's node URI.
        repeats: The reason to repeat values kept from the partner, or empty.
    """

    packet: bytes
    path: str
    recipient: str
    repeats: str = ""


@immutable
class PendingAnswer:
    """A pending answer to a request.

    Attributes:
        request: 32 bytes, the id of the request.
        items: Numbers of the decided items, at least one.
        packet: The answering packet.
        text: A message for the asker.
        supplement: Whether it overturns earlier decisions.
    """

    request: bytes
    items: tuple[int, ...]
    packet: PendingPacket
    text: str = ""
    supplement: bool = False


@immutable
class PendingConsent:
    """A pending consent.

    Attributes:
        consent: 16 bytes.
        packet: 32 bytes, its packet.
        fields: Paths, ascending, at least one.
        ends_ms: End of the consent, Unix milliseconds.
        note: A note for the asker.
        repeats: The reason to repeat values kept from a third party, or empty.
    """

    consent: bytes
    packet: bytes
    fields: tuple[str, ...]
    ends_ms: int
    note: str = ""
    repeats: str = ""


Content = tuple[PendingPacket, ...] | PendingField | PendingAnswer | PendingConsent
"""Packets under one signature, one more field of a sent packet, an answer, or a consent."""


def packets_of(content: object) -> tuple[PendingPacket, ...]:
    """Returns the packets of a release; none of a single field, a consent, or another act."""
    match content:
        case tuple() as packets:
            return packets
        case PendingAnswer(packet=packet):
            return (packet,)
        case _:  # a field, a consent, or an act of another service has none
            return ()


def read_content(value: Mapping[str, Any], agreements: AgreementStore) -> Content:
    """Reads the output of ``write_content``; each draft under the newest version.

    Raises:
        StoreDamaged: If it has no content.
    """
    match value:
        case {"packets": packets}:
            return tuple(_read_packet(packet, agreements) for packet in packets)
        case {"field": field}:
            return PendingField(
                packet=bytes.fromhex(field["packet"]),
                path=field["path"],
                recipient=field["recipient"],
                repeats=field["repeats"],
            )
        case {"answer": answer}:
            return PendingAnswer(
                request=bytes.fromhex(answer["request"]),
                items=tuple(answer["items"]),
                packet=_read_packet(answer["packet"], agreements),
                text=answer["text"],
                supplement=answer["supplement"],
            )
        case {"consent": consent}:
            return PendingConsent(
                consent=bytes.fromhex(consent["consent"]),
                packet=bytes.fromhex(consent["packet"]),
                fields=tuple(consent["fields"]),
                ends_ms=consent["ends_ms"],
                note=consent["note"],
                repeats=consent["repeats"],
            )
        case _:
            raise StoreDamaged("a pending release has no content")


def _read_packet(value: Mapping[str, Any], agreements: AgreementStore) -> PendingPacket:
    agreement = agreements.newest(bytes.fromhex(value["agreement"]))
    draft = Draft(
        fields=tuple(
            parse_field(base64.b64decode(field), Marks(parse_marking(marking)))
            for field, marking in value["fields"]
        ),
        agreement=agreement,
        article=value["article"],
        purpose=value["purpose"],
        kind=PacketKind(value["kind"]),
        not_after_ms=min(value["not_after_ms"], agreement.valid_until_ms),
        case_id=value["case_id"],
        urgency=Urgency(value["urgency"]),
        evaluation=value["evaluation"],
        derived_from=tuple(bytes.fromhex(each) for each in value["derived_from"]),
        supersedes=bytes.fromhex(value["supersedes"]),
        repeats=value["repeats"],
    )
    return PendingPacket(
        draft=draft,
        recipients=tuple(value["recipients"]),
        seen={(recipient, path): seen for recipient, path, seen in value["seen"]},
    )


def write_content(content: Content) -> dict[str, Any]:
    """Returns a release as JSON values."""
    match content:
        case PendingField():
            return {
                "field": {
                    "packet": content.packet.hex(),
                    "path": content.path,
                    "recipient": content.recipient,
                    "repeats": content.repeats,
                }
            }
        case PendingAnswer():
            return {
                "answer": {
                    "request": content.request.hex(),
                    "items": content.items,
                    "packet": _write_packet(content.packet),
                    "text": content.text,
                    "supplement": content.supplement,
                }
            }
        case PendingConsent():
            return {
                "consent": {
                    "consent": content.consent.hex(),
                    "packet": content.packet.hex(),
                    "fields": content.fields,
                    "ends_ms": content.ends_ms,
                    "note": content.note,
                    "repeats": content.repeats,
                }
            }
        case tuple() as packets:
            return {"packets": [_write_packet(packet) for packet in packets]}


def _write_packet(packet: PendingPacket) -> dict[str, Any]:
    draft = packet.draft
    return {
        "fields": [
            (base64.b64encode(encode_field(field)).decode(), field.marking.encode())
            for field in draft.fields
        ],
        "agreement": draft.agreement.id.hex(),
        "article": draft.article,
        "purpose": draft.purpose,
        "kind": draft.kind.value,
        "not_after_ms": draft.not_after_ms,
        "case_id": draft.case_id,
        "urgency": draft.urgency.value,
        "evaluation": draft.evaluation,
        "derived_from": [each.hex() for each in draft.derived_from],
        "supersedes": draft.supersedes.hex(),
        "repeats": draft.repeats,
        "recipients": packet.recipients,
        "seen": [[*place, seen] for place, seen in packet.seen.items()],
    }
