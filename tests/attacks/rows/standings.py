"""Around suspension: who goes on all the same, and who lifts what is not theirs to lift."""

from attacks.attack import Attack, Rows

_LOGGED = "the refusal, in the log"
_ASIDE = "the delivery, put aside at the node"

_attack = Rows(tests="tests/attacks/test_standings.py::")

STANDINGS = (
    _attack(
        "show an old standing again, which had nothing suspended",
        "test_an_old_standing_said_again_changes_nothing",
        "tearline.suspensions.transitions:verify_follows",
        code="TL-AGR-011",
        evidence=_ASIDE,
    ),
    _attack(
        "lift a suspension without an officer",
        "test_a_lift_without_an_officer_lifts_nothing",
        "tearline.suspensions.transitions:verify_follows",
        code="TL-AGR-012",
        evidence=_LOGGED,
    ),
    _attack(
        "have a step of a request signed under a suspension that waits in the mailbox",
        "test_a_step_reads_a_suspension_that_came_meanwhile[request]",
        "tearline_client.outbox.outbox:Outbox.read_mailbox",
        code="TL-AGR-010",
        evidence="nothing: the step is not signed",
    ),
    _attack(
        "have a step of a case sent under a suspension that waits in the mailbox",
        "test_a_step_reads_a_suspension_that_came_meanwhile[case]",
        "tearline_client.outbox.outbox:Outbox.read_mailbox",
        code="TL-AGR-010",
        evidence="nothing: the step is not sent",
    ),
    Attack(
        name="suspend and resume without end, so that every step of a request reads all of it",
        code="TL-REQ-002",
        evidence="nothing: it is not taken, and sent again later",
        function="tearline.suspensions.pace:paced",
        test="tests/unit/server/processing/handlers/test_suspensions.py"
        "::test_an_agency_says_so_often_where_it_stands_and_then_more_slowly",
        returns="0",
    ),
    Attack(
        name="suspend articles that no agreement has, one after the other",
        code="TL-AGR-001",
        evidence=_LOGGED,
        function="tearline.suspensions.transitions:verify_scopes",
        test="tests/unit/server/processing/handlers/test_suspensions.py"
        "::test_what_is_not_there_is_not_suspended[article]",
    ),
    _attack(
        "send under a suspended agreement from a patched node",
        "test_a_suspended_packet_from_a_patched_node_is_refused",
        "tearline.suspensions.index:SuspensionIndex.verify_open",
        code="TL-AGR-010",
        evidence=_LOGGED,
    ),
    _attack(
        "deliver what was accepted although it was suspended",
        "test_an_exchange_that_delivers_it_all_the_same_is_caught",
        "tearline_client.rules.suspensions:SuspensionRules.verify_arrival",
        code="TL-AGR-014",
        evidence=_ASIDE,
    ),
    _attack(
        "take no notice of a standing, and deliver on",
        "test_an_exchange_that_takes_no_standing_stops_nothing_from_stopping",
        "tearline_client.rules.suspensions:SuspensionRules.verify_arrival",
        code="TL-AGR-010",
        evidence=_ASIDE,
    ),
    _attack(
        "hand out what waited when it was suspended",
        "test_in_the_mailbox_it_is_kept_back",
        "tearline_server.processing.handlers.suspensions:stops_of",
        "()",
        evidence="the entry that says that it was held",
    ),
    _attack(
        "send from the own outbox what its agency has suspended",
        "test_in_the_outbox_it_stays_at_home",
        "tearline_client.rules.suspensions:SuspensionRules.verdict",
        "Verdict.PASS",
        evidence="nothing: it does not leave the house",
    ),
    _attack(
        "keep a partner's standing back, so that what is joint goes on",
        "test_a_standing_kept_back_stops_what_is_joint",
        "tearline.suspensions.freshness:verify_affirmed",
        code="TL-AGR-013",
        evidence="nothing: nothing is sealed",
    ),
    _attack(
        "gather standings while all is well, and show them one by one",
        "test_a_standing_kept_back_and_shown_later_is_not_fresh",
        "tearline.suspensions.freshness:verify_affirmed",
        code="TL-AGR-013",
        evidence="nothing: nothing is sealed",
    ),
    _attack(
        "open what its originator has frozen",
        "test_what_is_frozen_is_neither_opened_nor_printed",
        "tearline_client.store.packets:PacketStore.is_frozen",
        "False",
        code="TL-AGR-015",
        evidence="nothing: it stays closed",
    ),
)
