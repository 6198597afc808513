"""Files for strangers: exhibits that lie or show too much, proofs and policies that do."""

from attacks.attack import Attack


def _exhibit(
    name: str, code: str, test: str, function: str, returns: str = "None", *, file: str = "exhibit"
) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence="every finding, beside the file",
        function=function,
        test=f"tests/{file}.py::{test}",
        returns=returns,
    )


_UNIT = "unit/proto/verification/test_exhibit"
_POLICY = "unit/proto/tlog/test_policy"
_SIMULATED = "attacks/test_exhibits"
_OPEN = (
    "tearline.verification.exhibit:_open",
    "OpenedField(slot=shown.slot, field=parse_field_plaintext(shown.plaintext, shown))",
)

EXHIBITS = (
    _exhibit(
        "alter a value in an exhibit",
        "TL-PKT-006",
        "test_an_altered_value_is_refused",
        *_OPEN,
        file=_UNIT,
    ),
    _exhibit(
        "swap the salt of a shown slot",
        "TL-PKT-006",
        "test_a_swapped_salt_is_refused",
        *_OPEN,
        file=_UNIT,
    ),
    _exhibit(
        "show one packet's field as another's",
        "TL-PKT-006",
        "test_one_packets_field_is_not_shown_as_anothers",
        *_OPEN,
        file=_SIMULATED,
    ),
    _exhibit(
        "show another value from a patched node",
        "TL-PKT-006",
        "test_a_recipient_does_not_show_another_value",
        *_OPEN,
        file=_SIMULATED,
    ),
    _exhibit(
        "prove a packet by another packet's entry",
        "TL-LOG-020",
        "test_another_packets_proof_is_refused",
        "tearline.verification.exhibit:_verify_about",
        file=_UNIT,
    ),
    _exhibit(
        "tell of hidden categories by a grant's entry",
        "TL-LOG-020",
        "test_entries_that_tell_more_are_refused",
        "tearline.verification.exhibit:_verify_about",
        file=_UNIT,
    ),
    _exhibit(
        "prove a packet by an entry that the log does not hold",
        "TL-LOG-002",
        "test_an_entry_that_the_log_does_not_hold_is_refused",
        "tearline.verification.exhibit:_verify_included",
        file=_UNIT,
    ),
    _exhibit(
        "show a packet under a key that had ended",
        "TL-TRU-002",
        "test_a_key_that_ended_before_is_refused",
        "tearline.verification.trust:TrustState._apply_revocation",
        file=_UNIT,
    ),
    _exhibit(
        "name a recipient by a receipt that is not its own",
        "TL-LOG-020",
        "test_a_receipt_needs_its_entry_and_its_signer",
        "tearline.verification.exhibit:_verify_receipt",
        file=_UNIT,
    ),
    _exhibit(
        "show an exhibit of another federation",
        "TL-TRU-005",
        "test_another_federation_is_refused",
        "tearline.verification.founders:Founding.apply",
        file=_UNIT,
    ),
    _exhibit(
        "show on what its originator keeps",
        "TL-GRT-006",
        "test_a_recipient_does_not_show_on_what_its_originator_keeps",
        "tearline.verification.exhibit:verify_may_show",
        file=_SIMULATED,
    ),
    _exhibit(
        "show a field that was not granted",
        "TL-REQ-006",
        "test_nobody_shows_what_they_cannot_open",
        "tearline_client.audit.exhibits:_named",
        "[]",
        file=_SIMULATED,
    ),
)

PROOFS = (
    _exhibit(
        "prove two entries of one event, to different readers",
        "TL-LOG-021",
        "test_two_entries_of_one_event_convict_the_log",
        "tearline_client.audit.verifier:_Case._compare",
        file="unit/client/audit/test_verifier",
    ),
    _exhibit(
        "lean a false proof on a true one that was judged before",
        "TL-LOG-002",
        "test_a_proof_that_was_judged_speaks_for_no_other_leaf",
        "tearline.tlog.merkle:InclusionVerifier.verify",
        file="unit/client/audit/test_verifier",
    ),
    _exhibit(
        "prove under a checkpoint that the reader's quorum did not cosign",
        "TL-LOG-007",
        "test_the_quorum_decides",
        "tearline.tlog.policy:LogPolicy._witnessed",
        "True",
        file=_POLICY,
    ),
    _exhibit(
        "count one cosigner twice in a policy",
        "TL-CFG-010",
        "test_what_is_no_policy_is_refused",
        "tearline.tlog.policy:_Reader._group",
        "CosignerGroup(needed=1, members=())",
        file=_POLICY,
    ),
)
