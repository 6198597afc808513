"""Members that name what is not theirs: what the exchange looks up for them, and what that tells."""

from attacks.attack import Attack

_COUNTED = "a refusal in the log, counted by peer and code"
_ASKED = "tests/unit/server/test_asked.py"


def _asked(name: str, code: str, test: str, function: str, returns: str) -> Attack:
    return Attack(
        name=name,
        code=code,
        evidence=_COUNTED,
        function=function,
        test=f"{_ASKED}::{test}",
        returns=returns,
    )


LOOKUPS = (
    _asked(
        "name packets under a stranger's signature, to have them read",
        "TL-TRU-002",
        "test_nothing_is_read_for_a_signature_that_is_not_believed",
        "tearline_server.judging.authorship:authored",
        "Authored(claim=claim, foreign=None, doubt=None)",
    ),
    _asked(
        "name a packet of others, to have it read",
        "TL-GRT-003",
        "test_a_packet_of_others_is_not_read",
        "tearline_server.storage.sqlite.packets:own_sizes",
        "{owned: 0 for owned in asked}",
    ),
    _asked(
        "name more packets than a batch should read",
        "TL-REQ-002",
        "test_what_is_too_much_for_one_batch_is_refused_for_now_and_taken_later",
        "tearline_server.storage.allowance:_within",
        "({id_ for _, sizes in needed for id_ in sizes}, set())",
    ),
)
