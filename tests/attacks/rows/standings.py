"""Around suspension: who goes on all the same, and who lifts what is not theirs to lift."""

from attacks.attack import Attack

_LOGGED = "the refusal, in the log"
_ASIDE = "the delivery, put aside at the node"


def _attack(
    name: str, code: str, evidence: str, function: str, test: str, returns: str = "None"
) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=evidence,
        function=function,
        test=f"tests/attacks/test_standings.py::{test}",
        returns=returns,
    )


STANDINGS = (
    _attack(
        "show an old standing again, which had nothing suspended",
        "TL-AGR-011",
        _ASIDE,
        "tearline.suspensions.transitions:verify_follows",
        "test_an_old_standing_said_again_changes_nothing",
    ),
    _attack(
        "lift a suspension without an officer",
        "TL-AGR-012",
        _LOGGED,
        "tearline.suspensions.transitions:verify_follows",
        "test_a_lift_without_an_officer_lifts_nothing",
    ),
    _attack(
        "have a step of a request signed under a suspension that waits in the mailbox",
        "TL-AGR-010",
        "nothing: the step is not signed",
        "tearline_client.outbox.outbox:Outbox.read_mailbox",
        "test_a_step_reads_a_suspension_that_came_meanwhile[request]",
    ),
    _attack(
        "have a step of a case sent under a suspension that waits in the mailbox",
        "TL-AGR-010",
        "nothing: the step is not sent",
        "tearline_client.outbox.outbox:Outbox.read_mailbox",
        "test_a_step_reads_a_suspension_that_came_meanwhile[case]",
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
        "TL-AGR-010",
        _LOGGED,
        "tearline.suspensions.index:SuspensionIndex.verify_open",
        "test_a_suspended_packet_from_a_patched_node_is_refused",
    ),
    _attack(
        "deliver what was accepted although it was suspended",
        "TL-AGR-014",
        _ASIDE,
        "tearline_client.rules.suspensions:SuspensionRules.verify_arrival",
        "test_an_exchange_that_delivers_it_all_the_same_is_caught",
    ),
    _attack(
        "take no notice of a standing, and deliver on",
        "TL-AGR-010",
        _ASIDE,
        "tearline_client.rules.suspensions:SuspensionRules.verify_arrival",
        "test_an_exchange_that_takes_no_standing_stops_nothing_from_stopping",
    ),
    _attack(
        "hand out what waited when it was suspended",
        "",
        "the entry that says that it was held",
        "tearline_server.processing.handlers.suspensions:stops_of",
        "test_in_the_mailbox_it_is_kept_back",
        "()",
    ),
    _attack(
        "send from the own outbox what its agency has suspended",
        "",
        "nothing: it does not leave the house",
        "tearline_client.rules.suspensions:SuspensionRules.verdict",
        "test_in_the_outbox_it_stays_at_home",
        "Verdict.PASS",
    ),
    _attack(
        "keep a partner's standing back, so that what is joint goes on",
        "TL-AGR-013",
        "nothing: nothing is sealed",
        "tearline.suspensions.freshness:verify_affirmed",
        "test_a_standing_kept_back_stops_what_is_joint",
    ),
    _attack(
        "gather standings while all is well, and show them one by one",
        "TL-AGR-013",
        "nothing: nothing is sealed",
        "tearline.suspensions.freshness:verify_affirmed",
        "test_a_standing_kept_back_and_shown_later_is_not_fresh",
    ),
    _attack(
        "open what its originator has frozen",
        "TL-AGR-015",
        "nothing: it stays closed",
        "tearline_client.store.packets:PacketStore.is_frozen",
        "test_what_is_frozen_is_neither_opened_nor_printed",
        "False",
    ),
)
