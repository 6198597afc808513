"""Recalls: by whom they are, and that nothing brings back what was recalled."""

from attacks.attack import Rows

_PUT_ASIDE = "the delivery as it came, put aside at the recipient"
_REFUSAL = "a refusal in the log, and a signed receipt of it"

_recall = Rows(names="recall: ", tests="tests/attacks/test_recalls.py::")

RECALLS = (
    _recall(
        "what somebody else originated",
        "tests/unit/server/processing/test_lookups.py::"
        "test_what_its_originator_names_in_the_same_batch_is_not_others_to_recall",
        "tearline_server.processing.handlers.recalls:_verify_own",
        code="TL-GRT-002",
        evidence=_REFUSAL,
    ),
    _recall(
        "what somebody else originated, with the exchange's help",
        "test_an_exchange_does_not_bring_a_recall_of_somebody_else",
        "tearline_client.features.recalls.handler:_verify_originator",
        code="TL-GRT-002",
        evidence=_PUT_ASIDE,
    ),
    _recall(
        "bring a grant behind its recall",
        "test_a_grant_that_comes_behind_its_recall_stays_closed",
        "tearline_client.rules.recalls:recalled_of",
        "frozenset()",
        evidence="the grant, closed, and the receipt that says so",
    ),
    _recall(
        "drop it, the last message",
        "test_a_recall_that_was_dropped_is_missed",
        "tearline.statements.channel:Incoming.receive_mark",
        code="TL-MBX-003",
        evidence="the mark that does not fit, put aside at the recipient",
    ),
    _recall(
        "state a deadline in the past, before a person can decide",
        "tests/attacks/test_recall_time.py::test_an_exchange_takes_no_recall_that_leaves_no_time",
        "tearline.packets.recall:verify_answer_time",
        code="TL-GRT-013",
        evidence="the count of refusals in the log",
    ),
    _recall(
        "state a deadline in the past, with the exchange's help",
        "tests/attacks/test_recall_time.py::test_a_deadline_in_the_past_does_not_outrun_a_person",
        "tearline.packets.recall:answer_due_ms",
        "order.respond_by_ms",
        evidence="the recall, open until a day after it came",
    ),
    _recall(
        "recall evidence before an officer can keep it",
        "tests/attacks/test_holds.py"
        "::test_what_is_held_is_kept_when_it_is_recalled_and_its_originator_is_told_why",
        "tearline_client.store.recall_holds:HoldStore.of",
        evidence="the hold, and the answer that names its ground",
    ),
    _recall(
        "end a hold on evidence without an officer",
        "tests/attacks/test_holds.py::test_an_officer_alone_ends_a_hold_and_it_stays_written_down",
        "tearline_client.features.recalls.service:_verify_officer",
        code="TL-TLS-009",
        evidence="the hold as it was",
    ),
    _recall(
        "keep a value in a draft that waits, past its recall",
        "tests/attacks/test_recalled_drafts.py"
        "::test_a_draft_loses_what_was_recalled_and_keeps_our_own_words",
        "tearline_client.rules.recalled_values:_left",
        "(packet, 0)",
        evidence="the number of fields that were taken out, beside the draft",
    ),
    _recall(
        "keep a value in a draft of a program, past its recall",
        "tests/attacks/test_recalled_drafts.py"
        "::test_a_draft_of_a_program_loses_the_objects_that_hold_recalled_values",
        "tearline_client.rules.recalled_values:_losing_objects",
        "iter(())",
        evidence="the number of objects that were taken out, beside the draft",
    ),
    _recall(
        "keep a value in a form that was not sent, past its recall",
        "tests/unit/client/console/test_kept_forms.py::test_recalled_values_leave_a_form",
        "tearline_client.rules.recalled_values:_losing_objects",
        "iter(())",
        evidence="the number of values that were taken out, on the form and in the list",
    ),
    _recall(
        "keep a value in a form about its packet, past its recall",
        "tests/unit/client/console/test_kept_forms.py"
        "::test_a_form_about_a_recalled_packet_loses_each_of_its_values",
        "tearline_client.rules.recalled_values:_names",
        "False",
        evidence="the number of values that were taken out",
    ),
    _recall(
        "send what was previewed before its values were recalled",
        "tests/unit/client/console/test_kept_forms.py::test_recalled_values_leave_a_form",
        "tearline_client.features.forms.service:FormService.erasures",
        "0",
        evidence="the preview is gone, and leads back to its form",
    ),
    _recall(
        "leave the corrections of a packet with partners, without a word",
        "tests/attacks/test_recalled_lines.py::test_what_a_recall_leaves_of_a_line_is_named",
        "tearline.packets.correction:line_of",
        "(packet,)",
        evidence="the packets of the line, named before anything is recalled",
    ),
    _recall(
        "keep the log behind until a recall has come, and set it right",
        "tests/attacks/test_recall_time.py::test_a_log_that_was_behind_does_not_outrun_a_person",
        "tearline_client.features.recalls.handler:latest_ms",
        "context.right_ms()",
        evidence="the recall, open until a day after it came by the node's own clock",
    ),
    _recall(
        "answer for somebody else",
        "test_only_who_was_asked_answers_a_recall",
        "tearline_client.features.recalls.handler:_verify_asked",
        code="TL-REQ-006",
        evidence=_PUT_ASIDE,
    ),
    _recall(
        "grant a recalled packet again",
        "test_a_recalled_packet_is_not_granted_again",
        "tearline_server.processing.handlers.recall_rules:verify_not_recalled",
        code="TL-GRT-011",
        evidence=_REFUSAL,
    ),
    _recall(
        "read a recalled packet's ciphertexts again from the beginning of the mailbox",
        "tests/unit/server/processing/handlers/test_recalls.py"
        "::test_what_was_recalled_is_not_handed_out_to_who_reads_from_the_beginning",
        "tearline_server.processing.handlers.recall_rules:gone_slots",
        "frozenset()",
        evidence="the log's entry of the recall",
    ),
    _recall(
        "bring recalled ciphertexts back from a backup",
        "test_a_backup_of_before_a_recall_does_not_bring_the_ciphertexts_back",
        "tearline_client.store.recalls:RecallStore.sent",
        "()",
        evidence="the log's entry of the recall",
    ),
    _recall(
        "lose a ciphertext or a grant, and say that it was recalled",
        "tests/unit/server/tlog/test_fsck.py::test_what_nobody_recalled_is_missed",
        "tearline_server.tlog.fsck_deletions:Deletions.unexplained",
        "()",
        evidence="what `tearline-server verify-log` names",
    ),
    _recall(
        "find in the exchange's files what was recalled",
        "tests/unit/server/processing/handlers/test_recalls.py"
        "::test_what_is_recalled_leaves_nothing_of_its_ciphertexts_in_any_file",
        "tearline_server.storage.sqlite.connections:Database._purge",
        evidence="the log's entry of the recall",
    ),
    _recall(
        "read what a recipient erased in its database's files",
        "test_what_is_recalled_leaves_nothing_in_the_recipient_s_files",
        "tearline_client.store.database:Database._purge",
        evidence="nothing of it is there",
    ),
)
