"""Machines that were lost: an exchange or a node that knows less than it signed."""

from attacks.attack import Attack, Rows

_TESTS = "tests/attacks/test_lost_machines.py"

_loss = Rows(tests=f"{_TESTS}::")

_twin = Rows(
    tests="tests/attacks/test_twins.py::",
    code="TL-MBX-007",
    evidence="the copy that noticed: what showed it, and the alarm",
)

LOSSES = (
    _loss(
        "grant again, at a restored node, what it recalled after its backup",
        "test_a_restored_node_learns_what_it_recalled_from_what_is_answered",
        "tearline_client.features.recalls.handler:_is_forgotten",
        "False",
        code="TL-GRT-011",
        evidence="the partner's answer to the recall, listed with what was recalled",
    ),
    _loss(
        "read at a restored node what was recalled since its backup",
        "test_a_restored_node_shows_nothing_that_was_recalled_since",
        "tearline_client.features.packets.reader:verify_read_on",
        code="TL-STO-013",
        evidence="nothing is shown before the mailbox was read",
    ),
    _loss(
        "use a code of a person, or a sign-in, that came back with a node's backup",
        "test_a_restored_node_knows_no_code_and_no_sign_in_of_its_backup",
        "tearline_client.persons.issuer:LocalIssuer.end_all",
        code="TL-TLS-013",
        evidence="nobody is signed in at a restored node",
    ),
    Attack(
        name="use a code of a person, or a sign-in, at a copy of a node that takes over",
        code="TL-TLS-013",
        evidence="nobody is signed in at that copy",
        function="tearline_client.persons.issuer:LocalIssuer.end_all",
        test="tests/attacks/test_twins.py"
        "::test_a_copy_that_takes_over_knows_no_code_and_no_sign_in",
    ),
    Attack(
        name="approve a release that came back with a node's backup",
        code="TL-POL-028",
        evidence="the own access log: an entry that it expired",
        function="tearline_client.store.recovery:RecoveryStore.put_restored",
        test="tests/attacks/test_four_eyes.py::test_a_release_of_a_backup_is_approved_no_more",
    ),
    Attack(
        name="have a node take the exchange for a liar, by a mirror that breaks off",
        code="",
        evidence="none: nothing of the mirror stays",
        function="tearline_client.log.follower:LogFollower.discard",
        test="tests/attacks/test_log_lies.py::test_a_mirror_that_breaks_off_leaves_nothing_of_it",
    ),
    _loss(
        "put other policies into a node's backup, or none",
        "test_a_backup_without_our_own_policies_is_not_restored",
        "tearline_runtime.archive:Unpacked.verify",
        code="TL-STO-006",
        evidence="the file, which is not restored",
    ),
    Attack(
        name="put other settings into an exchange's backup",
        code="TL-STO-006",
        evidence="the file, which is not restored",
        function="tearline_runtime.archive:Unpacked.verify",
        test="tests/unit/server/admin/test_backup.py::test_a_backup_that_was_changed_is_not_restored",
    ),
    Attack(
        name="make a backup of a thousand bytes write gigabytes",
        code="TL-STO-006",
        evidence="the file, which is not restored",
        function="tearline_runtime.archive:_parse_header",
        test="tests/unit/runtime/test_archive.py::test_a_sparse_file_is_refused_before_anything_is_written",
        returns="('one', 0)",
    ),
    _twin(
        "send beside another copy of one's own node",
        "test_the_copy_whose_place_was_filled_stops_before_it_signs_more",
        "tearline_client.outbox.outcomes:OutcomeRecorder._filled_elsewhere",
        "''",
    ),
    _twin(
        "go on at a node that knows of another copy",
        "test_the_copy_whose_place_was_filled_stops_before_it_signs_more",
        "tearline_client.context:NodeContext.verify_alone",
    ),
    _twin(
        "number marks beside another copy",
        "test_a_mark_that_was_numbered_by_another_copy_stops_both_ends",
        "tearline_client.outbox.outcomes:OutcomeRecorder._filled_elsewhere",
        "''",
    ),
    _twin(
        "start a backup beside its original",
        "test_a_backup_that_works_beside_its_original_is_noticed_by_both",
        "tearline_client.key_management.foreign_keys:watch_own_name",
    ),
    _twin(
        "cosign beside another copy",
        "test_both_copies_notice_what_their_own_key_cosigned",
        "tearline_client.cosigning.cosigner:Cosigner._verify_own",
    ),
    _twin(
        "take the loss of the exchange for what another copy sent",
        "test_an_exchange_that_has_more_of_us_than_we_sent_tells_of_a_copy",
        "tearline_client.recovery.reconcile:Reconciler._ahead",
        "''",
    ),
    Attack(
        name="have a node that was restored by the book take its past for another copy",
        code="",
        evidence="none: places of an earlier life are excused",
        function="tearline_client.store.channels:ChannelStore.excuse",
        test="tests/attacks/test_twins.py::test_a_restore_by_the_book_is_no_copy",
    ),
    _loss(
        "roll the exchange back to a backup",
        "test_an_exchange_that_signed_more_than_it_has_signs_nothing_more",
        "tearline_server.tlog.cosignatures:Cosignatures._verify_not_behind",
        code="TL-REQ-008",
        evidence="exchange: the checkpoint that it signed; it does not start again",
    ),
    _loss(
        "write behind a restored log before it is known whether it was longer",
        "test_nothing_is_written_before_every_cosigner_said_what_it_signed",
        "tearline_server.recovery.resume:ResumeBarrier.verify_begun",
        code="TL-REQ-002",
        evidence="exchange: the nodes that it waits for, in its log",
    ),
    _loss(
        "restore with two mirrors of two histories",
        "test_a_mirror_of_another_history_is_refused",
        "tearline_server.admin.backup:_verify_mirrors",
        code="TL-STO-007",
        evidence="both mirrors, each under the log's signatures",
    ),
    _loss(
        "restore with the mirror of another history",
        "test_a_mirror_that_does_not_begin_with_the_backup_is_refused",
        "tearline_server.admin.backup:_verify_mirrors",
        code="TL-STO-007",
        evidence="the mirror and the backup, each under the log's signatures",
    ),
    Attack(
        name="fill an operator's disk by a mirror with a checkpoint that the log did not sign",
        code="TL-STO-007",
        evidence="none: no entry of it is read",
        function="tearline_server.admin.backup:_verified",
        test="tests/unit/server/admin/test_backup.py"
        "::test_a_mirror_fills_no_disk_by_entries_that_the_log_did_not_sign",
        returns="SignedCheckpoint("
        'checkpoint=Checkpoint(origin="x", size=2048, root=bytes(32)), note=note, signatures=())',
    ),
    Attack(
        name="restore a database that knows of more than all mirrors hold",
        code="TL-STO-007",
        evidence="exchange: the newest checkpoint that it was told of",
        function="tearline_server.admin.backup:_verify_covered",
        test="tests/unit/server/recovery/test_set_back.py::test_one_that_was_told_and_stopped_goes_on",
    ),
    Attack(
        name="restore a database under an exchange that serves from it",
        code="TL-STO-001",
        evidence="none: nothing is restored",
        function="tearline_server.storage.postgres.migrate:is_alone",
        test="tests/unit/server/recovery/test_set_back.py"
        "::test_while_an_exchange_is_connected_nothing_is_restored",
        returns="True",
    ),
    _loss(
        "show a restored node another history",
        "test_a_restored_node_does_not_cosign_another_history",
        "tearline_client.key_management.records:verify_may_cosign",
        code="TL-LOG-036",
        evidence="node: nothing; it cosigns nothing",
    ),
    _loss(
        "cosign with a key from a backup",
        "test_a_backup_has_no_cosigning_key",
        "tearline_client.service.backup:_is_left_out",
        "False",
        evidence="none: no backup has one",
    ),
)
