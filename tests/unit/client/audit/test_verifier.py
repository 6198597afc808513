"""What a proof is worth, what a search is believed, and who saw a field: pure judgement."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from support.agencies import (
    MX,
    NOW_MS,
    ORIGIN,
    US,
    compartment_of,
    federation,
    grant,
    log_signers,
    node_of,
    packet,
    secret,
    signed_by,
)
from support.costs import memory
from tearline.audit.event import Decision, Event, EventCode
from tearline.audit.query import Query, parse_query
from tearline.errors import (
    CheckpointForged,
    CheckpointUnsigned,
    EntryNotIncluded,
    ExchangeMisbehaved,
)
from tearline.limits import MAX_LOG_PROOF_BYTES
from tearline.packets.packet import WithholdReason
from tearline.policy.form import Form
from tearline.statements.receipt import LogOpening, Status
from tearline.statements.statement import StatementType
from tearline.tlog.checkpoint import Checkpoint, CheckpointSigner, NoteAlgorithm, sign_checkpoint
from tearline.tlog.merkle import root_from_leaf_hashes, tree_path
from tearline.tlog.policy import trusted_keys
from tearline.tlog.proof import LogProof
from tearline.verification.log_entries import blind_entry, clear_entry, entry_hash
from tearline.wire.audit_search import ProvenEvent, ProvenEvents
from tearline.wire.grants import encode_event, encode_grant, encode_log_opening
from tearline_client.audit.search import SearchPosition, verify_page
from tearline_client.audit.verifier import AuditVerifier, Outcome, worst
from tearline_client.audit.who_saw import Answer, Evidence, Place, Spot, judge
from tearline_client.store.log import OpenedEvent
from tearline_client.store.packet_records import StoredGrant

US_NODE, MX_NODE = node_of(US), node_of(MX)
FED = federation()
LOG = FED.trust().members.log


def event(number: int, **changed: object) -> Event:
    plain = Event(
        statement_id=secret(f"statement {number}"),
        code=EventCode.PACKET_ACCEPTED,
        party=US_NODE,
        time_ms=NOW_MS,
        actor=US_NODE,
    )
    return replace(plain, **changed)


FIRST = len(FED.clear)
OPENINGS = [
    LogOpening(index=FIRST + n, salt=secret(f"salt {n}"), event=encode_event(event(n)))
    for n in range(3)
]
ENTRIES = [*map(clear_entry, FED.clear), *(blind_entry(o.salt, o.event) for o in OPENINGS)]
LEAVES = [entry_hash(entry) for entry in ENTRIES]
CHECKPOINT = Checkpoint(origin=ORIGIN, size=len(ENTRIES), root=root_from_leaf_hashes(LEAVES))
NOTE = sign_checkpoint(CHECKPOINT, log_signers(), time_s=NOW_MS // 1000)


def path(index: int) -> tuple[bytes, ...]:
    return tuple(tree_path(LEAVES, index))


def proof_of(opening: LogOpening, **changed: object) -> bytes:
    whole = LogProof(
        index=opening.index,
        path=path(opening.index),
        note=NOTE,
        extra=encode_log_opening(opening),
    )
    return replace(whole, **changed).encode()


PROOF = proof_of(OPENINGS[1])


def codes(data: bytes, log: object = LOG) -> list[str]:
    return [finding.code for finding in AuditVerifier(log).judge(data).findings]


# The verifier.


def test_a_proof_verifies_and_shows_its_event() -> None:
    judgement = AuditVerifier(LOG).judge(PROOF)
    assert judgement.outcome is Outcome.VERIFIED
    assert judgement.findings == ()
    assert judgement.event == event(1)
    assert (judgement.index, judgement.checkpoint) == (OPENINGS[1].index, CHECKPOINT)


def test_a_proof_of_a_clear_entry_shows_its_statement() -> None:
    data = LogProof(index=0, path=path(0), note=NOTE, extra=ENTRIES[0]).encode()
    judgement = AuditVerifier(LOG).judge(data)
    assert judgement.outcome is Outcome.VERIFIED
    assert judgement.statement == FED.clear[0]


def test_two_entries_of_one_event_convict_the_log() -> None:
    """Each verifies alone; whoever holds both files has the proof."""
    index = len(ENTRIES)
    twin = LogOpening(index=index, salt=secret("twin"), event=OPENINGS[1].event)
    leaves = [*LEAVES, entry_hash(blind_entry(twin.salt, twin.event))]
    checkpoint = Checkpoint(origin=ORIGIN, size=len(leaves), root=root_from_leaf_hashes(leaves))
    second = LogProof(
        index=index,
        path=tuple(tree_path(leaves, index)),
        note=sign_checkpoint(checkpoint, log_signers(), time_s=NOW_MS // 1000),
        extra=encode_log_opening(twin),
    ).encode()
    assert codes(second) == codes(PROOF) == []
    verifier = AuditVerifier(LOG)
    judged = [verifier.judge(data) for data in (PROOF, PROOF, second)]
    assert [[finding.code for finding in each.findings] for each in judged] == [
        [],
        [],
        ["TL-LOG-021"],
    ]


def test_what_was_judged_is_not_kept_whole() -> None:
    openings = [
        LogOpening(
            index=index,
            salt=secret(f"salt {index}"),
            event=encode_event(
                replace(event(1), statement_id=secret(f"statement {index}"), purpose="p" * 4000)
            ),
        )
        for index in range(64)
    ]
    leaves = [entry_hash(blind_entry(each.salt, each.event)) for each in openings]
    checkpoint = Checkpoint(origin=ORIGIN, size=len(leaves), root=root_from_leaf_hashes(leaves))
    note = sign_checkpoint(checkpoint, log_signers(), time_s=NOW_MS // 1000)
    proofs = [
        LogProof(
            index=each.index,
            path=tuple(tree_path(leaves, each.index)),
            note=note,
            extra=encode_log_opening(each),
        ).encode()
        for each in openings
    ]

    def judging() -> Callable[[], object]:
        verifier = AuditVerifier(LOG)
        assert verifier.judge(proofs[0]).findings == ()

        def judge() -> None:
            assert not any(verifier.judge(proof).findings for proof in proofs)

        return judge

    kept, _ = memory(judging)
    assert kept < len(proofs) * 1000


def test_a_policy_stands_for_a_federation() -> None:
    policy = trusted_keys(LOG.verifier_keys)
    assert codes(PROOF, policy) == []
    one_key = sign_checkpoint(CHECKPOINT, log_signers()[:1], time_s=NOW_MS // 1000)
    assert codes(proof_of(OPENINGS[1], note=one_key), policy) == ["TL-LOG-007"]


def test_without_a_federation_nothing_can_be_told() -> None:
    judgement = AuditVerifier(None).judge(PROOF)
    assert judgement.outcome is Outcome.INDETERMINATE
    assert [finding.code for finding in judgement.findings] == ["TL-LOG-022"]


def test_without_a_federation_a_contradiction_still_fails() -> None:
    other = proof_of(OPENINGS[1], extra=encode_log_opening(replace(OPENINGS[2], index=FIRST + 1)))
    judgement = AuditVerifier(None).judge(other)
    assert judgement.outcome is Outcome.FAILED
    assert [finding.code for finding in judgement.findings] == ["TL-LOG-022", "TL-LOG-002"]


def test_a_key_of_a_kind_unknown_here_leaves_it_open() -> None:
    later = replace(LOG, verifier_keys=(*LOG.verifier_keys, f"{ORIGIN}+00000000+/w=="))
    assert AuditVerifier(later).judge(PROOF).outcome is Outcome.INDETERMINATE


def test_the_proof_of_another_event_fails() -> None:
    swapped = replace(OPENINGS[2], index=OPENINGS[1].index)
    judgement = AuditVerifier(LOG).judge(proof_of(OPENINGS[1], extra=encode_log_opening(swapped)))
    assert [finding.code for finding in judgement.findings] == ["TL-LOG-002"]
    assert judgement.event is None


@pytest.mark.parametrize(
    "altered",
    [
        replace(OPENINGS[1], salt=secret("another salt")),
        replace(OPENINGS[1], event=encode_event(event(1, actor=MX_NODE))),
    ],
)
def test_an_altered_opening_fails(altered: LogOpening) -> None:
    assert codes(proof_of(OPENINGS[1], extra=encode_log_opening(altered))) == ["TL-LOG-002"]


def test_an_opening_of_another_place_fails() -> None:
    moved = replace(OPENINGS[1], index=OPENINGS[1].index + 1)
    assert codes(proof_of(OPENINGS[1], extra=encode_log_opening(moved))) == ["TL-LOG-020"]


def test_a_proof_without_what_it_proves_fails() -> None:
    assert codes(proof_of(OPENINGS[1], extra=b"")) == ["TL-LOG-020"]
    assert codes(proof_of(OPENINGS[1], extra=b"junk")) == ["TL-PKT-001"]


def test_a_path_to_elsewhere_fails() -> None:
    assert codes(proof_of(OPENINGS[1], path=path(OPENINGS[0].index))) == ["TL-LOG-002"]
    assert codes(proof_of(OPENINGS[1], path=path(OPENINGS[1].index)[1:])) == ["TL-LOG-001"]


def test_a_proof_that_was_judged_speaks_for_no_other_leaf() -> None:
    """What two paths share is hashed once, and only what they share."""
    verifier = AuditVerifier(LOG)
    assert verifier.judge(PROOF).findings == ()
    altered = replace(OPENINGS[1], salt=secret("another salt"))
    assert [finding.code for finding in verifier.judge(proof_of(altered)).findings] == [
        "TL-LOG-002"
    ]
    assert verifier.judge(proof_of(OPENINGS[0])).findings == ()


def test_the_checkpoint_of_another_log_fails() -> None:
    state = replace(CHECKPOINT, origin="other.example/log")
    note = sign_checkpoint(state, log_signers(), time_s=1)
    assert codes(proof_of(OPENINGS[1], note=note)) == ["TL-LOG-006"]


def test_a_checkpoint_of_another_tree_fails() -> None:
    state = replace(CHECKPOINT, root=secret("root"))
    note = sign_checkpoint(state, log_signers(), time_s=1)
    assert codes(proof_of(OPENINGS[1], note=note)) == ["TL-LOG-002"]


def test_a_checkpoint_that_the_log_did_not_sign_fails_key_by_key() -> None:
    stranger = CheckpointSigner.generate(name="stranger", algorithm=NoteAlgorithm.ED25519)
    note = sign_checkpoint(CHECKPOINT, [stranger], time_s=1)
    assert codes(proof_of(OPENINGS[1], note=note)) == ["TL-LOG-007", "TL-LOG-007"]


def test_each_finding_is_reported_not_the_first() -> None:
    ed25519, mldsa = log_signers()
    other = replace(CHECKPOINT, size=CHECKPOINT.size + 1)
    # One signature is of another checkpoint, the other is missing, and the event is another.
    signature = ed25519.sign(other, time_s=1).encode()
    note = f"{CHECKPOINT.encode()}\n{signature}\n".encode()
    data = proof_of(OPENINGS[1], note=note, extra=encode_log_opening(OPENINGS[2]))
    assert set(codes(data)) == {"TL-LOG-020", "TL-LOG-008", "TL-LOG-007", "TL-LOG-002"}
    assert mldsa.verifier.encode() in LOG.verifier_keys


@pytest.mark.parametrize(
    "data", [b"", b"\xff" * 40, PROOF[:-1], PROOF + b"\n", b"x" * (MAX_LOG_PROOF_BYTES + 1)]
)
def test_what_is_no_proof_fails(data: bytes) -> None:
    judgement = AuditVerifier(LOG).judge(data)
    assert judgement.outcome is Outcome.FAILED
    assert {finding.code for finding in judgement.findings} == {"TL-LOG-005"}


def test_an_event_that_is_none_fails_though_the_log_holds_it() -> None:
    opening = LogOpening(index=0, salt=secret("salt"), event=b"no event")
    leaf = entry_hash(blind_entry(opening.salt, opening.event))
    state = Checkpoint(origin=ORIGIN, size=1, root=leaf)
    note = sign_checkpoint(state, log_signers(), time_s=1)
    data = LogProof(index=0, path=(), note=note, extra=encode_log_opening(opening)).encode()
    assert codes(data) == ["TL-PKT-001"]


def test_every_single_changed_byte_of_the_head_is_caught() -> None:
    head = PROOF.index(b"\n\n")
    for position in range(head):
        changed = bytearray(PROOF)
        changed[position] ^= 1
        assert AuditVerifier(LOG).judge(bytes(changed)).outcome is Outcome.FAILED, position


def test_the_worst_outcome_counts() -> None:
    assert worst([]) is Outcome.VERIFIED
    assert worst([Outcome.VERIFIED, Outcome.INDETERMINATE]) is Outcome.INDETERMINATE
    assert worst([Outcome.INDETERMINATE, Outcome.FAILED]) is Outcome.FAILED


# A page of a search.

ASKED = SearchPosition(query=Query(), after=-1, left=10)
PAGE = ProvenEvents(
    events=tuple(ProvenEvent(entry=o, path=path(o.index), size=len(ENTRIES)) for o in OPENINGS),
    checkpoint=NOTE,
    next=None,
)


def test_a_page_is_believed_event_by_event() -> None:
    page_ = verify_page(PAGE, ASKED, LOG)
    assert [found.event for found in page_.events] == [event(0), event(1), event(2)]
    assert page_.covered == len(ENTRIES) - 1
    assert verify_page(replace(PAGE, next=FIRST + 2), ASKED, LOG).covered == FIRST + 2


def test_an_invented_event_is_not_believed() -> None:
    invented = replace(PAGE.events[0], entry=replace(OPENINGS[0], salt=secret("other")))
    with pytest.raises(EntryNotIncluded):
        verify_page(replace(PAGE, events=(invented,)), ASKED, LOG)


@pytest.mark.parametrize(
    ("note", "error"),
    [
        (sign_checkpoint(CHECKPOINT, log_signers()[:1], time_s=1), CheckpointUnsigned),
        (
            NOTE.replace(f"\n{len(ENTRIES)}\n".encode(), f"\n{len(ENTRIES) + 1}\n".encode()),
            CheckpointForged,
        ),
    ],
)
def test_a_page_under_no_checkpoint_of_the_log_is_not_believed(
    note: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        verify_page(replace(PAGE, checkpoint=note), ASKED, LOG)


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        (replace(PAGE, events=PAGE.events[::-1]), ASKED),
        (PAGE, replace(ASKED, after=FIRST)),
        (PAGE, replace(ASKED, left=2)),
        (replace(PAGE, events=(replace(PAGE.events[0], size=FIRST + 1),)), ASKED),
        (replace(PAGE, events=(), next=3), replace(ASKED, after=3)),
        (replace(PAGE, next=FIRST), ASKED),
        (PAGE, replace(ASKED, query=parse_query("action:mark"))),
    ],
    ids=["order", "before", "more", "tree", "standstill", "backwards", "query"],
)
def test_a_page_that_answers_something_else_is_refused(
    page: ProvenEvents, asked: SearchPosition
) -> None:
    with pytest.raises(ExchangeMisbehaved):
        verify_page(page, asked, LOG)


# Who saw a field.

SEALED = packet(FED.node(US).header)
AMOUNT = compartment_of(SEALED, "finance.amount")
BAND = compartment_of(SEALED, "finance.amount", Form.GENERALISED)
NAME = compartment_of(SEALED, "identity.subject")


def place(*compartments: int) -> Place:
    return Place(
        slots={
            slot: Spot(compartment=c, form=SEALED.openings[c].form)
            for c in compartments
            for slot in SEALED.openings[c].slots
        }
    )


AMOUNT_PLACE = place(AMOUNT, BAND)


def decision(compartment: int, form: str, *, slots: tuple[int, ...] = ()) -> Decision:
    return Decision(
        compartment=compartment,
        category=SEALED.openings[compartment].marking.category,
        form=form,
        policies=("agreed", f"agreed-{form}"),
        slots=slots,
    )


def evidence(
    *decisions: Decision,
    statuses: tuple[Status, ...] = (Status.ACCEPTED,),
    in_log: Outcome = Outcome.VERIFIED,
    delivered: bool = False,
    **granted: object,
) -> Evidence:
    made = grant(SEALED, secret("packet"), FED.node(US).header, MX_NODE, **granted)
    stored = StoredGrant(
        signed=signed_by(StatementType.GRANT, encode_grant(made), FED.node(US)),
        incoming=False,
        status=None,
    )
    logged = event(
        7, code=EventCode.GRANT_ACCEPTED, decisions=decisions, article="money-laundering"
    )
    opened = OpenedEvent(opening=replace(OPENINGS[0], event=encode_event(logged)), event=logged)
    return Evidence(
        partner=MX_NODE,
        article="money-laundering",
        stored=stored,
        statuses=frozenset(statuses),
        accepted=opened if decisions else None,
        delivered=delivered,
        in_log=in_log if decisions else Outcome.INDETERMINATE,
    )


def test_the_form_the_policies_and_the_entry_are_told() -> None:
    (seen,) = judge(AMOUNT_PLACE, [evidence(decision(BAND, "generalised"), compartments=[BAND])])
    assert (seen.partner, seen.granted, seen.form) == (MX_NODE, Answer.YES, Form.GENERALISED)
    assert seen.policy_ids == ("agreed", "agreed-generalised")
    assert (seen.article, seen.purpose) == ("money-laundering", "investigation")
    assert (seen.entry, seen.proven) == (OPENINGS[0].index, Outcome.VERIFIED)


@pytest.mark.parametrize(
    ("statuses", "answers"),
    [
        ((Status.ACCEPTED,), "indeterminate indeterminate indeterminate"),
        ((Status.ACCEPTED, Status.STORED), "yes indeterminate indeterminate"),
        ((Status.STORED, Status.OPENED), "yes yes indeterminate"),
        ((Status.SEEN,), "yes yes yes"),
        ((Status.REFUSED,), "no no no"),
    ],
)
def test_what_nobody_said_is_indeterminate(statuses: tuple[Status, ...], answers: str) -> None:
    given = evidence(decision(AMOUNT, "clear"), statuses=statuses, compartments=[AMOUNT])
    (seen,) = judge(AMOUNT_PLACE, [given])
    assert [seen.delivered, seen.opened, seen.seen] == answers.split()


def test_the_log_alone_shows_a_delivery() -> None:
    given = evidence(decision(AMOUNT, "clear"), delivered=True, compartments=[AMOUNT])
    (seen,) = judge(AMOUNT_PLACE, [given])
    assert (seen.delivered, seen.opened) == (Answer.YES, Answer.INDETERMINATE)


def test_a_grant_of_other_fields_shows_nothing() -> None:
    (seen,) = judge(AMOUNT_PLACE, [evidence(decision(NAME, "clear"), compartments=[NAME])])
    assert (seen.granted, seen.form, seen.seen) == (Answer.NO, Form.WITHHELD, Answer.NO)


def test_a_field_that_is_only_told_of_exists() -> None:
    given = evidence(decision(AMOUNT, "exists"), existences={AMOUNT: WithholdReason.PRIVACY})
    (seen,) = judge(AMOUNT_PLACE, [given])
    assert (seen.granted, seen.form) == (Answer.YES, Form.EXISTS)


def test_a_single_slot_shows_its_field_and_no_other_of_its_compartment() -> None:
    first, *_ = SEALED.openings[AMOUNT].slots
    given = evidence(decision(AMOUNT, "clear", slots=(first,)), slots=[first])
    (seen,) = judge(AMOUNT_PLACE, [given])
    assert (seen.form, seen.proven) == (Form.CLEAR, Outcome.VERIFIED)
    elsewhere = Place(slots={first + 1: Spot(compartment=AMOUNT, form=Form.CLEAR)})
    (seen,) = judge(elsewhere, [given])
    assert seen.granted is Answer.NO


def test_each_grant_to_a_partner_is_a_sighting() -> None:
    told = evidence(decision(AMOUNT, "exists"), existences={AMOUNT: WithholdReason.PRIVACY})
    later = evidence(
        decision(AMOUNT, "clear", slots=SEALED.openings[AMOUNT].slots),
        slots=SEALED.openings[AMOUNT].slots,
        seq=2,
    )
    assert [s.form for s in judge(AMOUNT_PLACE, [told, later])] == [Form.EXISTS, Form.CLEAR]


def test_without_the_entry_nothing_is_proven() -> None:
    (seen,) = judge(AMOUNT_PLACE, [evidence(statuses=(), compartments=[AMOUNT])])
    assert (seen.granted, seen.entry, seen.proven) == (
        Answer.INDETERMINATE,
        None,
        Outcome.INDETERMINATE,
    )


@pytest.mark.parametrize("logged", ["generalised", "exists"])
def test_a_log_that_says_something_else_than_the_grant_has_failed(logged: str) -> None:
    given = evidence(decision(AMOUNT, logged), compartments=[AMOUNT])
    (seen,) = judge(AMOUNT_PLACE, [given])
    assert (seen.form, seen.proven) == (Form.CLEAR, Outcome.FAILED)


def test_of_a_field_that_cannot_be_placed_nothing_is_known() -> None:
    (seen,) = judge(None, [evidence(decision(AMOUNT, "clear"), compartments=[AMOUNT])])
    assert {seen.granted, seen.delivered, seen.opened, seen.seen} == {Answer.INDETERMINATE}
