"""Around requests for records: who goes back, asks for more time, or answers what was not asked."""

from attacks.attack import Rows

_LOG = "the step, in the log by its refusal; the same step, put aside at the other side"
_ASIDE = "the step, put aside at the other side's node"

_attack = Rows(tests="tests/attacks/test_requests.py::", evidence=_LOG)

REQUESTS = (
    _attack(
        "take a step that a request is past, from a patched node",
        "test_a_step_that_goes_back_is_refused_by_the_exchange",
        "tearline.requests.progress:Progress._verify_open",
        code="TL-RFI-002",
    ),
    _attack(
        "take a step that a request is past, with the exchange's help",
        "test_a_step_that_goes_back_is_refused_by_the_other_side",
        "tearline_client.features.requests.handler:_store",
        code="TL-RFI-002",
        evidence=_ASIDE,
    ),
    _attack(
        "take a step in a request of two others",
        "test_a_stranger_takes_no_step",
        "tearline_server.processing.handlers.requests:accept_step",
        code="TL-RFI-001",
    ),
    _attack(
        "stop the clock by another question that the asker did not agree to",
        "test_a_second_question_without_consent_stops_no_clock",
        "tearline.requests.progress:Progress._verify_may_ask",
        code="TL-RFI-005",
    ),
    _attack(
        "answer an item that was never asked",
        "test_an_answer_to_an_item_never_asked_is_not_taken",
        "tearline_client.features.requests.handler:_judge_outcomes",
        code="TL-RFI-007",
        evidence=_ASIDE,
    ),
    _attack(
        "date an entry falsely, to move the end of a request's time",
        "test_a_false_time_in_the_log_is_disputed",
        "tearline_client.features.requests.handler:_dispute",
        code="TL-RFI-011",
        evidence="an alarm at the node, and a step that disputes the entry, in the log",
    ),
    _attack(
        "suspend what an answer must pass, and have the exchange call it late",
        "tests/attacks/test_standstill.py::test_no_answer_is_late_while_it_may_not_pass[scope0-us]",
        "tearline_server.processing.batch:Batch.stopped",
        "()",
        evidence="nothing: no entry says so",
    ),
    _attack(
        "suspend what an answer must pass, and call it late at its asker",
        "tests/attacks/test_standstill.py::test_no_answer_is_late_while_it_may_not_pass[scope0-us]",
        "tearline.requests.paused_time:standstill",
        "()",
        evidence="nothing: it is not late",
    ),
    _attack(
        "stop an answer by making its article joint, and call it late",
        "tests/attacks/test_standstill.py"
        "::test_an_article_made_joint_stops_the_clock_for_what_others_suspended",
        "tearline_client.store.agreements:AgreementStore.history",
        "()",
        evidence="nothing: it is not late",
    ),
    _attack(
        "accuse a partner of breaking a suspension that reached it later",
        "tests/attacks/test_standstill.py"
        "::test_what_passed_before_its_article_was_joint_broke_nothing",
        "tearline.suspensions.stoppage:reaches_of",
        "()",
        evidence="nothing: it waits until that is resumed",
    ),
    _attack(
        "suspend what is late already, and have it forgotten",
        "tests/attacks/test_standstill.py::test_what_was_late_before_stays_late",
        "tearline.requests.clock:RequestClock.due_ms",
        "None if self.stopped else self.start_ms + self.allowed_ms",
        evidence="nothing: it stays late",
    ),
    _attack(
        "date a standing falsely, to move the end of a request's time",
        "tests/attacks/test_standstill.py::test_a_false_time_of_a_standing_is_disputed",
        "tearline_client.store.requests:RequestStore.rest_on",
        code="TL-RFI-011",
        evidence="an alarm at the node, and a step that disputes the entry, in the log",
    ),
    _attack(
        "keep a standing back until the step behind it came",
        "tests/attacks/test_standstill.py::test_a_standing_told_late_leads_to_the_same_end",
        "tearline_client.features.suspensions.handler:_is_late",
        "False",
        code="TL-RFI-002",
        evidence="nothing: the end is the same",
    ),
    _attack(
        "tell by the form of a refusal whether there is a record",
        "test_neither_confirming_nor_denying_looks_alike",
        "tearline.requests.step:StepNote.__post_init__",
        code="TL-RFI-015",
        evidence="nothing: such a refusal is not made",
    ),
    _attack(
        "have a step of a request delivered that is sealed to a key that ended",
        "tests/attacks/test_returned_steps.py"
        "::test_a_step_of_a_request_is_said_again_to_the_next_key",
        "tearline_server.processing.handlers.channels:verify_sealed_to",
        code="TL-GRT-005",
        evidence="nothing: it is said again to the next key",
    ),
    _attack(
        "have a step of a request lost with the key it was sealed to",
        "tests/attacks/test_returned_steps.py"
        "::test_a_step_of_a_request_is_said_again_to_the_next_key",
        "tearline_client.features.requests.handler:_reseal_step",
        "{}",
        code="TL-GRT-005",
        evidence="nothing: it is said again to the next key",
    ),
    _attack(
        "overturn a refusal without a word, by an answer",
        "test_a_refusal_is_overturned_by_a_supplement_alone",
        "tearline_client.features.requests.views:RequestView.chosen",
        "tuple(items) or (1, 2)",
        code="TL-RFI-014",
        evidence="nothing is signed",
    ),
)
