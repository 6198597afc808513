"""The numbered rules that no bad copy breaks, each with the reason or its tests (in `tests`)."""

import re

_REASONS = {
    "S-3, S-5, S-6, S-8, S-10, P-1, F-14": ("they define bytes; other bytes break another rule"),
    "S-17": "its bad copies are those of S-4",
    "S-23, S-24, S-25, S-26": "they need a history: history-v1.json",
    "S-22": "its bad copies are those of X-1, in exhibit-v1.json",
    "P-17": "its bad copies are those of P-3, P-14 and P-4",
    "F-16, L-23, L-25, L-27, L-29": "bad copies in judged-v1.json",
    "F-17, F-18, F-19": "bad copies in light-v1.json",
    "F-24": "bad copies in authority-v1.json",
    "F-25": "about a connection: integration/test_hostile_authority.py",
    "P-20, P-21, P-22, P-23": (
        "they need the history of a channel or several packets: tests of exchange and node"
    ),
    "P-11, P-16": (
        "they need an agreement in force: attacks/test_four_eyes.py, attacks/test_coalitions.py"
    ),
    "P-19": "it takes megabytes: unit/server/processing/handlers/test_packets.py",
    "F-12, F-20, F-21, F-22, F-23": (
        "unit/client/test_departures.py; attacks/test_light_nodes.py, test_log_keys.py, "
        "test_succession.py"
    ),
    "L-14": "unit/proto/federation/test_record_limits.py fills each bound",
    "L-16, L-22": "answers over HTTP: attacks/test_witness_port.py, and a served log",
    "L-17, L-18, L-19, L-21, L-32, L-33, F-15": (
        "about what a party saw before, or its clock: attacks/test_clocks.py, test_twins.py, "
        "test_log_keys.py; unit/server/test_timekeeper.py"
    ),
    "L-24, L-26, L-28": (
        "about what a party compares with an order to erase: attacks/test_erasure.py, "
        "attacks/test_retention.py"
    ),
    "L-30, L-31": "about a lost machine: attacks/test_lost_machines.py",
    "X-2, X-3, X-10": "what the maker of an exhibit does, and how a verifier reports",
}


def excepted(areas: str) -> list[str]:
    """Returns the rules that no bad copy breaks, of some areas: the letters of a class."""
    return [rule for rules in _REASONS for rule in re.findall(rf"\b[{areas}]-\d+", rules)]
