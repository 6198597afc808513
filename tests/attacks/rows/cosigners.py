"""An exchange that shows two histories, found out by those who cosign the log."""

from attacks.attack import Rows

_EVIDENCE = "two checkpoints that contradict each other, kept at every node that was told"

_fork = Rows(tests="tests/attacks/test_forks.py::", evidence=_EVIDENCE)

_offered = Rows(tests="tests/attacks/test_witness_port.py::", evidence=_EVIDENCE)

_FIND = "tearline_client.log.equivocation:find_equivocation"
_COMPARE = "tearline_client.cosigning.cosigner:Cosigner._compare"

FORKS = (
    _fork(
        "show each node a history of its own, then one of them both",
        "test_a_node_that_is_shown_the_other_history_convicts_the_log",
        _FIND,
        code="TL-LOG-030",
    ),
    _fork(
        "cut the log and let it grow otherwise",
        "test_a_log_that_was_cut_and_grew_otherwise_is_convicted",
        "tearline_client.cosigning.cosigner:Cosigner.investigate",
        code="TL-LOG-030",
    ),
    _fork(
        "hand round what was cosigned of another history",
        "test_what_a_partner_cosigned_of_the_other_history_convicts_the_log",
        _COMPARE,
        code="TL-LOG-030",
    ),
    _fork(
        "go on sending over a log that is convicted",
        "test_evidence_stops_every_node_until_an_officer_decides",
        "tearline_client.store.cosigning:CosigningStore.is_stopped",
        "False",
        code="TL-LOG-031",
    ),
    _fork(
        "keep evidence to the node that found it",
        "test_evidence_stops_every_node_until_an_officer_decides",
        "tearline_server.tlog.cosignatures:Cosignatures._accuse",
        code="TL-LOG-030",
    ),
    _fork(
        "keep a partner's cosignatures back",
        "test_a_partner_s_missing_cosignature_is_missed",
        "tearline.federation.cosigning:AwaitedCosignature.is_overdue",
        "False",
        code="TL-LOG-033",
        evidence="the partner and the entry it has not cosigned, at the node that waits",
    ),
    _fork(
        "stop the log for one node, and sign it anew",
        "test_nothing_is_sealed_on_a_log_that_no_other_agency_cosigned_lately",
        "tearline_client.context:NodeContext.verify_witnessed",
        code="TL-TRU-008",
        evidence="when each agency cosigned last, in the node's database",
    ),
    _fork(
        "show a node less of the log than others cosigned",
        "test_entries_that_others_cosigned_and_we_are_not_shown_are_missed",
        _COMPARE,
        code="TL-LOG-003",
        evidence="the checkpoints that others cosigned, at the node that was shown less",
    ),
    _fork(
        "have a fork cosigned after a crash",
        "test_no_fork_is_cosigned_after_a_crash_between_keeping_and_answering",
        "tearline_client.store.cosigning:CosigningStore.put_cosigned",
        code="TL-LOG-003",
        evidence="the tree cosigned last, in the node's database",
    ),
    _fork(
        "cosign in another node's name",
        "test_a_cosignature_under_another_node_s_key_is_refused",
        "tearline.verification.trust:TrustState.keys_of",
        "tuple(entry.record for of in self._keys.of_node.values() for entry in of)",
        code="TL-LOG-034",
        evidence="nothing: it is refused, and the log was not touched",
    ),
)

_LAST = "the tree cosigned last, in the node's database"
_SIGNED = (
    "self._signed(self._counting_signer(),"
    " parse_checkpoint_text(parse_note(offered.note).text), self._context.now_ms())"
)

WITNESSES = (
    _offered(
        "offer a fork to a node's witness port, with its own honest proof",
        "test_a_fork_with_its_own_honest_proof_is_not_cosigned",
        "tearline.tlog.merkle:verify_consistency",
        code="TL-LOG-003",
        evidence=_LAST,
    ),
    _offered(
        "offer two trees at once, so that the smaller is cosigned last",
        "test_of_two_that_offer_at_once_the_later_is_told_so",
        "tearline_client.cosigning.cosigner:Cosigner.add_checkpoint",
        _SIGNED,
        code="TL-LOG-032",
        evidence=_LAST,
    ),
    _offered(
        "have a fork cosigned at the witness port after a crash",
        "test_no_fork_is_cosigned_after_a_crash_between_keeping_and_answering",
        "tearline_client.store.cosigning:CosigningStore.put_cosigned",
        code="TL-LOG-032",
        evidence=_LAST,
    ),
    _offered(
        "sign two trees of one size, and offer the other to a node",
        "test_another_tree_of_the_same_size_is_evidence",
        "tearline_client.cosigning.cosigner:Cosigner._contradiction",
        code="TL-LOG-030",
    ),
    _offered(
        "have one history cosigned at the witness port, and show the other",
        "test_what_was_cosigned_for_a_stranger_binds_the_node_that_reads_on",
        "tearline_client.cosigning.cosigner:Cosigner.investigate",
        code="TL-LOG-030",
    ),
    _offered(
        "keep back from a node what it cosigned at the witness port",
        "test_what_was_cosigned_and_is_kept_back_is_missed",
        "tearline_client.cosigning.cosigner:Cosigner.seen",
        "CosignedTree()",
        code="TL-LOG-003",
        evidence=_LAST,
    ),
    _offered(
        "stuff a checkpoint with lines, so that a node's own no longer fits",
        "test_lines_of_strangers_are_neither_kept_nor_handed_on",
        "tearline.tlog.note:Note.only_by",
        "self",
        evidence="nothing: they are left out",
    ),
    _offered(
        "answer the exchange with a witness's line over another tree",
        "tests/unit/server/tlog/test_witnesses.py::test_a_line_over_another_tree_does_not_pass",
        "tearline.tlog.checkpoint:VerifierKey.verify",
        "VerifiedSignature(key=self, time_s=None)",
        code="TL-LOG-008",
        evidence="a line in the exchange's log, which names the witness",
    ),
)
