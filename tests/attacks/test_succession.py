"""An exchange that goes on from another one's entries: another root, two successors, old notes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from support.node import context_of, stores_of
from support.simulation import CN, MX, ORIGIN, US, Member, Simulation
from tearline.crypto.keys import SigningKey
from tearline.errors import CheckpointUnsigned, LogInconsistent, MembershipRejected
from tearline.federation.cosigning import CosignedTree
from tearline.federation.decisions import VoteKind
from tearline.federation.equivocation import Equivocation
from tearline.federation.members import ExchangeEnrolment, LogIdentity
from tearline.tlog.checkpoint import Checkpoint, CheckpointSigner, NoteAlgorithm, sign_checkpoint
from tearline.tlog.merkle import Frontier
from tearline.verification.log_entries import clear_entry, entry_hash
from tearline.wire.publications import Publication
from tearline.wire.statements import Signed
from tearline_client.features.federation.acts import amendment_of, vote_on

BLIND = b"\1" + bytes(32)


def tree_of(entries: Sequence[bytes]) -> CosignedTree:
    tree, _ = Frontier().append(map(entry_hash, entries))
    return CosignedTree(size=tree.size, root=tree.root())


def signed_by(
    keys: Sequence[CheckpointSigner], entries: Sequence[bytes], world: Simulation
) -> bytes:
    """A checkpoint over entries."""
    tree = tree_of(entries)
    state = Checkpoint(origin=ORIGIN, size=tree.size, root=tree.root)
    return sign_checkpoint(state, keys, time_s=world.clock() // 1000)


@dataclass(frozen=True, kw_only=True)
class Successor:
    """A new exchange's log.

    Attributes:
        identity: The exchange and its log.
        decision: The amendment, and votes of the council.
        entries: All entries.
        note: A checkpoint over them.
    """

    identity: ExchangeEnrolment
    decision: Sequence[Signed]
    entries: Sequence[bytes]
    note: bytes

    def show(self, member: Member) -> None:
        """From now on this is the log that a member reads."""
        member.exchange.log = lambda page: replace(
            page, entries=tuple(self.entries[page.start :]), checkpoint=self.note
        )


def successor(
    world: Simulation, entries: Sequence[bytes], named: CosignedTree | None = None
) -> Successor:
    """An exchange that goes on from entries, or claims to go on from others."""
    keys = [
        CheckpointSigner.generate(name=ORIGIN, algorithm=algorithm) for algorithm in NoteAlgorithm
    ]
    state = context_of(world.us.node).trust.membership
    now = state.now.constitution
    log = LogIdentity(origin=ORIGIN, verifier_keys=tuple(each.verifier.encode() for each in keys))
    exchange = replace(now.exchange, signing_key=SigningKey.generate().public.encoded)
    following = replace(now, exchange=exchange, log=log)
    proposed = amendment_of(world.root(US), state, following, named or tree_of(entries))
    votes = [
        vote_on(world.root(name), state, VoteKind.AMEND, "", proposed.statement.id)
        for name in (US, MX, CN)[: now.rules.exchange]
    ]
    decision = [proposed, *votes]
    longer = [*entries, *map(clear_entry, decision)]
    return Successor(
        identity=ExchangeEnrolment(exchange=exchange, log=log),
        decision=decision,
        entries=longer,
        note=signed_by(keys, longer, world),
    )


async def read_by_all(world: Simulation) -> Sequence[bytes]:
    """All nodes read the log to its end."""
    found = await world.entries()
    for member in world.members:
        await member.node.log.follow()
    found = await world.entries()
    for member in world.members:
        await member.node.log.follow()
    return found[: stores_of(world.cn.node).log.size]


@pytest.fixture
async def entries(world: Simulation) -> Sequence[bytes]:
    """The log, which all nodes have read to its end."""
    return await read_by_all(world)


async def test_a_node_follows_the_successor_that_the_council_decided_on(
    world: Simulation, entries: Sequence[bytes]
) -> None:
    new = successor(world, entries)
    new.show(world.cn)
    await world.cn.node.log.follow()
    assert stores_of(world.cn.node).log.size == len(new.entries)
    assert context_of(world.cn.node).trust.members.log == new.identity.log


async def test_a_successor_from_another_root_is_not_followed(
    world: Simulation, entries: Sequence[bytes]
) -> None:
    other = tree_of([*entries[:-1], BLIND])
    successor(world, entries, other).show(world.cn)
    with pytest.raises(LogInconsistent):
        await world.cn.node.log.follow()
    assert stores_of(world.cn.node).log.size == len(entries)


async def test_a_successor_that_leaves_entries_out_is_not_followed(
    world: Simulation, entries: Sequence[bytes]
) -> None:
    """The decision stands behind entries that it does not name."""
    named = tree_of(entries[:-1])
    successor(world, entries, named).show(world.cn)
    with pytest.raises(MembershipRejected):
        await world.cn.node.log.follow()


async def test_of_two_successors_the_first_is_followed(
    world: Simulation, entries: Sequence[bytes]
) -> None:
    """A coalition of the council decided twice."""
    first, second = successor(world, entries), successor(world, entries)
    first.show(world.cn)
    await world.cn.node.log.follow()
    second.show(world.cn)
    with pytest.raises(CheckpointUnsigned):
        await world.cn.node.log.follow()
    assert context_of(world.cn.node).trust.members.log == first.identity.log


async def test_a_note_of_the_old_exchange_convicts_no_successor(
    world: Simulation, entries: Sequence[bytes]
) -> None:
    """A thief signs another history of the entries that decide, under the keys of before."""
    new = successor(world, entries)
    new.show(world.cn)
    await world.cn.node.log.follow()
    newest = world.cn.node.log.checkpoint()
    assert newest is not None
    for more in range(1, len(new.decision) + 1):
        forged = signed_by(world.template.keys.log, [*entries, *[BLIND] * more], world)
        with pytest.raises(CheckpointUnsigned):
            await world.cn.node.cosigning.compare(forged)
        evidence = Equivocation(older=forged, newer=newest.note, root=bytes(32), path=())
        with pytest.raises(CheckpointUnsigned):
            await world.cn.node.cosigning.judge(evidence)
    assert not world.cn.node.log.evidence()


async def test_the_old_exchange_decides_on_no_successor(
    world: Simulation, entries: Sequence[bytes]
) -> None:
    """A member publishes the files' amendment where it would put other keys in force too early."""
    new = successor(world, entries)
    registry = world.exchange._desk.registry
    registry.installation = replace(registry.installation, prepared=new.identity)
    named = tree_of(await world.entries())
    state = context_of(world.us.node).trust.membership
    now = state.now.constitution
    following = replace(now, exchange=new.identity.exchange, log=new.identity.log)
    proposed = amendment_of(world.root(US), state, following, named)
    (outcome,) = await world.us.publish(Publication(signed=(proposed,)))
    assert outcome.refusal is not None
    assert outcome.refusal.code == MembershipRejected.code


async def test_no_node_votes_for_entries_that_too_few_have_cosigned(world: Simulation) -> None:
    await world.us.send(world.mx)
    entries = await read_by_all(world)
    new = successor(world, entries)
    federation = world.us.node.federation
    assert context_of(world.us.node).counted_size() < len(entries)
    with pytest.raises(MembershipRejected):
        federation.succession(world.root(US), new.identity)
