"""Lies to a light reader, which does not read the entries itself."""

from attacks.attack import Rows

_READER = "tearline.verification.light_reader"
_TURN = "the turn as it came, at the light node that refused it"

_light = Rows(
    tests="tests/unit/proto/verification/test_light_reader.py::",
    functions=f"{_READER}:",
    evidence=_TURN,
)

_node = Rows(
    tests="tests/attacks/test_light_nodes.py::",
    functions="",
    evidence="an alarm with the answer, at the light node that refused it",
)

LIGHT = (
    _light(
        "show a light node an old directory under a recent checkpoint",
        "test_a_checkpoint_that_ends_with_another_entry_is_no_turn",
        "LightReader._verify_extends",
        code="TL-LOG-002",
    ),
    _light(
        "show a light node another history than at its last turn",
        "test_another_history_is_no_turn",
        "LightReader._verify_extends",
        code="TL-LOG-003",
    ),
    _light(
        "show a light node the turn before its last one again",
        "test_an_older_turn_is_refused",
        "LightReader._verify_extends",
        code="TL-LOG-001",
    ),
    _light(
        "withhold newer directories from a light node until it seals",
        "test_a_directory_is_acted_on_for_ten_minutes",
        "LightReader.verify_recent",
        "self.newest",
        code="TL-TRU-006",
    ),
    _light(
        "have an old directory cosigned again, to make it look recent",
        "test_newer_lines_do_not_make_an_old_directory_new",
        "LightReader.verify_recent",
        "self.newest",
        code="TL-TRU-006",
    ),
    _light(
        "show two light nodes two logs, with fewer than 2k - n dishonest cosigners",
        "test_two_readers_see_one_log_while_few_cosigners_are_dishonest",
        "_counted_s",
        "0",
        code="TL-LOG-044",
    ),
    _light(
        "lower the quorum by an amendment that its new quorum alone cosigned",
        "test_the_quorum_before_signs_the_change_of_quorum",
        "_counted_s",
        "0",
        code="TL-LOG-044",
    ),
    _light(
        "cosign for a light node by a key that was revoked since its last turn",
        "test_a_key_that_ended_counts_no_more",
        "_counted_s",
        "0",
        code="TL-LOG-044",
    ),
    _light(
        "withhold from a light node that the council replaced its counted cosigners",
        "test_a_withheld_amendment_is_noticed",
        "LightReader._constitution",
        "self.constitution",
        code="TL-TRU-010",
    ),
    _light(
        "prove to a light node that a member is absent",
        "test_an_absence_is_none_for_a_member",
        "verify_leaf",
        code="TL-LOG-001",
    ),
    _light(
        "show a light node a partner's state from before a change, or another agency's",
        "test_a_leaf_of_another_agency_or_of_another_time_is_refused",
        "verify_leaf",
        code="TL-LOG-001",
    ),
    _light(
        "record a key in an agency's name, and revoke it before its next turn",
        "test_a_key_is_noticed_that_was_revoked_between_turns",
        "verify_own",
        code="TL-TRU-011",
        evidence="the turn as it came, at the agency whose name it is",
    ),
    _node(
        "withhold the record of a partner's new encryption key from a light node",
        "test_a_withheld_entry_of_a_partner_is_noticed",
        "tearline.verification.light_replay:verify_agency",
        code="TL-TRU-010",
    ),
    _node(
        "stop a light node by a vote on an amendment that it does not read",
        "test_a_partner_s_vote_on_an_unread_amendment_stops_no_turn",
        "tearline.verification.light_replay:_was_read",
        "True",
        evidence="none: the node takes its turn",
    ),
    _node(
        "keep a light node from beginning again by a vote on an agency of which it has not read",
        "test_it_begins_again_before_it_has_read_of_an_agency_that_it_follows",
        "tearline.verification.light_replay:_was_read",
        "True",
        evidence="none: the node takes its turn",
    ),
    _node(
        "show a light node an entry at another index",
        "test_an_entry_of_another_tree_is_refused",
        "tearline_client.log.light_follower:_proven",
        "{each.index: each.entry for each in entries}",
        code="TL-LOG-002",
    ),
    _node(
        "show a light node states of another directory than its turn's",
        "test_a_state_of_another_directory_is_refused",
        "tearline.verification.light_reader:verify_leaf",
        code="TL-LOG-001",
    ),
    _node(
        "show a light node a checkpoint that too few counted cosigners signed",
        "test_a_checkpoint_below_the_quorum_is_no_turn",
        f"{_READER}:_counted_s",
        "signed.time_s",
        code="TL-LOG-044",
    ),
    _node(
        "sign the log by a light node's key in the place of a counted cosigner",
        "test_a_witness_counts_to_no_quorum_of_a_light_reader",
        "tearline.federation.directory:counted_keys",
        "tuple(keys)",
        code="TL-LOG-044",
    ),
    _node(
        "stop every light node by more keys of one counted cosigner than a turn holds",
        "test_the_keys_of_one_counted_cosigner_fill_no_turn",
        "tearline.federation.directory:counted_keys",
        'tuple(key for key in keys if key.use == "cosign" and not key.end)',
        evidence="none: the node takes its turn",
    ),
    Rows(tests="tests/unit/server/tlog/test_cosignatures.py::")(
        "give light nodes a turn that counts by a key that no directory lists",
        "test_a_turn_waits_for_a_line_by_a_key_that_the_directory_lists",
        "tearline.federation.directory:counted_keys",
        'tuple(key for key in keys if key.use == "cosign" and not key.end)',
        evidence="none: the exchange waits for another line",
    ),
    Rows(tests="tests/unit/server/tlog/test_cosignatures.py::")(
        "push other counted cosigners out of every turn by lines of 64 nodes of one",
        "test_an_agency_of_many_nodes_pushes_out_no_other_one",
        "tearline_server.tlog.cosigned_checkpoints:_by_rank",
        "[line for lines in groups for line in lines]",
        evidence="none: the turn has a line of each",
    ),
    Rows(tests="tests/unit/server/tlog/test_cosignatures.py::")(
        "stop all cosigning by lines of so many nodes and keys that no message holds an answer",
        "test_lines_of_many_nodes_and_keys_fit_an_answer",
        "tearline_server.tlog.cosignatures:Cosignatures._newest",
        "[part.encode() for size in self._checkpoints.newest_of(self._told(agency))"
        " for part in self._checkpoints.parts(size, self._told(agency))]",
        evidence="none: a message holds the answer",
    ),
    Rows(tests="tests/unit/server/tlog/test_cosignatures.py::")(
        "push another agency's cosignature out of a turn by lines of light nodes",
        "test_light_nodes_push_out_no_cosignature",
        "tearline_server.tlog.cosignatures:Cosignatures._use_of",
        "KeyUse.COSIGN",
        evidence="none: the turn has the cosignature",
    ),
    Rows(tests="tests/unit/server/tlog/test_cosignatures.py::")(
        "end the wait of a restored exchange by a light node's line",
        "test_a_restored_exchange_waits_for_cosignatures_alone",
        "tearline_server.tlog.cosignatures:Cosignatures.is_cosigned",
        "True",
        code="TL-REQ-002",
        evidence="exchange: the nodes that it waits for, in its log",
    ),
    _node(
        "show a light node a partner's line over another history",
        "test_a_partner_that_signed_another_tree_is_noticed",
        "tearline.tlog.merkle:verify_consistency",
        code="TL-LOG-003",
    ),
)
"""Turns and leaves, as a light reader verifies them."""
