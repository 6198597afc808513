"""Floods of the log and of the disk by a member, within its rates."""

from attacks.attack import Rows

_COUNTED = "a refusal in the log, counted by node and code"

_flood = Rows(
    tests="tests/unit/server/processing/test_day_budget.py::",
    code="TL-REQ-002",
    evidence=_COUNTED,
)

FLOODS = (
    _flood(
        "sign marks that change their counter alone, without end",
        "test_marks_that_change_their_counter_alone_grow_the_log_at_their_pace",
        "tearline.statements.budget:paced_mark",
        "0",
    ),
    _flood(
        "publish statements that are refused, each with an entry, without end",
        "test_refusals_beyond_a_budget_are_counted_in_one_entry",
        "tearline.statements.budget:BudgetLevel.verify",
    ),
    _flood(
        "publish packets without end, all day at the highest rate",
        "test_a_flood_of_packets_ends_with_the_budget_and_nothing_is_lost",
        "tearline_server.processing.day_budget:charge",
    ),
    _flood(
        "search the log without end, for each search is an entry",
        "test_searches_have_a_budget_and_each_is_an_entry",
        "tearline_server.processing.day_budget:verify_budget",
    ),
    _flood(
        "say the same receipt without end, for receipts are free",
        "test_mail_of_others_uses_up_nothing_of_its_reader",
        "tearline_server.processing.handlers.receipts:_charge_again",
    ),
    _flood(
        "begin anew by a restart of the exchange",
        "test_a_budget_is_the_same_after_a_restart",
        "tearline_server.storage.columns:budgets_of",
        "{}",
    ),
)
