"""Around an audit: who asks for what is not theirs, who answers wrongly, who alters a file."""

from attacks.attack import Rows

_ANSWER = "the answer as it came, kept at the auditor's node"
_FINDING = "every finding, by the number of its row"

_attack = Rows(tests="tests/unit/", evidence=_FINDING)

AUDITS = (
    _attack(
        "ask for another agency's entries",
        "server/audit/test_search.py::test_an_auditor_sees_the_entries_of_its_agency_alone",
        "tearline_server.storage.sqlite.store:SqliteStore.search",
        "[]",
        evidence="the search itself, in the log",
    ),
    _attack(
        "look into an agreement without being named for its oversight",
        "server/audit/test_search.py::test_another_agreement_and_none_are_answered_alike",
        "tearline_server.audit.search:AuditSearch._overseen",
        "tuple(self._agreements())",
        evidence="the search itself, in the log",
    ),
    _attack(
        "name another agency for oversight, so that it reads what one writes",
        "server/audit/test_search.py::test_an_agency_oversees_nothing_that_it_did_not_sign",
        "tearline.agreements.agreement:verify_parties_signed",
        code="TL-AGR-001",
        evidence="the search itself, in the log",
    ),
    _attack(
        "be named for oversight so often that a search is refused",
        "server/audit/test_search.py"
        "::test_more_agreements_than_are_read_at_once_are_read_one_after_the_other",
        "tearline_server.audit.search:AuditSearch._found",
        "()",
        evidence="the search itself, in the log",
    ),
    _attack(
        "leave an entry out of an answer",
        "client/cli/test_audit_exports.py::test_an_entry_that_was_left_out_is_missed_and_the_answer_kept",
        "tearline_client.audit.search:verify_complete",
        code="TL-LOG-026",
        evidence=_ANSWER,
    ),
    _attack(
        "answer with events that were not asked for",
        "client/cli/test_audit_exports.py::test_an_event_that_was_not_asked_for_is_refused",
        "tearline_client.audit.search:_verify_asked_for",
        code="TL-REQ-007",
        evidence=_ANSWER,
    ),
    _attack(
        "write other words beside a proof",
        "client/cli/test_audit_exports.py::test_what_a_row_says_is_compared_with_its_proof",
        "tearline_client.audit.tables:_wrong",
        "set()",
        code="TL-LOG-020",
    ),
    _attack(
        "lay the proof of a clear entry under a row of invented words",
        "client/cli/test_audit_exports.py::test_a_row_over_the_proof_of_a_clear_entry_proves_no_event",
        "tearline_client.audit.tables:_differences",
        code="TL-LOG-020",
    ),
    _attack(
        "cut rows off an export",
        "client/cli/test_audit_exports.py::test_a_row_that_was_cut_off_is_told",
        "tearline_client.audit.export_verifier:_judge_file",
        code="TL-LOG-029",
    ),
    _attack(
        "change a manifest under its signature",
        "client/cli/test_audit_exports.py::test_a_manifest_of_other_words_is_told",
        "tearline_client.audit.export_verifier:ManifestExaminer.examine",
        "(None, None)",
        code="TL-PKT-003",
    ),
)
