"""One row of the table of attacks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One row.

    Attributes:
        name: What the attacker does.
        code: The code of the error at the honest party; empty where there is nothing to refuse:
            what came must then change nothing, show nothing, or be made harmless.
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
