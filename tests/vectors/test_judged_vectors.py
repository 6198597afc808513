"""judged-v1.json, read by this implementation and by the second verifier."""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.cases import each_case
from tearline.audit.erasure import verify_covers
from tearline.audit.query import parse_query
from tearline.crypto.armor import Armor, armor, parse_armor
from tearline.errors import GrantMisdirected, NotOriginator, TearlineError
from tearline.federation.counted import verify_counted
from tearline.identity import agency_uri_of
from tearline.policy.engine import ReleaseRequest
from tearline.policy.form import parse_form
from tearline.policy.marking import parse_marking
from tearline.policy.release import ReleasePolicy
from tearline.policy.ruleset import parse_policy_set
from tearline.policy.vocabulary import SHARED_POLICIES
from tearline.tlog.checkpoint import parse_checkpoint, parse_verifier_key
from tearline.tlog.proof import LogProof, parse_log_proof
from tearline.verification.log_entries import parse_clear
from tearline.verification.moment import Moment
from tearline.verification.trust import TrustState
from tearline.wire.agreements import parse_agreement
from tearline.wire.erasures import parse_erasure
from tearline.wire.grants import parse_event, parse_grant
from tearline.wire.statements import parse_signed
from tearline_client.audit.export_verifier import judge_export
from tearline_client.audit.verifier import AuditVerifier
from tearline_client.connectors.exporters.csv_safe import safe_cell
from vectors import second_judged as second
from vectors.own.spelling import fields_of, joined
from vectors.own_cases import Case, vectors
from vectors.second_basics import parse

FILE = vectors("judged")
FEDERATION = bytes.fromhex(FILE["federation"])
BAD = FILE["refused"]
EVENTS = {
    each["index"]: bytes.fromhex(each["opening"]["event"])
    for each in FILE["entries"]
    if "opening" in each
}
COUNTS = {
    "decision": {"PL-3": 57},
    "disclosure": {"P-13": 3, "S-16": 1, "P-9": 1, "L-15": 1},
    "statement": {"L-15": 3},
    "cosigned": {"L-10": 2, "F-16": 4},
    "erased": {"L-23": 2, "L-25": 11, "L-27": 11, "L-29": 4},
    "covered": {"L-23": 26, "L-27": 18},
    "export": {"A-5": 7, "A-6": 10},
    "query": {"A-1": 19},
}


def of(text: str) -> bytes:
    return bytes.fromhex(text)


def trust(until: int = 1 << 48) -> TrustState:
    """A reader of the clear entries below an index."""
    state = TrustState(federation=FEDERATION)
    for entry in FILE["entries"]:
        if "entry" in entry and entry["index"] < until:
            signed = parse_clear(of(entry["entry"]))
            assert signed is not None
            state.apply(entry["index"], signed)
    return state


def good_fields(kind: str) -> list[bytes]:
    """The fields that bad copies have in common with good ones."""
    if kind == "erased":
        whole = [parse_log_proof(each["proof"].encode()).extra for each in FILE[kind]]
    else:
        whole = [parse_armor(Armor.AUDIT_EXPORT, each["manifest"]) for each in FILE[kind]]
    return [field for each in whole for _, field in fields_of(each)]


FIELDS = {kind: good_fields(kind) for kind in ("erased", "export")}


def proof_of(case: Case) -> str:
    """The proof of an erased entry; that of a bad copy with other extra data."""
    if "proof" in case:
        return str(case["proof"])
    (path,) = {
        parse_log_proof(each["proof"].encode()).path
        for each in FILE["erased"]
        if each["index"] == case["index"]
    }
    extra = joined(case["pieces"], FIELDS["erased"])
    proof = LogProof(index=case["index"], path=path, note=FILE["note"].encode(), extra=extra)
    return proof.encode().decode()


def manifest_of(case: Case) -> str:
    """The manifest's file."""
    if "manifest" in case:
        return str(case["manifest"])
    return armor(Armor.AUDIT_EXPORT, joined(case["pieces"], FIELDS["export"]))


TERMS = parse_agreement(of(FILE["decision"]["agreement"])).terms
POLICY = ReleasePolicy(terms=TERMS, shared=parse_policy_set(SHARED_POLICIES))


def asked_in(case: Case) -> ReleaseRequest:
    names = ("article", "sender", "recipient", "purpose", "kind")
    parts = {name: case[name] for name in names}
    return ReleaseRequest(**parts, marking=parse_marking(case["marking"]))


def judge_decision(case: Case) -> None:
    POLICY.verify(asked_in(case), parse_form(case["form"]))


def judge_disclosure(case: Case) -> None:
    """As a recipient judges a grant and the manifest that it names."""
    known, at = trust(), Moment(**case["judged_at"])
    grant, manifest = (parse_signed(of(case[name])) for name in ("grant", "manifest"))
    grantor = known.verify(grant.statement, grant.attestations, at=at)
    body = parse_grant(grant.statement.body)
    if (body.address.recipient, body.packet) != (case["recipient"], manifest.statement.id):
        raise GrantMisdirected("for another recipient, or of another packet")
    (attestation,) = manifest.attestations.values()
    if agency_uri_of(attestation.signer) != agency_uri_of(grantor.signer):
        raise NotOriginator
    known.verify(manifest.statement, manifest.attestations, at=at, vouched=True)


def judge_statement(case: Case) -> None:
    signed = parse_signed(of(case["signed"]))
    at = Moment(**case["judged_at"])
    trust().verify(signed.statement, signed.attestations, at=at)


def judge_cosigned(case: Case) -> None:
    """As a node judges whether a checkpoint is counted."""
    known, size = trust(), len(FILE["entries"])
    at = Moment(index=size, time_ms=FILE["judged_ms"])
    signed = parse_checkpoint(
        case["note"].encode(),
        origin=FILE["log"]["origin"],
        required=tuple(map(parse_verifier_key, FILE["log"]["vkeys"])),
        known=tuple(key for node in known.nodes() for key in known.cosigning_keys(node, at=at)),
    )
    verify_counted(signed, known.members.cosigners, known.members.constitution.quorum)


def judge_erased(case: Case) -> None:
    verifier = AuditVerifier(trust().members.log, FEDERATION)
    judgement = verifier.judge(proof_of(case).encode())
    raise_first(finding.code for finding in judgement.findings)
    assert judgement.erased is not None


def judge_covered(case: Case) -> None:
    order, event = parse_erasure(of(case["order"])), parse_event(of(case["event"]))
    verify_covers(order, case["index"], event)


def judge_exported(case: Case) -> None:
    file = io.BytesIO(case["file"].encode())
    judged = judge_export(manifest_of(case).encode(), file, FEDERATION)
    raise_first(finding.code for finding in judged.findings)


def judge_query(case: Case) -> None:
    query = parse_query(case["query"])
    found = [i for i, event in EVENTS.items() if query.matches(parse_event(event))]
    assert found == case["finds"]


def judge_query_again(case: Case) -> None:
    read = {index: parse("Event", event) for index, event in EVENTS.items()}
    assert [i for i in read if second.finds(case["query"], read[i])] == case["finds"]


class Found(Exception):
    """A finding, by its code."""


def raise_first(codes: Iterator[str]) -> None:
    for code in codes:
        raise Found(code)


JUDGES: dict[str, Callable[[Case], None]] = {
    "decision": judge_decision,
    "disclosure": judge_disclosure,
    "statement": judge_statement,
    "cosigned": judge_cosigned,
    "erased": judge_erased,
    "covered": judge_covered,
    "export": judge_exported,
    "query": judge_query,
}
SECOND: dict[str, Callable[[Case], object]] = {
    "decision": lambda case: second.verify_decision(FILE["decision"]["agreement"], case),
    "disclosure": lambda case: second.verify_disclosure(second.reader(FILE), case),
    "statement": lambda case: second.verify_statement_at(second.reader(FILE), case),
    "cosigned": lambda case: second.verify_counted(second.reader(FILE), FILE, case["note"]),
    "erased": lambda case: second.verify_erased(FILE, proof_of(case)),
    "covered": second.verify_covered,
    "export": lambda case: second.verify_export(FEDERATION, manifest_of(case), case["file"]),
    "query": judge_query_again,
}


def good_cases(kind: str) -> list[Any]:
    found = FILE[kind]["cases"] if kind == "decision" else FILE[kind]
    return [pytest.param(kind, case, id=f"{kind}: {case['name']}") for case in found]


GOOD_CASES = [case for kind in JUDGES for case in good_cases(kind)]
BAD_CASES = [
    pytest.param(kind, case, id=f"{kind}: {case['name']}") for kind in JUDGES for case in BAD[kind]
]


def test_no_case_was_lost() -> None:
    assert {kind: Counter(case["rule"] for case in BAD[kind]) for kind in BAD} == COUNTS


@each_case(("kind", "case"), GOOD_CASES)
def test_what_holds_is_taken(kind: str, case: Case) -> None:
    JUDGES[kind](case)
    SECOND[kind](case)


@each_case(("kind", "case"), BAD_CASES)
def test_a_bad_copy_is_refused(kind: str, case: Case) -> None:
    with pytest.raises((TearlineError, Found)) as caught:
        JUDGES[kind](case)
    found = caught.value
    assert (found.code if isinstance(found, TearlineError) else str(found)) == case["code"]


@each_case(("kind", "case"), BAD_CASES)
def test_the_second_verifier_refuses_it_too(kind: str, case: Case) -> None:
    with pytest.raises(ValueError, match=rf"^{case['code']} ") as caught:
        SECOND[kind](case)
    assert case["rule"] in re.findall(r"\b[A-Z]{1,2}-\d+\b", str(caught.value))


@each_case("case", FILE["decision"]["cases"])
def test_the_form_of_a_decision_is_the_highest(case: Case) -> None:
    assert POLICY.decide(asked_in(case)).form.text == case["form"]
    assert second.decide(FILE["decision"]["agreement"], case) == case["form"]


@each_case("case", FILE["cells"])
def test_a_text_has_one_cell(case: Case) -> None:
    assert safe_cell(case["value"]) == case["cell"]
    assert second.cell_of(case["value"]) == case["cell"]
