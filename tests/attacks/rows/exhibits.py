"""Files for strangers: exhibits that lie or show too much, proofs and policies that do."""

from attacks.attack import Rows

_exhibit = Rows(evidence="every finding, beside the file")

_OPEN = (
    "tearline.verification.exhibit:_open",
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
        "tearline.verification.exhibit:verify_may_show",
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
