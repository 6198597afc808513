"""Clocks that are wrong, or set so on purpose: nothing is lost by one."""

from attacks.attack import Rows

_ALARM = "an alarm at the node, with what the exchange showed"

_clock = Rows(names="clock: ", tests="tests/attacks/test_clocks.py::")

CLOCKS = (
    _clock(
        "sign checkpoints of the future, to have partners erase what they hold",
        "test_a_log_that_runs_ahead_erases_nothing",
        "tearline_client.log.follower:verify_not_ahead",
        code="TL-TRU-007",
        evidence=_ALARM,
    ),
    _clock(
        "sign checkpoints of the future, to take partners the time to keep what is recalled",
        "test_a_log_that_runs_ahead_takes_nobody_the_time_to_keep_what_is_recalled",
        "tearline_client.log.follower:verify_not_ahead",
        code="TL-TRU-007",
        evidence=_ALARM,
    ),
    _clock(
        "end a membership, to have what the former member holds erased while its clock is wrong",
        "tests/unit/client/test_membership_end.py"
        "::test_a_former_member_whose_clock_leaps_erases_nothing_early",
        "tearline_client.log.counted_time:count_time",
        "AgreedTime(log_ms=now_ms, own_ms=now_ms)",
        evidence="nothing: what ends later stays",
    ),
    _clock(
        "have a checkpoint of the future cosigned",
        "test_no_checkpoint_of_the_future_is_cosigned",
        "tearline_client.log.follower:verify_not_ahead",
        code="TL-TRU-007",
        evidence="none: it is not signed",
    ),
    _clock(
        "set a node's clock back once it has read the log, to have it erase",
        "test_a_checkpoint_of_the_future_that_was_read_earlier_erases_nothing",
        "tearline.tlog.agreed_time:AgreedTime.__post_init__",
        code="TL-TRU-007",
        evidence=_ALARM,
    ),
    _clock(
        "set a node's clock ahead, to have it delete the documents of a draft",
        "tests/unit/client/console/test_attachments.py"
        "::test_documents_outlive_one_round_by_a_clock_that_leaps",
        "tearline_client.context:NodeContext.right_ms",
        "self.now_ms()",
        evidence="none: they are judged by the log's time",
    ),
    _clock(
        "set a node's clock, to have it dispute what the log says rightly",
        "test_what_a_wrong_clock_saw_disputes_no_entry",
        "tearline_client.log.follower:LogFollower._is_fresh",
        "True",
        evidence="none: nothing is disputed",
    ),
    _clock(
        "set the exchange's clock, to have it delete mail and erase the log",
        "tests/unit/server/test_doubted_clock.py"
        "::test_a_clock_that_jumps_deletes_nothing_and_writes_nothing",
        "tearline_server.timekeeper:Timekeeper.verify",
        code="TL-REQ-010",
        evidence="the exchange's own log lines and metrics",
    ),
    _clock(
        "start the exchange by a wrong clock",
        "tests/unit/server/test_timekeeper.py"
        "::test_a_clock_is_compared_with_what_the_log_says_last",
        "tearline_server.timekeeper:Timekeeper.begin",
        "self.accept()",
        code="TL-REQ-010",
        evidence="the exchange's own log lines and metrics",
    ),
    _clock(
        "start the exchange by a wrong clock, where no agency cosigns",
        "tests/unit/server/test_timekeeper.py"
        "::test_messages_wait_for_the_operator_where_no_agency_can_be_asked",
        "tearline_server.timekeeper:Timekeeper.begin",
        "self.accept()",
        code="TL-REQ-010",
        evidence="the exchange's own log lines and metrics",
    ),
    _clock(
        "have the exchange's clock leap between its comparison and its use",
        "tests/unit/server/test_timekeeper.py::test_one_reading_of_a_clock_that_leaps_is_no_time",
        "tearline_server.timekeeper:Timekeeper.time_ms",
        "self._clock()",
        code="TL-REQ-010",
        evidence="nothing: that reading counts for nothing",
    ),
    _clock(
        "cosign at a false time, to make a wrong clock of the exchange right",
        "tests/unit/server/test_timekeeper.py::test_one_that_lies_is_outvoted_whoever_speaks_first",
        "tearline_server.timekeeper:Timekeeper.hear",
        "self.accept()",
        code="TL-REQ-010",
        evidence="the cosignature",
    ),
    _clock(
        "be the only member that a wrong clock of the exchange lets in, and cosign by it",
        "tests/unit/server/test_doubted_clock.py"
        "::test_a_member_that_cosigns_alone_has_a_wrong_clock_delete_nothing",
        "tearline_server.timekeeper:Timekeeper.hear",
        "self.accept()",
        code="TL-REQ-010",
        evidence="the cosignature",
    ),
)
