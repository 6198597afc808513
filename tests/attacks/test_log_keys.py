"""Keys of the log by index: other ones after a decision, and a retired key's history."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from support.agencies import log_identity, log_signers
from support.node import context_of, stores_of
from support.simulation import CN, MX, ORIGIN, PASSPHRASE, US, LyingTransport, Member, Simulation
from tearline.crypto.keys import SigningKey, key_id
from tearline.errors import (
    CheckpointUnsigned,
    EntryForeign,
    LogForked,
    MembershipRejected,
    SignerKeyUnknown,
)
from tearline.federation.charter import Constitution
from tearline.federation.decisions import VoteKind
from tearline.federation.equivocation import Equivocation, verify_equivocation
from tearline.federation.members import ExchangeEnrolment, LogIdentity
from tearline.federation.membership import Membership
from tearline.statements.signer import Signer
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import (
    Checkpoint,
    CheckpointSigner,
    NoteAlgorithm,
    parse_verifier_key,
    sign_checkpoint,
)
from tearline.tlog.merkle import Frontier
from tearline.tlog.note import parse_note
from tearline.verification.log_entries import entry_hash, verify_cosigned
from tearline.verification.trust import TrustState
from tearline.wire.grants import encode_receipt, parse_receipt
from tearline.wire.log_entries import EntryRange
from tearline.wire.publications import Outcome, Publication
from tearline.wire.statements import Signed, header_of, signed
from tearline_client.features.federation.acts import amendment_of, vote_on
from tearline_client.log.follower import LogFollower
from tearline_client.node import Node

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


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """An exchange that holds prepared keys of the log and of its own.

    Attributes:
        world: The federation.
        state: The state on which the council decides.
        following: The constitution that names the prepared keys.
        keys, signing: These keys.
    """

    world: Simulation
    state: Membership
    following: Constitution
    keys: Sequence[CheckpointSigner]
    signing: SigningKey

    async def decide(self, voter: Node | None = None) -> None:
        """The council decides on the keys; the last voter publishes by its own node, if given."""
        world, state = self.world, self.state
        proposed = amendment_of(world.root(US), state, self.following)
        await publish(world.us, proposed)
        voters = [(world.us, US), (world.mx, MX), (world.cn, CN)][: state.now.rules.exchange]
        content = proposed.statement.id
        for member, name in voters:
            vote = vote_on(world.root(name), state, VoteKind.AMEND, "", content)
            if member.node is voter:
                await voter.federation._outbox.publish(vote)
            else:
                await publish(member, vote)


@pytest.fixture
async def prepared(world: Simulation) -> Prepared:
    """The operator has prepared keys."""
    for member in world.members:
        await member.node.sync()
    new = [
        CheckpointSigner.generate(name=ORIGIN, algorithm=algorithm) for algorithm in NoteAlgorithm
    ]
    state, signing = context_of(world.us.node).trust.membership, SigningKey.generate()
    keys, now = tuple(each.verifier.encode() for each in new), state.now.constitution
    following = replace(
        now,
        log=LogIdentity(origin=ORIGIN, verifier_keys=keys),
        exchange=replace(now.exchange, signing_key=signing.public.encoded),
    )
    held, registry = world.exchange._components.keys, world.exchange._desk.registry
    held._logs[keys] = new
    held._signing[signing.public.encoded] = signing
    identity = ExchangeEnrolment(exchange=following.exchange, log=following.log)
    registry.installation = replace(registry.installation, prepared=identity)
    return Prepared(world=world, state=state, following=following, keys=new, signing=signing)


@pytest.fixture
async def rotation(world: Simulation, prepared: Prepared) -> Rotation:
    """The log goes over to other keys, by votes of the council; the old ones are deleted."""
    before = await world.exchange.checkpoint()
    held, named = world.exchange._components.keys, prepared.state.now.log.verifier_keys
    await prepared.decide()
    old = held._logs.pop(named)
    return Rotation(old=old, before=before, size=world.exchange._components.log.size)


async def test_prepared_keys_sign_nothing_before_their_index(
    world: Simulation, prepared: Prepared
) -> None:
    await world.us.send(world.cn)  # so that the log grows, and is signed anew
    note = parse_note(await world.exchange.checkpoint())
    named = {each.verifier.encode() for each in prepared.keys}
    keys = [parse_verifier_key(key) for key in named]
    assert not note.only_by(keys).signatures
    # A thief of the prepared keys shows a log under them.
    entries = await world.entries()
    tree, _ = Frontier().append(map(entry_hash, [*entries, BLIND]))
    state = Checkpoint(origin=ORIGIN, size=tree.size, root=tree.root())
    forged = sign_checkpoint(state, prepared.keys, time_s=world.clock() // 1000)
    world.cn.exchange.log = lambda page: replace(
        page, entries=(*entries[page.start :], BLIND), checkpoint=forged
    )
    with pytest.raises(CheckpointUnsigned):
        await world.cn.node.log.follow()


async def test_old_lines_stand_beside_the_new_ones_and_count_for_nothing(
    world: Simulation, prepared: Prepared
) -> None:
    old = prepared.state.now.log.verifier_keys
    await prepared.decide()
    await world.cn.node.sync()
    note = parse_note(await world.exchange.checkpoint())
    retired = [parse_verifier_key(key) for key in old]
    assert len(note.only_by(retired).signatures) == len(note.signatures) // 2
    with pytest.raises(CheckpointUnsigned):
        verify_cosigned(note.only_by(retired).encode(), context_of(world.cn.node).trust.log)


async def test_an_amendment_to_keys_that_the_exchange_lacks_is_refused(
    world: Simulation, prepared: Prepared
) -> None:
    foreign = SigningKey.generate().public.encoded
    exchange = replace(prepared.following.exchange, signing_key=foreign)
    following = replace(prepared.following, exchange=exchange)
    proposed = amendment_of(world.root(US), prepared.state, following)
    assert await refusal(world.us, proposed) == MembershipRejected.code


async def test_keys_that_were_discarded_meanwhile_are_not_decided_on(
    world: Simulation, prepared: Prepared
) -> None:
    proposed = amendment_of(world.root(US), prepared.state, prepared.following)
    await publish(world.us, proposed)
    registry = world.exchange._desk.registry
    registry.installation = replace(registry.installation, prepared=None)
    content = proposed.statement.id
    vote = vote_on(world.root(US), prepared.state, VoteKind.AMEND, "", content)
    assert await refusal(world.us, vote) == MembershipRejected.code


async def test_an_amendment_with_another_origin_is_refused(
    world: Simulation, prepared: Prepared
) -> None:
    log = log_identity("other.example/log")
    world.exchange._components.keys._logs[log.verifier_keys] = [*log_signers(log.origin)]
    following = replace(prepared.following, log=log)
    registry = world.exchange._desk.registry
    identity = ExchangeEnrolment(exchange=following.exchange, log=log)
    registry.installation = replace(registry.installation, prepared=identity)
    proposed = amendment_of(world.root(US), prepared.state, following)
    assert await refusal(world.us, proposed) == MembershipRejected.code


async def test_another_process_of_the_node_reads_a_decision_first(
    world: Simulation, prepared: Prepared
) -> None:
    await prepared.decide()
    context, stores = context_of(world.cn.node), stores_of(world.cn.node)
    federation, pinned = context.trust.federation, context.trust.log
    other = LogFollower(stores.log, stores.cosigning, TrustState(federation=federation), pinned)

    def first(page: EntryRange) -> EntryRange:
        other.take(page, now_ms=world.clock())
        return page

    world.cn.exchange.log = first
    await world.cn.node.log.follow()
    assert context.trust.membership.now.constitution == prepared.following


async def test_receipts_follow_the_exchange_s_key(world: Simulation, prepared: Prepared) -> None:
    """The voter that decides gets its receipt under a key that it reads of only then."""
    old = prepared.state.now.exchange.signing_key
    (before,) = await world.us.send(world.cn)
    await prepared.decide(world.mx.node)
    (after,) = await world.us.send(world.cn)  # which has not read the decision
    await world.cn.node.receive()
    assert {*world.cn.grants()} == {before, after}
    keys = [
        {header_of(receipt.statement.body).key_id for receipt in receipts_about(world.us, packet)}
        for packet in (before, after)
    ]
    assert keys == [{key_id(old)}, {prepared.signing.id}]
    # Nodes notice votes of their roots that were published past them; no receipt was in doubt.
    assert {*world.us.codes(), *world.mx.codes()} <= {EntryForeign.code}


async def test_a_retired_key_of_the_exchange_signs_no_receipt(
    world: Simulation, prepared: Prepared
) -> None:
    await prepared.decide()
    await world.us.node.sync()
    thief = Signer(
        federation=world.us.signer.header.federation,
        uri=prepared.following.exchange.uri,
        key=world.template.keys.signing,
    )

    def forge(outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        return tuple(replace(each, receipt=resigned(thief, each)) for each in outcomes)

    world.us.exchange.outcomes = forge
    with pytest.raises(SignerKeyUnknown):
        await world.us.send(world.cn)


def resigned(signer: Signer, outcome: Outcome) -> Signed:
    """The receipt of an outcome, under another key."""
    assert outcome.receipt is not None
    receipt = parse_receipt(outcome.receipt.statement.body)
    body = encode_receipt(replace(receipt, header=signer.header))
    return signed(signer.sign([(StatementType.RECEIPT, body)]))


def receipts_about(member: Member, packet: bytes) -> list[Signed]:
    """The exchange's receipts for a packet's manifest."""
    return list(stores_of(member.node).receipts.signed(packet))


async def refusal(member: Member, statement: Signed) -> str:
    """The code with which the exchange refuses a statement of the root."""
    (outcome,) = await member.publish(Publication(signed=(statement,)))
    return outcome.refusal.code if outcome.refusal else ""


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
