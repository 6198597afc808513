"""Succession, agreements, and the bad copies of every rule, as this implementation judges them.

The second verifier judges the same files; each bad copy ends in the code that stands beside it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.cases import each_case
from tearline.agreements.agreement import Agreement, verify_parties_signed
from tearline.audit.event import Event, EventCode
from tearline.crypto.keys import SigningPublicKey
from tearline.federation.equivocation import verify_equivocation
from tearline.identity import trust_domain_of
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES
from tearline.sealing import open_delivered
from tearline.statements.receipt import LogOpening, Status, verify_forward
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import parse_checkpoint, parse_verifier_key
from tearline.tlog.merkle import verify_consistency
from tearline.tlog.proof import LogProof, parse_log_proof, verify_log_proof
from tearline.verification.log_entries import (
    clear_entry,
    parse_entry,
    verify_opening_in_log,
    verify_same_entry,
)
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.agreements import encode_agreement, parse_agreement
from tearline.wire.cosigning import parse_equivocation
from tearline.wire.deliveries import Cursor, Delivery
from tearline.wire.federation import (
    parse_amendment,
    parse_charter,
    parse_key_record,
    parse_leave,
    parse_member_record,
    parse_revocation,
    parse_vote,
)
from tearline.wire.grants import (
    encode_event,
    parse_event,
    parse_grant,
    parse_log_opening,
    parse_mark,
    parse_receipt,
    parse_void,
)
from tearline.wire.packets import parse_manifest, parse_release
from tearline.wire.statements import Signed, parse_signed
from tearline_client.audit.verifier import AuditVerifier
from tearline_client.bootstrap import HANDLERS
from tearline_client.inbox.verifier import DeliveryVerifier
from tearline_client.messages.recipient import Recipient
from vectors.own.agreements import fields
from vectors.own_cases import (
    Case,
    cases,
    ciphertexts,
    code_of,
    delivered,
    first_blind,
    log_keys,
    recipient,
    trust,
    vectors,
    verify,
)

_AGREEMENT = parse_agreement(
    parse_signed(bytes.fromhex(vectors("agreement")["agreements"][0]["signed"])).statement.body
)
ONE_PERSON = replace(
    _AGREEMENT,
    terms=replace(
        _AGREEMENT.terms,
        articles=tuple(replace(each, four_eyes=False) for each in _AGREEMENT.terms.articles),
    ),
)
"""The frozen agreement, but that a release takes one person: the frozen grants name nobody."""

PARSERS: dict[StatementType, Callable[[bytes], object]] = {
    StatementType.CHARTER: parse_charter,
    StatementType.KEY_RECORD: parse_key_record,
    StatementType.REVOCATION: parse_revocation,
    StatementType.AGREEMENT: parse_agreement,
    StatementType.MANIFEST: parse_manifest,
    StatementType.GRANT: parse_grant,
    StatementType.RECEIPT: parse_receipt,
    StatementType.VOID: parse_void,
    StatementType.MARK: parse_mark,
}

MESSAGES: dict[str, Callable[[bytes], object]] = {
    "Amendment": parse_amendment,
    "Charter": parse_charter,
    "Event": parse_event,
    "KeyRecord": parse_key_record,
    "Leave": parse_leave,
    "MemberRecord": parse_member_record,
    "Revocation": parse_revocation,
    "Vote": parse_vote,
}


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def now_ms() -> int:
    at: int = vectors("log")["trust"]["judged_at"]["time_ms"]
    return at


# trust-v1.json


def follow(read: int, then: list[Case]) -> TrustState:
    """A reader of the log until its first blind entry, of the entries that follow, and of more."""
    state = trust(first_blind())
    entries = vectors("trust")["entries"][:read] + then
    for index, case in enumerate(entries, first_blind()):
        apply(state, index, case)
    return state


def apply(state: TrustState, index: int, case: Case) -> None:
    signed = parse_entry(of(case["entry"]))
    assert signed is not None
    state.apply(index, signed)


def verify_at(state: TrustState, case: Case) -> None:
    signed, at = parse_signed(of(case["signed"])), Moment(**case["judged_at"])
    state.verify(signed.statement, signed.attestations, at=at)


@each_case("case", cases("trust", "entries"))
def test_a_federation_becomes_what_it_became(case: Case) -> None:
    state = follow(case["index"] - first_blind() + 1, [])
    assert state.members.constitution_id.hex() == case["constitution"]
    assert sorted(state.members.council) == case["council"]
    assert state.directory.root.hex() == case["directory"]
    assert [agency.uri for agency in state.members.agencies] == case["agencies"]
    at = Moment(index=case["index"] + 1, time_ms=now_ms())
    keys = [key.key_id.hex() for node in state.nodes() for key in state.keys_of(node, at=at)]
    assert sorted(keys) == case["keys_that_count"]
    entry = parse_entry(of(case["entry"]))
    assert entry is not None
    encoded = clear_entry(entry) if isinstance(entry, Signed) else entry.encode()
    assert encoded.hex() == case["entry"]


@pytest.mark.parametrize("case", cases("trust", "accepted"))
def test_what_was_accepted_stays(case: Case) -> None:
    verify_at(follow(len(vectors("trust")["entries"]), []), case)


@each_case("case", cases("trust", "refused", "entry"))
def test_bad_entries_change_nothing(case: Case) -> None:
    state = follow(case["read"], case["then"])
    before = state.directory.root, state.nodes(), state.revoked_keys
    index = first_blind() + case["read"] + len(case["then"])
    assert code_of(lambda: apply(state, index, case)) == case["code"]
    assert (state.directory.root, state.nodes(), state.revoked_keys) == before


@each_case("case", cases("trust", "refused", "signed"))
def test_keys_do_not_count_for_ever(case: Case) -> None:
    state = follow(case["read"], case["then"])
    assert code_of(lambda: verify_at(state, case)) == case["code"]


@each_case("case", cases("trust", "refused", "first"))
def test_bad_beginnings_are_refused(case: Case) -> None:
    state = TrustState(federation=of(case["federation"]))
    before = case.get("before", [])
    for index, each in enumerate(before):
        apply(state, index, each)
    assert code_of(lambda: apply(state, len(before), case)) == case["code"]


@each_case("case", cases("trust", "refused", "three"))
def test_a_federation_of_three_refuses_bad_entries(case: Case) -> None:
    three = vectors("trust")["three"]
    state = TrustState(federation=of(three["federation"]))
    entries = [*three["entries"][: case["read"]], *case["then"]]
    for index, each in enumerate(entries):
        apply(state, index, each)
    before = state.directory.root, state.nodes()
    assert code_of(lambda: apply(state, len(entries), case)) == case["code"]
    assert (state.directory.root, state.nodes()) == before


# agreement-v1.json


def agree(signed: Signed, at_ms: int) -> Agreement:
    """An agreement that everybody has signed and whose time has come."""
    verify(signed)
    agreement = parse_agreement(signed.statement.body)
    signers = {trust_domain_of(each.signer) for each in signed.attestations.values()}
    verify_parties_signed(agreement, frozenset(f"spiffe://{domain}" for domain in signers))
    agreement.verify_in_force(at_ms)
    return agreement


def with_later_fields(told: Case) -> Case:
    """What a frozen agreement says, with the fields that came later, none of which it has."""
    articles = [{**each, "both_before_open": False} for each in told["articles"]]
    return {**told, "articles": articles, "authorisation_ms": 0, "log_retention_ms": 0}


@pytest.mark.parametrize("case", cases("agreement", "agreements"))
def test_agreements_are_what_they_were(case: Case) -> None:
    signed = parse_signed(of(case["signed"]))
    agreement = agree(signed, vectors("agreement")["now_ms"])
    assert fields(agreement) == with_later_fields(case["agreement"])
    assert encode_agreement(agreement).hex() == case["body"] == signed.statement.body.hex()
    assert signed.statement.id.hex() == case["statement_id"]
    assert [each.signer for each in signed.attestations.values()] == case["signers"]


@each_case("case", cases("agreement", "refused", "body"))
def test_bad_agreements_are_refused(case: Case) -> None:
    assert code_of(lambda: parse_agreement(of(case["bytes"]))) == case["code"]


@each_case("case", cases("agreement", "refused", "signed"))
def test_agreements_that_are_not_in_force(case: Case) -> None:
    assert code_of(lambda: agree(parse_signed(of(case["signed"])), case["now_ms"])) == case["code"]


# refused-v1.json


def judge_signed(case: Case) -> None:
    signed = parse_signed(of(case["bytes"]))
    verify(signed)
    PARSERS[signed.statement.type](signed.statement.body)


def judge_composite(case: Case) -> None:
    public = next(k["public"] for k in vectors("statement")["keys"] if k["uri"] == case["uri"])
    message, context, signature = (of(case[name]) for name in ("message", "context", "signature"))
    SigningPublicKey(encoded=of(public)).verify(signature, message, context)


def judge_packet(case: Case) -> None:
    base, changes = vectors("packet"), case["replace"]
    parts = ciphertexts() | {int(i): of(each) for i, each in changes.get("ciphertexts", {}).items()}
    manifest = parse_manifest(of(changes.get("body", base["body"])))
    release = parse_release(of(changes.get("release", base["release"])))
    open_delivered(manifest, delivered(parts), release)


def judge_granted(case: Case) -> None:
    """As a node judges what is delivered to it."""
    grant, manifest = (
        parse_signed(of(each)) for each in (case["signed"], vectors("packet")["signed"])
    )
    node, signer = vectors("grant")["kem"]["uri"], next(iter(grant.attestations.values())).signer
    event = Event(
        statement_id=grant.statement.id,
        code=EventCode.GRANT_ACCEPTED,
        party=node,
        actor=signer,
        time_ms=now_ms(),
    )
    entry = LogOpening(index=first_blind(), salt=bytes(32), event=encode_event(event))
    delivery = Delivery(
        cursor=Cursor(epoch=bytes(16), seq=1),
        statements=(grant.statement, manifest.statement),
        attestations={**grant.attestations, **manifest.attestations},
        entry=entry,
    )
    intake = DeliveryVerifier(
        Recipient(
            node=node,
            trust=trust(first_blind()),
            kem_key=lambda _: recipient(),
            pins=ONE_PERSON.pins,
            agreement_at=lambda _id, _index: ONE_PERSON,
            policy_under=lambda agreement: ReleasePolicy(
                terms=agreement.terms, shared=parse_policy_set(SHARED_POLICIES)
            ),
        ),
        HANDLERS,
    )
    intake.verify(delivery, now_ms=now_ms())


def judge_proof(case: Case) -> None:
    proof, origin = parse_log_proof(case["proof"].encode()), vectors("log")["origin"]
    verify_log_proof(proof, of(case["leaf"]), origin=origin, required=log_keys())


def judge_note(case: Case) -> Any:
    origin = vectors("log")["origin"]
    return parse_checkpoint(case["note"].encode(), origin=origin, required=log_keys())


def judge_opening(case: Case) -> None:
    opening, note = parse_log_opening(of(case["opening"])), judge_note(case)
    verify_opening_in_log(opening, [of(each) for each in case["path"]], note)


def judge_consistency(case: Case) -> None:
    roots, path = ([of(each) for each in case[name]] for name in ("roots", "path"))
    verify_consistency(case["old"], case["new"], roots[0], roots[1], path)


def judge_evidence(case: Case) -> None:
    verify_equivocation(parse_equivocation(of(case["bytes"])), trust(first_blind()).members.log)


JUDGES: dict[str, Callable[[Case], object]] = {
    "signed": judge_signed,
    "composite": judge_composite,
    "body": lambda case: PARSERS[StatementType(case["type"])](of(case["bytes"])),
    "message": lambda case: MESSAGES[case["message"]](of(case["bytes"])),
    "packet": judge_packet,
    "granted": judge_granted,
    "forward": lambda case: verify_forward(*(Status[each.upper()] for each in case["steps"])),
    "note": judge_note,
    "vkey": lambda case: parse_verifier_key(case["vkey"]),
    "consistency": judge_consistency,
    "proof": judge_proof,
    "opening": judge_opening,
    "twins": lambda case: verify_same_entry(*(parse_log_opening(of(o)) for o in case["openings"])),
    "evidence": judge_evidence,
}


@pytest.mark.parametrize(
    ("kind", "case"),
    [
        pytest.param(kind, case, id=f"{kind}: {case['name']}")
        for kind in JUDGES
        for case in vectors("refused")["refused"][kind]
    ],
)
def test_bad_copies_are_refused(kind: str, case: Case) -> None:
    assert code_of(lambda: JUDGES[kind](case)) == case["code"]


@pytest.mark.parametrize("case", cases("refused", "refused", "extra"))
def test_an_auditor_finds_an_opening_of_another_entry(case: Case) -> None:
    note = vectors("log")["checkpoints"][-1]["note"].encode()
    proof = LogProof(index=case["index"], path=(), note=note, extra=of(case["extra"]))
    findings = AuditVerifier(trust(first_blind()).members.log).judge(proof.encode()).findings
    assert case["code"] in {finding.code for finding in findings}


def test_every_kind_of_bad_copy_is_judged_here() -> None:
    assert {*JUDGES, "extra"} == vectors("refused")["refused"].keys()


def test_a_slot_may_be_released_in_both_ways() -> None:
    judge_packet({"replace": {"release": vectors("refused")["both_ways"]}})


def test_evidence_convicts_the_log() -> None:
    judge_evidence({"bytes": vectors("refused")["evidence"]})
