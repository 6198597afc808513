"""Pending releases that require a second person, as drafted and unsealed.

A draft holds contents, so it is encrypted, bound to its own row, until it is approved or rejected.
"""

import hashlib
import json

from tearline.dataclass.immutable import immutable
from tearline.errors import NotFound, PendingFull
from tearline.limits import MAX_PENDING, MAX_PENDING_AGE_MS
from tearline.statements.statement import ActedBy
from tearline.text.choices import the_one
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database
from tearline_client.store.draft_content import (
    Content,
    PendingAnswer,
    PendingConsent,
    PendingField,
    read_content,
    write_content,
)
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
        self._db.erase("UPDATE pending SET sealed = ? WHERE id = ?", (sealed, pending.id))

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
        if not self._db.erase("DELETE FROM pending WHERE id = ? RETURNING id", (pending,)):
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
