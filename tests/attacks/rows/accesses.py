"""Inside an agency: who reads without a trace, or takes the trace away."""

from attacks.attack import Attack, Rows

_TESTS = "tests/unit/client/cli/test_access_commands.py::test_"
_FINDING = "the entry or the anchor, named by `audit access`"
_NONE = "the act is not done"

_attack = Rows(tests=_TESTS, functions="tearline_client.", code="TL-LOG-039", evidence=_FINDING)

ACCESSES = (
    _attack(
        "read at the own node without a trace",
        "every_command_that_reads_is_an_entry",
        "access_log.access_log:AccessLog.record",
        code="",
        evidence="the entry in the own access log",
    ),
    Attack(
        name="decline, refuse, hold or discard at the own node without a trace",
        code="",
        evidence="the entry access-acted, with the person, the act and what it concerns",
        function="tearline_client.access_log.access_log:AccessLog.act",
        test="tests/attacks/test_acts.py::test_an_act_is_an_entry_that_names_its_person",
    ),
    Attack(
        name="decide at the own node under a pseudonym alone",
        code="",
        evidence="the entry access-acted, with the person by name",
        function="tearline_client.persons.actors:Actors.subject_of",
        test="tests/attacks/test_acts.py::test_an_act_is_an_entry_that_names_its_person",
        returns="''",
    ),
    Attack(
        name="read an own packet without a trace, as one that is to be corrected",
        code="",
        evidence="the entry in the own access log",
        function="tearline_client.features.corrections.service:CorrectionService.corrected",
        test=(
            "tests/unit/client/sdk/test_reads_are_logged.py"
            "::test_what_returns_contents_is_logged[corrections.corrected]"
        ),
        returns="self._context.open_view(packet_id)",
    ),
    _attack(
        "learn contents as an auditor, by which searches are refused",
        "an_auditor_alone_is_shown_no_contents",
        "access_log.access_log:AccessLog.verify_reader",
        code="TL-TLS-006",
        evidence="the entry in the own access log",
    ),
    _attack(
        "fill the disk, and read on",
        "a_full_disk_keeps_the_packet_closed",
        "store.access:AccessStore.append",
        code="TL-STO-002",
        evidence=_NONE,
    ),
    _attack(
        "take the end off the own access log, to have it written over",
        "a_log_without_its_end_is_not_written_over",
        "store.access:AccessStore.head",
        "AccessHead(since_ms=0, tree=Frontier())",
        code="TL-STO-003",
        evidence=_NONE,
    ),
    _attack(
        "drop an entry of the own access log",
        "what_a_hand_did_is_named[dropped]",
        "audit.access_log_verifier:_Examiner._lost",
        "bytes(32)",
    ),
    _attack(
        "edit an entry of the own access log",
        "what_a_hand_did_is_named[edited]",
        "audit.access_log_verifier:_Examiner._leaf",
        "self._store.leaf(index)",
    ),
    _attack(
        "write the own access log anew, with the node's keys",
        "whoever_has_the_keys_rewrites_what_is_not_anchored_alone",
        "audit.access_log_verifier:_verify_anchor",
    ),
    _attack(
        "put the anchors away, with what they hold fast",
        "anchors_that_were_put_away_are_in_the_log_of_the_exchange",
        "audit.access_log_verifier:missing_anchors",
        "()",
    ),
)
