"""Decisions of persons that are stored before anything else is done with them.

A decision stands here until what it asks for is signed and queued, in one transaction with that.
It holds contents, so it is kept like contents: encrypted, under its own place.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tearline.errors import DecisionsFull, NotFound, StoreDamaged
from tearline.limits import MAX_DECISIONS
from tearline.statements.statement import ActedBy
from tearline_client.store.agreements import AgreementStore
from tearline_client.store.approvals import Content, read_content, write_content
from tearline_client.store.database import Database
from tearline_client.store.vault import Column

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A step of a person that is no release: its words stay sealed here until it is signed.

    Attributes:
        desk: Which desk takes it.
        about: The packet, request or consent that it is about, or nothing.
        said: Its arguments, as JSON may hold them.
    """

    desk: str
    about: bytes = b""
    said: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided.

    Attributes:
        id: Its number; a later decision has a higher one.
        time_ms: When it was decided.
        content: What is to be done.
        acted_by: The person behind it; None for the node's own act.
        seconded_by: The second person, where the article takes two.
        code: Of what keeps it from being done; empty where only the exchange is waited for.
        lost: How much was taken out since, as a partner took back what it held.
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
    """Decisions, in their order; the caller's transaction makes writes durable together.

    Args:
        database: The node's database.
        agreements: Ours, by whose newest version each release is read.
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
        """Keeps a decision; returns its number.

        Raises:
            DecisionsFull: If as many wait as are kept.
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
        """Keeps what is left of a decision."""
        persons = decision.acted_by, decision.seconded_by
        sealed = self._sealed(decision.id, content, *persons, lost=lost)
        self._db.execute("UPDATE decision SET sealed = ? WHERE id = ?", (sealed, decision.id))

    def all(self) -> tuple[Decision, ...]:
        """Every decision, in order; at most ``MAX_DECISIONS``."""
        rows = self._db.rows("SELECT id, time_ms, sealed, code FROM decision ORDER BY id")
        return tuple(self._decision(*row) for row in rows)

    def count(self) -> int:
        """How many there are; none is opened."""
        return int(self._db.value("SELECT count(*) FROM decision"))

    def place(self, number: int) -> int:
        """Its place among the decisions, from 1; 0 where it is not here any more."""
        if self._db.row("SELECT 1 FROM decision WHERE id = ?", (number,)) is None:
            return 0
        return int(self._db.value("SELECT count(*) FROM decision WHERE id <= ?", (number,)))

    def stop(self, number: int, code: str) -> None:
        """Notes what keeps a decision from being done."""
        self._db.execute("UPDATE decision SET code = ? WHERE id = ?", (code, number))

    def drop(self, number: int) -> None:
        """Forgets a decision: it was signed and queued, or a person forgot it.

        Raises:
            NotFound: If it is not here any more: another process was faster.
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
