"""Keys of the log by index: other ones after a decision, and a retired key's history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from support.node import context_of, stores_of
from support.simulation import CN, MX, ORIGIN, PASSPHRASE, US, LyingTransport, Member, Simulation
from tearline.errors import CheckpointUnsigned, LogForked
from tearline.federation.decisions import VoteKind
from tearline.federation.equivocation import Equivocation, verify_equivocation
from tearline.federation.members import LogIdentity
from tearline.tlog.checkpoint import Checkpoint, CheckpointSigner, NoteAlgorithm, sign_checkpoint
from tearline.tlog.merkle import Frontier
from tearline.verification.log_entries import entry_hash
from tearline.wire.log_entries import EntryRange
from tearline.wire.publications import Publication
from tearline.wire.statements import Signed
from tearline_client.features.federation.acts import amendment_of, vote_on
from tearline_client.node import Node
from tearline_server.processing.handlers import members

BLIND = b"\1" + bytes(32)


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """A log that went over to other keys.

    Attributes:
        old: The retired keys.
        before: The note of a checkpoint from before.
        size: The first size that the new keys sign.
    """

    old: Sequence[CheckpointSigner]
    before: bytes
    size: int

    def sign(self, world: Simulation, entries: Sequence[bytes]) -> bytes:
        """Returns a checkpoint over entries, signed by the retired keys."""
        tree, _ = Frontier().append(map(entry_hash, entries))
        state = Checkpoint(origin=ORIGIN, size=tree.size, root=tree.root())
        return sign_checkpoint(state, self.old, time_s=world.clock() // 1000)


@pytest.fixture
async def rotation(world: Simulation, monkeypatch: pytest.MonkeyPatch) -> Rotation:
    """The log goes over to other keys, by votes of the council."""
    for member in world.members:
        await member.node.sync()
    before = await world.exchange.checkpoint()
    new = [
        CheckpointSigner.generate(name=ORIGIN, algorithm=algorithm) for algorithm in NoteAlgorithm
    ]
    state = context_of(world.us.node).trust.membership
    keys = tuple(each.verifier.encode() for each in new)
    following = replace(state.now.constitution, log=LogIdentity(origin=ORIGIN, verifier_keys=keys))
    monkeypatch.setattr(members, "verify_names_us", lambda constitution, installation: None)
    proposed = amendment_of(world.root(US), state, following)
    await publish(world.us, proposed)
    content, voters = proposed.statement.id, [(world.us, US), (world.mx, MX), (world.cn, CN)]
    votes = [
        (member, vote_on(world.root(name), state, VoteKind.AMEND, "", content))
        for member, name in voters
    ]
    log = world.exchange._components.log
    old = log._signers
    for member, vote in votes[: state.now.rules.exchange]:
        await publish(member, vote)
    log._signers = new
    return Rotation(old=old, before=before, size=log.size)


async def publish(member: Member, statement: Signed) -> None:
    """Publishes a statement of the root, which the exchange must accept."""
    (outcome,) = await member.publish(Publication(signed=(statement,)))
    assert outcome.refusal is None, outcome.refusal


async def test_the_federation_goes_on_under_other_keys_of_the_log(
    world: Simulation, rotation: Rotation
) -> None:
    for _ in range(2):
        for member in world.members:
            await member.node.sync()
    (packet,) = await world.us.send(world.cn)
    await world.cn.node.receive()
    assert world.cn.grants() == [packet]
    # What was signed before stays so.
    await world.cn.node.cosigning.compare(rotation.before)
    assert world.cn.codes() == []


async def test_a_node_that_begins_again_reads_over_a_change_of_keys(
    world: Simulation, rotation: Rotation
) -> None:
    await world.cn.node.sync()
    home = world.cn.node.home.path
    size = stores_of(world.cn.node).log.size
    for table in ("log_entry", "log_node", "setting"):
        stores_of(world.cn.node).database.execute(f"DELETE FROM {table}")
    await world.cn.node.close()
    transport = LyingTransport(world.exchange, world.cn.node.uri)
    async with await Node.open(home, passphrase=PASSPHRASE, transport=transport) as again:
        await again.log.follow()
        assert again.log.size >= size
        newest = again.log.checkpoint()
        assert newest is not None
        assert newest.checkpoint.size >= rotation.size


async def test_a_retired_key_s_history_is_not_followed_and_convicts_nobody(
    world: Simulation, rotation: Rotation
) -> None:
    entries = await world.entries()
    forged = [*entries, BLIND]
    note = rotation.sign(world, forged)

    def show(page: EntryRange) -> EntryRange:
        rest = tuple(forged[page.start :])
        return replace(page, entries=rest, checkpoint=note)

    world.cn.exchange.log = show
    before = stores_of(world.cn.node).log.size
    with pytest.raises(CheckpointUnsigned):
        await world.cn.node.log.follow()
    assert stores_of(world.cn.node).log.size == before
    # The same for one that knows the new keys already.
    await world.mx.node.sync()
    with pytest.raises(CheckpointUnsigned):
        await world.mx.node.cosigning.compare(note)
    newest = world.mx.node.log.checkpoint()
    assert newest is not None
    evidence = Equivocation(older=newest.note, newer=note, root=bytes(32), path=())
    with pytest.raises(CheckpointUnsigned):
        await world.mx.node.cosigning.judge(evidence)
    assert not world.mx.node.log.evidence()


async def test_a_retired_key_answers_for_its_own_sizes(
    world: Simulation, rotation: Rotation
) -> None:
    await world.mx.node.sync()
    entries = await world.entries()
    note = rotation.sign(world, [*entries[: rotation.size - 4], BLIND])
    with pytest.raises(LogForked):
        await world.mx.node.cosigning.compare(note)
    (accusation,) = world.mx.node.log.evidence()
    assert isinstance(accusation.evidence, Equivocation)
    verify_equivocation(accusation.evidence, context_of(world.mx.node).trust.log)
