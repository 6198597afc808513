"""Rules of a node that derives everything: what it does not sign, and what it keeps as evidence."""

from dataclasses import replace

import pytest

from support.forks import path
from support.node import context_of, stores_of
from support.simulation import CN, US, Member, Simulation
from tearline.crypto.keys import SigningKey
from tearline.errors import (
    DirectoryRejected,
    EntryForeign,
    EvidenceInsufficient,
    MembershipRejected,
    SendingStopped,
    TrustStale,
)
from tearline.federation.cosigning import AddCheckpoint
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.federation.members import NODE_TYPES, KeyRecord, KeyUse
from tearline.limits import MAX_LOG_TIME_SKEW_MS
from tearline.statements.statement import StatementType
from tearline.tlog.note import parse_note
from tearline.tlog.proof import LogProof
from tearline.verification.log_entries import clear_entry, entry_hash
from tearline.wire.federation import encode_key_record
from tearline.wire.log_entries import EntryRange
from tearline_client.features.federation.acts import vote_on

DAY_MS = 24 * 3_600_000


async def misstated(world: Simulation, member: Member) -> AddCheckpoint:
    """Shows a member the log with one more entry, a wrong directory; returns the offer of it."""
    entries = await world.entries()
    wrong = DirectoryEntry(time_ms=world.clock(), root=bytes(32)).encode()
    note = world.sign_log([*entries, wrong])

    def show(page: EntryRange) -> EntryRange:
        if page.start + len(page.entries) < len(entries):
            return page
        return replace(page, entries=(*entries[page.start :], wrong), checkpoint=note)

    member.exchange.log = show
    old, leaves = member.node.cosigning.seen.size, list(map(entry_hash, (*entries, wrong)))
    return AddCheckpoint(old_size=old, path=path(old, len(leaves), leaves), note=note)


async def refuses_directory(member: Member) -> LogProof:
    """The node stops, and keeps one proof that convinces each other node."""
    with pytest.raises(DirectoryRejected):
        await member.node.sync()
    (accusation,) = member.node.log.evidence()
    assert isinstance(accusation.evidence, LogProof)
    with pytest.raises(SendingStopped):
        context_of(member.node).verify_witnessed()
    return accusation.evidence


async def test_a_wrong_directory_is_evidence_and_stops_sending(world: Simulation) -> None:
    await world.cn.node.sync()
    read = stores_of(world.cn.node).log.size
    await misstated(world, world.cn)
    proof = await refuses_directory(world.cn)
    assert stores_of(world.cn.node).log.size == world.cn.node.cosigning.seen.size == read

    # Another node believes its own entries, not the one that shows it.
    await world.mx.node.sync()
    with pytest.raises(DirectoryRejected):
        world.mx.node.log.judge_directory(proof)
    world.mx.node.log.judge_directory(proof)  # it is known
    assert len(world.mx.node.log.evidence()) == 1


async def test_a_right_directory_convicts_no_log(world: Simulation) -> None:
    await world.cn.node.sync()
    log = stores_of(world.cn.node).log
    (*_, (index, entry)) = [each for each in log.clear_entries() if each[1][:1] == b"\2"]
    signed = world.cn.node.log.checkpoint()
    assert signed is not None
    siblings = log.path(index, signed.checkpoint.size)
    right = LogProof(index=index, path=siblings, note=signed.note, extra=entry)
    with pytest.raises(EvidenceInsufficient):
        world.cn.node.log.judge_directory(right)
    assert not world.cn.node.log.evidence()


async def test_an_unread_checkpoint_of_a_wrong_directory_is_not_cosigned(world: Simulation) -> None:
    await world.cn.node.sync()
    before = world.cn.node.cosigning.seen
    offer = await misstated(world, world.cn)
    with pytest.raises(DirectoryRejected):
        await world.cn.node.cosigning.add_checkpoint(offer)
    assert world.cn.node.cosigning.seen == before


async def test_an_old_directory_is_not_cosigned_anew(world: Simulation) -> None:
    node = world.cn.node
    await node.sync()
    first = node.cosigning.cosign()
    later_ms = world.clock() + MAX_LOG_TIME_SKEW_MS + 1
    object.__setattr__(context_of(node), "now_ms", lambda: later_ms)
    # The exchange is told of the size, by the line of before.
    assert node.cosigning.cosign() == first
    assert node.uri in {each.name for each in parse_note(first).signatures}
    newest = node.log.checkpoint()
    assert newest is not None
    assert node.cosigning.mirrored() == newest.note
    again = AddCheckpoint(old_size=newest.checkpoint.size, path=(), note=newest.note)
    with pytest.raises(TrustStale):
        await node.cosigning.add_checkpoint(again)


async def test_what_a_thief_signs_by_our_root_is_noticed(world: Simulation) -> None:
    for member in world.members:
        await member.node.sync()
    now_ms, root = world.clock(), world.root(US)
    hidden = KeyRecord(
        header=root.header,
        subject=f"{root.header.signer}/node/hidden",
        use=KeyUse.SIGN,
        public_key=SigningKey.generate().public.encoded,
        types=tuple(sorted(NODE_TYPES)),
        not_before_ms=now_ms,
        not_after_ms=now_ms + DAY_MS,
    )
    outcome = await world.us.say(StatementType.KEY_RECORD, encode_key_record(hidden), by=root)
    assert outcome.refusal is None
    for member in world.members:
        for _ in range(2):
            await member.node.sync()
    assert world.us.codes() == [EntryForeign.code]
    assert world.cn.codes() == world.mx.codes() == []


async def test_a_vote_to_replace_our_root_is_noticed_and_our_own_acts_are_not(
    world: Simulation,
) -> None:
    for member in world.members:
        await member.node.sync()
    root, trust = world.root(CN), context_of(world.cn.node).trust
    against = vote_on(
        root, trust.membership, VoteKind.REPLACE, world.root(US).header.signer, bytes(range(32))
    )
    await world.cn.node.federation._outbox.publish(against)
    for member in world.members:
        await member.node.sync()
    assert world.us.codes() == [EntryForeign.code]
    assert world.cn.codes() == world.mx.codes() == []


async def test_entries_of_a_refused_page_change_nothing(world: Simulation) -> None:
    """The log shows a vote and an entry that is none of its members', then its history again."""
    await world.cn.node.sync()
    entries, node = await world.entries(), world.cn.node
    state = context_of(node).trust.membership
    removal = (VoteKind.REMOVE, world.mx.node.home.identity().agency_uri)
    vote = vote_on(world.root(US), state, *removal, bytes(32))
    again = clear_entry(vote)  # the agency has an open vote for the decision
    forged = [*entries, clear_entry(vote), again]
    note = world.sign_log(forged)
    world.cn.exchange.log = lambda page: replace(
        page, entries=tuple(forged[page.start :]), checkpoint=note
    )
    before = state.pending()
    with pytest.raises(MembershipRejected):
        await node.log.follow()
    assert context_of(node).trust.membership.pending() == before
    world.cn.exchange.log = lambda page: page
    await world.us.node.keys.rotate_encryption()
    await node.log.follow()
    assert stores_of(node).log.size == len(await world.entries())
    assert not node.log.evidence()


async def test_an_unproven_vote_does_not_stay_in_the_way(world: Simulation) -> None:
    """The log shows a part of a tree, with a vote on no amendment, then its history again."""
    await world.cn.node.sync()
    entries, node = await world.entries(), world.cn.node
    state = context_of(node).trust.membership
    vote = clear_entry(vote_on(world.root(US), state, VoteKind.AMEND, "", bytes(range(32))))
    note = world.sign_log([*entries, vote, vote])
    parts = {len(entries): (vote,), len(entries) + 1: (vote,)}
    world.cn.exchange.log = lambda page: replace(
        page, entries=parts.get(page.start, ()), checkpoint=note
    )
    with pytest.raises(MembershipRejected):
        await node.log.follow()
    world.cn.exchange.log = lambda page: page
    await node.log.follow()
    assert stores_of(node).log.size == len(await world.entries())
