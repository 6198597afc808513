"""Decisions of a federation: founding, admission, removal, amendments, lost roots, leaving."""

from dataclasses import replace
from functools import partial

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    US,
    agency,
    constitution,
    federation,
    founding,
    log_identity,
    member_record,
    node_of,
    signing_key,
)
from support.decisions import (
    admission,
    amending,
    amendment,
    apply_all,
    deciding,
    leaving,
    own_change,
    removal,
    vote,
)
from tearline.errors import (
    CharterUnpinned,
    DirectoryRejected,
    MembershipRejected,
    SignatureInvalid,
    SignerKeyUnknown,
    SignerMismatch,
    SignerUnknown,
    StatementMalformed,
    TearlineError,
)
from tearline.federation.charter import rules_of
from tearline.federation.decisions import VoteKind
from tearline.federation.directory import DirectoryEntry
from tearline.federation.versions import MemberStatus
from tearline.limits import MAX_OPEN_AMENDMENTS, MAX_OPEN_VOTES, ROOT_REPLACEMENT_DELAY_MS
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.statements import Signed

FED = federation()
NEXT = len(FED.clear)
JP, FR, DE, BR = (f"spiffe://{name}.example" for name in ("jp-customs", "fr", "de", "br"))
SEVEN = tuple(sorted((US, MX, CN, JP, FR, DE, BR)))


def uris(state: TrustState) -> list[str]:
    return [each.uri for each in state.members.agencies]


def state_directory(state: TrustState, index: int, time_ms: int) -> int:
    state.apply(index, DirectoryEntry(time_ms=time_ms, root=state.directory.root))
    return index + 1


def refused(
    state: TrustState, entry: Signed, why: type[TearlineError] = MembershipRejected
) -> None:
    before = state.directory.root, uris(state), state.membership.pending()
    with pytest.raises(why):
        state.apply(10_000, entry)
    assert before == (state.directory.root, uris(state), state.membership.pending())


# Founding.


def test_a_charter_counts_once_every_founder_has_signed() -> None:
    state, entries = TrustState(federation=FED.id), FED.clear[:6]
    for index, entry in enumerate(entries):
        with pytest.raises(SignerUnknown):
            assert state.members
        state.apply(index, entry)
    assert uris(state) == sorted((US, MX, CN))
    assert state.members.council == {US, MX, CN}


def test_a_federation_of_another_charter_is_refused() -> None:
    with pytest.raises(CharterUnpinned):
        TrustState(federation=bytes(32)).apply(0, FED.clear[0])


@pytest.mark.parametrize("missing", range(1, 6))
def test_no_entry_of_a_founding_is_skipped(missing: int) -> None:
    state, entries = TrustState(federation=FED.id), [*FED.clear[:6]]
    del entries[missing]
    with pytest.raises((CharterUnpinned, SignerMismatch)):
        apply_all(state, 0, *entries, FED.keys[0])
    assert not state.membership.is_founded


def test_a_founder_signs_once_and_for_itself() -> None:
    state = TrustState(federation=FED.id)
    apply_all(state, 0, *FED.clear[:5])
    with pytest.raises(CharterUnpinned):
        state.apply(5, FED.clear[4])
    with pytest.raises(CharterUnpinned):
        state.apply(5, FED.clear[1])


def test_founders_share_no_name_and_name_the_council() -> None:
    twins = [agency(US), replace(agency(MX), name=agency(US).name)]
    outside = replace(constitution([US, MX]), council=tuple(sorted((US, MX, CN))))
    for agencies, constituted in (
        (twins, constitution([US, MX])),
        ([agency(US), agency(MX)], outside),
    ):
        entries = founding(agencies, constituted)
        with pytest.raises(CharterUnpinned):
            apply_all(TrustState(federation=entries[0].statement.id), 0, *entries)


def test_a_federation_of_one_is_founded() -> None:
    alone = federation(US)
    assert uris(alone.trust()) == [US]


# Admission.


def test_a_majority_admits_a_newcomer() -> None:
    state = FED.trust()
    entries = admission(state, JP, US, MX)
    apply_all(state, NEXT, *entries[:2])
    assert JP not in uris(state)
    state.apply(NEXT + 2, entries[2])
    assert JP in uris(state)
    assert state.members.council == {US, MX, CN}  # a member without a vote
    assert state.membership.at(NEXT + 2).agency(JP) is None
    (decision,) = state.membership.decisions
    assert (decision.index, decision.subject, decision.voters) == (NEXT + 2, JP, (MX, US))


def test_admissions_do_not_block_one_another() -> None:
    state = FED.trust()
    first, second = admission(state, JP, US, MX), admission(state, FR, US, MX)
    apply_all(state, NEXT, *first[:2], *second[:2], first[2], second[2])
    assert {JP, FR} <= set(uris(state))


def test_one_vote_is_too_few_and_is_not_repeated() -> None:
    """Each repeated vote would stay in the log for ever."""
    state = FED.trust()
    entries = admission(state, JP, US)
    apply_all(state, NEXT, *entries)
    record = entries[1].statement.id
    refused(state, vote(state, US, VoteKind.ADMIT, JP, record, expires_ms=8 * DAY_MS))
    assert JP not in uris(state)
    index = state_directory(state, NEXT + 2, 7 * DAY_MS)
    state.apply(index, vote(state, US, VoteKind.ADMIT, JP, record))
    assert JP not in uris(state)


def test_no_record_is_logged_that_no_open_vote_names() -> None:
    state = FED.trust()
    refused(state, member_record(agency(JP), FED.id))


def test_no_decision_completes_without_its_record() -> None:
    state = FED.trust()
    first, _, second = admission(state, JP, US, MX)
    apply_all(state, NEXT, first, second)
    assert not state.membership.decisions
    assert JP not in uris(state)


@pytest.mark.parametrize("by", [JP, node_of(US)])
def test_only_roots_of_the_council_vote(by: str) -> None:
    state = FED.trust()
    apply_all(state, NEXT, *admission(state, JP, US, MX))
    wrong = vote(state, by, VoteKind.ADMIT, FR, bytes(31) + b"1")
    refused(state, wrong, TearlineError)


def test_a_forged_vote_is_refused() -> None:
    state = FED.trust()
    first, record, second = admission(state, JP, US, MX)
    apply_all(state, NEXT, first, record)
    forged = vote(
        state, CN, VoteKind.ADMIT, JP, record.statement.id, key=signing_key("another root")
    )
    refused(state, forged, SignerKeyUnknown)
    (inclusion,) = second.statement.inclusions
    attestation = second.attestations[inclusion.attestation]
    broken = replace(attestation, signature=bytes(len(attestation.signature)))
    moved = replace(second.statement, inclusions=(replace(inclusion, attestation=broken.hash),))
    refused(state, Signed(statement=moved, attestations={broken.hash: broken}), SignatureInvalid)


def test_a_decision_is_not_replayed() -> None:
    state = FED.trust()
    entries = admission(state, JP, US, MX)
    following = apply_all(state, NEXT, *entries)
    removing = removal(state, JP, US, MX)
    apply_all(state, following, *removing)
    for entry in (*entries, *removing):
        refused(state, entry)


def test_a_name_never_passes_to_another_agency() -> None:
    state = FED.trust()
    refused_names = replace(agency(JP), name=agency(US).name)
    first, record, second = admission(state, refused_names, US, MX)
    state.apply(NEXT, first)
    refused(state, record)
    following = apply_all(state, NEXT + 1, second, leaving(state, CN))
    assert JP not in uris(state)
    taken = admission(state, replace(agency(FR), name=agency(CN).name), US, MX)
    state.apply(following, taken[0])
    refused(state, taken[1])


def test_a_member_does_not_rename_itself() -> None:
    """Officers know agencies by name; the council admits an agency under its name."""
    state = FED.trust()
    refused(state, own_change(state, MX, name="us-treasury"))


# Votes expire; constitutional decisions void them.


def test_an_expired_vote_does_not_count() -> None:
    state = FED.trust()
    index = state_directory(state, NEXT, DAY_MS)
    first, record, second = admission(state, JP, US, MX)
    index = apply_all(state, index, first, record)
    index = state_directory(state, index, 8 * DAY_MS)
    refused(state, second)  # signed for the same week
    late = vote(state, MX, VoteKind.ADMIT, JP, record.statement.id)
    state.apply(index, late)
    assert JP not in uris(state)  # one vote of two is left


@pytest.mark.parametrize("days", [1, 91])
def test_a_vote_lasts_7_to_90_days(days: int) -> None:
    """Short votes could fill the log: only open ones are counted."""
    state = FED.trust()
    refused(state, vote(state, US, VoteKind.REMOVE, MX, expires_ms=days * DAY_MS))


def test_an_agency_has_so_many_open_votes() -> None:
    state = FED.trust()
    for number in range(MAX_OPEN_VOTES):
        content = number.to_bytes(31) + b"x"
        state.apply(NEXT + number, vote(state, US, VoteKind.ADMIT, JP, content))
    refused(state, vote(state, US, VoteKind.REMOVE, MX))
    index = state_directory(state, NEXT + MAX_OPEN_VOTES, 8 * DAY_MS)
    state.apply(index, vote(state, US, VoteKind.REMOVE, MX))


def test_a_constitutional_decision_voids_all_open_votes() -> None:
    state = FED.trust()
    first, record, second = admission(state, JP, US, MX)
    index = apply_all(state, NEXT, first, record)
    apply_all(
        state,
        index,
        *amending(state, US, MX, min_suite=0),
    )
    assert not state.membership.pending()
    refused(state, second)
    refused(state, first)


# Amendments.


def test_of_two_amendments_with_one_predecessor_the_first_completed_wins() -> None:
    state = FED.trust()
    one = amending(state, US, MX, CN, rules=rules_of(3))
    two = amending(state, MX, CN, cosigners=(MX,), quorum=1)
    index = apply_all(state, NEXT, one[0], two[0], one[1], two[1], *one[2:4])
    assert state.members.rules == rules_of(3)
    refused(state, two[2])
    assert index == NEXT + 6


def test_an_amendment_changes_something_and_names_members() -> None:
    state = FED.trust()
    refused(state, amendment(state, US))
    refused(state, amendment(state, US, cosigners=(JP,), quorum=1))
    refused(state, amendment(state, JP, rules=rules_of(3)), SignerUnknown)
    refused(state, amendment(state, US, log=log_identity("another.example/log")))


def test_an_agency_has_so_many_open_amendments() -> None:
    state = FED.trust()
    for number in range(MAX_OPEN_AMENDMENTS):
        state.apply(NEXT + number, amendment(state, US, min_suite=number + 2))
    refused(state, amendment(state, US, min_suite=99))
    state.apply(NEXT + 99, amendment(state, MX, min_suite=99))


@pytest.mark.parametrize("threshold", [0, 1, 65])
def test_a_threshold_exceeds_half_the_council(threshold: int) -> None:
    with pytest.raises(StatementMalformed):
        constitution((US, MX, CN), threshold=threshold or 65)


def test_a_change_of_rules_needs_the_new_threshold_too() -> None:
    state = FED.trust()
    entries = amending(state, US, MX, CN, rules=rules_of(3))
    apply_all(state, NEXT, *entries[:3])
    assert state.members.rules == rules_of(2)
    state.apply(NEXT + 3, entries[3])
    assert state.members.rules == rules_of(3)


def test_a_new_council_does_not_vote_itself_in() -> None:
    seven = federation(*SEVEN)
    state = seven.trust()
    coalition = (BR, CN, DE)
    entries = amending(state, *coalition, council=coalition, rules=rules_of(2))
    index = apply_all(state, len(seven.clear), *entries)
    assert len(state.members.council) == 7
    state.apply(index, vote(state, FR, VoteKind.AMEND, content=entries[0].statement.id))
    assert state.members.council == set(coalition)


def test_a_newly_seated_member_must_agree_to_a_new_council() -> None:
    state = FED.trust()
    index = apply_all(state, NEXT, *admission(state, JP, US, MX))
    council = tuple(sorted((US, JP)))
    entries = amending(state, US, MX, council=council, rules=rules_of(2))
    index = apply_all(state, index, *entries)
    assert state.members.council == {US, MX, CN}
    state.apply(index, vote(state, JP, VoteKind.AMEND, content=entries[0].statement.id))
    assert state.members.council == {US, JP}


# Removal.


def test_a_removal_ends_keys_and_the_seat() -> None:
    state = FED.trust()
    index = apply_all(state, NEXT, *removal(state, MX, US, CN))
    assert uris(state) == [CN, US]
    assert state.members.council == {US, CN}
    at = Moment(index=index, time_ms=FED.next.time_ms)
    assert state.keys_of(node_of(MX), at=at) == ()
    assert state.keys_of(node_of(MX), at=FED.next)  # what came before stays
    refused(state, vote(state, MX, VoteKind.REMOVE, US), SignerUnknown)


def test_no_agency_votes_on_itself() -> None:
    state = FED.trust()
    refused(state, vote(state, MX, VoteKind.REMOVE, MX))


def test_a_coalition_below_the_threshold_removes_nobody() -> None:
    """Of two removals, neither counts as done for the other: "all" stays six of seven."""
    seven = federation(*SEVEN, threshold=7)
    state = seven.trust()
    five = (BR, CN, DE, FR, JP)
    index = apply_all(state, len(seven.clear), *removal(state, US, *five))
    index = apply_all(state, index, *removal(state, MX, *five))
    assert len(uris(state)) == 7
    apply_all(state, index, *removal(state, MX, US))
    assert MX not in uris(state)


def test_in_a_federation_of_two_one_can_only_remove_the_other() -> None:
    two = federation(US, MX)
    state = two.trust()
    state.apply(len(two.clear), amendment(state, US, min_suite=2))
    refused(state, vote(state, US, VoteKind.REMOVE, US))
    apply_all(state, len(two.clear) + 1, *removal(state, MX, US))
    assert uris(state) == [US]


def test_removing_a_member_of_the_council_needs_the_threshold_of_the_council() -> None:
    rules = replace(rules_of(4), council=6)
    seven = federation(*SEVEN)
    state = seven.trust()
    index = apply_all(state, len(seven.clear), *amending(state, *SEVEN[:4], rules=rules))
    assert state.members.rules == rules
    voters = [uri for uri in SEVEN if uri != US]
    index = apply_all(state, index, *removal(state, US, *voters[:5]))
    assert US in uris(state)
    apply_all(state, index, *removal(state, US, voters[5]))
    assert US not in uris(state)


def test_a_change_of_its_own_record_does_not_save_an_agency() -> None:
    state = FED.trust()
    first, second = removal(state, MX, US, CN)
    index = apply_all(state, NEXT, first, own_change(state, MX, token_issuers=()), second)
    assert MX not in uris(state)
    assert index == NEXT + 3


def test_a_seat_belongs_to_one_generation() -> None:
    state = FED.trust()
    index = apply_all(state, NEXT, *removal(state, MX, US, CN))
    again = admission(state, MX, US, CN, generation=2)
    index = apply_all(state, index, *again)
    assert MX in uris(state)
    assert MX not in state.members.council
    assert state.keys_of(node_of(MX), at=Moment(index=index, time_ms=FED.next.time_ms)) == ()


def test_a_readmission_names_its_generation() -> None:
    state = FED.trust()
    index = apply_all(state, NEXT, leaving(state, MX))
    first, record, _ = admission(state, MX, US, CN)
    state.apply(index, first)
    refused(state, record)


# Leaving.


def test_an_agency_leaves_by_itself_at_once() -> None:
    state = FED.trust()
    apply_all(state, NEXT, leaving(state, MX))
    assert uris(state) == [CN, US]
    version = state.members.version(MX)
    assert version is not None
    assert version.status is MemberStatus.LEFT
    refused(state, leaving(state, MX), SignerUnknown)


# Own records.


def test_a_root_is_rotated_by_the_old_and_the_new_one() -> None:
    state, new = FED.trust(), signing_key("new root")
    change = partial(own_change, state, US, root_key=new.public.encoded)
    refused(state, change(signing_key(US)), SignerMismatch)
    refused(state, change(new, signing_key(US)), SignerKeyUnknown)
    state.apply(NEXT, change(signing_key(US), new))
    refused(state, vote(state, US, VoteKind.REMOVE, MX), SignerKeyUnknown)
    state.apply(NEXT + 1, vote(state, US, VoteKind.REMOVE, MX, key=new))
    at = Moment(index=NEXT + 2, time_ms=FED.next.time_ms)
    assert state.keys_of(node_of(US), at=at)  # the agency continues


def test_a_record_is_changed_by_its_own_root_in_order() -> None:
    state = FED.trust()
    first = own_change(state, US, token_issuers=())
    refused(state, own_change(state, US, signing_key(MX), token_issuers=()), SignerKeyUnknown)
    state.apply(NEXT, first)
    refused(state, first)
    refused(state, FED.clear[3], TearlineError)


def test_a_recovery_key_replaces_a_root_without_a_vote() -> None:
    state, recovery, new = FED.trust(), signing_key("recovery"), signing_key("new root")
    state.apply(NEXT, own_change(state, US, recovery_key=recovery.public.encoded))
    refused(state, own_change(state, US, recovery, token_issuers=()), SignerKeyUnknown)
    state.apply(NEXT + 1, own_change(state, US, recovery, new, root_key=new.public.encoded))
    found = state.members.agency(US)
    assert found is not None
    assert found.root_key == new.public.encoded


# Lost roots.


def replacing(state: TrustState, *voters: str, **changes: str) -> list[Signed]:
    new = signing_key("replacement")
    listed = replace(agency(MX), root_key=new.public.encoded, **changes)
    record = member_record(listed, FED.id, new, generation=2)
    return deciding(state, VoteKind.REPLACE, record, *voters)


def test_a_lost_root_is_replaced_after_seven_days_of_log_time() -> None:
    state = FED.trust()
    index = apply_all(state, NEXT, *replacing(state, US, CN))
    index = state_directory(state, index, DAY_MS)
    index = state_directory(state, index, DAY_MS + ROOT_REPLACEMENT_DELAY_MS - 1)
    version = state.members.version(MX)
    assert version is not None
    assert version.record.generation == 1
    index = state_directory(state, index, DAY_MS + ROOT_REPLACEMENT_DELAY_MS)
    version = state.members.version(MX)
    assert version is not None
    assert version.record.generation == 2
    assert state.keys_of(node_of(MX), at=Moment(index=index, time_ms=FED.next.time_ms)) == ()
    assert MX not in state.members.council
    state_directory(state, index, DAY_MS + ROOT_REPLACEMENT_DELAY_MS)


def test_of_two_the_other_alone_replaces_a_lost_root() -> None:
    """Its vote lets the record into the log; only a vote behind the record decides."""
    two = federation(US, MX)
    state, new = two.trust(), signing_key("replacement")
    listed = replace(agency(MX), root_key=new.public.encoded)
    record = member_record(listed, two.id, new, generation=2)
    content = record.statement.id
    opening = vote(state, US, VoteKind.REPLACE, MX, content)
    index = apply_all(state, len(two.clear), opening)
    again = vote(state, US, VoteKind.REPLACE, MX, content, expires_ms=8 * DAY_MS)
    refused(state, again)  # nothing changed since
    assert not state.membership.decisions
    apply_all(state, index, record, again)
    (decision,) = state.membership.decisions
    assert (decision.kind, decision.voters) == (VoteKind.REPLACE, (US,))
    assert MX in state.membership.replacements


def test_votes_that_would_be_enough_wait_for_the_record() -> None:
    state = FED.trust()
    first, record, second = admission(state, JP, US, MX)
    index = apply_all(state, NEXT, first, second, record)
    assert JP not in uris(state)
    content = record.statement.id
    third = vote(state, MX, VoteKind.ADMIT, JP, content, expires_ms=8 * DAY_MS)
    apply_all(state, index, third)
    assert JP in uris(state)


def test_a_decision_is_not_completed_by_the_record_of_another_agency() -> None:
    state = FED.trust()
    opening, record = admission(state, JP, US)
    content = record.statement.id
    apply_all(state, NEXT, opening, record, vote(state, US, VoteKind.ADMIT, FR, content))
    refused(state, vote(state, MX, VoteKind.ADMIT, FR, content))


def test_an_owner_voids_the_replacement_of_its_root_by_using_it() -> None:
    state = FED.trust()
    index = apply_all(state, NEXT, *replacing(state, US, CN))
    index = state_directory(state, index, DAY_MS)
    state.apply(index, own_change(state, MX, token_issuers=()))
    index = state_directory(state, index + 1, DAY_MS + ROOT_REPLACEMENT_DELAY_MS)
    found = state.members.agency(MX)
    assert found is not None
    assert found.root_key == agency(MX).root_key


def test_votes_to_replace_a_root_end_with_its_use() -> None:
    state = FED.trust()
    first, record, second = replacing(state, US, CN)
    index = apply_all(state, NEXT, first, record, own_change(state, MX, token_issuers=()))
    apply_all(state, index, second)
    assert not state.membership.replacements


def test_a_name_is_kept_for_a_replacement_that_waits() -> None:
    state = FED.trust()
    index = apply_all(state, NEXT, *replacing(state, US, CN, name="mx-again"))
    first, record, _ = admission(state, replace(agency(JP), name="mx-again"), US, CN)
    state.apply(index, first)
    refused(state, record)


def test_a_replacement_is_another_generation() -> None:
    state = FED.trust()
    record = member_record(agency(MX), FED.id, generation=1)
    first = vote(state, US, VoteKind.REPLACE, MX, record.statement.id)
    state.apply(NEXT, first)
    refused(state, record)


# Directory entries.


def test_a_directory_of_another_root_is_refused() -> None:
    state = FED.trust()
    with pytest.raises(DirectoryRejected):
        state.apply(NEXT, DirectoryEntry(time_ms=1, root=bytes(32)))


def test_the_time_of_the_directory_never_decreases() -> None:
    state = FED.trust()
    index = state_directory(state, NEXT, DAY_MS)
    with pytest.raises(MembershipRejected):
        state_directory(state, index, DAY_MS - 1)


def test_two_readers_derive_one_directory() -> None:
    state = FED.trust()
    roots = [FED.trust().directory.root, state.directory.root]
    assert roots[0] == roots[1]
    entries = [*admission(state, JP, US, MX)]
    apply_all(state, NEXT, *entries)
    other = FED.trust()
    apply_all(other, NEXT, *entries)
    assert other.directory.root == state.directory.root != roots[0]


def test_the_directory_counts_every_entry_of_an_agency() -> None:
    state = FED.trust()
    before = state.directory.state_of(US)
    assert before is not None
    assert before.entries == 4  # record, signature below the charter, two keys
    state.apply(NEXT, vote(state, US, VoteKind.REMOVE, MX))
    after = state.directory.state_of(US)
    assert after is not None
    assert after.entries == before.entries + 1
    assert [key.use for key in after.keys] == ["sign"]
