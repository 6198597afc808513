"""Around requests for records: who goes back, asks for more time, or answers what was not asked."""

from attacks.attack import Attack

_LOG = "the step, in the log by its refusal; the same step, put aside at the other side"
_ASIDE = "the step, put aside at the other side's node"


def _attack(
    name: str,
    code: str,
    test: str,
    function: str,
    evidence: str = _LOG,
    returns: str = "None",
    *,
    file: str = "test_requests",
) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=evidence,
        function=function,
        test=f"tests/attacks/{file}.py::{test}",
        returns=returns,
    )


REQUESTS = (
    _attack(
        "take a step that a request is past, from a patched node",
        "TL-RFI-002",
        "test_a_step_that_goes_back_is_refused_by_the_exchange",
        "tearline.requests.progress:Progress._verify_open",
    ),
    _attack(
        "take a step that a request is past, with the exchange's help",
        "TL-RFI-002",
        "test_a_step_that_goes_back_is_refused_by_the_other_side",
        "tearline_client.features.requests.handler:_store",
        _ASIDE,
    ),
    _attack(
        "take a step in a request of two others",
        "TL-RFI-001",
        "test_a_stranger_takes_no_step",
        "tearline_server.processing.handlers.requests:accept_step",
    ),
    _attack(
        "stop the clock by another question that the asker did not agree to",
        "TL-RFI-005",
        "test_a_second_question_without_consent_stops_no_clock",
        "tearline.requests.progress:Progress._verify_may_ask",
    ),
    _attack(
        "answer an item that was never asked",
        "TL-RFI-007",
        "test_an_answer_to_an_item_never_asked_is_not_taken",
        "tearline_client.features.requests.handler:_judge_outcomes",
        _ASIDE,
    ),
    _attack(
        "date an entry falsely, to move the end of a request's time",
        "TL-RFI-011",
        "test_a_false_time_in_the_log_is_disputed",
        "tearline_client.features.requests.handler:_dispute",
        "an alarm at the node, and a step that disputes the entry, in the log",
        "None",
    ),
    _attack(
        "suspend what an answer must pass, and have the exchange call it late",
        "",
        "test_no_answer_is_late_while_it_may_not_pass[scope0-us]",
        "tearline_server.processing.batch:Batch.stopped",
        "nothing: no entry says so",
        "()",
        file="test_standstill",
    ),
    _attack(
        "suspend what an answer must pass, and call it late at its asker",
        "",
        "test_no_answer_is_late_while_it_may_not_pass[scope0-us]",
        "tearline.requests.paused_time:standstill",
        "nothing: it is not late",
        "()",
        file="test_standstill",
    ),
    _attack(
        "stop an answer by making its article joint, and call it late",
        "",
        "test_an_article_made_joint_stops_the_clock_for_what_others_suspended",
        "tearline_client.store.agreements:AgreementStore.history",
        "nothing: it is not late",
        "()",
        file="test_standstill",
    ),
    _attack(
        "accuse a partner of breaking a suspension that reached it later",
        "",
        "test_what_passed_before_its_article_was_joint_broke_nothing",
        "tearline.suspensions.stoppage:reaches_of",
        "nothing: it waits until that is resumed",
        "()",
        file="test_standstill",
    ),
    _attack(
        "suspend what is late already, and have it forgotten",
        "",
        "test_what_was_late_before_stays_late",
        "tearline.requests.clock:RequestClock.due_ms",
        "nothing: it stays late",
        "None if self.stopped else self.start_ms + self.allowed_ms",
        file="test_standstill",
    ),
    _attack(
        "date a standing falsely, to move the end of a request's time",
        "TL-RFI-011",
        "test_a_false_time_of_a_standing_is_disputed",
        "tearline_client.store.requests:RequestStore.rest_on",
        "an alarm at the node, and a step that disputes the entry, in the log",
        file="test_standstill",
    ),
    _attack(
        "keep a standing back until the step behind it came",
        "TL-RFI-002",
        "test_a_standing_told_late_leads_to_the_same_end",
        "tearline_client.features.suspensions.handler:_is_late",
        "nothing: the end is the same",
        "False",
        file="test_standstill",
    ),
    _attack(
        "tell by the form of a refusal whether there is a record",
        "TL-RFI-015",
        "test_neither_confirming_nor_denying_looks_alike",
        "tearline.requests.step:StepNote.__post_init__",
        "nothing: such a refusal is not made",
    ),
    _attack(
        "have a step of a request delivered that is sealed to a key that ended",
        "TL-GRT-005",
        "test_a_step_of_a_request_is_said_again_to_the_next_key",
        "tearline_server.processing.handlers.channels:verify_sealed_to",
        "nothing: it is said again to the next key",
        file="test_returned_steps",
    ),
    _attack(
        "have a step of a request lost with the key it was sealed to",
        "TL-GRT-005",
        "test_a_step_of_a_request_is_said_again_to_the_next_key",
        "tearline_client.features.requests.handler:_reseal_step",
        "nothing: it is said again to the next key",
        "{}",
        file="test_returned_steps",
    ),
    _attack(
        "overturn a refusal without a word, by an answer",
        "TL-RFI-014",
        "test_a_refusal_is_overturned_by_a_supplement_alone",
        "tearline_client.features.requests.views:RequestView.chosen",
        "nothing is signed",
        "tuple(items) or (1, 2)",
    ),
)
