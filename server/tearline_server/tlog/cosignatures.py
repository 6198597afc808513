"""Cosignatures of the log: collected from nodes, and distributed to those that rely on them.

Every node receives the cosignatures of the counted cosigners and of its partners. An exchange that
shows two histories must withhold cosignatures, and the nodes detect that they are missing.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice

from tearline.errors import CosignerUnknown
from tearline.federation.equivocation import Equivocation, verify_equivocation
from tearline.identity import agency_uri_of
from tearline.limits import (
    COSIGN_TURN_MS,
    COSIGN_WAIT_MS,
    MAX_COSIGN_PAUSE_MS,
    MAX_COSIGNED_SIZES,
    MAX_EVIDENCE,
    MAX_TOLD_LINES,
    MAX_TOLD_NOTES,
)
from tearline.tlog.checkpoint import (
    SignedCheckpoint,
    VerifierKey,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.note import Note, NoteSignature, parse_note
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

    Of a counted cosigner's node the lines of all these checkpoints stay, since a quorum of one size
    is looked for; of another node the newest alone.

    Args:
        store: The store of cosignatures.
        log: The log of the checkpoints.
        trust: Returns the current keys on record.
        partners: Returns the parties of an agency's agreements.
        timekeeper: The time; learns the clocks of agencies that cosign.
    """

    def __init__(
        self,
        store: Store,
        log: AuditLog,
        trust: Callable[[], TrustState],
        partners: Callable[[str], AbstractSet[str]],
        timekeeper: Timekeeper,
    ) -> None:
        self._store = store
        self._log = log
        self._trust = trust
        self._partners = partners
        self._timekeeper = timekeeper
        self._notes: dict[int, Note] = {}
        self._sizes: dict[str, int] = {}  # the newest of each node
        self._evidence: dict[bytes, Equivocation] = {}

    async def restore(self) -> None:
        """Resumes from the stored cosignatures and evidence."""
        self._notes, self._sizes = {}, {}
        for size, note in await self._store.cosigned():
            self._take_kept(size, parse_note(note))
        found = [(data, parse_equivocation(data)) for data in await self._store.evidence()]
        self._evidence = {hashlib.sha256(data).digest(): evidence for data, evidence in found}

    async def follow(self, changes: Changes) -> None:
        """Loads cosignatures and evidence that other processes stored."""
        if changes.cosigned is None:
            await self.restore()
            return
        for size in changes.cosigned:
            for note in await self._store.cosigned_at(size):
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

    async def answer(self, node: str, turn: CosignRequest, seen: int) -> CosignReply:
        """Returns the cosignatures and evidence on which a node relies.

        Args:
            node: Its URI.
            turn: Its turn; it may ask to wait for a newer checkpoint.
            seen: The number of entries it cosigned.
        """
        # Evidence is returned at once, even if the log does not grow.
        waits = turn.wait and (not self._evidence or bool(turn.evidence))
        size, note = (
            await self._log.beyond(seen, within_s=COSIGN_WAIT_MS / 1000)
            if waits
            else await self._log.checkpoint()
        )
        agency = agency_uri_of(node)
        return CosignReply(
            checkpoints=(self.merged(size, note, agency), *self._newest(agency)),
            evidence=tuple(self._evidence.values())[:MAX_EVIDENCE],
            pause_ms=self._pause_ms(agency),
        )

    def merged(self, size: int, note: bytes, agency: str = "") -> bytes:
        """Returns a checkpoint of the log with the cosignatures of that size.

        Args:
            size: The entries that it covers.
            note: Its note, with the log's lines.
            agency: The agency whose partners' lines it has beside those of the counted cosigners;
                empty for none.
        """
        cosigned = self._notes.get(size)
        if cosigned is None:
            return note
        shown = next(_parts(cosigned, self._told(agency)))
        # The log's signature may be newer than the cosigned one; the text is identical.
        return shown.with_signatures(parse_note(note).signatures).encode()

    def at(self, size: int) -> Note | None:
        """Returns the checkpoint of a size with the lines of counted cosigners, or None."""
        cosigned = self._notes.get(size)
        return None if cosigned is None else next(_parts(cosigned, list(self._counted)))

    def _told(self, agency: str) -> list[str]:
        """Returns the agencies on whose cosignatures an agency relies, the counted ones first."""
        partners = {agency, *self._partners(agency)} if agency else ()
        return list(dict.fromkeys((*self._counted, *partners)))

    def _newest(self, agency: str) -> list[bytes]:
        """Returns the newest notes on which an agency relies; one note often has several lines."""
        told, newest = self._told(agency), dict[str, int]()
        for node, size in self._sizes.items():
            cosigner = agency_uri_of(node)
            newest[cosigner] = max(size, newest.get(cosigner, 0))
        sizes = dict.fromkeys(newest[each] for each in told if each in newest)
        notes = (part.encode() for size in sizes for part in _parts(self._notes[size], told))
        return list(islice(notes, MAX_TOLD_NOTES))

    def _pause_ms(self, agency: str) -> int:
        """Returns the pause before an agency's next turn: the more nodes cosign, the longer."""
        if agency in self._counted:
            return 0
        return min(MAX_COSIGN_PAUSE_MS, COSIGN_TURN_MS * len(self._sizes))

    @property
    def _counted(self) -> frozenset[str]:
        return self._trust().members.cosigners

    @property
    def covered(self) -> int:
        """Returns the entries of the newest checkpoint cosigned by an agency; 0 for none."""
        return max(self._sizes.values(), default=0)

    def cosigners(self) -> frozenset[str]:
        """Returns the URIs of nodes with a current cosigning key."""
        trust, at = self._trust(), self._moment()
        return frozenset(node for node in trust.nodes() if trust.cosigning_keys(node, at=at))

    def behind(self) -> dict[str, int]:
        """Returns, for each cosigning node, the checkpointed entries it has not cosigned."""
        covered = self._log.covered
        return {node: max(0, covered - self._sizes.get(node, 0)) for node in self.cosigners()}

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
        await self._keep(node, signed, [*required, *keys])
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
        await self._keep(key.name, signed, keys)

    async def _keep(
        self, cosigner: str, signed: SignedCheckpoint, keys: Sequence[VerifierKey]
    ) -> None:
        """Stores the lines of ``keys``; other lines of a note were not verified here."""
        size, lines = signed.checkpoint.size, parse_note(signed.note).only_by(keys)
        gone = sorted({*self._notes, size})[:-MAX_COSIGNED_SIZES]
        if size in gone or (self._keeps_newest(cosigner) and size < self._sizes.get(cosigner, 0)):
            return
        await self._store.put_cosigned(
            size,
            cosigner,
            lines.encode(),
            since=size if self._keeps_newest(cosigner) else 0,
            above=gone[-1] if gone else -1,
        )
        self._take_kept(size, lines)

    def _keeps_newest(self, cosigner: str) -> bool:
        """Returns whether the newest line of a cosigner replaces its others."""
        agency = _agency_of(cosigner)
        return agency != "" and agency not in self._counted

    def _take_kept(self, size: int, kept: Note) -> None:
        for line in kept.signatures:
            last = self._sizes.get(line.name, 0)
            if self._keeps_newest(line.name) and last < size and last in self._notes:
                self._drop_line(last, line.name)
            if _agency_of(line.name):
                self._sizes[line.name] = max(last, size)
        self._notes[size] = self._notes.get(size, kept).with_signatures(kept.signatures)
        for old in sorted(self._notes)[:-MAX_COSIGNED_SIZES]:
            for line in self._notes.pop(old).signatures:
                if self._sizes.get(line.name) == old:
                    del self._sizes[line.name]

    def _drop_line(self, size: int, cosigner: str) -> None:
        note = self._notes[size]
        left = tuple(line for line in note.signatures if line.name != cosigner)
        if all(line.name == self._trust().log.origin for line in left):
            del self._notes[size]
        else:
            self._notes[size] = Note(text=note.text, signatures=left)

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


def _parts(note: Note, agencies: Sequence[str]) -> Iterator[Note]:
    """Yields a note with the lines of some agencies, in their order: each part is a whole note.

    Each has the lines of the log and of external witnesses, too.
    """
    places = {agency: place for place, agency in enumerate(agencies)}
    lines: list[tuple[int, NoteSignature]] = []
    others: list[NoteSignature] = []
    for line in note.signatures:
        agency = _agency_of(line.name)
        if not agency:
            others.append(line)
        elif agency in places:
            lines.append((places[agency], line))
    ordered = [line for _, line in sorted(lines, key=lambda each: each[0])]
    for start in range(0, max(1, len(ordered)), MAX_TOLD_LINES):
        part = (*others, *ordered[start : start + MAX_TOLD_LINES])
        yield Note(text=note.text, signatures=part)


def _agency_of(cosigner: str) -> str:
    """Returns the agency of a node that cosigns; empty for logs and witnesses without a scheme."""
    return agency_uri_of(cosigner) if "://" in cosigner else ""
