"""A light node at work: it sends and receives, and refuses what the directory contradicts."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from attacks.simulated_requests import person
from support.agencies import node_of
from support.light import FIVE, cosigner, cosigning_record, cosigning_records, light_log
from support.light_node import (
    PARTIES,
    admitted,
    agreed,
    joined,
    light,
    received,
    send,
    state,
    vote,
)
from support.node import context_of, stores_of
from support.simulation import CN, PASSPHRASES, Member, Simulation, bilateral
from support.suspensions import WHOLE
from tearline.crypto.armor import Armor, parse_armor
from tearline.errors import (
    AgreementSuspended,
    CosignersTooFew,
    DirectoryRejected,
    EntryNotIncluded,
    LogInconsistent,
    NodeIsLight,
    OnwardUseForbidden,
    ProofMalformed,
    SignerUnknown,
    TearlineError,
    TrustStale,
)
from tearline.federation.directory import COUNTED_KEYS_KEPT, KEYS_KEPT
from tearline.federation.members import KeyUse
from tearline.federation.turns import LightEntries, Turn
from tearline.identity import agency_uri_of
from tearline.limits import MAX_AGENCY_NODES, MAX_WITNESS_AGE_S
from tearline.tlog.note import parse_note
from tearline.tlog.policy import parse_log_policy
from tearline.verification.exhibit import verify_exhibit
from tearline.verification.light_replay import is_counted, line_keys
from tearline.verification.log_entries import parse_clear
from tearline.wire.exhibits import parse_exhibit
from tearline.wire.federation import parse_key_record
from tearline.wire.turns import encode_turn, encode_turn_request, parse_turn, parse_turn_request
from tearline_client.audit.proofs import Certification
from tearline_client.enrolment import found_agency, read_agency
from tearline_client.keys.home import Home, Identity
from tearline_client.log.light_follower import LightFollower
from tearline_client.store.cosigning import CosigningStore

KR = Identity(agency="kr-customs", domain="customs.kr.example", node="liaison")


@pytest.fixture
async def jp(world: Simulation) -> AsyncIterator[Member]:
    home = await admitted(world)
    async with light(world, home) as member:
        await joined(world, member)
        await agreed(world, member)
        yield member


async def refuses(jp: Member, error: type[TearlineError]) -> None:
    """Syncs; the node refuses the turn, and goes on with the one before."""
    size = jp.node.log.size
    with pytest.raises(error):
        await jp.node.log.follow()
    assert jp.node.log.size == size


async def rotated(member: Member) -> None:
    """A new encryption key on record."""
    await member.node.sync()
    await member.node.keys.rotate_encryption()


async def test_a_light_node_joins(world: Simulation, jp: Member) -> None:
    assert jp.node.is_ready()
    assert jp.codes() == []
    assert jp.node.log.size == world.us.node.log.size


async def test_it_makes_no_second_key_while_the_record_of_the_first_waits(
    world: Simulation,
) -> None:
    home = await admitted(world)
    async with light(world, home) as jp:
        await joined(world, jp)
        made = len(jp.status().keys)
        for _ in range(3):
            await jp.node.sync()
        await state(world)
        await jp.node.sync()
        assert len(jp.status().keys) == made == 3


async def test_it_receives_and_sends(world: Simulation, jp: Member) -> None:
    packet = await send(world.us, jp)
    await received(world, jp)
    assert jp.grants() == [packet]
    assert jp.codes() == []
    answer = await send(jp, world.us)
    await world.us.node.receive()
    assert world.us.grants() == [answer]
    await received(world, jp)
    assert jp.codes() == []
    assert jp.status().waiting == 0


async def test_an_arrival_waits_until_a_turn_covers_its_entry(
    world: Simulation, jp: Member
) -> None:
    packet = await send(world.us, jp)
    await jp.node.receive()
    assert jp.grants() == []
    assert jp.codes() == [EntryNotIncluded.code]
    await received(world, jp)
    assert jp.grants() == [packet]
    assert jp.codes() == []


async def test_it_begins_again_where_it_ended(world: Simulation, jp: Member) -> None:
    packet = await send(world.us, jp)
    await received(world, jp)
    await jp.node.close()
    async with light(world, jp.node.home) as again:
        assert again.node.log.checkpoint() is not None
        assert again.node.is_ready()
        await again.node.receive()
        assert again.grants() == [packet]
        assert await send(again, world.us)


async def test_it_seals_to_no_key_that_was_revoked_between_turns(
    world: Simulation, jp: Member
) -> None:
    before = context_of(jp.node).kem_key_of(world.us.node.uri)
    await rotated(world.us)
    await state(world)
    await jp.node.sync()
    assert context_of(jp.node).kem_key_of(world.us.node.uri) != before
    assert await send(jp, world.us)


async def test_a_withheld_entry_of_a_partner_is_noticed(world: Simulation, jp: Member) -> None:
    await rotated(world.us)
    await state(world)

    def withhold(answer: LightEntries) -> LightEntries:
        return replace(
            answer, entries=tuple(each for each in answer.entries if not _is_kem(each.entry))
        )

    jp.exchange.proven = withhold
    await refuses(jp, DirectoryRejected)
    jp.exchange.proven = lambda answer: answer
    await jp.node.log.follow()


def _is_kem(entry: bytes) -> bool:
    signed = parse_clear(entry)
    return signed is not None and parse_key_record(signed.statement.body).use is KeyUse.KEM


async def test_an_entry_of_another_tree_is_refused(world: Simulation, jp: Member) -> None:
    await rotated(world.us)
    await state(world)
    jp.exchange.proven = lambda answer: replace(
        answer,
        # Another index may have a path of another length, which is refused before it is followed.
        entries=tuple(replace(each, path=(bytes(32), *each.path[1:])) for each in answer.entries),
    )
    await refuses(jp, EntryNotIncluded)


async def test_a_state_of_another_directory_is_refused(world: Simulation, jp: Member) -> None:
    jp.exchange.leaves = lambda leaves: replace(
        leaves, leaves=tuple(replace(each, state=each.state + b"\0") for each in leaves.leaves)
    )
    await refuses(jp, ProofMalformed)


async def test_states_may_come_in_several_answers(world: Simulation, jp: Member) -> None:
    """The state of one agency may have a third of a megabyte, and an answer has a bound."""
    packet = await send(world.us, jp)
    await rotated(world.us)
    jp.exchange.leaves = lambda leaves: replace(leaves, leaves=leaves.leaves[:1])
    await received(world, jp)
    assert jp.grants() == [packet]
    assert jp.codes() == []


async def test_states_that_are_withheld_are_noticed(world: Simulation, jp: Member) -> None:
    jp.exchange.leaves = lambda leaves: replace(leaves, leaves=())
    await refuses(jp, ProofMalformed)


async def test_a_stale_turn_is_not_acted_on(world: Simulation, jp: Member) -> None:
    context = context_of(jp.node)
    late_ms = context.now_ms() + (MAX_WITNESS_AGE_S + 61) * 1000
    with pytest.raises(TrustStale):
        context.follower.verify_fresh(late_ms)


async def test_an_older_turn_is_no_turn(world: Simulation, jp: Member) -> None:
    shown: list[Turn] = []
    jp.exchange.turn = lambda turn: shown.append(turn) or turn  # type: ignore[func-returns-value]
    await jp.node.log.follow()
    await state(world)
    await jp.node.log.follow()
    jp.exchange.turn = lambda turn: shown[0]
    await refuses(jp, TearlineError)


async def test_a_checkpoint_below_the_quorum_is_no_turn(world: Simulation, jp: Member) -> None:
    await state(world)

    def short(turn: Turn) -> Turn:
        mine = world.us.node.uri
        return replace(turn, lines=tuple(line for line in turn.lines if line.name != mine))

    jp.exchange.turn = short
    await refuses(jp, CosignersTooFew)


async def test_nothing_is_stored_of_a_turn_that_was_not_used(
    world: Simulation, jp: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rotated(world.us)
    await state(world)
    stores, turn = stores_of(jp.node), stores_of(jp.node).light.turn()

    def broken(turn: bytes) -> None:
        raise OSError("the machine stops here")

    with monkeypatch.context() as patch:
        patch.setattr(type(stores.light), "put_turn", lambda self, turn: broken(turn))
        with pytest.raises(OSError, match="stops here"):
            await jp.node.log.follow()
    assert stores.light.turn() == turn
    await jp.node.close()
    async with light(world, jp.node.home) as again:
        await again.node.sync()
        assert await send(again, world.us)


async def test_a_suspension_and_a_resumption_reach_it(world: Simulation, jp: Member) -> None:
    await world.us.node.suspensions.suspend("with-japan", WHOLE)
    await received(world, jp)
    with pytest.raises(AgreementSuspended):
        await send(jp, world.us)
    await world.us.node.suspensions.resume("with-japan", acted_by=person(role="officer"))
    await received(world, jp)
    assert await send(jp, world.us)


FIELD = ("Person/name",)


async def test_it_makes_exhibits_by_the_directory(world: Simulation, jp: Member) -> None:
    there, back = await send(world.us, jp), await send(jp, world.us)
    await world.us.node.receive()
    for _ in range(2):
        await received(world, jp)
    policy = parse_log_policy(jp.node.audit.log_policy(counted=True).encode())
    text = await jp.node.audit.exhibit(back, FIELD, receipts=True)
    shown = verify_exhibit(parse_exhibit(parse_armor(Armor.EXHIBIT, text)), None, policy=policy)
    assert shown.originator.signer == jp.node.uri
    assert [each.node for each in shown.sightings] == [world.us.node.uri]
    assert shown.directory is not None
    with pytest.raises(NodeIsLight):
        await jp.node.audit.exhibit(back, FIELD, certified_by=Certification.STATEMENTS)
    with pytest.raises(OnwardUseForbidden):
        await jp.node.audit.exhibit(there, FIELD)


async def test_it_writes_no_exhibit_that_the_exchange_falsifies(
    world: Simulation, jp: Member
) -> None:
    packet = await send(jp, world.us)
    await received(world, jp)
    await received(world, jp)
    jp.exchange.leaves = lambda leaves: replace(
        leaves, leaves=tuple(replace(each, state=each.state[:-1]) for each in leaves.leaves)
    )
    with pytest.raises(TearlineError):
        await jp.node.audit.exhibit(packet, FIELD)
    jp.exchange.leaves = lambda leaves: leaves
    jp.exchange.proven = lambda answer: replace(answer, entries=())
    with pytest.raises(ProofMalformed):
        await jp.node.audit.exhibit(packet, FIELD)


BOTH = bilateral("both", PARTIES, PARTIES).replace(
    'directions = "all"', 'directions = "all"\nboth_before_open = true'
)


async def test_it_sends_what_opens_once_both_have_signed_the_log(
    world: Simulation, jp: Member
) -> None:
    await agreed(world, jp, BOTH)
    packet = await send(jp, world.us, "both")
    await state(world)
    await world.us.node.receive()
    assert world.us.grants() == []
    assert world.us.codes() == []
    assert [each.packet for each in world.us.node.packets.awaiting()] == [packet]
    await jp.node.cosigning.turn()
    await world.us.node.cosigning.turn()
    await world.us.node.receive()
    assert world.us.grants() == [packet]
    assert world.us.codes() == []


async def test_it_opens_by_lines_that_no_turn_has(
    world: Simulation, jp: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn has the lines of counted cosigners alone; those of partners come beside it."""
    await agreed(world, jp, BOTH)
    monkeypatch.setattr(CosigningStore, "partner_cosigned", lambda *line: None)
    packet = await send(world.us, jp, "both")
    await received(world, jp)
    assert jp.grants() == []
    assert [each.packet for each in jp.node.packets.awaiting()] == [packet]
    monkeypatch.undo()
    await jp.node.cosigning.turn()
    await jp.node.receive()
    assert jp.grants() == [packet]
    assert jp.codes() == []


async def test_a_partner_that_signed_another_tree_is_noticed(world: Simulation, jp: Member) -> None:
    await state(world)
    await jp.node.sync()
    context, own = context_of(jp.node), stores_of(world.us.node).log
    follower, newest = context.follower, jp.node.log.checkpoint()
    assert isinstance(follower, LightFollower)
    assert newest is not None
    tree = newest.checkpoint
    for size in (1, tree.size - 1, tree.size):
        smaller = replace(tree, size=size, root=own.root_at(size))
        assert await follower.holds(context.transport, smaller)
    with pytest.raises(LogInconsistent):
        await follower.holds(context.transport, replace(tree, size=tree.size - 1))
    assert not await follower.holds(context.transport, replace(tree, size=tree.size + 1))


async def test_a_tree_is_proven_while_the_exchange_has_a_newer_turn(
    world: Simulation, jp: Member
) -> None:
    """With steady traffic it always has one: no line of a partner would ever count."""
    await state(world)
    await jp.node.sync()
    context, own = context_of(jp.node), stores_of(world.us.node).log
    follower, newest = context.follower, jp.node.log.checkpoint()
    assert isinstance(follower, LightFollower)
    assert newest is not None
    tree = newest.checkpoint
    await state(world)
    smaller = replace(tree, size=tree.size - 1, root=own.root_at(tree.size - 1))
    assert await follower.holds(context.transport, smaller)
    assert await follower.holds(context.transport, tree)
    with pytest.raises(LogInconsistent):
        await follower.holds(context.transport, replace(smaller, root=bytes(32)))


async def test_a_witness_counts_to_no_quorum_of_a_full_node(world: Simulation) -> None:
    us, cn = context_of(world.us.node), context_of(world.cn.node).agency
    size, stores = us.counted_size(), stores_of(world.us.node)
    with stores.database.transaction():
        stores.cosigning.partner_witnessed(cn, size + 100)
    assert us.counted_size() == size
    assert us.cosigned_by_both()[cn] == size


def test_a_witness_counts_to_no_quorum_of_a_light_reader() -> None:
    log = light_log()
    log.add(cosigning_record(log.fed, FIVE[3], "light", KeyUse.WITNESS))
    log.state()
    lines = [*map(cosigner, FIVE[:3]), cosigner(FIVE[3], "light")]
    note = parse_note(log.note(lines))
    keys = line_keys(log.trust.directory.federation_state(), log.trust)
    assert not is_counted(note, keys, log.trust.members.constitution.quorum)
    with pytest.raises(CosignersTooFew):
        log.taken(log.reader(), lines)


def test_the_keys_of_one_counted_cosigner_fill_no_turn() -> None:
    """Agencies may have 64 nodes, each with sixteen keys in the directory; a turn has 1,024."""
    log, many = light_log(), FIVE[4]
    reader = log.taken(log.reader())
    names = [node_of(many), *(f"{many}/node/n{each}" for each in range(1, MAX_AGENCY_NODES))]
    log.add(*cosigning_records(log.fed, names * KEYS_KEPT))
    log.state()
    turn = parse_turn(encode_turn(log.turn(reader.uri, replace(reader.request, keys=()))))
    after = reader.take(turn, log.own(reader.uri))
    listed = Counter(agency_uri_of(key.state.subject) for key in after.keys)
    assert listed == {**dict.fromkeys(FIVE, 1), many: COUNTED_KEYS_KEPT}
    assert parse_turn_request(encode_turn_request(after.request)) == after.request


async def test_a_removed_agency_is_no_partner(world: Simulation, jp: Member) -> None:
    uri = await admit(world, KR)
    with pytest.raises(SignerUnknown):
        await jp.node.federation.follow([uri])
    await state(world)
    (agency,) = await jp.node.federation.follow([uri])
    assert agency.name == KR.agency
    await world.cn.node.sync()
    decision = world.cn.node.federation.removal(uri)
    await vote(world.cn, decision)
    await vote(world.mx, decision)
    await state(world)
    await jp.node.log.follow()
    assert jp.node.directory.members().agency(uri) is None


async def admit(world: Simulation, identity: Identity) -> str:
    """Has two agencies admit one, whose node does nothing; returns its URI."""
    home = Home(world.us.node.home.path.parent / identity.agency)
    found_agency(home, identity, PASSPHRASES, world.us.node.directory.federation())
    record = read_agency(home.enrolment(identity))
    decision = world.us.node.federation.invitation(record)
    await vote(world.us, decision, record)
    await vote(world.cn, decision)
    return identity.agency_uri


async def test_what_needs_the_whole_log_says_that_the_node_is_light(
    world: Simulation, jp: Member
) -> None:
    packet = await send(world.us, jp)
    await received(world, jp)
    with pytest.raises(NodeIsLight):
        jp.node.audit.prove(packet.hex())
    with pytest.raises(NodeIsLight):
        list(jp.node.log.mirror())


async def invited(world: Simulation) -> str:
    """Has China invite Korea and the United States admit it; returns its URI."""
    home = Home(world.us.node.home.path.parent / KR.agency)
    found_agency(home, KR, PASSPHRASES, world.us.node.directory.federation())
    record = read_agency(home.enrolment(KR))
    decision = world.cn.node.federation.invitation(record)
    await vote(world.cn, decision, record)
    await vote(world.us, decision)
    await state(world)
    return KR.agency_uri


async def follows(world: Simulation, jp: Member) -> None:
    """Japan takes the next turn, at the newest directory."""
    await state(world)
    await jp.node.log.follow()
    assert jp.node.log.size == world.us.node.log.size
    assert jp.codes() == []


async def test_a_partner_s_vote_on_an_unread_amendment_stops_no_turn(
    world: Simulation, jp: Member
) -> None:
    """A member of the council proposes, and the partner votes: its votes are read, no others."""
    await world.cn.node.sync()
    federation, root = world.cn.node.federation, world.root(CN)
    now = federation.state.now.constitution
    following = replace(now, rules=replace(now.rules, cosigners=now.rules.cosigners + 1))
    proposed, decision = federation.proposal(root, following)
    await federation._outbox.publish(proposed)
    await vote(world.us, decision)
    await follows(world, jp)
    await vote(world.cn, decision)
    await follows(world, jp)
    assert jp.node.directory.members().rules == following.rules


async def test_it_follows_an_agency_on_which_its_partner_voted_before(
    world: Simulation, jp: Member
) -> None:
    """The vote is here as the partner's, and what came before it is not."""
    uri = await invited(world)
    await follows(world, jp)
    (agency,) = await jp.node.federation.follow([uri])
    assert agency.name == KR.agency


async def test_it_begins_again_before_it_has_read_of_an_agency_that_it_follows(
    world: Simulation, jp: Member
) -> None:
    """Its partner voted to remove that agency; the machine stopped before the next turn."""
    uri = await invited(world)
    await vote(world.us, world.us.node.federation.removal(uri))
    await follows(world, jp)
    stores = stores_of(jp.node)
    with stores.database.transaction():
        stores.light.follow([uri])
    await jp.node.close()
    async with light(world, jp.node.home) as again:
        await follows(world, again)
        assert again.node.directory.members().agency(uri) is not None
