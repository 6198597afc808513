"""Partners' packets that an officer keeps before they are recalled: on which ground, and who."""

import json
from dataclasses import dataclass

from tearline.recall import KeepGround
from tearline.statement import ActedBy
from tearline_client.store.database import Database
from tearline_client.store.vault import Column

_HOLD = Column("hold", "sealed", ("packet",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One packet that is kept.

    Attributes:
        packet: 32 bytes, the manifest's statement id.
        ground: Why; its originator is told when it recalls the packet.
        acted_by: The officer, as that originator may know them.
    """

    packet: bytes
    ground: KeepGround
    acted_by: ActedBy


class HoldStore:
    """Holds by packet; the caller's transaction makes one durable with what it does."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, hold: Hold) -> None:
        """Keeps a hold, in the place of an earlier one on the same packet."""
        value = {
            "ground": hold.ground.value,
            "pseudonym": hold.acted_by.pseudonym.hex(),
            "role": hold.acted_by.role,
            "token_hash": hold.acted_by.token_hash.hex(),
            "acted_ms": hold.acted_by.time_ms,
        }
        sealed = self._db.vault.seal(_HOLD.at(hold.packet), json.dumps(value).encode())
        self._db.execute(
            "INSERT INTO hold VALUES (?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
            (hold.packet, sealed),
        )

    def of(self, packet: bytes) -> Hold | None:
        """The hold on a packet, or None."""
        row = self._db.row("SELECT packet, sealed FROM hold WHERE packet = ?", (packet,))
        return None if row is None else self._hold(*row)

    def all(self) -> tuple[Hold, ...]:
        """Every hold, in order of the packets' ids."""
        rows = self._db.rows("SELECT packet, sealed FROM hold ORDER BY packet")
        return tuple(self._hold(*row) for row in rows)

    def drop(self, packet: bytes) -> bool:
        """Ends the hold on a packet; returns whether there was one."""
        return bool(self._db.rows("DELETE FROM hold WHERE packet = ? RETURNING packet", (packet,)))

    def _hold(self, packet: bytes, sealed: bytes) -> Hold:
        value = json.loads(self._db.vault.open(_HOLD.at(packet), sealed))
        return Hold(
            packet=packet,
            ground=KeepGround(value["ground"]),
            acted_by=ActedBy(
                pseudonym=bytes.fromhex(value["pseudonym"]),
                role=value["role"],
                token_hash=bytes.fromhex(value["token_hash"]),
                time_ms=value["acted_ms"],
            ),
        )
