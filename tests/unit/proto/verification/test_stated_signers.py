"""An exhibit whose signers the directory certifies: what it proves, and what is none."""

from dataclasses import replace

import pytest

from support.agencies import (
    CN,
    DAY_MS,
    MX,
    NOW_MS,
    US,
    federation,
    key_record,
    log_signers,
    signed_by,
    signing_key,
)
from support.exhibits import (
    MX_NODE,
    US_NODE,
    Case,
    case,
    cosigned_case,
    counted_policy,
    opening,
    revocation,
)
from support.light import cosigner
from tearline.errors import LogKeysUnknown
from tearline.federation.directory import DirectoryProof
from tearline.federation.members import KeyUse
from tearline.federation.turns import Leaf
from tearline.statements.receipt import Status
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import sign_checkpoint
from tearline.tlog.policy import LogPolicy, trusted_keys
from tearline.verification.exhibit import examine, verify_exhibit
from tearline.verification.log_entries import clear_entry
from tearline.wire.exhibits import Exhibit, encode_exhibit, parse_exhibit
from tearline.wire.federation import encode_key_record
from tearline.wire.grants import parse_event
from vectors.own.plain import flip

CASE = cosigned_case()
AMOUNT = CASE.slot("amount")
SHOWN = CASE.certified([AMOUNT])
POLICY = counted_policy()


def codes(exhibit: Exhibit, policy: LogPolicy | None = POLICY) -> list[str]:
    """The codes of all that speaks against it."""
    found = examine(exhibit, CASE.federation.id, policy=policy)
    assert bool(found.errors) == (found.shown is None)
    return [error.code for error in found.errors]


def of(told: Case, **changed: object) -> list[str]:
    """The codes of an exhibit by another log, whose parties cosigned it."""
    return codes(told.certified([AMOUNT], **changed))


# What it proves.


def test_a_policy_alone_verifies_it() -> None:
    shown = verify_exhibit(parse_exhibit(encode_exhibit(SHOWN)), None, policy=POLICY)
    assert shown.originator.signer == US_NODE
    assert [opened.field.texts for opened in shown.fields] == [("1250000",)]
    assert shown.directory is not None
    assert shown.directory.index == len(CASE.contents) - 1
    assert shown.originator.federation == CASE.federation.id


def test_the_federation_is_compared_where_its_reader_knows_it() -> None:
    assert examine(SHOWN, CASE.federation.id, policy=POLICY).errors == ()
    (error,) = examine(SHOWN, bytes(32), policy=POLICY).errors
    assert error.code == "TL-TRU-003"


def test_receipts_show_who_got_something_of_it() -> None:
    exhibit = CASE.certified([AMOUNT], receipts=True)
    (sighting,) = verify_exhibit(exhibit, None, policy=POLICY).sightings
    assert (sighting.node, sighting.status) == (MX_NODE, Status.STORED)


def test_a_key_that_ended_behind_the_signature_counts() -> None:
    ended = clear_entry(revocation(CASE.federation, US, signing_key(US_NODE).id))
    assert of(replace(CASE, contents=(*CASE.contents[:-1], ended)).stated()) == []


# Without cosigners.


@pytest.mark.parametrize("keys", [None, trusted_keys([k.verifier.encode() for k in log_signers()])])
def test_without_a_policy_that_requires_cosigners_it_is_not_verified(
    keys: LogPolicy | None,
) -> None:
    """Else the exchange alone could certify a signer."""
    found = examine(SHOWN, CASE.federation.id, policy=keys)
    assert found.errors == ()
    assert [type(error) for error in found.lacking] == [LogKeysUnknown]
    with pytest.raises(LogKeysUnknown):
        verify_exhibit(SHOWN, CASE.federation.id, policy=keys)


@pytest.mark.parametrize("by", [(), (US,), (US, CN)])
def test_lines_of_the_policys_quorum_are_demanded(by: tuple[str, ...]) -> None:
    assert of(CASE, by=by) == ["TL-LOG-007"]


def test_a_forged_line_is_refused() -> None:
    """By the key of the policy, but over another tree."""
    other = replace(CASE.checkpoint, root=bytes(32))
    line = sign_checkpoint(other, (cosigner(MX),), time_s=NOW_MS // 1000).splitlines()[-1]
    true = SHOWN.checkpoint.splitlines()[-1]
    assert of(CASE, checkpoint=SHOWN.checkpoint.replace(true, line)) == ["TL-LOG-008", "TL-LOG-007"]


# Leaves.


def test_a_state_that_the_directory_does_not_hold_is_refused() -> None:
    leaf = SHOWN.leaves[0]
    for bad in (
        replace(leaf, state=flip(leaf.state, -1)),
        replace(leaf, proof=replace(leaf.proof, siblings=leaf.proof.siblings[1:])),
        replace(leaf, proof=DirectoryProof(siblings=(), other=None)),
        replace(leaf, proof=replace(leaf.proof, other=(bytes(32), bytes(32)))),
    ):
        assert "TL-LOG-001" in codes(replace(SHOWN, leaves=(bad,)))


def test_another_agencys_leaf_certifies_no_signer() -> None:
    assert codes(replace(SHOWN, leaves=(CASE.leaf(MX),))) == ["TL-PKT-001"]
    assert codes(replace(SHOWN, leaves=(*SHOWN.leaves, *SHOWN.leaves))) == ["TL-PKT-001"]
    absent = Leaf(state=b"", proof=SHOWN.leaves[0].proof)
    assert codes(replace(SHOWN, leaves=(absent,))) == ["TL-PKT-001"]


def test_another_agency_with_the_same_key_is_no_signer() -> None:
    """A record proves no possession, so any agency may have one of another's key."""
    root, key = CASE.federation.signer(MX), signing_key(US_NODE).public.encoded
    same = key_record(root.header, MX_NODE, KeyUse.SIGN, key)
    told = cosigned_case(signed_by(StatementType.KEY_RECORD, encode_key_record(same), root))
    exhibit = told.certified([told.slot("amount")])
    assert codes(exhibit) == []
    assert codes(replace(exhibit, leaves=(told.leaf(MX),))) == ["TL-PKT-001"]


def test_a_key_for_other_types_signs_no_packet() -> None:
    root, key = CASE.federation.signer(US), signing_key(US_NODE).public.encoded
    narrow = key_record(root.header, US_NODE, KeyUse.SIGN, key, [StatementType.KEY_RECORD])
    contents = list(CASE.contents[:-1])
    contents[6] = clear_entry(signed_by(StatementType.KEY_RECORD, encode_key_record(narrow), root))
    assert of(replace(CASE, contents=contents).stated()) == ["TL-PKT-005"]


def test_a_leaf_of_another_federation_is_refused() -> None:
    other = case(federated=federation(US, MX, CN)).stated()
    assert "TL-LOG-001" in codes(replace(SHOWN, leaves=(other.leaf(US),)))


def test_another_public_key_is_refused() -> None:
    other = signing_key(MX_NODE).public.encoded
    assert codes(replace(SHOWN, keys=(other,))) == ["TL-PKT-001"]
    assert codes(replace(SHOWN, keys=())) == ["TL-PKT-001"]
    assert codes(replace(SHOWN, keys=(*SHOWN.keys, other))) == ["TL-PKT-001"]


def test_a_key_that_ended_before_the_signature_is_refused() -> None:
    """Its maker cannot leave the revocation out: the state after it names the end."""
    ended = cosigned_case(revocation(CASE.federation, US, signing_key(US_NODE).id))
    assert codes(ended.certified([ended.slot("amount")])) == ["TL-TRU-002"]


def test_a_key_that_came_on_record_behind_the_signature_is_refused() -> None:
    clear, accepted = [*CASE.contents[: CASE.first_blind]], CASE.contents[CASE.first_blind]
    record, _ = clear[6:8]  # of its keys to sign and to be sealed to
    del clear[6:8]
    early = opening(len(clear), parse_event(accepted.event))
    assert of(replace(CASE, contents=(*clear, early, record)).stated()) == ["TL-TRU-002"]


@pytest.mark.parametrize("days", [-3_000, 3_000])
def test_a_time_outside_the_keys_is_refused(days: int) -> None:
    accepted = parse_event(CASE.contents[CASE.first_blind].event)
    dated = opening(CASE.first_blind, replace(accepted, time_ms=NOW_MS + days * DAY_MS))
    contents = (*CASE.contents[: CASE.first_blind], dated)
    assert of(replace(CASE, contents=contents).stated()) == ["TL-TRU-002"]


# The directory.


def test_a_directory_before_the_signature_is_refused() -> None:
    clear = replace(CASE, contents=CASE.contents[: CASE.first_blind]).stated()
    accepted = opening(len(clear.contents), parse_event(CASE.contents[CASE.first_blind].event))
    told = clear.behind(accepted)
    entries = (CASE.first_blind, CASE.first_blind + 1)
    made = replace(SHOWN, entries=tuple(map(told.entry, entries)))
    signers = (*log_signers(), cosigner(US), cosigner(MX))
    for tree in (clear, told):
        note = sign_checkpoint(tree.checkpoint, signers, time_s=NOW_MS // 1000)
        assert codes(replace(made, checkpoint=note))[0] == "TL-PKT-001"


def test_a_checkpoint_beyond_the_directory_is_refused() -> None:
    """The log may have gone on with a revocation, or with other cosigners."""
    ended = clear_entry(revocation(CASE.federation, US, signing_key(US_NODE).id))
    longer = CASE.behind(ended)
    exhibit = CASE.certified([AMOUNT])
    entries = [longer.entry(entry.index) for entry in exhibit.entries]
    signers = (*log_signers(), cosigner(US), cosigner(MX))
    note = sign_checkpoint(longer.checkpoint, signers, time_s=NOW_MS // 1000)
    assert codes(replace(exhibit, entries=tuple(entries), checkpoint=note)) == ["TL-LOG-020"]


def test_the_two_forms_do_not_mix() -> None:
    clear = CASE.exhibit([AMOUNT])
    mixed = (
        replace(
            SHOWN, entries=tuple({e.index: e for e in (*clear.entries, *SHOWN.entries)}.values())
        ),
        replace(SHOWN, leaves=()),
        replace(SHOWN, leaves=(), keys=()),
        replace(clear, keys=SHOWN.keys),
    )
    for exhibit in mixed:
        assert codes(exhibit)[:1] == ["TL-PKT-001"]
    assert codes(replace(SHOWN, entries=SHOWN.entries[:-1]))[:1] == ["TL-LOG-020"]
