"""Decisions of persons, stored before any other step.

A decision stays until its statements are signed and queued, in the same transaction. It holds
contents, so it is encrypted, bound to its own row.
"""

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any, TypeVar

from tearline.dataclass.immutable import immutable
from tearline.errors import DecisionsFull, NotFound, StoreDamaged
from tearline.limits import MAX_DECISIONS
from tearline.statements.statement import HASH_SIZE, ActedBy
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.database import Database
from tearline_client.store.draft_content import Content, read_content, write_content
from tearline_client.store.vault import Column

T = TypeVar("T")


@immutable
class Act:
    """A person's step other than a release; its text stays sealed here until it is signed.

    Attributes:
        desk: The responsible service.
        about: The packet, request or consent, or empty.
        said: Its arguments, as JSON values.
    """

    desk: str
    about: bytes = b""
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """Returns the desk and its step."""
        steps = (self.said[key] for key in ("kind", "step", "verb") if key in self.said)
        return " ".join((self.desk, *steps))

    @property
    def packet(self) -> bytes:
        """Returns the packet that it is about, or empty."""
        if "packet" in self.said:
            return bytes.fromhex(self.said["packet"])
        return self.about if len(self.about) == HASH_SIZE else b""


@immutable
class Decision:
    """A person's decision.

    Attributes:
        id: Its number; later decisions have higher ones.
        time_ms: Time of the decision.
        content: The act to perform.
        acted_by: The responsible person; None for the node's own act.
        seconded_by: The second person, if the article requires two.
        code: Code of the error that stops it; empty while it only waits for the exchange.
        lost: Number of values removed since, because a partner recalled their source.
    """

    id: int
    time_ms: int
    content: Content | Act
    acted_by: ActedBy | None = None
    seconded_by: ActedBy | None = None
    code: str = ""
    lost: int = 0


def content_of(decision: Decision, kind: type[T]) -> T:
    """Returns the content of a decision, of the kind that its desk stores.

    Raises:
        StoreDamaged: If it is of another kind.
    """
    if not isinstance(decision.content, kind):
        raise StoreDamaged("a decision is not of the kind that its desk stores")
    return decision.content


_DECISION = Column("decision", "sealed", ("id",))


class DecisionStore:
    """Decisions, in order; the caller's transaction makes writes durable together.

    Args:
        database: The node's database.
        agreements: Our agreements; each release is read under the newest version.
    """

    def __init__(self, database: Database, agreements: AgreementStore) -> None:
        self._db = database
        self._agreements = agreements

    def put(
        self,
        content: Content | Act,
        acted_by: ActedBy | None,
        seconded_by: ActedBy | None,
        *,
        now_ms: int,
    ) -> int:
        """Stores a decision; returns its number.

        Raises:
            DecisionsFull: If the maximum number of decisions waits.
        """
        if self.count() >= MAX_DECISIONS:
            raise DecisionsFull
        number = self._db.next_id("decision")
        sealed = self._sealed(number, content, acted_by, seconded_by, lost=0)
        self._db.execute(
            "INSERT INTO decision (id, time_ms, sealed) VALUES (?, ?, ?)", (number, now_ms, sealed)
        )
        return number

    def replace(self, decision: Decision, content: Content | Act, *, lost: int) -> None:
        """Stores the reduced contents of a decision."""
        persons = decision.acted_by, decision.seconded_by
        sealed = self._sealed(decision.id, content, *persons, lost=lost)
        self._db.erase("UPDATE decision SET sealed = ? WHERE id = ?", (sealed, decision.id))

    def all(self) -> tuple[Decision, ...]:
        """Returns every decision, in order; at most ``MAX_DECISIONS``."""
        rows = self._db.rows("SELECT id, time_ms, sealed, code FROM decision ORDER BY id")
        return tuple(self._decision(*row) for row in rows)

    def count(self) -> int:
        """Returns the number of decisions, without opening them."""
        return int(self._db.value("SELECT count(*) FROM decision"))

    def place(self, number: int) -> int:
        """Returns a decision's place in the queue, from 1; 0 if it is gone."""
        if self._db.row("SELECT 1 FROM decision WHERE id = ?", (number,)) is None:
            return 0
        return int(self._db.value("SELECT count(*) FROM decision WHERE id <= ?", (number,)))

    def stop(self, number: int, code: str) -> None:
        """Records the error that stops a decision."""
        self._db.execute("UPDATE decision SET code = ? WHERE id = ?", (code, number))

    def drop(self, number: int) -> None:
        """Deletes a decision that was signed and queued, or discarded.

        Raises:
            NotFound: If it is gone: another process was faster.
        """
        if not self._db.erase("DELETE FROM decision WHERE id = ? RETURNING id", (number,)):
            raise NotFound("no decision of that number waits here")

    def _sealed(
        self,
        number: int,
        content: Content | Act,
        acted_by: ActedBy | None,
        seconded_by: ActedBy | None,
        *,
        lost: int,
    ) -> bytes:
        value = {
            **_written(content),
            "acted_by": _write_person(acted_by),
            "seconded_by": _write_person(seconded_by),
            "lost": lost,
        }
        return self._db.vault.seal(_DECISION.at(number), json.dumps(value).encode())

    def _decision(self, number: int, time_ms: int, sealed: bytes, code: str) -> Decision:
        value = json.loads(self._db.vault.open(_DECISION.at(number), sealed))
        return Decision(
            id=number,
            time_ms=time_ms,
            content=self._read(value),
            acted_by=_read_person(value["acted_by"]),
            seconded_by=_read_person(value["seconded_by"]),
            code=code,
            lost=value["lost"],
        )

    def _read(self, value: dict[str, Any]) -> Content | Act:
        if "act" not in value:
            return read_content(value, self._agreements)
        act = value["act"]
        return Act(desk=act["desk"], about=bytes.fromhex(act["about"]), said=act["said"])


def _written(content: Content | Act) -> dict[str, Any]:
    if not isinstance(content, Act):
        return write_content(content)
    said = dict(content.said)
    return {"act": {"desk": content.desk, "about": content.about.hex(), "said": said}}


def _write_person(person: ActedBy | None) -> dict[str, Any] | None:
    if person is None:
        return None
    return {
        "pseudonym": person.pseudonym.hex(),
        "role": person.role,
        "token_hash": person.token_hash.hex(),
        "time_ms": person.time_ms,
    }


def _read_person(value: dict[str, Any] | None) -> ActedBy | None:
    if value is None:
        return None
    return ActedBy(
        pseudonym=bytes.fromhex(value["pseudonym"]),
        role=value["role"],
        token_hash=bytes.fromhex(value["token_hash"]),
        time_ms=value["time_ms"],
    )
