"""Keys, signatures, and who counts."""

from attacks.attack import Rows

_STATEMENT = "the statement as it came, at whoever verified it"
_ENTRY = "the page of the log that holds it, at whoever followed it"
_SIGNATURE = "tearline.crypto.keys:SigningPublicKey.verify"

_statement = Rows(tests="tests/", evidence=_STATEMENT)

_trust = Rows(tests="tests/unit/", evidence=_ENTRY)

SIGNATURES = (
    _statement(
        "flip a bit in either half of a composite signature",
        "attacks/test_keys.py::test_a_flipped_bit_in_either_half_is_refused",
        _SIGNATURE,
        code="TL-KEY-002",
    ),
    _statement(
        "bring only one half of a composite signature",
        "attacks/test_keys.py::test_one_half_of_a_signature_is_not_enough",
        _SIGNATURE,
        code="TL-KEY-002",
    ),
    _statement(
        "certify a key whose Ed25519 half only some libraries accept",
        "unit/proto/verification/test_trust.py"
        "::test_a_key_that_only_some_libraries_accept_is_not_recorded",
        "tearline.crypto.keys:_verify_point",
        code="TL-KEY-001",
    ),
    _statement(
        "forge a signature under a cached root",
        "unit/proto/statements/test_statement.py::test_a_zero_signature_under_a_known_root_is_no_hit",
        "tearline.statements.statement:AttestationCache.verify",
        code="TL-KEY-002",
    ),
    _statement(
        "downgrade the suite of a federation",
        "unit/proto/verification/test_trust.py"
        "::test_a_federation_that_demands_a_later_suite_gets_nothing_from_this_version",
        "tearline.verification.trust:TrustState.signing_key",
        "signing_public_key(self.members.exchange.signing_key)",
        code="TL-PKT-012",
    ),
    _statement(
        "bring a packet of a key that came on record after the grant that names it",
        "unit/proto/verification/test_trust.py::test_a_packet_that_a_grant_names_is_not_of_a_key_from_after_the_grant",
        "tearline.verification.key_entry:KeyEntry.has_begun",
        "True",
        code="TL-TRU-002",
    ),
    _statement(
        "bring a packet of an ended key without a grant by a key that counts",
        "unit/proto/verification/test_trust.py::test_a_packet_that_a_grant_names_counts_after_its_key_has_ended",
        "tearline.verification.key_entry:KeyEntry.counts",
        "True",
        code="TL-TRU-002",
    ),
    *(
        _statement(
            f"sign {what} that the specification forbids",
            "vectors/test_differential.py"
            f"::test_what_the_specification_refuses_is_refused_and_nothing_else[{codec}]",
            f"{checks}.__post_init__",
            code="TL-PKT-001",
        )
        for what, codec, checks in (
            ("a place", "void", "tearline.statements.channel:Address"),
            ("a mark", "mark", "tearline.statements.channel:Mark"),
            ("an agreement", "agreement", "tearline.agreements.agreement:Agreement"),
            ("a step", "request step", "tearline.requests.step:RequestStep"),
            ("an entry", "event", "tearline.audit.event:Event"),
            ("a decision", "event", "tearline.audit.event:Decision"),
        )
    ),
    _statement(
        "hide an unknown field in a signed body",
        "unit/proto/wire/test_strictness.py::test_an_unknown_field_is_refused",
        "tearline.wire.codec:parse_strictly",
        "read(message_type.FromString(data))",
        code="TL-PKT-001",
    ),
    _statement(
        "send a message of any size",
        "unit/proto/wire/test_strictness.py::test_a_message_of_any_size_is_not_parsed",
        "tearline.wire.codec:decode",
        "message_type.FromString(data)",
        code="TL-PKT-001",
    ),
    _statement(
        "tell two parties of two entries for one event",
        "unit/proto/verification/test_log_entries.py::test_two_entries_of_one_event_are_proof_against_the_log",
        "tearline.verification.log_entries:verify_same_entry",
        code="TL-LOG-021",
    ),
)

TRUST = (
    _trust(
        "put keys of one's own node on record without end",
        "proto/federation/test_record_limits.py::test_a_node_has_so_many_keys_of_a_use_that_begin_at_a_time",
        "tearline.federation.record_limits:RecordBounds.take_key",
        code="TL-TRU-009",
    ),
    _trust(
        "change one's own member record without end",
        "proto/federation/test_record_limits.py::test_an_agency_changes_its_own_record_so_often",
        "tearline.federation.record_limits:RecordBounds.verify_change",
        code="TL-TRU-009",
    ),
    _trust(
        "revoke keys that never were, without end",
        "proto/federation/test_record_limits.py::test_an_agency_revokes_so_many_keys",
        "tearline.federation.record_limits:RecordBounds.take_revocation",
        code="TL-TRU-009",
    ),
    _trust(
        "put keys of the past and the far future on record",
        "server/processing/handlers/test_members.py::test_a_key_of_another_time_comes_not_on_record",
        "tearline.federation.record_limits:verify_date",
        code="TL-TRU-009",
    ),
    _trust(
        "agree with an accomplice without end",
        "server/processing/handlers/test_members.py"
        "::test_two_agencies_agree_on_no_more_than_they_have_room_for",
        "tearline.federation.record_limits:AgreementBounds.verify",
        code="TL-AGR-004",
    ),
    _trust(
        "fill the mailboxes of strangers with proposals",
        "server/processing/test_mailbox_quota.py::test_what_all_sign_takes_room_like_all_else",
        "tearline_server.processing.handlers.agreements:verify_rooms",
        code="TL-REQ-009",
    ),
    _trust(
        "admit an agency with the votes of too few",
        "proto/federation/test_membership.py::test_one_vote_is_too_few_and_is_not_repeated",
        "tearline.federation.thresholds:Tally.is_enough",
        "True",
        code="TL-TRU-004",
    ),
    _trust(
        "seat a new council by its own votes",
        "proto/federation/test_membership.py::test_a_new_council_does_not_vote_itself_in",
        "tearline.federation.thresholds:Tally.is_enough",
        "True",
        code="TL-TRU-004",
    ),
    _trust(
        "remove two by five of seven, where all must vote",
        "proto/federation/test_membership.py::test_a_coalition_below_the_threshold_removes_nobody",
        "tearline.federation.thresholds:Tally.is_enough",
        "True",
        code="TL-TRU-004",
    ),
    _trust(
        "replay a decision, or vote on a state that has passed",
        "proto/federation/test_membership.py::test_a_decision_is_not_replayed",
        "tearline.federation.membership:Membership._verify_subject",
        code="TL-TRU-004",
    ),
    _trust(
        "fill the log with records of strangers",
        "proto/federation/test_membership.py::test_no_record_is_logged_that_no_open_vote_names",
        "tearline.federation.open_votes:OpenVotes.is_wanted",
        "True",
        code="TL-TRU-004",
    ),
    _trust(
        "keep a vote for later than its days, or fill the log with short ones",
        "proto/federation/test_membership.py::test_a_vote_lasts_7_to_90_days",
        "tearline.federation.open_votes:OpenVotes.add",
        code="TL-TRU-004",
    ),
    _trust(
        "fill the log by repeating a vote",
        "proto/federation/test_membership.py::test_one_vote_is_too_few_and_is_not_repeated",
        "tearline.federation.open_votes:OpenVotes.add",
        code="TL-TRU-004",
    ),
    _trust(
        "rename itself like a partner",
        "proto/federation/test_membership.py::test_a_member_does_not_rename_itself",
        "tearline.federation.membership:Membership.change",
        code="TL-TRU-004",
    ),
    _trust(
        "take a name that waits for a replaced root",
        "proto/federation/test_membership.py::test_a_name_is_kept_for_a_replacement_that_waits",
        "tearline.federation.membership:Membership._verify_name",
        code="TL-TRU-004",
    ),
    _trust(
        "send on under an agreement of a removed agency",
        "server/processing/handlers/test_departures.py::test_a_packet_from_before_is_not_granted_any_more",
        "tearline_server.processing.registry:Registry.verify_parties_stayed",
        code="TL-AGR-017",
    ),
    _trust(
        "drop a party from an agreement without its signature, beside a removed one",
        "server/processing/handlers/test_departures.py::test_a_party_that_stays_is_not_dropped_without_its_signature",
        "tearline.agreements.proposal:verify_amends",
        code="TL-AGR-002",
    ),
    _trust(
        "come back under an old name into old agreements",
        "server/processing/handlers/test_departures.py::test_an_agency_admitted_again_is_no_party_until_a_version_names_it_again",
        "tearline.federation.versions:Members.departed",
        "()",
        code="TL-AGR-017",
    ),
    _trust(
        "hand out, as the exchange, what was accepted after a party's removal",
        "client/test_departures.py::test_an_exchange_that_goes_on_after_a_departure_is_caught",
        "tearline_client.rules.suspensions:SuspensionRules._had_departed",
        "False",
        code="TL-AGR-014",
    ),
    _trust(
        "send on, as a node, under an agreement of a removed agency",
        "client/test_departures.py::test_nodes_send_again_once_the_remaining_parties_have_signed",
        "tearline_client.context:NodeContext.departed",
        "()",
        code="TL-AGR-017",
    ),
    _trust(
        "keep mail on its way to the finder of a lost root",
        "server/processing/handlers/test_departures.py::test_a_replaced_root_returns_undelivered_grants_at_once",
        "tearline_server.processing.handlers.departures:return_departed",
    ),
    _trust(
        "return nothing where a replacement falls due beside another decision",
        "server/processing/handlers/test_departures.py::test_a_decision_beside_it_replaces_a_root_with_the_same_effects",
        "tearline_server.processing.handlers.directory:due_lookups",
        "Lookups()",
    ),
    _trust(
        "fill the store with mail that no former member reads",
        "server/processing/handlers/test_departures.py::test_a_last_mark_to_a_former_member_waits_for_no_reader",
        "tearline_server.processing.handlers.departures:acknowledge_departed",
    ),
    _trust(
        "leave a request open for ever by departing",
        "client/test_departures.py::test_an_open_request_ends_with_the_membership_of_a_party",
        "tearline_client.features.requests.views:has_departed",
        "False",
    ),
    _trust(
        "send on, as a removed agency's node",
        "client/test_membership_end.py::test_nothing_is_sealed_or_queued_after_the_end",
        "tearline_client.context:NodeContext.verify_member",
        code="TL-TLS-016",
    ),
    _trust(
        "take another agency's name",
        "proto/federation/test_membership.py::test_a_name_never_passes_to_another_agency",
        "tearline.federation.membership:Membership._verify_name",
        code="TL-TRU-004",
    ),
    _trust(
        "roll a member record back",
        "proto/federation/test_membership.py::test_a_readmission_names_its_generation",
        "tearline.federation.membership:Membership._verify_first",
        code="TL-TRU-004",
    ),
    _trust(
        "replace a root that is not lost",
        "proto/federation/test_membership.py::test_votes_to_replace_a_root_end_with_its_use",
        "tearline.federation.open_votes:OpenVotes.drop",
        code="TL-TRU-004",
    ),
    _trust(
        "change what stands under an agency's name",
        "proto/federation/test_membership.py::test_a_record_is_changed_by_its_own_root_in_order",
        "tearline.verification.member_signatures:verify_roots",
        code="TL-TRU-002",
    ),
    _trust(
        "sign for a third agency with a root that one brings",
        "proto/federation/test_membership.py::test_a_root_is_rotated_by_the_old_and_the_new_one",
        "tearline.verification.member_signatures:verify_roots",
        code="TL-TRU-002",
    ),
    _trust(
        "found a federation without a founder's signature",
        "proto/federation/test_membership.py::test_no_entry_of_a_founding_is_skipped",
        "tearline.verification.founders:Founding.apply",
        code="TL-TRU-005",
    ),
    _trust(
        "state another directory than the entries make",
        "proto/federation/test_membership.py::test_a_directory_of_another_root_is_refused",
        "tearline.verification.trust:TrustState._apply_directory",
        "()",
        code="TL-TRU-010",
    ),
    _trust(
        "prove the absence of a member that exists",
        "proto/federation/test_directory.py::test_a_member_that_exists_is_never_proven_absent",
        "tearline.federation.directory:verify_directory",
        code="TL-LOG-001",
    ),
    _trust(
        "prove another state of a member",
        "proto/federation/test_directory.py::test_another_state_is_never_proven",
        "tearline.federation.directory:verify_directory",
        code="TL-LOG-001",
    ),
    _trust(
        "certify a key for another's domain",
        "proto/verification/test_trust.py::test_nobody_certifies_keys_for_another_s_domain",
        "tearline.verification.key_entry:verify_certifier",
        code="TL-PKT-004",
    ),
    _trust(
        "use an old key",
        "proto/verification/test_trust.py::test_a_key_counts_only_within_its_dates",
        "tearline.verification.key_entry:KeyEntry.counts",
        "True",
        code="TL-TRU-002",
    ),
    _trust(
        "seal to a swapped encryption key",
        "proto/verification/test_trust.py::test_a_swapped_encryption_key_does_not_count",
        "tearline.verification.trust:TrustState.kem_key_counts",
        "True",
        code="TL-GRT-005",
    ),
    _trust(
        "date a statement back behind a revocation",
        "proto/verification/test_trust.py::test_a_statement_dated_back_does_not_outlive_a_revocation",
        "tearline.verification.trust:TrustState._apply_revocation",
        code="TL-TRU-002",
    ),
)

_life = Rows(tests="tests/attacks/test_key_life.py::")

LIFE = (
    _life(
        "put a key on record in a node's name with its stolen signing key",
        "test_a_key_that_a_thief_puts_on_record_in_our_name_is_noticed",
        "tearline_client.key_management.foreign_keys:watch_own_name",
        code="TL-KEY-007",
        evidence="the record, in the log, and the alarm at the node",
    ),
    _life(
        "open with a stolen encryption key what is sent after it was replaced",
        "test_a_stolen_key_opens_nothing_sent_after_rotation",
        "tearline_client.key_management.records:KeyRecords.rotate",
        code="TL-GRT-001",
        evidence="the new key's record, in the log",
    ),
    _life(
        "send what was sealed to a key that was revoked since",
        "test_what_was_sealed_to_a_revoked_key_does_not_leave",
        "tearline_server.processing.handlers.channels:verify_sealed_to",
        code="TL-GRT-005",
        evidence="the refusal, in the log, and the grant that was issued anew",
    ),
    _life(
        "take a keystore, to open mail that was recorded earlier",
        "test_an_old_key_is_gone_after_its_time_and_the_inbox_stays_readable",
        "tearline_client.key_management.records:KeyRecords.destroy_ended",
        "0",
        code="TL-KEY-005",
        evidence="none: the key is gone",
    ),
    _life(
        "set a node's clock ahead, to have it destroy its keys",
        "test_a_clock_set_ahead_destroys_no_key",
        "tearline.tlog.agreed_time:AgreedTime.has_reached",
        "self.own_ms >= end_ms",
        evidence="the mail, which opens",
    ),
    _life(
        "revoke a key, to undo what was signed with it",
        "test_old_evidence_stays_valid",
        "tearline.verification.key_entry:KeyEntry.counts",
        "self.end is None and self.start < at.index",
        evidence="what was signed, with its place in the log before the revocation",
    ),
)
