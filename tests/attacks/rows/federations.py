"""Lies about members, counted cosigners and the keys of the log."""

from attacks.attack import Attack, Rows

_NOTE = "the checkpoint as it came, at whoever demanded the lines"

_counted = Rows(
    tests="tests/unit/proto/federation/test_counted.py::",
    functions="tearline.federation.counted:",
    code="TL-LOG-044",
    evidence=_NOTE,
)

COUNTED = (
    Attack(
        name="show sender and recipient a log that no other counted cosigner is shown",
        code="TL-LOG-040",
        evidence="the grant, sealed, at the recipient",
        function="tearline_client.context:NodeContext.counted_size",
        test="tests/attacks/test_both_before_open.py"
        "::test_a_log_that_only_the_two_are_shown_opens_nothing",
        returns="1 << 48",
    ),
    Attack(
        name="prove an entry under a checkpoint of too few counted cosigners",
        code="TL-LOG-007",
        evidence=_NOTE,
        function="tearline_client.audit.log_policy:_counted",
        test="tests/attacks/test_counted_cosigners.py"
        "::test_the_counted_policy_demands_the_quorum_of_agencies",
        returns="{}",
    ),
    _counted(
        "cosign with several nodes and keys of one agency, to pass for several",
        "test_an_agency_counts_once_however_many_nodes_and_keys_it_has",
        "counted_times_s",
        "{each.key.name: each.time_s for each in signed.signatures if each.time_s}",
    ),
    _counted(
        "fill the counted cosigners up with a member that the constitution does not count",
        "test_a_member_that_the_constitution_does_not_count_adds_nothing",
        "verify_counted",
        "0",
    ),
)

_full = Rows(tests="tests/attacks/test_full_nodes.py::")

_PROOF = "a proof of the directory's entry, at the node that derived another"
_ENTRY = "the entry, in the log, and the alarm at the node"

FULL_NODES = (
    _full(
        "have a node act by valid entries of a page that it refused",
        "test_entries_of_a_refused_page_change_nothing",
        "tearline_client.log.follower:LogFollower.discard",
        code="TL-TRU-004",
        evidence="the page, in the alarm at the node",
    ),
    _full(
        "keep a node from the log by an invalid vote ahead of every checkpoint",
        "test_an_unproven_vote_does_not_stay_in_the_way",
        "tearline_client.log.follower:LogFollower.discard",
        code="TL-TRU-004",
        evidence="the page, in the alarm at the node",
    ),
    _full(
        "state a directory that the entries do not make",
        "test_a_wrong_directory_is_evidence_and_stops_sending",
        "tearline.verification.trust:TrustState._apply_directory",
        "()",
        code="TL-TRU-010",
        evidence=_PROOF,
    ),
    _full(
        "accuse a log of a wrong directory by a right one",
        "test_a_right_directory_convicts_no_log",
        "tearline.verification.wrong_directory:verify_wrong_directory",
        code="TL-LOG-023",
        evidence="nothing: the file is refused",
    ),
    _full(
        "have a wrong directory cosigned at the witness port, before its entries are read",
        "test_an_unread_checkpoint_of_a_wrong_directory_is_not_cosigned",
        "tearline.verification.trust:TrustState._apply_directory",
        "()",
        code="TL-TRU-010",
        evidence=_PROOF,
    ),
    _full(
        "have an old state of the members cosigned as of now",
        "test_an_old_directory_is_not_cosigned_anew",
        "tearline_client.log.follower:LogFollower.verify_stated",
        code="TL-TRU-006",
        evidence="the last cosignature, in the node's database",
    ),
    _full(
        "put a hidden node's key on record with an agency's stolen root",
        "test_what_a_thief_signs_by_our_root_is_noticed",
        "tearline_client.key_management.foreign_keys:_watch_root",
        code="TL-KEY-009",
        evidence=_ENTRY,
    ),
    _full(
        "vote to replace an agency's root behind its back",
        "test_a_vote_to_replace_our_root_is_noticed_and_our_own_acts_are_not",
        "tearline_client.key_management.foreign_keys:_is_ours",
        "False",
        code="TL-KEY-009",
        evidence=_ENTRY,
    ),
)


_profile = Rows(
    tests="tests/unit/proto/crypto/test_authority_profile.py::",
    functions="tearline.crypto.authority_profile:",
    code="TL-TLS-001",
    evidence="nothing: the exchange refuses the record",
)
_SKIPPED = "the record, in the log, and the alarm of the exchange"

AUTHORITIES = (
    _profile(
        "bring a CA that one library reads and another does not",
        "test_every_clause_of_the_profile_refuses",
        "_verify_same",
    ),
    _profile(
        "bring a CA of any dates or serial",
        "test_every_clause_of_the_profile_refuses",
        "AuthorityCertificate.__post_init__",
    ),
    Attack(
        name="bring a CA under a key that is not one's own",
        code="TL-TLS-001",
        evidence="nothing: the exchange refuses the record",
        function="tearline.crypto.tls_keys:verify_signature",
        test="tests/unit/proto/crypto/test_authority_profile.py"
        "::test_every_clause_of_the_profile_refuses",
    ),
    _profile(
        "bring the CA of another agency",
        "test_a_ca_belongs_to_one_agency_and_has_its_time",
        "verify_authority",
        "parse_authority(certificate)",
    ),
    Attack(
        name="put a CA outside the profile on record",
        code="TL-TLS-001",
        evidence="nothing: the exchange refuses the record",
        function="tearline_server.processing.handlers.members:verify_authorities",
        test="tests/unit/server/processing/handlers/test_members.py"
        "::test_an_agency_brings_no_authority_that_is_not_its_own",
    ),
    _profile(
        "issue certificates by a CA outside the profile",
        "tests/unit/proto/crypto/test_certificates.py"
        "::test_a_ca_outside_the_profile_signs_for_no_agency",
        "verify_authority",
        "AuthorityCertificate(agency=agency, serial=1, not_before_s=1_700_000_000,"
        " not_after_s=1_900_000_000, point=b'')",
    ),
    Attack(
        name="end the list of CAs, or take an agency's name, by a CA in a log from before",
        code="",
        evidence=_SKIPPED,
        function="tearline_server.grpc.front:Front._judge",
        test="tests/integration/test_hostile_authority.py"
        "::test_an_exchange_starts_on_an_old_log_and_the_council_removes_the_hostile_member",
        returns="''",
    ),
    Attack(
        name="bring a CA of the profile that the TLS library cannot read",
        code="",
        evidence=_SKIPPED,
        function="tearline_runtime.grpc.credentials:reads_authority",
        test="tests/unit/server/grpc/test_front.py"
        "::test_a_ca_that_the_tls_library_cannot_read_is_skipped",
        returns="True",
    ),
    Attack(
        name="have the operator log what the exchange would refuse",
        code="TL-TLS-001",
        evidence="nothing: the command refuses it",
        function="tearline_server.processing.handlers.members:verify_authorities",
        test="tests/integration/test_hostile_authority.py"
        "::test_decisions_by_files_are_judged_as_those_of_nodes",
    ),
    Attack(
        name="have the operator admit a departure in the file of a key record",
        code="TL-TRU-004",
        evidence="nothing: the command refuses it",
        function="tearline_server.cli.log:verify_key_record",
        test="tests/unit/server/test_operator.py"
        "::test_a_file_of_a_key_record_with_another_statement_is_refused",
    ),
)


_rotation = Rows(tests="tests/attacks/test_log_keys.py::")
_succession = Rows(tests="tests/attacks/test_succession.py::")
_REFUSAL = "nothing: the exchange refuses it"

LOG_KEYS = (
    Attack(
        name="found a federation whose log has no key, so that any note is its checkpoint",
        code="TL-PKT-001",
        evidence=_REFUSAL,
        function="tearline.federation.members:LogIdentity.__post_init__",
        test="tests/unit/proto/federation/test_members.py"
        "::test_a_log_has_keys_of_each_kind_under_its_name",
    ),
    _rotation(
        "pass a retired key's line, which stands beside for witnesses, off as the log's",
        "test_old_lines_stand_beside_the_new_ones_and_count_for_nothing",
        "tearline.federation.versions:LogHistory.at",
        "self._versions[0].constitution.log",
        code="TL-LOG-007",
        evidence="nothing: no reader counts the line",
    ),
    _rotation(
        "sign the log by keys on which the council has not decided yet",
        "test_prepared_keys_sign_nothing_before_their_index",
        "tearline_server.keys:HeldKeys.checkpoint_signers",
        "[each for log_keys in self._logs.values() for each in log_keys]",
        code="TL-LOG-007",
        evidence="the checkpoint, at the node that refused it",
    ),
    _rotation(
        "stop the exchange by a decision on keys that it does not have",
        "test_an_amendment_to_keys_that_the_exchange_lacks_is_refused",
        "tearline_server.processing.handlers.members:_verify_amends",
        code="TL-TRU-004",
        evidence=_REFUSAL,
    ),
    _rotation(
        "decide on prepared keys that the operator has deleted",
        "test_keys_that_were_discarded_meanwhile_are_not_decided_on",
        "tearline_server.processing.handlers.members:_verify_amends",
        code="TL-TRU-004",
        evidence=_REFUSAL,
    ),
    _rotation(
        "begin another log by an amendment with another origin",
        "test_an_amendment_with_another_origin_is_refused",
        "tearline.federation.amendments:verify_exchange",
        code="TL-TRU-004",
        evidence=_REFUSAL,
    ),
    _rotation(
        "sign receipts by a retired key of the exchange",
        "test_a_retired_key_of_the_exchange_signs_no_receipt",
        "tearline_client.outbox.outcomes:OutcomeRecorder._moment_of",
        "replace(self._context.next_moment(), "
        "index=self._context.trust.membership.exchange_keys.get(receipt.header.key_id) "
        "or self._context.next_moment().index)",
        code="TL-TRU-002",
        evidence="the answer as it came, at the node that refused it",
    ),
    _succession(
        "have nodes follow a successor that goes on from another history",
        "test_a_successor_from_another_root_is_not_followed",
        "tearline_client.log.follower:LogFollower._verify_succession",
        code="TL-LOG-003",
        evidence="the entries as they came, at the node that refused them",
    ),
    _succession(
        "have a successor leave out entries before its decision",
        "test_a_successor_that_leaves_entries_out_is_not_followed",
        "tearline.federation.amendments:verify_succession",
        code="TL-TRU-004",
        evidence="the entries as they came, at the node that refused them",
    ),
    _succession(
        "lead nodes to a second successor",
        "test_of_two_successors_the_first_is_followed",
        "tearline_client.log.follower:LogFollower._verified",
        "SignedCheckpoint(checkpoint=parse_checkpoint_text(parse_note(page.checkpoint).text), "
        "note=page.checkpoint, signatures=())",
        code="TL-LOG-007",
        evidence="the checkpoint as it came, at the node that refused it",
    ),
    _succession(
        "convict a successor by another history of the entries that decide on it",
        "test_a_note_of_the_old_exchange_convicts_no_successor",
        "tearline.federation.versions:LogHistory.at",
        "next((each for each in reversed(self._versions) if each.index < size), "
        "self._versions[0]).constitution.log",
        code="TL-LOG-007",
        evidence="nothing: the note is no checkpoint",
    ),
    _succession(
        "put a successor's keys in force at an exchange that is at work",
        "test_the_old_exchange_decides_on_no_successor",
        "tearline_server.processing.handlers.members:_verify_amends",
        code="TL-TRU-004",
        evidence=_REFUSAL,
    ),
    _succession(
        "have the council name a history that only its members were shown",
        "test_no_node_votes_for_entries_that_too_few_have_cosigned",
        "tearline_client.context:NodeContext.counted_size",
        "1 << 48",
        code="TL-TRU-004",
        evidence="nothing: the node does not vote",
    ),
    Attack(
        name="go on with a history of one's own under a retired key of the log",
        code="TL-LOG-007",
        evidence="the note as it came, at the node that refused it",
        function="tearline.federation.versions:LogHistory.at",
        test="tests/attacks/test_log_keys.py"
        "::test_a_retired_key_s_history_is_not_followed_and_convicts_nobody",
        returns="self._versions[0].constitution.log",
    ),
    Attack(
        name="fork the log within the sizes of a key, and retire it afterwards",
        code="TL-LOG-030",
        evidence="two checkpoints that contradict each other, kept at the node",
        function="tearline.federation.versions:LogHistory.at",
        test="tests/attacks/test_log_keys.py::test_a_retired_key_answers_for_its_own_sizes",
        returns="self._versions[-1].constitution.log",
    ),
)
