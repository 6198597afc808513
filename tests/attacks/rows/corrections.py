"""Corrections: whose they are, of what, and who learns of them."""

from attacks.attack import Attack

_REFUSAL = "a refusal in the log, and a signed receipt of it"


def _attack(
    name: str, code: str, evidence: str, test: str, function: str, returns: str = "None"
) -> Attack:
    return Attack(
        name=f"correction: {name}",
        code=code,
        evidence=evidence,
        function=function,
        test=test,
        returns=returns,
    )


_JUDGING = "tests/unit/server/test_judging_corrections.py"
_EXCHANGE = "tearline_server.judging.corrections"

CORRECTIONS = (
    _attack(
        "name what somebody else originated, or what does not exist",
        "TL-PKT-034",
        _REFUSAL,
        f"{_JUDGING}::test_somebody_elses_packet_is_refused_as_one_that_does_not_exist",
        f"{_EXCHANGE}:verify_correction",
    ),
    _attack(
        "take the place of a packet twice",
        "TL-PKT-035",
        _REFUSAL,
        f"{_JUDGING}::test_what_was_corrected_is_not_corrected_again",
        f"{_EXCHANGE}:verify_correction",
    ),
    _attack(
        "grant it to who had nothing of what it corrects",
        "TL-PKT-034",
        _REFUSAL,
        f"{_JUDGING}::test_it_goes_to_nobody_else",
        f"{_EXCHANGE}:verify_had",
    ),
)
