"""An exchange's turns: what one costs, counted, at few members and at many."""

from dataclasses import replace

import pytest

from support.light import FIVE, light_log
from tearline.errors import EntryNotIncluded
from tearline.federation.directory import DirectoryEntry
from tearline.federation.turns import TurnRequest
from tearline.tlog.merkle import inclusion_proof
from tearline.verification.turns import Turns
from tearline.wire.turns import encode_turn

LOG = light_log()
NONE = TurnRequest(size=0, decision=bytes(32), keys=())


def made(entry: DirectoryEntry, members: int = 0) -> Turns:
    """Turns of the log's directory with more members, at an entry."""
    assert LOG.logged is not None
    tree, size = LOG.logged.tree.copy(), LOG.frontier.size
    for number in range(members):
        tree.put(f"spiffe://agency{number}.example", bytes(600))
    return Turns(
        LOG.note([]),
        replace(LOG.logged, entry=entry, tree=tree),
        inclusion_proof(size - 1, size, LOG.node),
        amendment=lambda _: b"",
        public_key=LOG.public_key,
    )


def entry() -> DirectoryEntry:
    assert LOG.logged is not None
    return LOG.logged.entry


def test_a_turn_costs_a_path_whatever_the_number_of_members() -> None:
    few, many = (made(entry(), members).turn(FIVE[0], NONE, ()) for members in (10, 10_000))
    paths = [
        [len(leaf.proof.siblings) for leaf in (each.own, each.federation)] for each in (few, many)
    ]
    # A thousand times the members are ten more hashes in each of the two paths, or a few more.
    assert max(paths[1]) <= 24
    more = sum(paths[1]) - sum(paths[0])
    assert len(encode_turn(many)) - len(encode_turn(few)) <= 34 * more + 8


def test_members_that_come_later_change_no_turn() -> None:
    log = light_log()
    turns = log.turns()
    before = turns.turn(FIVE[0], NONE, ())
    log.trust.directory.copy().put(FIVE[0], b"another state")
    assert turns.turn(FIVE[0], NONE, ()) == before


def test_a_reader_gets_the_keys_that_it_lacks() -> None:
    turns = made(entry())
    assert len(turns.turn(FIVE[0], NONE, ()).keys) == len(FIVE)
    held = LOG.taken(LOG.reader()).request
    assert turns.turn(FIVE[0], held, ()).keys == ()


def test_a_checkpoint_that_ends_with_another_entry_has_no_turns() -> None:
    with pytest.raises(EntryNotIncluded):
        made(replace(entry(), time_ms=1))
