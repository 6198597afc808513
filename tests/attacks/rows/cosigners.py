"""An exchange that shows two histories, found out by those who cosign the log."""

from attacks.attack import Attack

_EVIDENCE = "two checkpoints that contradict each other, kept at every node that was told"


def _fork(
    name: str, code: str, test: str, function: str, returns: str = "None", evidence: str = _EVIDENCE
) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=evidence,
        function=function,
        test=f"tests/attacks/test_forks.py::{test}",
        returns=returns,
    )


_FIND = "tearline_client.investigation:find_equivocation"
_COMPARE = "tearline_client.cosigner:Cosigner._compare"

FORKS = (
    _fork(
        "show each node a history of its own, then one of them both",
        "TL-LOG-030",
        "test_a_node_that_is_shown_the_other_history_convicts_the_log",
        _FIND,
    ),
    _fork(
        "cut the log and let it grow otherwise",
        "TL-LOG-030",
        "test_a_log_that_was_cut_and_grew_otherwise_is_convicted",
        "tearline_client.cosigner:Cosigner.investigate",
    ),
    _fork(
        "hand round what was cosigned of another history",
        "TL-LOG-030",
        "test_what_a_partner_cosigned_of_the_other_history_convicts_the_log",
        _COMPARE,
    ),
    _fork(
        "go on sending over a log that is convicted",
        "TL-LOG-031",
        "test_evidence_stops_every_node_until_an_officer_decides",
        "tearline_client.store.cosigning:CosigningStore.is_stopped",
        "False",
    ),
    _fork(
        "keep evidence to the node that found it",
        "TL-LOG-030",
        "test_evidence_stops_every_node_until_an_officer_decides",
        "tearline_server.cosigning:Cosignatures._accuse",
    ),
    _fork(
        "keep a partner's cosignatures back",
        "TL-LOG-033",
        "test_a_partner_s_missing_cosignature_is_missed",
        "tearline.witness:Awaited.is_overdue",
        "False",
        "the partner and the entry it has not cosigned, at the node that waits",
    ),
    _fork(
        "stop the log for one node, and sign it anew",
        "TL-TRU-008",
        "test_nothing_is_sealed_on_a_log_that_no_other_agency_cosigned_lately",
        "tearline_client.state:NodeState.verify_witnessed",
        evidence="when each agency cosigned last, in the node's database",
    ),
    _fork(
        "show a node less of the log than others cosigned",
        "TL-LOG-003",
        "test_entries_that_others_cosigned_and_we_are_not_shown_are_missed",
        _COMPARE,
        evidence="the checkpoints that others cosigned, at the node that was shown less",
    ),
    _fork(
        "have a fork cosigned after a crash",
        "TL-LOG-003",
        "test_no_fork_is_cosigned_after_a_crash_between_keeping_and_answering",
        "tearline_client.store.cosigning:CosigningStore.put_cosigned",
        evidence="the tree cosigned last, in the node's database",
    ),
    _fork(
        "cosign in another node's name",
        "TL-LOG-034",
        "test_a_cosignature_under_another_node_s_key_is_refused",
        "tearline.trust:TrustState.keys_of",
        "tuple(entry.record for entry in self._keys.values())",
        "nothing: it is refused, and the log was not touched",
    ),
)
