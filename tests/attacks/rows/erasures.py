"""Around erasure: who erases what is not theirs alone, and who only says that it was erased."""

from attacks.attack import Attack

_ORDER = "the order, as it was published, in the log by its refusal"
_FINDING = "every finding about the file"


def _attack(
    name: str, test: str, function: str, evidence: str = _ORDER, returns: str = "None"
) -> Attack:
    return Attack(
        name=name,
        code="TL-LOG-038",
        evidence=evidence,
        function=function,
        test=f"tests/attacks/test_erasure.py::{test}",
        returns=returns,
    )


ERASURES = (
    _attack(
        "erase an entry without the other agency that it names",
        "test_one_party_alone_erases_nothing",
        "tearline.erasure:verify_signed_by_all",
    ),
    _attack(
        "leave out of an order whom the entry names, or put in somebody else",
        "test_the_parties_are_those_whom_the_entry_names",
        "tearline_server.judging.erasures:_verify_erasable",
    ),
    _attack(
        "erase the order, so that the erasure is not known",
        "test_an_order_cannot_be_erased_nor_erase_twice",
        "tearline.erasure:verify_covers",
        "nothing: the node does not sign it",
    ),
    _attack(
        "have a node forget what an order does not cover",
        "test_a_node_erases_only_what_the_order_covers",
        "tearline.erasure:verify_covers",
        "the delivery, put aside at the node",
    ),
    _attack(
        "show an order that not every party signed, or that names another entry",
        "test_a_false_word_that_it_was_erased_fails",
        "tearline_client.audit.erasures:failings",
        _FINDING,
        "()",
    ),
    _attack(
        "delete an opening at the exchange, and say that it was erased",
        "test_an_operator_who_only_says_that_it_was_erased_is_told",
        "tearline_server.erasures:ErasureVerifier.verify",
        "what `tearline-server verify-log` names",
    ),
)
