"""The one error tree of Tearline.

    TearlineError
    ├── UsageError       TL-USE   the caller asked for something that cannot be meant
    ├── ConfigError      TL-CFG   a setting or a file of ours is missing, unknown or wrong
    ├── KeyError_        TL-KEY   a private or public key cannot be used
    ├── TlsError         TL-TLS   the connection, its certificate or its token is not acceptable
    ├── TrustError       TL-TRU   a signer, a trust list or a key record is not believed
    ├── AgreementError   TL-AGR   no agreement in force covers this
    ├── PolicyError      TL-POL   a release oversteps what an agreement or an agency allows
    ├── PacketError      TL-PKT   a statement or a packet is malformed or does not verify
    ├── GrantError       TL-GRT   a grant is malformed, misdirected or ended
    ├── MailboxError     TL-MBX   a mailbox, a channel or its sequence is not as it must be
    ├── LogError         TL-LOG   the audit log, or a proof of it, does not verify
    ├── StoreError       TL-STO   a database cannot do what was asked of it
    └── RequestError     TL-REQ   the exchange is out of reach, overloaded, or found nothing

Every concrete error has a code that never changes its meaning and is never given
to another error, a sentence that says what happened, and one that says what to do
next; the raiser adds why. Nothing in an error may tell an outsider that a thing exists.
"""

from collections.abc import Iterator
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


class TearlineError(Exception):
    """Anything Tearline refuses or fails to do.

    Attributes:
        code: Stable identifier, for example ``TL-PKT-003``.
        what: What happened, one sentence.
        next: What to do next, one sentence.
        exit_status: The exit status of a command that ends with this error.
        why: What the raiser knows of the cause; ids and sizes, never contents.
    """

    code: ClassVar[str] = ""
    what: ClassVar[str] = ""
    next: ClassVar[str] = ""
    exit_status: ClassVar[int] = EXIT_LOCAL

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.what}", self.why, f"Next: {self.next}"]
        return " ".join(part for part in parts if part)


class UsageError(TearlineError):
    """The caller asked for something that cannot be meant."""

    exit_status = EXIT_USAGE


class MalformedInput(UsageError):
    """Text that is not the one spelling of what it should be."""

    code = "TL-USE-001"
    what = "The input is not well formed."
    next = "Correct the place named and try again; nothing was done."


class ConfigError(TearlineError):
    """A setting or a file of ours is missing, unknown or wrong."""


class KeyError_(TearlineError):  # noqa: N801 (the trailing underscore keeps the builtin free)
    """A private or public key cannot be used."""


class KeyMalformed(KeyError_):
    """Bytes that are not a key of the stated kind."""

    code = "TL-KEY-001"
    what = "The key is not well formed."
    next = "Obtain the key again from its owner."
    exit_status = EXIT_INTEGRITY


class SignatureInvalid(KeyError_):
    """A signature that its key did not make over these bytes."""

    code = "TL-KEY-002"
    what = "The signature does not verify."
    next = "Do not use the statement; keep it as evidence and ask its signer."
    exit_status = EXIT_INTEGRITY


class TlsError(TearlineError):
    """The connection, its certificate or its token is not acceptable."""

    exit_status = EXIT_REFUSED


class TrustError(TearlineError):
    """A signer, a trust list or a key record is not believed."""

    exit_status = EXIT_REFUSED


class AgreementError(TearlineError):
    """No agreement in force covers this."""

    exit_status = EXIT_REFUSED


class PolicyError(TearlineError):
    """A release oversteps what an agreement or an agency allows."""

    exit_status = EXIT_REFUSED


class MarkingMalformed(PolicyError):
    """A marking or a form that is not in its one spelling, or names an unknown category."""

    code = "TL-POL-001"
    what = "The marking is not one this version knows."
    next = "Use a category, codes and forms of the marking table; nothing was done."


class PacketError(TearlineError):
    """A statement or a packet is malformed or does not verify."""

    exit_status = EXIT_INTEGRITY


class GrantError(TearlineError):
    """A grant is malformed, misdirected or ended."""

    exit_status = EXIT_INTEGRITY


class MailboxError(TearlineError):
    """A mailbox, a channel or its sequence is not as it must be."""

    exit_status = EXIT_INTEGRITY


class LogError(TearlineError):
    """The audit log, or a proof of it, does not verify."""

    exit_status = EXIT_INTEGRITY


class StoreError(TearlineError):
    """A database cannot do what was asked of it."""


class RequestError(TearlineError):
    """The exchange is out of reach, overloaded, or found nothing."""

    exit_status = EXIT_UNREACHABLE


def concrete_errors() -> Iterator[type[TearlineError]]:
    """Every error that has a code, in the order of the codes."""
    found: list[type[TearlineError]] = []
    pending: list[type[TearlineError]] = [TearlineError]
    while pending:
        error = pending.pop()
        pending.extend(error.__subclasses__())
        if error.code:
            found.append(error)
    yield from sorted(found, key=lambda error: error.code)


def error_by_code(code: str) -> type[TearlineError] | None:
    """The error class that ``code`` names, or None for a code this version does not know."""
    return next((error for error in concrete_errors() if error.code == code), None)
