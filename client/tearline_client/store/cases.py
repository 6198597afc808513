"""Cases: files of the cases led by this agency, and the steps of every membership."""

import json

from tearline.cases.case import CaseFile, CaseNote, CaseStep, verify_step
from tearline.dataclass.immutable import immutable
from tearline.identity import agency_uri_of
from tearline.wire.cases import (
    encode_case_note,
    encode_case_step,
    parse_case_note,
    parse_case_step,
)
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_KEY = ("case_id", "peer", "mine", "number")
_FILE = Column("case_file", "sealed", ("id",))
_STEP = Column("case_step", "step", _KEY)
_NOTE = Column("case_step", "note", _KEY)
_COLUMNS = "case_id, peer, mine, number, statement, step, note, returned"


@immutable
class LedCase:
    """A case led by this agency.

    Attributes:
        id: 16 bytes.
        agreement_id: 16 bytes.
        file: The case.
        nodes: The invited node of each agency, by agency.
    """

    id: bytes
    agreement_id: bytes
    file: CaseFile
    nodes: dict[str, str]


@immutable
class Said:
    """A stored step.

    Attributes:
        statement: 32 bytes, its statement's id.
        step: The step.
        note: Its opened note.
        mine: Whether it is this agency's.
        returned: Whether it is ours and was returned undelivered.
    """

    statement: bytes
    step: CaseStep
    note: CaseNote
    mine: bool
    returned: bool = False

    @property
    def peer(self) -> str:
        """Returns the URI of the other agency."""
        other = self.step.address.recipient if self.mine else self.step.header.signer
        return agency_uri_of(other)


class CaseStore(Store):
    """Files and steps; the caller's transaction makes writes durable together."""

    def put_file(self, led: LedCase) -> None:
        """Stores or replaces a case led by this agency."""
        file = led.file
        text = {
            "lead": file.lead,
            "title": file.title,
            "summary": file.summary,
            "hidden": sorted(sorted(pair) for pair in file.hidden),
            "closed": file.closed,
            "nodes": led.nodes,
        }
        sealed = self._db.vault.seal(_FILE.at(led.id), json.dumps(text).encode())
        self._db.execute(
            "INSERT OR REPLACE INTO case_file VALUES (?, ?, ?, 1)",
            (led.id, led.agreement_id, sealed),
        )

    def led(self) -> tuple[LedCase, ...]:
        """Returns every case led by this agency, in order of id."""
        rows = self._db.rows("SELECT id, agreement, sealed FROM case_file ORDER BY id")
        return tuple(self._led(*row) for row in rows)

    def file(self, case_id: bytes) -> LedCase | None:
        """Returns one case led by this agency, or None."""
        row = self._db.row("SELECT id, agreement, sealed FROM case_file WHERE id = ?", (case_id,))
        return None if row is None else self._led(*row)

    def due(self, now_ms: int) -> tuple[LedCase, ...]:
        """Returns the cases that may need a step at a time, in order of id."""
        rows = self._db.rows(
            "SELECT id, agreement, sealed FROM case_file WHERE due AND due <= ? ORDER BY id",
            (now_ms,),
        )
        return tuple(self._led(*row) for row in rows)

    def settle(self, case_id: bytes) -> None:
        """Records that a case of ours needs no step until it changes."""
        self._db.execute("UPDATE case_file SET due = 0 WHERE id = ?", (case_id,))

    def _fall_due(self, case_id: bytes, due_ms: int = 1) -> None:
        self._db.execute("UPDATE case_file SET due = ? WHERE id = ?", (due_ms, case_id))

    def _led(self, case_id: bytes, agreement_id: bytes, sealed: bytes) -> LedCase:
        text = json.loads(self._db.vault.open(_FILE.at(case_id), sealed))
        return LedCase(
            id=case_id,
            agreement_id=agreement_id,
            file=CaseFile(
                lead=text["lead"],
                title=text["title"],
                summary=text["summary"],
                hidden=frozenset(frozenset(pair) for pair in text["hidden"]),
                closed=text["closed"],
            ),
            nodes=text["nodes"],
        )

    def put_step(self, said: Said) -> None:
        """Stores a step after the latest one of its sender.

        Raises:
            CaseStepOutdated, CaseStepRefused: If it does not follow that one.
        """
        step = said.step
        earlier = self.latest(step.case_id, said.peer, mine=said.mine)
        verify_step(step, earlier.step if earlier else None)
        key = (step.case_id, said.peer, int(said.mine), step.number)
        self._db.execute(
            "INSERT INTO case_step VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            (
                *key,
                said.statement,
                self._db.vault.seal(_STEP.at(*key), encode_case_step(step)),
                self._db.vault.seal(_NOTE.at(*key), encode_case_note(said.note)),
            ),
        )
        if not said.mine:
            self._fall_due(step.case_id)

    def forget(self, statement: bytes, *, due_ms: int = 1) -> None:
        """Deletes a step of ours that the exchange refused undelivered.

        Args:
            statement: The id of its statement, 32 bytes.
            due_ms: From then on its case may need a step, Unix milliseconds.
        """
        rows = self._db.rows(
            "DELETE FROM case_step WHERE statement = ? AND mine = 1 RETURNING case_id", (statement,)
        )
        for (case_id,) in rows:
            self._fall_due(case_id, due_ms)

    def put_back(self, statement: bytes) -> None:
        """Records that a step of ours was returned, to be repeated."""
        self._db.execute("UPDATE case_step SET returned = 1 WHERE statement = ?", (statement,))

    def returned(self) -> tuple[Said, ...]:
        """Returns the returned steps, in order of case, agency and number."""
        rows = self._db.rows(
            f"SELECT {_COLUMNS} FROM case_step"  # noqa: S608 (the same)
            " WHERE returned ORDER BY case_id, peer, number"
        )
        return tuple(self._said(row) for row in rows)

    def latest(self, case_id: bytes, peer: str, *, mine: bool) -> Said | None:
        """Returns the latest step of one party of a membership, or None."""
        row = self._db.row(
            f"SELECT {_COLUMNS} FROM case_step"  # noqa: S608 (our own columns)
            " WHERE case_id = ? AND peer = ? AND mine = ? ORDER BY number DESC LIMIT 1",
            (case_id, peer, int(mine)),
        )
        return None if row is None else self._said(row)

    def steps(self, case_id: bytes) -> tuple[Said, ...]:
        """Returns every stored step of a case."""
        rows = self._db.rows(
            f"SELECT {_COLUMNS} FROM case_step WHERE case_id = ?"  # noqa: S608 (the same)
            " ORDER BY peer, mine, number",
            (case_id,),
        )
        return tuple(self._said(row) for row in rows)

    def joined(self) -> tuple[Said, ...]:
        """Returns the lead's latest step of every case led by another agency."""
        rows = self._db.rows(
            "SELECT DISTINCT case_id FROM case_step WHERE mine = 0"
            " AND case_id NOT IN (SELECT id FROM case_file) ORDER BY case_id"
        )
        found = (self.lead(case_id) for (case_id,) in rows)
        return tuple(said for said in found if said is not None)

    def lead(self, case_id: bytes) -> Said | None:
        """Returns the lead's latest step of a case led by another agency, or None."""
        rows = self._db.rows(
            "SELECT DISTINCT peer FROM case_step WHERE case_id = ? AND mine = 0 ORDER BY peer",
            (case_id,),
        )
        found = (self.latest(case_id, peer, mine=False) for (peer,) in rows)
        return next((said for said in found if said and said.step.phase.is_of_lead), None)

    def _said(self, row: tuple[bytes, str, int, int, bytes, bytes, bytes, int]) -> Said:
        case_id, peer, mine, number, statement, step, note, returned = row
        key = (case_id, peer, mine, number)
        vault = self._db.vault
        return Said(
            statement=statement,
            step=parse_case_step(vault.open(_STEP.at(*key), step)),
            note=parse_case_note(vault.open(_NOTE.at(*key), note)),
            mine=bool(mine),
            returned=bool(returned),
        )
