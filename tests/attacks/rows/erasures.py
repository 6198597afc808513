"""Around erasure: who erases what is not theirs alone, and who only says that it was erased."""

from dataclasses import replace

from attacks.attack import Attack, Rows

_ORDER = "the order, as it was published, in the log by its refusal"
_FINDING = "every finding about the file"


_KEPT = "the order as it was delivered, put aside at the node, which keeps the opening"

_attack = Rows(tests="tests/attacks/test_erasure.py::", code="TL-LOG-038", evidence=_ORDER)

_early = Rows(tests="tests/attacks/test_retention.py::", code="TL-LOG-041", evidence=_KEPT)

ERASURES = (
    _attack(
        "erase an entry without the other agency that it names",
        "test_one_party_alone_erases_nothing",
        "tearline.audit.erasure:verify_signers",
    ),
    _attack(
        "leave out of an order whom the entry names, or put in somebody else",
        "test_the_parties_are_those_whom_the_entry_names",
        "tearline_server.processing.handlers.erasures:_verify_erasable",
    ),
    _attack(
        "erase the order, so that the erasure is not known",
        "test_an_order_cannot_be_erased_nor_erase_twice",
        "tearline.audit.erasure:verify_covers",
        evidence="nothing: the node does not sign it",
    ),
    _attack(
        "have a node forget what an order does not cover",
        "test_a_node_erases_only_what_the_order_covers",
        "tearline.audit.erasure:verify_covers",
        evidence="the delivery, put aside at the node",
    ),
    _attack(
        "show an order that not every party signed, or that names another entry",
        "test_a_false_word_that_it_was_erased_fails",
        "tearline_client.audit.erasure_verifier:failings",
        "()",
        evidence=_FINDING,
    ),
    _attack(
        "delete an opening at the exchange, and say that it was erased",
        "test_an_operator_who_only_says_that_it_was_erased_is_told",
        "tearline_server.tlog.fsck_erasures:ErasureVerifier.verify",
        evidence="what `tearline-server verify-log` names",
    ),
)

RETENTIONS = (
    _early(
        "erase by retention before the agreement's time is over",
        "test_too_early_is_told_by_the_order_itself",
        "tearline.audit.retention:verify_rule",
    ),
    _early(
        "erase by retention, and say that the entry is older than it is",
        "test_too_early_is_told_by_what_the_entry_says",
        "tearline.audit.erasure:verify_covers",
    ),
    _early(
        "erase by one agreement's retention what stands under another",
        "test_what_stands_under_another_agreement_stays",
        "tearline.audit.erasure:verify_covers",
    ),
    _early(
        "erase by retention that an agreement is in force",
        "test_what_stays_for_ever_stays",
        "tearline.audit.erasure:verify_covers",
    ),
    _early(
        "erase by a version of the agreement that another replaced",
        "test_a_rule_that_was_replaced_erases_nothing",
        "tearline.audit.retention:verify_rule",
    ),
    replace(
        _early(
            "have the log's time run ahead, so that everything is over",
            "test_a_log_that_runs_ahead_brings_no_end_near",
            "tearline.audit.retention:verify_time",
        ),
        code="TL-LOG-042",
    ),
    _early(
        "order an erasure by retention without being the exchange",
        "test_nobody_but_the_exchange_erases_by_retention",
        "tearline.audit.erasure:verify_signers",
    ),
    _early(
        "show an order by retention that is too early, of another entry, or without its agreement",
        "test_a_false_word_that_it_was_over_fails",
        "tearline_client.audit.erasure_verifier:failings",
        "()",
        evidence=_FINDING,
    ),
    _early(
        "log an order by retention that comes too early, and show it as proof",
        "test_an_order_that_contradicts_itself_fails_though_the_log_holds_it",
        "tearline.audit.retention:verify_rule",
        evidence=_FINDING,
    ),
    Attack(
        name="erase too early, and say in the order that the entry was older",
        code="TL-LOG-043",
        evidence=_FINDING,
        function="tearline_client.audit.verifier:AuditVerifier.compared",
        test="tests/attacks/test_retention.py"
        "::test_an_order_that_makes_an_entry_older_than_one_before_it_is_not_verified",
        returns="judgement",
    ),
    _early(
        "erase too early at the exchange, by an order that is in its log",
        "test_an_exchange_that_erased_too_early_is_told_by_its_own_log",
        "tearline_server.tlog.fsck_erasures:ErasureVerifier.verify",
        evidence="what `tearline-server verify-log` names",
    ),
    Attack(
        name="never erase what the agreement has the log keep no longer",
        code="",
        evidence="what the node can still open, in `tearline node status`",
        function="tearline_client.audit.retention:kept_too_long",
        test="tests/attacks/test_retention.py::test_an_exchange_that_erases_nothing_is_told",
        returns="()",
    ),
)
