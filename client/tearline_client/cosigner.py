"""The node as a cosigner: it signs the log it follows, and compares what others signed.

Two nodes that are shown different logs find out here: each is told what the other cosigned,
or misses it. What contradicts our own log, under the log's own signature, is evidence that
convinces anyone; from then on nothing is sent until an officer decides.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from tearline.checkpoint import (
    CheckpointSigner,
    NoteAlgorithm,
    SignedCheckpoint,
    VerifierKey,
    parse_checkpoint,
    parse_checkpoint_text,
    parse_note,
    parse_verifier_key,
)
from tearline.equivocation import Equivocation, verify_equivocation
from tearline.errors import (
    CosignatureMissing,
    CosignerUnknown,
    KeystoreEntryMissing,
    LogError,
    LogForked,
    LogInconsistent,
    RequestError,
    StatementMalformed,
)
from tearline.federation import KeyUse
from tearline.identity import agency_uri_of
from tearline.ledger import verify_cosigned
from tearline.wire.cosigning import (
    CosignTurn,
    encode_cosign_turn,
    encode_equivocation,
    parse_cosign_news,
)
from tearline_client.investigation import find_equivocation
from tearline_client.state import NodeState


class Cosigner:
    """Cosigns for one node.

    Args:
        state: The node.
        signer: Gives its cosigning key, as it is now.
    """

    def __init__(self, state: NodeState, signer: Callable[[], CheckpointSigner]) -> None:
        self._state = state
        self._signer = signer

    async def turn(self, *, wait: bool = False) -> None:
        """Tells the exchange what we cosigned, and looks at what it says that others did.

        Args:
            wait: Whether to return only once the log has grown, or after half a minute.

        Raises:
            LogForked: If the log signed two histories: here, or as another node shows.
            LogError: If what is shown does not fit together.
            RequestError: If the exchange is out of reach.
        """
        try:
            reply = await self._tell(self.cosign(), wait=wait)
        except CosignerUnknown:
            # By the exchange's clock our key does not count now. What others saw, we look at.
            reply = await self._tell(b"", wait=wait)
        try:
            news = parse_cosign_news(reply)
            for evidence in news.evidence:
                self.accuse(evidence)
            if max(map(_size, news.checkpoints)) > self._state.stores.log.size:
                await self.follow()
            for note in news.checkpoints:
                self._compare(note)
        except LogForked:
            await self._warn()
            raise
        except (LogError, StatementMalformed) as error:
            self._state.alarm(error, reply)
            raise
        self._judge_partners()

    async def follow(self) -> None:
        """Follows the log up to its newest checkpoint.

        Raises:
            LogError: If it is not the log followed so far; LogForked if it signed both, which
                the exchange is told, for every node to hear.
            RequestError: If the exchange is out of reach.
        """
        try:
            await self._state.follow()
        except LogInconsistent:
            await self.investigate()
            raise

    async def investigate(self) -> None:
        """Looks for evidence in what the log shows now.

        Raises:
            LogForked: If it is found; every node that the exchange tells will stop.
        """
        log, ask = self._state.trust.trust_list.log, self._state.transport.entries
        found = None
        if (followed := self._state.follower.checkpoint()) is not None:
            found = await find_equivocation(ask, log, followed, self._state.stores.log)
        if found is None and (cosigned := self._last()) is not None:
            found = await find_equivocation(ask, log, cosigned)
        if found is None:
            return
        await self.judge(found)

    async def compare(self, note: bytes) -> None:
        """Compares a partner's checkpoint, however it came here, with the log followed.

        Raises:
            LogForked: If it is of another history; every node that can be told is told.
            LogError: If it is not signed by the log, or beyond what the exchange shows.
        """
        try:
            self._compare(note)
        except LogForked:
            await self._warn()
            raise

    async def judge(self, evidence: Equivocation) -> None:
        """Takes evidence, however it came here.

        Raises:
            LogForked: If it is new and holds; every node that can be told is told.
            LogError: If it does not hold.
        """
        try:
            self.accuse(evidence)
        except LogForked:
            await self._warn()
            raise

    async def _warn(self) -> None:
        # The liar may not pass it on; then people carry the file.
        with suppress(RequestError, LogError):
            await self._tell(b"")

    async def _tell(self, checkpoint: bytes, *, wait: bool = False) -> bytes:
        turn = CosignTurn(checkpoint=checkpoint, evidence=self._evidence(), wait=wait)
        return await self._state.transport.cosign(encode_cosign_turn(turn))

    def cosign(self) -> bytes:
        """The checkpoint that was kept as cosigned, with our line; empty if there is none yet."""
        last = self._last()
        try:
            signer = self._signer()
        except KeystoreEntryMissing:
            return b""  # a home from before there was cosigning: it follows all the same
        if last is None or signer.verifier not in self._cosigners():
            return b""
        line = signer.sign(last.checkpoint, time_s=self._state.now_ms() // 1000)
        return parse_note(last.note).with_signatures([line]).encode()

    def accuse(self, evidence: Equivocation) -> None:
        """Takes evidence against the log, from here or from anybody; what is known is passed over.

        Raises:
            LogForked: If it is new and holds: nothing is sent from now on.
            LogError: If it does not hold.
        """
        older, newer = verify_equivocation(evidence, self._state.trust.trust_list.log)
        stores = self._state.stores
        with stores.database.transaction():
            is_new = stores.cosigning.accuse(evidence, now_ms=self._state.now_ms())
        if is_new:
            sizes = f"sizes {older.checkpoint.size} and {newer.checkpoint.size}"
            error = LogForked(sizes)
            self._state.alarm(error, encode_equivocation(evidence))
            raise error

    def _evidence(self) -> tuple[Equivocation, ...]:
        open_ones = [a for a in self._state.stores.cosigning.accusations() if not a.decision]
        return tuple(accusation.evidence for accusation in open_ones[:1])

    def _compare(self, note: bytes) -> None:
        """Compares a checkpoint with our own tree, and notes who cosigned it."""
        log, stores = self._state.trust.trust_list.log, self._state.stores
        signed = parse_checkpoint(
            note,
            origin=log.origin,
            required=[parse_verifier_key(key) for key in log.verifier_keys],
            known=self._cosigners(),
        )
        size = signed.checkpoint.size
        if size == 0:
            return
        newest = self._state.follower.checkpoint()
        if newest is None or size > newest.checkpoint.size:
            raise LogInconsistent("the exchange keeps back entries that others have cosigned")
        root = stores.log.root_at(size)
        if root != signed.checkpoint.root:
            path = stores.log.consistency(size, newest.checkpoint.size)
            self.accuse(Equivocation(older=note, newer=newest.note, root=root, path=path))
            return
        with stores.database.transaction():
            for each in signed.signatures:
                agency = agency_uri_of(each.key.name) if each.key.name != log.origin else ""
                if agency not in ("", self._state.agency) and each.time_s is not None:
                    stores.cosigning.partner_cosigned(agency, size, each.time_s)

    def _judge_partners(self) -> None:
        for partner in self._state.stores.cosigning.partners():
            awaited = partner.awaited
            if awaited is not None and awaited.is_overdue:
                why = f"{partner.agency}, entry {awaited.first}"
                # Told once: from here on the newest act is what is awaited.
                moved = replace(awaited, first=awaited.last, first_ms=awaited.last_ms)
                with self._state.stores.database.transaction():
                    self._state.stores.cosigning.put_partner(replace(partner, awaited=moved))
                self._state.alarm(CosignatureMissing(why), why.encode())

    def _cosigners(self) -> list[VerifierKey]:
        trust, at = self._state.trust, self._state.next_moment()
        return [
            VerifierKey(name=node, algorithm=NoteAlgorithm.MLDSA44, public=record.public_key)
            for node in trust.nodes()
            for record in trust.keys_of(node, at=at)
            if record.use is KeyUse.COSIGN
        ]

    def _last(self) -> SignedCheckpoint | None:
        note = self._state.stores.cosigning.cosigned()
        return None if note is None else verify_cosigned(note, self._state.trust.trust_list.log)


def _size(note: bytes) -> int:
    return parse_checkpoint_text(parse_note(note).text).size
