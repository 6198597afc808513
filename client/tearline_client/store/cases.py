"""Cases: the files of those that this agency leads, and what was said of every membership."""

import json
from dataclasses import dataclass

from tearline.case import CaseFile, CaseNote, CaseStep, verify_step
from tearline.identity import agency_uri_of
from tearline.wire.cases import (
    encode_case_note,
    encode_case_step,
    parse_case_note,
    parse_case_step,
)
from tearline_client.store.database import Database

_FILE, _STEP, _NOTE = "case.file", "case.step", "case.note"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedCase:
    """A case that this agency leads.

    Attributes:
        id: 16 bytes.
        agreement_id: 16 bytes.
        file: The case.
        nodes: The node that each agency was invited at, by agency.
    """

    id: bytes
    agreement_id: bytes
    file: CaseFile
    nodes: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A step as it lies here.

    Attributes:
        statement: 32 bytes, its statement's id.
        step: The step.
        note: What it told its recipient.
        mine: Whether this agency said it.
    """

    statement: bytes
    step: CaseStep
    note: CaseNote
    mine: bool

    @property
    def peer(self) -> str:
        """URI of the agency at the other side."""
        other = self.step.address.recipient if self.mine else self.step.header.signer
        return agency_uri_of(other)


class CaseStore:
    """Files and steps; the caller's transaction makes writes durable together."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put_file(self, led: LedCase) -> None:
        """Keeps a case that this agency leads, in the place of what it was before."""
        file = led.file
        text = {
            "lead": file.lead,
            "title": file.title,
            "summary": file.summary,
            "hidden": sorted(sorted(pair) for pair in file.hidden),
            "closed": file.closed,
            "nodes": led.nodes,
        }
        sealed = self._db.vault.seal(_FILE, json.dumps(text).encode())
        self._db.execute(
            "INSERT OR REPLACE INTO case_file VALUES (?, ?, ?)",
            (led.id, led.agreement_id, sealed),
        )

    def led(self) -> tuple[LedCase, ...]:
        """Every case that this agency leads, in order of id."""
        rows = self._db.rows("SELECT id, agreement, sealed FROM case_file ORDER BY id")
        return tuple(self._led(*row) for row in rows)

    def _led(self, case_id: bytes, agreement_id: bytes, sealed: bytes) -> LedCase:
        text = json.loads(self._db.vault.open(_FILE, sealed))
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
        """Keeps a step behind the latest one of its side.

        Raises:
            CaseStepOutdated, CaseStepRefused: If it does not follow that one.
        """
        step = said.step
        earlier = self.latest(step.case_id, said.peer, mine=said.mine)
        verify_step(step, earlier.step if earlier else None)
        self._db.execute(
            "INSERT INTO case_step VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                step.case_id,
                said.peer,
                int(said.mine),
                step.number,
                said.statement,
                self._db.vault.seal(_STEP, encode_case_step(step)),
                self._db.vault.seal(_NOTE, encode_case_note(said.note)),
            ),
        )

    def forget(self, statement: bytes) -> None:
        """Deletes a step of ours that the exchange refused: nobody was told it."""
        self._db.execute("DELETE FROM case_step WHERE statement = ? AND mine = 1", (statement,))

    def latest(self, case_id: bytes, peer: str, *, mine: bool) -> Said | None:
        """The latest step of one side of a membership, or None."""
        row = self._db.row(
            "SELECT statement, step, note, mine FROM case_step"
            " WHERE case_id = ? AND peer = ? AND mine = ? ORDER BY number DESC LIMIT 1",
            (case_id, peer, int(mine)),
        )
        return None if row is None else self._said(*row)

    def steps(self, case_id: bytes) -> tuple[Said, ...]:
        """Every step of a case that was said or heard here."""
        rows = self._db.rows(
            "SELECT statement, step, note, mine FROM case_step WHERE case_id = ?"
            " ORDER BY peer, mine, number",
            (case_id,),
        )
        return tuple(self._said(*row) for row in rows)

    def joined(self) -> tuple[Said, ...]:
        """Of every case that another agency leads, the lead's latest step."""
        rows = self._db.rows(
            "SELECT DISTINCT case_id, peer FROM case_step WHERE mine = 0"
            " AND case_id NOT IN (SELECT id FROM case_file) ORDER BY case_id"
        )
        found = (self.latest(case_id, peer, mine=False) for case_id, peer in rows)
        return tuple(said for said in found if said is not None and said.step.phase.is_of_lead)

    def _said(self, statement: bytes, step: bytes, note: bytes, mine: int) -> Said:
        vault = self._db.vault
        return Said(
            statement=statement,
            step=parse_case_step(vault.open(_STEP, step)),
            note=parse_case_note(vault.open(_NOTE, note)),
            mine=bool(mine),
        )
