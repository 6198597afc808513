"""The node as a cosigner: it signs the log it follows, and compares others' checkpoints.

It detects a split view: each node sees the other's cosigned checkpoints, or misses them. A
contradiction under the log's own signature is evidence for third parties. Sending then stops until
an officer decides.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice

from tearline.errors import (
    CosignerElsewhere,
    CosignerUnknown,
    ExchangeError,
    KeystoreEntryMissing,
    LogError,
    LogForked,
    LogInconsistent,
    NotFound,
    StatementMalformed,
    TrustStale,
    TwinAtWork,
)
from tearline.federation.cosigning import AddCheckpoint, CosignedTree, verify_add_checkpoint
from tearline.federation.equivocation import Equivocation, verify_equivocation
from tearline.limits import MAX_COSIGN_PAUSE_MS
from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    SignedCheckpoint,
    parse_checkpoint_text,
)
from tearline.tlog.note import NoteSignature, parse_note
from tearline.verification.log_entries import verify_cosigned
from tearline.wire.cosigning import (
    CosignRequest,
    encode_cosign_turn,
    encode_equivocation,
    parse_cosign_news,
)
from tearline_client.context import NodeContext
from tearline_client.cosigning.partner_lines import (
    alarm_missing,
    cosigning_keys,
    hear_lines,
    log_keys_at,
    parsed,
    parsed_with_lines,
    record_lines,
    witness_keys,
)
from tearline_client.log.equivocation import find_equivocation
from tearline_client.log.follower import LogFollower, verify_not_ahead


class Cosigner:
    """Cosigner of one node.

    Args:
        context: The node.
        signer: Returns its current cosigning key.
    """

    def __init__(self, context: NodeContext, signer: Callable[[], CheckpointSigner]) -> None:
        self._context = context
        self._signer = signer

    async def turn(self, *, wait: bool = False) -> float:
        """Sends our cosignature to the exchange, and checks others' cosignatures in the reply.

        Args:
            wait: Whether to return only once the log has grown, or after half a minute.

        Returns:
            The pause before the next turn, in seconds, as the exchange asks for it.

        Raises:
            LogForked: If the log signed two histories, seen here or shown by another node.
            LogError: If the reply is inconsistent.
            ExchangeError: If the exchange is unreachable.
            TwinAtWork: If our own key cosigned later than this node did.
        """
        follower = self._context.follower
        if isinstance(follower, LogFollower):
            reply = await self._told(wait=wait)
        else:
            await self._context.follow()
            reply = await self._told(wait=False)
        try:
            news = parse_cosign_news(reply)
            for evidence in news.evidence:
                self.accuse(evidence)
            self._verify_own(news.checkpoints)
            if isinstance(follower, LogFollower):
                await self._compare_all(news.checkpoints)
            else:
                await hear_lines(self._context, follower, news.checkpoints)
        except LogForked:
            await self._warn()
            raise
        except (LogError, StatementMalformed) as error:
            self._context.alarm(error, reply)
            raise
        self._context.cosigned.set()
        if self._context.is_light:
            return MAX_COSIGN_PAUSE_MS / 1000  # a directory comes each minute
        alarm_missing(self._context)
        return min(int(news.pause_ms), MAX_COSIGN_PAUSE_MS) / 1000

    async def _compare_all(self, notes: Sequence[bytes]) -> None:
        sizes = [parse_checkpoint_text(parse_note(note).text).size for note in notes]
        if max(sizes) > self._context.stores.log.size:
            await self.follow()
        for note in notes:
            self._compare(note)

    async def follow(self) -> None:
        """Follows the log up to its newest checkpoint, and cosigns those behind directories.

        Raises:
            LogError: If it is not the log followed so far, or is smaller than cosigned; LogForked
                if it signed both, which is sent to the exchange for every node.
            ExchangeError: If the exchange is unreachable.
        """
        seen = self.seen  # read before the call: a newer checkpoint may be offered during it
        try:
            while await self._context.follow(to_directory=self._context.is_counted):
                with suppress(CosignerUnknown):
                    await self._tell(self.cosign())
            if self._context.stores.log.size < seen.size:
                raise LogInconsistent("the exchange withholds entries that were cosigned here")
        except LogInconsistent:
            await self.investigate()
            # An exchange restored from a backup must learn that it signed more.
            with suppress(ExchangeError, LogError):
                await self._tell(self.cosign())
            raise

    async def investigate(self) -> None:
        """Searches the log's current state for evidence, as a full node.

        Raises:
            LogForked: If it is found; every node notified by the exchange will stop.
        """
        log, ask = self._context.known.log, self._context.transport.entries
        found, is_light = None, self._context.is_light  # which has no tree to compare
        if (followed := self._context.follower.checkpoint()) is not None and not is_light:
            found = await find_equivocation(ask, log, followed, self._context.stores.log)
        if found is None and (cosigned := self._last()) is not None and not is_light:
            found = await find_equivocation(ask, log, cosigned)
        if found is not None:
            await self.judge(found)

    async def compare(self, note: bytes) -> None:
        """Compares a partner's checkpoint, from any source, with the log followed.

        Raises:
            LogForked: If it is of another history; all reachable nodes are notified.
            LogError: If the log did not sign it, or it exceeds the exchange's log.
        """
        try:
            self._compare(note)
        except LogForked:
            await self._warn()
            raise

    async def judge(self, evidence: Equivocation) -> None:
        """Stores evidence from any source.

        Raises:
            LogForked: If it is new and valid; all reachable nodes are notified.
            LogError: If it is invalid.
        """
        try:
            self.accuse(evidence)
        except LogForked:
            await self._warn()
            raise

    # Served over HTTP: see docs/spec/log-v1.md, section 9.

    @property
    def seen(self) -> CosignedTree:
        """Returns the largest tree that this node cosigned."""
        if self._context.stores.cosigning.cosigned() is None:
            return CosignedTree()  # a new node, which does not know the log's keys yet
        return self._context.stores.cosigning.seen(self._context.known.log)

    async def add_checkpoint(self, offered: AddCheckpoint) -> NoteSignature:
        """Cosigns an offered checkpoint that extends the last cosigned one (tlog-witness).

        Its entries are read and verified first, and its tree is stored before it is signed. A
        contradicting checkpoint of the log is evidence, not the caller's mistake.

        Raises:
            CosignerUnknown: If our key is not valid now.
            ClockSkewed: If it is dated in our future.
            CosignerElsewhere: If the proof begins at another size than the last cosigned one, or
                the log has grown beyond the checkpoint.
            TrustStale: If its newest directory entry is not of now.
            ExchangeError: If its entries are not here, and the exchange is unreachable.
            LogForked: If the log signed two histories: sending stops, and all reachable nodes are
                notified.
            LogError: If it must not be cosigned; see ``verify_add_checkpoint``.
        """
        signer = self._counting_signer()
        if signer is None:
            raise CosignerUnknown("this node has no cosigning key on record")
        log, now_ms = self._context.known.log, self._context.now_ms()
        try:
            checkpoint = verify_add_checkpoint(offered, log, self.seen)
            verify_not_ahead(verify_cosigned(offered.note, log), now_ms)
            if checkpoint.size > self._context.stores.log.size:
                await self.follow()
            if (last := self.seen) != CosignedTree(size=checkpoint.size, root=checkpoint.root):
                raise CosignerElsewhere(f"its last tree has {last.size} entries")
        except (CosignerElsewhere, LogInconsistent):
            evidence = self._contradiction(verify_cosigned(offered.note, log))
            if evidence is None:
                raise
            await self.judge(evidence)
            raise LogForked("this is known already") from None
        self._context.follower.verify_stated(now_ms)
        return self._signed(signer, checkpoint, now_ms)

    def mirrored(self, *, as_stated: bool = False) -> bytes:
        """Returns the newest checkpoint over the entries here.

        It includes our signature, unless a larger tree was cosigned whose entries are not read yet:
        a cosigner does not go back. With ``as_stated``, a log whose directory is not of now is
        signed as of that directory: a succession needs it, and it claims no newer state.

        Raises:
            NotFound: If the log has not been read yet.
        """
        newest = self._context.follower.checkpoint()
        if newest is None:
            raise NotFound("the log has not been read yet")
        signer, time_ms = self._counting_signer(), self._context.now_ms()
        try:
            self._context.follower.verify_stated(time_ms)
        except TrustStale:
            if not as_stated:
                return newest.note
            time_ms = min(time_ms, self._context.trust.membership.time_ms)
        if signer is None or self.seen.size != newest.checkpoint.size:
            return newest.note
        line = self._signed(signer, newest.checkpoint, time_ms)
        return parse_note(newest.note).with_signatures([line]).encode()

    async def _warn(self) -> None:
        # A lying exchange may not pass it on; then people carry the file.
        with suppress(ExchangeError, LogError):
            await self._tell(b"")

    async def _told(self, *, wait: bool) -> bytes:
        try:
            return await self._tell(self.cosign(), wait=wait)
        except CosignerUnknown:
            # By the exchange's clock our key is invalid now. Others' checkpoints are still checked.
            return await self._tell(b"", wait=wait)

    async def _tell(self, checkpoint: bytes, *, wait: bool = False) -> bytes:
        turn = CosignRequest(
            checkpoint=checkpoint,
            evidence=self._evidence(),
            wait=wait,
            clock_ms=self._context.now_ms(),
        )
        return await self._context.transport.cosign(encode_cosign_turn(turn))

    def cosign(self) -> bytes:
        """Returns the stored cosigned checkpoint with our signature; empty if there is none.

        A log whose directory is not of now is not signed anew: the note is the one of before.
        """
        last, signer, now_ms = self._last(), self._counting_signer(), self._context.now_ms()
        if last is None or signer is None:
            return b""
        try:
            self._context.follower.verify_stated(now_ms)
        except TrustStale:  # an exchange that begins again learns what was signed before
            return self._context.stores.cosigning.reported()
        line = self._signed(signer, last.checkpoint, now_ms)
        note = parse_note(last.note).with_signatures([line]).encode()
        with self._context.stores.database.transaction():
            self._context.stores.cosigning.put_reported(note)
        return note

    def _signed(self, key: CheckpointSigner, checkpoint: Checkpoint, time_ms: int) -> NoteSignature:
        """Returns our signature of a time, which is stored before it is sent."""
        with self._context.stores.database.transaction():
            self._context.stores.cosigning.put_signed(time_ms // 1000)
        return key.sign(checkpoint, time_s=time_ms // 1000)

    def _verify_own(self, notes: Sequence[bytes]) -> None:
        """Verifies that our key signed no later than this node did.

        Raises:
            TwinAtWork: If it signed later.
            LogError: If our signature does not verify.
        """
        signer = self._counting_signer()
        if signer is None:
            return
        for note in notes:
            if not parse_note(note).only_by([signer.verifier]).signatures:
                continue
            found = parsed(self._context, note, [signer.verifier])
            times = [s.time_s for s in found.signatures if s.key == signer.verifier and s.time_s]
            last = self._context.stores.cosigning.signed_s()
            if any(time_s > last for time_s in times):
                sign = f"it cosigned {found.checkpoint.size} entries of the log"
                self._context.stop_for_twin(TwinAtWork(sign), note)

    def _counting_signer(self) -> CheckpointSigner | None:
        """Returns our key, if it is on record and valid now."""
        try:
            signer = self._signer()
        except KeystoreEntryMissing:
            return None  # a home from before cosigning: it follows the log all the same
        own_keys = witness_keys if self._context.is_light else cosigning_keys
        return signer if signer.verifier in own_keys(self._context, [self._context.uri]) else None

    def accuse(self, evidence: Equivocation) -> None:
        """Stores evidence against the log from any source; known evidence is ignored.

        Raises:
            LogForked: If it is new and valid: sending stops.
            LogError: If it is invalid.
        """
        older, newer = verify_equivocation(evidence, self._context.known.log)
        stores = self._context.stores
        with stores.database.transaction():
            is_new = stores.cosigning.accuse(evidence, now_ms=self._context.now_ms())
        if is_new:
            sizes = f"sizes {older.checkpoint.size} and {newer.checkpoint.size}"
            error = LogForked(sizes)
            self._context.alarm(error, encode_equivocation(evidence))
            raise error

    def _evidence(self) -> tuple[Equivocation, ...]:
        # A wrong directory is not handed on: every node that reads the log derives its own.
        open_ones = (a for a in self._context.stores.cosigning.accusations() if not a.decision)
        found = (a.evidence for a in open_ones if isinstance(a.evidence, Equivocation))
        return tuple(islice(found, 1))

    def _compare(self, note: bytes) -> None:
        """Compares a checkpoint with our own tree, and records its cosigners."""
        signed = parsed_with_lines(self._context, note)
        size = signed.checkpoint.size
        if size == 0:
            return
        newest = self._context.follower.checkpoint()
        if newest is None or size > newest.checkpoint.size:
            raise LogInconsistent("the exchange withholds entries that others have cosigned")
        evidence = self._contradiction(signed)
        if evidence is not None:
            self.accuse(evidence)
            return
        record_lines(self._context, signed)
        self._context.cosigned.set()

    def _contradiction(self, signed: SignedCheckpoint) -> Equivocation | None:
        """Returns evidence that a checkpoint contradicts the log here, or None."""
        size, root = signed.checkpoint.size, signed.checkpoint.root
        last = self._last()
        if last is not None and last.checkpoint.size == size:
            if last.checkpoint.root == root:
                return None
            return Equivocation(older=last.note, newer=self._bare(signed), root=root, path=())
        newest, own = self._context.follower.checkpoint(), self._context.stores.log
        if newest is None or not 0 < size <= newest.checkpoint.size or own.root_at(size) == root:
            return None
        return Equivocation(
            older=self._bare(signed),
            newer=self._bare(newest),
            root=own.root_at(size),
            path=own.consistency(size, newest.checkpoint.size),
        )

    def _bare(self, signed: SignedCheckpoint) -> bytes:
        """Returns a checkpoint with only the log's signatures, so that equal evidence is equal."""
        keys = log_keys_at(self._context, signed.checkpoint.size)
        return parse_note(signed.note).only_by(keys).encode()

    def _last(self) -> SignedCheckpoint | None:
        note = self._context.stores.cosigning.cosigned()
        return None if note is None else verify_cosigned(note, self._context.known.log)
