"""The exchange's log as this node follows it, as ``node.log``."""

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager

from tearline.errors import NodeIsLight
from tearline.tlog.checkpoint import SignedCheckpoint, parse_checkpoint_text
from tearline.tlog.note import parse_note
from tearline.tlog.proof import LogProof
from tearline.tlog.tiles import TILE_WIDTH, Tile
from tearline.wire.log_entries import EntryRange
from tearline_client.context import NodeContext
from tearline_client.cosigning.cosigner import Cosigner
from tearline_client.log.follower import LogFollower
from tearline_client.store.cosigning import Accusation, Partner
from tearline_runtime.mirror import Mirror, read_checkpoint, read_entries


class FollowedLog:
    """The log of the exchange, and the evidence against it.

    Args:
        context: The node.
        cosigner: Cosigns the log.
    """

    def __init__(self, context: NodeContext, cosigner: Cosigner) -> None:
        self._context = context
        self._cosigner = cosigner
        self._cosigning = context.stores.cosigning

    @property
    def size(self) -> int:
        """Returns the number of entries that were read and verified."""
        return self._context.stores.log.size

    @property
    def is_light(self) -> bool:
        """Returns whether this is a light node."""
        return self._context.is_light

    async def follow(self) -> None:
        """Reads the log up to its newest checkpoint; see ``NodeContext.follow``.

        Raises:
            LogError: If the log is not the one followed so far; kept as evidence.
            ExchangeError: If the exchange does not answer.
        """
        await self._context.follow()

    async def read(self, mirror: Mirror) -> int:
        """Reads the log from a partner's mirror, and returns the number of new entries.

        The entries count as far as the log's own checkpoint covers them, as from the exchange. The
        partner's cosignature is recorded.

        Raises:
            LogForked: If the mirror is of another history; all reachable nodes are notified.
            LogError: If the mirror is of another log than the one followed so far.
            RestoreRefused: If the mirror cannot be read.
            NodeIsLight: If this is a light node.
        """
        note = read_checkpoint(mirror)
        before, end = self.size, parse_checkpoint_text(parse_note(note).text).size
        async with self._context.following:
            follower = self._context.follower
            if not isinstance(follower, LogFollower):
                raise NodeIsLight("it keeps no copy of all entries")
            start = follower.next_index
            try:
                for entries in read_entries(mirror, start, end) if start < end else ():
                    page = EntryRange(start=follower.next_index, entries=entries, checkpoint=note)
                    follower.take(page, now_ms=self._context.now_ms())
            finally:  # entries of a mirror that broke off are not the exchange's
                follower.discard()
        await self._cosigner.compare(note)
        return self.size - before

    def checkpoint(self) -> SignedCheckpoint | None:
        """Returns the newest checkpoint that was verified, or None."""
        return self._context.follower.checkpoint()

    def cosigners(self) -> tuple[Partner, ...]:
        """Returns how far each partner cosigned the log, by URI."""
        return self._cosigning.partners()

    def evidence(self) -> tuple[Accusation, ...]:
        """Returns all evidence against the log, oldest first."""
        return self._cosigning.accusations()

    def judge_directory(self, proof: LogProof) -> None:
        """Checks evidence of a wrong directory; see ``wrong_directory.judge_directory``."""
        # Imported here: there is hardly ever such evidence.
        from tearline_client.cosigning.wrong_directory import judge_directory

        judge_directory(self._context, proof)

    def is_stopped(self) -> bool:
        """Returns whether evidence against the log, or another copy of the node, stops sending."""
        return self._cosigning.is_stopped or bool(self._context.stores.recovery.twin())

    def mirror(self) -> Iterator[tuple[str, bytes]]:
        """Yields this node's copy by the names of tlog-tiles: the checkpoint, and all entries.

        Raises:
            NotFound: If the log has not been read yet.
            NodeIsLight: If this is a light node.
        """
        if self._context.is_light:
            raise NodeIsLight("it has no copy to write")
        size = self.size
        yield "checkpoint", self._cosigner.mirrored(as_stated=True)
        for start in range(0, size, TILE_WIDTH):
            width = min(TILE_WIDTH, size - start)
            tile = Tile(level=None, index=start // TILE_WIDTH, width=width)
            yield tile.path, self._context.stores.log.tile(tile)

    def serve(
        self, address: str, report: Callable[[str], None]
    ) -> AbstractAsyncContextManager[int]:
        """Serves this node's copy and cosignatures in plain HTTP; see ``witnessing``.

        Raises:
            NodeIsLight: If this is a light node.
        """
        if self._context.is_light:
            raise NodeIsLight("it has no copy to serve")
        # A node that serves no port needs no HTTP.
        from tearline_client.cosigning.witness_http import witnessing

        return witnessing(address, self._context, self._cosigner, report)

    def resume(self, decision: str) -> int:
        """Lifts the stop of sending, and keeps the decision with the evidence.

        Args:
            decision: The officer and the reason.

        Returns:
            The number of accusations that this decided.
        """
        with self._context.stores.database.transaction():
            return self._cosigning.decide(decision)
