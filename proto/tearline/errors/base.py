"""Base class of all errors, and the exit statuses of both command lines."""

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import ClassVar

# Exit statuses of both command lines.
EXIT_OK = 0
EXIT_LOCAL = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
EXIT_REFUSED = 4
EXIT_INTEGRITY = 5
EXIT_NOT_FOUND = 6
EXIT_PENDING = 7


class ErrorClass(StrEnum):
    """Classes of errors, by the action that they require (docs/spec/README.md)."""

    MALFORMED = "malformed"
    NOT_AUTHENTIC = "not authentic"
    REFUSED = "refused"
    LATER = "later"
    EVIDENCE = "evidence"
    LOCAL = "local"


class TearlineError(Exception):
    """Base class of every refusal and failure of Tearline.

    Attributes:
        code: Stable identifier, for example ``TL-PKT-003``.
        what: The fault, one sentence.
        next: The next step, one sentence.
        error_class: The class, which every implementation shares; the code is this one's.
        exit_status: The exit status of a command that ends with this error.
        why: The cause as the raiser knows it; ids and sizes, never contents.
    """

    code: ClassVar[str] = ""
    what: ClassVar[str] = ""
    next: ClassVar[str] = ""
    error_class: ClassVar[ErrorClass] = ErrorClass.LOCAL
    exit_status: ClassVar[int] = EXIT_LOCAL

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"{self.code}: {sentence(self.what, self.why)} Next: {self.next}"


def sentence(what: str, why: str) -> str:
    """Returns the fault as one sentence, followed by its cause if the cause is known."""
    if not why:
        return what
    return f"{what.removesuffix('.')}: {why}{'' if why[-1] in '.?!' else '.'}"


def concrete_errors() -> Iterator[type[TearlineError]]:
    """Yields every error that has a code, in the order of the codes."""
    found: list[type[TearlineError]] = []
    pending: list[type[TearlineError]] = [TearlineError]
    while pending:
        error = pending.pop()
        pending.extend(error.__subclasses__())
        if error.code:
            found.append(error)
    yield from sorted(found, key=lambda error: error.code)


@lru_cache(maxsize=1024)
def signed_code(code: str) -> str:
    """Returns a code as a signed refusal states it: the class, a slash and the code."""
    error = error_by_code(code)
    signed = ErrorClass.REFUSED
    if error is not None and error.error_class not in (ErrorClass.LATER, ErrorClass.LOCAL):
        signed = error.error_class
    return f"{signed.value.replace(' ', '-')}/{code}"


def error_by_code(code: str) -> type[TearlineError] | None:
    """Returns the error class of ``code``, or None for a code that this version does not know."""
    return next((error for error in concrete_errors() if error.code == code), None)
