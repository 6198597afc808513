"""Corrections: whose they are, of what, and who learns of them."""

from attacks.attack import Rows

_REFUSAL = "a refusal in the log, and a signed receipt of it"

_attack = Rows(names="correction: ")

_PUT_ASIDE = "the delivery as it came, put aside at the recipient"
_NODE = "tests/attacks/test_corrections.py"
_JUDGING = "tests/unit/server/processing/handlers/test_corrections.py"
_EXCHANGE = "tearline_server.processing.handlers.corrections"

CORRECTIONS = (
    _attack(
        "name what somebody else originated, or what does not exist",
        f"{_JUDGING}::test_somebody_elses_packet_is_refused_as_one_that_does_not_exist",
        f"{_EXCHANGE}:verify_correction",
        code="TL-PKT-034",
        evidence=_REFUSAL,
    ),
    _attack(
        "take the place of a packet twice",
        f"{_JUDGING}::test_what_was_corrected_is_not_corrected_again",
        f"{_EXCHANGE}:verify_correction",
        code="TL-PKT-035",
        evidence=_REFUSAL,
    ),
    _attack(
        "grant it to who had nothing of what it corrects",
        f"{_JUDGING}::test_it_goes_to_nobody_else",
        f"{_EXCHANGE}:verify_had",
        code="TL-PKT-034",
        evidence=_REFUSAL,
    ),
    _attack(
        "of a partner's packet, from one's own node",
        f"{_NODE}::test_a_node_corrects_only_what_is_its_own",
        "tearline_client.rules.corrections:verify_correction",
        code="TL-PKT-034",
        evidence="nothing leaves the house",
    ),
    _attack(
        "of a packet that was recalled",
        f"{_NODE}::test_what_was_recalled_is_not_corrected",
        "tearline_client.rules.corrections:verify_correction",
        code="TL-GRT-011",
        evidence="nothing leaves the house",
    ),
    _attack(
        "of somebody else's packet, with the exchange's help",
        f"{_NODE}::test_an_exchange_brings_a_correction_by_somebody_else",
        "tearline_client.rules.corrections:verify_superseding",
        code="TL-PKT-034",
        evidence=_PUT_ASIDE,
    ),
    _attack(
        "of what the recipient was never given, with the exchange's help",
        f"{_NODE}::test_an_exchange_brings_a_correction_of_what_was_not_given",
        "tearline_client.rules.corrections:verify_superseding",
        code="TL-PKT-036",
        evidence=_PUT_ASIDE,
    ),
)
