"""Turns of light nodes, and the checkpoints behind directory entries that they need."""

import pytest

from support.exchange import World
from support.light import light_log
from tearline.errors import ExchangeBusy, NotFound
from tearline.federation.directory import DirectoryEntry
from tearline.federation.turns import LeavesRequest, LightEntriesRequest, TurnRequest
from tearline.limits import DIRECTORY_INTERVAL_MS, LOG_PAGE_BYTES
from tearline.statements.statement import HASH_SIZE
from tearline.tlog.checkpoint import parse_checkpoint_text
from tearline.tlog.merkle import verify_inclusion
from tearline.tlog.note import parse_note
from tearline.verification.log_entries import entry_hash, parse_entry
from tearline.wire.turns import encode_leaves, parse_leaves

FIRST = TurnRequest(size=0, decision=bytes(HASH_SIZE), keys=())


async def stated(world: World) -> None:
    """A directory entry, with entries behind it before any checkpoint."""
    world.clock.time_ms += DIRECTORY_INTERVAL_MS
    await world.exchange.maintenance.write_directory()
    await world.send(world.packet())


async def test_a_checkpoint_behind_a_directory_is_not_passed_over(world: World) -> None:
    start = world.exchange.snapshot.entries
    await stated(world)
    first = await world.exchange.entries(start, 0, to_directory=True)
    assert first.more
    assert isinstance(parse_entry(first.entries[-1]), DirectoryEntry)
    size = parse_checkpoint_text(parse_note(first.checkpoint).text).size
    assert size == start + len(first.entries)
    rest = await world.exchange.entries(size, 0, to_directory=True)
    assert not rest.more
    assert rest.start + len(rest.entries) == world.exchange.snapshot.entries


async def test_a_reader_that_cosigns_nothing_is_not_stopped(world: World) -> None:
    start = world.exchange.snapshot.entries
    await stated(world)
    end = world.exchange.snapshot.entries
    found = await world.exchange.entries(start, 0)
    assert not found.more
    assert len(found.entries) == end - start


async def test_there_is_no_turn_before_enough_cosigned(world: World) -> None:
    await stated(world)
    with pytest.raises(ExchangeBusy):
        await world.exchange.light.turn("spiffe://justice.us.example", FIRST)


async def test_states_at_a_turn_that_is_not_kept_are_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.exchange.light.leaves(LeavesRequest(size=1, agencies=()))


def test_the_states_of_large_agencies_fit_a_message(world: World) -> None:
    """An agency of 64 nodes with sixteen keys each has a state of a third of a megabyte."""
    log, uris = light_log(), [f"spiffe://agency{number}.example" for number in range(64)]
    for uri in uris:
        log.trust.directory._tree.put(uri, bytes(360 << 10))
    log.state()
    world.exchange.light._turns[log.frontier.size] = log.turns()
    left = list(uris)
    while left:
        asked = LeavesRequest(size=log.frontier.size, agencies=tuple(left))
        answer = encode_leaves(world.exchange.light.leaves(asked))
        assert len(answer) < LOG_PAGE_BYTES + (512 << 10)
        del left[: len(parse_leaves(answer).leaves)]


async def test_entries_come_with_their_proofs_and_with_the_directories_beside_them(
    world: World,
) -> None:
    await stated(world)
    note = parse_note(await world.exchange.checkpoint())
    tree = parse_checkpoint_text(note.text)
    members = world.exchange.members
    uri = members.agencies[0].uri
    found = await world.exchange.light.entries(LightEntriesRequest(size=tree.size, agency=uri))
    assert found.next == 0
    assert any(isinstance(parse_entry(each.entry), DirectoryEntry) for each in found.entries)
    some = await world.exchange.light.entries(LightEntriesRequest(size=tree.size, indexes=(3, 1)))
    assert [each.index for each in some.entries] == [3, 1]
    for each in (*found.entries, *some.entries):
        verify_inclusion(each.index, tree.size, entry_hash(each.entry), each.path, tree.root)


async def test_no_entry_beyond_the_tree_is_shown(world: World) -> None:
    with pytest.raises(NotFound):
        await world.exchange.light.entries(LightEntriesRequest(size=1 << 40, indexes=(1,)))
