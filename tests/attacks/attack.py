"""One row of the table of attacks, and rows that share parts."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Makes rows that share parts.

    Attributes:
        names: What the name of each begins with.
        tests: What the test of each begins with, unless it begins with ``tests/`` itself.
        functions: What the function of each begins with.
        code: The code of each that names no other.
        evidence: The evidence of each that names no other.
        returns: What the function of each returns, unless it names something else.
    """

    names: str = ""
    tests: str = "tests/"
    functions: str = ""
    code: str = ""
    evidence: str = ""
    returns: str = "None"

    def __call__(
        self,
        name: str,
        test: str,
        function: str,
        returns: str = "",
        *,
        code: str | None = None,
        evidence: str = "",
    ) -> Attack:
        """Returns a row with the parts that are its own."""
        return Attack(
            name=self.names + name,
            code=self.code if code is None else code,
            evidence=evidence or self.evidence,
            function=self.functions + function,
            test=test if test.startswith("tests/") else self.tests + test,
            returns=returns or self.returns,
        )
