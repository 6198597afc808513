"""Keys, signatures, and who counts."""

from attacks.attack import Attack

_STATEMENT = "the statement as it came, at whoever verified it"
_ENTRY = "the page of the log that holds it, at whoever followed it"
_SIGNATURE = "tearline.crypto.keys:SigningPublicKey.verify"
_SUCCESSION = "tearline.federation.succession:verify_succession"


def _statement(name: str, code: str, test: str, function: str, returns: str = "None") -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=_STATEMENT,
        function=function,
        test=f"tests/{test}",
        returns=returns,
    )


def _trust(name: str, code: str, test: str, function: str, returns: str = "None") -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=_ENTRY,
        function=function,
        test=f"tests/unit/{test}",
        returns=returns,
    )


SIGNATURES = (
    _statement(
        "flip a bit in either half of a composite signature",
        "TL-KEY-002",
        "attacks/test_keys.py::test_a_flipped_bit_in_either_half_is_refused",
        _SIGNATURE,
    ),
    _statement(
        "bring only one half of a composite signature",
        "TL-KEY-002",
        "attacks/test_keys.py::test_one_half_of_a_signature_is_not_enough",
        _SIGNATURE,
    ),
    _statement(
        "certify a key whose Ed25519 half only some libraries accept",
        "TL-KEY-001",
        "unit/proto/verification/test_trust.py"
        "::test_a_key_that_only_some_libraries_accept_is_not_recorded",
        "tearline.crypto.keys:_verify_point",
    ),
    _statement(
        "forge a signature under a cached root",
        "TL-KEY-002",
        "unit/proto/statements/test_statement.py::test_a_zero_signature_under_a_known_root_is_no_hit",
        "tearline.statements.statement:AttestationCache.verify",
    ),
    _statement(
        "downgrade the suite of a federation",
        "TL-PKT-012",
        "unit/proto/verification/test_trust.py"
        "::test_a_federation_that_demands_a_later_suite_gets_nothing_from_this_version",
        "tearline.verification.trust:TrustState.signing_key",
        "signing_public_key(self.trust_list.exchange.signing_key)",
    ),
    _statement(
        "bring a packet of a key that came on record after the grant that names it",
        "TL-TRU-002",
        "unit/proto/verification/test_trust.py::test_a_packet_that_a_grant_names_is_not_of_a_key_from_after_the_grant",
        "tearline.verification.trust:_KeyEntry.has_begun",
        "True",
    ),
    _statement(
        "bring a packet of an ended key without a grant by a key that counts",
        "TL-TRU-002",
        "unit/proto/verification/test_trust.py::test_a_packet_that_a_grant_names_counts_after_its_key_has_ended",
        "tearline.verification.trust:_KeyEntry.counts",
        "True",
    ),
    *(
        _statement(
            f"sign {what} that the specification forbids",
            "TL-PKT-001",
            "vectors/test_differential.py"
            f"::test_what_the_specification_refuses_is_refused_and_nothing_else[{codec}]",
            f"{checks}.__post_init__",
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
        "TL-PKT-001",
        "unit/proto/wire/test_strictness.py::test_an_unknown_field_is_refused",
        "tearline.wire.codec:parse_strictly",
        "read(message_type.FromString(data))",
    ),
    _statement(
        "send a message of any size",
        "TL-PKT-001",
        "unit/proto/wire/test_strictness.py::test_a_message_of_any_size_is_not_parsed",
        "tearline.wire.codec:decode",
        "message_type.FromString(data)",
    ),
    _statement(
        "tell two parties of two entries for one event",
        "TL-LOG-021",
        "unit/proto/verification/test_log_entries.py::test_two_entries_of_one_event_are_proof_against_the_log",
        "tearline.verification.log_entries:verify_same_entry",
    ),
)

TRUST = (
    _trust(
        "put keys of one's own node on record without end",
        "TL-TRU-009",
        "proto/federation/test_record_limits.py::test_a_node_has_so_many_keys_of_a_use_that_begin_at_a_time",
        "tearline.federation.record_limits:RecordBounds.take_key",
    ),
    _trust(
        "change one's own entry of the trust list without end",
        "TL-TRU-009",
        "proto/federation/test_record_limits.py::test_an_agency_changes_its_own_entry_so_often",
        "tearline.federation.record_limits:RecordBounds.take_changes",
    ),
    _trust(
        "revoke keys that never were, without end",
        "TL-TRU-009",
        "proto/federation/test_record_limits.py::test_an_agency_revokes_so_many_keys",
        "tearline.federation.record_limits:RecordBounds.take_revocation",
    ),
    _trust(
        "put keys of the past and the far future on record",
        "TL-TRU-009",
        "server/processing/handlers/test_members.py::test_a_key_of_another_time_comes_not_on_record",
        "tearline.federation.record_limits:verify_date",
    ),
    _trust(
        "agree with an accomplice without end",
        "TL-AGR-004",
        "server/processing/handlers/test_members.py"
        "::test_two_agencies_agree_on_no_more_than_they_have_room_for",
        "tearline.federation.record_limits:AgreementBounds.verify",
    ),
    _trust(
        "fill the mailboxes of strangers with proposals",
        "TL-REQ-009",
        "server/processing/test_mailbox_quota.py::test_what_all_sign_takes_room_like_all_else",
        "tearline_server.processing.handlers.agreements:verify_rooms",
    ),
    _trust(
        "admit an agency without every root",
        "TL-TRU-004",
        "proto/federation/test_succession.py::test_an_admission_without_one_root_is_refused",
        _SUCCESSION,
    ),
    _trust(
        "change what stands under an agency's name",
        "TL-TRU-004",
        "proto/federation/test_succession.py::test_nothing_under_an_agency_s_name_changes_without_its_root",
        _SUCCESSION,
    ),
    _trust(
        "sign for a third agency with the root that one brings",
        "TL-KEY-002",
        "proto/federation/test_succession.py"
        "::test_a_coalition_does_not_sign_for_a_third_agency_with_the_root_it_brings",
        "tearline.verification.trust:TrustState._root_signers",
        "frozenset(agency.uri for agency in following.agencies)",
    ),
    _trust(
        "certify a key for another's domain",
        "TL-PKT-004",
        "proto/verification/test_trust.py::test_nobody_certifies_keys_for_another_s_domain",
        "tearline.verification.trust:_verify_certifier",
    ),
    _trust(
        "use an old key",
        "TL-TRU-002",
        "proto/verification/test_trust.py::test_a_key_counts_only_within_its_dates",
        "tearline.verification.trust:_KeyEntry.counts",
        "True",
    ),
    _trust(
        "seal to a swapped encryption key",
        "TL-GRT-005",
        "proto/verification/test_trust.py::test_a_swapped_encryption_key_does_not_count",
        "tearline.verification.trust:TrustState.kem_key_counts",
        "True",
    ),
    _trust(
        "date a statement back behind a revocation",
        "TL-TRU-002",
        "proto/verification/test_trust.py::test_a_statement_dated_back_does_not_outlive_a_revocation",
        "tearline.verification.trust:TrustState._apply_revocation",
    ),
)


def _life(
    name: str, code: str, test: str, function: str, evidence: str, returns: str = "None"
) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=evidence,
        function=function,
        test=f"tests/attacks/test_key_life.py::{test}",
        returns=returns,
    )


LIFE = (
    _life(
        "put a key on record in a node's name with its stolen signing key",
        "TL-KEY-007",
        "test_a_key_that_a_thief_puts_on_record_in_our_name_is_noticed",
        "tearline_client.key_management.foreign_keys:watch_own_name",
        "the record, in the log, and the alarm at the node",
    ),
    _life(
        "open with a stolen encryption key what is sent after it was replaced",
        "TL-GRT-001",
        "test_a_stolen_key_opens_nothing_sent_after_rotation",
        "tearline_client.key_management.records:KeyRecords.rotate",
        "the new key's record, in the log",
    ),
    _life(
        "send what was sealed to a key that was revoked since",
        "TL-GRT-005",
        "test_what_was_sealed_to_a_revoked_key_does_not_leave",
        "tearline_server.processing.handlers.channels:verify_sealed_to",
        "the refusal, in the log, and the grant that was issued anew",
    ),
    _life(
        "take a keystore, to open mail that was recorded earlier",
        "TL-KEY-005",
        "test_an_old_key_is_gone_after_its_time_and_the_inbox_stays_readable",
        "tearline_client.key_management.records:KeyRecords.destroy_ended",
        "none: the key is gone",
        "0",
    ),
    _life(
        "set a node's clock ahead, to have it destroy its keys",
        "",
        "test_a_clock_set_ahead_destroys_no_key",
        "tearline.tlog.agreed_time:AgreedTime.has_reached",
        "the mail, which opens",
        "self.own_ms >= end_ms",
    ),
    _life(
        "revoke a key, to undo what was signed with it",
        "",
        "test_old_evidence_stays_valid",
        "tearline.verification.trust:_KeyEntry.counts",
        "what was signed, with its place in the log before the revocation",
        "self.end is None and self.start < at.index",
    ),
)
