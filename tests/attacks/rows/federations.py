"""Lies about members, counted cosigners and the keys of the log."""

from attacks.attack import Attack

_NOTE = "the checkpoint as it came, at whoever demanded the lines"


def _counted(name: str, test: str, function: str, returns: str) -> Attack:
    return Attack(
        name=name,
        code="TL-LOG-044",
        evidence=_NOTE,
        function=f"tearline.federation.counted:{function}",
        test=f"tests/unit/proto/federation/test_counted.py::{test}",
        returns=returns,
    )


COUNTED = (
    _counted(
        "cosign with several nodes and keys of one agency, to pass for several",
        "test_an_agency_counts_once_however_many_nodes_and_keys_it_has",
        "counted_times_s",
        "{each.key.name: each.time_s for each in signed.signatures if each.time_s}",
    ),
    _counted(
        "fill the counted cosigners up with a member that the constitution does not count",
        "test_a_member_that_the_constitution_does_not_count_adds_nothing",
        "verify_counted",
        "0",
    ),
)
