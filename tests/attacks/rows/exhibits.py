"""Files for strangers: exhibits that lie or show too much, proofs and policies that do."""

from attacks.attack import Rows

_exhibit = Rows(evidence="every finding, beside the file")

_OPEN = (
    "tearline.verification.shown_fields:open_shown",
    "OpenedField(slot=shown.slot, field=parse_field_plaintext(shown.plaintext, shown))",
)

EXHIBITS = (
    _exhibit(
        "alter a value in an exhibit",
        "tests/unit/proto/verification/test_exhibit.py::test_an_altered_value_is_refused",
        *_OPEN,
        code="TL-PKT-006",
    ),
    _exhibit(
        "swap the salt of a shown slot",
        "tests/unit/proto/verification/test_exhibit.py::test_a_swapped_salt_is_refused",
        *_OPEN,
        code="TL-PKT-006",
    ),
    _exhibit(
        "show one packet's field as another's",
        "tests/attacks/test_exhibits.py::test_one_packets_field_is_not_shown_as_anothers",
        *_OPEN,
        code="TL-PKT-006",
    ),
    _exhibit(
        "show another value from a patched node",
        "tests/attacks/test_exhibits.py::test_a_recipient_does_not_show_another_value",
        *_OPEN,
        code="TL-PKT-006",
    ),
    _exhibit(
        "prove a packet by another packet's entry",
        "tests/unit/proto/verification/test_exhibit.py::test_another_packets_proof_is_refused",
        "tearline.verification.exhibit:_verify_about",
        code="TL-LOG-020",
    ),
    _exhibit(
        "tell of hidden categories by a grant's entry",
        "tests/unit/proto/verification/test_exhibit.py::test_entries_that_tell_more_are_refused",
        "tearline.verification.exhibit:_verify_about",
        code="TL-LOG-020",
    ),
    _exhibit(
        "prove a packet by an entry that the log does not hold",
        "tests/unit/proto/verification/test_exhibit.py"
        "::test_an_entry_that_the_log_does_not_hold_is_refused",
        "tearline.verification.exhibit:_verify_included",
        code="TL-LOG-002",
    ),
    _exhibit(
        "show a packet under a key that had ended",
        "tests/unit/proto/verification/test_exhibit.py::test_a_key_that_ended_before_is_refused",
        "tearline.verification.trust:TrustState._apply_revocation",
        code="TL-TRU-002",
    ),
    _exhibit(
        "name a recipient by a receipt that is not its own",
        "tests/unit/proto/verification/test_exhibit.py"
        "::test_a_receipt_needs_its_entry_and_its_signer",
        "tearline.verification.exhibit:_verify_receipt",
        code="TL-LOG-020",
    ),
    _exhibit(
        "show an exhibit of another federation",
        "tests/unit/proto/verification/test_exhibit.py::test_another_federation_is_refused",
        "tearline.verification.founders:Founding.apply",
        code="TL-TRU-005",
    ),
    _exhibit(
        "show on what its originator keeps",
        "tests/attacks/test_exhibits.py"
        "::test_a_recipient_does_not_show_on_what_its_originator_keeps",
        "tearline.verification.shown_fields:verify_may_show",
        code="TL-GRT-006",
    ),
    _exhibit(
        "show a field that was not granted",
        "tests/attacks/test_exhibits.py::test_nobody_shows_what_they_cannot_open",
        "tearline_client.audit.exhibits:_named",
        "[]",
        code="TL-REQ-006",
    ),
)

_stated = Rows(
    tests="tests/unit/proto/verification/test_stated_signers.py::",
    functions="tearline.verification.",
    evidence="every finding, beside the file",
)
_NO_FINDINGS = ("tearline.tlog.policy:LogPolicy.failings", "iter(())")

BY_DIRECTORY = (
    _stated(
        "certify a signer by a state that the directory does not hold",
        "test_a_state_that_the_directory_does_not_hold_is_refused",
        "light_reader:verify_leaf",
        code="TL-LOG-001",
    ),
    _stated(
        "certify a signer by the directory of another federation",
        "test_a_leaf_of_another_federation_is_refused",
        "light_reader:verify_leaf",
        code="TL-LOG-001",
    ),
    _stated(
        "certify a signer by the leaf of another agency",
        "test_another_agencys_leaf_certifies_no_signer",
        "stated_signers:_verify_only_signers",
        code="TL-PKT-001",
    ),
    _stated(
        "certify a signer by another agency that has the same key on record",
        "test_another_agency_with_the_same_key_is_no_signer",
        "stated_signers:_verify_only_signers",
        code="TL-PKT-001",
    ),
    _stated(
        "show another public key than the directory states",
        "test_another_public_key_is_refused",
        "stated_signers:_verify_only_signers",
        code="TL-PKT-001",
    ),
    _stated(
        "leave out the end of a key, in an exhibit by the directory",
        "test_a_key_that_ended_before_the_signature_is_refused",
        "stated_signers:_counts",
        "True",
        code="TL-TRU-002",
    ),
    _stated(
        "sign before the key is on record, in an exhibit by the directory",
        "test_a_key_that_came_on_record_behind_the_signature_is_refused",
        "stated_signers:_counts",
        "True",
        code="TL-TRU-002",
    ),
    _stated(
        "sign outside the time of a key, in an exhibit by the directory",
        "test_a_time_outside_the_keys_is_refused",
        "stated_signers:_counts",
        "True",
        code="TL-TRU-002",
    ),
    _stated(
        "sign a packet by a key for other types, in an exhibit by the directory",
        "test_a_key_for_other_types_signs_no_packet",
        "stated_signers:StatedSigners._key",
        "signing_public_key(self._publics[signer.key_id])",
        code="TL-PKT-005",
    ),
    _stated(
        "certify a signer by a directory before the signature",
        "test_a_directory_before_the_signature_is_refused",
        "exhibit:_verify_form",
        code="TL-PKT-001",
    ),
    _stated(
        "hide what the log holds behind the directory",
        "test_a_checkpoint_beyond_the_directory_is_refused",
        "exhibit:_verify_last",
        code="TL-LOG-020",
    ),
    _stated(
        "mix statements and leaves, or bring neither",
        "test_the_two_forms_do_not_mix",
        "exhibit:_verify_form",
        code="TL-PKT-001",
    ),
    _exhibit(
        "certify a signer by the exchange alone",
        "tests/unit/proto/verification/test_stated_signers.py"
        "::test_without_a_policy_that_requires_cosigners_it_is_not_verified",
        "tearline.tlog.policy:LogPolicy.requires_cosigners",
        "True",
        code="TL-LOG-022",
    ),
    _exhibit(
        "certify a signer by too few cosigners, or by others than the policy's",
        "tests/unit/proto/verification/test_stated_signers.py"
        "::test_lines_of_the_policys_quorum_are_demanded",
        *_NO_FINDINGS,
        code="TL-LOG-007",
    ),
    _exhibit(
        "forge a cosigner's line in an exhibit",
        "tests/unit/proto/verification/test_stated_signers.py::test_a_forged_line_is_refused",
        *_NO_FINDINGS,
        code="TL-LOG-008",
    ),
    _exhibit(
        "have a node prove by a directory of another log than its own",
        "tests/attacks/test_exhibits.py::test_a_directory_of_another_log_makes_no_exhibit",
        "tearline_client.audit.certified:_verify_same_log",
        code="TL-LOG-003",
    ),
)

PROOFS = (
    _exhibit(
        "prove two entries of one event, to different readers",
        "tests/unit/client/audit/test_verifier.py::test_two_entries_of_one_event_convict_the_log",
        "tearline_client.audit.verifier:_Case._compare",
        code="TL-LOG-021",
    ),
    _exhibit(
        "lean a false proof on a true one that was judged before",
        "tests/unit/client/audit/test_verifier.py"
        "::test_a_proof_that_was_judged_speaks_for_no_other_leaf",
        "tearline.tlog.merkle:InclusionVerifier.verify",
        code="TL-LOG-002",
    ),
    _exhibit(
        "prove under a checkpoint that the reader's quorum did not cosign",
        "tests/unit/proto/tlog/test_policy.py::test_the_quorum_decides",
        "tearline.tlog.policy:LogPolicy._witnessed",
        "True",
        code="TL-LOG-007",
    ),
    _exhibit(
        "count one cosigner twice in a policy",
        "tests/unit/proto/tlog/test_policy.py::test_what_is_no_policy_is_refused",
        "tearline.tlog.policy:_Reader._group",
        "CosignerGroup(needed=1, members=())",
        code="TL-CFG-010",
    ),
)
