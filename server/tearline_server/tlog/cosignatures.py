"""Cosignatures of the log: collected from agencies, and distributed to all nodes.

Every node receives the cosignatures of the others. An exchange that shows two histories must
withhold cosignatures, and the nodes detect that they are missing.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence

from tearline.errors import CosignerUnknown
from tearline.federation.equivocation import Equivocation, verify_equivocation
from tearline.identity import agency_uri_of
from tearline.limits import COSIGN_WAIT_MS, MAX_COSIGNED_SIZES, MAX_EVIDENCE
from tearline.tlog.checkpoint import (
    SignedCheckpoint,
    VerifierKey,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.note import Note, parse_note
from tearline.verification.log_entries import verify_cosigned
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.cosigning import (
    CosignReply,
    CosignRequest,
    encode_equivocation,
    parse_equivocation,
)
from tearline_server.storage.interface import Store
from tearline_server.storage.snapshot import Changes
from tearline_server.timekeeper import Timekeeper
from tearline_server.tlog.log import AuditLog

_log = logging.getLogger(__name__)


class Cosignatures:
    """Newest checkpoints with their cosignatures.

    Args:
        store: The store of cosignatures.
        log: The log of the checkpoints.
        trust: Returns the current keys on record.
        timekeeper: The time; learns the clocks of agencies that cosign.
    """

    def __init__(
        self,
        store: Store,
        log: AuditLog,
        trust: Callable[[], TrustState],
        timekeeper: Timekeeper,
    ) -> None:
        self._store = store
        self._log = log
        self._trust = trust
        self._timekeeper = timekeeper
        self._notes: dict[int, Note] = {}
        self._evidence: dict[bytes, Equivocation] = {}

    async def restore(self) -> None:
        """Resumes from the stored cosignatures and evidence."""
        self._notes = {size: parse_note(note) for size, note in await self._store.cosigned()}
        found = [(data, parse_equivocation(data)) for data in await self._store.evidence()]
        self._evidence = {hashlib.sha256(data).digest(): evidence for data, evidence in found}

    async def follow(self, changes: Changes) -> None:
        """Loads cosignatures and evidence that other processes stored."""
        if changes.cosigned is None:
            await self.restore()
            return
        for size in changes.cosigned:
            note = await self._store.cosigned_at(size)
            if note is not None:
                self._take_kept(size, parse_note(note))

    async def hear(self, node: str, turn: CosignRequest) -> int:
        """Accepts a node's cosignature and evidence; returns the entries it cosigned, or 0.

        Raises:
            LogBehind: If the log signed more entries than are stored here.
            LogError: If the cosignature is not this node's over a checkpoint of this log, or the
                evidence is invalid.
        """
        for evidence in turn.evidence:
            await self._accuse(evidence)
        if turn.clock_ms and self._trust().cosigning_keys(node, at=self._moment()):
            self._timekeeper.hear(agency_uri_of(node), turn.clock_ms)
        if not turn.checkpoint:
            return 0
        await self._verify_not_behind(turn.checkpoint)
        return await self._take(node, turn.checkpoint)

    async def answer(self, turn: CosignRequest, seen: int) -> CosignReply:
        """Returns the cosignatures and evidence of the others.

        Args:
            turn: The node's turn; it may ask to wait for a newer checkpoint.
            seen: The number of entries it cosigned.
        """
        # Evidence is returned at once, even if the log does not grow.
        waits = turn.wait and (not self._evidence or bool(turn.evidence))
        size, note = (
            await self._log.beyond(seen, within_s=COSIGN_WAIT_MS / 1000)
            if waits
            else await self._log.checkpoint()
        )
        return CosignReply(
            checkpoints=(self.merged(size, note), *self._newest()),
            evidence=tuple(self._evidence.values())[:MAX_EVIDENCE],
        )

    def merged(self, size: int, note: bytes) -> bytes:
        """Returns a checkpoint of the log with the cosignatures of that size."""
        cosigned = self._notes.get(size)
        if cosigned is None:
            return note
        # The log's signature may be newer than the cosigned one; the text is identical.
        return cosigned.with_signatures(parse_note(note).signatures).encode()

    def _newest(self) -> list[bytes]:
        """Returns the newest note of each agency; one note often serves several agencies."""
        missing = {agency for note in self._notes.values() for agency in _cosigners(note)}
        newest = []
        for size in sorted(self._notes, reverse=True):
            here = _cosigners(self._notes[size]) & missing
            if here:
                newest.append(self._notes[size].encode())
                missing -= here
        return newest

    @property
    def covered(self) -> int:
        """Returns the entries of the newest checkpoint cosigned by an agency; 0 for none."""
        return max((size for size, note in self._notes.items() if _cosigners(note)), default=0)

    def cosigners(self) -> frozenset[str]:
        """Returns the URIs of nodes with a current cosigning key."""
        trust, at = self._trust(), self._moment()
        return frozenset(node for node in trust.nodes() if trust.cosigning_keys(node, at=at))

    def behind(self) -> dict[str, int]:
        """Returns, for each cosigning node, the checkpointed entries it has not cosigned."""
        newest: dict[str, int] = {}
        for size, note in self._notes.items():
            for signature in note.signatures:
                newest[signature.name] = max(newest.get(signature.name, 0), size)
        covered = self._log.covered
        return {node: max(0, covered - newest.get(node, 0)) for node in self.cosigners()}

    async def _verify_not_behind(self, note: bytes) -> None:
        """Stops signing permanently if the log signed more than is stored: it was rolled back."""
        signed = verify_cosigned(note, self._trust().log)
        size = signed.checkpoint.size
        if size > self._log.size:
            await self._log.refresh()
        if size > self._log.size:
            sizes = {"signed": size, "stored": self._log.size}
            _log.critical("the log signed more entries than are stored", extra=sizes)
            await self._log.halt(size, note)
            self._log.verify_whole()

    def _moment(self) -> Moment:
        return Moment(index=self._log.size, time_ms=self._timekeeper.time_ms())

    async def _take(self, node: str, note: bytes) -> int:
        keys = self._trust().cosigning_keys(node, at=self._moment())
        required = self._keys_of(note)
        origin = self._trust().log.origin
        signed = parse_checkpoint(note, origin=origin, required=required, known=keys)
        if not any(each.key in keys for each in signed.signatures):
            raise CosignerUnknown(node)
        await self._keep(signed, [*required, *keys])
        return signed.checkpoint.size

    def _keys_of(self, note: bytes) -> list[VerifierKey]:
        """Returns the log's keys that count for a checkpoint's size."""
        size = parse_checkpoint_text(parse_note(note).text).size
        return list(map(parse_verifier_key, self._trust().log.at(size).verifier_keys))

    async def take_witness(self, key: VerifierKey, note: bytes, lines: bytes) -> None:
        """Accepts an external witness's signature lines for a checkpoint of this log.

        Raises:
            LogError: If they are invalid, or none is by ``key`` over that checkpoint.
        """
        keys = [key, *self._keys_of(note)]
        origin = self._trust().log.origin
        signed = parse_checkpoint(note + lines, origin=origin, required=keys)
        await self._keep(signed, keys)

    async def _keep(self, signed: SignedCheckpoint, keys: Sequence[VerifierKey]) -> None:
        """Stores the lines of ``keys``; other lines of a note were not verified here."""
        size, lines = signed.checkpoint.size, parse_note(signed.note).only_by(keys)

        def merge(before: bytes | None) -> bytes:
            note = lines if before is None else parse_note(before)
            return note.with_signatures(lines.signatures).encode()

        gone = sorted({*self._notes, size})[:-MAX_COSIGNED_SIZES]
        for old in gone:
            self._notes.pop(old, None)
        if size not in gone:
            above = gone[-1] if gone else -1
            kept = await self._store.put_cosigned(size, merge, above=above)
            self._take_kept(size, parse_note(kept))

    def _take_kept(self, size: int, kept: Note) -> None:
        self._notes[size] = self._notes.get(size, kept).with_signatures(kept.signatures)
        for old in sorted(self._notes)[:-MAX_COSIGNED_SIZES]:
            del self._notes[old]

    async def _accuse(self, evidence: Equivocation) -> None:
        data = encode_equivocation(evidence)
        found = hashlib.sha256(data).digest()
        if found in self._evidence or len(self._evidence) >= MAX_EVIDENCE:
            return
        older, newer = verify_equivocation(evidence, self._trust().log)
        await self._store.put_evidence(found, data)
        self._evidence[found] = evidence
        sizes = {"older": older.checkpoint.size, "newer": newer.checkpoint.size}
        _log.critical("the log signed two histories", extra=sizes)


def _cosigners(note: Note) -> frozenset[str]:
    """Returns the URIs of agencies whose nodes signed a note; other names have no scheme."""
    return frozenset(agency_uri_of(each.name) for each in note.signatures if "://" in each.name)
