"""desk-v1.json, read by this implementation and by the second verifier.

The second verifier judges its bad copies in test_refusals.py, with all others.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from support.cases import each_case
from tearline.agreements.proposal import Proposal, verify_proposal
from tearline.crypto.keys import KemKey
from tearline.onward.consent import Consent, verify_terms
from tearline.requests.step import RequestStep, verify_note
from tearline.sealing import open_note
from tearline.statements.statement import StatementType
from tearline.verification.log_entries import parse_entry
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.agreements import parse_agreement
from tearline.wire.cases import (
    encode_case_note,
    encode_case_step_prefix,
    parse_case_note,
    parse_case_step,
)
from tearline.wire.consents import encode_consent_prefix, encode_terms, parse_consent, parse_terms
from tearline.wire.proposals import parse_proposal
from tearline.wire.recalls import parse_recall
from tearline.wire.requests import encode_note, encode_step_prefix, parse_note, parse_step
from tearline.wire.statements import parse_signed
from tearline.wire.suspensions import parse_standing
from vectors import second_desks as second
from vectors import second_statements as statements
from vectors.own.desks import BODIES, ENCODERS, NOTES, told
from vectors.own_cases import Case, cases, code_of, vectors
from vectors.second_cases import judge_proposal as second_judge_proposal
from vectors.second_cases import open_note as open_note_again
from vectors.second_cases import shown, trust_of_desks

FILE = vectors("desk")
T = StatementType
PARSERS: dict[StatementType, Callable[[bytes], Any]] = {
    T.STANDING: parse_standing,
    T.REQUEST_STEP: parse_step,
    T.CONSENT: parse_consent,
    T.RECALL: parse_recall,
    T.CASE_STEP: parse_case_step,
    T.PROPOSAL: parse_proposal,
}
PREFIXES: dict[StatementType, Callable[[Any], bytes]] = {
    T.REQUEST_STEP: encode_step_prefix,
    T.CONSENT: encode_consent_prefix,
    T.CASE_STEP: encode_case_step_prefix,
}
COUNTS = {
    ("body", 5): 15, ("body", 14): 18, ("body", 15): 8, ("body", 16): 14, ("body", 17): 4,
    ("body", 18): 5, ("note", 14): 20, ("note", 15): 7, ("note", 17): 6, ("proposal", None): 4,
}  # fmt: skip


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def kem_of(uri: str) -> KemKey:
    return next(KemKey(of(each["seed"])) for each in FILE["kem"] if each["uri"] == uri)


def trust() -> TrustState:
    state = TrustState(federation=of(FILE["federation"]))
    for each in FILE["entries"]:
        signed = parse_entry(of(each["entry"]))
        assert signed is not None
        state.apply(each["index"], signed)
    return state


def open_with(kind: StatementType, body: bytes) -> bytes:
    """The note of a step, opened and judged as its recipient does."""
    value = PARSERS[kind](body)
    key = kem_of(value.address.recipient)
    data = open_note(value.sealed, key, kind, PREFIXES[kind](value))
    match value:
        case RequestStep():
            note = parse_note(data)
            verify_note(value.kind, note)
            assert encode_note(note) == data
        case Consent():
            terms = parse_terms(data)
            verify_terms(value, terms)
            assert encode_terms(terms) == data
        case _:
            assert encode_case_note(parse_case_note(data)) == data
    return data


def judge_proposal(case: Case) -> None:
    signed, state = parse_signed(of(case["signed"])), trust()
    at = Moment(**FILE["judged_at"])
    state.verify(signed.statement, signed.attestations, at=at)
    proposal = parse_proposal(signed.statement.body)
    state.verify(proposal.statement, proposal.attestations, at=at)
    members = [agency.uri for agency in state.members.agencies]
    verify_proposal(proposal, parse_agreement(proposal.statement.body), members)


@each_case("case", cases("desk", "statements"))
def test_statements_are_what_they_were(case: Case) -> None:
    signed, kind, body = parse_signed(of(case["signed"])), T(case["type"]), of(case["body"])
    trust().verify(signed.statement, signed.attestations, at=Moment(**FILE["judged_at"]))
    assert (signed.statement.type, signed.statement.body) == (kind, body)
    assert signed.statement.id.hex() == case["statement_id"]
    value = PARSERS[kind](body)
    assert ENCODERS[kind](value) == body
    assert told(BODIES[kind].FromString(body)) == case["fields"]
    if isinstance(value, Proposal):
        judge_proposal(case)
    assert (kind in NOTES) == (case["note"] is not None)
    if kind in NOTES:
        assert open_with(kind, body).hex() == case["note"]["encoded"]
        assert len(PREFIXES[kind](value)) == case["note"]["hashed_length"]
        assert told(NOTES[kind].FromString(of(case["note"]["encoded"]))) == case["note"]["fields"]


@each_case("case", cases("desk", "refused", "body"))
def test_bad_bodies_are_refused(case: Case) -> None:
    assert code_of(lambda: PARSERS[T(case["type"])](of(case["bytes"]))) == case["code"]


@each_case("case", cases("desk", "refused", "note"))
def test_bad_notes_are_refused(case: Case) -> None:
    assert code_of(lambda: open_with(T(case["type"]), of(case["bytes"]))) == case["code"]


@pytest.mark.parametrize("case", cases("desk", "refused", "proposal"))
def test_bad_proposals_are_refused(case: Case) -> None:
    assert code_of(lambda: judge_proposal(case)) == case["code"]


# The second verifier.


@pytest.mark.parametrize("case", FILE["kem"])
def test_keys_are_read_a_second_time(case: Case) -> None:
    _, public = second.kem_pair(of(case["seed"]))
    assert second.key_id_of(public) == of(case["key_id"])


@each_case("case", cases("desk", "statements"))
def test_statements_are_read_a_second_time(case: Case) -> None:
    statement = statements.parse_signed(of(case["signed"]))
    trust_of_desks().verify(statement, **FILE["judged_at"])
    assert (statement["type"], statement["body"]) == (case["type"], of(case["body"]))
    assert statements.id_of(statement) == of(case["statement_id"])
    body = second.parse_body(case["type"], statement["body"])
    assert shown(body) == case["fields"]
    if case["type"] == 18:
        second_judge_proposal(case)
    note = open_note_again(case, statement["body"]) if case["type"] in second.NOTES else None
    assert shown(note) == case["note"]


def test_no_bad_copy_of_a_desk_was_lost() -> None:
    refused = FILE["refused"]
    assert Counter((kind, c.get("type")) for kind in refused for c in refused[kind]) == COUNTS
