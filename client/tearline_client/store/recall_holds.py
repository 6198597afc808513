"""Holds by officers on partners' packets before a recall, with their grounds."""

import json
from collections.abc import Mapping
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.packets.recall import KeepGround
from tearline.statements.statement import ActedBy
from tearline_client.store.database import Store
from tearline_client.store.vault import Column

_HOLD = Column("hold", "sealed", ("packet",))
_END = Column("hold_end", "sealed", ("id",))


@immutable
class Hold:
    """A hold on one packet.

    Attributes:
        packet: 32 bytes, the manifest's statement id.
        ground: The ground, told to the originator on recall.
        acted_by: The officer, under the pseudonym for that originator.
    """

    packet: bytes
    ground: KeepGround
    acted_by: ActedBy


@immutable
class EndedHold:
    """An ended hold.

    Attributes:
        hold: The hold.
        ended_by: The officer that ended it.
    """

    hold: Hold
    ended_by: ActedBy


class HoldStore(Store):
    """Holds by packet, stored in the transaction of their effects."""

    def put(self, hold: Hold) -> None:
        """Stores a hold, replacing an earlier one on the same packet."""
        sealed = self._db.vault.seal(_HOLD.at(hold.packet), json.dumps(_value(hold)).encode())
        self._db.execute(
            "INSERT INTO hold VALUES (?, ?) ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
            (hold.packet, sealed),
        )

    def of(self, packet: bytes) -> Hold | None:
        """Returns the hold on a packet, or None."""
        row = self._db.row("SELECT packet, sealed FROM hold WHERE packet = ?", (packet,))
        return None if row is None else self._hold(*row)

    def all(self) -> tuple[Hold, ...]:
        """Returns every hold, in order of the packets' ids."""
        rows = self._db.rows("SELECT packet, sealed FROM hold ORDER BY packet")
        return tuple(self._hold(*row) for row in rows)

    def drop(self, packet: bytes) -> bool:
        """Ends the hold on a packet; returns whether there was one."""
        return bool(self._db.rows("DELETE FROM hold WHERE packet = ? RETURNING packet", (packet,)))

    def end(self, packet: bytes, ended_by: ActedBy) -> bool:
        """Ends the hold on a packet and records the officer; returns whether there was one."""
        hold = self.of(packet)
        if hold is None:
            return False
        self.drop(packet)
        number = self._db.next_id("hold_end")
        value = {"hold": _value(hold), "ended_by": _person(ended_by)}
        sealed = self._db.vault.seal(_END.at(number), json.dumps(value).encode())
        self._db.execute("INSERT INTO hold_end VALUES (?, ?, ?)", (number, packet, sealed))
        return True

    def ended(self) -> tuple[EndedHold, ...]:
        """Returns every hold that an officer ended, in the order of their ends."""
        rows = self._db.rows("SELECT id, packet, sealed FROM hold_end ORDER BY id")
        return tuple(self._ended(*row) for row in rows)

    def _ended(self, number: int, packet: bytes, sealed: bytes) -> EndedHold:
        value = json.loads(self._db.vault.open(_END.at(number), sealed))
        return EndedHold(
            hold=_hold_of(packet, value["hold"]), ended_by=_acted_by(value["ended_by"])
        )

    def _hold(self, packet: bytes, sealed: bytes) -> Hold:
        return _hold_of(packet, json.loads(self._db.vault.open(_HOLD.at(packet), sealed)))


def _value(hold: Hold) -> dict[str, str | int]:
    return {"ground": hold.ground.value, **_person(hold.acted_by)}


def _hold_of(packet: bytes, value: Mapping[str, Any]) -> Hold:
    return Hold(packet=packet, ground=KeepGround(value["ground"]), acted_by=_acted_by(value))


def _person(acted_by: ActedBy) -> dict[str, str | int]:
    return {
        "pseudonym": acted_by.pseudonym.hex(),
        "role": acted_by.role,
        "token_hash": acted_by.token_hash.hex(),
        "acted_ms": acted_by.time_ms,
    }


def _acted_by(value: Mapping[str, Any]) -> ActedBy:
    return ActedBy(
        pseudonym=bytes.fromhex(value["pseudonym"]),
        role=value["role"],
        token_hash=bytes.fromhex(value["token_hash"]),
        time_ms=value["acted_ms"],
    )
