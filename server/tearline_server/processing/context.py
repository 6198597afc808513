"""Hearing: one claim under judgement, with the state it is judged by."""

from dataclasses import dataclass

from tearline_server.processing.batch import Batch, Result
from tearline_server.processing.registry import Registry
from tearline_server.processing.submission import SubmittedStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Publishing node, as admitted by the gate.

    Attributes:
        node: Its URI.
        agency: Its agency's URI.
    """

    node: str
    agency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Claim under judgement, its publisher, and the state so far.

    Attributes:
        submitted: The claim, whose signer was verified.
        publisher: The publisher.
        registry: Keys, agreements, channels and mailboxes.
        batch: The effects of the batch so far.
        result: The ruling to fill in.
    """

    submitted: SubmittedStatement
    publisher: Publisher
    registry: Registry
    batch: Batch
    result: Result

    @property
    def signer(self) -> str:
        """Returns the URI of the statement's signer."""
        return self.submitted.key[1]
