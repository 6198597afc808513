"""A lying exchange: what it delivers, and the log it shows."""

from attacks.attack import Rows

_PUT_ASIDE = "the delivery as it came, put aside at the recipient"
_PAGE = "the page of the log as it came, at whoever followed it"

_delivery = Rows(tests="tests/attacks/test_deliveries.py::", evidence=_PUT_ASIDE)

_log = Rows(tests="tests/attacks/test_log_lies.py::", evidence=_PAGE)

_CIPHERTEXT = "tearline.packets.ciphertexts:verify_ciphertexts"
_CHANNEL = "tearline.statements.channel:Incoming.receive"
_OPENING = "tearline_client.store.log:LogStore.put_opening"
_TAKEN = "tearline_client.store.inbox:InboxStore.is_taken"
_SIGNED = "tearline.verification.trust:TrustState.verify"
_GROWN = "tearline_client.log.follower:LogFollower._verify_grown"
_FRESH = "tearline_client.log.follower:LogFollower.verify_fresh"

DELIVERIES = (
    _delivery(
        "flip a bit anywhere in a delivery",
        "test_no_flipped_bit_changes_what_is_read",
        _OPENING,
        "parse_event(opening.event)",
        code="TL-PKT-001",
    ),
    _delivery(
        "flip a bit of a ciphertext",
        "test_a_flipped_bit_of_a_ciphertext_is_refused",
        _CIPHERTEXT,
        code="TL-PKT-017",
    ),
    _delivery(
        "alter a ciphertext, and leave out the path that tells whose it is",
        "tests/unit/proto/sealing/test_delivered.py"
        "::test_an_exchange_does_not_accuse_an_originator_by_leaving_out_the_path",
        _CIPHERTEXT,
        code="TL-PKT-017",
    ),
    _delivery("swap slots", "test_swapped_slots_are_refused", _CIPHERTEXT, code="TL-PKT-017"),
    _delivery(
        "strip a granted ciphertext",
        "test_a_stripped_ciphertext_is_missed",
        "tearline.sealing.packets:open_delivered",
        "View(fields=(), existences=())",
        code="TL-PKT-007",
    ),
    _delivery(
        "move a grant to another packet",
        "test_a_grant_does_not_move_to_another_packet",
        "tearline_client.features.packets.handler:_verify_packet",
        code="TL-GRT-001",
    ),
    _delivery(
        "move a grant to another recipient",
        "test_a_grant_does_not_move_to_another_recipient",
        "tearline_client.messages.recipient:Recipient.verify_addressed",
        code="TL-GRT-001",
    ),
    _delivery(
        "show the log entry of another statement",
        "test_an_entry_of_another_statement_is_refused",
        "tearline_client.inbox.verifier:_verify_event",
        code="TL-LOG-020",
    ),
    _delivery(
        "show an entry that names other parties",
        "test_an_entry_that_names_others_is_refused",
        "tearline_client.inbox.verifier:DeliveryVerifier._verify_parties",
        code="TL-LOG-020",
    ),
    _delivery(
        "show an entry that the log does not hold",
        "test_an_entry_that_the_log_does_not_hold_is_refused",
        _OPENING,
        "parse_event(opening.event)",
        code="TL-LOG-020",
    ),
    _delivery(
        "put a foreign signer on a known body",
        "test_a_foreign_signer_on_a_known_body_is_refused",
        _SIGNED,
        "header_of(statement.body)",
        code="TL-PKT-004",
    ),
    _delivery(
        "zero the signature under a root that was verified",
        "test_a_zero_signature_under_a_known_root_is_refused",
        "tearline.statements.statement:Attestation.verify",
        code="TL-KEY-002",
    ),
    _delivery(
        "present a body of one type as another",
        "test_a_body_of_one_type_is_not_presented_as_another",
        "tearline.statements.statement:verify_inclusion",
        code="TL-PKT-003",
    ),
    _delivery(
        "deliver more than a message may hold",
        "test_a_delivery_of_any_size_is_not_parsed",
        "tearline.wire.codec:decode",
        "message_type.FromString(data)",
        code="TL-PKT-001",
    ),
    _delivery(
        "deliver noise",
        "test_noise_instead_of_a_delivery_is_refused",
        "tearline_client.context:NodeContext.alarm",
        code="TL-PKT-001",
    ),
    _delivery(
        "drop a statement", "test_a_dropped_statement_leaves_a_gap", _CHANNEL, code="TL-MBX-001"
    ),
    _delivery(
        "reorder statements", "test_reordered_statements_leave_a_gap", _CHANNEL, code="TL-MBX-001"
    ),
    _delivery(
        "drop the last statement",
        "test_the_last_statement_is_missed_by_the_mark",
        "tearline.statements.channel:Incoming.receive_mark",
        code="TL-MBX-003",
    ),
    _delivery(
        "claim to have received what was not sent",
        "test_a_mark_that_received_what_was_not_sent_is_refused",
        "tearline.statements.channel:Incoming.receive_mark",
        code="TL-MBX-003",
    ),
    _delivery(
        "deliver without end behind a gap",
        "test_a_channel_with_a_gap_takes_no_more_than_it_may_hold",
        _CHANNEL,
        code="TL-MBX-005",
    ),
    _delivery("replay a delivery", "test_a_replayed_delivery_changes_nothing", _TAKEN, "False"),
    _delivery(
        "roll a mailbox back",
        "test_a_mailbox_that_was_rolled_back_changes_nothing",
        _TAKEN,
        "False",
    ),
    _delivery(
        "log one event twice",
        "test_a_second_entry_of_one_event_is_equivocation",
        _OPENING,
        "parse_event(opening.event)",
        code="TL-LOG-021",
    ),
)

LOGS = (
    _log("fork the log", "test_a_forked_log_is_refused", _GROWN, code="TL-LOG-003"),
    _log("rewrite history", "test_a_rewritten_history_is_refused", _GROWN, code="TL-LOG-003"),
    _log("truncate the log", "test_a_truncated_log_is_refused", _GROWN, code="TL-LOG-003"),
    _log("rewrite an entry", "test_a_rewritten_entry_is_refused", _GROWN, code="TL-LOG-003"),
    _log("omit an entry", "test_an_omitted_entry_is_missed", _GROWN, code="TL-LOG-003"),
    _log(
        "show entries that no checkpoint covers",
        "test_entries_beyond_the_checkpoint_are_refused",
        _GROWN,
        code="TL-LOG-003",
    ),
    _log(
        "leave out one of the log's signatures",
        "test_a_checkpoint_without_one_of_the_log_s_signatures_is_refused",
        "tearline.verification.log_entries:_verify_cosigned",
        "parse_checkpoint(note, origin=log.origin,"
        " required=[parse_verifier_key(log.verifier_keys[0])],"
        " known=[parse_verifier_key(key) for key in log.verifier_keys])",
        code="TL-LOG-007",
    ),
    _log(
        "forge a checkpoint's signature",
        "test_a_checkpoint_under_a_forged_signature_is_refused",
        "tearline.tlog.checkpoint:VerifierKey.verify",
        "VerifiedSignature(key=self, time_s=int.from_bytes(signature.payload[:8], 'big')"
        " if self.algorithm.time_size else None)",
        code="TL-LOG-008",
    ),
    _log(
        "show a frozen log and membership",
        "test_nothing_is_sealed_on_a_log_that_stands_still",
        _FRESH,
        code="TL-TRU-006",
    ),
    _log(
        "turn the clock ahead",
        "test_nothing_is_sealed_under_a_clock_that_is_off",
        "tearline.tlog.agreed_time:AgreedTime.__post_init__",
        code="TL-TRU-007",
    ),
    _log(
        "begin the federation anew by its charter",
        "test_a_charter_does_not_return",
        "tearline.verification.trust:_refuse_founding",
        code="TL-TRU-004",
    ),
    _log(
        "a coalition swaps a third agency's root",
        "test_a_coalition_does_not_swap_a_third_agency_s_root",
        "tearline.verification.member_signatures:verify_roots",
        code="TL-TRU-002",
    ),
    _log(
        "swap an encryption key",
        "test_an_encryption_key_is_not_swapped_by_another_agency",
        "tearline.verification.key_entry:verify_certifier",
        code="TL-PKT-004",
    ),
    _log(
        "date a statement back behind its key's revocation",
        "test_a_revoked_key_speaks_no_more_whatever_date_it_writes",
        "tearline.verification.key_entry:KeyEntry.counts",
        "True",
        code="TL-TRU-002",
    ),
    _log(
        "promise an entry that the log never holds",
        "test_an_entry_that_a_receipt_names_and_the_log_never_holds_is_missed",
        "tearline_client.log.rounds:_compare",
        code="TL-LOG-002",
    ),
    _log(
        "give false receipts",
        "test_a_false_receipt_is_kept_as_evidence",
        "tearline_client.outbox.outcomes:OutcomeRecorder._verify_outcome",
        code="TL-REQ-007",
    ),
    _log(
        "tell another code than the one signed",
        "test_the_code_that_is_told_is_the_one_that_is_signed",
        "tearline_client.outbox.outcomes:_states",
        "True",
        code="TL-REQ-007",
    ),
    _log(
        "sign a code with the class of another",
        "test_a_known_code_is_signed_with_its_own_class",
        "tearline_client.outbox.outcomes:_states",
        "True",
        code="TL-REQ-007",
    ),
)
