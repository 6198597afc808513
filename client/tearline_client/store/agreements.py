"""Agreements of this node's agency."""

from collections.abc import Iterator
from functools import lru_cache

from tearline.agreements.agreement import Agreement
from tearline.errors import AgreementNotInForce, NameAmbiguous
from tearline.limits import MAX_AGREEMENTS_KEPT
from tearline.suspensions.history import Amended
from tearline.text.choices import ID_SHOWN, matched, one_of
from tearline.wire.agreements import parse_agreement
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_AGREEMENT = Column("agreement", "sealed", ("id", "version"))


class AgreementStore:
    """Signed agreements, every version."""

    def __init__(self, database: Database) -> None:
        self._db = database
        # Every statement of an import reads the same agreement.
        self._signed = lru_cache(maxsize=MAX_AGREEMENTS_KEPT)(self._opened)
        self._parsed = lru_cache(maxsize=MAX_AGREEMENTS_KEPT)(self._read)

    def _opened(self, key: bytes, version: int, sealed: bytes) -> Signed:
        return parse_signed(self._db.vault.open(_AGREEMENT.at(key, version), sealed))

    def _read(self, key: bytes, version: int, sealed: bytes) -> Agreement:
        return parse_agreement(self._signed(key, version, sealed).statement.body)

    def put(self, signed: Signed, *, entry: int, time_ms: int) -> None:
        """Stores a completely signed version, with the index and time of its log entry."""
        agreement = parse_agreement(signed.statement.body)
        sealed = self._db.vault.seal(_AGREEMENT.at(*agreement.key), encode_signed(signed))
        self._db.execute(
            "INSERT INTO agreement VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*agreement.key, sealed, entry, time_ms),
        )

    def all(self) -> tuple[Agreement, ...]:
        """Returns every version of every agreement, by name and version."""
        return tuple(
            sorted(self.by_statement().values(), key=lambda each: (each.name, each.version))
        )

    def by_statement(self) -> dict[bytes, Agreement]:
        """Returns every version of every agreement, by the id of its statement."""
        rows = self._db.rows("SELECT id, version, sealed FROM agreement")
        return {self._signed(*row).statement.id: self._parsed(*row) for row in rows}

    def versions(self, agreement_id: bytes) -> tuple[Signed, ...]:
        """Returns every version of one agreement, the newest first."""
        rows = self._db.rows(
            "SELECT id, version, sealed FROM agreement WHERE id = ? ORDER BY version DESC",
            (agreement_id,),
        )
        return tuple(self._signed(*row) for row in rows)

    def read_versions(self, agreement_id: bytes) -> Iterator[tuple[bytes, Agreement]]:
        """Yields every version of one agreement with its statement id, the newest first."""
        rows = self._db.rows(
            "SELECT id, version, sealed FROM agreement WHERE id = ? ORDER BY version DESC",
            (agreement_id,),
        )
        for row in rows:
            yield self._signed(*row).statement.id, self._parsed(*row)

    def history(self, agreement_id: bytes) -> tuple[Amended, ...]:
        """Returns every version of one agreement with its start, in the log's order."""
        rows = self._db.rows(
            "SELECT id, version, sealed, entry, time_ms FROM agreement WHERE id = ?"
            " ORDER BY entry, version",
            (agreement_id,),
        )
        return tuple(
            Amended(
                agreement=self._parsed(*row),
                entry=entry,
                time_ms=time_ms,
            )
            for *row, entry, time_ms in rows
        )

    def began_ms(self, agreement_id: bytes) -> int:
        """Returns the log's time of the entry of an agreement's newest version; 0 without one."""
        found = self._db.value(
            "SELECT time_ms FROM agreement WHERE id = ? ORDER BY version DESC LIMIT 1",
            (agreement_id,),
        )
        return int(found or 0)

    def before(self, agreement_id: bytes, index: int) -> Amended | None:
        """Returns the version that was in force at an entry of the log, or None."""
        row = self._db.row(
            "SELECT id, version, sealed, entry, time_ms FROM agreement"
            " WHERE id = ? AND entry < ? ORDER BY version DESC LIMIT 1",
            (agreement_id, index),
        )
        if row is None:
            return None
        *stored, entry, time_ms = row
        return Amended(agreement=self._parsed(*stored), entry=entry, time_ms=time_ms)

    def newest_entry(self, agreement_id: bytes) -> int:
        """Returns the index of the entry of an agreement's newest version; 0 without one."""
        found = self._db.value(
            "SELECT entry FROM agreement WHERE id = ? ORDER BY version DESC LIMIT 1",
            (agreement_id,),
        )
        return int(found or 0)

    def newest(self, agreement_id: bytes) -> Agreement:
        """Returns the newest version of one agreement, the only one in force.

        Raises:
            AgreementNotInForce: If it is not here.
        """
        row = self._db.row(
            "SELECT id, version, sealed FROM agreement WHERE id = ? ORDER BY version DESC LIMIT 1",
            (agreement_id,),
        )
        if row is None:
            raise AgreementNotInForce("no such agreement here")
        return self._parsed(*row)

    def by_name(self, name: str) -> Agreement:
        """Returns the newest version of the agreement of that id, name or beginning of an id.

        Names are chosen by partners, too: a name is never taken for another agreement's id.

        Raises:
            AgreementNotInForce: If there is none; lists the existing names.
            NameAmbiguous: If there are several; lists their ids.
        """
        every = self.all()
        exact = {each.id: each for each in every if each.id.hex() == name.lower()}
        named = exact or {each.id: each for each in every if each.name == name}
        found = named or {e.id: e for e in every if name and e.id.hex().startswith(name.lower())}
        if len(found) > 1:
            ids = (f"{each.id.hex()[:ID_SHOWN]} ({each.name})" for each in found.values())
            raise NameAmbiguous(matched(name, "name or id", ids))
        if not found:
            names = dict.fromkeys(agreement.name for agreement in every)
            raise AgreementNotInForce(one_of(name, "agreement", names))
        return next(iter(found.values()))
