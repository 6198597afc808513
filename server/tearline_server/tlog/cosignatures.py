"""Cosignatures of the log: collected from nodes, and distributed to those that rely on them.

Every node receives the cosignatures of the counted cosigners and of its partners. An exchange that
shows two histories must withhold cosignatures, and the nodes detect that they are missing.
"""

import hashlib
import logging
from collections.abc import Callable, Container, Sequence
from collections.abc import Set as AbstractSet
from itertools import accumulate, islice

from tearline.errors import CosignerUnknown
from tearline.federation.equivocation import Equivocation, verify_equivocation
from tearline.federation.members import KeyUse
from tearline.identity import agency_uri_of
from tearline.limits import (
    COSIGN_TURN_MS,
    COSIGN_WAIT_MS,
    MAX_COSIGN_BYTES,
    MAX_COSIGN_PAUSE_MS,
    MAX_EVIDENCE,
    MAX_TOLD_NOTES,
)
from tearline.tlog.checkpoint import (
    SignedCheckpoint,
    VerifierKey,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_verifier_key,
)
from tearline.tlog.note import LineName, Note, NoteSignature, parse_note
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
from tearline_server.tlog.cosigned_checkpoints import CosignedCheckpoints, Signers, agency_of
from tearline_server.tlog.log import AuditLog

_log = logging.getLogger(__name__)

_FRAME_BYTES = 8  # of a note in an answer
_NOTES_BYTES = MAX_COSIGN_BYTES - (1 << 10)  # with the rest of the answer, a message


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
        self._checkpoints = CosignedCheckpoints(self._keeps_newest, self._use_of)
        self._evidence: dict[bytes, Equivocation] = {}

    async def restore(self) -> None:
        """Resumes from the stored cosignatures and evidence."""
        self._checkpoints = CosignedCheckpoints(self._keeps_newest, self._use_of)
        for size, note in await self._store.cosigned():
            self._checkpoints.add(size, parse_note(note))
        found = [(data, parse_equivocation(data)) for data in await self._store.evidence()]
        self._evidence = {hashlib.sha256(data).digest(): evidence for data, evidence in found}

    async def follow(self, changes: Changes) -> None:
        """Loads cosignatures and evidence that other processes stored."""
        if changes.cosigned is None:
            await self.restore()
            return
        for size in changes.cosigned:
            for note in await self._store.cosigned_at(size):
                self._checkpoints.add(size, parse_note(note))

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

    def is_cosigned(self, node: str, note: bytes) -> bool:
        """Returns whether a note has a line by a cosigning key of a node, which may be light."""
        keys = self._trust().cosigning_keys(node, at=self._moment())
        return bool(parse_note(note).only_by(keys).signatures)

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
        evidence = tuple(self._evidence.values())[:MAX_EVIDENCE]
        shown = self.merged(size, note, agency)
        taken = len(shown) + sum(len(encode_equivocation(each)) for each in evidence)
        return CosignReply(
            checkpoints=(shown, *self._newest(agency, _NOTES_BYTES - taken)),
            evidence=evidence,
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
        shown = next(self._checkpoints.parts(size, self._told(agency)), None)
        if shown is None:
            return note
        # The log's signature may be newer than the cosigned one; the text is identical.
        return shown.with_signatures(parse_note(note).signatures).encode()

    def at(self, size: int, keys: Container[LineName]) -> Note | None:
        """Returns the checkpoint of a size with lines by keys of counted cosigners, or None."""
        return next(self._checkpoints.parts(size, self._told(), keys), None)

    def _told(self, agency: str = "") -> list[Signers]:
        """Returns the signers on whose lines an agency relies, the counted cosigners first.

        Lines of light nodes are told to partners alone: they count to no quorum.
        """
        partners = {agency, *self._partners(agency)} if agency else set()
        cosigners = [(each, KeyUse.COSIGN) for each in (*self._counted, *partners)]
        return list(dict.fromkeys((*cosigners, *((each, KeyUse.WITNESS) for each in partners))))

    def _newest(self, agency: str, room: int) -> list[bytes]:
        """Returns the newest notes on which an agency relies; one note often has several lines.

        Each has the lines of those signers that signed no newer one: others are told with theirs.
        It has the agency's own, too, since a node looks for lines that it did not make.
        """
        newest = self._checkpoints.newest_of(self._told(agency)).items()
        own = ((agency, KeyUse.COSIGN), (agency, KeyUse.WITNESS))
        parts = (
            part.encode()
            for size, signers in newest
            for part in self._checkpoints.parts(size, dict.fromkeys((*signers, *own)))
        )
        found = list(islice(parts, MAX_TOLD_NOTES))
        sizes = accumulate(len(each) + _FRAME_BYTES for each in found)
        return [each for each, size in zip(found, sizes, strict=True) if size <= room]

    def _pause_ms(self, agency: str) -> int:
        """Returns the pause before an agency's next turn: the more nodes cosign, the longer."""
        if agency in self._counted:
            return 0
        return min(
            MAX_COSIGN_PAUSE_MS, COSIGN_TURN_MS * sum(map(len, self._checkpoints.sizes.values()))
        )

    @property
    def _counted(self) -> frozenset[str]:
        return self._trust().members.cosigners

    @property
    def covered(self) -> int:
        """Returns the entries of the newest checkpoint cosigned by an agency; 0 for none."""
        return max(self._checkpoints.sizes[KeyUse.COSIGN].values(), default=0)

    def cosigners(self) -> frozenset[str]:
        """Returns the URIs of nodes with a current cosigning key."""
        trust, at = self._trust(), self._moment()
        return frozenset(node for node in trust.nodes() if trust.cosigning_keys(node, at=at))

    def behind(self) -> dict[str, int]:
        """Returns, for each cosigning node, the checkpointed entries it has not cosigned."""
        covered, sizes = self._log.covered, self._checkpoints.sizes[KeyUse.COSIGN]
        return {node: max(0, covered - sizes.get(node, 0)) for node in self.cosigners()}

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
        trust, at = self._trust(), self._moment()
        keys = (*trust.cosigning_keys(node, at=at), *trust.witness_keys(node, at=at))
        required = self._keys_of(note)
        origin = trust.log.origin
        signed = parse_checkpoint(note, origin=origin, required=required, known=keys)
        own = [each.key for each in signed.signatures if each.key in keys]
        if not own:
            raise CosignerUnknown(node)
        await self._keep(node, signed, [*required, own[-1]])  # one line, however many keys it has
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
        gone = self._checkpoints.displaced_by(size)
        keeps_newest = self._keeps_newest(agency_of(cosigner))
        newest = max(self._checkpoints.sizes[use].get(cosigner, 0) for use in KeyUse)
        if size in gone or (keeps_newest and size < newest):
            return
        await self._store.put_cosigned(
            size,
            cosigner,
            lines.encode(),
            since=size if keeps_newest else 0,
            above=gone[-1] if gone else -1,
        )
        self._checkpoints.add(size, lines)

    def _keeps_newest(self, agency: str) -> bool:
        """Returns whether the newest line of an agency's node replaces its others."""
        return agency != "" and agency not in self._counted

    def _use_of(self, line: NoteSignature) -> KeyUse:
        """Returns the use of the key of a line; one that does not cosign now counts nowhere."""
        keys = self._trust().cosigning_keys(line.name, at=self._moment())
        is_cosigned = line.key_hash in [key.key_hash for key in keys]
        return KeyUse.COSIGN if is_cosigned else KeyUse.WITNESS

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
