"""A node that starts again, and a reader of an exhibit, derive the members from few directories."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    NOW_MS,
    US,
    agency,
    federation,
    member_record,
    signing_key,
)
from support.decisions import deciding
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.limits import ROOT_REPLACEMENT_DELAY_MS
from tearline.verification.log_entries import clear_entry, parse_entry
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.statements import Signed
from tearline_client.audit.proofs import trust_entries
from tearline_client.store.database import Database
from tearline_client.store.log import LogStore
from tearline_client.store.vault import Vault

FED = federation()
HOUR_MS = 3_600_000


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    return LogStore(Database(tmp_path / "node.db", Vault(bytes(32))))


def replaced_in(store: LogStore) -> tuple[TrustState, list[int], list[int]]:
    """A log in which a root is replaced a week after the votes, among many directories.

    Returns the state after it, the entries of the decision, and the directories with an effect.
    """
    state, log, effects = FED.trust(), [*FED.clear], []

    def apply(entry: Signed | DirectoryEntry) -> None:
        state.apply(len(log), entry)
        if isinstance(entry, DirectoryEntry) and state.membership.has_changed_at(len(log)):
            effects.append(len(log))
        log.append(entry)

    for hour in range(24):
        apply(state.directory.entry(DAY_MS + hour * HOUR_MS))
    first, new = len(log), signing_key("new")
    record = member_record(agency(MX, new), FED.id, new, generation=2)
    for entry in deciding(state, VoteKind.REPLACE, record, US, CN):
        apply(entry)
    decided = [*range(first, len(log))]
    while state.membership.time_ms < 3 * DAY_MS + ROOT_REPLACEMENT_DELAY_MS:
        apply(state.directory.entry(state.membership.time_ms + HOUR_MS))
    encoded = [clear_entry(e) if isinstance(e, Signed) else e.encode() for e in log]
    _, nodes = store.grown(store.frontier(), encoded)
    store.append(0, encoded, nodes)
    store.put_effects(effects)
    return state, decided, effects


def replayed(entries: Iterable[tuple[int, bytes]], **options: bool) -> TrustState:
    """What a reader of some entries derives from them."""
    state = TrustState(federation=FED.id, **options)
    for index, data in entries:
        found = parse_entry(data)
        assert found is not None
        state.apply(index, found)
    return state


def test_a_start_derives_the_members_from_few_of_the_directories(store: LogStore) -> None:
    """A root is replaced a week after the votes, by the time of one directory among many."""
    state, decided, effects = replaced_in(store)
    read = store.clear_entries()
    # The first, those beside the votes, the effect, and the newest.
    assert len(read) == decided[-1] + 1 - 24 + 5
    again = replayed(read)
    assert again.directory.root == state.directory.root
    assert again.membership.time_ms == state.membership.time_ms
    versions = [each.members.version(MX) for each in (again, state)]
    assert versions[0] == versions[1]
    assert [*store.effects()] == effects
    assert decided[-1] < effects[0] < store.size - 1


def test_a_reader_of_an_exhibit_sees_a_replaced_root(store: LogStore) -> None:
    """Else the old root, which may be stolen, would count for it still, and its nodes' keys."""
    state, _, effects = replaced_in(store)
    node = FED.node(MX).header
    read = [*trust_entries(store, [node], store.size, store.size)]
    assert effects[0] in [index for index, _ in read]
    seen = replayed(read, is_partial=True)
    assert seen.members.version(MX) == state.members.version(MX)
    at = Moment(index=store.size, time_ms=NOW_MS)
    assert not seen.keys_of(node.signer, at=at)
    assert seen.keys_of(node.signer, at=Moment(index=effects[0], time_ms=NOW_MS))
