"""Cosignatures: what agencies sign of the log, gathered and handed round.

Every node is told what the others saw. An exchange that shows two histories has to keep their
cosignatures from each other, and is found out by what is missing.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence

from tearline.checkpoint import (
    SignedCheckpoint,
    VerifierKey,
    parse_checkpoint,
    parse_verifier_key,
)
from tearline.equivocation import Equivocation, verify_equivocation
from tearline.errors import CosignerUnknown
from tearline.federation import LogIdentity
from tearline.identity import agency_uri_of
from tearline.ledger import verify_cosigned
from tearline.limits import COSIGN_WAIT_MS, MAX_COSIGNED_SIZES, MAX_EVIDENCE
from tearline.note import Note, parse_note
from tearline.trust import Moment, TrustState
from tearline.wire.cosigning import (
    CosignNews,
    CosignTurn,
    encode_equivocation,
    parse_equivocation,
)
from tearline_server.auditlog import AuditLog
from tearline_server.storage.store import Store
from tearline_server.storage.stored import Heard
from tearline_server.timekeeper import Timekeeper

_log = logging.getLogger(__name__)


class Cosignatures:
    """The newest checkpoints with the lines of those who cosigned them.

    Args:
        store: Where they are kept.
        log: Whose checkpoints they are.
        identity: Its name and keys.
        trust: The keys on record, as they are now.
        timekeeper: The time; told when agencies cosign, by their own clocks.
    """

    def __init__(
        self,
        store: Store,
        log: AuditLog,
        identity: LogIdentity,
        trust: Callable[[], TrustState],
        timekeeper: Timekeeper,
    ) -> None:
        self._store = store
        self._log = log
        self._identity = identity
        self._trust = trust
        self._timekeeper = timekeeper
        self._notes: dict[int, Note] = {}
        self._evidence: dict[bytes, Equivocation] = {}

    async def restore(self) -> None:
        """Goes on from what is stored."""
        self._notes = {size: parse_note(note) for size, note in await self._store.cosigned()}
        found = [(data, parse_equivocation(data)) for data in await self._store.evidence()]
        self._evidence = {hashlib.sha256(data).digest(): evidence for data, evidence in found}

    async def follow(self, heard: Heard) -> None:
        """Takes in what was cosigned, or found, at another process."""
        if heard.cosigned is None:
            await self.restore()
            return
        for size in heard.cosigned:
            note = await self._store.cosigned_at(size)
            if note is not None:
                self._take_kept(size, parse_note(note))

    async def hear(self, node: str, turn: CosignTurn) -> int:
        """Takes what a node cosigned and found; how many entries it cosigned, 0 for nothing.

        Raises:
            LogBehind: If the log signed more entries than are stored here.
            LogError: If it is no cosignature of this node over a checkpoint of this log, or no
                evidence.
        """
        for evidence in turn.evidence:
            await self._accuse(evidence)
        if not turn.checkpoint:
            return 0
        await self._verify_not_behind(turn.checkpoint)
        return await self._take(node, turn.checkpoint)

    async def answer(self, turn: CosignTurn, seen: int) -> CosignNews:
        """Says what the others cosigned and found.

        Args:
            turn: What the node said; it may wait until there is a newer checkpoint.
            seen: How many entries it cosigned.
        """
        # Evidence does not wait for the log to grow.
        waits = turn.wait and (not self._evidence or bool(turn.evidence))
        size, note = (
            await self._log.beyond(seen, within_s=COSIGN_WAIT_MS / 1000)
            if waits
            else await self._log.checkpoint()
        )
        return CosignNews(
            checkpoints=(self.merged(size, note), *self._newest()),
            evidence=tuple(self._evidence.values())[:MAX_EVIDENCE],
        )

    def merged(self, size: int, note: bytes) -> bytes:
        """A checkpoint of the log with the lines of those who cosigned that size."""
        cosigned = self._notes.get(size)
        if cosigned is None:
            return note
        # The log's lines may be younger than those that were cosigned; the text is one.
        return cosigned.with_signatures(parse_note(note).signatures).encode()

    def _newest(self) -> list[bytes]:
        """For each agency the newest note with its line; one note often serves several."""
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
        """Entries that an agency cosigned, of the checkpoints that are kept; 0 for none."""
        return max((size for size, note in self._notes.items() if _cosigners(note)), default=0)

    def cosigners(self) -> frozenset[str]:
        """URIs of the nodes whose cosigning key counts now."""
        trust, at = self._trust(), self._moment()
        return frozenset(node for node in trust.nodes() if trust.cosigning_keys(node, at=at))

    def behind(self) -> dict[str, int]:
        """For each node that cosigns, how many entries under a checkpoint it has not cosigned."""
        newest: dict[str, int] = {}
        for size, note in self._notes.items():
            for signature in note.signatures:
                newest[signature.name] = max(newest.get(signature.name, 0), size)
        covered = self._log.covered
        return {node: max(0, covered - newest.get(node, 0)) for node in self.cosigners()}

    async def _verify_not_behind(self, note: bytes) -> None:
        """Stops for good where the log itself signed more than it has: it was rolled back."""
        signed = verify_cosigned(note, self._identity)
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
        required = [parse_verifier_key(key) for key in self._identity.verifier_keys]
        signed = parse_checkpoint(note, origin=self._identity.origin, required=required, known=keys)
        times_s = [each.time_s for each in signed.signatures if each.key in keys and each.time_s]
        if not times_s:
            raise CosignerUnknown(node)
        self._timekeeper.hear(agency_uri_of(node), max(times_s) * 1000)
        await self._keep(signed, [*required, *keys])
        return signed.checkpoint.size

    async def take_witness(self, key: VerifierKey, note: bytes, lines: bytes) -> None:
        """Takes what a foreign witness answered to a checkpoint of ours: its signature lines.

        Raises:
            LogError: If they are none, or none is by ``key`` over that checkpoint.
        """
        keys = [key, *map(parse_verifier_key, self._identity.verifier_keys)]
        signed = parse_checkpoint(note + lines, origin=self._identity.origin, required=keys)
        await self._keep(signed, keys)

    async def _keep(self, signed: SignedCheckpoint, keys: Sequence[VerifierKey]) -> None:
        """Keeps the lines of ``keys``: what else stands on a note was not verified here."""
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
        older, newer = verify_equivocation(evidence, self._identity)
        await self._store.put_evidence(found, data)
        self._evidence[found] = evidence
        sizes = {"older": older.checkpoint.size, "newer": newer.checkpoint.size}
        _log.critical("the log signed two histories", extra=sizes)


def _cosigners(note: Note) -> frozenset[str]:
    """URIs of the agencies whose nodes signed a note; the names of others have no scheme."""
    return frozenset(agency_uri_of(each.name) for each in note.signatures if "://" in each.name)
