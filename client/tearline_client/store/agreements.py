"""The agreements this node is party to."""

from tearline.agreement import Agreement
from tearline.errors import AgreementNotInForce
from tearline.standing import Amended
from tearline.wire.agreements import parse_agreement
from tearline.wire.statements import Signed, encode_signed, parse_signed
from tearline_client.store.database import Database


class AgreementStore:
    """Signed agreements, every version."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, signed: Signed, *, entry: int, time_ms: int) -> None:
        """Stores a version that every party signed, with the log's entry of it and its time."""
        agreement = parse_agreement(signed.statement.body)
        sealed = self._db.vault.seal("agreement", encode_signed(signed))
        self._db.execute(
            "INSERT INTO agreement VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*agreement.key, sealed, entry, time_ms),
        )

    def all(self) -> tuple[Agreement, ...]:
        """Every version of every agreement, by name and version."""
        return tuple(
            sorted(self.by_statement().values(), key=lambda each: (each.name, each.version))
        )

    def by_statement(self) -> dict[bytes, Agreement]:
        """Every version of every agreement, by the id of its statement."""
        rows = self._db.rows("SELECT sealed FROM agreement")
        found = [parse_signed(self._db.vault.open("agreement", sealed)) for (sealed,) in rows]
        return {each.statement.id: parse_agreement(each.statement.body) for each in found}

    def versions(self, agreement_id: bytes) -> tuple[Signed, ...]:
        """Every version of one agreement, the newest first."""
        rows = self._db.rows(
            "SELECT sealed FROM agreement WHERE id = ? ORDER BY version DESC", (agreement_id,)
        )
        return tuple(parse_signed(self._db.vault.open("agreement", sealed)) for (sealed,) in rows)

    def history(self, agreement_id: bytes) -> tuple[Amended, ...]:
        """Every version of one agreement and since when it counts, in the log's order."""
        rows = self._db.rows(
            "SELECT sealed, entry, time_ms FROM agreement WHERE id = ? ORDER BY entry, version",
            (agreement_id,),
        )
        return tuple(
            Amended(
                agreement=parse_agreement(
                    parse_signed(self._db.vault.open("agreement", sealed)).statement.body
                ),
                entry=entry,
                time_ms=time_ms,
            )
            for sealed, entry, time_ms in rows
        )

    def newest(self, agreement_id: bytes) -> Agreement:
        """The newest version of one agreement, which alone is in force.

        Raises:
            AgreementNotInForce: If it is not here.
        """
        sealed = self._db.value(
            "SELECT sealed FROM agreement WHERE id = ? ORDER BY version DESC LIMIT 1",
            (agreement_id,),
        )
        if sealed is None:
            raise AgreementNotInForce("no such agreement here")
        return parse_agreement(
            parse_signed(self._db.vault.open("agreement", sealed)).statement.body
        )

    def by_name(self, name: str) -> Agreement:
        """The newest version of the agreement of that name.

        Raises:
            AgreementNotInForce: If it is not here, or two agreements share the name.
        """
        found = [agreement for agreement in self.all() if agreement.name == name]
        if len({agreement.id for agreement in found}) != 1:
            raise AgreementNotInForce(f"no agreement here, or more than one, is named {name}")
        return found[-1]
