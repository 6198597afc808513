"""A node that starts again replays few directories, and derives the same members."""

from pathlib import Path

import pytest

from support.agencies import CN, DAY_MS, MX, US, agency, federation, member_record, signing_key
from support.decisions import deciding
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.limits import ROOT_REPLACEMENT_DELAY_MS
from tearline.verification.log_entries import clear_entry, parse_entry
from tearline.verification.trust import TrustState
from tearline.wire.statements import Signed
from tearline_client.store.database import Database
from tearline_client.store.log import LogStore
from tearline_client.store.vault import Vault

FED = federation()
HOUR_MS = 3_600_000


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    return LogStore(Database(tmp_path / "node.db", Vault(bytes(32))))


def test_a_start_derives_the_members_from_few_of_the_directories(store: LogStore) -> None:
    """A root is replaced a week after the votes, by the time of one directory among many."""
    state, log, effects = FED.trust(), [*FED.clear], []
    index = len(log)

    def apply(entry: Signed | DirectoryEntry) -> None:
        state.apply(len(log), entry)
        if isinstance(entry, DirectoryEntry) and state.membership.has_changed_at(len(log)):
            effects.append(len(log))
        log.append(entry)

    for hour in range(24):
        apply(state.directory.entry(DAY_MS + hour * HOUR_MS))
    record = member_record(agency(MX, signing_key("new")), FED.id, signing_key("new"), generation=2)
    for entry in deciding(state, VoteKind.REPLACE, record, US, CN):
        apply(entry)
    decided = len(log)
    while state.membership.time_ms < 3 * DAY_MS + ROOT_REPLACEMENT_DELAY_MS:
        apply(state.directory.entry(state.membership.time_ms + HOUR_MS))
    assert len(effects) == 1

    encoded = [clear_entry(e) if isinstance(e, Signed) else e.encode() for e in log]
    _, nodes = store.grown(store.frontier(), encoded)
    store.append(0, encoded, nodes)
    store.put_effects(effects)
    read = store.clear_entries()
    # The first, those beside the votes, the effect, and the newest.
    assert len(read) == decided - 24 + 5
    again = TrustState(federation=FED.id)
    for position, data in read:
        found = parse_entry(data)
        assert found is not None
        again.apply(position, found)
    assert again.directory.root == state.directory.root
    assert again.membership.time_ms == state.membership.time_ms
    versions = [each.members.version(MX) for each in (again, state)]
    assert versions[0] == versions[1]
    assert index < decided < effects[0] < len(log)
