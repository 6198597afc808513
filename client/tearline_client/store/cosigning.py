"""Cosignatures of this node and its partners, and evidence against the log."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from tearline.dataclass.immutable import immutable
from tearline.encoding import u64
from tearline.federation.cosigning import AwaitedCosignature, CosignedTree
from tearline.federation.equivocation import Equivocation
from tearline.federation.members import LogKeys
from tearline.tlog.checkpoint import parse_checkpoint_text, parse_verifier_key
from tearline.tlog.note import parse_note
from tearline.tlog.proof import LogProof, parse_log_proof
from tearline.verification.log_entries import verify_cosigned
from tearline.wire.cosigning import encode_equivocation, parse_equivocation
from tearline_client.store.database import Store

_EQUIVOCATION, _DIRECTORY = "equivocation", "directory"
_PARSERS: Mapping[str, Callable[[bytes], Equivocation | LogProof]] = {
    _EQUIVOCATION: parse_equivocation,
    _DIRECTORY: parse_log_proof,
}
_COSIGNED = "log.cosigned"
_SIGNED_S = "log.cosigned.time"
_REPORTED = "log.cosigned.note"


@immutable
class Partner:
    """Cosigning state of a partner agency.

    Attributes:
        agency: Its URI.
        size: Entries in the largest known tree it cosigned; 0 for none.
        time_s: Time of its last cosignature, by its own clock; Unix seconds.
        awaited: Its entries that it has not cosigned yet, or None.
        witnessed: Entries in the largest known tree that a light node of it signed.
    """

    agency: str
    size: int = 0
    time_s: int = 0
    awaited: AwaitedCosignature | None = None
    witnessed: int = 0


@immutable
class Accusation:
    """Evidence against the log.

    Attributes:
        id: 32 bytes.
        time_ms: Time of its detection or receipt.
        evidence: Two contradicting checkpoints, or the proof of a wrong directory.
        decision: The officer's reason to resume; empty while sending is stopped.
    """

    id: bytes
    time_ms: int
    evidence: Equivocation | LogProof
    decision: str


class CosigningStore(Store):
    """The cosigner's state. A tree must be stored here before its cosignature is sent."""

    def cosigned(self) -> bytes | None:
        """Returns the checkpoint cosigned last, without our signature, or None."""
        return self._db.setting(_COSIGNED)

    def seen(self, log: LogKeys) -> CosignedTree:
        """Returns size and root of the tree cosigned last."""
        note = self.cosigned()
        if note is None:
            return CosignedTree()
        last = verify_cosigned(note, log).checkpoint
        return CosignedTree(size=last.size, root=last.root)

    def put_cosigned(self, note: bytes, log: LogKeys) -> None:
        """Replaces the last tree with a larger one of the same log, with the log's signatures."""
        size = parse_checkpoint_text(parse_note(note).text).size
        keys = [parse_verifier_key(key) for key in log.at(size).verifier_keys]
        self._db.put_setting(_COSIGNED, parse_note(note).only_by(keys).encode())

    def signed_s(self) -> int:
        """Returns the latest time of our cosignatures, Unix seconds; 0 for never."""
        return int.from_bytes(self._db.setting(_SIGNED_S) or b"")

    def put_signed(self, time_s: int) -> None:
        """Records the time of the next cosignature; it never decreases."""
        self._db.put_setting(_SIGNED_S, u64(max(time_s, self.signed_s())))

    def reported(self) -> bytes:
        """Returns the note last reported to the exchange, with our signature; empty for none."""
        return self._db.setting(_REPORTED) or b""

    def put_reported(self, note: bytes) -> None:
        """Stores a note with our signature, before it is sent."""
        self._db.put_setting(_REPORTED, note)

    def saw(self, size: int, now_ms: int) -> None:
        """Records when a verified checkpoint was seen, in the caller's transaction."""
        self._db.execute(
            "INSERT INTO checkpoint_seen VALUES (?, ?, ?)"
            " ON CONFLICT (size) DO UPDATE SET last_ms = max(last_ms, excluded.last_ms)",
            (size, now_ms, now_ms),
        )

    def came_between(self, index: int) -> tuple[int, int] | None:
        """Returns our own times between which an entry appeared in the log.

        Returns:
            When a checkpoint without it was last seen, 0 for never, and when one with it was first
            seen; None before that.
        """
        first_ms = self._db.value(
            "SELECT first_ms FROM checkpoint_seen WHERE size > ? ORDER BY size LIMIT 1", (index,)
        )
        if first_ms is None:
            return None
        last_ms = self._db.value(
            "SELECT last_ms FROM checkpoint_seen WHERE size <= ? ORDER BY size DESC LIMIT 1",
            (index,),
        )
        return last_ms or 0, first_ms

    def partner(self, agency: str) -> Partner:
        """Returns the cosigning state of one partner."""
        row = self._db.row(
            "SELECT size, time_s, first, first_ms, last, last_ms, witnessed FROM partner"
            " WHERE agency = ?",
            (agency,),
        )
        return Partner(agency=agency) if row is None else _partner(agency, *row)

    def partners(self) -> tuple[Partner, ...]:
        """Returns every known partner, by URI."""
        rows = self._db.rows(
            "SELECT agency, size, time_s, first, first_ms, last, last_ms, witnessed FROM partner"
            " ORDER BY agency"
        )
        return tuple(_partner(*row) for row in rows)

    def acted(self, agency: str, index: int, time_ms: int) -> None:
        """Records a partner's log entry, with its index and time."""
        partner = self.partner(agency)
        if index < partner.size:
            return
        awaited = (
            AwaitedCosignature(first=index, first_ms=time_ms, last=index, last_ms=time_ms)
            if partner.awaited is None
            else partner.awaited.after(index, time_ms)
        )
        self.put_partner(replace(partner, awaited=awaited))

    def partner_cosigned(self, agency: str, size: int, time_s: int) -> None:
        """Records that a partner cosigned the first ``size`` entries of our tree."""
        partner = self.partner(agency)
        if (size, time_s) <= (partner.size, partner.time_s):
            return
        awaited = partner.awaited and partner.awaited.after_cosigning(size)
        self.put_partner(replace(partner, size=size, time_s=time_s, awaited=awaited))

    def partner_witnessed(self, agency: str, size: int) -> None:
        """Records that a light node of a partner signed the first ``size`` entries of our tree."""
        partner = self.partner(agency)
        if size > partner.witnessed:
            self.put_partner(replace(partner, witnessed=size))

    def put_partner(self, partner: Partner) -> None:
        """Stores a partner's cosigning state."""
        awaited = partner.awaited
        places = (
            (None, None, None, None)
            if awaited is None
            else (awaited.first, awaited.first_ms, awaited.last, awaited.last_ms)
        )
        self._db.execute(
            "INSERT OR REPLACE INTO partner VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (partner.agency, partner.size, partner.time_s, *places, partner.witnessed),
        )

    def accuse(self, evidence: Equivocation | LogProof, *, now_ms: int) -> bool:
        """Stores evidence permanently; returns whether it is new."""
        if isinstance(evidence, Equivocation):
            kind, data = _EQUIVOCATION, encode_equivocation(evidence)
            accusation_id = hashlib.sha256(data).digest()
        else:  # once for each entry, whatever checkpoint proves it
            kind, data = _DIRECTORY, evidence.encode()
            accusation_id = hashlib.sha256(u64(evidence.index) + evidence.extra).digest()
        if self._db.row("SELECT 1 FROM accusation WHERE id = ?", (accusation_id,)) is not None:
            return False
        self._db.execute(
            "INSERT INTO accusation (id, time_ms, evidence, decision, kind)"
            " VALUES (?, ?, ?, '', ?)",
            (accusation_id, now_ms, data, kind),
        )
        return True

    def accusations(self) -> tuple[Accusation, ...]:
        """Returns all evidence, oldest first."""
        rows = self._db.rows(
            "SELECT id, time_ms, evidence, decision, kind FROM accusation ORDER BY time_ms, id"
        )
        return tuple(
            Accusation(id=i, time_ms=t, evidence=_PARSERS[kind](data), decision=decision)
            for i, t, data, decision, kind in rows
        )

    @property
    def is_stopped(self) -> bool:
        """Returns whether there is evidence without an officer's decision."""
        return self._db.row("SELECT 1 FROM accusation WHERE decision = ''") is not None

    def decide(self, decision: str) -> int:
        """Records an officer's decision to resume; returns the number of decided accusations."""
        open_ones = int(self._db.value("SELECT count(*) FROM accusation WHERE decision = ''"))
        self._db.execute("UPDATE accusation SET decision = ? WHERE decision = ''", (decision,))
        return open_ones


def _partner(
    agency: str,
    size: int,
    time_s: int,
    first: int | None,
    first_ms: int | None,
    last: int | None,
    last_ms: int | None,
    witnessed: int,
) -> Partner:
    awaited = None
    if first is not None and first_ms is not None and last is not None and last_ms is not None:
        awaited = AwaitedCosignature(first=first, first_ms=first_ms, last=last, last_ms=last_ms)
    return Partner(agency=agency, size=size, time_s=time_s, awaited=awaited, witnessed=witnessed)
