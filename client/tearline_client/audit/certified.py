"""Parts of an exhibit that certify the keys of its signers: statements, or the directory.

Statements begin with the founding, so a reader needs the federation id alone. The directory states
the same keys in one leaf for each agency, under a checkpoint of the counted cosigners; its reader
needs a policy that names them. A light node holds few statements, so it certifies by the directory.
"""

from collections.abc import Mapping, Sequence

from tearline.dataclass.immutable import immutable
from tearline.errors import LogInconsistent, MomentUnproven, NodeIsLight
from tearline.federation.turns import Leaf, Turn, TurnRequest
from tearline.identity import domain_uri_of
from tearline.statements.statement import HASH_SIZE, Header
from tearline.tlog.checkpoint import Checkpoint, SignedCheckpoint
from tearline.tlog.note import Note
from tearline.wire.exhibits import ProvenEntry
from tearline.wire.turns import encode_turn_request, parse_turn
from tearline_client.audit.proofs import Certification, trust_entries
from tearline_client.context import NodeContext
from tearline_client.log.light_follower import read_leaves, read_listed
from tearline_client.store.log import LogStore


@immutable
class Certified:
    """Checkpoint, proven entries, and parts that certify the signers; see ``Exhibit``."""

    checkpoint: bytes
    entries: tuple[ProvenEntry, ...]
    leaves: tuple[Leaf, ...] = ()
    keys: tuple[bytes, ...] = ()


@immutable
class Statements:
    """The log as a full node follows it, up to its newest checkpoint."""

    log: LogStore
    signed: SignedCheckpoint

    @property
    def size(self) -> int:
        """Returns the entries of the checkpoint's tree."""
        return self.signed.checkpoint.size

    async def certify(self, signers: Sequence[Header], blind: Mapping[int, bytes]) -> Certified:
        """Returns entries about a packet, with those that certify its signers.

        Args:
            signers: The signers.
            blind: The entries about the packet, as opened.
        """
        contents = {**blind, **dict(trust_entries(self.log, signers, max(blind), self.size))}
        return Certified(
            checkpoint=self.signed.note,
            entries=tuple(
                ProvenEntry(index=index, content=content, path=self.log.path(index, self.size))
                for index, content in sorted(contents.items())
            ),
        )


@immutable
class StatedDirectory:
    """The newest directory that enough counted cosigners attest."""

    context: NodeContext
    turn: Turn

    @property
    def size(self) -> int:
        """Returns the entries of the turn's tree."""
        return self.turn.size

    async def certify(self, signers: Sequence[Header], blind: Mapping[int, bytes]) -> Certified:
        """Returns entries about a packet, with the directory's states of its signers.

        Args:
            signers: The signers.
            blind: The entries about the packet, as opened.

        Raises:
            ProofMalformed: If the exchange proves something else.
            ExchangeError: If it does not answer.
        """
        trust, turn, ask = self.context.trust, self.turn, self.context.transport.light_leaves
        agencies = sorted({domain_uri_of(each.signer) for each in signers})
        records = [trust.record_of(each.signer, each.key_id) for each in signers]
        text = Checkpoint(origin=trust.members.log.origin, size=turn.size, root=turn.root).encode()
        last = ProvenEntry(index=turn.size - 1, content=turn.directory.encode(), path=turn.last)
        return Certified(
            checkpoint=Note(text=text, signatures=turn.lines).encode(),
            entries=(*await self._proven(blind), last),
            leaves=tuple([leaf async for _, leaf in read_leaves(ask, turn.size, agencies)]),
            keys=tuple(sorted({each.public_key for each in records if each is not None})),
        )

    async def _proven(self, blind: Mapping[int, bytes]) -> list[ProvenEntry]:
        ask, paths = self.context.transport.light_entries, dict[int, tuple[bytes, ...]]()
        async for entries in read_listed(ask, self.size, blind):
            paths |= {each.index: each.path for each in entries}
        return [
            ProvenEntry(index=index, content=content, path=paths[index])
            for index, content in sorted(blind.items())
        ]


async def certifier(
    context: NodeContext, certification: Certification
) -> Statements | StatedDirectory:
    """Returns the source of the parts that certify signers.

    Raises:
        NodeIsLight: If a light node is asked for statements.
        MomentUnproven: If this node has verified no checkpoint yet.
        LogInconsistent: If the exchange has another log for the cosigners.
        ExchangeError: If it does not answer, or the counted cosigners have signed no directory.
    """
    if certification is Certification.DIRECTORY:
        return StatedDirectory(context=context, turn=await _turn(context))
    if context.is_light:
        raise NodeIsLight("it holds the statements of few agencies: the directory certifies others")
    signed = context.follower.checkpoint()
    if signed is None:
        raise MomentUnproven("this node has verified no checkpoint yet")
    return Statements(log=context.stores.log, signed=signed)


async def _turn(context: NodeContext) -> Turn:
    """Returns the newest turn: of a light node its own, of a full one as its tree has it."""
    if context.is_light:
        await context.follow()
        stored = context.stores.light.turn()
        if stored is None:
            raise MomentUnproven("this node has taken no turn yet")
        return parse_turn(stored)
    asked = encode_turn_request(TurnRequest(size=0, decision=bytes(HASH_SIZE), keys=()))
    turn = parse_turn(await context.transport.light_turn(asked))
    if turn.size > context.stores.log.size:
        await context.follow()
    _verify_same_log(context.stores.log, turn)
    return turn


def _verify_same_log(log: LogStore, turn: Turn) -> None:
    if log.root_at(turn.size) != turn.root:
        raise LogInconsistent("the counted cosigners have another log")
