"""The attacks: how each ends, what stays as evidence, and which function stops it.

``make mutants`` takes each function away and demands that the test of its row then fails.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One row.

    Attributes:
        name: What the attacker does.
        code: The code of the error at the honest party.
        evidence: What the honest party keeps, and where.
        function: ``module:qualname`` of the function that stops it.
        test: The test that shows it, as pytest names it.
        returns: What the function returns when it is taken away, an expression over its
            parameters: what a caller would take for a clean result.
    """

    name: str
    code: str
    evidence: str
    function: str
    test: str
    returns: str = "None"


ATTACKS = (
    Attack(
        name="flip a bit in either half of a composite signature",
        code="TL-KEY-002",
        evidence="the statement as it came, at whoever verified it",
        function="tearline.keys:SigningPublicKey.verify",
        test="tests/attacks/test_keys.py::test_a_flipped_bit_in_either_half_is_refused",
    ),
    Attack(
        name="bring only one half of a composite signature",
        code="TL-KEY-002",
        evidence="the statement as it came, at whoever verified it",
        function="tearline.keys:SigningPublicKey.verify",
        test="tests/attacks/test_keys.py::test_one_half_of_a_signature_is_not_enough",
    ),
)
