"""Pending releases that require a second person, as drafted and unsealed.

A draft holds contents, so it is encrypted, bound to its own row, until it is approved or rejected.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Self

from tearline.dataclass.immutable import immutable
from tearline.errors import NotFound, PendingFull, StoreDamaged
from tearline.limits import MAX_PENDING, MAX_PENDING_AGE_MS
from tearline.packets.packet import Marks, PacketKind, Urgency
from tearline.policy.marking import parse_marking
from tearline.statements.statement import ActedBy
from tearline.text.choices import the_one
from tearline.wire.packets import encode_field, parse_field
from tearline_client.planning.release_plan import Draft, ReleasePlan
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database
from tearline_client.store.vault import Column


@immutable
class Drafter:
    """The drafter of a release.

    Attributes:
        subject: The agency's own name of the person.
        acted_by: The person under the pseudonym for partners.
    """

    subject: str
    acted_by: ActedBy


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


@immutable
class Pending:
    """A pending release.

    Attributes:
        id: 16 bytes.
        time_ms: Time of the draft.
        drafter: The drafter.
        content: The release.
        digest: 32 bytes, of content and drafter as stored.
        lost: Number of values removed since, because a partner recalled their source.
    """

    id: bytes
    time_ms: int
    drafter: Drafter
    content: Content
    digest: bytes
    lost: int = 0

    @property
    def ends_ms(self) -> int:
        """Returns its expiry, Unix milliseconds."""
        return self.time_ms + MAX_PENDING_AGE_MS


_RELEASE = Column("pending", "sealed", ("id",))


class ApprovalStore:
    """Pending releases, by id.

    Args:
        database: The node's database.
        agreements: Our agreements; each draft is read under the newest version.
    """

    def __init__(self, database: Database, agreements: AgreementStore) -> None:
        self._db = database
        self._agreements = agreements

    def put(self, pending: bytes, content: Content, drafter: Drafter, *, now_ms: int) -> None:
        """Stores a release, in the caller's transaction.

        Raises:
            PendingFull: If the maximum number of releases waits.
        """
        if self.count() >= MAX_PENDING:
            raise PendingFull
        sealed = self._sealed(pending, content, drafter, lost=0)
        self._db.execute(
            "INSERT INTO pending (id, time_ms, sealed, about) VALUES (?, ?, ?, ?)",
            (pending, now_ms, sealed, _about(content)),
        )

    def replace(self, pending: Pending, content: Content, *, lost: int) -> None:
        """Stores the reduced contents of a pending release, in the caller's transaction."""
        sealed = self._sealed(pending.id, content, pending.drafter, lost=lost)
        self._db.execute("UPDATE pending SET sealed = ? WHERE id = ?", (sealed, pending.id))

    def _sealed(self, pending: bytes, content: Content, drafter: Drafter, *, lost: int) -> bytes:
        value = {
            **write_content(content),
            "subject": drafter.subject,
            "pseudonym": drafter.acted_by.pseudonym.hex(),
            "role": drafter.acted_by.role,
            "token_hash": drafter.acted_by.token_hash.hex(),
            "acted_ms": drafter.acted_by.time_ms,
            "lost": lost,
        }
        return self._db.vault.seal(_RELEASE.at(pending), json.dumps(value).encode())

    def all(self) -> tuple[Pending, ...]:
        """Returns all pending releases, oldest first."""
        rows = self._db.rows("SELECT id, time_ms, sealed FROM pending ORDER BY time_ms, id")
        return tuple(self._pending(*row) for row in rows)

    def count(self) -> int:
        """Returns the number of pending releases, without opening them."""
        return int(self._db.value("SELECT count(*) FROM pending"))

    def ends(self) -> dict[bytes, int]:
        """Returns the expiry of each pending release, by id, without opening them."""
        rows = self._db.rows("SELECT id, time_ms FROM pending")
        return {pending: time_ms + MAX_PENDING_AGE_MS for pending, time_ms in rows}

    def by_question(self) -> dict[bytes, tuple[bytes, ...]]:
        """Returns pending ids by the request or consent they answer, oldest first."""
        found: dict[bytes, tuple[bytes, ...]] = {}
        rows = self._db.rows(
            "SELECT about, id FROM pending WHERE about <> x'' ORDER BY time_ms, id"
        )
        for about, pending in rows:
            found[about] = (*found.get(about, ()), pending)
        return found

    def get(self, pending: bytes) -> Pending:
        """Returns one pending release.

        Raises:
            NotFound: If there is none of that id.
        """
        row = self._db.row("SELECT id, time_ms, sealed FROM pending WHERE id = ?", (pending,))
        if row is None:
            raise NotFound("no release of that id waits here")
        return self._pending(*row)

    def find(self, prefix: str) -> bytes:
        """Returns the pending id whose hexadecimal form begins with ``prefix``.

        Raises:
            NotFound: If there is none.
            NameAmbiguous: If there are several.
        """
        ids: list[bytes] = [pending for (pending,) in self._db.rows("SELECT id FROM pending")]
        found = [i for i in ids if i.hex().startswith(prefix.lower())] if prefix else []
        return the_one(prefix, "waiting release", found)

    def drop(self, pending: bytes) -> None:
        """Deletes an approved or rejected release, in the caller's transaction.

        Raises:
            NotFound: If it is no longer pending: another process was faster.
        """
        if not self._db.rows("DELETE FROM pending WHERE id = ? RETURNING id", (pending,)):
            raise NotFound("no release of that id waits here")

    def _pending(self, pending: bytes, time_ms: int, sealed: bytes) -> Pending:
        kept = self._db.vault.open(_RELEASE.at(pending), sealed)
        value = json.loads(kept)
        drafter = Drafter(
            subject=value["subject"],
            acted_by=ActedBy(
                pseudonym=bytes.fromhex(value["pseudonym"]),
                role=value["role"],
                token_hash=bytes.fromhex(value["token_hash"]),
                time_ms=value["acted_ms"],
            ),
        )
        return Pending(
            id=pending,
            time_ms=time_ms,
            drafter=drafter,
            content=read_content(value, self._agreements),
            digest=hashlib.sha256(kept).digest(),
            lost=value.get("lost", 0),
        )


def _about(content: Content) -> bytes:
    """Returns the answered request or consent, or an empty id."""
    match content:
        case PendingAnswer():
            return content.request
        case PendingConsent():
            return content.consent
        case PendingField() | tuple():
            return b""


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
                repeats=field.get("repeats", ""),  # missing in drafts of an earlier version
            )
        case {"answer": answer}:
            return PendingAnswer(
                request=bytes.fromhex(answer["request"]),
                items=tuple(answer["items"]),
                packet=_read_packet(answer["packet"], agreements),
                text=answer["text"],
                # missing in drafts of an earlier version
                supplement=answer.get("supplement", False),
            )
        case {"consent": consent}:
            return PendingConsent(
                consent=bytes.fromhex(consent["consent"]),
                packet=bytes.fromhex(consent["packet"]),
                fields=tuple(consent["fields"]),
                ends_ms=consent["ends_ms"],
                note=consent["note"],
                repeats=consent.get("repeats", ""),
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
        repeats=value.get("repeats", ""),  # missing in drafts of an earlier version
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
