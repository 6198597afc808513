"""Hearing: one claim under judgement, with the state it is judged by."""

from dataclasses import dataclass

from tearline_server.judging.claims import Claim
from tearline_server.judging.docket import Docket, Ruling
from tearline_server.judging.registry import Registry


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
class Hearing:
    """Claim under judgement, its publisher, and the state so far.

    Attributes:
        claim: The claim, whose signer was verified.
        publisher: The publisher.
        registry: Keys, agreements, channels and mailboxes.
        docket: The effects of the batch so far.
        ruling: The ruling to fill in.
    """

    claim: Claim
    publisher: Publisher
    registry: Registry
    docket: Docket
    ruling: Ruling

    @property
    def signer(self) -> str:
        """Returns the URI of the statement's signer."""
        return self.claim.key[1]
