"""Releases that wait for a second person, as they were drafted; nothing of them is sealed yet.

What was drafted holds contents, so it is kept like contents: encrypted, each under its own
place, until somebody approves or rejects it.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from tearline.errors import NotFound, PendingFull, StoreDamaged
from tearline.limits import MAX_PENDING
from tearline.packet import PacketKind, Urgency
from tearline.statement import ActedBy
from tearline.wire.packets import encode_field, parse_field
from tearline_client.plan import Draft, ReleasePlan
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafter:
    """Who drafted a release.

    Attributes:
        subject: By the agency's own name.
        acted_by: As partners may know them.
    """

    subject: str
    acted_by: ActedBy


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPacket:
    """A packet that waits.

    Attributes:
        draft: What was drafted, under the newest version of its agreement.
        recipients: Node URIs.
        seen: What each partner would have seen of each field when it was drafted: by recipient
            and path, the form and what tells values apart.
    """

    draft: Draft
    recipients: tuple[str, ...]
    seen: dict[tuple[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingField:
    """One more field that waits to be disclosed.

    Attributes:
        packet: 32 bytes, the manifest's statement id.
        path: The field.
        recipient: The partner's node URI.
    """

    packet: bytes
    path: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A release that waits.

    Attributes:
        id: 16 bytes.
        time_ms: When it was drafted.
        drafter: Who drafted it.
        content: Packets under one signature, or one more field of a packet that was sent.
    """

    id: bytes
    time_ms: int
    drafter: Drafter
    content: tuple[PendingPacket, ...] | PendingField


class PendingStore:
    """What waits, by id.

    Args:
        database: The node's database.
        agreements: Ours, by whose newest version each draft is read.
    """

    def __init__(self, database: Database, agreements: AgreementStore) -> None:
        self._db = database
        self._agreements = agreements

    def put_packets(
        self, pending: bytes, plans: tuple[ReleasePlan, ...], drafter: Drafter, *, now_ms: int
    ) -> None:
        """Keeps plans; in the caller's transaction.

        Raises:
            PendingFull: If as many wait as are kept.
        """
        self._put(pending, {"packets": [_write_plan(plan) for plan in plans]}, drafter, now_ms)

    def put_field(
        self, pending: bytes, field: PendingField, drafter: Drafter, *, now_ms: int
    ) -> None:
        """Keeps a disclosure; in the caller's transaction.

        Raises:
            PendingFull: If as many wait as are kept.
        """
        content = {
            "packet": field.packet.hex(),
            "path": field.path,
            "recipient": field.recipient,
        }
        self._put(pending, {"field": content}, drafter, now_ms)

    def _put(self, pending: bytes, content: dict[str, Any], drafter: Drafter, now_ms: int) -> None:
        if self._db.value("SELECT count(*) FROM pending") >= MAX_PENDING:
            raise PendingFull
        value = {
            **content,
            "subject": drafter.subject,
            "pseudonym": drafter.acted_by.pseudonym.hex(),
            "role": drafter.acted_by.role,
            "token_hash": drafter.acted_by.token_hash.hex(),
            "acted_ms": drafter.acted_by.time_ms,
        }
        sealed = self._db.vault.seal(_place(pending), json.dumps(value).encode())
        self._db.execute("INSERT INTO pending VALUES (?, ?, ?)", (pending, now_ms, sealed))

    def all(self) -> tuple[Pending, ...]:
        """Everything that waits, oldest first."""
        rows = self._db.rows("SELECT id, time_ms, sealed FROM pending ORDER BY time_ms, id")
        return tuple(self._pending(*row) for row in rows)

    def get(self, pending: bytes) -> Pending:
        """One release that waits.

        Raises:
            NotFound: If none of that id does.
        """
        row = self._db.row("SELECT id, time_ms, sealed FROM pending WHERE id = ?", (pending,))
        if row is None:
            raise NotFound("no release of that id waits here")
        return self._pending(*row)

    def find(self, prefix: str) -> bytes:
        """The id, in hexadecimal, that begins with ``prefix``.

        Raises:
            NotFound: If there is none, or more than one.
        """
        ids: list[bytes] = [pending for (pending,) in self._db.rows("SELECT id FROM pending")]
        found = [i for i in ids if i.hex().startswith(prefix.lower())] if prefix else []
        if len(found) != 1:
            raise NotFound("no release that waits here, or more than one, has an id that begins so")
        return found[0]

    def drop(self, pending: bytes) -> None:
        """Forgets a release: it was approved or rejected; in the caller's transaction.

        Raises:
            NotFound: If it does not wait any more: somebody else was faster.
        """
        if not self._db.rows("DELETE FROM pending WHERE id = ? RETURNING id", (pending,)):
            raise NotFound("no release of that id waits here")

    def _pending(self, pending: bytes, time_ms: int, sealed: bytes) -> Pending:
        value = json.loads(self._db.vault.open(_place(pending), sealed))
        drafter = Drafter(
            subject=value["subject"],
            acted_by=ActedBy(
                pseudonym=bytes.fromhex(value["pseudonym"]),
                role=value["role"],
                token_hash=bytes.fromhex(value["token_hash"]),
                time_ms=value["acted_ms"],
            ),
        )
        content: tuple[PendingPacket, ...] | PendingField
        if "field" in value:
            field = value["field"]
            content = PendingField(
                packet=bytes.fromhex(field["packet"]),
                path=field["path"],
                recipient=field["recipient"],
            )
        elif "packets" in value:
            content = tuple(self._read_plan(plan) for plan in value["packets"])
        else:
            raise StoreDamaged("a release that waits holds nothing")
        return Pending(id=pending, time_ms=time_ms, drafter=drafter, content=content)

    def _read_plan(self, value: dict[str, Any]) -> PendingPacket:
        agreement = self._agreements.newest(bytes.fromhex(value["agreement"]))
        draft = Draft(
            fields=tuple(parse_field(base64.b64decode(field)) for field in value["fields"]),
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
        )
        return PendingPacket(
            draft=draft,
            recipients=tuple(value["recipients"]),
            seen={(recipient, path): seen for recipient, path, seen in value["seen"]},
        )


def _write_plan(plan: ReleasePlan) -> dict[str, Any]:
    draft = plan.draft
    return {
        "fields": [base64.b64encode(encode_field(field)).decode() for field in draft.fields],
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
        "recipients": list(plan.recipients),
        "seen": [[cell.recipient, cell.path, cell.seen()] for cell in plan.cells()],
    }


def _place(pending: bytes) -> str:
    return f"pending.{pending.hex()}"
