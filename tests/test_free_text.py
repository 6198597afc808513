"""Every string that leaves: searched for withheld values, or no free text, with the reason.

A new field of the wire schema fails this test until it is decided.
"""

from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from attacks.table import ATTACKS
from support.cases import each_case
from tearline.v1 import (
    agreement_pb2,
    audit_pb2,
    blob_pb2,
    case_pb2,
    consent_pb2,
    erasure_pb2,
    exchange_pb2,
    exhibit_pb2,
    flow_pb2,
    light_pb2,
    log_pb2,
    packet_pb2,
    proposal_pb2,
    recall_pb2,
    reconciling_pb2,
    request_pb2,
    standing_pb2,
    statement_pb2,
    trust_pb2,
)

FILES = (
    agreement_pb2, audit_pb2, blob_pb2, case_pb2, consent_pb2, erasure_pb2, exchange_pb2,
    exhibit_pb2, flow_pb2, light_pb2, log_pb2, packet_pb2, proposal_pb2, recall_pb2,
    reconciling_pb2, request_pb2, standing_pb2, statement_pb2, trust_pb2,
)  # fmt: skip

SEARCHED = {
    "FieldPlain.values": "test_a_text_that_repeats_what_is_kept_back_is_not_sent",
    "ConsentTerms.note": "test_the_note_of_a_consent_repeats_nothing_that_its_reader_lacks",
    "ConsentTerms.scope": "test_the_scope_of_a_consent_repeats_nothing_that_its_reader_lacks",
    "CaseNote.title": "test_the_title_of_a_case_repeats_no_partner_s_value",
    "CaseNote.summary": "test_the_title_of_a_case_repeats_no_partner_s_value",
    "RequestNote.text": "test_the_words_of_a_step_repeat_no_partner_s_value",
    "Erasure.reason": "test_the_reason_of_an_order_to_erase_repeats_no_value_of_what_it_erases",
    "Revocation.reason": "test_the_reason_of_a_revocation_repeats_no_partner_s_value",
    "Leave.reason": "test_the_reason_to_leave_repeats_no_partner_s_value",
}
"""Free text of a person, with the attack that shows its search."""

_URI = "the URI of a node or agency"
_WORD = "one of the words, paths or codes that the format defines"
_TERM = "terms of an agreement, which officers of all parties read and sign"
_NAME = "a name of an agreement's list: letters, digits, hyphens, matched by the exchange"
_NOTE = "a signed note of the log"
_COUNCIL = "founding and council: public names, which every root signs"
_DERIVED = "the exchange or the node writes it"

NO_FREE_TEXT = {
    _URI: """
        Agreement.oversight Agreement.parties CaseNote.asked CaseNote.consents CaseNote.members
        CaseNote.objections Direction.recipient Direction.sender Share.partner Erasure.parties
        Address.recipient Mark.recipient Suspension.sender Suspension.recipient Standing.recipient
        Header.signer Attestation.signer Agency.uri Exchange.uri Constitution.council
        Constitution.cosigners Vote.subject KeyRecord.subject LeavesRequest.agencies
        LightEntriesRequest.agency Event.party Event.actor Event.counterpart
    """,
    _WORD: """
        Article.highest_tlp ReplyTime.urgency Share.category AuditExport.format CaseStep.phase
        Consent.step Consent.use ShownField.marking ShownField.mask Caveats.handling Caveats.pap
        Void.reason Decision.category Decision.form Manifest.kind Manifest.urgency
        Manifest.evaluation Opening.mask CompartmentRelease.mask FieldRelease.mask
        RecallOrder.reason RecallAnswer.ground RecallAnswer.reach RequestStep.kind
        RequestStep.urgency ItemOutcome.ground Suspension.reason Suspension.in_flight
        Suspension.originated ActedBy.role Vote.kind KeyRecord.use FieldPlain.media_type
        FieldPlain.name ConsentTerms.fields Receipt.code Refusal.code
    """,
    _TERM: "Agreement.name Agreement.onward_use",
    _NAME: """
        Article.id Article.purposes Article.kinds Article.crime_areas AgreementRef.article
        Suspension.article Grant.purpose
    """,
    _NOTE: """
        AuditExport.checkpoint Exhibit.checkpoint ProvenEvents.checkpoint Entries.checkpoint
        Equivocation.older Equivocation.newer CosignRequest.checkpoint CosignReply.checkpoints
        NoteLine.name Log.origin Log.verifier_keys
    """,
    _COUNCIL: "Agency.name Exchange.dns_name Exchange.address Charter.name",
    _DERIVED: """
        Refusal.why Event.code Event.article Event.purpose Event.outcome Event.reason
        Decision.policies SearchRequest.query AuditExport.query ProvenEvents.next
        Manifest.case_id
    """,
}
"""Further strings, by the reason why no person writes free text in them. Queries of the log have
conditions on columns of the log alone; a manifest's case is the id of a case."""


def _descriptors() -> list[Descriptor]:
    return [each for file in FILES for each in file.DESCRIPTOR.message_types_by_name.values()]


def strings() -> set[str]:
    """Every string of the schema; of bytes, the values of a field alone are text."""
    return {
        f"{message.name}.{field.name}"
        for message in _descriptors()
        for field in message.fields
        if field.type == FieldDescriptor.TYPE_STRING
    } | {"FieldPlain.values"}


def test_every_string_that_leaves_is_decided() -> None:
    decided = [*SEARCHED, *(each for names in NO_FREE_TEXT.values() for each in names.split())]
    assert len(decided) == len(set(decided))
    assert set(decided) == strings()


def test_every_file_of_the_schema_is_walked() -> None:
    folder = Path(agreement_pb2.__file__).parent
    assert {each.DESCRIPTOR.name for each in FILES} == {
        f"tearline/v1/{path.name}" for path in folder.glob("*.proto")
    }


@each_case("test", sorted(set(SEARCHED.values())))
def test_every_search_is_an_attack_of_the_table(test: str) -> None:
    assert [each for each in ATTACKS if each.test.endswith(f"::{test}")]
