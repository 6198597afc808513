"""A light reader: what it takes from a turn, and what it refuses."""

from dataclasses import replace

import pytest

from support.agencies import key_record, log_signers, node_of, signed_by, signing_key
from support.decisions import admission, amending, leaving
from support.light import (
    FIVE,
    NOW_S,
    LightLog,
    altered,
    cosigner,
    cosigning_record,
    light_log,
)
from tearline.crypto.keys import key_id
from tearline.errors import (
    CheckpointUnsigned,
    ClockSkewed,
    CosignersTooFew,
    DirectoryRejected,
    EntryNotIncluded,
    LogInconsistent,
    OwnStateForeign,
    ProofMalformed,
    SignerKeyUnknown,
    SignerUnknown,
    StatementMalformed,
    TearlineError,
    TrustStale,
)
from tearline.federation.cosigning import AddCheckpoint, CosignedTree, verify_add_checkpoint
from tearline.federation.directory import DirectoryEntry, DirectoryProof
from tearline.federation.members import KeyUse, Revocation
from tearline.federation.turns import Leaf, Turn
from tearline.limits import MAX_LOG_TIME_SKEW_MS, MAX_WITNESS_AGE_S
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import CheckpointSigner
from tearline.tlog.merkle import inclusion_proof
from tearline.tlog.note import parse_note
from tearline.verification.light_reader import LightReader
from tearline.verification.trust import TrustState
from tearline.wire.federation import encode_key_record, encode_revocation
from tearline.wire.statements import Signed
from tearline.wire.turns import (
    encode_leaf,
    encode_turn,
    encode_turn_request,
    parse_leaf,
    parse_turn,
    parse_turn_request,
)

ME, PARTNER = FIVE[0], FIVE[1]
NEWCOMER = "spiffe://jp-customs.example"
FOUR = [cosigner(uri) for uri in FIVE[:4]]


def refused(log: LightLog, reader: LightReader, turn: Turn, why: type[TearlineError]) -> None:
    with pytest.raises(why):
        reader.take(turn, log.own(reader.uri))


def turn_of(log: LightLog, reader: LightReader, by: list[CheckpointSigner] | None = None) -> Turn:
    return log.turn(reader.uri, reader.request, by)


# Turns.


def test_it_follows_the_log_from_turn_to_turn() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    log.state()
    log.add(*admission(log.trust, NEWCOMER, *FIVE[:3]))
    log.state()
    after = log.taken(reader)
    assert after.newest is not None
    assert after.newest.checkpoint.checkpoint == log.checkpoint
    assert after.newest.counted_s == log.time_ms // 1000
    # Every vote of its own agency is an entry that it made.
    assert after.own is not None
    assert reader.own is not None
    assert after.own.entries == reader.own.entries + 1


def test_a_newcomer_takes_turns_before_its_admission() -> None:
    log = light_log()
    reader = log.taken(log.reader(NEWCOMER))
    assert reader.own is None
    log.add(*admission(log.trust, NEWCOMER, *FIVE[:3]))
    log.made[NEWCOMER] = [log.frontier.size - 3]
    log.state()
    reader = log.taken(reader)
    assert reader.own is not None
    assert reader.own.status == "member"


def test_one_tree_with_newer_lines_is_a_turn() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    log.time_ms += 60_000
    again = log.taken(reader)
    assert again.newest is not None
    assert again.newest.counted_s == log.time_ms // 1000


def test_a_state_is_read_as_it_was_hashed() -> None:
    log = light_log()
    reader, turn = log.reader(), turn_of(log, log.reader())
    for state in (turn.own.state[:-1], turn.own.state + b"\0", b"\xff" * 90):
        leaf = replace(turn.own, state=state)
        with pytest.raises((StatementMalformed, ProofMalformed)):
            reader.take(altered(turn, own=leaf), log.own(ME))


def test_a_turn_and_its_question_travel() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    log.add(*amending(log.trust, *FIVE[:3], quorum=5))
    log.add(cosigning_record(log.fed, FIVE[3], "second"))
    log.state()
    turn = turn_of(log, reader)
    assert parse_turn(encode_turn(turn)) == turn
    assert turn.amendment
    assert turn.keys
    assert parse_turn_request(encode_turn_request(reader.request)) == reader.request
    for leaf in (turn.own, log.turns().leaf(NEWCOMER)):
        assert parse_leaf(encode_leaf(leaf)) == leaf


def test_what_is_no_turn_is_not_read() -> None:
    turn = turn_of(light_log(), light_log().reader())
    short = DirectoryProof(siblings=(bytes(31),), other=None)
    odd = DirectoryProof(siblings=(), other=(bytes(32), bytes(31)))
    deep = DirectoryProof(siblings=(bytes(32),) * 65, other=None)
    for proof in (short, odd, deep):
        with pytest.raises(StatementMalformed):
            parse_leaf(encode_leaf(Leaf(state=b"", proof=proof)))
    for bad in (
        altered(turn, root=bytes(31)),
        altered(turn, directory=DirectoryEntry(time_ms=1, root=bytes(31))),
        altered(turn, last=(bytes(32),) * 64),
        altered(turn, lines=turn.lines * 200),
    ):
        with pytest.raises(StatementMalformed):
            parse_turn(encode_turn(bad))


# Counted cosigners.


def test_fewer_cosigners_than_the_quorum_prove_nothing() -> None:
    log = light_log()
    reader = log.reader()
    refused(log, reader, turn_of(log, reader, FOUR[:3]), CosignersTooFew)


def test_the_log_signs_with_all_its_keys() -> None:
    log = light_log()
    reader = log.reader()
    turn = turn_of(log, reader)
    (first, *_) = parse_note(log.note([])).signatures
    assert first.name == log_signers()[0].verifier.name
    lines = tuple(line for line in turn.lines if line != first)
    refused(log, reader, altered(turn, lines=lines), CheckpointUnsigned)


def test_a_line_counts_while_its_key_was_valid() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    log.state(after_s=8 * 24 * 3600)
    refused(log, reader, turn_of(log, reader), CosignersTooFew)


def test_it_follows_keys_from_one_quorum_to_the_next() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    second = cosigner(FIVE[3], "second")
    log.add(cosigning_record(log.fed, FIVE[3], "second"))
    log.state()
    # Its key was not held, so one of the held ones must sign besides.
    refused(log, reader, turn_of(log, reader, [*FOUR[:3], second]), CosignersTooFew)
    reader = log.taken(reader)
    log.state()
    reader = log.taken(reader, [*FOUR[:3], second])
    assert len(reader.keys) == 6


def test_a_key_that_ended_counts_no_more() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    root = log.fed.signer(FIVE[3])
    ended = Revocation(header=root.header, revoked_key=key_of(FIVE[3]), reason="lost")
    log.add(signed_by(StatementType.REVOCATION, encode_revocation(ended), root))
    log.state()
    refused(log, reader, turn_of(log, reader), CosignersTooFew)
    log.taken(reader, [*FOUR[:3], cosigner(FIVE[4])])


def key_of(uri: str) -> bytes:
    return key_id(cosigner(uri).verifier.public)


def test_a_withheld_key_of_a_cosigner_is_noticed() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    log.add(cosigning_record(log.fed, FIVE[3], "second"))
    log.state()
    refused(log, reader, altered(turn_of(log, reader), keys=()), SignerKeyUnknown)


# The constitution.


def amended() -> tuple[LightLog, LightReader]:
    """A log whose council replaced a counted cosigner, and a reader from before."""
    log = light_log()
    reader = log.taken(log.reader())
    log.add(*amending(log.trust, *FIVE[:3], cosigners=FIVE[:4], quorum=3))
    log.state()
    return log, reader


def test_it_takes_the_constitution_that_the_directory_names() -> None:
    log, reader = amended()
    after = log.taken(reader)
    assert after.constitution.quorum == 3
    assert after.decision == log.trust.members.constitution_id
    log.state()
    log.taken(after, FOUR[:3])


def test_a_withheld_amendment_is_noticed() -> None:
    log, reader = amended()
    refused(log, reader, altered(turn_of(log, reader), amendment=b""), DirectoryRejected)


def test_another_amendment_is_not_the_one_in_force() -> None:
    log, reader = amended()
    (other, *_) = amending(log.trust, FIVE[0], quorum=4)
    turn = altered(turn_of(log, reader), amendment=other.statement.body)
    refused(log, reader, turn, DirectoryRejected)


def test_the_quorum_before_signs_the_change_of_quorum() -> None:
    log, reader = amended()
    refused(log, reader, turn_of(log, reader, FOUR[:3]), CosignersTooFew)


# Stale, forked and withheld directories.


def test_a_directory_is_acted_on_for_ten_minutes() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    leaf, at_s = log.turns().leaf(PARTNER), log.time_ms // 1000
    assert reader.verify_partner(PARTNER, leaf, at_s + MAX_WITNESS_AGE_S).uri == PARTNER
    with pytest.raises(TrustStale):
        reader.verify_partner(PARTNER, leaf, at_s + MAX_WITNESS_AGE_S + 1)
    with pytest.raises(TrustStale):
        log.reader().verify_partner(PARTNER, leaf, at_s)


def test_newer_lines_do_not_make_an_old_directory_new() -> None:
    log = light_log()
    log.time_ms += (MAX_WITNESS_AGE_S + 1) * 1000
    reader = log.taken(log.reader())
    with pytest.raises(TrustStale):
        reader.verify_recent(log.time_ms // 1000)


def test_cosigners_of_the_future_are_not_believed() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    with pytest.raises(ClockSkewed):
        reader.verify_recent(log.time_ms // 1000 - MAX_LOG_TIME_SKEW_MS // 1000 - 1)


def test_one_cosigner_alone_makes_no_directory_newer() -> None:
    log = light_log()
    late = cosigner(FIVE[4]).sign(log.checkpoint, time_s=NOW_S + 5000)
    turn = turn_of(log, log.reader())
    reader = log.reader().take(altered(turn, lines=(*turn.lines, late)), log.own(ME))
    assert reader.newest is not None
    assert reader.newest.counted_s == log.time_ms // 1000


def test_a_checkpoint_that_ends_with_another_entry_is_no_turn() -> None:
    log = light_log()
    reader = log.reader()
    before = turn_of(log, reader)
    log.add(*admission(log.trust, NEWCOMER, *FIVE[:3]))
    later = altered(
        before,
        size=log.frontier.size,
        root=log.frontier.root(),
        lines=parse_note(log.note(FOUR)).signatures,
    )
    index = log.frontier.size - 1
    last = inclusion_proof(index, index + 1, lambda level, at: log.nodes[level, at])
    refused(log, reader, altered(later, last=last), EntryNotIncluded)
    with pytest.raises(EntryNotIncluded):
        log.turns()


def test_another_history_is_no_turn() -> None:
    log = light_log()
    reader = log.taken(log.reader())
    other = another_history()
    refused(log, reader, turn_of(other, reader), LogInconsistent)


def another_history() -> LightLog:
    """A log that differs from ``light_log`` in the time of its first directory."""
    fed = light_log().fed
    log = LightLog(fed, TrustState(federation=fed.id))
    log.add(*fed.clear, *(cosigning_record(fed, uri) for uri in FIVE))
    log.state(after_s=50)
    log.state(after_s=10)
    return log


def test_an_older_turn_is_refused() -> None:
    log = light_log()
    reader = log.reader()
    first = turn_of(log, reader)
    log.state()
    refused(log, log.taken(reader), first, ProofMalformed)


# Leaves.


def test_a_leaf_of_another_agency_or_of_another_time_is_refused() -> None:
    log = light_log()
    old = log.turns().leaf(PARTNER)
    log.add(cosigning_record(log.fed, PARTNER, "second"))
    log.state()
    reader, turns, now_s = log.taken(log.reader()), log.turns(), log.time_ms // 1000
    for leaf in (old, turns.leaf(FIVE[2]), replace(turns.leaf(PARTNER), state=old.state)):
        with pytest.raises(ProofMalformed):
            reader.verify_partner(PARTNER, leaf, now_s)


def test_an_absence_is_none_for_a_member() -> None:
    log = light_log()
    reader, turns, now_s = log.taken(log.reader()), log.turns(), log.time_ms // 1000
    reader.verify_absent(NEWCOMER, turns.leaf(NEWCOMER), now_s)
    with pytest.raises(SignerUnknown):
        reader.verify_partner(NEWCOMER, turns.leaf(NEWCOMER), now_s)
    for leaf in (
        turns.leaf(PARTNER),
        replace(turns.leaf(PARTNER), state=b""),
        turns.leaf(NEWCOMER),
    ):
        with pytest.raises(ProofMalformed):
            reader.verify_absent(PARTNER, leaf, now_s)


def test_a_former_member_is_no_partner() -> None:
    log = light_log()
    log.add(leaving(log.trust, PARTNER))
    log.state()
    reader, now_s = log.reader(), log.time_ms // 1000
    by = [cosigner(uri) for uri in FIVE if uri != PARTNER]
    reader = log.taken(reader, by)
    with pytest.raises(SignerUnknown):
        reader.verify_partner(PARTNER, log.turns(by).leaf(PARTNER), now_s)


def test_its_own_leaf_is_of_its_own_agency() -> None:
    log = light_log()
    reader = log.reader()
    turn = turn_of(log, reader)
    refused(log, reader, altered(turn, own=log.turns().leaf(PARTNER)), ProofMalformed)


def test_its_own_leaf_never_goes_away() -> None:
    log = light_log()
    reader = replace(log.taken(log.reader()), uri=NEWCOMER)
    log.state()
    refused(log, reader, turn_of(log, reader), DirectoryRejected)


# Keys that an agency did not make.


def record(log: LightLog, name: str) -> Signed:
    """A signing key of this agency's node, that the agency did not certify itself."""
    root = log.fed.signer(ME)
    public = signing_key(name).public.encoded
    made = key_record(root.header, node_of(ME), KeyUse.SIGN, public)
    return signed_by(StatementType.KEY_RECORD, encode_key_record(made), root)


def test_a_key_in_its_name_is_noticed() -> None:
    log = light_log()
    reader, made = log.taken(log.reader()), log.own(ME)
    log.add(record(log, "a thief's"))
    log.state()
    with pytest.raises(OwnStateForeign):
        reader.take(turn_of(log, reader), made)


def test_a_key_is_noticed_that_was_revoked_between_turns() -> None:
    log = light_log()
    reader, made = log.taken(log.reader()), log.own(ME)
    log.add(record(log, "a thief's"))
    root, thief = log.fed.signer(ME), signing_key("a thief's")
    ended = Revocation(header=root.header, revoked_key=thief.id, reason="none")
    log.add(signed_by(StatementType.REVOCATION, encode_revocation(ended), root))
    log.state()
    turn = turn_of(log, reader)
    with pytest.raises(OwnStateForeign):
        reader.take(turn, made)
    known = replace(made, keys=made.keys | {thief.id})
    with pytest.raises(OwnStateForeign):  # the count of entries tells, too
        reader.take(turn, known)


def test_an_entry_of_its_own_that_is_not_counted_is_noticed() -> None:
    log = light_log()
    reader, made = log.reader(), log.own(ME)
    more = replace(made, indexes=(*made.indexes, log.frontier.size - 2))
    with pytest.raises(OwnStateForeign):
        reader.take(turn_of(log, reader), more)
    later = replace(made, indexes=(*made.indexes, log.frontier.size + 2))
    reader.take(turn_of(log, reader), later)


def test_another_member_record_is_noticed() -> None:
    log = light_log()
    made = replace(log.own(ME), records=frozenset({bytes(32)}))
    with pytest.raises(OwnStateForeign):
        log.reader().take(turn_of(log, log.reader()), made)


# Two logs.


class Cosigner:
    """A counted cosigner: an honest one follows one log, a dishonest one signs both."""

    def __init__(self, uri: str, *, is_honest: bool) -> None:
        self.uri, self.is_honest, self.seen = uri, is_honest, CosignedTree()

    def signs(self, log: LightLog) -> bool:
        if not self.is_honest:
            return True
        request = AddCheckpoint(old_size=0, path=(), note=log.note([]))
        try:
            tree = verify_add_checkpoint(request, log.trust.members.log, self.seen)
        except TearlineError:
            return False
        self.seen = CosignedTree(size=tree.size, root=tree.root)
        return True


def both_believed(dishonest: int, honest_of_the_first: int) -> bool:
    """Whether two readers can be shown two logs by so many dishonest cosigners of five."""
    cosigners = [Cosigner(uri, is_honest=at >= dishonest) for at, uri in enumerate(FIVE)]
    believed = []
    for log, others in (
        (light_log(), cosigners[: dishonest + honest_of_the_first]),
        (another_history(), cosigners),
    ):
        by = [cosigner(each.uri) for each in others if each.signs(log)]
        try:
            log.taken(log.reader(), by)
        except CosignersTooFew:
            believed.append(False)
        else:
            believed.append(True)
    return all(believed)


def test_two_readers_see_one_log_while_few_cosigners_are_dishonest() -> None:
    # k = 4 of n = 5, so 2k - n = 3.
    assert not any(both_believed(2, honest) for honest in range(4))


def test_two_readers_see_two_logs_once_three_cosigners_are_dishonest() -> None:
    # The threat model says so: three of five sign both logs, and an honest one signs each.
    assert both_believed(3, 1)
